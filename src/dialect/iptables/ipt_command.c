/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"

/*
 * DOC: Commands
 *
 * What a line does with the rule that it holds: -A and -I place it, -R puts it
 * in another's place, -D takes one out, -P sets a policy, -F empties chains.
 */
static bool
add_jump(struct ipt_rule *r)
{
	struct ipt_chain *c;

	if (r->jump.len == 0)
		return true;
	c = ph_ipt_table_chain(r->rd->mem, r->rd->rs, r->table, r->jump, r->jump_at);
	if (c->point >= 0)
		return ph_ipt_rule_fail(r, "bad-jump", r->jump_at,
		    "%s is a built-in chain: no rule can jump to it", c->name.s);
	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = r->go ? PH_ACT_GOTO : PH_ACT_JUMP, .at = r->jump_at,
		.chain = c->out,
	});
	return true;
}

/* Copy what was collected into a rule of its own. */
static void
fill(const struct ipt_rule *r, struct ph_rule *out, const struct ph_cond *conds,
    size_t n, const struct ph_act *acts)
{
	*out = (struct ph_rule){
		.at = r->at, .conds = conds, .n_conds = (uint16_t)n, .acts = acts,
		.n_acts = (uint16_t)r->rd->n_acts, .comment = r->comment,
	};
}

static struct ph_cond *
list_cond(struct ph_arena *mem, struct ph_cond *to, enum ph_dim dim,
    const struct ph_range *v, struct ph_span at)
{
	*to = (struct ph_cond){ .kind = PH_COND_RANGES, .dim = dim, .at = at };
	to->ranges = ph_ranges_one(mem, v->lo, v->hi);
	return to + 1;
}

/* The rule for one pair of the lists of -s and -d. */
static void
place_pair(struct ipt_rule *r, struct ph_rule *out, size_t s, size_t d,
    const struct ph_act *acts)
{
	struct ipt_reader *rd = r->rd;
	size_t n = rd->n_conds + (r->n_src > 0) + (r->n_dst > 0);
	struct ph_cond *v = ph_arena_array(rd->mem, n, sizeof(*v)), *to = v;

	if (r->n_src > 0)
		to = list_cond(rd->mem, to, PH_SRC, &r->src[s], r->src_at);
	if (r->n_dst > 0)
		to = list_cond(rd->mem, to, PH_DST, &r->dst[d], r->dst_at);
	if (rd->n_conds > 0)
		memcpy(to, rd->conds, rd->n_conds * sizeof(*v));
	fill(r, out, v, n, acts);
}

/* -A, -I, -R: a list of addresses makes a rule each, as iptables does. */
static bool
place(struct ipt_rule *r, struct ipt_chain *c)
{
	struct ipt_reader *rd = r->rd;
	struct ph_act *acts = ph_arena_array(rd->mem, rd->n_acts, sizeof(*acts));
	size_t at = r->command == 'A' ? ph_ipt_table_count(c) :
	    r->number == 0 ? 0 : r->number - 1;

	c->edited |= r->command != 'A';
	if (rd->n_acts > 0)
		memcpy(acts, rd->acts, rd->n_acts * sizeof(*acts));
	if (at > ph_ipt_table_count(c) - (r->command == 'R'))
		return ph_ipt_rule_fail(r, "bad-rule-number", r->at,
		    "chain %s has only %zu rules", c->name.s, ph_ipt_table_count(c));
	if (r->command == 'R')
		ph_ipt_table_remove(c, at);
	for (size_t s = 0; s < r->n_src + (r->n_src == 0); s++)
		for (size_t d = 0; d < r->n_dst + (r->n_dst == 0); d++)
			place_pair(r, r->command == 'A' ? ph_chain_add(rd->mem, c->out) :
			    ph_ipt_table_place(rd->mem, c, at++), s, d, acts);
	return true;
}

/* What stands behind the chain's name, with the blanks as they are. */
static struct ph_str
behind_chain(struct ph_span line, struct ph_str chain)
{
	const char *text = line.src->text + line.off, *end = text + line.len;
	const char *name = memmem(text, line.len, chain.s, chain.len);

	if (name == NULL)
		return (struct ph_str){ text, line.len };
	name += chain.len;
	return (struct ph_str){ name, (size_t)(end - name) };
}

/* The first rule that is written like the one to delete; count: none. */
static size_t
find_written(struct ipt_rule *r, struct ipt_chain *c)
{
	struct ph_str want = behind_chain(r->at, r->chain);
	size_t n = ph_ipt_table_count(c), i;

	for (i = 0; i < n; i++) {
		struct ph_str have = behind_chain(ph_ipt_table_rule(c, i)->at, r->chain);

		if (have.len == want.len && memcmp(have.s, want.s, want.len) == 0)
			break;
	}
	return i;
}

/* -D CHAIN NUMBER, or the rule as it was written */
static bool
delete_rule(struct ipt_rule *r, struct ipt_chain *c)
{
	size_t n = ph_ipt_table_count(c), i = r->number - 1;

	if (r->number == 0) {
		i = find_written(r, c);
		if (i == n && n > 0) {
			ph_ipt_rule_warn(r, "unread-command", r->at, "no rule is written "
			    "like the one deleted here; it could be any");
			ph_ruleset_gap(r->rd->mem, r->rd->rs, r->at,
			    "a rule is deleted by a text that no rule has");
		}
		if (i == n)
			return true;
	}
	if (i >= n)
		return ph_ipt_rule_fail(r, "bad-rule-number", r->at,
		    "chain %s has only %zu rules", c->name.s, n);
	c->edited = true;
	ph_ipt_table_remove(c, i);
	return true;
}

static bool
set_policy(struct ipt_rule *r, struct ipt_chain *c)
{
	bool drop = ph_str_eq(r->second, "DROP");

	if (c->point < 0)
		return ph_ipt_rule_fail(r, "bad-policy", r->chain_at,
		    "%s is no built-in chain: it has no policy", c->name.s);
	if (!drop && !ph_str_eq(r->second, "ACCEPT"))
		return ph_ipt_rule_fail(r, "bad-policy", r->second_at,
		    "a policy is ACCEPT or DROP");
	c->policy = drop ? PH_ACT_DROP : PH_ACT_ACCEPT;
	c->policy_at = r->at;
	return true;
}

static void
flush_all(struct ipt_rule *r)
{
	for (struct ipt_chain *c = r->table->first; c != NULL; c = c->next)
		if (r->chain.len == 0 || (c->name.len == r->chain.len &&
		    memcmp(c->name.s, r->chain.s, c->name.len) == 0))
			ph_ipt_table_flush(c);
}

bool
ph_ipt_command_obey(struct ipt_rule *r)
{
	struct ipt_chain *c;

	switch (r->command) {
	case 'F':
		flush_all(r);
		return true;
	case 'X': case 'Z': case 'L': case 'S': case 'C':
		return true;		/* no effect on what follows */
	case 'E':
		ph_ipt_rule_warn(r, "unread-command", r->at, "a chain gets another "
		    "name; this is not followed, and could change any answer");
		ph_ruleset_gap(r->rd->mem, r->rd->rs, r->at, "a chain is renamed");
		return true;
	case 0:
		return ph_ipt_rule_fail(r, "no-command", r->at,
		    "expected a command like -A CHAIN");
	}
	c = ph_ipt_table_chain(r->rd->mem, r->rd->rs, r->table, r->chain, r->chain_at);
	switch (r->command) {
	case 'N':
		c->declared = true;
		return true;
	case 'P':
		return set_policy(r, c);
	case 'D':
		return delete_rule(r, c);
	default:
		return add_jump(r) && place(r, c);
	}
}
