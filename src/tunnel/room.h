/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_ROOM_H
#define PH_TUNNEL_ROOM_H

#include "os/jail.h"
#include "tunnel/link.h"
#include "tunnel/want.h"

/* Addresses of the program's end of the device, and of ours. */
#define PH_ROOM_HERE4	PH_V4(0xc6120001)	/* 198.18.0.1: RFC 2544's, on no network */
#define PH_ROOM_GATE4	PH_V4(0xc6120002)
#define PH_ROOM_NET6	((ph_u128)0xfd70696e686f6c65 << 64)	/* RFC 4193: "pinhole" */
#define PH_ROOM_HERE6	(PH_ROOM_NET6 | 1)
#define PH_ROOM_GATE6	(PH_ROOM_NET6 | 2)

/*
 * ph_room_program(mem, want, argv, jail, why): a network for the program, whose every packet comes
 * to us; of a family without a way out of this host, those for the services.  0, or -errno with
 * a sentence in *${why}.
 */
int ph_room_program(struct ph_arena *, const struct ph_want *, const char *const *argv,
    struct ph_jail *, const char **why);

/*
 * ph_room_past(mem, want, via, why): from now on the sockets of ${via} leave by the interface that
 * leads to the services now, whatever routes there will be.  To be said before any is made.
 *
 * ph_room_system(mem, want, jail, why): the services' packets of this host come to us.
 */
int ph_room_past(struct ph_arena *, const struct ph_want *, struct ph_via *, const char **why);
int ph_room_system(struct ph_arena *, const struct ph_want *, struct ph_jail *,
    const char **why);

#endif
