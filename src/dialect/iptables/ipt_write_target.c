/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_lex.h"
#include "dialect/iptables/ipt_write.h"
#include "net/names.h"

static void
put_addr(struct ph_buf *b, ph_u128 a, bool brackets)
{
	char text[PH_ADDR_TEXT];

	ph_buf_printf(b, brackets ? "[%s]" : "%s", ph_addr_format(a, text));
}

static void
put_ports(struct ph_buf *b, const struct ph_ranges *v)
{
	if (v->r[0].lo == v->r[0].hi)
		ph_buf_printf(b, "%u", (unsigned)v->r[0].lo);
	else
		ph_buf_printf(b, "%u-%u", (unsigned)v->r[0].lo, (unsigned)v->r[0].hi);
}

/* ADDR[-ADDR][:PORT[-PORT]] */
static void
put_to(struct ph_buf *b, const struct ph_nat *nat)
{
	bool brackets = nat->port != NULL && nat->addr != NULL &&
	    !ph_addr_is_v4(nat->addr->r[0].lo);

	if (nat->addr != NULL) {
		put_addr(b, nat->addr->r[0].lo, brackets);
		if (nat->addr->r[0].lo != nat->addr->r[0].hi) {
			ph_buf_putc(b, '-');
			put_addr(b, nat->addr->r[0].hi, brackets);
		}
	}
	if (nat->port != NULL) {
		ph_buf_putc(b, ':');
		put_ports(b, nat->port);
	}
}

static bool
one_piece(const struct ph_ranges *v)
{
	return v == NULL || v->n == 1;
}

static void
write_nat(struct ipt_writer *w, const struct ph_act *a, struct ph_buf *b)
{
	static const struct ph_nat plain;
	const struct ph_nat *nat = a->nat == NULL ? &plain : a->nat;
	bool here = a->kind == PH_ACT_MASQUERADE || a->kind == PH_ACT_REDIRECT;

	if (!one_piece(nat->addr) || !one_piece(nat->port) || nat->netmap ||
	    (!here && nat->addr == NULL && nat->port == NULL)) {
		ph_ipt_write_fail(w, a->at, "this translation");
		return;
	}
	switch (a->kind) {
	case PH_ACT_SNAT:
		ph_buf_puts(b, "-j SNAT --to-source ");
		put_to(b, nat);
		break;
	case PH_ACT_DNAT:
		ph_buf_puts(b, "-j DNAT --to-destination ");
		put_to(b, nat);
		break;
	default:
		ph_buf_puts(b, a->kind == PH_ACT_MASQUERADE ? "-j MASQUERADE" :
		    "-j REDIRECT");
		if (nat->port != NULL) {
			ph_buf_puts(b, " --to-ports ");
			put_ports(b, nat->port);
		}
	}
}

/* What the sender is told, in this family's words. */
static void
write_reject(struct ipt_writer *w, const struct ph_act *a, struct ph_buf *b)
{
	bool v4 = w->family == PH_FAMILY_4;
	const char *with = a->text;

	if (with != NULL && strstr(with, "tcp reset") != NULL)
		with = "tcp-reset";
	if (with == NULL || strchr(with, ' ') != NULL ||
	    (strncmp(with, "icmp-", 5) == 0 && !v4) ||
	    (strncmp(with, "icmp6-", 6) == 0 && v4))
		with = v4 ? "icmp-port-unreachable" : "icmp6-port-unreachable";
	ph_buf_printf(b, "-j REJECT --reject-with %s", with);
}

static void
write_helper(const struct ph_act *a, uint8_t proto, struct ph_buf *b)
{
	const char *name = a->text;

	if (strcmp(name, "h323") == 0)
		name = proto == PH_UDP ? "RAS" : "Q.931";
	ph_buf_puts(b, "-j CT --helper ");
	ph_ipt_lex_quote(b, ph_str(name));
}

static void
write_chain(const struct ph_act *a, struct ph_buf *b)
{
	ph_buf_puts(b, a->kind == PH_ACT_JUMP ? "-j " : "-g ");
	ph_ipt_lex_quote(b, ph_str(a->chain->name));
}

static void
write_mark(const struct ph_act *a, struct ph_buf *b)
{
	static const char *const forms[] = {
		[PH_ACT_MARK] = "-j MARK --set-xmark ",
		[PH_ACT_CTMARK] = "-j CONNMARK --set-xmark ",
		[PH_ACT_MARK_TO_CT] = "-j CONNMARK --save-mark",
		[PH_ACT_CT_TO_MARK] = "-j CONNMARK --restore-mark",
	};

	ph_buf_puts(b, forms[a->kind]);
	if (a->kind == PH_ACT_MARK || a->kind == PH_ACT_CTMARK)
		ph_buf_printf(b, "%#x/%#x", a->mark.value, a->mark.mask);
	else
		ph_buf_printf(b, " --nfmask %#x --ctmask %#x", a->mark.mask, a->mark.mask);
}

/* Actions that have one form, whatever else the rule says. */
static const char *const plain[] = {
	[PH_ACT_ACCEPT] = "-j ACCEPT", [PH_ACT_DROP] = "-j DROP",
	[PH_ACT_RETURN] = "-j RETURN", [PH_ACT_NOTRACK] = "-j CT --notrack",
	[PH_ACT_NOTE] = NULL,
};

bool
ph_ipt_write_target(struct ipt_writer *w, const struct ph_act *a, uint8_t proto,
    struct ph_buf *b)
{
	const char *words = ph_ipt_write_words(w, a->at);

	bool mark = a->kind == PH_ACT_MARK || a->kind == PH_ACT_CTMARK ||
	    a->kind == PH_ACT_MARK_TO_CT || a->kind == PH_ACT_CT_TO_MARK;

	if (words != NULL && !mark && strncmp(words, "-j ", 3) == 0) {
		ph_buf_puts(b, words);
		return true;
	}
	switch (a->kind) {
	case PH_ACT_NOTE:
		return false;
	case PH_ACT_ACCEPT:
	case PH_ACT_DROP:
	case PH_ACT_RETURN:
	case PH_ACT_NOTRACK:
		ph_buf_puts(b, plain[a->kind]);
		return true;
	case PH_ACT_REJECT:
		write_reject(w, a, b);
		return true;
	case PH_ACT_JUMP:
	case PH_ACT_GOTO:
		write_chain(a, b);
		return true;
	case PH_ACT_SNAT:
	case PH_ACT_DNAT:
	case PH_ACT_MASQUERADE:
	case PH_ACT_REDIRECT:
		write_nat(w, a, b);
		return true;
	case PH_ACT_TIMEOUT:
		ph_buf_puts(b, "-j CT --timeout ");
		ph_ipt_lex_quote(b, ph_str(a->timeout->name));
		return true;
	case PH_ACT_HELPER:
		write_helper(a, proto, b);
		return true;
	case PH_ACT_MARK:
	case PH_ACT_CTMARK:
	case PH_ACT_MARK_TO_CT:
	case PH_ACT_CT_TO_MARK:
		write_mark(a, b);
		return true;
	default:
		ph_ipt_write_fail(w, a->at, "this action");
		return false;
	}
}
