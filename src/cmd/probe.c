/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "cmd/needs.h"
#include "cmd/values.h"
#include "os/clock.h"
#include "os/progress.h"
#include "os/resolve.h"
#include "os/tls.h"
#include "probe/probe.h"
#include "report/json.h"
#include "report/probe.h"
#include "report/site.h"

enum { CONTROL_PORT = 443 };

static const enum ph_opt_id opts[] = {
	PH_OPT_VIA, PH_OPT_KEY, PH_OPT_PEER_KEY, PH_OPT_QUICK, PH_OPT_EXHAUSTIVE,
	PH_OPT_RATE, PH_OPT_TIMERS, PH_OPT_STOP_AT, PH_OPT_CAP, PH_OPT_IPV4, PH_OPT_IPV6,
	PH_OPT_SITE, PH_OPT_CLIENTS, PH_OPT_AT, PH_OPT_SET, PH_OPT_RESOLVE,
	PH_OPT_STATEFUL_ONLY, PH_OPT_CATALOG, PH_OPT_W, PH_OPT_E, PH_OPT_JSON,
	PH_OPT_JSON_LINES, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

/* HOST, HOST:PORT, [ADDR]:PORT, or an address as it is. */
static bool
split_host(struct ph_run *run, const char *opt, const char *text, uint16_t usual,
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

/* All addresses of the responder: as pinned, as written, or as resolved. */
static int
find_host(struct ph_run *run, const char *host, const struct ph_ranges **out)
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
	fprintf(run->err, "pinhole probe: cannot find the addresses of '%s': %s\n", host, why);
	return PH_EXIT_UNKNOWN;
}

static bool
number(struct ph_run *run, enum ph_opt_id id, uint64_t max, uint32_t *out)
{
	const char *text = ph_opt_last(&run->args, id);
	uint64_t n;

	if (text == NULL)
		return true;
	if (!ph_str_u64(ph_str(text), 10, max, &n) || n == 0) {
		ph_run_usage(run, "%s: '%s' is no number from 1 to %llu", ph_opt_find(id)->name,
		    text, (unsigned long long)max);
		return false;
	}
	*out = (uint32_t)n;
	return true;
}

static int
read_keys(struct ph_run *run, struct ph_probe_opts *o, struct ph_tls_key **key)
{
	const char *path = ph_opt_last(&run->args, PH_OPT_KEY);
	const char *word = ph_opt_last(&run->args, PH_OPT_PEER_KEY);
	uint8_t *peer = ph_arena_alloc(&run->mem, PH_TLS_KEY);
	int err;

	if (path == NULL || word == NULL)
		return ph_run_usage(run, "%s: %s", path == NULL ? "--key FILE is missing" :
		    "--peer-key WORD is missing", path == NULL ?
		    "the key that 'pinhole keygen FILE' made, known to the responder" :
		    "the word that 'pinhole keygen' printed for the responder");
	err = ph_tls_key_read(path, key);
	if (err != 0)
		return ph_run_cannot_read(run, path, err);
	o->key = *key;
	if (!ph_tls_word_read(ph_str(word), peer))
		return ph_run_usage(run, "--peer-key: '%s' is no public key", word);
	o->peer = peer;
	return 0;
}

/* "A,B" as --at takes it. */
static const char *
list(struct ph_run *run, const struct ph_ranges *r)
{
	struct ph_buf b;

	ph_buf_init(&b, &run->mem);
	for (size_t i = 0; i < r->n; i++) {
		ph_buf_puts(&b, i > 0 ? "," : "");
		ph_range_print(&b, r->r[i]);
	}
	return b.s;
}

static void
on_phase(void *arg, const char *what)
{
	(void)arg;
	ph_progress_phase(what);
}

/* One line a flow, as soon as it is known. */
static void
on_flow(void *arg, const struct ph_measured *f)
{
	struct ph_run *run = arg;
	json_t *o = ph_json_measured(&run->mem, f);

	json_dumpf(o, run->out, JSON_COMPACT);
	fputc('\n', run->out);
	fflush(run->out);
	json_decref(o);
}

static void
report_json(struct ph_run *run, const struct ph_probe_result *r, const struct ph_needs *n)
{
	json_t *doc = ph_json_probe(&run->mem, r);

	ph_json_set(&run->mem, doc, "names", ph_json_names(&run->mem, &n->site));
	ph_json_set(&run->mem, doc, "date", ph_json_text(&run->mem, n->date));
	if (!ph_opt_given(&run->args, PH_OPT_JSON_LINES)) {
		ph_json_write(run->out, doc);
		return;
	}
	json_dumpf(doc, run->out, JSON_COMPACT);
	fputc('\n', run->out);
	json_decref(doc);
}

static int
read_numbers(struct ph_run *run, struct ph_probe_opts *o)
{
	uint32_t rate = 0;

	if (!number(run, PH_OPT_RATE, 1000000, &rate) ||
	    !number(run, PH_OPT_STOP_AT, 86400, &o->stop_at_s) ||
	    !number(run, PH_OPT_CAP, 86400, &o->cap_s))
		return PH_EXIT_USAGE;
	o->pps = rate;
	o->quick = ph_opt_given(&run->args, PH_OPT_QUICK);
	o->exhaustive = ph_opt_given(&run->args, PH_OPT_EXHAUSTIVE);
	o->timers = ph_opt_given(&run->args, PH_OPT_TIMERS) || o->stop_at_s > 0;
	o->only_v4 = ph_opt_given(&run->args, PH_OPT_IPV4);
	o->only_v6 = ph_opt_given(&run->args, PH_OPT_IPV6);
	o->seed = ph_clock_us();
	return 0;
}

static int
read_options(struct ph_run *run, struct ph_probe_opts *o, struct ph_tls_key **key)
{
	const char *host;
	int err;

	o->via = ph_opt_last(&run->args, PH_OPT_VIA);
	if (o->via == NULL)
		return ph_run_usage(run, "against which responder? Say --via HOST[:PORT]");
	if (!split_host(run, "--via", o->via, CONTROL_PORT, &host, &o->port))
		return PH_EXIT_USAGE;
	err = read_numbers(run, o);
	if (err == 0)
		err = read_keys(run, o, key);
	return err != 0 ? err : find_host(run, host, &o->addrs);
}

static int
probe(struct ph_run *run, struct ph_probe_opts *o, struct ph_tls_key **key)
{
	bool lines = ph_opt_given(&run->args, PH_OPT_JSON_LINES);
	struct ph_text t = { .mem = &run->mem, .out = run->out, .colour = run->colour };
	struct ph_probe_result r;
	struct ph_needs n;
	int err = read_options(run, o, key);

	if (err == 0)
		err = ph_needs_via(run, run->args.pos, run->args.n_pos, list(run, o->addrs), &n);
	if (err != 0)
		return err;
	o->flow = lines ? on_flow : NULL;
	ph_probe_run(&run->mem, o, n.reqs.v, n.reqs.n, &r);
	ph_progress_stop();
	if (run->json || lines) {
		report_json(run, &r, &n);
	} else {
		ph_report_probe(&t, &r);
		ph_report_names(&t, &n.site, n.date);
	}
	return ph_result_exit(&r);
}

static int
run_probe(struct ph_run *run)
{
	struct ph_probe_opts o = { .phase = on_phase, .arg = run };
	struct ph_tls_key *key = NULL;
	int status = probe(run, &o, &key);

	ph_tls_key_free(key);
	return status;
}

const struct ph_cmd ph_cmd_probe = {
	.name = "probe",
	.args = "SERVICE...",
	.title = "measure from here what gets through to a responder",
	.about = "Tests each flow of the services from this computer to a responder "
	    "(pinhole serve) that stands in for them, says in the first line whether they "
	    "work and what to do, and writes the request to the administrator. Needs no "
	    "rights.",
	.opts = opts,
	.min_args = 1,
	.first = PH_WORDS_SERVICE, .rest = PH_WORDS_SERVICE,
	.run = run_probe,
};
