/* SPDX-License-Identifier: ISC */
#include "dialect/asa/read.h"

/* Cisco's word for each idle timer, and the documented default in seconds. */
static const struct {
	const char *word;
	enum ph_timer timer;
	uint32_t s;
} timers[] = {
	{ "conn", PH_TIMER_TCP, 3600 },
	{ "udp", PH_TIMER_UDP, 120 },
	{ "udp", PH_TIMER_UDP_UNREPLIED, 120 },
	{ "sip", PH_TIMER_SIP, 1800 },
	{ "sip_media", PH_TIMER_SIP_MEDIA, 120 },
	{ "h323", PH_TIMER_H323, 300 },
	{ "h225", PH_TIMER_H225, 3600 },
	{ "xlate", PH_TIMER_XLATE, 10800 },
};

enum { N_TIMERS = sizeof(timers) / sizeof(*timers) };

void
ph_asa_timeout_defaults(struct ph_asa *a)
{
	a->timers = PH_NEW(a->mem, struct ph_timeout);
	for (size_t i = 0; i < N_TIMERS; i++)
		a->timers->t[timers[i].timer] = (struct ph_timer_value){
			.set = true, .is_default = true, .s = timers[i].s,
		};
	a->rs->timers = a->timers;
}

/* time = H ":" M ":" S | SECONDS; 0:00:00 never ends */
bool
ph_asa_read_time(struct ph_str s, uint32_t *out)
{
	static const uint64_t max[] = { 1193, 59, 59 };
	uint64_t total = 0;
	size_t i = 0, part = 0;

	for (;; part++) {
		size_t from = i;
		uint64_t v;

		while (i < s.len && s.s[i] != ':')
			i++;
		if (part > 2 || !ph_str_u64((struct ph_str){ s.s + from, i - from }, 10,
		    part == 0 ? UINT32_MAX : max[part], &v))
			return false;
		total = total * 60 + v;
		if (i++ == s.len)
			break;
	}
	if ((part != 2 && part != 0) || total > UINT32_MAX)
		return false;
	*out = (uint32_t)total;
	return true;
}

/* timeout = "timeout" { WORD time } */
void
ph_asa_timeout_line(struct ph_asa *a, struct ph_asa_line *l)
{
	while (l->at < l->n && *ph_asa_peek(l).s != '!') {
		struct ph_span word_at = ph_asa_here(l);
		struct ph_str word = ph_asa_next(l);
		struct ph_span at = ph_asa_here(l);
		unsigned next = l->at;
		uint32_t s;

		if (!ph_asa_read_time(ph_asa_next(l), &s)) {
			/* "timeout uauth 0:05:00 absolute uauth 0:01:00 inactivity" */
			if (ph_str_eq(word, "absolute") || ph_str_eq(word, "inactivity")) {
				l->at = next;
				continue;
			}
			ph_asa_error(a, "bad-time", at, "expected hours:minutes:seconds");
			return;
		}
		for (size_t i = 0; i < N_TIMERS; i++)
			if (ph_str_eq(word, timers[i].word))
				a->timers->t[timers[i].timer] = (struct ph_timer_value){
					.set = true, .s = s,
					.at = ph_span_join(word_at, at),
				};
	}
}
