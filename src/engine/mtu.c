/* SPDX-License-Identifier: ISC */
#include "engine/mtu.h"

/*
 * DOC: Path MTU
 *
 * The sizes at which real paths end (Ethernet, PPPoE, tunnels) are all tried at
 * once, then the gap between the largest that passed and the smallest that did
 * not is cut in four until nothing is left in it: first for the way out, then for
 * the way back, which can only be told up to what gets out.  ICMP "packet too
 * big" is noted and not believed (RFC 8899 4.6.1); that too large ones vanish
 * without it is what breaks calls.  Fragments are another question and come last.
 */
static const uint16_t sizes[] = {
	576, 1200, 1232, 1280, 1350, 1400, 1420, 1440, 1452, 1460, 1472, 1492, 1500,
};

enum {
	V6_LEAST = 1280, DEFAULT_MAX = 1500, FRAGMENTED = 2200,
	REFINE_TRIES = 4, REFINE_PARTS = 4, GAP_US = 5000,
};

static void
add(struct ph_mtu *x, uint16_t size, bool fragment, uint64_t now)
{
	for (unsigned i = 0; i < x->n; i++)
		if (x->probe[i].size == size && x->probe[i].fragment == fragment)
			return;
	if (x->n < PH_MTU_SIZES)
		x->probe[x->n++] = (struct ph_mtu_probe){
			.size = size, .fragment = fragment, .due_us = now };
}

void
ph_mtu_init(struct ph_mtu *x, bool v6, uint16_t local, uint64_t wait_us, uint64_t now)
{
	*x = (struct ph_mtu){ .v6 = v6, .wait_us = wait_us };
	x->max = local != 0 ? local : DEFAULT_MAX;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (sizes[i] <= x->max && (!v6 || sizes[i] >= V6_LEAST))
			add(x, sizes[i], false, now);
	add(x, x->max, false, now);
}

static unsigned
tries(const struct ph_mtu_probe *p)
{
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (p->size == sizes[i])
			return PH_MTU_TRIES;
	return REFINE_TRIES;
}

static bool
more(const struct ph_mtu_probe *p)
{
	return p->in == 0 && !p->local && p->sent < tries(p);
}

/* Nothing under way: every probe came back or was given up. */
static bool
quiet(const struct ph_mtu *x, uint64_t now)
{
	for (unsigned i = 0; i < x->n; i++) {
		const struct ph_mtu_probe *p = &x->probe[i];

		if (more(p) || (p->in == 0 && !p->local && now < p->due_us))
			return false;
	}
	return true;
}

/* Between what passed and what did not: more sizes to try.  False: none are left. */
static bool
refine(struct ph_mtu *x, unsigned ok, unsigned fail, uint64_t now)
{
	unsigned had = x->n;

	if (ok == 0 || fail - ok <= 1)
		return false;
	for (unsigned i = 1; i < REFINE_PARTS; i++) {
		unsigned size = ok + (fail - ok) * i / REFINE_PARTS;

		if (size > ok)
			add(x, (uint16_t)size, false, now);
	}
	return x->n > had;
}

struct edge {
	unsigned ok, fail;		/* fail: UINT16_MAX + 1 when nothing failed */
	bool local;
};

/* The way back is judged on what got out. */
static struct edge
find_edge(const struct ph_mtu *x, bool in)
{
	struct edge e = { .fail = UINT16_MAX + 1 };

	for (unsigned i = 0; i < x->n; i++) {
		const struct ph_mtu_probe *p = &x->probe[i];

		if (!p->fragment && (in ? p->in : p->out) != 0 && p->size > e.ok)
			e.ok = p->size;
	}
	for (unsigned i = 0; i < x->n; i++) {
		const struct ph_mtu_probe *p = &x->probe[i];

		if (p->fragment || p->size <= e.ok || p->size >= e.fail ||
		    (in && p->out == 0))
			continue;
		e.fail = p->size;
		e.local = p->local;
	}
	return e;
}

static void
judge_fragments(struct ph_mtu *x)
{
	for (unsigned i = 0; i < x->n; i++) {
		const struct ph_mtu_probe *p = &x->probe[i];

		if (!p->fragment || p->local)
			continue;
		x->result.fragments_out = p->out != 0 ? PH_MTU_YES : PH_MTU_NO;
		if (p->out != 0)
			x->result.fragments_in = p->in != 0 ? PH_MTU_YES : PH_MTU_NO;
	}
}

static void
judge(struct ph_mtu *x, uint64_t now)
{
	struct ph_mtu_result *r = &x->result;
	struct edge out = find_edge(x, false), in = find_edge(x, true);
	bool found_out = out.fail <= UINT16_MAX, found_in = in.fail <= UINT16_MAX;

	if ((found_out && refine(x, out.ok, out.fail, now)) ||
	    (found_in && refine(x, in.ok, in.fail, now)))
		return;
	r->out = (uint16_t)out.ok;
	r->in = (uint16_t)in.ok;
	r->out_exact = out.fail - out.ok == 1;
	r->in_exact = in.fail - in.ok == 1;
	r->out_local = out.local || (!found_out && out.ok == x->max);
	r->blackhole = found_out && out.ok > 0 && !out.local && r->ptb_mtu == 0;
	if (out.ok > 0 && !x->fragments_added) {
		x->fragments_added = true;
		add(x, FRAGMENTED, true, now);
		return;
	}
	judge_fragments(x);
	r->done = true;
}

/* Some did not come back, so only the far end can say which way they were lost. */
static bool
unsure(const struct ph_mtu *x)
{
	for (unsigned i = 0; i < x->n; i++)
		if (x->probe[i].in == 0 && !x->probe[i].local)
			return true;
	return false;
}

size_t
ph_mtu_output(struct ph_mtu *x, uint64_t now, struct ph_mtu_send *out, size_t max)
{
	size_t n = 0;

	if (!x->result.done && !x->asked && !x->receipts_due && quiet(x, now)) {
		x->receipts_due = unsure(x);
		if (!x->receipts_due)
			judge(x, now);
	}
	for (unsigned i = 0; i < x->n && n < max; i++) {
		struct ph_mtu_probe *p = &x->probe[i];

		if (!more(p) || now < p->due_us)
			continue;
		out[n++] = (struct ph_mtu_send){ p->size, p->sent++, p->fragment };
		p->due_us = now + (more(p) ? GAP_US : x->wait_us);
	}
	return n;
}

static struct ph_mtu_probe *
find(struct ph_mtu *x, uint16_t size, uint8_t try)
{
	for (unsigned i = 0; i < x->n; i++)
		if (x->probe[i].size == size && try < x->probe[i].sent)
			return &x->probe[i];
	return NULL;
}

void
ph_mtu_local(struct ph_mtu *x, uint16_t size)
{
	struct ph_mtu_probe *p = find(x, size, 0);

	if (p != NULL && p->out == 0)
		p->local = true;
}

void
ph_mtu_reply(struct ph_mtu *x, uint16_t size, uint8_t try)
{
	struct ph_mtu_probe *p = find(x, size, try);

	if (p == NULL)
		return;
	p->in |= (uint8_t)(1U << try);
	p->out |= (uint8_t)(1U << try);
}

void
ph_mtu_receipt(struct ph_mtu *x, uint16_t size, uint8_t try)
{
	struct ph_mtu_probe *p = find(x, size, try);

	if (p != NULL)
		p->out |= (uint8_t)(1U << try);
}

bool
ph_mtu_wants_receipts(const struct ph_mtu *x)
{
	return x->receipts_due && !x->asked;
}

void
ph_mtu_asked(struct ph_mtu *x, uint64_t now)
{
	x->asked = true;
	x->asked_us = now;
}

void
ph_mtu_told(struct ph_mtu *x, uint64_t now)
{
	if (!x->asked || x->result.done)
		return;
	x->asked = x->receipts_due = false;
	judge(x, now);
}

void
ph_mtu_ptb(struct ph_mtu *x, ph_u128 from, uint16_t mtu)
{
	x->result.ptb_from = from;
	x->result.ptb_mtu = mtu;
}

uint64_t
ph_mtu_deadline(const struct ph_mtu *x)
{
	uint64_t at = 0, first = UINT64_MAX;

	if (x->result.done || x->receipts_due)
		return UINT64_MAX;
	for (unsigned i = 0; i < x->n; i++) {
		const struct ph_mtu_probe *p = &x->probe[i];

		if (more(p))
			first = p->due_us < first ? p->due_us : first;
		else if (p->in == 0 && !p->local)
			at = p->due_us > at ? p->due_us : at;
	}
	return first != UINT64_MAX ? first : at;
}
