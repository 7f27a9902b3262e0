/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_SOCKADDR_H
#define PH_OS_SOCKADDR_H

#include <sys/socket.h>

#include "net/addr.h"

/* ph_sockaddr_addr(sa, out): its address; false when NULL or of another family. */
bool ph_sockaddr_addr(const struct sockaddr *, ph_u128 *);

/* ph_sockaddr_port(sa): its port, 0 when of another family. */
uint16_t ph_sockaddr_port(const struct sockaddr *);

/* ph_sockaddr_make(addr, port, out): bytes of *${out} that are used. */
socklen_t ph_sockaddr_make(ph_u128, uint16_t, struct sockaddr_storage *);

#endif
