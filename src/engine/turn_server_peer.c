/* SPDX-License-Identifier: ISC */
#include "engine/turn_server_priv.h"
#include "wire/channel.h"

/* --- finding --- */

static struct ph_turn_permit *
permit_at(struct ph_turn_server *s, uint32_t at)
{
	return ph_turn_slab_at(&s->permits, at);
}

static struct ph_turn_chan *
chan_at(struct ph_turn_server *s, uint32_t at)
{
	return ph_turn_slab_at(&s->channels, at);
}

static uint32_t *
permit_chain(struct ph_turn_server *s, uint32_t alloc, ph_u128 addr)
{
	return ph_turn_index_chain(&s->by_permit, ph_turn_hash(s->seed, addr, alloc));
}

static uint32_t *
number_chain(struct ph_turn_server *s, uint32_t alloc, uint16_t number)
{
	return ph_turn_index_chain(&s->by_number,
	    ph_turn_hash(s->seed, (ph_u128)alloc << 16 | number, 1));
}

static uint32_t *
peer_chain(struct ph_turn_server *s, uint32_t alloc, struct ph_stun_addr peer)
{
	return ph_turn_index_chain(&s->by_peer,
	    ph_turn_hash(s->seed, peer.addr, (uint64_t)alloc << 16 | peer.port));
}

static uint32_t
find_permit(struct ph_turn_server *s, uint32_t alloc, ph_u128 addr)
{
	uint32_t at = *permit_chain(s, alloc, addr);

	while (at != 0 && (permit_at(s, at)->alloc != alloc || permit_at(s, at)->addr != addr))
		at = permit_at(s, at)->next;
	return at;
}

bool
ph_turn_peer_permitted(struct ph_turn_server *s, uint32_t alloc, ph_u128 addr, uint64_t now)
{
	uint32_t at = find_permit(s, alloc, addr);

	return at != 0 && permit_at(s, at)->timer.at_us > now;
}

uint32_t
ph_turn_peer_number(struct ph_turn_server *s, uint32_t alloc, uint16_t number, uint64_t now)
{
	uint32_t at = *number_chain(s, alloc, number);

	while (at != 0 && (chan_at(s, at)->number != number || chan_at(s, at)->alloc != alloc))
		at = chan_at(s, at)->next_number;
	return at != 0 && chan_at(s, at)->timer.at_us > now ? at : 0;
}

uint32_t
ph_turn_peer_channel(struct ph_turn_server *s, uint32_t alloc, struct ph_stun_addr peer,
    uint64_t now)
{
	uint32_t at = *peer_chain(s, alloc, peer);

	for (; at != 0; at = chan_at(s, at)->next_peer) {
		const struct ph_turn_chan *c = chan_at(s, at);

		if (c->alloc == alloc && c->peer.addr == peer.addr && c->peer.port == peer.port)
			break;
	}
	return at != 0 && chan_at(s, at)->timer.at_us > now ? at : 0;
}

/* --- the list of an allocation: each knows the place that refers to it --- */

static void
note_peer(struct ph_turn_server *s, uint32_t alloc, enum ph_turn_note_kind kind,
    const struct ph_turn_chan *c, uint64_t now)
{
	const struct ph_turn_alloc *a = ph_turn_alloc_at(s, alloc);
	struct ph_turn_note n = ph_turn_alloc_note(s, alloc, kind, now);
	uint32_t permit = find_permit(s, alloc, c->peer.addr);
	const struct ph_turn_port_slot *slot;

	n.relay = a->relay[!ph_addr_is_v4(c->peer.addr)];
	slot = ph_turn_port_find(s, n.relay);
	if (slot != NULL) {
		n.handle = slot->handle;
		n.local = (struct ph_stun_addr){ s->c.relays[slot->relay].local, slot->port };
	}
	n.peer = c->peer;
	n.channel = c->number;
	n.until_us = c->timer.at_us;
	n.permit_until_us = permit != 0 ? permit_at(s, permit)->timer.at_us : 0;
	ph_turn_server_note(s, &n);
}

static void
note_permit(struct ph_turn_server *s, enum ph_turn_note_kind kind, uint32_t at, uint64_t now)
{
	const struct ph_turn_permit *p = permit_at(s, at);
	const struct ph_turn_chan c = { .peer = { p->addr, 0 }, .timer = p->timer };

	note_peer(s, p->alloc, kind, &c, now);
}

void
ph_turn_peer_unbind(struct ph_turn_server *s, uint32_t at, uint64_t now)
{
	struct ph_turn_chan *c = chan_at(s, at);
	uint32_t *number = number_chain(s, c->alloc, c->number);
	uint32_t *peer = peer_chain(s, c->alloc, c->peer);

	note_peer(s, c->alloc, PH_TURN_UNBOUND, c, now);
	while (*number != at)
		number = &chan_at(s, *number)->next_number;
	*number = c->next_number;
	while (*peer != at)
		peer = &chan_at(s, *peer)->next_peer;
	*peer = c->next_peer;
	*c->sib_back = c->sib;
	if (c->sib != 0)
		chan_at(s, c->sib)->sib_back = c->sib_back;
	ph_turn_alloc_at(s, c->alloc)->n_channels--;
	ph_turn_wheel_stop(&c->timer);
	ph_turn_slab_give(&s->channels, at);
	s->stats[PH_TURN_STAT_CHANNELS]--;
}

void
ph_turn_peer_unpermit(struct ph_turn_server *s, uint32_t at, uint64_t now)
{
	struct ph_turn_permit *p = permit_at(s, at);
	uint32_t *link = permit_chain(s, p->alloc, p->addr);

	note_permit(s, PH_TURN_UNPERMITTED, at, now);
	while (*link != at)
		link = &permit_at(s, *link)->next;
	*link = p->next;
	*p->sib_back = p->sib;
	if (p->sib != 0)
		permit_at(s, p->sib)->sib_back = p->sib_back;
	ph_turn_alloc_at(s, p->alloc)->n_permits--;
	ph_turn_wheel_stop(&p->timer);
	ph_turn_slab_give(&s->permits, at);
	s->stats[PH_TURN_STAT_PERMISSIONS]--;
}

void
ph_turn_peer_purge(struct ph_turn_server *s, uint64_t now)
{
	for (uint32_t at = 1; at <= s->channels.fresh; at++) {
		const struct ph_turn_chan *c = chan_at(s, at);

		if (c->timer.back != NULL &&
		    ph_turn_server_peer_denied(s, ph_turn_peer_shown(s, c->peer)) != NULL)
			ph_turn_peer_unbind(s, at, now);
	}
	for (uint32_t at = 1; at <= s->permits.fresh; at++) {
		const struct ph_turn_permit *p = permit_at(s, at);
		struct ph_stun_addr peer = { p->addr, 0 };

		if (p->timer.back != NULL &&
		    ph_turn_server_peer_denied(s, ph_turn_peer_shown(s, peer)) != NULL)
			ph_turn_peer_unpermit(s, at, now);
	}
}

/* --- making --- */

static uint32_t
new_permit(struct ph_turn_server *s, uint32_t alloc, ph_u128 addr)
{
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, alloc);
	uint32_t at = ph_turn_slab_take(&s->permits), *head = permit_chain(s, alloc, addr);
	struct ph_turn_permit *p = permit_at(s, at);

	if (at == 0)
		return 0;
	*p = (struct ph_turn_permit){ .addr = addr, .alloc = alloc, .next = *head,
		.timer.kind = PH_TURN_TIMER_PERMIT, .sib = a->permits, .sib_back = &a->permits };
	*head = at;
	if (p->sib != 0)
		permit_at(s, p->sib)->sib_back = &p->sib;
	a->permits = at;
	a->n_permits++;
	s->stats[PH_TURN_STAT_PERMISSIONS]++;
	return at;
}

static bool
permit(struct ph_turn_req *r, ph_u128 addr)
{
	struct ph_turn_server *s = r->s;
	uint32_t at = find_permit(s, r->alloc, addr);

	if (at == 0)
		at = new_permit(s, r->alloc, addr);
	if (at == 0)
		return false;
	ph_turn_wheel_set(&s->wheel, &permit_at(s, at)->timer,
	    r->now + (uint64_t)s->c.permission_s * PH_TURN_US);
	note_permit(s, PH_TURN_PERMITTED, at, r->now);
	return true;
}

/* Is there room for so many more permissions? */
static bool
has_room(const struct ph_turn_req *r, unsigned more)
{
	const struct ph_turn_server *s = r->s;
	unsigned n = ph_turn_alloc_at(s, r->alloc)->n_permits + more;
	uint32_t limit = s->c.limits.allocation_permissions;

	return (limit == 0 || n <= limit) && n <= UINT16_MAX &&
	    more <= s->permits.cap - s->permits.used;
}

static void
succeed(struct ph_turn_req *r)
{
	struct ph_stun m;

	ph_stun_reply(&m, r->m, PH_STUN_SUCCESS);
	ph_turn_server_reply(r, &m);
}

/* RFC 8656 10.2: all of the addresses or none. */
void
ph_turn_peer_create_permission(struct ph_turn_req *r)
{
	const struct ph_stun_addrs *v = &r->m->peers;
	unsigned more = 0;

	if (v->n == 0 || v->more) {
		ph_turn_server_refuse(r, 400);
		return;
	}
	for (unsigned i = 0; i < v->n; i++) {
		uint16_t code = ph_turn_peer_refusal(r, v->v[i], false);

		if (code != 0) {
			ph_turn_server_refuse(r, code);
			return;
		}
		more += find_permit(r->s, r->alloc, ph_turn_peer_wire(r->s, v->v[i]).addr) == 0;
	}
	if (!has_room(r, more)) {
		ph_turn_server_refuse(r, 508);
		return;
	}
	for (unsigned i = 0; i < v->n; i++)
		permit(r, ph_turn_peer_wire(r->s, v->v[i]).addr);
	succeed(r);
}

static uint32_t
new_channel(struct ph_turn_req *r, struct ph_stun_addr peer)
{
	struct ph_turn_server *s = r->s;
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, r->alloc);
	uint32_t limit = s->c.limits.allocation_channels, at;
	uint32_t *number = number_chain(s, r->alloc, r->m->channel);
	uint32_t *by_peer = peer_chain(s, r->alloc, peer);
	struct ph_turn_chan *c;

	if (limit != 0 && a->n_channels >= limit)
		return 0;
	at = ph_turn_slab_take(&s->channels);
	if (at == 0)
		return 0;
	c = chan_at(s, at);
	*c = (struct ph_turn_chan){ .peer = peer, .alloc = r->alloc, .number = r->m->channel,
		.timer.kind = PH_TURN_TIMER_CHANNEL, .next_number = *number,
		.next_peer = *by_peer, .sib = a->channels, .sib_back = &a->channels };
	*number = *by_peer = at;
	if (c->sib != 0)
		chan_at(s, c->sib)->sib_back = &c->sib;
	a->channels = at;
	a->n_channels++;
	s->stats[PH_TURN_STAT_CHANNELS]++;
	return at;
}

/* Those that are over but not collected are in the way of the new. */
static void
collect(struct ph_turn_req *r, struct ph_stun_addr peer)
{
	uint32_t at = ph_turn_peer_number(r->s, r->alloc, r->m->channel, 0);

	if (at != 0 && chan_at(r->s, at)->timer.at_us <= r->now)
		ph_turn_peer_unbind(r->s, at, r->now);
	at = ph_turn_peer_channel(r->s, r->alloc, peer, 0);
	if (at != 0 && chan_at(r->s, at)->timer.at_us <= r->now)
		ph_turn_peer_unbind(r->s, at, r->now);
}

static uint16_t
bind_channel(struct ph_turn_req *r, struct ph_stun_addr peer)
{
	struct ph_turn_server *s = r->s;
	uint32_t at, other;

	collect(r, peer);
	at = ph_turn_peer_number(s, r->alloc, r->m->channel, r->now);
	other = ph_turn_peer_channel(s, r->alloc, peer, r->now);
	if (at != other)
		return 400;
	if (!has_room(r, find_permit(s, r->alloc, peer.addr) == 0))
		return 508;
	if (at == 0)
		at = new_channel(r, peer);
	if (at == 0)
		return 508;
	permit(r, peer.addr);
	ph_turn_wheel_set(&s->wheel, &chan_at(s, at)->timer,
	    r->now + (uint64_t)s->c.channel_s * PH_TURN_US);
	note_peer(s, r->alloc, PH_TURN_BOUND, chan_at(s, at), r->now);
	return 0;
}

/* RFC 8656 12.2. */
void
ph_turn_peer_channel_bind(struct ph_turn_req *r)
{
	const struct ph_stun *m = r->m;
	uint16_t code;

	if (!ph_stun_has(m, PH_STUN_CHANNEL_NUMBER) || m->peers.n == 0 ||
	    m->channel < PH_CHANNEL_FIRST || m->channel > PH_CHANNEL_LAST ||
	    ph_turn_alloc_at(r->s, r->alloc)->tcp)
		code = 400;
	else
		code = ph_turn_peer_refusal(r, m->peers.v[0], true);
	if (code == 0)
		code = bind_channel(r, ph_turn_peer_wire(r->s, m->peers.v[0]));
	if (code != 0)
		ph_turn_server_refuse(r, code);
	else
		succeed(r);
}
