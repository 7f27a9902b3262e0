/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "os/udp.h"
#include "probe/idling.h"
#include "probe/mapping.h"
#include "probe/measuring.h"
#include "probe/ordering.h"
#include "probe/run.h"
#include "probe/streaming.h"

enum {
	PATH_US = 6000000, STREAM_MS = 4000, STREAM_LATE_US = 3000000, BLOCKS_US = 4000000,
	MAPPING_US = 9000000, LEAST_WAIT_US = 300000, MAX_LOCATED = 3,
};

static uint64_t
patience(struct ph_run_state *r, int v6)
{
	struct ph_sweep_stats st;

	ph_sweep_stats(r->sweep[v6].engine, &st);
	return st.rtt_us * 3 > LEAST_WAIT_US ? st.rtt_us * 3 : LEAST_WAIT_US;
}

/* Runs until both are done, or the time is over. */
static void
wait_both(struct ph_run_state *r, const bool *a, const bool *b, uint64_t us)
{
	uint64_t at = ph_loop_now(&r->loop) + us;

	ph_loop_until(&r->loop, a, at);
	ph_loop_until(&r->loop, b, at);
}

/* Sound both ways, when nothing else disturbs it. */
static void
stream(struct ph_run_state *r, int v6, uint16_t port, struct ph_path_seen *p)
{
	struct ph_streaming_opts so = {
		.to = r->fam[v6].to, .from = r->fam[v6].from, .port = port,
		.duration_ms = STREAM_MS,
	};
	struct ph_streaming *x = PH_NEW(r->mem, struct ph_streaming);

	ph_run_phase(r, "sending what a call would send");
	if (ph_streaming_start(&r->loop, r->session[v6], &so, x) != 0)
		return;
	ph_loop_until(&r->loop, &x->done, ph_loop_now(&r->loop) + STREAM_MS * 1000 +
	    STREAM_LATE_US);
	ph_streaming_end(x);
	ph_streaming_result(x, p);
	if (!p->stream[0].tested)
		ph_result_skip(r->mem, r->out, "sound over %s: %s", v6 ? "IPv6" : "IPv4",
		    p->stream[0].why);
}

/* What translation does, beside the other tests; NULL when it cannot be asked. */
static struct ph_mapping *
begin_mapping(struct ph_run_state *r, int v6)
{
	const struct ph_control_welcome *w = ph_session_welcome(r->session[v6]);
	struct ph_stun_addr server = { r->fam[v6].to, w->stun_port };
	struct ph_mapping *x = PH_NEW(r->mem, struct ph_mapping);

	if (w->stun_port == 0)
		ph_result_skip(r->mem, r->out, "address translation over %s: the responder has "
		    "no STUN server", v6 ? "IPv6" : "IPv4");
	return w->stun_port != 0 &&
	    ph_mapping_start(&r->loop, server, r->fam[v6].from, x) == 0 ? x : NULL;
}

static void
finish_mapping(struct ph_run_state *r, int v6, struct ph_mapping *x)
{
	struct ph_nat_seen *seen = &r->out->nat[v6];

	ph_run_phase(r, "asking how addresses are translated");
	ph_loop_until(&r->loop, &x->done, ph_loop_now(&r->loop) + MAPPING_US);
	ph_mapping_end(x);
	ph_mapping_result(x, seen);
	if (!seen->tested)
		ph_result_skip(r->mem, r->out, "address translation over %s: %s",
		    v6 ? "IPv6" : "IPv4", seen->why);
}

/* Packet sizes, marks and sound, on a port that is open. */
static void
run_path(struct ph_run_state *r, int v6, uint16_t port)
{
	struct ph_path_seen *p = &r->out->paths[v6];
	struct ph_measuring_opts mo = {
		.to = r->fam[v6].to, .from = r->fam[v6].from, .port = port,
		.wait_us = patience(r, v6),
	};
	struct ph_sizing *size = PH_NEW(r->mem, struct ph_sizing);
	struct ph_marking *mark = PH_NEW(r->mem, struct ph_marking);
	struct ph_sweep_stats st;

	if (ph_sizing_start(&r->loop, r->session[v6], &mo, size) != 0)
		return;
	if (ph_marking_start(&r->loop, r->session[v6], &mo, mark) != 0) {
		ph_sizing_end(size);
		return;
	}
	wait_both(r, &size->done, &mark->done, PATH_US);
	ph_sizing_end(size);
	ph_marking_end(mark);
	ph_sweep_stats(r->sweep[v6].engine, &st);
	*p = (struct ph_path_seen){ .tested = true, .v6 = v6 != 0, .rtt_us = (uint32_t)st.rtt_us };
	ph_sizing_result(size, p);
	ph_marking_result(r->mem, mark, p);
	stream(r, v6, port, p);
}

void
ph_run_paths(struct ph_run_state *r)
{
	struct ph_mapping *mapping[2] = { NULL, NULL };

	for (int v6 = 0; v6 < 2; v6++)
		if (r->active[v6])
			mapping[v6] = begin_mapping(r, v6);
	for (int v6 = 0; v6 < 2; v6++)
		if (r->active[v6] && ph_run_open_port(r, v6) != 0 &&
		    ph_session_failure(r->session[v6]) == NULL) {
			ph_run_phase(r, "measuring the path");
			run_path(r, v6, ph_run_open_port(r, v6));
		}
	for (int v6 = 0; v6 < 2; v6++)
		if (mapping[v6] != NULL)
			finish_mapping(r, v6, mapping[v6]);
}

/* Where the packets of one blocked run end. */
static void
locate(struct ph_run_state *r, const struct ph_measured *f, struct ph_observed *o, uint16_t control)
{
	struct ph_locating *x = PH_NEW(r->mem, struct ph_locating);
	struct ph_measuring_opts mo = {
		.to = r->fam[f->v6].to, .from = r->fam[f->v6].from, .port = control,
		.wait_us = patience(r, f->v6),
	};

	if (ph_locating_start(&r->loop, r->session[f->v6], &mo, (uint16_t)o->ports->r[0].lo,
	    ph_session_welcome(r->session[f->v6])->seen, x) != 0)
		return;
	ph_loop_until(&r->loop, &x->done, ph_loop_now(&r->loop) + BLOCKS_US);
	ph_locating_end(x);
	ph_locating_result(x, &o->evidence);
}

void
ph_run_locate(struct ph_run_state *r)
{
	unsigned n = 0;

	ph_run_phase(r, "finding where packets end");
	for (size_t i = 0; i < r->out->n_flows; i++) {
		struct ph_measured *f = &r->out->flows[i];
		uint16_t control = ph_run_open_port(r, f->v6);

		if (f->req->proto != PH_UDP || f->req->direction != PH_OUT ||
		    !r->active[f->v6] || control == 0)
			continue;	/* silence tells where only beside a flow that works */
		for (size_t k = 0; k < f->n && n < MAX_LOCATED; k++) {
			struct ph_observed *o = &f->v[k];

			if (o->verdict != PH_BLOCKED || o->by_host || o->evidence.has_icmp ||
			    o->way == PH_WAY_BACK || !r->swept[f->v6])
				continue;
			locate(r, f, o, control);
			n++;
		}
	}
}

/* With a relay in the place of a responder; of the first family in which it works. */
static void
time_relay(struct ph_run_state *r)
{
	const struct ph_ranges *addrs = r->o->turn.addrs;
	const char *why = "the relay has no address that can be reached";

	for (size_t i = 0; i < addrs->n && !r->out->timers.tested; i++) {
		struct ph_ordering_opts o = {
			.server = { addrs->r[i].lo, r->o->turn.port }, .turn = &r->o->turn,
			.stop_at_s = r->o->stop_at_s, .cap_s = r->o->cap_s,
		};
		struct ph_ordering *x = PH_NEW(r->mem, struct ph_ordering);
		bool v6 = !ph_addr_is_v4(o.server.addr);

		if ((v6 ? r->o->only_v4 : r->o->only_v6) ||
		    ph_udp_source(o.server.addr, &o.from) < 0)
			continue;
		ph_run_phase(r, "waiting until the firewall forgets idle connections");
		if (ph_ordering_start(&r->loop, &o, x) != 0) {
			why = "not enough sockets";
			continue;
		}
		ph_loop_until(&r->loop, &x->done, UINT64_MAX);
		why = x->why;
		if (why == NULL)
			ph_idling_told(ph_ladder_result(x->engine), v6, &r->out->timers);
	}
	if (!r->out->timers.tested)
		ph_result_skip(r->mem, r->out, "timers with the relay: %s", why);
}

void
ph_run_timers(struct ph_run_state *r)
{
	if (r->o->via == NULL) {
		time_relay(r);
		return;
	}
	for (int v6 = 0; v6 < 2 && !r->out->timers.tested; v6++) {
		uint16_t port = ph_run_open_port(r, v6);
		struct ph_idling_opts io = {
			.to = r->fam[v6].to, .from = r->fam[v6].from, .port = port,
			.stop_at_s = r->o->stop_at_s, .cap_s = r->o->cap_s,
		};
		struct ph_idling *x = PH_NEW(r->mem, struct ph_idling);
		int err;

		if (r->session[v6] == NULL || port == 0)
			continue;
		r->active[v6] = true;
		r->active[!v6] = false;
		ph_run_bind_udp(r, v6, port);
		ph_run_phase(r, "waiting until the firewall forgets idle connections");
		err = ph_idling_start(&r->loop, r->session[v6], &io, x);
		if (err != 0) {
			ph_result_skip(r->mem, r->out, "timers: not enough sockets: %s",
			    strerror(-err));
			return;
		}
		ph_loop_until(&r->loop, &x->done, UINT64_MAX);
		ph_idling_result(x, &r->out->timers);
	}
	if (!r->out->timers.tested)
		ph_result_skip(r->mem, r->out, "timers: no UDP port is open both ways");
}
