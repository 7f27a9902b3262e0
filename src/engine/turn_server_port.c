/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/turn_server_priv.h"
#include "wire/cursor.h"

enum {
	OPEN_TRIES = 8,
	PLACE_MASK = (1 << PH_TURN_PLACE_BITS) - 1,
	TURN_MASK = (1 << (32 - PH_TURN_PLACE_BITS)) - 1,
};

struct ph_turn_port_slot *
ph_turn_port_slot(struct ph_turn_server *s, uint32_t relay)
{
	return ph_turn_slab_at(&s->ports, relay & PLACE_MASK);
}

struct ph_turn_port_slot *
ph_turn_port_find(struct ph_turn_server *s, uint32_t relay)
{
	uint32_t place = relay & PLACE_MASK;

	if (place == 0 || place > s->ports.fresh || ph_turn_port_slot(s, relay)->port == 0 ||
	    s->turns[place] != relay >> PH_TURN_PLACE_BITS)
		return NULL;
	return ph_turn_port_slot(s, relay);
}

static void
forget_port(struct ph_turn_server *s, uint32_t relay, uint64_t now)
{
	struct ph_turn_port_slot *slot = ph_turn_port_slot(s, relay);
	uint32_t place = relay & PLACE_MASK;

	ph_turn_ports_give(&s->pool, slot->relay, slot->port, now / PH_TURN_US);
	slot->port = 0;
	s->turns[place] = (uint16_t)((s->turns[place] + 1) & TURN_MASK);
	ph_turn_slab_give(&s->ports, place);
	s->stats[PH_TURN_STAT_PORTS]--;
}

void
ph_turn_port_close(struct ph_turn_server *s, uint32_t relay, uint64_t now)
{
	s->ops.close(s->ops.arg, relay, ph_turn_port_slot(s, relay)->handle);
	forget_port(s, relay, now);
}

/* Have this port opened, which is in use already by the pool; its id, or 0. */
static uint32_t
open_port(struct ph_turn_server *s, unsigned own, uint16_t port, bool tcp, uint64_t now)
{
	uint32_t place = ph_turn_slab_take(&s->ports);
	struct ph_turn_port ask = { .tcp = tcp };
	struct ph_turn_port_slot *slot;

	if (place == 0) {
		ph_turn_ports_give(&s->pool, own, port, now / PH_TURN_US);
		return 0;
	}
	ask.relay = place | (uint32_t)s->turns[place] << PH_TURN_PLACE_BITS;
	ask.at = (struct ph_stun_addr){ s->c.relays[own].local, port };
	slot = ph_turn_port_slot(s, place);
	*slot = (struct ph_turn_port_slot){ .port = port, .relay = (uint8_t)own, .tcp = tcp };
	s->stats[PH_TURN_STAT_PORTS]++;
	if (!s->ops.open(s->ops.arg, &ask)) {
		forget_port(s, ask.relay, now);
		return 0;
	}
	slot->handle = ask.handle;
	return ask.relay;
}

static bool
open_at(struct ph_turn_server *s, unsigned own, struct ph_turn_want *w, bool v6, uint64_t now)
{
	for (unsigned i = 0; i < OPEN_TRIES; i++) {
		uint32_t seed;
		uint16_t port;

		s->ops.random(s->ops.arg, &seed, sizeof(seed));
		port = ph_turn_ports_pick(&s->pool, own, seed, now / PH_TURN_US, w->pair);
		if (port == 0)
			return false;
		w->relay[v6] = open_port(s, own, port, w->tcp, now);
		if (w->relay[v6] == 0)
			continue;
		if (w->pair != 2)
			return true;
		ph_turn_ports_take(&s->pool, own, (uint16_t)(port + 1));
		w->sibling = open_port(s, own, (uint16_t)(port + 1), w->tcp, now);
		if (w->sibling != 0)
			return true;
		ph_turn_port_close(s, w->relay[v6], now);
		w->relay[v6] = 0;
	}
	return false;
}

bool
ph_turn_port_is_of(const struct ph_turn_server *s, unsigned own, bool v6)
{
	return ph_addr_is_v4(s->c.relays[own].local) != v6;
}

bool
ph_turn_port_has_family(const struct ph_turn_server *s, bool v6)
{
	for (unsigned i = 0; i < s->c.n_relays; i++)
		if (ph_turn_port_is_of(s, i, v6))
			return true;
	return false;
}

bool
ph_turn_port_open(struct ph_turn_server *s, struct ph_turn_want *w, bool v6, uint64_t now)
{
	for (unsigned i = 0; i < s->c.n_relays; i++)
		if (ph_turn_port_is_of(s, i, v6) && open_at(s, i, w, v6, now))
			return true;
	return false;
}

/* --- reservations: a place, who for, and a secret (RFC 8656 7.2) --- */

static void
put_token(struct ph_turn_server *s, uint32_t at, uint8_t token[8])
{
	const struct ph_turn_reserve *v = ph_turn_slab_at(&s->reserves, at);

	token[0] = s->c.worker;
	ph_put16(token + 1, (uint16_t)at);
	memcpy(token + 3, v->secret, sizeof(v->secret));
}

bool
ph_turn_reserve_make(struct ph_turn_req *r, uint32_t relay, uint8_t token[8])
{
	struct ph_turn_server *s = r->s;
	uint32_t at = ph_turn_slab_take(&s->reserves);
	struct ph_turn_reserve *v = ph_turn_slab_at(&s->reserves, at);

	if (at == 0)
		return false;
	v->relay = relay;
	v->timer.kind = PH_TURN_TIMER_RESERVE;
	memcpy(v->owner, r->login.owner, sizeof(v->owner));
	s->ops.random(s->ops.arg, v->secret, sizeof(v->secret));
	put_token(s, at, token);
	ph_turn_wheel_set(&s->wheel, &v->timer,
	    r->now + (uint64_t)s->c.reservation_s * PH_TURN_US);
	return true;
}

uint32_t
ph_turn_reserve_find(struct ph_turn_req *r)
{
	struct ph_turn_server *s = r->s;
	uint32_t at = ph_be16(r->m->token + 1);
	struct ph_turn_reserve *v = ph_turn_slab_at(&s->reserves, at);
	uint8_t token[8];

	if (at == 0 || at > s->reserves.fresh || v->timer.back == NULL || v->timer.at_us <= r->now)
		return 0;
	put_token(s, at, token);
	return ph_stun_auth_same(token, r->m->token, sizeof(token)) &&
	    ph_stun_auth_same(v->owner, r->login.owner, sizeof(v->owner)) ? at : 0;
}

void
ph_turn_reserve_end(struct ph_turn_server *s, uint32_t at, bool keep, uint64_t now)
{
	struct ph_turn_reserve *v = ph_turn_slab_at(&s->reserves, at);

	if (!keep)
		ph_turn_port_close(s, v->relay, now);
	ph_turn_wheel_stop(&v->timer);
	ph_turn_slab_give(&s->reserves, at);
}
