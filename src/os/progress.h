/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_PROGRESS_H
#define PH_OS_PROGRESS_H

/*
 * Progress of work that takes long, on standard error when that is a terminal.
 * A timer of the process writes it, so that the work need not know.
 */

/* ph_progress_start(): from now on, after the first seconds, say what goes on. */
void ph_progress_start(void);

/* ph_progress_phase(what): what is being done now; ${what} must stay. */
void ph_progress_phase(const char *);

/* ph_progress_stop(): wipe the line. */
void ph_progress_stop(void);

#endif
