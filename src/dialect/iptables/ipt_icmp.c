/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"
#include "net/names.h"

/*
 * DOC: ICMP types
 *
 *	--icmp-type NAME | TYPE | TYPE/CODE | any	with -p icmp
 *	--icmpv6-type NAME | TYPE | TYPE/CODE		with -p ipv6-icmp
 *
 * Names as iptables knows them; a name may mean all codes of a type.
 */

struct type {
	const char *name;
	uint8_t type, lo, hi;		/* codes */
};

static const struct type types4[] = {
	{ "echo-reply", 0, 0, 255 },
	{ "pong", 0, 0, 255 },
	{ "destination-unreachable", 3, 0, 255 },
	{ "network-unreachable", 3, 0, 0 },
	{ "host-unreachable", 3, 1, 1 },
	{ "protocol-unreachable", 3, 2, 2 },
	{ "port-unreachable", 3, 3, 3 },
	{ "fragmentation-needed", 3, 4, 4 },
	{ "source-route-failed", 3, 5, 5 },
	{ "network-unknown", 3, 6, 6 },
	{ "host-unknown", 3, 7, 7 },
	{ "network-prohibited", 3, 9, 9 },
	{ "host-prohibited", 3, 10, 10 },
	{ "TOS-network-unreachable", 3, 11, 11 },
	{ "TOS-host-unreachable", 3, 12, 12 },
	{ "communication-prohibited", 3, 13, 13 },
	{ "host-precedence-violation", 3, 14, 14 },
	{ "precedence-cutoff", 3, 15, 15 },
	{ "source-quench", 4, 0, 255 },
	{ "redirect", 5, 0, 255 },
	{ "network-redirect", 5, 0, 0 },
	{ "host-redirect", 5, 1, 1 },
	{ "TOS-network-redirect", 5, 2, 2 },
	{ "TOS-host-redirect", 5, 3, 3 },
	{ "echo-request", 8, 0, 255 },
	{ "ping", 8, 0, 255 },
	{ "router-advertisement", 9, 0, 255 },
	{ "router-solicitation", 10, 0, 255 },
	{ "time-exceeded", 11, 0, 255 },
	{ "ttl-exceeded", 11, 0, 255 },
	{ "ttl-zero-during-transit", 11, 0, 0 },
	{ "ttl-zero-during-reassembly", 11, 1, 1 },
	{ "parameter-problem", 12, 0, 255 },
	{ "ip-header-bad", 12, 0, 0 },
	{ "required-option-missing", 12, 1, 1 },
	{ "timestamp-request", 13, 0, 255 },
	{ "timestamp-reply", 14, 0, 255 },
	{ "address-mask-request", 17, 0, 255 },
	{ "address-mask-reply", 18, 0, 255 },
};

static const struct type types6[] = {
	{ "destination-unreachable", 1, 0, 255 },
	{ "no-route", 1, 0, 0 },
	{ "communication-prohibited", 1, 1, 1 },
	{ "beyond-scope", 1, 2, 2 },
	{ "address-unreachable", 1, 3, 3 },
	{ "port-unreachable", 1, 4, 4 },
	{ "failed-policy", 1, 5, 5 },
	{ "reject-route", 1, 6, 6 },
	{ "packet-too-big", 2, 0, 255 },
	{ "time-exceeded", 3, 0, 255 },
	{ "ttl-exceeded", 3, 0, 255 },
	{ "ttl-zero-during-transit", 3, 0, 0 },
	{ "ttl-zero-during-reassembly", 3, 1, 1 },
	{ "parameter-problem", 4, 0, 255 },
	{ "bad-header", 4, 0, 0 },
	{ "unknown-header-type", 4, 1, 1 },
	{ "unknown-option", 4, 2, 2 },
	{ "echo-request", 128, 0, 255 },
	{ "ping", 128, 0, 255 },
	{ "echo-reply", 129, 0, 255 },
	{ "pong", 129, 0, 255 },
	{ "mld-listener-query", 130, 0, 255 },
	{ "mld-listener-report", 131, 0, 255 },
	{ "mld-listener-done", 132, 0, 255 },
	{ "mld-listener-reduction", 132, 0, 255 },
	{ "router-solicitation", 133, 0, 255 },
	{ "router-advertisement", 134, 0, 255 },
	{ "neighbour-solicitation", 135, 0, 255 },
	{ "neighbor-solicitation", 135, 0, 255 },
	{ "neighbour-advertisement", 136, 0, 255 },
	{ "neighbor-advertisement", 136, 0, 255 },
	{ "redirect", 137, 0, 255 },
};

enum {
	N_TYPES4 = sizeof(types4) / sizeof(*types4),
	N_TYPES6 = sizeof(types6) / sizeof(*types6),
};

static bool
by_number(struct ph_str s, struct type *out)
{
	const char *slash = memchr(s.s, '/', s.len);
	size_t n = slash == NULL ? s.len : (size_t)(slash - s.s);
	uint64_t type, code = 0;

	if (!ph_str_u64((struct ph_str){ s.s, n }, 10, 255, &type) ||
	    (slash != NULL && !ph_str_u64((struct ph_str){ slash + 1, s.len - n - 1 },
	    10, 255, &code)))
		return false;
	*out = (struct type){ .type = (uint8_t)type, .hi = 255 };
	if (slash != NULL)
		out->lo = out->hi = (uint8_t)code;
	return true;
}

/* An exact name, or the only one that begins so. */
static bool
by_name(struct ph_str s, const struct type *v, size_t n, struct type *out)
{
	size_t hits = 0;

	for (size_t i = 0; i < n && s.len > 0; i++) {
		size_t len = strlen(v[i].name);
		struct ph_str head = { v[i].name, len < s.len ? len : s.len };
		char want[64];

		if (s.len >= sizeof(want) || len < s.len)
			continue;
		memcpy(want, s.s, s.len);
		want[s.len] = '\0';
		if (!ph_str_case_eq(head, want))
			continue;
		*out = v[i];
		if (len == s.len)
			return true;
		hits++;
	}
	return hits == 1;
}

static bool
bad_type(struct ipt_rule *r, const struct ipt_word *w, const struct type *v, size_t n)
{
	const char *names[N_TYPES4 + N_TYPES6], *near;

	for (size_t i = 0; i < n; i++)
		names[i] = v[i].name;
	near = ph_str_nearest(w->s, names, n);
	return ph_ipt_rule_fail(r, "bad-icmp-type", w->at,
	    "expected a type's name, TYPE or TYPE/CODE%s%s%s",
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

/* Type and code together cannot be negated one by one. */
static void
add_negated(struct ipt_rule *r, const struct ipt_use *u, const struct type *t,
    const struct ipt_arg *a)
{
	struct ph_arena *mem = r->rd->mem;
	struct ph_set *set = PH_NEW(mem, struct ph_set);
	struct ph_cube c = { 0 };

	c.d[PH_DPORT] = ph_ranges_one(mem, t->type, t->type);
	c.d[PH_SPORT] = ph_ranges_one(mem, t->lo, t->hi);
	ph_set_add(mem, set, &c);
	ph_ipt_rule_words(r, a->at, ph_arena_printf(mem, "-m %s ! --%s %u/%u",
	    u->m->name, u->m->opts[0].name, t->type, t->lo));
	ph_ipt_rule_cond(r, &(struct ph_cond){
		.kind = PH_COND_TUPLES, .neg = true, .at = a->at, .tuples = set,
	});
}

static bool
read_type(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	const struct type *v = a->code == 6 ? types6 : types4;
	size_t n = a->code == 6 ? N_TYPES6 : N_TYPES4;
	struct type t;

	if (ph_str_case_eq(a->v.s, "any") && a->code == 4) {
		ph_ipt_rule_ranges(r, PH_DPORT, NULL, a->neg, a->at);
		return true;
	}
	if (!by_number(a->v.s, &t) && !by_name(a->v.s, v, n, &t))
		return bad_type(r, &a->v, v, n);
	if (a->code == 4 && t.type == 255) {
		ph_ipt_rule_ranges(r, PH_DPORT, NULL, a->neg, a->at);
		return true;
	}
	if (a->neg && t.lo == t.hi) {
		add_negated(r, u, &t, a);
		return true;
	}
	ph_ipt_rule_one(r, PH_DPORT, t.type, t.type, a->neg, a->at);
	if (t.lo == t.hi)
		ph_ipt_rule_one(r, PH_SPORT, t.lo, t.hi, false, a->at);
	return true;
}

static bool
end_icmp(struct ipt_rule *r, struct ipt_use *u)
{
	if (r->proto == (int)u->m->protos && !r->proto_neg)
		return true;
	return ph_ipt_rule_fail(r, "needs-protocol", u->at,
	    "the match %s needs -p %s in the same rule", u->m->name,
	    u->m->protos == PH_ICMP ? "icmp" : "ipv6-icmp");
}

static const struct ipt_opt icmp_opts[] = {
	{ "icmp-type", IPT_ONE, true, 4, read_type },
};
static const struct ipt_opt icmp6_opts[] = {
	{ "icmpv6-type", IPT_ONE, true, 6, read_type },
};

static const struct ipt_module modules[] = {
	{ .name = "icmp", IPT_OPTS(icmp_opts), .protos = PH_ICMP, .end = end_icmp,
	    .flags = IPT_V4 },
	{ .name = "icmp6", IPT_OPTS(icmp6_opts), .protos = PH_ICMPV6, .end = end_icmp,
	    .flags = IPT_V6 },
};

const struct ipt_modules ph_ipt_icmp_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
