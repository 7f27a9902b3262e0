/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/host.h"
#include "cmd/needs.h"
#include "cmd/proxy.h"
#include "os/file.h"
#include "os/resolve.h"
#include "os/tls.h"
#include "tunnel/tunnel.h"

enum { TLS_PORT = 443, TURN_PORT = 3478 };

static const enum ph_opt_id opts[] = {
	PH_OPT_VIA, PH_OPT_TURN_USER, PH_OPT_TURN_PASSWORD, PH_OPT_TURN_PORT, PH_OPT_PEER_KEY,
	PH_OPT_CA_FILE, PH_OPT_RUNGS, PH_OPT_PROXY, PH_OPT_PROXY_ACCOUNT,
	PH_OPT_SITE, PH_OPT_AT, PH_OPT_SET, PH_OPT_RESOLVE, PH_OPT_CATALOG, PH_OPT_W, PH_OPT_E,
	PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

/* The first line of a file, or what the environment says. */
static int
read_password(struct ph_run *run, struct ph_str *out)
{
	const char *path = ph_opt_last(&run->args, PH_OPT_TURN_PASSWORD);
	const char *env = getenv("TURN_PASSWORD");
	struct ph_src *src;
	int err;

	if (path == NULL) {
		*out = ph_str(env != NULL ? env : "");
		return env != NULL ? 0 : ph_run_usage(run, "the relay's password is missing: "
		    "--turn-password FILE, or $TURN_PASSWORD");
	}
	err = ph_file_read(&run->mem, path, &src);
	if (err != 0)
		return ph_run_cannot_read(run, path, err);
	*out = (struct ph_str){ src->text, strcspn(src->text, "\r\n") };
	return 0;
}

static int
read_account(struct ph_run *run, struct ph_tunnel_opts *o)
{
	const char *user = ph_opt_last(&run->args, PH_OPT_TURN_USER);

	if (user == NULL)
		user = getenv("TURN_USER");
	if (user == NULL)
		return ph_run_usage(run, "the name at the relay is missing: --turn-user NAME, or "
		    "$TURN_USER");
	o->username = ph_str(user);
	return read_password(run, &o->password);
}

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

	if (via == NULL)
		return ph_run_usage(run, "through which relay? Say --via HOST[:PORT]");
	if (!ph_host_split(run, "--via", via, TLS_PORT, &o->host, &o->ports[PH_RUNG_TLS]))
		return PH_EXIT_USAGE;
	if (port != NULL && (!ph_str_u64(ph_str(port), 10, 65535, &turn) || turn == 0))
		return ph_run_usage(run, "--turn-port: '%s' is no port", port);
	o->ports[PH_RUNG_UDP] = o->ports[PH_RUNG_TCP] = (uint16_t)turn;
	if (!read_rungs(run, o) || !read_trust(run, o))
		return PH_EXIT_USAGE;
	return read_account(run, o);
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

static const char *
way_text(struct ph_run *run, const struct ph_way *w)
{
	char addr[PH_ADDR_TEXT];

	return ph_arena_printf(&run->mem, "%s to %s port %u", ph_rung_title(w->rung),
	    ph_addr_format(w->addr, addr), (unsigned)w->port);
}

/* Once, and to everybody: a relay is the second best. */
static void
on_begun(void *arg, const struct ph_tunnel_status *s)
{
	struct ph_run *run = arg;

	fprintf(run->err, "pinhole tunnel: through the relay by %s.\n"
	    "Relayed calls are worse than direct ones and load servers that others share. "
	    "Opening\nthe firewall is the better way; this writes the request for it:\n"
	    "    pinhole check %s --request\n",
	    way_text(run, &s->ladder->way[s->way]), run->args.pos[0]);
}

static void
no_way(struct ph_run *run, const struct ph_tunnel_end *end)
{
	fprintf(run->err, "pinhole tunnel: no way to the relay works from here:\n");
	for (unsigned i = 0; i < end->ladder.n; i++)
		fprintf(run->err, "    %s: %s\n", way_text(run, &end->ladder.way[i]),
		    end->ladder.way[i].why != NULL ? end->ladder.way[i].why : "not tried");
}

static int
report_end(struct ph_run *run, const struct ph_tunnel_end *end)
{
	switch (end->fate) {
	case PH_TUNNEL_RAN:
	case PH_TUNNEL_STOPPED:
		return end->status;
	case PH_TUNNEL_NO_WAY:
		no_way(run, end);
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
	struct ph_tunnel_opts o = { .begun = on_begun, .arg = run };
	struct ph_tunnel_end end;
	struct ph_needs n;
	struct ph_want want;
	int err = read_relay(run, &o);

	if (err != 0)
		return err;
	if (run->args.n_before == 0)
		return ph_run_usage(run, "of which service? Say SERVICE before '--'");
	if (run->args.n_before == run->args.n_pos)
		return ph_run_usage(run, "which program? Say it after '--'");
	err = find_addresses(run, &o);
	if (err == 0)
		err = ph_needs_via(run, run->args.pos, run->args.n_before,
		    ph_host_list(run, o.addrs), &n);
	if (err != 0)
		return err;
	ph_want_init(&want, &run->mem, n.reqs.v, n.reqs.n);
	o.want = &want;
	o.argv = program(run);
	ph_tunnel_run(&run->mem, &o, &end);
	return report_end(run, &end);
}

const struct ph_cmd ph_cmd_tunnel = {
	.name = "tunnel",
	.args = "SERVICE... -- PROGRAM [ARG]...",
	.title = "run a program whose calls go through a relay",
	.about = "When the firewall cannot be opened: runs an unmodified program in a network "
	    "of its own, whose traffic to the services goes through a TURN relay, over UDP, "
	    "TCP or TLS, whichever works, and everything else as ever. Needs no rights.",
	.opts = opts,
	.min_args = 1,
	.first = PH_WORDS_SERVICE, .rest = PH_WORDS_SERVICE,
	.run = run_tunnel,
};
