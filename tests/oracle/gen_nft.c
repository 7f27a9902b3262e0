/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "oracle.h"

/*
 * DOC: Random nftables rulesets
 *
 * One to three tables; each with a few sets and maps, a few user chains (a chain
 * jumps only to later ones, so there are no loops), and base chains on random
 * hooks.  Everything written is understood by Pinhole in principle: an answer
 * "unknown" has to come from what cannot be known.
 */

enum { MAX_CHAINS = 6 };

enum { L3_IP = 1, L3_IP6 = 2 };

struct table {
	struct gen *g;
	const char *family;
	unsigned l3;			/* L3_* a rule may speak of */
	unsigned n_user;		/* user chains c0, c1, … */
	bool has_sets;
};

/* Where a rule stands decides what may be said in it. */
struct place {
	struct table *t;
	const char *hook;		/* NULL: user chain */
	const char *type;
	int priority;
	unsigned jump_from;		/* first user chain it may jump to */
};

static const char *
fmt2(struct gen *g, const char *f, const char *a, const char *b)
{
	char out[512];

	snprintf(out, sizeof(out), f, a, b);
	return ph_arena_printf(g->rules.mem, "%s", out);
}

static bool
pick_v6(struct table *t)
{
	if (t->l3 == (L3_IP | L3_IP6))
		return rng_chance(t->g->rng, 35);
	return t->l3 == L3_IP6;
}

static const char *
neg(struct gen *g)
{
	return rng_chance(g->rng, 15) ? "!= " : "";
}

/* ---- values ---- */

static const char *
addr_range(struct gen *g, bool v6)
{
	ph_u128 a = gen_host(g, v6), b = a + rng_below(g->rng, 12);
	char s[PH_ADDR_TEXT], e[PH_ADDR_TEXT];

	pool_addr(g->pool, v6, b);
	if (a == b)
		b++;
	return fmt2(g, "%s-%s", ph_addr_format(a, s), ph_addr_format(b, e));
}

static const char *
addr_item(struct gen *g, bool v6)
{
	switch (rng_below(g->rng, 3)) {
	case 0:
		return gen_host_text(g, v6);
	case 1:
		return gen_prefix_text(g, v6);
	default:
		return addr_range(g, v6);
	}
}

static const char *
port_item(struct gen *g)
{
	unsigned a = gen_port(g), b;

	if (rng_chance(g->rng, 60))
		return ph_arena_printf(g->rules.mem, "%u", a);
	b = gen_port(g);
	if (a == b)
		return ph_arena_printf(g->rules.mem, "%u", a);
	return ph_arena_printf(g->rules.mem, "%u-%u", a < b ? a : b, a < b ? b : a);
}

typedef const char *item_h(struct gen *, bool v6);

static const char *
port_item6(struct gen *g, bool v6)
{
	(void)v6;
	return port_item(g);
}

/* Items that do not overlap would need care; auto-merge is not for anonymous sets. */
static const char *
anonymous(struct gen *g, bool v6, item_h *item)
{
	struct ph_buf b;
	size_t n = 1 + rng_below(g->rng, 4);

	ph_buf_init(&b, g->rules.mem);
	ph_buf_puts(&b, "{ ");
	for (size_t i = 0; i < n; i++)
		ph_buf_printf(&b, "%s%s", i == 0 ? "" : ", ", item(g, v6));
	ph_buf_puts(&b, " }");
	return b.s;
}

static const char *
addr_value(struct table *t, bool v6)
{
	struct gen *g = t->g;

	if (t->has_sets && rng_chance(g->rng, 15))
		return v6 ? "@nets6" : "@nets4";
	return rng_chance(g->rng, 20) ? anonymous(g, v6, addr_item) : addr_item(g, v6);
}

static const char *
port_value(struct table *t)
{
	struct gen *g = t->g;

	if (t->has_sets && rng_chance(g->rng, 15))
		return "@ports";
	return rng_chance(g->rng, 35) ? anonymous(g, false, port_item6) : port_item(g);
}

/* ---- matches ---- */

static const char *
match_addr(struct place *p)
{
	struct gen *g = p->t->g;
	bool v6 = pick_v6(p->t);
	const char *side = GEN_WORD(g, "saddr", "daddr");

	return ph_arena_printf(g->rules.mem, "%s %s %s%s", v6 ? "ip6" : "ip", side,
	    neg(g), addr_value(p->t, v6));
}

static const char *
match_masked(struct place *p)
{
	struct gen *g = p->t->g;

	if (!(p->t->l3 & L3_IP))
		return match_addr(p);
	return fmt2(g, "ip daddr & %s == %s", "255.255.0.255",
	    ph_arena_printf(g->rules.mem, "%s.0.%u", GEN_WORD(g, "10.1", "10.2"),
	    2 + (unsigned)rng_below(g->rng, 16)));
}

static const char *
match_port(struct place *p)
{
	struct gen *g = p->t->g;

	return ph_arena_printf(g->rules.mem, "%s %s %s%s",
	    GEN_WORD(g, "tcp", "udp", "udp", "th"), GEN_WORD(g, "dport", "dport", "sport"),
	    neg(g), port_value(p->t));
}

static const char *
match_proto(struct place *p)
{
	struct gen *g = p->t->g;
	const char *value = GEN_WORD(g, "tcp", "udp", "udp", "{ tcp, udp }", "icmp",
	    "esp", "{ icmp, ipv6-icmp }", "ipv6-icmp");

	if (p->t->l3 == L3_IP && rng_chance(g->rng, 40))
		return ph_arena_printf(g->rules.mem, "ip protocol %s%s", neg(g), value);
	if (p->t->l3 == L3_IP6 && rng_chance(g->rng, 40))
		return ph_arena_printf(g->rules.mem, "ip6 nexthdr %s%s", neg(g), value);
	return ph_arena_printf(g->rules.mem, "meta l4proto %s%s", neg(g), value);
}

static const char *
match_family(struct place *p)
{
	struct gen *g = p->t->g;

	return fmt2(g, "meta nfproto %s%s", neg(g), GEN_WORD(g, "ipv4", "ipv6"));
}

static const char *
match_flags(struct place *p)
{
	return GEN_WORD(p->t->g, "tcp flags syn", "tcp flags & (fin|syn|rst|ack) == syn",
	    "tcp flags syn / fin,syn,rst,ack", "tcp flags != ack", "tcp flags ack",
	    "tcp flags & syn != 0", "tcp flags & (syn|ack) == (syn|ack)",
	    "tcp flags { syn, ack }", "tcp flags == syn", "tcp flags & rst == 0");
}

static const char *
match_icmp(struct place *p)
{
	struct gen *g = p->t->g;

	if (pick_v6(p->t))
		return GEN_WORD(g, "icmpv6 type echo-request", "icmpv6 type echo-reply",
		    "icmpv6 type { echo-request, echo-reply, nd-neighbor-solicit }",
		    "icmpv6 code 0");
	return GEN_WORD(g, "icmp type echo-request", "icmp type echo-reply",
	    "icmp type { echo-request, echo-reply }", "icmp type != echo-request",
	    "icmp type timestamp-request", "icmp type 8-13", "icmp code 0");
}

static const char *
match_iface(struct place *p)
{
	struct gen *g = p->t->g;
	const char *key = GEN_WORD(g, "iifname", "oifname");

	switch (rng_below(g->rng, 5)) {
	case 0:
		return ph_arena_printf(g->rules.mem, "%s %s\"%.*s*\"", key, neg(g),
		    (int)(1 + rng_below(g->rng, 3)), gen_iface(g));
	case 1:
		return ph_arena_printf(g->rules.mem, "%s { \"%s\", \"%s\" }", key,
		    gen_iface(g), GEN_WORD(g, "ppp0", "tun0"));
	case 2:
		return ph_arena_printf(g->rules.mem, "%.*s \"%s\"", 3, key, gen_iface(g));
	default:
		return ph_arena_printf(g->rules.mem, "%s %s\"%s\"", key, neg(g),
		    gen_iface(g));
	}
}

static const char *
match_ct(struct place *p)
{
	return GEN_WORD(p->t->g, "ct state new", "ct state established,related",
	    "ct state { established, related }", "ct state != invalid",
	    "ct state new,established", "ct state != established", "ct state invalid",
	    "ct state untracked", "ct state & (new|established) != 0",
	    "ct direction original", "ct direction reply", "ct direction != reply",
	    "ct status dnat", "ct status snat", "ct status & dnat == 0",
	    "ct status snat,dnat", "ct state established");
}

static const char *
match_mark(struct place *p)
{
	return GEN_WORD(p->t->g, "meta mark 0x1", "meta mark != 0x0", "mark 0x00000002",
	    "meta mark & 0xf0 == 0x10", "meta mark & 0x1 != 0", "ct mark 0x1",
	    "ct mark != 0x0", "ct mark & 0x3 == 0x2", "meta mark { 0x1, 0x3-0x7 }",
	    "ct mark 0x0-0x2", "meta mark 0x0");
}

static const char *
match_original(struct place *p)
{
	struct gen *g = p->t->g;

	if (rng_chance(g->rng, 50))
		return ph_arena_printf(g->rules.mem, "meta l4proto %s ct original "
		    "proto-dst %s", GEN_WORD(g, "tcp", "udp"), port_item(g));
	if (pick_v6(p->t))
		return fmt2(g, "ct original ip6 %s %s", GEN_WORD(g, "saddr", "daddr"),
		    gen_prefix_text(g, true));
	return fmt2(g, "ct original ip %s %s", GEN_WORD(g, "saddr", "daddr"),
	    gen_prefix_text(g, false));
}

static const char *
match_concat(struct place *p)
{
	struct gen *g = p->t->g;
	bool v6 = pick_v6(p->t);

	if (p->t->has_sets && rng_chance(g->rng, 40))
		return v6 ? "ip6 daddr . meta l4proto . th dport @pairs6" :
		    "ip daddr . meta l4proto . th dport @pairs4";
	if (rng_chance(g->rng, 30))
		return ph_arena_printf(g->rules.mem,
		    "iifname . oifname { \"%s\" . \"%s\", \"%s\" . \"%s\" }",
		    gen_iface(g), gen_iface(g), gen_iface(g), gen_iface(g));
	return ph_arena_printf(g->rules.mem, "%s daddr . %s dport { %s . %s, %s . %s }",
	    v6 ? "ip6" : "ip", GEN_WORD(g, "tcp", "udp"), addr_item(g, v6),
	    port_item(g), addr_item(g, v6), port_item(g));
}

static const char *
match_other(struct place *p)
{
	return GEN_WORD(p->t->g, "limit rate 100000/second burst 50000 packets",
	    "fib daddr type local", "fib daddr type != local", "fib saddr type != local",
	    "meta skuid 0", "meta skuid != 0", "counter", "meta skuid 1000-2000");
}

/* Tuples of whatever can be told without packets that are rare. */
static const char *
match_tuples(struct place *p)
{
	struct gen *g = p->t->g;
	struct ph_arena *m = g->rules.mem;
	bool v6 = pick_v6(p->t);

	switch (rng_below(g->rng, 4)) {
	case 0:
		return ph_arena_printf(m, "meta l4proto . th dport %s{ tcp . %s, udp . %s }",
		    neg(g), port_item(g), port_item(g));
	case 1:
		return ph_arena_printf(m, "%s saddr . %s daddr %s{ %s . %s, %s . %s }",
		    v6 ? "ip6" : "ip", v6 ? "ip6" : "ip", neg(g), addr_item(g, v6),
		    addr_item(g, v6), addr_item(g, v6), addr_item(g, v6));
	case 2:
		return ph_arena_printf(m, "iifname . udp dport { \"%s\" . %u, \"%s\" . %u }",
		    gen_iface(g), gen_port(g), gen_iface(g), gen_port(g));
	default:
		return ph_arena_printf(m, "tcp sport . tcp dport { %s . %s }",
		    port_item(g), port_item(g));
	}
}

static const char *
match_rare(struct place *p)
{
	struct gen *g = p->t->g;
	struct ph_arena *m = g->rules.mem;
	bool v6 = pick_v6(p->t);

	switch (rng_below(g->rng, 7)) {
	case 0:
		return ph_arena_printf(m, "%s dport != %s", GEN_WORD(g, "tcp", "udp", "th"),
		    anonymous(g, false, port_item6));
	case 1:
		return ph_arena_printf(m, "%s %s != %s", v6 ? "ip6" : "ip",
		    GEN_WORD(g, "saddr", "daddr"), anonymous(g, v6, addr_item));
	case 2:
		return ph_arena_printf(m, "%s %s %u", GEN_WORD(g, "tcp dport", "udp dport",
		    "udp sport", "th dport"), GEN_WORD(g, "<", ">", "<=", ">="), gen_port(g));
	case 3:
		return v6 ? "ip6 saddr & ::3 == ::1" : "ip saddr & 0.0.0.3 == 0.0.0.2";
	case 4:
		return GEN_WORD(g, "meta protocol ip", "meta protocol { ip, ip6 }",
		    "meta protocol != ip6", "ct l3proto ipv4", "ct protocol udp",
		    "ct protocol { tcp, icmp }", "ct status seen-reply",
		    "ct status & seen-reply == 0");
	case 5:
		return p->t->has_sets ? v6 ? "ip6 daddr @all6" : "ip saddr @all4" :
		    match_port(p);
	default:
		return match_tuples(p);
	}
}

typedef const char *match_h(struct place *);

static const struct { match_h *make; unsigned weight; } matches[] = {
	{ match_addr, 24 }, { match_port, 26 }, { match_proto, 8 }, { match_family, 2 },
	{ match_flags, 5 }, { match_icmp, 4 }, { match_iface, 12 }, { match_ct, 14 },
	{ match_mark, 6 }, { match_concat, 5 }, { match_masked, 2 }, { match_original, 3 },
	{ match_other, 4 }, { match_rare, 12 },
};

static const char *
match(struct place *p)
{
	unsigned all = 0, roll;

	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++)
		all += matches[i].weight;
	roll = (unsigned)rng_below(p->t->g->rng, all);
	for (size_t i = 0;; i++) {
		if (roll < matches[i].weight)
			return matches[i].make(p);
		roll -= matches[i].weight;
	}
}

/* ---- statements and verdicts ---- */

static const char *
side_effect(struct place *p)
{
	struct gen *g = p->t->g;

	if (p->hook != NULL && p->priority < -200 && rng_chance(g->rng, 50))
		return "notrack";
	if (rng_chance(g->rng, 15))
		return ph_arena_printf(g->rules.mem, "%s mark set %s dport map { %s : 0x1, "
		    "%s : 0x12 }", GEN_WORD(g, "meta", "ct"), GEN_WORD(g, "tcp", "udp"),
		    port_item(g), port_item(g));
	return GEN_WORD(g, "counter", "meta mark set 0x1", "meta mark set 0x13",
	    "meta mark set meta mark or 0x2", "meta mark set meta mark and 0xfffffffe",
	    "meta mark set meta mark xor 0x10", "ct mark set 0x1", "ct mark set meta mark",
	    "meta mark set ct mark", "ct mark set ct mark or 0x2",
	    "meta mark set meta mark and 0xffffff0f or 0x20");
}

static bool
can_jump(const struct place *p)
{
	return p->jump_from < p->t->n_user;
}

static const char *
jump(struct place *p)
{
	struct gen *g = p->t->g;
	unsigned to = p->jump_from +
	    (unsigned)rng_below(g->rng, p->t->n_user - p->jump_from);

	return ph_arena_printf(g->rules.mem, "%s c%u",
	    rng_chance(g->rng, 75) ? "jump" : "goto", to);
}

static const char *
verdict(struct place *p)
{
	struct gen *g = p->t->g;
	unsigned roll = (unsigned)rng_below(g->rng, 100);

	if (roll < 30 && can_jump(p))
		return jump(p);
	if (roll < 36)
		return "return";
	if (roll < 39)
		return "continue";
	if (roll < 45 && p->hook != NULL && strcmp(p->hook, "postrouting") != 0 &&
	    p->priority > -200 && strcmp(p->hook, "prerouting") != 0)
		return "reject";
	return roll < 62 ? "drop" : "accept";
}

static const char *
verdict_map_rare(struct place *p)
{
	struct gen *g = p->t->g;
	struct ph_arena *m = g->rules.mem;
	bool v6 = pick_v6(p->t);
	const char *a = verdict(p), *b = verdict(p);

	switch (rng_below(g->rng, 6)) {
	case 0:
		return ph_arena_printf(m, "%s { %s : %s, %s : %s }", "meta l4proto vmap",
		    GEN_WORD(g, "tcp", "icmp"), a, "udp", b);
	case 1:
		return ph_arena_printf(m, "%s daddr . %s dport vmap { %s . %s : %s, "
		    "%s . %s : %s }", v6 ? "ip6" : "ip", GEN_WORD(g, "tcp", "udp"),
		    addr_item(g, v6), port_item(g), a, addr_item(g, v6), port_item(g), b);
	case 2:
		return ph_arena_printf(m, "%s : %s, %s : %s }", GEN_WORD(g,
		    "meta mark vmap { 0x0", "ct mark vmap { 0x0"), a, "0x1-0x12", b);
	case 3:
		return ph_arena_printf(m, "%s : %s, %s : %s }", "ct direction vmap { original",
		    a, "reply", b);
	case 4:
		return ph_arena_printf(m, "%s dport vmap { %s : %s, * : %s }",
		    GEN_WORD(g, "tcp", "udp", "th"), port_item(g), a, b);
	default:
		return ph_arena_printf(m, "%s dport %s %s { %s saddr %s %s; %s; }",
		    GEN_WORD(g, "tcp", "udp"), port_item(g), GEN_WORD(g, "jump", "goto"),
		    v6 ? "ip6" : "ip", addr_item(g, v6), a, b);
	}
}

static const char *
verdict_map(struct place *p)
{
	struct gen *g = p->t->g;
	bool v6 = pick_v6(p->t);
	struct ph_arena *m = g->rules.mem;

	if (p->t->has_sets && rng_chance(g->rng, 25))
		return fmt2(g, "%s dport vmap @verdicts%s", GEN_WORD(g, "tcp", "udp", "th"),
		    "");
	if (rng_chance(g->rng, 40))
		return verdict_map_rare(p);
	switch (rng_below(g->rng, 4)) {
	case 0:
		return ph_arena_printf(m, "%s dport vmap { %s : %s, %s : %s }",
		    GEN_WORD(g, "tcp", "udp"), port_item(g), verdict(p), port_item(g),
		    verdict(p));
	case 1:
		return ph_arena_printf(m, "%s saddr vmap { %s : %s, %s : %s }",
		    v6 ? "ip6" : "ip", addr_item(g, v6), verdict(p), addr_item(g, v6),
		    verdict(p));
	case 2:
		return ph_arena_printf(m, "ct state vmap { established : %s, related : "
		    "accept, invalid : drop, new : %s }", GEN_WORD(g, "accept", "return"),
		    verdict(p));
	default:
		return ph_arena_printf(m, "iifname vmap { \"%s\" : %s, \"ppp0\" : drop }",
		    gen_iface(g), verdict(p));
	}
}

/*
 * nft 1.0.6 forgets a protocol without ports before "th dport" when it lists a rule,
 * and of a connection the protocols before what is said of the packet.
 */
static bool
is_listed_wrong(const char *rule)
{
	static const char *const protos[] = { "esp", "icmp" };
	static const char *const what[] = { "port", "addr", "type", "code", "flags" };
	const char *of = strstr(rule, "ct l3proto");

	of = of == NULL ? strstr(rule, "ct protocol") : of;
	for (size_t i = 0; of != NULL && i < sizeof(what) / sizeof(*what); i++)
		if (strstr(of, what[i]) != NULL)
			return true;
	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++) {
		const char *proto = strstr(rule, protos[i]);

		if (proto != NULL && strstr(proto, "th ") != NULL)
			return true;
	}
	return false;
}

/*
 * nft 1.0.6 makes one comparison of two that are neighbours in the packet, also where
 * both are "!=": then one that differs is enough for the kernel.
 */
static bool
is_loaded_wrong(const char *rule)
{
	return (strstr(rule, "sport != ") != NULL && strstr(rule, "dport != ") != NULL) ||
	    (strstr(rule, "saddr != ") != NULL && strstr(rule, "daddr != ") != NULL);
}

static void
add_filter_rule(struct place *p)
{
	struct gen *g = p->t->g;
	struct ph_buf b;
	size_t n = rng_below(g->rng, 4);

	ph_buf_init(&b, g->rules.mem);
	for (size_t i = 0; i < n; i++)
		ph_buf_printf(&b, "%s ", match(p));
	if (rng_chance(g->rng, 18))
		ph_buf_printf(&b, "%s ", side_effect(p));
	if (rng_chance(g->rng, 10))
		ph_buf_puts(&b, verdict_map(p));
	else if (b.len > 0 || rng_chance(g->rng, 30))
		ph_buf_puts(&b, rng_chance(g->rng, 12) ? side_effect(p) : verdict(p));
	else
		ph_buf_puts(&b, can_jump(p) ? jump(p) : "counter");
	if (!is_listed_wrong(b.s) && !is_loaded_wrong(b.s))
		draft_add(&g->rules, false, "\t\t%s", b.s);
}

/* ---- address translation ---- */

static const char *
source_translation(struct place *p, bool v6)
{
	struct gen *g = p->t->g;

	if (rng_chance(g->rng, 40) && strcmp(p->hook, "input") != 0)
		return "masquerade";
	return fmt2(g, "snat %s to %s", v6 ? "ip6" : "ip", gen_host_text(g, v6));
}

static const char *
destination_translation(struct gen *g, bool v6, const char *proto, const char *to)
{
	if (rng_chance(g->rng, 12) && proto != NULL)
		return ph_arena_printf(g->rules.mem, "redirect to :%u", gen_port(g));
	if (rng_chance(g->rng, 35) && proto != NULL)
		return ph_arena_printf(g->rules.mem, v6 ? "dnat ip6 to [%s]:%u" :
		    "dnat ip to %s:%u", to, gen_port(g));
	return fmt2(g, "dnat %s to %s", v6 ? "ip6" : "ip", to);
}

/* To where the port says; "to" is beyond the same interface as "from". */
static const char *
translation_map(struct gen *g, bool v6, const char *proto, const char *to)
{
	struct ph_arena *m = g->rules.mem;
	const char *ip = v6 ? "ip6" : "ip";

	if (rng_chance(g->rng, 50))
		return ph_arena_printf(m, "dnat %s to %s dport map { %s : %s, %s : %s }", ip,
		    proto, port_item(g), to, port_item(g), to);
	return ph_arena_printf(m, "dnat %s addr . port to %s dport map { %u : %s . %u, "
	    "%u : %s . %u }", ip, proto, gen_port(g), to, gen_port(g), gen_port(g), to,
	    gen_port(g));
}

static void
add_nat_rule(struct place *p)
{
	struct gen *g = p->t->g;
	bool v6 = pick_v6(p->t), dst = p->hook[0] == 'o' || p->hook[1] == 'r';
	const char *proto = rng_chance(g->rng, 70) ? GEN_WORD(g, "tcp", "udp") : NULL;
	const char *ip = v6 ? "ip6" : "ip";
	struct gen_move m = gen_move(g, v6);
	struct ph_buf b;

	ph_buf_init(&b, g->rules.mem);
	if (rng_chance(g->rng, 50))
		ph_buf_printf(&b, "%s ", match_iface(p));
	if (dst)
		ph_buf_printf(&b, "%s daddr %s ", ip, m.from);
	else
		ph_buf_printf(&b, "%s %s %s ", ip, GEN_WORD(g, "saddr", "daddr"),
		    addr_item(g, v6));
	if (proto != NULL)
		ph_buf_printf(&b, "%s dport %s ", proto, port_item(g));
	if (rng_chance(g->rng, 10))
		ph_buf_puts(&b, GEN_WORD(g, "accept", "return"));
	else if (dst && proto != NULL && rng_chance(g->rng, 20))
		ph_buf_puts(&b, translation_map(g, v6, proto, m.to));
	else
		ph_buf_puts(&b, dst ? destination_translation(g, v6, proto, m.to) :
		    source_translation(p, v6));
	draft_add(&g->rules, false, "\t\t%s", b.s);
}

/* ---- tables ---- */

static void
add_elements(struct gen *g, const char *name, const char *type, item_h *item,
    bool v6, size_t n)
{
	struct ph_buf b;

	ph_buf_init(&b, g->rules.mem);
	for (size_t i = 0; i < n; i++)
		ph_buf_printf(&b, "%s%s", i == 0 ? "" : ", ", item(g, v6));
	draft_add(&g->rules, false, "\tset %s { type %s; flags interval; auto-merge; "
	    "elements = { %s }; }", name, type, b.s);
}

/* Disjoint in the last part, so that no two elements overlap. */
static void
add_pairs(struct gen *g, const char *name, bool v6)
{
	struct ph_buf b;
	unsigned port = 50 + (unsigned)rng_below(g->rng, 30);

	ph_buf_init(&b, g->rules.mem);
	for (int i = 0; i < 4; i++) {
		unsigned end = port + (unsigned)rng_below(g->rng, 400);

		pool_port(g->pool, port);
		pool_port(g->pool, end);
		ph_buf_printf(&b, "%s%s . %s . %u-%u", i == 0 ? "" : ", ",
		    addr_item(g, v6), GEN_WORD(g, "tcp", "udp"), port, end + 1);
		port = end + 2 + (unsigned)rng_below(g->rng, 9000);
	}
	draft_add(&g->rules, false, "\tset %s { type %s . inet_proto . inet_service; "
	    "flags interval; elements = { %s }; }", name, v6 ? "ipv6_addr" : "ipv4_addr",
	    b.s);
}

static void
add_sets(struct table *t)
{
	struct gen *g = t->g;

	add_elements(g, "nets4", "ipv4_addr", addr_item, false, 4);
	add_elements(g, "nets6", "ipv6_addr", addr_item, true, 3);
	add_elements(g, "ports", "inet_service", port_item6, false, 5);
	add_pairs(g, "pairs4", false);
	add_pairs(g, "pairs6", true);
	draft_add(&g->rules, false, "\tset all4 { type ipv4_addr; flags interval; elements = "
	    "{ %s, * }; }", addr_item(g, false));
	draft_add(&g->rules, false, "\tset all6 { type ipv6_addr; elements = { %s }; }",
	    gen_host_text(g, true));
	draft_add(&g->rules, false, "\tmap verdicts { type inet_service : verdict; "
	    "elements = { %u : accept, %u : drop }; }", gen_port(g), 1 + gen_port(g) / 2);
}

static const char *const hooks[] = {
	"prerouting", "input", "forward", "forward", "output", "postrouting",
};

static int
priority(struct gen *g, const char *hook)
{
	static const int often[] = { -300, -150, -100, -50, 0, 0, 0, 50, 100, 101, 300 };
	int p = often[rng_below(g->rng, sizeof(often) / sizeof(often[0]))];

	if ((p == -300 || p == 101) && rng_chance(g->rng, 40))
		p = -199 + (int)rng_below(g->rng, 300);
	return strcmp(hook, "forward") == 0 && p < -200 ? 0 : p;
}

static void
add_base(struct table *t, unsigned i, const char *type)
{
	struct gen *g = t->g;
	bool nat = strcmp(type, "nat") == 0, drop = !nat && rng_chance(g->rng, 20);
	const char *hook = nat ? GEN_WORD(g, "prerouting", "postrouting", "postrouting",
	    "prerouting", "output", "input") :
	    hooks[rng_below(g->rng, sizeof(hooks) / sizeof(hooks[0]))];
	struct place p = { .t = t, .hook = hook, .type = type };

	p.priority = priority(g, hook);
	if (nat)
		p.priority = strcmp(hook, "prerouting") == 0 ||
		    strcmp(hook, "output") == 0 ? -100 : 100;
	draft_add(&g->rules, true, "\tchain b%u {\n\t\ttype %s hook %s priority %d; "
	    "policy %s;", i, type, hook, p.priority, drop ? "drop" : "accept");
	if (drop && rng_chance(g->rng, 70))
		draft_add(&g->rules, false, "\t\tct state established,related accept");
	for (size_t k = 1 + rng_below(g->rng, g->size); k > 0; k--) {
		if (nat)
			add_nat_rule(&p);
		else
			add_filter_rule(&p);
	}
	if (drop && rng_chance(g->rng, 60))
		draft_add(&g->rules, false, "\t\t%s accept", match(&p));
	draft_add(&g->rules, true, "\t}");
}

static void
add_user(struct table *t, unsigned i)
{
	struct gen *g = t->g;
	struct place p = { .t = t, .jump_from = i + 1 };

	draft_add(&g->rules, true, "\tchain c%u {", i);
	for (size_t k = 1 + rng_below(g->rng, g->size); k > 0; k--)
		add_filter_rule(&p);
	draft_add(&g->rules, true, "\t}");
}

static void
add_table(struct gen *g, unsigned i)
{
	static const struct { const char *name; unsigned l3; } families[] = {
		{ "ip", L3_IP }, { "ip6", L3_IP6 }, { "inet", L3_IP | L3_IP6 },
		{ "inet", L3_IP | L3_IP6 },
	};
	size_t f = rng_below(g->rng, sizeof(families) / sizeof(families[0]));
	struct table t = { .g = g, .family = families[f].name, .l3 = families[f].l3 };

	t.n_user = (unsigned)rng_below(g->rng, MAX_CHAINS);
	t.has_sets = rng_chance(g->rng, 50);
	draft_add(&g->rules, true, "table %s t%u {", t.family, i);
	if (t.has_sets)
		add_sets(&t);
	for (unsigned c = t.n_user; c > 0; c--)
		add_user(&t, c - 1);
	for (size_t n = 1 + rng_below(g->rng, 3), c = 0; c < n; c++)
		add_base(&t, (unsigned)c, "filter");
	if (rng_chance(g->rng, 35))
		add_base(&t, 9, "nat");
	draft_add(&g->rules, true, "}");
}

void
gen_nft(struct gen *g)
{
	size_t n = 1 + rng_below(g->rng, 3);

	for (size_t i = 0; i < n; i++)
		add_table(g, (unsigned)i);
}
