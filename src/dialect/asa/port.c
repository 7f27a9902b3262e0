/* SPDX-License-Identifier: ISC */
#include "dialect/asa/read.h"
#include "dialect/asa/words.h"
#include "net/names.h"

bool
ph_asa_is_port_op(struct ph_str s)
{
	return ph_str_eq(s, "eq") || ph_str_eq(s, "range") || ph_str_eq(s, "lt") ||
	    ph_str_eq(s, "gt") || ph_str_eq(s, "neq");
}

static bool
port(struct ph_asa *a, struct ph_asa_line *l, uint16_t *out)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_str w = ph_asa_next(l);
	const char *near;

	if (ph_asa_port(w, out))
		return true;
	near = ph_asa_port_near(w);
	return ph_asa_error(a, "bad-port", at, "expected a port 0-65535 or its name%s%s%s",
	    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
}

bool
ph_asa_read_port(struct ph_asa *a, struct ph_asa_line *l, const struct ph_ranges **out)
{
	uint16_t v;

	if (!port(a, l, &v))
		return false;
	*out = ph_ranges_one(a->mem, v, v);
	return true;
}

bool
ph_asa_bad_proto(struct ph_asa *a, struct ph_str w, struct ph_span at)
{
	const char *near = ph_asa_proto_near(w);

	if (near != NULL)
		return ph_asa_error(a, "bad-protocol", at,
		    "expected a protocol; did you mean \"%s\"?", near);
	return ph_asa_error(a, "bad-protocol", at, "expected a protocol");
}

bool
ph_asa_read_proto(struct ph_asa *a, struct ph_asa_line *l, const struct ph_ranges **out)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_str w = ph_asa_next(l);
	uint8_t v;

	if (!ph_asa_proto(w, &v))
		return ph_asa_bad_proto(a, w, at);
	*out = ph_ranges_one(a->mem, v, v);
	return true;
}

/* ports = ("eq" | "neq" | "lt" | "gt") PORT | "range" PORT PORT */
bool
ph_asa_read_ports(struct ph_asa *a, struct ph_asa_line *l, const struct ph_ranges **out)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_str op = ph_asa_peek(l);
	const struct ph_ranges *all;
	uint16_t lo, hi;

	if (!ph_asa_is_port_op(op))
		return true;
	l->at++;
	if (!port(a, l, &lo))
		return false;
	hi = lo;
	if (ph_str_eq(op, "range") && !port(a, l, &hi))
		return false;
	if (lo > hi)
		return ph_asa_error(a, "bad-port", at, "the range falls");
	if (ph_str_eq(op, "neq")) {
		all = ph_ranges_one(a->mem, 0, 65535);
		*out = ph_ranges_subtract(a->mem, all, ph_ranges_one(a->mem, lo, lo));
	} else if (ph_str_eq(op, "lt")) {
		*out = lo == 0 ? ph_ranges_none() : ph_ranges_one(a->mem, 0, lo - 1U);
	} else if (ph_str_eq(op, "gt")) {
		*out = lo == 65535 ? ph_ranges_none() : ph_ranges_one(a->mem, lo + 1U, 65535);
	} else {
		*out = ph_ranges_one(a->mem, lo, hi);
	}
	return true;
}

static bool
icmp_term(struct ph_asa *a, struct ph_asa_line *l, bool v6, struct ph_cube *out)
{
	struct ph_span at = ph_asa_here(l);
	uint8_t type;
	uint64_t code;

	if (l->at >= l->n || *ph_asa_peek(l).s == '!')
		return true;
	if (!ph_asa_icmp_type(ph_asa_next(l), v6, &type))
		return ph_asa_error(a, "bad-icmp", at, "expected an ICMP type");
	out->d[PH_DPORT] = ph_ranges_one(a->mem, type, type);
	if (ph_str_u64(ph_asa_peek(l), 10, 255, &code)) {
		l->at++;
		out->d[PH_SPORT] = ph_ranges_one(a->mem, code, code);
	}
	return true;
}

/* proto = "ip" | "tcp-udp" | NAME | NUMBER */
static bool
term_proto(struct ph_asa *a, struct ph_asa_line *l, struct ph_cube *out)
{
	struct ph_range both[] = { { PH_TCP, PH_TCP }, { PH_UDP, PH_UDP } };
	struct ph_span at = ph_asa_here(l);
	struct ph_str w = ph_asa_next(l);
	uint8_t proto;

	if (ph_str_eq(w, "ip"))
		return true;
	if (ph_str_eq(w, "tcp-udp")) {
		out->d[PH_PROTO] = ph_ranges_from(a->mem, both, 2);
		return true;
	}
	if (!ph_asa_proto(w, &proto))
		return ph_asa_bad_proto(a, w, at);
	out->d[PH_PROTO] = ph_ranges_one(a->mem, proto, proto);
	return true;
}

/* term = proto [ "source" ports ] [ [ "destination" ] ports ] */
bool
ph_asa_read_term(struct ph_asa *a, struct ph_asa_line *l, struct ph_cube *out)
{
	struct ph_str w = ph_asa_peek(l);

	*out = (struct ph_cube){ 0 };
	if (!term_proto(a, l, out))
		return false;
	if (ph_str_eq(w, "icmp") || ph_str_eq(w, "icmp6"))
		return icmp_term(a, l, ph_str_eq(w, "icmp6"), out);
	if (ph_asa_take(l, "source") && !ph_asa_read_ports(a, l, &out->d[PH_SPORT]))
		return false;
	ph_asa_take(l, "destination");
	return ph_asa_read_ports(a, l, &out->d[PH_DPORT]);
}
