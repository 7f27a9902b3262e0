/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <string.h>

#include "dialect/asa/emit.h"
#include "dialect/asa/fix.h"
#include "dialect/asa/plan.h"
#include "dialect/asa/read.h"

bool
ph_asa_error(struct ph_asa *a, const char *id, struct ph_span at, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ph_diag(a->diags, PH_ERROR, id, at, "%s", text);
	a->ok = false;
	return false;
}

/* "ASA Version 9.8(2)", "PIX Version 6.3(5)" */
static void
read_version(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_str w;
	uint64_t major = 0, minor = 0;
	size_t i = 0, from;

	if (!ph_asa_take(l, "Version"))
		return;
	w = ph_asa_peek(l);
	while (i < w.len && w.s[i] >= '0' && w.s[i] <= '9')
		i++;
	ph_str_u64((struct ph_str){ w.s, i }, 10, 99, &major);
	from = ++i;
	while (i < w.len && w.s[i] >= '0' && w.s[i] <= '9')
		i++;
	if (from < w.len)
		ph_str_u64((struct ph_str){ w.s + from, i - from }, 10, 99, &minor);
	a->version = (int)(major * 100 + minor);
}

static void
close_stanza(struct ph_asa *a)
{
	a->iface = NULL;
	a->device = (struct ph_str){ "", 0 };
	a->object = NULL;
	a->class = NULL;
	a->policy = NULL;
}

static void
line_list(struct ph_asa *a, struct ph_asa_line *l)
{
	ph_asa_list_line(a, l, false);
}

static void
line_ipv6(struct ph_asa *a, struct ph_asa_line *l)
{
	if (ph_str_eq(ph_asa_peek(l), "access-list"))
		ph_asa_list_line(a, l, true);
	else if (ph_asa_take(l, "route"))
		ph_asa_route(a, l, true);
}

static void
line_route(struct ph_asa *a, struct ph_asa_line *l)
{
	ph_asa_route(a, l, false);
}

/* Twice NAT names two interfaces; before 8.3 one, and a number. */
static void
line_nat(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_str w = ph_asa_peek(l);

	if (memchr(w.s, ',', w.len) != NULL)
		ph_asa_nat_line(a, l);
	else
		ph_asa_nat_old(a, l);
}

static void
line_fixup(struct ph_asa *a, struct ph_asa_line *l)
{
	ph_asa_fixup(a, l, false);
}

static void
line_clear(struct ph_asa *a, struct ph_asa_line *l)
{
	ph_asa_take(l, "configure");
	if (ph_asa_take(l, "access-list"))
		ph_asa_list_clear(a, l);
}

/* What is taken back: lists; of the rest it is enough not to have it. */
static void
line_no(struct ph_asa *a, struct ph_asa_line *l)
{
	if (ph_asa_take(l, "access-list") && l->n == l->at + 1)
		ph_asa_list_clear(a, l);
}

static const struct word {
	const char *word;
	void (*read)(struct ph_asa *, struct ph_asa_line *);
	bool late, once;		/* uses lists; acts and is not kept */
} words[] = {
	{ "access-group", ph_asa_bind_line, true, false },
	{ "access-list", line_list, false, true },
	{ "ASA", read_version, false, false },
	{ "class-map", ph_asa_class_begin, true, false },
	{ "clear", line_clear, false, true },
	{ "fixup", line_fixup, true, false },
	{ "global", ph_asa_global, true, false },
	{ "interface", ph_asa_iface_begin, false, false },
	{ "ip", ph_asa_ip_pix, false, false },
	{ "ipv6", line_ipv6, false, false },
	{ "name", ph_asa_name, false, false },
	{ "nameif", ph_asa_nameif_pix, false, false },
	{ "nat", line_nat, true, false },
	{ "no", line_no, false, true },
	{ "object", ph_asa_object_begin, false, false },
	{ "object-group", ph_asa_group_begin, false, false },
	{ "PIX", read_version, false, false },
	{ "policy-map", ph_asa_policy_begin, true, false },
	{ "route", line_route, false, false },
	{ "same-security-traffic", ph_asa_same_security, false, false },
	{ "service-policy", ph_asa_service_policy, true, false },
	{ "static", ph_asa_static, true, false },
	{ "timeout", ph_asa_timeout_line, false, false },
};

/* Words that say nothing about which packets pass. */
static const char *const irrelevant[] = {
	"aaa", "aaa-server", "admin-context", "allocate-interface", "arp", "asdm",
	"auth-prompt", "banner", "boot", "call-home", "checkheaps", "clock",
	"command-alias", "configure", "console", "context", "crashinfo", "crypto",
	"Cryptochecksum", "ctl-file", "cts", "ddns", "dhcpd", "dhcprelay", "dns",
	"dns-group", "domain-name", "dynamic-access-policy-record",
	"dynamic-filter", "enable", "end", "established", "exit", "failover",
	"filter", "firewall", "flow-export", "floodguard", "fragment", "ftp",
	"group-policy", "hostname", "hpm", "http", "icmp", "igmp", "ip-address",
	"ip_local", "isakmp", "jumbo-frame", "key", "license", "logging", "logout",
	"mac-address", "mac-address-table", "management-access", "max-failed",
	"mode", "monitor-interface", "mount", "mtu", "multicast-routing", "names",
	"nac-policy", "ntp", "pager", "passwd", "password", "pdm", "ping",
	"prefix-list", "priority-queue", "privilege", "prompt", "quit", "quota",
	"resource", "rip", "route-map", "router", "service", "sla", "smtp-server",
	"snmp", "snmp-map", "snmp-server", "ssh", "ssl", "sunrpc-server", "sysopt",
	"tacacs-server", "tcp-map", "telnet", "terminal", "tftp-server",
	"threat-detection", "time-range", "tls-proxy", "track", "tunnel-group",
	"tunnel-group-map", "url-block", "url-cache", "url-server", "user-identity",
	"username", "virtual", "vpdn", "vpn-sessiondb", "vpnclient", "wccp",
	"webvpn", "write", "xlate", "zone", "zonelabs-integrity", "show",
	"Saved", "Written", "Hardware", "Serial", "System", "Configuration",
	"Result", "profile", "destination", "periodic", "absolute",
};

static const struct word *
find_word(struct ph_str s)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ph_str_eq(s, words[i].word))
			return &words[i];
	return NULL;
}

static bool
is_irrelevant(struct ph_str s)
{
	for (size_t i = 0; i < sizeof(irrelevant) / sizeof(*irrelevant); i++)
		if (ph_str_starts(s, irrelevant[i]) && (s.len == strlen(irrelevant[i]) ||
		    s.s[strlen(irrelevant[i])] == ':'))
			return true;
	return false;
}

/* "fw/context(config)# " before a command that was typed. */
static bool
strip_prompt(struct ph_asa_line *l)
{
	struct ph_str w = ph_asa_peek(l);
	const char *mark = memchr(w.s, '#', w.len);

	if (mark == NULL)
		mark = memchr(w.s, '>', w.len);
	if (mark == NULL || mark == w.s)
		return false;
	if (mark + 1 == w.s + w.len) {
		l->at++;
	} else {
		uint32_t cut = (uint32_t)(mark + 1 - w.s);

		l->w[l->at].off += cut;
		l->w[l->at].len -= cut;
	}
	return true;
}

static void
unread(struct ph_asa *a, struct ph_asa_line *l, struct ph_str w)
{
	const char *known[sizeof(words) / sizeof(*words)];
	const char *near;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		known[i] = words[i].word;
	a->unread = true;
	near = ph_str_nearest(w, known, sizeof(known) / sizeof(*known));
	if (near != NULL)
		ph_asa_error(a, "unknown-command", ph_asa_here(l),
		    "unknown command; did you mean \"%s\"?", near);
	else
		ph_diag(a->diags, PH_WARN, "unknown-command", ph_asa_here(l),
		    "this command is not known; it is taken to say nothing about packets");
}

/* A line of the open stanza, if one takes it. */
static bool
in_stanza(struct ph_asa *a, struct ph_asa_line *l)
{
	if (a->object != NULL && ph_asa_object_line(a, l))
		return true;
	if (a->device.len > 0 && ph_asa_iface_line(a, l))
		return true;
	if (a->class != NULL && ph_asa_class_line(a, l))
		return true;
	return a->policy != NULL && ph_asa_policy_line(a, l);
}

static void
keep(struct ph_asa *a, const struct ph_asa_line *l, unsigned indent)
{
	struct ph_span at = ph_asa_rest_span(l, l->at);

	*PH_PUSH(a->mem, a->kept, a->n_kept, a->cap_kept) = (struct ph_asa_kept){
		.off = at.off, .len = at.len, .indent = (uint8_t)indent, .late = a->late,
	};
}

static void
top_level(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_str w = ph_asa_peek(l);
	const struct word *row = find_word(w);

	if (row == NULL && strip_prompt(l)) {
		w = ph_asa_peek(l);
		row = find_word(w);
	}
	close_stanza(a);
	if (row != NULL) {
		a->late = row->late;
		if (!row->once)
			keep(a, l, 0);
		l->at++;
		row->read(a, l);
	} else if (w.len > 0 && !is_irrelevant(w)) {
		unread(a, l, w);
	}
}

static void
read_line(struct ph_asa *a, struct ph_asa_line *l)
{
	static const char list[] = "access-list ";
	const char *t = a->src->text + l->off;
	struct ph_asa_line at;

	if (l->len >= sizeof(list) - 1 && memcmp(t, list, sizeof(list) - 1) == 0) {
		close_stanza(a);
		ph_asa_list_line(a, l, false);
		return;
	}
	ph_asa_line_split(l);
	if (l->n == 0 || *ph_asa_peek(l).s == '!' || *ph_asa_peek(l).s == ':')
		return;
	at = *l;
	if (in_stanza(a, l)) {
		keep(a, &at, a->policy != NULL && !ph_str_eq(ph_asa_word(&at, 0), "class") ? 2 : 1);
		return;
	}
	if (l->indented)
		return;
	top_level(a, l);
}

static void
init(struct ph_asa *a, struct ph_arena *mem, struct ph_diags *diags,
    struct ph_src *src, struct ph_ruleset *rs)
{
	*a = (struct ph_asa){ .mem = mem, .diags = diags, .src = src, .rs = rs, .ok = true };
	a->objects_tail = &a->object_list;
	a->lists_tail = &a->list_list;
	a->binds_tail = &a->binds;
	a->nats_tail = &a->nats;
	a->pools_tail = &a->pools;
	a->classes_tail = &a->class_list;
	a->policies_tail = &a->policy_list;
	a->services_tail = &a->services;
	a->fixups_tail = &a->fixups;
	close_stanza(a);
	ph_asa_timeout_defaults(a);
}

/* Objects that nothing uses are checked all the same. */
static void
check_objects(struct ph_asa *a)
{
	for (struct ph_asa_object *o = a->object_list; o != NULL; o = o->next)
		ph_asa_find(a, o->name, o->is_group, o->at);
}

extern const struct ph_dialect ph_dialect_asa;

static bool
parse(struct ph_arena *mem, struct ph_diags *diags, struct ph_src *src,
    const struct ph_parse_opts *opts, struct ph_ruleset *rs)
{
	struct ph_asa *a = PH_NEW(mem, struct ph_asa);
	struct ph_asa_line l;
	uint32_t pos = 0;

	(void)opts;
	ph_ruleset_init(rs, &ph_dialect_asa, src);
	init(a, mem, diags, src, rs);
	rs->priv = a;
	while (ph_asa_line_next(&l, src, &pos))
		read_line(a, &l);
	if (a->unread && a->n_kept == 0 && a->list_list == NULL)
		ph_asa_error(a, "no-configuration", (struct ph_span){ src, 0, 0 },
		    "not one command here is known: this is no configuration");
	check_objects(a);
	ph_asa_lists_read(a);
	ph_asa_model(a);
	return a->ok;
}

/* Lines only this language has, and how much each of them tells. */
static const struct { const char *start; int score; } signs[] = {
	{ "ASA Version ", 95 }, { "PIX Version ", 95 }, { "access-list ", 80 },
	{ "access-group ", 80 }, { "object network ", 70 }, { "object-group ", 70 },
	{ "object service ", 70 }, { "nameif ", 60 }, { " nameif ", 60 },
	{ "policy-map ", 50 }, { "class-map ", 50 }, { "fixup protocol ", 90 },
	{ "same-security-traffic ", 80 }, { "ipv6 access-list ", 60 },
	{ "clear configure access-list", 80 }, { "timeout xlate ", 80 },
	{ "static (", 60 }, { "nat (", 50 }, { "global (", 50 }, { ": Saved", 40 },
	{ "service-policy ", 40 },
};

static int
recognise(struct ph_str text)
{
	const char *p = text.s, *end = text.s + text.len;
	int best = 0;

	while (p < end) {
		struct ph_str line = { p, (size_t)(end - p) };
		const char *nl = memchr(p, '\n', line.len);

		for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
			if (signs[i].score > best && ph_str_starts(line, signs[i].start))
				best = signs[i].score;
		p = nl == NULL ? end : nl + 1;
	}
	return best;
}

const struct ph_dialect ph_dialect_asa = {
	.name = "asa",
	.title = "Cisco ASA and PIX",
	.caps = PH_CAP_PACKETS | PH_CAP_TIMERS | PH_CAP_GROUPS,
	.recognise = recognise,
	.parse = parse,
	.emit = ph_asa_emit,
	.plan = ph_asa_plan,
	.fix = ph_asa_fix,
};
