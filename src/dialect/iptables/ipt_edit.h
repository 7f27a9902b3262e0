/* SPDX-License-Identifier: ISC */
#ifndef PH_IPT_EDIT_H
#define PH_IPT_EDIT_H

#include "dialect/dialect.h"
#include "dialect/iptables/ipt_table.h"

/* One change of the text: ${del} bytes at ${off} make place for ${text}. */
struct ipt_change {
	uint32_t off, del;
	const char *text;
	size_t order;			/* of those at one place */
};

/* Rules that have been put into a chain, for the numbers of later ones. */
struct ipt_placed {
	const struct ipt_chain *chain;
	size_t before;			/* index when the text was read */
	long lines;			/* -1: one taken out */
};

/*
 * Changes commands, rollback and text together.  The text keeps every byte that
 * is not changed.
 */
struct ipt_edit {
	struct ph_arena *mem;
	struct ph_src *src;
	struct ipt_priv *priv;
	struct ph_fix_text *out;
	struct ipt_change *v;
	size_t n, cap;
	struct ipt_placed *placed;
	size_t n_placed, cap_placed;
	struct ph_buf back;		/* rollback of this edit, last first */
	struct ph_buf fresh[2];		/* lines for a new table raw, by family */
};

/* ph_ipt_edit_init(e, mem, rs, out): nothing changed yet. */
void ph_ipt_edit_init(struct ipt_edit *, struct ph_arena *,
    const struct ph_ruleset *, struct ph_fix_text *);

/*
 * ph_ipt_edit_find(e, c, table): the chain as it was read, with its table; NULL
 * when the text does not have it.
 */
struct ipt_chain *ph_ipt_edit_find(struct ipt_edit *, const struct ph_chain *,
    struct ipt_table **);

/*
 * ph_ipt_edit_rule_at(e, id, at, t, c, index): the rule of table ${id} that holds ${at}.
 */
bool ph_ipt_edit_rule_at(struct ipt_edit *, enum ipt_table_id, struct ph_span,
    struct ipt_table **, struct ipt_chain **, size_t *);

/*
 * ph_ipt_edit_insert(e, t, c, before, lines): put the rules in ${lines}, each "
 * matches target\n", before rule ${before}.
 */
void ph_ipt_edit_insert(struct ipt_edit *, const struct ipt_table *,
    const struct ipt_chain *, size_t, const char *);

/* ph_ipt_edit_remove(e, t, c, index, again): take a rule out; ${again} is its text. */
void ph_ipt_edit_remove(struct ipt_edit *, const struct ipt_table *,
    const struct ipt_chain *, size_t, const char *);

/* ph_ipt_edit_raw(e, family, chain, lines): the same at the head of a chain of raw. */
void ph_ipt_edit_raw(struct ipt_edit *, unsigned, const char *, const char *);

/*
 * ph_ipt_edit_beside(e, tool, command, undo): a command of "nfct" or "ipset",
 * kept in the text as a line of its own.
 */
void ph_ipt_edit_beside(struct ipt_edit *, const char *, const char *, const char *);

/* ph_ipt_edit_finish(e): write the changed text and the rollback. */
void ph_ipt_edit_finish(struct ipt_edit *);

#endif
