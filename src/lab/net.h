/* SPDX-License-Identifier: ISC */
#ifndef PH_LAB_NET_H
#define PH_LAB_NET_H

#include "audit/audit.h"
#include "os/frame.h"

/*
 * DOC: The lab's networks
 *
 *	clients ---- inside [firewall] outside ---- far end
 *
 * Three networks; in the middle one a kernel that forwards, with the interfaces
 * that the configuration speaks of.  The ends are links on which anybody may send
 * from any address: so the site's own addresses are used, all of them, both
 * families, and one process sees both ends on one clock.  The firewall sends what
 * comes in on one side out on the other, whatever the addresses.
 *
 *	host [firewall] outside ---- far end
 *
 * Where the firewall filters for its own host, the host is the client: it has all
 * addresses, and what it sends and gets goes through its own output and input.
 */
struct ph_lab_link {
	const char *name;		/* of the firewall's interface */
	struct ph_frame_end end;	/* the other; closed: nobody is there */
	const struct ph_ranges *own;	/* the firewall's addresses on it */
};

struct ph_lab_net {
	struct ph_arena *mem;
	struct ph_lab_link *links;	/* inside, then outside, then the others */
	size_t n_inside, n_outside, n;
	bool host;			/* the client is the firewall: nothing is inside */
	struct ph_frame_end self;	/* then: what its own programs would see */
	int ns[3];			/* clients, firewall, far end */
};

/*
 * ph_lab_net_plan(mem, rs, sides, net):
 * The links that ${rs} and ${sides} ask for.  Interfaces of which nobody says the
 * addresses get some for tests (RFC 2544, RFC 5180), which are noted in ${rs}.
 */
void ph_lab_net_plan(struct ph_arena *, struct ph_ruleset *, const struct ph_sides *,
    struct ph_lab_net *);

/*
 * ph_lab_net_open(net, why): make it; the process is in the firewall's network
 * then.  0, or -errno with the reason in *${why}.
 */
int ph_lab_net_open(struct ph_lab_net *, const char **why);

/*
 * ph_lab_net_route(net, in, out, why): forward what comes in on link ${in} to link
 * ${out} and the reverse; of a host: send to link ${out}.
 */
bool ph_lab_net_route(struct ph_lab_net *, size_t in, size_t out, const char **why);

/* ph_lab_net_close(net): the networks end with the last that holds them. */
void ph_lab_net_close(struct ph_lab_net *);

#endif
