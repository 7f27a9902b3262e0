/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_CLOCK_H
#define PH_OS_CLOCK_H

#include <stdint.h>
#include <time.h>

/* ph_clock_us(): microseconds of the monotonic clock, what engines call now. */
uint64_t ph_clock_us(void);

/*
 * ph_clock_from_real(t): a time of the wall clock, as the kernel stamps packets,
 * on the monotonic one.  Right for times of the last seconds.
 */
uint64_t ph_clock_from_real(const struct timespec *);

#endif
