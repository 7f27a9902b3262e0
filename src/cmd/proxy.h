/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_PROXY_H
#define PH_CMD_PROXY_H

#include "cmd/run.h"

/* The HTTP proxy that a site has for TLS. */
struct ph_proxy {
	const char *host;		/* NULL: none */
	uint16_t port;
	struct ph_str account;		/* "name:password", or empty */
};

/*
 * ph_proxy_read(run, to, out): the proxy for connections to the host ${to}: as --proxy says, or
 * the environment ($https_proxy, $HTTPS_PROXY, not for hosts in $no_proxy, $NO_PROXY), with the
 * account of --proxy-account or of the environment's URL.  0, or the exit code after saying what
 * is wrong.
 */
int ph_proxy_read(struct ph_run *, const char *, struct ph_proxy *);

#endif
