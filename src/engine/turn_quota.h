/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_QUOTA_H
#define PH_ENGINE_TURN_QUOTA_H

#include "engine/turn_server.h"

/*
 * DOC: Who has how many allocations
 *
 * A count for each user and each source (an IPv4 address, or the 64 bits of an IPv6 network)
 * with at least one allocation.  The counts are places in a slab, which an allocation
 * holds for as long as it lives, so that giving back needs no look-up and cannot miss.  Shared
 * by the threads that allocate; nothing else locks.
 */
struct ph_turn_share {
	uint32_t user, source;		/* 0: none */
};

/*
 * ph_turn_quota_take(q, limits, user, source, out): one more for both; false: over a limit, and
 * nothing was counted.  ${user} has 16 bytes.
 */
bool ph_turn_quota_take(struct ph_turn_quota *, const struct ph_turn_limits *, const uint8_t *,
    ph_u128, struct ph_turn_share *);

/* ph_turn_quota_give(q, share): one less for both; ${share} is none afterwards. */
void ph_turn_quota_give(struct ph_turn_quota *, struct ph_turn_share *);

/* ph_turn_quota_source(client): what counts as one source. */
ph_u128 ph_turn_quota_source(ph_u128);

#endif
