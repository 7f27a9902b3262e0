/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_WHEEL_H
#define PH_ENGINE_TURN_WHEEL_H

#include <stdint.h>

/*
 * DOC: A timing wheel
 *
 * One slot for each second of an hour and more, each the head of a list of what ends in that
 * second; what ends later goes round again.  Setting, moving and stopping a timer cost the
 * same however many there are.  A timer lives in what it is for and is told by its kind.  It
 * fires at the first whole second at which its time is over, never before: who needs to
 * know it to the microsecond compares ${at_us} himself.
 */
enum { PH_TURN_WHEEL_SLOTS = 4096 };

struct ph_turn_timer {
	struct ph_turn_timer *next, **back;	/* back NULL: stopped */
	uint64_t at_us;
	uint8_t kind;			/* the caller's */
};

struct ph_turn_wheel {
	struct ph_turn_timer *slot[PH_TURN_WHEEL_SLOTS];
	uint64_t now_s;			/* slots up to this second are done */
};

/* ph_turn_wheel_init(w, now): empty. */
void ph_turn_wheel_init(struct ph_turn_wheel *, uint64_t);

/* ph_turn_wheel_set(w, t, at): start it, or move it. */
void ph_turn_wheel_set(struct ph_turn_wheel *, struct ph_turn_timer *, uint64_t);

/* ph_turn_wheel_stop(t): a stopped one may be stopped again. */
void ph_turn_wheel_stop(struct ph_turn_timer *);

/*
 * ph_turn_wheel_next(w, now): one timer whose time is over, stopped; NULL: no more.  Others may be
 * set and stopped between the calls.
 */
struct ph_turn_timer *ph_turn_wheel_next(struct ph_turn_wheel *, uint64_t);

#endif
