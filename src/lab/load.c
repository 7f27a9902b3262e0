/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "lab/load.h"
#include "os/netns.h"
#include "os/nft.h"
#include "os/spawn.h"

/* What a tool said first, and the line of which it said it. */
static const char *
first_line(struct ph_arena *mem, const char *who, const char *said)
{
	const char *next;
	int len;

	said += strspn(said, "\n");
	len = (int)strcspn(said, "\n");
	next = said + len;
	next += strspn(next, " \t\n");
	return ph_arena_printf(mem, "%s: %.*s%s%.*s", who, len, said,
	    *next != '\0' ? ": " : "", (int)strcspn(next, "\n"), next);
}

bool
ph_lab_load_nft(struct ph_arena *mem, const char *text, const char *dir, const char **why)
{
	const char *said;
	bool ok = ph_nft_run(mem, text, dir, &said);

	if (!ok)
		*why = first_line(mem, "the kernel's nftables", said);
	return ok;
}

bool
ph_lab_load_quiet(struct ph_arena *mem, const char **why)
{
	/* what a program sends has an owner; nobody's is 2^32 - 2 */
	return ph_lab_load_nft(mem,
	    "table inet pinhole_lab {\n"
	    "	chain output {\n"
	    "		type filter hook output priority -2000; policy accept;\n"
	    "		meta skuid != 4294967294 accept\n"
	    "		tcp flags & rst == rst drop\n"
	    "		icmp type destination-unreachable drop\n"
	    "		icmpv6 type destination-unreachable drop\n"
	    "	}\n"
	    "}\n", NULL, why);
}

bool
ph_lab_load_sets(struct ph_arena *mem, const char *text, const char **why)
{
	const char *said;
	int code = ph_spawn(mem, (const char *const []){ "ipset", "restore", NULL }, text,
	    &said);

	if (code != 0)
		*why = code == 127 ? "the program ipset is missing" :
		    first_line(mem, "ipset", said);
	return code == 0;
}

enum backend { ON_NFTABLES, LEGACY, N_BACKENDS };

/* Text for both families, of which one may have none. */
static bool
restore(struct ph_arena *mem, enum backend on, const char *const text[2], const char **why)
{
	static const char *const program[N_BACKENDS][2] = {
		[ON_NFTABLES] = { "iptables-nft-restore", "ip6tables-nft-restore" },
		[LEGACY] = { "iptables-legacy-restore", "ip6tables-legacy-restore" },
	};

	for (int v6 = 0; v6 < 2; v6++) {
		const char *name = program[on][v6], *said;
		int code = text[v6][0] == '\0' ? 0 :
		    ph_spawn(mem, (const char *const []){ name, NULL }, text[v6], &said);

		if (code == 127)
			*why = ph_arena_printf(mem, "the program %s is missing", name);
		else if (code != 0)
			*why = first_line(mem, name, said);
		if (code != 0)
			return false;
	}
	return true;
}

/* The tables on nftables first; what they do not know the older ones may. */
static bool
restore_somehow(struct ph_arena *mem, const char *const text[2], const char **why)
{
	static const char *const nothing[] = {
		"*raw\nCOMMIT\n*mangle\nCOMMIT\n*nat\nCOMMIT\n*filter\nCOMMIT\n",
		"*raw\nCOMMIT\n*mangle\nCOMMIT\n*nat\nCOMMIT\n*filter\nCOMMIT\n",
	};
	const char *also;

	if (restore(mem, ON_NFTABLES, text, why))
		return true;
	/* nothing of what was taken may stay */
	ph_nft_run(mem, "flush ruleset", NULL, &also);
	if (restore(mem, LEGACY, text, &also))
		return true;
	restore(mem, LEGACY, nothing, &also);
	return false;
}

/* Families of the packets that chains within a text see. */
static unsigned
families_within(const struct ph_ruleset *rs, size_t from, size_t to)
{
	unsigned f = 0;

	for (size_t i = 0; i < rs->n_hooks; i++)
		if (rs->hooks[i].chain->at.off >= from && rs->hooks[i].chain->at.off < to)
			f |= rs->hooks[i].families;
	return f;
}

/* Blocks from "*table" to "COMMIT", to the family each is for. */
static bool
split(const struct ph_ruleset *rs, struct ph_buf out[2])
{
	const char *text = rs->src->text, *line = text, *block = NULL;

	for (; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *end = line + strcspn(line, "\n");
		unsigned f;

		if (*line == '*')
			block = line;
		if (block == NULL || strncmp(line, "COMMIT", 6) != 0)
			continue;
		f = families_within(rs, (size_t)(block - text), (size_t)(end - text));
		for (int v6 = 0; v6 < 2; v6++)
			if ((f & (v6 ? PH_FAMILY_6 : PH_FAMILY_4)) != 0)
				ph_buf_printf(&out[v6], "%.*s\n", (int)(end - block), block);
		block = NULL;
	}
	return out[0].len > 0 || out[1].len > 0;
}

bool
ph_lab_load_iptables(struct ph_arena *mem, const struct ph_ruleset *rs, const char **why)
{
	struct ph_buf text[2];

	ph_buf_init(&text[0], mem);
	ph_buf_init(&text[1], mem);
	if (!split(rs, text)) {
		*why = "the lab loads iptables rules as iptables-save prints them";
		return false;
	}
	return restore_somehow(mem, (const char *const []){ text[0].len > 0 ? text[0].s : "",
	    text[1].len > 0 ? text[1].s : "" }, why);
}

uint32_t
ph_lab_load_scaled(uint32_t s, unsigned scale)
{
	uint32_t v = (s + scale - 1) / scale;

	return v > 0 ? v : 1;
}

static int
set_timer(const char *name, const struct ph_timer_value *v, unsigned scale)
{
	char path[96], value[16];

	if (!v->set)
		return 0;
	snprintf(path, sizeof(path), "net/netfilter/%s", name);
	/* 0 is for ever: more than a lab lives */
	snprintf(value, sizeof(value), "%u", v->s == 0 ? 86400 :
	    ph_lab_load_scaled(v->s, scale));
	return ph_netns_sysctl(path, value);
}

/* "1m30s" and "90" are 90. */
static uint32_t
seconds(const char **s)
{
	static const struct { char unit; uint32_t s; } units[] = {
		{ 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 },
	};
	uint32_t all = 0;

	while (**s >= '0' && **s <= '9') {
		uint32_t v = 0, by = 1;

		for (; **s >= '0' && **s <= '9'; ++*s)
			v = v * 10 + (uint32_t)(**s - '0');
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (**s == units[i].unit) {
				by = units[i].s;
				++*s;
				break;
			}
		all += v * by;
	}
	return all;
}

/* The text after "policy = {" when one begins at ${s}, else NULL. */
static const char *
policy_at(const char *s)
{
	static const char *const words[] = { "policy", "=", "{" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t len = strlen(words[i]);

		s += strspn(s, " \t\n");
		if (strncmp(s, words[i], len) != 0)
			return NULL;
		s += len;
	}
	return s;
}

/* Times up to the closing brace, divided; yields the place behind them. */
static const char *
put_policy(struct ph_buf *b, const char *s, unsigned scale)
{
	while (*s != '\0' && *s != '}') {
		bool number = *s >= '0' && *s <= '9' && strchr(" \t\n:", s[-1]) != NULL;

		if (number)
			ph_buf_printf(b, "%u", ph_lab_load_scaled(seconds(&s), scale));
		else
			ph_buf_putc(b, *s++);
	}
	return s;
}

const char *
ph_lab_load_faster(struct ph_arena *mem, const char *text, unsigned scale)
{
	struct ph_buf b;

	if (scale <= 1)
		return text;
	ph_buf_init(&b, mem);
	while (*text != '\0') {
		const char *in = *text == 'p' ? policy_at(text) : NULL;

		if (in != NULL) {
			ph_buf_printf(&b, "%.*s", (int)(in - text), text);
			text = put_policy(&b, in, scale);
		} else {
			ph_buf_putc(&b, *text++);
		}
	}
	return b.len > 0 ? b.s : "";
}

bool
ph_lab_load_timers(const struct ph_timeout *t, unsigned scale, const char **why)
{
	const struct ph_timer_value *udp = &t->t[PH_TIMER_UDP];
	const struct ph_timer_value *alone = &t->t[PH_TIMER_UDP_UNREPLIED];

	if (set_timer("nf_conntrack_udp_timeout", alone->set ? alone : udp, scale) != 0 ||
	    set_timer("nf_conntrack_udp_timeout_stream", udp, scale) != 0 ||
	    set_timer("nf_conntrack_tcp_timeout_established", &t->t[PH_TIMER_TCP], scale) != 0) {
		*why = "this kernel does not let a network set its timers "
		    "(net.netfilter.nf_conntrack_udp_timeout)";
		return false;
	}
	return true;
}
