/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <nftables/libnftables.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/live.h"
#include "os/sockaddr.h"

extern char **environ;

static struct ph_src *
make_src(struct ph_arena *mem, const char *name, const char *text, size_t len)
{
	struct ph_src *s = PH_NEW(mem, struct ph_src);

	s->name = name;
	s->text = ph_arena_dup(mem, text, len);
	s->len = (uint32_t)len;
	return s;
}

static int
list_ruleset(struct ph_arena *mem, struct nft_ctx *nft, struct ph_src **out,
    const char **why)
{
	const char *text, *said;
	size_t len;

	errno = 0;
	if (nft_run_cmd_from_buffer(nft, "list ruleset") != 0) {
		int err = errno;

		said = nft_ctx_get_error_buffer(nft);
		*why = said == NULL ? NULL :
		    ph_arena_dup(mem, said, strcspn(said, "\n"));
		if (said != NULL && strstr(said, strerror(EPERM)) != NULL)
			return -EPERM;
		return err != 0 ? -err : -EIO;
	}
	text = nft_ctx_get_output_buffer(nft);
	len = text != NULL ? strlen(text) : 0;
	if (len > PH_FILE_MAX)
		return -EFBIG;
	*out = make_src(mem, "live", len > 0 ? text : "", len);
	return 0;
}

/* The library says so too, but on standard error. */
static bool
may_administrate(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &head, data) != 0 ||
	    (data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN)) != 0;
}

int
ph_live_nftables(struct ph_arena *mem, struct ph_src **out, const char **why)
{
	struct nft_ctx *nft;
	int err = -ENOMEM;

	*why = NULL;
	if (!may_administrate())
		return -EPERM;
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (nft == NULL)
		return err;
	if (nft_ctx_buffer_output(nft) == 0 && nft_ctx_buffer_error(nft) == 0)
		err = list_ruleset(mem, nft, out, why);
	nft_ctx_free(nft);
	return err;
}

/* Does the kernel hold tables of the older iptables? */
static bool
has_legacy(struct ph_arena *mem, bool v6)
{
	struct ph_src *names;

	return ph_file_read(mem, v6 ? "/proc/net/ip6_tables_names" :
	    "/proc/net/ip_tables_names", &names) == 0 && names->len > 0;
}

/* Start ${program} with its output in a pipe; its reading end, or -1. */
static int
start(char *program, pid_t *pid)
{
	char *argv[] = { program, NULL };
	posix_spawn_file_actions_t fa;
	int fd[2], err;

	if (pipe2(fd, O_CLOEXEC) != 0)
		return -1;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, fd[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&fa, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(pid, program, &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(fd[1]);
	if (err == 0)
		return fd[0];
	close(fd[0]);
	return -1;
}

enum ph_live_legacy
ph_live_iptables(struct ph_arena *mem, bool v6, struct ph_src **out)
{
	static char program[][24] = { "iptables-legacy-save", "ip6tables-legacy-save" };
	char path[sizeof("/dev/fd/") + 12];
	int fd, status = -1, err;
	pid_t pid;

	if (!has_legacy(mem, v6))
		return PH_LIVE_NONE;
	fd = start(program[v6], &pid);
	if (fd < 0)
		return PH_LIVE_UNREADABLE;
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	err = ph_file_read(mem, path, out);
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (err != 0 || status != 0)
		return PH_LIVE_UNREADABLE;
	(*out)->name = v6 ? "live-ip6tables" : "live-iptables";
	return PH_LIVE_READ;
}

/* A sysctl of connection tracking; false when this kernel has none. */
static bool
read_timer(struct ph_arena *mem, const char *name, struct ph_timer_value *out)
{
	const char *path = ph_arena_printf(mem, "/proc/sys/net/netfilter/%s", name);
	struct ph_src *src;
	uint64_t s;

	if (ph_file_read(mem, path, &src) != 0 ||
	    !ph_str_u64((struct ph_str){ src->text, strcspn(src->text, "\n") }, 10,
	    UINT32_MAX, &s))
		return false;
	src->text = ph_arena_printf(mem, "%s = %u", name, (unsigned)s);
	src->len = (uint32_t)strlen(src->text);
	*out = (struct ph_timer_value){
		.set = true, .s = (uint32_t)s, .at = { src, 0, src->len },
	};
	return true;
}

void
ph_live_timers(struct ph_arena *mem, struct ph_ruleset *rs)
{
	static const struct { enum ph_timer timer; const char *name; } row[] = {
		{ PH_TIMER_UDP_UNREPLIED, "nf_conntrack_udp_timeout" },
		{ PH_TIMER_UDP, "nf_conntrack_udp_timeout_stream" },
		{ PH_TIMER_TCP, "nf_conntrack_tcp_timeout_established" },
		{ PH_TIMER_FLOWTABLE_UDP, "nf_flowtable_udp_timeout" },
		{ PH_TIMER_FLOWTABLE_TCP, "nf_flowtable_tcp_timeout" },
	};
	struct ph_timeout *t = PH_NEW(mem, struct ph_timeout);

	*t = *rs->timers;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ph_timer_value *v = &t->t[row[i].timer];

		if (!v->set || v->is_default)
			read_timer(mem, row[i].name, v);
	}
	rs->timers = t;
	rs->live_timers = true;
}

static unsigned
mask_bits(ph_u128 mask, bool v4)
{
	unsigned n = 0;

	for (unsigned i = 0; i < (v4 ? 32 : 128); i++)
		n += (unsigned)(mask >> i & 1);
	return n;
}

/* The union of a list, of which NULL means that nothing is known, and one range. */
static const struct ph_ranges *
also(struct ph_arena *mem, const struct ph_ranges *known, ph_u128 lo, ph_u128 hi)
{
	const struct ph_ranges *one = ph_ranges_one(mem, lo, hi);

	return known != NULL ? ph_ranges_union(mem, known, one) : one;
}

void
ph_live_addrs(struct ph_arena *mem, struct ph_ruleset *rs)
{
	struct ifaddrs *all, *a;
	ph_u128 addr, mask;

	if (getifaddrs(&all) != 0)
		return;
	for (a = all; a != NULL; a = a->ifa_next) {
		struct ph_iface *i;

		if (!ph_sockaddr_addr(a->ifa_addr, &addr))
			continue;
		i = ph_ruleset_iface(mem, rs, ph_str(a->ifa_name));
		i->addrs = also(mem, i->addrs, addr, addr);
		if (a->ifa_netmask != NULL && ph_sockaddr_addr(a->ifa_netmask, &mask)) {
			struct ph_range net = ph_prefix_range(addr,
			    mask_bits(mask, ph_addr_is_v4(addr)));

			i->nets = also(mem, i->nets, net.lo, net.hi);
		}
	}
	freeifaddrs(all);
}
