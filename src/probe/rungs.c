/* SPDX-License-Identifier: ISC */
#include "os/udp.h"
#include "probe/relaying.h"
#include "probe/run.h"

/*
 * The rungs to one relay are tried at the same time, since what one of them shows (that the
 * relay is there at all) decides what the silence of another means.
 */
enum { ECHO_PORT = 40007, TLS_WEB = 443, TLS_USUAL = 5349, TRIALS = 4 };

struct rung {
	bool on;			/* was asked for */
	struct ph_relaying_opts o;
	struct ph_relaying x;
};

static const struct row {
	enum ph_relaying_transport transport;
	uint16_t port;			/* 0: that of the relay */
} rows[TRIALS] = {
	{ PH_RELAYING_UDP, 0 }, { PH_RELAYING_TCP, 0 },
	{ PH_RELAYING_TLS, TLS_WEB }, { PH_RELAYING_TLS, TLS_USUAL },
};

static uint16_t
port_of(const struct ph_probe_turn *turn, const struct row *row)
{
	if (row->transport != PH_RELAYING_TLS)
		return turn->port;
	return turn->tls_port != 0 ? turn->tls_port : row->port;
}

static bool
is_wanted(const struct ph_probe_turn *turn, const struct row *row)
{
	return (turn->only == 0 || (turn->only >> row->transport & 1) != 0) &&
	    (turn->tls_port == 0 || row->port != TLS_USUAL);
}

static bool
is_reached(const struct ph_relaying *x)
{
	return x->fate >= PH_RELAYING_REACHED;
}

static enum ph_verdict
judge(const struct ph_relaying *x, bool there, const char **why)
{
	*why = x->why;
	switch (x->fate) {
	case PH_RELAYING_ECHOED:
		return PH_OPEN;
	case PH_RELAYING_INTERCEPTED:
		return PH_BLOCKED;
	case PH_RELAYING_SILENT:
		*why = there ? "no answer here, but on another transport" :
		    "no answer: blocked, or the relay is not there";
		return there ? PH_BLOCKED : PH_UNKNOWN;
	case PH_RELAYING_REFUSED:
	case PH_RELAYING_REACHED:
	case PH_RELAYING_ALLOCATED:
		break;
	}
	return PH_UNKNOWN;
}

static void
add(struct ph_run_state *r, int v6, const struct rung *g, bool there)
{
	char text[PH_ADDR_TEXT];
	struct ph_rung *out = PH_PUSH(r->mem, r->out->rungs, r->out->n_rungs, r->out->cap_rungs);

	*out = (struct ph_rung){
		.transport = ph_relaying_word(g->o.transport), .v6 = v6 != 0,
		.server = ph_arena_printf(r->mem, v6 ? "[%s]:%u" : "%s:%u",
		    ph_addr_format(g->o.server.addr, text), (unsigned)g->o.server.port),
		.rtt_us = (uint32_t)g->x.rtt_us,
	};
	out->verdict = judge(&g->x, there, &out->why);
	if (out->verdict == PH_OPEN && r->out->best == NULL)
		r->out->best = out->transport;
}

static void
run_all(struct ph_run_state *r, struct rung *v)
{
	uint64_t until = ph_loop_now(&r->loop) + PH_RELAYING_US;

	for (unsigned i = 0; i < TRIALS; i++)
		if (v[i].on)
			ph_relaying_start(&r->loop, &v[i].o, &v[i].x);
	for (unsigned i = 0; i < TRIALS; i++)
		if (v[i].on)
			ph_loop_until(&r->loop, &v[i].x.done, until);
	for (unsigned i = 0; i < TRIALS; i++)
		if (v[i].on)
			ph_relaying_end(&v[i].x);
}

/* A relay that lets us to itself, but not to the responder, is asked to echo to itself. */
static bool
wants_itself(const struct rung *v)
{
	for (unsigned i = 0; i < TRIALS; i++)
		if (v[i].x.fate == PH_RELAYING_ECHOED)
			return false;
	for (unsigned i = 0; i < TRIALS; i++)
		if (v[i].x.fate == PH_RELAYING_ALLOCATED && v[i].o.session != NULL)
			return true;
	return false;
}

static void
try_family(struct ph_run_state *r, int v6, ph_u128 addr)
{
	struct rung *v = ph_arena_array(r->mem, TRIALS, sizeof(*v));
	struct ph_session *s = r->session[v6];
	const char *why;
	bool there = false;
	ph_u128 from;
	unsigned best;

	if (ph_udp_source(addr, &from) < 0)
		return;
	if (s != NULL && ph_session_failure(s) == NULL)
		ph_run_release(r, v6);
	if (s != NULL && !ph_run_bind(r, v6, PH_CONTROL_UDP, ECHO_PORT, &why))
		s = NULL;
	for (unsigned i = 0; i < TRIALS; i++) {
		v[i].on = is_wanted(&r->o->turn, &rows[i]);
		v[i].o = (struct ph_relaying_opts){
			.transport = rows[i].transport, .from = from, .turn = &r->o->turn,
			.server = { addr, port_of(&r->o->turn, &rows[i]) },
			.session = s, .echo = { r->fam[v6].to, ECHO_PORT },
		};
	}
	run_all(r, v);
	if (wants_itself(v)) {
		for (unsigned i = 0; i < TRIALS; i++)
			v[i].o.session = NULL;
		run_all(r, v);
	}
	for (unsigned i = 0; i < TRIALS; i++)
		there |= v[i].on && is_reached(&v[i].x);
	/* of TLS the port that came further */
	best = v[3].on && v[3].x.fate > v[2].x.fate ? 3 : 2;
	for (unsigned i = 0; i < TRIALS; i++)
		if (v[i].on && (i < 2 || i == best))
			add(r, v6, &v[i], there);
}

void
ph_run_rungs(struct ph_run_state *r)
{
	const struct ph_ranges *addrs = r->o->turn.addrs;
	bool done[2] = { r->o->only_v6, r->o->only_v4 };

	if (addrs == NULL)
		return;
	ph_run_phase(r, "trying the relay");
	for (size_t i = 0; i < addrs->n; i++) {
		int v6 = !ph_addr_is_v4(addrs->r[i].lo);

		if (!done[v6])
			try_family(r, v6, addrs->r[i].lo);
		done[v6] = true;
	}
}
