/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_AST_H
#define PH_NFTABLES_AST_H

#include "dialect/nftables/lex.h"
#include "model/ruleset.h"

/*
 * DOC: Two steps
 *
 * A file of nftables is a program: sets are filled after rules that refer to
 * them, chains are flushed, rules inserted before others.  So reading has two
 * steps.  The first (block.c, command.c, stmt.c, expr.c) keeps tables, sets, chains
 * and rules as they were written, in the order that the commands leave them.
 * The second (lower.c and below) turns the final state into the neutral model.
 */

/* What the values of a selector look like. */
enum ph_nft_type {
	PH_NFT_T_OTHER,			/* not judged */
	PH_NFT_T_V4, PH_NFT_T_V6, PH_NFT_T_PORT, PH_NFT_T_PROTO,
	PH_NFT_T_NFPROTO, PH_NFT_T_ETHERTYPE, PH_NFT_T_MARK, PH_NFT_T_IFACE,
	PH_NFT_T_STATE, PH_NFT_T_DIRECTION, PH_NFT_T_STATUS, PH_NFT_T_FLAGS,
	PH_NFT_T_ICMP_TYPE, PH_NFT_T_ICMP_CODE, PH_NFT_T_ICMP6_TYPE,
	PH_NFT_T_ICMP6_CODE, PH_NFT_T_UID, PH_NFT_T_ADDRTYPE, PH_NFT_T_PKTTYPE,
	PH_NFT_T_FRAG,
	PH_NFT_NTYPES,
};

/* What a match on a selector becomes. */
enum ph_nft_sense {
	PH_NFT_S_OPAQUE,
	PH_NFT_S_DIM,			/* a dimension of the packet */
	PH_NFT_S_FAMILY,		/* IPv4 or IPv6 */
	PH_NFT_S_TH,			/* a port of whatever protocol it is */
	PH_NFT_S_ORIG,			/* the connection's first packet */
	PH_NFT_S_UID,
	PH_NFT_S_LOCAL,			/* fib ... type */
	PH_NFT_S_PKTTYPE,
	PH_NFT_S_FRAG,			/* fragments: none are left after tracking */
};

/* A selector: "tcp dport", "ct state". */
struct ph_nft_field {
	const char *word;		/* after the protocol's word */
	uint8_t type;			/* enum ph_nft_type */
	uint8_t sense;			/* enum ph_nft_sense */
	uint8_t dim;			/* enum ph_dim */
	uint8_t family;			/* PH_FAMILY_* it implies, 0: none */
	uint8_t proto;			/* protocol it implies, 0: none */
};

enum ph_nft_expr_kind {
	PH_NFT_E_WORD,			/* s; also numbers, addresses */
	PH_NFT_E_FIELD,
	PH_NFT_E_RANGE,			/* l - r */
	PH_NFT_E_PREFIX,		/* l / r */
	PH_NFT_E_BIN,			/* l op r */
	PH_NFT_E_LIST,			/* a,b: bits; first */
	PH_NFT_E_SET,			/* { ... }: first, n */
	PH_NFT_E_REF,			/* @name: s */
	PH_NFT_E_CONCAT,		/* a . b: first, n */
	PH_NFT_E_MAP,			/* l map r */
	PH_NFT_E_ELEM,			/* l [: r], in a set */
	PH_NFT_E_VERDICT,		/* op is an enum ph_act_kind; s: chain */
	PH_NFT_E_ANY,			/* '*' */
	PH_NFT_E_CHOICE,		/* numgen, jhash, symhash: any value */
};

struct ph_nft_expr {
	uint8_t kind;
	char op;			/* BIN: & | ^ < (shift) > */
	bool quoted;			/* WORD */
	bool timed;			/* ELEM that expires */
	bool rated;			/* ELEM with a limit of its own */
	struct ph_span at;
	struct ph_nft_expr *next;	/* of a list */
	union {
		struct ph_str s;
		const struct ph_nft_field *field;
		struct { struct ph_nft_expr *l, *r; };
		struct { struct ph_nft_expr *first; size_t n; };
	};
};

enum ph_nft_stmt_kind {
	PH_NFT_MATCH,			/* l op r */
	PH_NFT_VMAP,			/* l vmap r */
	PH_NFT_VERDICT,			/* act, name: the chain */
	PH_NFT_REJECT,
	PH_NFT_SET,			/* l set r */
	PH_NFT_NAT,			/* act, family, r: address, l: port */
	PH_NFT_NOTRACK, PH_NFT_FLOW, PH_NFT_TPROXY,
	PH_NFT_NOTE,			/* no effect on the answer */
	PH_NFT_RATE,			/* neg: over */
	PH_NFT_RATE_OBJ,		/* limit, quota name: l */
	PH_NFT_DYNSET,			/* name: the set that is changed */
	PH_NFT_OPAQUE_MATCH, PH_NFT_OPAQUE_ACT,	/* why */
};

/* Relations; IMPLICIT is none written. */
enum ph_nft_rel {
	PH_NFT_IMPLICIT, PH_NFT_EQ, PH_NFT_NE, PH_NFT_LT, PH_NFT_GT,
	PH_NFT_LE, PH_NFT_GE, PH_NFT_NOT,
};

struct ph_nft_stmt {
	uint8_t kind, rel, act;
	uint8_t family, proto;		/* implied; 0: none */
	bool neg, prefix, rated;
	struct ph_span at;
	const char *text;		/* canonical; NULL: as the source has it */
	const char *why;		/* OPAQUE_*: for people */
	struct ph_nft_stmt *next;
	struct ph_nft_expr *l, *r;
	struct ph_nft_expr *mask;	/* tcp flags r / mask */
	struct ph_str name;
};

struct ph_nft_rule {
	struct ph_span at;
	struct ph_nft_stmt *stmts;
	const char *comment;
	uint64_t handle;
	bool in_block;			/* stands in the braces of its chain */
	struct ph_nft_rule *prev, *next;
};

struct ph_nft_hook {
	struct ph_span at;
	int type, point;		/* rows of their tables; -1: not one we judge */
	int priority;
	bool written, ingress;
	enum ph_act_kind policy;
	struct ph_span policy_at;
};

struct ph_nft_chain {
	struct ph_nft_table *table;
	const char *name;
	struct ph_span at;
	struct ph_span word, end;	/* "chain" and the closing brace; src NULL: none */
	struct ph_nft_rule *first, *last;
	struct ph_nft_hook hook;
	struct ph_nft_chain *next;
	bool gone;
	struct ph_chain *model;		/* after lowering */
	const struct ph_nft_rule **origin;	/* of each rule of the model */
	size_t n_origin, cap_origin;
	size_t n_in;			/* jumps to it, while looking for loops */
	struct ph_nft_edge *out;
	bool seen;
};

/* The elements of a set as cubes of some selectors. */
struct ph_nft_tuples {
	const struct ph_nft_field **f;
	size_t n;
	int got;			/* enum ph_nft_got */
	const struct ph_set *set;
	struct ph_nft_tuples *next;
};

struct ph_nft_set {
	struct ph_nft_table *table;
	const char *name;
	struct ph_span at;
	bool is_map, dynamic, timeout, constant, gone;
	bool changed;			/* a rule adds to it */
	bool expires;			/* elements do */
	struct ph_nft_expr *first, *last, *removed;
	size_t n;
	const char *text;		/* canonical, of its properties, without elements */
	struct ph_nft_values *cache;	/* values.c */
	struct ph_nft_tuples *tuples;	/* match_tuple.c */
	struct ph_nft_set *next;
};

enum ph_nft_obj_kind {
	PH_NFT_O_HELPER, PH_NFT_O_TIMEOUT, PH_NFT_O_EXPECT, PH_NFT_O_COUNTER,
	PH_NFT_O_QUOTA, PH_NFT_O_LIMIT, PH_NFT_O_SECMARK, PH_NFT_O_SYNPROXY,
	PH_NFT_O_FLOWTABLE,
	PH_NFT_NOBJS,
};

struct ph_nft_obj {
	uint8_t kind, proto, family;
	bool over;			/* LIMIT, QUOTA */
	const char *name, *helper;
	const char *protocol;		/* HELPER: that it is known by */
	const char *text;		/* canonical, of what is in its braces */
	struct ph_span at;
	struct ph_timeout timeout;
	struct ph_nft_obj *next;
};

struct ph_nft_table {
	const char *family, *name, *title;	/* title: "inet fw4" */
	unsigned families;		/* PH_FAMILY_*; 0: not judged */
	bool dormant, gone;
	struct ph_span at;
	const char *text;		/* not judged: as canonical text */
	struct ph_nft_chain *chains, **chains_tail;
	struct ph_nft_set *sets, **sets_tail;
	struct ph_nft_obj *objs, **objs_tail;
	struct ph_map chain_map, set_map, obj_map[PH_NFT_NOBJS];
	struct ph_nft_table *next;
};

struct ph_nft_parser {
	struct ph_nft_lex lx;
	struct ph_arena *mem;
	struct ph_ruleset *rs;
	const struct ph_parse_opts *opts;
	struct ph_nft_table *tables, **tables_tail;
	struct ph_map table_map;
	struct ph_nft_table *table;	/* whose rules are being read */
	unsigned n_blocks;		/* chains without a name */
	struct ph_map iface_map;	/* those noted, by name */
	unsigned depth;			/* of nested expressions */
	unsigned n_includes;
	size_t stored;			/* tokens kept by defines */
	struct ph_span offload_at;	/* the last "flow add" lowered */
	size_t mark_tests;		/* selectors of marks that are not set */
};

#endif
