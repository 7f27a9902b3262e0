/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "relay/fast_bind.h"

/* A channel in the kernel, in one of two lists: free, or of its hash. */
struct bound {
	uint32_t allocation, relay, id;	/* id: of the fast path */
	uint16_t channel;
	ph_u128 peer;
	uint64_t until_us, permit_until_us;
	struct ph_fast_counts told;	/* to the server */
	struct bound *next;
};

enum { SLOTS = 4096 };

struct ph_fast_bind {
	struct ph_fast *fast;
	struct bound *slot[SLOTS], *free, *all;
	uint32_t n;
	uint64_t moved;			/* packets */
};

struct ph_fast_bind *
ph_fast_bind_new(struct ph_fast *fast, uint32_t n)
{
	struct ph_fast_bind *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->fast = fast;
	b->n = fast == NULL ? 0 : n;
	b->all = calloc(b->n + 1, sizeof(*b->all));
	if (b->all == NULL) {
		free(b);
		return NULL;
	}
	for (uint32_t i = 0; i < b->n; i++) {
		b->all[i].next = b->free;
		b->free = &b->all[i];
	}
	return b;
}

void
ph_fast_bind_free(struct ph_fast_bind *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		for (const struct bound *x = b->slot[i]; x != NULL; x = x->next)
			ph_fast_unbind(b->fast, x->id, NULL);
	free(b->all);
	free(b);
}

/* All channels of an allocation share a slot, since its permissions concern them all. */
static struct bound **
slot_of(struct ph_fast_bind *b, uint32_t allocation)
{
	return &b->slot[(allocation * 2654435761u) >> 20 & (SLOTS - 1)];
}

static struct bound **
find(struct ph_fast_bind *b, const struct ph_turn_note *n)
{
	struct bound **at = slot_of(b, n->allocation);

	while (*at != NULL && ((*at)->allocation != n->allocation || (*at)->relay != n->relay ||
	    (*at)->channel != n->channel))
		at = &(*at)->next;
	return at;
}

/* What was moved since the server was told last. */
static void
tell(struct ph_fast_bind *b, struct bound *x, struct ph_turn_server *s,
    const struct ph_fast_counts *c)
{
	struct ph_turn_counters d = {
		.up_packets = c->up.packets - x->told.up.packets,
		.up_bytes = c->up.bytes - x->told.up.bytes,
		.down_packets = c->down.packets - x->told.down.packets,
		.down_bytes = c->down.bytes - x->told.down.bytes,
	};

	x->told = *c;
	b->moved += d.up_packets + d.down_packets;
	ph_turn_server_account(s, x->relay, &d);
}

static void
unbind(struct ph_fast_bind *b, struct ph_turn_server *s, struct bound **at)
{
	struct bound *x = *at;
	struct ph_fast_counts last;

	if (x == NULL)
		return;
	if (ph_fast_unbind(b->fast, x->id, &last) == 0)
		tell(b, x, s, &last);
	*at = x->next;
	x->next = b->free;
	b->free = x;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
bind(struct ph_fast_bind *b, const struct ph_turn_note *n)
{
	struct bound **at = find(b, n), *x = *at;
	struct ph_fast_binding f = {
		.client = n->conn->client, .client_port = n->conn->client_port,
		.server = n->conn->server, .server_port = n->conn->server_port,
		.relay = n->local.addr, .relay_port = n->local.port,
		.peer = n->peer.addr, .peer_port = n->peer.port, .channel = n->channel,
		.expires_us = earlier(n->until_us, n->permit_until_us),
	};
	uint32_t id;

	if (x != NULL) {
		x->until_us = n->until_us;
		x->permit_until_us = n->permit_until_us;
		ph_fast_refresh(b->fast, x->id, f.expires_us);
		return;
	}
	/* what has a limit, comes by a stream, or changes family stays in user space */
	if (n->conn->via != PH_TURN_VIA_UDP || n->bytes_per_s != 0 || b->free == NULL ||
	    ph_fast_bind(b->fast, &f, &id) != 0)
		return;
	x = b->free;
	b->free = x->next;
	*x = (struct bound){
		.allocation = n->allocation, .relay = n->relay, .id = id, .channel = n->channel,
		.peer = n->peer.addr, .until_us = n->until_us,
		.permit_until_us = n->permit_until_us,
	};
	*at = x;
}

/* A permission concerns all channels to its address. */
static void
permit(struct ph_fast_bind *b, struct ph_turn_server *s, const struct ph_turn_note *n, bool on)
{
	struct bound **at = slot_of(b, n->allocation);

	while (*at != NULL) {
		struct bound *x = *at;

		if (x->allocation != n->allocation || x->peer != n->peer.addr) {
			at = &x->next;
		} else if (!on) {
			unbind(b, s, at);
		} else {
			x->permit_until_us = n->permit_until_us;
			ph_fast_refresh(b->fast, x->id, earlier(x->until_us, x->permit_until_us));
			at = &x->next;
		}
	}
}

void
ph_fast_bind_note(struct ph_fast_bind *b, struct ph_turn_server *s, const struct ph_turn_note *n)
{
	if (b->fast == NULL)
		return;
	switch (n->kind) {
	case PH_TURN_BOUND:
		bind(b, n);
		break;
	case PH_TURN_UNBOUND:
		unbind(b, s, find(b, n));
		break;
	case PH_TURN_PERMITTED:
	case PH_TURN_UNPERMITTED:
		permit(b, s, n, n->kind == PH_TURN_PERMITTED);
		break;
	default:
		break;
	}
}

void
ph_fast_bind_tick(struct ph_fast_bind *b, struct ph_turn_server *s)
{
	struct ph_fast_counts c;

	if (b->fast == NULL)
		return;
	ph_fast_touch(b->fast);
	for (size_t i = 0; i < SLOTS; i++)
		for (struct bound *x = b->slot[i]; x != NULL; x = x->next)
			if (ph_fast_counts(b->fast, x->id, &c) == 0)
				tell(b, x, s, &c);
}

uint64_t
ph_fast_bind_moved(const struct ph_fast_bind *b)
{
	return b->moved;
}
