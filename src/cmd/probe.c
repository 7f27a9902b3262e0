/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "cmd/account.h"
#include "cmd/host.h"
#include "cmd/needs.h"
#include "cmd/via.h"
#include "os/clock.h"
#include "os/progress.h"
#include "os/tls.h"
#include "probe/relaying.h"
#include "report/json.h"
#include "report/probe.h"
#include "report/site.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_VIA, PH_OPT_KEY, PH_OPT_PEER_KEY, PH_OPT_QUICK, PH_OPT_EXHAUSTIVE,
	PH_OPT_TURN, PH_OPT_TURN_USER, PH_OPT_TURN_PASSWORD, PH_OPT_CA_FILE,
	PH_OPT_RATE, PH_OPT_TIMERS, PH_OPT_STOP_AT, PH_OPT_CAP, PH_OPT_IPV4, PH_OPT_IPV6,
	PH_OPT_SITE, PH_OPT_CLIENTS, PH_OPT_AT, PH_OPT_SET, PH_OPT_RESOLVE,
	PH_OPT_STATEFUL_ONLY, PH_OPT_CATALOG, PH_OPT_W, PH_OPT_E, PH_OPT_JSON,
	PH_OPT_JSON_LINES, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

static bool
number(struct ph_run *run, enum ph_opt_id id, uint64_t least, uint64_t max, uint32_t *out)
{
	const char *text = ph_opt_last(&run->args, id);
	uint64_t n;

	if (text == NULL)
		return true;
	if (!ph_str_u64(ph_str(text), 10, max, &n) || n < least) {
		ph_run_usage(run, "%s: '%s' is no number from %llu to %llu", ph_opt_find(id)->name,
		    text, (unsigned long long)least, (unsigned long long)max);
		return false;
	}
	*out = (uint32_t)n;
	return true;
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

	if (!number(run, PH_OPT_RATE, 0, 1000000, &rate) ||
	    !number(run, PH_OPT_STOP_AT, 1, 86400, &o->stop_at_s) ||
	    !number(run, PH_OPT_CAP, 1, 86400, &o->cap_s))
		return PH_EXIT_USAGE;
	o->pps = rate;
	o->unpaced = rate == 0 && ph_opt_given(&run->args, PH_OPT_RATE);
	o->quick = ph_opt_given(&run->args, PH_OPT_QUICK);
	o->exhaustive = ph_opt_given(&run->args, PH_OPT_EXHAUSTIVE);
	o->timers = ph_opt_given(&run->args, PH_OPT_TIMERS) || o->stop_at_s > 0;
	o->only_v4 = ph_opt_given(&run->args, PH_OPT_IPV4);
	o->only_v6 = ph_opt_given(&run->args, PH_OPT_IPV6);
	o->seed = ph_clock_us();
	return 0;
}

enum { TURN_PORT = 3478, TURNS_PORT = 5349 };

static const struct turn_word {
	const char *scheme, *transport;	/* transport: NULL: not said */
	enum ph_relaying_transport is;
} turn_words[] = {
	{ "turn:", "udp", PH_RELAYING_UDP }, { "turn:", "tcp", PH_RELAYING_TCP },
	{ "turns:", "tcp", PH_RELAYING_TLS }, { "turns:", NULL, PH_RELAYING_TLS },
};

/*
 * A URI of RFC 7065, "turn:HOST:PORT?transport=tcp", names one transport; "turn:" without one
 * leaves all to be tried.  "turn:3478" is a host called so.  What is left is HOST[:PORT].
 */
static bool
turn_uri(struct ph_run *run, struct ph_probe_opts *o, const char **text)
{
	const char *colon = strchr(*text, ':'), *query = strchr(*text, '?'), *transport = NULL;
	size_t scheme = colon != NULL ? (size_t)(colon + 1 - *text) : 0;
	bool is_uri = scheme > 0 && strspn(*text + scheme, "0123456789") < strlen(*text + scheme) &&
	    (strncmp(*text, "turn:", scheme) == 0 || strncmp(*text, "turns:", scheme) == 0);

	if (is_uri && query != NULL && strncmp(query, "?transport=", 11) == 0)
		transport = query + 11;
	if (query != NULL && transport == NULL) {
		ph_run_usage(run, "--turn: '%s' is not understood; say "
		    "turn:HOST:PORT?transport=udp or =tcp", query);
		return false;
	}
	for (size_t i = 0; is_uri && i < sizeof(turn_words) / sizeof(*turn_words); i++) {
		const struct turn_word *w = &turn_words[i];

		if (strncmp(*text, w->scheme, scheme) == 0 && scheme == strlen(w->scheme) &&
		    (w->transport == NULL || transport == NULL ? w->transport == transport :
		    strcmp(w->transport, transport) == 0))
			o->turn.only = 1u << w->is;
	}
	if (transport != NULL && o->turn.only == 0) {
		ph_run_usage(run, "--turn: '%s' is no transport of %.*s", transport,
		    (int)scheme - 1, *text);
		return false;
	}
	if (is_uri)
		*text = ph_arena_dup(&run->mem, *text + scheme,
		    query != NULL ? (size_t)(query - *text) - scheme : strlen(*text) - scheme);
	return true;
}

static int
read_turn(struct ph_run *run, struct ph_probe_opts *o)
{
	const char *turn = ph_opt_last(&run->args, PH_OPT_TURN);
	struct ph_str user, password;
	bool tls;
	int err;

	if (turn == NULL)
		return 0;
	if (!turn_uri(run, o, &turn))
		return PH_EXIT_USAGE;
	tls = o->turn.only == 1u << PH_RELAYING_TLS;
	if (!ph_host_split(run, "--turn", turn, tls ? TURNS_PORT : TURN_PORT, &o->turn.name,
	    &o->turn.port))
		return PH_EXIT_USAGE;
	if (tls) {
		o->turn.tls_port = o->turn.port;
		o->turn.port = TURN_PORT;
	}
	err = ph_account_read(run, &user, &password);
	if (err != 0)
		return err;
	o->turn.user = ph_arena_dup(&run->mem, user.s, user.len);
	o->turn.password = ph_arena_dup(&run->mem, password.s, password.len);
	o->turn.ca_file = ph_opt_last(&run->args, PH_OPT_CA_FILE);
	return ph_host_find(run, o->turn.name, &o->turn.addrs);
}

static int
read_options(struct ph_run *run, struct ph_probe_opts *o, struct ph_tls_key **key)
{
	bool via = ph_opt_given(&run->args, PH_OPT_VIA);
	int err;

	if (!via && !ph_opt_given(&run->args, PH_OPT_TURN))
		return ph_run_usage(run, "against which test server (a host that runs "
		    "'pinhole serve')? Say --via HOST[:PORT], or "
		    "--turn HOST[:PORT] for a relay alone; 'pinhole check' needs neither");
	err = read_numbers(run, o);
	if (err == 0)
		err = read_turn(run, o);
	if (err == 0 && !via)
		o->addrs = ph_ranges_none();
	return err != 0 || !via ? err : ph_via_read(run, o, key);
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
		err = ph_needs_via(run, run->args.pos, run->args.n_pos, ph_host_list(run,
		    o->addrs->n > 0 ? o->addrs : o->turn.addrs), &n);
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
