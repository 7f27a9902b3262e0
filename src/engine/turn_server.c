/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "engine/turn_server_priv.h"

/* --- configuration --- */

void
ph_turn_server_defaults(struct ph_turn_server_config *c)
{
	memset(c, 0, sizeof(*c));
	c->sha256 = c->hairpin = c->binding = c->dont_fragment = true;
	c->port_first = 49152;
	c->port_last = 65535;
	c->n_workers = 1;
	c->lifetime_s = 600;
	c->lifetime_max_s = 3600;
	c->permission_s = 300;
	c->channel_s = 600;
	c->nonce_s = 3600;
	c->reservation_s = 30;
	c->quarantine_s = 60;
	c->limits = (struct ph_turn_limits){
		.allocations = 10000, .permissions = 80000, .channels = 40000, .links = 1000,
		.allocation_permissions = 128, .allocation_channels = 64,
		.user = 256, .source = 1024, .unsigned_per_s = 100, .all_unsigned_per_s = 10000,
		.icmp_per_s = 10,
	};
}

static bool
has_bad_range(const struct ph_range *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].lo > v[i].hi)
			return true;
	return false;
}

/* What is wrong with it, or NULL. */
static const char *
fault_of(const struct ph_turn_server_config *c)
{
	size_t max = c->sha256 ? PH_TURN_REALM_SHA256 : PH_TURN_REALM_PLAIN;
	const struct ph_turn_limits *n = &c->limits;

	if (c->realm.len == 0 || c->realm.len > max)
		return c->sha256 ? "the realm must have 1 to 16 bytes" :
		    "the realm must have 1 to 36 bytes";
	for (size_t i = 0; i < c->n_secrets; i++)
		if (c->secrets[i].len == 0 || c->secrets[i].len > PH_STUN_KEY_MAX)
			return "a secret must have 1 to 768 bytes";
	if (c->n_relays == 0 || c->n_relays > PH_TURN_MAX_RELAYS)
		return "there must be 1 to 8 addresses to relay from";
	for (size_t i = 0; i < c->n_relays; i++)
		if (ph_addr_is_v4(c->relays[i].local) != ph_addr_is_v4(c->relays[i].shown))
			return "an address to relay from must be of one family";
	if (c->port_first < 1024 || c->port_first > c->port_last)
		return "ports to relay from must rise within 1024-65535";
	if (c->n_workers == 0 || c->worker >= c->n_workers)
		return "no such worker";
	if (c->lifetime_s == 0 || c->lifetime_max_s < c->lifetime_s || c->permission_s == 0 ||
	    c->channel_s == 0 || c->nonce_s == 0 || c->nonce_s > 3600)
		return "a lifetime out of range";
	if (n->allocations == 0 || n->allocations > 1U << (PH_TURN_PLACE_BITS - 2) ||
	    n->permissions == 0 || n->channels == 0 || n->permissions > 1U << 24 ||
	    n->channels > 1U << 24 || n->links > PH_TURN_MAX_LINKS)
		return "a limit out of range";
	if (has_bad_range(c->allow, c->n_allow) || has_bad_range(c->deny, c->n_deny) ||
	    has_bad_range(c->own, c->n_own) || has_bad_range(c->links_to, c->n_links_to))
		return "a range that ends before it begins";
	return NULL;
}

/* The list at *${from} of ${n}, copied to ${v}; what is behind it there. */
static struct ph_range *
keep_list(const struct ph_range **from, size_t n, struct ph_range *v)
{
	if (n > 0)
		memcpy(v, *from, n * sizeof(*v));
	*from = v;
	return v + n;
}

/* The ranges, copied; users, secrets and realm live in ${logins}. */
static void *
keep_ranges(struct ph_turn_server_config *c)
{
	size_t n = c->n_allow + c->n_deny + c->n_own + c->n_links_to;
	size_t head = sizeof(struct ph_range);	/* the realm, in whole ranges */
	struct ph_range *v;
	char *realm;

	while (head < c->realm.len)
		head += sizeof(struct ph_range);
	realm = malloc(head + (n + 1) * sizeof(*v));
	if (realm == NULL)
		return NULL;
	memcpy(realm, c->realm.s, c->realm.len);
	c->realm.s = realm;
	v = keep_list(&c->allow, c->n_allow, (void *)(realm + head));
	v = keep_list(&c->deny, c->n_deny, v);
	v = keep_list(&c->own, c->n_own, v);
	keep_list(&c->links_to, c->n_links_to, v);
	c->users = NULL;
	c->secrets = NULL;
	return realm;
}

/* Take what a reload may change; false: no memory, and nothing was changed. */
static bool
take_config(struct ph_turn_server *s, const struct ph_turn_server_config *from)
{
	struct ph_turn_server_config c = *from;
	struct ph_turn_logins *logins = ph_turn_logins_new(from);
	void *kept = logins == NULL ? NULL : keep_ranges(&c);

	if (kept == NULL) {
		ph_turn_logins_free(logins);
		return false;
	}
	ph_turn_logins_free(s->logins);
	free(s->kept);
	s->logins = logins;
	s->kept = kept;
	s->c = c;
	return true;
}

static bool
reserve_memory(struct ph_turn_server *s)
{
	const struct ph_turn_limits *n = &s->c.limits;
	uint32_t reserves = n->allocations < 1024 ? n->allocations : 1024;
	uint32_t ports = 2 * n->allocations + reserves;

	s->turns = calloc((size_t)ports + 1, sizeof(*s->turns));
	s->sources = calloc(PH_TURN_SOURCES, sizeof(*s->sources));
	return s->turns != NULL && s->sources != NULL &&
	    ph_turn_slab_init(&s->allocs, sizeof(struct ph_turn_alloc), n->allocations) &&
	    ph_turn_slab_init(&s->ports, sizeof(struct ph_turn_port_slot), ports) &&
	    ph_turn_slab_init(&s->permits, sizeof(struct ph_turn_permit), n->permissions) &&
	    ph_turn_slab_init(&s->channels, sizeof(struct ph_turn_chan), n->channels) &&
	    ph_turn_slab_init(&s->reserves, sizeof(struct ph_turn_reserve), reserves) &&
	    ph_turn_slab_init(&s->links, sizeof(struct ph_turn_link), n->links) &&
	    ph_turn_index_init(&s->by_conn, n->allocations) &&
	    ph_turn_index_init(&s->by_permit, n->permissions) &&
	    ph_turn_index_init(&s->by_number, n->channels) &&
	    ph_turn_index_init(&s->by_peer, n->channels) && ph_turn_ports_init(&s->pool, &s->c);
}

static void
release(struct ph_turn_server *s)
{
	struct ph_turn_slab *slabs[] = { &s->allocs, &s->ports, &s->permits, &s->channels,
		&s->reserves, &s->links };
	struct ph_turn_index *indexes[] = { &s->by_conn, &s->by_permit, &s->by_number,
		&s->by_peer };

	for (size_t i = 0; i < sizeof(slabs) / sizeof(*slabs); i++)
		ph_turn_slab_fini(slabs[i]);
	for (size_t i = 0; i < sizeof(indexes) / sizeof(*indexes); i++)
		ph_turn_index_fini(indexes[i]);
	ph_turn_ports_fini(&s->pool);
	ph_turn_quota_free(s->own_quota);
	ph_turn_logins_free(s->logins);
	if (s->auth.sha1 != NULL)
		ph_stun_auth_fini(&s->auth);
	if (s->nonce.sha1 != NULL)
		ph_stun_auth_fini(&s->nonce);
	free(s->turns);
	free(s->sources);
	free(s->kept);
	free(s);
}

struct ph_turn_server *
ph_turn_server_new(const struct ph_turn_server_config *c, const struct ph_turn_ops *ops,
    const char **why)
{
	struct ph_turn_server *s;

	*why = fault_of(c);
	if (*why == NULL && c->tcp &&
	    (ops->connect == NULL || ops->join == NULL || ops->drop == NULL))
		*why = "no TCP to peers here";
	if (*why != NULL)
		return NULL;
	*why = "out of memory";
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->ops = *ops;
	ops->random(ops->arg, s->seed, sizeof(s->seed));
	ops->random(ops->arg, s->tag, sizeof(s->tag));
	if (!take_config(s, c) || !reserve_memory(s) || !ph_stun_auth_init(&s->auth) ||
	    !ph_stun_auth_init(&s->nonce))
		goto err;
	ph_stun_auth_key(&s->nonce, c->nonce_key, sizeof(c->nonce_key));
	if (c->quota == NULL) {
		s->own_quota = ph_turn_quota_new(c->limits.allocations);
		if (s->own_quota == NULL)
			goto err;
		s->c.quota = s->own_quota;
	}
	*why = NULL;
	return s;
err:
	release(s);
	return NULL;
}

void
ph_turn_server_end_all(struct ph_turn_server *s, uint64_t now)
{
	for (uint32_t i = 1; i <= s->reserves.fresh; i++) {
		struct ph_turn_reserve *v = ph_turn_slab_at(&s->reserves, i);

		if (v->timer.back != NULL)
			ph_turn_reserve_end(s, i, false, now);
	}
	for (uint32_t i = 1; i <= s->allocs.fresh; i++)
		if (ph_turn_alloc_at(s, i)->timer.back != NULL)
			ph_turn_alloc_end(s, i, PH_TURN_END_ADMIN, now);
}

void
ph_turn_server_free(struct ph_turn_server *s)
{
	if (s == NULL)
		return;
	ph_turn_server_end_all(s, s->wheel.now_s * PH_TURN_US);
	release(s);
}

/* What is as big, or as many, as it was at the start. */
static void
keep_fixed(struct ph_turn_server_config *c, const struct ph_turn_server_config *was)
{
	c->limits.allocations = was->limits.allocations;
	c->limits.permissions = was->limits.permissions;
	c->limits.channels = was->limits.channels;
	c->limits.links = was->limits.links;
	memcpy(c->relays, was->relays, sizeof(c->relays));
	c->n_relays = was->n_relays;
	c->port_first = was->port_first;
	c->port_last = was->port_last;
	c->worker = was->worker;
	c->n_workers = was->n_workers;
	c->quota = was->quota;
	c->tcp = was->tcp;
	memcpy(c->nonce_key, was->nonce_key, sizeof(c->nonce_key));
}

bool
ph_turn_server_reload(struct ph_turn_server *s, const struct ph_turn_server_config *from,
    uint64_t now, const char **why)
{
	struct ph_turn_server_config c = *from;

	keep_fixed(&c, &s->c);
	*why = fault_of(&c);
	if (*why != NULL)
		return false;
	if (!take_config(s, &c)) {
		*why = "out of memory";
		return false;
	}
	s->pool.rest_s = s->c.quarantine_s;
	ph_turn_peer_purge(s, now);
	ph_turn_link_purge(s);
	return true;
}

void
ph_turn_server_drain(struct ph_turn_server *s, bool on, const struct ph_stun_addr *alternate)
{
	s->draining = on;
	s->alternate = alternate != NULL ? *alternate : (struct ph_stun_addr){ 0, 0 };
}

/* --- time --- */

static uint32_t
place_of(const struct ph_turn_slab *slab, const void *thing)
{
	return (uint32_t)((size_t)((const uint8_t *)thing - slab->mem) / slab->size);
}

static void
fire(struct ph_turn_server *s, const struct ph_turn_timer *t, uint64_t now)
{
	switch (t->kind) {
	case PH_TURN_TIMER_ALLOC:
		ph_turn_alloc_end(s, place_of(&s->allocs, t), PH_TURN_END_EXPIRED, now);
		break;
	case PH_TURN_TIMER_PERMIT:
		ph_turn_peer_unpermit(s, place_of(&s->permits, t), now);
		break;
	case PH_TURN_TIMER_CHANNEL:
		ph_turn_peer_unbind(s, place_of(&s->channels, t), now);
		break;
	case PH_TURN_TIMER_RESERVE:
		ph_turn_reserve_end(s, place_of(&s->reserves, t), false, now);
		break;
	case PH_TURN_TIMER_HALF:
		ph_turn_alloc_half(s, place_of(&s->allocs, t), now);
		break;
	default:
		ph_turn_link_over(s, place_of(&s->links, t));
	}
}

void
ph_turn_server_tick(struct ph_turn_server *s, uint64_t now)
{
	struct ph_turn_timer *t;

	if (!s->started)
		ph_turn_wheel_init(&s->wheel, now);
	s->started = true;
	while ((t = ph_turn_wheel_next(&s->wheel, now)) != NULL)
		fire(s, t, now);
}
