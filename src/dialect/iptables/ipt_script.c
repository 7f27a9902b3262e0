/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"

/*
 * DOC: Scripts
 *
 *	script  = [ "sudo" ] ( "iptables" | "ip6tables" ) [ "-t" TABLE ] command
 *	        | "ipset" ... | "nfct" ... | anything else a shell does
 *
 * Commands are followed in the order of the text, each taken to succeed.  What
 * a shell would decide while it runs (variables, conditions, loops) is a gap:
 * any answer may depend on it.
 */

/* Programs of a script; others that have no part in the packets' fate. */
enum program { OTHER, HARMLESS, IPTABLES, IP6TABLES, RESTORE, IPSET, NFCT };

static enum program
program_of(struct ph_str w)
{
	static const struct { const char *name; enum program what; } programs[] = {
		{ "iptables", IPTABLES }, { "ip6tables", IP6TABLES },
		{ "iptables-nft", IPTABLES }, { "ip6tables-nft", IP6TABLES },
		{ "iptables-legacy", IPTABLES }, { "ip6tables-legacy", IP6TABLES },
		{ "ipset", IPSET }, { "nfct", NFCT }, { "echo", HARMLESS },
		{ "printf", HARMLESS }, { "modprobe", HARMLESS }, { "sysctl", HARMLESS },
		{ "set", HARMLESS }, { "export", HARMLESS }, { "exit", HARMLESS },
		{ "true", HARMLESS }, { ":", HARMLESS }, { "sleep", HARMLESS },
		{ "logger", HARMLESS }, { "iptables-save", HARMLESS },
		{ "ip6tables-save", HARMLESS }, { "ip", HARMLESS }, { "route", HARMLESS },
		{ "insmod", HARMLESS }, { "cat", HARMLESS }, { "service", HARMLESS },
		{ "systemctl", HARMLESS }, { "conntrack", HARMLESS },
		{ "return", HARMLESS },
	};
	const char *slash = memrchr(w.s, '/', w.len);

	if (slash != NULL)
		w = (struct ph_str){ slash + 1, (size_t)(w.s + w.len - slash - 1) };
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (ph_str_eq(w, programs[i].name))
			return programs[i].what;
	return OTHER;
}

static bool
has_variable(const struct ipt_line *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->w[i].variable)
			return true;
	return false;
}

/* The table that word ${i} names, as "-t T", "-tT", "--table T" or "--table=T". */
static bool
names_table(const struct ipt_line *l, size_t i, struct ph_str *out)
{
	static const char equals[] = "--table=";
	struct ph_str s = l->w[i].s;

	if (ph_str_eq(s, "-t") || ph_str_eq(s, "--table")) {
		*out = i + 1 < l->n ? l->w[i + 1].s : (struct ph_str){ "", 0 };
		return true;
	}
	if (ph_str_starts(s, equals))
		*out = (struct ph_str){ s.s + sizeof(equals) - 1, s.len - sizeof(equals) + 1 };
	else if (ph_str_starts(s, "-t"))
		*out = (struct ph_str){ s.s + 2, s.len - 2 };
	return ph_str_starts(s, equals) || ph_str_starts(s, "-t");
}

/* The table of a command; filter when none is named. */
static bool
find_table(struct ipt_reader *rd)
{
	const struct ipt_line *l = &rd->line;
	struct ph_str name;

	rd->table = IPT_FILTER;
	for (size_t i = 1; i < l->n; i++) {
		if (l->w[i].quoted || !names_table(l, i, &name))
			continue;
		rd->table = ph_ipt_table_id(name);
		if (rd->table < 0)
			ph_diag(rd->diags, PH_ERROR, "unknown-table", l->w[i].at,
			    "no such table");
	}
	return rd->table >= 0;
}

static void
gap(struct ipt_reader *rd, const char *id, const char *why)
{
	ph_diag(rd->diags, PH_WARN, id, rd->line.at, "%s", why);
	ph_ruleset_gap(rd->mem, rd->rs, rd->line.at, why);
}

static void
run_program(struct ipt_reader *rd, enum program p, size_t from)
{
	switch (p) {
	case IPTABLES:
	case IP6TABLES:
		rd->families = p == IPTABLES ? PH_FAMILY_4 : PH_FAMILY_6;
		if (!find_table(rd))
			break;
		rd->priv->table[p == IP6TABLES][rd->table].seen = true;
		ph_ipt_file_command(rd, from);
		break;
	case IPSET:
		ph_ipt_ipset_line(rd, &rd->line, from);
		break;
	case NFCT:
		ph_ipt_timeout_line(rd, &rd->line, from);
		break;
	case HARMLESS:
		break;
	default:
		gap(rd, "unread-line", "a command of the shell that is not followed; it "
		    "could change any answer");
	}
	rd->families = 0;
}

/* One command of a shell line. */
static void
run_command(struct ipt_reader *rd)
{
	const struct ipt_line *l = &rd->line;
	size_t from = l->n > 1 && ph_str_eq(l->w[0].s, "sudo");
	enum program p = program_of(l->w[from].s);

	if (p == OTHER && memchr(l->w[from].s.s, '=', l->w[from].s.len) != NULL &&
	    l->n == from + 1)
		return;			/* a variable is set; its use is found */
	if (p != HARMLESS && has_variable(l))
		gap(rd, "shell-variable", "a shell variable whose value is not known "
		    "here; run the script and read \"iptables-save\"");
	else
		run_program(rd, p, from + 1);
}

void
ph_ipt_script_read(struct ipt_reader *rd)
{
	struct ph_span at;

	rd->lex.shell = true;
	do {
		ph_ipt_lex_line(&rd->lex, &rd->line);
		rd->again = false;
		if (ph_ipt_lex_check(rd->diags, &rd->line) && rd->line.n > 0)
			run_command(rd);
	} while (rd->lex.pos < rd->lex.src->len &&
	    rd->lex.src->text[rd->lex.pos] != '\n' && ph_ipt_lex_peek(&rd->lex, &at));
	rd->lex.shell = false;
}

bool
ph_ipt_script_begins(struct ipt_reader *rd, struct ph_str s)
{
	size_t n = 0;

	while (n < s.len && s.s[n] != ' ' && s.s[n] != '\t')
		n++;
	if (ph_str_eq((struct ph_str){ s.s, n }, "sudo") ||
	    program_of((struct ph_str){ s.s, n }) >= IPTABLES)
		rd->priv->script = true;
	return rd->priv->script;
}
