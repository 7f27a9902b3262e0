/* SPDX-License-Identifier: ISC */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/map.h"
#include "oracle.h"

enum {
	QUESTIONS = 10,			/* a ruleset */
	MAX_REPORTS = 5,		/* disagreements shown in full */
	QUIET_MS = 2, SLOW_MS = 30,
	UNKNOWN_PER_MILLE = 50,		/* more would hide what is understood */
	ENOUGH_RULESETS = 50,		/* for that to mean something */
};

static const char *const backend_names[N_BACKENDS] = {
	[NFT] = "nftables", [IPT_NFT] = "iptables-nft", [IPT_LEGACY] = "iptables-legacy",
};

struct options {
	uint64_t seed;
	uint64_t packets;		/* a backend */
	unsigned seconds;		/* all together */
	unsigned sessions;		/* a ruleset */
	unsigned size;
	int only;			/* enum backend, -1: all */
	uint64_t from, count;		/* rulesets to try; count 0: no limit */
	bool print;			/* each ruleset */
};

struct tally {
	uint64_t rulesets, refused, sessions, packets, unknown, disagreements;
	uint64_t passed, stopped[3], by_chance, parse_errors;
};

/* One ruleset on trial. */
struct trial {
	const struct options *o;
	enum backend backend;
	struct rng rng;
	struct pool pool;
	struct ph_arena mem;
	struct gen gen;
	const char *rules, *sets;	/* as Pinhole reads them */
	bool listed;			/* they are the kernel's listing */
	struct ph_ruleset rs;
	struct question q[QUESTIONS];
	struct session *s;
	size_t n;
	uint64_t number;
	struct tally *tally;
};

static uint64_t
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

/* ---- one ruleset ---- */

static void
print_indented(const char *text)
{
	for (const char *end; *text != '\0'; text = *end == '\0' ? end : end + 1) {
		end = strchrnul(text, '\n');
		printf("#   %.*s\n", (int)(end - text), text);
	}
}

static void
generate(struct trial *t)
{
	t->gen = (struct gen){
		.rng = &t->rng, .pool = &t->pool, .rules = { .mem = &t->mem },
		.sets = { .mem = &t->mem },
		.size = 1 + (unsigned)rng_below(&t->rng, t->o->size),
		.v6 = rng_chance(&t->rng, 35),
	};
	if (t->backend == NFT)
		gen_nft(&t->gen);
	else
		gen_ipt(&t->gen);
	t->rules = draft_text(&t->gen.rules, &t->mem);
	t->sets = draft_text(&t->gen.sets, &t->mem);
}

static void
note_parse_error(struct trial *t)
{
	if (t->tally->parse_errors++ >= MAX_REPORTS)
		return;
	printf("# ruleset %llu: the kernel takes it, Pinhole does not:\n",
	    (unsigned long long)t->number);
	print_indented(t->rules);
	fflush(stdout);
	load_parse(t->backend, t->rules, t->sets, &t->mem, &t->rs, stdout);
}

static size_t
rows_of(const struct line *l)
{
	size_t n = 1;

	for (const char *s = l->s; (s = strchr(s, '\n')) != NULL; s++)
		n++;
	return n;
}

/* Leave out the line that has row ${row} of the text. */
static bool
leave_out(struct draft *d, size_t row)
{
	size_t at = 1;

	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].out)
			continue;
		at += rows_of(&d->v[i]);
		if (row < at) {
			d->v[i].out = !d->v[i].fixed;
			return d->v[i].out;
		}
	}
	return false;
}

/* The rows that nft and iptables-restore complain of: "stdin:7:", "line 7", "line: 7". */
static bool
leave_out_refused(struct draft *d, const char *complaint)
{
	static const char *const before[] = { "stdin:", "line ", "line: " };
	size_t rows[64], n = 0;
	bool any = false;

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		for (const char *s = complaint; (s = strstr(s, before[i])) != NULL &&
		    n < sizeof(rows) / sizeof(rows[0]);) {
			s += strlen(before[i]);
			rows[n++] = strtoul(s, NULL, 10);
		}
	for (size_t i = n; i-- > 0;) {
		bool later = true;

		for (size_t k = 0; k < n; k++)
			later &= rows[k] <= rows[i];
		if (later)
			any |= leave_out(d, rows[i]);
		rows[i] = later ? 0 : rows[i];
	}
	return any;
}

static bool
load_what_can_be(struct trial *t)
{
	const char *why = "";

	for (int i = 0; i < 12; i++) {
		t->rules = draft_text(&t->gen.rules, &t->mem);
		if (load_kernel(t->backend, t->gen.v6, t->rules, t->sets, &t->mem, &why))
			return true;
		if (!leave_out_refused(&t->gen.rules, why))
			break;
	}
	if (t->tally->refused++ < 3)
		printf("# ruleset %llu not loaded: %s\n", (unsigned long long)t->number,
		    why);
	return false;
}

/* Into the kernel and into Pinhole; half of them as the kernel lists them. */
static bool
load(struct trial *t)
{
	const char *listed;

	if (!load_what_can_be(t))
		return false;
	t->listed = rng_chance(&t->rng, 50);
	if (t->listed) {
		listed = load_list(t->backend, t->gen.v6, &t->mem);
		if (listed != NULL)
			t->rules = listed;
	}
	if (t->o->print)
		print_indented(t->rules);
	if (load_parse(t->backend, t->rules, t->sets, &t->mem, &t->rs, NULL))
		return true;
	note_parse_error(t);
	return false;
}

static void
ask(struct trial *t)
{
	for (size_t i = 0; i < QUESTIONS; i++) {
		struct question *q = &t->q[i];
		bool v6 = t->backend == NFT ? rng_chance(&t->rng, 35) : t->gen.v6;

		trial_question(&t->rng, &t->pool, v6, &t->mem, q);
		ph_walk(&t->mem, &t->rs, &q->q, &q->answer);
	}
}

static uint64_t
key_of(const struct tuple *t)
{
	struct { ph_u128 a, b; uint32_t ports, proto; } k = {
		t->src < t->dst ? t->src : t->dst, t->src < t->dst ? t->dst : t->src,
		(uint32_t)t->sport * t->dport, t->proto,
	};

	return ph_hash(&k, sizeof(k));
}

/* Sessions that do not meet each other in the table of connections. */
static void
choose(struct trial *t)
{
	static uint64_t used[1 << 13];
	size_t tries = t->o->sessions * 3;

	memset(used, 0, sizeof(used));
	t->s = ph_arena_array(&t->mem, t->o->sessions, sizeof(*t->s));
	for (t->n = 0; t->n < t->o->sessions && tries-- > 0;) {
		struct session *s = &t->s[t->n];
		uint64_t key, *slot;

		trial_pick(&t->rng, &t->pool, &t->q[rng_below(&t->rng, QUESTIONS)], s);
		if (s->q == NULL)
			continue;
		key = key_of(&s->first.t);
		slot = &used[key % (sizeof(used) / sizeof(used[0]))];
		if (*slot != 0)
			continue;
		*slot = key | 1;
		trial_predict(s);
		t->n++;
	}
}

/* ---- disagreements ---- */

/* A blocked part with a hint says for certain only that it is blocked. */
static bool
is_wrong(const struct session *s)
{
	if (s->predicted <= BLOCKED_LATER && s->part->why != NULL)
		return s->seen == PASSES;
	return s->predicted != UNSURE && s->predicted != s->seen;
}

/* Alone, from the beginning, with time to arrive. */
static bool
still_wrong(struct trial *t, struct session *s)
{
	struct ph_arena_mark m = ph_arena_mark(&t->mem);
	const char *why, *rules = draft_text(&t->gen.rules, &t->mem);
	const char *sets = draft_text(&t->gen.sets, &t->mem);
	struct question q = *s->q;
	struct ph_ruleset rs;
	bool wrong = false;

	q.answer = (struct ph_answer){ 0 };
	s->q = &q;
	if (load_kernel(t->backend, t->gen.v6, rules, sets, &t->mem, &why) &&
	    (!t->listed ||
	    (rules = load_list(t->backend, t->gen.v6, &t->mem)) != NULL) &&
	    load_parse(t->backend, rules, sets, &t->mem, &rs, NULL)) {
		ph_walk(&t->mem, &rs, &q.q, &q.answer);
		trial_predict(s);
		trial_run(s, 1, SLOW_MS);
		wrong = is_wrong(s);
	}
	ph_arena_rewind(&t->mem, m);
	return wrong;
}

/* Leave out ${n} lines from ${at}, if it goes on to be wrong without them. */
static void
try_without(struct trial *t, struct draft *d, size_t at, size_t n,
    const struct session *s)
{
	struct session copy = *s;
	bool any = false;

	for (size_t i = at; i < at + n && i < d->n; i++) {
		d->v[i].trying = !d->v[i].fixed && !d->v[i].out;
		d->v[i].out |= d->v[i].trying;
		any |= d->v[i].trying;
	}
	if (!any || still_wrong(t, &copy))
		return;
	for (size_t i = at; i < at + n && i < d->n; i++)
		d->v[i].out &= !d->v[i].trying;
}

static void
shrink(struct trial *t, const struct session *s)
{
	struct draft *drafts[] = { &t->gen.rules, &t->gen.sets };

	for (size_t k = 0; k < 2; k++) {
		for (size_t n = drafts[k]->n / 2; n > 0; n /= 2)
			for (size_t at = 0; at < drafts[k]->n; at += n)
				try_without(t, drafts[k], at, n, s);
	}
}

static void
print_part(const struct session *s)
{
	const struct ph_part *p = s->part;

	if (p == NULL || p->by.src == NULL)
		return;
	printf("# decided by line %u: %.*s%s%s\n", ph_src_locate(p->by).row,
	    (int)(p->by.len > 200 ? 200 : p->by.len), p->by.src->text + p->by.off,
	    p->why == NULL ? "" : " -- ", p->why == NULL ? "" : p->why);
}

static void
print_session(const struct session *s)
{
	static const char *const paths[] = { "through", "to", "from" };
	const struct tuple *t = &s->first.t;
	char src[PH_ADDR_TEXT], dst[PH_ADDR_TEXT];

	printf("# packet: %s the firewall, %s -> %s, protocol %u, %s port %u -> %s port %u\n",
	    paths[s->q->q.path], s->q->iif < 0 ? "itself" : ifaces[s->q->iif].name,
	    s->q->oif < 0 ? "itself" : ifaces[s->q->oif].name, t->proto,
	    ph_addr_format(t->src, src), t->sport, ph_addr_format(t->dst, dst), t->dport);
}

static void
report(struct trial *t, struct session *s)
{
	struct ph_buf b;

	printf("# DISAGREEMENT %s, PH_SEED=%llu ruleset %llu\n",
	    backend_names[t->backend], (unsigned long long)t->o->seed,
	    (unsigned long long)t->number);
	print_session(s);
	printf("# Pinhole: %s; kernel: %s\n", fate_name(s->predicted), fate_name(s->seen));
	print_part(s);
	ph_buf_init(&b, &t->mem);
	ph_cube_print(&b, &s->q->q.cube);
	printf("# question: %s\n", b.s);
	shrink(t, s);
	still_wrong(t, s);
	printf("# shortest ruleset that shows it%s (Pinhole: %s; kernel: %s):\n",
	    t->listed ? ", as the kernel lists it" : "", fate_name(s->predicted),
	    fate_name(s->seen));
	print_indented(draft_text(&t->gen.rules, &t->mem));
	print_indented(draft_text(&t->gen.sets, &t->mem));
	fflush(stdout);
}

/* Sessions may meet by translation: only what is wrong alone, too, counts. */
static void
confirm(struct trial *t, struct session *s)
{
	struct session copy = *s;

	trial_run(&copy, 1, SLOW_MS);
	if (!is_wrong(&copy)) {
		t->tally->by_chance++;
		return;
	}
	if (t->tally->disagreements++ < MAX_REPORTS)
		report(t, &copy);
}

static void
count(struct trial *t, const struct session *s)
{
	t->tally->sessions++;
	t->tally->packets += s->seen == BLOCKED_FIRST ? 1 : s->seen == BLOCKED_REPLY ? 2 : 3;
	if (s->seen == PASSES)
		t->tally->passed++;
	else
		t->tally->stopped[s->seen]++;
	t->tally->unknown += s->predicted == UNSURE;
}

static void
print_unknown(const struct trial *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->s[i].predicted == UNSURE) {
			printf("# unknown in ruleset %llu:\n", (unsigned long long)t->number);
			print_session(&t->s[i]);
			print_part(&t->s[i]);
			break;
		}
}

static void
run_ruleset(struct trial *t)
{
	generate(t);
	if (!load(t))
		return;
	t->tally->rulesets++;
	ask(t);
	choose(t);
	for (size_t i = 0; i < t->n; i += BATCH)
		trial_run(t->s + i, t->n - i < BATCH ? t->n - i : BATCH, QUIET_MS);
	for (size_t i = 0; i < t->n; i++)
		count(t, &t->s[i]);
	if (t->o->print)
		print_unknown(t);
	for (size_t i = 0; i < t->n; i++)
		if (is_wrong(&t->s[i])) {
			confirm(t, &t->s[i]);
			if (t->tally->disagreements > 0)
				break;
		}
}

/* ---- all of them ---- */

static void
run_backend(const struct options *o, enum backend b, uint64_t until, struct tally *sum)
{
	uint64_t end = o->count == 0 ? UINT64_MAX : o->from + o->count;

	for (uint64_t i = o->from; i < end && sum->packets < o->packets && now_s() < until;
	    i++) {
		struct trial t = {
			.o = o, .backend = b, .number = i, .tally = sum,
			.rng = { o->seed + (i << 8) + (uint64_t)b * 0x51ed2701 },
		};
		uint64_t before = sum->disagreements;

		run_ruleset(&t);
		ph_arena_fini(&t.mem);
		if (sum->disagreements > before && sum->disagreements >= MAX_REPORTS)
			break;
	}
	load_clear();
}

static bool
is_good(const struct tally *t)
{
	return t->disagreements == 0 && t->parse_errors == 0 && t->rulesets > 0 &&
	    t->refused <= t->rulesets / 4 && (t->rulesets < ENOUGH_RULESETS ||
	    t->unknown * 1000 <= t->sessions * UNKNOWN_PER_MILLE);
}

static void
print_result(int number, enum backend b, const struct tally *t)
{
	printf("%s %d - %s: %llu packets, %llu sessions, %llu rulesets, %llu disagreements, "
	    "%llu not read, %llu unknown (%.2f %%)\n", is_good(t) ? "ok" : "not ok", number,
	    backend_names[b], (unsigned long long)t->packets,
	    (unsigned long long)t->sessions, (unsigned long long)t->rulesets,
	    (unsigned long long)t->disagreements, (unsigned long long)t->parse_errors,
	    (unsigned long long)t->unknown,
	    t->sessions == 0 ? 0 : 100.0 * (double)t->unknown / (double)t->sessions);
	printf("# %s: %llu passed, stopped: %llu first, %llu reply, %llu later; "
	    "%llu rulesets refused by the kernel, %llu sessions met another\n",
	    backend_names[b], (unsigned long long)t->passed,
	    (unsigned long long)t->stopped[0], (unsigned long long)t->stopped[1],
	    (unsigned long long)t->stopped[2], (unsigned long long)t->refused,
	    (unsigned long long)t->by_chance);
	fflush(stdout);
}

/* Without rules everything passes: is the lab itself in order? */
static bool
run_empty(const struct options *o)
{
	struct trial t = { .o = o, .rng = { o->seed } };
	size_t lost = 0;

	load_clear();
	ph_ruleset_init(&t.rs, NULL, NULL);
	t.tally = &(struct tally){ 0 };
	ask(&t);
	choose(&t);
	for (size_t i = 0; i < t.n; i += BATCH)
		trial_run(t.s + i, t.n - i < BATCH ? t.n - i : BATCH, QUIET_MS);
	for (size_t i = 0; i < t.n; i++) {
		if (t.s[i].seen != PASSES || t.s[i].predicted != PASSES)
			trial_run(&t.s[i], 1, SLOW_MS);
		if (t.s[i].seen == PASSES && t.s[i].predicted == PASSES)
			continue;
		if (lost++ < MAX_REPORTS) {
			print_session(&t.s[i]);
			printf("# Pinhole: %s; kernel: %s\n",
			    fate_name(t.s[i].predicted), fate_name(t.s[i].seen));
		}
	}
	printf("%s 1 - no rules: %zu sessions, %zu lost\n", lost == 0 ? "ok" : "not ok",
	    t.n, lost);
	ph_arena_fini(&t.mem);
	return lost == 0;
}

static bool
run_all(const struct options *o)
{
	bool good;
	int number = 1;

	printf("1..%d\n", 1 + (o->only < 0 ? N_BACKENDS : 1));
	printf("# PH_SEED=%llu\n", (unsigned long long)o->seed);
	good = run_empty(o);
	for (enum backend b = NFT; b < N_BACKENDS; b++) {
		struct tally t = { 0 };

		if (o->only >= 0 && o->only != (int)b)
			continue;
		number++;
		if (!load_have(b)) {
			printf("ok %d - %s # SKIP its tools are not usable here\n", number,
			    backend_names[b]);
			continue;
		}
		run_backend(o, b, now_s() + o->seconds, &t);
		print_result(number, b, &t);
		good &= is_good(&t);
	}
	return good;
}

static int
backend_named(const char *name)
{
	for (int b = 0; b < N_BACKENDS; b++)
		if (strcmp(backend_names[b], name) == 0)
			return b;
	fprintf(stderr, "oracle: no backend \"%s\"\n", name);
	exit(64);
}

static void
read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "packets", required_argument, NULL, 'p' },
		{ "seconds", required_argument, NULL, 's' },
		{ "sessions", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 'z' },
		{ "only", required_argument, NULL, 'o' },
		{ "ruleset", required_argument, NULL, 'r' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'p': o->packets = strtoull(optarg, NULL, 10); break;
		case 's': o->seconds = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'n': o->sessions = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'z': o->size = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'o': o->only = backend_named(optarg); break;
		case 'r':
			o->from = strtoull(optarg, NULL, 10);
			o->count = 1;
			o->print = true;
			break;
		default: exit(64);
		}
	}
}

int
main(int argc, char **argv)
{
	const char *seed = getenv("PH_SEED"), *why;
	struct options o = {
		.seed = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL),
		.packets = UINT64_MAX, .seconds = 20, .sessions = 1500, .size = 12,
		.only = -1,
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	read_options(argc, argv, &o);
	if (!net_open(&why)) {
		printf("1..0 # SKIP %s\n", why);
		return 0;
	}
	return run_all(&o) ? 0 : 1;
}
