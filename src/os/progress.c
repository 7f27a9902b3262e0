/* SPDX-License-Identifier: ISC */
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "os/progress.h"

enum { FIRST_S = 2, STEP_S = 1 };

static const char *volatile phase = "working";
static volatile sig_atomic_t seconds, shown;

/* Only calls that a signal handler may make. */
static void
say(const char *s)
{
	if (write(STDERR_FILENO, s, strlen(s)) < 0)
		shown = 0;
}

static void
on_alarm(int sig)
{
	char number[12];
	size_t at = sizeof(number);
	sig_atomic_t n = seconds;

	(void)sig;
	seconds += STEP_S;
	shown = 1;
	number[--at] = '\0';
	do {
		number[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0 && at > 0);
	say("\rpinhole: ");
	say(phase);
	say(", ");
	say(number + at);
	say(" s ");
}

void
ph_progress_start(void)
{
	struct itimerval t = { .it_interval = { STEP_S, 0 }, .it_value = { FIRST_S, 0 } };
	struct sigaction sa = { .sa_flags = SA_RESTART };

	if (!isatty(STDERR_FILENO))
		return;
	sa.sa_handler = on_alarm;
	seconds = FIRST_S;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

void
ph_progress_phase(const char *what)
{
	phase = what;
}

void
ph_progress_stop(void)
{
	struct itimerval off = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &off, NULL);
	if (shown)
		say("\r\033[K");
	shown = 0;
}
