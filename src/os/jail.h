/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_JAIL_H
#define PH_OS_JAIL_H

#include <stdbool.h>

#include "base/arena.h"
#include "net/addr.h"

/*
 * DOC: A program in a network of its own
 *
 * The program runs as it always does, as the same user with the same files, but its only
 * network is a TUN device (os/tun.h) of which this process holds the other end.  It takes no
 * rights: a user namespace gives the right to make the network, and a second one inside it gives
 * the program its own user id back, and none of those rights.
 *
 *	this process ---- fork ---- child
 *	                            new user and network namespace
 *	                            TUN device, addresses, routes, listening sockets
 *	           <-- their files --
 *	 (is there a way through?)
 *	             --- go --->
 *	                            second user namespace, exec
 *
 * The listening sockets belong to the network they were made in, whoever holds them: so this
 * process can be a server inside it, without ever being there.
 *
 * When this process ends, however it ends, so does the program (PR_SET_PDEATHSIG), and
 * with the files the device and all that was said of it.
 */
enum { PH_JAIL_RESOLVERS = 4 };

struct ph_jail_opts {
	const char *const *argv;	/* the program; NULL-terminated; NULL: none */
	const char *name;		/* of the interface */
	const char *lines4, *lines6;	/* for ph_netns_ip(); ${lines6} NULL: no IPv6 */
	ph_u128 addr4, addr6;		/* of the interface: where TCP is to be accepted */
	bool loopback;			/* packets from 127.0.0.0/8 may come from the interface */
};

/* Files of the program's network; -1 where there is none. */
struct ph_jail {
	int pid;
	int tun;
	int listen4, listen6;
	int go;				/* the child's end of the conversation */
	bool has_v6;
};

/* ph_jail_init(j): nothing that ph_jail_end() would have to close. */
void ph_jail_init(struct ph_jail *);

/*
 * ph_jail_new(mem, opts, out, why): all of the above but the start of the program.  0, or -errno
 * with a sentence in *${why}: -EPERM when it is not permitted here.
 */
int ph_jail_new(struct ph_arena *, const struct ph_jail_opts *, struct ph_jail *,
    const char **why);

/*
 * ph_jail_system(mem, opts, out, why): no network of its own and no program: the interface, its
 * addresses and routes in the network that this process is in.  The rest is as above: it all
 * goes when the file is closed, by whoever and whatever.
 */
int ph_jail_system(struct ph_arena *, const struct ph_jail_opts *, struct ph_jail *,
    const char **why);

/* ph_jail_go(j): start the program. */
void ph_jail_go(struct ph_jail *);

/*
 * ph_jail_over(j, status): has it ended?  With what exit status: its own, 128 and the
 * signal, 127 when there is no such program, 126 when it cannot be run.
 */
bool ph_jail_over(const struct ph_jail *, int *status);

/* ph_jail_signal(j, signal): pass a signal on. */
void ph_jail_signal(const struct ph_jail *, int);

/* ph_jail_end(j): close its files; a program that has not been started never is. */
void ph_jail_end(struct ph_jail *);

/*
 * ph_jail_resolvers(path, out): IPv4 loopback addresses that a resolv.conf(5) names as servers,
 * which a network of its own cannot reach; how many.
 */
unsigned ph_jail_resolvers(const char *, ph_u128 out[PH_JAIL_RESOLVERS]);

#endif
