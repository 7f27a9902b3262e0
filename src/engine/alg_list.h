/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_ALG_LIST_H
#define PH_ENGINE_ALG_LIST_H

#include "engine/alg.h"

/* The list of differences under construction, for alg_sip.c and alg_h225.c. */
struct ph_alg_list {
	struct ph_arena *mem;
	struct ph_str sent, received;
	struct ph_alg_diff *v;
	size_t n, cap;
};

/* ph_alg_list_equal(a, b): the same bytes? */
bool ph_alg_list_equal(struct ph_str, struct ph_str);

/*
 * ph_alg_list_add(d, kind, field, before, after):
 * Note that ${before}, a part of what was sent, became ${after}, a part of what was
 * received; either may be empty.  The texts are copied and may be replaced in the
 * returned entry, which is valid until the next call.
 */
struct ph_alg_diff *ph_alg_list_add(struct ph_alg_list *, enum ph_alg_kind, const char *,
    struct ph_str, struct ph_str);

/*
 * ph_alg_list_add_bytes(d, field, before, after):
 * Bytes without a name: what is left when what both begin and end with is taken off.
 */
void ph_alg_list_add_bytes(struct ph_alg_list *, const char *, struct ph_str, struct ph_str);

/* ph_alg_list_hex(mem, s): "0a 4d 01". */
const char *ph_alg_list_hex(struct ph_arena *, struct ph_str);

/* ph_alg_list_end(d): the list; what changed without a name is added. */
struct ph_alg_diffs ph_alg_list_end(struct ph_alg_list *);

#endif
