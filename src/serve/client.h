/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_CLIENT_H
#define PH_SERVE_CLIENT_H

#include "serve/serve.h"

/*
 * One control connection: from the first byte to the last.  It drives itself; its owner
 * waits for its files and calls it.
 */
struct ph_client;

struct ph_client_opts {
	const struct ph_serve_opts *serve;
	int fd;				/* becomes the client's */
	ph_u128 from, local;		/* local: of this end of the connection */
	uint16_t from_port;
	uint64_t now_us;
	size_t *room;			/* files for leased ports, of all clients */
};

/* ph_client_new(opts, out): 0, or -errno; then ${fd} stays the caller's. */
int ph_client_new(const struct ph_client_opts *, struct ph_client **);

/* ph_client_free(c): end of the session; writes the line of its life. */
void ph_client_free(struct ph_client *);

/* What the owner is to wait for. */
struct ph_client_waits {
	int fd, lease_fd;		/* lease_fd: -1 as long as there is none */
	bool read, write;
	uint64_t at_us;
};

/*
 * ph_client_run(c, now, waits): go on as far as it goes.  False: it is over, free it.
 */
bool ph_client_run(struct ph_client *, uint64_t now_us, struct ph_client_waits *);

#endif
