/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_SHOT_H
#define PH_PROBE_SHOT_H

#include "os/errqueue.h"
#include "os/udp.h"
#include "probe/loop.h"
#include "probe/session.h"
#include "wire/stun.h"

/*
 * DOC: Shots
 *
 * Every datagram of a probe is a Binding Request that only the responder of this
 * session answers, and every answer is checked before an engine hears of it.
 * What a datagram belongs to stands in its transaction id: the kind of test, a
 * number (a port, a flow), and which try it is.
 *
 * A gun is one socket with its test: it sends what the test wants sent, hands
 * it the answers and what ICMP says, and calls it when its time has come.  What
 * the kernel does not take now is kept and sent when it does.
 */
enum { PH_SHOT_MAX = 2560, PH_SHOT_BATCH = 64, PH_SHOT_PLAIN = 128 };

struct ph_shot {
	enum ph_control_kind kind;
	uint16_t number;
	uint8_t try;
	uint16_t port;			/* to which it goes */
	struct ph_stun_test test;	/* what the responder is to do */
	uint16_t bytes;			/* UDP payload by padding, multiples of 4; 0: least */
	uint8_t ttl;			/* 0: the usual */
	bool has_tos;
	uint8_t tos;
};

/* An answer that is genuine. */
struct ph_shot_reply {
	enum ph_control_kind kind;
	uint16_t number;
	uint8_t try;
	const struct ph_udp_msg *msg;	/* as it arrived: ToS, TTL, time, source */
	const struct ph_stun *stun;
};

/* What became of a shot on the way. */
struct ph_shot_error {
	enum ph_control_kind kind;
	uint16_t number;
	uint8_t try;
	bool known;			/* the three above could be told */
	const struct ph_errqueue_item *item;
};

struct ph_gun;

struct ph_gun_test {
	/* Fill up to ${max} shots to send now; how many.  NULL: ph_gun_send() alone. */
	size_t (*output)(void *, uint64_t now_us, struct ph_shot *, size_t max);
	void (*reply)(void *, uint64_t now_us, const struct ph_shot_reply *);
	void (*error)(void *, uint64_t now_us, const struct ph_shot_error *);	/* or NULL */
	/* This host did not send it: -errno. */
	void (*refused)(void *, uint64_t now_us, const struct ph_shot *, int);	/* or NULL */
	/* Called after each round; when to be called again.  NULL: when something comes. */
	uint64_t (*deadline)(void *, uint64_t now_us);
};

struct ph_gun_opts {
	ph_u128 to;			/* the responder */
	ph_u128 from;			/* our address, or any of that family */
	uint16_t from_port;		/* 0: any */
	enum ph_udp_df df;
	const struct ph_gun_test *test;
	void *arg;
};

/* ph_gun_new(loop, session, opts, gun): 0, or -errno as ph_udp_open(). */
int ph_gun_new(struct ph_loop *, struct ph_session *, const struct ph_gun_opts *,
    struct ph_gun **);

/* ph_gun_send(g, v, n): send now what nobody asked it for; what cannot be is dropped. */
void ph_gun_send(struct ph_gun *, const struct ph_shot *, size_t);

/* ph_gun_kick(g): call the test now: something else has told it more. */
void ph_gun_kick(struct ph_gun *);

/* ph_gun_end(g): close its socket. */
void ph_gun_end(struct ph_gun *);

/* ph_gun_port(g): its local port; ph_gun_fd(g): its socket. */
uint16_t ph_gun_port(const struct ph_gun *);
int ph_gun_fd(const struct ph_gun *);

#endif
