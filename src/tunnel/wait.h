/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_WAIT_H
#define PH_TUNNEL_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/*
 * One file and one time to wait for, with one function for both.  A call may come
 * without a reason; it is never made after ph_wait_end().
 */
struct ph_wait;
typedef void ph_wait_fn(void *arg, unsigned events);

enum { PH_WAIT_READ = 1, PH_WAIT_WRITE = 2, PH_WAIT_TIME = 4 };

/*
 * ph_wait_new(loop, fd, events, fn, arg): call ${fn} when ${fd} can be read or written.  ${fd}
 * -1: only at times.  ${fn} must empty the error queue of its socket (os/errqueue.h), or
 * it is called again at once.  NULL: no memory, or not a file that can be waited for.
 */
struct ph_wait *ph_wait_new(uv_loop_t *, int, unsigned, ph_wait_fn *, void *);

/* ph_wait_events(w, events): wait for these from now on; 0: for none. */
void ph_wait_events(struct ph_wait *, unsigned);

/* ph_wait_at(w, at_us): call with TIME then (ph_clock_us()); once.  UINT64_MAX: never. */
void ph_wait_at(struct ph_wait *, uint64_t);

/* ph_wait_end(w): no more calls; NULL is fine.  The file stays the caller's, to be closed now. */
void ph_wait_end(struct ph_wait *);

#endif
