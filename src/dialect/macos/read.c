/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/macos/words.h"

/*
 * DOC: Reading
 *
 *	text     ::= line*
 *	line     ::= "#" ... | command | app | sentence | ""
 *	command  ::= PROMPT? ("sudo")? TOOL (OPTION ARG?)* (("&&" | ";") command)?
 *	app      ::= NUMBER ":" PATH		the sentence below says whether allowed
 *	sentence ::= one of those in words.c
 *
 * Any other line could have said anything: it is a gap.
 */
struct reader {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ph_src *src;
	struct ph_ruleset *rs;
	struct ph_macos *fw;
	struct ph_macos_app *waiting;	/* listed, and not yet said whether allowed */
	uint64_t promised, counted;	/* programs in the listing */
	size_t gaps, programs;		/* for the limits */
	struct ph_span promise_at;
	bool ok;
};

static const char blanks[] = " \t\r";

/* More of either is not this firewall's, and takes no more memory. */
enum { MAX_GAPS = 1000, MAX_PROGRAMS = 100000 };

static struct ph_str
trim(struct ph_str s)
{
	while (s.len > 0 && memchr(blanks, *s.s, sizeof(blanks) - 1) != NULL) {
		s.s++;
		s.len--;
	}
	while (s.len > 0 && memchr(blanks, s.s[s.len - 1], sizeof(blanks) - 1) != NULL)
		s.len--;
	return s;
}

static struct ph_span
span(const struct reader *r, struct ph_str s)
{
	return (struct ph_span){ r->src, (uint32_t)(s.s - r->src->text), (uint32_t)s.len };
}

static void
error(struct reader *r, const char *id, struct ph_str at, const char *what)
{
	r->ok = false;
	ph_diag(r->diags, PH_ERROR, id, span(r, at), "%s", what);
}

static void
gap(struct reader *r, struct ph_str at, const char *why)
{
	ph_diag(r->diags, PH_WARN, "macos-not-understood", span(r, at), "%s", why);
	if (r->gaps++ < MAX_GAPS)
		ph_ruleset_gap(r->mem, r->rs, span(r, at), why);
}

static void
set(struct reader *r, enum ph_macos_switch which, enum ph_macos_say say, struct ph_str at)
{
	r->fw->v[which] = (struct ph_macos_value){ say, span(r, at) };
}

/* Is there room for one more program?  Says so once if not. */
static bool
have_room(struct reader *r, struct ph_str at)
{
	if (r->programs++ == MAX_PROGRAMS)
		error(r, "macos-limit", at, "more programs than can be");
	return r->programs <= MAX_PROGRAMS;
}

/* --- commands --- */

enum { MAX_WORD = 4096 };		/* bytes; longer than any path */

struct words {
	struct reader *r;
	struct ph_str rest;		/* of the line */
	struct ph_str at;		/* the last word as written */
	char text[MAX_WORD];		/* the same without quotes */
	size_t len;
};

static bool
put(struct words *w, char c)
{
	if (w->len + 1 == sizeof(w->text)) {
		error(w->r, "macos-path", (struct ph_str){ w->at.s, 1 },
		    "longer than any path can be");
		return false;
	}
	w->text[w->len++] = c;
	return true;
}

/* Copy up to the closing ${quote}; false when there is none. */
static bool
quoted(struct words *w, const char **p, const char *end)
{
	char quote = *(*p)++;

	for (; *p < end && **p != quote; (*p)++) {
		if (quote == '"' && **p == '\\' && *p + 1 < end)
			(*p)++;
		if (!put(w, **p))
			return false;
	}
	if (*p == end) {
		error(w->r, "macos-quote", (struct ph_str){ w->at.s, (size_t)(end - w->at.s) },
		    "the quote is not closed on this line");
		return false;
	}
	(*p)++;
	return true;
}

/* word ::= (CHAR | "\" CHAR | "'" CHAR* "'" | '"' CHAR* '"')+; false at the end. */
static bool
next_word(struct words *w)
{
	const char *p, *end;
	bool ok = true;

	w->rest = trim(w->rest);
	w->len = 0;
	w->at = (struct ph_str){ w->rest.s, 0 };
	p = w->rest.s;
	end = p + w->rest.len;
	if (p == end || *p == '#')
		return false;
	while (ok && p < end && memchr(blanks, *p, sizeof(blanks) - 1) == NULL) {
		if (*p == '\'' || *p == '"') {
			ok = quoted(w, &p, end);
			continue;
		}
		p += *p == '\\' && p + 1 < end;
		ok = put(w, *p++);
	}
	w->at.len = (size_t)(p - w->rest.s);
	w->rest = (struct ph_str){ p, (size_t)(end - p) };
	w->text[w->len] = '\0';
	return ok;
}

static const struct ph_macos_option *
ask_option(struct reader *r, const struct words *w)
{
	struct ph_str word = { w->text, w->len };
	const char *names[32], *near;
	const struct ph_macos_option *o;
	size_t n;

	o = ph_macos_options(&n);
	for (size_t i = 0; i < n; i++) {
		if (ph_str_eq(word, o[i].word))
			return &o[i];
		names[i] = o[i].word;
	}
	near = ph_str_nearest(word, names, n);
	r->ok = false;
	ph_diag(r->diags, PH_ERROR, "macos-option", span(r, w->at), near != NULL ?
	    "socketfilterfw has no such option; did you mean \"%s\"?" :
	    "socketfilterfw has no such option%s", near != NULL ? near : "");
	return NULL;
}

static void
set_switch(struct reader *r, const struct ph_macos_option *o, const struct words *w)
{
	enum ph_macos_say say;

	if (ph_macos_on_off((struct ph_str){ w->text, w->len }, &say))
		set(r, o->which, say, w->at);
	else
		error(r, "macos-value", w->at, "expected \"on\" or \"off\"");
}

static void
change_app(struct reader *r, const struct ph_macos_option *o, const struct words *w)
{
	struct ph_macos_app *app;

	if (w->text[0] != '/' || memchr(w->text, '\0', w->len) != NULL) {
		error(r, "macos-path", w->at, "expected the full path of a program");
		return;
	}
	if (!have_room(r, w->at))
		return;
	app = ph_macos_app(r->mem, r->fw, (struct ph_str){ w->text, w->len });
	app->at = span(r, w->at);
	if (o->kind == PH_MACOS_REMOVE) {
		app->removed = true;
		app->listed = false;
		return;
	}
	if (o->kind == PH_MACOS_ADD) {
		app->allowed = app->listed ? app->allowed : PH_MACOS_UNSAID;
		app->listed = true;
	} else {
		app->allowed = o->kind == PH_MACOS_ALLOW ? PH_MACOS_ON : PH_MACOS_OFF;
	}
	app->removed = false;
	if (!app->listed)
		ph_diag(r->diags, PH_WARN, "macos-not-listed", span(r, w->at),
		    "takes effect only if the program is listed: --add it before");
}

static void
read_option(struct reader *r, const struct ph_macos_option *o, struct words *w)
{
	struct ph_str option = w->at;

	if (o->kind == PH_MACOS_ASK)
		return;
	if (!next_word(w)) {
		if (w->at.len == 0)
			error(r, "macos-argument", option, o->kind == PH_MACOS_SET ?
			    "\"on\" or \"off\" is missing" : "an argument is missing");
		return;
	}
	if (o->kind == PH_MACOS_SET)
		set_switch(r, o, w);
	else if (o->kind != PH_MACOS_NOTE && o->kind != PH_MACOS_ASK_APP)
		change_app(r, o, w);
}

static bool
is_tool(const struct words *w)
{
	static const char name[] = "socketfilterfw";
	size_t n = sizeof(name) - 1;

	return w->len >= n && memcmp(w->text + w->len - n, name, n) == 0 &&
	    (w->len == n || w->text[w->len - n - 1] == '/');
}

/* Words before the tool's: "sudo", and a prompt, which ends in "$", "%" or "#". */
static bool
find_tool(struct words *w)
{
	bool prompt = true;

	for (; next_word(w); prompt = memchr("$%#", w->text[w->len - 1], 3) != NULL ||
	    strcmp(w->text, "sudo") == 0) {
		if (w->len == 0)
			return false;
		if (is_tool(w))
			return prompt;
	}
	return false;
}

/* False when the line is no command. */
static bool
read_command(struct reader *r, struct ph_str line)
{
	struct words w = { .r = r, .rest = line };
	bool errors = !r->ok;

	if (!find_tool(&w))
		return !r->ok && !errors;
	while (next_word(&w)) {
		const struct ph_macos_option *o;

		if (strcmp(w.text, "&&") == 0 || strcmp(w.text, ";") == 0) {
			if (!find_tool(&w))
				gap(r, line, "not a command of socketfilterfw");
			continue;
		}
		o = ask_option(r, &w);
		if (o == NULL)
			break;
		read_option(r, o, &w);
	}
	return true;
}

/* --- what was printed --- */

/* A listed program of which nothing further was said. */
static void
settle(struct reader *r)
{
	if (r->waiting == NULL)
		return;
	ph_diag(r->diags, PH_WARN, "macos-no-verdict", r->waiting->at,
	    "the line that allows or blocks this program is missing");
	r->waiting->listed = true;
	r->waiting->allowed = PH_MACOS_UNSAID;
	r->waiting = NULL;
}

/* app ::= NUMBER ":" PATH */
static bool
read_app(struct reader *r, struct ph_str line)
{
	const char *colon = memchr(line.s, ':', line.len);
	size_t n = colon == NULL ? 0 : (size_t)(colon - line.s);
	struct ph_str path;
	uint64_t number;

	if (colon == NULL || !ph_str_u64(trim((struct ph_str){ line.s, n }), 10,
	    UINT32_MAX, &number))
		return false;
	settle(r);
	path = trim((struct ph_str){ colon + 1, line.len - n - 1 });
	if (path.len == 0 || path.s[0] != '/' || path.len >= MAX_WORD) {
		error(r, "macos-path", path.len > 0 ? path : line,
		    "expected the full path of a program");
		return true;
	}
	r->counted++;
	if (!have_room(r, path))
		return true;
	r->waiting = ph_macos_app(r->mem, r->fw, path);
	r->waiting->at = span(r, path);
	r->waiting->removed = false;
	return true;
}

static void
say_app(struct reader *r, struct ph_str line, enum ph_macos_say say)
{
	struct ph_macos_app *app = r->waiting;

	if (app == NULL) {
		error(r, "macos-no-program", line, "no program stands above this line");
		return;
	}
	r->waiting = NULL;
	if (app->listed && app->allowed != say) {
		say = PH_MACOS_UNSAID;
		ph_diag(r->diags, PH_WARN, "macos-contradiction", app->at,
		    "listed twice, once allowed and once not");
	}
	app->listed = true;
	app->allowed = say;
	app->at = ph_span_join(app->at, span(r, line));
}

/* "... (State = N)": 0 off, 1 on, 2 on and all is blocked. */
static void
say_state(struct reader *r, struct ph_str line, struct ph_str rest)
{
	static const char mark[] = "(State = ";
	const char *at = memmem(rest.s, rest.len, mark, sizeof(mark) - 1);
	char n = at == NULL || at + sizeof(mark) > rest.s + rest.len ? '?' :
	    at[sizeof(mark) - 1];

	if (n < '0' || n > '2') {
		gap(r, line, "not a state of the firewall that is known");
		return;
	}
	set(r, PH_MACOS_GLOBAL, n == '0' ? PH_MACOS_OFF : PH_MACOS_ON, line);
	if (n != '0')
		set(r, PH_MACOS_BLOCK_ALL, n == '2' ? PH_MACOS_ON : PH_MACOS_OFF, line);
}

static void
say_switch(struct reader *r, struct ph_str line, const struct ph_macos_sentence *s,
    struct ph_str rest)
{
	enum ph_macos_say say = PH_MACOS_ON;

	while (rest.len > 0 && memchr(".!", rest.s[rest.len - 1], 2) != NULL)
		rest.len--;
	rest = trim(rest);
	if (rest.len > 0 ? ph_macos_on_off(rest, &say) :
	    s->which == PH_MACOS_BLOCK_ALL)
		set(r, s->which, say, line);
	else
		gap(r, line, "neither on nor off");
}

static bool
read_sentence(struct reader *r, struct ph_str line)
{
	struct ph_macos_sentence s;
	struct ph_str rest;

	if (!ph_macos_sentence(line, &s))
		return false;
	rest = trim((struct ph_str){ s.rest, (size_t)(line.s + line.len - s.rest) });
	switch (s.kind) {
	case PH_MACOS_SAYS_SWITCH:
		say_switch(r, line, &s, rest);
		break;
	case PH_MACOS_SAYS_STATE:
		say_state(r, line, rest);
		break;
	case PH_MACOS_SAYS_COUNT:
		r->promise_at = span(r, line);
		if (!ph_str_u64(rest, 10, UINT32_MAX, &r->promised))
			error(r, "macos-value", line, "expected the number of programs");
		break;
	case PH_MACOS_SAYS_ALLOW:
	case PH_MACOS_SAYS_BLOCK:
		say_app(r, line, s.kind == PH_MACOS_SAYS_ALLOW ? PH_MACOS_ON : PH_MACOS_OFF);
		break;
	case PH_MACOS_SAYS_NOTHING:
		break;
	}
	return true;
}

static bool
is_text(struct reader *r, struct ph_str line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.s[i];

		if ((c < ' ' && c != '\t') || c == 0x7f) {
			error(r, "macos-bytes", (struct ph_str){ line.s + i, 1 },
			    c == 0 ? "NUL byte: this is not a text" : "control character");
			return false;
		}
	}
	return true;
}

static void
read_line(struct reader *r, struct ph_str line)
{
	line = trim(line);
	if (line.len == 0 || line.s[0] == '#' || !is_text(r, line))
		return;
	if (!read_app(r, line) && !read_sentence(r, line) && !read_command(r, line))
		gap(r, line, "not a line of socketfilterfw");
}

bool
ph_macos_parse(struct ph_arena *mem, struct ph_diags *diags, struct ph_src *src,
    const struct ph_parse_opts *opts, struct ph_ruleset *rs)
{
	struct reader r = { .mem = mem, .diags = diags, .src = src, .rs = rs, .ok = true };
	const char *p = src->text, *end = src->text + src->len, *nl;

	(void)opts;
	ph_ruleset_init(rs, &ph_dialect_macos, src);
	rs->priv = r.fw = PH_NEW(mem, struct ph_macos);
	ph_macos_init(r.fw);
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl == NULL ? end : nl;
		read_line(&r, (struct ph_str){ p, (size_t)(nl - p) });
	}
	settle(&r);
	if (r.promise_at.src != NULL && r.promised != r.counted) {
		ph_diag(diags, PH_WARN, "macos-count", r.promise_at,
		    "%llu programs are announced, %llu are listed",
		    (unsigned long long)r.promised, (unsigned long long)r.counted);
		ph_ruleset_gap(mem, rs, r.promise_at, "the list of programs is not complete");
	}
	ph_macos_model(mem, r.fw, rs);
	return r.ok;
}
