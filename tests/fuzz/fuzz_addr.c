/* SPDX-License-Identifier: ISC */
/*
 * Addresses, prefixes and names as text.  What can be read must, written
 * again, read back as the same.
 *
 * seeds: tests/fuzz/seeds/addr
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "net/addr.h"
#include "net/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
try_address(struct ph_str s)
{
	char text[PH_ADDR_TEXT];
	ph_u128 a, again;

	if (!ph_addr_parse(s, &a))
		return;
	assert(ph_addr_parse(ph_str(ph_addr_format(a, text)), &again));
	assert(again == a);
}

static void
try_prefix(struct ph_str s)
{
	struct ph_arena mem = { 0 };
	struct ph_range r, again;
	struct ph_buf b;
	bool host_bits;

	if (!ph_prefix_parse(s, &r, &host_bits))
		return;
	assert(r.lo <= r.hi && ph_addr_is_v4(r.lo) == ph_addr_is_v4(r.hi));
	assert(ph_range_prefix_len(r) >= 0);
	ph_buf_init(&b, &mem);
	ph_range_print(&b, r);
	if (strncmp(b.s, "any", 3) != 0) {
		assert(ph_prefix_parse(ph_str(b.s), &again, &host_bits));
		assert(!host_bits && again.lo == r.lo && again.hi == r.hi);
	}
	ph_arena_fini(&mem);
}

static void
try_names(struct ph_str s)
{
	uint16_t port, port_again;
	uint8_t proto, proto_again;

	if (ph_port_parse(s, &port) && ph_port_name(port) != NULL) {
		assert(ph_port_parse(ph_str(ph_port_name(port)), &port_again));
		assert(port_again == port);
	}
	if (ph_proto_parse(s, &proto) && ph_proto_name(proto) != NULL) {
		assert(ph_proto_parse(ph_str(ph_proto_name(proto)), &proto_again));
		assert(proto_again == proto);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ph_str s = { (const char *)data, n };

	try_address(s);
	try_prefix(s);
	try_names(s);
	return 0;
}
