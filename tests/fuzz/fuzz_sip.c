/* SPDX-License-Identifier: ISC */
/*
 * SIP: a message that is fine and answerable gets an answer that reads back; a stream
 * cut anywhere gives what it gives whole; the far end and the comparison take anything.
 * The first byte chooses.
 *
 * seeds: tests/fuzz/seeds/sip
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/alg.h"
#include "engine/sip_client.h"
#include "engine/sip_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const struct ph_sip_peer peer = { PH_V4(0xc6336401), 40077 };
static struct ph_sip_server server, whole;
static uint8_t out[PH_SIP_MAX];

static void
try_answer(const uint8_t *p, size_t n)
{
	struct ph_writer w = ph_writer(out, sizeof(out));
	struct ph_sip m, again;

	if (!ph_sip_decode(p, n, &m))
		return;
	assert(m.text.len <= n);
	for (size_t i = 0; i < m.n_headers; i++)
		assert((const uint8_t *)m.header[i].lines.s >= p &&
		    (const uint8_t *)m.header[i].lines.s + m.header[i].lines.len <= p + n);
	if (!m.answerable)
		return;
	ph_sip_response(&w, &m, &(struct ph_sip_answer){ .status = 200, .to_tag = "t",
		.from = peer.addr, .from_port = peer.port });
	if (w.bad || m.fault != PH_SIP_FINE)
		return;
	assert(ph_sip_decode(out, w.len, &again));
	assert(!again.request && again.status == 200);
	assert(again.cseq == m.cseq && again.call_id.len == m.call_id.len);
}

static void
drain(struct ph_sip_server *s)
{
	struct ph_sip_peer to;
	size_t n;

	for (uint64_t now = 0; now < 40000000; now += 5000000)
		for (int i = 0; i < 100 && (n = ph_sip_server_output(s, now, out, sizeof(out),
		    &to)) > 0; i++)
			assert(to.addr == peer.addr);
}

static void
try_stream(const uint8_t *p, size_t n)
{
	bool open = true, open_whole;

	ph_sip_server_init(&server, &(struct ph_sip_server_config){ .transport = PH_SIP_TCP });
	ph_sip_server_init(&whole, &(struct ph_sip_server_config){ .transport = PH_SIP_TCP });
	for (size_t at = 0; at < n && open; at += 13)
		open = ph_sip_server_input(&server, 0, p + at, n - at < 13 ? n - at : 13, &peer);
	open_whole = ph_sip_server_input(&whole, 0, p, n, &peer);
	assert(open == open_whole);
	assert(server.answered == whole.answered && server.ignored == whole.ignored);
	drain(&server);
}

static void
try_datagram(const uint8_t *p, size_t n)
{
	ph_sip_server_init(&server, &(struct ph_sip_server_config){ .login = true });
	ph_sip_server_input(&server, 0, p, n, &peer);
	ph_sip_server_input(&server, 0, p, n, &peer);
	drain(&server);
}

static void
try_client(const uint8_t *p, size_t n)
{
	struct ph_sip_call call = { .local = PH_V4(1), .remote = PH_V4(2), .cseq = 1 };
	struct ph_sip_client c;

	ph_sip_client_init(&c, &call, PH_SIP_INVITE, 5000000, 0);
	assert(ph_sip_client_output(&c, 0, out, sizeof(out)) > 0);
	ph_sip_client_input(&c, 0, p, n);
	ph_sip_client_output(&c, 0, out, sizeof(out));
}

static void
try_compare(const uint8_t *p, size_t n)
{
	struct ph_arena mem = { 0 };
	struct ph_str a = { (const char *)p, n / 2 }, b = { (const char *)p + n / 2, n - n / 2 };
	struct ph_alg_diffs d = ph_alg_sip(&mem, a, b);

	assert((d.n == 0) == (a.len == b.len && memcmp(a.s, b.s, a.len) == 0));
	for (size_t i = 0; i < d.n; i++)
		assert(d.v[i].off + d.v[i].len <= a.len &&
		    d.v[i].off_after + d.v[i].len_after <= b.len);
	ph_arena_fini(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const tries[])(const uint8_t *, size_t) = {
		try_answer, try_stream, try_datagram, try_client, try_compare,
	};

	if (n > 0)
		tries[data[0] % 5](data + 1, n - 1);
	return 0;
}
