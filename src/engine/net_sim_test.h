/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_NET_SIM_TEST_H
#define PH_ENGINE_NET_SIM_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A network in virtual time, for tests: two ends, a path each way with delay,
 * jitter (and so reordering), loss by chance or in bursts, duplication, a rate
 * limit and a filter; between them a stateful firewall or NAT with timers.
 */
enum sim_way { SIM_OUT, SIM_IN, SIM_WAYS };

struct sim_packet {
	uint32_t flow;			/* the client's socket */
	uint16_t port;			/* the far end's */
	uint16_t size;			/* bytes, as IP packet */
	uint8_t ttl, tos;
	uint8_t kind, try;		/* for the test's own use */
	uint16_t outside;		/* source port, as the far end sees or addresses it */
	uint64_t a, b;			/* for the test's own use */
};

struct sim_path {
	uint64_t delay_us, jitter_us;
	double loss;
	double burst;			/* chance per packet that an outage begins */
	uint64_t burst_us;		/* ... of up to twice this */
	double duplicate;
	double rate_pps, bucket;	/* token bucket; 0: none */
	/* may it pass?  NULL: yes */
	bool (*filter)(void *, uint64_t now, const struct sim_packet *);
	void *filter_arg;
	/* the rest is the simulation's own */
	uint64_t burst_until_us;
	double tokens;
	uint64_t filled_us;
	unsigned sent, lost;
};

/* Connection tracking: 0 in unreplied_us switches it off. */
struct sim_track {
	uint64_t unreplied_us, unreplied2_us, replied_us, stream_us;
	uint64_t stream_after_us;	/* a replied flow older than this is a stream */
	uint64_t lifetime_us;		/* whatever passes; 0: none */
	bool no_in_refresh, no_out_refresh;
	bool nat;			/* a new flow gets a new outside port */
};

enum { SIM_FLOWS = 4096 };

struct sim {
	struct sim_path path[SIM_WAYS];
	struct sim_track track;
	uint64_t seed;
	struct sim_flow {
		uint64_t made_us, expires_us;
		uint16_t outside;
		bool live, replied;
		unsigned out;		/* packets */
	} flow[SIM_FLOWS];
	uint16_t next_outside;
	struct sim_event {
		uint64_t at, order;
		enum sim_way way;
		struct sim_packet p;
	} *heap;
	size_t n, cap;
	uint64_t order;
};

/* sim_init(s, seed), sim_fini(s): paths are perfect and tracking off at first. */
void sim_init(struct sim *, uint64_t);
void sim_fini(struct sim *);

/* sim_send(s, now, way, packet): put one on its way. */
void sim_send(struct sim *, uint64_t, enum sim_way, struct sim_packet);

/* sim_later(s, at, packet): the far end remembers; taken at that time as SIM_WAYS. */
void sim_later(struct sim *, uint64_t, struct sim_packet);

/* sim_next(s): when the next packet arrives, UINT64_MAX: none is under way. */
uint64_t sim_next(const struct sim *);

/* sim_take(s, way): the packet that arrives at sim_next(). */
struct sim_packet sim_take(struct sim *, enum sim_way *);

/* sim_chance(s, p): true with probability ${p}. */
bool sim_chance(struct sim *, double);
uint64_t sim_rnd(struct sim *);

/* sim_seed(): PH_SEED of the environment or a fixed one; printed once. */
uint64_t sim_seed(void);

/* sim_rounds(usual): PH_ROUNDS of the environment, or ${usual}: rounds of a random test. */
unsigned sim_rounds(unsigned);

#endif
