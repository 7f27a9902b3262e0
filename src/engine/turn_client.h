/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_CLIENT_H
#define PH_ENGINE_TURN_CLIENT_H

#include "engine/stun_client.h"

/*
 * DOC: A client of a TURN relay
 *
 * RFC 8656.  Allocate is asked without credentials first; the server's 401 brings realm
 * and nonce, and the second Allocate is signed.  Then peers are permitted, by
 * CreatePermission or, with a channel, by ChannelBind, and data goes through the relay.
 * Allocation, permissions and channels are refreshed well before they end, and
 * the allocation is given back at the end (Refresh with LIFETIME 0).
 *
 * Every way in which this can fail has an outcome of its own, because each says something else
 * about the path: a refused password shows that the server was reached, so the
 * firewall is open.  And an allocation alone shows little: only an echo through the
 * relay does, for which ph_turn_send() and PH_TURN_DATA are there.
 *
 * One machine serves UDP and streams: over a stream nothing is sent twice, ChannelData is
 * padded, and the caller takes frames from the stream (wire/stream.h) and gives them
 * in one by one.
 *
 * When the nonce begins with the cookie of RFC 8489 that promises PASSWORD-ALGORITHMS, the
 * strongest offered is used, and from then on MESSAGE-INTEGRITY-SHA256 (9.2.5); a promise
 * without the attribute means that somebody took it out on the way.
 *
 * With ${tcp} the allocation is one of TCP (RFC 6062), over a stream: peers are connected to with
 * ph_turn_connect(), and each connection that is READY has a number, which another connection to
 * the server then claims (engine/turn_bind.h).
 *
 * Times are monotonic microseconds.
 */
enum {
	PH_TURN_PEERS = 64,
	PH_TURN_TEXT = 764,		/* of a realm or nonce, RFC 8489 14.9 */
	PH_TURN_NAME = 508,		/* of a username */
	PH_TURN_LIFETIME_S = 600,	/* asked for */
};

enum ph_turn_outcome {
	PH_TURN_BUSY,			/* not known yet */
	PH_TURN_READY,			/* allocated */
	PH_TURN_CLOSED,			/* was ready, given back */
	PH_TURN_LOST,			/* was ready; a refresh was refused or not answered */
	PH_TURN_SILENT,			/* no answer */
	PH_TURN_CREDENTIALS,		/* 401 to a signed request, or 441: path open */
	PH_TURN_NO_CHALLENGE,		/* 401 without realm or nonce */
	PH_TURN_STALE,			/* 438 again with the nonce just given */
	PH_TURN_BID_DOWN,		/* what the nonce promises was taken out on the way */
	PH_TURN_ALGORITHM,		/* offers no algorithm that we know */
	PH_TURN_UNSIGNED,		/* answers not signed with our password */
	PH_TURN_ELSEWHERE,		/* 300: ask ${alternate} */
	PH_TURN_FORBIDDEN,		/* 403 */
	PH_TURN_MISMATCH,		/* 437 */
	PH_TURN_FAMILY,			/* 440 */
	PH_TURN_TRANSPORT,		/* 442 */
	PH_TURN_QUOTA,			/* 486 */
	PH_TURN_CAPACITY,		/* 508 */
	PH_TURN_NO_TURN,		/* 400, 404, 405, 420 or a Binding only server */
	PH_TURN_ERROR,			/* another error: ${code} */
	PH_TURN_GARBLED,		/* success without a relayed address */
	PH_TURN_N_OUTCOMES
};

/* One request under way. */
struct ph_turn_call {
	bool active, renewed;		/* renewed: a 438 was answered already */
	uint8_t id[12];
	struct ph_stun_try try;
};

enum ph_turn_peer_state { PH_TURN_PEER_ASKED, PH_TURN_PEER_READY, PH_TURN_PEER_REFUSED };

struct ph_turn_peer {
	struct ph_stun_addr at;
	uint16_t channel;		/* 0: none, Send indications */
	bool connect;			/* by TCP */
	bool free;			/* forgotten: the next may have the place */
	uint32_t connection;		/* TCP, READY: its number */
	uint64_t used;			/* the larger, the later it was sent to */
	enum ph_turn_peer_state state;
	uint16_t code;			/* REFUSED: of the error, 0: no answer */
	uint64_t renew_us;
	struct ph_turn_call call;
};

struct ph_turn_opts {
	bool stream;
	bool tcp;			/* connections instead of datagrams; over a stream */
	struct ph_str username, password;	/* copied */
	uint8_t family;			/* of the relay: PH_STUN_IPV4, _IPV6; 0: not said */
	uint32_t lifetime_s;		/* 0: PH_TURN_LIFETIME_S */
	void (*random)(void *arg, void *, size_t);	/* for transaction ids */
	void *arg;
};

struct ph_turn {
	enum ph_turn_outcome outcome;
	uint16_t code;			/* of the error that decided, or 0 */
	struct ph_stun_addr relayed, mapped;	/* READY: the relay's, ours as the server sees it */
	struct ph_stun_addr alternate;	/* ELSEWHERE */
	uint64_t rtt_us;		/* of the first answer; 0: not known */
	bool answered;			/* anything at all came back: the path is open */
	bool sha256;			/* signs with MESSAGE-INTEGRITY-SHA256 */
	struct ph_turn_peer peer[PH_TURN_PEERS];
	unsigned n_peers;		/* places in use, forgotten ones among them */
	/* the rest is the engine's own */
	struct ph_turn_opts opts;
	struct ph_stun_auth auth;
	struct ph_turn_call main;
	enum {
		PH_TURN_ASKING, PH_TURN_SIGNING, PH_TURN_HOLDING, PH_TURN_CLOSING, PH_TURN_OVER,
	} phase;
	bool have_key, userhash, unsigned_seen;
	struct ph_stun_algorithms offered;
	enum ph_stun_alg alg;
	uint64_t refresh_us, uses;
	uint16_t next_channel;		/* never used before: RFC 8656 12.1 */
	uint32_t lifetime_s;
	char username[PH_TURN_NAME], password[PH_STUN_KEY_MAX];
	char realm[PH_TURN_TEXT], nonce[PH_TURN_TEXT];
	size_t realm_len, nonce_len;
};

enum ph_turn_event { PH_TURN_NOTHING, PH_TURN_DATA, PH_TURN_ICMP, PH_TURN_NOTED };

/* What came in: data that a peer sent, or an ICMP error that a packet to it caused. */
struct ph_turn_got {
	struct ph_stun_addr peer;
	const uint8_t *data;		/* borrowed from the input */
	size_t len;
	struct ph_stun_icmp icmp;
};

/* ph_turn_init(x, opts, now): false when OpenSSL fails or a name is too long. */
bool ph_turn_init(struct ph_turn *, const struct ph_turn_opts *, uint64_t);

/* ph_turn_fini(x): release and wipe; sends nothing. */
void ph_turn_fini(struct ph_turn *);

/* ph_turn_output(x, now, out, cap): bytes of the next message to send now, or 0. */
size_t ph_turn_output(struct ph_turn *, uint64_t, void *, size_t);

/* ph_turn_input(x, now, p, n, got): one datagram or frame from the server. */
enum ph_turn_event ph_turn_input(struct ph_turn *, uint64_t, const void *, size_t,
    struct ph_turn_got *);

/* ph_turn_deadline(x): when to ask for output again; UINT64_MAX: when something comes. */
uint64_t ph_turn_deadline(const struct ph_turn *);

/*
 * ph_turn_permit(x, now, peer, channel): let ${peer} through, over a channel of its own when
 * ${channel}.  Its number in ${x}->peer, or -1 when there are too many.  May be called
 * before the allocation is there.  With IPv4 and IPv6 mixed the server answers 443.
 */
int ph_turn_permit(struct ph_turn *, uint64_t, struct ph_stun_addr, bool channel);

/*
 * ph_turn_connect(x, now, peer): begin a TCP connection from the relay to ${peer}; its number in
 * ${x}->peer, or -1 when there are too many.  REFUSED with 447 when nobody is there, 446 when this
 * allocation has a connection to it already.
 */
int ph_turn_connect(struct ph_turn *, uint64_t, struct ph_stun_addr);

/*
 * ph_turn_forget(x, peer): no more is to be sent there; its permission and channel end by
 * themselves.  ph_turn_oldest(x): the peer sent to least recently, or -1.
 */
void ph_turn_forget(struct ph_turn *, unsigned);
int ph_turn_oldest(const struct ph_turn *);

/*
 * ph_turn_sign(x, m, nonce, out, cap): ${m} with our credentials, under a nonce that another
 * connection to the server was given; NULL: ours.  Bytes, or 0.
 */
size_t ph_turn_sign(struct ph_turn *, struct ph_stun *, const struct ph_str *nonce, void *,
    size_t);

/*
 * ph_turn_send(x, peer, data, out, cap): the message that carries ${data} to that peer:
 * ChannelData once its channel is bound, else a Send indication.  0: not ready, or too long.
 */
size_t ph_turn_send(struct ph_turn *, unsigned peer, struct ph_bytes data, void *, size_t);

/* ph_turn_close(x, now): give the allocation back; goes on until outcome CLOSED. */
void ph_turn_close(struct ph_turn *, uint64_t);

/*
 * ph_turn_outcome_word(o), _sentence(o): for programs, for people.  ph_turn_reached(o): does it
 * show that packets to the server and back get through?
 */
const char *ph_turn_outcome_word(enum ph_turn_outcome);
const char *ph_turn_outcome_sentence(enum ph_turn_outcome);
bool ph_turn_reached(enum ph_turn_outcome);

/* ph_turn_outcome_of(code): what an error response to Allocate means. */
enum ph_turn_outcome ph_turn_outcome_of(uint16_t);

#endif
