/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_TUN_H
#define PH_OS_TUN_H

#include <stddef.h>
#include <stdint.h>

/*
 * A network interface whose other end is this process: what the kernel sends there is read
 * from the file, what is written arrives.  Packets begin with their IP header.  The interface,
 * with its addresses and routes, goes when the last who holds the file does.
 */
enum { PH_TUN_MTU = 65535 };		/* bytes; the most that a TUN device takes */

/*
 * ph_tun_open(name, fd): a new interface in the network that the process is in; not blocking.
 * 0, or -errno: -EPERM without CAP_NET_ADMIN there, -ENOENT or -ENODEV where the kernel has none,
 * -EBUSY when the name is taken.
 */
int ph_tun_open(const char *name, int *);

/*
 * ph_tun_read(fd, p, n), ph_tun_write(fd, p, n): one packet; bytes, 0 when none waits or there
 * is no room, or -errno.
 */
int ph_tun_read(int, void *, size_t);
int ph_tun_write(int, const void *, size_t);

#endif
