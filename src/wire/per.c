/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/per.h"

struct ph_per
ph_per_reader(const uint8_t *p, size_t n)
{
	return (struct ph_per){ .p = p, .bits = n * 8 };
}

struct ph_per
ph_per_writer(uint8_t *p, size_t cap)
{
	return (struct ph_per){ .w = p, .p = p, .bits = cap * 8 };
}

size_t
ph_per_byte(const struct ph_per *r)
{
	return r->bit / 8;
}

size_t
ph_per_left(const struct ph_per *r)
{
	return r->bad ? 0 : (r->bits - r->bit) / 8;
}

static bool
take(struct ph_per *r, size_t bits)
{
	if (r->bad || bits > r->bits - r->bit) {
		r->bad = true;
		return false;
	}
	r->bit += bits;
	return true;
}

void
ph_per_align(struct ph_per *r)
{
	while (!r->bad && r->bit % 8 != 0) {
		if (r->w != NULL)
			ph_per_put(r, 1, 0);
		else
			take(r, 1);
	}
}

uint32_t
ph_per_get(struct ph_per *r, unsigned n)
{
	size_t from = r->bit;
	uint32_t v = 0;

	if (!take(r, n))
		return 0;
	for (; from < r->bit; from++)
		v = v << 1 | (r->p[from / 8] >> (7 - from % 8) & 1);
	return v;
}

void
ph_per_put(struct ph_per *r, unsigned n, uint32_t v)
{
	size_t from = r->bit;

	if (!take(r, n))
		return;
	for (; from < r->bit; from++) {
		uint8_t *b = &r->w[from / 8];

		if (from % 8 == 0)
			*b = 0;
		*b |= (uint8_t)((v >> (r->bit - 1 - from) & 1) << (7 - from % 8));
	}
}

const uint8_t *
ph_per_get_octets(struct ph_per *r, size_t n)
{
	const uint8_t *at;

	ph_per_align(r);
	at = r->p + r->bit / 8;
	return n <= ph_per_left(r) && take(r, n * 8) ? at : (r->bad = true, NULL);
}

void
ph_per_put_octets(struct ph_per *r, const void *p, size_t n)
{
	size_t at;

	ph_per_align(r);
	at = r->bit / 8;
	if (n > ph_per_left(r))
		r->bad = true;
	else if (take(r, n * 8))
		memcpy(r->w + at, p, n);
}

uint16_t
ph_per_get_u16(struct ph_per *r)
{
	ph_per_align(r);
	return (uint16_t)ph_per_get(r, 16);
}

void
ph_per_put_u16(struct ph_per *r, uint16_t v)
{
	ph_per_align(r);
	ph_per_put(r, 16, v);
}

size_t
ph_per_get_length(struct ph_per *r)
{
	uint32_t n;

	ph_per_align(r);
	n = ph_per_get(r, 8);
	if (n < 0x80)
		return n;
	if (n >= 0xc0)
		r->bad = true;
	return (n & 0x3f) << 8 | ph_per_get(r, 8);
}

void
ph_per_put_length(struct ph_per *r, size_t n)
{
	ph_per_align(r);
	if (n >= 0x4000)
		r->bad = true;
	else if (n < 0x80)
		ph_per_put(r, 8, (uint32_t)n);
	else
		ph_per_put(r, 16, 0x8000 | (uint32_t)n);
}

uint32_t
ph_per_get_choice(struct ph_per *r, unsigned bits, bool *ext)
{
	*ext = ph_per_get(r, 1);
	if (!*ext)
		return ph_per_get(r, bits);
	if (ph_per_get(r, 1) != 0)	/* an index above 63 */
		r->bad = true;
	return ph_per_get(r, 6);
}

unsigned
ph_per_get_additions(struct ph_per *r, uint64_t *map)
{
	bool many = ph_per_get(r, 1);
	unsigned n = ph_per_get(r, 6) + 1;

	*map = 0;
	if (many)
		r->bad = true;
	for (unsigned i = 0; i < n; i++)
		*map = *map << 1 | ph_per_get(r, 1);
	return r->bad ? 0 : n;
}

void
ph_per_put_additions(struct ph_per *r, unsigned n, uint64_t map)
{
	ph_per_put(r, 1, 0);
	ph_per_put(r, 6, n - 1);
	while (n-- > 0)
		ph_per_put(r, 1, map >> n & 1);
}

struct ph_per
ph_per_get_open(struct ph_per *r)
{
	size_t n = ph_per_get_length(r);
	const uint8_t *p = ph_per_get_octets(r, n);
	struct ph_per part = ph_per_reader(p, p != NULL ? n : 0);

	part.bad = p == NULL;
	return part;
}

void
ph_per_skip_additions(struct ph_per *r)
{
	uint64_t map;
	unsigned n = ph_per_get_additions(r, &map);

	while (n-- > 0 && !r->bad)
		if ((map >> n & 1) != 0)
			ph_per_get_open(r);
}
