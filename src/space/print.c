/* SPDX-License-Identifier: ISC */
#include "net/names.h"
#include "space/cube.h"

enum { MAX_SHOWN = 12 };		/* values of one dimension in a sentence */

static const struct ph_ranges *
trim(enum ph_dim d, const struct ph_ranges *r)
{
	return r != NULL && r->n == 1 && r->r[0].lo == 0 && r->r[0].hi >= ph_dim_max(d) ?
	    NULL : r;
}

static void
print_addr(struct ph_buf *b, struct ph_range r)
{
	if (r.lo < PH_V4_BASE && r.hi >= PH_V4_BASE && r.lo != 0) {
		ph_range_print(b, (struct ph_range){ r.lo, PH_V4_BASE - 1 });
		ph_buf_putc(b, ',');
		r.lo = PH_V4_BASE;
	}
	if (r.lo == 0 && r.hi > PH_V4_BASE && r.hi != PH_U128_MAX) {
		ph_buf_puts(b, "any6,");
		r.lo = PH_V4_BASE;
	}
	ph_range_print(b, r);
}

static void
print_number(struct ph_buf *b, struct ph_range r)
{
	ph_u128_print(b, r.lo);
	if (r.hi == r.lo)
		return;
	ph_buf_putc(b, '-');
	ph_u128_print(b, r.hi);
}

static void
print_mark(struct ph_buf *b, struct ph_range r)
{
	ph_buf_printf(b, "0x%x", (unsigned)r.lo);
	if (r.hi != r.lo)
		ph_buf_printf(b, "-0x%x", (unsigned)r.hi);
}

static void
print_proto_one(struct ph_buf *b, unsigned p)
{
	const char *name = ph_proto_name((uint8_t)p);

	if (name != NULL)
		ph_buf_puts(b, name);
	else
		ph_buf_printf(b, "%u", p);
}

/* A few protocols by name; a long run is the rest of "all but", as numbers. */
static void
print_proto(struct ph_buf *b, struct ph_range r)
{
	if (r.hi - r.lo > 2) {
		print_number(b, r);
		return;
	}
	for (ph_u128 p = r.lo; p <= r.hi; p++) {
		if (p > r.lo)
			ph_buf_putc(b, ',');
		print_proto_one(b, (unsigned)p);
	}
}

static void
print_iface(struct ph_buf *b, struct ph_range r)
{
	char lo[17], hi[17];
	struct ph_str s = ph_str(ph_iface_decode(r.lo, lo));

	if (r.lo == r.hi) {
		ph_buf_puts(b, r.lo == 0 ? "none" : lo);
		return;
	}
	if ((r.lo & 0xff) == 0 && ph_iface_range(s).hi == r.hi)
		ph_buf_printf(b, "%s*", lo);
	else
		ph_buf_printf(b, "%s-%s", lo, ph_iface_decode(r.hi, hi));
}

static const char *const states[PH_NSTATES] = {
	[PH_NEW] = "new",
	[PH_EST_ORIG] = "established-original",
	[PH_EST_REPLY] = "established-reply",
	[PH_REL_ORIG] = "related-original",
	[PH_REL_REPLY] = "related-reply",
	[PH_INVALID] = "invalid",
	[PH_UNTRACKED] = "untracked",
};

static void
print_words(struct ph_buf *b, struct ph_range r, const char *const *words)
{
	for (ph_u128 v = r.lo; v <= r.hi; v++)
		ph_buf_printf(b, "%s%s", v > r.lo ? "," : "", words[v]);
}

/* Both directions of a state, which stand side by side, are one word. */
static void
print_state(struct ph_buf *b, struct ph_range r)
{
	for (ph_u128 s = r.lo; s <= r.hi; s++) {
		bool both = (s == PH_EST_ORIG || s == PH_REL_ORIG) && s < r.hi;

		if (s > r.lo)
			ph_buf_putc(b, ',');
		ph_buf_puts(b, !both ? states[s] :
		    s == PH_EST_ORIG ? "established" : "related");
		s += both;
	}
}

static void
print_status(struct ph_buf *b, struct ph_range r)
{
	static const char *const words[] = { "not-translated", "snat", "dnat", "snat+dnat" };

	print_words(b, r, words);
}

static void
print_flag_names(struct ph_buf *b, unsigned tcp)
{
	static const char *const names[8] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr",
	};
	const char *sep = "";

	if (tcp == 0)
		ph_buf_puts(b, "none");
	for (unsigned i = 0; i < 8; i++)
		if (tcp >> i & 1) {
			ph_buf_printf(b, "%s%s", sep, names[i]);
			sep = "|";
		}
}

/* As nftables writes it: which flags are looked at, and which of them are set. */
static bool
print_flags_masked(struct ph_buf *b, const struct ph_ranges *r, const char *not)
{
	unsigned all = 0xff, some = 0, n = 0, mask;

	for (unsigned v = 0; v < 256; v++)
		if (ph_ranges_has(r, v)) {
			all &= v;
			some |= v;
			n++;
		}
	mask = all | (~some & 0xff);
	if (n != 1U << (8 - __builtin_popcount(mask)))
		return false;
	ph_buf_puts(b, not);
	print_flag_names(b, ph_flags_decode(all));
	if (mask != 0xff) {
		ph_buf_puts(b, " / ");
		print_flag_names(b, ph_flags_decode(mask));
	}
	return true;
}

static void
print_flags(struct ph_buf *b, struct ph_range r)
{
	for (ph_u128 v = r.lo; v <= r.hi; v++) {
		if (v > r.lo)
			ph_buf_putc(b, ',');
		print_flag_names(b, ph_flags_decode((unsigned)v));
	}
}

typedef void print_h(struct ph_buf *, struct ph_range);

static print_h *const printers[PH_NDIMS] = {
	[PH_SRC] = print_addr, [PH_DST] = print_addr,
	[PH_SPORT] = print_number, [PH_DPORT] = print_number,
	[PH_PROTO] = print_proto, [PH_FLAGS] = print_flags,
	[PH_STATE] = print_state, [PH_STATUS] = print_status,
	[PH_IIF] = print_iface, [PH_OIF] = print_iface,
	[PH_MARK] = print_mark, [PH_CTMARK] = print_mark,
};

static void
print_list(struct ph_buf *b, enum ph_dim d, const struct ph_ranges *r, size_t max)
{
	size_t n = r->n > max ? max : r->n;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			ph_buf_putc(b, ',');
		printers[d](b, r->r[i]);
	}
	if (r->n > n)
		ph_buf_printf(b, " and %zu more", r->n - n);
}

/* "All but these" is shorter for names and flags that a rule negates. */
static bool
print_negated(struct ph_buf *b, enum ph_dim d, const struct ph_ranges *r, size_t max)
{
	const struct ph_ranges *rest;

	if (d != PH_IIF && d != PH_OIF && d != PH_FLAGS && d != PH_PROTO)
		return false;
	rest = ph_ranges_subtract(b->mem, ph_ranges_one(b->mem, 0, ph_dim_max(d)), r);
	if (d == PH_FLAGS)
		return print_flags_masked(b, rest, "not ");
	if (rest->n >= r->n)
		return false;
	ph_buf_puts(b, "not ");
	print_list(b, d, rest, max);
	return true;
}

static void
print_values(struct ph_buf *b, enum ph_dim d, const struct ph_ranges *r, size_t max)
{
	r = trim(d, r);
	if (r == NULL) {
		ph_buf_puts(b, "any");
		return;
	}
	if (r->n == 0) {
		ph_buf_puts(b, "none");
		return;
	}
	if (d == PH_FLAGS && print_flags_masked(b, r, ""))
		return;
	if (!print_negated(b, d, r, max))
		print_list(b, d, r, max);
}

void
ph_ranges_print(struct ph_buf *b, enum ph_dim d, const struct ph_ranges *r)
{
	print_values(b, d, r, SIZE_MAX);
}

static void
print_field(struct ph_buf *b, const char *word, enum ph_dim d, const struct ph_cube *c)
{
	if (trim(d, c->d[d]) == NULL)
		return;
	ph_buf_printf(b, "%s%s", b->len > 0 ? " " : "", word);
	print_values(b, d, c->d[d], MAX_SHOWN);
}

static bool
is_icmp(const struct ph_ranges *proto)
{
	return proto != NULL && proto->n > 0 && !ph_ranges_has(proto, PH_TCP) &&
	    !ph_ranges_has(proto, PH_UDP) &&
	    (ph_ranges_has(proto, PH_ICMP) || ph_ranges_has(proto, PH_ICMPV6));
}

/* One end of the arrow, which says "any" for itself. */
static void
print_end(struct ph_buf *b, const struct ph_cube *c, enum ph_dim addr)
{
	if (b->len > 0)
		ph_buf_putc(b, ' ');
	print_values(b, addr, c->d[addr], MAX_SHOWN);
}

static void
print_who(struct ph_buf *b, const struct ph_cube *c, bool icmp)
{
	bool sport = !icmp && trim(PH_SPORT, c->d[PH_SPORT]) != NULL;

	if (sport || trim(PH_SRC, c->d[PH_SRC]) != NULL ||
	    trim(PH_DST, c->d[PH_DST]) != NULL) {
		print_end(b, c, PH_SRC);
		if (sport)
			print_field(b, "port ", PH_SPORT, c);
		ph_buf_puts(b, " ->");
		print_end(b, c, PH_DST);
	}
	print_field(b, icmp ? "type " : "port ", PH_DPORT, c);
	if (icmp)
		print_field(b, "code ", PH_SPORT, c);
}

void
ph_cube_print(struct ph_buf *out, const struct ph_cube *c)
{
	static const struct { enum ph_dim d; const char *word; } rest[] = {
		{ PH_FLAGS, "flags " }, { PH_STATE, "state " }, { PH_STATUS, "connection " },
		{ PH_IIF, "in " }, { PH_OIF, "out " }, { PH_MARK, "mark " },
		{ PH_CTMARK, "connection mark " },
	};
	struct ph_buf b;

	ph_buf_init(&b, out->mem);
	print_field(&b, "", PH_PROTO, c);
	print_who(&b, c, is_icmp(c->d[PH_PROTO]));
	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++)
		print_field(&b, rest[i].word, rest[i].d, c);
	ph_buf_puts(out, b.len == 0 ? "any packet" : b.s);
}
