/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "catalog/address.h"

enum { MAX_NAME = 253, MAX_LABEL = 63 };	/* RFC 1035 2.3.4 */

static const struct {
	const char *word;
	struct ph_range range;
} words[] = {
	{ "any", { 0, PH_U128_MAX } },
	{ "any4", { PH_V4_BASE, PH_U128_MAX } },
	{ "any6", { 0, PH_V4_BASE - 1 } },
};

static bool
parse_word(struct ph_str s, struct ph_range *out)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ph_str_eq(s, words[i].word)) {
			*out = words[i].range;
			return true;
		}
	return false;
}

/* range ::= ADDR "-" ADDR, rising, of one family */
static bool
parse_range(struct ph_str s, struct ph_range *out)
{
	const char *dash = memchr(s.s, '-', s.len);
	size_t n = dash == NULL ? s.len : (size_t)(dash - s.s);
	ph_u128 lo, hi;

	if (dash == NULL || !ph_addr_parse((struct ph_str){ s.s, n }, &lo) ||
	    !ph_addr_parse((struct ph_str){ dash + 1, s.len - n - 1 }, &hi) ||
	    lo > hi || ph_addr_is_v4(lo) != ph_addr_is_v4(hi))
		return false;
	*out = (struct ph_range){ lo, hi };
	return true;
}

/* name ::= LABEL ("." LABEL)*, the last of which is no number (RFC 1123 2.1) */
static bool
is_host_name(struct ph_str s)
{
	size_t label = 0;
	bool digits = true;

	if (s.len == 0 || s.len > MAX_NAME)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i], low = c | 0x20;
		bool letter = (low >= 'a' && low <= 'z') || c == '_';

		if (c == '.') {
			if (label == 0 || s.s[i - 1] == '-')
				return false;
			label = 0;
			digits = true;
			continue;
		}
		if ((!letter && !(c >= '0' && c <= '9') && (c != '-' || label == 0)) ||
		    ++label > MAX_LABEL)
			return false;
		digits = digits && c >= '0' && c <= '9';
	}
	return label > 0 && !digits && s.s[s.len - 1] != '-';
}

/* address ::= "any" | "any4" | "any6" | ADDR ("/" LEN)? | range | name */
bool
ph_address_read(struct ph_site *site, struct ph_span at, unsigned directions,
    struct ph_site_addrs *to)
{
	struct ph_str s = { at.src->text + at.off, at.len };
	struct ph_site_addr a = { .at = at, .directions = directions };
	bool host_bits = false;
	char text[PH_ADDR_TEXT];

	if (!parse_word(s, &a.range) && !ph_prefix_parse(s, &a.range, &host_bits) &&
	    !parse_range(s, &a.range)) {
		if (!is_host_name(s)) {
			ph_diag(site->diags, PH_ERROR, "bad-address", at,
			    "expected an address, ADDR/LENGTH, ADDR-ADDR or a host name");
			return false;
		}
		a.name = ph_arena_dup(site->mem, s.s, s.len);
	}
	if (host_bits)
		ph_diag(site->diags, PH_WARN, "host-bits", at,
		    "bits are set behind the prefix; the network is %s/%d",
		    ph_addr_format(a.range.lo, text), ph_range_prefix_len(a.range));
	*PH_PUSH(site->mem, to->v, to->n, to->cap) = a;
	if (to->at.src == NULL)
		to->at = at;
	return true;
}

static struct ph_site_name *
name_entry(struct ph_site *site, const char *name)
{
	void **slot = ph_map_at(site->mem, &site->names, name, strlen(name));
	struct ph_site_name *n = *slot;

	if (n == NULL) {
		n = *slot = PH_NEW(site->mem, struct ph_site_name);
		n->name = name;
		n->next = site->name_list;
		site->name_list = n;
	}
	return n;
}

void
ph_address_pin(struct ph_site *site, const char *name, const struct ph_ranges *addrs)
{
	struct ph_site_name *n = name_entry(site, name);

	n->addrs = n->addrs == NULL ? addrs :
	    ph_ranges_union(site->mem, n->addrs, addrs);
	n->pinned = true;
}

/* All addresses of a name; asked for, and failure reported, only once. */
static const struct ph_ranges *
resolve(struct ph_site *site, const struct ph_site_addr *a,
    const struct ph_site_opts *opts)
{
	bool known = ph_map_find(&site->names, a->name, strlen(a->name)) != NULL;
	struct ph_site_name *n = name_entry(site, a->name);

	if (known)
		return n->addrs;
	if (opts->resolve != NULL)
		n->addrs = opts->resolve(opts->arg, a->name, a->at);
	else
		ph_diag(site->diags, PH_ERROR, "unknown-name", a->at,
		    "names are not looked up here; pin it: --resolve %s=ADDR", a->name);
	return n->addrs;
}

bool
ph_address_ranges(struct ph_site *site, const struct ph_site_addrs *addrs,
    enum ph_direction direction, const struct ph_site_opts *opts,
    const struct ph_ranges **out)
{
	struct ph_range *v = NULL;
	size_t n = 0, cap = 0;
	bool ok = true;

	for (size_t i = 0; i < addrs->n; i++) {
		const struct ph_site_addr *a = &addrs->v[i];
		const struct ph_ranges *r;

		if ((a->directions & 1U << direction) == 0)
			continue;
		if (a->name == NULL) {
			*PH_PUSH(site->mem, v, n, cap) = a->range;
			continue;
		}
		r = resolve(site, a, opts);
		ok = ok && r != NULL;
		for (size_t k = 0; r != NULL && k < r->n; k++)
			*PH_PUSH(site->mem, v, n, cap) = r->r[k];
	}
	*out = ph_ranges_from(site->mem, v, n);
	return ok;
}
