/* SPDX-License-Identifier: ISC */
#include "os/clock.h"

static uint64_t
clock_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t
ph_clock_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t
ph_clock_from_real(const struct timespec *t)
{
	uint64_t then = (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_nsec / 1000;
	uint64_t real = clock_us(CLOCK_REALTIME), now = clock_us(CLOCK_MONOTONIC);

	return then < real && real - then < now ? now - (real - then) : now;
}
