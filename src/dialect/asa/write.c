/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <string.h>

#include "dialect/asa/read.h"
#include "dialect/asa/words.h"
#include "dialect/asa/write.h"
#include "net/names.h"

void
ph_asa_writer_init(struct ph_asa_writer *w, struct ph_arena *mem, const struct ph_asa *taken)
{
	*w = (struct ph_asa_writer){ .mem = mem, .taken = taken };
	ph_buf_init(&w->defs, mem);
}

const char *
ph_asa_object_name(struct ph_arena *mem, const char *a, const char *b)
{
	char *s = ph_arena_printf(mem, "PH_%s%s%s", a, *b != '\0' ? "_" : "", b);

	for (char *p = s; *p != '\0'; p++)
		*p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
	return s;
}

static void
print_prefix(struct ph_buf *b, struct ph_range r, const char *host)
{
	char text[PH_ADDR_TEXT];
	int len = ph_range_prefix_len(r);
	ph_u128 mask = PH_V4_BASE | (uint32_t)~(uint32_t)(r.hi - r.lo);

	ph_addr_format(r.lo, text);
	if (r.lo == r.hi)
		ph_buf_printf(b, "%s%s", host, text);
	else if (!ph_addr_is_v4(r.lo))
		ph_buf_printf(b, "%s/%d", text, len);
	else {
		ph_buf_printf(b, "%s ", text);
		ph_buf_puts(b, ph_addr_format(mask, text));
	}
}

static bool
is_taken(const struct ph_asa_writer *w, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < w->n; i++)
		if (strstr(w->v[i].operand, name) != NULL)
			return true;
	return w->taken != NULL && (ph_map_find(&w->taken->groups, name, n) != NULL ||
	    ph_map_find(&w->taken->objects, name, n) != NULL ||
	    ph_map_find(&w->taken->lists, name, n) != NULL);
}

static const char *
free_name(const struct ph_asa_writer *w, const char *hint)
{
	const char *name = hint;

	for (unsigned i = 2; is_taken(w, name); i++)
		name = ph_arena_printf(w->mem, "%s_%u", hint, i);
	return name;
}

static const char *
define_group(struct ph_asa_writer *w, const char *hint, const struct ph_ranges *r)
{
	const char *name = free_name(w, hint);

	ph_buf_printf(&w->defs, "object-group network %s\n", name);
	for (size_t i = 0; i < r->n; i++) {
		struct ph_range rest = r->r[i], p;
		bool more = true;

		while (more) {
			more = ph_range_next_prefix(&rest, &p);
			ph_buf_puts(&w->defs, " network-object ");
			print_prefix(&w->defs, p, "host ");
			ph_buf_putc(&w->defs, '\n');
		}
	}
	return ph_arena_printf(w->mem, "object-group %s", name);
}

static const char *
any_word(const struct ph_ranges *r)
{
	if (r == NULL)
		return "any";
	if (r->n == 1 && r->r[0].lo == PH_V4_BASE && r->r[0].hi == PH_U128_MAX)
		return "any4";
	if (r->n == 1 && r->r[0].lo == 0 && r->r[0].hi == PH_V4_BASE - 1)
		return "any6";
	return NULL;
}

const char *
ph_asa_operand(struct ph_asa_writer *w, const char *hint, const struct ph_ranges *r)
{
	const char *word = any_word(r);
	struct ph_buf b;

	if (word != NULL)
		return word;
	for (size_t i = 0; i < w->n; i++)
		if (ph_ranges_equal(w->v[i].ranges, r))
			return w->v[i].operand;
	ph_buf_init(&b, w->mem);
	if (r->n == 1 && ph_range_prefix_len(r->r[0]) >= 0)
		print_prefix(&b, r->r[0], "host ");
	else
		ph_buf_puts(&b, define_group(w, hint, r));
	*PH_PUSH(w->mem, w->v, w->n, w->cap) = (struct ph_asa_named){ r, b.s };
	return b.s;
}

static void
print_port(struct ph_buf *b, ph_u128 port)
{
	const char *name = ph_asa_port_name((uint16_t)port);

	if (name != NULL)
		ph_buf_puts(b, name);
	else
		ph_u128_print(b, port);
}

static void
print_ports(struct ph_buf *b, const struct ph_range *r)
{
	if (r == NULL || (r->lo == 0 && r->hi >= 65535))
		return;
	ph_buf_puts(b, r->lo == r->hi ? " eq " : " range ");
	print_port(b, r->lo);
	if (r->lo == r->hi)
		return;
	ph_buf_putc(b, ' ');
	print_port(b, r->hi);
}

static void
print_icmp(struct ph_buf *b, const struct ph_range *type, const struct ph_range *code)
{
	if (type == NULL || type->lo != type->hi)
		return;
	ph_buf_putc(b, ' ');
	ph_u128_print(b, type->lo);
	if (code == NULL || code->lo != code->hi)
		return;
	ph_buf_putc(b, ' ');
	ph_u128_print(b, code->lo);
}

static void
print_proto(struct ph_buf *b, ph_u128 proto)
{
	const char *name = ph_proto_name((uint8_t)proto);

	if (proto == PH_ICMPV6)
		ph_buf_puts(b, "icmp6");
	else if (proto == PH_TCP || proto == PH_UDP || proto == PH_ICMP)
		ph_buf_puts(b, name);
	else
		ph_u128_print(b, proto);
}

struct ace {
	const char *head, *src, *dst;
	const struct ph_range *sport, *dport;
};

static void
write_ace(struct ph_buf *b, const struct ace *e, const ph_u128 *proto)
{
	bool icmp = proto != NULL && (*proto == PH_ICMP || *proto == PH_ICMPV6);

	ph_buf_printf(b, "%s ", e->head);
	if (proto == NULL)
		ph_buf_puts(b, "ip");
	else
		print_proto(b, *proto);
	ph_buf_printf(b, " %s", e->src);
	if (!icmp)
		print_ports(b, e->sport);
	ph_buf_printf(b, " %s", e->dst);
	if (icmp)
		print_icmp(b, e->dport, e->sport);
	else
		print_ports(b, e->dport);
	ph_buf_putc(b, '\n');
}

/* All protocols of a list, one by one; NULL once: any. */
static unsigned
each_proto(struct ph_buf *b, const struct ace *e, const struct ph_ranges *protos)
{
	unsigned lines = 0;

	if (protos == NULL) {
		write_ace(b, e, NULL);
		return 1;
	}
	for (size_t i = 0; i < protos->n; i++)
		for (ph_u128 p = protos->r[i].lo; p <= protos->r[i].hi; p++, lines++)
			write_ace(b, e, &p);
	return lines;
}

static const struct ph_range *
range_at(const struct ph_ranges *r, size_t i)
{
	return r == NULL ? NULL : &r->r[i];
}

unsigned
ph_asa_write_aces(struct ph_asa_writer *w, struct ph_buf *b, const char *head,
    const struct ph_cube *c, const char *src, const char *dst)
{
	const struct ph_ranges *sp = c->d[PH_SPORT], *dp = c->d[PH_DPORT];
	struct ace e = {
		.head = head,
		.src = ph_asa_operand(w, src, c->d[PH_SRC]),
		.dst = ph_asa_operand(w, dst, c->d[PH_DST]),
	};
	unsigned lines = 0;

	for (size_t i = 0; i < (sp == NULL ? 1 : sp->n); i++)
		for (size_t k = 0; k < (dp == NULL ? 1 : dp->n); k++) {
			e.sport = range_at(sp, i);
			e.dport = range_at(dp, k);
			lines += each_proto(b, &e, c->d[PH_PROTO]);
		}
	return lines;
}

void
ph_asa_write_time(struct ph_buf *b, uint32_t s)
{
	ph_buf_printf(b, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
}
