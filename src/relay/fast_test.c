/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/pkt_cls.h>
#include <linux/sockios.h>

#include <cmocka.h>

#include "os/clock.h"
#include "relay/fast_priv.h"
#include "relay/fast_twin_test.h"

/*
 * In a network of our own, which nobody else is on:
 *
 *	clients 192.0.2.9, .10 ---- c1 = c0 [192.0.2.1 relay 198.51.100.1] p0 = p1 ---- peers .9
 *	        2001:db8:1::9                                  203.0.113.0/24 behind 198.51.100.9
 *
 * Packets go through the programs by BPF_PROG_TEST_RUN, as if they had come in by c0.
 */
enum {
	ROUNDS = 6000, N_ENDS = 40,
	SHORTEST_TC = 54,		/* the kernel refuses to run programs for tc on less */
};

static const char network[] =
    "ip link set lo up && "
    "ip link add c0 address 02:00:00:00:00:c0 type veth peer name c1 && "
    "ip link add p0 address 02:00:00:00:00:d0 type veth peer name p1 && "
    "for i in c0 c1 p0 p1; do ip link set $i up || exit 1; done && "
    "ip addr add 192.0.2.1/24 dev c0 && ip addr add 198.51.100.1/24 dev p0 && "
    "ip addr add 2001:db8:1::1/64 dev c0 nodad && "
    "ip addr add 2001:db8:2::1/64 dev p0 nodad && "
    "ip route add 203.0.113.0/25 via 198.51.100.9 && "
    "ip route add 203.0.113.128/25 via 198.51.100.9 mtu lock 600 && "
    "ip route add 2001:db8:3::/64 via 2001:db8:2::9 && "
    "for i in 9 10; do "
    "ip neigh add 192.0.2.$i lladdr 02:00:00:00:00:09 dev c0 nud permanent && "
    "ip neigh add 2001:db8:1::$i lladdr 02:00:00:00:00:09 dev c0 nud permanent || exit 1; "
    "done && "
    "ip neigh add 198.51.100.9 lladdr 02:00:00:00:00:19 dev p0 nud permanent && "
    "ip neigh add 2001:db8:2::9 lladdr 02:00:00:00:00:19 dev p0 nud permanent";

static const char *const both[] = { "c0", "p0" };
static const char *missing;

/* Frames that are redirected to the near end are taken only then. */
static int
set_gro(const char *name)
{
	struct ethtool_value v = { .cmd = ETHTOOL_SGRO, .data = 1 };
	struct ifreq r = { .ifr_data = (void *)&v };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	err = ioctl(fd, SIOCETHTOOL, &r);
	close(fd);
	return err;
}

static int
set_up(void **state)
{
	struct ph_fast_opts o = { .flags = PH_FAST_NO_XDP | PH_FAST_NO_TC, .max_bindings = 1 };
	struct ph_fast *f;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		missing = "a network of its own is not permitted";
	else if (system(network) != 0)
		missing = "ip(8) cannot make virtual Ethernets";
	else if (ph_fast_open(&o, &f, &missing) == -ENODEV)
		missing = NULL;
	if (missing == NULL && (set_gro("c1") != 0 || set_gro("p1") != 0))
		missing = "GRO cannot be switched on";
	return 0;
}

static struct ph_fast *
open_or_skip(unsigned flags)
{
	struct ph_fast_opts o = { .ifnames = both, .n_ifnames = 2, .flags = flags,
		.max_bindings = 128 };
	struct ph_fast *f = NULL;
	const char *why;
	int err;

	if (missing != NULL) {
		print_message("skipped: %s\n", missing);
		skip();
	}
	err = ph_fast_open(&o, &f, &why);
	if (err != 0)
		print_message("%s\n", why);
	assert_int_equal(err, 0);
	return f;
}

/* Run it as if it had come in by ${ifindex}. */
static int
run(int prog, bool xdp, unsigned ifindex, const struct twin_frame *in, struct twin_frame *out)
{
	struct xdp_md md = { .data_end = (uint32_t)in->len, .ingress_ifindex = ifindex };
	struct __sk_buff skb = { .ifindex = ifindex };
	struct bpf_test_run_opts o = { .sz = sizeof(o), .data_in = in->b,
	    .data_size_in = (uint32_t)in->len, .data_out = out->b, .data_size_out = sizeof(out->b),
	    .repeat = 1,
	    .ctx_in = xdp ? (void *)&md : (void *)&skb,
	    .ctx_size_in = xdp ? sizeof(md) : sizeof(skb) };
	int err = bpf_prog_test_run_opts(prog, &o);

	assert_int_equal(err, 0);
	out->len = o.data_size_out;
	return (int)o.retval;
}

static ph_u128
v6(unsigned net, unsigned host)
{
	return (ph_u128)0x20010db8 << 96 | (ph_u128)net << 80 | host;
}

static void
twin_net(struct twin *t)
{
	static const uint8_t c0[6] = { 2, 0, 0, 0, 0, 0xc0 }, p0[6] = { 2, 0, 0, 0, 0, 0xd0 };
	static const uint8_t client[6] = { 2, 0, 0, 0, 0, 9 }, peer[6] = { 2, 0, 0, 0, 0, 0x19 };
	const struct { struct ph_range to; const uint8_t *src, *dst; unsigned mtu; } row[] = {
		{ { PH_V4(0xc0000209), PH_V4(0xc000020a) }, c0, client, 1500 },
		{ { PH_V4(0xc6336409), PH_V4(0xc6336409) }, p0, peer, 1500 },
		{ { PH_V4(0xcb007100), PH_V4(0xcb00717f) }, p0, peer, 1500 },
		{ { PH_V4(0xcb007180), PH_V4(0xcb0071ff) }, p0, peer, 600 },
		{ { v6(1, 9), v6(1, 16) }, c0, client, 1500 },
		{ { v6(2, 9), v6(2, 9) }, p0, peer, 1500 },
		{ { v6(3, 0), v6(3, 0xffff) }, p0, peer, 1500 },
	};

	memset(t, 0, sizeof(*t));
	memcpy(t->mac, c0, 6);
	for (; t->n_routes < sizeof(row) / sizeof(*row); t->n_routes++) {
		struct twin_route *r = &t->route[t->n_routes];

		r->to = row[t->n_routes].to;
		r->mtu = row[t->n_routes].mtu;
		memcpy(r->src_mac, row[t->n_routes].src, 6);
		memcpy(r->dst_mac, row[t->n_routes].dst, 6);
	}
}

static unsigned
below(unsigned n)
{
	return (unsigned)random() % n;
}

/* Clients and peers, some of whom cannot be reached, and two behind one interface. */
static struct ph_fast_binding
random_binding(unsigned i, uint64_t now_us)
{
	const ph_u128 peer4[] = { PH_V4(0xc6336409), PH_V4(0xcb007105), PH_V4(0xcb0071f0),
		PH_V4(0xc000020a), PH_V4(0x08080808), PH_V4(0xc63364c8) };
	const ph_u128 peer6[] = { v6(2, 9), v6(3, 7), v6(3, 0xabc), v6(1, 16), v6(9, 9),
		v6(2, 0x77) };
	bool six = i % 2 == 1;

	return (struct ph_fast_binding){
		.client = six ? v6(1, 9) : PH_V4(0xc0000209),
		.server = six ? v6(1, 1) : PH_V4(0xc0000201),
		.relay = six ? v6(2, 1) : PH_V4(0xc6336401),
		.peer = six ? peer6[below(6)] : peer4[below(6)],
		.client_port = (uint16_t)(1024 + below(60000)), .server_port = 3478,
		.relay_port = (uint16_t)(49152 + i), .peer_port = (uint16_t)(1 + below(65535)),
		.channel = (uint16_t)(0x4000 + below(0x1000)),
		.expires_us = below(8) == 0 ? now_us - 20000 : now_us + 600000000,
	};
}

static void
bind_all(struct ph_fast *f, struct twin *t, uint32_t *id)
{
	struct ph_bpf_key key[2];
	struct ph_bpf_flow flow[2];

	for (unsigned i = 0; i < N_ENDS; i++) {
		struct twin_end *e = &t->end[t->n_ends++];

		e->b = random_binding(i, t->now_us);
		assert_int_equal(ph_fast_bind(f, &e->b, &id[i]), 0);
		assert_int_equal(ph_fast_table_make(&e->b, key, flow), 0);
		for (int d = 0; d < 2; d++) {
			e->label[d] = __builtin_bswap32(flow[d].label);
			e->salt[d] = flow[d].id_salt;
		}
	}
}

/* What a client or peer of a binding would send. */
static void
random_valid(const struct twin *t, struct twin_frame *f)
{
	static const size_t sizes[] = { 0, 1, 13, 14, 15, 18, 160, 548, 561, 1100, 1433, 1468,
	    1472 };
	static const uint8_t far_mac[6] = { 2, 0, 0, 0, 0, 9 };
	const struct ph_fast_binding *b = &t->end[below((unsigned)t->n_ends)].b;
	bool up = below(2) == 0;
	struct twin_packet p = {
		.src = up ? b->client : b->peer, .dst = up ? b->server : b->relay,
		.sport = up ? b->client_port : b->peer_port,
		.dport = up ? b->server_port : b->relay_port,
		.tos = (uint8_t)random(), .ttl = (uint8_t)(2 + below(254)), .df = below(2) == 0,
		.id = (uint16_t)random(), .label = (uint32_t)random() & 0xfffff,
		.len = below(2) == 0 ? sizes[below(13)] : below(1472),
	};

	for (size_t i = 0; i < p.len; i++)
		p.payload[i] = (uint8_t)random();
	if ((up || below(8) == 0) && p.len >= 4) {
		unsigned channel = below(16) == 0 ? (unsigned)random() : b->channel;
		size_t len = p.len - 4;

		p.payload[0] = (uint8_t)(channel >> 8);
		p.payload[1] = (uint8_t)channel;
		p.payload[2] = (uint8_t)(len >> 8);
		p.payload[3] = (uint8_t)len;
	}
	twin_write(&p, far_mac, t->mac, f);
}

static void
put_check(struct twin_frame *f, unsigned v)
{
	size_t at = f->b[12] == 0x08 ? 14 + 20 + 6 : 14 + 40 + 6;

	f->b[at] = (uint8_t)(v >> 8);
	f->b[at + 1] = (uint8_t)v;
}

/* What offloading leaves in the field: the sum of the pseudo-header. */
static void
make_partial(struct twin_frame *f)
{
	bool v4 = f->b[12] == 0x08;
	size_t udp = v4 ? 34 : 54, n = v4 ? 8 : 32;
	unsigned s = 17 + ((unsigned)f->b[udp + 4] << 8 | f->b[udp + 5]);

	for (size_t i = 0; i < n; i += 2)
		s += (unsigned)f->b[udp - n + i] << 8 | f->b[udp - n + i + 1];
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	put_check(f, s);
}

/* One thing that is out of the ordinary. */
static void
mutate(struct twin_frame *f)
{
	bool v4 = f->b[12] == 0x08;
	uint8_t *ip = f->b + 14, *udp = f->b + (v4 ? 34 : 54);

	switch (below(14)) {
	case 0: f->len = 14 + below((unsigned)f->len - 13); break;
	case 1: f->len += 1 + below(30); break;
	case 2: f->b[below(70)] = (uint8_t)random(); break;
	case 3: ip[v4 ? 8 : 7] = (uint8_t)below(2); break;
	case 4: ip[v4 ? 6 : 6] ^= (uint8_t)(1U << below(8)); break;
	case 5: ip[0] = (uint8_t)(0x40 + below(0x30)); break;
	case 6: put_check(f, 0); break;
	case 7: put_check(f, (unsigned)random()); break;
	case 8: make_partial(f); break;
	case 9: udp[10 + below(2)] ^= (uint8_t)(1U << below(8)); break;
	case 10: f->b[12] = 0x81; f->b[13] = 0; break;
	case 11: f->b[5] ^= 1; break;
	case 12: udp[below(12)] ^= (uint8_t)(1U << below(8)); break;
	default: put_check(f, 0xffff); break;
	}
	if (v4 && below(4) != 0)
		twin_fix_ip(f);
}

static void
dump(const char *name, const struct twin_frame *f)
{
	print_message("%s %zu:", name, f->len);
	for (size_t i = 0; i < f->len && i < 96; i++)
		print_message(" %02x", f->b[i]);
	print_message("\n");
}

static void
same_way(const struct ph_fast_way *a, const struct ph_fast_way *b)
{
	assert_int_equal(a->packets, b->packets);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->over_packets, 0);
}

/* One frame through a program and its twin. */
static bool
compare(struct ph_fast *f, struct twin *t, bool xdp, const struct twin_frame *in)
{
	unsigned c0 = if_nametoindex("c0");
	struct twin_frame got, want;
	enum twin_fate fate = twin_run(t, in, &want);
	bool sent, passed, ok;
	int rc;

	if (!xdp && in->len < SHORTEST_TC)
		return fate == TWIN_PASS;
	rc = run(xdp ? f->xdp : f->tc, xdp, c0, in, &got);
	sent = rc == (xdp ? (int)XDP_REDIRECT : TC_ACT_REDIRECT);
	passed = xdp ? rc == XDP_PASS : rc == TC_ACT_UNSPEC;
	if (fate == TWIN_PASS) {
		want = *in;
		ok = passed;
	} else {
		ok = sent;
	}
	ok = ok && got.len == want.len && memcmp(got.b, want.b, want.len) == 0;
	if (!ok) {
		print_message("%s: %d, the twin %s\n", xdp ? "xdp" : "tc", rc,
		    fate == TWIN_PASS ? "passes" : "sends");
		dump("in", in);
		dump("got", &got);
		dump("want", &want);
	}
	return ok;
}

static void
differ(struct ph_fast *f, bool xdp)
{
	const char *seed = getenv("PH_SEED");
	unsigned n = seed != NULL ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)getpid();
	struct twin t;
	uint32_t id[N_ENDS];
	struct ph_fast_counts c;
	struct twin_frame in;
	unsigned sent = 0;

	print_message("PH_SEED=%u\n", n);
	srandom(n);
	twin_net(&t);
	t.now_us = ph_clock_us();
	bind_all(f, &t, id);
	for (unsigned i = 0; i < ROUNDS; i++) {
		random_valid(&t, &in);
		if (below(2) == 0)
			mutate(&in);
		ph_fast_touch(f);
		assert_true(compare(f, &t, xdp, &in));
	}
	for (unsigned i = 0; i < N_ENDS; i++) {
		assert_int_equal(ph_fast_unbind(f, id[i], &c), 0);
		same_way(&c.up, &t.end[i].n.up);
		same_way(&c.down, &t.end[i].n.down);
		sent += (unsigned)(c.up.packets + c.down.packets);
	}
	assert_true(sent > ROUNDS / 8);
}

static void
xdp_is_as_its_twin(void **state)
{
	struct ph_fast *f = open_or_skip(0);

	(void)state;
	assert_string_equal(ph_fast_port(f, 0)->why, "");
	assert_int_equal(ph_fast_port(f, 0)->tier, PH_FAST_XDP);
	assert_int_equal(ph_fast_port(f, 1)->tier, PH_FAST_XDP);
	differ(f, true);
	ph_fast_close(f);
}

static void
tc_is_as_its_twin(void **state)
{
	struct ph_fast *f = open_or_skip(PH_FAST_NO_XDP);

	(void)state;
	assert_int_equal(ph_fast_port(f, 0)->tier, PH_FAST_TC);
	differ(f, false);
	ph_fast_close(f);
}

/* A binding that works, and a packet of it. */
static uint32_t
bind_one(struct ph_fast *f, struct twin *t, uint32_t meter, struct twin_frame *in)
{
	static const uint8_t far_mac[6] = { 2, 0, 0, 0, 0, 9 };
	struct ph_fast_binding b = {
		.client = PH_V4(0xc0000209), .server = PH_V4(0xc0000201),
		.relay = PH_V4(0xc6336401), .peer = PH_V4(0xc6336409),
		.client_port = 4000, .server_port = 3478, .relay_port = 50000, .peer_port = 6000,
		.channel = 0x4001, .expires_us = ph_clock_us() + 600000000, .meter = meter,
	};
	struct twin_packet p = { .src = b.client, .dst = b.server, .sport = 4000, .dport = 3478,
		.ttl = 64, .payload = { 0x40, 0x01, 0, 200 }, .len = 204 };
	uint32_t id = 0;

	twin_net(t);
	twin_write(&p, far_mac, t->mac, in);
	assert_int_equal(ph_fast_bind(f, &b, &id), 0);
	return id;
}

static int
xdp_of(struct ph_fast *f, const struct twin_frame *in)
{
	struct twin_frame out;

	return run(f->xdp, true, if_nametoindex("c0"), in, &out);
}

static uint64_t
passes(struct ph_fast *f, const char *why)
{
	const char *name;

	for (size_t i = 0;; i++) {
		uint64_t n = ph_fast_pass(f, i, &name);

		assert_non_null(name);
		if (strcmp(name, why) == 0)
			return n;
	}
}

static void
the_lease_ends(void **state)
{
	struct ph_fast *f = open_or_skip(0);
	struct ph_bpf_lease old = { (ph_clock_us() - 5100000) * 1000, 0 };
	struct twin_frame in;
	struct twin t;
	uint32_t zero = 0;

	(void)state;
	bind_one(f, &t, 0, &in);
	assert_int_equal(xdp_of(f, &in), XDP_REDIRECT);
	assert_int_equal(bpf_map_update_elem(f->map[PH_FAST_LEASE], &zero, &old, BPF_ANY), 0);
	assert_int_equal(xdp_of(f, &in), XDP_PASS);
	assert_int_equal(passes(f, "lease"), 1);
	assert_int_equal(ph_fast_touch(f), 0);
	assert_int_equal(xdp_of(f, &in), XDP_REDIRECT);
	ph_fast_close(f);
}

static void
bindings_end(void **state)
{
	struct ph_fast *f = open_or_skip(0);
	struct ph_fast_counts c;
	struct twin_frame in;
	struct twin t;
	uint32_t id, again;

	(void)state;
	id = bind_one(f, &t, 0, &in);
	assert_int_equal(xdp_of(f, &in), XDP_REDIRECT);
	assert_int_equal(ph_fast_refresh(f, id, ph_clock_us() - 1), 0);
	usleep(10000);
	assert_int_equal(xdp_of(f, &in), XDP_PASS);
	assert_int_equal(ph_fast_refresh(f, id, ph_clock_us() + 60000000), 0);
	assert_int_equal(xdp_of(f, &in), XDP_REDIRECT);
	assert_int_equal(ph_fast_unbind(f, id, &c), 0);
	assert_int_equal(c.up.packets, 2);
	assert_int_equal(c.up.bytes, 400);
	assert_int_equal(xdp_of(f, &in), XDP_PASS);
	assert_int_equal(ph_fast_unbind(f, id, &c), -ENOENT);
	assert_int_equal(ph_fast_counts(f, id, &c), -ENOENT);
	again = bind_one(f, &t, 0, &in);
	assert_int_not_equal(again, id);	/* it rests */
	assert_int_equal(ph_fast_late(f).up.packets, 0);
	ph_fast_close(f);
}

static void
bad_bindings_are_refused(void **state)
{
	struct ph_fast *f = open_or_skip(0);
	struct ph_fast_binding b = { .client = PH_V4(1), .server = PH_V4(2), .relay = PH_V4(3),
		.peer = PH_V4(4), .channel = 0x4000, .expires_us = UINT32_MAX };
	struct ph_fast_binding bad;
	uint32_t id;

	(void)state;
	bad = b, bad.channel = 0x8000;
	assert_int_equal(ph_fast_bind(f, &bad, &id), -EINVAL);
	bad = b, bad.peer = bad.relay = 1;
	assert_int_equal(ph_fast_bind(f, &bad, &id), -EAFNOSUPPORT);
	bad = b, bad.meter = 100000;
	assert_int_equal(ph_fast_bind(f, &bad, &id), -EINVAL);
	assert_int_equal(ph_fast_bind(f, &b, &id), 0);
	assert_int_equal(ph_fast_bind(f, &b, &id), -EEXIST);
	bad = b, bad.client_port = 7;		/* the peer's side is another's */
	assert_int_equal(ph_fast_bind(f, &bad, &id), -EEXIST);
	for (unsigned i = 1; i < 128; i++) {
		b.relay_port = b.client_port = (uint16_t)i;
		assert_int_equal(ph_fast_bind(f, &b, &id), 0);
	}
	b.relay_port = b.client_port = 999;
	assert_int_equal(ph_fast_bind(f, &b, &id), -ENOSPC);
	ph_fast_close(f);
}

static void
limits_hold(void **state)
{
	struct ph_fast *f = open_or_skip(0);
	uint64_t from_us, us;
	struct ph_fast_counts c;
	struct twin_frame in;
	uint32_t id, meter;
	struct twin t;
	int rc;

	(void)state;
	assert_int_equal(ph_fast_meter(f, 20000, &meter), 0);
	id = bind_one(f, &t, meter, &in);
	from_us = ph_clock_us();
	for (int i = 0; i < 200; i++) {
		rc = xdp_of(f, &in);
		assert_true(rc == XDP_REDIRECT || rc == XDP_DROP);
	}
	us = ph_clock_us() - from_us;
	assert_int_equal(ph_fast_unbind(f, id, &c), 0);
	assert_int_equal(c.up.packets + c.up.over_packets, 200);
	assert_int_equal(c.up.bytes + c.up.over_bytes, 40000);
	assert_true(c.up.bytes >= 9000);
	assert_true(c.up.bytes <= 9216 + (us + 8000) / 50);
	ph_fast_meter_free(f, meter);
	ph_fast_close(f);
}

/* Nothing stays of who was killed: its programs, so that another can attach. */
static void
a_kill_leaves_nothing(void **state)
{
	struct ph_fast *f = open_or_skip(0);
	uint32_t prog = 0;
	int ready[2], st;
	char c = 0;
	pid_t pid;

	(void)state;
	ph_fast_close(f);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct ph_fast_opts o = { .ifnames = both, .n_ifnames = 2 };
		const char *why;

		c = ph_fast_open(&o, &f, &why) == 0 ? 'y' : 'n';
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex("c0"), 0, &prog), 0);
	assert_int_not_equal(prog, 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &st, 0), pid);
	for (int i = 0; i < 200 && prog != 0; i++) {
		usleep(10000);
		assert_int_equal(bpf_xdp_query_id((int)if_nametoindex("c0"), 0, &prog), 0);
	}
	assert_int_equal(prog, 0);
	close(ready[0]);
	close(ready[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xdp_is_as_its_twin),
		cmocka_unit_test(tc_is_as_its_twin),
		cmocka_unit_test(the_lease_ends),
		cmocka_unit_test(bindings_end),
		cmocka_unit_test(bad_bindings_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(a_kill_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
