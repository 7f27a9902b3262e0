/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_EDIT_H
#define PH_NFTABLES_EDIT_H

#include "base/buf.h"
#include "base/diag.h"

/* Changes to a text, made all at once; everything else stays byte for byte. */
struct ph_nft_edits {
	struct ph_arena *mem;
	const struct ph_src *src;
	struct ph_nft_edit *v;
	size_t n, cap;
	struct ph_buf tail;		/* goes to the end of the text */
};

/* ph_nft_edit_replace(e, off, len, text): put ${text} in place of ${len} bytes. */
void ph_nft_edit_replace(struct ph_nft_edits *, uint32_t off, uint32_t len, const char *);

/*
 * ph_nft_edit_line_before(e, off, line):
 * Insert a line before what stands at ${off}, indented like that.
 * ph_nft_edit_line_end(e, off, line): before the brace at ${off}, one step deeper.
 */
void ph_nft_edit_line_before(struct ph_nft_edits *, uint32_t off, const char *);
void ph_nft_edit_line_end(struct ph_nft_edits *, uint32_t off, const char *);

/* ph_nft_edit_apply(e, out): the changed text. */
void ph_nft_edit_apply(struct ph_nft_edits *, struct ph_buf *);

#endif
