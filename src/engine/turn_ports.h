/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_PORTS_H
#define PH_ENGINE_TURN_PORTS_H

#include "engine/turn_server.h"

/*
 * DOC: Which ports to relay from
 *
 * A port is chosen at random among those of this instance that are free (RFC 6056), and rests
 * for a while after its use, so that what was sent to one client does not reach the next.  For each
 * port of each own address there is one number: 0 free, all ones in use, else the
 * second from which it is free.  Whether the system lets us have it only open() can tell.
 */
struct ph_turn_ports {
	uint32_t *state;		/* n_relays rows of n_own */
	uint16_t *own;			/* rising */
	uint32_t n_own;
	uint32_t rest_s;
};

/* ph_turn_ports_init(p, c): those of the configuration; false: no memory, or none. */
bool ph_turn_ports_init(struct ph_turn_ports *, const struct ph_turn_server_config *);
void ph_turn_ports_fini(struct ph_turn_ports *);

/*
 * ph_turn_ports_pick(p, relay, seed, now_s, pair): a free port of that own address, now in use; an
 * even one when ${pair} is not 0, and with 2 the next is free too, but not yet in
 * use.  0: none.
 */
uint16_t ph_turn_ports_pick(struct ph_turn_ports *, unsigned relay, uint32_t seed, uint64_t,
    unsigned pair);

/* ph_turn_ports_take(p, relay, port): this one, which pick() found free, is in use. */
void ph_turn_ports_take(struct ph_turn_ports *, unsigned relay, uint16_t);

/* ph_turn_ports_give(p, relay, port, now_s): not in use any more; it rests. */
void ph_turn_ports_give(struct ph_turn_ports *, unsigned relay, uint16_t, uint64_t);

#endif
