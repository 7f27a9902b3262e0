/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * timed SECONDS COMMAND...: run a command without output; print its processor time
 * in milliseconds, the most memory it had in KiB and its exit code, or "-" when
 * a signal ended it: so after that long.  A small parent: memory counts from the fork.
 */
static double
ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static void
run(char **argv, unsigned seconds)
{
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	dup2(null, 1);
	dup2(null, 2);
	alarm(seconds);			/* survives exec */
	execvp(argv[0], argv);
	_exit(127);
}

int
main(int argc, char **argv)
{
	struct rusage use;
	int status;
	pid_t pid;

	if (argc < 3)
		return 64;
	pid = fork();
	if (pid == 0)
		run(argv + 2, (unsigned)strtoul(argv[1], NULL, 10));
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid)
		return 71;
	if (WIFSIGNALED(status))
		printf("-\n");
	else
		printf("%.3f %ld %d\n", ms_of(use.ru_utime) + ms_of(use.ru_stime),
		    use.ru_maxrss, WEXITSTATUS(status));
	return 0;
}
