/* SPDX-License-Identifier: ISC */
#include "probe/run.h"

/* In place of deep.c, in a build without the engines that it drives. */
void
ph_run_path(struct ph_run_state *r, int v6, uint16_t port)
{
	(void)port;
	ph_result_skip(r->mem, r->out, "packet sizes and marks over %s: not in this build",
	    v6 ? "IPv6" : "IPv4");
}

void
ph_run_locate(struct ph_run_state *r)
{
	(void)r;
}

void
ph_run_timers(struct ph_run_state *r)
{
	ph_result_skip(r->mem, r->out, "how long idle UDP is remembered: not in this build");
}
