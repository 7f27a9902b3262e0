/* SPDX-License-Identifier: ISC */
/*
 * A responder's configuration with its relay: what is taken is within the limits that the
 * relay counts on.  The same bytes are then a file of users.
 *
 * seeds: tests/fuzz/seeds/serve_config
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "serve/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_ranges(const struct ph_range *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert(v[i].lo <= v[i].hi);
}

static void
check_relay(const struct ph_relay_config *c)
{
	assert(c->n_listen <= PH_RELAY_LISTEN && c->n_relays <= PH_TURN_MAX_RELAYS);
	assert(c->workers <= PH_RELAY_WORKERS && c->port <= UINT16_MAX && c->tls <= UINT16_MAX);
	assert(c->ports.lo >= 1024 && c->ports.lo < c->ports.hi && c->ports.hi <= UINT16_MAX);
	assert((c->peers == 0 || c->peers == 1) && (c->log == 0 || c->log == 1));
	check_ranges(c->allow, c->n_allow);
	check_ranges(c->deny, c->n_deny);
	for (size_t i = 0; i < c->n_fast; i++)
		assert(c->fast[i][0] != '\0');
}

static void
read_config(struct ph_src *src)
{
	struct ph_arena mem = { 0 };
	struct ph_diags diags = { 0 };
	struct ph_serve_config c;

	ph_serve_config_init(&c);
	assert(ph_serve_config_read(&mem, &diags, src, &c) == (diags.errors == 0));
	if (diags.errors == 0) {
		assert(c.n_listen <= PH_SERVE_LISTEN && c.port <= UINT16_MAX);
		if (c.relay != NULL)
			check_relay(c.relay);
	}
	ph_arena_fini(&mem);
}

static void
read_users(const uint8_t *data, size_t len)
{
	static int fd = -1;
	static const ph_u128 listen = PH_V4(0x7f000001);
	struct ph_arena mem = { 0 };
	struct ph_diags diags = { 0 };
	struct ph_relay_config c;
	struct ph_relay_loaded out;
	char path[32];

	if (fd < 0)
		fd = memfd_create("users", 0);
	if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, len, 0) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ph_relay_config_init(&c);
	c.users = path;
	assert(ph_relay_config_load(&mem, &diags, &c, &listen, 1, &out) == (diags.errors == 0));
	for (size_t i = 0; diags.errors == 0 && i < out.opts.turn.n_users; i++) {
		const struct ph_turn_user *u = &out.opts.turn.users[i];

		assert(u->name.len > 0 && u->password.len > 0);
		assert(u->name.s[0] != '#');
	}
	ph_arena_fini(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	struct ph_src src = { .name = "-", .text = text, .len = (uint32_t)len };

	if (text == NULL)
		abort();
	for (size_t i = 0; i < len; i++)
		text[i] = (char)data[i];
	text[len] = '\0';
	read_config(&src);
	read_users(data, len);
	free(text);
	return 0;
}
