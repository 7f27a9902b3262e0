/* SPDX-License-Identifier: ISC */
#ifndef PH_RELAY_FAST_H
#define PH_RELAY_FAST_H

#include "net/addr.h"

/*
 * DOC: The fast path, as user space sees it
 *
 * Data of bound channels between UDP clients and peers is moved by a BPF program in the
 * kernel (bpf/relay.bpf.c).  It only ever accelerates: what it does not know, or what is not
 * plain, reaches the sockets as if it was not there, and who binds nothing has no fast path.
 *
 * What is bound passes no rules of netfilter and no queueing discipline but that of the
 * interface it leaves by; whether it may pass is decided when it is bound, and it must be
 * unbound when that changes.
 *
 * It closes by itself five seconds after the last ph_fast_touch(), and ends with the process:
 * programs hang on descriptors, but for kernels before 6.6 where a driver has no XDP; there
 * a filter stays that passes everything, until the next start takes it away.
 *
 * Any thread may call any function at any time, but for open and close.
 */
struct ph_fast;

enum ph_fast_tier { PH_FAST_NONE, PH_FAST_TC, PH_FAST_XDP };

enum {
	PH_FAST_NO_XDP = 1,		/* flags of ph_fast_open() */
	PH_FAST_NO_TC = 2,
	PH_FAST_WHY = 128,		/* bytes of a reason */
};

struct ph_fast_opts {
	const char *const *ifnames;	/* Ethernet interfaces; none named: all that are up */
	size_t n_ifnames;
	unsigned flags;
	uint32_t max_bindings;		/* 0: 16384; some 700 bytes of kernel memory each */
	uint32_t warm_ms;		/* a packet of each flow so often to user space; 0: never */
};

/* What was chosen for an interface. */
struct ph_fast_port {
	char name[16];
	unsigned ifindex;
	enum ph_fast_tier tier;
	char why[PH_FAST_WHY];		/* why not better; "" for XDP */
};

/* A channel that is bound.  Addresses as on the wire. */
struct ph_fast_binding {
	ph_u128 client, server, relay, peer;
	uint16_t client_port, server_port, relay_port, peer_port;
	uint16_t channel;		/* 0x4000 to 0x7fff */
	uint64_t expires_us;		/* of ph_clock_us(); channel or permission, the earlier */
	uint32_t meter;			/* of ph_fast_meter(), 0: no limit */
};

struct ph_fast_way {
	uint64_t packets, bytes;	/* relayed; bytes of payload */
	uint64_t over_packets, over_bytes;	/* dropped by the limit */
};

struct ph_fast_counts {
	struct ph_fast_way up, down;	/* client to peer, peer to client */
};

/*
 * ph_fast_built(): was it compiled in?  Without it open is -ENOTSUP, "not built in".
 */
bool ph_fast_built(void);

/*
 * ph_fast_open(opts, out, why):
 * Load the programs, let each pass a self-test, and attach to each interface the best that it
 * takes: native XDP, else tc.  0; or -errno, *${why} (static text) telling what is missing,
 * when there is no interface on which either runs.  Wants CAP_BPF, CAP_NET_ADMIN and, before
 * Linux 5.8, CAP_SYS_ADMIN; only here, the other functions work without.  Sets
 * net.ipv[46].conf.lo.forwarding, which the route look-up of the programs asks for and which
 * forwards nothing by itself, and sets it back at the end.
 */
int ph_fast_open(const struct ph_fast_opts *, struct ph_fast **out, const char **why);

/* ph_fast_close(f): detach and free; NULL is fine. */
void ph_fast_close(struct ph_fast *);

/* ph_fast_port(f, i): the i-th interface, NULL behind the last. */
const struct ph_fast_port *ph_fast_port(const struct ph_fast *, size_t);

/* ph_fast_tier_name(t): "xdp", "tc", "none". */
const char *ph_fast_tier_name(enum ph_fast_tier);

/* ph_fast_touch(f): a sign of life, to be given once a second.  0 or -errno. */
int ph_fast_touch(struct ph_fast *);

/*
 * ph_fast_bind(f, b, id):
 * From now on both directions are moved by the kernel; *${id}, never 0, names it.  0; or
 * -EEXIST: an end of it is bound already; -EAFNOSUPPORT: client and peer are of two families,
 * which is left to user space; -ENOSPC: full; -EINVAL: not a channel; or another -errno.
 */
int ph_fast_bind(struct ph_fast *, const struct ph_fast_binding *, uint32_t *id);

/* ph_fast_refresh(f, id, expires_us): it lasts until then.  0 or -errno. */
int ph_fast_refresh(struct ph_fast *, uint32_t id, uint64_t expires_us);

/*
 * ph_fast_unbind(f, id, last):
 * Nothing more is moved; the counts at its end into *${last} unless NULL.  A packet that was
 * within the program at this moment is counted by ph_fast_late() only.  0 or -errno.
 */
int ph_fast_unbind(struct ph_fast *, uint32_t id, struct ph_fast_counts *last);

/* ph_fast_counts(f, id, out): what it moved since it was bound.  0 or -errno. */
int ph_fast_counts(struct ph_fast *, uint32_t id, struct ph_fast_counts *out);

/* ph_fast_late(f): what was moved by bindings after their last counts were taken. */
struct ph_fast_counts ph_fast_late(struct ph_fast *);

/*
 * ph_fast_meter(f, bytes_per_s, id):
 * A limit of payload for each direction, of bursts up to a quarter second (9 KiB at least), for
 * all bindings that name it.  0 and an id, or -ENOSPC.  Freed when nothing is bound to it.
 */
int ph_fast_meter(struct ph_fast *, uint32_t bytes_per_s, uint32_t *id);
void ph_fast_meter_free(struct ph_fast *, uint32_t id);

/*
 * ph_fast_pass(f, i, name): how many packets of bound channels were left to user space for
 * the i-th reason, whose word for metrics goes to *${name}, NULL behind the last.
 */
uint64_t ph_fast_pass(struct ph_fast *, size_t, const char **name);

#endif
