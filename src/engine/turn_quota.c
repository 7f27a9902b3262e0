/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/turn_quota.h"
#include "engine/turn_slab.h"

struct count {
	ph_u128 key;
	uint32_t n, next;
	bool source;
};

struct ph_turn_quota {
	pthread_mutex_t lock;
	struct ph_turn_slab counts;
	struct ph_turn_index index;
	uint32_t all;
};

struct ph_turn_quota *
ph_turn_quota_new(uint32_t n)
{
	struct ph_turn_quota *q = calloc(1, sizeof(*q));

	if (q == NULL || n > UINT32_MAX / 2)
		goto err0;
	if (pthread_mutex_init(&q->lock, NULL) != 0)
		goto err0;
	if (!ph_turn_slab_init(&q->counts, sizeof(struct count), 2 * n))
		goto err1;
	if (!ph_turn_index_init(&q->index, 2 * n))
		goto err2;
	return q;
err2:
	ph_turn_slab_fini(&q->counts);
err1:
	pthread_mutex_destroy(&q->lock);
err0:
	free(q);
	return NULL;
}

void
ph_turn_quota_free(struct ph_turn_quota *q)
{
	if (q == NULL)
		return;
	ph_turn_index_fini(&q->index);
	ph_turn_slab_fini(&q->counts);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

ph_u128
ph_turn_quota_source(ph_u128 client)
{
	return ph_addr_is_v4(client) ? client : client >> 64 << 64;
}

/* Users are hashes already; sources are few in one place, so this need not be keyed. */
static uint32_t *
chain_of(struct ph_turn_quota *q, ph_u128 key, bool source)
{
	static const uint64_t seed[2] = { 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f };

	return ph_turn_index_chain(&q->index, ph_turn_hash(seed, key, source));
}

static struct count *
count_at(struct ph_turn_quota *q, uint32_t at)
{
	return ph_turn_slab_at(&q->counts, at);
}

/* The place of ${key}, made with 0 when new; 0: no room. */
static uint32_t
place_of(struct ph_turn_quota *q, ph_u128 key, bool source)
{
	uint32_t *head = chain_of(q, key, source), at = *head;

	while (at != 0 && (count_at(q, at)->key != key || count_at(q, at)->source != source))
		at = count_at(q, at)->next;
	if (at != 0 || (at = ph_turn_slab_take(&q->counts)) == 0)
		return at;
	*count_at(q, at) = (struct count){ .key = key, .source = source, .next = *head };
	return *head = at;
}

/* Nobody counts there any more. */
static void
drop_empty(struct ph_turn_quota *q, uint32_t at)
{
	struct count *c = count_at(q, at);
	uint32_t *link;

	if (at == 0 || c->n > 0)
		return;
	for (link = chain_of(q, c->key, c->source); *link != at;)
		link = &count_at(q, *link)->next;
	*link = c->next;
	ph_turn_slab_give(&q->counts, at);
}

static bool
is_over(uint32_t n, uint32_t limit)
{
	return limit != 0 && n >= limit;
}

bool
ph_turn_quota_take(struct ph_turn_quota *q, const struct ph_turn_limits *limits,
    const uint8_t *user, ph_u128 source, struct ph_turn_share *out)
{
	struct ph_turn_share s;
	ph_u128 key;
	bool ok;

	memcpy(&key, user, sizeof(key));
	pthread_mutex_lock(&q->lock);
	s.user = place_of(q, key, false);
	s.source = place_of(q, ph_turn_quota_source(source), true);
	ok = s.user != 0 && s.source != 0 && !is_over(q->all, limits->all) &&
	    !is_over(count_at(q, s.user)->n, limits->user) &&
	    !is_over(count_at(q, s.source)->n, limits->source);
	if (ok) {
		count_at(q, s.user)->n++;
		count_at(q, s.source)->n++;
		q->all++;
		*out = s;
	} else {
		drop_empty(q, s.user);
		drop_empty(q, s.source);
	}
	pthread_mutex_unlock(&q->lock);
	return ok;
}

void
ph_turn_quota_give(struct ph_turn_quota *q, struct ph_turn_share *s)
{
	if (s->user == 0)
		return;
	pthread_mutex_lock(&q->lock);
	count_at(q, s->user)->n--;
	count_at(q, s->source)->n--;
	drop_empty(q, s->user);
	drop_empty(q, s->source);
	q->all--;
	pthread_mutex_unlock(&q->lock);
	*s = (struct ph_turn_share){ 0, 0 };
}
