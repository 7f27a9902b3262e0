/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/sip.h"

static struct ph_sip_call
call(enum ph_sip_transport transport)
{
	return (struct ph_sip_call){ .transport = transport, .local = PH_V4(0xc0a80105),
		.remote = PH_V4(0xcb007107), .local_port = 5070, .remote_port = 5060,
		.id = 0x0123456789abcdef, .cseq = 7, .media_port = 50010 };
}

static size_t
write_request(const struct ph_sip_call *c, enum ph_sip_method m, char *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap);

	ph_sip_request(&w, c, m);
	assert_false(w.bad);
	return w.len;
}

static void
assert_str(struct ph_str got, const char *want)
{
	if (!ph_str_eq(got, want))
		fail_msg("\"%.*s\", not \"%s\"", (int)got.len, got.s, want);
}

static void
test_an_invite_is_word_for_word(void **state)
{
	static const char want[] =
	    "INVITE sip:pinhole-test@203.0.113.7:5060 SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 192.168.1.5:5070;branch=z9hG4bK";
	static const char rest[] =
	    "Call-ID: 0123456789abcdef@192.168.1.5\r\n"
	    "CSeq: 7 INVITE\r\n"
	    "Contact: <sip:pinhole@192.168.1.5:5070>\r\n"
	    "User-Agent: Pinhole (network test)\r\n"
	    "Content-Type: application/sdp\r\n"
	    "Content-Length: 177\r\n\r\n"
	    "v=0\r\n"
	    "o=pinhole 19088743 1 IN IP4 192.168.1.5\r\n"
	    "s=-\r\n"
	    "c=IN IP4 192.168.1.5\r\n"
	    "t=0 0\r\n"
	    "m=audio 50010 RTP/AVP 0\r\n"
	    "a=rtpmap:0 PCMU/8000\r\n"
	    "m=video 50012 RTP/AVP 96\r\n"
	    "a=rtpmap:96 H264/90000\r\n";
	struct ph_sip_call c = call(PH_SIP_UDP);
	char b[2048];
	size_t n = write_request(&c, PH_SIP_INVITE, b, sizeof(b));

	(void)state;
	assert_memory_equal(b, want, sizeof(want) - 1);
	assert_true(n > sizeof(rest));
	b[n] = '\0';
	assert_string_equal(b + n - (sizeof(rest) - 1), rest);
}

static void
test_every_request_reads_back(void **state)
{
	char b[2048];
	struct ph_sip m;

	(void)state;
	for (enum ph_sip_transport t = PH_SIP_UDP; t <= PH_SIP_TLS; t++) {
		for (enum ph_sip_method k = PH_SIP_ACK; k < PH_SIP_METHODS; k++) {
			for (int odd = 0; odd < 2; odd++) {
				struct ph_sip_call c = call(t);
				size_t n, skip;

				c.odd = odd;
				if (k == PH_SIP_REGISTER)
					c.local = c.remote = (ph_u128)0x20010db8 << 96 | 1;
				n = write_request(&c, k, b, sizeof(b));
				assert_true(ph_sip_decode(b, n, &m));
				if (m.fault != PH_SIP_FINE)
					fail_msg("%s: %s", ph_sip_fault_word(m.fault), b);
				assert_int_equal(m.method, k);
				assert_true(m.answerable);
				assert_int_equal(m.text.len, n);
				assert_str(m.via.transport, ph_sip_transport_word(t));
				assert_true(m.via.has_rport);
				assert_int_equal(m.via.port, 5070);
				assert_int_equal(m.max_forwards, 70);
				assert_int_equal(m.body.len > 0, k == PH_SIP_INVITE);
				assert_true(ph_sip_frame(b, n, &skip) == n && skip == 0);
			}
		}
	}
}

static size_t
answer_to(const char *request, size_t n, unsigned status, char *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap);
	struct ph_sip m;

	assert_true(ph_sip_decode(request, n, &m));
	ph_sip_response(&w, &m, &(struct ph_sip_answer){ .status = status, .to_tag = "t1",
		.from = PH_V4(0xc6336401), .from_port = 40077 });
	assert_false(w.bad);
	return w.len;
}

static void
test_an_answer_repeats_what_it_must(void **state)
{
	static const char request[] =
	    "OPTIONS sip:a@b SIP/2.0\r\n"
	    "v:SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bKx;received=1.2.3.4;"
	    "ext=\"a;b\" ,SIP/2.0/TCP h2\r\n"
	    "Via: SIP/2.0/UDP h3\r\n"
	    "f: <sip:c@d>;tag=ft\r\nTo:\r\n  <sip:a@b>\r\n"
	    "i: id\r\nCSeq: 5 OPTIONS\r\nl: 0\r\n\r\n";
	static const char want[] =
	    "SIP/2.0 200 OK\r\n"
	    "Via: SIP/2.0/UDP 10.0.0.1;received=198.51.100.1;rport=40077;branch=z9hG4bKx;"
	    "ext=\"a;b\" ,SIP/2.0/TCP h2\r\n"
	    "Via: SIP/2.0/UDP h3\r\n"
	    "From: <sip:c@d>;tag=ft\r\nTo: <sip:a@b>;tag=t1\r\n"
	    "Call-ID: id\r\nCSeq: 5 OPTIONS\r\n"
	    "Server: Pinhole (network test)\r\nContent-Length: 0\r\n\r\n";
	char out[2048];
	struct ph_sip m;
	ph_u128 addr;
	uint16_t port;
	size_t n = answer_to(request, sizeof(request) - 1, 200, out, sizeof(out));

	(void)state;
	out[n] = '\0';
	assert_string_equal(out, want);
	assert_true(ph_sip_decode(out, n, &m));
	assert_int_equal(m.fault, PH_SIP_FINE);
	assert_true(ph_sip_mapped(&m, &addr, &port));
	assert_true(addr == PH_V4(0xc6336401));
	assert_int_equal(port, 40077);
}

static void
test_answers_are_known_and_sorted(void **state)
{
	static const struct {
		unsigned status;
		enum ph_sip_reply want;
	} t[] = {
		{ 100, PH_SIP_PROGRESS }, { 183, PH_SIP_PROGRESS }, { 200, PH_SIP_SUCCESS },
		{ 302, PH_SIP_ELSEWHERE }, { 401, PH_SIP_WANTS_LOGIN }, { 403, PH_SIP_REFUSED },
		{ 407, PH_SIP_WANTS_LOGIN }, { 486, PH_SIP_REFUSED }, { 503, PH_SIP_TROUBLE },
		{ 603, PH_SIP_REFUSED },
	};
	struct ph_sip_call c = call(PH_SIP_UDP), other;
	char b[2048], out[2048];
	size_t n = write_request(&c, PH_SIP_OPTIONS, b, sizeof(b)), k;
	struct ph_sip m;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		k = answer_to(b, n, t[i].status, out, sizeof(out));
		assert_true(ph_sip_decode(out, k, &m));
		assert_int_equal(m.status, t[i].status);
		assert_int_equal(ph_sip_reply(&m, &c, PH_SIP_OPTIONS), t[i].want);
	}
	assert_int_equal(ph_sip_reply(&m, &c, PH_SIP_INVITE), PH_SIP_NOT_OURS);
	other = c;
	other.cseq++;
	assert_int_equal(ph_sip_reply(&m, &other, PH_SIP_OPTIONS), PH_SIP_NOT_OURS);
	other = c;
	other.id++;
	assert_int_equal(ph_sip_reply(&m, &other, PH_SIP_OPTIONS), PH_SIP_NOT_OURS);
	assert_true(ph_sip_decode(b, n, &m));
	assert_int_equal(ph_sip_reply(&m, &c, PH_SIP_OPTIONS), PH_SIP_NOT_OURS);
	assert_string_equal(ph_sip_reply_word(PH_SIP_WANTS_LOGIN), "wants-login");
	assert_string_equal(ph_sip_reason(486), "Busy Here");
	assert_string_equal(ph_sip_reason(499), "Client Error");
}

static void
test_streams_are_cut_where_messages_end(void **state)
{
	static const struct {
		const char *text;
		size_t len, skip;
	} t[] = {
		{ "", 0, 0 },
		{ "\r\n\r\n", 0, 4 },
		{ "\r\n\r\nOPTIONS sip:a SIP/2.0\r\nl:3\r\n\r\nabcX", 33, 4 },
		{ "OPTIONS sip:a SIP/2.0\r\nl:3\r\n\r\nab", 0, 0 },
		{ "OPTIONS sip:a SIP/2.0\r\nl:3\r\n\r", 0, 0 },
		{ "OPTIONS sip:a SIP/2.0\nl: 2\n\nab", 30, 0 },
		{ "OPTIONS sip:a SIP/2.0\r\nContent-Length:\r\n  1\r\n\r\nab", 48, 0 },
		{ "OPTIONS sip:a SIP/2.0\r\nx: y\r\n\r\n", SIZE_MAX, 0 },
		{ "OPTIONS sip:a SIP/2.0\r\nl: 1\r\nl: 1\r\n\r\na", SIZE_MAX, 0 },
		{ "OPTIONS sip:a SIP/2.0\r\nl: -1\r\n\r\na", SIZE_MAX, 0 },
		{ "OPTIONS sip:a SIP/2.0\r\nl: 99999\r\n\r\na", SIZE_MAX, 0 },
	};
	static char much[PH_SIP_MAX];
	size_t skip;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t len = ph_sip_frame(t[i].text, strlen(t[i].text), &skip);

		if (len != t[i].len || skip != t[i].skip)
			fail_msg("line %zu: %zu after %zu", i, len, skip);
	}
	memset(much, 'x', sizeof(much));
	assert_true(ph_sip_frame(much, sizeof(much) - 1, &skip) == 0);
	assert_true(ph_sip_frame(much, sizeof(much), &skip) == SIZE_MAX);
}

static void
test_what_is_not_sip_is_not_read(void **state)
{
	static const char *const t[] = {
		"", "\r\n", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "SIP/2.0", "SIP/2.0\r\n",
		"OPTIONS\r\n", "OPTIONS SIP/2.0\r\n", "OPTIONS sip:a SIP/2.0", "hello, world\r\n",
		"\x16\x03\x01\r\n", "INV\x01TE sip:a SIP/2.0\r\n\r\n",
	};
	static char large[PH_SIP_MAX + 1];
	struct ph_sip m;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (ph_sip_decode(t[i], strlen(t[i]), &m))
			fail_msg("line %zu was read", i);
	memset(large, '\n', sizeof(large));
	memcpy(large, "OPTIONS sip:a SIP/2.0\n", 22);
	assert_false(ph_sip_decode(large, sizeof(large), &m));
	assert_true(ph_sip_decode(large, sizeof(large) - 1, &m));
	assert_int_equal(m.fault, PH_SIP_MISSING);
	assert_false(m.answerable);
}

static void
test_too_many_headers_are_a_fault(void **state)
{
	char b[4096];
	size_t n = (size_t)sprintf(b, "OPTIONS sip:a SIP/2.0\r\n");
	struct ph_sip m;

	(void)state;
	for (int i = 0; i <= PH_SIP_HEADERS; i++)
		n += (size_t)sprintf(b + n, "X-%d: y\r\n", i);
	n += (size_t)sprintf(b + n, "\r\n");
	assert_true(ph_sip_decode(b, n, &m));
	assert_int_equal(m.fault, PH_SIP_TOO_LARGE);
	assert_int_equal(m.n_headers, PH_SIP_HEADERS);
}

static void
test_a_writer_too_small_says_so(void **state)
{
	struct ph_sip_call c = call(PH_SIP_UDP);
	char b[100];
	struct ph_writer w = ph_writer(b, sizeof(b));

	(void)state;
	ph_sip_request(&w, &c, PH_SIP_OPTIONS);
	assert_true(w.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_invite_is_word_for_word),
		cmocka_unit_test(test_every_request_reads_back),
		cmocka_unit_test(test_an_answer_repeats_what_it_must),
		cmocka_unit_test(test_answers_are_known_and_sorted),
		cmocka_unit_test(test_streams_are_cut_where_messages_end),
		cmocka_unit_test(test_what_is_not_sip_is_not_read),
		cmocka_unit_test(test_too_many_headers_are_a_fault),
		cmocka_unit_test(test_a_writer_too_small_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
