/* SPDX-License-Identifier: ISC */
#include "net/names.h"
#include "tunnel/want.h"

void
ph_want_init(struct ph_want *w, struct ph_arena *mem, const struct ph_requirement *const *reqs,
    size_t n)
{
	*w = (struct ph_want){ 0 };
	for (size_t i = 0; i < n; i++) {
		const struct ph_requirement *r = reqs[i];

		if (r->direction != PH_OUT || (r->proto != PH_UDP && r->proto != PH_TCP))
			continue;
		*PH_PUSH(mem, w->v, w->n, w->cap) =
		    (struct ph_want_flow){ r->proto, r->far, r->ports };
	}
}

bool
ph_want_has(const struct ph_want *w, uint8_t proto, ph_u128 to, uint16_t port)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].proto == proto && ph_ranges_has(w->v[i].far, to) &&
		    ph_ranges_has(w->v[i].ports, port))
			return true;
	return false;
}

const struct ph_ranges *
ph_want_hosts(const struct ph_want *w, struct ph_arena *mem)
{
	const struct ph_ranges *all = ph_ranges_none();

	for (size_t i = 0; i < w->n; i++)
		all = ph_ranges_union(mem, all, w->v[i].far);
	return all;
}
