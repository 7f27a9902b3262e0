/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "lab/sweep.h"

enum { TRIES = 3, QUIET_MS = 8, LAST_QUIET_MS = 40 };

/* One sweep while it runs: connections have the ids from ${base} on. */
struct sweep {
	struct ph_lab_ends *ends;
	struct ph_lab_conn *v;
	size_t n;
	uint32_t base;
	enum ph_stage stage;
	size_t arrived;			/* in this stage */
};

/* The reach of a connection that a packet of this stage completes. */
static enum ph_lab_reach
reach_of(enum ph_stage s)
{
	return s == PH_STAGE_FIRST ? PH_LAB_OPENED :
	    s == PH_STAGE_REPLY ? PH_LAB_ANSWERED : PH_LAB_ALL;
}

static void
arrive(struct sweep *s, const struct ph_lab_packet *p)
{
	uint32_t i = p->id - s->base;
	struct ph_lab_tuple home;
	struct ph_lab_conn *c;

	if (i >= s->n || p->stage != s->stage)
		return;
	c = &s->v[i];
	home = ph_lab_tuple_reverse(&c->first);
	if (c->reach + 1 != reach_of(p->stage) ||
	    (p->stage == PH_STAGE_REPLY && !ph_lab_tuple_equal(&p->t, &home)) ||
	    (p->stage == PH_STAGE_LATER && !ph_lab_tuple_equal(&p->t, &c->seen)))
		return;
	if (p->stage == PH_STAGE_FIRST)
		c->seen = p->t;
	c->reach = reach_of(p->stage);
	s->arrived++;
}

static const struct ph_frame_end *
receiver(const struct ph_lab_ends *e, enum ph_stage s)
{
	return s == PH_STAGE_REPLY ? e->opener : e->other;
}

static const struct ph_frame_end *
sender(const struct ph_lab_ends *e, enum ph_stage s)
{
	return s == PH_STAGE_REPLY ? e->other : e->opener;
}

static void
collect(struct sweep *s)
{
	struct ph_frame f[PH_FRAME_BATCH];
	struct ph_lab_packet p;
	int n;

	while ((n = ph_frame_receive(receiver(s->ends, s->stage), f)) > 0)
		for (int i = 0; i < n; i++)
			if (ph_lab_packet_parse(&f[i], &p))
				arrive(s, &p);
	/* what comes back to the sender, as errors, must not fill its buffer */
	while (ph_frame_receive(sender(s->ends, s->stage), f) > 0)
		continue;
}

static int
send_all(struct sweep *s, const struct ph_frame *f, size_t n)
{
	const struct ph_frame_end *end = sender(s->ends, s->stage);
	int stuck = 0;

	for (size_t done = 0; done < n; ) {
		int sent = ph_frame_send(end, f + done, n - done);

		collect(s);
		if (sent < 0 && (sent == -EPERM || sent == -ENETDOWN || ++stuck > 100))
			return sent;
		if (sent < 0)
			ph_frame_wait(end, 1);	/* buffers are full: a moment */
		else
			done += (size_t)sent;
	}
	s->ends->packets += n;
	return 0;
}

static void
build(const struct sweep *s, size_t i, struct ph_frame *f)
{
	const struct ph_lab_conn *c = &s->v[i];
	struct ph_lab_packet p = {
		.t = s->stage == PH_STAGE_REPLY ? ph_lab_tuple_reverse(&c->seen) : c->first,
		.id = s->base + (uint32_t)i, .stage = s->stage,
	};

	ph_lab_packet_build(&p, f);
}

/* Send what has not arrived yet of those whose turn it is; how many were sent. */
static int
pass(struct sweep *s, size_t *sent)
{
	struct ph_frame f[PH_FRAME_BATCH];
	size_t n = 0;
	int err = 0;

	*sent = 0;
	for (size_t i = 0; i < s->n && err == 0; i++) {
		if (s->v[i].reach + 1 != reach_of(s->stage))
			continue;
		build(s, i, &f[n++]);
		++*sent;
		if (n == PH_FRAME_BATCH) {
			err = send_all(s, f, n);
			n = 0;
		}
	}
	return err != 0 ? err : send_all(s, f, n);
}

static int
run_stage(struct sweep *s)
{
	size_t sent;
	int err = 0;

	for (int try = 0; try < TRIES && err == 0; try++) {
		const struct ph_frame_end *end = receiver(s->ends, s->stage);

		s->arrived = 0;
		err = pass(s, &sent);
		collect(s);
		while (err == 0 && s->arrived < sent && ph_frame_wait(end,
		    try + 1 < TRIES ? QUIET_MS : LAST_QUIET_MS))
			collect(s);
		if (s->arrived == sent)
			break;
	}
	return err;
}

int
ph_lab_sweep(struct ph_lab_ends *e, struct ph_lab_conn *v, size_t n)
{
	struct sweep s = { .ends = e, .v = v, .n = n, .base = e->next_id };
	int err = 0;

	e->next_id += (uint32_t)n;
	for (int stage = PH_STAGE_FIRST; stage <= PH_STAGE_LATER && err == 0; stage++) {
		s.stage = (enum ph_stage)stage;
		err = run_stage(&s);
	}
	return err;
}

bool
ph_lab_try(struct ph_lab_ends *e, struct ph_lab_conn *c, enum ph_stage stage, int ms)
{
	struct sweep s = {
		.ends = e, .v = c, .n = 1, .base = e->next_id++, .stage = stage,
	};
	enum ph_lab_reach had = c->reach;
	struct ph_frame f;
	bool came;

	c->reach = reach_of(stage) - 1;
	build(&s, 0, &f);
	if (send_all(&s, &f, 1) == 0)
		while (s.arrived == 0 && ph_frame_wait(receiver(e, stage), ms))
			collect(&s);
	came = s.arrived > 0;
	if (!came || had > c->reach)
		c->reach = had;
	return came;
}

void
ph_lab_drain(struct ph_lab_ends *e)
{
	struct ph_frame f[PH_FRAME_BATCH];

	while (ph_frame_receive(e->opener, f) > 0 || ph_frame_receive(e->other, f) > 0)
		continue;
}
