/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "cmd/host.h"
#include "cmd/values.h"
#include "os/resolve.h"

bool
ph_host_split(struct ph_run *run, const char *opt, const char *text, uint16_t usual,
    const char **host, uint16_t *port)
{
	const char *colon = strrchr(text, ':'), *close = strrchr(text, ']');
	uint64_t n = usual;
	ph_u128 addr;
	size_t len = strlen(text);

	if (colon != NULL && !ph_addr_parse(ph_str(text), &addr) &&
	    (close == NULL || colon > close)) {
		len = (size_t)(colon - text);
		if (!ph_str_u64(ph_str(colon + 1), 10, 65535, &n) || n == 0) {
			ph_run_usage(run, "%s: '%s' is no port", opt, colon + 1);
			return false;
		}
	}
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0) {
		ph_run_usage(run, "%s: which host?", opt);
		return false;
	}
	*host = ph_arena_dup(&run->mem, text, len);
	*port = (uint16_t)n;
	return true;
}

/* What --resolve says of a name; NULL: nothing. */
static const char *
pinned(struct ph_run *run, const char *host)
{
	size_t len = strlen(host);

	for (const struct ph_arg *a = run->args.opts; a != NULL; a = a->next)
		if (a->id == PH_OPT_RESOLVE && strncmp(a->value, host, len) == 0 &&
		    a->value[len] == '=')
			return a->value + len + 1;
	return NULL;
}

int
ph_host_find(struct ph_run *run, const char *host, const struct ph_ranges **out)
{
	const char *why, *pin = pinned(run, host);
	ph_u128 addr;

	if (pin != NULL)
		return ph_values_addrs(run, "--resolve", pin, out) && *out != NULL ? 0 :
		    PH_EXIT_USAGE;

	if (ph_addr_parse(ph_str(host), &addr)) {
		*out = ph_ranges_one(&run->mem, addr, addr);
		return 0;
	}
	*out = ph_resolve_name(&run->mem, host, &why);
	if (*out != NULL)
		return 0;
	fprintf(run->err, "pinhole %s: cannot find the addresses of '%s': %s\n",
	    run->cmd->name, host, why);
	return PH_EXIT_UNKNOWN;
}

const char *
ph_host_list(struct ph_run *run, const struct ph_ranges *r)
{
	struct ph_buf b;

	ph_buf_init(&b, &run->mem);
	for (size_t i = 0; i < r->n; i++) {
		ph_buf_puts(&b, i > 0 ? "," : "");
		ph_range_print(&b, r->r[i]);
	}
	return b.s;
}
