/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>

#include "engine/turn_bind.h"
#include "os/clock.h"
#include "tunnel/dial.h"
#include "tunnel/leg.h"
#include "tunnel/wait.h"

enum {
	US = 1000000,
	FAMILIES = 2,
	POOL = 16,			/* allocations of a family: connections to one peer */
	GIVE_UP_US = 60 * US,		/* a connection that is neither there nor refused */
	NOT_OFFERED_US = 60 * US,	/* ask again whether the relay does TCP */
	ROOM = 2048,
	EXISTS = 446, FAILED = 447, FORBIDDEN = 403,	/* RFC 6062 6.3, RFC 8656 19 */
};

struct pool_leg {
	struct ph_dial *dial;
	struct ph_leg *leg;
	unsigned way;
	uint8_t family;			/* PH_STUN_IPV4, _IPV6 */
};

enum stage { WAITING, CONNECTING, BINDING };

struct ph_call {
	struct ph_dial *dial;
	struct ph_call *next;
	struct ph_stun_addr to;
	ph_dial_fn *fn;
	void *arg;
	enum stage stage;
	unsigned nth;			/* in the pool of its family */
	int peer;			/* CONNECTING: its place in the leg */
	struct ph_link *link;
	struct ph_turn_bind bind;
	struct ph_wait *wait;
};

struct ph_dial {
	struct ph_dial_opts o;
	struct pool_leg pool[FAMILIES][POOL];
	struct ph_call *calls;
	uint64_t not_offered_us;	/* until then nobody is asked */
};

static uint8_t room[ROOM];

static void step(struct ph_call *);

static struct pool_leg *
leg_of(const struct ph_call *c)
{
	return &c->dial->pool[!ph_addr_is_v4(c->to.addr)][c->nth];
}

/* --- a call's end --- */

void
ph_dial_cancel(struct ph_call *c)
{
	struct ph_call **at = &c->dial->calls;
	struct pool_leg *l = leg_of(c);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->stage == CONNECTING && l->leg != NULL)
		ph_leg_forget(l->leg, (unsigned)c->peer);
	ph_link_end(c->link);
	ph_wait_end(c->wait);
	free(c);
}

static void
finish(struct ph_call *c, int err)
{
	ph_dial_fn *fn = c->fn;
	void *arg = c->arg;
	struct ph_link *link = err == 0 ? c->link : NULL;

	if (link != NULL)
		c->link = NULL;
	ph_dial_cancel(c);
	fn(arg, link, err);
}

/* --- the connection that is to be the peer's --- */

static void
on_opened(void *arg)
{
	struct ph_call *c = arg;
	size_t n = ph_turn_bind_output(&c->bind, room, sizeof(room));

	ph_link_send(c->link, room, n);
}

static void
on_message(void *arg, const uint8_t *p, size_t n)
{
	struct ph_call *c = arg;
	size_t len;

	switch (ph_turn_bind_input(&c->bind, p, n)) {
	case PH_TURN_BOUND:
		ph_link_raw(c->link);
		finish(c, 0);
		break;
	case PH_TURN_UNBOUND:
		finish(c, EHOSTUNREACH);
		break;
	case PH_TURN_BINDING:
		len = ph_turn_bind_output(&c->bind, room, sizeof(room));
		if (len > 0)
			ph_link_send(c->link, room, len);
		break;
	}
}

static void
on_lost(void *arg, const char *why)
{
	(void)why;
	finish(arg, EHOSTUNREACH);
}

static void
bind_call(struct ph_call *c, uint32_t connection)
{
	struct pool_leg *l = leg_of(c);
	const struct ph_way *w = &c->dial->o.ladder->way[l->way];
	struct ph_link_opts o = { .via = c->dial->o.via, .rung = w->rung, .addr = w->addr,
	    .port = w->port, .opened = on_opened, .message = on_message, .lost = on_lost,
	    .arg = c };
	int err;

	ph_turn_bind_init(&c->bind, ph_leg_turn(l->leg), connection);
	c->stage = BINDING;
	err = ph_link_new(&o, &c->link);
	if (err != 0) {
		c->link = NULL;
		finish(c, -err);
	}
}

/* --- the allocations --- */

static void
end_leg(struct pool_leg *l)
{
	ph_leg_end(l->leg);
	l->leg = NULL;
}

/* Some call of this leg, or NULL. */
static struct ph_call *
call_of(const struct pool_leg *l)
{
	for (struct ph_call *c = l->dial->calls; c != NULL; c = c->next)
		if (leg_of(c) == l)
			return c;
	return NULL;
}

static void
leg_ready(void *arg)
{
	struct pool_leg *l = arg;

	/* a step may end any call, so the list is begun anew after each that moved */
	for (struct ph_call *c = l->dial->calls, *next; c != NULL; c = next) {
		next = c->next;
		if (leg_of(c) == l && c->stage != BINDING)
			step(c);
	}
}

static void
leg_data(void *arg, struct ph_stun_addr peer, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)peer;
	(void)p;
	(void)n;
}

/*
 * Did the way fail, or does the relay not do TCP?  The former is tried on the next way, the
 * latter is the same everywhere.
 */
static bool
is_of_way(enum ph_turn_outcome o)
{
	return o == PH_TURN_BUSY || o == PH_TURN_SILENT || o == PH_TURN_LOST ||
	    o == PH_TURN_READY || o == PH_TURN_MISMATCH;
}

static void
leg_lost(void *arg, enum ph_turn_outcome outcome, const char *why)
{
	struct pool_leg *l = arg;
	struct ph_dial *d = l->dial;
	bool was_ready = ph_leg_turn(l->leg)->relayed.port != 0;
	struct ph_call *c;

	end_leg(l);
	if (is_of_way(outcome)) {
		ph_ladder_failed(d->o.ladder, l->way, why, ph_clock_us());
	} else {
		d->not_offered_us = ph_clock_us() + NOT_OFFERED_US;
		d->o.not_offered(d->o.arg, outcome);
	}
	if (!was_ready && is_of_way(outcome)) {
		leg_ready(l);
		return;
	}
	/* those that are BINDING use what is gone with the leg */
	while ((c = call_of(l)) != NULL)
		finish(c, was_ready ? EHOSTUNREACH : EPROTONOSUPPORT);
}

/* False: no way leads there. */
static bool
start_leg(struct pool_leg *l)
{
	const struct ph_dial_opts *d = &l->dial->o;
	int way = ph_ladder_stream(d->ladder);
	const struct ph_way *w;
	struct ph_leg_opts o;

	if (way < 0)
		return false;
	w = &d->ladder->way[way];
	o = (struct ph_leg_opts){ .via = d->via, .rung = w->rung, .addr = w->addr,
	    .port = w->port, .family = l->family, .tcp = true, .username = d->username,
	    .password = d->password, .ready = leg_ready, .data = leg_data, .lost = leg_lost,
	    .arg = l };
	l->way = (unsigned)way;
	if (ph_leg_new(&o, &l->leg) == 0)
		return true;
	l->leg = NULL;
	return false;
}

/* --- a call's way --- */

static int
errno_of(uint16_t code)
{
	static const struct { uint16_t code; int err; } of[] = {
		{ FAILED, ECONNREFUSED }, { FORBIDDEN, EACCES }, { 0, ETIMEDOUT },
	};

	for (unsigned i = 0; i < sizeof(of) / sizeof(*of); i++)
		if (of[i].code == code)
			return of[i].err;
	return EHOSTUNREACH;
}

/* This allocation has a connection to that peer already: another one may make the next. */
static bool
take_next_leg(struct ph_call *c)
{
	c->stage = WAITING;
	return ++c->nth < POOL;
}

static void
refused(struct ph_call *c, uint16_t code)
{
	ph_leg_forget(leg_of(c)->leg, (unsigned)c->peer);
	c->stage = WAITING;
	if (code == EXISTS && take_next_leg(c))
		step(c);
	else
		finish(c, errno_of(code));
}

static void
step_connecting(struct ph_call *c)
{
	struct pool_leg *l = leg_of(c);
	const struct ph_turn_peer *p = &ph_leg_turn(l->leg)->peer[c->peer];
	uint32_t connection = p->connection;

	if (p->state == PH_TURN_PEER_REFUSED) {
		refused(c, p->code);
	} else if (p->state == PH_TURN_PEER_READY) {
		ph_leg_forget(l->leg, (unsigned)c->peer);
		bind_call(c, connection);
	}
}

static void
step(struct ph_call *c)
{
	struct pool_leg *l = leg_of(c);

	if (c->stage == CONNECTING && l->leg != NULL) {
		step_connecting(c);
		return;
	}
	c->stage = WAITING;
	if (l->leg == NULL && (ph_clock_us() < c->dial->not_offered_us || !start_leg(l))) {
		finish(c, EPROTONOSUPPORT);
		return;
	}
	if (!ph_leg_is_ready(l->leg))
		return;
	c->peer = ph_leg_connect(l->leg, c->to);
	if (c->peer >= 0)
		c->stage = CONNECTING;
	else if (take_next_leg(c))
		step(c);
	else
		finish(c, EHOSTUNREACH);
}

static void
on_wait(void *arg, unsigned events)
{
	struct ph_call *c = arg;

	(void)events;
	if (c->stage == WAITING && leg_of(c)->leg == NULL) {
		ph_wait_at(c->wait, ph_clock_us() + GIVE_UP_US);
		step(c);
	} else if (c->stage == WAITING && ph_leg_is_ready(leg_of(c)->leg)) {
		ph_wait_at(c->wait, ph_clock_us() + GIVE_UP_US);
		step(c);
	} else {
		finish(c, ETIMEDOUT);
	}
}

struct ph_call *
ph_dial_start(struct ph_dial *d, ph_u128 to, uint16_t port, ph_dial_fn *fn, void *arg)
{
	struct ph_call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	*c = (struct ph_call){ .dial = d, .next = d->calls, .to = { to, port }, .fn = fn,
	    .arg = arg };
	c->wait = ph_wait_new(d->o.via->loop, -1, 0, on_wait, c);
	if (c->wait == NULL) {
		free(c);
		return NULL;
	}
	d->calls = c;
	ph_wait_at(c->wait, 0);
	return c;
}

struct ph_dial *
ph_dial_new(const struct ph_dial_opts *o)
{
	struct ph_dial *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->o = *o;
	for (unsigned f = 0; f < FAMILIES; f++)
		for (unsigned i = 0; i < POOL; i++) {
			d->pool[f][i].dial = d;
			d->pool[f][i].family = f == 0 ? PH_STUN_IPV4 : PH_STUN_IPV6;
		}
	return d;
}

void
ph_dial_free(struct ph_dial *d)
{
	if (d == NULL)
		return;
	while (d->calls != NULL)
		ph_dial_cancel(d->calls);
	for (unsigned f = 0; f < FAMILIES; f++)
		for (unsigned i = 0; i < POOL; i++)
			end_leg(&d->pool[f][i]);
	free(d);
}
