/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * DOC: gen FORM N [SEED]
 *
 * The same N rules in the words of several platforms, so that programs can be
 * compared on the same input.  Rules look like those of a border firewall: hosts
 * and networks of 10.0.0.0/8 to hosts and networks of 52.0.0.0/8, one port or a
 * range, one in eight denies.  About five in a hundred are covered by one
 * earlier rule, one in a hundred only by two together.
 *
 *	asa		Cisco ASA: one access list, bound to an interface
 *	ipt		iptables-save, one chain
 *	iptchains	iptables-save: a chain for each group of rules, and NAT
 *	nft		nftables, one chain
 *	pol, net, svc	Capirca's policy, networks and services
 *	fwb		fwbuilder's XML, for iptables
 *	site		Pinhole's site with N addresses
 */

struct rule {
	bool deny;
	bool tcp;
	uint32_t src, dst;
	unsigned src_len, dst_len;	/* prefix lengths */
	unsigned lo, hi;		/* destination ports */
};

struct rules {
	struct rule *v;
	size_t n;
	uint64_t seed;
};

static uint64_t
next(struct rules *r)
{
	uint64_t z = r->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned
below(struct rules *r, unsigned n)
{
	return (unsigned)(next(r) % n);
}

static uint32_t
mask(unsigned len)
{
	return len == 0 ? 0 : 0xffffffffU << (32 - len);
}

/* ---- rules ---- */

static struct rule
fresh(struct rules *r)
{
	static const unsigned lens[] = { 32, 32, 32, 30, 28, 27, 24, 24, 24, 22, 20 };
	static const unsigned ports[] = { 22, 53, 80, 443, 443, 993, 3478, 5060, 8443 };
	struct rule x = {
		.deny = below(r, 8) == 0, .tcp = below(r, 10) < 6,
		.src_len = lens[below(r, 11)], .dst_len = lens[below(r, 11)],
	};

	x.src = (0x0a000000U | (uint32_t)(next(r) & 0xffffff)) & mask(x.src_len);
	x.dst = (0x34000000U | (uint32_t)(next(r) & 0xffffff)) & mask(x.dst_len);
	if (below(r, 100) < 75) {
		x.lo = x.hi = below(r, 10) < 8 ? ports[below(r, 9)] : 1024 + below(r, 60000);
	} else {
		x.lo = 1024 + below(r, 50000);
		x.hi = x.lo + 1 + below(r, 12000);
	}
	return x;
}

/* Inside one earlier rule. */
static struct rule
inside(struct rules *r)
{
	struct rule x = r->v[below(r, (unsigned)r->n)];

	if (x.src_len < 32) {
		x.src |= (uint32_t)next(r) & ~mask(x.src_len);
		x.src_len = 32;
	}
	x.lo += (x.hi - x.lo) / 3;
	return x;
}

/* Two halves, and later the whole. */
static void
add_union(struct rules *r)
{
	struct rule x = fresh(r), a, b;

	x.dst_len = 24;
	x.dst &= mask(24);
	x.src &= mask(x.src_len);
	a = b = x;
	a.dst_len = b.dst_len = 25;
	b.dst |= 0x80;
	r->v[r->n++] = a;
	r->v[r->n++] = b;
	r->v[r->n++] = x;
}

static void
make_rules(struct rules *r, size_t n)
{
	r->v = calloc(n + 4, sizeof(*r->v));
	while (r->n < n) {
		unsigned roll = below(r, 100);

		if (r->n > 10 && roll < 5)
			r->v[r->n] = inside(r);
		else if (roll == 5) {
			add_union(r);
			continue;
		} else
			r->v[r->n] = fresh(r);
		r->n++;
	}
	r->n = n;
}

/* ---- forms ---- */

static const char *
dotted(uint32_t a)
{
	static char text[8][16];
	static int i;
	char *s = text[i++ & 7];

	snprintf(s, 16, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
	return s;
}

static void
asa_addr(uint32_t a, unsigned len)
{
	if (len == 32)
		printf(" host %s", dotted(a));
	else
		printf(" %s %s", dotted(a), dotted(mask(len)));
}

static void
form_asa(const struct rules *r)
{
	printf("ASA Version 9.16(4)\n!\nhostname edge\n!\n"
	    "interface GigabitEthernet0/0\n nameif outside\n security-level 0\n"
	    " ip address 203.0.113.2 255.255.255.0\n!\n"
	    "interface GigabitEthernet0/1\n nameif inside\n security-level 100\n"
	    " ip address 10.0.0.1 255.0.0.0\n!\n");
	for (size_t i = 0; i < r->n; i++) {
		const struct rule *x = &r->v[i];

		printf("access-list out extended %s %s", x->deny ? "deny" : "permit",
		    x->tcp ? "tcp" : "udp");
		asa_addr(x->src, x->src_len);
		asa_addr(x->dst, x->dst_len);
		if (x->lo == x->hi)
			printf(" eq %u\n", x->lo);
		else
			printf(" range %u %u\n", x->lo, x->hi);
	}
	printf("access-group out in interface inside\n");
}

static void
ipt_rule(const char *chain, const struct rule *x)
{
	printf("-A %s -s %s/%u -d %s/%u -p %s -m %s --dport %u", chain, dotted(x->src),
	    x->src_len, dotted(x->dst), x->dst_len, x->tcp ? "tcp" : "udp",
	    x->tcp ? "tcp" : "udp", x->lo);
	if (x->lo != x->hi)
		printf(":%u", x->hi);
	printf(" -j %s\n", x->deny ? "DROP" : "ACCEPT");
}

static void
form_ipt(const struct rules *r)
{
	printf("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	    "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n");
	for (size_t i = 0; i < r->n; i++)
		ipt_rule("FORWARD", &r->v[i]);
	printf("COMMIT\n");
}

enum { PER_CHAIN = 60 };

/* Every tenth rule is one of translation. */
static void
form_iptchains(const struct rules *r)
{
	size_t nat = r->n / 10, chains = (r->n - nat) / PER_CHAIN + 1;
	char name[24];

	printf("*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	    ":POSTROUTING ACCEPT [0:0]\n");
	for (size_t i = 0; i < nat; i++)
		printf("-A PREROUTING -d 203.0.113.%zu/32 -i wan -p %s -m %s --dport %u "
		    "-j DNAT --to-destination %s\n", i % 254 + 1, r->v[i].tcp ? "tcp" :
		    "udp", r->v[i].tcp ? "tcp" : "udp", r->v[i].lo, dotted(r->v[i].src | 1));
	printf("-A POSTROUTING -s 10.0.0.0/8 -o wan -j MASQUERADE\nCOMMIT\n"
	    "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n");
	for (size_t i = 0; i < chains; i++)
		printf(":group%zu - [0:0]\n", i);
	printf("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	    "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	    "-A FORWARD -i wan -m conntrack --ctstate DNAT -j ACCEPT\n");
	for (size_t i = 0; i < chains; i++)
		printf("-A FORWARD -i lan -o wan -j group%zu\n", i);
	for (size_t i = nat; i < r->n; i++) {
		snprintf(name, sizeof(name), "group%zu", (i - nat) / PER_CHAIN);
		ipt_rule(name, &r->v[i]);
	}
	printf("COMMIT\n");
}

static void
form_nft(const struct rules *r)
{
	printf("table ip filter {\n\tchain forward {\n"
	    "\t\ttype filter hook forward priority filter; policy drop;\n"
	    "\t\tct state established,related accept\n");
	for (size_t i = 0; i < r->n; i++) {
		const struct rule *x = &r->v[i];

		printf("\t\tip saddr %s/%u ip daddr %s/%u %s dport %u", dotted(x->src),
		    x->src_len, dotted(x->dst), x->dst_len, x->tcp ? "tcp" : "udp", x->lo);
		if (x->lo != x->hi)
			printf("-%u", x->hi);
		printf(" %s\n", x->deny ? "drop" : "accept");
	}
	printf("\t}\n}\n");
}

static void
form_pol(const struct rules *r)
{
	printf("header {\n  target:: ciscoasa edge\n  target:: iptables FORWARD DROP\n}\n");
	for (size_t i = 0; i < r->n; i++)
		printf("term t%zu {\n  source-address:: S%zu\n  destination-address:: D%zu\n"
		    "  destination-port:: P%zu\n  protocol:: %s\n  action:: %s\n}\n", i, i, i,
		    i, r->v[i].tcp ? "tcp" : "udp", r->v[i].deny ? "deny" : "accept");
}

static void
form_net(const struct rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		printf("S%zu = %s/%u\nD%zu = %s/%u\n", i, dotted(r->v[i].src),
		    r->v[i].src_len, i, dotted(r->v[i].dst), r->v[i].dst_len);
}

static void
form_svc(const struct rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct rule *x = &r->v[i];

		printf("P%zu = %u", i, x->lo);
		if (x->lo != x->hi)
			printf("-%u", x->hi);
		printf("/%s\n", x->tcp ? "tcp" : "udp");
	}
}

static void
fwb_network(const char *id, size_t i, uint32_t a, unsigned len)
{
	printf("<Network id=\"%s%zu\" name=\"%s%zu\" comment=\"\" ro=\"False\" "
	    "address=\"%s\" netmask=\"%s\"/>\n", id, i, id, i, dotted(a),
	    dotted(mask(len)));
}

static void
fwb_objects(const struct rules *r)
{
	printf("<ObjectGroup id=\"nets\" name=\"Networks\" comment=\"\" ro=\"False\">\n");
	for (size_t i = 0; i < r->n; i++) {
		fwb_network("s", i, r->v[i].src, r->v[i].src_len);
		fwb_network("d", i, r->v[i].dst, r->v[i].dst_len);
	}
	printf("</ObjectGroup>\n");
}

static void
fwb_services(const struct rules *r)
{
	printf("<ServiceGroup id=\"svcs\" name=\"Services\" comment=\"\" ro=\"False\">\n");
	for (size_t i = 0; i < r->n; i++) {
		const struct rule *x = &r->v[i];
		const char *flags = x->tcp ? " ack_flag=\"False\" ack_flag_mask=\"False\" "
		    "established=\"False\" fin_flag=\"False\" fin_flag_mask=\"False\" "
		    "psh_flag=\"False\" psh_flag_mask=\"False\" rst_flag=\"False\" "
		    "rst_flag_mask=\"False\" syn_flag=\"False\" syn_flag_mask=\"False\" "
		    "urg_flag=\"False\" urg_flag_mask=\"False\"" : "";

		printf("<%sService id=\"p%zu\" name=\"p%zu\" comment=\"\" ro=\"False\" "
		    "src_range_start=\"0\" src_range_end=\"0\" dst_range_start=\"%u\" "
		    "dst_range_end=\"%u\"%s/>\n", x->tcp ? "TCP" : "UDP", i, i, x->lo, x->hi,
		    flags);
	}
	printf("</ServiceGroup>\n");
}

static void
fwb_policy(const struct rules *r)
{
	printf("<Policy id=\"pol\" name=\"Policy\" comment=\"\" ro=\"False\" "
	    "ipv4_rule_set=\"True\" ipv6_rule_set=\"False\" top_rule_set=\"True\">\n");
	for (size_t i = 0; i < r->n; i++)
		printf("<PolicyRule id=\"r%zu\" disabled=\"False\" group=\"\" log=\"False\" "
		    "position=\"%zu\" action=\"%s\" direction=\"Both\" comment=\"\">\n"
		    "<Src neg=\"False\"><ObjectRef ref=\"s%zu\"/></Src>\n"
		    "<Dst neg=\"False\"><ObjectRef ref=\"d%zu\"/></Dst>\n"
		    "<Srv neg=\"False\"><ServiceRef ref=\"p%zu\"/></Srv>\n"
		    "<Itf neg=\"False\"><ObjectRef ref=\"sysid0\"/></Itf>\n"
		    "<When neg=\"False\"><IntervalRef ref=\"sysid2\"/></When>\n"
		    "<PolicyRuleOptions><Option name=\"stateless\">False</Option>"
		    "</PolicyRuleOptions>\n</PolicyRule>\n", i, i,
		    r->v[i].deny ? "Deny" : "Accept", i, i, i);
	printf("<RuleSetOptions/></Policy>\n");
}

static void
form_fwb(const struct rules *r)
{
	printf("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	    "<!DOCTYPE FWObjectDatabase SYSTEM \"fwbuilder.dtd\">\n"
	    "<FWObjectDatabase xmlns=\"http://www.fwbuilder.org/1.0/\" version=\"24\" "
	    "lastModified=\"1400000000\" id=\"root\">\n"
	    "<Library id=\"syslib000\" color=\"#d4f8ff\" name=\"Standard\" comment=\"\" "
	    "ro=\"True\">\n"
	    "<AnyNetwork id=\"sysid0\" name=\"Any\" comment=\"Any Network\" ro=\"False\" "
	    "address=\"0.0.0.0\" netmask=\"0.0.0.0\"/>\n"
	    "<AnyIPService id=\"sysid1\" protocol_num=\"0\" name=\"Any\" "
	    "comment=\"Any IP Service\" ro=\"False\"/>\n"
	    "<AnyInterval days_of_week=\"0,1,2,3,4,5,6\" from_day=\"-1\" from_hour=\"-1\" "
	    "from_minute=\"-1\" from_month=\"-1\" from_weekday=\"-1\" from_year=\"-1\" "
	    "to_day=\"-1\" to_hour=\"-1\" to_minute=\"-1\" to_month=\"-1\" "
	    "to_weekday=\"-1\" to_year=\"-1\" id=\"sysid2\" name=\"Any\" "
	    "comment=\"Any Interval\" ro=\"False\"/>\n</Library>\n"
	    "<Library id=\"lib\" color=\"#d2ffd0\" name=\"User\" comment=\"\" ro=\"False\">\n"
	    "<ObjectGroup id=\"objs\" name=\"Objects\" comment=\"\" ro=\"False\">\n");
	fwb_objects(r);
	printf("</ObjectGroup>\n");
	fwb_services(r);
	printf("<ObjectGroup id=\"fws\" name=\"Firewalls\" comment=\"\" ro=\"False\">\n"
	    "<Firewall id=\"fw\" host_OS=\"linux24\" inactive=\"False\" "
	    "lastCompiled=\"0\" lastInstalled=\"0\" lastModified=\"0\" "
	    "platform=\"iptables\" version=\"\" name=\"fw\" comment=\"\" ro=\"False\">\n"
	    "<NAT id=\"nat\" name=\"NAT\" comment=\"\" ro=\"False\" ipv4_rule_set=\"True\" "
	    "ipv6_rule_set=\"False\" top_rule_set=\"True\"><RuleSetOptions/></NAT>\n");
	fwb_policy(r);
	printf("<Routing id=\"rt\" name=\"Routing\" comment=\"\" ro=\"False\" "
	    "ipv4_rule_set=\"True\" ipv6_rule_set=\"False\" top_rule_set=\"True\">"
	    "<RuleSetOptions/></Routing>\n"
	    "<Interface id=\"if0\" dedicated_failover=\"False\" dyn=\"False\" "
	    "security_level=\"0\" unnum=\"False\" unprotected=\"False\" name=\"eth0\" "
	    "comment=\"\" ro=\"False\">\n<IPv4 id=\"if0a\" name=\"fw:eth0:ip\" "
	    "comment=\"\" ro=\"False\" address=\"203.0.113.2\" netmask=\"255.255.255.0\"/>"
	    "<InterfaceOptions/></Interface>\n"
	    "<FirewallOptions><Option name=\"check_shading\">%s</Option>"
	    "</FirewallOptions>\n</Firewall>\n</ObjectGroup>\n</Library>\n"
	    "</FWObjectDatabase>\n", getenv("FWB_SHADING") != NULL ? "True" : "False");
}

/* Addresses that do not join into prefixes. */
static void
form_site(const struct rules *r)
{
	printf("clients: [10.0.0.0/8]\nservices:\n  vidyoconnect:\n"
	    "    portals: [203.0.113.10]\n    routers:\n");
	for (size_t i = 0; i < r->n; i++)
		printf("      - %s\n", dotted(0x34000000U + (uint32_t)i * 2 + 1));
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; void (*write)(const struct rules *); } forms[] = {
		{ "asa", form_asa }, { "ipt", form_ipt }, { "iptchains", form_iptchains },
		{ "nft", form_nft }, { "pol", form_pol }, { "net", form_net },
		{ "svc", form_svc }, { "fwb", form_fwb }, { "site", form_site },
	};
	struct rules r = { 0 };

	if (argc < 3) {
		fprintf(stderr, "usage: gen FORM N [SEED]\n");
		return 64;
	}
	r.seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	make_rules(&r, strtoull(argv[2], NULL, 10));
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(forms[i].name, argv[1]) == 0) {
			forms[i].write(&r);
			free(r.v);
			return 0;
		}
	fprintf(stderr, "gen: no form \"%s\"\n", argv[1]);
	return 64;
}
