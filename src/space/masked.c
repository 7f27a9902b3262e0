/* SPDX-License-Identifier: ISC */
#include "space/ranges.h"

/*
 * DOC: Masks with holes
 *
 * The numbers that agree with a value under a mask form runs of 2^k, where k
 * is the length of the zeros at the mask's low end.  A run is named by the
 * bits that are free above those: counting through the free bits, holes
 * skipped, steps from run to run in rising order.
 */
struct pattern {
	unsigned bits;			/* of the numbers */
	ph_u128 value;			/* within the mask */
	ph_u128 run;			/* low bits that are free together */
	ph_u128 step;			/* the other free bits */
};

static ph_u128
ones(unsigned bits)
{
	return bits >= 128 ? PH_U128_MAX : ((ph_u128)1 << bits) - 1;
}

static struct pattern
pattern_of(ph_u128 value, ph_u128 mask, unsigned bits)
{
	ph_u128 free_bits = ~mask & ones(bits);
	ph_u128 run = free_bits & ~(free_bits + 1);	/* ones at the bottom */

	return (struct pattern){ bits, value & mask & ones(bits), run, free_bits & ~run };
}

/*
 * The first run whose numbers are not all below ${from}; false when there is
 * none.  Going down the bits as long as they can equal those of ${from}; where
 * that must end below it, the last free bit that was 0 is raised instead.
 */
static bool
first_run(const struct pattern *p, ph_u128 from, ph_u128 *out)
{
	ph_u128 fixed = ones(p->bits) & ~(p->run | p->step), x = p->value;
	int raise = -1, b;

	for (b = (int)p->bits - 1; b >= 0 && !((p->run >> b) & 1); b--) {
		ph_u128 bit = (ph_u128)1 << b;

		if ((fixed & bit) == 0) {
			x |= from & bit;
			if ((from & bit) == 0)
				raise = b;
		} else if ((p->value & bit) > (from & bit)) {
			break;
		} else if ((p->value & bit) < (from & bit)) {
			if (raise < 0)
				return false;
			x &= ~(p->step & ones((unsigned)raise));
			x |= (ph_u128)1 << raise;
			break;
		}
	}
	*out = x;
	return true;
}

/* Count the runs within ${in} and, if ${out} is not NULL, store them; false: over ${max}. */
static bool
list_runs(const struct pattern *p, struct ph_range in, size_t max, struct ph_range *out,
    size_t *n)
{
	ph_u128 x, f;

	*n = 0;
	if (!first_run(p, in.lo, &x))
		return true;
	for (;;) {
		struct ph_range r = { x, x | p->run };

		if (r.lo > in.hi)
			return true;
		if (*n == max)
			return false;
		r.lo = r.lo < in.lo ? in.lo : r.lo;
		r.hi = r.hi > in.hi ? in.hi : r.hi;
		if (out != NULL)
			out[*n] = r;
		++*n;
		f = ((x & p->step) | ~p->step) + 1;
		if ((f & p->step) == 0)
			return true;
		x = p->value | (f & p->step);
	}
}

/* All holes at the low end: a prefix, as masks nearly always are. */
static bool
is_prefix(ph_u128 mask, unsigned bits)
{
	ph_u128 holes = ~mask & ones(bits);

	return (holes & (holes + 1)) == 0;
}

static const struct ph_ranges *
prefix(struct ph_arena *mem, ph_u128 first, ph_u128 holes, ph_u128 base,
    struct ph_range in)
{
	ph_u128 last = first | holes;

	if (first > in.hi || last < in.lo)
		return ph_ranges_none();
	return ph_ranges_one(mem, base + (first < in.lo ? in.lo : first),
	    base + (last > in.hi ? in.hi : last));
}

bool
ph_ranges_masked(struct ph_arena *mem, ph_u128 value, ph_u128 mask, unsigned bits,
    ph_u128 base, struct ph_range within, size_t max, const struct ph_ranges **out)
{
	struct pattern p = pattern_of(value, mask, bits);
	ph_u128 last = base + ones(bits);
	struct ph_range in = within, *v;
	size_t n;

	/* 128 bits are an IPv6 address: not the numbers that mean IPv4 */
	if (bits >= 128)
		last = PH_V4_BASE - 1;
	if (in.hi < base || in.lo > last) {
		*out = ph_ranges_none();
		return true;
	}
	in.lo = in.lo < base ? 0 : in.lo - base;
	in.hi = (in.hi > last ? last : in.hi) - base;
	if (max > 0 && is_prefix(mask, bits)) {
		*out = prefix(mem, value & mask & ones(bits), ~mask & ones(bits), base, in);
		return true;
	}
	if (!list_runs(&p, in, max, NULL, &n))
		return false;
	v = ph_arena_array(mem, n, sizeof(*v));
	list_runs(&p, in, max, v, &n);
	for (size_t i = 0; i < n; i++)
		v[i] = (struct ph_range){ base + v[i].lo, base + v[i].hi };
	*out = ph_ranges_from(mem, v, n);
	return true;
}
