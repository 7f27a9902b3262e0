/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/turn_wheel.h"

enum { US = 1000000 };

void
ph_turn_wheel_init(struct ph_turn_wheel *w, uint64_t now)
{
	memset(w, 0, sizeof(*w));
	w->now_s = now / US;
}

/* The second in which it fires: the first that begins when its time is over. */
static uint64_t
second_of(const struct ph_turn_timer *t)
{
	return t->at_us / US + (t->at_us % US != 0);
}

static void
link_in(struct ph_turn_wheel *w, struct ph_turn_timer *t)
{
	uint64_t s = second_of(t);
	struct ph_turn_timer **head;

	if (s <= w->now_s)
		s = w->now_s + 1;
	head = &w->slot[s % PH_TURN_WHEEL_SLOTS];
	t->next = *head;
	t->back = head;
	if (t->next != NULL)
		t->next->back = &t->next;
	*head = t;
}

void
ph_turn_wheel_stop(struct ph_turn_timer *t)
{
	if (t->back == NULL)
		return;
	*t->back = t->next;
	if (t->next != NULL)
		t->next->back = t->back;
	t->back = NULL;
}

void
ph_turn_wheel_set(struct ph_turn_wheel *w, struct ph_turn_timer *t, uint64_t at)
{
	ph_turn_wheel_stop(t);
	t->at_us = at;
	link_in(w, t);
}

/* The first of the next second's list whose time is over. */
static struct ph_turn_timer *
over(struct ph_turn_wheel *w)
{
	struct ph_turn_timer *t = w->slot[(w->now_s + 1) % PH_TURN_WHEEL_SLOTS];

	while (t != NULL && second_of(t) > w->now_s + 1)
		t = t->next;
	return t;
}

struct ph_turn_timer *
ph_turn_wheel_next(struct ph_turn_wheel *w, uint64_t now)
{
	uint64_t s = now / US;

	/* After a longer sleep one turn sees all. */
	if (s > w->now_s + PH_TURN_WHEEL_SLOTS) {
		for (uint64_t k = 0; k < PH_TURN_WHEEL_SLOTS; k++) {
			struct ph_turn_timer *t = w->slot[k];

			while (t != NULL && second_of(t) > s)
				t = t->next;
			if (t != NULL) {
				ph_turn_wheel_stop(t);
				return t;
			}
		}
		w->now_s = s;
	}
	for (; w->now_s < s; w->now_s++) {
		struct ph_turn_timer *t = over(w);

		if (t != NULL) {
			ph_turn_wheel_stop(t);
			return t;
		}
	}
	return NULL;
}
