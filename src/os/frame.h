/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_FRAME_H
#define PH_OS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * IP packets as they are on one link: sent and received below the host's own IP,
 * so that whoever lives on that link may have any address.
 */

enum { PH_FRAME_MAX = 256, PH_FRAME_BATCH = 64 };	/* bytes of a packet; packets at once */

/* The address on the link of whoever is to take the packets. */
#define PH_FRAME_MAC "02:00:00:00:00:01"

struct ph_frame {
	uint16_t len;			/* bytes of ${b} in use */
	uint8_t b[PH_FRAME_MAX];	/* from the IP header on */
};

/*
 * ph_frame_open(link): a socket on a link of the network the process is in, by name;
 * it keeps working when the process moves on.  -errno.
 */
int ph_frame_open(const char *link);

/* ph_frame_close(fd) */
void ph_frame_close(int fd);

/*
 * ph_frame_send(fd, v, n): at most PH_FRAME_BATCH packets, to PH_FRAME_MAC.
 * How many were taken, or -errno.
 */
int ph_frame_send(int fd, const struct ph_frame *, size_t);

/*
 * ph_frame_receive(fd, v): up to PH_FRAME_BATCH packets that have come, longer ones
 * cut; 0 when there are none.  -errno.
 */
int ph_frame_receive(int fd, struct ph_frame *);

/* ph_frame_wait(fds, n, ms): until one of the sockets has packets; false: none came. */
bool ph_frame_wait(const int *fds, size_t n, int ms);

#endif
