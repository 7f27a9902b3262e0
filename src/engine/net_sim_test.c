/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/net_sim_test.h"

uint64_t
sim_seed(void)
{
	static uint64_t seed;

	if (seed == 0) {
		const char *given = getenv("PH_SEED");

		seed = given != NULL ? strtoull(given, NULL, 0) : 20250103;
		printf("# PH_SEED=%llu\n", (unsigned long long)seed);
	}
	return seed;
}

unsigned
sim_rounds(unsigned usual)
{
	const char *given = getenv("PH_ROUNDS");

	return given != NULL ? (unsigned)strtoul(given, NULL, 0) : usual;
}

void
sim_init(struct sim *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->next_outside = 1024;
}

void
sim_fini(struct sim *s)
{
	free(s->heap);
	s->heap = NULL;
}

uint64_t
sim_rnd(struct sim *s)
{
	uint64_t z = s->seed += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

bool
sim_chance(struct sim *s, double p)
{
	return p > 0 && (double)(sim_rnd(s) >> 11) * 0x1p-53 < p;
}

static bool
before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
swap(struct sim_event *a, struct sim_event *b)
{
	struct sim_event t = *a;

	*a = *b;
	*b = t;
}

static void
push(struct sim *s, struct sim_event e)
{
	size_t i = s->n++;

	if (s->n > s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 1024;
		s->heap = realloc(s->heap, s->cap * sizeof(*s->heap));
		assert(s->heap != NULL);
	}
	s->heap[i] = e;
	for (; i > 0 && before(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&s->heap[i], &s->heap[(i - 1) / 2]);
}

uint64_t
sim_next(const struct sim *s)
{
	return s->n > 0 ? s->heap[0].at : UINT64_MAX;
}

struct sim_packet
sim_take(struct sim *s, enum sim_way *way)
{
	struct sim_event e = s->heap[0];
	size_t i = 0, child;

	s->heap[0] = s->heap[--s->n];
	for (; (child = 2 * i + 1) < s->n; i = child) {
		if (child + 1 < s->n && before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!before(&s->heap[child], &s->heap[i]))
			break;
		swap(&s->heap[child], &s->heap[i]);
	}
	*way = e.way;
	return e.p;
}

/* The middle box. */

static uint64_t
timer(const struct sim_track *t, const struct sim_flow *f, uint64_t now)
{
	if (!f->replied)
		return f->out > 1 && t->unreplied2_us > 0 ? t->unreplied2_us : t->unreplied_us;
	return now - f->made_us > t->stream_after_us ? t->stream_us : t->replied_us;
}

static void
touch(const struct sim_track *t, struct sim_flow *f, uint64_t now)
{
	f->expires_us = now + timer(t, f, now);
	if (t->lifetime_us > 0 && f->expires_us > f->made_us + t->lifetime_us)
		f->expires_us = f->made_us + t->lifetime_us;
}

static bool
track_out(struct sim *s, uint64_t now, struct sim_packet *p)
{
	struct sim_flow *f = &s->flow[p->flow];
	bool fresh = !f->live || now >= f->expires_us;

	if (fresh && f->made_us != 0 && s->track.lifetime_us > 0 &&
	    now >= f->made_us + s->track.lifetime_us)
		return false;		/* cut for good */
	if (fresh)
		*f = (struct sim_flow){ .made_us = now, .live = true,
			.outside = s->track.nat || f->outside == 0 ? s->next_outside++ :
			    f->outside };
	f->out++;
	if (fresh || !s->track.no_out_refresh)
		touch(&s->track, f, now);
	p->outside = f->outside;
	return true;
}

static bool
track_in(struct sim *s, uint64_t now, const struct sim_packet *p)
{
	struct sim_flow *f = &s->flow[p->flow];
	bool first;

	if (!f->live || now >= f->expires_us || p->outside != f->outside)
		return false;
	first = !f->replied;
	f->replied = true;
	if (first || !s->track.no_in_refresh)
		touch(&s->track, f, now);
	return true;
}

static bool
within_rate(struct sim_path *path, uint64_t now)
{
	if (path->rate_pps <= 0)
		return true;
	path->tokens += (double)(now - path->filled_us) * 1e-6 * path->rate_pps;
	path->filled_us = now;
	if (path->tokens > path->bucket)
		path->tokens = path->bucket;
	if (path->tokens < 1)
		return false;
	path->tokens -= 1;
	return true;
}

static bool
survives(struct sim *s, struct sim_path *path, uint64_t now, const struct sim_packet *p)
{
	if (now >= path->burst_until_us && sim_chance(s, path->burst))
		path->burst_until_us = now + sim_rnd(s) % (2 * path->burst_us);
	return within_rate(path, now) && now >= path->burst_until_us &&
	    !sim_chance(s, path->loss) &&
	    (path->filter == NULL || path->filter(path->filter_arg, now, p));
}

void
sim_send(struct sim *s, uint64_t now, enum sim_way way, struct sim_packet p)
{
	struct sim_path *path = &s->path[way];
	unsigned copies = sim_chance(s, path->duplicate) ? 2 : 1;

	path->sent++;
	if (s->track.unreplied_us > 0 &&
	    !(way == SIM_OUT ? track_out(s, now, &p) : track_in(s, now, &p)))
		return;
	if (!survives(s, path, now, &p)) {
		path->lost++;
		return;
	}
	while (copies-- > 0)
		push(s, (struct sim_event){ .order = s->order++, .way = way, .p = p,
			.at = now + path->delay_us +
			    (path->jitter_us > 0 ? sim_rnd(s) % path->jitter_us : 0) });
}

void
sim_later(struct sim *s, uint64_t at, struct sim_packet p)
{
	push(s, (struct sim_event){ .order = s->order++, .way = SIM_WAYS, .p = p, .at = at });
}
