/* SPDX-License-Identifier: ISC */
/*
 * DOC: Plans
 *
 * One table of our own: a set for each group of addresses and family, a timeout
 * object for each idle time that Linux would not wait for, base chains that drop,
 * and a rule a flow, direction and family.  Sets make ten thousand addresses one
 * rule, and timers belong to the flows that need them.
 */
#include <string.h>

#include "dialect/nftables/emit.h"
#include "dialect/nftables/plan.h"
#include "net/names.h"

enum {
	COMMENT_MAX = 120,		/* bytes; the kernel takes 128 */
	UDP_IDLE_S = 120, TCP_IDLE_S = 432000,	/* what Linux waits for */
	UNREPLIED_S = 60,
	ITEMS_A_LINE = 4,
};

/* A set of addresses of one family. */
struct named {
	const char *name;
	const struct ph_ranges *r;
	bool v6;
};

struct planner {
	struct ph_arena *mem;
	const struct ph_plan *plan;
	struct named *sets;
	size_t n_sets, cap_sets;
	struct ph_map names;		/* of sets, and of timeout objects */
	struct ph_buf decl, forward, in, timers;
};

/* The host of a URL: the whole of it stands at the head of the plan. */
static struct ph_str
host_of(const char *source)
{
	const char *s = strstr(source, "://");

	s = s == NULL ? source : s + 3;
	return (struct ph_str){ s, strcspn(s, "/") };
}

const char *
ph_nft_plan_comment(struct ph_arena *mem, const struct ph_requirement *r)
{
	struct ph_str source = r->source == NULL ? PH_STR("") : host_of(r->source);
	size_t room = COMMENT_MAX - (source.len < 60 ? source.len + 3 : 0), len;
	char *s;

	s = ph_arena_printf(mem, "%s/%s: %s", r->service, r->flow,
	    r->purpose == NULL ? "" : r->purpose);
	len = strlen(s);
	for (size_t i = 0; i < len; i++)
		if (s[i] == '"' || (unsigned char)s[i] < ' ')
			s[i] = '\'';
	if (len > room) {	/* not within a character */
		for (len = room - 3; len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80; len--)
			continue;
		memcpy(s + len, "...", 4);
	}
	return source.len == 0 || source.len >= 60 ? s :
	    ph_arena_printf(mem, "%s (%.*s)", s, (int)source.len, source.s);
}

/* A word that may name a set: "vidyoconnect_routers", "s_8x8_media". */
static const char *
clean(struct ph_arena *mem, const char *s)
{
	bool digit = *s >= '0' && *s <= '9';
	char *out = ph_arena_printf(mem, "%s%s", digit ? "s_" : "", s);

	for (char *c = out; *c != '\0'; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		    (*c >= '0' && *c <= '9')))
			*c = '_';
	return out;
}

static void
declare_set(struct planner *p, const struct named *s)
{
	ph_buf_printf(&p->decl, "\tset %s {\n\t\ttype %s;\n\t\tflags interval;\n"
	    "\t\telements = { ", s->name, s->v6 ? "ipv6_addr" : "ipv4_addr");
	for (size_t i = 0; i < s->r->n; i++) {
		ph_buf_puts(&p->decl, i == 0 ? "" : i % ITEMS_A_LINE == 0 ? ",\n\t\t\t" : ", ");
		ph_nft_emit_item(&p->decl, s->v6 ? PH_NFT_T_V6 : PH_NFT_T_V4, s->r->r[i]);
	}
	ph_buf_puts(&p->decl, " }\n\t}\n\n");
}

/* The set that holds just ${r}, made when there is none yet. */
static const struct named *
set_of(struct planner *p, const char *base, const struct ph_ranges *r, bool v6)
{
	struct named s = { .r = r, .v6 = v6 };
	struct named *kept;
	void **place;

	for (size_t i = 0; i < p->n_sets; i++)
		if (p->sets[i].v6 == v6 && ph_ranges_equal(p->sets[i].r, r))
			return &p->sets[i];
	s.name = ph_arena_printf(p->mem, "%s_v%d", clean(p->mem, base), v6 ? 6 : 4);
	for (unsigned i = 2; ; i++) {
		place = ph_map_at(p->mem, &p->names, s.name, strlen(s.name));
		if (*place == NULL)
			break;
		s.name = ph_arena_printf(p->mem, "%s_%u_v%d", clean(p->mem, base), i, v6 ? 6 : 4);
	}
	*place = p;
	kept = PH_PUSH(p->mem, p->sets, p->n_sets, p->cap_sets);
	*kept = s;
	declare_set(p, kept);
	return kept;
}

static const struct ph_ranges *
part(struct ph_arena *mem, const struct ph_ranges *r, bool v6)
{
	struct ph_range all = v6 ? PH_ANY_V6 : PH_ANY_V4;

	return ph_ranges_intersect(mem, r, ph_ranges_one(mem, all.lo, all.hi));
}

/* "ip saddr @clients_v4 "; nothing for all addresses. */
static void
put_side(struct planner *p, struct ph_buf *b, const struct ph_ranges *r, bool v6, bool src,
    const char *base)
{
	struct ph_range all = v6 ? PH_ANY_V6 : PH_ANY_V4;

	if (r->n == 1 && r->r[0].lo == all.lo && r->r[0].hi == all.hi)
		return;
	ph_buf_printf(b, "%s %s @%s ", v6 ? "ip6" : "ip", src ? "saddr" : "daddr",
	    set_of(p, base, r, v6)->name);
}

/* "iifname { "lan0", "lan1" } " */
static void
put_ifaces(struct ph_buf *b, const char *selector, const char *const *v, size_t n)
{
	if (n == 0)
		return;
	ph_buf_printf(b, "%s %s", selector, n > 1 ? "{ " : "");
	for (size_t i = 0; i < n; i++)
		ph_buf_printf(b, "%s\"%s\"", i == 0 ? "" : ", ", v[i]);
	ph_buf_puts(b, n > 1 ? " } " : " ");
}

static void
put_ports(struct planner *p, struct ph_buf *b, const char *proto, const char *side,
    const struct ph_ranges *r)
{
	struct ph_nft_emit em = { .mem = p->mem };

	if (r == NULL || (r->n == 1 && r->r[0].lo == 0 && r->r[0].hi == 65535))
		return;
	ph_buf_printf(b, "%s %s ", proto, side);
	ph_nft_emit_values(&em, b, PH_NFT_T_PORT, r);
	ph_buf_putc(b, ' ');
}

/* What a flow's packets look like; "" when it has none of this family. */
static const char *
match_text(struct planner *p, const struct ph_requirement *r, bool v6)
{
	bool out = r->direction == PH_OUT;
	const struct ph_ranges *clients = part(p->mem, r->clients, v6);
	const struct ph_ranges *far = part(p->mem, r->far, v6);
	const char *group = ph_arena_printf(p->mem, "%s_%s", r->service,
	    r->group == NULL ? "far" : r->group);
	const char *proto = ph_proto_name(r->proto);
	struct ph_buf b;

	ph_buf_init(&b, p->mem);
	if (clients->n == 0 || far->n == 0)
		return "";
	put_side(p, &b, out ? clients : far, v6, true, out ? "clients" : group);
	put_side(p, &b, out ? far : clients, v6, false, out ? group : "clients");
	if (b.len == 0)
		ph_buf_printf(&b, "meta nfproto %s ", v6 ? "ipv6" : "ipv4");
	if (ph_proto_has_ports(r->proto)) {
		size_t len = b.len;

		put_ports(p, &b, proto, "sport", r->sports);
		put_ports(p, &b, proto, "dport", r->ports);
		if (b.len == len)
			ph_buf_printf(&b, "meta l4proto %s ", proto);
	} else if (proto != NULL) {
		ph_buf_printf(&b, "meta l4proto %s ", proto);
	} else {
		ph_buf_printf(&b, "meta l4proto %u ", r->proto);
	}
	return b.s;
}

/* The timeout object for an idle time, or NULL when Linux waits that long. */
static const char *
timeout_of(struct planner *p, const struct ph_requirement *r, bool v6)
{
	bool udp = r->proto == PH_UDP;
	const char *name;
	void **place;

	if ((!udp || r->idle_s <= UDP_IDLE_S) &&
	    (r->proto != PH_TCP || r->idle_s <= TCP_IDLE_S))
		return NULL;
	name = ph_arena_printf(p->mem, "idle_%s_%u_v%d", udp ? "udp" : "tcp", r->idle_s,
	    v6 ? 6 : 4);
	place = ph_map_at(p->mem, &p->names, name, strlen(name));
	if (*place == NULL) {
		ph_buf_printf(&p->decl, "\tct timeout %s {\n\t\tprotocol %s;\n\t\tl3proto %s;\n"
		    "\t\tpolicy = { ", name, udp ? "udp" : "tcp", v6 ? "ip6" : "ip");
		if (udp)
			ph_buf_printf(&p->decl, "unreplied : %d, replied : %u }\n\t}\n\n",
			    UNREPLIED_S, r->idle_s);
		else
			ph_buf_printf(&p->decl, "established : %u }\n\t}\n\n", r->idle_s);
	}
	*place = p;
	return name;
}

static void
put_flow(struct planner *p, const struct ph_requirement *r, bool v6)
{
	bool out = r->direction == PH_OUT, host = p->plan->host;
	struct ph_buf *b = host && !out ? &p->in : &p->forward;
	const char *match = match_text(p, r, v6), *timer;
	const struct ph_plan *pl = p->plan;

	if (*match == '\0')
		return;
	ph_buf_puts(b, "\t\t");
	if (!host || !out)
		put_ifaces(b, "iifname", out ? pl->inside : pl->outside,
		    out ? pl->n_inside : pl->n_outside);
	if (!host || out)
		put_ifaces(b, "oifname", out ? pl->outside : pl->inside,
		    out ? pl->n_outside : pl->n_inside);
	ph_buf_printf(b, "%saccept comment \"%s\"\n", match, ph_nft_plan_comment(p->mem, r));
	timer = timeout_of(p, r, v6);
	if (timer != NULL)
		ph_buf_printf(&p->timers, "%c%sct timeout set \"%s\"\n", out ? 'o' : 'i', match,
		    timer);
}

/* Lines of ${timers} that begin with one of ${which}, without that letter. */
static void
put_timers(struct planner *p, struct ph_buf *out, const char *which, const char *hook)
{
	bool any = false;

	for (const char *s = p->timers.s, *end; *s != '\0'; s = end + 1) {
		end = strchr(s, '\n');
		if (strchr(which, *s) == NULL)
			continue;
		if (!any)
			ph_buf_printf(out, "\tchain timers_%s {\n"
			    "\t\ttype filter hook %s priority mangle; policy accept;\n",
			    hook, hook);
		any = true;
		ph_buf_puts(out, "\t\t");
		ph_buf_add(out, s + 1, (size_t)(end - s));
	}
	ph_buf_puts(out, any ? "\t}\n\n" : "");
}

static void
put_chain(struct ph_buf *out, const char *hook, const struct ph_buf *rules)
{
	ph_buf_printf(out, "\tchain allow_%s {\n"
	    "\t\ttype filter hook %s priority filter; policy drop;\n"
	    "\t\tct state established,related accept\n", hook, hook);
	ph_buf_puts(out, rules->s);
	ph_buf_puts(out, "\t}\n");
}

void
ph_nft_plan_alg(struct ph_buf *b)
{
	ph_buf_puts(b,
	    "# SIP and H.323 helpers rewrite or cut calls.  Look first:\n"
	    "#   nft list ruleset | grep 'ct helper'\n"
	    "#   lsmod | grep -E 'nf_(nat|conntrack)_(sip|h323)'\n"
	    "# then, when none is needed:\n"
	    "#   modprobe -r nf_nat_sip nf_conntrack_sip nf_nat_h323 nf_conntrack_h323\n");
}

static void
put_advice(struct planner *p, struct ph_buf *out)
{
	const char *hooks = p->plan->host ? "allow_output" : "allow_forward";
	bool alg = false;

	for (size_t i = 0; i < p->plan->n_reqs; i++)
		alg |= p->plan->reqs[i]->alg != NULL;
	ph_buf_puts(out, "\n# A packet must pass every table; look at what else there is:\n"
	    "#   nft list ruleset\n");
	ph_buf_puts(out, "# Room for connections, and the timers of all others:\n"
	    "#   sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max\n"
	    "#   sysctl net.netfilter.nf_conntrack_udp_timeout_stream\n"
	    "#   sysctl net.netfilter.nf_flowtable_udp_timeout\n");
	if (alg)
		ph_nft_plan_alg(out);
	ph_buf_printf(out, "# Try, load, look:\n"
	    "#   nft -c -f FILE && nft -f FILE\n"
	    "#   nft list chain inet pinhole %s\n"
	    "# Take it back:\n"
	    "#   nft delete table inet pinhole\n", hooks);
}

static void
put_head(struct planner *p, struct ph_buf *out)
{
	const char *last = NULL;

	ph_buf_puts(out, "#!/usr/sbin/nft -f\n# What these services need, and nothing else:\n");
	for (size_t i = 0; i < p->plan->n_reqs; i++) {
		const struct ph_requirement *r = p->plan->reqs[i];

		if (last != NULL && strcmp(last, r->service) == 0)
			continue;
		last = r->service;
		ph_buf_printf(out, "#   %s", r->title == NULL ? r->service : r->title);
		if (r->source != NULL)
			ph_buf_printf(out, ", %s", r->source);
		if (r->checked != NULL)
			ph_buf_printf(out, ", checked %s", r->checked);
		ph_buf_putc(out, '\n');
	}
	if (p->plan->date != NULL)
		ph_buf_printf(out, "# made %s\n", p->plan->date);
	ph_buf_puts(out, "\ntable inet pinhole\ndelete table inet pinhole\n\n"
	    "table inet pinhole {\n");
}

bool
ph_nft_plan(struct ph_arena *mem, struct ph_diags *diags, const struct ph_plan *plan,
    struct ph_buf *out)
{
	struct planner p = { .mem = mem, .plan = plan };

	(void)diags;
	ph_buf_init(&p.decl, mem);
	ph_buf_init(&p.forward, mem);
	ph_buf_init(&p.in, mem);
	ph_buf_init(&p.timers, mem);
	for (size_t i = 0; i < plan->n_reqs; i++)
		for (int v6 = 0; v6 < 2; v6++)
			put_flow(&p, plan->reqs[i], v6);
	put_head(&p, out);
	ph_buf_puts(out, p.decl.s);
	put_timers(&p, out, plan->host ? "i" : "oi", "prerouting");
	if (plan->host)
		put_timers(&p, out, "o", "output");
	if (plan->host) {
		put_chain(out, "output", &p.forward);
		ph_buf_putc(out, '\n');
		put_chain(out, "input", &p.in);
	} else {
		put_chain(out, "forward", &p.forward);
	}
	ph_buf_puts(out, "}\n");
	put_advice(&p, out);
	return true;
}
