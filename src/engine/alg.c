/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/buf.h"
#include "engine/alg_list.h"

/* A part of ${whole}: where it is; ${at} is 0 when there is none. */
static size_t
offset(struct ph_str whole, struct ph_str part)
{
	return part.len == 0 ? 0 : (size_t)(part.s - whole.s);
}

struct ph_alg_diff *
ph_alg_list_add(struct ph_alg_list *d, enum ph_alg_kind kind, const char *field,
    struct ph_str before, struct ph_str after)
{
	struct ph_alg_diff *x = PH_PUSH(d->mem, d->v, d->n, d->cap);

	*x = (struct ph_alg_diff){ .kind = kind, .field = field,
		.before = ph_arena_dup(d->mem, before.s, before.len),
		.after = ph_arena_dup(d->mem, after.s, after.len),
		.off = offset(d->sent, before), .len = before.len,
		.off_after = offset(d->received, after), .len_after = after.len };
	return x;
}

bool
ph_alg_list_equal(struct ph_str a, struct ph_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

const char *
ph_alg_list_hex(struct ph_arena *mem, struct ph_str s)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	ph_buf_puts(&b, "");
	for (size_t i = 0; i < s.len; i++)
		ph_buf_printf(&b, "%s%02x", i > 0 ? " " : "", (unsigned char)s.s[i]);
	return b.s;
}

void
ph_alg_list_add_bytes(struct ph_alg_list *d, const char *field, struct ph_str before,
    struct ph_str after)
{
	size_t least = before.len < after.len ? before.len : after.len, n = 0, m = 0;
	struct ph_alg_diff *x;

	while (n < least && before.s[n] == after.s[n])
		n++;
	while (m < least - n && before.s[before.len - 1 - m] == after.s[after.len - 1 - m])
		m++;
	before = (struct ph_str){ before.s + n, before.len - n - m };
	after = (struct ph_str){ after.s + n, after.len - n - m };
	x = ph_alg_list_add(d, PH_ALG_BYTES, field, before, after);
	x->off = (size_t)(before.s - d->sent.s);
	x->off_after = (size_t)(after.s - d->received.s);
	x->before = ph_alg_list_hex(d->mem, before);
	x->after = ph_alg_list_hex(d->mem, after);
}

struct ph_alg_diffs
ph_alg_list_end(struct ph_alg_list *d)
{
	if (d->n == 0 && !ph_alg_list_equal(d->sent, d->received))
		ph_alg_list_add_bytes(d, "message", d->sent, d->received);
	return (struct ph_alg_diffs){ d->v, d->n };
}

unsigned
ph_alg_kinds(const struct ph_alg_diffs *d)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < d->n; i++)
		kinds |= 1u << d->v[i].kind;
	return kinds;
}

/* Sent from elsewhere, seen to come from the port of the service itself. */
static bool
is_forced(const struct ph_alg_try *t)
{
	return t->arrived && t->sent_from != 0 && t->seen_from != 0 &&
	    t->sent_from != t->port && t->seen_from == t->port;
}

static struct ph_alg_found
unknown(const char *why)
{
	return (struct ph_alg_found){ .verdict = PH_ALG_UNKNOWN, .why = why };
}

static struct ph_alg_found
judge_silence(const struct ph_alg_try *t, const struct ph_alg_try *other)
{
	if (t->sent == 0)
		return unknown("it was not sent");
	if (t->open == PH_ALG_OPEN_NO)
		return unknown("nothing at all gets through on that port");
	if (t->open == PH_ALG_OPEN_UNKNOWN)
		return unknown("it did not arrive, and no other bytes were tried on that port");
	if (t->sent < PH_ALG_TRIES)
		return unknown("it did not arrive, but too few were sent to tell from loss");
	if (other == NULL)
		return unknown("it did not arrive, and was not tried on another port");
	if (!other->arrived)
		return unknown("it did not arrive, on another port neither");
	return (struct ph_alg_found){ .verdict = PH_ALG_DROPS };
}

struct ph_alg_found
ph_alg_judge(const struct ph_alg_try *t, const struct ph_alg_try *other,
    const struct ph_alg_try *tls)
{
	struct ph_alg_found f = { .verdict = PH_ALG_NONE };

	if (tls != NULL && tls->arrived && tls->diffs.n > 0)
		return unknown("it was changed inside TLS too: a proxy, or a far end that errs");
	if (!t->arrived)
		return judge_silence(t, other);
	f.kinds = ph_alg_kinds(&t->diffs);
	if (is_forced(t) && (other == NULL || !is_forced(other)))
		f.kinds |= 1u << PH_ALG_SOURCE_PORT;
	if (f.kinds != 0)
		f.verdict = PH_ALG_REWRITES;
	f.everywhere = t->diffs.n > 0 && other != NULL && other->arrived && other->diffs.n > 0;
	return f;
}

const char *
ph_alg_verdict_word(enum ph_alg_verdict v)
{
	static const char *const words[] = {
		[PH_ALG_NONE] = "none", [PH_ALG_REWRITES] = "rewrites", [PH_ALG_DROPS] = "drops",
		[PH_ALG_UNKNOWN] = "unknown",
	};

	return words[v];
}

const char *
ph_alg_kind_word(enum ph_alg_kind k)
{
	static const char *const words[PH_ALG_KINDS] = {
		[PH_ALG_ADDRESS] = "address", [PH_ALG_SDP] = "sdp", [PH_ALG_LENGTH] = "length",
		[PH_ALG_ORDER] = "order", [PH_ALG_ADDED] = "added", [PH_ALG_REMOVED] = "removed",
		[PH_ALG_SPELLING] = "spelling", [PH_ALG_VALUE] = "value",
		[PH_ALG_BYTES] = "bytes", [PH_ALG_SOURCE_PORT] = "source-port",
	};

	return words[k];
}
