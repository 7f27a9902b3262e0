/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_LISTEN_H
#define PH_OS_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * ph_listen(addr, port, fd): accept TCP connections there, without blocking.  0, or -errno:
 * -EACCES for low ports, -EADDRINUSE, -EADDRNOTAVAIL, -EMFILE.
 */
int ph_listen(ph_u128, uint16_t, int *);

/*
 * ph_listen_accept(fd, from, port, out): the next connection.  0, or -errno: -EAGAIN.  When
 * the other end is gone without a word, it breaks after some twenty seconds.
 */
int ph_listen_accept(int, ph_u128 *, uint16_t *, int *);

/* ph_listen_bytes(fd, p, n): read what is there: bytes, 0 at its end, -errno: -EAGAIN. */
int ph_listen_bytes(int, void *, size_t);

/* ph_listen_reply(fd, p, n): write, all or as much as fits: bytes or -errno. */
int ph_listen_reply(int, const void *, size_t);

/*
 * Many files waited for as one: a set is a file itself, readable when any of its members
 * is.  Members leave it when they are closed.
 */
int ph_pollset_new(int *);
int ph_pollset_add(int set, int fd, void *arg);

/* ph_pollset_ready(set, args, max): ${arg} of those that can be read now; how many. */
size_t ph_pollset_ready(int, void **, size_t);

/* ph_pollset_wait(set, args, max, ms): the same, after waiting so long for the first. */
size_t ph_pollset_wait(int, void **, size_t, int);

/* ph_pollset_want(set, fd, arg, read, write): what is waited for; a break always is. */
int ph_pollset_want(int, int, void *, bool, bool);

/* ph_pollset_remove(set, fd): it stays open. */
int ph_pollset_remove(int, int);

/*
 * A bell is a file that is readable from when somebody rings until it is answered; any thread.
 * ph_bell_new(fd), ph_bell_ring(fd), ph_bell_answer(fd).
 */
int ph_bell_new(int *);
void ph_bell_ring(int);
void ph_bell_answer(int);

/* ph_listen_shared(addr, port, fd): as ph_listen(), one of several that share a port. */
int ph_listen_shared(ph_u128, uint16_t, int *);

#endif
