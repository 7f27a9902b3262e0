/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_MEASURING_H
#define PH_PROBE_MEASURING_H

#include "engine/dscp.h"
#include "engine/hop.h"
#include "engine/mtu.h"
#include "probe/result.h"
#include "probe/shot.h"

/*
 * Short measurements of one path to one open port: packet sizes, marks, and on
 * which step of the way another port's packets end.
 */
struct ph_measuring_opts {
	ph_u128 to, from;
	uint16_t port;			/* one that is open */
	uint64_t wait_us;		/* when a packet without an answer counts as lost */
};

struct ph_sizing {
	struct ph_loop *loop;
	struct ph_session *session;
	struct ph_gun *whole, *cut;	/* with and without DF */
	struct ph_mtu engine;
	struct ph_measuring_opts o;
	bool v6, done;
};

struct ph_marking {
	struct ph_loop *loop;
	struct ph_session *session;
	struct ph_gun *gun;
	struct ph_dscp engine;
	struct ph_measuring_opts o;
	bool asked, done;
};

struct ph_locating {
	struct ph_loop *loop;
	struct ph_gun *gun;
	struct ph_hop engine;
	struct ph_measuring_opts o;	/* port: the one that works */
	uint16_t failing;
	bool done;
};

/* ph_sizing_start, ph_marking_start, ph_locating_start: 0, or -errno of the socket. */
int ph_sizing_start(struct ph_loop *, struct ph_session *, const struct ph_measuring_opts *,
    struct ph_sizing *);
int ph_marking_start(struct ph_loop *, struct ph_session *, const struct ph_measuring_opts *,
    struct ph_marking *);
int ph_locating_start(struct ph_loop *, struct ph_session *, const struct ph_measuring_opts *,
    uint16_t failing, ph_u128 own_public, struct ph_locating *);

/* ph_sizing_end, ph_marking_end, ph_locating_end: stop, with what is known. */
void ph_sizing_end(struct ph_sizing *);
void ph_marking_end(struct ph_marking *);
void ph_locating_end(struct ph_locating *);

/* ph_sizing_result(x, p), ph_marking_result(mem, x, p): into the path. */
void ph_sizing_result(const struct ph_sizing *, struct ph_path_seen *);
void ph_marking_result(struct ph_arena *, struct ph_marking *, struct ph_path_seen *);

/* ph_locating_result(x, e): where the failing port's packets end. */
void ph_locating_result(const struct ph_locating *, struct ph_evidence *);

#endif
