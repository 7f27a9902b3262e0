/* SPDX-License-Identifier: ISC */
#ifndef PH_ORACLE_H
#define PH_ORACLE_H

#include "audit/walk.h"
#include "dialect/dialect.h"

/*
 * DOC: The kernel as judge
 *
 * A random ruleset is loaded into a network namespace, random connections are
 * tried through it, and what the kernel did with each is compared with what
 * ph_walk() says of it.
 *
 *	 world: packet sockets        firewall: forwards, has the ruleset
 *	+-----------------------+    +----------------------------------+
 *	| w0  w1  w2  w3, no    |veth| lan0 wan0 dmz0 eth1.7            |
 *	| addresses, no stack   |====| raw sockets see what is for it   |
 *	+-----------------------+    +----------------------------------+
 *
 * Both namespaces have no name: the process that made them owns them, and they
 * are gone when it ends, however it ends.  The world has no addresses, so
 * nothing there answers but we.  Packets carry wrong checksums on purpose
 * (tracking does not look, nf_conntrack_checksum=0): the firewall's own stack
 * throws them away after raw sockets saw them, and answers nothing either.
 *
 * A session is three packets with one tag: the opener, the reply to what
 * arrived, the next one by the opener.  Each is sent only when the one before
 * it arrived.
 */

enum {
	N_IFACES = 4,
	MAX_CONSTANTS = 512,
	MAX_PACKET = 128,		/* bytes */
	BATCH = 512,			/* sessions in flight together */
};

/* ---- rand.c: random numbers, and the constants of a ruleset ---- */

struct rng {
	uint64_t s;
};

/* Values a ruleset speaks of; packets are chosen near them. */
struct pool {
	ph_u128 addr[2][MAX_CONSTANTS];	/* [v6] */
	size_t n_addr[2];
	uint16_t port[MAX_CONSTANTS];
	size_t n_port;
};

uint64_t rng_next(struct rng *);

/* rng_below(r, n): 0 .. n-1.  rng_chance(r, pct): true in ${pct} of 100. */
uint64_t rng_below(struct rng *, uint64_t);
bool rng_chance(struct rng *, unsigned);

/* pool_addr/_port(p, v): remember a constant. */
void pool_addr(struct pool *, bool v6, ph_u128);
void pool_port(struct pool *, unsigned);

/* pool_pick(r, p, dim, v6, range): a value of ${range}, near a constant if it can be. */
ph_u128 pool_pick(struct rng *, const struct pool *, enum ph_dim, bool v6,
    struct ph_range);

/* ---- packet.c: bytes ---- */

/* As ph_packet's first dimensions; of ICMP dport is the type, sport the code. */
struct tuple {
	bool v6;
	uint8_t proto;
	ph_u128 src, dst;
	uint16_t sport, dport;
};

struct packet {
	struct tuple t;
	uint16_t icmp_id;
	uint8_t flags;			/* TCP */
	uint32_t seq, ack;
	uint32_t id;			/* of the session */
	uint8_t stage;			/* enum ph_stage */
};

/* packet_build(p, out): IP packet into ${out} of MAX_PACKET; its length. */
size_t packet_build(const struct packet *, uint8_t *);

/* packet_parse(buf, len, p): false when it is not one of ours. */
bool packet_parse(const uint8_t *, size_t, struct packet *);

/* packet_parse_payload(buf, len, p): the same from the transport header on; t.v6, proto set. */
bool packet_parse_payload(const uint8_t *, size_t, struct packet *);

/* packet_reply(p, out): the answer to ${p} as it arrived. */
void packet_reply(const struct packet *, struct packet *);

/* packet_later(first, out): what the opener sends after the reply. */
void packet_later(const struct packet *, struct packet *);

/* ---- net.c: the namespaces ---- */

struct iface {
	const char *name;
	ph_u128 own[2];			/* [v6] */
	struct ph_range net[2];
	int world;			/* index on the other side */
	uint8_t mac[6];
};

extern struct iface ifaces[N_IFACES];

enum { AT_FIREWALL = -1, NOWHERE = -2 };

/* net_open(why): make the namespaces.  False: not permitted, ${why} tells. */
bool net_open(const char **why);

/* net_route(v6, addr): the interface that leads there, AT_FIREWALL, NOWHERE. */
int net_route(bool v6, ph_u128);

/* net_send(p, from): into the firewall from interface ${from}, or by itself. */
void net_send(const struct packet *, int from);

/*
 * net_collect(quiet_ms, got, arg): hand every packet of ours that arrived, and
 * where, to ${got}; return when nothing more came for ${quiet_ms}.
 */
void net_collect(int quiet_ms, void (*got)(void *, const struct packet *, int at),
    void *);

/* net_forget(): no connection is known any more. */
void net_forget(void);

/* ---- draft.c: a ruleset as lines that can be left out ---- */

struct line {
	const char *s;
	bool fixed;			/* the text would not load without it */
	bool out;			/* left out */
	bool trying;			/* to leave it out */
};

struct draft {
	struct ph_arena *mem;
	struct line *v;
	size_t n, cap;
};

void draft_add(struct draft *, bool fixed, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* draft_text(d, mem): what is not left out. */
const char *draft_text(const struct draft *, struct ph_arena *);

/* ---- gen_nft.c, gen_ipt.c: random rulesets ---- */

struct gen {
	struct rng *rng;
	struct pool *pool;
	struct draft rules, sets;	/* sets: ipset */
	unsigned size;			/* rules, about */
	bool v6;			/* iptables: which of the two */
};

void gen_nft(struct gen *);
void gen_ipt(struct gen *);

/* gen_word(g, n, ...): one of ${n} strings. */
#define GEN_WORD(g, ...) gen_word((g), (const char *const []){ __VA_ARGS__ }, \
	sizeof((const char *const []){ __VA_ARGS__ }) / sizeof(char *))
const char *gen_word(struct gen *, const char *const *, size_t);

/* Random constants as text in the draft's arena, noted in the pool. */
ph_u128 gen_host(struct gen *, bool v6);
ph_u128 gen_host_on(struct gen *, bool v6, size_t iface);
const char *gen_host_text(struct gen *, bool v6);
const char *gen_prefix_text(struct gen *, bool v6);
const char *gen_iface(struct gen *);
unsigned gen_port(struct gen *);

/*
 * gen_move(g, v6): addresses and what they are translated to, on the same
 * interface: a question names the one by which packets leave in the end.
 */
struct gen_move {
	const char *from, *to;
};
struct gen_move gen_move(struct gen *, bool v6);

/* ---- load.c: into the kernel, and into Pinhole ---- */

enum backend { NFT, IPT_NFT, IPT_LEGACY, N_BACKENDS };

/*
 * load_kernel(b, v6, rules, sets, mem, why): replace what is loaded.  False:
 * refused, with the tool's words.
 */
bool load_kernel(enum backend, bool v6, const char *rules, const char *sets,
    struct ph_arena *, const char **why);

/* load_clear(): nothing is loaded. */
void load_clear(void);

/* load_list(b, v6, mem): the ruleset as the kernel lists it, or NULL. */
const char *load_list(enum backend, bool v6, struct ph_arena *);

/* load_have(b): are its tools here, and does the kernel take them? */
bool load_have(enum backend);

/* load_parse(b, rules, sets, mem, rs, out): false when Pinhole reports an error; to ${out}. */
bool load_parse(enum backend, const char *rules, const char *sets,
    struct ph_arena *, struct ph_ruleset *, FILE *out);

/* ---- trial.c: sessions, and what was predicted of them ---- */

enum fate { BLOCKED_FIRST, BLOCKED_REPLY, BLOCKED_LATER, PASSES, UNSURE, CONTRADICTION };

struct question {
	struct ph_question q;
	bool v6;
	int iif, oif;			/* index of ifaces, or AT_FIREWALL */
	struct ph_answer answer;
};

struct session {
	const struct question *q;
	struct packet first, arrived;
	int arrived_at;
	enum fate predicted, seen;
	const struct ph_part *part;	/* of the prediction */
};

/* trial_question(r, pool, v6, only, mem, q): a random question. */
void trial_question(struct rng *, const struct pool *, bool v6,
    struct ph_arena *, struct question *);

/* trial_pick(r, pool, q, s): a random connection of it. */
void trial_pick(struct rng *, const struct pool *, const struct question *,
    struct session *);

/* trial_predict(s): look the session up in the answer to its question. */
void trial_predict(struct session *);

/* trial_run(s, n, quiet_ms): try ${n} <= BATCH sessions. */
void trial_run(struct session *, size_t, int quiet_ms);

const char *fate_name(enum fate);

#endif
