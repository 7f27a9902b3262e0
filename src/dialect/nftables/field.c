/* SPDX-License-Identifier: ISC */
/*
 * DOC: Selectors
 *
 * One row for every "protocol field" pair, with the type of its values, the
 * dimension that a match on it becomes, and what it implies: "tcp dport"
 * cannot match anything but TCP, "ip saddr" nothing but IPv4.  Rows without a
 * sense are read like the others and judged as not knowable.
 */
#include <string.h>

#include "dialect/nftables/field.h"
#include "net/names.h"

#define ROW(w, t, s, d, f, p) { \
	.word = (w), .type = PH_NFT_T_##t, .sense = PH_NFT_S_##s, .dim = (d), \
	.family = (f), .proto = (p) }
#define DIM(w, t, d, f, p)	ROW(w, t, DIM, d, f, p)
#define DARK(w, f, p)		ROW(w, OTHER, OPAQUE, 0, f, p)
#define END			{ .word = NULL }

enum { F4 = PH_FAMILY_4, F6 = PH_FAMILY_6 };

typedef struct ph_nft_field row;

static const row meta[] = {
	DIM("l4proto", PROTO, PH_PROTO, 0, 0),
	ROW("nfproto", NFPROTO, FAMILY, PH_SRC, 0, 0),
	DIM("iifname", IFACE, PH_IIF, 0, 0),
	DIM("oifname", IFACE, PH_OIF, 0, 0),
	DIM("iif", IFACE, PH_IIF, 0, 0),
	DIM("oif", IFACE, PH_OIF, 0, 0),
	DIM("mark", MARK, PH_MARK, 0, 0),
	ROW("protocol", ETHERTYPE, FAMILY, PH_SRC, 0, 0),
	ROW("pkttype", PKTTYPE, PKTTYPE, PH_DST, 0, 0),
	ROW("skuid", UID, UID, 0, 0, 0),
	DARK("skgid", 0, 0), DARK("length", 0, 0), DARK("priority", 0, 0),
	DARK("random", 0, 0), DARK("iiftype", 0, 0), DARK("oiftype", 0, 0),
	DARK("nftrace", 0, 0), DARK("rtclassid", 0, 0), DARK("cpu", 0, 0),
	DARK("ibriport", 0, 0), DARK("obriport", 0, 0), DARK("ibrname", 0, 0),
	DARK("obrname", 0, 0), DARK("ibridgename", 0, 0), DARK("obridgename", 0, 0),
	DARK("iifgroup", 0, 0), DARK("oifgroup", 0, 0), DARK("cgroup", 0, 0),
	DARK("ipsec", 0, 0), DARK("secpath", 0, 0), DARK("time", 0, 0),
	DARK("day", 0, 0), DARK("hour", 0, 0), DARK("iifkind", 0, 0),
	DARK("oifkind", 0, 0), DARK("ibrpvid", 0, 0), DARK("ibrvproto", 0, 0),
	DARK("ibrhwaddr", 0, 0), DARK("sdif", 0, 0), DARK("sdifname", 0, 0),
	DARK("broute", 0, 0), DARK("secmark", 0, 0), END
};
static const row ip[] = {
	DIM("saddr", V4, PH_SRC, F4, 0), DIM("daddr", V4, PH_DST, F4, 0),
	DIM("protocol", PROTO, PH_PROTO, F4, 0),
	ROW("frag-off", FRAG, FRAG, 0, F4, 0),
	DARK("version", F4, 0), DARK("hdrlength", F4, 0), DARK("dscp", F4, 0),
	DARK("ecn", F4, 0), DARK("length", F4, 0), DARK("id", F4, 0),
	DARK("ttl", F4, 0), DARK("checksum", F4, 0), END
};
static const row ip6[] = {
	DIM("saddr", V6, PH_SRC, F6, 0), DIM("daddr", V6, PH_DST, F6, 0),
	DIM("nexthdr", PROTO, PH_PROTO, F6, 0),
	DARK("version", F6, 0), DARK("dscp", F6, 0), DARK("ecn", F6, 0),
	DARK("flowlabel", F6, 0), DARK("length", F6, 0), DARK("hoplimit", F6, 0),
	END
};
static const row tcp[] = {
	DIM("dport", PORT, PH_DPORT, 0, PH_TCP),
	DIM("sport", PORT, PH_SPORT, 0, PH_TCP),
	DIM("flags", FLAGS, PH_FLAGS, 0, PH_TCP),
	DARK("sequence", 0, PH_TCP), DARK("ackseq", 0, PH_TCP),
	DARK("doff", 0, PH_TCP), DARK("reserved", 0, PH_TCP),
	DARK("window", 0, PH_TCP), DARK("checksum", 0, PH_TCP),
	DARK("urgptr", 0, PH_TCP), END
};
static const row udp[] = {
	DIM("dport", PORT, PH_DPORT, 0, PH_UDP),
	DIM("sport", PORT, PH_SPORT, 0, PH_UDP),
	DARK("length", 0, PH_UDP), DARK("checksum", 0, PH_UDP), END
};
static const row udplite[] = {
	DIM("dport", PORT, PH_DPORT, 0, PH_UDPLITE),
	DIM("sport", PORT, PH_SPORT, 0, PH_UDPLITE),
	DARK("length", 0, PH_UDPLITE), DARK("csumcov", 0, PH_UDPLITE),
	DARK("checksum", 0, PH_UDPLITE), END
};
static const row sctp[] = {
	DIM("dport", PORT, PH_DPORT, 0, PH_SCTP),
	DIM("sport", PORT, PH_SPORT, 0, PH_SCTP),
	DARK("vtag", 0, PH_SCTP), DARK("checksum", 0, PH_SCTP), END
};
static const row dccp[] = {
	DIM("dport", PORT, PH_DPORT, 0, PH_DCCP),
	DIM("sport", PORT, PH_SPORT, 0, PH_DCCP),
	DARK("type", 0, PH_DCCP), END
};
static const row th[] = {
	ROW("dport", PORT, TH, PH_DPORT, 0, 0),
	ROW("sport", PORT, TH, PH_SPORT, 0, 0), END
};
static const row icmp[] = {
	DIM("type", ICMP_TYPE, PH_DPORT, F4, PH_ICMP),
	DIM("code", ICMP_CODE, PH_SPORT, F4, PH_ICMP),
	DARK("checksum", F4, PH_ICMP), DARK("id", F4, PH_ICMP),
	DARK("sequence", F4, PH_ICMP), DARK("gateway", F4, PH_ICMP),
	DARK("mtu", F4, PH_ICMP), END
};
static const row icmpv6[] = {
	DIM("type", ICMP6_TYPE, PH_DPORT, F6, PH_ICMPV6),
	DIM("code", ICMP6_CODE, PH_SPORT, F6, PH_ICMPV6),
	DARK("checksum", F6, PH_ICMPV6), DARK("parameter-problem", F6, PH_ICMPV6),
	DARK("packet-too-big", F6, PH_ICMPV6), DARK("id", F6, PH_ICMPV6),
	DARK("sequence", F6, PH_ICMPV6), DARK("max-delay", F6, PH_ICMPV6),
	DARK("mtu", F6, PH_ICMPV6), DARK("taddr", F6, PH_ICMPV6),
	DARK("daddr", F6, PH_ICMPV6), END
};
static const row igmp[] = {
	DARK("type", F4, PH_IGMP), DARK("mrt", F4, PH_IGMP),
	DARK("checksum", F4, PH_IGMP), DARK("group", F4, PH_IGMP), END
};
static const row ct[] = {
	DIM("state", STATE, PH_STATE, 0, 0),
	DIM("direction", DIRECTION, PH_STATE, 0, 0),
	DIM("status", STATUS, PH_STATUS, 0, 0),
	DIM("mark", MARK, PH_CTMARK, 0, 0),
	ROW("l3proto", NFPROTO, ORIG, PH_SRC, 0, 0),
	ROW("protocol", PROTO, ORIG, PH_PROTO, 0, 0),
	DARK("helper", 0, 0), DARK("expiration", 0, 0), DARK("label", 0, 0),
	DARK("bytes", 0, 0), DARK("packets", 0, 0), DARK("avgpkt", 0, 0),
	DARK("zone", 0, 0), DARK("id", 0, 0), DARK("event", 0, 0),
	DARK("secmark", 0, 0), DARK("timeout", 0, 0), DARK("expectation", 0, 0),
	DARK("saddr", 0, 0), DARK("daddr", 0, 0), DARK("proto-src", 0, 0),
	DARK("proto-dst", 0, 0), END
};
static const row ether[] = {
	DARK("saddr", 0, 0), DARK("daddr", 0, 0),
	ROW("type", ETHERTYPE, FAMILY, PH_SRC, 0, 0), END
};
static const row vlan[] = {
	DARK("id", 0, 0), DARK("dei", 0, 0), DARK("cfi", 0, 0),
	DARK("pcp", 0, 0), DARK("type", 0, 0), END
};
static const row arp[] = {
	DARK("htype", 0, 0), DARK("ptype", 0, 0), DARK("hlen", 0, 0),
	DARK("plen", 0, 0), DARK("operation", 0, 0), DARK("saddr", 0, 0),
	DARK("daddr", 0, 0), END
};
static const row ah[] = {
	DARK("nexthdr", 0, PH_AH), DARK("hdrlength", 0, PH_AH),
	DARK("reserved", 0, PH_AH), DARK("spi", 0, PH_AH),
	DARK("sequence", 0, PH_AH), END
};
static const row esp[] = {
	DARK("spi", 0, PH_ESP), DARK("sequence", 0, PH_ESP), END
};
static const row comp[] = {
	DARK("nexthdr", 0, 0), DARK("flags", 0, 0), DARK("cpi", 0, 0), END
};
static const row hbh[] = { DARK("nexthdr", F6, 0), DARK("hdrlength", F6, 0), END };
static const row frag[] = {
	ROW("frag-off", FRAG, FRAG, 0, F6, 0), ROW("more-fragments", FRAG, FRAG, 0, F6, 0),
	DARK("nexthdr", F6, 0), DARK("reserved", F6, 0), DARK("reserved2", F6, 0),
	DARK("id", F6, 0), END
};
static const row rt[] = {
	DARK("classid", 0, 0), DARK("nexthop", 0, 0), DARK("mtu", 0, 0),
	DARK("ipsec", 0, 0), DARK("nexthdr", F6, 0), DARK("hdrlength", F6, 0),
	DARK("type", F6, 0), DARK("seg-left", F6, 0), END
};
static const row mh[] = {
	DARK("nexthdr", F6, 0), DARK("hdrlength", F6, 0), DARK("type", F6, 0),
	DARK("reserved", F6, 0), DARK("checksum", F6, 0), END
};
static const row srh[] = {
	DARK("flags", F6, 0), DARK("tag", F6, 0), DARK("sid", F6, 0),
	DARK("seg-left", F6, 0), END
};
static const row osf[] = { DARK("name", 0, PH_TCP), DARK("version", 0, PH_TCP), END };
static const row gre[] = {
	DARK("protocol", 0, PH_GRE), DARK("version", 0, PH_GRE),
	DARK("flags", 0, PH_GRE), END
};

/* The most used first. */
static const struct {
	const char *word;
	const row *rows;
} protos[] = {
	{ "tcp", tcp }, { "udp", udp }, { "ip", ip }, { "ct", ct },
	{ "meta", meta }, { "ip6", ip6 }, { "th", th }, { "icmp", icmp },
	{ "icmpv6", icmpv6 }, { "ether", ether }, { "udplite", udplite },
	{ "sctp", sctp }, { "dccp", dccp }, { "igmp", igmp }, { "vlan", vlan },
	{ "arp", arp }, { "ah", ah }, { "esp", esp }, { "comp", comp },
	{ "hbh", hbh }, { "frag", frag }, { "rt", rt }, { "dst", hbh },
	{ "mh", mh }, { "srh", srh }, { "osf", osf }, { "gre", gre },
};

enum { N_PROTOS = sizeof(protos) / sizeof(*protos) };

/* Keys of meta that may stand alone. */
static const char *const bare[] = {
	"iifname", "oifname", "iif", "oif", "mark", "iiftype", "oiftype", "skuid",
	"skgid", "nftrace", "rtclassid", "ibriport", "obriport", "ibrname", "obrname",
	"ibridgename", "obridgename", "pkttype", "cpu", "iifgroup", "oifgroup", "cgroup",
};

static const row dark = DARK("", 0, 0);
static const row orig[] = {
	ROW("saddr", V4, ORIG, PH_SRC, F4, 0), ROW("daddr", V4, ORIG, PH_DST, F4, 0),
	ROW("proto-src", PORT, ORIG, PH_SPORT, 0, 0),
	ROW("proto-dst", PORT, ORIG, PH_DPORT, 0, 0),
	ROW("protocol", PROTO, ORIG, PH_PROTO, 0, 0),
	ROW("l3proto", NFPROTO, ORIG, PH_SRC, 0, 0), END
};
static const row orig6[] = {
	ROW("saddr", V6, ORIG, PH_SRC, F6, 0), ROW("daddr", V6, ORIG, PH_DST, F6, 0), END
};
static const row local[] = {
	ROW("type", ADDRTYPE, LOCAL, PH_SRC, 0, 0), ROW("type", ADDRTYPE, LOCAL, PH_DST, 0, 0),
};

static const row *
find_row(const row *rows, struct ph_str word)
{
	for (; rows->word != NULL; rows++)
		if (ph_nft_lex_same(word, rows->word))
			return rows;
	return NULL;
}

static const row *
rows_of(struct ph_str proto)
{
	for (size_t i = 0; i < N_PROTOS; i++)
		if (ph_nft_lex_same(proto, protos[i].word))
			return protos[i].rows;
	return NULL;
}

const struct ph_nft_field *
ph_nft_field_find(struct ph_str proto, struct ph_str word)
{
	const row *rows = rows_of(proto);

	return rows == NULL ? NULL : find_row(rows, word);
}

const struct ph_nft_field *
ph_nft_field_bare(struct ph_str word)
{
	for (size_t i = 0; i < sizeof(bare) / sizeof(*bare); i++)
		if (ph_nft_lex_same(word, bare[i]))
			return find_row(meta, word);
	return NULL;
}

bool
ph_nft_field_is_proto(struct ph_str word)
{
	return rows_of(word) != NULL;
}

const char *
ph_nft_field_nearest(struct ph_str proto, struct ph_str word)
{
	const row *rows = rows_of(proto);
	const char *words[64];
	size_t n = 0;

	for (; rows != NULL && rows->word != NULL && n < 64; rows++)
		words[n++] = rows->word;
	return ph_str_nearest(word, words, n);
}

const struct ph_nft_field *
ph_nft_field_opaque(void)
{
	return &dark;
}

const struct ph_nft_field *
ph_nft_field_orig(struct ph_str word, bool v6)
{
	return find_row(v6 ? orig6 : orig, word);
}

const struct ph_nft_field *
ph_nft_field_local(bool dst)
{
	return &local[dst];
}
