/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_SIP_SCAN_H
#define PH_WIRE_SIP_SCAN_H

#include <stdbool.h>

#include "base/str.h"

/*
 * The grammar of header values (RFC 3261 25.1), for sip.c.  A scan stands in a value;
 * each function reads one production and moves behind it, or returns false and leaves
 * the scan anywhere.
 */
struct ph_sip_scan {
	const char *p, *end;
};

/* ph_sip_scan(s): at the beginning of ${s}. */
struct ph_sip_scan ph_sip_scan(struct ph_str);

/* ph_sip_scan_space(s): LWS, optional; true when there was some. */
bool ph_sip_scan_space(struct ph_sip_scan *);

/* ph_sip_scan_sep(s, c): the character ${c} with optional LWS around. */
bool ph_sip_scan_sep(struct ph_sip_scan *, char);

/* ph_sip_scan_end(s): only LWS is left. */
bool ph_sip_scan_end(struct ph_sip_scan *);

/* ph_sip_scan_token(s, out): a token. */
bool ph_sip_scan_token(struct ph_sip_scan *, struct ph_str *);

/* ph_sip_scan_quoted(s, out): a quoted string; *${out} with its quotes. */
bool ph_sip_scan_quoted(struct ph_sip_scan *, struct ph_str *);

/* ph_sip_scan_params(s, out): *( ";" name [ "=" value ] ). */
bool ph_sip_scan_params(struct ph_sip_scan *, struct ph_str *);

/*
 * ph_sip_scan_address(s, bracketed, params):
 * ( name-addr / addr-spec ) with parameters, name-addr only when ${bracketed}.
 */
bool ph_sip_scan_address(struct ph_sip_scan *, bool, struct ph_str *);

/* ph_sip_scan_uri(s): is all of ${s} a URI with a scheme? */
bool ph_sip_scan_uri(struct ph_str);

/* ph_sip_scan_hostport(s, host, port): host [ ":" port ]; port 0 when none. */
bool ph_sip_scan_hostport(struct ph_sip_scan *, struct ph_str *, unsigned *);

#endif
