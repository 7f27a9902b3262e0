/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/spawn.h"

extern char **environ;

enum { SAID_MAX = 16 << 20 };		/* bytes of output that are kept */

/* A file in memory, so that neither side ever waits for the other. */
static int
file_with(const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text), done = 0;
	int fd = memfd_create("pinhole", MFD_CLOEXEC);

	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static const char *
text_of(struct ph_arena *mem, int fd)
{
	off_t len = lseek(fd, 0, SEEK_END);
	char *s;

	len = len < 0 ? 0 : len > SAID_MAX ? SAID_MAX : len;
	s = ph_arena_alloc(mem, (size_t)len + 1);
	if (pread(fd, s, (size_t)len, 0) != len)
		s[0] = '\0';
	return s;
}

static int
run(const char *const *argv, int in, int out)
{
	posix_spawn_file_actions_t fa;
	int status, err;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&fa, out, STDERR_FILENO);
	err = posix_spawnp(&pid, argv[0], &fa, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	if (err != 0)
		return err == ENOENT ? 127 : -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
ph_spawn(struct ph_arena *mem, const char *const *argv, const char *input,
    const char **said)
{
	int in = file_with(input), out = file_with(NULL), code = -ENOMEM;

	*said = "";
	if (in >= 0 && out >= 0) {
		code = run(argv, in, out);
		*said = text_of(mem, out);
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return code;
}
