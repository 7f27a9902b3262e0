/* SPDX-License-Identifier: ISC */
#ifndef PH_RELAY_FAST_BIND_H
#define PH_RELAY_FAST_BIND_H

#include "engine/turn_server.h"
#include "relay/fast.h"

/*
 * The channels of one worker that the fast path carries.  It is told what the server notes,
 * and tells the server what was moved.  All workers share one struct ph_fast; NULL: none.
 */
struct ph_fast_bind;

/* ph_fast_bind_new(f, n): for up to ${n} channels.  NULL: no memory. */
struct ph_fast_bind *ph_fast_bind_new(struct ph_fast *, uint32_t);

/* ph_fast_bind_free(b): unbind what is left. */
void ph_fast_bind_free(struct ph_fast_bind *);

/* ph_fast_bind_note(b, s, n): a channel or permission came, lasts longer, or went. */
void ph_fast_bind_note(struct ph_fast_bind *, struct ph_turn_server *, const struct ph_turn_note *);

/* ph_fast_bind_tick(b, s): count, and show that we live; once a second. */
void ph_fast_bind_tick(struct ph_fast_bind *, struct ph_turn_server *);

/* ph_fast_bind_moved(b): packets that the kernel has moved, as far as they were counted. */
uint64_t ph_fast_bind_moved(const struct ph_fast_bind *);

#endif
