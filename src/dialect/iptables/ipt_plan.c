/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_emit.h"
#include "dialect/iptables/ipt_opening.h"
#include "net/names.h"

/*
 * DOC: Plans
 *
 * One text for iptables-restore and ip6tables-restore: lines that begin with
 * -4 or -6 are for one of them only.  Forwarding is shut but for what belongs
 * to a connection already let in and for the chain PINHOLE, which has the
 * openings.  Where a flow may idle longer than Linux keeps it, the table raw
 * gives it a timeout policy; policies and sets are kept elsewhere in the kernel
 * and stand in lines that begin with "# nfct: " and "# ipset: ".
 */

enum {
	LINUX_UDP_S = 120, LINUX_TCP_S = 432000, UNREPLIED_S = 60,
};

struct plan {
	struct ph_arena *mem;
	struct ph_diags *diags;
	const struct ph_plan *p;
	struct ipt_opening opening;
	struct ph_buf rules, raw, policies;
	const struct ph_ranges *inside, *outside;
};

static const struct ph_ranges *
ifaces(struct ph_arena *mem, const char *const *names, size_t n)
{
	struct ph_range *v = ph_arena_array(mem, n, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i].lo = v[i].hi = ph_iface_encode(ph_str(names[i]));
	return n == 0 ? NULL : ph_ranges_from(mem, v, n);
}

/* The packets of a requirement where they come in, or go out. */
static struct ph_cube
cube_at(const struct plan *x, const struct ph_requirement *r, bool prerouting)
{
	bool out = r->direction == PH_OUT;
	struct ph_cube c = r->may_cube;

	if (x->p->host) {
		c.d[out ? PH_OIF : PH_IIF] = x->outside;
		return c;
	}
	c.d[PH_IIF] = out ? x->inside : x->outside;
	if (!prerouting)
		c.d[PH_OIF] = out ? x->outside : x->inside;
	return c;
}

static const char *
chain_for(const struct plan *x, const struct ph_requirement *r)
{
	if (!x->p->host)
		return "PINHOLE";
	return r->direction == PH_OUT ? "PINHOLE-OUT" : "PINHOLE-IN";
}

static void
add_lines(struct plan *x, const struct ph_requirement *r, const struct ph_cube *c,
    unsigned family, const struct ph_act *act, struct ph_buf *out)
{
	bool to_far = r->direction == PH_OUT;
	struct ipt_opening_what what = {
		.family = family, .cube = c, .act = act,
		.src_group = to_far ? "clients" : r->group,
		.dst_group = to_far ? r->group : "clients",
		.comment = ph_ipt_opening_comment(x->mem, r),
		.head = ph_arena_printf(x->mem, "-%c -A %s",
		    family == PH_FAMILY_4 ? '4' : '6', chain_for(x, r)),
	};

	ph_ipt_opening_lines(&x->opening, &what, out);
}

/* Does Linux forget the flow too early by itself? */
static bool
needs_timer(const struct ph_requirement *r)
{
	return (r->proto == PH_UDP && r->idle_s > LINUX_UDP_S) ||
	    (r->proto == PH_TCP && r->idle_s > LINUX_TCP_S);
}

static const char *
policy_name(struct plan *x, const struct ph_requirement *r, unsigned family)
{
	return ph_arena_printf(x->mem, "ph-%s-%u%s", ph_proto_name(r->proto), r->idle_s,
	    family == PH_FAMILY_4 ? "" : "-6");
}

/* "# nfct: " line for a policy, once. */
static void
add_policy(struct plan *x, const struct ph_requirement *r, unsigned family)
{
	bool udp = r->proto == PH_UDP;
	const char *line = ph_arena_printf(x->mem, "# nfct: add timeout %s %s %s %s%s %u\n",
	    policy_name(x, r, family), family == PH_FAMILY_4 ? "inet" : "inet6",
	    udp ? "udp" : "tcp",
	    udp ? ph_arena_printf(x->mem, "unreplied %u ", UNREPLIED_S) : "",
	    udp ? "replied" : "established", r->idle_s);

	if (x->policies.len == 0 || strstr(x->policies.s, line) == NULL)
		ph_buf_puts(&x->policies, line);
}

static void
add_timer(struct plan *x, const struct ph_requirement *r, unsigned family)
{
	struct ph_timeout *t = PH_NEW(x->mem, struct ph_timeout);
	struct ph_act act = { .kind = PH_ACT_TIMEOUT, .timeout = t };
	struct ph_cube c = cube_at(x, r, true);
	size_t before = x->raw.len;

	t->name = policy_name(x, r, family);
	add_lines(x, r, &c, family, &act, &x->raw);
	if (x->raw.len > before)
		add_policy(x, r, family);
}

/* Does a requirement before number ${n} open the same already? */
static bool
opened_before(const struct plan *x, size_t n)
{
	const struct ph_requirement *r = x->p->reqs[n];

	for (size_t i = 0; i < n; i++)
		if (x->p->reqs[i]->direction == r->direction &&
		    ph_cube_subset(&r->may_cube, &x->p->reqs[i]->may_cube))
			return true;
	return false;
}

static void
add_openings(struct plan *x)
{
	static const struct ph_act accept = { .kind = PH_ACT_ACCEPT };

	for (size_t i = 0; i < x->p->n_reqs; i++) {
		const struct ph_requirement *r = x->p->reqs[i];
		struct ph_cube c = cube_at(x, r, false);

		if (opened_before(x, i))
			continue;
		for (unsigned f = PH_FAMILY_4; f <= PH_FAMILY_6; f <<= 1)
			add_lines(x, r, &c, f, &accept, &x->rules);
	}
}

/* The kernel keeps the first policy it is told: the longest comes first. */
static void
add_timers(struct plan *x)
{
	size_t n = x->p->n_reqs;
	const struct ph_requirement **v = ph_arena_array(x->mem, n, sizeof(*v));

	for (size_t i = 0; i < n; i++) {
		size_t k = i;

		for (; k > 0 && v[k - 1]->idle_s < x->p->reqs[i]->idle_s; k--)
			v[k] = v[k - 1];
		v[k] = x->p->reqs[i];
	}
	for (size_t i = 0; i < n && v[i]->idle_s > 0; i++)
		for (unsigned f = PH_FAMILY_4; f <= PH_FAMILY_6; f <<= 1)
			if (needs_timer(v[i]))
				add_timer(x, v[i], f);
}

/* "# " lines before everything: what this is and how to load it. */
static void
put_head(struct plan *x, struct ph_buf *out)
{
	ph_buf_printf(out, "# Pinhole plan%s%s for iptables and ip6tables\n",
	    x->p->date == NULL ? "" : " of ", x->p->date == NULL ? "" : x->p->date);
	for (size_t i = 0; i < x->p->n_reqs; i++) {
		const struct ph_requirement *r = x->p->reqs[i];
		bool new = true;

		for (size_t k = 0; k < i; k++)
			new &= strcmp(x->p->reqs[k]->service, r->service) != 0;
		if (new)
			ph_buf_printf(out, "#   %s: %s\n", r->service,
			    r->title == NULL ? r->service : r->title);
	}
	ph_buf_puts(out, "#\n# Load it as root, in this order, with this text in FILE:\n");
	if (x->policies.len > 0)
		ph_buf_puts(out, "#   sed -n 's/^# nfct: /nfct /p' FILE | sh\n");
	if (x->opening.sets != NULL)
		ph_buf_puts(out, "#   sed -n 's/^# ipset: //p' FILE | ipset restore\n");
	ph_buf_puts(out, "#   iptables-restore -n FILE\n#   ip6tables-restore -n FILE\n#\n");
}

static void
put_raw(struct plan *x, struct ph_buf *out)
{
	if (x->raw.len == 0)
		return;
	ph_buf_puts(out, "*raw\n");
	if (x->p->host)
		ph_buf_puts(out, ":PINHOLE-IN - [0:0]\n:PINHOLE-OUT - [0:0]\n"
		    "-A PREROUTING -j PINHOLE-IN\n-A OUTPUT -j PINHOLE-OUT\n");
	else
		ph_buf_puts(out, ":PINHOLE - [0:0]\n-A PREROUTING -j PINHOLE\n");
	ph_buf_add(out, x->raw.s, x->raw.len);
	ph_buf_puts(out, "COMMIT\n");
}

static const char answers[] = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
static const char new[] = "-m conntrack --ctstate NEW -j";

static void
put_forward(struct plan *x, struct ph_buf *out)
{
	ph_buf_puts(out, "*filter\n:FORWARD DROP [0:0]\n:PINHOLE - [0:0]\n");
	ph_buf_printf(out, "-A FORWARD %s\n-A FORWARD %s PINHOLE\n", answers, new);
	ph_buf_add(out, x->rules.s, x->rules.len);
	ph_buf_puts(out, "COMMIT\n");
}

/* Neighbour discovery is untracked: it goes on, and nothing else does by it. */
static void
put_host(struct plan *x, struct ph_buf *out)
{
	ph_buf_puts(out, "*filter\n:INPUT DROP [0:0]\n:OUTPUT DROP [0:0]\n"
	    ":PINHOLE-IN - [0:0]\n:PINHOLE-OUT - [0:0]\n");
	ph_buf_printf(out, "-A INPUT -i lo -j ACCEPT\n-A INPUT %s\n", answers);
	ph_buf_puts(out, "-6 -A INPUT -p ipv6-icmp -m conntrack --ctstate UNTRACKED "
	    "-j ACCEPT\n");
	ph_buf_printf(out, "-A INPUT %s PINHOLE-IN\n", new);
	ph_buf_printf(out, "-A OUTPUT -o lo -j ACCEPT\n-A OUTPUT %s\n", answers);
	ph_buf_puts(out, "-6 -A OUTPUT -p ipv6-icmp -m conntrack --ctstate UNTRACKED "
	    "-j ACCEPT\n");
	ph_buf_printf(out, "-A OUTPUT %s PINHOLE-OUT\n", new);
	ph_buf_add(out, x->rules.s, x->rules.len);
	ph_buf_puts(out, "COMMIT\n");
}

/* Which helpers the pages of the services advise against. */
static bool
advises_against(const struct ph_plan *p, const char *protocol)
{
	for (size_t i = 0; i < p->n_reqs; i++)
		if (p->reqs[i]->alg != NULL && p->reqs[i]->alg_protocol != NULL &&
		    strcmp(p->reqs[i]->alg, "off") == 0 &&
		    strcmp(p->reqs[i]->alg_protocol, protocol) == 0)
			return true;
	return false;
}

static void
put_helpers(struct plan *x, struct ph_buf *out)
{
	static const char *const protocols[] = { "sip", "h323" };
	bool any = false;

	for (size_t i = 0; i < 2; i++) {
		if (!advises_against(x->p, protocols[i]))
			continue;
		if (!any)
			ph_buf_puts(out, "#\n# No helper is assigned to these flows. Take away "
			    "those that other rules\n# or old kernels assign:\n"
			    "#   sysctl -w net.netfilter.nf_conntrack_helper=0\n");
		any = true;
		ph_buf_printf(out, "#   modprobe -r nf_nat_%s nf_conntrack_%s\n",
		    protocols[i], protocols[i]);
	}
}

static void
put_both(struct ph_buf *out, const char *command)
{
	ph_buf_printf(out, "#   iptables %s; ip6tables %s\n", command, command);
}

static void
put_show(struct plan *x, struct ph_buf *out)
{
	static const char *const names[] = { "PINHOLE", "PINHOLE-IN", "PINHOLE-OUT" };

	ph_buf_puts(out, "#\n# Show what it does:\n");
	for (size_t i = x->p->host; i < (x->p->host ? 3 : 1); i++)
		put_both(out, ph_arena_printf(x->mem, "-nvL %s", names[i]));
	if (x->raw.len > 0)
		put_both(out, "-t raw -nvL");
	if (x->opening.sets != NULL)
		ph_buf_puts(out, "#   ipset list\n");
	if (x->policies.len > 0)
		ph_buf_puts(out, "#   nfct list timeout\n");
}

static void
put_back_chain(struct plan *x, struct ph_buf *out, const char *builtin,
    const char *chain)
{
	put_both(out, ph_arena_printf(x->mem, "-P %s ACCEPT", builtin));
	put_both(out, ph_arena_printf(x->mem, "-D %s %s %s", builtin, new, chain));
	put_both(out, ph_arena_printf(x->mem, "-D %s %s", builtin, answers));
	put_both(out, ph_arena_printf(x->mem, "-F %s", chain));
	put_both(out, ph_arena_printf(x->mem, "-X %s", chain));
}

static void
put_back_raw(struct plan *x, struct ph_buf *out, const char *builtin,
    const char *chain)
{
	if (x->raw.len == 0)
		return;
	put_both(out, ph_arena_printf(x->mem, "-t raw -D %s -j %s", builtin, chain));
	put_both(out, ph_arena_printf(x->mem, "-t raw -F %s", chain));
	put_both(out, ph_arena_printf(x->mem, "-t raw -X %s", chain));
}

static void
put_back(struct plan *x, struct ph_buf *out)
{
	ph_buf_puts(out, "#\n# Take it back:\n");
	if (x->p->host) {
		ph_buf_puts(out, "#   ip6tables -D INPUT -p ipv6-icmp -m conntrack --ctstate "
		    "UNTRACKED -j ACCEPT\n#   ip6tables -D OUTPUT -p ipv6-icmp -m conntrack "
		    "--ctstate UNTRACKED -j ACCEPT\n");
		put_back_chain(x, out, "INPUT", "PINHOLE-IN");
		put_back_chain(x, out, "OUTPUT", "PINHOLE-OUT");
		put_both(out, "-D INPUT -i lo -j ACCEPT");
		put_both(out, "-D OUTPUT -o lo -j ACCEPT");
		put_back_raw(x, out, "PREROUTING", "PINHOLE-IN");
		put_back_raw(x, out, "OUTPUT", "PINHOLE-OUT");
	} else {
		put_back_chain(x, out, "FORWARD", "PINHOLE");
		put_back_raw(x, out, "PREROUTING", "PINHOLE");
	}
	for (const struct ipt_made_set *s = x->opening.sets; s != NULL; s = s->next)
		ph_buf_printf(out, "#   ipset destroy %s\n", s->name);
	if (x->policies.len > 0)
		ph_buf_puts(out, "#   sed -n 's/^# nfct: add timeout \\([^ ]*\\).*/nfct "
		    "delete timeout \\1/p' FILE | sh\n");
}

bool
ph_ipt_plan(struct ph_arena *mem, struct ph_diags *d, const struct ph_plan *p,
    struct ph_buf *out)
{
	struct plan x = { .mem = mem, .diags = d, .p = p };

	x.inside = ifaces(mem, p->inside, p->n_inside);
	x.outside = ifaces(mem, p->outside, p->n_outside);
	ph_ipt_opening_init(&x.opening, mem, d);
	ph_buf_init(&x.rules, mem);
	ph_buf_init(&x.raw, mem);
	ph_buf_init(&x.policies, mem);
	add_openings(&x);
	add_timers(&x);
	put_head(&x, out);
	if (x.policies.len > 0)
		ph_buf_add(out, x.policies.s, x.policies.len);
	ph_ipt_opening_sets(&x.opening, out, "# ipset: ");
	put_raw(&x, out);
	if (p->host)
		put_host(&x, out);
	else
		put_forward(&x, out);
	put_helpers(&x, out);
	put_show(&x, out);
	put_back(&x, out);
	return !x.opening.bad;
}
