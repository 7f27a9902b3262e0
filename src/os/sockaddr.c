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
