/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/names.h"
#include "os/clock.h"
#include "os/listen.h"
#include "os/tcp.h"
#include "os/tun.h"
#include "tunnel/tcp.h"
#include "tunnel/wait.h"

enum {
	US = 1000000,
	FIN = 1, SYN = 2, RST = 4, ACK = 16,
	FIRST = 1024,			/* number, and port, of the first connection */
	SYN_ROOM = 160,			/* bytes of a SYN: headers and options */
	CHUNK = 64 << 10,
	MUCH = 128 << 10,		/* bytes underway to one side: read no more of the other */
	QUIET_US = 2 * US, SWEEP_US = US, LINGER_US = 30 * US, ACCEPT_US = 20 * US,
	DIRECT_US = 3 * US,		/* where the relay has no TCP: a SYN and two again */
};

enum stage {
	FREE,
	DIALLING,			/* the SYN waits for the connection outside */
	ACCEPTING,			/* the SYN is on its way to our listener */
	OPEN,
	LINGERING,			/* over; the last segments still want their addresses */
};

struct conn {
	struct ph_tcp *t;
	enum stage stage;
	bool v6, relayed;		/* relayed: by the relay, not directly */
	ph_u128 addr, far;		/* of the program, of whom it talks to */
	uint16_t port, far_port;
	uint16_t number;		/* the port that stands for it */
	uint64_t until_us;		/* no longer in this stage; 0: the link knows */
	uint64_t heard_us;		/* when something came from outside */
	uint8_t syn[SYN_ROOM];
	size_t syn_len;
	struct ph_call *call;
	struct ph_link *out;
	int in;				/* -1: not accepted yet */
	struct ph_wait *in_wait;
	uint8_t *left;			/* came from outside, not yet taken inside */
	size_t left_from, left_to;
	bool in_ended, out_ended, in_shut, out_shut;
	struct conn *next;		/* in its bucket */
};

enum { BUCKETS = 1024 };

struct ph_tcp {
	struct ph_tcp_opts o;
	uint16_t listen4, listen6;	/* ports */
	struct ph_wait *wait4, *wait6, *sweep;
	struct conn *conn[PH_TCP_MAX];	/* by number */
	unsigned next;			/* number to try next */
	struct conn *bucket[BUCKETS];
	struct ph_tcp_counts counts;
};

static uint8_t chunk[CHUNK];

/* --- connections --- */

static unsigned
bucket_of(ph_u128 addr, uint16_t port, ph_u128 far, uint16_t far_port)
{
	return ((unsigned)addr * 31 + port * 7U + (unsigned)far * 13 + far_port) % BUCKETS;
}

static struct conn *
find(const struct ph_tcp *t, const struct ph_ip *ip)
{
	struct conn *c = t->bucket[bucket_of(ip->src, ip->sport, ip->dst, ip->dport)];

	while (c != NULL && (c->addr != ip->src || c->port != ip->sport || c->far != ip->dst ||
	    c->far_port != ip->dport))
		c = c->next;
	return c;
}

static struct conn *
by_number(const struct ph_tcp *t, uint16_t number)
{
	unsigned i = (unsigned)number - FIRST;

	return i < PH_TCP_MAX ? t->conn[i] : NULL;
}

static void
close_ends(struct conn *c, bool reset)
{
	if (c->call != NULL)
		ph_dial_cancel(c->call);
	c->call = NULL;
	ph_link_end(c->out);
	c->out = NULL;
	ph_wait_end(c->in_wait);
	c->in_wait = NULL;
	if (c->in >= 0)
		reset ? ph_tcp_abort(c->in) : (void)close(c->in);
	c->in = -1;
	free(c->left);
	c->left = NULL;
}

static void
count_gone(struct conn *c)
{
	c->t->counts.open--;
	c->t->counts.relayed -= c->relayed;
}

static void
drop(struct conn *c)
{
	struct ph_tcp *t = c->t;
	struct conn **at = &t->bucket[bucket_of(c->addr, c->port, c->far, c->far_port)];

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	t->conn[c->number - FIRST] = NULL;
	if (c->stage != LINGERING)
		count_gone(c);
	close_ends(c, true);
	free(c);
}

/* Its packets still find their way for a while: FINs, RSTs, and what they are answered with. */
static void
linger(struct conn *c, bool reset)
{
	if (c->stage == LINGERING)
		return;
	c->stage = LINGERING;
	c->until_us = ph_clock_us() + LINGER_US;
	count_gone(c);
	close_ends(c, reset);
}

static struct conn *
add(struct ph_tcp *t, const struct ph_ip *ip)
{
	struct conn *c = NULL, **head;
	unsigned i;

	for (i = 0; i < PH_TCP_MAX && t->conn[(t->next + i) % PH_TCP_MAX] != NULL; i++)
		;
	if (i < PH_TCP_MAX && ip->len <= SYN_ROOM)
		c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	i = (t->next + i) % PH_TCP_MAX;
	t->next = (i + 1) % PH_TCP_MAX;
	t->conn[i] = c;
	head = &t->bucket[bucket_of(ip->src, ip->sport, ip->dst, ip->dport)];
	*c = (struct conn){ .t = t, .stage = DIALLING, .v6 = ip->v6, .addr = ip->src,
	    .port = ip->sport, .far = ip->dst, .far_port = ip->dport, .in = -1,
	    .number = (uint16_t)(FIRST + i), .syn_len = ip->len, .next = *head };
	memcpy(c->syn, ip->p, ip->len);
	*head = c;
	t->counts.open++;
	return c;
}

/* --- bytes --- */

static void
check_over(struct conn *c)
{
	if (c->in_ended && c->out_ended && c->left_to == 0 &&
	    (c->out == NULL || ph_link_backlog(c->out) == 0))
		linger(c, false);
}

static void
watch_in(struct conn *c)
{
	bool read = !c->in_ended && ph_link_backlog(c->out) < MUCH;

	ph_wait_events(c->in_wait, (read ? PH_WAIT_READ : 0) |
	    (c->left_to > 0 ? PH_WAIT_WRITE : 0));
}

static void
shut_in(struct conn *c)
{
	if (c->out_ended && c->left_to == 0 && !c->in_shut) {
		c->in_shut = true;
		ph_tcp_shut(c->in);
	}
}

static void
give_left(struct conn *c)
{
	int n;

	while (c->left_from < c->left_to) {
		n = ph_tcp_send(c->in, c->left + c->left_from, c->left_to - c->left_from);
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			linger(c, true);
			return;
		}
		c->left_from += (size_t)n;
	}
	c->left_from = c->left_to = 0;
	ph_link_hold(c->out, false);
	shut_in(c);
}

static void
count(struct conn *c, uint64_t up, uint64_t down)
{
	struct ph_tcp_counts *k = &c->t->counts;

	*(c->relayed ? &k->up_bytes : &k->direct_up) += up;
	*(c->relayed ? &k->down_bytes : &k->direct_down) += down;
}

/*
 * A relay ends the whole connection when one side ends its half (RFC 6062 5.6): what the program
 * will not add to is ended only when the other side has nothing to say any more, either.
 */
static void
shut_out(struct conn *c)
{
	if (c->out_shut)
		return;
	c->out_shut = true;
	ph_link_shut(c->out);
}

static void
read_in(struct conn *c)
{
	int n = 0;

	while (ph_link_backlog(c->out) < MUCH && (n = ph_tcp_recv(c->in, chunk, CHUNK)) > 0) {
		count(c, (uint64_t)n, 0);
		ph_link_write(c->out, chunk, (size_t)n);
	}
	if (n == 0 && ph_link_backlog(c->out) < MUCH) {
		c->in_ended = true;
		if (!c->relayed)
			shut_out(c);
	} else if (n < 0 && n != -EAGAIN) {
		linger(c, true);
	}
}

static void
on_in(void *arg, unsigned events)
{
	struct conn *c = arg;

	if (c->stage == OPEN && (events & PH_WAIT_WRITE) != 0)
		give_left(c);
	if (c->stage == OPEN && (events & PH_WAIT_READ) != 0 && !c->in_ended)
		read_in(c);
	if (c->stage == OPEN)
		check_over(c);
	if (c->stage == OPEN)
		watch_in(c);
}

/* What the inside does not take now; bounded, since the outside is held meanwhile. */
static bool
keep_left(struct conn *c, const uint8_t *p, size_t n)
{
	uint8_t *room = realloc(c->left, c->left_to + n);

	if (room == NULL)
		return false;
	c->left = room;
	memcpy(c->left + c->left_to, p, n);
	c->left_to += n;
	ph_link_hold(c->out, true);
	return true;
}

static void
on_bytes(void *arg, const uint8_t *p, size_t n)
{
	struct conn *c = arg;
	int done = c->left_to > 0 ? 0 : ph_tcp_send(c->in, p, n);

	count(c, 0, n);
	c->heard_us = ph_clock_us();
	done = done == -EAGAIN ? 0 : done;
	if (done < 0 || ((size_t)done < n && !keep_left(c, p + done, n - (size_t)done)))
		linger(c, true);
	else
		watch_in(c);
}

static void
on_ended(void *arg)
{
	struct conn *c = arg;

	c->out_ended = true;
	if (c->in_ended)
		shut_out(c);
	shut_in(c);
	check_over(c);
}

static void
on_drained(void *arg)
{
	struct conn *c = arg;

	if (c->stage != OPEN)
		return;
	check_over(c);
	if (c->stage == OPEN)
		watch_in(c);
}

/* --- the connection outside --- */

static const struct ph_tcp_opts *
opts_of(const struct conn *c)
{
	return &c->t->o;
}

static void
to_listener(struct conn *c, struct ph_ip *ip)
{
	const struct ph_tcp_opts *o = opts_of(c);
	struct ph_ip_way w = {
		.src = c->v6 ? o->gate6 : o->gate4, .dst = c->v6 ? o->here6 : o->here4,
		.sport = c->number, .dport = c->v6 ? c->t->listen6 : c->t->listen4,
	};

	ph_ip_turn(ip, &w);
	ph_tun_write(o->tun, ip->p, ip->len);
}

/* It is there: now the SYN may go on, to our listener. */
static void
let_in(struct conn *c)
{
	struct ph_ip ip;

	ph_link_hold(c->out, true);
	c->stage = ACCEPTING;
	c->until_us = ph_clock_us() + ACCEPT_US;
	if (ph_ip_read(&ip, c->syn, c->syn_len))
		to_listener(c, &ip);
}

/* It is not: say so as the network would have. */
static void
refuse(struct conn *c, int err)
{
	const struct ph_tcp_opts *o = opts_of(c);
	uint8_t out[PH_IP_ERROR_MAX];
	struct ph_ip ip;
	size_t n = 0;

	if (!ph_ip_read(&ip, c->syn, c->syn_len))
		return;
	if (err == EHOSTUNREACH || err == ENETUNREACH || err == EHOSTDOWN)
		n = ph_ip_unreachable(&ip, PH_IP_NO_HOST, c->v6 ? o->gate6 : o->gate4, out,
		    sizeof(out));
	else if (err == EACCES || err == EPERM)
		n = ph_ip_unreachable(&ip, PH_IP_PROHIBITED, c->v6 ? o->gate6 : o->gate4, out,
		    sizeof(out));
	else if (err != ETIMEDOUT)
		n = ph_ip_reset(&ip, out, sizeof(out));
	if (n > 0)
		ph_tun_write(o->tun, out, n);
}

static void
on_opened(void *arg)
{
	let_in(arg);
}

static void
on_lost(void *arg, const char *why)
{
	struct conn *c = arg;

	(void)why;
	if (c->stage == DIALLING) {
		refuse(c, ph_link_error(c->out));
		drop(c);
	} else {
		/* some relays end a connection by RST when the peer has ended its half */
		linger(c, !c->relayed || !c->in_ended || c->left_to > 0 ||
		    ph_link_error(c->out) != ECONNRESET);
	}
}

static struct ph_link_opts
link_opts(struct conn *c)
{
	return (struct ph_link_opts){ .via = opts_of(c)->via, .rung = PH_RUNG_TCP,
	    .addr = c->far, .port = c->far_port, .raw = true, .opened = on_opened,
	    .message = on_bytes, .ended = on_ended, .drained = on_drained, .lost = on_lost,
	    .arg = c };
}

static void
dial_directly(struct conn *c)
{
	struct ph_link_opts l = link_opts(c);
	int err = ph_link_new(&l, &c->out);

	if (err == 0)
		return;
	c->out = NULL;
	refuse(c, -err);
	drop(c);
}

static void
on_dialled(void *arg, struct ph_link *link, int err)
{
	struct conn *c = arg;
	struct ph_link_opts l = link_opts(c);

	c->call = NULL;
	if (link != NULL) {
		c->out = link;
		c->relayed = true;
		c->t->counts.relayed++;
		ph_link_owner(link, &l);
		let_in(c);
	} else if (err == EPROTONOSUPPORT) {
		c->until_us = ph_clock_us() + DIRECT_US;
		dial_directly(c);
	} else {
		refuse(c, err);
		drop(c);
	}
}

static void
dial(struct conn *c)
{
	const struct ph_tcp_opts *o = opts_of(c);

	if (o->dial != NULL && ph_want_has(o->want, PH_TCP, c->far, c->far_port)) {
		c->call = ph_dial_start(o->dial, c->far, c->far_port, on_dialled, c);
		if (c->call != NULL)
			return;
	}
	dial_directly(c);
}

/* --- inside --- */

static void
take_in(struct ph_tcp *t, int fd, bool from_gate, uint16_t number)
{
	struct conn *c = from_gate ? by_number(t, number) : NULL;

	if (c == NULL || c->stage != ACCEPTING) {
		ph_tcp_abort(fd);
		return;
	}
	c->in = fd;
	c->in_wait = ph_wait_new(t->o.via->loop, fd, PH_WAIT_READ, on_in, c);
	c->stage = OPEN;
	if (c->in_wait == NULL)
		linger(c, true);
	else
		ph_link_hold(c->out, false);
}

static void
accept_all(struct ph_tcp *t, int listener, ph_u128 gate)
{
	ph_u128 from;
	uint16_t port;
	int fd;

	while (ph_listen_accept(listener, &from, &port, &fd) == 0)
		take_in(t, fd, from == gate, port);
}

static void
on_accept4(void *arg, unsigned events)
{
	struct ph_tcp *t = arg;

	(void)events;
	accept_all(t, t->o.listen4, t->o.gate4);
}

static void
on_accept6(void *arg, unsigned events)
{
	struct ph_tcp *t = arg;

	(void)events;
	accept_all(t, t->o.listen6, t->o.gate6);
}

/* --- segments --- */

/* From our listener: to the program it comes from whom it talks to. */
static void
from_listener(struct ph_tcp *t, struct ph_ip *ip)
{
	struct conn *c = by_number(t, ip->dport);
	struct ph_ip_way w;

	if (c == NULL || c->v6 != ip->v6)
		return;
	w = (struct ph_ip_way){ .src = c->far, .dst = c->addr, .sport = c->far_port,
	    .dport = c->port };
	ph_ip_turn(ip, &w);
	ph_tun_write(t->o.tun, ip->p, ip->len);
}

static void
reset(struct ph_tcp *t, const struct ph_ip *ip)
{
	uint8_t out[PH_IP_ERROR_MAX];
	size_t n = (ip->flags & RST) != 0 ? 0 : ph_ip_reset(ip, out, sizeof(out));

	if (n > 0)
		ph_tun_write(t->o.tun, out, n);
}

void
ph_tcp_packet(struct ph_tcp *t, struct ph_ip *ip)
{
	bool syn = (ip->flags & (SYN | ACK | RST | FIN)) == SYN;
	struct conn *c;

	if (ip->dst == (ip->v6 ? t->o.gate6 : t->o.gate4) &&
	    ip->sport == (ip->v6 ? t->listen6 : t->listen4)) {
		from_listener(t, ip);
		return;
	}
	c = find(t, ip);
	if (c != NULL && syn && c->stage == LINGERING) {
		drop(c);		/* the same ports again: another connection */
		c = NULL;
	}
	if (c != NULL && c->stage != DIALLING) {
		to_listener(c, ip);
	} else if (c != NULL && (ip->flags & RST) != 0) {
		drop(c);
	} else if (c == NULL) {
		c = syn ? add(t, ip) : NULL;
		if (c != NULL)
			dial(c);
		else
			reset(t, ip);
	}
}

/* --- all of it --- */

static void
on_sweep(void *arg, unsigned events)
{
	struct ph_tcp *t = arg;
	uint64_t now = ph_clock_us();

	(void)events;
	for (unsigned i = 0; i < PH_TCP_MAX; i++) {
		struct conn *c = t->conn[i];

		if (c != NULL && c->stage == OPEN && c->in_ended && now > c->heard_us + QUIET_US)
			shut_out(c);
		if (c != NULL && c->stage != OPEN && c->until_us != 0 && now > c->until_us) {
			if (c->stage == DIALLING)
				refuse(c, ECONNREFUSED);
			drop(c);
		}
	}
	ph_wait_at(t->sweep, now + SWEEP_US);
}

static bool
watch(struct ph_tcp *t)
{
	uv_loop_t *loop = t->o.via->loop;

	t->sweep = ph_wait_new(loop, -1, 0, on_sweep, t);
	if (t->o.listen4 >= 0)
		t->wait4 = ph_wait_new(loop, t->o.listen4, PH_WAIT_READ, on_accept4, t);
	if (t->o.listen6 >= 0)
		t->wait6 = ph_wait_new(loop, t->o.listen6, PH_WAIT_READ, on_accept6, t);
	if (t->sweep == NULL || (t->o.listen4 >= 0 && t->wait4 == NULL) ||
	    (t->o.listen6 >= 0 && t->wait6 == NULL))
		return false;
	ph_wait_at(t->sweep, ph_clock_us() + SWEEP_US);
	return true;
}

int
ph_tcp_new(const struct ph_tcp_opts *o, struct ph_tcp **out)
{
	struct ph_tcp *t = calloc(1, sizeof(*t));
	ph_u128 addr;
	int err = 0;

	if (t == NULL)
		return -ENOMEM;
	t->o = *o;
	if (o->listen4 >= 0)
		err = ph_tcp_local(o->listen4, &addr, &t->listen4);
	if (err == 0 && o->listen6 >= 0)
		err = ph_tcp_local(o->listen6, &addr, &t->listen6);
	if (err == 0 && !watch(t))
		err = -ENOMEM;
	if (err != 0)
		ph_tcp_free(t);
	else
		*out = t;
	return err;
}

void
ph_tcp_free(struct ph_tcp *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < PH_TCP_MAX; i++)
		if (t->conn[i] != NULL)
			drop(t->conn[i]);
	ph_wait_end(t->wait4);
	ph_wait_end(t->wait6);
	ph_wait_end(t->sweep);
	free(t);
}

const struct ph_tcp_counts *
ph_tcp_counts(const struct ph_tcp *t)
{
	return &t->counts;
}
