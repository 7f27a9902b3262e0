/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_VALUES_H
#define PH_NFTABLES_VALUES_H

#include "dialect/nftables/ast.h"

/* What became of reading a value. */
enum ph_nft_got {
	PH_NFT_GOT,
	PH_NFT_WRONG,			/* reported */
	PH_NFT_UNKNOWN,			/* right, but its meaning is not in the text */
};

/*
 * Values of one type, as the numbers that the kernel compares: ports, addresses on
 * the common line, bits of states and flags as in the packet or the connection.
 */
struct ph_nft_values {
	enum ph_nft_type type;
	enum ph_nft_got got;
	const struct ph_ranges *in;
	struct ph_nft_values *next;	/* of a set's cache */
};

/*
 * ph_nft_values_one(p, e, type, out):
 * The single number that ${e} is: a word, or words joined by bit operators or commas.
 */
enum ph_nft_got ph_nft_values_one(struct ph_nft_parser *, const struct ph_nft_expr *,
    enum ph_nft_type, ph_u128 *);

/*
 * ph_nft_values_read(p, t, e, type, out):
 * All numbers that ${e} stands for: also ranges, prefixes, sets, and references
 * to the sets of table ${t}.
 */
enum ph_nft_got ph_nft_values_read(struct ph_nft_parser *, struct ph_nft_table *,
    const struct ph_nft_expr *, enum ph_nft_type, const struct ph_ranges **);

/*
 * ph_nft_values_set(p, t, e):
 * The set that a reference names; NULL after having reported that there is none.
 */
struct ph_nft_set *ph_nft_values_set(struct ph_nft_parser *, struct ph_nft_table *,
    const struct ph_nft_expr *);

/*
 * ph_nft_values_changing(s):
 * Why the elements of ${s} are not what the text says, or NULL when they are.
 */
const char *ph_nft_values_changing(const struct ph_nft_set *);

/* ph_nft_values_domain(type): all numbers of a type. */
struct ph_range ph_nft_values_domain(enum ph_nft_type);

/* ph_nft_values_bits(type): is it a type of bits, of which several may be set? */
bool ph_nft_values_bits(enum ph_nft_type);

#endif
