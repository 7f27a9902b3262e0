/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/turn_server_priv.h"
#include "wire/channel.h"
#include "wire/cursor.h"

enum {
	RATE_BURST_MS = 500,
	ICMP_BURST_MS = 1000,
	ATTR = 4,			/* bytes before a value */
	DATA_IND_TYPE = 0x0017,		/* method 0x007, class indication */
	DATA_TYPE = 0x0013, XOR_PEER_TYPE = 0x0012,
	MAX_IND_DATA = UINT16_MAX - 64,
};

/* --- IP (RFC 8656 13 to 15): as it came, but one hop further; false: it has had its hops --- */

static bool
pass_ip(struct ph_turn_server *s, struct ph_turn_ip in, bool v4, struct ph_turn_ip *out)
{
	*out = in;
	out->df &= v4;			/* copied where both sides are IPv4 */
	if (in.ttl == 1) {
		s->stats[PH_TURN_STAT_TTL]++;
		return false;
	}
	out->ttl = (uint8_t)(in.ttl == 0 ? 0 : in.ttl - 1);
	return true;
}

/*
 * What came in a stream has no IP header of its own; ${fragment}: must not be, the client says,
 * which counts for a stream, and for UDP where no translation has its own rules.
 */
static bool
pass_up(struct ph_turn_server *s, const struct ph_turn_in *in, ph_u128 peer, bool fragment,
    struct ph_turn_ip *out)
{
	bool v4 = ph_addr_is_v4(in->conn.client) && ph_addr_is_v4(peer);

	*out = (struct ph_turn_ip){ 0, 0, fragment };
	if (in->conn.via != PH_TURN_VIA_UDP)
		return true;
	if (!pass_ip(s, in->ip, v4, out))
		return false;
	out->df |= fragment && v4;
	return true;
}

static bool
fits_rate(struct ph_turn_server *s, uint64_t *bucket, size_t len, uint64_t now)
{
	bool ok = ph_turn_bucket(bucket, now, len, s->c.limits.bytes_per_s, RATE_BURST_MS);

	s->stats[PH_TURN_STAT_OVER_RATE] += !ok;
	return ok;
}

/* --- to a peer --- */

/* To ${peer}, which may be one. */
static bool
fill_out(struct ph_turn_server *s, uint32_t alloc, struct ph_stun_addr peer, uint64_t now,
    struct ph_turn_out *out)
{
	bool v6 = !ph_addr_is_v4(peer.addr);
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, alloc);
	const struct ph_turn_port_slot *slot;

	out->relay = a->relay[v6];
	slot = ph_turn_port_find(s, out->relay);
	if (slot == NULL || a->until_us[v6] <= now)
		return false;
	out->handle = slot->handle;
	out->peer = peer;
	a->n.up_packets++;
	a->n.up_bytes += out->len;
	s->stats[PH_TURN_STAT_UP_PACKETS]++;
	s->stats[PH_TURN_STAT_UP_BYTES] += out->len;
	return true;
}

enum ph_turn_verdict
ph_turn_server_from_client(struct ph_turn_server *s, const struct ph_turn_in *in, uint64_t now,
    struct ph_turn_out *out)
{
	struct ph_stun_addr peer;
	struct ph_channel c;
	uint32_t alloc, at;

	if (in->len == 0 || in->data[0] >> 6 != 1)
		return PH_TURN_CONTROL;
	if (!ph_channel_decode(&c, in->data, in->len)) {
		s->stats[PH_TURN_STAT_MALFORMED]++;
		return PH_TURN_DROP;
	}
	alloc = ph_turn_alloc_peek(s, &in->conn, now);
	at = alloc == 0 ? 0 : ph_turn_peer_number(s, alloc, c.number, now);
	if (at == 0) {
		s->stats[PH_TURN_STAT_NO_CHANNEL]++;
		return PH_TURN_DROP;
	}
	peer = ((struct ph_turn_chan *)ph_turn_slab_at(&s->channels, at))->peer;
	if (!pass_up(s, in, peer.addr, false, &out->ip) ||
	    !fits_rate(s, &ph_turn_alloc_at(s, alloc)->up_ns, c.len, now))
		return PH_TURN_DROP;
	out->data = c.data;
	out->len = c.len;
	return fill_out(s, alloc, peer, now, out) ? PH_TURN_RELAY : PH_TURN_DROP;
}

/* RFC 8656 11.2; what is wrong with it nobody is told. */
void
ph_turn_data_send(struct ph_turn_server *s, const struct ph_turn_in *in, const struct ph_stun *m,
    uint64_t now)
{
	struct ph_turn_out out = { .data = m->data.p, .len = m->data.len };
	uint32_t alloc = ph_turn_alloc_find(s, &in->conn, now);
	bool fragment = ph_stun_has(m, PH_STUN_DONT_FRAGMENT);
	struct ph_stun_addr peer;

	if (alloc == 0 || ph_turn_alloc_at(s, alloc)->tcp || m->peers.n == 0 ||
	    !ph_stun_has(m, PH_STUN_DATA) || m->strange.n > 0 ||
	    (fragment && !s->c.dont_fragment)) {
		s->stats[PH_TURN_STAT_MALFORMED]++;
		return;
	}
	peer = ph_turn_peer_wire(s, m->peers.v[0]);
	if (peer.port == 0 || !ph_turn_peer_permitted(s, alloc, peer.addr, now) ||
	    ph_turn_server_peer_denied(s, m->peers.v[0]) != NULL) {
		s->stats[PH_TURN_STAT_NO_PERMISSION]++;
		return;
	}
	if (!pass_up(s, in, peer.addr, fragment, &out.ip) ||
	    !fits_rate(s, &ph_turn_alloc_at(s, alloc)->up_ns, out.len, now))
		return;
	if (fill_out(s, alloc, peer, now, &out))
		s->ops.to_peer(s->ops.arg, &out);
}

/* --- from a peer --- */

static void
put_peer(struct ph_writer *w, struct ph_stun_addr peer, const uint8_t id[12])
{
	size_t at;

	ph_writer_u16(w, XOR_PEER_TYPE);
	ph_writer_u16(w, ph_addr_is_v4(peer.addr) ? 8 : 20);
	ph_writer_u16(w, ph_addr_is_v4(peer.addr) ? PH_STUN_IPV4 : PH_STUN_IPV6);
	ph_writer_u16(w, peer.port ^ (uint16_t)(PH_STUN_COOKIE >> 16));
	at = w->len;
	ph_writer_addr(w, peer.addr);
	if (w->bad)
		return;
	ph_put32(w->base + at, ph_be32(w->base + at) ^ PH_STUN_COOKIE);
	for (size_t i = at + 4; i < w->len; i++)
		w->base[i] ^= id[i - at - 4];
}

/*
 * A Data indication up to its data (RFC 8656 11.3).  Its transaction id is for nobody to answer,
 * so it need only differ; the hash keeps to itself how much is relayed.
 */
static void
put_indication(struct ph_turn_server *s, struct ph_stun_addr peer, size_t len,
    struct ph_turn_back *out)
{
	struct ph_writer w = ph_writer(out->head, sizeof(out->head));
	uint64_t tag = ph_turn_hash(s->tag, s->stats[PH_TURN_STAT_DOWN_PACKETS], 0);
	uint8_t id[12];

	memset(id, 0, 4);
	memcpy(id + 4, &tag, sizeof(tag));
	out->tail = (uint8_t)(-len & 3);
	ph_writer_u16(&w, DATA_IND_TYPE);
	ph_writer_u16(&w, (uint16_t)((ph_addr_is_v4(peer.addr) ? 8U : 20U) + 2U * ATTR + len +
	    out->tail));
	ph_writer_u32(&w, PH_STUN_COOKIE);
	ph_writer_bytes(&w, id, sizeof(id));
	put_peer(&w, peer, id);
	ph_writer_u16(&w, DATA_TYPE);
	ph_writer_u16(&w, (uint16_t)len);
	out->head_len = (uint8_t)w.len;
}

static void
put_channel(const struct ph_turn_alloc *a, uint16_t number, size_t len, struct ph_turn_back *out)
{
	ph_channel_head(out->head, number, (uint16_t)len);
	out->head_len = PH_CHANNEL_HEAD;
	out->tail = a->conn.via == PH_TURN_VIA_UDP ? 0 : (uint8_t)(-len & 3);
}

enum ph_turn_verdict
ph_turn_server_from_peer(struct ph_turn_server *s, const struct ph_turn_peer_in *in, uint64_t now,
    struct ph_turn_back *out)
{
	const struct ph_turn_port_slot *slot = ph_turn_port_find(s, in->relay);
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, slot == NULL ? 0 : slot->alloc);
	uint32_t at;

	if (slot == NULL || slot->alloc == 0 || slot->tcp ||
	    a->until_us[!ph_addr_is_v4(in->peer.addr)] <= now ||
	    in->len > MAX_IND_DATA || !ph_turn_peer_permitted(s, slot->alloc, in->peer.addr, now)) {
		s->stats[PH_TURN_STAT_NO_PERMISSION]++;
		return PH_TURN_DROP;
	}
	if (!pass_ip(s, in->ip, ph_addr_is_v4(in->peer.addr) &&
	    ph_addr_is_v4(a->conn.client), &out->ip) || !fits_rate(s, &a->down_ns, in->len, now))
		return PH_TURN_DROP;
	at = ph_turn_peer_channel(s, slot->alloc, in->peer, now);
	if (at != 0)
		put_channel(a, ((struct ph_turn_chan *)ph_turn_slab_at(&s->channels, at))->number,
		    in->len, out);
	else
		put_indication(s, ph_turn_peer_shown(s, in->peer), in->len, out);
	out->conn = &a->conn;
	a->n.down_packets++;
	a->n.down_bytes += in->len;
	s->stats[PH_TURN_STAT_DOWN_PACKETS]++;
	s->stats[PH_TURN_STAT_DOWN_BYTES] += in->len;
	return PH_TURN_RELAY;
}

/* The errors that say something of the way to a peer (RFC 8656 11.5). */
static bool
is_told(struct ph_stun_addr peer, struct ph_stun_icmp icmp)
{
	return ph_addr_is_v4(peer.addr) ? icmp.type == 3 || icmp.type == 11 :
	    icmp.type >= 1 && icmp.type <= 3;
}

void
ph_turn_server_icmp(struct ph_turn_server *s, uint32_t relay, struct ph_stun_addr peer,
    struct ph_stun_icmp icmp, uint64_t now)
{
	const struct ph_turn_port_slot *slot = ph_turn_port_find(s, relay);
	struct ph_turn_alloc *a = ph_turn_alloc_at(s, slot == NULL ? 0 : slot->alloc);
	uint8_t id[12];
	struct ph_stun m;

	if (slot == NULL || slot->alloc == 0 || a->timer.at_us <= now || !is_told(peer, icmp) ||
	    !ph_turn_peer_permitted(s, slot->alloc, peer.addr, now) ||
	    !ph_turn_bucket(&a->icmp_ns, now, 1, s->c.limits.icmp_per_s, ICMP_BURST_MS))
		return;
	s->ops.random(s->ops.arg, id, sizeof(id));
	ph_stun_init(&m, PH_STUN_DATA_IND, PH_STUN_INDICATION, id);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	peer = ph_turn_peer_shown(s, peer);
	ph_stun_add(&m.peers, peer.addr, peer.port);
	ph_stun_set(&m, PH_STUN_ICMP);
	m.icmp = icmp;
	ph_turn_server_send(s, &a->conn, NULL, &m);
}

void
ph_turn_server_account(struct ph_turn_server *s, uint32_t relay, const struct ph_turn_counters *n)
{
	const struct ph_turn_port_slot *slot = ph_turn_port_find(s, relay);

	struct ph_turn_counters *to;

	if (slot == NULL || slot->alloc == 0)
		return;
	to = &ph_turn_alloc_at(s, slot->alloc)->n;
	to->up_packets += n->up_packets;
	to->up_bytes += n->up_bytes;
	to->down_packets += n->down_packets;
	to->down_bytes += n->down_bytes;
	s->stats[PH_TURN_STAT_UP_PACKETS] += n->up_packets;
	s->stats[PH_TURN_STAT_UP_BYTES] += n->up_bytes;
	s->stats[PH_TURN_STAT_DOWN_PACKETS] += n->down_packets;
	s->stats[PH_TURN_STAT_DOWN_BYTES] += n->down_bytes;
}

/* --- numbers and names --- */

const uint64_t *
ph_turn_server_stats(const struct ph_turn_server *s)
{
	return s->stats;
}

const char *
ph_turn_stat_name(enum ph_turn_stat stat)
{
	static const char *const names[PH_TURN_N_STATS] = {
		[PH_TURN_STAT_ALLOCATIONS] = "allocations",
		[PH_TURN_STAT_PERMISSIONS] = "permissions",
		[PH_TURN_STAT_CHANNELS] = "channels",
		[PH_TURN_STAT_LINKS] = "links",
		[PH_TURN_STAT_PORTS] = "ports",
		[PH_TURN_STAT_ALLOCATED] = "allocated",
		[PH_TURN_STAT_REQUESTS] = "requests",
		[PH_TURN_STAT_BINDINGS] = "bindings",
		[PH_TURN_STAT_CHALLENGES] = "challenges",
		[PH_TURN_STAT_STALE] = "stale_nonces",
		[PH_TURN_STAT_DENIED] = "denied_peers",
		[PH_TURN_STAT_QUOTA] = "over_quota",
		[PH_TURN_STAT_CAPACITY] = "over_capacity",
		[PH_TURN_STAT_OTHER_ERRORS] = "other_errors",
		[PH_TURN_STAT_MALFORMED] = "malformed",
		[PH_TURN_STAT_LIMITED] = "limited",
		[PH_TURN_STAT_UP_PACKETS] = "up_packets",
		[PH_TURN_STAT_UP_BYTES] = "up_bytes",
		[PH_TURN_STAT_DOWN_PACKETS] = "down_packets",
		[PH_TURN_STAT_DOWN_BYTES] = "down_bytes",
		[PH_TURN_STAT_NO_PERMISSION] = "without_permission",
		[PH_TURN_STAT_NO_CHANNEL] = "without_channel",
		[PH_TURN_STAT_OVER_RATE] = "over_rate",
		[PH_TURN_STAT_TTL] = "ttl_over",
	};

	return names[stat];
}

const char *
ph_turn_reason_word(enum ph_turn_reason reason)
{
	static const char *const words[PH_TURN_N_ENDS] = {
		[PH_TURN_END_NONE] = "none", [PH_TURN_END_CLIENT] = "client",
		[PH_TURN_END_EXPIRED] = "expired", [PH_TURN_END_STREAM] = "stream",
		[PH_TURN_END_ADMIN] = "admin", [PH_TURN_END_PORT] = "port",
	};

	return words[reason];
}
