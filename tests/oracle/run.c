/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

static int
file_with(const char *text)
{
	int fd = memfd_create("oracle", MFD_CLOEXEC);
	size_t len = text == NULL ? 0 : strlen(text);

	if (fd < 0 || (len > 0 && write(fd, text, len) != (ssize_t)len)) {
		perror("memfd");
		_exit(70);
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static const char *
text_of(int fd, struct ph_arena *mem)
{
	off_t len = lseek(fd, 0, SEEK_END);
	char *s = ph_arena_alloc(mem, (size_t)len + 1);

	if (pread(fd, s, (size_t)len, 0) != len)
		s[0] = '\0';
	return s;
}

int
run_tool(const char *const *argv, const char *input, struct ph_arena *mem,
    const char **out, const char **err)
{
	int in = file_with(input), o = file_with(NULL), e = file_with(NULL);
	int status = -1;
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(in, 0);
		dup2(o, 1);
		dup2(e, 2);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	*out = text_of(o, mem);
	*err = text_of(e, mem);
	close(in);
	close(o);
	close(e);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

bool
run_quiet(const char *const *argv, const char *input)
{
	struct ph_arena mem = { 0 };
	const char *out, *err;
	int code = run_tool(argv, input, &mem, &out, &err);

	if (code != 0)
		printf("# %s: exit %d: %s\n", argv[0], code, err);
	ph_arena_fini(&mem);
	return code == 0;
}
