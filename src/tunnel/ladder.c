/* SPDX-License-Identifier: ISC */
#include "tunnel/ladder.h"

enum { US = 1000000, FIRST_S = 15, MOST_S = 600 };

void
ph_ladder_init(struct ph_ladder *l)
{
	*l = (struct ph_ladder){ 0 };
}

void
ph_ladder_add(struct ph_ladder *l, enum ph_rung rung, const struct ph_ranges *addrs,
    uint16_t port)
{
	/* IPv4 stands last, and is tried first */
	for (size_t i = addrs->n; i-- > 0; )
		for (ph_u128 a = addrs->r[i].lo; l->n < PH_LADDER_WAYS; a++) {
			l->way[l->n++] = (struct ph_way){ .rung = rung, .addr = a,
			    .port = port };
			if (a == addrs->r[i].hi)
				break;
		}
}

unsigned
ph_ladder_pick(const struct ph_ladder *l)
{
	unsigned soonest = 0, untried = l->n;

	for (unsigned i = l->n; i-- > 0; )
		if (!l->way[i].failed)
			untried = i;
	for (unsigned i = 0; i < l->n; i++) {
		if (l->way[i].worked && !l->way[i].failed)
			return i;
		if (l->way[i].again_us < l->way[soonest].again_us)
			soonest = i;
	}
	return untried < l->n ? untried : soonest;
}

int
ph_ladder_stream(const struct ph_ladder *l)
{
	int untried = -1;

	for (unsigned i = 0; i < l->n; i++) {
		if (l->way[i].rung == PH_RUNG_UDP || l->way[i].failed)
			continue;
		if (l->way[i].worked)
			return (int)i;
		untried = untried < 0 ? (int)i : untried;
	}
	return untried;
}

void
ph_ladder_failed(struct ph_ladder *l, unsigned i, const char *why, uint64_t now)
{
	struct ph_way *w = &l->way[i];
	unsigned after = (unsigned)FIRST_S << (w->failures < 6 ? w->failures : 6);

	w->failed = true;
	w->failures++;
	w->why = why;
	w->again_us = now + (uint64_t)(after < MOST_S ? after : MOST_S) * US;
}

void
ph_ladder_worked(struct ph_ladder *l, unsigned i)
{
	l->way[i].worked = true;
	l->way[i].failed = false;
	l->way[i].failures = 0;
}

int
ph_ladder_check(const struct ph_ladder *l, uint64_t now)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->way[i].failed ? now >= l->way[i].again_us : !l->way[i].worked)
			return (int)i;
	return -1;
}
