/* SPDX-License-Identifier: ISC */
#include <jansson.h>

#include "relay/worker.h"

enum { TEXT = PH_ADDR_TEXT + 8 };

static const char *
place(struct ph_stun_addr a, char *out)
{
	char text[PH_ADDR_TEXT];

	if (a.port == 0)
		out[0] = '\0';
	else
		snprintf(out, TEXT, ph_addr_is_v4(a.addr) ? "%s:%u" : "[%s]:%u",
		    ph_addr_format(a.addr, text), (unsigned)a.port);
	return out;
}

static const char *
via(const struct ph_turn_note *n)
{
	static const char *const words[] = { "udp", "tcp", "tls" };

	return words[n->conn->via];
}

static void
write_json(FILE *log, const struct ph_turn_note *n, const char *client, const char *relayed)
{
	json_t *o = json_pack("{s:I, s:s%, s:s, s:s, s:s, s:f, s:I, s:I, s:I, s:I, s:s}",
	    "allocation", (json_int_t)n->allocation, "user", n->user.s, n->user.len,
	    "client", client, "via", via(n), "relayed", relayed,
	    "seconds", (double)(n->at_us - n->since_us) / 1e6,
	    "up_packets", (json_int_t)n->n.up_packets, "up_bytes", (json_int_t)n->n.up_bytes,
	    "down_packets", (json_int_t)n->n.down_packets,
	    "down_bytes", (json_int_t)n->n.down_bytes, "ended", ph_turn_reason_word(n->reason));

	if (o == NULL)		/* a name that is no UTF-8 */
		return;
	json_dumpf(o, log, JSON_COMPACT | JSON_REAL_PRECISION(9));
	fputc('\n', log);
	json_decref(o);
}

/* A name that came from outside must not drive whatever shows the log. */
static void
write_name(FILE *log, struct ph_str s)
{
	for (size_t i = 0; i < s.len; i++)
		fputc((unsigned char)s.s[i] < ' ' || s.s[i] == 0x7f ? '?' : s.s[i], log);
}

void
ph_relay_worker_note(struct ph_relay_worker *w, const struct ph_turn_note *n)
{
	struct ph_stun_addr from = { n->conn->client, n->conn->client_port };
	char client[TEXT], relayed[TEXT];
	FILE *log = w->o.log;

	if (log == NULL || n->kind != PH_TURN_ENDED)
		return;
	place(from, client);
	place(n->relayed[n->relayed[0].port == 0], relayed);
	flockfile(log);
	if (w->o.json) {
		write_json(log, n, client, relayed);
	} else {
		fputs("allocation of ", log);
		write_name(log, n->user);
		fprintf(log, " from %s by %s as %s: %.1f s, %llu packets (%llu bytes) up, "
		    "%llu (%llu) down, ended: %s\n", client, via(n), relayed,
		    (double)(n->at_us - n->since_us) / 1e6,
		    (unsigned long long)n->n.up_packets, (unsigned long long)n->n.up_bytes,
		    (unsigned long long)n->n.down_packets, (unsigned long long)n->n.down_bytes,
		    ph_turn_reason_word(n->reason));
	}
	fflush(log);
	funlockfile(log);
}
