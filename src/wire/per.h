/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_PER_H
#define PH_WIRE_PER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * DOC: Aligned PER, by hand
 *
 * The packed encoding rules (X.691, ALIGNED) as far as H.225.0 needs them: bits, whole
 * numbers of a small range, octet strings, object identifiers, choices, and the
 * extensions of a sequence, which are open types with a length each and so can be
 * passed over without being known.  Fields of up to 16 bits are packed; longer ones
 * begin on a whole byte.  As with cursors, what does not fit sets ${bad}, and is asked
 * for once, at the end.
 */
struct ph_per {
	uint8_t *w;			/* when writing, else NULL */
	const uint8_t *p;
	size_t bit, bits;		/* where it stands; all there is or may be */
	bool bad;
};

/* ph_per_reader(p, n), ph_per_writer(p, cap): at the first bit. */
struct ph_per ph_per_reader(const uint8_t *, size_t);
struct ph_per ph_per_writer(uint8_t *, size_t);

/* ph_per_align(r): on to the next whole byte; a writer fills with zeros. */
void ph_per_align(struct ph_per *);

/* ph_per_byte(r): the byte it stands in, counted from the first. */
size_t ph_per_byte(const struct ph_per *);

/* ph_per_left(r): whole bytes that are left to read; 0 when bad. */
size_t ph_per_left(const struct ph_per *);

/* ph_per_get(r, n): the next ${n} <= 32 bits; zero when they are not there. */
uint32_t ph_per_get(struct ph_per *, unsigned);
void ph_per_put(struct ph_per *, unsigned, uint32_t);

/* ph_per_get_octets(r, n): the next ${n} whole bytes, borrowed; NULL when not there. */
const uint8_t *ph_per_get_octets(struct ph_per *, size_t);
void ph_per_put_octets(struct ph_per *, const void *, size_t);

/* ph_per_get_u16(r): INTEGER (0..65535), or one less than INTEGER (1..65536). */
uint16_t ph_per_get_u16(struct ph_per *);
void ph_per_put_u16(struct ph_per *, uint16_t);

/*
 * ph_per_get_length(r): an unconstrained length, below 16384 (10.9.3.6); fragments are
 * not taken: bad.
 */
size_t ph_per_get_length(struct ph_per *);
void ph_per_put_length(struct ph_per *, size_t);

/* ph_per_get_choice(r, bits, ext): index of a choice; *${ext}: one of the additions. */
uint32_t ph_per_get_choice(struct ph_per *, unsigned, bool *ext);

/*
 * ph_per_get_additions(r, map): the bitmap of a sequence's additions, the first in the
 * highest of the returned number of bits; 64 at most.
 * ph_per_skip_additions(r): pass over them and what they hold.
 */
unsigned ph_per_get_additions(struct ph_per *, uint64_t *map);
void ph_per_put_additions(struct ph_per *, unsigned, uint64_t map);
void ph_per_skip_additions(struct ph_per *);

/* ph_per_get_open(r): a reader of just the next open type, which ${r} passes over. */
struct ph_per ph_per_get_open(struct ph_per *);

#endif
