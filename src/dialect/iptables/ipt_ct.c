/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"
#include "net/names.h"

/*
 * DOC: Connection tracking
 *
 *	-m state [!] --state NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED
 *	-m conntrack [!] --ctstate (the same, and SNAT,DNAT)
 *	    [!] --ctproto P, --ctorigsrc, --ctorigdst ADDR, --ctorigsrcport,
 *	    --ctorigdstport PORT, --ctdir ORIGINAL|REPLY, and what only a running
 *	    kernel knows: --ctreplsrc, --ctstatus, --ctexpire ...
 *
 * As in the kernel, SNAT and DNAT in a list of states mean "or translated so",
 * and without a connection only the states count: then the other tests of a
 * match that asks for states are passed over.
 */

enum {
	NEW = 1 << PH_NEW,
	EST = 1 << PH_EST_ORIG | 1 << PH_EST_REPLY,
	REL = 1 << PH_REL_ORIG | 1 << PH_REL_REPLY,
	INV = 1 << PH_INVALID, UNTR = 1 << PH_UNTRACKED,
	ORIG = 1 << PH_NEW | 1 << PH_EST_ORIG | 1 << PH_REL_ORIG,
	REPLY = 1 << PH_EST_REPLY | 1 << PH_REL_REPLY,
	/* beside the states */
	SNAT = 1 << 8, DNAT = 1 << 9,
	/* struct ipt_use.flags */
	HAS_STATE = 1, HAS_OTHER = 2, LOOSE = 4,
};

static const struct {
	const char *name;
	unsigned bits;
} states[] = {
	{ "NEW", NEW }, { "ESTABLISHED", EST }, { "RELATED", REL },
	{ "INVALID", INV }, { "UNTRACKED", UNTR }, { "SNAT", SNAT }, { "DNAT", DNAT },
};

enum { N_STATES = sizeof(states) / sizeof(*states) };

static const struct ph_ranges *
state_ranges(struct ph_arena *mem, unsigned bits)
{
	struct ph_range v[PH_NSTATES];
	size_t n = 0;

	for (unsigned i = 0; i < PH_NSTATES; i++)
		if ((bits & 1U << i) != 0)
			v[n++] = (struct ph_range){ i, i };
	return n == 0 ? ph_ranges_none() : ph_ranges_from(mem, v, n);
}

static bool
parse_states(struct ipt_rule *r, const struct ipt_word *w, unsigned allowed,
    unsigned *out)
{
	const char *names[N_STATES], *near;
	struct ph_str s = w->s, one = s;

	*out = 0;
	for (size_t i = 0; i < N_STATES; i++)
		names[i] = states[i].name;
	while (s.len > 0) {
		const char *comma = memchr(s.s, ',', s.len);
		size_t i;

		one = (struct ph_str){ s.s, comma == NULL ? s.len : (size_t)(comma - s.s) };
		for (i = 0; i < N_STATES && !ph_str_case_eq(one, names[i]); i++)
			continue;
		if (i == N_STATES || (states[i].bits & allowed) == 0)
			break;
		*out |= states[i].bits;
		if (comma == NULL)
			return true;
		s = (struct ph_str){ comma + 1, s.len - one.len - 1 };
	}
	near = ph_str_nearest(one, names, N_STATES);
	return ph_ipt_rule_fail(r, "bad-state", w->at, "expected a list of connection "
	    "states%s%s%s", near == NULL ? "" : "; did you mean \"",
	    near == NULL ? "" : near, near == NULL ? "" : "\"?");
}

/* "in one of the states, or translated": two cubes */
static void
add_translated(struct ipt_rule *r, unsigned bits, const struct ipt_arg *a)
{
	struct ph_arena *mem = r->rd->mem;
	struct ph_set *set = PH_NEW(mem, struct ph_set);
	struct ph_cube by_state = { 0 }, by_nat = { 0 };
	struct ph_range v[4];
	size_t n = 0;

	for (unsigned i = 0; i < 4; i++)
		if (((bits & SNAT) != 0 && (i & PH_STATUS_SNAT) != 0) ||
		    ((bits & DNAT) != 0 && (i & PH_STATUS_DNAT) != 0))
			v[n++] = (struct ph_range){ i, i };
	by_nat.d[PH_STATUS] = ph_ranges_from(mem, v, n);
	ph_set_add(mem, set, &by_nat);
	by_state.d[PH_STATE] = state_ranges(mem, bits);
	if ((bits & 0xff) != 0)
		ph_set_add(mem, set, &by_state);
	ph_ipt_rule_words(r, a->at, ph_arena_printf(mem, "-m conntrack%s --ctstate %.*s",
	    a->neg ? " !" : "", (int)a->v.s.len, a->v.s.s));
	ph_ipt_rule_cond(r, &(struct ph_cond){
		.kind = PH_COND_TUPLES, .neg = a->neg, .at = a->at, .tuples = set,
	});
}

/* --state, --ctstate */
static bool
read_state(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	unsigned bits, without = INV | UNTR;

	if (!parse_states(r, &a->v, a->code, &bits))
		return false;
	u->flags |= HAS_STATE;
	if (a->neg ? (bits & without) != without : (bits & without) != 0)
		u->flags |= LOOSE;
	if ((bits & (SNAT | DNAT)) != 0)
		add_translated(r, bits, a);
	else
		ph_ipt_rule_ranges(r, PH_STATE, state_ranges(r->rd->mem, bits), a->neg,
		    a->at);
	return true;
}

/* A test of the connection's first packet. */
static void
add_orig(struct ipt_rule *r, struct ipt_use *u, enum ph_dim dim,
    const struct ph_ranges *v, const struct ipt_arg *a)
{
	u->flags |= HAS_OTHER;
	ph_ipt_rule_cond(r, &(struct ph_cond){
		.kind = PH_COND_ORIG, .dim = dim, .neg = a->neg, .at = a->at, .ranges = v,
	});
}

static bool
read_proto(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	uint8_t n;

	if (!ph_proto_parse(a->v.s, &n))
		return ph_ipt_rule_fail(r, "bad-proto", a->v.at,
		    "expected a protocol's name or its number, 0 to 255");
	add_orig(r, u, PH_PROTO, ph_ranges_one(r->rd->mem, n, n), a);
	return true;
}

static bool
read_origaddr(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	struct ph_range v;

	if (!ph_ipt_base_address(r, a->v.s, &v))
		return ph_ipt_rule_fail(r, "bad-address", a->v.at,
		    "expected an address or network of this family");
	add_orig(r, u, (enum ph_dim)a->code, ph_ranges_one(r->rd->mem, v.lo, v.hi), a);
	return true;
}

static bool
read_origport(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	struct ph_range v;

	if (!ph_ipt_port_range(r, &a->v, a->v.s, ':', &v))
		return false;
	add_orig(r, u, (enum ph_dim)a->code, ph_ranges_one(r->rd->mem, v.lo, v.hi), a);
	return true;
}

static bool
read_dir(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	bool orig = ph_str_case_eq(a->v.s, "ORIGINAL");

	if (!orig && !ph_str_case_eq(a->v.s, "REPLY"))
		return ph_ipt_rule_fail(r, "bad-direction", a->v.at,
		    "expected ORIGINAL or REPLY");
	u->flags |= HAS_OTHER;
	ph_ipt_rule_ranges(r, PH_STATE, state_ranges(r->rd->mem,
	    orig != a->neg ? ORIG : REPLY), false, a->at);
	return true;
}

/* What cannot be told from the text. */
static bool
read_unknowable(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	u->flags |= HAS_OTHER;
	ph_ipt_rule_words(r, a->at, ph_arena_printf(r->rd->mem, "-m conntrack%s --%s %.*s",
	    a->neg ? " !" : "", u->m->opts[a->code].name, (int)a->v.s.len, a->v.s.s));
	ph_ipt_rule_opaque(r, a->at, "depends on facts about the connection that only "
	    "the running firewall has");
	return true;
}

/*
 * A list of states with INVALID or UNTRACKED and other tests: those tests
 * hold without a connection, so they decide nothing surely.
 */
static bool
end_conntrack(struct ipt_rule *r, struct ipt_use *u)
{
	struct ipt_reader *rd = r->rd;

	if ((u->flags & LOOSE) == 0 || (u->flags & HAS_OTHER) == 0)
		return true;
	for (size_t i = 0; i < rd->n_conds; i++) {
		struct ph_cond *c = &rd->conds[i];

		if (c->at.off < u->at.off || c->at.off >= u->at.off + u->at.len)
			continue;
		if (c->kind == PH_COND_ORIG)
			*c = (struct ph_cond){
				.kind = PH_COND_OPAQUE,
				.text = "a test that holds by itself where there is no "
				    "connection",
			};
		c->at = u->at;
	}
	ph_ipt_rule_words(r, u->at, ph_arena_dup(rd->mem,
	    u->at.src->text + u->at.off, u->at.len));
	return true;
}

static const struct ipt_opt state_opts[] = {
	{ "state", IPT_ONE, true, NEW | EST | REL | INV | UNTR, read_state },
};

/* The code of read_unknowable() is the row's own number. */
static const struct ipt_opt conntrack_opts[] = {
	{ "ctstate", IPT_ONE, true, NEW | EST | REL | INV | UNTR | SNAT | DNAT,
	    read_state },
	{ "ctproto", IPT_ONE, true, 0, read_proto },
	{ "ctorigsrc", IPT_ONE, true, PH_SRC, read_origaddr },
	{ "ctorigdst", IPT_ONE, true, PH_DST, read_origaddr },
	{ "ctorigsrcport", IPT_ONE, true, PH_SPORT, read_origport },
	{ "ctorigdstport", IPT_ONE, true, PH_DPORT, read_origport },
	{ "ctdir", IPT_ONE, true, 0, read_dir },
	{ "ctreplsrc", IPT_ONE, true, 7, read_unknowable },
	{ "ctrepldst", IPT_ONE, true, 8, read_unknowable },
	{ "ctreplsrcport", IPT_ONE, true, 9, read_unknowable },
	{ "ctrepldstport", IPT_ONE, true, 10, read_unknowable },
	{ "ctstatus", IPT_ONE, true, 11, read_unknowable },
	{ "ctexpire", IPT_ONE, true, 12, read_unknowable },
};

static const struct ipt_module modules[] = {
	{ .name = "state", IPT_OPTS(state_opts) },
	{ .name = "conntrack", IPT_OPTS(conntrack_opts), .end = end_conntrack },
};

const struct ipt_modules ph_ipt_ct_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
