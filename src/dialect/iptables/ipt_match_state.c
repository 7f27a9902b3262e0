/* SPDX-License-Identifier: ISC */
#include "dialect/iptables/ipt_write.h"

/*
 * DOC: States as --ctstate and --ctdir
 *
 * A set of states is a list of them, or that list in one direction; any other
 * set falls apart into single states, of which one must hold.
 */

enum {
	ORIG = 1 << PH_NEW | 1 << PH_EST_ORIG | 1 << PH_REL_ORIG,
	REPLY = 1 << PH_EST_REPLY | 1 << PH_REL_REPLY,
	ALL = (1 << PH_NSTATES) - 1,
};

static const struct {
	const char *name;
	unsigned bits;
} states[] = {
	{ "INVALID", 1 << PH_INVALID }, { "NEW", 1 << PH_NEW },
	{ "RELATED", 1 << PH_REL_ORIG | 1 << PH_REL_REPLY },
	{ "ESTABLISHED", 1 << PH_EST_ORIG | 1 << PH_EST_REPLY },
	{ "UNTRACKED", 1 << PH_UNTRACKED },
};

enum { N_STATES = sizeof(states) / sizeof(*states) };

/* The list that names ${bits}, in ${dir} or both; NULL when there is none. */
static const char *
list(struct ph_arena *mem, unsigned bits, unsigned dir, const char *not)
{
	unsigned rest = bits;
	struct ph_buf b;

	ph_buf_init(&b, mem);
	ph_buf_printf(&b, "-m conntrack %s--ctstate ", not);
	for (size_t i = 0; i < N_STATES; i++) {
		unsigned here = states[i].bits & dir;

		if (here == 0 || (bits & here) != here)
			continue;
		ph_buf_printf(&b, "%s%s", rest == bits ? "" : ",", states[i].name);
		rest &= ~here;
	}
	if (rest != 0 || bits == 0)
		return NULL;
	if (dir == ALL)
		return b.s;
	if (bits == dir)
		return dir == ORIG ? "-m conntrack --ctdir ORIGINAL" :
		    "-m conntrack --ctdir REPLY";
	ph_buf_printf(&b, " --ctdir %s", dir == ORIG ? "ORIGINAL" : "REPLY");
	return b.s;
}

static unsigned
bits_of(const struct ph_ranges *v)
{
	unsigned bits = 0;

	for (size_t i = 0; v != NULL && i < v->n; i++)
		for (ph_u128 s = v->r[i].lo; s <= v->r[i].hi && s < PH_NSTATES; s++)
			bits |= 1U << s;
	return v == NULL ? ALL : bits;
}

static void
write_status(struct ipt_writer *w, const struct ph_cond *c, struct ipt_parts *p)
{
	static const struct { unsigned bits; const char *names; } sets[] = {
		{ 1 << 1 | 1 << 3, "SNAT" }, { 1 << 2 | 1 << 3, "DNAT" },
		{ 1 << 1 | 1 << 2 | 1 << 3, "SNAT,DNAT" },
	};
	unsigned bits = bits_of(c->ranges);

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		if (bits == sets[i].bits || bits == (0xf & ~sets[i].bits)) {
			bool not = (bits != sets[i].bits) != c->neg;

			ph_ipt_write_fixed(w, p, ph_arena_printf(w->mem,
			    "-m conntrack %s--ctstate %s", not ? "! " : "", sets[i].names));
			return;
		}
	ph_ipt_write_fail(w, c->at, "this state of a translation");
}

void
ph_ipt_match_state(struct ipt_writer *w, const struct ph_cond *c,
    struct ipt_parts *p)
{
	static const unsigned dirs[] = { ALL, ORIG, REPLY };
	unsigned bits = bits_of(c->ranges);
	const char *text = NULL;
	struct ipt_alts *a;

	if (c->dim == PH_STATUS) {
		write_status(w, c, p);
		return;
	}
	if (c->neg && (text = list(w->mem, bits, ALL, "! ")) == NULL)
		bits = ALL & ~bits;
	p->never |= bits == 0;
	if (bits == ALL)
		return;
	for (size_t i = 0; i < 3 && text == NULL; i++)
		text = list(w->mem, bits, dirs[i], "");
	if (text != NULL || bits == 0) {
		ph_ipt_write_fixed(w, p, text == NULL ? "" : text);
		return;
	}
	if (p->n >= IPT_MAX_ALTS - 1) {
		ph_ipt_write_fail(w, c->at, "a rule with so many lists");
		return;
	}
	a = &p->alt[p->n++];
	*a = (struct ipt_alts){ 0 };
	for (unsigned s = 0; s < PH_NSTATES; s++) {
		text = NULL;
		for (size_t i = 0; i < 3 && text == NULL && (bits & 1U << s) != 0; i++)
			text = list(w->mem, 1U << s, dirs[i], "");
		if (text != NULL)
			*PH_PUSH(w->mem, a->v, a->n, a->cap) = text;
	}
}
