/* SPDX-License-Identifier: ISC */
/*
 * RAS and H.225: what we can write reads back as the same; far end and comparison take
 * anything.  The first byte chooses.
 *
 * seeds: tests/fuzz/seeds/h225
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/alg.h"
#include "engine/h323_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
try_ras(const uint8_t *p, size_t n)
{
	struct ph_h323_gatekeeper g = { .confirm = true, .self = { true, PH_V4(1), 2 } };
	uint8_t out[64];
	struct ph_writer w = ph_writer(out, sizeof(out));
	struct ph_ras m, again;

	assert(ph_h323_ras(&g, p, n, out, sizeof(out)) <= n);
	if (!ph_ras_decode(p, n, &m))
		return;
	for (size_t i = 0; i < m.parts.n; i++)
		assert(m.parts.v[i].off + m.parts.v[i].len <= n);
	if (m.seq == 0 || m.type == PH_RAS_RRQ || m.type == PH_RAS_RCF || m.reason == 255 ||
	    ((m.type == PH_RAS_GRQ || m.type == PH_RAS_GCF) && !m.ras.there))
		return;
	ph_ras_encode(&w, &m);
	assert(!w.bad && ph_ras_decode(out, w.len, &again));
	assert(again.type == m.type && again.seq == m.seq && again.reason == m.reason);
	assert(again.ras.addr == m.ras.addr && again.ras.port == m.ras.port);
}

static void
try_call(const uint8_t *p, size_t n)
{
	uint8_t out[256];
	struct ph_writer w = ph_writer(out, sizeof(out));
	struct ph_h225 m, again;

	if (!ph_h225_decode(p, n, &m))
		return;
	for (size_t i = 0; i < m.parts.n; i++)
		assert(m.parts.v[i].off + m.parts.v[i].len <= n);
	if (m.type != PH_H225_SETUP || m.partly)
		return;
	ph_h225_encode(&w, &m);
	assert(!w.bad && ph_h225_decode(out, w.len, &again));
	assert(again.call_reference == m.call_reference && again.h245.port == m.h245.port);
	assert(again.source.addr == m.source.addr && again.h245.addr == m.h245.addr);
	assert(memcmp(again.conference_id, m.conference_id, 16) == 0);
}

static void
try_stream(const uint8_t *p, size_t n)
{
	static struct ph_h323_server s, whole;
	uint8_t out[256];
	bool open = true, open_whole;

	ph_h323_server_init(&s);
	ph_h323_server_init(&whole);
	for (size_t at = 0; at < n && open; at += 7)
		open = ph_h323_server_input(&s, p + at, n - at < 7 ? n - at : 7);
	open_whole = ph_h323_server_input(&whole, p, n);
	assert(open == open_whole && s.setups == whole.setups);
	while (ph_h323_server_output(&s, out, sizeof(out)) > 0)
		;
}

static void
try_compare(const uint8_t *p, size_t n)
{
	struct ph_arena mem = { 0 };
	struct ph_str a = { (const char *)p, n / 2 }, b = { (const char *)p + n / 2, n - n / 2 };
	bool same = a.len == b.len && memcmp(a.s, b.s, a.len) == 0;

	assert((ph_alg_ras(&mem, a, b).n == 0) == same);
	assert((ph_alg_h225(&mem, a, b).n == 0) == same);
	ph_arena_fini(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const tries[])(const uint8_t *, size_t) = {
		try_ras, try_call, try_stream, try_compare,
	};

	if (n > 0)
		tries[data[0] % 4](data + 1, n - 1);
	return 0;
}
