/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_RIG_TEST_H
#define PH_ENGINE_TURN_RIG_TEST_H

#include "engine/turn_server.h"

/*
 * A TURN server in a rig, for tests: virtual time, callbacks that keep books and fail the test
 * when they do not balance, and clients that can say anything.
 */
enum { RIG_PORTS = 4096, RIG_KINDS = PH_TURN_REFUSED + 1, RIG_S = 1000000 };

struct rig {
	struct ph_turn_server_config c;
	struct ph_turn_ops ops;
	struct ph_turn_server *s;
	uint64_t now, wall_s, seed;
	struct ph_turn_user users[4];
	struct ph_str secrets[2];
	struct ph_range allow[8], deny[4], own[4];
	/* what was asked for */
	struct ph_turn_port open[RIG_PORTS];
	unsigned n_open, n_opened, fail_opens;
	unsigned notes[RIG_KINDS];
	struct ph_turn_note last[RIG_KINDS];	/* without conn and user */
	unsigned live_channels, live_permits, live_allocs;
	unsigned n_sent, n_out;		/* to clients; to peers */
	uint8_t sent[2048];		/* the last */
	size_t sent_len;
	struct ph_turn_conn sent_to;
	struct ph_turn_out out;
	uint8_t out_data[2048];
	unsigned connects, joins, drops;
	uint32_t link;
	uint64_t connect_handle;
	struct ph_stun answer;		/* the last, decoded */
};

struct rig_client {
	struct rig *r;
	struct ph_turn_conn conn;
	const char *user, *password;
	bool sha256, userhash;		/* as RFC 8489 has it */
	bool fingerprint;
	struct ph_stun_auth auth;
	char nonce[64];
	size_t nonce_len;
	struct ph_stun_algorithms offered;
};

/* rig_init(r): defaults and addresses; change ${c} before rig_start(). */
void rig_init(struct rig *);
void rig_start(struct rig *);

/* rig_end(r): free the server; nothing may be left open or counted. */
void rig_end(struct rig *);

/* rig_wait(r, seconds): time passes, a tick a second. */
void rig_wait(struct rig *, unsigned);

uint64_t rig_random(struct rig *);
ph_u128 rig_addr(const char *);
struct ph_stun_addr rig_at(const char *, uint16_t);

/* rig_client(r, c, n): alice at a port of her own; rig_client_end(c). */
void rig_client(struct rig *, struct rig_client *, unsigned);
void rig_client_end(struct rig_client *);

/* rig_give(c, p, n): these bytes; true: answered, and decoded. */
bool rig_give(struct rig_client *, const void *, size_t);

/* rig_request(c, m, method): a request with a new id. */
void rig_request(struct rig_client *, struct ph_stun *, enum ph_stun_method);

/* rig_seal(c, m, out): with credentials and signature; its length. */
size_t rig_seal(struct rig_client *, struct ph_stun *, uint8_t [2048]);

/*
 * rig_ask(c, m): signed; first the challenge, when there is no nonce yet.  0: success, the code of
 * an error, -1: no answer.
 */
int rig_ask(struct rig_client *, struct ph_stun *);

/* The usual: rig_allocate(c), _refresh(c, lifetime), _permit(c, peer), _bind(c, number, peer). */
int rig_allocate(struct rig_client *);
int rig_refresh(struct rig_client *, uint32_t);
int rig_permit(struct rig_client *, struct ph_stun_addr);
int rig_bind(struct rig_client *, uint16_t, struct ph_stun_addr);

/* rig_send(c, peer, n): a Send indication of ${n} bytes; true: it went to the peer. */
bool rig_send(struct rig_client *, struct ph_stun_addr, size_t);

/* rig_channel(c, number, n): ChannelData; true: it went to the peer (${r}->out). */
bool rig_channel(struct rig_client *, uint16_t, size_t);

/* rig_peer(r, relay, peer, n, back): from a peer; true: it goes to the client. */
bool rig_peer(struct rig *, uint32_t, struct ph_stun_addr, size_t, struct ph_turn_back *);

#endif
