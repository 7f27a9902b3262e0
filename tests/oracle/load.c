/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "oracle.h"
#include "run.h"

static const char *const restore[N_BACKENDS][2] = {
	[NFT] = { "nft", "nft" },
	[IPT_NFT] = { "iptables-nft-restore", "ip6tables-nft-restore" },
	[IPT_LEGACY] = { "iptables-legacy-restore", "ip6tables-legacy-restore" },
};

static const char *const save[N_BACKENDS][2] = {
	[IPT_NFT] = { "iptables-nft-save", "ip6tables-nft-save" },
	[IPT_LEGACY] = { "iptables-legacy-save", "ip6tables-legacy-save" },
};

static const char no_tables[] =
	"*raw\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n"
	"*mangle\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:FORWARD ACCEPT\n"
	":OUTPUT ACCEPT\n:POSTROUTING ACCEPT\nCOMMIT\n"
	"*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n"
	":POSTROUTING ACCEPT\nCOMMIT\n"
	"*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n";

static bool legacy_used[2], sets_used;

void
load_clear(void)
{
	struct ph_arena mem = { 0 };
	const char *out, *err;

	run_tool((const char *const []){ "nft", "flush", "ruleset", NULL }, NULL,
	    &mem, &out, &err);
	for (int v6 = 0; v6 < 2; v6++) {
		if (legacy_used[v6])
			run_tool((const char *const []){ restore[IPT_LEGACY][v6],
			    NULL }, no_tables, &mem, &out, &err);
		legacy_used[v6] = false;
	}
	if (sets_used)
		run_tool((const char *const []){ "ipset", "destroy", NULL }, NULL,
		    &mem, &out, &err);
	sets_used = false;
	ph_arena_fini(&mem);
}

bool
load_kernel(enum backend b, bool v6, const char *rules, const char *sets,
    struct ph_arena *mem, const char **why)
{
	const char *out;

	load_clear();
	if (sets != NULL && sets[0] != '\0') {
		sets_used = true;
		if (run_tool((const char *const []){ "ipset", "restore", NULL },
		    sets, mem, &out, why) != 0)
			return false;
	}
	if (b == NFT)
		return run_tool((const char *const []){ "nft", "-f", "-", NULL },
		    rules, mem, &out, why) == 0;
	legacy_used[v6] |= b == IPT_LEGACY;
	return run_tool((const char *const []){ restore[b][v6], NULL }, rules, mem,
	    &out, why) == 0;
}

const char *
load_list(enum backend b, bool v6, struct ph_arena *mem)
{
	const char *out, *err;
	const char *const list[] = { "nft", "list", "ruleset", NULL };
	const char *const tables[] = { save[b][v6], NULL };

	if (run_tool(b == NFT ? list : tables, NULL, mem, &out, &err) != 0)
		return NULL;
	return out;
}

bool
load_have(enum backend b)
{
	struct ph_arena mem = { 0 };
	const char *why = "";
	bool ok = load_kernel(b, false, b == NFT ? "" : no_tables, NULL, &mem, &why);

	if (!ok)
		printf("# %s: %s\n", restore[b][0], why);
	ph_arena_fini(&mem);
	load_clear();
	return ok;
}

static struct ph_src *
source(struct ph_arena *mem, const char *name, const char *text)
{
	struct ph_src *s = PH_NEW(mem, struct ph_src);

	*s = (struct ph_src){
		.name = name, .text = text, .len = (uint32_t)strlen(text),
	};
	return s;
}

bool
load_parse(enum backend b, const char *rules, const char *sets,
    struct ph_arena *mem, struct ph_ruleset *rs, FILE *out)
{
	const struct ph_dialect *d = ph_dialect_find(b == NFT ? "nftables" : "iptables");
	struct ph_diags diags = { .out = out, .max_shown = 10 };
	struct ph_parse_opts opts = { 0 };

	if (sets != NULL && sets[0] != '\0')
		opts.sets = source(mem, "sets", sets);
	if (d == NULL || d->parse == NULL)
		return false;
	return d->parse(mem, &diags, source(mem, "rules", rules), &opts, rs);
}
