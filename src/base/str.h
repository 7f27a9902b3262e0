/* SPDX-License-Identifier: ISC */
#ifndef PH_BASE_STR_H
#define PH_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed piece of text; not NUL-terminated. */
struct ph_str {
	const char *s;
	size_t len;			/* bytes */
};

#define PH_STR(lit) ((struct ph_str){ (lit), sizeof(lit) - 1 })

/* ph_str(s): all of the NUL-terminated ${s}. */
struct ph_str ph_str(const char *);

/*
 * ph_str_eq(a, s), ph_str_case_eq(a, s): equal to the NUL-terminated ${s}?  Most
 * words of a table differ in their first letter, so that is looked at here.
 */
bool ph_str_equal(struct ph_str, const char *);
bool ph_str_case_equal(struct ph_str, const char *);

static inline bool
ph_str_eq(struct ph_str a, const char *s)
{
	return a.len == 0 ? s[0] == '\0' : a.s[0] == s[0] && ph_str_equal(a, s);
}

static inline bool
ph_str_case_eq(struct ph_str a, const char *s)
{
	return a.len == 0 ? s[0] == '\0' :
	    ((a.s[0] ^ s[0]) & ~0x20) == 0 && ph_str_case_equal(a, s);
}

/* ph_str_starts(a, s): does ${a} begin with ${s}? */
bool ph_str_starts(struct ph_str, const char *);

/*
 * ph_str_u64(a, base, max, out):
 * Read all of ${a} as an unsigned number of ${base} 10, 16 or 0 (0x means 16)
 * up to ${max}.  False, *${out} untouched: empty, trailing text, too large, a sign.
 */
bool ph_str_u64(struct ph_str, unsigned, uint64_t, uint64_t *);

/*
 * ph_str_nearest(a, words, n):
 * The one of ${n} NUL-terminated words most like ${a}, or NULL when none is
 * near enough to be a likely slip (optimal string alignment distance).
 */
const char *ph_str_nearest(struct ph_str, const char *const *, size_t);

#endif
