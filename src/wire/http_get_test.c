/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http_get.h"

static void
test_requests(void **state)
{
	static const struct { const char *text; enum ph_http_get is; const char *path; } row[] = {
		{ "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", PH_HTTP_GET_READY, "/metrics" },
		{ "GET /metrics?name=x HTTP/1.0\r\n\r\n", PH_HTTP_GET_READY, "/metrics" },
		{ "GET / HTTP/1.1\n\n", PH_HTTP_GET_READY, "/" },
		{ "GET / HTTP/1.1\r\n\r\nand more", PH_HTTP_GET_READY, "/" },
		{ "POST /metrics HTTP/1.1\r\n", PH_HTTP_GET_OTHER, NULL },
		{ "GETS / HTTP/1.1\r\n\r\n", PH_HTTP_GET_OTHER, NULL },
		{ "GET metrics HTTP/1.1\r\n\r\n", PH_HTTP_GET_BAD, NULL },
		{ "GET  HTTP/1.1\r\n\r\n", PH_HTTP_GET_BAD, NULL },
		{ "GET / HTTP/2.0\r\n\r\n", PH_HTTP_GET_BAD, NULL },
		{ "GET / HTTP/1.11\r\n\r\n", PH_HTTP_GET_BAD, NULL },
		{ "\r\n\r\n", PH_HTTP_GET_BAD, NULL },
		{ " / HTTP/1.1\r\n\r\n", PH_HTTP_GET_BAD, NULL },
		{ "\x16\x03\x01\n", PH_HTTP_GET_BAD, NULL },
		{ "GET /metrics HTTP/1.1", PH_HTTP_GET_MORE, NULL },
		{ "GET /metrics HTTP/1.1\r\nHost: x\r\n", PH_HTTP_GET_MORE, NULL },
		{ "", PH_HTTP_GET_MORE, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ph_str path = { NULL, 0 };

		assert_int_equal(ph_http_get_read(row[i].text, strlen(row[i].text), &path),
		    row[i].is);
		if (row[i].path != NULL)
			assert_true(ph_str_eq(path, row[i].path));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
