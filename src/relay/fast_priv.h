/* SPDX-License-Identifier: ISC */
#ifndef PH_RELAY_FAST_PRIV_H
#define PH_RELAY_FAST_PRIV_H

#include <pthread.h>

#include "bpf/relay.h"
#include "relay/fast.h"

struct bpf_object;
struct bpf_link;

/* The maps of bpf/relay.bpf.c, by their place in ${ph_fast}.map. */
enum ph_fast_map {
	PH_FAST_FLOWS, PH_FAST_TALLIES, PH_FAST_METERS, PH_FAST_PORTS, PH_FAST_LEASE,
	PH_FAST_PASSES, PH_FAST_N_MAPS
};

/* A binding and its two tallies, 2 * i and 2 * i + 1; i is its id.  Slot 0 is not used. */
struct ph_fast_slot {
	struct ph_bpf_key key[2];	/* up, down */
	struct ph_bpf_flow flow[2];
	struct ph_fast_counts last;	/* when it was unbound */
	uint64_t since_us;		/* unbound then */
	uint32_t next;			/* free, or resting */
	bool used;
};

struct ph_fast_table {
	pthread_mutex_t lock;
	struct ph_fast_slot *slot;
	uint32_t *meter_next;		/* free ones */
	uint32_t n_slots, free, free_meter;
	uint32_t rest, rest_end;	/* unbound, not yet free: oldest first */
	struct ph_fast_counts late;
};

/* What hangs on an interface. */
struct ph_fast_hook {
	int link;			/* a descriptor, or -1 */
	bool filter, qdisc;		/* tc before 6.6; the qdisc is ours */
};

struct ph_fast {
	struct bpf_object *obj;
	int map[PH_FAST_N_MAPS];
	int xdp, tc;			/* programs, or -1 */
	uint64_t warm_ns;
	bool forward_was_off[2];	/* of the loopback interface, IPv4 and IPv6 */
	struct ph_fast_port *port;
	struct ph_fast_hook *hook;
	size_t n_ports;
	struct ph_fast_table t;
};

/* The object file, linked in. */
extern const unsigned char ph_fast_object[];
extern const size_t ph_fast_object_len;

/* ph_fast_table_init(f, n), _fini(f): room for ${n} bindings; 0 or -ENOMEM. */
int ph_fast_table_init(struct ph_fast *, uint32_t n);
void ph_fast_table_fini(struct ph_fast *);

/* ph_fast_table_age(f, now_us): slots that have rested become free. */
void ph_fast_table_age(struct ph_fast *, uint64_t);

/* ph_fast_table_make(b, key, flow): both directions of ${b}; slots are not set.  0 or -errno. */
int ph_fast_table_make(const struct ph_fast_binding *, struct ph_bpf_key[2],
    struct ph_bpf_flow[2]);

/*
 * ph_fast_selftest(f, prog): packets of both families and directions through a program, not
 * over any network, and what comes out compared.  Wants the lease.  NULL when right, else what
 * was wrong.
 */
const char *ph_fast_selftest(struct ph_fast *, int prog, bool xdp);

/* ph_fast_attach(f, i, flags): choose for the i-th interface; fills in port and hook. */
void ph_fast_attach(struct ph_fast *, size_t, unsigned flags);

/* ph_fast_detach(f, i): take off what was attached. */
void ph_fast_detach(struct ph_fast *, size_t);

/*
 * ph_fast_link_xmit(ifindex, name): can frames be redirected to it?  1, 0, or -errno when the
 * kernel does not tell.
 */
int ph_fast_link_xmit(unsigned ifindex);

/*
 * ph_fast_link_mac(name, mac, ether): its address; *${ether}: is it an Ethernet and up?
 * 0 or -errno.
 */
int ph_fast_link_mac(const char *, uint16_t mac[3], bool *ether);

/* ph_fast_link_driver(name, out, n): "veth", "" when unknown. */
void ph_fast_link_driver(const char *, char *, size_t);

#endif
