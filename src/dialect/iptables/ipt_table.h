/* SPDX-License-Identifier: ISC */
#ifndef PH_IPT_TABLE_H
#define PH_IPT_TABLE_H

#include "base/map.h"
#include "model/ruleset.h"

enum ipt_table_id {
	IPT_RAW, IPT_MANGLE, IPT_NAT, IPT_FILTER, IPT_SECURITY, IPT_NTABLES,
};

/* One chain while its table is read. */
struct ipt_chain {
	struct ph_str name;
	struct ph_chain *out;		/* rules after those of ${front} */
	struct ph_rule *front;		/* inserted at the head, last first */
	size_t n_front, cap_front;
	bool declared;
	bool edited;			/* by -I, -R, -D: not in the text's order */
	struct ph_span used_at;		/* first jump to it */
	struct ph_hook *hook;		/* built-in chains: filled in when declared */
	int point;			/* enum ph_hook_point, -1: a user chain */
	enum ph_act_kind policy;
	struct ph_span policy_at;
	int mark;			/* search for loops: 0 new, 1 open, 2 done */
	struct ipt_chain *next;
};

/* One table of one family. */
struct ipt_table {
	enum ipt_table_id id;
	unsigned family;		/* PH_FAMILY_4 or PH_FAMILY_6 */
	bool seen;			/* written in the input */
	struct ph_span at;		/* first and last byte of its text so far */
	struct ph_map chains;
	struct ipt_chain *first, **tail;
};

/* What emit and fix need beside the neutral model; ruleset.priv. */
struct ipt_priv {
	struct ipt_table table[2][IPT_NTABLES];	/* [0] IPv4, [1] IPv6 */
	struct ph_map words;		/* where a condition or action stands (its */
					/* offset) -> how to write it */
	struct ph_map sets;		/* name -> struct ipt_set */
	struct ipt_set *first_set, **sets_tail;
	struct ph_map timeouts;		/* name -> struct ph_timeout */
	struct ph_timeout **timeout_v;	/* in the order of the text */
	size_t n_timeouts, cap_timeouts;
	bool script;			/* iptables commands, not a save file */
	bool both;			/* -4 and -6 lines in one block */
};

/* ph_ipt_table_id(name): the table of that name, or -1. */
int ph_ipt_table_id(struct ph_str);
const char *ph_ipt_table_name(enum ipt_table_id);

/* ph_ipt_table_names(n): all names, for suggestions. */
const char *const *ph_ipt_table_names(size_t *);

/*
 * ph_ipt_table_point(id, name): the hook of the built-in chain ${name} in the
 * table ${id}, or -1 for a user chain.
 */
int ph_ipt_table_point(enum ipt_table_id, struct ph_str);

/* ph_ipt_table_builtin(point): "INPUT" and so on. */
const char *ph_ipt_table_builtin(enum ph_hook_point);

/* ph_ipt_table_hook(id, point, kind, priority): where the kernel hangs it. */
void ph_ipt_table_hook(enum ipt_table_id, enum ph_hook_point,
    enum ph_hook_kind *, int *);

/* ph_ipt_table_init(t, id, family): empty. */
void ph_ipt_table_init(struct ipt_table *, enum ipt_table_id, unsigned);

/* ph_ipt_table_find(t, name): a chain of the table, or NULL. */
struct ipt_chain *ph_ipt_table_find(const struct ipt_table *, struct ph_str);

/*
 * ph_ipt_table_chain(mem, rs, t, name, at): find a chain or make it, not yet
 * declared.  Built-in ones are there without being declared.
 */
struct ipt_chain *ph_ipt_table_chain(struct ph_arena *, struct ph_ruleset *,
    struct ipt_table *, struct ph_str, struct ph_span);

/*
 * ph_ipt_table_place(mem, c, index): room for a rule that becomes number
 * ${index} (from 0) of the chain; NULL when the chain is shorter.
 */
struct ph_rule *ph_ipt_table_place(struct ph_arena *, struct ipt_chain *, size_t);

/* ph_ipt_table_count(c), ph_ipt_table_rule(c, index): rules so far. */
size_t ph_ipt_table_count(const struct ipt_chain *);
struct ph_rule *ph_ipt_table_rule(struct ipt_chain *, size_t);

/* ph_ipt_table_remove(c, index): take one rule out. */
void ph_ipt_table_remove(struct ipt_chain *, size_t);

/* ph_ipt_table_flush(c): take all rules out. */
void ph_ipt_table_flush(struct ipt_chain *);

/*
 * ph_ipt_table_finish(mem, diags, rs, t): bring the rules in order, hang the
 * built-in chains on their hooks, report jumps to nowhere and loops.
 */
void ph_ipt_table_finish(struct ph_arena *, struct ph_diags *,
    struct ph_ruleset *, struct ipt_table *);

#endif
