/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/nftables/emit.h"
#include "dialect/nftables/values.h"
#include "dialect/nftables/word.h"
#include "net/names.h"

static const char *
chain_name(struct ph_nft_emit *em, const struct ph_chain *c)
{
	const char *name = ph_map_find(&em->chains, (const char *)&c, sizeof(c));

	return name == NULL ? c->name : name;
}

/* Declare what a rule of another language needs, once. */
static void
declare(struct ph_nft_emit *em, const char *name, const char *text)
{
	void **place = ph_map_at(em->mem, &em->objects, name, strlen(name));

	if (*place == NULL)
		ph_buf_puts(em->declare, text);
	*place = em;
}

/* The single protocol of a rule, or 0. */
static uint8_t
proto_of(const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *c = &r->conds[i];

		if (c->kind == PH_COND_RANGES && c->dim == PH_PROTO && !c->neg &&
		    c->ranges->n == 1 && c->ranges->r[0].lo == c->ranges->r[0].hi)
			return (uint8_t)c->ranges->r[0].lo;
	}
	return 0;
}

static void
put_helper(struct ph_nft_emit *em, const struct ph_rule *r, const struct ph_act *a,
    struct ph_buf *b)
{
	const char *own = ph_nft_emit_text(em, a->text), *proto, *name, *type = a->text;

	if (own != NULL) {
		ph_buf_printf(b, "ct helper set \"%s\" ", own);
		return;
	}
	proto = proto_of(r) == PH_TCP ? "tcp" : "udp";
	if (strcmp(type, "h323") == 0)
		type = proto_of(r) == PH_TCP ? "Q.931" : "RAS";
	name = ph_arena_printf(em->mem, "alg-%s-%s", a->text, proto);
	declare(em, name, ph_arena_printf(em->mem,
	    "\tct helper %s {\n\t\ttype \"%s\" protocol %s;\n\t}\n\n", name, type, proto));
	ph_buf_printf(b, "ct helper set \"%s\" ", name);
}

static void
put_timeout(struct ph_nft_emit *em, const struct ph_act *a, struct ph_buf *b)
{
	const struct ph_timeout *t = a->timeout;
	struct ph_buf body;
	const char *sep = "";

	if (em->priv != NULL && t->name != NULL) {
		ph_buf_printf(b, "ct timeout set \"%s\" ", t->name);
		return;
	}
	if (t->name == NULL || (t->proto != PH_UDP && t->proto != PH_TCP)) {
		ph_nft_emit_cannot(em, a->at, "a timeout policy whose timers are not in the text");
		return;
	}
	ph_buf_init(&body, em->mem);
	ph_buf_printf(&body, "\tct timeout %s {\n\t\tprotocol %s;\n\t\tpolicy = { ", t->name,
	    t->proto == PH_UDP ? "udp" : "tcp");
	for (int i = PH_TIMER_UDP_UNREPLIED; i <= PH_TIMER_TCP; i++)
		if (t->t[i].set) {
			static const char *const word[] = { "unreplied", "replied", "established" };

			ph_buf_printf(&body, "%s%s : %u", sep, word[i], t->t[i].s);
			sep = ", ";
		}
	ph_buf_puts(&body, " }\n\t}\n\n");
	declare(em, t->name, body.s);
	ph_buf_printf(b, "ct timeout set \"%s\" ", t->name);
}

/* "meta mark set meta mark & 0xffffff00 ^ 0x10" */
static void
put_mark(struct ph_buf *b, const char *mark, uint32_t mask, uint32_t value)
{
	ph_buf_printf(b, "%s set ", mark);
	if (mask == UINT32_MAX) {
		ph_buf_printf(b, "0x%08x ", value);
		return;
	}
	ph_buf_puts(b, mark);
	if (mask != 0)
		ph_buf_printf(b, " & 0x%08x", ~mask);
	if (value != 0 || mask == 0)
		ph_buf_printf(b, " ^ 0x%08x", value);
	ph_buf_putc(b, ' ');
}

static void
put_addresses(struct ph_nft_emit *em, const struct ph_act *a, struct ph_buf *b)
{
	const struct ph_ranges *r = a->nat->addr;
	bool brackets = r->r[0].hi < PH_V4_BASE && a->nat->port != NULL;
	enum ph_nft_type type = ph_addr_is_v4(r->r[0].lo) ? PH_NFT_T_V4 : PH_NFT_T_V6;

	if (r->n == 1) {
		struct ph_range lo = { r->r[0].lo, r->r[0].lo }, hi = { r->r[0].hi, r->r[0].hi };

		ph_buf_puts(b, brackets ? "[" : "");
		ph_nft_emit_item(b, type, lo);
		ph_buf_puts(b, brackets ? "]" : "");
		if (lo.lo != hi.lo) {
			ph_buf_puts(b, brackets ? "-[" : "-");
			ph_nft_emit_item(b, type, hi);
			ph_buf_puts(b, brackets ? "]" : "");
		}
		return;
	}
	ph_buf_printf(b, "numgen random mod %zu map { ", r->n);
	for (size_t i = 0; i < r->n; i++) {
		if (r->r[i].lo != r->r[i].hi)
			ph_nft_emit_cannot(em, a->at, "translation to several ranges");
		ph_buf_printf(b, "%s%zu : ", i == 0 ? "" : ", ", i);
		ph_nft_emit_item(b, type, r->r[i]);
	}
	ph_buf_puts(b, " }");
}

static void
put_ports(struct ph_nft_emit *em, const struct ph_act *a, struct ph_buf *b)
{
	const struct ph_ranges *r = a->nat == NULL ? NULL : a->nat->port;

	if (r == NULL)
		return;
	if (r->n != 1)
		ph_nft_emit_cannot(em, a->at, "translation to several ranges of ports");
	ph_buf_putc(b, ':');
	ph_nft_emit_item(b, PH_NFT_T_PORT, r->r[0]);
}

/* "dnat ip to 10.0.0.1:80 " */
static void
put_nat(struct ph_nft_emit *em, const struct ph_act *a, struct ph_buf *b)
{
	bool src = a->kind == PH_ACT_SNAT;
	bool v4 = a->nat->addr == NULL || ph_addr_is_v4(a->nat->addr->r[0].lo);
	const char *family = v4 ? "ip" : "ip6";

	ph_buf_puts(b, src ? "snat" : "dnat");
	if (a->nat->netmap) {
		ph_buf_printf(b, " %s prefix to %s %s map { ", family, family,
		    src ? "saddr" : "daddr");
		ph_nft_emit_item(b, v4 ? PH_NFT_T_V4 : PH_NFT_T_V6, a->nat->from);
		ph_buf_puts(b, " : ");
		ph_nft_emit_item(b, v4 ? PH_NFT_T_V4 : PH_NFT_T_V6, a->nat->addr->r[0]);
		ph_buf_puts(b, " } ");
		return;
	}
	if (em->families == (PH_FAMILY_4 | PH_FAMILY_6) && a->nat->addr != NULL)
		ph_buf_printf(b, " %s", family);
	ph_buf_puts(b, " to ");
	if (a->nat->addr != NULL)
		put_addresses(em, a, b);
	put_ports(em, a, b);
	ph_buf_putc(b, ' ');
}

static void
put_local_nat(struct ph_nft_emit *em, const struct ph_act *a, struct ph_buf *b)
{
	ph_buf_puts(b, a->kind == PH_ACT_MASQUERADE ? "masquerade " : "redirect ");
	if (a->nat == NULL || a->nat->port == NULL)
		return;
	ph_buf_puts(b, "to ");
	put_ports(em, a, b);
	ph_buf_putc(b, ' ');
}

static void
put_reject(const struct ph_act *a, struct ph_buf *b)
{
	bool ours = a->text != NULL && strncmp(a->text, "reject", 6) == 0;

	ph_buf_printf(b, "%s ", ours ? a->text : "reject");
}

/* Text that only the same language can say. */
static void
put_own(struct ph_nft_emit *em, const struct ph_act *a, struct ph_buf *b)
{
	const char *text = a->kind == PH_ACT_OPAQUE ? ph_nft_emit_text(em, a->text) : a->text;

	if (em->priv == NULL && a->kind == PH_ACT_NOTE)
		return;
	if (em->priv == NULL || text == NULL)
		ph_nft_emit_cannot(em, a->at, a->text == NULL ? "this action" : a->text);
	else
		ph_buf_printf(b, a->kind == PH_ACT_OFFLOAD ? "flow add @%s " :
		    a->kind == PH_ACT_TPROXY ? "%s accept " : "%s ", text);
}

static void
put_act(struct ph_nft_emit *em, const struct ph_rule *r, const struct ph_act *a,
    struct ph_buf *b)
{
	static const char *const words[] = {
		[PH_ACT_ACCEPT] = "accept ", [PH_ACT_DROP] = "drop ",
		[PH_ACT_RETURN] = "return ", [PH_ACT_NOTRACK] = "notrack ",
		[PH_ACT_MARK_TO_CT] = "ct mark set meta mark ",
		[PH_ACT_CT_TO_MARK] = "meta mark set ct mark ",
		[PH_ACT_NOTE] = NULL,
	};

	switch (a->kind) {
	case PH_ACT_JUMP:
	case PH_ACT_GOTO:
		ph_buf_printf(b, "%s %s ", a->kind == PH_ACT_JUMP ? "jump" : "goto",
		    chain_name(em, a->chain));
		break;
	case PH_ACT_REJECT:
		put_reject(a, b);
		break;
	case PH_ACT_SNAT:
	case PH_ACT_DNAT:
		put_nat(em, a, b);
		break;
	case PH_ACT_MASQUERADE:
	case PH_ACT_REDIRECT:
		put_local_nat(em, a, b);
		break;
	case PH_ACT_HELPER:
		put_helper(em, r, a, b);
		break;
	case PH_ACT_TIMEOUT:
		put_timeout(em, a, b);
		break;
	case PH_ACT_MARK:
	case PH_ACT_CTMARK:
		put_mark(b, a->kind == PH_ACT_MARK ? "meta mark" : "ct mark", a->mark.mask,
		    a->mark.value);
		break;
	case PH_ACT_OPAQUE:
	case PH_ACT_OFFLOAD:
	case PH_ACT_TPROXY:
	case PH_ACT_NOTE:
		put_own(em, a, b);
		break;
	default:
		ph_buf_puts(b, words[a->kind]);
	}
	if ((a->kind == PH_ACT_MARK_TO_CT || a->kind == PH_ACT_CT_TO_MARK) &&
	    a->mark.mask != UINT32_MAX)
		ph_nft_emit_cannot(em, a->at, "part of a mark copied");
}

bool
ph_nft_emit_acts(struct ph_nft_emit *em, const struct ph_rule *r, struct ph_buf *b)
{
	bool failed = em->failed, ok;

	em->failed = false;
	for (size_t i = 0; i < r->n_acts; i++)
		put_act(em, r, &r->acts[i], b);
	ok = !em->failed;
	em->failed |= failed;
	return ok;
}
