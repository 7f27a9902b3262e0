/* SPDX-License-Identifier: ISC */
#include "dialect/macos/firewall.h"
#include "net/names.h"

struct model {
	struct ph_arena *mem;
	const struct ph_macos *fw;
	struct ph_ruleset *rs;
	struct ph_chain *chain;
	bool maybe_off;			/* nobody said whether the firewall is on */
};

static struct ph_rule *
rule(struct model *m, struct ph_span at, const struct ph_cond *conds, uint16_t n,
    enum ph_act_kind kind, const char *text)
{
	struct ph_rule *r = ph_chain_add(m->mem, m->chain);
	struct ph_act *act = PH_NEW(m->mem, struct ph_act);

	act->kind = kind;
	act->at = at;
	act->text = text;
	r->at = at;
	r->conds = conds;
	r->n_conds = n;
	r->acts = act;
	r->n_acts = 1;
	return r;
}

/* What is not in the text is blamed on all of it. */
static struct ph_span
whole(const struct model *m, enum ph_macos_switch s)
{
	return m->fw->v[s].say != PH_MACOS_UNSAID ? m->fw->v[s].at :
	    (struct ph_span){ m->rs->src, 0, 1 };
}

/* To shut something takes a firewall that is known to be on. */
static void
shut(struct model *m, struct ph_span at, const struct ph_cond *conds, uint16_t n)
{
	if (m->maybe_off)
		rule(m, at, conds, n, PH_ACT_OPAQUE,
		    "whether the firewall is on is not in the text (--getglobalstate)");
	else
		rule(m, at, conds, n, PH_ACT_DROP, NULL);
}

/* Conditions: a destination port (of ICMP: the type), and the protocol. */
static const struct ph_cond *
port_and_proto(struct model *m, struct ph_span at, uint16_t port, uint8_t proto)
{
	struct ph_cond *c = ph_arena_array(m->mem, 2, sizeof(*c));

	c[0] = (struct ph_cond){ .kind = PH_COND_RANGES, .dim = PH_DPORT, .at = at };
	c[0].ranges = ph_ranges_one(m->mem, port, port);
	c[1] = (struct ph_cond){ .kind = PH_COND_RANGES, .dim = PH_PROTO, .at = at };
	c[1].ranges = ph_ranges_one(m->mem, proto, proto);
	return c;
}

/* Ports of services that "block all" spares: DHCP, Bonjour, IPsec. */
static const uint16_t essential[] = { 68, 500, 546, 4500, 5353 };

static void
block_all(struct model *m)
{
	struct ph_span at = whole(m, PH_MACOS_BLOCK_ALL);

	for (size_t i = 0; i < sizeof(essential) / sizeof(*essential); i++)
		rule(m, at, port_and_proto(m, at, essential[i], PH_UDP), 2, PH_ACT_OPAQUE,
		    "may be needed for DHCP, Bonjour or IPsec");
	shut(m, at, NULL, 0);
}

/* Stealth mode keeps silent to echo requests; other ICMP is the system's own. */
static void
icmp(struct model *m)
{
	static const struct { uint8_t proto, echo; } v[] = {
		{ PH_ICMP, 8 }, { PH_ICMPV6, 128 },
	};
	enum ph_macos_say stealth = m->fw->v[PH_MACOS_STEALTH].say;
	struct ph_span at = whole(m, PH_MACOS_STEALTH);

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		const struct ph_cond *echo = port_and_proto(m, at, v[i].echo, v[i].proto);

		if (stealth == PH_MACOS_ON)
			shut(m, at, echo, 2);
		if (stealth == PH_MACOS_UNSAID)
			rule(m, at, echo, 2, PH_ACT_OPAQUE, "whether stealth mode is on is "
			    "not in the text (--getstealthmode)");
		rule(m, at, &echo[1], 1, PH_ACT_ACCEPT, NULL)->implicit = true;
	}
}

static void
app(struct model *m, const struct ph_macos_app *a)
{
	struct ph_cond *c = PH_NEW(m->mem, struct ph_cond);

	c->kind = PH_COND_APP;
	c->at = a->at;
	c->text = a->program;
	if (a->allowed == PH_MACOS_ON && a->listed)
		rule(m, a->at, c, 1, PH_ACT_ACCEPT, NULL);
	else if (a->allowed == PH_MACOS_OFF && a->listed)
		shut(m, a->at, c, 1);
	else
		rule(m, a->at, c, 1, PH_ACT_OPAQUE, a->listed ?
		    "whether this program is allowed is not in the text (--listapps)" :
		    "takes effect only if the program is listed (--listapps)");
}

/* Programs that nobody listed. */
static void
unlisted(struct model *m)
{
	for (int s = PH_MACOS_SIGNED_BUILTIN; s <= PH_MACOS_SIGNED_DOWNLOADED; s++) {
		enum ph_macos_say say = m->fw->v[s].say;

		if (say != PH_MACOS_OFF)
			rule(m, whole(m, (enum ph_macos_switch)s), NULL, 0, PH_ACT_OPAQUE,
			    say == PH_MACOS_ON ?
			    "signed programs are let in without being listed, and who is "
			    "signed is not in the text" :
			    "whether signed programs are let in without being listed is "
			    "not in the text (--getallowsigned)");
	}
	shut(m, whole(m, PH_MACOS_GLOBAL), NULL, 0);
}

static struct ph_hook *
input_hook(struct model *m, enum ph_act_kind policy)
{
	struct ph_hook *h = ph_ruleset_hook(m->mem, m->rs);
	struct ph_span at = whole(m, PH_MACOS_GLOBAL);

	m->chain = ph_ruleset_chain(m->mem, m->rs, NULL, "incoming connections", at);
	*h = (struct ph_hook){
		.point = PH_INPUT, .kind = PH_HOOK_FILTER,
		.families = PH_FAMILY_4 | PH_FAMILY_6,
		.chain = m->chain, .policy = policy, .policy_at = at,
	};
	return h;
}

void
ph_macos_model(struct ph_arena *mem, const struct ph_macos *fw, struct ph_ruleset *rs)
{
	struct model m = { .mem = mem, .fw = fw, .rs = rs };
	enum ph_macos_say on = fw->v[PH_MACOS_GLOBAL].say;
	enum ph_macos_say all = fw->v[PH_MACOS_BLOCK_ALL].say;

	rs->host_only = true;
	rs->stateful = true;
	rs->timers = PH_NEW(mem, struct ph_timeout);
	input_hook(&m, on == PH_MACOS_OFF ? PH_ACT_ACCEPT : PH_ACT_DROP);
	if (on == PH_MACOS_OFF)
		return;
	m.maybe_off = on == PH_MACOS_UNSAID;
	if (all == PH_MACOS_UNSAID)
		rule(&m, whole(&m, PH_MACOS_BLOCK_ALL), NULL, 0, PH_ACT_OPAQUE,
		    "whether all incoming connections are blocked is not in the text "
		    "(--getblockall)");
	if (all == PH_MACOS_ON)
		block_all(&m);
	icmp(&m);
	for (const struct ph_macos_app *a = fw->apps; a != NULL; a = a->next)
		if (!a->removed)
			app(&m, a);
	unlisted(&m);
}
