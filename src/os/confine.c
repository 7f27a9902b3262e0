/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/confine.h"

/* The numbers of capabilities that older headers do not have. */
enum { OF_PERFMON = 38, OF_BPF = 39 };

static const char *
keep(const unsigned *caps, size_t n)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (size_t i = 0; i < n; i++) {
		data[caps[i] / 32].permitted |= 1U << caps[i] % 32;
		data[caps[i] / 32].effective |= 1U << caps[i] % 32;
	}
	return syscall(SYS_capset, &head, data) != 0 ? "capabilities cannot be given up" : NULL;
}

const char *
ph_confine_user(const char *name, bool fast)
{
	static const unsigned caps[] = {
		CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, OF_PERFMON, OF_BPF,
	};
	const struct passwd *who;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "the kernel knows no PR_SET_NO_NEW_PRIVS";
	if (name == NULL)
		return NULL;
	errno = 0;
	who = getpwnam(name);
	if (who == NULL)
		return errno == 0 ? "there is no user of that name" : strerror(errno);
	if (who->pw_uid == geteuid())
		return NULL;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 ||
	    initgroups(name, who->pw_gid) != 0 || setgid(who->pw_gid) != 0 ||
	    setuid(who->pw_uid) != 0)
		return strerror(errno);
	return keep(caps, fast ? sizeof(caps) / sizeof(*caps) : 1);
}

#if defined(__SANITIZE_ADDRESS__)
#define CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED 1
#endif
#endif

#if defined(CHECKED)
const char *
ph_confine_calls(bool fast)
{
	(void)fast;
	return "this build has sanitizers, which make calls of their own";
}
#elif !defined(PH_HAS_SECCOMP)
const char *
ph_confine_calls(bool fast)
{
	(void)fast;
	return "built without libseccomp";
}
#else
#include <seccomp.h>

static const char *const calls[] = {
	/* bytes */
	"read", "readv", "pread64", "write", "writev", "close", "fstat", "newfstatat", "statx",
	"stat", "lseek", "fcntl", "ioctl", "dup", "dup3", "pipe2", "readlink", "readlinkat",
	"getdents64", "access", "faccessat", "faccessat2",
	/* memory */
	"mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "membarrier",
	/* threads, time and signals */
	"futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity",
	"gettid", "getpid", "tgkill", "exit", "exit_group", "restart_syscall",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "getrandom",
	"getuid", "geteuid", "getgid", "getegid", "uname", "sysinfo", "prlimit64", "getrlimit",
	/* sockets */
	"bind", "listen", "accept", "accept4", "connect", "shutdown", "getsockname",
	"getpeername", "getsockopt", "setsockopt", "sendto", "sendmsg", "sendmmsg", "recvfrom",
	"recvmsg", "recvmmsg", "poll", "ppoll", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "eventfd2", "timerfd_create", "timerfd_settime",
};

static int
allow(scmp_filter_ctx f, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	/* not every machine has every call */
	return number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(f, SCMP_ACT_ALLOW, number, 0);
}

/* Files for reading, sockets of the Internet and for asking which addresses are ours. */
static int
allow_some(scmp_filter_ctx f)
{
	static const unsigned families[] = { AF_INET, AF_INET6, AF_NETLINK };
	int err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));

	for (size_t i = 0; err == 0 && i < sizeof(families) / sizeof(*families); i++)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, families[i]));
	return err;
}

const char *
ph_confine_calls(bool fast)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = f == NULL ? -ENOMEM : seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);

	for (size_t i = 0; err == 0 && i < sizeof(calls) / sizeof(*calls); i++)
		err = allow(f, calls[i]);
	if (err == 0)
		err = allow_some(f);
	if (err == 0 && fast)
		err = allow(f, "bpf");
	if (err == 0)
		err = seccomp_load(f);
	if (f != NULL)
		seccomp_release(f);
	return err == 0 ? NULL : strerror(-err);
}
#endif
