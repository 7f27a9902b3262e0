/* SPDX-License-Identifier: ISC */
#include "engine/dscp.h"

/*
 * DOC: DSCP
 *
 * The marks of RFC 8837 and those that telephones use, among them none at all:
 * a mark is dropped only if unmarked datagrams arrived and no marked one did.
 * Marks take turns, so that loss in bursts hits them alike.
 */
static const struct {
	const char *name;
	uint8_t mark;			/* DSCP << 2 | ECN */
} marks[PH_DSCP_MARKS] = {
	{ "DF", 0 }, { "EF", 46 << 2 }, { "AF41", 34 << 2 }, { "AF42", 36 << 2 },
	{ "AF43", 38 << 2 }, { "CS3", 24 << 2 }, { "CS5", 40 << 2 }, { "LE", 1 << 2 },
	{ "ECT(0)", 2 }, { "ECT(1)", 1 }, { "CE", 3 },
};

enum { PRECEDENCE = 0xe0, ECN = 3, SURE_DROPPED = 4 };

static const char *const fates[] = {
	[PH_DSCP_UNKNOWN] = "unknown", [PH_DSCP_KEPT] = "kept",
	[PH_DSCP_BLEACHED] = "bleached", [PH_DSCP_PRECEDENCE] = "precedence cleared",
	[PH_DSCP_REMAPPED] = "remapped", [PH_DSCP_MIXED] = "mixed",
	[PH_DSCP_DROPPED] = "dropped",
};

void
ph_dscp_init(struct ph_dscp *x, uint64_t gap_us, uint64_t wait_us, uint64_t now)
{
	*x = (struct ph_dscp){ .next_us = now, .gap_us = gap_us, .wait_us = wait_us };
	for (int i = 0; i < PH_DSCP_MARKS; i++) {
		x->mark[i].name = marks[i].name;
		x->mark[i].mark = marks[i].mark;
	}
}

bool
ph_dscp_output(struct ph_dscp *x, uint64_t now, struct ph_dscp_send *out)
{
	unsigned i = x->round % PH_DSCP_MARKS;

	if (x->done || now < x->next_us)
		return false;
	if (x->round == PH_DSCP_MARKS * PH_DSCP_TRIES) {
		x->done = true;
		return false;
	}
	*out = (struct ph_dscp_send){ x->mark[i].mark, (uint8_t)i, x->mark[i].sent++ };
	x->round++;
	x->next_us = now + (x->round == PH_DSCP_MARKS * PH_DSCP_TRIES ? x->wait_us : x->gap_us);
	return true;
}

static void
seen(struct ph_dscp_way *w, uint8_t try, uint8_t mark)
{
	if (w->arrived != 0 && w->seen != mark)
		w->mixed = true;
	w->arrived |= (uint8_t)(1U << try);
	w->seen = mark;
}

void
ph_dscp_receipt(struct ph_dscp *x, uint8_t i, uint8_t try, uint8_t mark)
{
	if (i < PH_DSCP_MARKS && try < x->mark[i].sent)
		seen(&x->mark[i].out, try, mark);
}

void
ph_dscp_reply(struct ph_dscp *x, uint8_t i, uint8_t try, uint8_t mark)
{
	if (i < PH_DSCP_MARKS && try < x->mark[i].sent)
		seen(&x->mark[i].in, try, mark);
}

uint64_t
ph_dscp_deadline(const struct ph_dscp *x)
{
	return x->done ? UINT64_MAX : x->next_us;
}

static enum ph_dscp_fate
fate(uint8_t sent, uint8_t got)
{
	sent &= (uint8_t)~ECN;
	got &= (uint8_t)~ECN;
	if (got == sent)
		return PH_DSCP_KEPT;
	if (got == 0)
		return PH_DSCP_BLEACHED;
	return got == (sent & ~PRECEDENCE) ? PH_DSCP_PRECEDENCE : PH_DSCP_REMAPPED;
}

static enum ph_dscp_fate
ecn_fate(uint8_t sent, uint8_t got)
{
	return (sent & ECN) == (got & ECN) ? PH_DSCP_KEPT :
	    (got & ECN) == 0 ? PH_DSCP_BLEACHED : PH_DSCP_REMAPPED;
}

/* ${can}: how many could have arrived; ${plain}: unmarked ones that did. */
static void
judge(struct ph_dscp_way *w, uint8_t mark, unsigned can, const struct ph_dscp_way *plain)
{
	if (w->arrived == 0) {
		bool dropped = plain->arrived != 0 && can >= SURE_DROPPED &&
		    __builtin_popcount(plain->arrived) >= SURE_DROPPED;

		w->dscp = w->ecn = dropped ? PH_DSCP_DROPPED : PH_DSCP_UNKNOWN;
		return;
	}
	w->dscp = w->mixed ? PH_DSCP_MIXED : fate(mark, w->seen);
	w->ecn = w->mixed ? PH_DSCP_MIXED : ecn_fate(mark, w->seen);
}

void
ph_dscp_judge(struct ph_dscp *x)
{
	for (int i = 0; i < PH_DSCP_MARKS; i++) {
		struct ph_dscp_mark *m = &x->mark[i];

		judge(&m->out, m->mark, m->sent, &x->mark[0].out);
		judge(&m->in, m->mark, (unsigned)__builtin_popcount(m->out.arrived),
		    &x->mark[0].in);
	}
}

const char *
ph_dscp_fate_name(enum ph_dscp_fate f)
{
	return fates[f];
}
