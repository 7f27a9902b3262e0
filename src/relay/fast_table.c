/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>

#include "os/clock.h"
#include "relay/fast_priv.h"

/*
 * DOC: Slots rest before they are used again
 *
 * A program that found a flow just before it was deleted goes on for less than a microsecond
 * and counts.  So a slot's tallies are read when it is unbound, read again after a second, and
 * only then the slot is given to another; the difference is what ph_fast_late() tells.
 */
enum {
	REST_US = 1000000,
	BURST_MIN = 9216,		/* bytes: a datagram of any Ethernet fits */
	BURST_PART = 4,			/* of a second */
};

static void
put_addr(ph_u128 a, __be32 w[4])
{
	memset(w, 0, 16);
	if (ph_addr_is_v4(a)) {
		w[0] = htonl((uint32_t)a);
		return;
	}
	for (int i = 0; i < 4; i++)
		w[i] = htonl((uint32_t)(a >> (96 - 32 * i)));
}

/* Sums of 16-bit words as they stand in packets: RFC 1071. */
static uint32_t
sum_words(const void *p, size_t len)
{
	const unsigned char *b = p;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2) {
		uint16_t w;

		memcpy(&w, b + i, 2);
		sum += w;
	}
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void
make_flow(const struct ph_bpf_key *k, struct ph_bpf_flow *f)
{
	uint32_t old = sum_words(k->src, 16) + sum_words(k->dst, 16);
	uint32_t new = sum_words(f->src, 16) + sum_words(f->dst, 16) + f->sport + f->dport;
	uint32_t delta = new + 4 * 0xffffU - (old + k->sport + k->dport);

	f->pseudo = (old & 0xffff) + (old >> 16) + htons(IPPROTO_UDP);
	f->delta = (delta & 0xffff) + (delta >> 16);
	/* RFC 6437: one label for a flow, nobody's business otherwise. */
	f->label = k->family == 6 ? htonl((new * 2654435761U) >> 12) : 0;
	f->id_salt = new;
}

int
ph_fast_table_make(const struct ph_fast_binding *b, struct ph_bpf_key key[2],
    struct ph_bpf_flow flow[2])
{
	bool v4 = ph_addr_is_v4(b->client);

	if (b->channel < PH_BPF_CHANNEL_MIN || b->channel > PH_BPF_CHANNEL_MAX ||
	    ph_addr_is_v4(b->server) != v4 || ph_addr_is_v4(b->relay) != ph_addr_is_v4(b->peer))
		return -EINVAL;
	if (ph_addr_is_v4(b->peer) != v4)
		return -EAFNOSUPPORT;
	memset(key, 0, 2 * sizeof(*key));
	memset(flow, 0, 2 * sizeof(*flow));
	put_addr(b->client, key[0].src);
	put_addr(b->server, key[0].dst);
	put_addr(b->peer, key[1].src);
	put_addr(b->relay, key[1].dst);
	key[0].sport = htons(b->client_port);
	key[0].dport = htons(b->server_port);
	key[1].sport = htons(b->peer_port);
	key[1].dport = htons(b->relay_port);
	key[0].channel = flow[1].channel = b->channel;
	key[0].family = key[1].family = v4 ? 4 : 6;
	for (int i = 0; i < 2; i++) {
		memcpy(flow[i].src, key[!i].dst, 16);
		memcpy(flow[i].dst, key[!i].src, 16);
		flow[i].sport = key[!i].dport;
		flow[i].dport = key[!i].sport;
		flow[i].expires_ns = b->expires_us * 1000;
		make_flow(&key[i], &flow[i]);
	}
	return 0;
}

int
ph_fast_table_init(struct ph_fast *f, uint32_t n)
{
	struct ph_fast_table *t = &f->t;

	t->n_slots = n + 1;
	t->slot = calloc(t->n_slots, sizeof(*t->slot));
	t->meter_next = calloc(t->n_slots, sizeof(*t->meter_next));
	if (t->slot == NULL || t->meter_next == NULL)
		return -ENOMEM;
	for (uint32_t i = n; i > 0; i--) {
		t->slot[i].next = t->free;
		t->meter_next[i] = t->free_meter;
		t->free = t->free_meter = i;
	}
	return 0;
}

void
ph_fast_table_fini(struct ph_fast *f)
{
	free(f->t.slot);
	free(f->t.meter_next);
}

/* The binding ${id}, with the lock held; NULL: there is none. */
static struct ph_fast_slot *
slot_of(struct ph_fast *f, uint32_t id)
{
	struct ph_fast_slot *s = id < f->t.n_slots ? &f->t.slot[id] : NULL;

	return s != NULL && s->used ? s : NULL;
}

static int
read_way(struct ph_fast *f, uint32_t i, struct ph_fast_way *out)
{
	struct ph_bpf_tally t;
	int err = bpf_map_lookup_elem_flags(f->map[PH_FAST_TALLIES], &i, &t, BPF_F_LOCK);

	if (err == 0)
		*out = (struct ph_fast_way){ t.packets, t.bytes, t.over_packets, t.over_bytes };
	return err;
}

static int
read_counts(struct ph_fast *f, uint32_t id, struct ph_fast_counts *out)
{
	int err = read_way(f, 2 * id, &out->up);

	return err != 0 ? err : read_way(f, 2 * id + 1, &out->down);
}

static void
add_late(struct ph_fast_way *sum, const struct ph_fast_way *now, const struct ph_fast_way *then)
{
	sum->packets += now->packets - then->packets;
	sum->bytes += now->bytes - then->bytes;
	sum->over_packets += now->over_packets - then->over_packets;
	sum->over_bytes += now->over_bytes - then->over_bytes;
}

void
ph_fast_table_age(struct ph_fast *f, uint64_t now_us)
{
	struct ph_fast_table *t = &f->t;
	struct ph_fast_counts n;

	while (t->rest != 0 && now_us >= t->slot[t->rest].since_us + REST_US) {
		uint32_t id = t->rest;
		struct ph_fast_slot *s = &t->slot[id];

		if (read_counts(f, id, &n) == 0) {
			add_late(&t->late.up, &n.up, &s->last.up);
			add_late(&t->late.down, &n.down, &s->last.down);
		}
		t->rest = s->next;
		s->next = t->free;
		t->free = id;
	}
}

static int
clear_tallies(struct ph_fast *f, uint32_t id)
{
	struct ph_bpf_tally t = { .warm_ns = ph_clock_us() * 1000 + f->warm_ns };
	int err = 0;

	for (uint32_t i = 2 * id; err == 0 && i < 2 * id + 2; i++)
		err = bpf_map_update_elem(f->map[PH_FAST_TALLIES], &i, &t, BPF_F_LOCK);
	return err;
}

static int
put_flows(struct ph_fast *f, const struct ph_fast_slot *s, uint64_t how)
{
	int fd = f->map[PH_FAST_FLOWS];
	int err = bpf_map_update_elem(fd, &s->key[0], &s->flow[0], how);

	if (err != 0)
		return err;
	err = bpf_map_update_elem(fd, &s->key[1], &s->flow[1], how);
	if (err != 0 && how == BPF_NOEXIST)
		bpf_map_delete_elem(fd, &s->key[0]);
	return err;
}

static int
bind_slot(struct ph_fast *f, uint32_t id, const struct ph_fast_binding *b)
{
	struct ph_fast_slot *s = &f->t.slot[id];
	int err = ph_fast_table_make(b, s->key, s->flow);

	if (err != 0)
		return err;
	for (uint32_t i = 0; i < 2; i++) {
		s->flow[i].tally = 2 * id + i;
		s->flow[i].meter = b->meter == 0 ? 0 : 2 * b->meter + i;
	}
	err = clear_tallies(f, id);
	return err != 0 ? err : put_flows(f, s, BPF_NOEXIST);
}

int
ph_fast_bind(struct ph_fast *f, const struct ph_fast_binding *b, uint32_t *id)
{
	struct ph_fast_table *t = &f->t;
	int err;

	pthread_mutex_lock(&t->lock);
	ph_fast_table_age(f, ph_clock_us());
	*id = t->free;
	err = t->free == 0 ? -ENOSPC : b->meter >= t->n_slots ? -EINVAL :
	    bind_slot(f, t->free, b);
	if (err == 0) {
		t->free = t->slot[*id].next;
		t->slot[*id].used = true;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

int
ph_fast_refresh(struct ph_fast *f, uint32_t id, uint64_t expires_us)
{
	struct ph_fast_slot *s;
	int err = -ENOENT;

	pthread_mutex_lock(&f->t.lock);
	s = slot_of(f, id);
	if (s != NULL) {
		s->flow[0].expires_ns = s->flow[1].expires_ns = expires_us * 1000;
		err = put_flows(f, s, BPF_EXIST);
	}
	pthread_mutex_unlock(&f->t.lock);
	return err;
}

/* Behind those that rest already. */
static void
rest(struct ph_fast_table *t, uint32_t id)
{
	struct ph_fast_slot *s = &t->slot[id];

	s->used = false;
	s->since_us = ph_clock_us();
	s->next = 0;
	if (t->rest == 0)
		t->rest = id;
	else
		t->slot[t->rest_end].next = id;
	t->rest_end = id;
}

int
ph_fast_unbind(struct ph_fast *f, uint32_t id, struct ph_fast_counts *last)
{
	struct ph_fast_slot *s;
	int err = -ENOENT;

	pthread_mutex_lock(&f->t.lock);
	s = slot_of(f, id);
	if (s != NULL) {
		bpf_map_delete_elem(f->map[PH_FAST_FLOWS], &s->key[0]);
		bpf_map_delete_elem(f->map[PH_FAST_FLOWS], &s->key[1]);
		err = read_counts(f, id, &s->last);
		if (err == 0 && last != NULL)
			*last = s->last;
		rest(&f->t, id);
	}
	pthread_mutex_unlock(&f->t.lock);
	return err;
}

int
ph_fast_counts(struct ph_fast *f, uint32_t id, struct ph_fast_counts *out)
{
	int err;

	pthread_mutex_lock(&f->t.lock);
	err = slot_of(f, id) == NULL ? -ENOENT : read_counts(f, id, out);
	pthread_mutex_unlock(&f->t.lock);
	return err;
}

struct ph_fast_counts
ph_fast_late(struct ph_fast *f)
{
	struct ph_fast_counts n;

	pthread_mutex_lock(&f->t.lock);
	n = f->t.late;
	pthread_mutex_unlock(&f->t.lock);
	return n;
}

static int
set_meter(struct ph_fast *f, uint32_t id, uint32_t bytes_per_s)
{
	uint64_t cost = (1000000000ULL << 16) / bytes_per_s;
	uint64_t burst = bytes_per_s / BURST_PART;
	struct ph_bpf_meter m = { .byte_cost = cost };
	int err = 0;

	m.burst_ns = ((burst < BURST_MIN ? BURST_MIN : burst) * cost) >> 16;
	for (uint32_t i = 2 * id; err == 0 && i < 2 * id + 2; i++)
		err = bpf_map_update_elem(f->map[PH_FAST_METERS], &i, &m, BPF_F_LOCK);
	return err;
}

int
ph_fast_meter(struct ph_fast *f, uint32_t bytes_per_s, uint32_t *id)
{
	struct ph_fast_table *t = &f->t;
	int err;

	if (bytes_per_s == 0)
		return -EINVAL;
	pthread_mutex_lock(&t->lock);
	*id = t->free_meter;
	err = *id == 0 ? -ENOSPC : set_meter(f, *id, bytes_per_s);
	if (err == 0)
		t->free_meter = t->meter_next[*id];
	pthread_mutex_unlock(&t->lock);
	return err;
}

void
ph_fast_meter_free(struct ph_fast *f, uint32_t id)
{
	struct ph_fast_table *t = &f->t;

	if (id == 0 || id >= t->n_slots)
		return;
	pthread_mutex_lock(&t->lock);
	t->meter_next[id] = t->free_meter;
	t->free_meter = id;
	pthread_mutex_unlock(&t->lock);
}
