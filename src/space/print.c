/* SPDX-License-Identifier: ISC */
#include "net/names.h"
#include "space/cube.h"

static void
print_proto(struct ph_buf *b, ph_u128 v)
{
	const char *name = ph_proto_name((uint8_t)v);

	if (name != NULL)
		ph_buf_puts(b, name);
	else
		ph_u128_print(b, v);
}

static void
print_flags(struct ph_buf *b, ph_u128 v)
{
	static const char *const name[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr",
	};
	unsigned tcp = ph_flags_decode((unsigned)v);
	const char *sep = "";

	for (int i = 0; i < 8; i++)
		if (tcp >> i & 1) {
			ph_buf_printf(b, "%s%s", sep, name[i]);
			sep = "+";
		}
	if (tcp == 0)
		ph_buf_puts(b, "none");
}

static void
print_state(struct ph_buf *b, ph_u128 v)
{
	static const char *const name[PH_NSTATES] = {
		"new", "established", "established-reply", "related",
		"related-reply", "invalid", "untracked",
	};

	ph_buf_puts(b, name[v]);
}

static void
print_iface(struct ph_buf *b, ph_u128 v)
{
	char text[17];

	ph_buf_puts(b, v == 0 ? "none" : ph_iface_decode(v, text));
}

/* Values a person reads one by one. */
static void
print_each(struct ph_buf *b, struct ph_range r, void (*one)(struct ph_buf *, ph_u128))
{
	one(b, r.lo);
	if (r.hi == r.lo)
		return;
	ph_buf_putc(b, '-');
	one(b, r.hi);
}

static void
print_range(struct ph_buf *b, enum ph_dim d, struct ph_range r)
{
	switch (d) {
	case PH_SRC:
	case PH_DST:
		ph_range_print(b, r);
		break;
	case PH_PROTO:
		print_each(b, r, print_proto);
		break;
	case PH_FLAGS:
		print_each(b, r, print_flags);
		break;
	case PH_STATE:
		print_each(b, r, print_state);
		break;
	case PH_IIF:
	case PH_OIF:
		print_each(b, r, print_iface);
		break;
	default:
		print_each(b, r, ph_u128_print);
	}
}

void
ph_ranges_print(struct ph_buf *b, enum ph_dim d, const struct ph_ranges *r)
{
	if (r == NULL)
		ph_buf_puts(b, "any");
	for (size_t i = 0; r != NULL && i < r->n; i++) {
		if (i > 0)
			ph_buf_putc(b, ',');
		print_range(b, d, r->r[i]);
	}
}

static void
print_end(struct ph_buf *b, const struct ph_cube *c, enum ph_dim addr,
    enum ph_dim port)
{
	ph_buf_putc(b, ' ');
	ph_ranges_print(b, addr, c->d[addr]);
	if (c->d[port] == NULL)
		return;
	ph_buf_puts(b, " port ");
	ph_ranges_print(b, port, c->d[port]);
}

void
ph_cube_print(struct ph_buf *b, const struct ph_cube *c)
{
	static const struct { enum ph_dim d; const char *word; } rest[] = {
		{ PH_FLAGS, "flags" }, { PH_STATE, "state" }, { PH_STATUS, "status" },
		{ PH_IIF, "in" }, { PH_OIF, "out" }, { PH_MARK, "mark" },
		{ PH_CTMARK, "ctmark" },
	};

	if (c->d[PH_PROTO] == NULL)
		ph_buf_puts(b, "ip");
	else
		ph_ranges_print(b, PH_PROTO, c->d[PH_PROTO]);
	print_end(b, c, PH_SRC, PH_SPORT);
	ph_buf_puts(b, " ->");
	print_end(b, c, PH_DST, PH_DPORT);
	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++) {
		if (c->d[rest[i].d] == NULL)
			continue;
		ph_buf_printf(b, " %s ", rest[i].word);
		ph_ranges_print(b, rest[i].d, c->d[rest[i].d]);
	}
}
