/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_LOOP_H
#define PH_PROBE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"

/*
 * DOC: Tests side by side
 *
 * A test is a few sockets and one time at which it wants to be called again.
 * Both end in the same function, which drives the test's engine as far as it
 * goes and says when to come back.  The schedule itself is plain code that
 * starts tests and waits until they are done; nothing waits inside a test.
 *
 * Handles live in the arena and are closed with the loop; a watch that was
 * ended never calls back.
 */
struct ph_loop {
	uv_loop_t uv;
	struct ph_arena *mem;
	uint64_t started_us;
	bool running;
};

struct ph_watch;
typedef void ph_watch_fn(void *arg, unsigned events);

enum { PH_WATCH_READ = 1, PH_WATCH_WRITE = 2, PH_WATCH_TIME = 4 };

/* ph_loop_init(l, mem): 0, or -errno. */
int ph_loop_init(struct ph_loop *, struct ph_arena *);

/* ph_loop_fini(l): close every handle. */
void ph_loop_fini(struct ph_loop *);

/* ph_loop_now(l): the time that engines are told; monotonic microseconds. */
uint64_t ph_loop_now(const struct ph_loop *);

/*
 * ph_loop_until(l, done, at_us): run tests until *${done} or that time; *${done}.
 */
bool ph_loop_until(struct ph_loop *, const bool *, uint64_t);

/*
 * ph_watch_new(l, fd, events, fn, arg): call ${fn} when ${fd} can be read or written,
 * and at the time of ph_watch_at().  ${fd} -1: only that.  NULL when the kernel
 * cannot wait for this file.  ${fn} must empty the error queue of its socket
 * (os/errqueue.h), or it is called again at once.
 */
struct ph_watch *ph_watch_new(struct ph_loop *, int, unsigned, ph_watch_fn *, void *);

/* ph_watch_events(w, events): wait for these from now on; 0: for none. */
void ph_watch_events(struct ph_watch *, unsigned);

/* ph_watch_at(w, at_us): call with TIME then; once.  UINT64_MAX: never. */
void ph_watch_at(struct ph_watch *, uint64_t);

/* ph_watch_end(w): no more calls; the file stays the caller's and may be closed. */
void ph_watch_end(struct ph_watch *);

#endif
