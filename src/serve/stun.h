/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_STUN_H
#define PH_SERVE_STUN_H

#include "serve/serve.h"

/*
 * DOC: STUN for everybody
 *
 * Binding by RFC 8489.  With two addresses of a family and two ports it also tells how
 * a NAT maps and filters (RFC 5780): it says where its other half is and answers from
 * there when asked to.  A source that asks too often is not answered.
 */
struct ph_stun_service;

/* ph_stun_start(opts, out, why): bind its UDP ports.  0, or -errno. */
int ph_stun_start(const struct ph_serve_opts *, struct ph_stun_service **, const char **);
void ph_stun_stop(struct ph_stun_service *);

/* ph_stun_fd(s): readable when ph_stun_run() has something to do. */
int ph_stun_fd(const struct ph_stun_service *);
void ph_stun_run(struct ph_stun_service *, uint64_t now_us);

/* ph_stun_other(opts, local): the other address of that family, or 0. */
ph_u128 ph_stun_other(const struct ph_serve_opts *, ph_u128);

/* One end of a stream: what it said that was not taken, and what is to be said to it. */
struct ph_stun_talk {
	ph_u128 from;
	uint16_t port;
	const uint8_t *in;
	size_t n_in;
	uint8_t *out;			/* ${n_out} of ${cap} bytes used */
	size_t n_out, cap;
};

/*
 * ph_stun_stream(t): answer what of the stream is whole, after what is in ${out}; how many
 * bytes were taken, all of them when it is no STUN.
 */
size_t ph_stun_stream(struct ph_stun_talk *);

#endif
