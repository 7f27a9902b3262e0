/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "relay/fast_priv.h"

/*
 * DOC: The best that an interface takes
 *
 * XDP only in the driver: what the kernel offers in its place is dearer than tc.  A driver
 * that runs programs need not take frames that are redirected to it; the pair of virtual
 * Ethernets takes them only when its other end has a program or GRO.  So the kernel is asked
 * after attaching, and where it does not tell, virtual Ethernets are believed unable.
 *
 * For tc, links of Linux 6.6 end with the process.  Before there is only a filter at a fixed
 * place, which a start replaces, so that none is left twice.
 */
enum {
	TCX_INGRESS = 46,		/* BPF_TCX_INGRESS, newer than the headers we need */
	FILTER_HANDLE = 0x70686e,	/* of our filter */
	FILTER_PRIORITY = 0x7068,
};

static void
because(struct ph_fast_port *p, const char *what, int err)
{
	size_t n = strlen(p->why);

	snprintf(p->why + n, sizeof(p->why) - n, "%s%s%s%s", n > 0 ? "; " : "", what,
	    err != 0 ? ": " : "", err != 0 ? strerror(-err) : "");
}

static bool
can_send(struct ph_fast_port *p)
{
	char driver[32];
	int can = ph_fast_link_xmit(p->ifindex);

	if (can < 0) {
		ph_fast_link_driver(p->name, driver, sizeof(driver));
		can = strcmp(driver, "veth") != 0;
	}
	if (!can)
		because(p, "XDP: it takes no redirected frames (a veth whose other end has "
		    "neither XDP nor GRO)", 0);
	return can != 0;
}

static bool
attach_xdp(struct ph_fast *f, size_t i)
{
	struct bpf_link_create_opts opts = { .sz = sizeof(opts), .flags = XDP_FLAGS_DRV_MODE };
	struct ph_fast_port *p = &f->port[i];
	int link = bpf_link_create(f->xdp, (int)p->ifindex, BPF_XDP, &opts);

	if (link < 0) {
		because(p, link == -EBUSY || link == -EEXIST ? "XDP: another program is there" :
		    "XDP", link == -EBUSY || link == -EEXIST ? 0 : link);
		return false;
	}
	if (!can_send(p)) {
		close(link);
		return false;
	}
	f->hook[i].link = link;
	return true;
}

static int
attach_filter(struct ph_fast *f, size_t i)
{
	struct bpf_tc_hook hook = { .sz = sizeof(hook), .ifindex = (int)f->port[i].ifindex,
	    .attach_point = BPF_TC_INGRESS };
	struct bpf_tc_opts opts = { .sz = sizeof(opts), .prog_fd = f->tc, .handle = FILTER_HANDLE,
	    .priority = FILTER_PRIORITY, .flags = BPF_TC_F_REPLACE };
	int err = bpf_tc_hook_create(&hook);

	if (err != 0 && err != -EEXIST)
		return err;
	f->hook[i].qdisc = err == 0;
	err = bpf_tc_attach(&hook, &opts);
	f->hook[i].filter = err == 0;
	return err;
}

static bool
attach_tc(struct ph_fast *f, size_t i)
{
	struct ph_fast_port *p = &f->port[i];
	int link = bpf_link_create(f->tc, (int)p->ifindex, (enum bpf_attach_type)TCX_INGRESS,
	    NULL), err;

	f->hook[i].link = link;
	if (link >= 0)
		return true;
	f->hook[i].link = -1;
	err = attach_filter(f, i);
	if (err != 0)
		because(p, "tc", err);
	return err == 0;
}

/* From now on frames may come in by it, and leave. */
static int
open_port(struct ph_fast *f, size_t i, const uint16_t mac[3])
{
	const struct ph_fast_port *p = &f->port[i];
	struct ph_bpf_port b = { .mac = { mac[0], mac[1], mac[2] },
		.kind = p->tier == PH_FAST_XDP ? PH_BPF_XDP : PH_BPF_TC };

	return bpf_map_update_elem(f->map[PH_FAST_PORTS], &p->ifindex, &b, BPF_ANY);
}

void
ph_fast_attach(struct ph_fast *f, size_t i, unsigned flags)
{
	struct ph_fast_port *p = &f->port[i];
	libbpf_print_fn_t before;
	uint16_t mac[3];
	bool ether = false;
	int err = ph_fast_link_mac(p->name, mac, &ether);

	if (err != 0 || !ether) {
		because(p, err != 0 ? "no such interface" : "not an Ethernet, or down", 0);
		return;
	}
	before = libbpf_set_print(NULL);
	if ((flags & PH_FAST_NO_XDP) != 0)
		because(p, "XDP: switched off", 0);
	else if (f->xdp < 0)
		because(p, "XDP: the program failed its test", 0);
	else if (attach_xdp(f, i))
		p->tier = PH_FAST_XDP;
	if (p->tier == PH_FAST_NONE && (flags & PH_FAST_NO_TC) != 0)
		because(p, "tc: switched off", 0);
	else if (p->tier == PH_FAST_NONE && f->tc < 0)
		because(p, "tc: the program failed its test", 0);
	else if (p->tier == PH_FAST_NONE && attach_tc(f, i))
		p->tier = PH_FAST_TC;
	libbpf_set_print(before);
	if (p->tier != PH_FAST_NONE && (err = open_port(f, i, mac)) != 0) {
		because(p, "no room for one more interface", 0);
		ph_fast_detach(f, i);
		p->tier = PH_FAST_NONE;
	}
}

void
ph_fast_detach(struct ph_fast *f, size_t i)
{
	struct bpf_tc_hook hook = { .sz = sizeof(hook), .ifindex = (int)f->port[i].ifindex,
	    .attach_point = BPF_TC_INGRESS };
	struct bpf_tc_opts opts = { .sz = sizeof(opts), .handle = FILTER_HANDLE,
	    .priority = FILTER_PRIORITY };
	struct ph_fast_hook *h = &f->hook[i];

	if (h->link >= 0)
		close(h->link);
	if (h->filter)
		bpf_tc_detach(&hook, &opts);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	if (h->qdisc)
		bpf_tc_hook_destroy(&hook);
	*h = (struct ph_fast_hook){ .link = -1 };
}
