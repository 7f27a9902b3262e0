/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_TUNNEL_H
#define PH_REPORT_TUNNEL_H

#include <jansson.h>

#include "tunnel/tunnel.h"

/* What was shown last, for rates. */
struct ph_report_tunnel {
	uint64_t us, up_bytes, down_bytes, expected, lost;
};

/* ph_report_way(b, way, proxy): "TURN over TLS to 192.0.2.1 port 443". */
void ph_report_way(struct ph_buf *, const struct ph_way *, bool proxy);

/* ph_report_tunnel(b, last, s): one line of at most 79 columns; *${last} is moved on. */
void ph_report_tunnel(struct ph_buf *, struct ph_report_tunnel *,
    const struct ph_tunnel_status *);

/* ph_json_tunnel(mem, last, event, s): "pinhole.tunnel/1"; event begun, status or changed. */
json_t *ph_json_tunnel(struct ph_arena *, struct ph_report_tunnel *, const char *,
    const struct ph_tunnel_status *);

#endif
