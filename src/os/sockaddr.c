/* SPDX-License-Identifier: ISC */
#include <netinet/in.h>
#include <string.h>

#include "os/sockaddr.h"

bool
ph_sockaddr_addr(const struct sockaddr *sa, ph_u128 *out)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		*out = PH_V4(ntohl(in.sin_addr.s_addr));
		return true;
	}
	if (sa == NULL || sa->sa_family != AF_INET6)
		return false;
	memcpy(&in6, sa, sizeof(in6));
	*out = 0;
	for (int i = 0; i < 16; i++)
		*out = *out << 8 | in6.sin6_addr.s6_addr[i];
	return true;
}

uint16_t
ph_sockaddr_port(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		return ntohs(in.sin_port);
	}
	if (sa->sa_family != AF_INET6)
		return 0;
	memcpy(&in6, sa, sizeof(in6));
	return ntohs(in6.sin6_port);
}

socklen_t
ph_sockaddr_make(ph_u128 addr, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memset(out, 0, sizeof(*out));
	if (ph_addr_is_v4(addr)) {
		in.sin_addr.s_addr = htonl((uint32_t)(addr - PH_V4_BASE));
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
	for (int i = 15; i >= 0; i--, addr >>= 8)
		in6.sin6_addr.s6_addr[i] = (uint8_t)addr;
	memcpy(out, &in6, sizeof(in6));
	return sizeof(in6);
}
