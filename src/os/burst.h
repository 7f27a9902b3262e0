/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_BURST_H
#define PH_OS_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * DOC: Datagrams by the batch
 *
 * For who passes on more datagrams than it makes.  One burst belongs to one thread and
 * serves all of its sockets: what arrives is read into its slots, many datagrams a call,
 * and stays there until ph_burst_flush(); what leaves is gathered, sorted by flow
 * and sent with as few calls as there are sockets.
 *
 * Datagrams of one flow and one length that follow each other come in as one message
 * (UDP_GRO) and go out as one (UDP_SEGMENT) where the kernel knows how.  Where it
 * turns out that it does not, that is not tried again.
 *
 *	recv … recv	slots fill up		add … add	flows, each a chain:
 *	[a a b][b][a]	----------------->	a-a-a  b-b	one message each
 */
enum ph_burst_limits {
	PH_BURST_SLOTS = 64,		/* messages received before a flush */
	PH_BURST_ROOM = 65536,		/* bytes of a slot */
	PH_BURST_OUT = 512,		/* datagrams gathered before a flush */
	PH_BURST_SEGMENTS = 64,		/* of one message, as kernels since 4.18 take them */
	PH_BURST_HEAD = 4,		/* bytes that ph_burst_add() can put before the data */
};

struct ph_burst;

/* A message that arrived: one datagram, or several of ${segment} bytes, the last maybe less. */
struct ph_burst_in {
	const uint8_t *data;		/* until ph_burst_flush() */
	uint32_t len;
	uint32_t segment;		/* bytes; 0: one datagram */
	ph_u128 addr;
	uint16_t port;
	uint8_t ttl;			/* 0: not told */
	uint8_t tos;
};

struct ph_burst_out {
	int fd;
	ph_u128 addr;
	uint16_t port;
	uint8_t ttl;			/* 0: the socket's */
	uint8_t tos;
	uint8_t head_len;		/* bytes of ${head} */
	uint8_t head[PH_BURST_HEAD];
	const uint8_t *data;		/* borrowed until ph_burst_flush() */
	uint32_t len;
};

/* What was counted since the start. */
struct ph_burst_stats {
	uint64_t sent, dropped;		/* datagrams */
	uint64_t calls;			/* messages given to the kernel */
	bool gso;			/* still in use */
};

struct ph_burst_opts {
	ph_u128 addr;
	uint16_t port;			/* 0: the kernel chooses */
	bool shared;			/* SO_REUSEPORT: one of several that share a port */
	uint32_t rcvbuf;		/* bytes asked for; 0: the kernel's default */
};

/*
 * ph_burst_new(out): 0, or -ENOMEM.  ph_burst_free(b): NULL is fine.
 */
int ph_burst_new(struct ph_burst **);
void ph_burst_free(struct ph_burst *);

/*
 * ph_burst_open(opts, fd): a non-blocking socket that tells TTL, ToS and ICMP errors and
 * takes merged datagrams where the kernel can.  0, or -errno as ph_udp_open().
 */
int ph_burst_open(const struct ph_burst_opts *, int *);

/* ph_burst_free_slots(b): how many messages ph_burst_recv() could still take. */
size_t ph_burst_free_slots(const struct ph_burst *);

/*
 * ph_burst_recv(b, fd, max, out): read at most ${max} messages into free slots; how many, and
 * where the first of them is.  0 when none waits or no slot is free.  -errno: broken.
 */
int ph_burst_recv(struct ph_burst *, int, size_t max, const struct ph_burst_in **);

/* ph_burst_add(b, out): send that at the next flush, or now when there is no more room. */
void ph_burst_add(struct ph_burst *, const struct ph_burst_out *);

/* ph_burst_flush(b): send all that was added; all slots are free again. */
void ph_burst_flush(struct ph_burst *);

struct ph_burst_stats ph_burst_stats(const struct ph_burst *);

/* ph_burst_no_gso(b): send one by one from now on. */
void ph_burst_no_gso(struct ph_burst *);

#endif
