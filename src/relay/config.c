/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

#include <openssl/rand.h>

#include "os/file.h"
#include "os/resolve.h"
#include "relay/config.h"

void
ph_relay_config_init(struct ph_relay_config *c)
{
	*c = (struct ph_relay_config){
		.realm = "pinhole", .port = 3478, .tls = 5349,
		.ports = { 49152, 65535 },
	};
}

/* --- the file --- */

static bool
take_secret(struct ph_reader *rd, void *arg, struct ph_str s)
{
	struct ph_relay_config *c = arg;

	*PH_PUSH(rd->mem, c->secrets, c->n_secrets, c->cap_secrets) = s;
	return s.len > 0;
}

static bool
take_fast(struct ph_reader *rd, void *arg, struct ph_str s)
{
	struct ph_relay_config *c = arg;

	*PH_PUSH(rd->mem, c->fast, c->n_fast, c->cap_fast) = ph_arena_dup(rd->mem, s.s, s.len);
	return s.len > 0 && s.len < 16;
}

static bool
is_prefix(struct ph_str s, struct ph_range *r)
{
	bool bits;

	return ph_prefix_parse(s, r, &bits);
}

#define PREFIXES(name, v, n, cap) \
static bool \
name(struct ph_reader *rd, void *arg, struct ph_str s) \
{ \
	struct ph_relay_config *c = arg; \
	struct ph_range r; \
\
	if (!is_prefix(s, &r)) \
		return false; \
	*PH_PUSH(rd->mem, c->v, c->n, c->cap) = r; \
	return true; \
}

PREFIXES(take_allow, allow, n_allow, cap_allow)
PREFIXES(take_deny, deny, n_deny, cap_deny)
PREFIXES(take_tcp, tcp, n_tcp, cap_tcp)

static bool
take_web_name(struct ph_reader *rd, void *arg, struct ph_str s)
{
	struct ph_relay_config *c = arg;

	*PH_PUSH(rd->mem, c->web_names, c->n_web_names, c->cap_web_names) = s;
	return s.len > 0 && s.len < 256;
}

static bool
take_listen(struct ph_reader *rd, void *arg, struct ph_str s)
{
	struct ph_relay_config *c = arg;
	ph_u128 a;

	if (c->n_listen == PH_RELAY_LISTEN || !ph_addr_parse(s, &a))
		return false;
	*PH_PUSH(rd->mem, c->listen, c->n_listen, c->cap_listen) = a;
	return true;
}

/* "10.0.0.5", or "10.0.0.5=198.51.100.5" behind a translation. */
static bool
take_relay(struct ph_reader *rd, void *arg, struct ph_str s)
{
	struct ph_relay_config *c = arg;
	const char *eq = memchr(s.s, '=', s.len);
	struct ph_str local = { s.s, eq == NULL ? s.len : (size_t)(eq - s.s) };
	struct ph_str shown = eq == NULL ? s : (struct ph_str){ eq + 1, s.len - local.len - 1 };
	struct ph_turn_relay r;

	if (c->n_relays == PH_TURN_MAX_RELAYS || !ph_addr_parse(local, &r.local) ||
	    !ph_addr_parse(shown, &r.shown))
		return false;
	*PH_PUSH(rd->mem, c->relays, c->n_relays, c->cap_relays) = r;
	return true;
}

#define LIST(name, take, id, wanted) \
static void \
name(struct ph_reader *rd, const struct ph_field *f, const struct ph_yaml *v, void *to) \
{ \
	(void)f; \
	(void)to; \
	ph_field_each(rd, v, take, id, wanted); \
}

LIST(read_secrets, take_secret, "bad-value", "the path of a file")
LIST(read_fast, take_fast, "bad-value", "the name of an interface")
LIST(read_allow, take_allow, "bad-address", "an address or a prefix")
LIST(read_deny, take_deny, "bad-address", "an address or a prefix")
LIST(read_web_names, take_web_name, "bad-value", "the name of a host")
LIST(read_tcp, take_tcp, "bad-address", "an address or a prefix")
LIST(read_listen, take_listen, "bad-address", "an IPv4 or IPv6 address, eight at most")
LIST(read_relays, take_relay, "bad-address",
    "an address, or LOCAL=PUBLIC behind a translation, eight at most")

/* "49152-65535" */
static void
read_ports(struct ph_reader *rd, const struct ph_field *f, const struct ph_yaml *v, void *to)
{
	struct ph_range *r = to;
	struct ph_str first, last;
	const char *dash;
	uint64_t lo, hi;

	(void)f;
	if (!ph_fields_is(rd, v, PH_YAML_SCALAR))
		return;
	dash = memchr(v->text.s, '-', v->text.len);
	first = (struct ph_str){ v->text.s, dash == NULL ? 0 : (size_t)(dash - v->text.s) };
	last = dash == NULL ? first :
	    (struct ph_str){ dash + 1, v->text.len - first.len - 1 };
	if (!ph_str_u64(first, 10, 65535, &lo) || !ph_str_u64(last, 10, 65535, &hi) ||
	    lo < 1024 || lo >= hi)
		ph_diag(rd->diags, PH_ERROR, "bad-port", v->at,
		    "expected a rising range of ports within 1024-65535");
	else
		*r = (struct ph_range){ lo, hi };
}

/* "127.0.0.1:9641", "[::1]:9641" */
static void
read_place(struct ph_reader *rd, const struct ph_field *f, const struct ph_yaml *v, void *to)
{
	struct ph_stun_addr *out = to;
	struct ph_str host = v->text, port;
	const char *colon;
	uint64_t n = 0;

	(void)f;
	if (!ph_fields_is(rd, v, PH_YAML_SCALAR))
		return;
	colon = memrchr(host.s, ':', host.len);
	if (colon != NULL) {
		port = (struct ph_str){ colon + 1, (size_t)(host.s + host.len - colon) - 1 };
		host.len = (size_t)(colon - host.s);
		if (host.len > 2 && host.s[0] == '[' && host.s[host.len - 1] == ']')
			host = (struct ph_str){ host.s + 1, host.len - 2 };
		if (!ph_str_u64(port, 10, 65535, &n))
			n = 0;
	}
	if (n == 0 || !ph_addr_parse(host, &out->addr))
		ph_diag(rd->diags, PH_ERROR, "bad-address", v->at,
		    "expected ADDRESS:PORT, as 127.0.0.1:9641");
	else
		out->port = (uint16_t)n;
}

#define AT(member) offsetof(struct ph_relay_config, member)

static const char *const peers[] = { "public", "allowed", NULL };
static const char *const logs[] = { "text", "json", NULL };

static const struct ph_field fields[] = {
	{ "realm", false, ph_field_text, AT(realm), NULL },
	{ "users", false, ph_field_text, AT(users), NULL },
	{ "secrets", false, read_secrets, AT(secrets), NULL },
	{ "certificate", false, ph_field_text, AT(certificate), NULL },
	{ "key", false, ph_field_text, AT(key), NULL },
	{ "listen", false, read_listen, AT(listen), NULL },
	{ "relay-from", false, read_relays, AT(relays), NULL },
	{ "port", false, ph_field_port, AT(port), NULL },
	{ "tls", false, ph_field_port, AT(tls), NULL },
	{ "ports", false, read_ports, AT(ports), NULL },
	{ "peers", false, ph_field_word, AT(peers), peers },
	{ "allow", false, read_allow, AT(allow), NULL },
	{ "deny", false, read_deny, AT(deny), NULL },
	{ "tcp", false, read_tcp, AT(tcp), NULL },
	{ "fast", false, read_fast, AT(fast), NULL },
	{ "workers", false, ph_field_u32, AT(workers), NULL },
	{ "per-user", false, ph_field_u32, AT(per_user), NULL },
	{ "per-source", false, ph_field_u32, AT(per_source), NULL },
	{ "total", false, ph_field_u32, AT(total), NULL },
	{ "bytes-per-second", false, ph_field_u32, AT(bytes_per_s), NULL },
	{ "unsigned-per-second", false, ph_field_u32, AT(unsigned_per_s), NULL },
	{ "metrics", false, read_place, AT(metrics), NULL },
	{ "web", false, read_place, AT(web), NULL },
	{ "web-plain", false, read_place, AT(web_plain), NULL },
	{ "web-names", false, read_web_names, AT(web_names), NULL },
	{ "log", false, ph_field_word, AT(log), logs },
};

void
ph_relay_config_read(struct ph_reader *rd, const struct ph_yaml *v, struct ph_relay_config *c)
{
	void *was = rd->arg;

	rd->arg = c;
	ph_fields_read(rd, v, "the configuration of a relay", fields,
	    sizeof(fields) / sizeof(*fields), c);
	rd->arg = was;
	if (c->workers > PH_RELAY_WORKERS)
		ph_diag(rd->diags, PH_ERROR, "bad-number", v->at, "at most %d workers",
		    PH_RELAY_WORKERS);
}

/* --- what it refers to --- */

static struct ph_src *
read_file(struct ph_arena *mem, struct ph_diags *d, const char *path)
{
	struct ph_src *src;
	int err = ph_file_read(mem, path, &src);

	if (err == 0)
		return src;
	ph_diag(d, PH_ERROR, "relay-file", (struct ph_span){ 0 }, "%s: %s", path, strerror(-err));
	return NULL;
}

/* "NAME:PASSWORD" a line; empty ones and those that begin with # are passed over. */
static bool
read_users(struct ph_arena *mem, struct ph_diags *d, const char *path,
    struct ph_turn_server_config *c)
{
	struct ph_src *src = read_file(mem, d, path);
	struct ph_turn_user *v = NULL;
	size_t n = 0, cap = 0;

	if (src == NULL)
		return false;
	for (uint32_t at = 0, len; at < src->len; at += len + 1) {
		const char *line = src->text + at, *colon;

		len = (uint32_t)strcspn(line, "\r\n");
		if (len == 0 || line[0] == '#')
			continue;
		colon = memchr(line, ':', len);
		if (colon == NULL || colon == line || colon + 1 == line + len) {
			ph_diag(d, PH_ERROR, "relay-user", (struct ph_span){ src, at, len },
			    "expected NAME:PASSWORD");
			return false;
		}
		*PH_PUSH(mem, v, n, cap) = (struct ph_turn_user){
			.name = { line, (size_t)(colon - line) },
			.password = { colon + 1, (size_t)(line + len - colon) - 1 },
		};
	}
	c->users = v;
	c->n_users = n;
	return true;
}

static bool
read_secret_files(struct ph_arena *mem, struct ph_diags *d, const struct ph_relay_config *from,
    struct ph_turn_server_config *c)
{
	struct ph_str *v = ph_arena_array(mem, from->n_secrets + 1, sizeof(*v));

	for (size_t i = 0; i < from->n_secrets; i++) {
		struct ph_src *src = read_file(mem, d, ph_arena_dup(mem, from->secrets[i].s,
		    from->secrets[i].len));

		if (src == NULL)
			return false;
		v[i] = (struct ph_str){ src->text, strcspn(src->text, "\r\n") };
	}
	c->secrets = v;
	c->n_secrets = from->n_secrets;
	return true;
}

static bool
wrong(struct ph_diags *d, const char *what)
{
	ph_diag(d, PH_ERROR, "relay-config", (struct ph_span){ 0 }, "relay: %s", what);
	return false;
}

static bool
set_addresses(const struct ph_relay_config *c, const ph_u128 *listen, size_t n,
    struct ph_relay_opts *o)
{
	const ph_u128 *v = c->n_listen > 0 ? c->listen : listen;

	n = c->n_listen > 0 ? c->n_listen : n;
	for (size_t i = 0; i < n && i < PH_RELAY_LISTEN; i++) {
		o->listen[o->n_listen++] = v[i];
		if (c->n_relays == 0)
			o->turn.relays[o->turn.n_relays++] = (struct ph_turn_relay){ v[i], v[i] };
	}
	for (size_t i = 0; i < c->n_relays; i++)
		o->turn.relays[o->turn.n_relays++] = c->relays[i];
	return o->n_listen > 0;
}

bool
ph_relay_config_load(struct ph_arena *mem, struct ph_diags *d, const struct ph_relay_config *c,
    const ph_u128 *listen, size_t n, struct ph_relay_loaded *out)
{
	struct ph_relay_opts *o = &out->opts;
	struct ph_turn_server_config *t = &o->turn;
	const struct ph_ranges *own;

	*out = (struct ph_relay_loaded){
		.opts = {
			.port = (uint16_t)c->port, .workers = c->workers, .json = c->log == 1,
			.fast = c->fast, .n_fast = c->n_fast,
			.web = c->web, .web_plain = c->web_plain, .web_names = c->web_names,
			.n_web_names = c->n_web_names,
			.metrics_addr = c->metrics.addr, .metrics_port = c->metrics.port,
		},
	};
	ph_turn_server_defaults(t);
	t->realm = ph_str(c->realm);
	t->sha256 = t->realm.len <= PH_TURN_REALM_SHA256;
	t->only_allowed = c->peers == 1;
	t->allow = c->allow;
	t->n_allow = c->n_allow;
	t->deny = c->deny;
	t->n_deny = c->n_deny;
	t->tcp = c->n_tcp > 0;
	t->links_to = c->tcp;
	t->n_links_to = c->n_tcp;
	t->port_first = (uint16_t)c->ports.lo;
	t->port_last = (uint16_t)c->ports.hi;
	t->limits.user = c->per_user != 0 ? c->per_user : t->limits.user;
	t->limits.source = c->per_source != 0 ? c->per_source : t->limits.source;
	t->limits.all = c->total;
	t->limits.bytes_per_s = c->bytes_per_s;
	if (c->unsigned_per_s != 0)
		t->limits.all_unsigned_per_s = c->unsigned_per_s;
	own = ph_resolve_own(mem);
	if (own == NULL)
		return wrong(d, "this host's own addresses, which no client may have as peers, "
		    "cannot be read (AF_NETLINK)");
	t->own = own->r;
	t->n_own = own->n;
	if (RAND_bytes(t->nonce_key, sizeof(t->nonce_key)) != 1)
		return wrong(d, "no random numbers");
	if (c->users == NULL && c->n_secrets == 0)
		return wrong(d, "users: FILE or secrets: [FILE] is needed: a relay for everybody "
		    "is one for those who hide");
	if (!set_addresses(c, listen, n, o))
		return wrong(d, "no address to listen on");
	if ((c->users != NULL && !read_users(mem, d, c->users, t)) ||
	    !read_secret_files(mem, d, c, t))
		return false;
	if ((c->certificate == NULL) != (c->key == NULL))
		return wrong(d, "certificate and key belong together");
	if (c->certificate != NULL && ph_tls_identity_read(c->certificate, c->key,
	    &out->identity) != 0)
		return wrong(d, "certificate and key cannot be read, or are no pair");
	o->identity = out->identity;
	o->tls_port = (uint16_t)(out->identity != NULL ? c->tls : 0);
	return true;
}
