/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/macos/firewall.h"

/* Text that nothing else prints, the surest first. */
static const struct {
	const char *text;
	int score;
} marks[] = {
	{ "ApplicationFirewall/socketfilterfw", 95 },
	{ "otal number of apps = ", 90 },
	{ " incoming connections )", 90 },
	{ "socketfilterfw --", 85 },
	{ "(State = ", 80 },
	{ "Automatically allow ", 60 },
	{ "Block all ", 40 },
};

static int
recognise(struct ph_str text)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (memmem(text.s, text.len, marks[i].text, strlen(marks[i].text)) != NULL)
			return marks[i].score;
	return 0;
}

static bool
emit(struct ph_arena *mem, struct ph_diags *diags, const struct ph_ruleset *rs,
    struct ph_buf *b)
{
	bool ok = true;

	(void)mem;
	if (rs->dialect != &ph_dialect_macos) {
		ph_diag(diags, PH_ERROR, "macos-packets", (struct ph_span){ rs->src, 0, 1 },
		    "the application firewall knows programs, not packets");
		return false;
	}
	for (const struct ph_gap *g = rs->gaps; g != NULL; g = g->next) {
		ph_diag(diags, PH_ERROR, "macos-not-understood", g->at,
		    "this cannot be written: %s", g->why);
		ok = false;
	}
	if (ok)
		ph_macos_write(b, rs->priv);
	return ok;
}

const struct ph_dialect ph_dialect_macos = {
	.name = "macos",
	.title = "macOS application firewall",
	.caps = 0,
	.recognise = recognise,
	.parse = ph_macos_parse,
	.emit = emit,
	.plan = ph_macos_plan,
	.fix = ph_macos_fix,
};
