/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "cmd/run.h"
#include "cmd/values.h"
#include "os/file.h"
#include "os/live.h"
#include "os/progress.h"

int
ph_run_usage(struct ph_run *run, const char *fmt, ...)
{
	va_list ap;

	fprintf(run->err, "pinhole %s: ", run->cmd->name);
	va_start(ap, fmt);
	vfprintf(run->err, fmt, ap);
	va_end(ap);
	fprintf(run->err, "\nTry 'pinhole help %s'.\n", run->cmd->name);
	return PH_EXIT_USAGE;
}

int
ph_run_cannot_read(struct ph_run *run, const char *path, int err)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;

	if (err == -EFBIG)
		fprintf(run->err, "pinhole: cannot read '%s': more than %zu MiB\n",
		    name, PH_FILE_MAX >> 20);
	else
		fprintf(run->err, "pinhole: cannot read '%s': %s\n", name, strerror(-err));
	if (err != -EACCES && err != -EPERM)
		return PH_EXIT_NO_INPUT;
	fputs("It takes permission to read the file, or the capability "
	    "CAP_DAC_READ_SEARCH.\n", run->err);
	return PH_EXIT_NO_PERMISSION;
}

int
ph_run_dialect(struct ph_run *run, enum ph_opt_id id, const struct ph_dialect **out)
{
	const char *name = ph_opt_last(&run->args, id), *near;
	const char *words[32];
	size_t n;
	const struct ph_dialect *const *all = ph_dialects(&n);
	struct ph_buf list;

	*out = name != NULL ? ph_dialect_find(name) : NULL;
	if (name == NULL || *out != NULL)
		return 0;
	ph_buf_init(&list, &run->mem);
	for (size_t i = 0; i < n && i < 32; i++) {
		words[i] = all[i]->name;
		ph_buf_printf(&list, " %s", words[i]);
	}
	near = ph_str_nearest(ph_str(name), words, n < 32 ? n : 32);
	return ph_run_usage(run, "unknown dialect '%s'%s%s%s\nThere are:%s", name,
	    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
	    near != NULL ? "'?" : "", list.s);
}

static int
not_recognised(struct ph_run *run, const struct ph_src *src)
{
	size_t n;
	const struct ph_dialect *const *all = ph_dialects(&n);

	fprintf(run->err, "%s: error[unknown-dialect]: this does not look like a "
	    "configuration that Pinhole knows\n"
	    "If it is one, say which with --dialect NAME:\n", src->name);
	for (size_t i = 0; i < n; i++)
		fprintf(run->err, "  %-10s %s\n", all[i]->name, all[i]->title);
	return PH_EXIT_DATA;
}

int
ph_run_parse_opts(struct ph_run *run, struct ph_parse_opts *o)
{
	const char *sets = ph_opt_last(&run->args, PH_OPT_IPSET);
	int err;

	*o = (struct ph_parse_opts){
		.open = ph_input_include, .glob = ph_input_glob, .arg = &run->input,
	};
	err = sets != NULL ? ph_file_read(&run->mem, sets, &o->sets) : 0;
	return err != 0 ? ph_run_cannot_read(run, sets, err) : 0;
}

/* Some readers see NUL bytes for themselves; the others leave them to this. */
static void
refuse_nul(struct ph_run *run, struct ph_src *src)
{
	const char *nul = memchr(src->text, '\0', src->len);

	if (nul != NULL)
		ph_diag(&run->diags, PH_ERROR, "nul-byte",
		    (struct ph_span){ src, (uint32_t)(nul - src->text), 1 },
		    "a NUL byte: this is not a text");
}

int
ph_run_text(struct ph_run *run, const struct ph_dialect *d, struct ph_src *src,
    struct ph_ruleset *rs)
{
	unsigned errors = run->diags.errors;
	struct ph_parse_opts o;
	bool good;
	int err = ph_run_parse_opts(run, &o);

	if (err != 0)
		return err;
	if (d == NULL)
		d = ph_dialect_recognise((struct ph_str){ src->text, src->len });
	if (d == NULL || d->parse == NULL)
		return not_recognised(run, src);
	good = d->parse(&run->mem, &run->diags, src, &o, rs);
	if (good)
		refuse_nul(run, src);
	ph_diags_end(&run->diags);
	return good && run->diags.errors == errors ? 0 : PH_EXIT_DATA;
}

static int
no_permission(struct ph_run *run, const char *why)
{
	fprintf(run->err, "pinhole: cannot read this host's rules: %s\n"
	    "It takes the capability CAP_NET_ADMIN: run it as root.\n",
	    why != NULL ? why : strerror(EPERM));
	return PH_EXIT_NO_PERMISSION;
}

/* Tables of the older iptables filter beside nftables: both must let pass. */
static void
add_legacy(struct ph_run *run, struct ph_ruleset *rs, bool v6)
{
	const struct ph_dialect *d = ph_dialect_find("iptables");
	struct ph_ruleset more;
	struct ph_src *src;
	enum ph_live_legacy found = ph_live_iptables(&run->mem, v6, &src);
	const char *why = v6 ? "rules of ip6tables-legacy, which could not be read" :
	    "rules of iptables-legacy, which could not be read";

	if (found == PH_LIVE_NONE)
		return;
	if (found == PH_LIVE_READ && ph_run_text(run, d, src, &more) == 0) {
		ph_ruleset_merge(&run->mem, rs, &more);
		return;
	}
	ph_diag(&run->diags, PH_WARN, "live-legacy", (struct ph_span){ rs->src, 0, 0 },
	    "this host has %s", why);
	ph_ruleset_gap(&run->mem, rs, (struct ph_span){ rs->src, 0, 0 }, why);
}

static int
read_live(struct ph_run *run, struct ph_ruleset *rs)
{
	const struct ph_dialect *d = ph_dialect_find("nftables");
	const char *why;
	struct ph_src *src;
	int err = ph_live_nftables(&run->mem, &src, &why);

	if (err == -EPERM)
		return no_permission(run, why);
	if (err != 0) {
		fprintf(run->err, "pinhole: cannot read this host's rules: %s\n",
		    why != NULL ? why : strerror(-err));
		return PH_EXIT_NO_INPUT;
	}
	err = ph_run_text(run, d, src, rs);
	if (err != 0)
		return err;
	add_legacy(run, rs, false);
	add_legacy(run, rs, true);
	ph_live_timers(&run->mem, rs);
	ph_live_addrs(&run->mem, rs);
	return 0;
}

/* --addr IF=ADDRS: what the text does not say of an interface. */
static bool
take_addr(struct ph_run *run, const char *text, struct ph_ruleset *rs)
{
	const char *eq = strchr(text, '=');
	const struct ph_ranges *r;
	struct ph_iface *i;

	if (eq == NULL || eq == text) {
		ph_run_usage(run, "--addr needs an interface and its addresses: IF=ADDRS");
		return false;
	}
	if (!ph_values_addrs(run, "--addr", eq + 1, &r))
		return false;
	i = ph_ruleset_iface(&run->mem, rs, (struct ph_str){ text, (size_t)(eq - text) });
	i->addrs = i->addrs == NULL ? r : ph_ranges_union(&run->mem, i->addrs, r);
	return true;
}

static int
take_addrs(struct ph_run *run, struct ph_ruleset *rs)
{
	for (const struct ph_arg *a = run->args.opts; a != NULL; a = a->next)
		if (a->id == PH_OPT_ADDR && !take_addr(run, a->value, rs))
			return PH_EXIT_USAGE;
	return 0;
}

int
ph_run_firewall(struct ph_run *run, const char *path, struct ph_ruleset *rs)
{
	const struct ph_dialect *d;
	struct ph_src *src;
	int err = ph_run_dialect(run, PH_OPT_DIALECT, &d);

	if (err != 0)
		return err;
	ph_progress_phase("reading");
	if (strcmp(path, "live") == 0) {
		err = read_live(run, rs);
	} else {
		err = ph_input_open(&run->input, path, &src);
		if (err != 0)
			return ph_run_cannot_read(run, path, err);
		err = ph_run_text(run, d, src, rs);
	}
	return err != 0 ? err : take_addrs(run, rs);
}
