/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <unistd.h>

#include "cmd/account.h"
#include "cmd/host.h"
#include "cmd/needs.h"
#include "cmd/proxy.h"
#include "os/progress.h"
#include "os/resolve.h"
#include "os/tls.h"
#include "report/json.h"
#include "report/tunnel.h"

enum { TLS_PORT = 443, TURN_PORT = 3478 };

static const enum ph_opt_id opts[] = {
	PH_OPT_VIA, PH_OPT_TURN_USER, PH_OPT_TURN_PASSWORD, PH_OPT_TURN_PORT, PH_OPT_PEER_KEY,
	PH_OPT_CA_FILE, PH_OPT_RUNGS, PH_OPT_PROXY, PH_OPT_PROXY_ACCOUNT,
	PH_OPT_SITE, PH_OPT_AT, PH_OPT_SET, PH_OPT_RESOLVE, PH_OPT_CATALOG, PH_OPT_W, PH_OPT_E,
	PH_OPT_SYSTEM, PH_OPT_JSON, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

static bool
read_rungs(struct ph_run *run, struct ph_tunnel_opts *o)
{
	const char *words[PH_N_RUNGS], *const *v, *near;
	size_t n = ph_opt_all(&run->mem, &run->args, PH_OPT_RUNGS, &v);
	bool only[PH_N_RUNGS] = { false };

	for (enum ph_rung r = 0; r < PH_N_RUNGS; r++)
		words[r] = ph_rung_word(r);
	for (size_t i = 0; i < n; i++) {
		enum ph_rung r = 0;

		while (r < PH_N_RUNGS && strcmp(words[r], v[i]) != 0)
			r++;
		if (r == PH_N_RUNGS) {
			near = ph_str_nearest(ph_str(v[i]), words, PH_N_RUNGS);
			ph_run_usage(run, "--rungs: unknown rung '%s'%s%s%s", v[i],
			    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
			    near != NULL ? "'?" : "");
			return false;
		}
		only[r] = true;
	}
	for (enum ph_rung r = 0; n > 0 && r < PH_N_RUNGS; r++)
		if (!only[r])
			o->ports[r] = 0;
	return true;
}

static bool
read_trust(struct ph_run *run, struct ph_tunnel_opts *o)
{
	const char *word = ph_opt_last(&run->args, PH_OPT_PEER_KEY);
	uint8_t *key = ph_arena_alloc(&run->mem, PH_TLS_KEY);

	o->ca_file = ph_opt_last(&run->args, PH_OPT_CA_FILE);
	if (word == NULL)
		return true;
	if (!ph_tls_word_read(ph_str(word), key)) {
		ph_run_usage(run, "--peer-key: '%s' is no public key", word);
		return false;
	}
	o->peer_key = key;
	return true;
}

static int
read_relay(struct ph_run *run, struct ph_tunnel_opts *o)
{
	const char *via = ph_opt_last(&run->args, PH_OPT_VIA);
	const char *port = ph_opt_last(&run->args, PH_OPT_TURN_PORT);
	uint64_t turn = TURN_PORT;
	int err;

	if (via == NULL)
		return ph_run_usage(run, "through which relay? Say --via HOST[:PORT]");
	if (!ph_host_split(run, "--via", via, TLS_PORT, &o->host, &o->ports[PH_RUNG_TLS]))
		return PH_EXIT_USAGE;
	if (port != NULL && (!ph_str_u64(ph_str(port), 10, 65535, &turn) || turn == 0))
		return ph_run_usage(run, "--turn-port: '%s' is no port", port);
	o->ports[PH_RUNG_UDP] = o->ports[PH_RUNG_TCP] = (uint16_t)turn;
	if (!read_rungs(run, o) || !read_trust(run, o))
		return PH_EXIT_USAGE;
	err = ph_account_read(run, &o->username, &o->password);
	if (err != 0)
		return err;
	/* the program is not to inherit it */
	o->password.s = ph_arena_dup(&run->mem, o->password.s, o->password.len);
	unsetenv("TURN_PASSWORD");
	return 0;
}

/* With a proxy, the relay's name need not mean anything here: the proxy knows. */
static int
find_addresses(struct ph_run *run, struct ph_tunnel_opts *o)
{
	struct ph_proxy proxy;
	const char *why;
	int err = ph_proxy_read(run, o->host, &proxy);

	if (err != 0)
		return err;
	if (proxy.host != NULL) {
		err = ph_host_find(run, proxy.host, &o->proxy_addrs);
		if (err != 0)
			return err;
		o->proxy_port = proxy.port;
		o->proxy_account = proxy.account;
		o->addrs = ph_resolve_name(&run->mem, o->host, &why);
		if (o->addrs == NULL)
			o->addrs = ph_ranges_none();
		if (o->addrs->n == 0 && !ph_opt_given(&run->args, PH_OPT_RESOLVE))
			return 0;
	}
	return ph_host_find(run, o->host, &o->addrs);
}

/* What is shown while it runs: to people on a terminal, or to programs. */
struct show {
	struct ph_run *run;
	struct ph_report_tunnel last;
	bool proxy, terminal, shown;	/* shown: a line is to be wiped */
};

static const char *
way_text(const struct show *w, const struct ph_way *way)
{
	struct ph_buf b;

	ph_buf_init(&b, &w->run->mem);
	ph_report_way(&b, way, w->proxy);
	return b.s;
}

static void
wipe(struct show *w)
{
	if (w->shown)
		fputs("\r\033[K", w->run->err);
	w->shown = false;
}

static void
show_json(struct show *w, const char *event, const struct ph_tunnel_status *s)
{
	struct ph_arena_mark mark = ph_arena_mark(&w->run->mem);
	json_t *o = ph_json_tunnel(&w->run->mem, &w->last, event, s);

	json_dumpf(o, w->run->err, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', w->run->err);
	fflush(w->run->err);
	json_decref(o);
	ph_arena_rewind(&w->run->mem, mark);
}

/* Once, and to everybody: a relay is the second best. */
static void
on_begun(void *arg, const struct ph_tunnel_status *s)
{
	struct show *w = arg;
	struct ph_run *run = w->run;

	ph_progress_stop();
	if (run->json) {
		show_json(w, "begun", s);
		return;
	}
	fprintf(run->err, "pinhole tunnel: %s.\n"
	    "Relayed calls are worse than direct ones, and load servers that others share.\n"
	    "Opening the firewall is the better way; this writes the request for it:\n"
	    "    pinhole check %s --request\n",
	    way_text(w, &s->ladder->way[s->way]), run->args.pos[0]);
}

static void
on_status(void *arg, const struct ph_tunnel_status *s)
{
	struct show *w = arg;
	struct ph_arena_mark mark = ph_arena_mark(&w->run->mem);
	struct ph_buf b;

	if (w->run->json) {
		show_json(w, "status", s);
		return;
	}
	if (!w->terminal)
		return;
	ph_buf_init(&b, &w->run->mem);
	ph_report_tunnel(&b, &w->last, s);
	fprintf(w->run->err, "\r%s\033[K", b.s);
	fflush(w->run->err);
	w->shown = true;
	ph_arena_rewind(&w->run->mem, mark);
}

static void
on_changed(void *arg, const struct ph_tunnel_status *s)
{
	struct show *w = arg;

	if (w->run->json) {
		show_json(w, "changed", s);
		return;
	}
	wipe(w);
	fprintf(w->run->err, "pinhole tunnel: now %s\n", way_text(w, &s->ladder->way[s->way]));
}

static void
on_refused(void *arg, enum ph_turn_outcome outcome)
{
	struct show *w = arg;

	wipe(w);
	fprintf(w->run->err, "pinhole tunnel: no address for another socket: %s\n",
	    ph_turn_outcome_sentence(outcome));
}

static void
on_no_tcp(void *arg, enum ph_turn_outcome outcome)
{
	struct show *w = arg;

	wipe(w);
	fprintf(w->run->err, "pinhole tunnel: TCP goes directly, since the relay does not carry "
	    "it: %s\n", outcome == PH_TURN_TRANSPORT ? "it relays UDP only" :
	    ph_turn_outcome_sentence(outcome));
}

static void
on_forbidden(void *arg, ph_u128 peer)
{
	struct show *w = arg;
	char addr[PH_ADDR_TEXT];

	wipe(w);
	fprintf(w->run->err, "pinhole tunnel: the relay forbids packets to %s; its operator can "
	    "allow that address\n", ph_addr_format(peer, addr));
}

static void
no_way(struct show *w, const struct ph_tunnel_end *end)
{
	FILE *err = w->run->err;

	fprintf(err, "pinhole tunnel: no way to the relay works from here:\n");
	for (unsigned i = 0; i < end->ladder.n; i++)
		fprintf(err, "    %s: %s\n", way_text(w, &end->ladder.way[i]),
		    end->ladder.way[i].why != NULL ? end->ladder.way[i].why : "not tried");
}

static int
report_end(struct show *w, const struct ph_tunnel_end *end)
{
	struct ph_run *run = w->run;

	wipe(w);
	switch (end->fate) {
	case PH_TUNNEL_RAN:
	case PH_TUNNEL_STOPPED:
		return end->status;
	case PH_TUNNEL_NO_WAY:
		no_way(w, end);
		return PH_EXIT_UNKNOWN;
	case PH_TUNNEL_NOT_PERMITTED:
		fprintf(run->err, "pinhole tunnel: %s\n", end->why);
		return PH_EXIT_NO_PERMISSION;
	case PH_TUNNEL_BROKEN:
		fprintf(run->err, "pinhole tunnel: %s\n", end->why);
		break;
	}
	return PH_EXIT_BUG;
}

/* The words after "--", as exec takes them. */
static const char *const *
program(struct ph_run *run)
{
	size_t n = run->args.n_pos - run->args.n_before;
	const char **v = ph_arena_array(&run->mem, n + 1, sizeof(*v));

	memcpy(v, run->args.pos + run->args.n_before, n * sizeof(*v));
	return v;
}

static int
run_tunnel(struct ph_run *run)
{
	struct show w = { .run = run, .terminal = isatty(STDERR_FILENO) };
	struct ph_tunnel_opts o = { .begun = on_begun, .status = on_status,
	    .changed = on_changed, .refused = on_refused, .no_tcp = on_no_tcp,
	    .forbidden = on_forbidden, .arg = &w };
	struct ph_tunnel_end end;
	struct ph_needs n;
	struct ph_want want;
	int err = read_relay(run, &o);

	if (err != 0)
		return err;
	if (run->args.n_before == 0)
		return ph_run_usage(run, "of which service? Say SERVICE before '--'");
	if (ph_opt_given(&run->args, PH_OPT_SYSTEM) != (run->args.n_before == run->args.n_pos))
		return ph_run_usage(run, "either a program after '--', or --system");
	err = find_addresses(run, &o);
	if (err == 0)
		err = ph_needs_load(run, run->args.pos, run->args.n_before, "live", &n);
	if (err != 0)
		return err;
	ph_want_init(&want, &run->mem, n.reqs.v, n.reqs.n);
	o.want = &want;
	if (!ph_opt_given(&run->args, PH_OPT_SYSTEM))
		o.argv = program(run);
	w.proxy = o.proxy_addrs != NULL;
	ph_progress_phase("looking for a way to the relay");
	ph_tunnel_run(&run->mem, &o, &end);
	return report_end(&w, &end);
}

const struct ph_cmd ph_cmd_tunnel = {
	.name = "tunnel",
	.args = "SERVICE... [-- PROGRAM [ARG]...]",
	.title = "run a program whose calls go through a relay",
	.about = "When the firewall cannot be opened: runs an unmodified program in a network "
	    "of its own, whose traffic to the services goes through a TURN relay, over UDP, "
	    "TCP or TLS, whichever works, and everything else as ever. Needs no rights.",
	.opts = opts,
	.min_args = 1,
	.first = PH_WORDS_SERVICE, .rest = PH_WORDS_SERVICE,
	.run = run_tunnel,
};
