/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_FRAME_H
#define PH_OS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * IP packets at one end of a path.  On a link they are sent and received below the
 * host's own IP, so that whoever lives there may have any address.  Of a host they are
 * its own, as its programs send them and get them: through its output and its input.
 */

enum { PH_FRAME_MAX = 256, PH_FRAME_BATCH = 64 };	/* bytes of a packet; packets at once */

/* The address on the link of whoever is to take the packets. */
#define PH_FRAME_MAC "02:00:00:00:00:01"

struct ph_frame {
	uint16_t len;			/* bytes of ${b} in use */
	uint8_t b[PH_FRAME_MAX];	/* from the IP header on */
};

enum { PH_FRAME_SOCKETS = 4 };

struct ph_frame_end {
	bool host;
	size_t n;			/* sockets for receiving; 0: it is closed */
	int in[PH_FRAME_SOCKETS];
	int out[2];			/* a host's, by family */
};

/*
 * ph_frame_open(link, end): an end on a link of the network the process is in, by name.
 * ph_frame_open_host(end): the host itself; takes what comes for any address of it.
 * Either keeps working when the process moves on.  0, or -errno.
 */
int ph_frame_open(const char *link, struct ph_frame_end *);
int ph_frame_open_host(struct ph_frame_end *);

/* ph_frame_close(end) */
void ph_frame_close(struct ph_frame_end *);

/*
 * ph_frame_send(end, v, n): at most PH_FRAME_BATCH packets; on a link to PH_FRAME_MAC.
 * How many were taken, those that a host's own rules refuse among them; or -errno.
 */
int ph_frame_send(const struct ph_frame_end *, const struct ph_frame *, size_t);

/*
 * ph_frame_receive(end, v): up to PH_FRAME_BATCH packets that have come, longer ones
 * cut; of a host UDP and TCP only.  0 when there are none.  -errno.
 */
int ph_frame_receive(const struct ph_frame_end *, struct ph_frame *);

/* ph_frame_wait(end, ms): until packets have come; false: none did.  NULL: just wait. */
bool ph_frame_wait(const struct ph_frame_end *, int ms);

#endif
