/* SPDX-License-Identifier: ISC */
/*
 * A session with the responder, held for other programs:
 *
 *	leaser SERVER PORT KEY-FILE PEER-WORD
 *
 * Commands on standard input, one a line, each answered by one line:
 *
 *	bind PROTO LO HI	"bound", or "not bound" and why
 *	mirror PROTO PORT	"came ADDR PORT HEX went HEX", or "nothing"
 *	receipts		"receipts N"
 *	sleep MS		"slept"
 *	release			"released"
 *
 * The end of the input ends the session.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/tls.h"
#include "probe/session.h"

enum { WAIT_US = 5000000, LINE = 256 };

static struct ph_loop loop;
static struct ph_session *session;
static bool answered;

static void
die(const char *what)
{
	fprintf(stderr, "leaser: %s\n", what);
	exit(70);
}

static void
bound(void *arg, const struct ph_session_bound *b)
{
	(void)arg;
	answered = true;
	if (b == NULL)
		die("the session ended");
	if (b->failed == NULL || b->failed->n == 0)
		puts("bound");
	else
		printf("not bound: %s\n", b->why);
}

static void
print_hex(const char *word, const uint8_t *p, size_t n)
{
	printf(" %s ", n == 0 ? "" : word);
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
}

static void
mirrored(void *arg, const struct ph_control_mirrored *m)
{
	char text[PH_ADDR_TEXT];

	(void)arg;
	answered = true;
	if (m == NULL || m->bytes == NULL) {
		puts("nothing");
		return;
	}
	printf("came %s %u", ph_addr_format(m->from, text), (unsigned)m->from_port);
	print_hex("", m->bytes, m->len);
	print_hex("went", m->sent, m->sent == NULL ? 0 : m->sent_len);
	putchar('\n');
}

static void
receipts(void *arg, const struct ph_session_receipts *r)
{
	(void)arg;
	answered = true;
	if (r == NULL)
		die("the session ended");
	printf("receipts %zu\n", r->n);
}

static void
released(void *arg, bool done, const char *why)
{
	(void)arg;
	answered = true;
	puts(done ? "released" : why);
}

static enum ph_control_proto
proto_of(const char *word)
{
	static const char *const words[PH_CONTROL_PROTOS] = {
		"udp", "tcp", "tls", "sip-udp", "sip-tcp", "sip-tls", "ras", "h225",
	};

	for (size_t i = 0; i < PH_CONTROL_PROTOS; i++)
		if (strcmp(words[i], word) == 0)
			return (enum ph_control_proto)i;
	die("no such protocol");
	return PH_CONTROL_UDP;
}

static void
obey(char *line)
{
	char verb[16] = "", word[16] = "";
	unsigned lo = 0, hi = 0;
	int n = sscanf(line, "%15s %15s %u %u", verb, word, &lo, &hi);

	if (n == 4 && strcmp(verb, "bind") == 0)
		ph_session_bind(session, proto_of(word), ph_ranges_one(loop.mem, lo, hi), bound,
		    NULL);
	else if (n == 3 && strcmp(verb, "mirror") == 0)
		ph_session_mirror(session, proto_of(word), (uint16_t)lo, mirrored, NULL);
	else if (strcmp(verb, "receipts") == 0)
		ph_session_receipts(session, receipts, NULL);
	else if (strcmp(verb, "release") == 0)
		ph_session_release(session, released, NULL);
	else if (strcmp(verb, "sleep") != 0)
		die("no such command");
	if (strcmp(verb, "sleep") == 0) {
		ph_loop_until(&loop, &answered, ph_loop_now(&loop) +
		    strtoul(word, NULL, 10) * 1000);
		puts("slept");
	} else if (!ph_loop_until(&loop, &answered, ph_loop_now(&loop) + WAIT_US))
		die("no answer");
	answered = false;
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct ph_arena mem = { 0 };
	struct ph_session_opts o = { 0 };
	struct ph_tls_key *key = NULL;
	uint8_t peer[PH_TLS_KEY];
	char line[LINE];

	if (argc != 5 || !ph_addr_parse(ph_str(argv[1]), &o.to) ||
	    ph_tls_key_read(argv[3], &key) < 0 || !ph_tls_word_read(ph_str(argv[4]), peer))
		die("usage: leaser SERVER PORT KEY-FILE PEER-WORD");
	o.port = (uint16_t)atoi(argv[2]);
	o.key = key;
	o.peer = peer;
	if (ph_loop_init(&loop, &mem) != 0)
		die("no loop");
	session = ph_session_new(&loop, &o);
	if (!ph_loop_until(&loop, ph_session_settled(session), ph_loop_now(&loop) + WAIT_US) ||
	    ph_session_failure(session) != NULL)
		die("no session");
	while (fgets(line, sizeof(line), stdin) != NULL)
		obey(line);
	ph_session_end(session);
	ph_loop_fini(&loop);
	ph_tls_key_free(key);
	ph_arena_fini(&mem);
	return 0;
}
