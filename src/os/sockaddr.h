/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_SOCKADDR_H
#define PH_OS_SOCKADDR_H

#include <sys/socket.h>

#include "net/addr.h"

/* ph_sockaddr_addr(sa, out): its address; false when NULL or of another family. */
bool ph_sockaddr_addr(const struct sockaddr *, ph_u128 *);

#endif
