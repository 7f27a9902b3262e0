/* SPDX-License-Identifier: ISC */
#ifndef PH_IPT_READ_H
#define PH_IPT_READ_H

#include "dialect/dialect.h"
#include "dialect/iptables/ipt_lex.h"
#include "dialect/iptables/ipt_table.h"

/*
 * Shared by the files that read iptables text.  A file describes the matches
 * or targets of its kind in a table of struct ipt_module; ipt_rule.c drives
 * them.
 */

/* Reads one input. */
struct ipt_reader {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ph_ruleset *rs;
	struct ipt_priv *priv;
	struct ipt_lex lex;
	struct ipt_line line;
	unsigned families;		/* of the block or command; 0: outside one */
	int table;			/* enum ipt_table_id, or -1 */
	unsigned generated;		/* family that a header comment tells, or 0 */
	unsigned last;			/* family of the block before, or 0 */
	unsigned told;			/* families that any line tells, once read */
	bool told_read;
	unsigned errors;		/* reported before this input */
	bool again;			/* second family of a line: warned already */
	bool sets_missing;		/* said once that sets are in no file */
	struct ph_map matches, targets, ifaces;
	struct ph_cond *conds;		/* of the rule being read; used again */
	size_t n_conds, cap_conds;
	struct ph_act *acts;
	size_t n_acts, cap_acts;
};

struct ipt_module;

/* A match or target in the rule being read. */
struct ipt_use {
	const struct ipt_module *m;
	struct ph_str name;		/* as written, of modules not known */
	struct ph_span at;		/* from -m or -j to its last word */
	struct ph_buf words;		/* canonical text, of modules that keep it */
	unsigned flags;			/* the module's own */
	uint64_t n;
	bool neg;
	const void *p;
	bool implicit;			/* brought by -p, not written */
	bool touched;			/* an option of it was used */
};

/* An option with its values, as given to a reader. */
struct ipt_arg {
	struct ph_span at;		/* option and values */
	struct ipt_word v, v2;
	bool neg;
	unsigned code;			/* of the option's row */
};

enum { IPT_MAX_USES = 24, IPT_MAX_LIST = 256 };

/* The rule being read. */
struct ipt_rule {
	struct ipt_reader *rd;
	struct ipt_table *table;
	struct ph_span at;
	size_t pos;			/* next word of the line */
	size_t n_uses;
	struct ipt_use *target;		/* of -j, or NULL */
	char command;			/* 'A', 'I', ... 0: none yet */
	struct ph_str chain, second;	/* of the command */
	struct ph_span chain_at, second_at;
	uint64_t number;		/* of -I, -D, -R; 0: none */
	int proto;			/* 0-255, -1: any */
	bool proto_neg;
	struct ph_span proto_at;
	const struct ph_range *src, *dst;	/* lists of -s, -d: one rule each */
	size_t n_src, n_dst;
	struct ph_span src_at, dst_at;
	unsigned seen;			/* base options given, by code */
	const char *comment;
	struct ph_str jump;		/* -j or -g a user chain */
	struct ph_span jump_at;
	bool go;			/* -g */
	bool skip;			/* -4 or -6: not for this family */
	bool failed;
	struct ipt_use uses[IPT_MAX_USES];	/* last: only the first are set */
};

enum ipt_args { IPT_FLAG, IPT_ONE, IPT_TWO, IPT_MAYBE };

struct ipt_opt {
	const char *name;		/* without -- */
	enum ipt_args args;
	bool may_neg;
	unsigned code;
	bool (*read)(struct ipt_rule *, struct ipt_use *, const struct ipt_arg *);
};

enum {				/* struct ipt_module.flags */
	IPT_KEEP = 1,		/* keep the words: emit needs them */
	IPT_V4 = 2, IPT_V6 = 4,	/* only in that family */
};

struct ipt_module {
	const char *name;
	const struct ipt_opt *opts;
	size_t n_opts;
	unsigned flags;
	unsigned protos;		/* match: a protocol it needs, see ipt_port.c */
	unsigned tables;		/* target: bits of enum ipt_table_id; 0: any */
	const char *args;		/* instead of ${opts}: names, "*" flag, "=" two */
	const char *reason;		/* match with ${args}: why it is opaque; */
					/* target: NULL means without effect */
	bool (*end)(struct ipt_rule *, struct ipt_use *);	/* after the last option */
};

/* A table of modules, NULL-terminated lists of them per file. */
struct ipt_modules {
	const struct ipt_module *v;
	size_t n;
};

extern const struct ph_dialect ph_dialect_iptables;
extern const struct ipt_modules ph_ipt_port_modules, ph_ipt_icmp_modules,
    ph_ipt_ct_modules, ph_ipt_addr_modules, ph_ipt_rate_modules,
    ph_ipt_sets_modules, ph_ipt_opaque_modules;
extern const struct ipt_modules ph_ipt_target_modules, ph_ipt_nat_modules,
    ph_ipt_mark_modules;

/* Row and table helpers. */
#define IPT_OPTS(a) .opts = (a), .n_opts = sizeof(a) / sizeof(*(a))

/*
 * ph_ipt_rule_read(rd, table, line, from): read one command in the words of
 * ${rd}->line from number ${from} for one family's table and carry it out.
 * False: reported.
 */
bool ph_ipt_rule_read(struct ipt_reader *, struct ipt_table *, size_t);

/* ph_ipt_rule_fail(r, id, at, fmt, ...): report an error; returns false. */
bool ph_ipt_rule_fail(struct ipt_rule *, const char *, struct ph_span,
    const char *, ...) __attribute__((format(printf, 4, 5)));

/* ph_ipt_rule_warn(r, id, at, fmt, ...): warn, once for both families. */
void ph_ipt_rule_warn(struct ipt_rule *, const char *, struct ph_span,
    const char *, ...) __attribute__((format(printf, 4, 5)));

/*
 * Add a condition to the rule.  ph_ipt_rule_ranges(): ranges NULL (any) adds
 * none unless negated.
 */
void ph_ipt_rule_ranges(struct ipt_rule *, enum ph_dim,
    const struct ph_ranges *, bool neg, struct ph_span);
void ph_ipt_rule_one(struct ipt_rule *, enum ph_dim, ph_u128 lo, ph_u128 hi,
    bool neg, struct ph_span);
void ph_ipt_rule_cond(struct ipt_rule *, const struct ph_cond *);
void ph_ipt_rule_opaque(struct ipt_rule *, struct ph_span, const char *);

/* ph_ipt_rule_act(r, a): add an action. */
void ph_ipt_rule_act(struct ipt_rule *, const struct ph_act *);

/* ph_ipt_rule_words(r, at, words): how to write what stands at ${at}. */
void ph_ipt_rule_words(struct ipt_rule *, struct ph_span, const char *);

/* ph_ipt_rule_use(r, name): the use of a module by name, or NULL. */
struct ipt_use *ph_ipt_rule_use(struct ipt_rule *, const char *);

/* ph_ipt_rule_text(r, s): an owned copy. */
const char *ph_ipt_rule_text(struct ipt_rule *, struct ph_str);

/*
 * ph_ipt_option_read(r): the next option of the line and its values.
 * ph_ipt_command_obey(r): carry out the command of the rule that was read.
 * Both: false when something was reported.
 */
bool ph_ipt_option_read(struct ipt_rule *);
bool ph_ipt_command_obey(struct ipt_rule *);

/* Base options, ipt_base.c: those of no module. */
extern const struct ipt_opt ph_ipt_base_opts[];
extern const size_t ph_ipt_base_n;
const struct ipt_opt *ph_ipt_base_short(char);

/* ph_ipt_base_end(r): conditions of the base options, in canonical order. */
bool ph_ipt_base_end(struct ipt_rule *);

/*
 * ph_ipt_base_address(r, w, out): a word as an address or prefix of the
 * table's family; false when it is none.
 */
bool ph_ipt_base_address(struct ipt_rule *, struct ph_str, struct ph_range *);

/* ph_ipt_base_number(r, w, max, out): a number, 0x allowed; reports. */
bool ph_ipt_base_number(struct ipt_rule *, const struct ipt_word *, uint64_t,
    uint64_t *);

/* ph_ipt_port_range(r, w, sep, out): PORT or PORT sep PORT, ends may be missing. */
bool ph_ipt_port_range(struct ipt_rule *, const struct ipt_word *, struct ph_str,
    char, struct ph_range *);

/*
 * ph_ipt_ipset_read(rd, src): an ipset save file.  ph_ipt_ipset_line(rd, line,
 * from): one "create" or "add" in words; false: reported.
 */
void ph_ipt_ipset_read(struct ipt_reader *, struct ph_src *);
bool ph_ipt_ipset_line(struct ipt_reader *, const struct ipt_line *, size_t);

/* ph_ipt_timeout_find(rd, name): the timeout policy of that name, made if new. */
struct ph_timeout *ph_ipt_timeout_find(struct ipt_reader *, struct ph_str);

/* ph_ipt_timeout_line(rd, line, from): "add timeout NAME inet udp ..." of nfct. */
bool ph_ipt_timeout_line(struct ipt_reader *, const struct ipt_line *, size_t);

/*
 * ph_ipt_file_read(rd): the whole input.  ph_ipt_file_command(rd, from): the
 * command in the words of ${rd}->line from number ${from}, once for every family of
 * ${rd}->families.
 */
void ph_ipt_file_read(struct ipt_reader *);
void ph_ipt_file_command(struct ipt_reader *, size_t);

/*
 * ph_ipt_script_begins(rd, s): is the input a script, or does one begin with the
 * line ${s}?  ph_ipt_script_read(rd): the commands of one line.
 */
bool ph_ipt_script_begins(struct ipt_reader *, struct ph_str);
void ph_ipt_script_read(struct ipt_reader *);

#endif
