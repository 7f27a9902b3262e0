/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/jail.h"
#include "os/listen.h"
#include "os/netns.h"
#include "os/tun.h"

enum {
	MAX_FILES = 3, WHY = 240,
	NOT_FOUND = 127, NOT_RUN = 126,		/* as env(1) and the shell have it */
};

/* What the child tells, with the files. */
struct report {
	int err;
	bool has_v6;
	unsigned n;				/* files */
	char why[WHY];
};

struct child {
	const struct ph_jail_opts *o;
	struct ph_arena mem;
	struct report r;
	int file[MAX_FILES];
	uid_t uid;
	gid_t gid;
};

/* --- in the child --- */

static void
fail(struct child *c, int err, const char *what, const char *why)
{
	if (c->r.err == 0) {
		c->r.err = err;
		snprintf(c->r.why, sizeof(c->r.why), "%s%s%s", what, *what != '\0' ? ": " : "",
		    why);
	}
}

/* A file for the parent; those that could not be made keep their place. */
static void
add_file(struct child *c, int err, int fd)
{
	if (err != 0)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	c->file[c->r.n++] = fd;
}

/* The device and what belongs to it, in the network that we are in. */
static void
make_device(struct child *c)
{
	const char *why;
	int fd = -1, err = ph_tun_open(c->o->name, &fd);
	if (err != 0) {
		fail(c, err, "cannot make a TUN device (/dev/net/tun)", err == -EPERM ?
		    "it takes the capability CAP_NET_ADMIN" : strerror(-err));
		return;
	}
	c->file[c->r.n++] = fd;
	if (!ph_netns_ip(&c->mem, false, c->o->lines4, &why)) {
		fail(c, -EIO, "", why);
		return;
	}
	c->r.has_v6 = c->o->lines6 != NULL && ph_netns_ip(&c->mem, true, c->o->lines6, &why);
	err = ph_listen(c->o->addr4, 0, &fd);
	if (err != 0)
		fail(c, err, "cannot accept connections", strerror(-err));
	add_file(c, err, fd);
	err = c->r.has_v6 ? ph_listen(c->o->addr6, 0, &fd) : -EAFNOSUPPORT;
	c->r.has_v6 = err == 0;
	add_file(c, err, fd);
	if (c->o->loopback)
		ph_netns_sysctl(ph_arena_printf(&c->mem, "net/ipv4/conf/%s/route_localnet",
		    c->o->name), "1");
}

static void
make_network(struct child *c)
{
	const char *why;

	if (ph_netns_enter_user(&why) != 0)
		fail(c, -EPERM, "", why);
	else
		make_device(c);
}

static bool
tell(int to, const struct child *c)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(c->file))];
	struct iovec iov = { (void *)(uintptr_t)&c->r, sizeof(c->r) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t len = c->r.n * sizeof(int);
	struct cmsghdr *h;

	memset(room, 0, sizeof(room));
	if (len > 0) {
		m.msg_control = room;
		m.msg_controllen = CMSG_SPACE(len);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(len);
		memcpy(CMSG_DATA(h), c->file, len);
	}
	return sendmsg(to, &m, MSG_NOSIGNAL) == (ssize_t)sizeof(c->r);
}

static void
write_map(const char *path, unsigned id)
{
	char text[48];
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int n = snprintf(text, sizeof(text), "%u 0 1", id);

	if (fd < 0)
		return;
	/* a map that cannot be written leaves the id unknown: the program still runs */
	if (write(fd, text, (size_t)n) < 0)
		n = 0;
	close(fd);
}

/* Back to the user's own id; what was root of the network is no more. */
static void
become_user(const struct child *c)
{
	int fd;

	if (c->uid == 0 || unshare(CLONE_NEWUSER) != 0)
		return;
	fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "deny", 4) < 0)
			fd = fd + 0;
		close(fd);
	}
	write_map("/proc/self/uid_map", c->uid);
	write_map("/proc/self/gid_map", c->gid);
}

static _Noreturn void
run_program(const struct child *c)
{
	int err;

	become_user(c);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	execvp(c->o->argv[0], (char *const *)(uintptr_t)c->o->argv);
	err = errno;
	fprintf(stderr, "pinhole tunnel: cannot run '%s': %s\n", c->o->argv[0], strerror(err));
	_exit(err == ENOENT ? NOT_FOUND : NOT_RUN);
}

static _Noreturn void
be_child(const struct ph_jail_opts *o, int to)
{
	struct child c = { .o = o, .uid = geteuid(), .gid = getegid() };
	char go;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	make_network(&c);
	if (!tell(to, &c) || c.r.err != 0 || recv(to, &go, 1, 0) != 1)
		_exit(NOT_RUN);
	run_program(&c);
}

/* --- in the parent --- */

static int
hear(int from, struct report *r, int *file)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(MAX_FILES * sizeof(int))];
	struct iovec iov = { r, sizeof(*r) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
	    .msg_controllen = sizeof(room) };
	struct cmsghdr *h;
	ssize_t n;

	do
		n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*r))
		return -EPIPE;
	h = CMSG_FIRSTHDR(&m);
	if (h != NULL && h->cmsg_type == SCM_RIGHTS)
		memcpy(file, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
	return r->err;
}

static void
take_files(const struct report *r, const int *file, struct ph_jail *j)
{
	j->tun = file[0];
	j->listen4 = file[1];
	j->listen6 = file[2];
	j->has_v6 = r->has_v6;
}

void
ph_jail_init(struct ph_jail *j)
{
	*j = (struct ph_jail){ .pid = -1, .tun = -1, .listen4 = -1, .listen6 = -1, .go = -1 };
}

int
ph_jail_new(struct ph_arena *mem, const struct ph_jail_opts *o, struct ph_jail *j,
    const char **why)
{
	int pair[2], err, file[MAX_FILES];
	struct report r = { .err = 0 };

	ph_jail_init(j);
	memset(file, -1, sizeof(file));
	*why = "the program's network could not be made";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	fflush(NULL);
	j->pid = fork();
	if (j->pid < 0) {
		err = -errno;
		close(pair[0]);
		close(pair[1]);
		return err;
	}
	if (j->pid == 0) {
		close(pair[0]);
		be_child(o, pair[1]);
	}
	close(pair[1]);
	j->go = pair[0];
	err = hear(j->go, &r, file);
	if (err == 0) {
		take_files(&r, file, j);
		return 0;
	}
	if (r.why[0] != '\0')
		*why = ph_arena_dup(mem, r.why, strlen(r.why));
	for (unsigned i = 0; i < MAX_FILES; i++)
		if (file[i] >= 0)
			close(file[i]);
	ph_jail_end(j);
	return err;
}

int
ph_jail_system(struct ph_arena *mem, const struct ph_jail_opts *o, struct ph_jail *j,
    const char **why)
{
	struct child c = { .o = o, .file = { -1, -1, -1 } };

	ph_jail_init(j);
	make_device(&c);
	ph_arena_fini(&c.mem);
	take_files(&c.r, c.file, j);
	if (c.r.err == 0)
		return 0;
	*why = ph_arena_dup(mem, c.r.why, strlen(c.r.why));
	ph_jail_end(j);
	return c.r.err;
}

void
ph_jail_go(struct ph_jail *j)
{
	if (send(j->go, "g", 1, MSG_NOSIGNAL) == 1) {
		close(j->go);
		j->go = -1;
	}
}

bool
ph_jail_over(const struct ph_jail *j, int *status)
{
	int s;

	if (j->pid <= 0)
		return false;
	if (waitpid(j->pid, &s, WNOHANG) != j->pid)
		return false;
	*status = WIFEXITED(s) ? WEXITSTATUS(s) : 128 + WTERMSIG(s);
	return true;
}

void
ph_jail_signal(const struct ph_jail *j, int signal)
{
	kill(j->pid, signal);
}

void
ph_jail_end(struct ph_jail *j)
{
	int *const file[] = { &j->tun, &j->listen4, &j->listen6, &j->go };

	for (unsigned i = 0; i < sizeof(file) / sizeof(*file); i++)
		if (*file[i] >= 0)
			close(*file[i]);
}

unsigned
ph_jail_resolvers(const char *path, ph_u128 out[PH_JAIL_RESOLVERS])
{
	FILE *f = fopen(path, "re");
	char line[256], word[64];
	unsigned n = 0;
	ph_u128 a;

	while (f != NULL && n < PH_JAIL_RESOLVERS && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, " nameserver %63s", word) == 1 &&
		    ph_addr_parse(ph_str(word), &a) &&
		    ph_addr_is_v4(a) && (a - PH_V4_BASE) >> 24 == 127)
			out[n++] = a;
	if (f != NULL)
		fclose(f);
	return n;
}
