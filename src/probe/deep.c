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
	PATH_US = 6000000, STREAM_MS = 4000, STREAM_LATE_US = 3000000,
	BLOCKS_US = 4000000, BLOCKS_QUICK_US = 1200000,
	MAPPING_US = 9000000, LEAST_WAIT_US = 300000,
	LOCATED = 3, LOCATED_QUICK = 1,	/* blocked runs of one family */
};

static uint64_t
patience(struct ph_run_state *r, int v6)
{
	struct ph_sweep_stats st;

	ph_sweep_stats(r->sweep[v6].engine, &st);
	return st.rtt_us * 3 > LEAST_WAIT_US ? st.rtt_us * 3 : LEAST_WAIT_US;
}

/* What is measured of one family on a port that is open. */
struct path {
	struct ph_sizing size;
	struct ph_marking mark;
	struct ph_streaming stream;
	bool begun, streams;
	uint16_t port;
};

void
ph_run_begin_mapping(struct ph_run_state *r)
{
	for (int v6 = 0; v6 < 2; v6++) {
		uint16_t port;

		if (!r->active[v6])
			continue;
		port = ph_session_welcome(r->session[v6])->stun_port;
		r->mapping[v6] = PH_NEW(r->mem, struct ph_mapping);
		if (port == 0)
			ph_result_skip(r->mem, r->out, "address translation over %s: the test "
			    "server has no STUN server", v6 ? "IPv6" : "IPv4");
		if (port == 0 || ph_mapping_start(&r->loop,
		    (struct ph_stun_addr){ r->fam[v6].to, port }, r->fam[v6].from,
		    r->mapping[v6]) != 0)
			r->mapping[v6] = NULL;
	}
}

void
ph_run_end_mapping(struct ph_run_state *r)
{
	uint64_t at = ph_loop_now(&r->loop) + MAPPING_US;

	ph_run_phase(r, "asking how addresses are translated");
	for (int v6 = 0; v6 < 2; v6++) {
		struct ph_nat_seen *seen = &r->out->nat[v6];

		if (!r->active[v6] || r->mapping[v6] == NULL)
			continue;
		if (ph_session_failure(r->session[v6]) == NULL)
			ph_loop_until(&r->loop, &r->mapping[v6]->done, at);
		ph_mapping_end(r->mapping[v6]);
		ph_mapping_result(r->mapping[v6], seen);
		if (!seen->tested)
			ph_result_skip(r->mem, r->out, "address translation over %s: %s",
			    v6 ? "IPv6" : "IPv4", seen->why);
	}
}

static void
begin_path(struct ph_run_state *r, int v6, struct path *p)
{
	struct ph_measuring_opts mo = {
		.to = r->fam[v6].to, .from = r->fam[v6].from,
		.port = ph_run_open_port(r, v6),
	};

	p->port = mo.port;
	if (p->port == 0 || ph_session_failure(r->session[v6]) != NULL)
		return;
	mo.wait_us = patience(r, v6);
	if (ph_sizing_start(&r->loop, r->session[v6], &mo, &p->size) != 0)
		return;
	p->begun = ph_marking_start(&r->loop, r->session[v6], &mo, &p->mark) == 0;
	if (!p->begun)
		ph_sizing_end(&p->size);
}

static void
end_path(struct ph_run_state *r, int v6, struct path *p)
{
	struct ph_path_seen *seen = &r->out->paths[v6];
	struct ph_sweep_stats st;

	ph_sizing_end(&p->size);
	ph_marking_end(&p->mark);
	ph_sweep_stats(r->sweep[v6].engine, &st);
	*seen = (struct ph_path_seen){
		.tested = true, .v6 = v6 != 0, .rtt_us = (uint32_t)st.rtt_us,
	};
	ph_sizing_result(&p->size, seen);
	ph_marking_result(r->mem, &p->mark, seen);
}

/* Sound both ways, when no other test disturbs it: a call's, once over each family. */
static void
stream(struct ph_run_state *r, struct path path[2])
{
	uint64_t at = ph_loop_now(&r->loop) + STREAM_MS * 1000 + STREAM_LATE_US;

	ph_run_phase(r, "sending what a call would send");
	for (int v6 = 0; v6 < 2; v6++) {
		struct ph_streaming_opts so = {
			.to = r->fam[v6].to, .from = r->fam[v6].from, .port = path[v6].port,
			.duration_ms = STREAM_MS,
		};

		path[v6].streams = path[v6].begun && ph_streaming_start(&r->loop,
		    r->session[v6], &so, &path[v6].stream) == 0;
	}
	for (int v6 = 0; v6 < 2; v6++) {
		struct ph_path_seen *seen = &r->out->paths[v6];

		if (!path[v6].streams)
			continue;
		ph_loop_until(&r->loop, &path[v6].stream.done, at);
		ph_streaming_end(&path[v6].stream);
		ph_streaming_result(&path[v6].stream, seen);
		if (!seen->stream[0].tested)
			ph_result_skip(r->mem, r->out, "sound over %s: %s",
			    v6 ? "IPv6" : "IPv4", seen->stream[0].why);
	}
}

void
ph_run_paths(struct ph_run_state *r)
{
	struct path *path = ph_arena_array(r->mem, 2, sizeof(*path));
	uint64_t at = ph_loop_now(&r->loop) + PATH_US;

	for (int v6 = 0; v6 < 2; v6++)
		if (r->active[v6])
			begin_path(r, v6, &path[v6]);
	if (!path[0].begun && !path[1].begun)
		return;
	ph_run_phase(r, "measuring the path");
	for (int v6 = 0; v6 < 2; v6++)
		if (path[v6].begun) {
			ph_loop_until(&r->loop, &path[v6].size.done, at);
			ph_loop_until(&r->loop, &path[v6].mark.done, at);
			end_path(r, v6, &path[v6]);
		}
	stream(r, path);
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
	ph_loop_until(&r->loop, &x->done, ph_loop_now(&r->loop) +
	    (r->o->quick ? BLOCKS_QUICK_US : BLOCKS_US));
	ph_locating_end(x);
	ph_locating_result(x, &o->evidence);
}

void
ph_run_locate(struct ph_run_state *r)
{
	unsigned n[2] = { 0, 0 }, most = r->o->quick ? LOCATED_QUICK : LOCATED;

	ph_run_phase(r, "finding where packets end");
	for (size_t i = 0; i < r->out->n_flows; i++) {
		struct ph_measured *f = &r->out->flows[i];
		uint16_t control = ph_run_open_port(r, f->v6);

		if (f->req->proto != PH_UDP || f->req->direction != PH_OUT ||
		    !r->active[f->v6] || control == 0)
			continue;	/* silence tells where only beside a flow that works */
		for (size_t k = 0; k < f->n && n[f->v6] < most; k++) {
			struct ph_observed *o = &f->v[k];

			if (o->verdict != PH_BLOCKED || o->by_host || o->evidence.has_icmp ||
			    o->way == PH_WAY_BACK || !r->swept[f->v6])
				continue;
			locate(r, f, o, control);
			n[f->v6]++;
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
