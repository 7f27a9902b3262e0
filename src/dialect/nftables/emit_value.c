/* SPDX-License-Identifier: ISC */
#include "dialect/nftables/emit.h"
#include "dialect/nftables/values.h"
#include "dialect/nftables/word.h"
#include "net/names.h"

enum { LINE = 88 };			/* wrap sets beyond this many bytes */

static void
put_address(struct ph_buf *b, ph_u128 a)
{
	char text[PH_ADDR_TEXT];

	ph_buf_puts(b, ph_addr_format(a, text));
}

static void
put_addresses(struct ph_buf *b, struct ph_range r)
{
	int len = ph_range_prefix_len(r);

	put_address(b, r.lo);
	if (r.lo == r.hi)
		return;
	if (len >= 0) {
		ph_buf_printf(b, "/%d", len);
	} else {
		ph_buf_putc(b, '-');
		put_address(b, r.hi);
	}
}

static void
put_iface(struct ph_buf *b, struct ph_range r)
{
	char text[32];
	const char *name = ph_iface_decode(r.lo, text);

	ph_buf_printf(b, "\"%s%s\"", name, r.lo == r.hi ? "" : "*");
}

static void
put_number(struct ph_buf *b, enum ph_nft_type type, uint64_t v)
{
	const char *name = ph_nft_word_name(type, v);

	if (type == PH_NFT_T_MARK)
		ph_buf_printf(b, "0x%08llx", (unsigned long long)v);
	else if (name != NULL && type != PH_NFT_T_ICMP_CODE && type != PH_NFT_T_ICMP6_CODE)
		ph_buf_puts(b, name);
	else
		ph_buf_printf(b, "%llu", (unsigned long long)v);
}

void
ph_nft_emit_item(struct ph_buf *b, enum ph_nft_type type, struct ph_range r)
{
	if (type == PH_NFT_T_V4 || type == PH_NFT_T_V6) {
		put_addresses(b, r);
	} else if (type == PH_NFT_T_IFACE) {
		put_iface(b, r);
	} else if (r.lo == r.hi) {
		put_number(b, type, (uint64_t)r.lo);
	} else if (type == PH_NFT_T_MARK) {
		ph_buf_printf(b, "0x%08llx-0x%08llx", (unsigned long long)r.lo,
		    (unsigned long long)r.hi);
	} else {
		ph_buf_printf(b, "%llu-%llu", (unsigned long long)r.lo, (unsigned long long)r.hi);
	}
}

static void
put_set(struct ph_buf *b, enum ph_nft_type type, const struct ph_ranges *r)
{
	size_t line = b->len;

	if (r->n == 1) {
		ph_nft_emit_item(b, type, r->r[0]);
		return;
	}
	ph_buf_puts(b, "{ ");
	for (size_t i = 0; i < r->n; i++) {
		bool full = b->len - line > LINE;

		ph_buf_puts(b, i == 0 ? "" : full ? ",\n\t\t\t" : ", ");
		if (full)
			line = b->len;
		ph_nft_emit_item(b, type, r->r[i]);
	}
	ph_buf_puts(b, " }");
}

/* Can every range be written as one item? */
static bool
sayable(enum ph_nft_type type, const struct ph_ranges *r)
{
	char text[32];

	for (size_t i = 0; type == PH_NFT_T_IFACE && i < r->n; i++) {
		struct ph_range whole;

		if (r->r[i].lo == 0)
			return false;
		if (r->r[i].lo == r->r[i].hi)
			continue;
		whole = ph_iface_range(ph_str(ph_iface_decode(r->r[i].lo, text)));
		if (whole.lo != r->r[i].lo || whole.hi != r->r[i].hi)
			return false;
	}
	return r->n > 0;
}

void
ph_nft_emit_values(struct ph_nft_emit *em, struct ph_buf *b, enum ph_nft_type type,
    const struct ph_ranges *r)
{
	struct ph_range all = ph_nft_values_domain(type);
	const struct ph_ranges *not = ph_ranges_subtract(em->mem,
	    ph_ranges_one(em->mem, all.lo, all.hi), r);
	bool yes = sayable(type, r), no = sayable(type, not);

	if (!yes && !no)
		ph_nft_emit_cannot(em, (struct ph_span){ NULL, 0, 0 },
		    "a range of interface names");
	else if (yes && (!no || r->n <= not->n))
		put_set(b, type, r);
	else {
		ph_buf_puts(b, "!= ");
		put_set(b, type, not);
	}
}

static const char *const flag_names[] = {
	"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr",
};

static void
put_flags(struct ph_buf *b, unsigned v)
{
	bool several = (v & (v - 1)) != 0;
	const char *sep = several ? "(" : "";

	if (v == 0)
		ph_buf_puts(b, "0x0");
	for (unsigned i = 0; i < 8; i++)
		if (v & 1U << i) {
			ph_buf_printf(b, "%s%s", sep, flag_names[i]);
			sep = " | ";
		}
	ph_buf_puts(b, several ? ") " : " ");
}

/* "tcp flags & (syn | ack) == syn", when the flags in ${in} are just that. */
static bool
flags_masked(struct ph_buf *b, const bool in[256], size_t n, const char *rel)
{
	for (unsigned mask = 1; mask < 256; mask++) {
		unsigned value = 0, f = 0;

		if (n != 256U >> __builtin_popcount(mask))
			continue;
		while (f < 256 && !in[f])
			f++;
		value = f & mask;
		for (f = 0; f < 256 && in[f] == ((f & mask) == value); f++)
			continue;
		if (f < 256)
			continue;
		if (mask == 255) {
			ph_buf_printf(b, "tcp flags %s ", rel);
		} else {
			ph_buf_puts(b, "tcp flags & ");
			put_flags(b, mask);
			ph_buf_printf(b, "%s ", rel);
		}
		put_flags(b, value);
		return true;
	}
	return false;
}

void
ph_nft_emit_flags(struct ph_nft_emit *em, const struct ph_ranges *r,
    struct ph_nft_alts *out)
{
	bool in[256], not[256];
	const char *sep = "";
	size_t n = 0;
	struct ph_buf b;

	for (unsigned f = 0; f < 256; f++) {
		in[f] = ph_ranges_has(r, ph_flags_encode(f));
		not[f] = !in[f];
		n += in[f];
	}
	ph_buf_init(&b, em->mem);
	if (n == 256) {
		ph_buf_puts(&b, "meta l4proto tcp ");
	} else if (!flags_masked(&b, in, n, "==") && !flags_masked(&b, not, 256 - n, "!=")) {
		ph_buf_puts(&b, "tcp flags { ");
		for (unsigned f = 0; f < 256; f++)
			if (in[f]) {
				ph_buf_printf(&b, "%s0x%02x", sep, f);
				sep = ", ";
			}
		ph_buf_puts(&b, " } ");
	}
	if (n > 0)
		ph_nft_emit_alt(em, out, b.s);
}

static bool
has(const struct ph_ranges *r, enum ph_state s)
{
	return ph_ranges_has(r, (ph_u128)s);
}

/* "ct state a,b " for those of the five words whose bit is in ${words}. */
static void
put_states(struct ph_nft_emit *em, unsigned words, const char *more, struct ph_nft_alts *out)
{
	static const char *const name[] = {
		"new", "established", "related", "invalid", "untracked",
	};
	const char *sep = "ct state ";
	struct ph_buf b;

	if (words == 0)
		return;
	ph_buf_init(&b, em->mem);
	for (unsigned i = 0; i < 5; i++)
		if (words & 1U << i) {
			ph_buf_printf(&b, "%s%s", sep, name[i]);
			sep = ",";
		}
	ph_buf_printf(&b, " %s", more);
	ph_nft_emit_alt(em, out, b.s);
}

void
ph_nft_emit_state(struct ph_nft_emit *em, const struct ph_ranges *r,
    struct ph_nft_alts *out)
{
	enum { NEW = 1, EST = 2, REL = 4, INVALID = 8, UNTRACKED = 16 };
	unsigned orig = (has(r, PH_NEW) ? NEW : 0U) | (has(r, PH_EST_ORIG) ? EST : 0U) |
	    (has(r, PH_REL_ORIG) ? REL : 0U);
	unsigned reply = (has(r, PH_EST_REPLY) ? EST : 0U) | (has(r, PH_REL_REPLY) ? REL : 0U);
	unsigned rest = (has(r, PH_INVALID) ? INVALID : 0U) |
	    (has(r, PH_UNTRACKED) ? UNTRACKED : 0U);
	unsigned both = (orig & reply) | rest;

	if (orig == (NEW | EST | REL) && reply == (EST | REL) && rest == (INVALID | UNTRACKED)) {
		ph_nft_emit_alt(em, out, "");
	} else if (orig == (NEW | EST | REL) && reply == 0 && rest == 0) {
		ph_nft_emit_alt(em, out, "ct direction original ");
	} else if (orig == 0 && reply == (EST | REL) && rest == 0) {
		ph_nft_emit_alt(em, out, "ct direction reply ");
	} else {
		put_states(em, both | (orig & NEW), "", out);
		put_states(em, orig & ~both & ~(unsigned)NEW, "ct direction original ", out);
		put_states(em, reply & ~both, "ct direction reply ", out);
	}
}

void
ph_nft_emit_status(struct ph_nft_emit *em, const struct ph_ranges *r,
    struct ph_nft_alts *out)
{
	/* by which of none, snat, dnat, both are in the set */
	static const char *const text[16][2] = {
		[1] = { "ct status & (snat | dnat) == 0x0 " },
		[2] = { "ct status & (snat | dnat) == snat " },
		[4] = { "ct status & (snat | dnat) == dnat " },
		[8] = { "ct status & (snat | dnat) == (snat | dnat) " },
		[1 | 2] = { "ct status & dnat == 0x0 " },
		[1 | 4] = { "ct status & snat == 0x0 " },
		[1 | 8] = { "ct status & (snat | dnat) == 0x0 ",
		    "ct status & (snat | dnat) == (snat | dnat) " },
		[2 | 4] = { "ct status & (snat | dnat) == snat ",
		    "ct status & (snat | dnat) == dnat " },
		[2 | 8] = { "ct status snat " },
		[4 | 8] = { "ct status dnat " },
		[1 | 2 | 4] = { "ct status & (snat | dnat) != (snat | dnat) " },
		[1 | 2 | 8] = { "ct status & (snat | dnat) != dnat " },
		[1 | 4 | 8] = { "ct status & (snat | dnat) != snat " },
		[2 | 4 | 8] = { "ct status snat,dnat " },
		[15] = { "ct status & (snat | dnat) >= 0x0 " },
	};
	unsigned in = 0;

	for (unsigned i = 0; i < 4; i++)
		in |= ph_ranges_has(r, i) ? 1U << i : 0;
	for (unsigned i = 0; i < 2; i++)
		if (text[in][i] != NULL)
			ph_nft_emit_alt(em, out, in == 15 ? "" : text[in][i]);
}
