/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "net/names.h"
#include "probe/run.h"

/*
 * DOC: The schedule
 *
 *	session		with the responder, over the first family that gets there
 *	inbound		what the far end opens, while nothing of ours is open
 *	ports		TCP and UDP of both families at once: what is needed
 *	path		sizes, marks, quality, translation: on a port that is open
 *	blocks		where one packet of each blocked run ends
 *	signalling	calls by SIP and H.323, byte for byte
 *	rungs		the relay that was named, over UDP, TCP and TLS
 *	timers		last and alone
 *
 * Each step has a time after which what is not known stays unknown; the steps
 * together keep what --quick and the usual run promise.
 */
enum {
	SESSION_US = 4000000, BIND_US = 5000000, ALIVE_US = 3000000,
	PORTS_QUICK_US = 25000000, PORTS_US = 40000000, EXHAUSTIVE_US = 180000000,
	INBOUND_US = 6000000,
	HOLD_US = 1000000, HOLD_QUICK_US = 500000, SILENCE_US = 3500000,
	ROUNDS = 3, QUICK_PPS = 500,
};

void
ph_run_phase(struct ph_run_state *r, const char *what)
{
	if (r->o->phase != NULL)
		r->o->phase(r->o->arg, what);
}

static const char *
place(struct ph_arena *mem, ph_u128 addr, uint16_t port)
{
	char text[PH_ADDR_TEXT];
	bool v6 = !ph_addr_is_v4(addr);

	return ph_arena_printf(mem, "%s%s%s port %u", v6 ? "[" : "",
	    ph_addr_format(addr, text), v6 ? "]" : "", port);
}

/* Why a session could not begin, in words about the far end. */
static const char *
no_session(struct ph_run_state *r, const struct ph_test_family *f, const struct ph_session *s)
{
	const char *why = ph_session_failure(s);

	if (ph_session_intercepted(s))
		return ph_arena_printf(r->mem, "somebody else answers in the place of the test "
		    "server %s: the connection is intercepted, or its key has changed",
		    place(r->mem, f->to, r->o->port));
	return ph_arena_printf(r->mem, "the test server %s cannot be used: %s",
	    place(r->mem, f->to, r->o->port), why != NULL ? why : "it does not answer");
}

/* A session over each family that both ends have. */
static void
begin(struct ph_run_state *r)
{
	const char *why[2] = { NULL, NULL };
	uint64_t at = ph_loop_now(&r->loop) + SESSION_US;

	ph_run_phase(r, "reaching the test server");
	for (int v6 = 0; v6 < 2; v6++) {
		struct ph_session_opts so = {
			.to = r->fam[v6].to, .port = r->o->port, .key = r->o->key,
			.peer = r->o->peer,
		};

		if (r->fam[v6].possible)
			r->session[v6] = ph_session_new(&r->loop, &so);
	}
	for (int v6 = 0; v6 < 2; v6++) {
		struct ph_session *s = r->session[v6];

		if (s == NULL)
			continue;
		ph_loop_until(&r->loop, ph_session_settled(s), at);
		if (*ph_session_settled(s) && ph_session_failure(s) == NULL)
			continue;
		why[v6] = no_session(r, &r->fam[v6], s);
		ph_session_end(s);
		r->session[v6] = NULL;
	}
	if (r->session[0] == NULL && r->session[1] == NULL && r->o->via != NULL)
		r->out->failure = why[0] != NULL ? why[0] : why[1] != NULL ? why[1] :
		    r->fam[0].why != NULL ? r->fam[0].why : r->fam[1].why;
	for (int v6 = 0; v6 < 2; v6++)
		if (why[v6] != NULL && r->session[!v6] != NULL) {
			r->fam[v6].why = why[v6];
			ph_result_skip(r->mem, r->out, "%s: %s", v6 ? "IPv6" : "IPv4", why[v6]);
		}
}

/* A family without a session says nothing, as long as the other has one. */
static void
leave_out(struct ph_run_state *r)
{
	for (size_t i = 0; i < r->out->n_flows; i++) {
		struct ph_measured *f = &r->out->flows[i];

		if (r->session[f->v6] != NULL)
			continue;
		f->why = r->fam[f->v6].why;
		if (r->session[!f->v6] != NULL)
			f->counts = false;
	}
}

static void
on_bound(struct ph_run_state *r, const struct ph_session_bound *b, const struct ph_ranges **to)
{
	if (b != NULL && b->failed == NULL)
		ph_result_skip(r->mem, r->out, "the test server cannot listen for us: %s", b->why);
	r->full |= b != NULL && b->full;
	if (b != NULL)
		*to = ph_ranges_union(r->mem, *to, b->failed != NULL ? b->failed :
		    ph_ranges_one(r->mem, 0, 65535));
	/* nobody can listen there twice, but somebody answers */
	for (int v6 = 0; v6 < 2; v6++)
		if (r->session[v6] != NULL && (to == &r->unbound_udp[v6] ||
		    to == &r->unbound_tcp[v6]))
			*to = ph_ranges_subtract(r->mem, *to, ph_ranges_one(r->mem,
			    ph_session_welcome(r->session[v6])->stun_port,
			    ph_session_welcome(r->session[v6])->stun_port));
	if (--r->pending == 0)
		r->waited = true;
}

struct binding {
	struct ph_run_state *r;
	int v6;
};

static void
on_udp_bound(void *arg, const struct ph_session_bound *b)
{
	struct binding *x = arg;

	on_bound(x->r, b, &x->r->unbound_udp[x->v6]);
}

static void
on_tcp_bound(void *arg, const struct ph_session_bound *b)
{
	struct binding *x = arg;

	on_bound(x->r, b, &x->r->unbound_tcp[x->v6]);
}

/* Of TCP the control channel itself proves its own port; nobody can listen there twice. */
static const struct ph_ranges *
tcp_ports(struct ph_run_state *r, int v6)
{
	return ph_ranges_subtract(r->mem, r->fam[v6].ports.tcp,
	    ph_ranges_one(r->mem, r->o->port, r->o->port));
}

static void
bind_some(struct ph_run_state *r, int v6, enum ph_control_proto proto,
    const struct ph_ranges *ports, ph_session_bound_fn *fn)
{
	struct binding *x = PH_NEW(r->mem, struct binding);

	if (ports->n == 0)
		return;
	*x = (struct binding){ r, v6 };
	r->pending++;
	ph_session_bind(r->session[v6], proto, ports, fn, x);
}

void
ph_run_bind_udp(struct ph_run_state *r, int v6, uint16_t port)
{
	bind_some(r, v6, PH_CONTROL_UDP, ph_ranges_one(r->mem, port, port), on_udp_bound);
}

/* All ports that any test of this run needs. */
static void
bind_ports(struct ph_run_state *r)
{
	ph_run_phase(r, "asking the test server to listen");
	r->waited = r->full = false;
	r->pending = 0;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct ph_ranges *tcp = tcp_ports(r, v6), *tls = r->fam[v6].ports.tls;

		if (!r->active[v6])
			continue;
		r->unbound_udp[v6] = r->unbound_tcp[v6] = ph_ranges_none();
		bind_some(r, v6, PH_CONTROL_UDP, r->fam[v6].ports.udp, on_udp_bound);
		bind_some(r, v6, PH_CONTROL_TCP, ph_ranges_subtract(r->mem, tcp, tls),
		    on_tcp_bound);
		bind_some(r, v6, PH_CONTROL_TLS, ph_ranges_intersect(r->mem, tcp, tls),
		    on_tcp_bound);
	}
	if (r->pending > 0)
		ph_loop_until(&r->loop, &r->waited, ph_loop_now(&r->loop) + BIND_US);
}

/* What ended a session, if one ended. */
static const char *
lost(const struct ph_run_state *r)
{
	for (int v6 = 0; v6 < 2; v6++)
		if (r->session[v6] != NULL && ph_session_failure(r->session[v6]) != NULL)
			return ph_session_failure(r->session[v6]);
	return NULL;
}

static void
on_part_done(void *arg)
{
	struct ph_run_state *r = arg;

	if (--r->pending == 0)
		r->waited = true;
}

/* A sample that is wanted quickly may go twice as fast, which is far from a flood still. */
static unsigned
pace(const struct ph_probe_opts *o)
{
	return o->pps == 0 && o->quick && !o->exhaustive && !o->unpaced ? QUICK_PPS : o->pps;
}

static void
start_sweep(struct ph_run_state *r, const struct ph_test_family *f)
{
	struct ph_sweeping_opts so = {
		.ports = f->ports.udp, .unbound = r->unbound_udp[f->v6], .to = f->to,
		.from = f->from, .exhaustive = r->o->exhaustive, .pps = pace(r->o),
		.unpaced = r->o->unpaced, .seed = r->o->seed,
	};
	struct ph_sweeping *s = &r->sweep[f->v6];
	int err;

	if (f->ports.udp->n == 0)
		return;
	err = ph_sweeping_start(&r->loop, r->session[f->v6], &so, s);
	r->swept[f->v6] = err == 0;
	if (err != 0) {
		ph_result_skip(r->mem, r->out, "UDP over %s: this computer gives no socket: %s",
		    f->v6 ? "IPv6" : "IPv4", strerror(-err));
		return;
	}
	s->on_done = on_part_done;
	s->arg = r;
	r->pending++;
}

static void
start_connecting(struct ph_run_state *r, const struct ph_test_family *f)
{
	struct ph_connecting_opts co = {
		.ports = f->ports.tcp, .unbound = ph_ranges_union(r->mem, r->unbound_tcp[f->v6],
		    ph_ranges_one(r->mem, r->o->port, r->o->port)),
		.whole = r->o->quick ? NULL : f->ports.tcp_whole,
		.to = f->to, .from = f->from, .rounds = ROUNDS, .tls = f->ports.tls,
		.key = r->o->key, .peer = r->o->peer,
		.gap_us = r->o->quick ? HOLD_QUICK_US : HOLD_US, .silence_us = SILENCE_US,
	};
	struct ph_connecting *c = &r->connect[f->v6];

	if (f->ports.tcp->n == 0)
		return;
	ph_connecting_start(&r->loop, r->session[f->v6], &co, c);
	c->on_done = on_part_done;
	c->arg = r;
	r->pending += c->done ? 0 : 1;
}

/* UDP ports from which the far end can send what it likes. */
static const struct ph_ranges *
leased(struct ph_run_state *r, int v6)
{
	uint16_t stun = ph_session_welcome(r->session[v6])->stun_port;

	return ph_ranges_subtract(r->mem, ph_ranges_subtract(r->mem, r->fam[v6].ports.udp,
	    r->unbound_udp[v6]), ph_ranges_one(r->mem, stun, stun));
}

/* Connections, too. */
static void
start_answering(struct ph_run_state *r, int v6)
{
	struct ph_answering_opts o = {
		.ports = r->fam[v6].ports.tcp_in, .to = r->fam[v6].to, .from = r->fam[v6].from,
	};
	struct ph_answering *x = &r->answering[v6];

	if (!r->active[v6] || o.ports->n == 0)
		return;
	r->answered[v6] = true;
	r->pending++;
	ph_answering_start(&r->loop, r->session[v6], &o, x);
	x->on_done = on_part_done;
	x->arg = r;
}

/*
 * The far end opens flows: before anything of ours has opened the way back, and never to
 * another address than that of the session.
 */
static void
begin_inbound(struct ph_run_state *r)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct ph_inbound_opts io = {
			.ports = r->fam[v6].ports.udp_in, .to = r->fam[v6].to,
			.from = r->fam[v6].from,
		};
		struct ph_inbound *x = &r->inbound[v6];

		start_answering(r, v6);
		if (!r->active[v6] || io.ports->n == 0)
			continue;
		io.bound = leased(r, v6);
		if (io.bound->n == 0)
			continue;
		r->heard[v6] = true;
		ph_inbound_start(&r->loop, r->session[v6], &io, x);
		x->on_done = on_part_done;
		x->arg = r;
		r->pending++;
	}
}

static void
end_inbound(struct ph_run_state *r)
{
	for (int v6 = 0; v6 < 2; v6++) {
		if (r->active[v6] && r->heard[v6])
			ph_inbound_end(&r->inbound[v6]);
		if (r->active[v6] && r->answered[v6])
			ph_answering_end(&r->answering[v6]);
	}
}

static void
test_inbound(struct ph_run_state *r)
{
	ph_run_phase(r, "letting the test server send first");
	r->waited = false;
	r->pending = 0;
	begin_inbound(r);
	if (r->pending > 0)
		ph_loop_until(&r->loop, &r->waited, ph_loop_now(&r->loop) + INBOUND_US);
	end_inbound(r);
}

static void
on_done(void *arg, bool ok, const char *why)
{
	struct ph_run_state *r = arg;

	(void)why;
	if (ok && --r->pending == 0)
		r->waited = true;
}

/*
 * A far end that is gone without a word leaves connections unanswered, too: it has to
 * show that it is alive before silence is held against the network.
 */
static void
is_there(struct ph_run_state *r)
{
	r->waited = false;
	r->pending = 0;
	for (int v6 = 0; v6 < 2; v6++)
		if (r->active[v6]) {
			r->pending++;
			ph_session_ping(r->session[v6], on_done, r);
		}
	ph_loop_until(&r->loop, &r->waited, ph_loop_now(&r->loop) + ALIVE_US);
	for (int v6 = 0; v6 < 2 && !r->waited; v6++)
		if (r->active[v6])
			ph_session_lost(r->session[v6]);
}

static void
test_ports(struct ph_run_state *r)
{
	uint64_t limit = r->o->exhaustive ? EXHAUSTIVE_US : r->o->quick ? PORTS_QUICK_US : PORTS_US;

	ph_run_phase(r, "trying the ports");
	r->waited = false;
	r->pending = 0;
	if (r->o->quick)	/* nothing is sent from the ports on which it listens */
		begin_inbound(r);
	for (int v6 = 0; v6 < 2; v6++)
		if (r->active[v6]) {
			start_sweep(r, &r->fam[v6]);
			start_connecting(r, &r->fam[v6]);
		}
	if (r->pending > 0)
		ph_loop_until(&r->loop, &r->waited, ph_loop_now(&r->loop) + limit);
	for (int v6 = 0; v6 < 2; v6++) {
		if (r->active[v6] && r->swept[v6])
			ph_sweeping_end(&r->sweep[v6]);
		if (r->active[v6])
			ph_connecting_end(&r->connect[v6]);
	}
	if (r->o->quick)
		end_inbound(r);
	is_there(r);
	for (int v6 = 0; v6 < 2; v6++)
		if (r->active[v6] && ph_session_failure(r->session[v6]) != NULL)
			ph_connecting_doubt(&r->connect[v6]);
}

/* The port of the control channel: it answers, so it is open. */
static void
add_control(struct ph_run_state *r, const struct ph_measured *f, struct ph_observed *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_NOT_TESTED && v[i].ports->n == 1 &&
		    v[i].ports->r[0].lo == r->o->port && v[i].ports->r[0].hi == r->o->port &&
		    r->session[f->v6] != NULL) {
			v[i].verdict = PH_OPEN;
			v[i].why = NULL;
			v[i].evidence.sent = v[i].evidence.received_out =
			    v[i].evidence.received_in = v[i].evidence.tries = 1;
		}
}

/* Ports of the longest range. */
static unsigned
widest(const struct ph_ranges *r)
{
	unsigned most = 0;

	for (size_t i = 0; i < r->n; i++) {
		unsigned n = (unsigned)(r->r[i].hi - r->r[i].lo) + 1;

		most = n > most ? n : most;
	}
	return most;
}

/* A rule of this computer that rejects sends its ICMP message from here to here. */
static void
own_rejections(struct ph_run_state *r, struct ph_measured *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct ph_observed *o = &f->v[i];

		if (o->verdict != PH_BLOCKED || !o->evidence.has_icmp ||
		    o->evidence.icmp_from != r->fam[f->v6].from)
			continue;
		o->by_host = true;
		o->why = "rejected by a firewall on this computer";
	}
}

static void
take_flow(struct ph_run_state *r, struct ph_measured *f)
{
	const struct ph_requirement *q = f->req;
	const struct ph_ranges *ports = q->ports != NULL ? q->ports :
	    ph_ranges_one(r->mem, 1, 65535);
	struct ph_observed *v = NULL;
	struct ph_sweep_stats st;
	unsigned between = 0;

	if (q->direction == PH_IN && q->proto == PH_UDP && r->heard[f->v6]) {
		between = ph_inbound_observed(r->mem, &r->inbound[f->v6], ports, &v, &f->n);
		f->sampled = between > 0;
		f->hole = between + 1;
	} else if (q->direction == PH_IN && q->proto == PH_TCP && r->answered[f->v6]) {
		between = ph_answering_observed(r->mem, &r->answering[f->v6], ports, &v, &f->n);
		f->sampled = between > 0;
		f->hole = between + 1;
	} else if (q->direction == PH_IN) {
		f->why = "the test server has no port to send from";
	} else if (q->proto == PH_UDP && r->swept[f->v6]) {
		between = ph_sweeping_observed(r->mem, &r->sweep[f->v6], ports,
		    r->fam[f->v6].thin, &v, &f->n);
		ph_sweep_stats(r->sweep[f->v6].engine, &st);
		f->hole = r->fam[f->v6].thin ? between + 1 : st.found_run;
		f->sampled = f->hole > 1 && widest(ports) > 2;
		f->rtt_us = (uint32_t)st.rtt_us;
		f->limit_pps = st.rate_limited ? st.limit_pps : 0;
	} else if (q->proto == PH_TCP) {
		f->rtt_us = ph_connecting_observed(r->mem, &r->connect[f->v6], ports, &v, &f->n,
		    &between);
		f->sampled = between > 0;
		f->hole = between + 1;
		add_control(r, f, v, f->n);
	} else {
		f->why = ph_arena_printf(r->mem, "%s cannot be tested",
		    ph_proto_name(q->proto) != NULL ? ph_proto_name(q->proto) : "this protocol");
	}
	f->v = v;
	own_rejections(r, f);
	if (f->n > 0)
		f->verdict = ph_result_sum(v, f->n);
	if (r->o->flow != NULL)
		r->o->flow(r->o->arg, f);
}

static void
take_flows(struct ph_run_state *r)
{
	for (size_t i = 0; i < r->out->n_flows; i++)
		if (r->active[r->out->flows[i].v6])
			take_flow(r, &r->out->flows[i]);
}

/*
 * A UDP port that is open both ways, for what is measured on one; 0: none.  Rather one that
 * is ours alone, since a public one tells less.
 */
uint16_t
ph_run_open_port(struct ph_run_state *r, int v6)
{
	uint16_t public = 0;
	size_t n;
	struct ph_sweep_run *run;

	if (!r->swept[v6])
		return 0;
	n = ph_sweep_result(r->sweep[v6].engine, NULL, 0);
	run = ph_arena_array(r->mem, n + 1, sizeof(*run));
	ph_sweep_result(r->sweep[v6].engine, run, n);
	for (size_t i = 0; i < n; i++) {
		if (run[i].verdict != PH_SWEEP_OPEN)
			continue;
		if (!ph_session_is_public(r->session[v6], run[i].lo))
			return run[i].lo;
		if (run[i].lo < run[i].hi)
			return (uint16_t)(run[i].lo + 1);
		public = run[i].lo;
	}
	return public;
}

/* The best way for media is the direct one, when all UDP that is needed gets through. */
static void
add_direct(struct ph_run_state *r)
{
	for (int v6 = 0; v6 < 2; v6++) {
		unsigned n = 0, open = 0, unsure = 0, partly = 0;

		for (size_t i = 0; i < r->out->n_flows; i++) {
			const struct ph_measured *f = &r->out->flows[i];

			if (f->v6 != (v6 != 0) || f->req->proto != PH_UDP ||
			    f->req->direction != PH_OUT || r->session[v6] == NULL)
				continue;
			n++;
			open += f->verdict == PH_OPEN;
			partly += f->verdict == PH_PARTLY;
			unsure += f->verdict == PH_UNKNOWN || f->verdict == PH_NOT_TESTED;
		}
		if (n == 0)
			continue;
		*PH_PUSH(r->mem, r->out->rungs, r->out->n_rungs, r->out->cap_rungs) =
		    (struct ph_rung){
			.transport = "direct", .server = r->o->via, .v6 = v6 != 0,
			.verdict = open == n ? PH_OPEN : open + unsure == n ? PH_UNKNOWN :
			    open + partly > 0 ? PH_PARTLY : PH_BLOCKED,
		};
		if (open == n)
			r->out->best = "direct";
	}
}

/* Everything but timers, for the families whose turn it is; their ports are bound. */
static void
measure_active(struct ph_run_state *r)
{
	bool all = !r->o->quick;

	if (all) {
		test_inbound(r);
		ph_run_begin_mapping(r);
	}
	test_ports(r);
	take_flows(r);
	if (all) {
		if (lost(r) == NULL)
			ph_run_paths(r);
		ph_run_end_mapping(r);
	}
	if (lost(r) == NULL)
		ph_run_locate(r);
	if (all && lost(r) == NULL)
		ph_run_signalling(r);
}

void
ph_run_release(struct ph_run_state *r, int v6)
{
	r->waited = false;
	r->pending = 1;
	ph_session_release(r->session[v6], on_done, r);
	ph_loop_until(&r->loop, &r->waited, ph_loop_now(&r->loop) + BIND_US);
}

struct one_port {
	struct ph_run_state *r;
	const char *why;
};

static void
on_one_bound(void *arg, const struct ph_session_bound *b)
{
	struct one_port *x = arg;

	if (b != NULL && b->failed != NULL && b->failed->n == 0)
		x->why = NULL;
	else if (b != NULL && b->why != NULL)
		x->why = b->why;
	x->r->waited = true;
}

bool
ph_run_bind(struct ph_run_state *r, int v6, enum ph_control_proto proto, uint16_t port,
    const char **why)
{
	struct one_port *x = PH_NEW(r->mem, struct one_port);

	*x = (struct one_port){ r, "the test server does not answer" };
	r->waited = false;
	ph_session_bind(r->session[v6], proto, ph_ranges_one(r->mem, port, port), on_one_bound, x);
	ph_loop_until(&r->loop, &r->waited, ph_loop_now(&r->loop) + BIND_US);
	*why = x->why;
	return x->why == NULL;
}

/* One after the other: the far end has no room for the ports of both. */
static void
measure_in_turn(struct ph_run_state *r)
{
	for (int v6 = 0; v6 < 2; v6++)
		ph_run_release(r, v6);
	for (int v6 = 0; v6 < 2 && lost(r) == NULL; v6++) {
		r->active[v6] = true;
		r->active[!v6] = false;
		bind_ports(r);
		measure_active(r);
		if (!v6 && lost(r) == NULL)
			ph_run_release(r, v6);
	}
}

static void
measure_families(struct ph_run_state *r)
{
	for (int v6 = 0; v6 < 2; v6++)
		r->active[v6] = r->session[v6] != NULL;
	bind_ports(r);
	if (r->full && r->active[0] && r->active[1] && lost(r) == NULL)
		measure_in_turn(r);
	else
		measure_active(r);
}

static void
measure(struct ph_run_state *r)
{
	measure_families(r);
	add_direct(r);
	if (lost(r) == NULL)
		ph_run_rungs(r);
	if (r->o->timers && lost(r) == NULL)
		ph_run_timers(r);
	else if (!r->o->timers)
		ph_result_skip(r->mem, r->out,
		    "how long idle UDP is remembered: --timers tests it");
	for (int v6 = 0; v6 < 2; v6++)
		r->out->intercepted |= r->connect[v6].intercepted;
	if (lost(r) != NULL)
		r->out->failure = ph_arena_printf(r->mem, "the test server was lost half-way: %s",
		    lost(r));
}

/* There is no responder: the relay alone. */
static void
measure_relay(struct ph_run_state *r)
{
	ph_run_rungs(r);
	if (r->o->timers && r->o->via == NULL)
		ph_run_timers(r);
}

void
ph_probe_run(struct ph_arena *mem, const struct ph_probe_opts *o,
    const struct ph_requirement *const *reqs, size_t n, struct ph_probe_result *out)
{
	struct ph_run_state *r = PH_NEW(mem, struct ph_run_state);

	*r = (struct ph_run_state){ .mem = mem, .o = o, .reqs = reqs, .n = n, .out = out };
	*out = (struct ph_probe_result){ .via = o->via };
	ph_plan_families(mem, o, reqs, n, r->fam);
	ph_plan_flows(mem, r->fam, reqs, n, out);
	if (ph_loop_init(&r->loop, mem) != 0) {
		out->failure = "this computer gives no event loop";
	} else {
		begin(r);
		leave_out(r);
		if (r->session[0] != NULL || r->session[1] != NULL)
			measure(r);
		else
			measure_relay(r);
		for (int v6 = 0; v6 < 2; v6++)
			if (r->session[v6] != NULL)
				ph_session_end(r->session[v6]);
		ph_loop_fini(&r->loop);
	}
	ph_result_judge(mem, out);
}
