/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"

/*
 * DOC: Targets
 *
 * Verdicts and what connection tracking is told (CT, NOTRACK); targets that
 * only log, count or change fields nobody asks about are kept as they are
 * written.  What hands the packet to a program is opaque.  Translation is in
 * ipt_nat.c, marks in ipt_mark.c.
 */

/* struct ipt_use.flags of CT */
enum { CT_NOTRACK = 1, CT_ZONE = 2 };

static bool
skip(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)r;
	(void)u;
	(void)a;
	return true;
}

static bool
end_verdict(struct ipt_rule *r, struct ipt_use *u)
{
	static const struct { const char *name; enum ph_act_kind kind; } verdicts[] = {
		{ "ACCEPT", PH_ACT_ACCEPT }, { "DROP", PH_ACT_DROP },
		{ "RETURN", PH_ACT_RETURN },
	};

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (strcmp(u->m->name, verdicts[i].name) == 0)
			ph_ipt_rule_act(r, &(struct ph_act){
				.kind = verdicts[i].kind, .at = u->at,
			});
	return true;
}

static const char *const rejects[] = {
	"icmp-net-unreachable", "icmp-host-unreachable", "icmp-port-unreachable",
	"icmp-proto-unreachable", "icmp-net-prohibited", "icmp-host-prohibited",
	"icmp-admin-prohibited", "tcp-reset", "tcp-rst", "net-unreach", "host-unreach",
	"port-unreach", "proto-unreach", "net-prohib", "host-prohib", "admin-prohib",
	"icmp6-no-route", "no-route", "icmp6-adm-prohibited", "adm-prohibited",
	"icmp6-addr-unreachable", "addr-unreach", "icmp6-port-unreachable",
	"icmp6-policy-fail", "policy-fail", "icmp6-reject-route", "reject-route",
};

enum { N_REJECTS = sizeof(rejects) / sizeof(*rejects) };

static bool
read_reject(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	const char *near;

	u->p = ph_ipt_rule_text(r, a->v.s);
	for (size_t i = 0; i < N_REJECTS; i++)
		if (ph_str_eq(a->v.s, rejects[i]))
			return true;
	near = ph_str_nearest(a->v.s, rejects, N_REJECTS);
	return ph_ipt_rule_fail(r, "bad-reject", a->v.at, "no such answer%s%s%s",
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

static bool
end_reject(struct ipt_rule *r, struct ipt_use *u)
{
	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = PH_ACT_REJECT, .at = u->at, .text = u->p,
	});
	return true;
}

/* Without effect on the answer: kept as written. */
static bool
end_note(struct ipt_rule *r, struct ipt_use *u)
{
	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = PH_ACT_NOTE, .at = u->at, .text = u->words.s,
	});
	return true;
}

static bool
end_opaque(struct ipt_rule *r, struct ipt_use *u)
{
	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = PH_ACT_OPAQUE, .at = u->at, .text = u->m->reason,
	});
	return true;
}

/* Names of helpers as the audit knows them. */
static const struct { const char *word, *name; } helpers[] = {
	{ "RAS", "h323" }, { "Q.931", "h323" }, { "H.245", "h323" },
};

static bool
read_helper(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	const char *name = ph_ipt_rule_text(r, a->v.s);

	(void)u;
	for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++)
		if (ph_str_case_eq(a->v.s, helpers[i].word))
			name = helpers[i].name;
	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = PH_ACT_HELPER, .tmpl = true, .at = a->at, .text = name,
	});
	return true;
}

static bool
read_timeout(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)u;
	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = PH_ACT_TIMEOUT, .tmpl = true, .at = a->at,
		.timeout = ph_ipt_timeout_find(r->rd, a->v.s),
	});
	return true;
}

static bool
read_ct(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)r;
	u->flags |= a->code;
	return true;
}

/* A zone keeps a connection apart from packets that do not enter it. */
static bool
end_ct(struct ipt_rule *r, struct ipt_use *u)
{
	if ((u->flags & CT_NOTRACK) != 0 || strcmp(u->m->name, "NOTRACK") == 0)
		ph_ipt_rule_act(r, &(struct ph_act){
			.kind = PH_ACT_NOTRACK, .at = u->at,
		});
	if ((u->flags & CT_ZONE) != 0)
		ph_ipt_rule_act(r, &(struct ph_act){
			.kind = PH_ACT_OPAQUE, .at = u->at,
			.text = "connection tracking zones are not followed",
		});
	if (r->rd->n_acts == 0)
		return end_note(r, u);
	for (size_t i = 0; i < r->rd->n_acts; i++)
		if (r->rd->acts[i].at.off >= u->at.off)
			ph_ipt_rule_words(r, r->rd->acts[i].at, u->words.s);
	return true;
}

static bool
end_tproxy(struct ipt_rule *r, struct ipt_use *u)
{
	ph_ipt_rule_act(r, &(struct ph_act){ .kind = PH_ACT_TPROXY, .at = u->at });
	return true;
}

static const struct ipt_opt reject_opts[] = {
	{ "reject-with", IPT_ONE, false, 0, read_reject },
};
static const struct ipt_opt ct_opts[] = {
	{ "notrack", IPT_FLAG, false, CT_NOTRACK, read_ct },
	{ "helper", IPT_ONE, false, 0, read_helper },
	{ "timeout", IPT_ONE, false, 0, read_timeout },
	{ "zone", IPT_ONE, false, CT_ZONE, read_ct },
	{ "zone-orig", IPT_ONE, false, CT_ZONE, read_ct },
	{ "zone-reply", IPT_ONE, false, CT_ZONE, read_ct },
	{ "ctevents", IPT_ONE, false, 0, skip },
	{ "expevents", IPT_ONE, false, 0, skip },
};

#define NOTE(n, a)							\
	{ .name = (n), .args = (a), .flags = IPT_KEEP, .end = end_note }
#define OPAQUE(n, a, why)						\
	{ .name = (n), .args = (a), .reason = (why), .flags = IPT_KEEP,	\
	    .end = end_opaque }

static const char program[] = "a program decides";

static const struct ipt_module modules[] = {
	{ .name = "ACCEPT", .end = end_verdict },
	{ .name = "DROP", .end = end_verdict },
	{ .name = "RETURN", .end = end_verdict },
	{ .name = "REJECT", IPT_OPTS(reject_opts), .end = end_reject,
	    .tables = 1 << IPT_FILTER },
	{ .name = "CT", IPT_OPTS(ct_opts), .flags = IPT_KEEP, .end = end_ct,
	    .tables = 1 << IPT_RAW },
	{ .name = "NOTRACK", .flags = IPT_KEEP, .end = end_ct,
	    .tables = 1 << IPT_RAW },
	{ .name = "TPROXY", .args = "on-port on-ip tproxy-mark", .flags = IPT_KEEP,
	    .end = end_tproxy, .tables = 1 << IPT_MANGLE },
	OPAQUE("QUEUE", "", program),
	OPAQUE("NFQUEUE", "queue-num queue-balance queue-bypass* queue-cpu-fanout*",
	    program),
	OPAQUE("SYNPROXY", "mss wscale sack-perm* timestamp* ecn*",
	    "the firewall itself answers for the server"),
	NOTE("LOG", "log-level log-prefix log-tcp-sequence* log-tcp-options* "
	    "log-ip-options* log-uid* log-macdecode*"),
	NOTE("NFLOG", "nflog-group nflog-prefix nflog-range nflog-size nflog-threshold"),
	NOTE("ULOG", "ulog-nlgroup ulog-prefix ulog-cprange ulog-qthreshold"),
	NOTE("AUDIT", "type"),
	NOTE("CHECKSUM", "checksum-fill*"),
	NOTE("CLASSIFY", "set-class"),
	NOTE("CONNSECMARK", "save* restore*"),
	NOTE("SECMARK", "selctx"),
	NOTE("DSCP", "set-dscp set-dscp-class"),
	NOTE("ECN", "ecn-tcp-remove* ecn-tcp-cwr ecn-tcp-ece ecn-ip-ect"),
	NOTE("HL", "hl-set hl-dec hl-inc"),
	NOTE("HMARK", "hmark-tuple hmark-mod hmark-offset hmark-src-prefix "
	    "hmark-dst-prefix hmark-sport-mask hmark-dport-mask hmark-spi-mask "
	    "hmark-proto-mask hmark-rnd"),
	NOTE("IDLETIMER", "timeout label alarm*"),
	NOTE("LED", "led-trigger-id led-delay led-always-blink*"),
	NOTE("RATEEST", "rateest-name rateest-interval rateest-ewmalog"),
	NOTE("SET", "add-set= del-set= map-set= timeout exist* map-mark* map-prio* "
	    "map-queue*"),
	NOTE("TCPMSS", "set-mss clamp-mss-to-pmtu*"),
	NOTE("TCPOPTSTRIP", "strip-options"),
	NOTE("TEE", "gateway oif"),
	NOTE("TOS", "set-tos and-tos or-tos xor-tos"),
	NOTE("TRACE", ""),
	NOTE("TTL", "ttl-set ttl-dec ttl-inc"),
	OPAQUE("CLUSTERIP", "new* hashmode clustermac total-nodes local-node hash-init",
	    "which node of a cluster answers is not in the text"),
	OPAQUE("SNPT", "src-pfx dst-pfx", "stateless prefix translation"),
	OPAQUE("DNPT", "src-pfx dst-pfx", "stateless prefix translation"),
	OPAQUE("TARPIT", "tarpit* honeypot* reset*", "the firewall answers itself"),
	OPAQUE("FLOWOFFLOAD", "hw*", "offloaded flows pass by the rules"),
};

const struct ipt_modules ph_ipt_target_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
