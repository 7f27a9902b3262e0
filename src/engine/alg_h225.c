/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/alg_list.h"
#include "wire/h225.h"

static const struct ph_str none = { "", 0 };

/* A part of H.225 as people read it. */
static const char *
part_text(struct ph_arena *mem, const char *name, struct ph_str s)
{
	size_t n = strlen(name);
	struct ph_reader r = ph_reader(s.s, s.len);
	char text[PH_ADDR_TEXT];
	ph_u128 a;

	if (n > 7 && strcmp(name + n - 7, "Address") == 0 && (s.len == 6 || s.len == 18)) {
		a = ph_reader_addr(&r, s.len == 18);
		ph_addr_format(a, text);
		return ph_arena_printf(mem, s.len == 18 ? "[%s]:%u" : "%s:%u", text,
		    ph_reader_u16(&r));
	}
	if (s.len == 2)
		return ph_arena_printf(mem, "%u", ph_reader_u16(&r));
	return ph_alg_list_hex(mem, s);
}

static enum ph_alg_kind
part_kind(const char *name)
{
	size_t n = strlen(name);

	if (strcmp(name, "TPKT length") == 0)
		return PH_ALG_LENGTH;
	return n > 7 && strcmp(name + n - 7, "Address") == 0 ? PH_ALG_ADDRESS : PH_ALG_VALUE;
}

/* The part of ${parts} with the name of ${p} and the same number among its namesakes. */
static const struct ph_h225_part *
namesake(const struct ph_h225_parts *parts, const struct ph_h225_part *p,
    const struct ph_h225_parts *of)
{
	size_t skip = 0;

	for (const struct ph_h225_part *q = of->v; q < p; q++)
		skip += strcmp(q->name, p->name) == 0;
	for (size_t i = 0; i < parts->n; i++)
		if (strcmp(parts->v[i].name, p->name) == 0 && skip-- == 0)
			return &parts->v[i];
	return NULL;
}

static struct ph_str
part_of(struct ph_str whole, const struct ph_h225_part *p)
{
	return p != NULL ? (struct ph_str){ whole.s + p->off, p->len } : none;
}

static void
add_part(struct ph_alg_list *d, enum ph_alg_kind kind, const char *name, struct ph_str x,
    struct ph_str y)
{
	struct ph_alg_diff *diff = ph_alg_list_add(d, kind, name, x, y);

	diff->before = x.len > 0 ? part_text(d->mem, name, x) : "";
	diff->after = y.len > 0 ? part_text(d->mem, name, y) : "";
}

static bool
covered(const struct ph_h225_parts *parts, size_t at)
{
	for (size_t i = 0; i < parts->n; i++)
		if (at >= parts->v[i].off && at - parts->v[i].off < parts->v[i].len)
			return true;
	return false;
}

/* What changed between the parts, of messages of equal length. */
static void
compare_gaps(struct ph_alg_list *d, const struct ph_h225_parts *parts)
{
	size_t n = d->sent.len, from, i = 0;

	while (i < n) {
		for (from = i; i < n && d->sent.s[i] != d->received.s[i] && !covered(parts, i); )
			i++;
		if (i > from)
			ph_alg_list_add_bytes(d, "bytes without a name",
			    (struct ph_str){ d->sent.s + from, i - from },
			    (struct ph_str){ d->received.s + from, i - from });
		else
			i++;
	}
}

static struct ph_alg_diffs
compare_parts(struct ph_alg_list *d, const struct ph_h225_parts *a, const struct ph_h225_parts *b)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct ph_h225_part *p = &a->v[i], *q = namesake(b, p, a);
		struct ph_str x = part_of(d->sent, p), y = part_of(d->received, q);

		if (!ph_alg_list_equal(x, y))
			add_part(d, q != NULL ? part_kind(p->name) : PH_ALG_REMOVED, p->name, x, y);
	}
	for (size_t i = 0; i < b->n; i++)
		if (namesake(a, &b->v[i], b) == NULL)
			add_part(d, PH_ALG_ADDED, b->v[i].name, none,
			    part_of(d->received, &b->v[i]));
	if (d->sent.len == d->received.len)
		compare_gaps(d, a);
	return ph_alg_list_end(d);
}

struct ph_alg_diffs
ph_alg_ras(struct ph_arena *mem, struct ph_str sent, struct ph_str received)
{
	struct ph_alg_list d = { .mem = mem, .sent = sent, .received = received };
	struct ph_ras a, b;

	if (ph_alg_list_equal(sent, received) || !ph_ras_decode(sent.s, sent.len, &a) ||
	    !ph_ras_decode(received.s, received.len, &b))
		return ph_alg_list_end(&d);
	return compare_parts(&d, &a.parts, &b.parts);
}

struct ph_alg_diffs
ph_alg_h225(struct ph_arena *mem, struct ph_str sent, struct ph_str received)
{
	struct ph_alg_list d = { .mem = mem, .sent = sent, .received = received };
	struct ph_h225 a, b;

	if (ph_alg_list_equal(sent, received) || !ph_h225_decode(sent.s, sent.len, &a) ||
	    !ph_h225_decode(received.s, received.len, &b))
		return ph_alg_list_end(&d);
	return compare_parts(&d, &a.parts, &b.parts);
}
