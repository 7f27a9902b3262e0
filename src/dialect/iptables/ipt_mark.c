/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"

/*
 * DOC: Marks
 *
 *	-j MARK --set-mark V[/M] | --set-xmark V[/M] | --and-mark M
 *	    | --or-mark M | --xor-mark M
 *	-j CONNMARK, the same and --save-mark | --restore-mark
 *	    [--nfmask M] [--ctmask M] [--mask M]
 *
 * All are mark = (mark & ~mask) ^ value; copying does the same with the other
 * mark's bits as the value.
 */

enum { SAVE = 1, RESTORE = 2, GIVEN = 4, CONN = 8 };

/* Two masks of a copy, in struct ipt_use.n: nf in the low half. */
static bool
read_copy(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)r;
	if ((u->flags & (SAVE | RESTORE | GIVEN)) != 0)
		return ph_ipt_rule_fail(r, "duplicate-option", a->at,
		    "one change of a mark only");
	u->flags |= a->code;
	return true;
}

static bool
read_mask(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	uint64_t v;

	if (!ph_ipt_base_number(r, &a->v, UINT32_MAX, &v))
		return false;
	/* kept inverted, so that 0 means all */
	if (a->code != 'c')
		u->n = (u->n & ~(uint64_t)UINT32_MAX) | (uint32_t)~v;
	if (a->code != 'n')
		u->n = (u->n & UINT32_MAX) | (uint64_t)(uint32_t)~v << 32;
	return true;
}

static bool
parse_pair(struct ipt_rule *r, const struct ipt_word *w, uint32_t *v, uint32_t *m)
{
	const char *slash = memchr(w->s.s, '/', w->s.len);
	size_t n = slash == NULL ? w->s.len : (size_t)(slash - w->s.s);
	uint64_t value, mask = UINT32_MAX;

	if (!ph_str_u64((struct ph_str){ w->s.s, n }, 0, UINT32_MAX, &value) ||
	    (slash != NULL && !ph_str_u64((struct ph_str){ slash + 1,
	    w->s.len - n - 1 }, 0, UINT32_MAX, &mask)))
		return ph_ipt_rule_fail(r, "bad-mark", w->at,
		    "expected VALUE or VALUE/MASK, 32 bits each");
	*v = (uint32_t)value;
	*m = (uint32_t)mask;
	return true;
}

static bool
read_change(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	uint32_t v = 0, m = 0, value, mask;

	if ((u->flags & (SAVE | RESTORE | GIVEN)) != 0)
		return ph_ipt_rule_fail(r, "duplicate-option", a->at,
		    "one change of a mark only");
	if (!parse_pair(r, &a->v, &v, &m))
		return false;
	u->flags |= GIVEN;
	value = v;
	mask = m;
	switch (a->code) {
	case 's':
		mask = v | m;
		break;
	case '&':
		mask = ~v;
		value = 0;
		break;
	case '|':
		mask = v;
		break;
	case '^':
		mask = 0;
		break;
	}
	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = strcmp(u->m->name, "MARK") == 0 ? PH_ACT_MARK : PH_ACT_CTMARK,
		.at = a->at, .mark = { mask, value },
	});
	return true;
}

static bool
end_mark(struct ipt_rule *r, struct ipt_use *u)
{
	uint32_t nf = ~(uint32_t)u->n, ct = ~(uint32_t)(u->n >> 32);
	struct ph_act a = { .at = u->at };

	if ((u->flags & (SAVE | RESTORE | GIVEN)) == 0)
		return ph_ipt_rule_fail(r, "missing-value", u->at,
		    "%s needs what to do", u->m->name);
	if ((u->flags & GIVEN) != 0)
		return true;
	a.kind = (u->flags & SAVE) != 0 ? PH_ACT_MARK_TO_CT : PH_ACT_CT_TO_MARK;
	a.mark.mask = nf;
	if (nf != ct) {
		a.kind = PH_ACT_OPAQUE;
		a.text = "a mark copied with two different masks";
	}
	ph_ipt_rule_act(r, &a);
	return true;
}

#define CHANGES								\
	{ "set-xmark", IPT_ONE, false, 'x', read_change },		\
	{ "set-mark", IPT_ONE, false, 's', read_change },		\
	{ "and-mark", IPT_ONE, false, '&', read_change },		\
	{ "or-mark", IPT_ONE, false, '|', read_change },		\
	{ "xor-mark", IPT_ONE, false, '^', read_change }

static const struct ipt_opt mark_opts[] = { CHANGES };
static const struct ipt_opt connmark_opts[] = {
	CHANGES,
	{ "save-mark", IPT_FLAG, false, SAVE, read_copy },
	{ "restore-mark", IPT_FLAG, false, RESTORE, read_copy },
	{ "nfmask", IPT_ONE, false, 'n', read_mask },
	{ "ctmask", IPT_ONE, false, 'c', read_mask },
	{ "mask", IPT_ONE, false, 'b', read_mask },
};

static const struct ipt_module modules[] = {
	{ .name = "MARK", IPT_OPTS(mark_opts), .end = end_mark },
	{ .name = "CONNMARK", IPT_OPTS(connmark_opts), .flags = IPT_KEEP,
	    .end = end_mark },
};

const struct ipt_modules ph_ipt_mark_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
