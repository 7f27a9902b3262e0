/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "cmd/values.h"
#include "net/names.h"

/* Reads one item of a list. */
typedef bool (item_h)(struct ph_str, struct ph_range *);

static bool
addr_item(struct ph_str s, struct ph_range *out)
{
	const char *dash = memchr(s.s, '-', s.len);
	struct ph_str lo = s, hi;

	if (dash == NULL)
		return ph_prefix_parse(s, out, NULL);
	lo.len = (size_t)(dash - s.s);
	hi = (struct ph_str){ dash + 1, s.len - lo.len - 1 };
	return ph_addr_parse(lo, &out->lo) && ph_addr_parse(hi, &out->hi) &&
	    out->lo <= out->hi && ph_addr_is_v4(out->lo) == ph_addr_is_v4(out->hi);
}

static bool
port_item(struct ph_str s, struct ph_range *out)
{
	const char *dash = memchr(s.s, '-', s.len);
	struct ph_str lo = s, hi = s;
	uint16_t a, b;

	if (ph_port_parse(s, &a)) {
		out->lo = out->hi = a;
		return true;
	}
	if (dash == NULL)
		return false;
	lo.len = (size_t)(dash - s.s);
	hi = (struct ph_str){ dash + 1, s.len - lo.len - 1 };
	if (!ph_port_parse(lo, &a) || !ph_port_parse(hi, &b) || a > b)
		return false;
	*out = (struct ph_range){ a, b };
	return true;
}

static bool
list(struct ph_run *run, const char *opt, const char *text, item_h *item,
    const char *what, const struct ph_ranges **out)
{
	struct ph_range *v = NULL;
	size_t n = 0, cap = 0;

	*out = NULL;
	if (strcmp(text, "any") == 0)
		return true;
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");

		if (!item((struct ph_str){ p, len }, PH_PUSH(&run->mem, v, n, cap))) {
			ph_run_usage(run, "%s: '%.*s' is no %s", opt, (int)len, p, what);
			return false;
		}
		p += len;
		if (*p == '\0')
			break;
	}
	*out = ph_ranges_from(&run->mem, v, n);
	return true;
}

bool
ph_values_addrs(struct ph_run *run, const char *opt, const char *text,
    const struct ph_ranges **out)
{
	return list(run, opt, text, addr_item, "address, prefix or range of one family",
	    out);
}

bool
ph_values_ports(struct ph_run *run, const char *opt, const char *text,
    const struct ph_ranges **out)
{
	if (!list(run, opt, text, port_item, "port or rising range within 0-65535", out))
		return false;
	if (*out == NULL)
		*out = ph_ranges_one(&run->mem, 0, 65535);
	return true;
}

static bool
icmp_name(struct ph_str s, bool v6, uint64_t *type)
{
	static const struct { const char *name; uint8_t v4, v6; } row[] = {
		{ "echo-request", 8, 128 }, { "echo-reply", 0, 129 },
		{ "destination-unreachable", 3, 1 }, { "time-exceeded", 11, 3 },
		{ "parameter-problem", 12, 4 }, { "redirect", 5, 137 },
		{ "packet-too-big", 3, 2 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		if (ph_str_eq(s, row[i].name)) {
			*type = v6 ? row[i].v6 : row[i].v4;
			return true;
		}
	return false;
}

bool
ph_values_icmp(struct ph_run *run, const char *text, bool v6,
    const struct ph_ranges **type, const struct ph_ranges **code)
{
	size_t n = strcspn(text, "/");
	struct ph_str s = { text, n };
	uint64_t t, c = 0;

	if ((!ph_str_u64(s, 10, 255, &t) && !icmp_name(s, v6, &t)) ||
	    (text[n] == '/' && !ph_str_u64(ph_str(text + n + 1), 10, 255, &c))) {
		ph_run_usage(run, "--icmp: '%s' is no TYPE or TYPE/CODE within 0-255", text);
		return false;
	}
	*type = ph_ranges_one(&run->mem, t, t);
	*code = text[n] == '/' ? ph_ranges_one(&run->mem, c, c) :
	    ph_ranges_one(&run->mem, 0, 255);
	return true;
}
