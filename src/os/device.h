/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_DEVICE_H
#define PH_OS_DEVICE_H

#include "net/addr.h"

/*
 * Sockets that leave by a given interface, whatever routes lead elsewhere: who takes packets
 * off the host's routes sends its own past them that way.
 */
enum { PH_DEVICE_NAME = 16 };		/* bytes, NUL included */

/*
 * ph_device_to(to, name): the interface by which packets to ${to} leave now.  0, or -errno:
 * -ENETUNREACH without a route.
 */
int ph_device_to(ph_u128, char [PH_DEVICE_NAME]);

/* ph_device_bind(fd, name): before it is connected.  0, or -errno. */
int ph_device_bind(int, const char *);

#endif
