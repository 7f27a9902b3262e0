/* SPDX-License-Identifier: ISC */
#ifndef PH_RELAY_LINK_H
#define PH_RELAY_LINK_H

#include "relay/worker.h"

/*
 * DOC: Links
 *
 * A TCP connection with a peer (RFC 6062) and, once its client has bound it, a stream of
 * that client: from then on bytes go both ways as they are.  What one end does not take
 * yet is waited for before more is read from the other; when one end closes, the other
 * gets what was sent before, and closes too.
 *
 * The server names a link by its number (engine/turn_server.h).
 */
struct ph_relay_link;

/*
 * ph_relay_link_connect(w, number, port, peer): begin, from the address and port of a relayed
 * port; the server hears of the result after this round.
 */
void ph_relay_link_connect(struct ph_relay_worker *, uint32_t, const struct ph_relay_port *,
    struct ph_stun_addr);

/*
 * ph_relay_link_pass(w, s, to): the stream is for somebody else, at ${to}, with all that it
 * has said.  False: it cannot be reached.
 */
bool ph_relay_link_pass(struct ph_relay_worker *, struct ph_relay_stream *, struct ph_stun_addr);

/* ph_relay_link_accept(w, port): peers that have connected to a relayed port. */
void ph_relay_link_accept(struct ph_relay_worker *, const struct ph_relay_port *);

/* ph_relay_link_join(w, number, s): bytes go both ways now. */
void ph_relay_link_join(struct ph_relay_worker *, uint32_t, struct ph_relay_stream *);

/* ph_relay_link_drop(w, number): close it and its stream; the server knows. */
void ph_relay_link_drop(struct ph_relay_worker *, uint32_t);

/* ph_relay_link_ready(w, k): its connection with the peer has something to say. */
void ph_relay_link_ready(struct ph_relay_worker *, struct ph_relay_link *);

/* ph_relay_link_move(w, k): as many bytes as go, either way; it and its stream may end. */
void ph_relay_link_move(struct ph_relay_worker *, struct ph_relay_link *);

/* ph_relay_link_room(w, k): its stream has written something; more may come from the peer. */
void ph_relay_link_room(struct ph_relay_worker *, struct ph_relay_link *);

/* ph_relay_link_stream_gone(w, k): its stream is closed; the link goes, too. */
void ph_relay_link_stream_gone(struct ph_relay_worker *, struct ph_relay_link *);

/* ph_relay_link_settle(w): after a round: tell of failed ones, and free those that are over. */
void ph_relay_link_settle(struct ph_relay_worker *);

/* ph_relay_link_end_all(w). */
void ph_relay_link_end_all(struct ph_relay_worker *);

#endif
