/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"
#include "net/names.h"

/*
 * DOC: Timeout policies
 *
 * "-j CT --timeout NAME" refers to a policy that nfct keeps in the kernel:
 *
 *	nfct add timeout NAME inet|inet6 PROTO ( STATE SECONDS )*
 *
 * as a command of a script or, after "# nfct: ", in the rules' own text.  A
 * policy that no such line defines has timers that are not known.
 */

struct ph_timeout *
ph_ipt_timeout_find(struct ipt_reader *rd, struct ph_str name)
{
	struct ph_timeout *t = ph_map_find(&rd->priv->timeouts, name.s, name.len);

	if (t != NULL)
		return t;
	t = PH_NEW(rd->mem, struct ph_timeout);
	t->name = ph_arena_dup(rd->mem, name.s, name.len);
	*ph_map_at(rd->mem, &rd->priv->timeouts, t->name, name.len) = t;
	*PH_PUSH(rd->mem, rd->priv->timeout_v, rd->priv->n_timeouts,
	    rd->priv->cap_timeouts) = t;
	return t;
}

static const struct {
	uint8_t proto;
	const char *state;
	enum ph_timer timer;
} states[] = {
	{ PH_UDP, "unreplied", PH_TIMER_UDP_UNREPLIED },
	{ PH_UDP, "replied", PH_TIMER_UDP },
	{ PH_TCP, "established", PH_TIMER_TCP },
};

static void
set_timer(struct ph_timeout *t, struct ph_str state, uint64_t seconds,
    struct ph_span at)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (states[i].proto == t->proto && ph_str_eq(state, states[i].state))
			t->t[states[i].timer] = (struct ph_timer_value){
				.set = true, .s = (uint32_t)seconds, .at = at,
			};
}

static bool
is_word(const struct ipt_line *l, size_t i, const char *word)
{
	return i < l->n && ph_str_eq(l->w[i].s, word);
}

bool
ph_ipt_timeout_line(struct ipt_reader *rd, const struct ipt_line *l, size_t i)
{
	bool adds = (is_word(l, i, "add") && is_word(l, i + 1, "timeout")) ||
	    (is_word(l, i, "timeout") && is_word(l, i + 1, "add"));
	struct ph_timeout *t;
	uint64_t seconds;

	if (!adds) {
		ph_diag(rd->diags, PH_WARN, "unread-line", l->at,
		    "expected \"add timeout\"; this command of nfct is not followed");
		return true;
	}
	if (i + 4 >= l->n)
		goto bad;
	t = ph_ipt_timeout_find(rd, l->w[i + 2].s);
	t->at = l->at;
	t->families = ph_str_eq(l->w[i + 3].s, "inet6") ? PH_FAMILY_6 : PH_FAMILY_4;
	if (!ph_proto_parse(l->w[i + 4].s, &t->proto))
		goto bad;
	for (i += 5; i + 1 < l->n; i += 2) {
		if (!ph_str_u64(l->w[i + 1].s, 10, UINT32_MAX, &seconds))
			goto bad;
		set_timer(t, l->w[i].s, seconds, l->at);
	}
	return true;
bad:
	ph_diag(rd->diags, PH_ERROR, "bad-timeout", l->at,
	    "expected add timeout NAME inet|inet6 PROTOCOL STATE SECONDS ...");
	return false;
}
