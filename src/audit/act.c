/* SPDX-License-Identifier: ISC */
#include "audit/act.h"

/* A view of the values in ${r}; NULL: any. */
static struct ph_view
view_own(const struct ph_ranges *r)
{
	return (struct ph_view){ .kind = PH_VIEW_OWN, .own = r };
}

static bool
is_v4(const struct ph_piece *p)
{
	const struct ph_ranges *src = p->q.d[PH_SRC];

	return src == NULL || src->n == 0 || ph_addr_is_v4(src->r[0].lo);
}

/* Addresses of the interface named by ${name}; NULL: not known. */
static const struct ph_ranges *
iface_addresses(const struct ph_piece *p, struct ph_range name)
{
	for (const struct ph_iface *i = p->ifaces; i != NULL; i = i->next)
		if (name.lo == name.hi && ph_iface_encode(ph_str(i->name)) == name.lo)
			return i->addrs;
	return NULL;
}

/* What an interface that translates lends; ${on}: those it may be. */
static const struct ph_ranges *
lent(struct ph_arena *mem, const struct ph_piece *p, enum ph_dim on)
{
	const struct ph_ranges *names = ph_piece_dim(mem, p, on), *all = ph_ranges_none();
	struct ph_range f = is_v4(p) ? PH_ANY_V4 : PH_ANY_V6;

	for (size_t i = 0; names != NULL && i < names->n; i++) {
		const struct ph_ranges *a = iface_addresses(p, names->r[i]);

		if (a == NULL)
			return NULL;
		all = ph_ranges_union(mem, all, a);
	}
	all = ph_ranges_intersect(mem, all, ph_ranges_one(mem, f.lo, f.hi));
	return ph_ranges_empty(all) ? NULL : all;
}

/* Any address that a host can have. */
static const struct ph_ranges *
any_host(struct ph_arena *mem, const struct ph_piece *p)
{
	struct ph_range v4[] = {
		{ PH_V4(0x01000000), PH_V4(0x7effffff) },
		{ PH_V4(0x80000000), PH_V4(0xdfffffff) },
	};

	return is_v4(p) ? ph_ranges_from(mem, v4, 2) :
	    ph_ranges_one(mem, 2, ((ph_u128)0xff << 120) - 1);
}

/*
 * The address of the interface by which the packet leaves.  A program of this
 * host already sends from there.
 */
static struct ph_view
view_masquerade(struct ph_arena *mem, const struct ph_piece *p)
{
	const struct ph_ranges *r = lent(mem, p, PH_OIF);

	if (r == NULL && p->path == PH_PATH_FROM)
		return p->view[PH_SRC];
	return view_own(r != NULL ? r : any_host(mem, p));
}

/* The address of the interface on which it came, or the loopback. */
static struct ph_view
view_redirect(struct ph_arena *mem, const struct ph_piece *p)
{
	const struct ph_ranges *r = lent(mem, p, PH_IIF);
	struct ph_range f = is_v4(p) ? PH_ANY_V4 : PH_ANY_V6;

	return view_own(r != NULL ? r : ph_ranges_one(mem, f.lo, f.hi));
}

/* One to one translation of the network ${from} onto ${to}. */
static struct ph_view
view_netmap(struct ph_arena *mem, const struct ph_view *now,
    const struct ph_nat *nat)
{
	ph_u128 *by = PH_NEW(mem, ph_u128);

	*by = nat->addr->r[0].lo - nat->from.lo;
	if (now->kind == PH_VIEW_OWN)
		return view_own(nat->addr);
	if (now->kind == PH_VIEW_SHIFT)
		*by += *now->shift;
	return (struct ph_view){
		.kind = PH_VIEW_SHIFT, .of = now->of, .shift = by,
	};
}

enum change { CHANGED, SAME, EITHER };

static enum change
change_of(const struct ph_ranges *was, const struct ph_ranges *is)
{
	bool one = was != NULL && was->n == 1 && was->r[0].lo == was->r[0].hi;

	if (!ph_ranges_overlap(was, is))
		return CHANGED;
	return one && is != NULL && ph_ranges_equal(was, is) ? SAME : EITHER;
}

/* A connection counts as translated only when that changes it. */
static struct ph_view
status_after(struct ph_arena *mem, const struct ph_ranges *was, unsigned bit,
    enum change how)
{
	struct ph_range v[4];
	size_t n = 0;

	for (unsigned s = 0; s < 4; s++)
		if (ph_ranges_has(was, s) && how != SAME)
			v[n++] = (struct ph_range){ s | bit, s | bit };
	if (how == CHANGED)
		return view_own(ph_ranges_from(mem, v, n));
	return view_own(n == 0 ? was : ph_ranges_union(mem, was, ph_ranges_from(mem, v, n)));
}

/* ${src}: translate the source, else the destination. */
static void
translate(struct ph_arena *mem, struct ph_piece *p, const struct ph_act *a,
    bool src)
{
	static const struct ph_nat plain;
	const struct ph_nat *nat = a->nat == NULL ? &plain : a->nat;
	enum ph_dim addr = src ? PH_SRC : PH_DST, port = src ? PH_SPORT : PH_DPORT;
	const struct ph_ranges *was = ph_piece_dim(mem, p, addr);
	const struct ph_ranges *was_port = ph_piece_dim(mem, p, port);
	enum change how, how_port = SAME;

	if (p->fate.nat_at.src == NULL)
		p->fate.nat_at = a->at;
	if (nat->netmap)
		p->view[addr] = view_netmap(mem, &p->view[addr], nat);
	else if (nat->addr != NULL)
		p->view[addr] = view_own(nat->addr);
	else if (a->kind == PH_ACT_MASQUERADE)
		p->view[addr] = view_masquerade(mem, p);
	else if (a->kind == PH_ACT_REDIRECT)
		p->view[addr] = view_redirect(mem, p);
	if (nat->port != NULL) {
		p->view[port] = view_own(nat->port);
		how_port = change_of(was_port, nat->port);
	}
	how = change_of(was, ph_piece_dim(mem, p, addr));
	if (how_port == CHANGED || (how_port == EITHER && how == SAME))
		how = how_port;
	p->view[PH_STATUS] = status_after(mem, ph_piece_dim(mem, p, PH_STATUS),
	    src ? PH_STATUS_SNAT : PH_STATUS_DNAT, how);
	*(src ? &p->src_done : &p->dst_done) = true;
}

/* The single value of a mark, when it has one. */
static bool
mark_value(const struct ph_view *v, uint32_t *out)
{
	if (v->own == NULL || v->own->n != 1 || v->own->r[0].lo != v->own->r[0].hi)
		return false;
	*out = (uint32_t)v->own->r[0].lo;
	return true;
}

/* to = (to & ~mask) ^ value; not known when it was not. */
static void
mark_set(struct ph_arena *mem, struct ph_view *to, uint32_t mask, uint32_t value)
{
	uint32_t old = 0;

	if (mask != UINT32_MAX && !mark_value(to, &old))
		*to = view_own(NULL);
	else
		*to = ph_view_const(mem, (old & ~mask) ^ value);
}

/* Copy the bits of ${mask}. */
static void
mark_copy(struct ph_arena *mem, struct ph_view *to, const struct ph_view *from,
    uint32_t mask)
{
	uint32_t v;

	if (!mark_value(from, &v))
		*to = view_own(NULL);
	else
		mark_set(mem, to, mask, v & mask);
}

static void
enter(struct ph_arena *mem, struct ph_piece *p, const struct ph_chain *c, bool keep)
{
	struct ph_frame *f = PH_NEW(mem, struct ph_frame);

	f->chain = c;
	f->up = p->frame->up;
	f->next = p->frame->next;
	if (keep) {
		f->up = p->frame;
		f->next = p->next + 1;
	}
	p->frame = f;
	p->next = 0;
}

bool
ph_act_return(struct ph_piece *p)
{
	const struct ph_frame *f = p->frame;

	if (f->up == NULL)
		return false;
	p->next = f->next;
	p->frame = f->up;
	return true;
}

static bool
nat_applies(const struct ph_piece *p, bool src)
{
	return p->stage == PH_STAGE_FIRST && !p->untracked &&
	    !(src ? p->src_done : p->dst_done);
}

/* Address translation ends its base chain. */
static enum ph_outcome
do_nat(struct ph_arena *mem, struct ph_piece *p, const struct ph_act *a,
    struct ph_doubt *doubt)
{
	bool src = a->kind == PH_ACT_SNAT || a->kind == PH_ACT_MASQUERADE;

	if (p->stage != PH_STAGE_FIRST) {
		*doubt = (struct ph_doubt){ "an answer that belongs to no connection is "
		    "translated", a->at };
		return PH_ANYTHING;
	}

	if (nat_applies(p, src)) {
		translate(mem, p, a, src);
		p->diverted |= a->kind == PH_ACT_REDIRECT;
		p->masqueraded |= a->kind == PH_ACT_MASQUERADE;
	}
	return PH_ACCEPTED;
}

/*
 * The first template stays, and keeps later rules from saying anything about
 * tracking (xt_ct_target()).  What is set on a connection that has begun goes
 * before, of timeouts the last one, of helpers the first (nft_ct_helper_obj_eval()).
 */
static bool
may_set(struct ph_piece *p, const struct ph_rule *r, const struct ph_act *a)
{
	if (a->tmpl != p->no_ct || p->untracked || (p->tmpl != NULL && p->tmpl != r && a->tmpl))
		return false;
	if (a->tmpl)
		p->tmpl = r;
	return p->stage == PH_STAGE_FIRST;
}

static void
do_notrack(struct ph_arena *mem, struct ph_piece *p, const struct ph_rule *r,
    const struct ph_act *a)
{
	if (!p->no_ct || (p->tmpl != NULL && p->tmpl != r))
		return;				/* it is tracked already, or will be */
	p->untracked = true;
	p->view[PH_STATE] = ph_view_const(mem, PH_UNTRACKED);
	if (p->fate.untracked_at.src == NULL)
		p->fate.untracked_at = a->at;
	p->fate.untracked = true;
}

/* Facts for the finding, never a verdict. */
static void
do_note(struct ph_arena *mem, struct ph_piece *p, const struct ph_rule *r,
    const struct ph_act *a)
{
	switch (a->kind) {
	case PH_ACT_NOTRACK:
		do_notrack(mem, p, r, a);
		break;
	case PH_ACT_TIMEOUT:
		if (may_set(p, r, a)) {
			p->fate.timeout = a->timeout;
			p->fate.timeout_at = a->at;
		}
		break;
	case PH_ACT_HELPER:
		if (may_set(p, r, a) && p->fate.helper == NULL) {
			p->fate.helper = a->text;
			p->fate.helper_at = a->at;
		}
		break;
	case PH_ACT_OFFLOAD:
		p->fate.offload_at = a->at;
		break;
	default:
		break;
	}
}

static void
do_mark(struct ph_arena *mem, struct ph_piece *p, const struct ph_act *a)
{
	struct ph_view *mark = &p->view[PH_MARK], *ct = &p->view[PH_CTMARK];

	if (p->no_ct && a->kind != PH_ACT_MARK)
		return;				/* no connection to mark */
	switch (a->kind) {
	case PH_ACT_MARK:
		mark_set(mem, mark, a->mark.mask, a->mark.value);
		break;
	case PH_ACT_CTMARK:
		mark_set(mem, ct, a->mark.mask, a->mark.value);
		break;
	case PH_ACT_MARK_TO_CT:
		mark_copy(mem, ct, mark, a->mark.mask);
		break;
	case PH_ACT_CT_TO_MARK:
		mark_copy(mem, mark, ct, a->mark.mask);
		break;
	default:
		break;
	}
}

static enum ph_outcome
do_act(struct ph_arena *mem, struct ph_piece *p, const struct ph_rule *r,
    const struct ph_act *a, struct ph_doubt *doubt)
{
	switch (a->kind) {
	case PH_ACT_ACCEPT:
		return PH_ACCEPTED;
	case PH_ACT_DROP:
		return PH_DROPPED;
	case PH_ACT_REJECT:
		p->fate.rejected = true;
		return PH_DROPPED;
	case PH_ACT_JUMP:
	case PH_ACT_GOTO:
		enter(mem, p, a->chain, a->kind == PH_ACT_JUMP);
		return PH_MOVED;
	case PH_ACT_RETURN:
		return ph_act_return(p) ? PH_MOVED : PH_POLICY;
	case PH_ACT_OPAQUE:
		if (doubt->why == NULL)
			*doubt = (struct ph_doubt){ a->text, a->at };
		p->view[PH_MARK] = view_own(NULL);
		p->view[PH_CTMARK] = p->no_ct ? p->view[PH_CTMARK] : view_own(NULL);
		return PH_ANYTHING;
	case PH_ACT_SNAT:
	case PH_ACT_DNAT:
	case PH_ACT_MASQUERADE:
	case PH_ACT_REDIRECT:
		return do_nat(mem, p, a, doubt);
	case PH_ACT_TPROXY:
		p->diverted |= p->stage != PH_STAGE_REPLY;
		return PH_ACCEPTED;
	default:
		do_note(mem, p, r, a);
		do_mark(mem, p, a);
		return PH_GO_ON;
	}
}

/* Without a connection there is no mark to read, and the rule ends there. */
static bool
reads_ctmark(const struct ph_act *a)
{
	return a->kind == PH_ACT_CT_TO_MARK ||
	    (a->kind == PH_ACT_CTMARK && a->mark.mask != UINT32_MAX);
}

enum ph_outcome
ph_act_run(struct ph_arena *mem, struct ph_piece *p, const struct ph_rule *r,
    struct ph_doubt *doubt)
{
	for (size_t i = 0; i < r->n_acts && !(p->no_ct && reads_ctmark(&r->acts[i])); i++) {
		enum ph_outcome o = do_act(mem, p, r, &r->acts[i], doubt);

		if (o != PH_GO_ON)
			return o;
	}
	p->next++;
	return PH_GO_ON;
}

bool
ph_act_matters(const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_acts; i++)
		if (r->acts[i].kind != PH_ACT_NOTE)
			return true;
	return false;
}
