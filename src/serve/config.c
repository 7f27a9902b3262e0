/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

#include "serve/config.h"
#include "text/fields.h"

void
ph_serve_config_init(struct ph_serve_config *c)
{
	*c = (struct ph_serve_config){ .port = 443, .stun = 3478, .stuns = 5349 };
}

bool
ph_serve_config_client(struct ph_arena *mem, struct ph_serve_config *c, struct ph_str word)
{
	uint8_t key[PH_TLS_KEY];

	if (!ph_tls_word_read(word, key))
		return false;
	if (c->n_clients == c->cap_clients)
		c->clients = ph_arena_grow(mem, c->clients, c->n_clients, &c->cap_clients,
		    sizeof(*c->clients));
	memcpy(c->clients[c->n_clients++], key, sizeof(key));
	return true;
}

bool
ph_serve_config_listen(struct ph_arena *mem, struct ph_serve_config *c, struct ph_str word)
{
	ph_u128 a;

	if (c->n_listen == PH_SERVE_LISTEN || !ph_addr_parse(word, &a))
		return false;
	if (c->n_listen == c->cap_listen)
		c->listen = ph_arena_grow(mem, c->listen, c->n_listen, &c->cap_listen,
		    sizeof(*c->listen));
	c->listen[c->n_listen++] = a;
	return true;
}

static bool
take_client(struct ph_reader *rd, void *c, struct ph_str word)
{
	return ph_serve_config_client(rd->mem, c, word);
}

static bool
take_listen(struct ph_reader *rd, void *c, struct ph_str word)
{
	return ph_serve_config_listen(rd->mem, c, word);
}

static void
read_clients(struct ph_reader *rd, const struct ph_field *f, const struct ph_yaml *v, void *to)
{
	(void)f;
	(void)to;
	ph_field_each(rd, v, take_client, "bad-key",
	    "a public key as pinhole keygen prints it");
}

static void
read_listen(struct ph_reader *rd, const struct ph_field *f, const struct ph_yaml *v, void *to)
{
	(void)f;
	(void)to;
	ph_field_each(rd, v, take_listen, "bad-address",
	    "an IPv4 or IPv6 address, two of each at most");
}

static void
read_relay(struct ph_reader *rd, const struct ph_field *f, const struct ph_yaml *v, void *to)
{
	struct ph_relay_config **c = to;

	(void)f;
	*c = PH_NEW(rd->mem, struct ph_relay_config);
	ph_relay_config_init(*c);
	ph_relay_config_read(rd, v, *c);
}

#define AT(member) offsetof(struct ph_serve_config, member)

static const char *const confines[] = { "yes", "no", NULL };

static const struct ph_field fields[] = {
	{ "key", false, ph_field_text, AT(key), NULL },
	{ "user", false, ph_field_text, AT(user), NULL },
	{ "confine", false, ph_field_word, AT(confine), confines },
	{ "clients", false, read_clients, AT(clients), NULL },
	{ "listen", false, read_listen, AT(listen), NULL },
	{ "port", false, ph_field_port, AT(port), NULL },
	{ "stun", false, ph_field_port, AT(stun), NULL },
	{ "stuns", false, ph_field_port, AT(stuns), NULL },
	{ "relay", false, read_relay, AT(relay), NULL },
};

bool
ph_serve_config_read(struct ph_arena *mem, struct ph_diags *diags, struct ph_src *src,
    struct ph_serve_config *c)
{
	struct ph_reader rd = { .mem = mem, .diags = diags, .arg = c };
	size_t before = diags->errors;
	struct ph_yaml_doc doc;

	ph_yaml_parse(mem, diags, src, &doc);
	rd.broken = doc.broken;
	if (doc.root != NULL)
		ph_fields_read(&rd, doc.root, "the configuration of a responder", fields,
		    sizeof(fields) / sizeof(*fields), c);
	return diags->errors == before;
}
