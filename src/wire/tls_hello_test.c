/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/cursor.h"
#include "wire/tls_hello.h"

static uint8_t room[PH_TLS_HELLO_MAX];

/* A hello in records of at most ${cut} bytes. */
static size_t
make(uint8_t *out, size_t cap, const char *name, const char *const *alpn, size_t cut)
{
	static uint8_t body[4096];
	struct ph_writer w = ph_writer(body, sizeof(body));
	struct ph_scope all, ext, list, extensions;
	size_t n = 0;

	ph_writer_u8(&w, 1);
	all = ph_writer_open(&w, 3);
	ph_writer_u16(&w, 0x0303);
	ph_writer_zeros(&w, 32);
	ph_writer_u8(&w, 2);
	ph_writer_u16(&w, 0xabcd);
	ph_writer_u16(&w, 4);
	ph_writer_u32(&w, 0x13011302);
	ph_writer_u8(&w, 1);
	ph_writer_u8(&w, 0);
	extensions = ph_writer_open(&w, 2);
	ph_writer_u16(&w, 10);
	ph_writer_u16(&w, 2);
	ph_writer_u16(&w, 0);
	if (name != NULL) {
		ph_writer_u16(&w, 0);
		ext = ph_writer_open(&w, 2);
		list = ph_writer_open(&w, 2);
		ph_writer_u8(&w, 0);
		ph_writer_u16(&w, (uint16_t)strlen(name));
		ph_writer_bytes(&w, name, strlen(name));
		ph_writer_close(&w, list);
		ph_writer_close(&w, ext);
	}
	ph_writer_u16(&w, 16);
	ext = ph_writer_open(&w, 2);
	list = ph_writer_open(&w, 2);
	for (; *alpn != NULL; alpn++) {
		ph_writer_u8(&w, (uint8_t)strlen(*alpn));
		ph_writer_bytes(&w, *alpn, strlen(*alpn));
	}
	ph_writer_close(&w, list);
	ph_writer_close(&w, ext);
	ph_writer_close(&w, extensions);
	ph_writer_close(&w, all);
	assert_false(w.bad);
	for (size_t at = 0; at < w.len; at += cut) {
		size_t part = w.len - at < cut ? w.len - at : cut;

		assert_true(n + 5 + part <= cap);
		memcpy(out + n, (const uint8_t []){ 22, 3, 1, (uint8_t)(part >> 8),
		    (uint8_t)part }, 5);
		memcpy(out + n + 5, body + at, part);
		n += 5 + part;
	}
	return n;
}

static void
test_whole(void **state)
{
	static const char *const alpn[] = { "h2", "stun.turn", NULL };
	static const size_t cuts[] = { 4096, 100, 7, 1 };
	struct ph_tls_hello h;
	uint8_t bytes[8192];

	(void)state;
	for (size_t c = 0; c < sizeof(cuts) / sizeof(*cuts); c++) {
		size_t n = make(bytes, sizeof(bytes), "turn.example.org", alpn, cuts[c]);

		for (size_t i = 0; i < n; i++)
			assert_int_equal(ph_tls_hello_read(bytes, i, room, &h),
			    PH_TLS_HELLO_MORE);
		assert_int_equal(ph_tls_hello_read(bytes, n, room, &h), PH_TLS_HELLO_READY);
		assert_true(ph_str_eq(h.name, "turn.example.org"));
		assert_int_equal(h.n_alpn, 2);
		assert_true(ph_tls_hello_offers(&h, "stun.turn"));
		assert_false(ph_tls_hello_offers(&h, "http/1.1"));
	}
}

static void
test_less(void **state)
{
	static const char *const none[] = { NULL };
	struct ph_tls_hello h;
	uint8_t bytes[1024];
	size_t n = make(bytes, sizeof(bytes), NULL, none, 4096);

	(void)state;
	assert_int_equal(ph_tls_hello_read(bytes, n, room, &h), PH_TLS_HELLO_READY);
	assert_int_equal(h.name.len, 0);
	assert_int_equal(h.n_alpn, 0);
	/* What stands behind it does not matter. */
	bytes[n] = 0;
	assert_int_equal(ph_tls_hello_read(bytes, n + 1, room, &h), PH_TLS_HELLO_READY);
}

static void
test_bad(void **state)
{
	static const char *const alpn[] = { "h2", NULL };
	static uint8_t bytes[PH_TLS_HELLO_MAX + 64];
	struct ph_tls_hello h;
	size_t n = make(bytes, sizeof(bytes), "a", alpn, 4096);

	(void)state;
	for (size_t i = 0; i < n; i++) {	/* whatever is wrong, nothing breaks */
		uint8_t was = bytes[i];

		bytes[i] ^= 0x80;
		ph_tls_hello_read(bytes, n, room, &h);
		bytes[i] = was;
	}
	bytes[5] = 2;				/* a server's */
	assert_int_equal(ph_tls_hello_read(bytes, n, room, &h), PH_TLS_HELLO_BAD);
	assert_int_equal(ph_tls_hello_read("GET / HTTP/1.1", 14, room, &h), PH_TLS_HELLO_BAD);
	assert_int_equal(ph_tls_hello_read("\x16\x03\x01\0\0", 5, room, &h), PH_TLS_HELLO_BAD);
	/* One that never ends. */
	memcpy(bytes, "\x16\x03\x01\x40\x00\x01\xff\xff\xff", 9);
	assert_int_equal(ph_tls_hello_read(bytes, 100, room, &h), PH_TLS_HELLO_MORE);
	assert_int_equal(ph_tls_hello_read(bytes, PH_TLS_HELLO_MAX, room, &h), PH_TLS_HELLO_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_less),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
