/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_MAPPING_H
#define PH_PROBE_MAPPING_H

#include "engine/behaviour.h"
#include "probe/loop.h"
#include "probe/result.h"

/*
 * What translation does to our packets, asked of a STUN server (engine/behaviour.h) with
 * sockets of its own, so that it can go on beside other tests.
 */
struct ph_mapping {
	struct ph_loop *loop;
	struct ph_behaviour engine;
	struct ph_mapping_socket {
		struct ph_mapping *all;
		struct ph_watch *watch;
		int fd;
	} s[PH_BEHAVIOUR_SOCKETS];
	bool done;
};

/* ph_mapping_start(l, server, from, x): 0, or -errno of a socket. */
int ph_mapping_start(struct ph_loop *, struct ph_stun_addr, ph_u128, struct ph_mapping *);

/* ph_mapping_end(x): stop, with what is known. */
void ph_mapping_end(struct ph_mapping *);

/* ph_mapping_result(x, out). */
void ph_mapping_result(const struct ph_mapping *, struct ph_nat_seen *);

#endif
