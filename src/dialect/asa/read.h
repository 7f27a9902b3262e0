/* SPDX-License-Identifier: ISC */
#ifndef PH_ASA_READ_H
#define PH_ASA_READ_H

#include "base/map.h"
#include "dialect/asa/lex.h"
#include "dialect/dialect.h"

/*
 * DOC: Reading a configuration
 *
 * Two passes.  The first takes lines in order, as the device would: objects,
 * groups, interfaces, translation, timers, classes; lines of access lists are only
 * put on their list.  The second reads those lines, when every name they use is
 * known.  model.c then writes the neutral ruleset.
 */

/* Addresses a line speaks of. */
struct ph_asa_addrs {
	const struct ph_ranges *ranges;	/* NULL: any */
	const struct ph_masked *mask;	/* a mask with too many holes; else NULL */
	const char *opaque;		/* not knowable, and why; else NULL */
};

enum ph_asa_kind {
	PH_ASA_NETWORK, PH_ASA_SERVICE, PH_ASA_PROTOCOL, PH_ASA_ICMP, PH_ASA_OTHER,
};

/* One line of an object or group. */
struct ph_asa_member {
	struct ph_span at;
	enum { PH_ASA_ADDRS, PH_ASA_TERM, PH_ASA_REF_OBJECT, PH_ASA_REF_GROUP } kind;
	struct ph_asa_addrs addrs;	/* ADDRS */
	struct ph_cube term;		/* TERM: PROTO, SPORT, DPORT */
	struct ph_str name;		/* REF_* */
};

struct ph_asa_object {
	struct ph_str name;
	struct ph_span at;
	enum ph_asa_kind kind;
	bool is_group, ports_only;	/* "object-group service N tcp": ports */
	struct ph_asa_member *v;
	size_t n, cap;
	enum { PH_ASA_NEW, PH_ASA_BUSY, PH_ASA_DONE } state;	/* of resolving */
	struct ph_asa_addrs addrs;	/* when done, of networks */
	struct ph_set terms;		/* when done, of services */
	const char *opaque;		/* when done, of services */
	struct ph_asa_object *next;	/* in order of definition */
};

/* A line of an access list, kept for the second pass. */
struct ph_asa_ace { uint32_t off, len; };

struct ph_asa_list {
	struct ph_str name;
	struct ph_asa_ace *v;
	size_t n, cap;
	struct ph_chain *chain;
	bool v6;			/* "ipv6 access-list" */
	struct ph_asa_list *next;
};

struct ph_asa_bind {			/* access-group */
	struct ph_asa_list *list;
	struct ph_str iface;		/* empty: global */
	bool out;
	struct ph_span at, list_at, iface_at;
	struct ph_asa_bind *next;
};

/* A translation, any of its written forms. */
struct ph_asa_nat {
	struct ph_span at;
	struct ph_str real_if, mapped_if;	/* empty: any */
	struct ph_asa_addrs real, mapped;	/* sources */
	struct ph_asa_addrs dst_real, dst_mapped;
	const struct ph_ranges *proto;		/* ports are translated; NULL: not */
	const struct ph_ranges *real_port, *mapped_port;
	struct ph_asa_list *only;		/* nat 0 access-list */
	bool dynamic, identity, to_iface, has_dst;
	int section, order;			/* 1 manual, 2 static, 3 dynamic, 4 after */
	unsigned prefix;			/* section 2: longest first */
	struct ph_asa_nat *next;
};

/* Pre-8.3: nat (if) ID ... and global (if) ID ... meet by number. */
struct ph_asa_pool {
	struct ph_span at;
	struct ph_str iface;
	uint64_t id;
	bool global, to_iface;
	struct ph_asa_addrs addrs;
	struct ph_asa_pool *next;
};

struct ph_asa_class {
	struct ph_str name;
	struct ph_span at;
	struct ph_str list;		/* match access-list; empty: none */
	struct ph_span list_at;
	bool any, default_inspection;
	struct ph_set ports;		/* match port */
	const char *opaque;
	struct ph_asa_class *next;
};

struct ph_asa_action {			/* inside "policy-map P / class C" */
	struct ph_str class;
	struct ph_span class_at, at;
	struct ph_str inspect;		/* "sip", "h323"; empty: a timer */
	struct ph_str what;		/* "h225" or "ras" after h323 */
	uint32_t idle_s;
	struct ph_asa_action *next;
};

struct ph_asa_policy {
	struct ph_str name;
	struct ph_asa_action *actions, **tail;
	struct ph_asa_policy *next;
};

struct ph_asa_service {			/* service-policy */
	struct ph_str policy, iface;	/* iface empty: global */
	struct ph_span at;
	struct ph_asa_service *next;
};

/* A line that says something, for writing it again. */
struct ph_asa_kept {
	uint32_t off, len;
	uint8_t indent;
	bool late;			/* uses lists: to stand after them */
};

struct ph_asa {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ph_src *src;
	struct ph_ruleset *rs;
	bool ok;			/* no error yet */
	bool unread;			/* a command was not known */
	int version;			/* 100 * major + minor; 0: not said */
	/* names */
	struct ph_map names, objects, groups, lists, classes, policies, ranges;
	struct ph_asa_object *object_list, **objects_tail;
	struct ph_asa_list *list_list, **lists_tail, *last_list;
	struct ph_asa_bind *binds, **binds_tail;
	struct ph_asa_nat *nats, **nats_tail;
	struct ph_asa_pool *pools, **pools_tail;
	struct ph_asa_class *class_list, **classes_tail;
	struct ph_asa_policy *policy_list, **policies_tail;
	struct ph_asa_service *services, **services_tail;
	struct ph_asa_action *fixups, **fixups_tail;
	struct ph_timeout *timers;
	struct ph_asa_kept *kept;
	size_t n_kept, cap_kept;
	bool late;			/* the open stanza uses lists */
	int n_nats;
	bool same_inter, same_intra;
	/* the stanza that indented lines belong to */
	struct ph_iface *iface;
	struct ph_str device;		/* of the interface stanza */
	struct ph_span device_at;
	struct ph_asa_object *object;
	struct ph_asa_class *class;
	struct ph_asa_policy *policy;
	struct ph_str policy_class;
	struct ph_span policy_class_at;
};

/* Report an error at word ${i} of ${l}; returns false. */
bool ph_asa_error(struct ph_asa *, const char *id, struct ph_span, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* --- address.c --- */

/*
 * ph_asa_read_addrs(a, l, out): any, any4, any6, host A, A MASK, A/LEN, object N,
 * object-group N, interface IF.  False: reported.
 */
bool ph_asa_read_addrs(struct ph_asa *, struct ph_asa_line *, struct ph_asa_addrs *);

/* ph_asa_read_host(a, l, out): one address, or a name from "name". */
bool ph_asa_read_host(struct ph_asa *, struct ph_asa_line *, ph_u128 *);

/* ph_asa_read_net(a, l, out): A MASK or A/LEN. */
bool ph_asa_read_net(struct ph_asa *, struct ph_asa_line *, struct ph_asa_addrs *);

/* --- port.c --- */

/* ph_asa_read_ports(a, l, out): eq, neq, lt, gt, range; *${out} untouched if none. */
bool ph_asa_read_ports(struct ph_asa *, struct ph_asa_line *, const struct ph_ranges **);
bool ph_asa_is_port_op(struct ph_str);

/* One port or protocol, by name or number, as a list of one. */
bool ph_asa_read_port(struct ph_asa *, struct ph_asa_line *, const struct ph_ranges **);
/* Say that ${w} is no protocol, and which it is like; false. */
bool ph_asa_bad_proto(struct ph_asa *, struct ph_str w, struct ph_span);
bool ph_asa_read_proto(struct ph_asa *, struct ph_asa_line *, const struct ph_ranges **);

/* ph_asa_read_term(a, l, out): PROTO [source OP] [destination] [OP], or ICMP type. */
bool ph_asa_read_term(struct ph_asa *, struct ph_asa_line *, struct ph_cube *);

/* --- object.c --- */

void ph_asa_object_begin(struct ph_asa *, struct ph_asa_line *);
void ph_asa_group_begin(struct ph_asa *, struct ph_asa_line *);
bool ph_asa_object_line(struct ph_asa *, struct ph_asa_line *);
void ph_asa_name(struct ph_asa *, struct ph_asa_line *);

/*
 * ph_asa_find(a, name, group, at): a resolved object or group, or NULL after a
 * warning that it is not defined.
 */
struct ph_asa_object *ph_asa_find(struct ph_asa *, struct ph_str, bool group,
    struct ph_span);

/* --- acl.c --- */

void ph_asa_list_line(struct ph_asa *, struct ph_asa_line *, bool v6);
void ph_asa_list_clear(struct ph_asa *, struct ph_asa_line *);
void ph_asa_bind_line(struct ph_asa *, struct ph_asa_line *);
void ph_asa_lists_read(struct ph_asa *);
struct ph_asa_list *ph_asa_list(struct ph_asa *, struct ph_str);

/* --- iface.c --- */

void ph_asa_iface_begin(struct ph_asa *, struct ph_asa_line *);
bool ph_asa_iface_line(struct ph_asa *, struct ph_asa_line *);
void ph_asa_nameif_pix(struct ph_asa *, struct ph_asa_line *);
void ph_asa_ip_pix(struct ph_asa *, struct ph_asa_line *);
void ph_asa_route(struct ph_asa *, struct ph_asa_line *, bool v6);
void ph_asa_same_security(struct ph_asa *, struct ph_asa_line *);

/* --- nat.c, nat_old.c --- */

void ph_asa_nat_line(struct ph_asa *, struct ph_asa_line *);
void ph_asa_nat_object(struct ph_asa *, struct ph_asa_line *);
void ph_asa_nat_old(struct ph_asa *, struct ph_asa_line *);
void ph_asa_static(struct ph_asa *, struct ph_asa_line *);
void ph_asa_global(struct ph_asa *, struct ph_asa_line *);
struct ph_asa_nat *ph_asa_nat_add(struct ph_asa *, struct ph_span, int section);
bool ph_asa_nat_pair(struct ph_asa *, struct ph_asa_line *, struct ph_str *, struct ph_str *);
void ph_asa_pools_join(struct ph_asa *);

/* --- policy.c --- */

void ph_asa_class_begin(struct ph_asa *, struct ph_asa_line *);
bool ph_asa_class_line(struct ph_asa *, struct ph_asa_line *);
void ph_asa_policy_begin(struct ph_asa *, struct ph_asa_line *);
bool ph_asa_policy_line(struct ph_asa *, struct ph_asa_line *);
void ph_asa_service_policy(struct ph_asa *, struct ph_asa_line *);
void ph_asa_fixup(struct ph_asa *, struct ph_asa_line *, bool no);

/* --- timeout.c --- */

void ph_asa_timeout_defaults(struct ph_asa *);
void ph_asa_timeout_line(struct ph_asa *, struct ph_asa_line *);
bool ph_asa_read_time(struct ph_str, uint32_t *);

/* --- model.c, model_nat.c, model_policy.c --- */

void ph_asa_model(struct ph_asa *);
void ph_asa_model_nat(struct ph_asa *);
void ph_asa_model_policy(struct ph_asa *);
bool ph_asa_old_nat(const struct ph_asa *);

/* Is a protocol inspected by any policy in force? */
bool ph_asa_inspects(const struct ph_asa *, const char *);

/* A rule being written. */
struct ph_asa_rule {
	struct ph_cond c[16];
	size_t n;
};
void ph_asa_cond(struct ph_asa_rule *, enum ph_dim, const struct ph_ranges *, struct ph_span);
void ph_asa_cond_iface(struct ph_asa *, struct ph_asa_rule *, enum ph_dim, struct ph_str,
    struct ph_span);
void ph_asa_cond_addrs(struct ph_asa_rule *, enum ph_dim, const struct ph_asa_addrs *,
    struct ph_span);
struct ph_rule *ph_asa_rule_add(struct ph_asa *, struct ph_chain *,
    const struct ph_asa_rule *, struct ph_act, struct ph_span, bool implicit);

#endif
