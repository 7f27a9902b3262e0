/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "os/clock.h"
#include "tunnel/leg.h"
#include "tunnel/wait.h"

enum {
	MS = 1000,			/* microseconds */
	QUIET_US = 1000 * MS,		/* data goes out, nothing comes: ask */
	KEEP_US = 15000 * MS,		/* nothing goes out: some NATs forget after 30 s */
	AGAIN_US = 250 * MS,
	ASK_AGAIN_US = 10000 * MS,	/* a peer that was refused, when it is still sent to */
	DEAD_US = 2000 * MS, DEAD_STREAM_US = 5000 * MS,
	ROOM = 65535 + 64,
};

struct ph_leg {
	struct ph_leg_opts o;
	struct ph_link *link;
	struct ph_turn turn;
	struct ph_wait *wait;
	bool open, told, over, ended, busy;
	uint64_t heard_us;		/* when something came last */
	uint64_t spoke_us;		/* first data after that; 0: none */
	uint64_t asking_us, ask_us;	/* since when it is being asked, 0: it is not; next time */
	uint64_t timer_us;
	uint64_t refused_us;		/* when a refused peer was given another chance */
	unsigned last;			/* peer of the last datagram, a guess for the next */
};

static uint8_t room[ROOM];		/* of one message at a time */

static void
random_bytes(void *arg, void *p, size_t n)
{
	(void)arg;
	if (RAND_bytes(p, (int)n) != 1)
		abort();		/* no transaction ids without: nothing would be safe */
}

static void
release(struct ph_leg *x)
{
	ph_turn_fini(&x->turn);
	free(x);
}

static void
lose(struct ph_leg *x, const char *why)
{
	if (x->over || x->ended)
		return;
	x->over = true;
	ph_wait_at(x->wait, UINT64_MAX);
	x->o.lost(x->o.arg, x->turn.outcome, why);
}

/* --- is it still there? --- */

static void
ask(struct ph_leg *x, uint64_t now)
{
	struct ph_stun m;
	struct ph_stun_seal seal = { .fingerprint = x->o.rung == PH_RUNG_UDP };
	uint8_t id[12];

	random_bytes(NULL, id, sizeof(id));
	ph_stun_init(&m, PH_STUN_BINDING, PH_STUN_REQUEST, id);
	ph_link_send(x->link, room, ph_stun_encode(&m, &seal, room, sizeof(room)));
	x->ask_us = now + (x->o.rung == PH_RUNG_UDP ? AGAIN_US : 4 * AGAIN_US);
}

/* When to look again whether it lives. */
static uint64_t
alive_deadline(const struct ph_leg *x)
{
	if (!x->told)
		return UINT64_MAX;
	if (x->asking_us != 0)
		return x->ask_us;
	return x->spoke_us != 0 ? x->spoke_us + QUIET_US : x->heard_us + KEEP_US;
}

static void
check_alive(struct ph_leg *x, uint64_t now)
{
	uint64_t dead = x->o.rung == PH_RUNG_UDP ? DEAD_US : DEAD_STREAM_US;

	if (now < alive_deadline(x))
		return;
	if (x->asking_us == 0)
		x->asking_us = now;
	else if (now - x->asking_us >= dead) {
		lose(x, "the relay does not answer any more");
		return;
	}
	ask(x, now);
}

/* --- the engine --- */

static void
set_timer(struct ph_leg *x)
{
	uint64_t at = ph_turn_deadline(&x->turn), alive = alive_deadline(x);

	at = alive < at ? alive : at;
	if (at == x->timer_us || x->over)
		return;
	x->timer_us = at;
	ph_wait_at(x->wait, at);
}

static void
pump(struct ph_leg *x)
{
	uint64_t now = ph_clock_us();
	size_t n;

	if (!x->open || x->over)
		return;
	while ((n = ph_turn_output(&x->turn, now, room, sizeof(room))) > 0)
		ph_link_send(x->link, room, n);
	if (x->turn.outcome == PH_TURN_READY && !x->told) {
		x->told = true;
		x->heard_us = now;
		x->o.ready(x->o.arg);
	} else if (x->turn.outcome != PH_TURN_READY && x->turn.outcome != PH_TURN_BUSY) {
		lose(x, ph_turn_outcome_sentence(x->turn.outcome));
	}
	if (!x->over && !x->ended)
		check_alive(x, now);
	if (!x->ended)
		set_timer(x);
}

static void
on_time(void *arg, unsigned events)
{
	struct ph_leg *x = arg;

	(void)events;
	x->timer_us = 0;
	x->busy = true;
	pump(x);
	x->busy = false;
	if (x->ended)
		release(x);
}

static void
on_opened(void *arg)
{
	struct ph_leg *x = arg;

	x->open = true;
	x->heard_us = ph_clock_us();
	on_time(x, 0);
}

static void
on_message(void *arg, const uint8_t *p, size_t n)
{
	struct ph_leg *x = arg;
	struct ph_turn_got got;
	uint64_t now = ph_clock_us();

	if (x->over)
		return;
	x->busy = true;
	x->heard_us = now;
	x->spoke_us = x->asking_us = 0;
	switch (ph_turn_input(&x->turn, now, p, n, &got)) {
	case PH_TURN_DATA:
		x->o.data(x->o.arg, got.peer, got.data, got.len);
		break;
	case PH_TURN_NOTED:
		pump(x);
		if (x->told && !x->over && !x->ended)
			x->o.ready(x->o.arg);
		break;
	case PH_TURN_ICMP:
	case PH_TURN_NOTHING:
		break;
	}
	x->busy = false;
	if (x->ended)
		release(x);
}

static void
on_lost(void *arg, const char *why)
{
	struct ph_leg *x = arg;

	x->busy = true;
	lose(x, why);
	x->busy = false;
	if (x->ended)
		release(x);
}

int
ph_leg_new(const struct ph_leg_opts *o, struct ph_leg **out)
{
	struct ph_leg *x = calloc(1, sizeof(*x));
	struct ph_link_opts l = { .via = o->via, .rung = o->rung, .addr = o->addr,
	    .port = o->port, .opened = on_opened, .message = on_message, .lost = on_lost,
	    .arg = x };
	struct ph_turn_opts t = { .stream = o->rung != PH_RUNG_UDP, .username = o->username,
	    .password = o->password, .family = o->family, .tcp = o->tcp, .random = random_bytes };
	int err = -ENOMEM;

	if (x == NULL)
		return -ENOMEM;
	x->o = *o;
	if (!ph_turn_init(&x->turn, &t, ph_clock_us()))
		goto err0;
	x->wait = ph_wait_new(o->via->loop, -1, 0, on_time, x);
	if (x->wait == NULL)
		goto err1;
	err = ph_link_new(&l, &x->link);
	if (err != 0)
		goto err2;
	*out = x;
	return 0;
err2:
	ph_wait_end(x->wait);
err1:
	ph_turn_fini(&x->turn);
err0:
	free(x);
	return err;
}

void
ph_leg_end(struct ph_leg *x)
{
	size_t n;

	if (x == NULL || x->ended)
		return;
	x->ended = true;
	if (x->turn.outcome == PH_TURN_READY && !x->over) {
		ph_turn_close(&x->turn, ph_clock_us());
		n = ph_turn_output(&x->turn, ph_clock_us(), room, sizeof(room));
		if (n > 0)
			ph_link_send(x->link, room, n);
		ph_link_flush(x->o.via);
	}
	ph_wait_end(x->wait);
	ph_link_end(x->link);
	if (!x->busy)
		release(x);
}

void
ph_leg_owner(struct ph_leg *x, const struct ph_leg_opts *o)
{
	x->o.ready = o->ready;
	x->o.data = o->data;
	x->o.lost = o->lost;
	x->o.arg = o->arg;
}

bool
ph_leg_is_ready(const struct ph_leg *x)
{
	return x->told && !x->over;
}

struct ph_turn *
ph_leg_turn(struct ph_leg *x)
{
	return &x->turn;
}

static bool
is_peer(const struct ph_leg *x, unsigned i, struct ph_stun_addr peer)
{
	return i < x->turn.n_peers && x->turn.peer[i].at.addr == peer.addr &&
	    x->turn.peer[i].at.port == peer.port;
}

static void
pump_soon(struct ph_leg *x)
{
	x->timer_us = 0;
	ph_wait_at(x->wait, 0);
}

int
ph_leg_connect(struct ph_leg *x, struct ph_stun_addr peer)
{
	int i = x->over ? -1 : ph_turn_connect(&x->turn, ph_clock_us(), peer);

	pump_soon(x);
	return i;
}

void
ph_leg_forget(struct ph_leg *x, unsigned i)
{
	ph_turn_forget(&x->turn, i);
}

/* The number of a peer, permitted now when it is new; -1: there are too many. */
static int
find_peer(struct ph_leg *x, struct ph_stun_addr peer)
{
	int i;

	if (is_peer(x, x->last, peer))
		return (int)x->last;
	for (unsigned k = 0; k < x->turn.n_peers; k++)
		if (is_peer(x, k, peer))
			return (int)k;
	i = ph_turn_permit(&x->turn, ph_clock_us(), peer, true);
	if (i < 0 && (i = ph_turn_oldest(&x->turn)) >= 0) {
		ph_turn_forget(&x->turn, (unsigned)i);
		i = ph_turn_permit(&x->turn, ph_clock_us(), peer, true);
	}
	pump_soon(x);
	return i;
}

void
ph_leg_mark(struct ph_leg *x, uint8_t tos)
{
	ph_link_mark(x->link, tos);
}

enum ph_leg_sent
ph_leg_send(struct ph_leg *x, struct ph_stun_addr peer, const void *p, size_t n)
{
	int i = x->over ? -1 : find_peer(x, peer);
	size_t len;

	if (x->over)
		return PH_LEG_LATER;
	if (i < 0)
		return PH_LEG_FULL;
	x->last = (unsigned)i;
	switch (x->turn.peer[i].state) {
	case PH_TURN_PEER_REFUSED:
		if (ph_clock_us() > x->refused_us + ASK_AGAIN_US) {
			x->refused_us = ph_clock_us();
			ph_turn_forget(&x->turn, (unsigned)i);
		}
		return PH_LEG_REFUSED;
	case PH_TURN_PEER_ASKED:
		return PH_LEG_LATER;
	case PH_TURN_PEER_READY:
		break;
	}
	len = ph_turn_send(&x->turn, (unsigned)i, (struct ph_bytes){ p, n }, room, sizeof(room));
	if (len == 0)
		return PH_LEG_DROPPED;
	if (x->spoke_us == 0) {
		x->spoke_us = ph_clock_us();
		if (x->timer_us > x->spoke_us + QUIET_US)
			set_timer(x);
	}
	return ph_link_send(x->link, room, len) ? PH_LEG_SENT : PH_LEG_DROPPED;
}
