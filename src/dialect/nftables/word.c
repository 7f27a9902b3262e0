/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/nftables/word.h"
#include "net/names.h"

struct name {
	const char *name;
	int value;
};

#define COUNT(v) (sizeof(v) / sizeof(*(v)))

static const struct name priorities[] = {
	{ "raw", -300 }, { "mangle", -150 }, { "dstnat", -100 }, { "filter", 0 },
	{ "security", 50 }, { "srcnat", 100 }, { "out", 100 },
};
static const struct name chain_types[] = {
	{ "filter", PH_HOOK_FILTER }, { "nat", PH_HOOK_NAT }, { "route", PH_HOOK_ROUTE },
};
static const struct name hooks[] = {
	{ "prerouting", PH_PREROUTING }, { "input", PH_INPUT }, { "forward", PH_FORWARD },
	{ "output", PH_OUTPUT }, { "postrouting", PH_POSTROUTING },
};
static const struct name table_items[] = {
	{ "chain", 0 }, { "set", 0 }, { "map", 0 }, { "flowtable", 0 }, { "counter", 0 },
	{ "quota", 0 }, { "limit", 0 }, { "ct", 0 }, { "secmark", 0 }, { "synproxy", 0 },
	{ "flags", 0 }, { "comment", 0 }, { "define", 0 }, { "include", 0 },
};
static const struct name commands[] = {
	{ "table", 0 }, { "add", 0 }, { "create", 0 }, { "insert", 0 }, { "replace", 0 },
	{ "delete", 0 }, { "destroy", 0 }, { "flush", 0 }, { "rename", 0 }, { "list", 0 },
	{ "reset", 0 }, { "define", 0 }, { "redefine", 0 }, { "undefine", 0 },
	{ "include", 0 }, { "monitor", 0 }, { "describe", 0 }, { "get", 0 },
};
static const struct name objects[] = {
	{ "table", 0 }, { "chain", 0 }, { "rule", 0 }, { "set", 0 }, { "map", 0 },
	{ "element", 0 }, { "flowtable", 0 }, { "counter", 0 }, { "quota", 0 },
	{ "limit", 0 }, { "ct", 0 }, { "secmark", 0 }, { "synproxy", 0 }, { "ruleset", 0 },
};

static const struct {
	const struct name *v;
	size_t n;
	const char *title;
} lists[PH_NFT_NWORDS] = {
	[PH_NFT_W_PRIORITY] = { priorities, COUNT(priorities), "a priority" },
	[PH_NFT_W_CHAIN_TYPE] = { chain_types, COUNT(chain_types), "a chain type" },
	[PH_NFT_W_HOOK] = { hooks, COUNT(hooks), "a hook" },
	[PH_NFT_W_TABLE_ITEM] = { table_items, COUNT(table_items), "part of a table" },
	[PH_NFT_W_COMMAND] = { commands, COUNT(commands), "a command" },
	[PH_NFT_W_OBJECT] = { objects, COUNT(objects), "something to act on" },
};

static const struct name *
by_name(const struct name *v, size_t n, struct ph_str s)
{
	for (size_t i = 0; i < n; i++)
		if (ph_nft_lex_same(s, v[i].name))
			return &v[i];
	return NULL;
}

static const char *
by_value(const struct name *v, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].value == value)
			return v[i].name;
	return NULL;
}

static const char *
nearest(const struct name *v, size_t n, struct ph_str s)
{
	const char *words[256];

	if (n > COUNT(words))
		n = COUNT(words);
	for (size_t i = 0; i < n; i++)
		words[i] = v[i].name;
	return ph_str_nearest(s, words, n);
}

void
ph_nft_word_unknown(struct ph_nft_parser *p, const char *id, struct ph_span at,
    enum ph_nft_words list)
{
	struct ph_str s = p->lx.tok.s;
	const char *near;

	if (p->lx.tok.kind == PH_NFT_BAD)
		return;
	if (at.src != NULL)
		s = (struct ph_str){ at.src->text + at.off, at.len };
	near = nearest(lists[list].v, lists[list].n, s);
	if (near != NULL)
		ph_nft_lex_error(&p->lx, id, at, "\"%.*s\" is not %s; did you mean \"%s\"?",
		    (int)(s.len > 60 ? 60 : s.len), s.s, lists[list].title, near);
	else
		ph_nft_lex_error(&p->lx, id, at, "expected %s", lists[list].title);
}

bool
ph_nft_word_priority(struct ph_str s, int *out)
{
	const struct name *n = by_name(priorities, COUNT(priorities), s);

	if (n != NULL)
		*out = n->value;
	return n != NULL;
}

const char *
ph_nft_word_priority_name(int prio, enum ph_hook_point point)
{
	if (prio == -100 && point != PH_PREROUTING)
		return NULL;
	if (prio == 100 && point != PH_POSTROUTING)
		return NULL;
	return by_value(priorities, COUNT(priorities), prio);
}

int
ph_nft_word_chain_type(struct ph_str s)
{
	const struct name *n = by_name(chain_types, COUNT(chain_types), s);

	return n == NULL ? -1 : n->value;
}

int
ph_nft_word_hook(struct ph_str s)
{
	const struct name *n = by_name(hooks, COUNT(hooks), s);

	return n == NULL ? -1 : n->value;
}

const char *
ph_nft_word_chain_type_name(enum ph_hook_kind kind)
{
	return by_value(chain_types, COUNT(chain_types), (int)kind);
}

const char *
ph_nft_word_hook_name(enum ph_hook_point point)
{
	return by_value(hooks, COUNT(hooks), (int)point);
}

void
ph_nft_word_iface(struct ph_nft_parser *p, struct ph_str name)
{
	void **place;

	if (name.len == 0 || memchr(name.s, '*', name.len) != NULL)
		return;
	place = ph_map_at(p->mem, &p->iface_map, name.s, name.len);
	if (*place == NULL)
		*place = ph_ruleset_iface(p->mem, p->rs, name);
}

static const struct name states[] = {
	{ "invalid", 1 }, { "established", 2 }, { "related", 4 }, { "new", 8 },
	{ "untracked", 64 },
};
static const struct name directions[] = { { "original", 0 }, { "reply", 1 } };
static const struct name statuses[] = {
	{ "expected", 1 }, { "seen-reply", 2 }, { "assured", 4 }, { "confirmed", 8 },
	{ "snat", 16 }, { "dnat", 32 }, { "dying", 512 },
};
static const struct name tcp_flags[] = {
	{ "fin", 1 }, { "syn", 2 }, { "rst", 4 }, { "psh", 8 }, { "ack", 16 },
	{ "urg", 32 }, { "ecn", 64 }, { "cwr", 128 },
};
static const struct name nfprotos[] = { { "ipv4", 2 }, { "ipv6", 10 } };
static const struct name ethertypes[] = {
	{ "ip", 0x0800 }, { "ip6", 0x86dd }, { "arp", 0x0806 }, { "vlan", 0x8100 },
	{ "8021q", 0x8100 }, { "8021ad", 0x88a8 }, { "ether", 0x6558 },
};
static const struct name icmp_types[] = {
	{ "echo-reply", 0 }, { "destination-unreachable", 3 }, { "source-quench", 4 },
	{ "redirect", 5 }, { "echo-request", 8 }, { "router-advertisement", 9 },
	{ "router-solicitation", 10 }, { "time-exceeded", 11 },
	{ "parameter-problem", 12 }, { "timestamp-request", 13 },
	{ "timestamp-reply", 14 }, { "info-request", 15 }, { "info-reply", 16 },
	{ "address-mask-request", 17 }, { "address-mask-reply", 18 },
};
static const struct name icmp_codes[] = {
	{ "net-unreachable", 0 }, { "host-unreachable", 1 }, { "prot-unreachable", 2 },
	{ "port-unreachable", 3 }, { "frag-needed", 4 }, { "net-prohibited", 9 },
	{ "host-prohibited", 10 }, { "admin-prohibited", 13 },
};
static const struct name icmp6_types[] = {
	{ "destination-unreachable", 1 }, { "packet-too-big", 2 }, { "time-exceeded", 3 },
	{ "parameter-problem", 4 }, { "echo-request", 128 }, { "echo-reply", 129 },
	{ "mld-listener-query", 130 }, { "mld-listener-report", 131 },
	{ "mld-listener-done", 132 }, { "mld-listener-reduction", 132 },
	{ "nd-router-solicit", 133 }, { "nd-router-advert", 134 },
	{ "nd-neighbor-solicit", 135 }, { "nd-neighbor-advert", 136 },
	{ "nd-redirect", 137 }, { "router-renumbering", 138 },
	{ "ind-neighbor-solicit", 141 }, { "ind-neighbor-advert", 142 },
	{ "mld2-listener-report", 143 },
};
static const struct name icmp6_codes[] = {
	{ "no-route", 0 }, { "admin-prohibited", 1 }, { "addr-unreachable", 3 },
	{ "port-unreachable", 4 }, { "policy-fail", 5 }, { "reject-route", 6 },
};
static const struct name pkttypes[] = {
	{ "host", 0 }, { "unicast", 0 }, { "broadcast", 1 }, { "multicast", 2 },
	{ "other", 3 },
};
static const struct name addrtypes[] = {
	{ "unspec", 0 }, { "unicast", 1 }, { "local", 2 }, { "broadcast", 3 },
	{ "anycast", 4 }, { "multicast", 5 }, { "blackhole", 6 }, { "unreachable", 7 },
	{ "prohibit", 8 },
};

static const struct {
	const char *title;
	const struct name *v;
	size_t n;
	uint64_t max;
} types[PH_NFT_NTYPES] = {
	[PH_NFT_T_OTHER] = { "a value", NULL, 0, 0 },
	[PH_NFT_T_V4] = { "an IPv4 address", NULL, 0, 0 },
	[PH_NFT_T_V6] = { "an IPv6 address", NULL, 0, 0 },
	[PH_NFT_T_PORT] = { "a port (0-65535 or a service's name)", NULL, 0, 65535 },
	[PH_NFT_T_PROTO] = { "a protocol's name or number", NULL, 0, 255 },
	[PH_NFT_T_NFPROTO] = { "ipv4 or ipv6", nfprotos, COUNT(nfprotos), 255 },
	[PH_NFT_T_ETHERTYPE] = { "ip or ip6", ethertypes, COUNT(ethertypes), 65535 },
	[PH_NFT_T_MARK] = { "a mark (a 32-bit number)", NULL, 0, UINT32_MAX },
	[PH_NFT_T_IFACE] = { "the name of an interface", NULL, 0, 0 },
	[PH_NFT_T_STATE] = { "a connection state", states, COUNT(states), 127 },
	[PH_NFT_T_DIRECTION] = { "original or reply", directions, COUNT(directions), 1 },
	[PH_NFT_T_STATUS] = { "a connection status", statuses, COUNT(statuses), UINT32_MAX },
	[PH_NFT_T_FLAGS] = { "TCP flags", tcp_flags, COUNT(tcp_flags), 255 },
	[PH_NFT_T_ICMP_TYPE] = { "an ICMP type", icmp_types, COUNT(icmp_types), 255 },
	[PH_NFT_T_ICMP_CODE] = { "an ICMP code", icmp_codes, COUNT(icmp_codes), 255 },
	[PH_NFT_T_ICMP6_TYPE] = { "an ICMPv6 type", icmp6_types, COUNT(icmp6_types), 255 },
	[PH_NFT_T_ICMP6_CODE] = { "an ICMPv6 code", icmp6_codes, COUNT(icmp6_codes), 255 },
	[PH_NFT_T_UID] = { "a user id", NULL, 0, UINT32_MAX },
	[PH_NFT_T_ADDRTYPE] = { "a type of address", addrtypes, COUNT(addrtypes), 11 },
	[PH_NFT_T_PKTTYPE] = { "a packet type", pkttypes, COUNT(pkttypes), 255 },
	[PH_NFT_T_FRAG] = { "a fragment's offset", NULL, 0, 65535 },
};

bool
ph_nft_word_value(enum ph_nft_type type, struct ph_str s, uint64_t *out)
{
	const struct name *n;
	uint8_t proto;
	uint16_t port;

	if (s.len > 0 && s.s[0] >= '0' && s.s[0] <= '9' &&
	    ph_str_u64(s, 0, types[type].max, out))
		return true;
	if (type == PH_NFT_T_PROTO && ph_proto_parse(s, &proto)) {
		*out = proto;
		return true;
	}
	if (type == PH_NFT_T_PORT && ph_port_parse(s, &port)) {
		*out = port;
		return true;
	}
	n = by_name(types[type].v, types[type].n, s);
	if (n != NULL)
		*out = (uint64_t)n->value;
	return n != NULL;
}

const char *
ph_nft_word_nearest(enum ph_nft_type type, struct ph_str s)
{
	return nearest(types[type].v, types[type].n, s);
}

const char *
ph_nft_word_name(enum ph_nft_type type, uint64_t value)
{
	if (type == PH_NFT_T_PROTO)
		return ph_proto_name((uint8_t)value);
	return by_value(types[type].v, types[type].n, (int)value);
}

const char *
ph_nft_word_type_title(enum ph_nft_type type)
{
	return types[type].title;
}

/* Words that the reference reads as its own where a chain's name should be. */
static const char *const keywords[] = {
	"accept", "add", "addr", "after", "ah", "all", "and", "arp", "at", "auto-merge",
	"avgpkt", "bridge", "broute", "burst", "bypass", "bytes", "cgroup", "chain",
	"chains", "checksum", "code", "comment", "comp", "constant", "continue", "count",
	"counter", "counters", "cpu", "create", "ct", "daddr", "day", "dccp", "debug",
	"define", "delete", "describe", "destroy", "device", "devices", "dnat", "dport",
	"drop", "dscp", "dst", "dup", "dynamic", "ecn", "element", "elements", "eq",
	"error", "esp", "ether", "event", "exists", "expectation", "expiration", "expires",
	"export", "exthdr", "fanout", "fib", "flags", "flow", "flowtable", "flush", "frag",
	"fwd", "ge", "geneve", "goto", "gre", "group", "gt", "handle", "hbh", "helper",
	"helpers", "hook", "hour", "ibrname", "icmp", "icmpv6", "icmpx", "id", "igmp",
	"iif", "iifgroup", "iifname", "iiftype", "import", "in", "include", "index", "inet",
	"insert", "interval", "ip", "ip6", "ipsec", "jhash", "jump", "kind", "l3proto",
	"label", "le", "left", "length", "level", "limit", "limits", "list", "log",
	"lshift", "lt", "map", "maps", "mark", "masquerade", "meta", "meter", "mh",
	"missing", "mod", "monitor", "mss", "mtu", "name", "ne", "netdev", "nexthdr",
	"nexthop", "not", "notrack", "numgen", "obrname", "offset", "oif", "oifgroup",
	"oifname", "oiftype", "option", "or", "original", "osf", "over", "packets",
	"parser", "pcp", "performance", "permanent", "pkttype", "policy", "port", "ports",
	"position", "prefix", "priority", "proto", "protocol", "queue", "queuenum", "quota",
	"quotas", "random", "rate", "redirect", "reject", "rename", "replace", "reply",
	"reset", "return", "right", "route", "rshift", "rt", "rule", "rules", "ruleset",
	"saddr", "sctp", "secmark", "secmarks", "secpath", "seconds", "seed", "seq",
	"sequence", "set", "sets", "size", "skgid", "skuid", "snaplen", "snat", "socket",
	"sport", "srh", "state", "status", "symhash", "synproxy", "synproxys", "table",
	"tables", "tcp", "th", "time", "timeout", "to", "tproxy", "transparent", "ttl",
	"type", "typeof", "udp", "udplite", "undefine", "unlimited", "until", "update",
	"used", "version", "vlan", "vmap", "vxlan", "wildcard", "with", "xml", "xor", "xt",
	"year", "zone",
};

bool
ph_nft_word_is_keyword(struct ph_str s)
{
	for (size_t i = 0; i < COUNT(keywords); i++)
		if (ph_nft_lex_same(s, keywords[i]))
			return true;
	return false;
}
