/* SPDX-License-Identifier: ISC */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "net/names.h"
#include "os/clock.h"
#include "os/jail.h"
#include "os/tun.h"
#include "os/udp.h"
#include "tunnel/room.h"
#include "tunnel/tunnel.h"
#include "tunnel/wait.h"

enum {
	MS = 1000,			/* microseconds */
	HEAD_START_US = 400 * MS,	/* of a better way before the next */
	PATIENCE_US = 1000 * MS,	/* for a better way once another is there */
	GIVE_UP_US = 12000 * MS,
	STATUS_US = 1000 * MS, STEP_US = 100 * MS,
	AT_ONCE = 256,			/* packets read before others have their turn */
	MIN_FILES = 4096,
	N_SIGNALS = 5,
};

struct scout {
	struct run *run;
	struct ph_leg *leg;
	unsigned way;
	bool over, ready;
	uint64_t start_us;
};

struct run {
	struct ph_arena *mem;
	const struct ph_tunnel_opts *o;
	struct ph_tunnel_end *end;
	uv_loop_t loop;
	uv_prepare_t flush;
	uv_signal_t signal[N_SIGNALS];
	struct ph_via via;
	struct ph_ladder ladder;
	struct ph_jail jail;
	struct ph_nat *nat;
	struct ph_tcp *tcp;
	struct ph_dial *dial;
	struct ph_wait *tun, *tick;
	struct scout scout[PH_LADDER_WAYS];
	unsigned way;
	uint64_t start_us, first_ready_us, status_us;
	bool begun, done, no_tcp;
	enum ph_turn_outcome refused;	/* said last; BUSY: nothing */
	ph_u128 forbidden;		/* said last */
};

static uint8_t packet[PH_TUN_MTU];

static void
finish(struct run *r, enum ph_tunnel_fate fate, int status, const char *why)
{
	if (r->done)
		return;
	r->done = true;
	r->end->fate = fate;
	r->end->status = status;
	r->end->why = why;
	uv_stop(&r->loop);
}

/* --- packets --- */

static void
on_tun(void *arg, unsigned events)
{
	struct run *r = arg;
	struct ph_ip ip;

	(void)events;
	for (unsigned i = 0; i < AT_ONCE && !r->done; i++) {
		int n = ph_tun_read(r->jail.tun, packet, sizeof(packet));

		if (n <= 0)
			return;
		if (!ph_ip_read(&ip, packet, (size_t)n))
			continue;
		if (ip.proto == PH_UDP)
			ph_nat_packet(r->nat, &ip);
		else if (ip.proto == PH_TCP)
			ph_tcp_packet(r->tcp, &ip);
	}
}

static void
on_flush(uv_prepare_t *p)
{
	struct run *r = p->data;

	ph_link_flush(&r->via);
}

/* --- status --- */

static void
tell(struct run *r, void (*fn)(void *, const struct ph_tunnel_status *))
{
	struct ph_tunnel_status s = { .ladder = &r->ladder, .way = r->way,
	    .udp = ph_nat_counts(r->nat), .tcp = ph_tcp_counts(r->tcp),
	    .heard = ph_nat_heard(r->nat), .us = ph_clock_us() - r->start_us };

	if (fn != NULL)
		fn(r->o->arg, &s);
}

static void
on_changed(void *arg)
{
	struct run *r = arg;
	unsigned way = ph_ladder_pick(&r->ladder);

	if (way == r->way)
		return;
	r->way = way;
	tell(r, r->o->changed);
}

/* --- what the relay does not do, said once --- */

static void
on_refused(void *arg, enum ph_turn_outcome outcome)
{
	struct run *r = arg;

	if (r->refused != outcome)
		r->o->refused(r->o->arg, outcome);
	r->refused = outcome;
}

static void
on_no_tcp(void *arg, enum ph_turn_outcome outcome)
{
	struct run *r = arg;

	if (!r->no_tcp)
		r->o->no_tcp(r->o->arg, outcome);
	r->no_tcp = true;
}

static void
on_forbidden(void *arg, struct ph_stun_addr peer)
{
	struct run *r = arg;

	if (r->forbidden != peer.addr)
		r->o->forbidden(r->o->arg, peer.addr);
	r->forbidden = peer.addr;
}

/* --- finding a way --- */

static void
end_scouts(struct run *r)
{
	for (unsigned i = 0; i < r->ladder.n; i++) {
		ph_leg_end(r->scout[i].leg);
		r->scout[i].leg = NULL;
	}
}

static void
begin(struct run *r, struct scout *s)
{
	struct ph_nat_opts o = { .via = &r->via, .ladder = &r->ladder, .want = r->o->want,
	    .username = r->o->username, .password = r->o->password, .tun = r->jail.tun,
	    .from4 = PH_ROOM_GATE4, .from6 = PH_ROOM_GATE6, .changed = on_changed,
	    .refused = on_refused, .forbidden = on_forbidden, .arg = r };
	struct ph_dial_opts d = { .via = &r->via, .ladder = &r->ladder,
	    .username = r->o->username, .password = r->o->password,
	    .not_offered = on_no_tcp, .arg = r };
	struct ph_tcp_opts t = { .via = &r->via, .want = r->o->want, .tun = r->jail.tun,
	    .listen4 = r->jail.listen4, .listen6 = r->jail.has_v6 ? r->jail.listen6 : -1,
	    .here4 = PH_ROOM_HERE4, .here6 = PH_ROOM_HERE6, .gate4 = PH_ROOM_GATE4,
	    .gate6 = PH_ROOM_GATE6 };
	struct ph_leg *leg = s->leg;
	const char *why;

	if (r->o->argv == NULL) {
		if (ph_room_system(r->mem, r->o->want, &r->jail, &why) != 0) {
			finish(r, PH_TUNNEL_NOT_PERMITTED, 0, why);
			return;
		}
		o.tun = t.tun = r->jail.tun;
		t.listen4 = r->jail.listen4;
		t.listen6 = r->jail.has_v6 ? r->jail.listen6 : -1;
	}
	s->leg = NULL;
	r->way = s->way;
	for (unsigned i = 0; i < s->way; i++)
		if (!r->ladder.way[i].failed)
			ph_ladder_failed(&r->ladder, i, "no answer", ph_clock_us());
	ph_ladder_worked(&r->ladder, s->way);
	end_scouts(r);
	r->nat = ph_nat_new(&o);
	t.dial = r->dial = ph_dial_new(&d);
	r->tun = ph_wait_new(&r->loop, r->jail.tun, PH_WAIT_READ, on_tun, r);
	if (r->nat == NULL || r->tun == NULL || r->dial == NULL || ph_tcp_new(&t, &r->tcp) != 0) {
		ph_leg_end(leg);
		finish(r, PH_TUNNEL_BROKEN, 0, "out of memory");
		return;
	}
	ph_nat_spare(r->nat, leg, s->way);
	r->begun = true;
	r->status_us = ph_clock_us() + STATUS_US;
	tell(r, r->o->begun);
	if (r->o->argv != NULL)
		ph_jail_go(&r->jail);
}

static void
scout_ready(void *arg)
{
	struct scout *s = arg;

	s->ready = true;
	ph_wait_at(s->run->tick, 0);
}

static void
scout_lost(void *arg, enum ph_turn_outcome outcome, const char *why)
{
	struct scout *s = arg;

	(void)outcome;
	ph_leg_end(s->leg);
	s->leg = NULL;
	s->over = true;
	s->ready = false;
	ph_ladder_failed(&s->run->ladder, s->way, why, ph_clock_us());
	ph_wait_at(s->run->tick, 0);
}

static void
scout_data(void *arg, struct ph_stun_addr peer, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)peer;
	(void)p;
	(void)n;
}

static void
start_scout(struct run *r, unsigned way)
{
	struct scout *s = &r->scout[way];
	const struct ph_way *w = &r->ladder.way[way];
	struct ph_leg_opts o = { .via = &r->via, .rung = w->rung, .addr = w->addr,
	    .port = w->port, .family = PH_STUN_IPV4, .username = r->o->username,
	    .password = r->o->password, .ready = scout_ready, .data = scout_data,
	    .lost = scout_lost, .arg = s };
	int err;

	*s = (struct scout){ .run = r, .way = way, .start_us = ph_clock_us() };
	err = ph_leg_new(&o, &s->leg);
	if (err == 0)
		return;
	s->leg = NULL;
	s->over = true;
	ph_ladder_failed(&r->ladder, way, strerror(-err), s->start_us);
}

/* The best way of those that are there, once no better one can be expected any more. */
static struct scout *
choose(struct run *r, uint64_t now)
{
	for (unsigned i = 0; i < r->ladder.n; i++) {
		struct scout *s = &r->scout[i];

		if (s->ready)
			return s;
		if (s->run != NULL && !s->over &&
		    (r->first_ready_us == 0 || now < r->first_ready_us + PATIENCE_US))
			return NULL;
	}
	return NULL;
}

static void
scout_on(struct run *r, uint64_t now)
{
	unsigned over = 0, next = r->ladder.n;
	struct scout *s;
	bool ready = false;

	for (unsigned i = r->ladder.n; i-- > 0; ) {
		over += r->scout[i].over;
		ready = ready || r->scout[i].ready;
		if (r->scout[i].run == NULL)
			next = i;
	}
	if (ready && r->first_ready_us == 0)
		r->first_ready_us = now;
	s = choose(r, now);
	if (s != NULL) {
		begin(r, s);
		return;
	}
	if (!ready && next < r->ladder.n &&
	    (over == next || now >= r->scout[next - 1].start_us + HEAD_START_US))
		start_scout(r, next);
	if (over == r->ladder.n || now > r->start_us + GIVE_UP_US)
		finish(r, PH_TUNNEL_NO_WAY, 0, "the relay cannot be reached");
}

/*
 * While all runs, one way at a time is looked at: those not known, and those that failed.  When
 * a better one than that in use works, everybody moves there.  False: nothing is to be done now.
 */
static bool
look_around(struct run *r, uint64_t now)
{
	int way = ph_ladder_check(&r->ladder, now);

	for (unsigned i = 0; i < r->ladder.n; i++) {
		struct scout *s = &r->scout[i];

		if (s->leg == NULL)
			continue;
		if (!s->ready)
			return true;	/* it takes its time */
		ph_leg_end(s->leg);
		*s = (struct scout){ .over = true };
		ph_ladder_worked(&r->ladder, i);
		ph_nat_move(r->nat);
		on_changed(r);
		return true;
	}
	if (way >= 0)
		start_scout(r, (unsigned)way);
	return way >= 0;
}

static void
on_tick(void *arg, unsigned events)
{
	struct run *r = arg;
	uint64_t now = ph_clock_us();

	(void)events;
	if (r->done)
		return;
	if (!r->begun) {
		scout_on(r, now);
	} else if (now >= r->status_us) {
		r->status_us = now + STATUS_US;
		tell(r, r->o->status);
	}
	if (r->begun && !r->done && !look_around(r, now))
		ph_wait_at(r->tick, r->status_us);
	else
		ph_wait_at(r->tick, now + STEP_US);
}

/* --- the program --- */

static void
on_signal(uv_signal_t *h, int signum)
{
	struct run *r = h->data;
	int status;

	if (signum == SIGCHLD) {
		if (ph_jail_over(&r->jail, &status)) {
			r->jail.pid = -1;
			finish(r, PH_TUNNEL_RAN, status, NULL);
		}
	} else if (!r->begun || r->o->argv == NULL) {
		finish(r, PH_TUNNEL_STOPPED, r->begun ? 0 : 128 + signum, NULL);
	} else if (signum == SIGTERM || signum == SIGHUP) {
		/* the terminal's own signals have reached the program already */
		ph_jail_signal(&r->jail, signum);
	}
}

static void
watch_signals(struct run *r)
{
	static const int signals[N_SIGNALS] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT };

	for (unsigned i = 0; i < N_SIGNALS; i++) {
		uv_signal_init(&r->loop, &r->signal[i]);
		r->signal[i].data = r;
		uv_signal_start(&r->signal[i], on_signal, signals[i]);
	}
}

static void
set_via(struct run *r)
{
	const struct ph_tunnel_opts *o = r->o;

	r->via.loop = &r->loop;
	r->via.host = o->host;
	r->via.peer_key = o->peer_key;
	r->via.ca_file = o->ca_file;
	r->via.proxy = o->proxy_addrs != NULL;
	r->via.proxy_port = o->ports[PH_RUNG_TLS];
	r->via.proxy_account = o->proxy_account;
}

static void
make_ladder(struct run *r)
{
	const struct ph_tunnel_opts *o = r->o;

	ph_ladder_init(&r->ladder);
	for (enum ph_rung i = 0; i < PH_N_RUNGS; i++)
		if (o->ports[i] != 0 && i == PH_RUNG_TLS && o->proxy_addrs != NULL)
			ph_ladder_add(&r->ladder, i, o->proxy_addrs, o->proxy_port);
		else if (o->ports[i] != 0)
			ph_ladder_add(&r->ladder, i, o->addrs, o->ports[i]);
}

static void
close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h) && h->type != UV_POLL && h->type != UV_TIMER)
		uv_close(h, NULL);
}

static void
clean_up(struct run *r)
{
	end_scouts(r);
	ph_tcp_free(r->tcp);
	ph_dial_free(r->dial);
	ph_nat_free(r->nat);
	ph_wait_end(r->tun);
	ph_wait_end(r->tick);
	uv_walk(&r->loop, close_handle, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_loop_close(&r->loop);
	ph_jail_end(&r->jail);
}

void
ph_tunnel_run(struct ph_arena *mem, const struct ph_tunnel_opts *o, struct ph_tunnel_end *end)
{
	struct run r = { .mem = mem, .o = o, .end = end };
	const char *why;

	ph_jail_init(&r.jail);
	*end = (struct ph_tunnel_end){ 0 };
	make_ladder(&r);
	ph_udp_files(MIN_FILES);
	if (o->argv != NULL ? ph_room_program(mem, o->want, o->argv, &r.jail, &why) != 0 :
	    ph_room_past(mem, o->want, &r.via, &why) != 0) {
		*end = (struct ph_tunnel_end){ .fate = PH_TUNNEL_NOT_PERMITTED, .why = why };
		return;
	}
	uv_loop_init(&r.loop);
	set_via(&r);
	r.start_us = ph_clock_us();
	uv_prepare_init(&r.loop, &r.flush);
	r.flush.data = &r;
	uv_prepare_start(&r.flush, on_flush);
	watch_signals(&r);
	r.tick = ph_wait_new(&r.loop, -1, 0, on_tick, &r);
	if (r.tick != NULL) {
		start_scout(&r, 0);
		ph_wait_at(r.tick, 0);
		uv_run(&r.loop, UV_RUN_DEFAULT);
	}
	clean_up(&r);
	end->ladder = r.ladder;
}
