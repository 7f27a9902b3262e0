/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_VIA_H
#define PH_CMD_VIA_H

#include "cmd/run.h"
#include "probe/probe.h"

/*
 * ph_via_read(run, o, key): the responder that --via names, with its addresses, and the keys of
 * --key and --peer-key.  0, or the exit code after saying what is wrong; *${key} is the
 * caller's to free either way, and may be NULL.
 */
int ph_via_read(struct ph_run *, struct ph_probe_opts *, struct ph_tls_key **);

#endif
