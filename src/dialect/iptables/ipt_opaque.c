/* SPDX-License-Identifier: ISC */
#include "dialect/iptables/ipt_read.h"

/*
 * DOC: Matches without a dimension
 *
 * Their options are known, so that the rest of the line is understood, but
 * whether they hold is not in the text.  In ${args} a name takes one value,
 * "name*" none, "name=" two, "name?" one or none.
 */

static bool
end_opaque(struct ipt_rule *r, struct ipt_use *u)
{
	ph_ipt_rule_opaque(r, u->at, u->m->reason);
	return true;
}

#define OPAQUE(n, a, why)						\
	{ .name = (n), .args = (a), .reason = (why), .flags = IPT_KEEP,	\
	    .end = end_opaque }
#define OPAQUE6(n, a, why)						\
	{ .name = (n), .args = (a), .reason = (why),			\
	    .flags = IPT_KEEP | IPT_V6, .end = end_opaque }

static const char inside[] = "depends on what is inside the packet";
static const char headers[] = "depends on fields of the header that are not asked about";
static const char seen[] = "depends on what was sent before";
static const char host[] = "depends on the firewall itself";

static const struct ipt_module modules[] = {
	OPAQUE("ah", "ahspi ahlen ahres*", headers),
	OPAQUE("esp", "espspi", headers),
	OPAQUE("ipcomp", "ipcompspi compres*", headers),
	OPAQUE("bpf", "bytecode object-pinned", inside),
	OPAQUE("cgroup", "cgroup path", host),
	OPAQUE("cluster", "cluster-total-nodes cluster-local-node "
	    "cluster-local-nodemask cluster-hash-seed", host),
	OPAQUE("connbytes", "connbytes connbytes-dir connbytes-mode", seen),
	OPAQUE("connlabel", "label set*", seen),
	OPAQUE("cpu", "cpu", host),
	OPAQUE("devgroup", "src-group dst-group", host),
	OPAQUE("dscp", "dscp dscp-class", headers),
	OPAQUE("tos", "tos", headers),
	OPAQUE("ecn", "ecn-tcp-cwr* ecn-tcp-ece* ecn-ip-ect", headers),
	OPAQUE("geoip", "source-country src-cc destination-country dst-cc",
	    "depends on a table of countries"),
	OPAQUE("helper", "helper", "depends on which helper follows the connection"),
	OPAQUE("length", "length layer3* layer4* layer5*",
	    "depends on the packet's length"),
	OPAQUE("length2", "length layer3* layer4* layer5* layer7*",
	    "depends on the packet's length"),
	OPAQUE("mac", "mac-source", "depends on the sender's hardware address"),
	OPAQUE("nfacct", "nfacct-name", seen),
	OPAQUE("osf", "genre ttl log", headers),
	OPAQUE("physdev", "physdev-in physdev-out physdev-is-in* physdev-is-out* "
	    "physdev-is-bridged*", "depends on the port of a bridge"),
	OPAQUE("pkttype", "pkt-type", "depends on how the link carried the packet"),
	OPAQUE("policy", "dir pol strict* reqid spi proto mode tunnel-src tunnel-dst "
	    "next*", "depends on IPsec"),
	OPAQUE("rateest", "rateest rateest1 rateest2 rateest-delta* rateest-bps? "
	    "rateest-bps1? rateest-bps2? rateest-pps? rateest-pps1? rateest-pps2? "
	    "rateest-lt* rateest-gt* rateest-eq*", seen),
	OPAQUE("realm", "realm", "depends on routing"),
	OPAQUE("rpfilter", "loose* validmark* accept-local* invert*",
	    "depends on routing"),
	OPAQUE("socket", "transparent* nowildcard* restore-skmark*", host),
	OPAQUE("statistic", "mode probability every packet", "holds at random"),
	OPAQUE("random", "average", "holds at random"),
	OPAQUE("nth", "every counter start packet", "holds at random"),
	OPAQUE("string", "from to algo icase* string hex-string", inside),
	OPAQUE("u32", "u32", inside),
	OPAQUE("tcpmss", "mss", inside),
	OPAQUE("time", "timestart timestop datestart datestop monthdays weekdays utc* "
	    "localtz* kerneltz* contiguous*", "depends on the time"),
	OPAQUE("ttl", "ttl-eq ttl-lt ttl-gt ttl", headers),
	OPAQUE("l2tp", "tid sid pversion type", inside),
	OPAQUE("ipp2p", "edk* dc* kazaa* gnu* bit* apple* winmx* soul* ares* ipp2p*",
	    inside),
	OPAQUE("layer7", "l7proto l7dir", inside),
	OPAQUE("ndpi", "proto all* error* host", inside),
	OPAQUE("condition", "condition", host),
	OPAQUE("psd", "psd-weight-threshold psd-delay-threshold psd-lo-ports-weight "
	    "psd-hi-ports-weight", seen),
	OPAQUE("unclean", "", inside),
	OPAQUE("account", "aaddr aname ashort*", seen),
	OPAQUE("ipv4options", "flags any*", headers),
	OPAQUE("dst", "dst-len dst-opts dst-not-strict*", headers),
	OPAQUE6("hbh", "hbh-len hbh-opts hbh-not-strict*", headers),
	OPAQUE6("frag", "fragid fraglen fragres* fragfirst* fragmore* fraglast*", headers),
	OPAQUE6("rt", "rt-type rt-segsleft rt-len rt-0-res* rt-0-addrs rt-0-not-strict*",
	    headers),
	OPAQUE6("hl", "hl-eq hl-lt hl-gt hl", headers),
	OPAQUE6("ipv6header", "soft* header", headers),
	OPAQUE6("eui64", "", headers),
	OPAQUE6("mh", "mh-type", headers),
	OPAQUE6("srh", "srh-next-hdr srh-hdr-len-eq srh-hdr-len-gt srh-hdr-len-lt "
	    "srh-segs-left-eq srh-segs-left-gt srh-segs-left-lt srh-last-entry-eq "
	    "srh-last-entry-gt srh-last-entry-lt srh-tag srh-psid srh-nsid srh-lsid",
	    headers),
};

const struct ipt_modules ph_ipt_opaque_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
