/* SPDX-License-Identifier: ISC */
/*
 * The TURN server: an input is a script of what clients, peers and time do to it.  Requests are
 * signed where the script says so, because what nobody has signed hardly gets anywhere.  At
 * the end nothing is held: no port, no count.
 *
 * seeds: tests/fuzz/seeds/turn_server
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/turn_server.h"
#include "wire/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { CLIENTS = 4, US = 1000000 };

static struct {
	struct ph_turn_server *s;
	struct ph_turn_server_config c;
	struct ph_stun_auth auth;
	uint64_t now;
	unsigned open, links;
	uint32_t relay[8], link, count;
	char nonce[CLIENTS][64];
	size_t nonce_len[CLIENTS];
	unsigned who;
} w;

static void
give_random(void *arg, void *out, size_t n)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)(++w.count * 2654435761U >> 24);
}

static uint64_t
wall(void *arg)
{
	(void)arg;
	return 1790000000;
}

static bool
open_port(void *arg, struct ph_turn_port *p)
{
	(void)arg;
	if (++w.count % 16 == 0)
		return false;
	p->handle = p->relay;
	w.relay[w.open++ % 8] = p->relay;
	return true;
}

static void
close_port(void *arg, uint32_t relay, uint64_t handle)
{
	(void)arg;
	assert(relay == handle && w.open > 0);
	w.open--;
}

static void
to_client(void *arg, const struct ph_turn_conn *c, const void *p, size_t n)
{
	struct ph_stun m;

	(void)arg;
	(void)c;
	assert(ph_stun_decode(&m, p, n) == PH_STUN_OK);
	if (!ph_stun_has(&m, PH_STUN_NONCE))
		return;
	assert(m.nonce.len <= sizeof(w.nonce[0]));
	memcpy(w.nonce[w.who], m.nonce.s, m.nonce.len);
	w.nonce_len[w.who] = m.nonce.len;
}

static void
to_peer(void *arg, const struct ph_turn_out *o)
{
	(void)arg;
	assert(ph_turn_server_peer_denied(w.s, o->peer) == NULL);
}

static void
do_connect(void *arg, uint32_t link, uint64_t handle, struct ph_stun_addr peer)
{
	(void)arg;
	(void)handle;
	(void)peer;
	w.link = link;
}

static void
do_join(void *arg, uint32_t link, const struct ph_turn_conn *c)
{
	(void)arg;
	(void)link;
	(void)c;
}

static void
do_drop(void *arg, uint32_t link)
{
	(void)arg;
	(void)link;
}

/* What ${p} says, with credentials and a signature. */
static size_t
sign(bool bob, const uint8_t *p, size_t n, uint8_t out[4096])
{
	struct ph_stun_seal seal = { .auth = &w.auth, .sha1 = true };
	struct ph_stun_key key;
	struct ph_stun m;

	if (ph_stun_decode(&m, p, n) != PH_STUN_OK)
		return 0;
	ph_stun_set(&m, PH_STUN_USERNAME);
	ph_stun_set(&m, PH_STUN_REALM);
	ph_stun_set(&m, PH_STUN_NONCE);
	m.username = bob ? PH_STR("bob") : PH_STR("alice");
	m.realm = PH_STR("x");
	m.nonce = (struct ph_str){ w.nonce[w.who], w.nonce_len[w.who] };
	ph_stun_key(PH_STUN_MD5, m.username, m.realm, PH_STR("pw"), &key);
	ph_stun_auth_key(&w.auth, key.bytes, key.len);
	return ph_stun_encode(&m, &seal, out, 4096);
}

/* Type and attributes come from the script, the rest of the header is made right. */
static size_t
frame(const uint8_t *p, size_t n, uint8_t *out)
{
	if (n < 2)
		return 0;
	memset(out, 0, 20);
	memcpy(out, p, 2);
	out[0] &= 0x3f;
	n = (n - 2) & ~(size_t)3;
	ph_put16(out + 2, (uint16_t)n);
	ph_put32(out + 4, PH_STUN_COOKIE);
	out[19] = (uint8_t)++w.count;
	memcpy(out + 20, p + 2, n);
	return 20 + n;
}

static void
client(uint8_t how, const uint8_t *p, size_t n)
{
	static uint8_t framed[1024], signed_one[4096];
	struct ph_turn_in in = { .conn = { .client = PH_V4(0x08080808), .server = PH_V4(0x09090909),
		.client_port = (uint16_t)(1000 + how % CLIENTS), .server_port = 3478,
		.via = (uint8_t)(how >> 2 & 1) }, .ip = { 0, how, false } };
	struct ph_turn_out out;

	w.who = how % CLIENTS;
	in.data = p;
	in.len = n;
	if (how & 0x10) {
		in.len = frame(p, n, framed);
		in.data = framed;
	}
	if (how & 0x20 && in.len > 0) {
		in.len = sign((how & 8) != 0, in.data, in.len, signed_one);
		in.data = signed_one;
	}
	ph_turn_server_worker(in.data, in.len);
	switch (ph_turn_server_from_client(w.s, &in, w.now, &out)) {
	case PH_TURN_RELAY:
		to_peer(NULL, &out);
		break;
	case PH_TURN_CONTROL:
		ph_turn_server_input(w.s, &in, w.now);
		break;
	case PH_TURN_DROP:
		break;
	}
	if (how & 0x40)
		ph_turn_server_stream_gone(w.s, &in.conn, w.now);
}

/* What the host of the server does. */
static void
host(uint8_t how)
{
	static const struct ph_range deny = { PH_V4(0x08080801), PH_V4(0x08080801) };
	struct ph_turn_counters moved = { 1, 2, 3, 4 };
	const char *why;

	ph_turn_server_account(w.s, w.relay[how & 7], &moved);
	if (how & 0x08)
		ph_turn_server_port_lost(w.s, w.relay[how & 7], w.now);
	if (how & 0x10)
		ph_turn_server_drain(w.s, (how & 0x20) != 0, NULL);
	w.c.n_deny = how & 1;
	w.c.deny = &deny;
	w.c.hairpin = (how & 2) != 0;
	w.c.limits.bytes_per_s = (how & 0x40) != 0 ? 1000 : 0;
	assert(ph_turn_server_reload(w.s, &w.c, w.now, &why));
}

static void
far_end(uint8_t how, const uint8_t *p, size_t n)
{
	struct ph_turn_peer_in in = { .relay = w.relay[how & 7], .len = n * 7,
		.peer = { PH_V4(0x08080800 + (n > 0 ? p[0] & 3 : 0)), 5000 } };
	struct ph_stun_icmp icmp = { 3, 4, 1400 };
	struct ph_turn_back back;
	uint8_t all[4096] = { 0 };
	struct ph_stun m;

	if (how & 0x08)
		ph_turn_server_icmp(w.s, in.relay, in.peer, icmp, w.now);
	else if (how & 0x10)
		ph_turn_server_connected(w.s, w.link, how & 1, w.now);
	else if (how & 0x20)
		w.link = ph_turn_server_accepted(w.s, in.relay, in.peer, w.now);
	else if (how & 0x40)
		ph_turn_server_link_gone(w.s, w.link);
	else if (n == 1)
		host(p[0]);
	else if (ph_turn_server_from_peer(w.s, &in, w.now, &back) == PH_TURN_RELAY &&
	    back.head_len > 4 && in.len < 4000) {
		memcpy(all, back.head, back.head_len);
		assert(ph_stun_decode(&m, all, back.head_len + in.len + back.tail) == PH_STUN_OK);
	}
}

static void
begin(const uint8_t *seed)
{
	static const struct ph_turn_user users[] = {
		{ .name = { "alice", 5 }, .password = { "pw", 2 } },
		{ .name = { "bob", 3 }, .password = { "pw", 2 } },
	};
	static const struct ph_turn_ops ops = { .random = give_random, .wall_s = wall,
		.open = open_port, .close = close_port, .to_client = to_client,
		.to_peer = to_peer, .connect = do_connect, .join = do_join, .drop = do_drop };
	const char *why;

	memset(&w, 0, sizeof(w));
	w.now = 10000000;
	assert(ph_stun_auth_init(&w.auth));
	ph_turn_server_defaults(&w.c);
	w.c.realm = PH_STR("x");
	w.c.users = users;
	w.c.n_users = 2;
	w.c.sha256 = (*seed & 1) != 0;
	w.c.tcp = (*seed & 2) != 0;
	w.c.port_first = 50000;
	w.c.port_last = 50015;
	w.c.quarantine_s = 2;
	w.c.relays[0].local = w.c.relays[0].shown = PH_V4(0x09090909);
	w.c.relays[1].local = w.c.relays[1].shown = (ph_u128)0x2a001450 << 96 | 1;
	w.c.n_relays = 2;
	w.c.limits.allocations = 3;
	w.c.limits.permissions = w.c.limits.channels = 6;
	w.c.limits.links = 2;
	w.s = ph_turn_server_new(&w.c, &ops, &why);
	assert(w.s != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint64_t *stats;

	if (n == 0)
		return 0;
	begin(data);
	for (data++, n--; n >= 3;) {
		size_t len = data[2] < n - 3 ? data[2] : n - 3;

		if (data[0] & 0x80)
			far_end(data[1], data + 3, len);
		else
			client(data[1], data + 3, len);
		w.now += (uint64_t)(data[0] & 0x1f) * (data[0] & 0x40 ? 20 * US : 1000);
		if (data[0] & 0x20)
			ph_turn_server_tick(w.s, w.now);
		data += 3 + len;
		n -= 3 + len;
	}
	ph_turn_server_end_all(w.s, w.now);
	stats = ph_turn_server_stats(w.s);
	for (unsigned i = PH_TURN_STAT_ALLOCATIONS; i <= PH_TURN_STAT_PORTS; i++)
		assert(stats[i] == 0);
	assert(w.open == 0);
	ph_turn_server_free(w.s);
	ph_stun_auth_fini(&w.auth);
	return 0;
}
