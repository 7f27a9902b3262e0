/* SPDX-License-Identifier: ISC */
#include "model/requirement.h"

enum { FIRST_CLIENT_PORT = 1024 };

void
ph_requirement_seal(struct ph_arena *mem, struct ph_requirement *r)
{
	bool out = r->direction == PH_OUT;
	struct ph_cube *c = &r->may_cube;

	*c = (struct ph_cube){ 0 };
	c->d[PH_SRC] = out ? r->clients : r->far;
	c->d[PH_DST] = out ? r->far : r->clients;
	c->d[PH_PROTO] = ph_ranges_one(mem, r->proto, r->proto);
	c->d[PH_SPORT] = r->sports;
	c->d[PH_DPORT] = r->ports;
	r->need_cube = *c;
	if (r->sports == NULL)
		r->need_cube.d[PH_SPORT] =
		    ph_ranges_one(mem, FIRST_CLIENT_PORT, 65535);
}

const char *
ph_direction_name(enum ph_direction d)
{
	return d == PH_OUT ? "out" : "in";
}

const char *
ph_page_direction_name(enum ph_page_direction d)
{
	static const char *const name[] = { "out", "in", "both" };

	return name[d];
}

const char *
ph_initiator_name(enum ph_initiator i)
{
	static const char *const name[] = { "client", "far-end", "either" };

	return name[i];
}

const char *
ph_need_name(enum ph_need n)
{
	static const char *const name[] = { "required", "optional", "fallback" };

	return name[n];
}
