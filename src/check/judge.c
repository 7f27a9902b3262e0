/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "check/check.h"

void
ph_check_untested(struct ph_arena *mem, struct ph_check *c, const char *fmt, ...)
{
	struct ph_buf b;
	va_list ap;

	ph_buf_init(&b, mem);
	va_start(ap, fmt);
	ph_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < c->n_untested; i++)
		if (strcmp(c->untested[i], b.s) == 0)
			return;
	*PH_PUSH(mem, c->untested, c->n_untested, c->cap_untested) = b.s;
}

const char *
ph_check_owner_word(enum ph_owner o)
{
	static const char *const word[] = {
		[PH_OWNER_NOBODY] = NULL, [PH_OWNER_HOST] = "host", [PH_OWNER_NETWORK] = "network",
		[PH_OWNER_PROVIDER] = "provider", [PH_OWNER_FAR_END] = "far-end",
		[PH_OWNER_UNKNOWN] = "unknown",
	};

	return word[o];
}

/* What a responder saw; owners as the probe names them. */
static void
take_probe(struct ph_arena *mem, const struct ph_probe_result *r, struct ph_check *c)
{
	c->r = *r;
	c->owners = ph_arena_array(mem, r->n_flows + 1, sizeof(*c->owners));
	for (size_t i = 0; i < r->n_flows; i++)
		for (size_t k = 0; k < r->flows[i].n; k++) {
			const struct ph_observed *o = &r->flows[i].v[k];

			if (o->verdict == PH_BLOCKED)
				c->owners[i] = o->by_host ? PH_OWNER_HOST : r->owner;
			else if (o->verdict != PH_OPEN && c->owners[i] == PH_OWNER_NOBODY)
				c->owners[i] = r->failure != NULL ? PH_OWNER_FAR_END :
				    PH_OWNER_UNKNOWN;
		}
	for (size_t i = 0; i < r->n_skipped; i++)
		ph_check_untested(mem, c, "%s", r->skipped[i]);
}

/* Verdicts again, from parts that were added; findings stay. */
static void
sum_up(struct ph_arena *mem, struct ph_check *c)
{
	struct ph_finding *findings = c->r.findings;
	size_t n = c->r.n_findings, cap = c->r.cap_findings;

	ph_result_judge(mem, &c->r);
	for (size_t i = 0; i < n; i++) {
		bool again = false;

		for (size_t k = 0; k < c->r.n_findings; k++)
			again |= strcmp(c->r.findings[k].id, findings[i].id) == 0;
		if (!again)
			*PH_PUSH(mem, c->r.findings, c->r.n_findings, c->r.cap_findings) =
			    findings[i];
	}
	(void)cap;
	for (size_t i = 0; i < c->r.n_findings; i++)
		c->r.degraded |= c->r.findings[i].degrades;
}

/* What was seen of one part: nobody outside counted for us what arrived there. */
static const char *
evidence(struct ph_arena *mem, const struct ph_observed *o)
{
	const struct ph_evidence *e = &o->evidence;
	char text[PH_ADDR_TEXT];
	struct ph_buf b;

	ph_buf_init(&b, mem);
	ph_buf_puts(&b, o->why != NULL ? o->why : "blocked");
	if (e->tries > 1)
		ph_buf_printf(&b, "; tried %u times", e->tries);
	if (e->has_icmp)
		ph_buf_printf(&b, "; rejected by %s (ICMP type %u code %u)",
		    ph_addr_format(e->icmp_from, text), e->icmp_type, e->icmp_code);
	else if (e->has_hop)
		ph_buf_printf(&b, "; last heard of at %s, step %u of the way",
		    ph_addr_format(e->hop, text), e->hop_ttl);
	return b.s;
}

/* What public servers showed to be shut on the way, of flows that somebody needs. */
static void
collect_asks(struct ph_arena *mem, struct ph_check *c)
{
	struct ph_ask *v = NULL;
	size_t cap = 0;

	c->r.n_asks = 0;
	for (size_t i = 0; i < c->r.n_flows; i++) {
		const struct ph_measured *m = &c->r.flows[i];

		for (size_t k = 0; k < m->n; k++)
			if (m->v[k].verdict == PH_BLOCKED && !m->v[k].by_host)
				*PH_PUSH(mem, v, c->r.n_asks, cap) = (struct ph_ask){
					.req = m->req, .ports = m->v[k].ports, .v6 = m->v6,
					.evidence = evidence(mem, &m->v[k]),
				};
	}
	c->r.asks = v;
}

/* What the administrator should look at, though nothing proves that it is shut. */
static void
collect_doubts(struct ph_arena *mem, struct ph_check *c)
{
	for (size_t i = 0; i < c->r.n_flows; i++) {
		const struct ph_measured *m = &c->r.flows[i];

		if (!m->counts || c->owners[i] == PH_OWNER_FAR_END)
			continue;
		if (m->n == 0)
			*PH_PUSH(mem, c->doubts, c->n_doubts, c->cap_doubts) =
			    (struct ph_check_doubt){ m->req, m->req->ports, m->v6,
			    m->why != NULL ? m->why : "not tested" };
		for (size_t k = 0; k < m->n; k++)
			if (m->v[k].verdict == PH_UNKNOWN || m->v[k].verdict == PH_NOT_TESTED)
				*PH_PUSH(mem, c->doubts, c->n_doubts, c->cap_doubts) =
				    (struct ph_check_doubt){ m->req, m->v[k].ports, m->v6,
				    m->v[k].why != NULL ? m->v[k].why : "not tested" };
	}
}

static void
say_untested(struct ph_arena *mem, const struct ph_public *open, struct ph_check *c)
{
	if (!c->own.read)
		ph_check_untested(mem, c, "this computer's own firewall could not be read: %s; "
		    "so it is not known whether it shuts ports that were not tried, or calls "
		    "from outside", c->own.why);
	for (int v6 = 0; v6 < 2 && open != NULL; v6++)
		if (open->no_family[v6] != NULL && open->n_ends > 0)
			ph_check_untested(mem, c, "%s: %s", v6 ? "IPv6" : "IPv4",
			    open->no_family[v6]);
	if (open == NULL)
		return;
	ph_check_untested(mem, c, "sound and picture as in a call, how long the firewall remembers "
	    "a silent call, and calls that come in: they take a test server outside the "
	    "network (pinhole serve, then --via)");
}

void
ph_check_judge(struct ph_arena *mem, const struct ph_check_input *in, struct ph_check *c)
{
	*c = (struct ph_check){
		.own = in->own, .responder = in->probe != NULL, .request = in->request,
	};
	if (in->probe != NULL)
		take_probe(mem, in->probe, c);
	else
		ph_check_ends(mem, in->open, c);
	if (c->own.read)
		ph_check_own_rules(mem, c);
	sum_up(mem, c);
	if (!c->responder)
		collect_asks(mem, c);
	collect_doubts(mem, c);
	say_untested(mem, in->open, c);
	ph_check_speak(mem, c, in->open);
}

int
ph_check_exit(const struct ph_check *c)
{
	return ph_result_exit(&c->r);
}
