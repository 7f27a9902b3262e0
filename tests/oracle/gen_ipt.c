/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "oracle.h"

/*
 * DOC: Random rulesets for iptables-restore
 *
 * All four tables, each with a few user chains that jump only to later ones;
 * one family a ruleset.  Sets go to ipset, whose file Pinhole reads beside.
 */

enum { MAX_CHAINS = 5 };

struct table {
	const char *name;
	const char *const *chains;	/* built in */
	unsigned n_chains;
};

struct place {
	struct gen *g;
	const struct table *t;
	const char *chain;		/* NULL: user chain */
	unsigned n_user, jump_from;
};

static const char *const raw_chains[] = { "PREROUTING", "OUTPUT" };
static const char *const mangle_chains[] = {
	"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING",
};
static const char *const nat_chains[] = { "PREROUTING", "INPUT", "OUTPUT", "POSTROUTING" };
static const char *const filter_chains[] = { "INPUT", "FORWARD", "OUTPUT" };

static const struct table tables[] = {
	{ "raw", raw_chains, 2 }, { "mangle", mangle_chains, 5 }, { "nat", nat_chains, 4 },
	{ "filter", filter_chains, 3 },
};

static bool
is_table(const struct place *p, const char *name)
{
	return strcmp(p->t->name, name) == 0;
}

static const char *
neg(struct gen *g)
{
	return rng_chance(g->rng, 15) ? "! " : "";
}

/* ---- matches; each begins with a blank ---- */

static void
match_addr(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;

	if (!g->v6 && rng_chance(g->rng, 6))
		ph_buf_printf(b, " %s-d %s.0.%u/255.255.0.255", neg(g),
		    GEN_WORD(g, "10.1", "10.2"), 2 + (unsigned)rng_below(g->rng, 20));
	else
		ph_buf_printf(b, " %s%s %s", neg(g), GEN_WORD(g, "-s", "-d"),
		    rng_chance(g->rng, 50) ? gen_prefix_text(g, g->v6) :
		    gen_host_text(g, g->v6));
}

static void
match_iface(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;
	const char *c = p->chain == NULL ? "" : p->chain, *way = GEN_WORD(g, "-i", "-o");

	if (strcmp(c, "PREROUTING") == 0 || strcmp(c, "INPUT") == 0)
		way = "-i";
	if (strcmp(c, "POSTROUTING") == 0 || strcmp(c, "OUTPUT") == 0)
		way = "-o";
	if (rng_chance(g->rng, 30))
		ph_buf_printf(b, " %s%s %.*s+", neg(g), way,
		    (int)(1 + rng_below(g->rng, 3)), gen_iface(g));
	else
		ph_buf_printf(b, " %s%s %s", neg(g), way, gen_iface(g));
}

static void
port_range(struct gen *g, struct ph_buf *b)
{
	unsigned x = gen_port(g), y = gen_port(g);

	if (rng_chance(g->rng, 55) || x == y)
		ph_buf_printf(b, "%u", x);
	else
		ph_buf_printf(b, "%u:%u", x < y ? x : y, x < y ? y : x);
}

static void
match_multiport(struct gen *g, struct ph_buf *b)
{
	size_t n = 1 + rng_below(g->rng, 4);

	ph_buf_printf(b, " -m multiport %s%s ", neg(g),
	    GEN_WORD(g, "--dports", "--dports", "--sports", "--ports"));
	for (size_t i = 0; i < n; i++) {
		ph_buf_puts(b, i == 0 ? "" : ",");
		port_range(g, b);
	}
}

static void
match_tcp(struct gen *g, struct ph_buf *b)
{
	ph_buf_puts(b, GEN_WORD(g, " -m tcp --syn", " -m tcp ! --syn",
	    " -m tcp --tcp-flags SYN,ACK,FIN,RST SYN", " -m tcp --tcp-flags ALL SYN,ACK",
	    " -m tcp ! --tcp-flags ACK ACK", " -m tcp --tcp-flags SYN,RST NONE"));
}

/* A protocol, and what goes with it. */
static void
match_proto(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;
	unsigned roll = (unsigned)rng_below(g->rng, 100);
	const char *proto = roll < 45 ? "udp" : "tcp";

	if (roll >= 92) {
		if (g->v6)
			ph_buf_printf(b, " -p ipv6-icmp%s", GEN_WORD(g, "",
			    " -m icmp6 --icmpv6-type echo-request",
			    " -m icmp6 ! --icmpv6-type 129"));
		else
			ph_buf_printf(b, " -p icmp%s", GEN_WORD(g, "",
			    " -m icmp --icmp-type 8", " -m icmp --icmp-type echo-reply",
			    " -m icmp ! --icmp-type 8/0", " -m icmp --icmp-type any"));
		return;
	}
	if (roll >= 88) {
		ph_buf_printf(b, " %s-p %s", neg(g), GEN_WORD(g, "tcp", "udp", "esp"));
		return;
	}
	ph_buf_printf(b, " -p %s", proto);
	if (strcmp(proto, "tcp") == 0 && rng_chance(g->rng, 15))
		match_tcp(g, b);
	if (rng_chance(g->rng, 25))
		match_multiport(g, b);
	else if (rng_chance(g->rng, 75)) {
		ph_buf_printf(b, " -m %s %s%s ", proto, neg(g),
		    GEN_WORD(g, "--dport", "--dport", "--sport"));
		port_range(g, b);
	}
}

static void
match_iprange(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;
	ph_u128 a = gen_host(g, g->v6), e = a + rng_below(g->rng, 20);
	char s1[PH_ADDR_TEXT], s2[PH_ADDR_TEXT];

	pool_addr(g->pool, g->v6, e);
	ph_buf_printf(b, " -m iprange %s%s %s-%s", neg(g),
	    GEN_WORD(g, "--src-range", "--dst-range"), ph_addr_format(a, s1),
	    ph_addr_format(e, s2));
}

static void
match_state(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;

	if (rng_chance(g->rng, 12)) {
		ph_buf_printf(b, " -m conntrack --ctproto %s --ctorigdstport ",
		    GEN_WORD(g, "tcp", "udp"));
		ph_buf_printf(b, "%u", gen_port(g));
		return;
	}
	if (rng_chance(g->rng, 10)) {
		ph_buf_printf(b, " -m conntrack %s%s %s", neg(g),
		    GEN_WORD(g, "--ctorigdst", "--ctorigsrc"),
		    gen_prefix_text(g, g->v6));
		return;
	}
	ph_buf_puts(b, GEN_WORD(g, " -m conntrack --ctstate NEW",
	    " -m conntrack --ctstate RELATED,ESTABLISHED",
	    " -m conntrack --ctstate RELATED,ESTABLISHED",
	    " -m conntrack ! --ctstate NEW", " -m conntrack --ctstate INVALID",
	    " -m conntrack ! --ctstate INVALID", " -m state --state NEW,ESTABLISHED",
	    " -m state ! --state ESTABLISHED", " -m state --state UNTRACKED",
	    " -m conntrack --ctdir ORIGINAL", " -m conntrack --ctdir REPLY",
	    " -m conntrack --ctstate DNAT", " -m conntrack ! --ctstate SNAT",
	    " -m conntrack --ctstate NEW,UNTRACKED", " -m conntrack --ctstate NEW,DNAT",
	    " -m conntrack --ctstatus SEEN_REPLY", " -m conntrack --ctstate NEW --ctdir REPLY"));
}

static void
match_mark(struct place *p, struct ph_buf *b)
{
	ph_buf_puts(b, GEN_WORD(p->g, " -m mark --mark 0x1", " -m mark ! --mark 0x0",
	    " -m mark --mark 0x10/0xf0", " -m connmark --mark 0x1",
	    " -m connmark ! --mark 0x0/0x3", " -m mark --mark 0x0"));
}

static void
match_set(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;

	if (g->sets.n == 0)
		return;
	ph_buf_printf(b, " -m set %s--match-set %s", neg(g), GEN_WORD(g,
	    "hosts src", "hosts dst", "nets dst", "nets src", "pairs dst,dst",
	    "pairs src,dst", "ports dst", "ports src"));
}

static void
match_other(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;
	const char *c = p->chain == NULL ? "" : p->chain;

	if (rng_chance(g->rng, 30) && (strcmp(c, "OUTPUT") == 0 ||
	    strcmp(c, "POSTROUTING") == 0)) {
		ph_buf_printf(b, " -m owner %s--uid-owner %s", neg(g),
		    GEN_WORD(g, "0", "1000", "0-10"));
		return;
	}
	ph_buf_puts(b, GEN_WORD(g, " -m addrtype --dst-type LOCAL",
	    " -m addrtype ! --dst-type LOCAL", " -m addrtype --src-type LOCAL",
	    " -m comment --comment \"say \\\"hi\\\" -j DROP\"",
	    " -m limit --limit 10000/sec --limit-burst 9999"));
}

typedef void match_h(struct place *, struct ph_buf *);

static const struct { match_h *make; unsigned pct; } matches[] = {
	{ match_addr, 40 }, { match_addr, 15 }, { match_iface, 25 }, { match_proto, 60 },
	{ match_iprange, 6 }, { match_state, 22 }, { match_mark, 8 }, { match_set, 12 },
	{ match_other, 6 },
};

/* ---- targets ---- */

static void
jump(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;
	unsigned to = p->jump_from +
	    (unsigned)rng_below(g->rng, p->n_user - p->jump_from);

	ph_buf_printf(b, " %s c%u", rng_chance(g->rng, 75) ? "-j" : "-g", to);
}

static const char *
mark_target(struct gen *g)
{
	return GEN_WORD(g, "MARK --set-mark 0x1", "MARK --set-xmark 0x10/0xf0",
	    "MARK --or-mark 0x2", "MARK --and-mark 0xfffffffe", "MARK --xor-mark 0x10",
	    "CONNMARK --set-mark 0x1", "CONNMARK --save-mark", "CONNMARK --restore-mark",
	    "CONNMARK --set-xmark 0x2/0x3", "CONNMARK --restore-mark --nfmask 0xff "
	    "--ctmask 0xff");
}

static void
target(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;
	unsigned roll = (unsigned)rng_below(g->rng, 100);

	if (roll < 28 && p->jump_from < p->n_user)
		jump(p, b);
	else if (roll < 35)
		ph_buf_puts(b, " -j RETURN");
	else if (roll < 50 && is_table(p, "mangle"))
		ph_buf_printf(b, " -j %s", mark_target(g));
	else if (roll < 50 && is_table(p, "raw"))
		ph_buf_puts(b, GEN_WORD(g, " -j CT --notrack", " -j NOTRACK", " -j ACCEPT"));
	else if (roll < 42 && is_table(p, "filter"))
		ph_buf_puts(b, g->v6 ? " -j REJECT" :
		    " -j REJECT --reject-with icmp-admin-prohibited");
	else if (roll < 46)
		return;				/* no target: goes on */
	else
		ph_buf_puts(b, roll < 64 ? " -j DROP" : " -j ACCEPT");
}

static void
source_target(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;

	if (p->chain[0] == 'P' && rng_chance(g->rng, 40))
		ph_buf_puts(b, " -j MASQUERADE");
	else
		ph_buf_printf(b, " -j SNAT --to-source %s", gen_host_text(g, g->v6));
}

static void
destination_target(struct gen *g, const char *to, struct ph_buf *b)
{
	if (rng_chance(g->rng, 12))
		ph_buf_printf(b, " -j REDIRECT --to-ports %u", gen_port(g));
	else if (rng_chance(g->rng, 40))
		ph_buf_printf(b, g->v6 ? " -j DNAT --to-destination [%s]:%u" :
		    " -j DNAT --to-destination %s:%u", to, gen_port(g));
	else
		ph_buf_printf(b, " -j DNAT --to-destination %s", to);
}

static void
add_nat_rule(struct place *p, struct ph_buf *b)
{
	struct gen *g = p->g;
	bool dst = p->chain[0] == 'O' || p->chain[1] == 'R';
	struct gen_move m = gen_move(g, g->v6);

	if (dst)
		ph_buf_printf(b, " -d %s", m.from);
	else
		match_addr(p, b);
	if (rng_chance(g->rng, 50))
		match_iface(p, b);
	ph_buf_printf(b, " -p %s", GEN_WORD(g, "tcp", "udp"));
	if (rng_chance(g->rng, 50)) {
		ph_buf_puts(b, " --dport ");
		port_range(g, b);
	}
	if (dst)
		destination_target(g, m.to, b);
	else
		source_target(p, b);
}

static void
add_rule(struct place *p, unsigned user)
{
	struct gen *g = p->g;
	struct ph_buf b;

	ph_buf_init(&b, g->rules.mem);
	if (p->chain != NULL)
		ph_buf_printf(&b, "-A %s", p->chain);
	else
		ph_buf_printf(&b, "-A c%u", user);
	if (is_table(p, "nat") && p->chain != NULL && rng_chance(g->rng, 80)) {
		add_nat_rule(p, &b);
	} else {
		for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++)
			if (rng_chance(g->rng, matches[i].pct))
				matches[i].make(p, &b);
		if (is_table(p, "nat"))
			ph_buf_puts(&b, GEN_WORD(g, " -j RETURN", " -j ACCEPT"));
		else
			target(p, &b);
	}
	draft_add(&g->rules, false, "%s", b.s);
}

/* ---- tables ---- */

static void
add_chain(struct gen *g, const struct table *t, const char *chain, unsigned n_user)
{
	struct place p = { .g = g, .t = t, .chain = chain, .n_user = n_user };

	if (!rng_chance(g->rng, 70))
		return;
	if (is_table(&p, "filter") && rng_chance(g->rng, 50))
		draft_add(&g->rules, false,
		    "-A %s -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", chain);
	for (size_t k = 1 + rng_below(g->rng, g->size); k > 0; k--)
		add_rule(&p, 0);
}

static void
add_table(struct gen *g, const struct table *t)
{
	unsigned n_user = (unsigned)rng_below(g->rng, MAX_CHAINS);
	bool filter = strcmp(t->name, "filter") == 0;

	draft_add(&g->rules, true, "*%s", t->name);
	for (unsigned i = 0; i < t->n_chains; i++)
		draft_add(&g->rules, true, ":%s %s [0:0]", t->chains[i],
		    filter && rng_chance(g->rng, 35) ? "DROP" : "ACCEPT");
	for (unsigned i = 0; i < n_user; i++)
		draft_add(&g->rules, true, ":c%u - [0:0]", i);
	for (unsigned i = 0; i < n_user; i++) {
		struct place p = { g, t, NULL, n_user, i + 1 };

		for (size_t k = 1 + rng_below(g->rng, g->size); k > 0; k--)
			add_rule(&p, i);
	}
	for (unsigned i = 0; i < t->n_chains; i++)
		add_chain(g, t, t->chains[i], n_user);
	draft_add(&g->rules, true, "COMMIT");
}

static void
add_sets(struct gen *g)
{
	const char *family = g->v6 ? "inet6" : "inet";
	struct draft *d = &g->sets;

	draft_add(d, true, "create hosts hash:ip family %s", family);
	draft_add(d, true, "create nets hash:net family %s", family);
	draft_add(d, true, "create pairs hash:ip,port family %s", family);
	draft_add(d, true, "create ports bitmap:port range 0-65535");
	for (int i = 0; i < 5; i++) {
		unsigned port = gen_port(g);

		draft_add(d, false, "add hosts %s -exist", gen_host_text(g, g->v6));
		draft_add(d, false, "add nets %s -exist", gen_prefix_text(g, g->v6));
		draft_add(d, false, "add pairs %s,%s:%u -exist", gen_host_text(g, g->v6),
		    GEN_WORD(g, "tcp", "udp"), gen_port(g));
		draft_add(d, false, "add ports %u-%u -exist", port,
		    port < 65000 ? port + (unsigned)rng_below(g->rng, 500) : port);
	}
}

void
gen_ipt(struct gen *g)
{
	if (rng_chance(g->rng, 40))
		add_sets(g);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (i == 3 || rng_chance(g->rng, 40))
			add_table(g, &tables[i]);
}
