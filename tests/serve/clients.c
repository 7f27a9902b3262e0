/* SPDX-License-Identifier: ISC */
/*
 * Many sessions with a responder at once:
 *
 *	clients SERVER PORT KEY-FILE PEER-WORD N
 *
 * Each leases a UDP port of its own.  When all have theirs, or can have none, it says how many
 * do, and holds them until its input ends.
 */
#include <stdio.h>
#include <stdlib.h>

#include "os/tls.h"
#include "os/udp.h"
#include "probe/session.h"

enum { WAIT_US = 60000000, FIRST_PORT = 20000, SPARE_FILES = 64 };

struct one {
	struct ph_session *session;
	bool bound;
};

static unsigned n_bound;
static bool done;

static void
bound(void *arg, const struct ph_session_bound *b)
{
	struct one *o = arg;

	o->bound = b != NULL && b->failed != NULL && b->failed->n == 0;
	n_bound += o->bound;
	done = true;
}

int
main(int argc, char **argv)
{
	struct ph_arena mem = { 0 };
	struct ph_session_opts o = { 0 };
	uint8_t peer[PH_TLS_KEY];
	struct ph_tls_key *key = NULL;
	struct ph_loop loop;
	struct one *v;
	unsigned n;

	if (argc != 6 || !ph_addr_parse(ph_str(argv[1]), &o.to) ||
	    ph_tls_key_read(argv[3], &key) < 0 || !ph_tls_word_read(ph_str(argv[4]), peer)) {
		fputs("usage: clients SERVER PORT KEY-FILE PEER-WORD N\n", stderr);
		return 64;
	}
	o.port = (uint16_t)atoi(argv[2]);
	o.key = key;
	o.peer = peer;
	n = (unsigned)atoi(argv[5]);
	ph_udp_files(n + SPARE_FILES);
	if (ph_loop_init(&loop, &mem) != 0)
		return 70;
	v = ph_arena_array(&mem, n, sizeof(*v));
	for (unsigned i = 0; i < n; i++) {
		v[i].session = ph_session_new(&loop, &o);
		ph_loop_until(&loop, ph_session_settled(v[i].session),
		    ph_loop_now(&loop) + WAIT_US);
		if (ph_session_failure(v[i].session) != NULL)
			continue;
		done = false;
		ph_session_bind(v[i].session, PH_CONTROL_UDP, ph_ranges_one(&mem, FIRST_PORT + i,
		    FIRST_PORT + i), bound, &v[i]);
		ph_loop_until(&loop, &done, ph_loop_now(&loop) + WAIT_US);
	}
	printf("%u sessions\n", n_bound);
	fflush(stdout);
	while (getchar() != EOF)
		;
	for (unsigned i = 0; i < n; i++)
		ph_session_end(v[i].session);
	ph_loop_fini(&loop);
	ph_tls_key_free(key);
	ph_arena_fini(&mem);
	return 0;
}
