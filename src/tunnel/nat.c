/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/names.h"
#include "os/clock.h"
#include "os/device.h"
#include "os/errqueue.h"
#include "os/tun.h"
#include "os/udp.h"
#include "tunnel/nat.h"
#include "tunnel/wait.h"

enum {
	US = 1000000,
	BUCKETS = 1024,
	PENDING = 64, PENDING_US = US / 2,
	IDLE_US = 300 * US, IDLE_DNS_US = 30 * US, SWEEP_US = 10 * US,
	RETRY_US = US,			/* when every way has failed */
	BATCH = 16, DNS = 53,
	DSCP = 0xfc,			/* ECN is between the ends of one path */
};

/* A datagram that waits for its leg. */
struct pending {
	struct ph_stun_addr to;
	uint64_t at_us;
	uint8_t *p;
	size_t len;
};

struct ph_local {
	struct ph_nat *nat;
	struct ph_local *next;		/* in its bucket */
	ph_u128 addr;
	uint16_t port;
	uint64_t used_us;
	bool dns_only;
	/* direct */
	int fd;				/* -1: none */
	struct ph_wait *wait;
	/* relayed */
	bool relayed;			/* has a leg, or will have one again */
	struct ph_leg *leg;		/* NULL: being looked for */
	unsigned way;
	struct ph_leg *better;		/* will take over when it is ready; NULL: none */
	unsigned better_way;
	struct ph_wait *retry;
	struct pending pending[PENDING];
	unsigned n_pending;
};

struct ph_nat {
	struct ph_nat_opts o;
	struct ph_local *bucket[BUCKETS];
	unsigned n_locals;
	struct ph_wait *sweep;
	struct ph_leg *spare;
	unsigned spare_way;
	struct ph_nat_counts counts;
	struct ph_heard heard;
};

static uint8_t packet[PH_IP_MAX + 1];
static uint8_t udp_room[BATCH][PH_IP_MAX];

static void start_leg(struct ph_local *);

/* --- to the program --- */

static void
deliver(struct ph_local *l, ph_u128 from, uint16_t port, const void *p, size_t n)
{
	struct ph_ip_way w = { .src = from, .dst = l->addr, .sport = port, .dport = l->port };
	size_t len;

	if (ph_addr_is_v4(from) != ph_addr_is_v4(l->addr))
		return;
	len = ph_ip_udp(&w, p, n, packet, sizeof(packet));
	if (len > 0)
		ph_tun_write(l->nat->o.tun, packet, len);
}

static void
refuse(struct ph_nat *x, const struct ph_ip *ip, enum ph_ip_why why)
{
	uint8_t error[PH_IP_ERROR_MAX];
	size_t n = ph_ip_unreachable(ip, why, ip->v6 ? x->o.from6 : x->o.from4, error,
	    sizeof(error));

	if (n > 0)
		ph_tun_write(x->o.tun, error, n);
}

/* --- sockets of the program --- */

static unsigned
bucket_of(ph_u128 addr, uint16_t port)
{
	return ((unsigned)addr * 31 + port) % BUCKETS;
}

static void
drop_pending(struct ph_local *l)
{
	for (unsigned i = 0; i < l->n_pending; i++)
		free(l->pending[i].p);
	l->n_pending = 0;
}

static void
free_local(struct ph_local *l)
{
	struct ph_local **at = &l->nat->bucket[bucket_of(l->addr, l->port)];

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->nat->n_locals--;
	if (l->relayed)
		l->nat->counts.legs--;
	ph_leg_end(l->leg);
	ph_leg_end(l->better);
	ph_wait_end(l->wait);
	ph_wait_end(l->retry);
	if (l->fd >= 0)
		close(l->fd);
	drop_pending(l);
	free(l);
}

static struct ph_local *
find_local(struct ph_nat *x, ph_u128 addr, uint16_t port)
{
	struct ph_local **head = &x->bucket[bucket_of(addr, port)], *l;

	for (l = *head; l != NULL; l = l->next)
		if (l->addr == addr && l->port == port)
			return l;
	l = x->n_locals < PH_NAT_MAX_SOCKETS ? calloc(1, sizeof(*l)) : NULL;
	if (l == NULL)
		return NULL;
	*l = (struct ph_local){ .nat = x, .next = *head, .addr = addr, .port = port, .fd = -1,
	    .dns_only = true };
	*head = l;
	x->n_locals++;
	return l;
}

static void
on_sweep(void *arg, unsigned events)
{
	struct ph_nat *x = arg;
	uint64_t now = ph_clock_us();

	(void)events;
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct ph_local *l = x->bucket[i], *next; l != NULL; l = next) {
			next = l->next;
			if (now - l->used_us > (l->dns_only ? IDLE_DNS_US : IDLE_US))
				free_local(l);
		}
	ph_wait_at(x->sweep, now + SWEEP_US);
}

/* --- directly --- */

static void
take_errors(struct ph_local *l)
{
	struct ph_errqueue_item e;
	uint8_t data[64], quoted[128];
	struct ph_ip_way w;
	struct ph_ip ip;
	size_t n;

	while (ph_errqueue_take(l->fd, data, sizeof(data), &e) == 1) {
		if (e.local || ph_errqueue_kind(!ph_addr_is_v4(e.to), e.type) !=
		    PH_ERRQUEUE_UNREACHABLE || ph_addr_is_v4(e.to) != ph_addr_is_v4(l->addr))
			continue;
		w = (struct ph_ip_way){ .src = l->addr, .dst = e.to, .sport = l->port,
		    .dport = e.to_port };
		n = ph_ip_udp(&w, data, e.len < sizeof(data) ? e.len : sizeof(data), quoted,
		    sizeof(quoted));
		if (n > 0 && ph_ip_read(&ip, quoted, n))
			refuse(l->nat, &ip, e.err == ECONNREFUSED ? PH_IP_NO_PORT : PH_IP_NO_HOST);
	}
}

static void
on_direct(void *arg, unsigned events)
{
	struct ph_local *l = arg;
	struct ph_udp_msg m[BATCH];
	int n;

	(void)events;
	take_errors(l);
	do {
		for (int i = 0; i < BATCH; i++)
			m[i] = (struct ph_udp_msg){ .data = udp_room[i], .len = PH_IP_MAX };
		n = ph_udp_recv(l->fd, m, BATCH);
		for (int i = 0; i < n; i++) {
			l->nat->counts.direct_down++;
			deliver(l, m[i].addr, m[i].port, m[i].data, m[i].len);
		}
		if (n > 0)
			l->used_us = ph_clock_us();
	} while (n == BATCH);
}

/* The same port outside as inside, when it is free. */
static int
open_direct(struct ph_local *l)
{
	struct ph_udp_opts o = { .addr = ph_addr_is_v4(l->addr) ? PH_V4(0) : 0, .port = l->port };

	if (ph_udp_open(&o, &l->fd) != 0) {
		o.port = 0;
		if (ph_udp_open(&o, &l->fd) != 0)
			return -1;
	}
	if (l->nat->o.via->device != NULL &&
	    ph_device_bind(l->fd, l->nat->o.via->device) != 0) {
		close(l->fd);
		l->fd = -1;
		return -1;
	}
	l->wait = ph_wait_new(l->nat->o.via->loop, l->fd, PH_WAIT_READ, on_direct, l);
	if (l->wait != NULL)
		return 0;
	close(l->fd);
	l->fd = -1;
	return -1;
}

static void
send_direct(struct ph_local *l, const struct ph_ip *ip)
{
	struct ph_udp_msg m = { .data = ip->data, .len = (uint32_t)ip->data_len,
	    .addr = ip->dst, .port = ip->dport, .has_tos = true, .tos = ip->tos };
	int n;

	if (l->fd < 0 && open_direct(l) != 0) {
		refuse(l->nat, ip, PH_IP_NO_HOST);
		return;
	}
	n = ph_udp_send(l->fd, &m, 1);
	if (n == -ENETUNREACH || n == -EHOSTUNREACH)
		refuse(l->nat, ip, PH_IP_NO_HOST);
	else if (n == -EPERM || n == -EACCES)
		refuse(l->nat, ip, PH_IP_PROHIBITED);
	else
		l->nat->counts.direct_up++;
}

/* --- through the relay --- */

static void
keep_for_later(struct ph_local *l, struct ph_stun_addr to, const void *p, size_t n)
{
	struct pending *q = l->pending;

	if (l->n_pending == PENDING) {
		free(q[0].p);
		memmove(q, q + 1, (PENDING - 1) * sizeof(*q));
		l->n_pending--;
		l->nat->counts.dropped++;
	}
	q += l->n_pending;
	*q = (struct pending){ .to = to, .at_us = ph_clock_us(), .p = malloc(n > 0 ? n : 1),
	    .len = n };
	if (q->p == NULL)
		return;
	memcpy(q->p, p, n);
	l->n_pending++;
}

static enum ph_leg_sent
send_relayed(struct ph_local *l, struct ph_stun_addr to, const void *p, size_t n)
{
	struct ph_nat_counts *c = &l->nat->counts;
	enum ph_leg_sent sent = l->leg == NULL ? PH_LEG_LATER : ph_leg_send(l->leg, to, p, n);

	if (sent == PH_LEG_SENT) {
		c->up_packets++;
		c->up_bytes += n;
	} else if (sent != PH_LEG_LATER) {
		c->dropped++;
	}
	if (sent == PH_LEG_REFUSED)
		l->nat->o.forbidden(l->nat->o.arg, to);
	return sent;
}

static void
on_ready(void *arg)
{
	struct ph_local *l = arg;
	uint64_t now = ph_clock_us();
	unsigned kept = 0;

	if (!ph_leg_is_ready(l->leg))
		return;
	ph_ladder_worked(l->nat->o.ladder, l->way);
	for (unsigned i = 0; i < l->n_pending; i++) {
		struct pending *q = &l->pending[i];

		if (now - q->at_us > PENDING_US)
			l->nat->counts.dropped++;
		else if (send_relayed(l, q->to, q->p, q->len) == PH_LEG_LATER) {
			l->pending[kept++] = *q;
			continue;
		}
		free(q->p);
	}
	l->n_pending = kept;
}

static void
on_data(void *arg, struct ph_stun_addr peer, const uint8_t *p, size_t n)
{
	struct ph_local *l = arg;

	l->used_us = ph_clock_us();
	l->nat->counts.down_packets++;
	l->nat->counts.down_bytes += n;
	ph_heard_take(&l->nat->heard, l->port, p, n);
	deliver(l, peer.addr, peer.port, p, n);
}

static void
on_retry(void *arg, unsigned events)
{
	struct ph_local *l = arg;

	(void)events;
	if (l->leg == NULL)
		start_leg(l);
}

/* Is it the way that failed, or what the relay thinks of us on every way? */
static bool
blames_way(enum ph_turn_outcome o)
{
	return o == PH_TURN_BUSY || o == PH_TURN_READY || o == PH_TURN_LOST ||
	    o == PH_TURN_SILENT || o == PH_TURN_MISMATCH;
}

static void
on_lost(void *arg, enum ph_turn_outcome outcome, const char *why)
{
	struct ph_local *l = arg;
	struct ph_nat *x = l->nat;
	uint64_t now = ph_clock_us();
	unsigned before = l->way;

	if (blames_way(outcome))
		ph_ladder_failed(x->o.ladder, l->way, why, now);
	else
		x->o.refused(x->o.arg, outcome);
	ph_leg_end(l->leg);
	l->leg = NULL;
	ph_leg_end(l->better);
	l->better = NULL;
	l->way = ph_ladder_pick(x->o.ladder);
	if (l->way != before)
		x->counts.changes++;
	ph_wait_at(l->retry, l->way != before ? 0 : now + RETRY_US);
	x->o.changed(x->o.arg);
}

static struct ph_leg_opts
leg_opts(struct ph_local *l, unsigned way)
{
	const struct ph_nat_opts *o = &l->nat->o;
	const struct ph_way *w = &o->ladder->way[way];

	return (struct ph_leg_opts){ .via = o->via, .rung = w->rung, .addr = w->addr,
	    .port = w->port, .username = o->username, .password = o->password,
	    .family = ph_addr_is_v4(l->addr) ? PH_STUN_IPV4 : PH_STUN_IPV6,
	    .ready = on_ready, .data = on_data, .lost = on_lost, .arg = l };
}

static void
start_leg(struct ph_local *l)
{
	struct ph_nat *x = l->nat;
	struct ph_leg_opts o;

	l->way = ph_ladder_pick(x->o.ladder);
	o = leg_opts(l, l->way);
	if (x->spare != NULL && x->spare_way == l->way && o.family == PH_STUN_IPV4) {
		l->leg = x->spare;
		x->spare = NULL;
		ph_leg_owner(l->leg, &o);
		return;
	}
	if (ph_leg_new(&o, &l->leg) != 0) {
		l->leg = NULL;
		ph_wait_at(l->retry, ph_clock_us() + RETRY_US);
	}
}

/* --- to a better way --- */

static void
on_better(void *arg)
{
	struct ph_local *l = arg;
	struct ph_leg_opts o = leg_opts(l, l->better_way);

	ph_leg_end(l->leg);
	l->leg = l->better;
	l->way = l->better_way;
	l->better = NULL;
	l->nat->counts.changes++;
	ph_leg_owner(l->leg, &o);
}

static void
on_better_lost(void *arg, enum ph_turn_outcome outcome, const char *why)
{
	struct ph_local *l = arg;

	if (blames_way(outcome))
		ph_ladder_failed(l->nat->o.ladder, l->better_way, why, ph_clock_us());
	ph_leg_end(l->better);
	l->better = NULL;
}

static void
move(struct ph_local *l, unsigned way)
{
	struct ph_leg_opts o = leg_opts(l, way);

	if (!l->relayed || l->leg == NULL || l->better != NULL || l->way <= way)
		return;
	o.ready = on_better;
	o.lost = on_better_lost;
	l->better_way = way;
	if (ph_leg_new(&o, &l->better) != 0)
		l->better = NULL;
}

void
ph_nat_move(struct ph_nat *x)
{
	unsigned way = ph_ladder_pick(x->o.ladder);

	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct ph_local *l = x->bucket[i]; l != NULL; l = l->next)
			move(l, way);
}

/* --- from the program --- */

static bool
become_relayed(struct ph_local *l)
{
	if (l->nat->counts.legs >= PH_NAT_MAX_LEGS)
		return false;
	l->retry = ph_wait_new(l->nat->o.via->loop, -1, 0, on_retry, l);
	if (l->retry == NULL)
		return false;
	l->relayed = true;
	l->nat->counts.legs++;
	start_leg(l);
	return true;
}

static void
relay(struct ph_local *l, const struct ph_ip *ip)
{
	struct ph_stun_addr to = { ip->dst, ip->dport };

	if (!l->relayed && !become_relayed(l)) {
		l->nat->counts.dropped++;
		return;
	}
	if (l->leg != NULL)
		ph_leg_mark(l->leg, ip->tos & DSCP);
	switch (send_relayed(l, to, ip->data, ip->data_len)) {
	case PH_LEG_LATER:
		keep_for_later(l, to, ip->data, ip->data_len);
		break;
	case PH_LEG_REFUSED:
		refuse(l->nat, ip, PH_IP_PROHIBITED);
		break;
	case PH_LEG_SENT:
	case PH_LEG_DROPPED:
	case PH_LEG_FULL:
		break;
	}
}

static bool
is_multicast(ph_u128 a)
{
	return ph_addr_is_v4(a) ? (a - PH_V4_BASE) >> 28 >= 14 : a >> 120 == 0xff;
}

void
ph_nat_packet(struct ph_nat *x, struct ph_ip *ip)
{
	struct ph_local *l;

	if (is_multicast(ip->dst))
		return;
	l = find_local(x, ip->src, ip->sport);
	if (l == NULL) {
		refuse(x, ip, PH_IP_NO_HOST);
		return;
	}
	l->used_us = ph_clock_us();
	l->dns_only = l->dns_only && ip->dport == DNS;
	if (ph_want_has(x->o.want, PH_UDP, ip->dst, ip->dport))
		relay(l, ip);
	else
		send_direct(l, ip);
}

/* --- all of it --- */

struct ph_nat *
ph_nat_new(const struct ph_nat_opts *o)
{
	struct ph_nat *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->o = *o;
	x->sweep = ph_wait_new(o->via->loop, -1, 0, on_sweep, x);
	if (x->sweep == NULL) {
		free(x);
		return NULL;
	}
	ph_wait_at(x->sweep, ph_clock_us() + SWEEP_US);
	return x;
}

void
ph_nat_free(struct ph_nat *x)
{
	if (x == NULL)
		return;
	for (unsigned i = 0; i < BUCKETS; i++)
		while (x->bucket[i] != NULL)
			free_local(x->bucket[i]);
	ph_leg_end(x->spare);
	ph_wait_end(x->sweep);
	free(x);
}

static void
spare_lost(void *arg, enum ph_turn_outcome outcome, const char *why)
{
	struct ph_nat *x = arg;

	if (blames_way(outcome))
		ph_ladder_failed(x->o.ladder, x->spare_way, why, ph_clock_us());
	ph_leg_end(x->spare);
	x->spare = NULL;
	x->o.changed(x->o.arg);
}

static void
spare_ready(void *arg)
{
	(void)arg;
}

static void
spare_data(void *arg, struct ph_stun_addr peer, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)peer;
	(void)p;
	(void)n;
}

void
ph_nat_spare(struct ph_nat *x, struct ph_leg *leg, unsigned way)
{
	struct ph_leg_opts o = { .ready = spare_ready, .data = spare_data, .lost = spare_lost,
	    .arg = x };

	ph_leg_end(x->spare);
	x->spare = leg;
	x->spare_way = way;
	ph_leg_owner(leg, &o);
}

const struct ph_heard *
ph_nat_heard(const struct ph_nat *x)
{
	return &x->heard;
}

const struct ph_nat_counts *
ph_nat_counts(const struct ph_nat *x)
{
	return &x->counts;
}
