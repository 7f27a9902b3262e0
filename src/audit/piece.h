/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_PIECE_H
#define PH_AUDIT_PIECE_H

#include "audit/walk.h"

/*
 * DOC: Pieces
 *
 * The walker carries pieces of the question through the rules.  A piece is a
 * cube ${q} in the question's coordinates, the opening packets as they were
 * sent, and for each dimension a view: how the packet looks where it is now.
 * Most views just show a dimension of ${q}, the same or, in replies, the
 * opposite one; address translation makes a view shifted or its own.  A rule
 * that splits a view which shows ${q} splits ${q} in step, so that all answers
 * are about opening packets, whatever happened on the way.
 *
 * A view of its own with more than one value (a pool of addresses) cannot be
 * split: which value a packet gets is not known before.  A condition that
 * holds for some of them only is uncertain, like one that was not understood.
 */

enum ph_view_kind {
	PH_VIEW_SAME,			/* dimension ${of} of q */
	PH_VIEW_SHIFT,			/* the same plus ${shift}, modulo 2^128 */
	PH_VIEW_OWN,			/* one of ${own}; NULL: any value */
};

struct ph_view {
	enum ph_view_kind kind : 8;
	enum ph_dim of : 8;
	union {
		const struct ph_ranges *own;
		const ph_u128 *shift;
	};
};

/* Where a piece is in the rules: a chain, the next rule, who called. */
struct ph_frame {
	const struct ph_chain *chain;
	size_t next;			/* of the caller: where it goes on */
	const struct ph_frame *up;
	const uint32_t *list;		/* rules to look at, rising; NULL: all */
	size_t n_list;
};

/* What was not certain on the way of a piece; NULL reason: nothing. */
struct ph_doubt {
	const char *why;
	struct ph_span at;
};

struct ph_piece {
	struct ph_arena_mark mark;	/* of the scratch arena when it was put aside */
	struct ph_cube q;
	struct ph_view view[PH_NDIMS];
	/* where */
	enum ph_stage stage;
	enum ph_path path;		/* may change by translation */
	unsigned hook;			/* position in the order of hooks */
	const struct ph_frame *frame;
	size_t next;			/* rule of frame->chain */
	const struct ph_iface *ifaces;	/* the firewall's, with addresses if known */
	/* what happened */
	struct ph_doubt doubt;
	bool untracked;			/* in this stage */
	const struct ph_rule *tmpl;	/* that gave it a template of a connection, or NULL */
	bool no_ct;			/* connection tracking has not seen it (yet) */
	bool first_untracked;		/* the opening packet was */
	bool reply_untracked;		/* the reply was */
	bool src_done, dst_done;	/* translation of this stage is applied */
	bool diverted;			/* redirected to the firewall itself */
	bool masqueraded;		/* its source became an interface's */
	bool rerouted;			/* forwarded by translation: leaves anywhere */
	struct ph_view nat[4];		/* SRC DST SPORT DPORT after translation */
	struct ph_part fate;		/* filled in as facts appear */
	bool decided_in_filter;		/* fate.by is a rule of the filtering hook */
};

/* ph_piece_dim(mem, p, d): the values of dimension ${d} as seen now. */
const struct ph_ranges *ph_piece_dim(struct ph_arena *, const struct ph_piece *,
    enum ph_dim);

/* ph_view_const(mem, v): a view of the one value ${v}. */
struct ph_view ph_view_const(struct ph_arena *, ph_u128);

enum ph_cut {
	PH_CUT_ALL,			/* every packet is inside */
	PH_CUT_NONE,			/* none is */
	PH_CUT_SPLIT,			/* *p became the inside, *out the outside */
	PH_CUT_UNSURE,			/* depends on what is not known before */
};

/*
 * ph_piece_cut(mem, p, d, inside, out):
 * Split *${p} by whether dimension ${d}, as seen now, is in ${inside}.
 */
enum ph_cut ph_piece_cut(struct ph_arena *, struct ph_piece *, enum ph_dim,
    const struct ph_ranges *inside, struct ph_piece *out);

/* ph_piece_cut_q(): the same on dimension ${d} of the opening packet. */
enum ph_cut ph_piece_cut_q(struct ph_arena *, struct ph_piece *, enum ph_dim,
    const struct ph_ranges *inside, struct ph_piece *out);

/*
 * A stack of pieces still to be followed.  What a piece refers to lies below its
 * mark in ${scratch}; when its turn comes, all above the mark has been used up.
 */
struct ph_pieces {
	struct ph_piece *v;
	size_t n, cap;
	const struct ph_arena *scratch;	/* NULL: no marks */
};

void ph_pieces_push(struct ph_pieces *, const struct ph_piece *);

#endif
