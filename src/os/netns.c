/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/netns.h"
#include "os/spawn.h"

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Root in a user namespace is this user outside. */
static int
become_root(void)
{
	char map[64];
	unsigned uid = geteuid(), gid = getegid();
	int err;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -errno;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/setgroups", "deny");
	err = write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return err != 0 ? err : write_file("/proc/self/gid_map", map);
}

int
ph_netns_enter_user(const char **why)
{
	int err;

	*why = NULL;
	if (unshare(CLONE_NEWNET) == 0)
		return 0;
	err = become_root();
	if (err != 0)
		*why = "networks of one's own are not permitted here: it takes user namespaces "
		    "(sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces) or the "
		    "capability CAP_SYS_ADMIN";
	return err;
}

int
ph_netns_new(void)
{
	return unshare(CLONE_NEWNET) == 0 ? 0 : -errno;
}

int
ph_netns_open(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

const char *
ph_netns_path(struct ph_arena *mem, int fd)
{
	return ph_arena_printf(mem, "/proc/%d/fd/%d", (int)getpid(), fd);
}

void
ph_netns_close(int fd)
{
	close(fd);
}

int
ph_netns_enter(int fd)
{
	return setns(fd, CLONE_NEWNET) == 0 ? 0 : -errno;
}

bool
ph_netns_ip(struct ph_arena *mem, bool v6, const char *batch, const char **why)
{
	const char *said;
	const char *const argv[] = { "ip", v6 ? "-6" : "-4", "-batch", "-", NULL };
	int code = ph_spawn(mem, argv, batch, &said);

	if (code == 127)
		*why = "the program ip (Debian: iproute2) is missing";
	else if (code < 0)
		*why = strerror(-code);
	else if (code > 0)
		*why = ph_arena_printf(mem, "ip: %.*s", (int)strcspn(said, "\n"), said);
	return code == 0;
}

int
ph_netns_sysctl(const char *name, const char *value)
{
	char path[160];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return write_file(path, value);
}

int
ph_netns_forget(void)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} m = {
		.h = {
			.nlmsg_len = sizeof(m),
			.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
	};
	char answer[512];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), err = 0;

	if (fd < 0)
		return -errno;
	if (send(fd, &m, sizeof(m), 0) != (ssize_t)sizeof(m) ||
	    recv(fd, answer, sizeof(answer), 0) < 0)
		err = -errno;
	close(fd);
	return err;
}
