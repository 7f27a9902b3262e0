/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "os/burst.h"
#include "os/sockaddr.h"

enum {
	/* Not a power of two, or first bytes of all slots would fight for the same cache lines. */
	STRIDE = PH_BURST_ROOM + 320,
	CONTROL = 128,			/* bytes: three integers */
	FLOWS = 1024,			/* a power of two, above PH_BURST_OUT */
	GSO_BYTES = 65000,		/* of one message */
	GSO_FIRST = 1400,		/* longest segment tried at first */
	GSO_SURE = 1200,		/* one that every path takes */
	NONE = 0xffff,
};

struct control {
	_Alignas(struct cmsghdr) char bytes[CONTROL];
};

/* A datagram that is to leave, in a chain with the others of its flow. */
struct item {
	struct ph_burst_out o;
	uint32_t bytes;			/* head and data */
	uint16_t next, last;		/* last: of the first of a chain */
	bool first;
};

struct ph_burst {
	uint8_t *room;
	struct mmsghdr in[PH_BURST_SLOTS];
	struct iovec in_iov[PH_BURST_SLOTS];
	struct sockaddr_in6 in_sa[PH_BURST_SLOTS];	/* holds an IPv4 one as well */
	struct control in_control[PH_BURST_SLOTS];
	struct ph_burst_in got[PH_BURST_SLOTS];
	size_t used;			/* slots */

	struct item item[PH_BURST_OUT];
	size_t n;
	uint16_t flow[FLOWS];		/* first of a chain, or NONE */
	struct mmsghdr out[PH_BURST_OUT];
	struct iovec iov[2 * PH_BURST_OUT];
	struct sockaddr_storage sa[PH_BURST_OUT];
	struct control control[PH_BURST_OUT];
	uint16_t of[PH_BURST_OUT];	/* message to its first item */
	uint32_t gso_max;		/* longest segment; 0: off */
	struct ph_burst_stats stats;
};

/*
 * Kernels that corrupt a message whose segments are all of one length: what they merge
 * cannot be trusted.
 */
static bool
kernel_cuts_well(void)
{
	struct utsname u;
	unsigned major = 0, minor = 0, patch = 0;

	if (uname(&u) != 0 || sscanf(u.release, "%u.%u.%u", &major, &minor, &patch) < 2)
		return false;
	return major != 7 || minor > 1 || (minor == 1 && patch > 4);
}

int
ph_burst_new(struct ph_burst **out)
{
	struct ph_burst *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return -ENOMEM;
	b->room = malloc((size_t)STRIDE * PH_BURST_SLOTS);
	if (b->room == NULL) {
		free(b);
		return -ENOMEM;
	}
	for (size_t i = 0; i < PH_BURST_SLOTS; i++) {
		b->in_iov[i] = (struct iovec){ b->room + i * STRIDE, PH_BURST_ROOM };
		b->in[i].msg_hdr = (struct msghdr){
			.msg_name = &b->in_sa[i], .msg_namelen = sizeof(b->in_sa[i]),
			.msg_iov = &b->in_iov[i], .msg_iovlen = 1,
			.msg_control = &b->in_control[i], .msg_controllen = CONTROL,
		};
	}
	memset(b->flow, 0xff, sizeof(b->flow));
	b->gso_max = kernel_cuts_well() ? GSO_FIRST : 0;
	*out = b;
	return 0;
}

void
ph_burst_free(struct ph_burst *b)
{
	if (b == NULL)
		return;
	free(b->room);
	free(b);
}

/* --- sockets --- */

static int
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : -errno;
}

static int
prepare(int fd, const struct ph_burst_opts *o)
{
	static const struct { int level, name, value; } row[2][6] = {
		{ { IPPROTO_IP, IP_RECVERR, 1 }, { IPPROTO_IP, IP_RECVTOS, 1 },
		    { IPPROTO_IP, IP_RECVTTL, 1 },
		    { IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT } },
		{ { IPPROTO_IPV6, IPV6_RECVERR, 1 }, { IPPROTO_IPV6, IPV6_RECVTCLASS, 1 },
		    { IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1 }, { IPPROTO_IPV6, IPV6_V6ONLY, 1 },
		    { IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT } },
	};
	bool v6 = !ph_addr_is_v4(o->addr);
	struct sockaddr_storage sa;
	int err = 0;

	for (size_t i = 0; err == 0 && row[v6][i].name != 0; i++)
		err = set(fd, row[v6][i].level, row[v6][i].name, row[v6][i].value);
	if (err == 0 && o->shared)
		err = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (err != 0)
		return err;
	set(fd, IPPROTO_UDP, UDP_GRO, 1);
	if (o->rcvbuf > 0 && set(fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)o->rcvbuf) != 0)
		set(fd, SOL_SOCKET, SO_RCVBUF, (int)o->rcvbuf);
	return bind(fd, (struct sockaddr *)&sa, ph_sockaddr_make(o->addr, o->port, &sa)) != 0 ?
	    -errno : 0;
}

int
ph_burst_open(const struct ph_burst_opts *o, int *out)
{
	int fd = socket(ph_addr_is_v4(o->addr) ? AF_INET : AF_INET6,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	err = prepare(fd, o);
	if (err != 0) {
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

/* --- in --- */

size_t
ph_burst_free_slots(const struct ph_burst *b)
{
	return PH_BURST_SLOTS - b->used;
}

static int
get_int(const struct cmsghdr *c)
{
	int v;

	if (c->cmsg_len < CMSG_LEN(sizeof(v)))
		return *(const uint8_t *)CMSG_DATA(c);
	memcpy(&v, CMSG_DATA(c), sizeof(v));
	return v;
}

static void
take(struct ph_burst *b, size_t i)
{
	struct msghdr *h = &b->in[i].msg_hdr;
	struct ph_burst_in *m = &b->got[i];

	*m = (struct ph_burst_in){
		.data = b->in_iov[i].iov_base, .len = b->in[i].msg_len,
		.port = ph_sockaddr_port((struct sockaddr *)&b->in_sa[i]),
	};
	ph_sockaddr_addr((struct sockaddr *)&b->in_sa[i], &m->addr);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
			m->segment = (uint32_t)get_int(c);
		else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT))
			m->ttl = (uint8_t)get_int(c);
		else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS))
			m->tos = (uint8_t)get_int(c);
	}
	if (m->segment >= m->len)
		m->segment = 0;
	h->msg_namelen = sizeof(b->in_sa[i]);
	h->msg_controllen = CONTROL;
	h->msg_flags = 0;
}

int
ph_burst_recv(struct ph_burst *b, int fd, size_t max, const struct ph_burst_in **out)
{
	size_t room = ph_burst_free_slots(b), first = b->used;
	int got = -1;

	max = max < room ? max : room;
	if (max == 0)
		return 0;
	/* An ICMP error makes a call fail once; what waits is still there. */
	for (unsigned tries = 0; got < 0 && tries < 4; tries++) {
		got = recvmmsg(fd, &b->in[first], (unsigned)max, MSG_DONTWAIT, NULL);
		if (got < 0 && errno == EAGAIN)
			return 0;
	}
	if (got < 0)
		return errno == EBADF || errno == ENOTSOCK ? -errno : 0;
	for (size_t i = 0; i < (size_t)got; i++)
		take(b, first + i);
	b->used += (size_t)got;
	*out = &b->got[first];
	return got;
}

/* --- out --- */

static bool
same_flow(const struct ph_burst_out *a, const struct ph_burst_out *b)
{
	return a->fd == b->fd && a->addr == b->addr && a->port == b->port && a->ttl == b->ttl &&
	    a->tos == b->tos;
}

static uint16_t *
flow_slot(struct ph_burst *b, const struct ph_burst_out *o)
{
	uint64_t h = (uint64_t)o->addr ^ (uint64_t)(o->addr >> 64) ^ (uint64_t)o->port << 48 ^
	    (uint64_t)(unsigned)o->fd << 32;
	size_t i;

	h *= 0x9e3779b97f4a7c15;
	for (i = h >> 54; b->flow[i] != NONE; i = (i + 1) % FLOWS)
		if (same_flow(&b->item[b->flow[i]].o, o))
			break;
	return &b->flow[i];
}

void
ph_burst_add(struct ph_burst *b, const struct ph_burst_out *o)
{
	struct item *x;
	uint16_t *slot, me;

	if (b->n == PH_BURST_OUT) {
		size_t used = b->used;

		ph_burst_flush(b);
		b->used = used;
	}
	me = (uint16_t)b->n;
	x = &b->item[b->n++];
	x->o = *o;
	x->bytes = o->head_len + o->len;
	x->next = NONE;
	x->last = me;
	slot = flow_slot(b, o);
	x->first = *slot == NONE;
	if (x->first) {
		*slot = me;
	} else {
		struct item *first = &b->item[*slot];

		b->item[first->last].next = me;
		first->last = me;
	}
}

static void
put_int(struct msghdr *h, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)((char *)h->msg_control + h->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), value, len);
	h->msg_controllen += CMSG_SPACE(len);
}

static void
put_control(struct msghdr *h, const struct ph_burst_out *o, uint32_t segment, struct control *c)
{
	bool v6 = !ph_addr_is_v4(o->addr);
	int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP, ttl = o->ttl, tos = o->tos;
	uint16_t bytes = (uint16_t)segment;

	h->msg_control = c;
	h->msg_controllen = 0;
	if (ttl != 0)
		put_int(h, level, v6 ? IPV6_HOPLIMIT : IP_TTL, &ttl, sizeof(ttl));
	if (tos != 0)
		put_int(h, level, v6 ? IPV6_TCLASS : IP_TOS, &tos, sizeof(tos));
	if (segment != 0)
		put_int(h, IPPROTO_UDP, UDP_SEGMENT, &bytes, sizeof(bytes));
	if (h->msg_controllen == 0)
		h->msg_control = NULL;
}

static size_t
put_iov(struct iovec *iov, struct item *x)
{
	size_t n = 0;

	if (x->o.head_len > 0)
		iov[n++] = (struct iovec){ x->o.head, x->o.head_len };
	iov[n++] = (struct iovec){ (void *)(uintptr_t)x->o.data, x->o.len };
	return n;
}

/*
 * Message ${k} from the item ${i} on: as many of its flow as may go together; the one
 * after them.
 */
static uint16_t
build(struct ph_burst *b, size_t k, uint16_t i, size_t *n_iov, bool merge)
{
	struct item *x = &b->item[i], *y = x;
	struct msghdr *h = &b->out[k].msg_hdr;
	uint32_t total = x->bytes, segments = 1;
	uint16_t next = x->next;

	*h = (struct msghdr){
		.msg_name = &b->sa[k], .msg_iov = &b->iov[*n_iov],
		.msg_namelen = ph_sockaddr_make(x->o.addr, x->o.port, &b->sa[k]),
	};
	h->msg_iovlen = put_iov(h->msg_iov, x);
	while (merge && next != NONE && x->bytes <= b->gso_max && segments < PH_BURST_SEGMENTS &&
	    y->bytes == x->bytes && b->item[next].bytes <= x->bytes && b->item[next].bytes > 0 &&
	    total + b->item[next].bytes <= GSO_BYTES) {
		y = &b->item[next];
		h->msg_iovlen += put_iov(h->msg_iov + h->msg_iovlen, y);
		total += y->bytes;
		segments++;
		next = y->next;
	}
	put_control(h, &x->o, segments > 1 ? x->bytes : 0, &b->control[k]);
	b->of[k] = i;
	*n_iov += h->msg_iovlen;
	return next;
}

static uint32_t
count(const struct ph_burst *b, size_t k)
{
	const struct msghdr *h = &b->out[k].msg_hdr;
	size_t per = b->item[b->of[k]].o.head_len > 0 ? 2 : 1;

	return (uint32_t)(h->msg_iovlen / per);
}

static bool
is_merged(const struct ph_burst *b, size_t k)
{
	return count(b, k) > 1;
}

/* One after the other, for a message that the kernel would not cut. */
static void
send_singly(struct ph_burst *b, size_t k)
{
	uint32_t left = count(b, k);

	for (uint16_t i = b->of[k]; left > 0; left--, i = b->item[i].next) {
		struct item *x = &b->item[i];
		struct iovec iov[2];
		struct control c;
		struct msghdr h = {
			.msg_name = &b->sa[k], .msg_namelen = b->out[k].msg_hdr.msg_namelen,
			.msg_iov = iov, .msg_iovlen = put_iov(iov, x),
		};

		put_control(&h, &x->o, 0, &c);
		b->stats.calls++;
		if (sendmsg(x->o.fd, &h, 0) >= 0)
			b->stats.sent++;
		else
			b->stats.dropped++;
	}
}

/*
 * What to think of segments after an error: EIO is a device or kernel without
 * checksums, EINVAL a segment too long for the path, or no such feature.
 */
static void
learn(struct ph_burst *b, size_t k, int err)
{
	uint32_t segment = b->item[b->of[k]].bytes;

	if (err == EIO || segment <= GSO_SURE)
		b->gso_max = 0;
	else if (segment <= b->gso_max)
		b->gso_max = segment - 1;
}

/* The message at the front was not taken: its due; true: try it once more. */
static bool
refused(struct ph_burst *b, size_t k, int err, bool again)
{
	if (is_merged(b, k) && (err == EIO || err == EINVAL)) {
		learn(b, k, err);
		send_singly(b, k);
		return false;
	}
	/* Any of these may be an ICMP error of an earlier datagram. */
	if (!again && err != EAGAIN && err != EMSGSIZE && err != EPERM)
		return true;
	b->stats.dropped += count(b, k);
	return false;
}

/* The messages ${k} to ${end}, all of one socket. */
static void
send_run(struct ph_burst *b, size_t k, size_t end)
{
	int fd = b->item[b->of[k]].o.fd;
	bool again = false;

	while (k < end) {
		int sent = sendmmsg(fd, &b->out[k], (unsigned)(end - k), 0);

		if (sent <= 0) {
			again = refused(b, k, errno, again);
			k += !again;
			continue;
		}
		again = false;
		for (b->stats.calls += (unsigned)sent; sent > 0; sent--)
			b->stats.sent += count(b, k++);
	}
}

void
ph_burst_flush(struct ph_burst *b)
{
	size_t n = 0, n_iov = 0, from = 0;

	for (uint16_t i = 0; i < b->n; i++)
		if (b->item[i].first)
			for (uint16_t at = i; at != NONE; n++)
				at = build(b, n, at, &n_iov, b->gso_max > 0);
	for (size_t k = 1; k <= n; k++)
		if (k == n || b->item[b->of[k]].o.fd != b->item[b->of[from]].o.fd) {
			send_run(b, from, k);
			from = k;
		}
	if (b->n > 0)
		memset(b->flow, 0xff, sizeof(b->flow));
	b->n = 0;
	b->used = 0;
}

struct ph_burst_stats
ph_burst_stats(const struct ph_burst *b)
{
	struct ph_burst_stats s = b->stats;

	s.gso = b->gso_max > 0;
	return s;
}

void
ph_burst_no_gso(struct ph_burst *b)
{
	b->gso_max = 0;
}
