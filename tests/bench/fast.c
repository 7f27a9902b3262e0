/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>

#include "fastgen.h"
#include "os/clock.h"
#include "relay/fast.h"
#include "relay/fast_twin_test.h"

/*
 * fast [PACKETS]: what the fast path costs, in nanoseconds of processor time a packet.
 *
 *	generator > c1 ==== c0 [relay] p0 ==== p1 > sink
 *
 * All on one processor, which the kernel does all work of on behalf of this process: frames
 * leave c1 as a driver would send them, c0 receives them in its driver, p1 drops them.  The
 * same without relay, dropped by XDP when c0 receives them, is taken off; what is left
 * is relay, way to the second link, and its reception.  Each figure is the least of several.
 */
enum { ROUNDS = 5, DEFAULT_PACKETS = 200000, BATCH = 64, MAX_FLOWS = 500, TCX_INGRESS = 46 };

static const char network[] =
    "ip link set lo up && "
    "ip link add c0 address 02:00:00:00:00:c0 type veth peer name c1 && "
    "ip link add p0 address 02:00:00:00:00:d0 type veth peer name p1 && "
    "for i in c0 c1 p0 p1; do ip link set $i up || exit 1; done && "
    "ip addr add 192.0.2.1/24 dev c0 && ip addr add 198.51.100.1/24 dev p0 && "
    "ip addr add 2001:db8:1::1/64 dev c0 nodad && "
    "ip addr add 2001:db8:2::1/64 dev p0 nodad && "
    "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev c0 nud permanent && "
    "ip neigh add 2001:db8:1::9 lladdr 02:00:00:00:00:09 dev c0 nud permanent && "
    "ip neigh add 198.51.100.9 lladdr 02:00:00:00:00:19 dev p0 nud permanent && "
    "ip neigh add 2001:db8:2::9 lladdr 02:00:00:00:00:19 dev p0 nud permanent";

extern const unsigned char bench_fastgen[];
extern const size_t bench_fastgen_len;

struct bed {
	int send, drop, shot, plans;	/* programs, and the generator's map */
	uint32_t packets;
	struct ph_fast *fast;		/* NULL: the baseline */
	enum ph_fast_tier tier;
	uint32_t id[MAX_FLOWS], n_ids;
};

struct load {
	bool six, down;
	unsigned flows;
	size_t bytes;			/* of payload */
};

static void
die(const char *what, int err)
{
	fprintf(stderr, "fast: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(err == EPERM || err == -EPERM ? 77 : 1);
}

static void
set_gro(const char *name)
{
	struct ethtool_value v = { .cmd = ETHTOOL_SGRO, .data = 1 };
	struct ifreq r = { .ifr_data = (void *)&v };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(fd, SIOCETHTOOL, &r) != 0)
		die("GRO", errno);
	close(fd);
}

static void
load_programs(struct bed *b)
{
	struct bpf_object *o = bpf_object__open_mem(bench_fastgen, bench_fastgen_len, NULL);
	int err = o == NULL ? errno : bpf_object__load(o);

	if (err != 0)
		die("the generator", err);
	b->send = bpf_program__fd(bpf_object__find_program_by_name(o, "bench_send"));
	b->drop = bpf_program__fd(bpf_object__find_program_by_name(o, "bench_drop"));
	b->shot = bpf_program__fd(bpf_object__find_program_by_name(o, "bench_shot"));
	b->plans = bpf_object__find_map_fd_by_name(o, "plans");
}

static ph_u128
v6(unsigned net, unsigned host)
{
	return (ph_u128)0x20010db8 << 96 | (ph_u128)net << 80 | host;
}

static struct ph_fast_binding
binding(const struct load *l, unsigned i)
{
	return (struct ph_fast_binding){
		.client = l->six ? v6(1, 9) : PH_V4(0xc0000209),
		.server = l->six ? v6(1, 1) : PH_V4(0xc0000201),
		.relay = l->six ? v6(2, 1) : PH_V4(0xc6336401),
		.peer = l->six ? v6(2, 9) : PH_V4(0xc6336409),
		.client_port = (uint16_t)(20000 + i), .server_port = 3478,
		.relay_port = (uint16_t)(50000 + i), .peer_port = (uint16_t)(30000 + i),
		.channel = (uint16_t)(0x4000 + i), .expires_us = ph_clock_us() + 600000000,
	};
}

/* The frame of flow 0, and the generator told of it. */
static void
plan(struct bed *b, const struct load *l, struct twin_frame *f)
{
	static const uint8_t far_mac[6] = { 2, 0, 0, 0, 0, 9 };
	static const uint8_t c0[6] = { 2, 0, 0, 0, 0, 0xc0 }, p0[6] = { 2, 0, 0, 0, 0, 0xd0 };
	struct ph_fast_binding n = binding(l, 0);
	struct twin_packet p = { .src = l->down ? n.peer : n.client,
		.dst = l->down ? n.relay : n.server, .sport = l->down ? n.peer_port : n.client_port,
		.dport = l->down ? n.relay_port : n.server_port, .ttl = 64, .df = true,
		.len = l->bytes + (l->down ? 0 : 4) };
	struct fastgen g = { .flows = l->flows, .down = l->down, .six = l->six };
	uint32_t zero = 0;

	if (!l->down) {
		p.payload[0] = (uint8_t)(n.channel >> 8);
		p.payload[2] = (uint8_t)(l->bytes >> 8);
		p.payload[3] = (uint8_t)l->bytes;
	}
	twin_write(&p, far_mac, l->down ? p0 : c0, f);
	memcpy(g.heads, f->b, sizeof(g.heads));
	if (bpf_map_update_elem(b->plans, &zero, &g, BPF_ANY) != 0)
		die("the generator's plan", errno);
}

/* What this processor's soft interrupts did in a thread of their own, in nanoseconds. */
static uint64_t
softirqd_ns(void)
{
	static char path[64];
	unsigned long long ns = 0;
	FILE *f;

	for (int pid = 2; path[0] == 0 && pid < 4096; pid++) {
		char comm[32] = "", name[32];

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		snprintf(name, sizeof(name), "ksoftirqd/%d\n", sched_getcpu());
		f = fopen(path, "r");
		if (f != NULL && fgets(comm, sizeof(comm), f) == NULL)
			comm[0] = 0;
		if (f != NULL)
			fclose(f);
		snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
		if (strcmp(comm, name) != 0)
			path[0] = 0;
	}
	f = path[0] != 0 ? fopen(path, "r") : NULL;
	if (f == NULL || fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	if (f != NULL)
		fclose(f);
	return ns;
}

static uint64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec + softirqd_ns();
}

/* Send them; nanoseconds for each. */
static double
blast(struct bed *b, const struct load *l, const struct twin_frame *f)
{
	struct xdp_md md = { .data_end = (uint32_t)f->len,
		.ingress_ifindex = if_nametoindex(l->down ? "p1" : "c1") };
	struct bpf_test_run_opts o = { .sz = sizeof(o), .data_in = f->b,
	    .data_size_in = (uint32_t)f->len, .ctx_in = &md, .ctx_size_in = sizeof(md),
	    .repeat = (int)b->packets,
	    .batch_size = BATCH, .flags = BPF_F_TEST_XDP_LIVE_FRAMES };
	uint64_t from = cpu_ns();
	int err = bpf_prog_test_run_opts(b->send, &o);

	if (err != 0)
		die("live frames", err);
	return (double)(cpu_ns() - from) / b->packets;
}

static int
attach(int prog, const char *name, int how, unsigned flags)
{
	struct bpf_link_create_opts o = { .sz = sizeof(o), .flags = flags };
	int link = bpf_link_create(prog, (int)if_nametoindex(name), (enum bpf_attach_type)how,
	    &o);

	if (link < 0)
		die(name, link);
	return link;
}

/* How many were relayed so far. */
static uint64_t
relayed(struct bed *b)
{
	struct ph_fast_counts c;
	uint64_t n = 0;

	for (unsigned i = 0; i < b->n_ids; i++)
		if (ph_fast_counts(b->fast, b->id[i], &c) == 0)
			n += c.up.packets + c.down.packets;
	return n;
}

/*
 * The least of several runs in which nothing was lost; it may be, when another process takes
 * the processor while a queue fills.
 */
static double
least(struct bed *b, const struct load *l, const struct twin_frame *f)
{
	double best = 1e9;

	for (int i = 0, good = 0; i < 4 * ROUNDS && good < ROUNDS; i++) {
		uint64_t before;
		double ns;

		if (b->fast != NULL)
			ph_fast_touch(b->fast);
		before = b->fast != NULL ? relayed(b) : 0;
		ns = blast(b, l, f);
		if (b->fast != NULL && relayed(b) - before != b->packets)
			continue;
		good++;
		best = ns < best ? ns : best;
	}
	return best;
}

static double
measure(struct bed *b, const struct load *l)
{
	const char *in = l->down ? "p0" : "c0", *out = l->down ? "c1" : "p1";
	struct twin_frame f;
	double ns;
	int sink;

	plan(b, l, &f);
	if (b->fast == NULL)
		sink = attach(b->drop, in, BPF_XDP, XDP_FLAGS_DRV_MODE);
	else if (b->tier == PH_FAST_XDP)
		sink = attach(b->drop, out, BPF_XDP, XDP_FLAGS_DRV_MODE);
	else
		sink = attach(b->shot, out, TCX_INGRESS, 0);
	ns = least(b, l, &f);
	close(sink);
	return ns;
}

static void
bind_flows(struct bed *b, const struct load *l)
{
	for (b->n_ids = 0; b->n_ids < l->flows; b->n_ids++) {
		struct ph_fast_binding n = binding(l, b->n_ids);
		int err = ph_fast_bind(b->fast, &n, &b->id[b->n_ids]);

		if (err != 0)
			die("bind", err);
	}
}

static double
relay(struct bed *b, const struct load *l, enum ph_fast_tier tier)
{
	static const char *const names[] = { "c0", "p0" };
	struct ph_fast_opts o = { .ifnames = names, .n_ifnames = 2,
		.flags = tier == PH_FAST_TC ? PH_FAST_NO_XDP : PH_FAST_NO_TC };
	const char *why;
	double ns;
	int err = ph_fast_open(&o, &b->fast, &why);

	if (err != 0)
		die(why, err);
	b->tier = tier;
	bind_flows(b, l);
	ns = measure(b, l);
	ph_fast_close(b->fast);
	b->fast = NULL;
	return ns;
}

static void
row(struct bed *b, const struct load *l)
{
	double none = measure(b, l), xdp = relay(b, l, PH_FAST_XDP), tc = relay(b, l, PH_FAST_TC);

	printf("| IPv%d | %s | %u | %zu B | %.0f | %.0f | %.0f |\n", l->six ? 6 : 4,
	    l->down ? "peer to client" : "client to peer", l->flows, l->bytes, none,
	    xdp - none, tc - none);
	fflush(stdout);
}

static void
set_up(void)
{
	cpu_set_t cpu;
	const char *const all[] = { "c0", "c1", "p0", "p1" };

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		die("a network of its own", EPERM);
	if (system(network) != 0)
		die("ip(8)", EINVAL);
	for (int i = 0; i < 4; i++)
		set_gro(all[i]);
	CPU_ZERO(&cpu);
	CPU_SET((size_t)sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
}

int
main(int argc, char **argv)
{
	static const unsigned flows[] = { 1, 50, 500 };
	static const size_t sizes[] = { 160, 1100 };
	struct bed b = { .packets = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0 };

	if (b.packets == 0)
		b.packets = DEFAULT_PACKETS;
	set_up();
	load_programs(&b);
	printf("| | direction | flows | payload | generator | XDP | tc |\n"
	    "|---|---|---|---|---|---|---|\n");
	for (int i = 0; i < 12; i++)
		row(&b, &(struct load){ false, i % 2 == 1, flows[i / 4], sizes[i / 2 % 2] });
	for (int i = 0; i < 4; i++)
		row(&b, &(struct load){ true, i % 2 == 1, flows[1], sizes[i / 2] });
	return 0;
}
