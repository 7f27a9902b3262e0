/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "os/clock.h"
#include "relay/fast_priv.h"

enum {
	DEFAULT_BINDINGS = 16384, MAX_BINDINGS = 1 << 22,
	MAX_PLACES = 1 << 20,		/* higher indices of interfaces are left out */
};

static const char *const map_name[PH_FAST_N_MAPS] = {
	[PH_FAST_FLOWS] = "flows", [PH_FAST_TALLIES] = "tallies", [PH_FAST_METERS] = "meters",
	[PH_FAST_PORTS] = "ports", [PH_FAST_LEASE] = "lease", [PH_FAST_PASSES] = "passes",
};

static const char *const forwarding[2] = {
	"/proc/sys/net/ipv4/conf/lo/forwarding", "/proc/sys/net/ipv6/conf/lo/forwarding",
};

bool
ph_fast_built(void)
{
	return true;
}

static int
quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

/* The first byte of a setting, 0 when there is none. */
static char
get_setting(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = 0;

	if (fd < 0)
		return 0;
	if (read(fd, &c, 1) != 1)
		c = 0;
	close(fd);
	return c;
}

static int
put_setting(const char *path, char c)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, &c, 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

/* Let the programs ask for routes.  A host without IPv6 has only one to set. */
static int
set_forwarding(struct ph_fast *f)
{
	int err;

	for (int i = 0; i < 2; i++) {
		if (get_setting(forwarding[i]) != '0')
			continue;
		err = put_setting(forwarding[i], '1');
		if (err != 0)
			return err;
		f->forward_was_off[i] = true;
	}
	return 0;
}

/* One more than the highest index of our interfaces, and of the loopback interface. */
static uint32_t
port_places(const struct ph_fast *f)
{
	uint32_t n = 2;

	for (size_t i = 0; i < f->n_ports; i++)
		if (f->port[i].ifindex >= n && f->port[i].ifindex < MAX_PLACES)
			n = f->port[i].ifindex + 1;
	return n;
}

static int
load(struct ph_fast *f, uint32_t n, bool with_xdp)
{
	struct bpf_program *xdp;
	int err;

	f->obj = bpf_object__open_mem(ph_fast_object, ph_fast_object_len, NULL);
	if (f->obj == NULL)
		return -errno;
	xdp = bpf_object__find_program_by_name(f->obj, "ph_relay_xdp");
	bpf_program__set_autoload(xdp, with_xdp);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(f->obj, "flows"), 2 * n);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(f->obj, "tallies"), 2 * (n + 1));
	bpf_map__set_max_entries(bpf_object__find_map_by_name(f->obj, "meters"), 2 * (n + 1));
	bpf_map__set_max_entries(bpf_object__find_map_by_name(f->obj, "ports"), port_places(f));
	err = bpf_object__load(f->obj);
	if (err != 0) {
		bpf_object__close(f->obj);
		f->obj = NULL;
		return err;
	}
	f->xdp = with_xdp ? bpf_program__fd(xdp) : -1;
	f->tc = bpf_program__fd(bpf_object__find_program_by_name(f->obj, "ph_relay_tc"));
	for (int i = 0; i < PH_FAST_N_MAPS; i++)
		f->map[i] = bpf_object__find_map_fd_by_name(f->obj, map_name[i]);
	return 0;
}

/* Both programs, or the one for tc on a kernel that refuses the other. */
static int
load_any(struct ph_fast *f, uint32_t n)
{
	libbpf_print_fn_t before = libbpf_set_print(quiet);
	int err = load(f, n, true);

	if (err != 0 && err != -EPERM && err != -ENOMEM)
		err = load(f, n, false);
	libbpf_set_print(before);
	return err;
}

static bool
add_port(struct ph_fast *f, const char *name)
{
	struct ph_fast_port *p = realloc(f->port, (f->n_ports + 1) * sizeof(*p));
	struct ph_fast_hook *h;

	if (p == NULL)
		return false;
	f->port = p;
	h = realloc(f->hook, (f->n_ports + 1) * sizeof(*h));
	if (h == NULL)
		return false;
	f->hook = h;
	p = &f->port[f->n_ports];
	*p = (struct ph_fast_port){ .ifindex = if_nametoindex(name) };
	snprintf(p->name, sizeof(p->name), "%s", name);
	f->hook[f->n_ports++] = (struct ph_fast_hook){ .link = -1 };
	return true;
}

/* Those that are named, or all that are Ethernets and up. */
static int
add_ports(struct ph_fast *f, const struct ph_fast_opts *o)
{
	struct if_nameindex *v;
	uint16_t mac[3];
	bool ether, ok = true;

	for (size_t i = 0; ok && i < o->n_ifnames; i++)
		ok = add_port(f, o->ifnames[i]);
	if (!ok || o->n_ifnames > 0)
		return ok ? 0 : -ENOMEM;
	v = if_nameindex();
	if (v == NULL)
		return -errno;
	for (size_t i = 0; ok && v[i].if_index != 0; i++)
		if (ph_fast_link_mac(v[i].if_name, mac, &ether) == 0 && ether)
			ok = add_port(f, v[i].if_name);
	if_freenameindex(v);
	return ok ? 0 : -ENOMEM;
}

/* What a program gets wrong it does not do at all. */
static const char *
check_programs(struct ph_fast *f)
{
	const char *wrong = NULL;

	if (f->xdp >= 0) {
		wrong = ph_fast_selftest(f, f->xdp, true);
		if (wrong != NULL)
			f->xdp = -1;
	}
	if (ph_fast_selftest(f, f->tc, false) != NULL)
		f->tc = -1;
	return f->xdp < 0 && f->tc < 0 ? wrong : NULL;
}

/* Load, check, attach; *${why} when it fails. */
static int
start(struct ph_fast *f, const struct ph_fast_opts *o, const char **why)
{
	uint32_t n = o->max_bindings == 0 ? DEFAULT_BINDINGS : o->max_bindings;
	bool any = false;
	int err = n > MAX_BINDINGS ? -EINVAL : ph_fast_table_init(f, n);

	*why = "no memory for so many bindings";
	if (err == 0 && (err = add_ports(f, o)) != 0)
		*why = "the interfaces cannot be listed";
	if (err == 0 && (err = load_any(f, n)) != 0)
		*why = err == -EPERM ? "BPF is not permitted: it takes CAP_BPF and CAP_NET_ADMIN" :
		    "the kernel does not take the programs";
	if (err == 0 && (err = set_forwarding(f)) != 0)
		*why = "net.ipv4.conf.lo.forwarding cannot be set";
	if (err == 0 && (err = ph_fast_touch(f)) != 0)
		*why = "the lease cannot be written";
	if (err == 0 && (*why = check_programs(f)) != NULL)
		err = -EPROTO;
	for (size_t i = 0; err == 0 && i < f->n_ports; i++) {
		ph_fast_attach(f, i, o->flags);
		any = any || f->port[i].tier != PH_FAST_NONE;
	}
	if (err == 0 && !any) {
		*why = "no interface takes a program";
		err = -ENODEV;
	}
	return err;
}

int
ph_fast_open(const struct ph_fast_opts *o, struct ph_fast **out, const char **why)
{
	struct ph_fast *f = calloc(1, sizeof(*f));
	int err;

	*why = "no memory";
	if (f == NULL)
		return -ENOMEM;
	pthread_mutex_init(&f->t.lock, NULL);
	f->warm_ns = (uint64_t)o->warm_ms * 1000000;
	f->xdp = f->tc = -1;
	err = start(f, o, why);
	if (err != 0) {
		ph_fast_close(f);
		return err;
	}
	*out = f;
	return 0;
}

void
ph_fast_close(struct ph_fast *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n_ports; i++)
		ph_fast_detach(f, i);
	for (int i = 0; i < 2; i++)
		if (f->forward_was_off[i])
			put_setting(forwarding[i], '0');
	bpf_object__close(f->obj);
	ph_fast_table_fini(f);
	pthread_mutex_destroy(&f->t.lock);
	free(f->port);
	free(f->hook);
	free(f);
}

const struct ph_fast_port *
ph_fast_port(const struct ph_fast *f, size_t i)
{
	return i < f->n_ports ? &f->port[i] : NULL;
}

int
ph_fast_touch(struct ph_fast *f)
{
	uint32_t zero = 0;
	uint64_t now_us = ph_clock_us();
	struct ph_bpf_lease l = { now_us * 1000, f->warm_ns };

	pthread_mutex_lock(&f->t.lock);
	ph_fast_table_age(f, now_us);
	pthread_mutex_unlock(&f->t.lock);
	return bpf_map_update_elem(f->map[PH_FAST_LEASE], &zero, &l, BPF_ANY);
}

uint64_t
ph_fast_pass(struct ph_fast *f, size_t i, const char **name)
{
	static const char *const names[PH_BPF_N_PASSES] = {
		[PH_BPF_LEASE] = "lease", [PH_BPF_EXPIRED] = "expired",
		[PH_BPF_CHECKSUM] = "checksum", [PH_BPF_SHORT] = "short",
		[PH_BPF_ROUTE] = "route", [PH_BPF_MTU] = "mtu", [PH_BPF_EGRESS] = "egress",
		[PH_BPF_WARM] = "warm", [PH_BPF_ROOM] = "room",
	};
	int cpus = libbpf_num_possible_cpus();
	uint64_t *v, sum = 0;
	uint32_t key = (uint32_t)i;

	*name = i < PH_BPF_N_PASSES ? names[i] : NULL;
	if (*name == NULL || cpus <= 0)
		return 0;
	v = calloc((size_t)cpus, sizeof(*v));
	if (v != NULL && bpf_map_lookup_elem(f->map[PH_FAST_PASSES], &key, v) == 0)
		for (int c = 0; c < cpus; c++)
			sum += v[c];
	free(v);
	return sum;
}
