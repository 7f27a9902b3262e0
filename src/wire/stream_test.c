/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/channel.h"
#include "wire/crc32.h"
#include "wire/stream.h"
#include "wire/stun.h"

static uint64_t rng;

static unsigned
rnd(unsigned n)
{
	rng = rng * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(rng >> 33) % n;
}

static void
test_channel_both_ways(void **state)
{
	struct ph_channel c = { 0x4001, (const uint8_t *)"hello", 5 }, got;
	uint8_t p[16];

	(void)state;
	assert_int_equal(ph_channel_encode(&c, false, p, sizeof(p)), 9);
	assert_memory_equal(p, "\x40\x01\0\x05hello", 9);
	assert_int_equal(ph_channel_encode(&c, true, p, sizeof(p)), 12);
	assert_memory_equal(p, "\x40\x01\0\x05hello\0\0\0", 12);
	assert_true(ph_channel_decode(&got, p, 12));
	assert_int_equal(got.len, 5);
	assert_true(ph_channel_decode(&got, p, 9));
	assert_false(ph_channel_decode(&got, p, 8));
	assert_int_equal(ph_channel_encode(&c, true, p, 11), 0);
}

static void
test_channel_numbers(void **state)
{
	static const struct {
		uint16_t number;
		bool good;
	} of[] = {
		{ 0x3fff, false }, { 0x4000, true }, { 0x7fff, true }, { 0x8000, false },
		{ 0x8fff, false }, { 0xffff, false },
	};
	struct ph_channel got;
	uint8_t p[4];

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		ph_channel_head(p, of[i].number, 0);
		assert_int_equal(ph_channel_decode(&got, p, 4), of[i].good);
	}
}

/* A random run of frames; what they are is in ${kind} and ${len}. */
static size_t
make_frames(uint8_t *out, size_t cap, enum ph_stream_kind *kind, size_t *len, unsigned n)
{
	static const uint8_t text[100] = "text";
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		uint16_t bytes = (uint16_t)rnd(sizeof(text));
		struct ph_channel c = { (uint16_t)(0x4000 + rnd(4096)), text, bytes };
		struct ph_stun m;

		kind[i] = rnd(2) ? PH_STREAM_CHANNEL : PH_STREAM_STUN;
		if (kind[i] == PH_STREAM_CHANNEL) {
			at += ph_channel_encode(&c, true, out + at, cap - at);
			len[i] = 4U + bytes;
			continue;
		}
		ph_stun_init(&m, PH_STUN_SEND, PH_STUN_INDICATION, "abcdefghijkl");
		ph_stun_set(&m, PH_STUN_DATA);
		m.data = (struct ph_bytes){ text, bytes };
		len[i] = ph_stun_encode(&m, NULL, out + at, cap - at);
		at += len[i];
	}
	return at;
}

/* However a stream is cut on the way, the same frames come out. */
static void
test_frames_from_any_pieces(void **state)
{
	enum { FRAMES = 40 };
	enum ph_stream_kind kind[FRAMES];
	size_t len[FRAMES];
	uint8_t wire[FRAMES * 128], buf[200];

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t n = make_frames(wire, sizeof(wire), kind, len, FRAMES), sent = 0;
		struct ph_stream s;
		struct ph_frame f;
		enum ph_stream_kind got;
		unsigned seen = 0;

		ph_stream_init(&s, buf, sizeof(buf));
		while (sent < n) {
			size_t room, piece = 1 + rnd(round % 2 ? 3 : 150);
			uint8_t *to = ph_stream_room(&s, &room);

			assert_true(room > 0);
			piece = piece < room ? piece : room;
			piece = piece < n - sent ? piece : n - sent;
			memcpy(to, wire + sent, piece);
			ph_stream_added(&s, piece);
			sent += piece;
			while ((got = ph_stream_take(&s, &f)) != PH_STREAM_MORE) {
				assert_int_equal(got, kind[seen]);
				assert_int_equal(f.len, len[seen]);
				seen++;
			}
		}
		assert_int_equal(seen, FRAMES);
	}
}

static void
test_lost_streams(void **state)
{
	uint8_t buf[64], *to;
	struct ph_stream s;
	struct ph_frame f;
	size_t room;

	(void)state;
	assert_int_equal(ph_stream_frame((const uint8_t *)"\x80", 1, &f), PH_STREAM_BAD);
	assert_int_equal(ph_stream_frame((const uint8_t *)"", 0, &f), PH_STREAM_MORE);
	assert_int_equal(ph_stream_frame((const uint8_t *)"\0\x01\0\x01", 4, &f), PH_STREAM_BAD);
	assert_int_equal(ph_stream_frame((const uint8_t *)"\0\x01\0\0\x21\x12\xa4\x43", 8, &f),
	    PH_STREAM_BAD);
	ph_stream_init(&s, buf, sizeof(buf));
	to = ph_stream_room(&s, &room);
	memcpy(to, "\x40\0\x01\0", 4);
	ph_stream_added(&s, 4);
	assert_int_equal(ph_stream_take(&s, &f), PH_STREAM_BAD);
}

static void
test_first_bytes(void **state)
{
	(void)state;
	assert_int_equal(ph_stream_first(0x00), PH_FIRST_STUN);
	assert_int_equal(ph_stream_first(0x16), PH_FIRST_TLS);
	assert_int_equal(ph_stream_first('G'), PH_FIRST_HTTP);
	assert_int_equal(ph_stream_first('P'), PH_FIRST_HTTP);
	assert_int_equal(ph_stream_first(0x80), PH_FIRST_UNKNOWN);
}

/* Bit by bit, as the standard defines it. */
static uint32_t
crc_twin(const uint8_t *p, size_t n)
{
	uint32_t c = ~0U;

	for (size_t i = 0; i < n; i++)
		for (int bit = 0; bit < 8; bit++) {
			bool out = ((c ^ (uint32_t)p[i] >> bit) & 1) != 0;

			c = c >> 1 ^ (out ? 0xedb88320U : 0);
		}
	return ~c;
}

static void
test_crc(void **state)
{
	uint8_t p[100];

	(void)state;
	assert_int_equal(ph_crc32(0, "123456789", 9), 0xcbf43926U);
	for (int i = 0; i < 1000; i++) {
		size_t n = rnd(sizeof(p)), cut = rnd((unsigned)n + 1);

		for (size_t k = 0; k < n; k++)
			p[k] = (uint8_t)rnd(256);
		assert_int_equal(ph_crc32(0, p, n), crc_twin(p, n));
		assert_int_equal(ph_crc32(ph_crc32(0, p, cut), p + cut, n - cut), crc_twin(p, n));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_channel_both_ways),
		cmocka_unit_test(test_channel_numbers),
		cmocka_unit_test(test_frames_from_any_pieces),
		cmocka_unit_test(test_lost_streams),
		cmocka_unit_test(test_first_bytes),
		cmocka_unit_test(test_crc),
	};
	const char *given = getenv("PH_SEED");

	rng = given != NULL ? strtoull(given, NULL, 10) : 1;
	print_message("# PH_SEED=%llu\n", (unsigned long long)rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
