/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/answer.h"
#include "cmd/host.h"
#include "cmd/via.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/live.h"
#include "os/progress.h"
#include "os/tls.h"
#include "report/check.h"
#include "report/json.h"
#include "report/site.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_REQUEST, PH_OPT_VIA, PH_OPT_KEY, PH_OPT_PEER_KEY, PH_OPT_IPV4, PH_OPT_IPV6,
	PH_OPT_SITE, PH_OPT_AT, PH_OPT_SET, PH_OPT_RESOLVE, PH_OPT_CATALOG, PH_OPT_W, PH_OPT_E,
	PH_OPT_JSON, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

static void
on_phase(void *arg, const char *what)
{
	(void)arg;
	ph_progress_phase(what);
}

/* This host's own rules, if they may be read; never a reason to stop. */
static void
read_own(struct ph_run *run, const struct ph_needs *n, struct ph_check_own *own)
{
	struct ph_audit_opts o = { .sides = n->sides, .skip_wide = true };
	struct ph_audit *a = PH_NEW(&run->mem, struct ph_audit);
	struct ph_ruleset rs;
	struct ph_src *src;
	const char *why = NULL;
	int err = ph_live_nftables(&run->mem, &src, &why);

	own->why = err == -EPERM ? "only its administrator (root) may read it" : why != NULL ?
	    why : "this system does not tell its rules";
	if (err != 0)
		return;
	own->why = "its rules could not be understood";
	if (ph_run_firewall(run, "live", &rs) != 0 || ph_answer_sides(run, &rs, n->reqs.v,
	    n->reqs.n, &o.sides) != 0)
		return;
	ph_audit_run(&run->mem, &rs, n->reqs.v, n->reqs.n, &o, a);
	ph_answer_switches(run, a);
	*own = (struct ph_check_own){ .read = true, .audit = a };
}

static size_t
take_names(struct ph_run *run, const struct ph_site *site, struct ph_public_name **out)
{
	size_t n = 0;

	for (const struct ph_site_name *s = site->name_list; s != NULL; s = s->next)
		n++;
	*out = ph_arena_array(&run->mem, n + 1, sizeof(**out));
	n = 0;
	for (const struct ph_site_name *s = site->name_list; s != NULL; s = s->next)
		(*out)[n++] = (struct ph_public_name){ s->name, s->addrs };
	return n;
}

static void
ask_servers(struct ph_run *run, const struct ph_needs *n, struct ph_check_input *in)
{
	struct ph_public *p = PH_NEW(&run->mem, struct ph_public);
	struct ph_public_name *names;
	struct ph_public_opts o = {
		.only_v4 = ph_opt_given(&run->args, PH_OPT_IPV4),
		.only_v6 = ph_opt_given(&run->args, PH_OPT_IPV6), .phase = on_phase,
	};

	o.n_names = take_names(run, &n->site, &names);
	o.names = names;
	ph_public_run(&run->mem, &o, n->reqs.v, n->reqs.n, p);
	in->open = p;
}

static void
ask_responder(struct ph_run *run, struct ph_probe_opts *o, const struct ph_needs *n,
    struct ph_check_input *in)
{
	struct ph_probe_result *r = PH_NEW(&run->mem, struct ph_probe_result);

	ph_probe_run(&run->mem, o, n->reqs.v, n->reqs.n, r);
	in->probe = r;
}

/* The request as a file of its own; what cannot be written is said, and why. */
static int
write_request(struct ph_run *run, const struct ph_check *c, const struct ph_needs *n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct ph_text t = { .mem = &run->mem, .out = f };
	int err;

	if (f == NULL)
		return -errno;
	ph_report_letter(&t, c, n->date);
	ph_report_names(&t, &n->site, n->date);
	err = fclose(f) == 0 ? ph_file_write(c->request, text, len) : -errno;
	free(text);
	return err;
}

static void
report(struct ph_run *run, const struct ph_check *c, const struct ph_needs *n)
{
	struct ph_text t = ph_answer_text(run);
	json_t *doc;

	if (!run->json) {
		ph_report_check(&t, c);
		return;
	}
	doc = ph_json_check(&run->mem, c);
	ph_json_set(&run->mem, doc, "names", ph_json_names(&run->mem, &n->site));
	ph_json_set(&run->mem, doc, "date", ph_json_text(&run->mem, n->date));
	ph_json_write(run->out, doc);
}

static int
finish(struct ph_run *run, const struct ph_check_input *in, const struct ph_needs *n)
{
	struct ph_check c;
	int err;

	ph_check_judge(&run->mem, in, &c);
	ph_progress_stop();
	report(run, &c, n);
	if (c.request == NULL)
		return ph_check_exit(&c);
	if (!ph_report_check_asks(&c)) {
		fprintf(run->err, "pinhole check: there is nothing to ask for: '%s' is not "
		    "written\n", c.request);
		return ph_check_exit(&c);
	}
	err = write_request(run, &c, n);
	if (err == 0)
		return ph_check_exit(&c);
	fprintf(run->err, "pinhole check: cannot write '%s': %s\n", c.request, strerror(-err));
	return err == -EACCES || err == -EPERM ? PH_EXIT_NO_PERMISSION : PH_EXIT_NO_INPUT;
}

/* A person without knowledge of networks reads what there is to type, and why. */
static int
explain(struct ph_run *run, int err)
{
	const char *id = run->diags.first_error;

	if (err == 0 || id == NULL)
		return err;
	if (strcmp(id, "missing-group") == 0)
		fputs("Which servers are meant? The name in the browser's address line, or in the "
		    "program's\nsettings, will do in place of ADDR.\n", run->err);
	if (strcmp(id, "name-unresolved") != 0)
		return err;
	fputs("COULD NOT TELL: this computer does not find the service's address: the name is "
	    "mistyped,\nor the network is down, or its name service (DNS) is. Open any web page: "
	    "if that\nfails too, ask whoever runs your network.\n", run->err);
	return PH_EXIT_UNKNOWN;
}

/* With a responder or without; keys mean nothing without one. */
static int
read_far_end(struct ph_run *run, struct ph_probe_opts *o, struct ph_tls_key **key,
    struct ph_needs *n)
{
	bool via = ph_opt_given(&run->args, PH_OPT_VIA);
	int err;

	if (!via && (ph_opt_given(&run->args, PH_OPT_KEY) ||
	    ph_opt_given(&run->args, PH_OPT_PEER_KEY)))
		return ph_run_usage(run, "keys are for a responder: say which with --via "
		    "HOST[:PORT], or leave them out");
	if (ph_opt_given(&run->args, PH_OPT_IPV4) && ph_opt_given(&run->args, PH_OPT_IPV6))
		return ph_run_usage(run, "--ipv4 and --ipv6 together leave nothing to test");
	if (!via)
		return explain(run, ph_needs_load(run, run->args.pos, run->args.n_pos, "live", n));
	o->quick = true;
	o->only_v4 = ph_opt_given(&run->args, PH_OPT_IPV4);
	o->only_v6 = ph_opt_given(&run->args, PH_OPT_IPV6);
	o->seed = ph_clock_us();
	err = ph_via_read(run, o, key);
	return err != 0 ? err : ph_needs_via(run, run->args.pos, run->args.n_pos,
	    ph_host_list(run, o->addrs), n);
}

static int
run_check(struct ph_run *run)
{
	struct ph_check_input in = { .request = ph_opt_last(&run->args, PH_OPT_REQUEST) };
	struct ph_probe_opts o = { .phase = on_phase, .arg = run };
	struct ph_tls_key *key = NULL;
	struct ph_needs n;
	int status = read_far_end(run, &o, &key, &n);

	if (status == 0) {
		read_own(run, &n, &in.own);
		if (o.via != NULL)
			ask_responder(run, &o, &n, &in);
		else
			ask_servers(run, &n, &in);
		status = finish(run, &in, &n);
	}
	ph_tls_key_free(key);
	return status;
}

const struct ph_cmd ph_cmd_check = {
	.name = "check",
	.args = "SERVICE...",
	.title = "say in one sentence why calls fail here, whose it is and what to do",
	.about = "For whoever only knows that the call fails. Reads this computer's own firewall "
	    "if it may, asks the service's servers what they answer to anybody, or tests "
	    "everything against a responder (--via), and says what works, what does not, "
	    "whose fault that is and what to do now. Needs no rights.",
	.opts = opts,
	.min_args = 1,
	.first = PH_WORDS_SERVICE, .rest = PH_WORDS_SERVICE,
	.run = run_check,
};
