/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "os/udp.h"
#include "probe/inbound.h"

enum { PPS = 100, WAIT_US = 1500000, SPARE_FILES = 64 };

struct ph_inbound_port {
	struct ph_inbound *x;
	struct ph_gun *gun;		/* NULL: no socket, or done */
	struct ph_sample s;
};

static void
reply(void *arg, uint64_t now, const struct ph_shot_reply *r)
{
	struct ph_inbound_port *p = arg;

	(void)now;
	if (r->kind != PH_CONTROL_INBOUND)
		return;
	p->s.evidence.received_out++;
	p->s.verdict = PH_OPEN;
	p->s.way = PH_WAY_NONE;
	p->s.why = NULL;
}

static const struct ph_gun_test test = { .reply = reply };

static void
open_port(struct ph_inbound *x, const struct ph_inbound_opts *o, uint16_t port)
{
	struct ph_inbound_port *p = &x->v[x->n++];
	struct ph_gun_opts g = {
		.to = o->to, .from = o->from, .from_port = port, .test = &test, .arg = p,
	};
	int err;

	*p = (struct ph_inbound_port){
		.x = x, .s = { .port = port, .verdict = PH_BLOCKED, .way = PH_WAY_FORTH,
		    .evidence = { .sent = PH_INBOUND_TRIES, .tries = PH_INBOUND_TRIES } },
	};
	err = ph_gun_new(x->loop, x->session, &g, &p->gun);
	if (err == 0)
		return;
	p->s.verdict = PH_NOT_TESTED;
	p->s.way = PH_WAY_NONE;
	p->s.evidence = (struct ph_evidence){ 0 };
	p->s.why = err == -EADDRINUSE ? "a program on this computer uses the port" :
	    err == -EACCES ? "to listen on ports below 1024 needs CAP_NET_BIND_SERVICE" :
	    strerror(-err);
}

static void
on_clock(void *arg, unsigned events)
{
	(void)events;
	ph_inbound_end(arg);
}

static void
sent(void *arg, bool ok, const char *why)
{
	struct ph_inbound *x = arg;

	(void)why;
	if (x->done)
		return;
	x->far_end_lost |= !ok;
	if (--x->waiting == 0)
		ph_watch_at(x->clock, ph_loop_now(x->loop) + WAIT_US);
}

/* From the same port of the far end where it has that, else from its first. */
static void
order(struct ph_inbound *x, const struct ph_inbound_opts *o, const struct ph_inbound_port *p)
{
	uint16_t from = ph_ranges_has(o->bound, p->s.port) ? p->s.port :
	    (uint16_t)o->bound->r[0].lo;
	struct ph_control_send s = {
		.from = { from, from }, .to = { p->s.port, p->s.port },
		.kind = PH_CONTROL_INBOUND, .tries = PH_INBOUND_TRIES, .pps = PPS,
	};

	x->waiting++;
	ph_session_send(x->session, &s, sent, x);
}

void
ph_inbound_start(struct ph_loop *l, struct ph_session *s, const struct ph_inbound_opts *o,
    struct ph_inbound *x)
{
	const struct ph_ranges *ports = o->ports;
	size_t n = 0;

	*x = (struct ph_inbound){ .loop = l, .session = s };
	for (size_t i = 0; i < ports->n; i++)
		n += (size_t)(ports->r[i].hi - ports->r[i].lo) + 1;
	ph_udp_files(n + SPARE_FILES);
	x->v = ph_arena_array(l->mem, n, sizeof(*x->v));
	x->clock = ph_watch_new(l, -1, 0, on_clock, x);
	for (size_t i = 0; i < ports->n; i++)
		for (ph_u128 p = ports->r[i].lo; p <= ports->r[i].hi; p++)
			open_port(x, o, (uint16_t)p);
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].gun != NULL)
			order(x, o, &x->v[i]);
	if (x->waiting == 0)
		ph_watch_at(x->clock, ph_loop_now(l));
}

void
ph_inbound_end(struct ph_inbound *x)
{
	if (x->done)
		return;
	x->done = true;
	ph_watch_end(x->clock);
	for (size_t i = 0; i < x->n; i++) {
		struct ph_inbound_port *p = &x->v[i];

		if (p->gun != NULL)
			ph_gun_end(p->gun);
		if (x->far_end_lost && p->s.verdict == PH_BLOCKED) {
			p->s.verdict = PH_UNKNOWN;
			p->s.way = PH_WAY_NONE;
			p->s.why = "the test server did not send";
		}
	}
	if (x->on_done != NULL)
		x->on_done(x->arg);
}

unsigned
ph_inbound_observed(struct ph_arena *mem, const struct ph_inbound *x,
    const struct ph_ranges *ports, struct ph_observed **out, size_t *n)
{
	struct ph_sample *v = ph_arena_array(mem, x->n + 1, sizeof(*v));

	for (size_t i = 0; i < x->n; i++)
		v[i] = x->v[i].s;
	return ph_sample_parts(mem, v, x->n, ports, out, n);
}
