/* SPDX-License-Identifier: ISC */
#ifndef PH_IPT_WRITE_H
#define PH_IPT_WRITE_H

#include "dialect/dialect.h"
#include "dialect/iptables/ipt_table.h"

/* Writes rules for one family. */
struct ipt_writer {
	struct ph_arena *mem;
	struct ph_diags *diags;
	const struct ipt_priv *priv;	/* words kept by the reader, or NULL */
	unsigned family;		/* PH_FAMILY_4 or PH_FAMILY_6 */
	const char *extra;		/* a match for every line, or NULL */
	bool ok;			/* false: something was reported */
};

enum { IPT_MAX_ALTS = 16 };

/* Texts of which any one must hold: each makes a rule of its own. */
struct ipt_alts {
	const char **v;
	size_t n, cap;
};

/* A rule taken apart: fixed text and alternatives, in order of writing. */
struct ipt_parts {
	struct ipt_alts alt[IPT_MAX_ALTS];
	size_t n;
	bool never;			/* no packet of this family */
	uint8_t proto;			/* of the ports; 0: not said */
	unsigned addrs;			/* bits: -s and -d are taken */
};

/*
 * ph_ipt_write_rule(w, head, r, out): write ${r} as one or more lines, each
 * beginning with ${head} ("-A FORWARD").  What cannot be said is reported.
 * Returns the number of lines.
 */
size_t ph_ipt_write_rule(struct ipt_writer *, const char *head,
    const struct ph_rule *, struct ph_buf *);

/* ph_ipt_write_words(w, at): what the reader kept for this place, or NULL. */
const char *ph_ipt_write_words(const struct ipt_writer *, struct ph_span);

/* ph_ipt_write_fail(w, at, what): report that ${what} has no form here. */
void ph_ipt_write_fail(struct ipt_writer *, struct ph_span, const char *what);

/* ph_ipt_write_fixed(w, p, text): a text that all lines have. */
void ph_ipt_write_fixed(struct ipt_writer *, struct ipt_parts *, const char *);

/*
 * ph_ipt_match_conds(w, conds, n, p): all conditions of a rule.
 * ph_ipt_match_state(w, c, p): one on the connection's state.
 */
void ph_ipt_match_conds(struct ipt_writer *, const struct ph_cond *, size_t,
    struct ipt_parts *);
void ph_ipt_match_state(struct ipt_writer *, const struct ph_cond *,
    struct ipt_parts *);

/*
 * ph_ipt_match_address(w, c, p): -s, -d or iprange.
 * ph_ipt_match_ports(w, conds, n, p): ports, types and flags of ${p}->proto.
 */
void ph_ipt_match_address(struct ipt_writer *, const struct ph_cond *,
    struct ipt_parts *);
void ph_ipt_match_ports(struct ipt_writer *, const struct ph_cond *, size_t,
    struct ipt_parts *);

/*
 * ph_ipt_match_bits(v, bits, mask, value): are the numbers of ${bits} bits in ${v}
 * those with (x & mask) == value?
 */
bool ph_ipt_match_bits(struct ph_arena *, const struct ph_ranges *, unsigned,
    uint32_t *mask, uint32_t *value);

/*
 * ph_ipt_write_target(w, a, proto, out): append the target for one action, "" for
 * none; false when it has none and only notes something.
 */
bool ph_ipt_write_target(struct ipt_writer *, const struct ph_act *, uint8_t,
    struct ph_buf *);

#endif
