/* SPDX-License-Identifier: ISC */
#ifndef PH_TEXT_UTF8_H
#define PH_TEXT_UTF8_H

#include "base/diag.h"
#include "base/str.h"

/*
 * ph_utf8_len(s, n): bytes of the character at ${s}, of which ${n} > 0 bytes are
 * there; 0 when they are not UTF-8 (RFC 3629: no surrogates, no long forms).
 */
unsigned ph_utf8_len(const char *, size_t);

/*
 * ph_utf8_check(diags, id, src):
 * Report under ${id} the first byte of every line that is no text: NUL bytes,
 * other control characters except tab and line ends, what is not UTF-8.  False
 * when there was one.
 */
bool ph_utf8_check(struct ph_diags *, const char *, struct ph_src *);

#endif
