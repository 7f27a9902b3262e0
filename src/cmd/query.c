/* SPDX-License-Identifier: ISC */
#include "audit/audit.h"
#include "cmd/answer.h"
#include "cmd/values.h"
#include "net/names.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_FROM, PH_OPT_TO, PH_OPT_UDP, PH_OPT_TCP, PH_OPT_ICMP,
	PH_OPT_SPORT, PH_OPT_IN, PH_OPT_OUT, PH_OPT_HOST, PH_OPT_UID, PH_OPT_ADDR,
	PH_OPT_DIALECT, PH_OPT_IPSET, PH_OPT_W, PH_OPT_E, PH_OPT_JSON,
	PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

struct ends {
	const struct ph_ranges *from, *to;
};

static bool
read_ends(struct ph_run *run, struct ends *e)
{
	const char *from = ph_opt_last(&run->args, PH_OPT_FROM);
	const char *to = ph_opt_last(&run->args, PH_OPT_TO);

	if (from == NULL || to == NULL) {
		ph_run_usage(run, "%s ADDRS is missing", from == NULL ? "--from" : "--to");
		return false;
	}
	return ph_values_addrs(run, "--from", from, &e->from) &&
	    ph_values_addrs(run, "--to", to, &e->to);
}

static const struct ph_ranges *
family(struct ph_arena *mem, const struct ph_ranges *r, bool v6)
{
	struct ph_range f = v6 ? PH_ANY_V6 : PH_ANY_V4;

	return ph_ranges_intersect(mem, r, ph_ranges_one(mem, f.lo, f.hi));
}

/* ICMP belongs to IPv4, unless that leaves nobody to speak. */
static bool
read_icmp(struct ph_run *run, const char *text, struct ends *e, struct ph_requirement *r)
{
	const struct ph_ranges *from = family(&run->mem, e->from, false);
	const struct ph_ranges *to = family(&run->mem, e->to, false);
	bool v6 = ph_ranges_empty(from) || ph_ranges_empty(to);

	e->from = v6 ? family(&run->mem, e->from, true) : from;
	e->to = v6 ? family(&run->mem, e->to, true) : to;
	r->proto = v6 ? PH_ICMPV6 : PH_ICMP;
	return ph_values_icmp(run, text, v6, &r->ports, &r->sports);
}

/* Exactly one of --udp, --tcp and --icmp. */
static bool
read_protocol(struct ph_run *run, struct ends *e, struct ph_requirement *r)
{
	const char *udp = ph_opt_last(&run->args, PH_OPT_UDP);
	const char *tcp = ph_opt_last(&run->args, PH_OPT_TCP);
	const char *icmp = ph_opt_last(&run->args, PH_OPT_ICMP);
	const char *sport = ph_opt_last(&run->args, PH_OPT_SPORT);

	if ((udp != NULL) + (tcp != NULL) + (icmp != NULL) != 1) {
		ph_run_usage(run, "say one of --udp PORTS, --tcp PORTS, --icmp TYPE");
		return false;
	}
	if (icmp != NULL && sport != NULL) {
		ph_run_usage(run, "ICMP has no source port");
		return false;
	}
	if (icmp != NULL)
		return read_icmp(run, icmp, e, r);
	r->proto = udp != NULL ? PH_UDP : PH_TCP;
	if (!ph_values_ports(run, udp != NULL ? "--udp" : "--tcp",
	    udp != NULL ? udp : tcp, &r->ports))
		return false;
	return sport == NULL || ph_values_ports(run, "--sport", sport, &r->sports);
}

/* Are these the firewall's own addresses? */
static bool
is_local(const struct ph_ruleset *rs, const struct ph_ranges *who)
{
	for (const struct ph_iface *i = rs->ifaces; i != NULL && who != NULL; i = i->next)
		if (i->addrs != NULL && ph_ranges_subset(who, i->addrs))
			return true;
	return false;
}

/*
 * With --host the firewall is one end: the far one when the flow arrives
 * somewhere (--in) or goes to its own address, else the one that opens it.
 */
static void
set_sides(struct ph_run *run, const struct ph_ruleset *rs, const struct ends *e,
    struct ph_requirement *r, struct ph_sides *s)
{
	const char *const *in, *const *out;
	size_t n_in = ph_opt_all(&run->mem, &run->args, PH_OPT_IN, &in);
	size_t n_out = ph_opt_all(&run->mem, &run->args, PH_OPT_OUT, &out);
	bool to_host;

	s->host = ph_opt_given(&run->args, PH_OPT_HOST);
	to_host = s->host && n_out == 0 && (n_in > 0 || is_local(rs, e->to));
	r->direction = to_host ? PH_IN : PH_OUT;
	s->inside = s->host ? NULL : in;
	s->n_inside = s->host ? 0 : n_in;
	s->outside = to_host ? in : out;
	s->n_outside = to_host ? n_in : n_out;
	r->clients = to_host ? e->to : e->from;
	r->far = to_host ? e->from : e->to;
}

static int
run_query(struct ph_run *run)
{
	struct ph_requirement r = {
		.service = "query", .flow = "flow", .need = PH_REQUIRED,
		.initiator = PH_BY_CLIENT,
	};
	const struct ph_requirement *v[] = { &r };
	struct ph_requirements reqs = { .v = v, .n = 1 };
	struct ph_audit_opts o = { .skip_wide = true };
	struct ph_ruleset rs;
	struct ends e;
	int err;

	if (!read_ends(run, &e) || !read_protocol(run, &e, &r) ||
	    !ph_answer_uid(run, &o.uid))
		return PH_EXIT_USAGE;
	err = ph_run_firewall(run, run->args.pos[0], &rs);
	if (err != 0)
		return err;
	set_sides(run, &rs, &e, &r, &o.sides);
	ph_requirement_seal(&run->mem, &r);
	return ph_answer_audit(run, &rs, &reqs, &o, NULL);
}

const struct ph_cmd ph_cmd_query = {
	.name = "query",
	.args = "FIREWALL",
	.title = "say whether one flow of your own gets through, and by which line",
	.about = "Follows every packet of one flow, and its answers, through the "
	    "configuration. Needs --from, --to and one of --udp, --tcp and --icmp.",
	.opts = opts,
	.min_args = 1, .max_args = 1,
	.first = PH_WORDS_FILE,
	.run = run_query,
};
