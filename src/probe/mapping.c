/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "os/errqueue.h"
#include "os/udp.h"
#include "probe/mapping.h"

enum { ROOM = 1500 };

static void
give_random(void *arg, void *out, size_t n)
{
	(void)arg;
	if (getrandom(out, n, 0) != (ssize_t)n)
		abort();
}

static void
hear(struct ph_mapping *x, unsigned i, uint64_t now)
{
	uint8_t bytes[ROOM];
	struct ph_udp_msg m = { .data = bytes, .len = ROOM };

	ph_errqueue_drain(x->s[i].fd);
	while (ph_udp_recv(x->s[i].fd, &m, 1) == 1) {
		struct ph_behaviour_got got = {
			.socket = i, .from = { m.addr, m.port }, .p = m.data, .len = m.len,
		};

		ph_behaviour_input(&x->engine, now, &got);
		m.len = ROOM;
	}
}

static void
go_on(struct ph_mapping *x, uint64_t now)
{
	struct ph_behaviour_send s;

	while (ph_behaviour_output(&x->engine, now, &s)) {
		struct ph_udp_msg m = {
			.data = s.bytes, .len = (uint32_t)s.len, .addr = s.to.addr,
			.port = s.to.port,
		};

		ph_udp_send(x->s[s.socket].fd, &m, 1);
	}
	if (x->engine.result.done)
		ph_mapping_end(x);
	else
		ph_watch_at(x->s[0].watch, ph_behaviour_deadline(&x->engine));
}

static void
on_event(void *arg, unsigned events)
{
	struct ph_mapping_socket *s = arg;
	struct ph_mapping *x = s->all;
	uint64_t now = ph_loop_now(x->loop);

	if (x->done)
		return;
	if ((events & PH_WATCH_READ) != 0)
		hear(x, (unsigned)(s - x->s), now);
	go_on(x, now);
}

static void
close_first(struct ph_mapping *x, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		ph_watch_end(x->s[i].watch);
		close(x->s[i].fd);
	}
}

int
ph_mapping_start(struct ph_loop *l, struct ph_stun_addr server, ph_u128 from,
    struct ph_mapping *x)
{
	struct ph_behaviour_opts o = { .server = server, .random = give_random };
	struct ph_udp_opts u = { .addr = from };

	*x = (struct ph_mapping){ .loop = l };
	for (unsigned i = 0; i < PH_BEHAVIOUR_SOCKETS; i++) {
		struct ph_mapping_socket *s = &x->s[i];
		int err = ph_udp_open(&u, &s->fd);

		if (err != 0) {
			close_first(x, i);
			return err;
		}
		s->all = x;
		s->watch = ph_watch_new(l, s->fd, PH_WATCH_READ, on_event, s);
		ph_udp_local(s->fd, &o.local[i].addr, &o.local[i].port);
	}
	ph_behaviour_init(&x->engine, &o, ph_loop_now(l));
	go_on(x, ph_loop_now(l));
	return 0;
}

void
ph_mapping_end(struct ph_mapping *x)
{
	if (x->done)
		return;
	x->done = true;
	close_first(x, PH_BEHAVIOUR_SOCKETS);
}

void
ph_mapping_result(const struct ph_mapping *x, struct ph_nat_seen *out)
{
	const struct ph_behaviour_result *r = &x->engine.result;
	const struct ph_stun_addr *own = &x->engine.opts.local[0];

	if (r->outside.port == 0) {
		out->why = "the STUN server does not answer";
		return;
	}
	*out = (struct ph_nat_seen){
		.tested = true, .v6 = !ph_addr_is_v4(own->addr), .translated = r->translated,
		.mapping = ph_behaviour_word(r->mapping),
		.filtering = ph_behaviour_word(r->filtering),
		.hairpin = ph_behaviour_hairpin(r->hairpin),
		.port_preserved = r->port_preserved, .inside = own->addr,
		.inside_port = own->port, .outside = r->outside.addr,
		.outside_port = r->outside.port,
		.why = r->why_mapping != NULL ? r->why_mapping : r->why_filtering != NULL ?
		    r->why_filtering : r->why_hairpin,
	};
}
