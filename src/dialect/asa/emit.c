/* SPDX-License-Identifier: ISC */
#include "dialect/asa/emit.h"
#include "dialect/asa/read.h"

/*
 * The canonical form keeps the device's own words: every line that says
 * something about packets, one space between words, one or two in front of lines
 * of a stanza; objects first, then lists, then what uses them.
 */

static void
print_words(struct ph_buf *b, struct ph_asa_line *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		struct ph_str w = ph_asa_word(l, i);

		if (*w.s == '!')
			break;
		if (i > 0)
			ph_buf_putc(b, ' ');
		ph_buf_add(b, w.s, w.len);
	}
	ph_buf_putc(b, '\n');
}

static void
print_kept(const struct ph_asa *a, struct ph_buf *b, bool late)
{
	struct ph_asa_line l;

	for (size_t i = 0; i < a->n_kept; i++) {
		const struct ph_asa_kept *k = &a->kept[i];

		if (k->late != late)
			continue;
		ph_asa_line_at(&l, a->src, k->off, k->len);
		for (unsigned s = 0; s < k->indent; s++)
			ph_buf_putc(b, ' ');
		print_words(b, &l);
	}
}

static void
print_lists(const struct ph_asa *a, struct ph_buf *b)
{
	struct ph_asa_line l;

	for (const struct ph_asa_list *list = a->list_list; list != NULL; list = list->next)
		for (size_t i = 0; i < list->n; i++) {
			ph_asa_line_at(&l, a->src, list->v[i].off, list->v[i].len);
			print_words(b, &l);
		}
}

bool
ph_asa_emit(struct ph_arena *mem, struct ph_diags *diags, const struct ph_ruleset *rs,
    struct ph_buf *out)
{
	const struct ph_asa *a = rs->priv;

	(void)mem;
	if (rs->dialect == NULL || rs->dialect->emit != ph_asa_emit) {
		ph_diag(diags, PH_ERROR, "cannot-emit", (struct ph_span){ 0 },
		    "a ruleset of another platform cannot be written as this one's");
		return false;
	}
	print_kept(a, out, false);
	print_lists(a, out);
	print_kept(a, out, true);
	return true;
}
