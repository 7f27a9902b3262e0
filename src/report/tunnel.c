/* SPDX-License-Identifier: ISC */
#include "report/json.h"
#include "report/tunnel.h"

enum { US = 1000000, BITS = 8 };

/* What passed since the last time. */
struct step {
	uint64_t us, up, down;		/* bits a second */
	double loss;			/* percent, of media that came down; < 0: none came */
};

static struct step
step_of(struct ph_report_tunnel *last, const struct ph_tunnel_status *s)
{
	struct ph_report_tunnel now = {
		.us = s->us, .up_bytes = s->udp->up_bytes + s->tcp->up_bytes,
		.down_bytes = s->udp->down_bytes + s->tcp->down_bytes,
		.expected = s->heard->expected, .lost = ph_heard_lost(s->heard),
	};
	struct step d = { .us = now.us - last->us, .loss = -1 };
	uint64_t expected = now.expected - last->expected;

	if (d.us > 0) {
		d.up = (now.up_bytes - last->up_bytes) * BITS * US / d.us;
		d.down = (now.down_bytes - last->down_bytes) * BITS * US / d.us;
	}
	if (expected > 0)
		d.loss = now.lost < last->lost ? 0 :
		    100.0 * (double)(now.lost - last->lost) / (double)expected;
	*last = now;
	return d;
}

void
ph_report_way(struct ph_buf *b, const struct ph_way *w, bool proxy)
{
	char addr[PH_ADDR_TEXT], text[160];

	snprintf(text, sizeof(text), "%s %s %s port %u", ph_rung_title(w->rung),
	    proxy && w->rung == PH_RUNG_TLS ? "through the proxy" : "to",
	    ph_addr_format(w->addr, addr), (unsigned)w->port);
	ph_buf_puts(b, text);
}

void
ph_report_tunnel(struct ph_buf *b, struct ph_report_tunnel *last,
    const struct ph_tunnel_status *s)
{
	struct step d = step_of(last, s);
	char text[160], loss[24] = "-";

	if (d.loss >= 0)
		snprintf(loss, sizeof(loss), "%.1f %%", d.loss);
	snprintf(text, sizeof(text), "pinhole: %s, up %.2f Mbit/s, down %.2f Mbit/s, loss %s",
	    ph_rung_title(s->ladder->way[s->way].rung), (double)d.up / US, (double)d.down / US,
	    loss);
	ph_buf_puts(b, text);
}

static json_t *
integer(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *
side(struct ph_arena *mem, uint64_t packets, uint64_t bytes, uint64_t rate)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "packets", integer(packets));
	ph_json_set(mem, o, "bytes", integer(bytes));
	ph_json_set(mem, o, "bits_per_s", integer(rate));
	return o;
}

json_t *
ph_json_tunnel(struct ph_arena *mem, struct ph_report_tunnel *last, const char *event,
    const struct ph_tunnel_status *s)
{
	const struct ph_way *w = &s->ladder->way[s->way];
	json_t *o = ph_json_document(mem, "tunnel");
	struct step d = step_of(last, s);
	char addr[PH_ADDR_TEXT];

	ph_json_set(mem, o, "event", ph_json_text(mem, event));
	ph_json_set(mem, o, "seconds", json_real((double)s->us / US));
	ph_json_set(mem, o, "rung", ph_json_text(mem, ph_rung_word(w->rung)));
	ph_json_set(mem, o, "to", ph_json_text(mem, ph_addr_format(w->addr, addr)));
	ph_json_set(mem, o, "port", json_integer(w->port));
	ph_json_set(mem, o, "up", side(mem, s->udp->up_packets,
	    s->udp->up_bytes + s->tcp->up_bytes, d.up));
	ph_json_set(mem, o, "down", side(mem, s->udp->down_packets,
	    s->udp->down_bytes + s->tcp->down_bytes, d.down));
	ph_json_set(mem, o, "media_expected", integer(s->heard->expected));
	ph_json_set(mem, o, "media_lost", integer(ph_heard_lost(s->heard)));
	ph_json_set(mem, o, "dropped", integer(s->udp->dropped));
	ph_json_set(mem, o, "allocations", json_integer(s->udp->legs));
	ph_json_set(mem, o, "connections", json_integer(s->tcp->relayed));
	ph_json_set(mem, o, "changes", integer(s->udp->changes));
	return o;
}
