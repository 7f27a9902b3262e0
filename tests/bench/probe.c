/* SPDX-License-Identifier: ISC */
/*
 * One sweep against a responder, again and again, for the figures of the probe:
 *
 *	bench-probe SERVER KEY-FILE PEER-WORD LO HI HOW TIMES
 *
 * HOW is "default" (a sample at 250 packets a second) or "fast" (every port, as fast as
 * answers come).  Prints for each one: the milliseconds that listening takes, those of the
 * sweep itself, datagrams sent, and the ports that are open, blocked there, blocked back,
 * and unknown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/tls.h"
#include "probe/sweeping.h"

enum { WAIT_US = 10000000, LONGEST_US = 120000000 };

static struct ph_loop loop;
static struct ph_session *session;
static bool bound;

static void
die(const char *what)
{
	fprintf(stderr, "bench-probe: %s\n", what);
	exit(70);
}

static void
on_bound(void *arg, const struct ph_session_bound *b)
{
	(void)arg;
	if (b == NULL || b->failed == NULL || b->failed->n > 0)
		die("the responder cannot listen there");
	bound = true;
}

static void
print_runs(const struct ph_sweeping *s)
{
	static const char *const names[] = {
		[PH_SWEEP_UNTESTED] = "untested", [PH_SWEEP_OPEN] = "open",
		[PH_SWEEP_BLOCKED_OUT] = "forth", [PH_SWEEP_BLOCKED_IN] = "back",
		[PH_SWEEP_BLOCKED] = "blocked", [PH_SWEEP_UNKNOWN] = "unknown",
	};
	static struct ph_sweep_run v[65536];
	size_t n = ph_sweep_result(s->engine, v, sizeof(v) / sizeof(v[0]));

	for (size_t i = 0; i < n; i++)
		printf(" %s:%u-%u", names[v[i].verdict], (unsigned)v[i].lo, (unsigned)v[i].hi);
	putchar('\n');
	fflush(stdout);
}

static void
sweep(const struct ph_sweeping_opts *o)
{
	struct ph_sweeping s;
	struct ph_sweep_stats st;
	uint64_t began = ph_loop_now(&loop), ready, done;

	bound = false;
	ph_session_bind(session, PH_CONTROL_UDP, o->ports, on_bound, NULL);
	if (!ph_loop_until(&loop, &bound, began + WAIT_US))
		die("the responder does not listen");
	ready = ph_loop_now(&loop);
	if (ph_sweeping_start(&loop, session, o, &s) != 0)
		die("no socket");
	ph_loop_until(&loop, &s.done, ready + LONGEST_US);
	done = ph_loop_now(&loop);
	ph_sweeping_end(&s);
	ph_sweep_stats(s.engine, &st);
	printf("%.0f %.0f %u", (double)(ready - began) / 1000, (double)(done - ready) / 1000,
	    st.sent);
	print_runs(&s);
}

int
main(int argc, char **argv)
{
	struct ph_arena mem = { 0 };
	struct ph_session_opts so = { .port = 443 };
	struct ph_sweeping_opts o = { .unbound = ph_ranges_none() };
	struct ph_tls_key *key;
	uint8_t peer[PH_TLS_KEY];

	if (argc != 8 || !ph_addr_parse(ph_str(argv[1]), &so.to) ||
	    ph_tls_key_read(argv[2], &key) < 0 || !ph_tls_word_read(ph_str(argv[3]), peer))
		die("usage: bench-probe SERVER KEY-FILE PEER-WORD LO HI HOW TIMES");
	so.key = key;
	so.peer = peer;
	o.to = so.to;
	o.from = ph_addr_is_v4(so.to) ? PH_V4(0) : 0;
	o.ports = ph_ranges_one(&mem, (ph_u128)atoi(argv[4]), (ph_u128)atoi(argv[5]));
	o.exhaustive = o.unpaced = strcmp(argv[6], "fast") == 0;
	if (ph_loop_init(&loop, &mem) != 0)
		die("no loop");
	session = ph_session_new(&loop, &so);
	ph_loop_until(&loop, ph_session_settled(session), ph_loop_now(&loop) + WAIT_US);
	if (ph_session_failure(session) != NULL)
		die(ph_session_failure(session));
	for (int i = atoi(argv[7]); i > 0; i--) {
		o.seed = ph_loop_now(&loop);
		sweep(&o);
	}
	ph_session_end(session);
	ph_loop_fini(&loop);
	ph_tls_key_free(key);
	ph_arena_fini(&mem);
	return 0;
}
