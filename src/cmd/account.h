/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_ACCOUNT_H
#define PH_CMD_ACCOUNT_H

#include "cmd/run.h"

/*
 * ph_account_read(run, user, password): who we are at a relay, by --turn-user and
 * --turn-password or the environment; never a password on the command line, which others see.
 * 0, or the exit code after saying what is missing.
 */
int ph_account_read(struct ph_run *, struct ph_str *, struct ph_str *);

#endif
