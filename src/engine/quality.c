/* SPDX-License-Identifier: ISC */
#include <math.h>

#include "engine/quality.h"

/* G.107 for G.711 with packet loss concealment. */
static const double r0 = 93.2, ie = 0, bpl = 25.1;

static const double packetisation_ms = 20;

void
ph_quality_init(struct ph_quality *q, struct ph_arena *mem, uint32_t ssrc, uint32_t clock_hz,
    uint32_t packets)
{
	uint32_t cap = packets < PH_QUALITY_PACKETS ? packets : PH_QUALITY_PACKETS;

	*q = (struct ph_quality){ .ssrc = ssrc, .clock_hz = clock_hz, .cap = cap, .first = true };
	q->arrived_us = ph_arena_array(mem, cap, sizeof(q->arrived_us[0]));
	q->transit_us = ph_arena_array(mem, cap, sizeof(q->transit_us[0]));
}

static void
count_rtt(struct ph_quality *q, uint64_t now, const struct ph_rtp_test *t)
{
	uint64_t rtt;

	if (t->echo_us == 0 || now < t->echo_us || now - t->echo_us < t->held_us)
		return;
	rtt = now - t->echo_us - t->held_us;
	q->rtt_sum_us += rtt;
	if (q->rtts == 0 || rtt < q->rtt_min_us)
		q->rtt_min_us = rtt;
	q->rtts++;
}

static void
count_jitter(struct ph_quality *q, int64_t transit)
{
	if (!q->first)
		q->jitter_us += (fabs((double)(transit - q->last_transit_us)) - q->jitter_us) / 16;
	q->first = false;
	q->last_transit_us = transit;
}

bool
ph_quality_input(struct ph_quality *q, uint64_t now, const void *p, size_t n,
    struct ph_rtp_test *out)
{
	struct ph_rtp_test t;
	struct ph_rtp rtp;

	if (!ph_rtp_decode(p, n, &rtp) || rtp.ssrc != q->ssrc ||
	    !ph_rtp_test_decode(rtp.payload, rtp.payload_len, &t) || t.index >= q->cap ||
	    t.sent_us >> 62 != 0) {
		q->foreign++;
		return false;
	}
	if (out != NULL)
		*out = t;
	if (q->arrived_us[t.index] != 0) {
		q->duplicated++;
		return true;
	}
	q->arrived_us[t.index] = now != 0 ? now : 1;
	q->transit_us[t.index] = (int64_t)now - (int64_t)t.sent_us;
	q->received++;
	if (t.index < q->next_index)
		q->reordered++;
	else
		q->next_index = t.index + 1;
	count_jitter(q, q->transit_us[t.index]);
	count_rtt(q, now, &t);
	return true;
}

double
ph_quality_r(const struct ph_quality_path *p)
{
	double ppl = p->loss * 100, x, idd = 0, r;
	double ie_eff = ie + (95 - ie) * ppl / (ppl / p->burst_ratio + bpl);

	if (p->delay_ms > 100) {
		x = log2(p->delay_ms / 100);
		idd = 25 * (pow(1 + pow(x, 6), 1.0 / 6) -
		    3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
	}
	r = r0 - idd - ie_eff;
	return r < 0 ? 0 : r;
}

double
ph_quality_mos(double r)
{
	double mos;

	if (r <= 0)
		return 1;
	if (r >= 100)
		return 4.5;
	mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
	return mos < 1 ? 1 : mos;
}

/* Runs of packets that were not heard: those that never came, and the late ones. */
struct gaps {
	uint32_t lost, late, bursts, longest;
};

static struct gaps
gaps_of(const struct ph_quality *q, uint32_t expected, int64_t latest_us)
{
	struct gaps g = { 0 };
	uint32_t run = 0;

	for (uint32_t i = 0; i < expected; i++) {
		bool came = q->arrived_us[i] != 0;
		bool late = came && q->transit_us[i] > latest_us;

		if (came && !late) {
			run = 0;
			continue;
		}
		g.lost += !came;
		g.late += late;
		g.bursts += run++ == 0;
		if (run > g.longest)
			g.longest = run;
	}
	return g;
}

/* With few losses a ratio below 1 is chance, so it does not make up for loss. */
static double
burst_ratio(const struct gaps *g, uint32_t expected)
{
	uint32_t gone = g->lost + g->late;
	double ratio;

	if (g->bursts == 0 || expected == 0)
		return 1;
	ratio = (double)gone / g->bursts * (1 - (double)gone / expected);
	return ratio > 1 ? ratio : 1;
}

static void
transit_bounds(const struct ph_quality *q, int64_t *least, int64_t *most)
{
	*least = INT64_MAX;
	*most = INT64_MIN;
	for (uint32_t i = 0; i < q->next_index; i++) {
		if (q->arrived_us[i] == 0)
			continue;
		if (q->transit_us[i] < *least)
			*least = q->transit_us[i];
		if (q->transit_us[i] > *most)
			*most = q->transit_us[i];
	}
}

/* Try all buffers; keep the one that sounds best, of equals the shortest. */
static void
choose_buffer(const struct ph_quality *q, struct ph_quality_result *out, int64_t least)
{
	double travel_ms = out->rtt_ms / 2;

	out->r = -1;
	for (int ms = 0; ms <= PH_QUALITY_BUFFER_MAX_MS; ms += 10) {
		struct gaps g = gaps_of(q, out->expected, least + ms * 1000);
		struct ph_quality_path path = { (double)(g.lost + g.late) / out->expected,
			burst_ratio(&g, out->expected), travel_ms + packetisation_ms + ms };
		double r = ph_quality_r(&path);

		if (r > out->r) {
			out->r = r;
			out->late = g.late;
			out->buffer_ms = ms;
			out->delay_ms = path.delay_ms;
		}
		if (g.late == 0)
			break;
	}
	out->mos = ph_quality_mos(out->r);
}

struct ph_quality_result
ph_quality_result(const struct ph_quality *q, uint32_t sent, uint64_t rtt_us)
{
	uint32_t told = sent < q->cap ? sent : q->cap;
	struct ph_quality_result out = {
		.expected = told > q->next_index ? told : q->next_index,
		.received = q->received, .duplicated = q->duplicated,
		.reordered = q->reordered, .foreign = q->foreign, .burst_ratio = 1,
		.jitter_ts = q->jitter_us * q->clock_hz / 1e6, .jitter_ms = q->jitter_us / 1e3,
		.rtt_known = q->rtts > 0 || rtt_us > 0,
	};
	int64_t least, most;
	struct gaps g;

	if (out.expected == 0)
		return out;
	out.rtt_ms = (q->rtts > 0 ? (double)q->rtt_sum_us / q->rtts : (double)rtt_us) / 1e3;
	out.rtt_min_ms = (double)(q->rtts > 0 ? q->rtt_min_us : rtt_us) / 1e3;
	g = gaps_of(q, out.expected, INT64_MAX);
	out.lost = g.lost;
	out.bursts = g.bursts;
	out.longest_burst = g.longest;
	out.loss = (double)g.lost / out.expected;
	out.burst_ratio = burst_ratio(&g, out.expected);
	if (q->received == 0) {
		out.mos = 1;
		return out;
	}
	transit_bounds(q, &least, &most);
	out.spread_ms = (double)(most - least) / 1e3;
	choose_buffer(q, &out, least);
	return out;
}
