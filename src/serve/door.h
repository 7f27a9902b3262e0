/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_DOOR_H
#define PH_SERVE_DOOR_H

#include "net/addr.h"

/*
 * A way in for control connections that others have accepted: the relay, on a port that it
 * shares with the responder.  Nothing was read from them yet.
 */
struct ph_serve_door;

struct ph_serve_guest {
	int fd;
	ph_u128 from, local;		/* local: of this end */
	uint16_t from_port;
};

/* ph_serve_door_new(): NULL without memory.  _free(d): what waits is closed. */
struct ph_serve_door *ph_serve_door_new(void);
void ph_serve_door_free(struct ph_serve_door *);

/* ph_serve_door_enter(d, guest): any thread; closes it when too many wait. */
void ph_serve_door_enter(struct ph_serve_door *, const struct ph_serve_guest *);

/* ph_serve_door_fd(d): readable when somebody waits; ph_serve_door_take(d, out): the next. */
int ph_serve_door_fd(const struct ph_serve_door *);
bool ph_serve_door_take(struct ph_serve_door *, struct ph_serve_guest *);

#endif
