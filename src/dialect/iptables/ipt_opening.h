/* SPDX-License-Identifier: ISC */
#ifndef PH_IPT_OPENING_H
#define PH_IPT_OPENING_H

#include "dialect/iptables/ipt_write.h"

/*
 * Rules made from a packet set rather than read: shared by plan and fix.
 */

/* A set that stands for many addresses of one family. */
struct ipt_made_set {
	const char *name;
	unsigned family;
	const struct ph_ranges *v;
	size_t n;			/* members */
	struct ipt_made_set *next;
};

struct ipt_opening {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ipt_made_set *sets, **tail;	/* made so far */
	bool bad;			/* something was reported */
};

/* ph_ipt_opening_init(o, mem, diags): nothing made yet. */
void ph_ipt_opening_init(struct ipt_opening *, struct ph_arena *, struct ph_diags *);

/*
 * ph_ipt_opening_lines(o, family, head, cube, group, comment, act, out):
 * Lines "HEAD matches target" for the packets of ${cube} in ${family}; with more
 * than a few addresses on a side, a set named after ${group} (source and
 * destination).  Returns how many lines.
 */
struct ipt_opening_what {
	unsigned family;
	const char *head;
	const struct ph_cube *cube;
	const char *src_group, *dst_group;
	const char *comment;
	const struct ph_act *act;
};

size_t ph_ipt_opening_lines(struct ipt_opening *, const struct ipt_opening_what *,
    struct ph_buf *);

/* ph_ipt_opening_sets(o, b, lead): their "create" and "add" lines, after ${lead}. */
void ph_ipt_opening_sets(const struct ipt_opening *, struct ph_buf *, const char *);

/* ph_ipt_opening_comment(mem, r): "service/flow: purpose (source)", at most 255 bytes. */
const char *ph_ipt_opening_comment(struct ph_arena *, const struct ph_requirement *);

#endif
