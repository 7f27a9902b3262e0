/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_CONNECTING_H
#define PH_PROBE_CONNECTING_H

#include "probe/sample.h"
#include "probe/session.h"

/*
 * DOC: TCP ports
 *
 * A port is open when a connection stands, our hello gets through and is answered,
 * and the connection still works after some round trips: there are firewalls that
 * let a connection begin and cut it when they do not like what is said.  All ports
 * at once, a few tries each.  Where TLS is spoken, the far end must show the key that
 * is known, and the secret of the connection be the same at both ends: whoever sits
 * between and shows a certificate of his own, however well the computer may trust
 * it, is found out.
 *
 * Of a long range a sample is tried.  Between two of them with different fates the far end
 * is then asked to listen on what lies between, and that is tried: all of it at once, or
 * as many ports as make the next round the last.
 */
struct ph_connecting_opts {
	const struct ph_ranges *ports, *unbound;
	const struct ph_ranges *whole;	/* what ${ports} are a sample of; NULL: leave it there */
	const struct ph_ranges *tls;	/* of ${ports}: speak TLS there */
	const struct ph_tls_key *key;	/* ours, and the far end's, for TLS */
	const uint8_t *peer;
	ph_u128 to, from;
	unsigned rounds;		/* round trips that it has to hold */
	uint64_t gap_us;		/* between them */
	uint64_t silence_us;		/* without a word for so long: blocked */
};

struct ph_connecting {
	struct ph_loop *loop;
	struct ph_session *session;
	struct ph_connecting_opts o;
	struct ph_connecting_one **v;	/* by port */
	size_t n, cap, open_ones;
	const struct ph_ranges *closer;	/* asked for, to be tried next */
	unsigned looks;			/* closer ones */
	bool done, intercepted;
	void (*on_done)(void *);
	void *arg;
};

/* ph_connecting_start(loop, session, opts, out): begin with all of them. */
void ph_connecting_start(struct ph_loop *, struct ph_session *,
    const struct ph_connecting_opts *, struct ph_connecting *);

/* ph_connecting_end(c): stop; what is not decided stays unknown. */
void ph_connecting_end(struct ph_connecting *);

/* ph_connecting_doubt(c): the far end is gone: what is not open may be its fault. */
void ph_connecting_doubt(struct ph_connecting *);

/*
 * ph_connecting_observed(mem, c, ports, out, n): what was found of those ports, as parts of
 * a flow; *${between}: ports between two that were tested, at most.  Returns the median
 * round trip in microseconds, 0 when there was none.
 */
uint32_t ph_connecting_observed(struct ph_arena *, const struct ph_connecting *,
    const struct ph_ranges *, struct ph_observed **, size_t *, unsigned *between);

#endif
