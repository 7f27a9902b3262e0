/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "probe/meddling.h"
#include "probe/run.h"

/*
 * Which calls are made: each protocol that a service of this run speaks, over each
 * transport, on its own port; and the controls.
 */
enum { NEUTRAL = 10000, SIPS_PORT = 5061 };	/* a port no gateway knows is so much higher */

static const struct row {
	const char *protocol;		/* as the catalog has it */
	const char *transport;
	enum ph_control_proto proto;
	uint16_t port;
} rows[] = {
	{ "sip", "udp", PH_CONTROL_SIP_UDP, 5060 },
	{ "sip", "tcp", PH_CONTROL_SIP_TCP, 5060 },
	{ "h323", "udp", PH_CONTROL_RAS, 1719 },
	{ "h323", "tcp", PH_CONTROL_H225, 1720 },
};

static bool
is_spoken(const struct ph_run_state *r, const char *protocol)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->reqs[i]->alg_protocol != NULL &&
		    strcmp(r->reqs[i]->alg_protocol, protocol) == 0)
			return true;
	return false;
}

/* One call; false, with the reason, when it could not be made. */
static bool
call(struct ph_run_state *r, int v6, enum ph_control_proto proto, uint16_t port,
    struct ph_meddling *m)
{
	struct ph_meddling_opts o = {
		.to = r->fam[v6].to, .from = r->fam[v6].from, .proto = proto, .port = port,
		.key = r->o->key, .peer = r->o->peer,
		.id = ph_loop_now(&r->loop) * 2654435761u + port,
	};

	*m = (struct ph_meddling){ 0 };
	if (!ph_run_bind(r, v6, proto, port, &m->why)) {
		m->why = ph_arena_printf(r->mem, "the test server cannot use port %u: %s",
		    (unsigned)port, m->why);
		return false;
	}
	ph_meddling_try(&r->loop, r->session[v6], &o, m);
	return true;
}

/* Differences with a name, as the report has them. */
static void
add_changes(struct ph_run_state *r, struct ph_alg *a, const struct ph_alg_try *t)
{
	struct ph_alg_change *v = ph_arena_array(r->mem, t->diffs.n + 1, sizeof(*v));

	for (size_t i = 0; i < t->diffs.n; i++)
		v[i] = (struct ph_alg_change){
			t->diffs.v[i].field, t->diffs.v[i].before, t->diffs.v[i].after,
		};
	a->changes = v;
	a->n_changes = t->diffs.n;
}

static void
add(struct ph_run_state *r, int v6, const struct row *row, bool out, const struct ph_alg_try *t,
    const struct ph_alg_found *f)
{
	static const enum ph_verdict verdict[] = {
		[PH_ALG_NONE] = PH_OPEN, [PH_ALG_REWRITES] = PH_PARTLY,
		[PH_ALG_DROPS] = PH_BLOCKED, [PH_ALG_UNKNOWN] = PH_UNKNOWN,
	};
	struct ph_alg *a = PH_PUSH(r->mem, r->out->algs, r->out->n_algs, r->out->cap_algs);

	*a = (struct ph_alg){
		.protocol = row->protocol, .transport = row->transport, .port = row->port,
		.v6 = v6 != 0, .outbound = out, .verdict = verdict[f->verdict], .why = f->why,
	};
	if (f->verdict == PH_ALG_REWRITES)
		add_changes(r, a, t);
}

static void
judge(struct ph_run_state *r, int v6, const struct row *row, const struct ph_meddling *m,
    const struct ph_meddling *other, const struct ph_meddling *tls)
{
	struct ph_alg_found f = ph_alg_judge(&m->out, other->why == NULL ? &other->out : NULL,
	    tls != NULL && tls->why == NULL ? &tls->out : NULL);

	if (m->why != NULL && f.verdict == PH_ALG_UNKNOWN)
		f.why = m->why;
	add(r, v6, row, true, &m->out, &f);
	if (!m->tried_in)
		return;
	f = ph_alg_judge(&m->in, other->tried_in ? &other->in : NULL,
	    tls != NULL && tls->tried_in ? &tls->in : NULL);
	add(r, v6, row, false, &m->in, &f);
}

static void
try_family(struct ph_run_state *r, int v6)
{
	struct ph_meddling tls, m, other;
	bool encrypted = is_spoken(r, "sip") && call(r, v6, PH_CONTROL_SIP_TLS, SIPS_PORT, &tls);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];

		if (!is_spoken(r, row->protocol))
			continue;
		if (!call(r, v6, row->proto, row->port, &m)) {
			ph_result_skip(r->mem, r->out, "%s over %s: %s", row->protocol,
			    row->transport, m.why);
			continue;
		}
		call(r, v6, row->proto, (uint16_t)(row->port + NEUTRAL), &other);
		judge(r, v6, row, &m, &other,
		    encrypted && strcmp(row->protocol, "sip") == 0 ? &tls : NULL);
	}
}

void
ph_run_signalling(struct ph_run_state *r)
{
	if (!is_spoken(r, "sip") && !is_spoken(r, "h323"))
		return;
	ph_run_phase(r, "calling, and comparing what arrives");
	for (int v6 = 0; v6 < 2; v6++)
		if (r->active[v6] && ph_session_failure(r->session[v6]) == NULL) {
			ph_run_release(r, v6);
			try_family(r, v6);
		}
}
