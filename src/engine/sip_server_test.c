/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/sip_client.h"
#include "engine/sip_server.h"

enum { MS = 1000, S = 1000000 };

static const struct ph_sip_peer phone = { PH_V4(0xc6336401), 40077 };
static struct ph_sip_server server;
static uint8_t buf[PH_SIP_MAX];

static struct ph_sip_call
call(enum ph_sip_transport t)
{
	return (struct ph_sip_call){ .transport = t, .local = PH_V4(0xc0a80105),
		.remote = PH_V4(0xcb007107), .local_port = 5070, .remote_port = 5060,
		.id = 42, .cseq = 7, .media_port = 50010 };
}

static void
start(enum ph_sip_transport t, uint64_t ring_us)
{
	ph_sip_server_init(&server, &(struct ph_sip_server_config){ .transport = t,
		.ring_us = ring_us, .seed = 1 });
}

static size_t
request(const struct ph_sip_call *c, enum ph_sip_method m)
{
	struct ph_writer w = ph_writer(buf, sizeof(buf));

	ph_sip_request(&w, c, m);
	assert_false(w.bad);
	return w.len;
}

static void
hear(uint64_t now, const struct ph_sip_call *c, enum ph_sip_method m)
{
	size_t n = request(c, m);

	assert_true(ph_sip_server_input(&server, now, buf, n, &phone));
}

/* The next status code said at ${now}, with its CSeq method; 0: silence. */
static unsigned
says(uint64_t now, const char *method)
{
	struct ph_sip_peer to = { 0 };
	struct ph_sip m;
	size_t n = ph_sip_server_output(&server, now, buf, sizeof(buf), &to);

	if (n == 0)
		return 0;
	assert_true(ph_sip_decode(buf, n, &m));
	assert_int_equal(m.fault, PH_SIP_FINE);
	assert_true(ph_str_eq(m.cseq_method, method));
	assert_true(to.addr == phone.addr && to.port == phone.port);
	return m.status;
}

static void
test_an_invite_is_refused_and_never_rings_on(void **state)
{
	struct ph_sip_call c = call(PH_SIP_UDP);

	(void)state;
	start(PH_SIP_UDP, 200 * MS);
	assert_true(ph_sip_server_deadline(&server) == UINT64_MAX);
	hear(0, &c, PH_SIP_INVITE);
	assert_int_equal(says(0, "INVITE"), 100);
	assert_int_equal(says(0, "INVITE"), 180);
	assert_int_equal(says(0, "INVITE"), 0);
	assert_true(ph_sip_server_deadline(&server) == 200 * MS);
	hear(100 * MS, &c, PH_SIP_INVITE);		/* again: what was said last */
	assert_int_equal(says(100 * MS, "INVITE"), 180);
	assert_int_equal(says(199 * MS, "INVITE"), 0);
	assert_int_equal(says(200 * MS, "INVITE"), 486);
	assert_int_equal(says(200 * MS, "INVITE"), 0);
	/* no ACK: again after 0.5, 1, 2, 4, 4 s */
	assert_true(ph_sip_server_deadline(&server) == 700 * MS);
	assert_int_equal(says(700 * MS, "INVITE"), 486);
	assert_int_equal(says(1700 * MS, "INVITE"), 486);
	assert_int_equal(says(3700 * MS, "INVITE"), 486);
	assert_int_equal(says(7699 * MS, "INVITE"), 0);
	assert_int_equal(says(7700 * MS, "INVITE"), 486);
	assert_int_equal(says(11700 * MS, "INVITE"), 486);
	hear(12 * S, &c, PH_SIP_ACK);
	assert_true(ph_sip_server_deadline(&server) == 17 * S);
	hear(13 * S, &c, PH_SIP_INVITE);		/* late copies are absorbed */
	hear(13 * S, &c, PH_SIP_ACK);
	assert_int_equal(says(16 * S, "INVITE"), 0);
	assert_int_equal(says(17 * S, "INVITE"), 0);
	assert_true(ph_sip_server_deadline(&server) == UINT64_MAX);
}

static void
test_without_an_ack_it_ends_after_64_t1(void **state)
{
	struct ph_sip_call c = call(PH_SIP_UDP);
	unsigned n = 0;

	(void)state;
	start(PH_SIP_UDP, 0);
	hear(0, &c, PH_SIP_INVITE);
	for (uint64_t now = 0; ph_sip_server_deadline(&server) != UINT64_MAX; now += 100 * MS) {
		assert_true(now <= 33 * S);
		while (says(now, "INVITE") != 0)
			n++;
	}
	assert_int_equal(n, 2 + 1 + 10);	/* 0.5 1.5 3.5 7.5 11.5 ... 31.5 s */
}

static void
test_a_cancel_takes_it_back(void **state)
{
	struct ph_sip_call c = call(PH_SIP_UDP);

	(void)state;
	start(PH_SIP_UDP, 10 * S);
	hear(0, &c, PH_SIP_INVITE);
	assert_int_equal(says(0, "INVITE"), 100);
	assert_int_equal(says(0, "INVITE"), 180);
	hear(1 * S, &c, PH_SIP_CANCEL);
	assert_int_equal(says(1 * S, "INVITE"), 487);
	assert_int_equal(says(1 * S, "CANCEL"), 200);
	assert_int_equal(says(1 * S, "INVITE"), 0);
	hear(1 * S + MS, &c, PH_SIP_CANCEL);		/* a copy gets the same */
	assert_int_equal(says(1 * S + MS, "CANCEL"), 200);
	hear(2 * S, &c, PH_SIP_ACK);
	assert_int_equal(says(2 * S, "INVITE"), 0);
}

static void
test_copies_get_the_same_others_their_own(void **state)
{
	struct ph_sip_call c = call(PH_SIP_UDP);
	uint8_t first[2048];
	struct ph_sip_peer to;
	size_t n, k;

	(void)state;
	start(PH_SIP_UDP, 0);
	hear(0, &c, PH_SIP_OPTIONS);
	n = ph_sip_server_output(&server, 0, first, sizeof(first), &to);
	assert_true(n > 0);
	hear(31 * S, &c, PH_SIP_OPTIONS);
	k = ph_sip_server_output(&server, 31 * S, buf, sizeof(buf), &to);
	assert_int_equal(k, n);
	assert_memory_equal(buf, first, n);
	assert_int_equal(says(33 * S, "OPTIONS"), 0);
	hear(33 * S, &c, PH_SIP_REGISTER);
	assert_int_equal(says(33 * S, "REGISTER"), 200);
	assert_int_equal(server.answered, 2);
	/* more than there is room for: the oldest answers give way */
	for (uint32_t i = 0; i < 3 * PH_SIP_CALLS; i++) {
		c.cseq = 100 + i;
		hear(34 * S, &c, PH_SIP_OPTIONS);
		assert_int_equal(says(34 * S, "OPTIONS"), 200);
	}
	/* but not calls that wait for theirs */
	start(PH_SIP_UDP, 10 * S);
	for (uint32_t i = 0; i < PH_SIP_CALLS + 1; i++) {
		c.cseq = 200 + i;
		hear(0, &c, PH_SIP_INVITE);
	}
	assert_int_equal(server.ignored, 1);
}

static void
test_it_can_ask_for_a_password_and_decline(void **state)
{
	struct ph_sip_call c = call(PH_SIP_UDP);

	(void)state;
	ph_sip_server_init(&server, &(struct ph_sip_server_config){ .login = true,
		.decline = true });
	hear(0, &c, PH_SIP_REGISTER);
	assert_int_equal(says(0, "REGISTER"), 401);
	assert_non_null(strstr((char *)buf, "WWW-Authenticate: Digest realm=\"pinhole\""));
	hear(0, &c, PH_SIP_INVITE);
	assert_int_equal(says(0, "INVITE"), 100);
	assert_int_equal(says(0, "INVITE"), 180);
	assert_int_equal(says(0, "INVITE"), 603);
}

static void
test_answers_without_rport_go_to_the_port_of_via(void **state)
{
	static const char text[] = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5099\r\n"
	    "From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n";
	struct ph_sip_peer to;

	(void)state;
	start(PH_SIP_UDP, 0);
	ph_sip_server_input(&server, 0, text, sizeof(text) - 1, &phone);
	assert_true(ph_sip_server_output(&server, 0, buf, sizeof(buf), &to) > 0);
	assert_true(to.addr == phone.addr);	/* never the address a header names */
	assert_int_equal(to.port, 5099);
}

static void
test_a_stream_may_come_in_any_pieces(void **state)
{
	struct ph_sip_call c = call(PH_SIP_TCP);
	struct ph_sip_peer to;
	uint8_t text[4096];
	size_t n = 0, k;

	(void)state;
	memcpy(text, "\r\n\r\n", 4);
	n = 4;
	for (int i = 0; i < 2; i++) {
		k = request(&c, i == 0 ? PH_SIP_INVITE : PH_SIP_OPTIONS);
		memcpy(text + n, buf, k);
		n += k;
	}
	for (size_t piece = 1; piece < n; piece += piece < 40 ? 1 : 117) {
		start(PH_SIP_TCP, 0);
		for (size_t at = 0; at < n; at += piece)
			assert_true(ph_sip_server_input(&server, 0, text + at,
			    n - at < piece ? n - at : piece, &phone));
		assert_int_equal(says(0, "INVITE"), 100);
		assert_int_equal(says(0, "INVITE"), 180);
		assert_int_equal(says(0, "INVITE"), 486);
		assert_int_equal(says(0, "OPTIONS"), 200);
		assert_int_equal(ph_sip_server_output(&server, 0, buf, sizeof(buf), &to), 2);
		assert_memory_equal(buf, "\r\n", 2);
		assert_int_equal(says(5 * S, "INVITE"), 0);	/* TCP repeats nothing */
		assert_int_equal(server.in_len, 0);
	}
}

static void
test_a_stream_of_something_else_is_closed(void **state)
{
	static char much[3 * PH_SIP_MAX];

	(void)state;
	start(PH_SIP_TLS, 0);
	assert_false(ph_sip_server_input(&server, 0, "GET / HTTP/1.1\r\n\r\n", 18, &phone));
	start(PH_SIP_TCP, 0);
	memset(much, 'x', sizeof(much));
	memcpy(much, "\r\n", 2);
	assert_false(ph_sip_server_input(&server, 0, much, sizeof(much), &phone));
	start(PH_SIP_TCP, 0);
	memset(much, '\n', sizeof(much));	/* keep-alives without end are not kept */
	assert_true(ph_sip_server_input(&server, 0, much, sizeof(much), &phone));
	assert_true(server.pongs <= 4);
}

/* Client and server with each other over a path that loses. */
struct path {
	unsigned lose_out, lose_in;	/* bit n: the n-th message is lost */
	unsigned out, in;
};

static void
run(struct ph_sip_client *c, struct path *p, uint64_t until)
{
	for (uint64_t now = 0; now <= until; now += 10 * MS) {
		struct ph_sip_peer to;
		size_t n;

		while ((n = ph_sip_client_output(c, now, buf, sizeof(buf))) > 0)
			if ((p->lose_out >> p->out++ & 1) == 0)
				ph_sip_server_input(&server, now, buf, n, &phone);
		while ((n = ph_sip_server_output(&server, now, buf, sizeof(buf), &to)) > 0)
			if ((p->lose_in >> p->in++ & 1) == 0)
				assert_true(ph_sip_client_input(c, now, buf, n));
	}
}

static void
test_a_client_gets_its_answer_through_loss(void **state)
{
	static const struct {
		enum ph_sip_method method;
		struct path path;
		unsigned status, sent;
	} t[] = {
		{ PH_SIP_OPTIONS, { 0, 0, 0, 0 }, 200, 1 },
		{ PH_SIP_OPTIONS, { 3, 0, 0, 0 }, 200, 3 },
		{ PH_SIP_OPTIONS, { 0, 3, 0, 0 }, 200, 3 },
		{ PH_SIP_REGISTER, { 1, 1, 0, 0 }, 200, 3 },
		{ PH_SIP_INVITE, { 0, 0, 0, 0 }, 486, 1 },
		{ PH_SIP_INVITE, { 2, 0, 0, 0 }, 486, 1 },	/* the ACK is lost */
		{ PH_SIP_INVITE, { 0, 7, 0, 0 }, 486, 2 },	/* all but the repeat */
		{ PH_SIP_OPTIONS, { ~0u, 0, 0, 0 }, 0, 4 },	/* 0, 0.5, 1.5, 3.5 s */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct ph_sip_call k = call(PH_SIP_UDP);
		struct path p = t[i].path;
		struct ph_sip_client c;

		start(PH_SIP_UDP, 200 * MS);
		ph_sip_client_init(&c, &k, t[i].method, 5 * S, 0);
		run(&c, &p, 45 * S);
		if (c.status != t[i].status || c.sent != t[i].sent)
			fail_msg("line %zu: status %u, sent %u", i, c.status, c.sent);
		assert_true(ph_sip_client_deadline(&c) == UINT64_MAX);
		assert_true(ph_sip_server_deadline(&server) == UINT64_MAX);
		if (c.status != 0) {
			assert_true(c.mapped && c.mapped_addr == phone.addr);
			assert_int_equal(c.mapped_port, phone.port);
		}
	}
}

static void
test_a_call_that_is_not_refused_is_cancelled(void **state)
{
	struct ph_sip_call k = call(PH_SIP_UDP);
	struct ph_sip_client c;
	struct path p = { 0 };

	(void)state;
	start(PH_SIP_UDP, 100 * S);
	ph_sip_client_init(&c, &k, PH_SIP_INVITE, 5 * S, 0);
	for (uint64_t now = 0; now <= 6 * S; now += 10 * MS) {
		struct ph_sip_peer to;
		size_t n;

		while ((n = ph_sip_client_output(&c, now, buf, sizeof(buf))) > 0) {
			ph_sip_server_input(&server, now, buf, n, &phone);
			p.out++;
		}
		while ((n = ph_sip_server_output(&server, now, buf, sizeof(buf), &to)) > 0)
			ph_sip_client_input(&c, now, buf, n);
	}
	assert_true(c.cancelled);
	assert_int_equal(c.status, 487);
	assert_int_equal(p.out, 3);		/* INVITE, CANCEL, ACK */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_invite_is_refused_and_never_rings_on),
		cmocka_unit_test(test_without_an_ack_it_ends_after_64_t1),
		cmocka_unit_test(test_a_cancel_takes_it_back),
		cmocka_unit_test(test_copies_get_the_same_others_their_own),
		cmocka_unit_test(test_it_can_ask_for_a_password_and_decline),
		cmocka_unit_test(test_answers_without_rport_go_to_the_port_of_via),
		cmocka_unit_test(test_a_stream_may_come_in_any_pieces),
		cmocka_unit_test(test_a_stream_of_something_else_is_closed),
		cmocka_unit_test(test_a_client_gets_its_answer_through_loss),
		cmocka_unit_test(test_a_call_that_is_not_refused_is_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
