/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_set.h"
#include "net/names.h"

static void
put_addr(struct ph_buf *b, struct ph_range r)
{
	char text[PH_ADDR_TEXT];
	int len = ph_range_prefix_len(r);

	ph_buf_puts(b, ph_addr_format(r.lo, text));
	if (r.lo == r.hi)
		return;
	if (len >= 0)
		ph_buf_printf(b, "/%d", len);
	else
		ph_buf_printf(b, "-%s", ph_addr_format(r.hi, text));
}

static void
put_port(struct ph_buf *b, const struct ipt_elem *e, struct ph_range r)
{
	const char *name = ph_proto_name(e->proto);

	if (!e->any_proto && name != NULL)
		ph_buf_printf(b, "%s:", name);
	else if (!e->any_proto)
		ph_buf_printf(b, "%u:", e->proto);
	ph_buf_printf(b, "%u", (unsigned)r.lo);
	if (e->proto == PH_ICMP || e->proto == PH_ICMPV6)
		ph_buf_printf(b, "/%u", (unsigned)e->code.lo);
	else if (r.lo != r.hi)
		ph_buf_printf(b, "-%u", (unsigned)r.hi);
}

static void
put_iface(struct ph_buf *b, const struct ipt_elem *e, struct ph_range r)
{
	char text[17];

	ph_buf_printf(b, "%s%s%s", e->physdev ? "physdev:" : "",
	    ph_iface_decode(r.lo, text), r.lo == r.hi ? "" : "+");
}

static void
put_part(struct ph_buf *b, const struct ipt_set *s, const struct ipt_elem *e,
    unsigned i)
{
	switch (s->parts[i]) {
	case IPT_PART_ADDR:
		put_addr(b, e->part[i]);
		break;
	case IPT_PART_PORT:
		put_port(b, e, e->part[i]);
		break;
	case IPT_PART_IFACE:
		put_iface(b, e, e->part[i]);
		break;
	case IPT_PART_MARK:
		ph_buf_printf(b, "%#x", (unsigned)e->part[i].lo);
		break;
	case IPT_PART_SET:
		ph_buf_puts(b, e->set->name);
		break;
	default:
		ph_buf_puts(b, "00:00:00:00:00:00");	/* never told apart */
	}
}

void
ph_ipt_set_emit(struct ph_buf *b, const struct ipt_set *s)
{
	ph_buf_printf(b, "# ipset: create %s %s", s->name, s->type);
	if (strncmp(s->type, "hash:", 5) == 0 && s->parts[0] != IPT_PART_MAC)
		ph_buf_printf(b, " family %s", s->v6 ? "inet6" : "inet");
	if (s->range != NULL)
		ph_buf_printf(b, " range %s", s->range);
	if (s->netmask > 0)
		ph_buf_printf(b, " netmask %u", s->netmask);
	if (s->timeouts || s->timed)
		ph_buf_puts(b, " timeout 0");
	ph_buf_putc(b, '\n');
	for (size_t i = 0; i < s->n; i++) {
		ph_buf_printf(b, "# ipset: add %s ", s->name);
		for (unsigned k = 0; k < s->n_parts; k++) {
			if (k > 0)
				ph_buf_putc(b, ',');
			put_part(b, s, &s->v[i], k);
		}
		if (s->v[i].timed)
			ph_buf_puts(b, " timeout 60");	/* whatever is left of it */
		ph_buf_puts(b, s->v[i].nomatch ? " nomatch\n" : "\n");
	}
}
