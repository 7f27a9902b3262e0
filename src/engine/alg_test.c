/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "engine/alg.h"
#include "wire/h225.h"
#include "wire/sip.h"

static struct ph_arena mem;

static int
fini(void **state)
{
	(void)state;
	ph_arena_fini(&mem);
	return 0;
}

static struct ph_str
invite(bool odd)
{
	char *b = ph_arena_alloc(&mem, 2048);
	struct ph_writer w = ph_writer(b, 2048);

	ph_sip_request(&w, &(struct ph_sip_call){ .local = PH_V4(0x0a4d0102),
		.remote = PH_V4(0x0a4d0202), .local_port = 5060, .remote_port = 5060, .id = 7,
		.cseq = 1, .media_port = 50010, .odd = odd }, PH_SIP_INVITE);
	assert_false(w.bad);
	return (struct ph_str){ b, w.len };
}

/* ${s} with every ${from} replaced by ${to}; it has to occur. */
static struct ph_str
with(struct ph_str s, const char *from, const char *to)
{
	size_t n = strlen(from), found = 0;
	struct ph_buf b;

	ph_buf_init(&b, &mem);
	for (size_t i = 0; i < s.len; ) {
		if (s.len - i >= n && memcmp(s.s + i, from, n) == 0) {
			ph_buf_puts(&b, to);
			i += n;
			found++;
		} else {
			ph_buf_putc(&b, s.s[i++]);
		}
	}
	assert_true(found > 0);
	return (struct ph_str){ b.s, b.len };
}

/* "address:Via order:order of headers ..." */
static const char *
told(struct ph_alg_diffs d)
{
	struct ph_buf b;

	ph_buf_init(&b, &mem);
	ph_buf_puts(&b, "");
	for (size_t i = 0; i < d.n; i++)
		ph_buf_printf(&b, "%s%s:%s", i > 0 ? " " : "", ph_alg_kind_word(d.v[i].kind),
		    d.v[i].field);
	return b.s;
}

static void
test_each_change_is_named(void **state)
{
	static const struct {
		const char *from, *to, *want;
	} t[] = {
		{ "Via: SIP/2.0/UDP 10.77.1.2:5060", "Via: SIP/2.0/UDP 198.51.100.1:40060",
		    "address:Via" },
		{ "Contact: <sip:pinhole@10.77.1.2:5060>",
		    "Contact: <sip:pinhole@[2001:db8::1]:1>", "address:Contact" },
		{ "Contact: <sip:pinhole@", "Contact: <sip:somebody@", "value:Contact" },
		{ "Contact:", "m:", "spelling:Contact" },
		{ "Contact: <", "Contact:\r\n <", "spelling:Contact" },
		{ ";branch", " ; branch", "spelling:Via" },
		{ "Max-Forwards: 70", "Max-Forwards: 69", "value:Max-Forwards" },
		{ "Max-Forwards: 70\r\n", "", "removed:Max-Forwards" },
		{ "CSeq:", "X-ALG: yes\r\nCSeq:", "added:X-ALG" },
		{ "CSeq:", "Via: SIP/2.0/UDP 10.0.0.1\r\nCSeq:", "added:Via" },
		{ "CSeq: 1 INVITE\r\n", "", "removed:CSeq" },
		{ "Max-Forwards: 70\r\nFrom", "From", "removed:Max-Forwards" },
		{ "c=IN IP4 10.77.1.2", "c=IN IP4 192.0.2.1", "sdp:SDP c=" },
		{ "m=audio 50010", "m=audio 31000", "sdp:SDP m=" },
		{ "s=-\r\n", "i=-\r\n", "sdp:SDP s= sdp:SDP i=" },
		{ "s=-\r\n", "", "sdp:SDP s=" },
		{ "Content-Length: 166", "Content-Length: 0", "length:Content-Length" },
		{ "INVITE sip:pinhole-test@10.77.2.2", "INVITE sip:pinhole-test@10.77.2.9",
		    "address:first line" },
		{ "SIP/2.0\r\n", "SIP/2.0\n", "bytes:message" },
	};
	struct ph_str sent = invite(false);

	(void)state;
	assert_int_equal(ph_alg_sip(&mem, sent, sent).n, 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *got = told(ph_alg_sip(&mem, sent, with(sent, t[i].from, t[i].to)));

		if (strcmp(got, t[i].want) != 0 && (i != 16 || strncmp(got, t[i].want, 21) != 0))
			fail_msg("line %zu: \"%s\", not \"%s\"", i, got, t[i].want);
	}
}

/* As nf_nat_sip does: Via, Contact, o= and c= and the ports of media, and the length. */
static void
test_the_work_of_a_kernel_helper_is_seen_whole(void **state)
{
	struct ph_str sent = invite(false), got = sent;
	struct ph_alg_diffs d;

	(void)state;
	got = with(got, "10.77.1.2:5060;branch", "203.0.113.200:5060;branch");
	got = with(got, "pinhole@10.77.1.2:5060>", "pinhole@203.0.113.200:5060>");
	got = with(got, "IP4 10.77.1.2", "IP4 203.0.113.200");
	got = with(got, "Content-Length: 166", "Content-Length: 174");
	d = ph_alg_sip(&mem, sent, got);
	assert_string_equal(told(d), "address:Via address:Contact length:Content-Length "
	    "sdp:SDP o= sdp:SDP c=");
	assert_string_equal(d.v[2].before, "166");
	assert_string_equal(d.v[2].after, "174");
	assert_string_equal(d.v[4].before, "c=IN IP4 10.77.1.2");
	assert_string_equal(d.v[4].after, "c=IN IP4 203.0.113.200");
	for (size_t i = 0; i < d.n; i++) {	/* places are places */
		assert_int_equal(strlen(d.v[i].before), d.v[i].len);
		assert_memory_equal(sent.s + d.v[i].off, d.v[i].before, d.v[i].len);
		assert_memory_equal(got.s + d.v[i].off_after, d.v[i].after, d.v[i].len_after);
	}
}

static void
test_who_writes_it_again_betrays_himself(void **state)
{
	struct ph_str sent = invite(true), plain = invite(false);
	struct ph_alg_diffs d = ph_alg_sip(&mem, sent, plain);

	(void)state;
	assert_true((ph_alg_kinds(&d) & 1u << PH_ALG_SPELLING) != 0);
	assert_true((ph_alg_kinds(&d) & 1u << PH_ALG_ORDER) != 0);
	assert_true((ph_alg_kinds(&d) & 1u << PH_ALG_ADDRESS) == 0);
	assert_true((ph_alg_kinds(&d) & 1u << PH_ALG_SDP) == 0);
	for (size_t i = 0; i < d.n; i++) {
		if (d.v[i].kind != PH_ALG_ORDER)
			continue;
		assert_string_equal(d.v[i].before, "Max-Forwards, Via, From, To, Call-ID, CSeq, "
		    "Contact, User-Agent, Content-Type, Content-Length");
		assert_string_equal(d.v[i].after, "Via, Max-Forwards, From, To, Call-ID, CSeq, "
		    "Contact, User-Agent, Content-Type, Content-Length");
	}
}

static void
test_what_is_no_longer_sip_is_bytes(void **state)
{
	struct ph_str sent = invite(false);
	struct ph_alg_diffs d = ph_alg_sip(&mem, sent, PH_STR("HTTP/1.1 403 Forbidden\r\n\r\n"));

	(void)state;
	assert_string_equal(told(d), "bytes:message");
	d = ph_alg_sip(&mem, sent, (struct ph_str){ sent.s, sent.len - 3 });
	assert_true(d.n > 0);
	d = ph_alg_sip(&mem, sent, PH_STR(""));
	assert_int_equal(d.n, 1);
	assert_int_equal(d.v[0].len, sent.len);
	assert_string_equal(d.v[0].after, "");
}

static struct ph_str
setup(ph_u128 h245, ph_u128 source, bool with_source)
{
	char *b = ph_arena_alloc(&mem, 256);
	struct ph_writer w = ph_writer(b, 256);

	ph_h225_encode(&w, &(struct ph_h225){ .type = PH_H225_SETUP, .call_reference = 1,
		.h245 = { true, h245, 10000 }, .source = { with_source, source, 1720 } });
	assert_false(w.bad);
	return (struct ph_str){ b, w.len };
}

static void
test_h323_addresses_are_told_apart(void **state)
{
	ph_u128 in = PH_V4(0x0a4d0102), out = PH_V4(0xc6336401);
	struct ph_str sent = setup(in, in, true), got;
	struct ph_alg_diffs d;
	uint8_t b[2][64];
	struct ph_writer w[2] = { ph_writer(b[0], 64), ph_writer(b[1], 64) };

	(void)state;
	assert_int_equal(ph_alg_h225(&mem, sent, sent).n, 0);
	d = ph_alg_h225(&mem, sent, setup(out, in, true));
	assert_string_equal(told(d), "address:h245Address");
	assert_string_equal(d.v[0].before, "10.77.1.2:10000");
	assert_string_equal(d.v[0].after, "198.51.100.1:10000");
	assert_string_equal(told(ph_alg_h225(&mem, sent, setup(out, out, true))),
	    "address:h245Address address:sourceCallSignalAddress");
	d = ph_alg_h225(&mem, sent, setup(in, in, false));
	assert_string_equal(told(d), "length:TPKT length removed:sourceCallSignalAddress");
	got = setup(in, in, true);	/* a byte of the bearer, one of no name */
	((char *)got.s)[13] ^= 1;
	((char *)got.s)[9] ^= 1;
	assert_true(ph_alg_h225(&mem, sent, got).n > 0);
	for (int i = 0; i < 2; i++)
		ph_ras_encode(&w[i], &(struct ph_ras){ .type = PH_RAS_GRQ, .seq = 1,
			.ras = { true, i == 0 ? in : out, 1719 } });
	d = ph_alg_ras(&mem, (struct ph_str){ (char *)b[0], w[0].len },
	    (struct ph_str){ (char *)b[1], w[1].len });
	assert_string_equal(told(d), "address:rasAddress");
	assert_string_equal(d.v[0].after, "198.51.100.1:1719");
	assert_int_equal(d.v[0].off, 12);
	assert_int_equal(d.v[0].len, 6);
}

/* Whatever is done to a message: equal bytes, and only they, are no difference. */
static void
test_no_change_goes_unseen(void **state)
{
	const char *given = getenv("PH_SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 0) : 20260202;
	struct ph_str sent[2] = { invite(false), setup(PH_V4(1), PH_V4(2), true) };
	char b[2048];

	(void)state;
	print_message("# PH_SEED=%u\n", seed);
	for (int i = 0; i < 20000; i++) {
		struct ph_str s = sent[i % 2], got = { b, s.len };
		size_t at = (size_t)rand_r(&seed) % s.len;
		struct ph_arena_mark mark = ph_arena_mark(&mem);
		struct ph_alg_diffs d;

		memcpy(b, s.s, s.len);
		switch (rand_r(&seed) % 3) {
		case 0:
			b[at] = (char)rand_r(&seed);
			break;
		case 1:
			memmove(b + at, b + at + 1, s.len - at - 1);
			got.len--;
			break;
		default:
			memmove(b + at + 1, b + at, s.len - at);
			got.len++;
			break;
		}
		d = i % 2 == 0 ? ph_alg_sip(&mem, s, got) : ph_alg_h225(&mem, s, got);
		if ((d.n == 0) != (got.len == s.len && memcmp(b, s.s, s.len) == 0))
			fail_msg("run %d, byte %zu: %zu differences", i, at, d.n);
		for (size_t k = 0; k < d.n; k++) {
			assert_true(d.v[k].off + d.v[k].len <= s.len);
			assert_true(d.v[k].off_after + d.v[k].len_after <= got.len);
		}
		ph_arena_rewind(&mem, mark);
	}
}

static void
test_verdicts_need_their_controls(void **state)
{
	static const struct ph_alg_diff one = { .kind = PH_ALG_ADDRESS, .field = "Via" };
	static const struct ph_alg_try ok = { .sent = 1, .arrived = true, .port = 5062 },
	    changed = { .sent = 1, .arrived = true, .diffs = { &one, 1 }, .port = 5060 },
	    lost = { .sent = 3, .open = PH_ALG_OPEN_YES, .port = 5060 },
	    once = { .sent = 1, .open = PH_ALG_OPEN_YES, .port = 5060 },
	    shut = { .sent = 3, .open = PH_ALG_OPEN_NO, .port = 5060 },
	    alone = { .sent = 3, .port = 5060 }, never = { .port = 5060 },
	    forced = { .sent = 1, .arrived = true, .port = 5060, .sent_from = 40000,
		.seen_from = 5060 },
	    moved = { .sent = 1, .arrived = true, .port = 5060, .sent_from = 40000,
		.seen_from = 61234 };
	static const struct {
		const struct ph_alg_try *t, *other, *tls;
		enum ph_alg_verdict want;
		unsigned kinds;
		bool everywhere;
	} t[] = {
		{ &ok, &ok, &ok, PH_ALG_NONE, 0, false },
		{ &ok, NULL, NULL, PH_ALG_NONE, 0, false },
		{ &changed, &ok, &ok, PH_ALG_REWRITES, 1, false },
		{ &changed, &changed, NULL, PH_ALG_REWRITES, 1, true },
		{ &changed, &ok, &changed, PH_ALG_UNKNOWN, 0, false },
		{ &lost, &ok, NULL, PH_ALG_DROPS, 0, false },
		{ &lost, &lost, NULL, PH_ALG_UNKNOWN, 0, false },
		{ &lost, NULL, NULL, PH_ALG_UNKNOWN, 0, false },
		{ &once, &ok, NULL, PH_ALG_UNKNOWN, 0, false },
		{ &shut, &ok, NULL, PH_ALG_UNKNOWN, 0, false },
		{ &alone, &ok, NULL, PH_ALG_UNKNOWN, 0, false },
		{ &never, &ok, NULL, PH_ALG_UNKNOWN, 0, false },
		{ &forced, &ok, NULL, PH_ALG_REWRITES, 1u << PH_ALG_SOURCE_PORT, false },
		{ &moved, &ok, NULL, PH_ALG_NONE, 0, false },	/* that is NAT */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct ph_alg_found f = ph_alg_judge(t[i].t, t[i].other, t[i].tls);

		if (f.verdict != t[i].want || f.kinds != t[i].kinds ||
		    f.everywhere != t[i].everywhere ||
		    (f.why != NULL) != (f.verdict == PH_ALG_UNKNOWN))
			fail_msg("line %zu: %s, kinds %x", i, ph_alg_verdict_word(f.verdict),
			    f.kinds);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_change_is_named),
		cmocka_unit_test(test_the_work_of_a_kernel_helper_is_seen_whole),
		cmocka_unit_test(test_who_writes_it_again_betrays_himself),
		cmocka_unit_test(test_what_is_no_longer_sip_is_bytes),
		cmocka_unit_test(test_h323_addresses_are_told_apart),
		cmocka_unit_test(test_no_change_goes_unseen),
		cmocka_unit_test(test_verdicts_need_their_controls),
	};

	return cmocka_run_group_tests(tests, NULL, fini);
}
