/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "check/check.h"
#include "net/names.h"

enum { MAX_THINGS = 3 };

/* A list of things in words: "a, b and c", "a, b, c and 2 more". */
struct things {
	const char *v[32];
	size_t n;
};

static void
add_thing(struct things *t, const char *s)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i], s) == 0)
			return;
	if (t->n < sizeof(t->v) / sizeof(*t->v))
		t->v[t->n++] = s;
}

static const char *
list(struct ph_arena *mem, const struct things *t)
{
	size_t shown = t->n <= MAX_THINGS + 1 ? t->n : MAX_THINGS;
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < shown; i++)
		ph_buf_printf(&b, "%s%s", i == 0 ? "" : i + 1 == t->n ? " and " : ", ", t->v[i]);
	if (shown < t->n)
		ph_buf_printf(&b, " and %zu more", t->n - shown);
	return b.len > 0 ? b.s : "nothing";
}

/* What a flow is for, told apart from its twin by the other protocol when their fates differ. */
static const char *
purpose(struct ph_arena *mem, const struct ph_check *c, const struct ph_measured *m)
{
	for (size_t i = 0; i < c->r.n_flows; i++) {
		const struct ph_measured *o = &c->r.flows[i];

		if (o->verdict != m->verdict && o->v6 == m->v6 && o->counts &&
		    o->req->proto != m->req->proto &&
		    strcmp(o->req->purpose, m->req->purpose) == 0)
			return ph_arena_printf(mem, "%s, by %s", m->req->purpose,
			    m->req->proto == PH_TCP ? "TCP" : "UDP");
	}
	return m->req->purpose;
}

/* What flows of some verdicts and owners are for; over one family only where they differ. */
static struct things
pick(struct ph_arena *mem, const struct ph_check *c, unsigned verdicts, unsigned owners)
{
	bool seen[2] = { false, false }, has[2] = { false, false };
	struct things t = { .n = 0 };

	for (size_t i = 0; i < c->r.n_flows; i++) {
		const struct ph_measured *m = &c->r.flows[i];

		has[m->v6] = true;
		if (!m->counts || (1U << m->verdict & verdicts) == 0 ||
		    (1U << c->owners[i] & owners) == 0)
			continue;
		add_thing(&t, purpose(mem, c, m));
		seen[m->v6] = true;
	}
	if (t.n > 0 && has[0] && has[1] && seen[0] != seen[1])
		t.v[t.n - 1] = ph_arena_printf(mem, "%s (%s%s only)", t.v[t.n - 1],
		    t.n > 1 ? "all this by " : "by ", seen[1] ? "IPv6" : "IPv4");
	return t;
}

enum {
	SHUT = 1U << PH_BLOCKED | 1U << PH_PARTLY,
	UNSURE = 1U << PH_UNKNOWN | 1U << PH_NOT_TESTED,
	ANYBODY = 0xff,
};

static const char *
services(struct ph_arena *mem, const struct ph_check *c)
{
	struct things t = { .n = 0 };

	for (size_t i = 0; i < c->r.n_flows; i++) {
		const struct ph_requirement *q = c->r.flows[i].req;

		add_thing(&t, q->title != NULL ? q->title : q->service);
	}
	return list(mem, &t);
}

/* Whose it is, of flows that count; the one that names somebody first. */
static enum ph_owner
whose(const struct ph_check *c, unsigned verdicts)
{
	static const enum ph_owner order[] = {
		PH_OWNER_HOST, PH_OWNER_NETWORK, PH_OWNER_PROVIDER, PH_OWNER_FAR_END,
		PH_OWNER_UNKNOWN,
	};

	for (size_t k = 0; k < sizeof(order) / sizeof(*order); k++)
		for (size_t i = 0; i < c->r.n_flows; i++)
			if (c->r.flows[i].counts && c->owners[i] == order[k] &&
			    (1U << c->r.flows[i].verdict & verdicts) != 0)
				return order[k];
	return PH_OWNER_NOBODY;
}

static bool
no_way_out(const struct ph_public *p)
{
	size_t n = 0;

	for (size_t i = 0; p != NULL && i < p->n_ends; i++)
		n += p->ends[i].fate == PH_PUBLIC_NO_WAY;
	return n > 0 && n == p->n_ends;
}

/* Nothing at all came back from anywhere. */
static bool
dead_silence(const struct ph_public *p)
{
	size_t n = 0;

	for (size_t i = 0; p != NULL && i < p->n_ends; i++) {
		if (p->ends[i].fate != PH_PUBLIC_SILENT)
			return false;
		n++;
	}
	return n > 0;
}

static const char *
send_it(struct ph_arena *mem, const struct ph_check *c, const char *to)
{
	if (c->request != NULL)
		return ph_arena_printf(mem, "send the file %s to %s", c->request, to);
	return ph_arena_printf(mem, "send the request below to %s", to);
}

static const char *
blocker(enum ph_owner o)
{
	switch (o) {
	case PH_OWNER_HOST:
		return "this computer's own firewall";
	case PH_OWNER_NETWORK:
		return "the firewall of your network";
	case PH_OWNER_PROVIDER:
		return "your Internet provider";
	case PH_OWNER_FAR_END:
		return "the service's own side";
	default:
		return "something between this computer and the service";
	}
}

/* "X stops a and b, Y stops c" */
static const char *
who_stops_what(struct ph_arena *mem, const struct ph_check *c)
{
	static const enum ph_owner order[] = {
		PH_OWNER_HOST, PH_OWNER_NETWORK, PH_OWNER_PROVIDER, PH_OWNER_FAR_END,
		PH_OWNER_UNKNOWN,
	};
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t k = 0; k < sizeof(order) / sizeof(*order); k++) {
		struct things all = pick(mem, c, 1U << PH_BLOCKED, 1U << order[k]);
		struct things some = pick(mem, c, 1U << PH_PARTLY, 1U << order[k]);

		if (all.n + some.n == 0)
			continue;
		ph_buf_printf(&b, "%s%s stops ", b.len > 0 ? ", and " : "", blocker(order[k]));
		if (all.n > 0)
			ph_buf_printf(&b, "%s%s", list(mem, &all), some.n > 0 ? ", and " : "");
		if (some.n > 0)
			ph_buf_printf(&b, "a part of %s", list(mem, &some));
	}
	return b.s;
}

static const char *
remedy(struct ph_arena *mem, const struct ph_check *c, enum ph_owner o)
{
	switch (o) {
	case PH_OWNER_HOST:
		return "allow it in this computer's own firewall, or ask whoever looks after this "
		    "computer to, and try again";
	case PH_OWNER_NETWORK:
		return send_it(mem, c, "whoever runs your network");
	case PH_OWNER_PROVIDER:
		return send_it(mem, c, "your Internet provider");
	case PH_OWNER_FAR_END:
		return "tell whoever runs the service; nothing needs to be changed here";
	default:
		return send_it(mem, c, "whoever runs your network, and ask whoever runs the "
		    "service whether it is on their side");
	}
}

/* One pair of sentences: the first line, and what to do. */
struct answer {
	const char *head, *todo;
	enum ph_owner owner;
};

static struct answer
shut_answer(struct ph_arena *mem, const struct ph_check *c, const struct ph_public *p)
{
	enum ph_owner o = whose(c, SHUT);
	const char *what = who_stops_what(mem, c), *name = services(mem, c);

	if (no_way_out(p))
		return (struct answer){ ph_arena_printf(mem, "DOES NOT WORK: this computer has no "
		    "way out to %s: it is not connected, or its network settings are wrong",
		    name), "connect this computer to a network, open any web page, then try "
		    "again", PH_OWNER_HOST };
	if (ph_result_fallback_only(&c->r))
		return (struct answer){ ph_arena_printf(mem, "WORKS ONLY BY A DETOUR: %s: "
		    "%s; the service gets by without, but not as well", name, what),
		    remedy(mem, c, o), o };
	return (struct answer){ ph_arena_printf(mem, "%s: %s: %s",
	    c->r.verdict == PH_BLOCKED ? "DOES NOT WORK" : "DOES NOT WORK FULLY", name, what),
	    remedy(mem, c, o), o };
}

/* Nobody answers at all: the two most common causes look alike. */
static struct answer
silent_answer(struct ph_arena *mem, const struct ph_check *c)
{
	return (struct answer){
		.head = ph_arena_printf(mem, "NO ANSWER AT ALL: %s: your network lets nothing "
		    "through, or the service is down: from here the two look the same",
		    services(mem, c)),
		.todo = ph_arena_printf(mem, "open some web page: if that fails too, the network "
		    "is down; if it works, %s, and ask whoever runs the service whether it is up",
		    send_it(mem, c, "whoever runs your network")),
		.owner = PH_OWNER_UNKNOWN,
	};
}

/* Nothing was tested that failed, but not all was tested. */
static struct answer
untested_answer(struct ph_arena *mem, const struct ph_check *c, const struct ph_public *p)
{
	struct things rest = pick(mem, c, UNSURE, ANYBODY);
	const char *name = services(mem, c);

	if (p != NULL && p->n_ends == 0)
		return (struct answer){
			.head = ph_arena_printf(mem, "NOT TESTED: %s: no server of it is known "
			    "that could be asked", name),
			.todo = "name the service's server with --at, as said above, and try again",
			.owner = PH_OWNER_UNKNOWN,
		};
	return (struct answer){
		.head = ph_arena_printf(mem, "WORKS AS FAR AS CAN BE SEEN: %s: what could be "
		    "tried gets through; %s could not be tried", name, list(mem, &rest)),
		.todo = ph_arena_printf(mem, "make a test call; if it fails, %s",
		    send_it(mem, c, "whoever runs your network")),
		.owner = PH_OWNER_UNKNOWN,
	};
}

static struct answer
unsure_answer(struct ph_arena *mem, const struct ph_check *c, const struct ph_public *p)
{
	enum ph_owner o = whose(c, 1U << PH_UNKNOWN);
	struct things bad = pick(mem, c, 1U << PH_UNKNOWN, ANYBODY);
	const char *name = services(mem, c);

	if (c->responder && c->r.failure != NULL)
		return (struct answer){ ph_arena_printf(mem, "COULD NOT TELL: %s", c->r.failure),
		    "ask whoever runs the test server; that is no fault of your network's",
		    PH_OWNER_FAR_END };
	if (o == PH_OWNER_FAR_END)
		return (struct answer){ ph_arena_printf(mem, "THE SERVICE ITSELF IS DOWN: %s: its "
		    "own side does not take %s; that is the far end's fault, not your network's",
		    name, list(mem, &bad)), remedy(mem, c, o), o };
	if (dead_silence(p))
		return silent_answer(mem, c);
	if (bad.n == 0)
		return untested_answer(mem, c, p);
	return (struct answer){ ph_arena_printf(mem, "COULD NOT TELL: %s: no proper answer for %s; "
	    "whether your network stops it or the service keeps silent cannot be seen from here",
	    name, list(mem, &bad)), remedy(mem, c, PH_OWNER_UNKNOWN), PH_OWNER_UNKNOWN };
}

static const struct ph_finding *
worst(const struct ph_check *c)
{
	for (size_t i = 0; i < c->r.n_findings; i++)
		if (c->r.findings[i].degrades)
			return &c->r.findings[i];
	return NULL;
}

static struct answer
answer(struct ph_arena *mem, const struct ph_check *c, const struct ph_public *p)
{
	const struct ph_finding *f = worst(c);
	const char *name = services(mem, c);

	if (c->r.verdict == PH_PARTLY || c->r.verdict == PH_BLOCKED)
		return shut_answer(mem, c, p);
	if (c->r.verdict != PH_OPEN)
		return unsure_answer(mem, c, p);
	if (f != NULL)
		return (struct answer){ ph_arena_printf(mem, "WORKS, BUT NOT WELL: %s: %s", name,
		    f->message), send_it(mem, c, "whoever runs your network"),
		    PH_OWNER_UNKNOWN };
	return (struct answer){ ph_arena_printf(mem, "WORKS: all that %s needs gets through from "
	    "here", name), "nothing needs to be done about the network; if a call still fails, "
	    "ask whoever runs the service", PH_OWNER_NOBODY };
}

static const char *
fault(enum ph_owner o)
{
	static const char *const word[] = {
		[PH_OWNER_HOST] = "that is this computer's own doing",
		[PH_OWNER_NETWORK] = "that is your network's doing",
		[PH_OWNER_PROVIDER] = "that is your Internet provider's doing",
		[PH_OWNER_FAR_END] = "that is the far end's doing, not your network's",
		[PH_OWNER_UNKNOWN] = "whose doing that is cannot be told from here",
	};

	return word[o];
}

static void
clause(struct ph_buf *b, const struct things *t, const char *one, const char *more)
{
	if (t->n > 0)
		ph_buf_printf(b, "%s%s %s", b->len > 0 ? "; " : "", list(b->mem, t),
		    t->n == 1 ? one : more);
}

void
ph_check_speak(struct ph_arena *mem, struct ph_check *c, const struct ph_public *p)
{
	struct things open = pick(mem, c, 1U << PH_OPEN, ANYBODY);
	struct things shut = pick(mem, c, 1U << PH_BLOCKED, ANYBODY);
	struct things some = pick(mem, c, 1U << PH_PARTLY, ANYBODY);
	struct things bad = pick(mem, c, 1U << PH_UNKNOWN, ANYBODY);
	struct things rest = pick(mem, c, 1U << PH_NOT_TESTED, ANYBODY);
	struct answer a = answer(mem, c, p);
	struct ph_buf b;

	c->r.headline = a.head;
	c->r.owner = a.owner;
	c->todo = a.todo;
	ph_buf_init(&b, mem);
	clause(&b, &open, "works", "work");
	clause(&b, &shut, "does not get through", "do not get through");
	clause(&b, &some, "gets through in part only", "get through in part only");
	clause(&b, &bad, "gets no proper answer", "get no proper answer");
	clause(&b, &rest, "is not tested", "are not tested");
	if (shut.n + some.n + bad.n > 0 && fault(a.owner) != NULL)
		ph_buf_printf(&b, "; %s", fault(a.owner));
	ph_buf_printf(&b, "; what to do now: %s", a.todo);
	c->in_short = b.s;
}
