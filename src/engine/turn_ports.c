/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdlib.h>

#include "engine/turn_ports.h"

enum { PAIR_BOTH = 2, TRIES = 16 };
static const uint32_t in_use = UINT32_MAX;

bool
ph_turn_ports_init(struct ph_turn_ports *p, const struct ph_turn_server_config *c)
{
	uint32_t n = (uint32_t)c->port_last - c->port_first + 1;

	*p = (struct ph_turn_ports){ .rest_s = c->quarantine_s };
	p->own = calloc(n, sizeof(*p->own));
	if (p->own == NULL)
		return false;
	for (uint32_t port = c->port_first; port <= c->port_last; port++)
		if (port / 2 % c->n_workers == c->worker)
			p->own[p->n_own++] = (uint16_t)port;
	p->state = calloc((size_t)p->n_own * c->n_relays + 1, sizeof(*p->state));
	if (p->state != NULL && p->n_own > 0)
		return true;
	ph_turn_ports_fini(p);
	return false;
}

void
ph_turn_ports_fini(struct ph_turn_ports *p)
{
	free(p->own);
	free(p->state);
	p->own = NULL;
	p->state = NULL;
}

/* Where ${port} stands among our own, which all are there from pick(). */
static uint32_t
place_of(const struct ph_turn_ports *p, uint16_t port)
{
	uint32_t lo = 0, hi = p->n_own - 1;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (p->own[mid] < port)
			lo = mid + 1;
		else
			hi = mid;
	}
	assert(p->own[lo] == port);
	return lo;
}

static uint32_t *
state_of(struct ph_turn_ports *p, unsigned relay, uint32_t i)
{
	return &p->state[(size_t)relay * p->n_own + i];
}

static bool
suits(struct ph_turn_ports *p, unsigned relay, uint32_t i, uint64_t now_s, unsigned pair)
{
	if (*state_of(p, relay, i) > now_s || (pair != 0 && p->own[i] % 2 != 0))
		return false;
	return pair != PAIR_BOTH || (i + 1 < p->n_own && p->own[i + 1] == p->own[i] + 1 &&
	    *state_of(p, relay, i + 1) <= now_s);
}

uint16_t
ph_turn_ports_pick(struct ph_turn_ports *p, unsigned relay, uint32_t seed, uint64_t now_s,
    unsigned pair)
{
	uint32_t i = 0;

	/* Scattered tries first; only in a crowded range is every port looked at. */
	for (unsigned k = 0; k < TRIES + p->n_own; k++) {
		i = k < TRIES ? (uint32_t)((uint64_t)seed * p->n_own >> 32) :
		    (i + 1) % p->n_own;
		if (suits(p, relay, i, now_s, pair)) {
			*state_of(p, relay, i) = in_use;
			return p->own[i];
		}
		seed = seed * 0x9e3779b1U + 0x7f4a7c15U;
	}
	return 0;
}

void
ph_turn_ports_take(struct ph_turn_ports *p, unsigned relay, uint16_t port)
{
	*state_of(p, relay, place_of(p, port)) = in_use;
}

void
ph_turn_ports_give(struct ph_turn_ports *p, unsigned relay, uint16_t port, uint64_t now_s)
{
	*state_of(p, relay, place_of(p, port)) = (uint32_t)now_s + p->rest_s;
}
