/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <string.h>

#include "relay/metrics.h"

/* Lines of one name stand together; the first of them says what it is. */
static const struct row {
	enum ph_turn_stat stat;
	const char *name, *label, *type, *help;
} rows[] = {
	{ PH_TURN_STAT_ALLOCATIONS, "allocations", "", "gauge", "Allocations there are." },
	{ PH_TURN_STAT_PERMISSIONS, "permissions", "", "gauge", "Permissions there are." },
	{ PH_TURN_STAT_CHANNELS, "channels", "", "gauge", "Channels that are bound." },
	{ PH_TURN_STAT_LINKS, "links", "", "gauge", "TCP connections with peers." },
	{ PH_TURN_STAT_PORTS, "ports", "", "gauge", "Relayed ports that are open." },
	{ PH_TURN_STAT_ALLOCATED, "allocated_total", "", "counter", "Allocations ever made." },
	{ PH_TURN_STAT_REQUESTS, "requests_total", "", "counter", "Requests of clients." },
	{ PH_TURN_STAT_BINDINGS, "bindings_total", "", "counter", "Binding requests answered." },
	{ PH_TURN_STAT_CHALLENGES, "refused_total", "reason=\"unsigned\"", "counter",
	    "Requests answered by an error." },
	{ PH_TURN_STAT_STALE, "refused_total", "reason=\"stale-nonce\"", NULL, NULL },
	{ PH_TURN_STAT_DENIED, "refused_total", "reason=\"peer-denied\"", NULL, NULL },
	{ PH_TURN_STAT_QUOTA, "refused_total", "reason=\"quota\"", NULL, NULL },
	{ PH_TURN_STAT_CAPACITY, "refused_total", "reason=\"capacity\"", NULL, NULL },
	{ PH_TURN_STAT_OTHER_ERRORS, "refused_total", "reason=\"other\"", NULL, NULL },
	{ PH_TURN_STAT_MALFORMED, "dropped_total", "reason=\"malformed\"", "counter",
	    "What got no answer and went nowhere." },
	{ PH_TURN_STAT_LIMITED, "dropped_total", "reason=\"limited\"", NULL, NULL },
	{ PH_TURN_STAT_NO_PERMISSION, "dropped_total", "reason=\"no-permission\"", NULL, NULL },
	{ PH_TURN_STAT_NO_CHANNEL, "dropped_total", "reason=\"no-channel\"", NULL, NULL },
	{ PH_TURN_STAT_OVER_RATE, "dropped_total", "reason=\"over-rate\"", NULL, NULL },
	{ PH_TURN_STAT_TTL, "dropped_total", "reason=\"ttl\"", NULL, NULL },
	{ PH_TURN_STAT_UP_PACKETS, "packets_total", "direction=\"up\"", "counter",
	    "Datagrams relayed, to peers (up) and to clients (down)." },
	{ PH_TURN_STAT_DOWN_PACKETS, "packets_total", "direction=\"down\"", NULL, NULL },
	{ PH_TURN_STAT_UP_BYTES, "bytes_total", "direction=\"up\"", "counter",
	    "Their payload." },
	{ PH_TURN_STAT_DOWN_BYTES, "bytes_total", "direction=\"down\"", NULL, NULL },
};

static void
head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP pinhole_relay_%s %s\n# TYPE pinhole_relay_%s %s\n", name, help,
	    name, type);
}

static void
one(FILE *out, const char *name, const char *type, const char *help, uint64_t v)
{
	head(out, name, type, help);
	fprintf(out, "pinhole_relay_%s %" PRIu64 "\n", name, v);
}

static void
fast_path(const struct ph_relay_figures *f, FILE *out)
{
	const struct ph_fast_port *p;

	if (f->fast == NULL)
		return;
	one(out, "fast_packets_total", "counter", "Of the datagrams, those the kernel moved.",
	    f->moved);
	head(out, "fast_path", "gauge", "Interfaces, and what moves data there.");
	for (size_t i = 0; (p = ph_fast_port(f->fast, i)) != NULL; i++)
		fprintf(out, "pinhole_relay_fast_path{interface=\"%s\",tier=\"%s\"} 1\n",
		    p->name, ph_fast_tier_name(p->tier));
}

void
ph_metrics_text(const struct ph_relay_figures *f, FILE *out)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		bool labelled = r->label[0] != '\0';

		if (r->type != NULL)
			head(out, r->name, r->type, r->help);
		fprintf(out, "pinhole_relay_%s%s%s%s %" PRIu64 "\n", r->name,
		    labelled ? "{" : "", r->label, labelled ? "}" : "", f->stat[r->stat]);
	}
	one(out, "streams", "gauge", "TCP and TLS connections of clients.", f->streams);
	one(out, "workers", "gauge", "Threads that relay.", f->workers);
	fast_path(f, out);
}
