/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef BENCH_FASTGEN_H
#define BENCH_FASTGEN_H

#include <linux/types.h>

enum { FASTGEN_HEADS = 72 };		/* bytes: Ethernet, IPv6, UDP, ChannelData and some */

/* What the generator sends. */
struct fastgen {
	__u8 heads[FASTGEN_HEADS];	/* of flow 0 */
	__u32 flows;
	__u32 down;			/* peer to client: ports change; else port and channel */
	__u32 six;			/* IPv6 */
	__u32 at;
};

#endif
