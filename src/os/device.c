/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "os/device.h"
#include "os/sockaddr.h"
#include "os/udp.h"

int
ph_device_to(ph_u128 to, char name[PH_DEVICE_NAME])
{
	struct ifaddrs *all;
	ph_u128 from, addr;
	int err = ph_udp_source(to, &from);

	if (err != 0)
		return err;
	if (getifaddrs(&all) != 0)
		return -errno;
	err = -ENETUNREACH;
	for (const struct ifaddrs *i = all; i != NULL && err != 0; i = i->ifa_next)
		if (ph_sockaddr_addr(i->ifa_addr, &addr) && addr == from) {
			snprintf(name, PH_DEVICE_NAME, "%s", i->ifa_name);
			err = 0;
		}
	freeifaddrs(all);
	return err;
}

int
ph_device_bind(int fd, const char *name)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) == 0 ?
	    0 : -errno;
}
