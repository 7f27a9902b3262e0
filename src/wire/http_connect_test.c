/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http_connect.h"

static void
requests(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		const char *account, *want;	/* NULL: refused */
	} row[] = {
		{ "relay.example.org", 443, "", "CONNECT relay.example.org:443 HTTP/1.1\r\n"
		    "Host: relay.example.org:443\r\n\r\n" },
		{ "2001:db8::1", 5349, "", "CONNECT [2001:db8::1]:5349 HTTP/1.1\r\n"
		    "Host: [2001:db8::1]:5349\r\n\r\n" },
		/* RFC 7617 2 */
		{ "a", 1, "Aladdin:open sesame", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"
		    "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n" },
		/* RFC 4648 10 */
		{ "a", 1, "f", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"
		    "Proxy-Authorization: Basic Zg==\r\n\r\n" },
		{ "a", 1, "fooba", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"
		    "Proxy-Authorization: Basic Zm9vYmE=\r\n\r\n" },
		{ "a", 1, "foobar", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"
		    "Proxy-Authorization: Basic Zm9vYmFy\r\n\r\n" },
		{ "a\r\nX: y", 1, "", NULL },
		{ "", 1, "", NULL },
	};
	char out[512];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		size_t n = ph_http_connect_ask(ph_str(row[i].host), row[i].port,
		    ph_str(row[i].account), out, sizeof(out));

		assert_int_equal(n, row[i].want == NULL ? 0 : strlen(row[i].want));
		if (n > 0)
			assert_memory_equal(out, row[i].want, n);
	}
	assert_int_equal(ph_http_connect_ask(PH_STR("a"), 1, PH_STR(""), out, 10), 0);
}

static void
answers(void **state)
{
	static const struct {
		const char *text;
		enum ph_http_connect what;
		unsigned status;
	} row[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n", PH_HTTP_OPEN, 200 },
		{ "HTTP/1.0 200\r\nVia: x\r\n\r\n", PH_HTTP_OPEN, 200 },
		{ "HTTP/1.1 407 no\r\nProxy-Authenticate: Basic\r\n\r\n", PH_HTTP_REFUSED, 407 },
		{ "HTTP/1.1 100 go on\r\n\r\n", PH_HTTP_BAD, 0 },
		{ "HTTP/1.1 2x0 OK\r\n\r\n", PH_HTTP_BAD, 0 },
		{ "HTTP/1.1\r\n\r\n", PH_HTTP_BAD, 0 },
		{ "SSH-2.0-OpenSSH\r\n", PH_HTTP_BAD, 0 },
		{ "HTTP/1.1 200 OK\r\n", PH_HTTP_MORE, 0 },
		{ "", PH_HTTP_MORE, 0 },
	};
	static char big[PH_HTTP_CONNECT_MAX];
	unsigned status;
	size_t head;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		size_t len = strlen(row[i].text);

		assert_int_equal(ph_http_connect_read(row[i].text, len, &head, &status),
		    row[i].what);
		if (row[i].what != PH_HTTP_OPEN && row[i].what != PH_HTTP_REFUSED)
			continue;
		assert_int_equal(status, row[i].status);
		assert_int_equal(head, len);
		for (size_t k = 0; k < len; k++)
			assert_int_equal(ph_http_connect_read(row[i].text, k, &head, &status),
			    PH_HTTP_MORE);
	}
	memset(big, 'x', sizeof(big));
	memcpy(big, "HTTP/1.1 200 ", 13);
	assert_int_equal(ph_http_connect_read(big, sizeof(big) - 1, &head, &status), PH_HTTP_MORE);
	assert_int_equal(ph_http_connect_read(big, sizeof(big), &head, &status), PH_HTTP_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests), cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests_name("http-connect", tests, NULL, NULL);
}
