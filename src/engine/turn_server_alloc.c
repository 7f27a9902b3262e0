/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/turn_server_priv.h"

enum {
	V4, V6,				/* of the arrays by family */
	UDP = 17, TCP = 6,
};

/* --- 5-tuples --- */

static uint32_t *
chain_of(struct ph_turn_server *s, const struct ph_turn_conn *c)
{
	uint64_t ports = (uint64_t)c->client_port << 32 | (uint64_t)c->server_port << 8 |
	    (c->via != PH_TURN_VIA_UDP);

	return ph_turn_index_chain(&s->by_conn,
	    ph_turn_hash(s->seed, c->client, ports ^ ph_turn_hash(s->seed, c->server, 0)));
}

static bool
is_same_conn(const struct ph_turn_conn *a, const struct ph_turn_conn *b)
{
	return a->client == b->client && a->client_port == b->client_port &&
	    a->server == b->server && a->server_port == b->server_port &&
	    (a->via == PH_TURN_VIA_UDP) == (b->via == PH_TURN_VIA_UDP);
}

static uint32_t
find_conn(struct ph_turn_server *s, const struct ph_turn_conn *c)
{
	uint32_t at = *chain_of(s, c);

	while (at != 0 && !is_same_conn(&ph_turn_alloc_at(s, at)->conn, c))
		at = ph_turn_alloc_at(s, at)->next;
	return at;
}

uint32_t
ph_turn_alloc_peek(struct ph_turn_server *s, const struct ph_turn_conn *c, uint64_t now)
{
	uint32_t at = find_conn(s, c);

	return at != 0 && ph_turn_alloc_at(s, at)->timer.at_us > now ? at : 0;
}

uint32_t
ph_turn_alloc_find(struct ph_turn_server *s, const struct ph_turn_conn *c, uint64_t now)
{
	uint32_t at = find_conn(s, c);

	if (at == 0)
		return 0;
	if (ph_turn_alloc_at(s, at)->timer.at_us <= now) {
		ph_turn_alloc_end(s, at, PH_TURN_END_EXPIRED, now);
		return 0;
	}
	if (ph_turn_alloc_at(s, at)->half.back != NULL &&
	    ph_turn_alloc_at(s, at)->half.at_us <= now)
		ph_turn_alloc_half(s, at, now);
	ph_turn_alloc_at(s, at)->conn.handle = c->handle;
	return at;
}

static void
unchain(struct ph_turn_server *s, uint32_t at)
{
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, at);
	uint32_t *link = chain_of(s, &a->conn);

	while (*link != at)
		link = &ph_turn_alloc_at(s, *link)->next;
	*link = a->next;
}

/* --- notes and answers --- */

static struct ph_stun_addr
shown_of(struct ph_turn_server *s, uint32_t relay)
{
	const struct ph_turn_port_slot *slot = ph_turn_port_slot(s, relay);

	if (relay == 0)
		return (struct ph_stun_addr){ 0, 0 };
	return (struct ph_stun_addr){ s->c.relays[slot->relay].shown, slot->port };
}

struct ph_turn_note
ph_turn_alloc_note(struct ph_turn_server *s, uint32_t at, enum ph_turn_note_kind kind, uint64_t now)
{
	const struct ph_turn_alloc *a = ph_turn_alloc_at(s, at);

	return (struct ph_turn_note){
		.kind = kind, .conn = &a->conn, .allocation = at,
		.user = { a->user, a->n_user }, .at_us = now, .since_us = a->since_us,
		.relayed = { shown_of(s, a->relay[V4]), shown_of(s, a->relay[V6]) },
		.n = a->n, .bytes_per_s = s->c.limits.bytes_per_s,
	};
}

static void
note_lifetime(struct ph_turn_req *r, enum ph_turn_note_kind kind, uint32_t lifetime_s)
{
	struct ph_turn_note n = ph_turn_alloc_note(r->s, r->alloc, kind, r->now);

	n.lifetime_s = lifetime_s;
	ph_turn_server_note(r->s, &n);
}

/* The same again for a request that came again. */
static void
answer_allocated(struct ph_turn_req *r)
{
	const struct ph_turn_alloc *a = ph_turn_alloc_at(r->s, r->alloc);
	struct ph_stun m;

	ph_stun_reply(&m, r->m, PH_STUN_SUCCESS);
	ph_stun_set(&m, PH_STUN_XOR_RELAYED_ADDRESS);
	for (unsigned i = V4; i <= V6; i++)
		if (a->relay[i] != 0) {
			struct ph_stun_addr at = shown_of(r->s, a->relay[i]);

			ph_stun_add(&m.relayed, at.addr, at.port);
		}
	ph_stun_set(&m, PH_STUN_XOR_MAPPED_ADDRESS);
	m.xor_mapped = (struct ph_stun_addr){ a->conn.client, a->conn.client_port };
	ph_stun_set(&m, PH_STUN_LIFETIME);
	m.lifetime = (uint32_t)((a->timer.at_us - r->now) / PH_TURN_US);
	if (a->has_token) {
		ph_stun_set(&m, PH_STUN_RESERVATION_TOKEN);
		memcpy(m.token, a->token, sizeof(m.token));
	}
	if (a->more_error != 0) {
		ph_stun_set(&m, PH_STUN_ADDRESS_ERROR_CODE);
		m.address_error = (struct ph_stun_error){ .code = a->more_error,
			.family = a->relay[V4] == 0 ? PH_STUN_IPV4 : PH_STUN_IPV6,
			.reason = ph_str(ph_stun_reason(a->more_error)) };
	}
	ph_turn_server_reply(r, &m);
}

/* --- Allocate (RFC 8656 7.2, RFC 6062 5.1) --- */

static uint16_t
check_transport(const struct ph_turn_req *r, struct ph_turn_want *w)
{
	const struct ph_stun *m = r->m;

	if (!ph_stun_has(m, PH_STUN_REQUESTED_TRANSPORT))
		return 400;
	w->tcp = m->transport == TCP;
	if (m->transport == UDP)
		return 0;
	if (!w->tcp || !r->s->c.tcp)
		return 442;
	return r->in->conn.via == PH_TURN_VIA_UDP || ph_stun_has(m, PH_STUN_EVEN_PORT) ||
	    ph_stun_has(m, PH_STUN_DONT_FRAGMENT) ||
	    ph_stun_has(m, PH_STUN_RESERVATION_TOKEN) ? 400 : 0;
}

static uint16_t
check_family(const struct ph_turn_req *r, struct ph_turn_want *w)
{
	const struct ph_stun *m = r->m;
	bool family = ph_stun_has(m, PH_STUN_REQUESTED_ADDRESS_FAMILY);
	bool more = ph_stun_has(m, PH_STUN_ADDITIONAL_ADDRESS_FAMILY);
	bool token = ph_stun_has(m, PH_STUN_RESERVATION_TOKEN);
	bool even = ph_stun_has(m, PH_STUN_EVEN_PORT);

	if ((token && (even || family || more)) || (family && more) ||
	    (more && (m->more_family != PH_STUN_IPV6 || (even && m->even_reserve))))
		return 400;
	if (family && m->family != PH_STUN_IPV4 && m->family != PH_STUN_IPV6)
		return 440;
	w->family[V6] = more || (family && m->family == PH_STUN_IPV6);
	w->family[V4] = !family || m->family == PH_STUN_IPV4;
	w->more = more;
	w->pair = even ? 1U + m->even_reserve : 0;
	return 0;
}

static uint16_t
open_wanted(struct ph_turn_req *r, struct ph_turn_want *w, uint16_t *more_error)
{
	uint16_t code[2] = { 0, 0 };

	for (unsigned i = V4; i <= V6; i++) {
		if (!w->family[i])
			continue;
		if (!ph_turn_port_has_family(r->s, i))
			code[i] = 440;
		else if (!ph_turn_port_open(r->s, w, i, r->now))
			code[i] = 508;
	}
	*more_error = code[V4] != 0 ? code[V4] : code[V6];
	if (w->relay[V4] != 0 || w->relay[V6] != 0)
		return 0;
	return code[V4] == 508 || code[V6] == 508 ? 508 : 440;
}

static uint16_t
take_reserved(struct ph_turn_req *r, struct ph_turn_want *w)
{
	const struct ph_turn_reserve *v;
	unsigned own;

	w->reserve = ph_turn_reserve_find(r);
	if (w->reserve == 0)
		return 508;
	v = ph_turn_slab_at(&r->s->reserves, w->reserve);
	own = ph_turn_port_slot(r->s, v->relay)->relay;
	w->relay[ph_turn_port_is_of(r->s, own, true) ? V6 : V4] = v->relay;
	return 0;
}

static uint32_t
lifetime_for(const struct ph_turn_req *r)
{
	const struct ph_turn_server_config *c = &r->s->c;
	uint32_t want = ph_stun_has(r->m, PH_STUN_LIFETIME) ? r->m->lifetime : c->lifetime_s;

	want = want > c->lifetime_max_s ? c->lifetime_max_s : want;
	return want < c->lifetime_s ? c->lifetime_s : want;
}

/* The allocation lives as long as the longer of its addresses. */
static void
set_timers(struct ph_turn_server *s, struct ph_turn_alloc *a)
{
	uint64_t v4 = a->relay[V4] != 0 ? a->until_us[V4] : 0;
	uint64_t v6 = a->relay[V6] != 0 ? a->until_us[V6] : 0;

	ph_turn_wheel_set(&s->wheel, &a->timer, v4 > v6 ? v4 : v6);
	if (v4 != 0 && v6 != 0 && v4 != v6)
		ph_turn_wheel_set(&s->wheel, &a->half, v4 < v6 ? v4 : v6);
	else
		ph_turn_wheel_stop(&a->half);
}

/* Everything is there; make it one. */
static void
settle(struct ph_turn_req *r, const struct ph_turn_want *w, const struct ph_turn_share *share)
{
	struct ph_turn_server *s = r->s;
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, r->alloc);
	uint32_t *head = chain_of(s, &r->in->conn);

	a->conn = r->in->conn;
	a->next = *head;
	*head = r->alloc;
	a->timer.kind = PH_TURN_TIMER_ALLOC;
	a->half.kind = PH_TURN_TIMER_HALF;
	a->since_us = r->now;
	a->share = *share;
	a->tcp = w->tcp;
	for (unsigned i = V4; i <= V6; i++) {
		a->relay[i] = w->relay[i];
		a->until_us[i] = r->now + (uint64_t)lifetime_for(r) * PH_TURN_US;
		if (w->relay[i] != 0)
			ph_turn_port_slot(s, w->relay[i])->alloc = r->alloc;
	}
	set_timers(s, a);
	memcpy(a->owner, r->login.owner, sizeof(a->owner));
	memcpy(a->id, r->m->id, sizeof(a->id));
	a->n_user = (uint8_t)(r->login.name.len < sizeof(a->user) ? r->login.name.len :
	    sizeof(a->user));
	memcpy(a->user, r->login.name.s, a->n_user);
	if (w->reserve != 0)
		ph_turn_reserve_end(s, w->reserve, true, r->now);
	s->stats[PH_TURN_STAT_ALLOCATIONS]++;
	s->stats[PH_TURN_STAT_ALLOCATED]++;
}

/* Ports opened for nothing. */
static void
close_wanted(struct ph_turn_req *r, struct ph_turn_want *w)
{
	for (unsigned i = V4; w->reserve == 0 && i <= V6; i++)
		if (w->relay[i] != 0)
			ph_turn_port_close(r->s, w->relay[i], r->now);
	if (w->sibling != 0)
		ph_turn_port_close(r->s, w->sibling, r->now);
}

static uint16_t
make(struct ph_turn_req *r, struct ph_turn_want *w, const struct ph_turn_share *share)
{
	struct ph_turn_alloc *a;
	uint16_t more_error = 0, code;

	code = ph_stun_has(r->m, PH_STUN_RESERVATION_TOKEN) ? take_reserved(r, w) :
	    open_wanted(r, w, &more_error);
	if (code != 0)
		return code;
	r->alloc = ph_turn_slab_take(&r->s->allocs);
	a = ph_turn_alloc_at(r->s, r->alloc);
	if (r->alloc == 0 || (w->sibling != 0 && !ph_turn_reserve_make(r, w->sibling, a->token))) {
		if (r->alloc != 0)
			ph_turn_slab_give(&r->s->allocs, r->alloc);
		close_wanted(r, w);
		return 508;
	}
	a->has_token = w->sibling != 0;
	a->more_error = w->more ? more_error : 0;
	settle(r, w, share);
	return 0;
}

static uint16_t
check_all(struct ph_turn_req *r, struct ph_turn_want *w)
{
	uint16_t code = check_transport(r, w);

	if (code == 0)
		code = check_family(r, w);
	if (code == 0 && !w->more && !ph_stun_has(r->m, PH_STUN_RESERVATION_TOKEN) &&
	    !ph_turn_port_has_family(r->s, w->family[V4] ? V4 : V6))
		code = 440;
	if (code == 0 && r->s->draining)
		code = r->s->alternate.port != 0 ? 300 : 508;
	return code;
}

void
ph_turn_alloc_allocate(struct ph_turn_req *r)
{
	const struct ph_turn_alloc *a = ph_turn_alloc_at(r->s, r->alloc);
	struct ph_turn_share share = { 0, 0 };
	struct ph_turn_want w = { .pair = 0 };
	uint16_t code;

	if (r->alloc != 0) {
		if (memcmp(a->id, r->m->id, sizeof(a->id)) == 0 &&
		    ph_stun_auth_same(a->owner, r->login.owner, sizeof(a->owner)))
			answer_allocated(r);
		else
			ph_turn_server_refuse(r, 437);
		return;
	}
	code = check_all(r, &w);
	if (code == 0 && !ph_turn_quota_take(r->s->c.quota, &r->s->c.limits, r->login.account,
	    r->in->conn.client, &share))
		code = 486;
	if (code == 0) {
		code = make(r, &w, &share);
		if (code != 0)
			ph_turn_quota_give(r->s->c.quota, &share);
	}
	if (code != 0) {
		r->alloc = 0;
		ph_turn_server_refuse(r, code);
		return;
	}
	note_lifetime(r, PH_TURN_ALLOCATED, lifetime_for(r));
	answer_allocated(r);
}

/* --- the end --- */

/* Channels and permissions of peers of this family, or of both. */
static void
drop_peers(struct ph_turn_server *s, struct ph_turn_alloc *a, bool v4, bool v6, uint64_t now)
{
	for (uint32_t at = a->channels, next; at != 0; at = next) {
		const struct ph_turn_chan *c = ph_turn_slab_at(&s->channels, at);

		next = c->sib;
		if (ph_addr_is_v4(c->peer.addr) ? v4 : v6)
			ph_turn_peer_unbind(s, at, now);
	}
	for (uint32_t at = a->permits, next; at != 0; at = next) {
		const struct ph_turn_permit *p = ph_turn_slab_at(&s->permits, at);

		next = p->sib;
		if (ph_addr_is_v4(p->addr) ? v4 : v6)
			ph_turn_peer_unpermit(s, at, now);
	}
}

void
ph_turn_alloc_end(struct ph_turn_server *s, uint32_t at, enum ph_turn_reason reason, uint64_t now)
{
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, at);
	struct ph_turn_note n;

	while (a->links != 0)
		ph_turn_link_end(s, a->links, true);
	drop_peers(s, a, true, true, now);
	n = ph_turn_alloc_note(s, at, PH_TURN_ENDED, now);
	n.reason = reason;
	ph_turn_server_note(s, &n);
	for (unsigned i = V4; i <= V6; i++)
		if (a->relay[i] != 0)
			ph_turn_port_close(s, a->relay[i], now);
	ph_turn_quota_give(s->c.quota, &a->share);
	ph_turn_wheel_stop(&a->timer);
	ph_turn_wheel_stop(&a->half);
	unchain(s, at);
	ph_turn_slab_give(&s->allocs, at);
	s->stats[PH_TURN_STAT_ALLOCATIONS]--;
}

/* One of two families goes. */
static void
drop_family(struct ph_turn_server *s, uint32_t at, unsigned family, uint64_t now)
{
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, at);

	drop_peers(s, a, family == V4, family == V6, now);
	ph_turn_port_close(s, a->relay[family], now);
	a->relay[family] = 0;
	set_timers(s, a);
}

void
ph_turn_alloc_half(struct ph_turn_server *s, uint32_t at, uint64_t now)
{
	const struct ph_turn_alloc *a = ph_turn_alloc_at(s, at);

	drop_family(s, at, a->until_us[V4] < a->until_us[V6] ? V4 : V6, now);
}

/* Of the address of one family, or of all. */
static void
prolong(struct ph_turn_req *r, bool one, unsigned family, uint32_t lifetime_s)
{
	struct ph_turn_alloc *a = ph_turn_alloc_at(r->s, r->alloc);

	for (unsigned i = V4; i <= V6; i++)
		if (!one || i == family)
			a->until_us[i] = r->now + (uint64_t)lifetime_s * PH_TURN_US;
	set_timers(r->s, a);
	note_lifetime(r, PH_TURN_REFRESHED, lifetime_s);
}

/* RFC 8656 8.2. */
void
ph_turn_alloc_refresh(struct ph_turn_req *r)
{
	const struct ph_turn_alloc *a = ph_turn_alloc_at(r->s, r->alloc);
	bool one = ph_stun_has(r->m, PH_STUN_REQUESTED_ADDRESS_FAMILY);
	unsigned family = r->m->family == PH_STUN_IPV6 ? V6 : V4;
	bool end = ph_stun_has(r->m, PH_STUN_LIFETIME) && r->m->lifetime == 0;
	struct ph_stun m;

	if (one && ((r->m->family != PH_STUN_IPV4 && r->m->family != PH_STUN_IPV6) ||
	    a->relay[family] == 0)) {
		ph_turn_server_refuse(r, 443);
		return;
	}
	ph_stun_reply(&m, r->m, PH_STUN_SUCCESS);
	ph_stun_set(&m, PH_STUN_LIFETIME);
	m.lifetime = end ? 0 : lifetime_for(r);
	if (!end) {
		prolong(r, one, family, m.lifetime);
	} else if (one && a->relay[!family] != 0) {
		drop_family(r->s, r->alloc, family, r->now);
	} else {
		ph_turn_alloc_end(r->s, r->alloc, PH_TURN_END_CLIENT, r->now);
	}
	ph_turn_server_reply(r, &m);
}

void
ph_turn_server_stream_gone(struct ph_turn_server *s, const struct ph_turn_conn *c, uint64_t now)
{
	uint32_t at = ph_turn_alloc_find(s, c, now);

	if (at != 0)
		ph_turn_alloc_end(s, at, PH_TURN_END_STREAM, now);
}

bool
ph_turn_server_holds(struct ph_turn_server *s, const struct ph_turn_conn *c)
{
	return find_conn(s, c) != 0;
}

void
ph_turn_server_port_lost(struct ph_turn_server *s, uint32_t relay, uint64_t now)
{
	const struct ph_turn_port_slot *slot = ph_turn_port_find(s, relay);

	if (slot == NULL)
		return;
	if (slot->alloc != 0) {
		ph_turn_alloc_end(s, slot->alloc, PH_TURN_END_PORT, now);
		return;
	}
	for (uint32_t i = 1; i <= s->reserves.fresh; i++) {
		struct ph_turn_reserve *v = ph_turn_slab_at(&s->reserves, i);

		if (v->timer.back != NULL && v->relay == relay)
			ph_turn_reserve_end(s, i, false, now);
	}
}
