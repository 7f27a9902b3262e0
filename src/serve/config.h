/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_CONFIG_H
#define PH_SERVE_CONFIG_H

#include "base/diag.h"
#include "relay/config.h"
#include "serve/serve.h"

/* What a file, or options, say of a responder; see pinhole-serve(1). */
struct ph_serve_config {
	const char *key;		/* path; NULL: not said */
	const char *user;		/* to become; NULL: who starts it */
	int confine;			/* 0: system calls are filtered; 1: they are not */
	uint8_t (*clients)[PH_TLS_KEY];
	size_t n_clients, cap_clients;
	ph_u128 *listen;
	size_t n_listen, cap_listen;
	uint32_t port, stun, stuns;
	struct ph_relay_config *relay;	/* NULL: none is wanted */
};

/* ph_serve_config_init(c): the defaults: control on 443, STUN on 3478 and 5349. */
void ph_serve_config_init(struct ph_serve_config *);

/*
 * ph_serve_config_read(mem, diags, src, c): what the file says replaces what ${c} has.  False
 * after everything wrong in it was reported.  Ids: bad-key, bad-address, and those of
 * text/fields.h and text/yaml.h.
 */
bool ph_serve_config_read(struct ph_arena *, struct ph_diags *, struct ph_src *,
    struct ph_serve_config *);

typedef bool ph_serve_word_fn(struct ph_arena *, struct ph_serve_config *, struct ph_str);

/* ph_serve_config_client(mem, c, word), _listen(mem, c, word): one more; false: not one. */
bool ph_serve_config_client(struct ph_arena *, struct ph_serve_config *, struct ph_str);
bool ph_serve_config_listen(struct ph_arena *, struct ph_serve_config *, struct ph_str);

#endif
