/* SPDX-License-Identifier: ISC */
#ifndef PH_DIALECT_MACOS_FIREWALL_H
#define PH_DIALECT_MACOS_FIREWALL_H

#include "base/map.h"
#include "dialect/dialect.h"

/*
 * DOC: The macOS application firewall
 *
 * It knows programs, not packets: who may be connected to from outside.  Its
 * whole state is five switches and a list of programs.  We read what
 * socketfilterfw prints, and its commands, in any mixture and order; a later
 * line wins over an earlier one.
 *
 *	global off:	everything may come in
 *	block all:	nothing, except what DHCP, Bonjour and IPsec need
 *	listed:		as the list says
 *	signed:		let in without being listed, when the switches say so;
 *			who is signed is not in the text
 *	others:		the user is asked; until then shut
 *
 * Connections that programs here open are never in question.
 */
enum ph_macos_switch {
	PH_MACOS_GLOBAL, PH_MACOS_BLOCK_ALL, PH_MACOS_SIGNED_BUILTIN,
	PH_MACOS_SIGNED_DOWNLOADED, PH_MACOS_STEALTH, PH_MACOS_NSWITCHES,
};

enum ph_macos_say { PH_MACOS_UNSAID, PH_MACOS_OFF, PH_MACOS_ON };

struct ph_macos_value {
	enum ph_macos_say say;
	struct ph_span at;
};

struct ph_macos_app {
	const char *path;		/* as written, unquoted */
	const char *program;		/* as requirements name it: without ".app" */
	struct ph_span at;
	enum ph_macos_say allowed;	/* UNSAID: not told, or contradictory */
	bool listed;			/* in the list, or added; else only spoken of */
	bool removed;
	struct ph_macos_app *next;
};

struct ph_macos {
	struct ph_macos_value v[PH_MACOS_NSWITCHES];
	struct ph_macos_app *apps, **apps_tail;	/* in order of first mention */
	struct ph_map by_program;
};

/* ph_macos_init(fw): nothing is said. */
void ph_macos_init(struct ph_macos *);

/* ph_macos_app(mem, fw, path): the program at ${path}, made new at the end. */
struct ph_macos_app *ph_macos_app(struct ph_arena *, struct ph_macos *, struct ph_str);

/* ph_macos_app_find(fw, program): a program that is listed, or NULL. */
struct ph_macos_app *ph_macos_app_find(const struct ph_macos *, const char *);

/*
 * ph_macos_program(mem, path): how requirements name the program of ${path}:
 * "/A/B.app", "/A/B.app/" and "/A/B.app/Contents/MacOS/B" are all "/A/B".
 */
const char *ph_macos_program(struct ph_arena *, struct ph_str);

/* macos.c */
extern const struct ph_dialect ph_dialect_macos;

/* The path of the tool that all commands begin with. */
extern const char ph_macos_tool[];

/* ph_macos_quote(b, path): as one word of a shell. */
void ph_macos_quote(struct ph_buf *, const char *);

/*
 * ph_macos_command(b, option, path): one line, "sudo TOOL OPTION [PATH]".
 */
void ph_macos_command(struct ph_buf *, const char *, const char *);

/* ph_macos_write(b, fw): the whole state as commands, in canonical order. */
void ph_macos_write(struct ph_buf *, const struct ph_macos *);

/* read.c: the hook of the dialect; see dialect.h. */
bool ph_macos_parse(struct ph_arena *, struct ph_diags *, struct ph_src *,
    const struct ph_parse_opts *, struct ph_ruleset *);

/* ph_macos_model(mem, fw, rs): the chain that ${fw} is, into ${rs}. */
void ph_macos_model(struct ph_arena *, const struct ph_macos *, struct ph_ruleset *);

/* plan.c: hooks of the dialect. */
bool ph_macos_plan(struct ph_arena *, struct ph_diags *, const struct ph_plan *,
    struct ph_buf *);
bool ph_macos_fix(struct ph_arena *, struct ph_diags *, struct ph_ruleset *,
    const struct ph_fix *, size_t, struct ph_fix_text *);

#endif
