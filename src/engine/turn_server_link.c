/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/turn_server_priv.h"

/*
 * DOC: Links, RFC 6062
 *
 * A TCP connection between a relayed port and a peer waits for a second stream of its client,
 * which names it by its CONNECTION-ID: the worker, the place, and twelve bits that nobody
 * can guess; with a signature by the same user, and half a minute, enough.
 *
 *	Connect or a peer ---> CONNECTING ---> WAITING ---> JOINED
 *	                        30 s            30 s        until either end closes
 */
enum {
	LINK_WAIT_US = 30 * PH_TURN_US,
	WORKER_SHIFT = 24, PLACE_SHIFT = 12, PART_MASK = (1 << 12) - 1,	/* worker, place, secret */
};

static struct ph_turn_link *
link_at(struct ph_turn_server *s, uint32_t at)
{
	return ph_turn_slab_at(&s->links, at);
}

static bool
is_live(struct ph_turn_server *s, uint32_t at)
{
	return at != 0 && at <= s->links.fresh && link_at(s, at)->alloc != 0;
}

static uint32_t
id_of(struct ph_turn_server *s, uint32_t at)
{
	return (uint32_t)s->c.worker << WORKER_SHIFT | at << PLACE_SHIFT |
	    (link_at(s, at)->secret & PART_MASK);
}

int
ph_turn_server_worker(const void *p, size_t n)
{
	struct ph_stun m;

	if (ph_stun_decode(&m, p, n) != PH_STUN_OK)
		return -1;
	if (ph_stun_has(&m, PH_STUN_RESERVATION_TOKEN))
		return m.token[0];
	return ph_stun_has(&m, PH_STUN_CONNECTION_ID) ? (int)(m.connection >> WORKER_SHIFT) : -1;
}

static uint32_t
new_link(struct ph_turn_server *s, uint32_t alloc, struct ph_stun_addr peer, uint64_t now)
{
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, alloc);
	uint32_t at = ph_turn_slab_take(&s->links);
	struct ph_turn_link *k = link_at(s, at);

	if (at == 0)
		return 0;
	k->peer = peer;
	k->alloc = alloc;
	k->timer.kind = PH_TURN_TIMER_LINK;
	s->ops.random(s->ops.arg, &k->secret, sizeof(k->secret));
	k->sib = a->links;
	k->sib_back = &a->links;
	if (k->sib != 0)
		link_at(s, k->sib)->sib_back = &k->sib;
	a->links = at;
	s->stats[PH_TURN_STAT_LINKS]++;
	ph_turn_wheel_set(&s->wheel, &k->timer, now + LINK_WAIT_US);
	return at;
}

void
ph_turn_link_end(struct ph_turn_server *s, uint32_t at, bool tell)
{
	struct ph_turn_link *k = link_at(s, at);

	if (tell)
		s->ops.drop(s->ops.arg, at);
	*k->sib_back = k->sib;
	if (k->sib != 0)
		link_at(s, k->sib)->sib_back = k->sib_back;
	ph_turn_wheel_stop(&k->timer);
	explicit_bzero(k, sizeof(*k));
	ph_turn_slab_give(&s->links, at);
	s->stats[PH_TURN_STAT_LINKS]--;
}

/* The answer to a Connect comes when its connection does, or not (RFC 6062 5.2). */
static void
answer_connect(struct ph_turn_server *s, uint32_t at, uint16_t code)
{
	struct ph_turn_link *k = link_at(s, at);
	struct ph_stun m;

	ph_stun_init(&m, PH_STUN_CONNECT, code == 0 ? PH_STUN_SUCCESS : PH_STUN_ERROR, k->id);
	if (code == 0) {
		ph_stun_set(&m, PH_STUN_CONNECTION_ID);
		m.connection = id_of(s, at);
	} else {
		ph_stun_set(&m, PH_STUN_ERROR_CODE);
		m.error = (struct ph_stun_error){ .code = code,
			.reason = ph_str(ph_stun_reason(code)) };
	}
	ph_turn_server_send(s, &ph_turn_alloc_at(s, k->alloc)->conn, &k->login, &m);
}

void
ph_turn_link_over(struct ph_turn_server *s, uint32_t at)
{
	if (link_at(s, at)->state == PH_TURN_LINK_CONNECTING)
		answer_connect(s, at, 447);
	ph_turn_link_end(s, at, true);
}

void
ph_turn_link_purge(struct ph_turn_server *s)
{
	for (uint32_t at = 1; at <= s->links.fresh; at++)
		if (is_live(s, at) && !ph_turn_server_may_link(s,
		    ph_turn_peer_shown(s, link_at(s, at)->peer)))
			ph_turn_link_over(s, at);
}

static bool
has_link_to(struct ph_turn_server *s, uint32_t alloc, struct ph_stun_addr peer)
{
	uint32_t at = ph_turn_alloc_at(s, alloc)->links;

	while (at != 0 && (link_at(s, at)->peer.addr != peer.addr ||
	    link_at(s, at)->peer.port != peer.port))
		at = link_at(s, at)->sib;
	return at != 0;
}

/* RFC 6062 5.2: permissions are for who comes, not for whom we go to. */
static uint16_t
check_connect(struct ph_turn_req *r, struct ph_stun_addr peer)
{
	uint16_t code = ph_turn_peer_refusal(r, peer, true);

	if (code == 0 && has_link_to(r->s, r->alloc, ph_turn_peer_wire(r->s, peer)))
		code = 446;
	return code;
}

void
ph_turn_link_connect(struct ph_turn_req *r)
{
	struct ph_turn_server *s = r->s;
	const struct ph_turn_alloc *a = ph_turn_alloc_at(s, r->alloc);
	struct ph_stun_addr peer;
	struct ph_turn_link *k;
	uint16_t code = 400;
	uint32_t at = 0;

	if (a->tcp && r->m->peers.n > 0)
		code = check_connect(r, r->m->peers.v[0]);
	if (code == 0) {
		at = new_link(s, r->alloc, ph_turn_peer_wire(s, r->m->peers.v[0]), r->now);
		code = at == 0 ? 508 : 0;
	}
	if (code != 0) {
		ph_turn_server_refuse(r, code);
		return;
	}
	k = link_at(s, at);
	peer = k->peer;
	memcpy(k->id, r->m->id, sizeof(k->id));
	k->login = r->login;
	k->login.name = (struct ph_str){ NULL, 0 };
	k->state = PH_TURN_LINK_CONNECTING;
	s->ops.connect(s->ops.arg, at,
	    ph_turn_port_find(s, a->relay[!ph_addr_is_v4(peer.addr)])->handle, peer);
}

void
ph_turn_server_connected(struct ph_turn_server *s, uint32_t at, bool ok, uint64_t now)
{
	if (!is_live(s, at) || link_at(s, at)->state != PH_TURN_LINK_CONNECTING)
		return;
	answer_connect(s, at, ok ? 0 : 447);
	if (!ok) {
		ph_turn_link_end(s, at, false);
		return;
	}
	link_at(s, at)->state = PH_TURN_LINK_WAITING;
	ph_turn_wheel_set(&s->wheel, &link_at(s, at)->timer, now + LINK_WAIT_US);
}

/* RFC 6062 5.3: who is not permitted is not let in. */
uint32_t
ph_turn_server_accepted(struct ph_turn_server *s, uint32_t relay, struct ph_stun_addr peer,
    uint64_t now)
{
	const struct ph_turn_port_slot *slot = ph_turn_port_find(s, relay);
	struct ph_stun_addr shown = ph_turn_peer_shown(s, peer);
	uint8_t id[12];
	struct ph_stun m;
	uint32_t at;

	if (slot == NULL || slot->alloc == 0 || !slot->tcp ||
	    !ph_turn_peer_permitted(s, slot->alloc, peer.addr, now) ||
	    has_link_to(s, slot->alloc, peer))
		return 0;
	at = new_link(s, slot->alloc, peer, now);
	if (at == 0)
		return 0;
	link_at(s, at)->state = PH_TURN_LINK_WAITING;
	s->ops.random(s->ops.arg, id, sizeof(id));
	ph_stun_init(&m, PH_STUN_CONNECTION_ATTEMPT, PH_STUN_INDICATION, id);
	ph_stun_set(&m, PH_STUN_CONNECTION_ID);
	m.connection = id_of(s, at);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, shown.addr, shown.port);
	ph_turn_server_send(s, &ph_turn_alloc_at(s, slot->alloc)->conn, NULL, &m);
	return at;
}

void
ph_turn_server_link_gone(struct ph_turn_server *s, uint32_t at)
{
	if (!is_live(s, at))
		return;
	if (link_at(s, at)->state == PH_TURN_LINK_CONNECTING)
		answer_connect(s, at, 447);
	ph_turn_link_end(s, at, false);
}

/* RFC 6062 5.4, on a stream of its own. */
void
ph_turn_link_bind(struct ph_turn_req *r)
{
	struct ph_turn_server *s = r->s;
	uint32_t at = r->m->connection >> PLACE_SHIFT & PART_MASK;
	struct ph_stun m;

	if (!ph_stun_has(r->m, PH_STUN_CONNECTION_ID) || r->in->conn.via == PH_TURN_VIA_UDP ||
	    r->alloc != 0 || !is_live(s, at) || id_of(s, at) != r->m->connection ||
	    link_at(s, at)->state != PH_TURN_LINK_WAITING || !ph_stun_auth_same(r->login.owner,
	    ph_turn_alloc_at(s, link_at(s, at)->alloc)->owner, sizeof(r->login.owner))) {
		ph_turn_server_refuse(r, 400);
		return;
	}
	ph_turn_wheel_stop(&link_at(s, at)->timer);
	link_at(s, at)->state = PH_TURN_LINK_JOINED;
	ph_stun_reply(&m, r->m, PH_STUN_SUCCESS);
	ph_turn_server_reply(r, &m);
	s->ops.join(s->ops.arg, at, &r->in->conn);
}
