/* SPDX-License-Identifier: ISC */
#ifndef PH_IPT_SET_H
#define PH_IPT_SET_H

#include "base/buf.h"
#include "base/diag.h"
#include "space/set.h"

/* What one dimension of a set's type holds. */
enum ipt_part { IPT_PART_NONE, IPT_PART_ADDR, IPT_PART_PORT, IPT_PART_IFACE,
	IPT_PART_MARK, IPT_PART_MAC, IPT_PART_SET };

enum { IPT_PARTS = 3 };

/* One member; the parts that the type does not have are any. */
struct ipt_elem {
	struct ph_range part[IPT_PARTS];	/* of a port: the port or ICMP type */
	struct ph_range code;		/* ICMP code, of the port part */
	uint8_t proto;			/* of the port part */
	bool any_proto;			/* bitmap:port: TCP and UDP */
	bool nomatch, timed, physdev;
	struct ipt_set *set;		/* list:set */
};

/* A set of ipset, from "create" and "add" lines. */
struct ipt_set {
	const char *name;
	const char *type;		/* "hash:ip,port" */
	const char *range;		/* of a bitmap, as written, or NULL */
	struct ph_span at;
	enum ipt_part parts[IPT_PARTS];
	unsigned n_parts;
	bool v6, nets, timeouts;	/* timeouts: members may go by themselves */
	bool nomatches, timed, macs, odd;
	bool live;			/* rules change it: the text is not all */
	unsigned netmask;		/* 0: none */
	struct ipt_elem *v;
	size_t n, cap;
	const struct ph_ranges *addrs;	/* of one address part, when computed */
	const struct ph_ranges *refused;	/* those that "nomatch" takes away */
	const struct ph_set *cubes[1 << IPT_PARTS];	/* by the src flags, when */
					/* computed */
	struct ipt_set *next;
	bool used;			/* a rule refers to it */
};

/* ph_ipt_set_emit(b, s): its "create" and "add" lines, each after "# ipset: ". */
void ph_ipt_set_emit(struct ph_buf *, const struct ipt_set *);

#endif
