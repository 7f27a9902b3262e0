/* SPDX-License-Identifier: ISC */
#ifndef PH_RELAY_CONFIG_H
#define PH_RELAY_CONFIG_H

#include "relay/relay.h"
#include "text/fields.h"

/* The part "relay" of a responder's configuration; see pinhole-serve(1). */
struct ph_relay_config {
	const char *realm, *users, *certificate, *key;	/* users, certificate, key: paths */
	struct ph_str *secrets;		/* paths */
	const char **fast;		/* interfaces */
	struct ph_range *allow, *deny, *tcp;
	ph_u128 *listen;
	struct ph_turn_relay *relays;
	size_t n_fast, cap_fast, n_secrets, cap_secrets, n_allow, cap_allow, n_deny, cap_deny;
	size_t n_tcp, cap_tcp;
	struct ph_stun_addr metrics, web, web_plain;	/* port 0: none */
	struct ph_str *web_names;
	size_t n_web_names, cap_web_names;
	size_t n_listen, cap_listen, n_relays, cap_relays;
	struct ph_range ports;
	uint32_t port, tls, workers, per_user, per_source, total, bytes_per_s, unsigned_per_s;
	int peers, log;			/* 0: public ones; 1: only those allowed; log: text, json */
};

/* ph_relay_config_init(c): the defaults. */
void ph_relay_config_init(struct ph_relay_config *);

/* ph_relay_config_read(rd, v, c): the map ${v}; what is wrong is reported. */
void ph_relay_config_read(struct ph_reader *, const struct ph_yaml *, struct ph_relay_config *);

/* What the configuration refers to, read into memory. */
struct ph_relay_loaded {
	struct ph_relay_opts opts;
	struct ph_tls_identity *identity;	/* or NULL; the caller's to free */
};

/*
 * ph_relay_config_load(mem, diags, c, listen, n, out): read its files.  ${listen}: addresses when
 * the configuration names none.  False, with errors reported: relay-file, relay-user,
 * relay-config.
 */
bool ph_relay_config_load(struct ph_arena *, struct ph_diags *, const struct ph_relay_config *,
    const ph_u128 *, size_t, struct ph_relay_loaded *);

#endif
