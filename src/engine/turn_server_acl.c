/* SPDX-License-Identifier: ISC */
#include "engine/turn_server_priv.h"
#include "net/special.h"

static bool
is_in(const struct ph_range *v, size_t n, ph_u128 a)
{
	for (size_t i = 0; i < n; i++)
		if (a >= v[i].lo && a <= v[i].hi)
			return true;
	return false;
}

static bool
is_relay(const struct ph_turn_server *s, ph_u128 a)
{
	for (size_t i = 0; i < s->c.n_relays; i++)
		if (a == s->c.relays[i].shown || a == s->c.relays[i].local)
			return true;
	return false;
}

/* Of one address, whatever hides in it. */
static const char *
denied_as_it_is(const struct ph_turn_server *s, ph_u128 a)
{
	const struct ph_turn_server_config *c = &s->c;

	if (is_in(c->deny, c->n_deny, a))
		return "denied by the configuration";
	if (is_in(c->allow, c->n_allow, a))
		return NULL;
	if (is_in(c->own, c->n_own, a) || is_relay(s, a))
		return "an own address";
	return ph_special_name(a);
}

static const char *
denied_inside(const struct ph_turn_server *s, ph_u128 a)
{
	ph_u128 inner[PH_SPECIAL_INNER];
	unsigned n = ph_special_inner(a, inner);
	const char *why = NULL;

	for (unsigned i = 0; why == NULL && i < n; i++)
		why = denied_as_it_is(s, inner[i]);
	return why;
}

/* An own relayed port: another client of ours, who decides for himself whom he permits. */
static bool
is_hairpin(const struct ph_turn_server *s, struct ph_stun_addr a)
{
	if (!s->c.hairpin || is_in(s->c.deny, s->c.n_deny, a.addr) || !is_relay(s, a.addr))
		return false;
	return a.port == 0 || (a.port >= s->c.port_first && a.port <= s->c.port_last);
}

const char *
ph_turn_server_peer_denied(const struct ph_turn_server *s, struct ph_stun_addr a)
{
	const char *why;

	if (is_hairpin(s, a))
		return NULL;
	why = denied_as_it_is(s, a.addr);
	if (why == NULL)
		why = denied_inside(s, a.addr);
	if (why == NULL && s->c.only_allowed && !is_in(s->c.allow, s->c.n_allow, a.addr))
		why = "not allowed by the configuration";
	return why;
}

bool
ph_turn_server_may_link(const struct ph_turn_server *s, struct ph_stun_addr a)
{
	return (s->c.n_links_to == 0 || is_in(s->c.links_to, s->c.n_links_to, a.addr)) &&
	    ph_turn_server_peer_denied(s, a) == NULL;
}

/* Where this client reaches us is an own address too, whether or not it was said. */
static bool
is_here(const struct ph_turn_req *r, struct ph_stun_addr peer)
{
	const struct ph_turn_server_config *c = &r->s->c;

	return peer.addr == r->in->conn.server && !is_in(c->allow, c->n_allow, peer.addr) &&
	    !is_hairpin(r->s, peer);
}

uint16_t
ph_turn_peer_refusal(struct ph_turn_req *r, struct ph_stun_addr peer, bool port)
{
	const struct ph_turn_alloc *a = ph_turn_alloc_at(r->s, r->alloc);

	if (a->relay[!ph_addr_is_v4(peer.addr)] == 0)
		return 443;
	if (port && peer.port == 0)
		return 403;
	if (!port)
		peer.port = 0;
	if (a->tcp && !ph_turn_server_may_link(r->s, peer))
		return 403;
	return is_here(r, peer) || ph_turn_server_peer_denied(r->s, peer) != NULL ? 403 : 0;
}

struct ph_stun_addr
ph_turn_peer_wire(const struct ph_turn_server *s, struct ph_stun_addr a)
{
	for (size_t i = 0; i < s->c.n_relays; i++)
		if (a.addr == s->c.relays[i].shown)
			return (struct ph_stun_addr){ s->c.relays[i].local, a.port };
	return a;
}

struct ph_stun_addr
ph_turn_peer_shown(const struct ph_turn_server *s, struct ph_stun_addr a)
{
	for (size_t i = 0; i < s->c.n_relays; i++)
		if (a.addr == s->c.relays[i].local)
			return (struct ph_stun_addr){ s->c.relays[i].shown, a.port };
	return a;
}
