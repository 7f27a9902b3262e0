/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"

/*
 * DOC: Rates, counts and memory
 *
 * A match that holds until something is used up is PH_COND_RATE; one that
 * holds only above it is the negation.  A list of recent addresses that asks
 * for several hits is such a count; one that asks for a single hit depends on
 * what was sent before, unless it only enters the address.
 */

/* struct ipt_use.flags */
enum {
	ABOVE = 1, INVERTED = 2, SET = 4, CHECK = 8, GIVEN = 16,
	LOW = 32,			/* a count that one packet may reach */
};

static bool
read_flag(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)r;
	u->flags |= a->code | GIVEN;
	if (a->neg)
		u->flags ^= INVERTED;
	return true;
}

/* A count that may be so low that the first packet reaches it. */
static bool
read_count(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	if (!ph_ipt_base_number(r, &a->v, UINT32_MAX, &u->n))
		return false;
	if (u->n == 0)
		u->flags |= LOW;
	return read_flag(r, u, a);
}

static bool
read_hitcount(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	return ph_ipt_base_number(r, &a->v, UINT32_MAX, &u->n);
}

static bool
skip(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)r;
	(void)u;
	(void)a;
	return true;
}

static void
add_rate(struct ipt_rule *r, const struct ipt_use *u, bool above)
{
	if ((u->flags & LOW) != 0)
		ph_ipt_rule_opaque(r, u->at, "a limit of nothing");
	else
		ph_ipt_rule_cond(r, &(struct ph_cond){
			.kind = PH_COND_RATE, .neg = above, .at = u->at, .text = u->words.s,
		});
}

static bool
end_limit(struct ipt_rule *r, struct ipt_use *u)
{
	add_rate(r, u, ((u->flags & ABOVE) != 0) != ((u->flags & INVERTED) != 0));
	return true;
}

static bool
end_needed(struct ipt_rule *r, struct ipt_use *u)
{
	if ((u->flags & GIVEN) == 0)
		return ph_ipt_rule_fail(r, "missing-value", u->at,
		    "%s needs its limit", u->m->name);
	return end_limit(r, u);
}

static bool
end_recent(struct ipt_rule *r, struct ipt_use *u)
{
	bool inverted = (u->flags & INVERTED) != 0;

	if ((u->flags & SET) != 0 && !inverted)
		/* enters the address and holds */
		ph_ipt_rule_act(r, &(struct ph_act){
			.kind = PH_ACT_NOTE, .at = u->at, .text = u->words.s,
		});
	else if ((u->flags & SET) != 0)
		ph_ipt_rule_ranges(r, PH_PROTO, ph_ranges_none(), false, u->at);
	else if ((u->flags & CHECK) != 0 && u->n > 1)
		add_rate(r, u, !inverted);
	else
		ph_ipt_rule_opaque(r, u->at, "depends on what was sent before");
	return true;
}

static const struct ipt_opt limit_opts[] = {
	{ "limit", IPT_ONE, true, 0, read_flag },
	{ "limit-burst", IPT_ONE, false, 0, skip },
};
static const struct ipt_opt hashlimit_opts[] = {
	{ "hashlimit-upto", IPT_ONE, true, 0, read_flag },
	{ "hashlimit-above", IPT_ONE, true, ABOVE, read_flag },
	{ "hashlimit", IPT_ONE, true, 0, read_flag },
	{ "hashlimit-burst", IPT_ONE, false, 0, skip },
	{ "hashlimit-mode", IPT_ONE, false, 0, skip },
	{ "hashlimit-name", IPT_ONE, false, 0, skip },
	{ "hashlimit-srcmask", IPT_ONE, false, 0, skip },
	{ "hashlimit-dstmask", IPT_ONE, false, 0, skip },
	{ "hashlimit-htable-size", IPT_ONE, false, 0, skip },
	{ "hashlimit-htable-max", IPT_ONE, false, 0, skip },
	{ "hashlimit-htable-expire", IPT_ONE, false, 0, skip },
	{ "hashlimit-htable-gcinterval", IPT_ONE, false, 0, skip },
	{ "hashlimit-rate-match", IPT_FLAG, false, 0, skip },
	{ "hashlimit-rate-interval", IPT_ONE, false, 0, skip },
};
static const struct ipt_opt connlimit_opts[] = {
	{ "connlimit-upto", IPT_ONE, true, 0, read_count },
	{ "connlimit-above", IPT_ONE, true, ABOVE, read_count },
	{ "connlimit-mask", IPT_ONE, false, 0, skip },
	{ "connlimit-saddr", IPT_FLAG, false, 0, skip },
	{ "connlimit-daddr", IPT_FLAG, false, 0, skip },
};
static const struct ipt_opt quota_opts[] = {
	{ "quota", IPT_ONE, true, 0, read_flag },
};
static const struct ipt_opt recent_opts[] = {
	{ "set", IPT_FLAG, true, SET, read_flag },
	{ "rcheck", IPT_FLAG, true, CHECK, read_flag },
	{ "update", IPT_FLAG, true, CHECK, read_flag },
	{ "remove", IPT_FLAG, true, 0, read_flag },
	{ "hitcount", IPT_ONE, false, 0, read_hitcount },
	{ "seconds", IPT_ONE, false, 0, skip },
	{ "reap", IPT_FLAG, false, 0, skip },
	{ "rttl", IPT_FLAG, false, 0, skip },
	{ "name", IPT_ONE, false, 0, skip },
	{ "rsource", IPT_FLAG, false, 0, skip },
	{ "rdest", IPT_FLAG, false, 0, skip },
	{ "mask", IPT_ONE, false, 0, skip },
};

static const struct ipt_module modules[] = {
	{ .name = "limit", IPT_OPTS(limit_opts), .flags = IPT_KEEP, .end = end_limit },
	{ .name = "hashlimit", IPT_OPTS(hashlimit_opts), .flags = IPT_KEEP,
	    .end = end_needed },
	{ .name = "connlimit", IPT_OPTS(connlimit_opts), .flags = IPT_KEEP,
	    .end = end_needed },
	{ .name = "quota", IPT_OPTS(quota_opts), .flags = IPT_KEEP, .end = end_needed },
	{ .name = "recent", IPT_OPTS(recent_opts), .flags = IPT_KEEP,
	    .end = end_recent },
};

const struct ipt_modules ph_ipt_rate_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
