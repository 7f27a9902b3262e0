/* SPDX-License-Identifier: ISC */
#include <ifaddrs.h>
#include <netdb.h>
#include <sys/socket.h>

#include "os/resolve.h"
#include "os/sockaddr.h"

const struct ph_ranges *
ph_resolve_name(struct ph_arena *mem, const char *name, const char **why)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *all;
	struct ph_range *v = NULL;
	size_t n = 0, cap = 0;
	int err = getaddrinfo(name, NULL, &hints, &all);
	ph_u128 addr;

	if (err != 0) {
		*why = gai_strerror(err);
		return NULL;
	}
	for (const struct addrinfo *a = all; a != NULL; a = a->ai_next)
		if (ph_sockaddr_addr(a->ai_addr, &addr))
			*PH_PUSH(mem, v, n, cap) = (struct ph_range){ addr, addr };
	freeaddrinfo(all);
	*why = "it has no addresses";
	return n > 0 ? ph_ranges_from(mem, v, n) : NULL;
}

const struct ph_ranges *
ph_resolve_own(struct ph_arena *mem)
{
	const struct ph_ranges *out = ph_ranges_none();
	struct ifaddrs *all;
	ph_u128 addr;

	if (getifaddrs(&all) != 0)
		return NULL;
	for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next)
		if (a->ifa_addr != NULL && ph_sockaddr_addr(a->ifa_addr, &addr))
			out = ph_ranges_union(mem, out, ph_ranges_one(mem, addr, addr));
	freeifaddrs(all);
	return out;
}
