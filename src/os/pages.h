/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_PAGES_H
#define PH_OS_PAGES_H

#include "base/arena.h"

/*
 * Large blocks for arenas in pages as large as the system has them: a long
 * configuration takes many megabytes, and half of the time of reading it would
 * go into the first touch of small pages.
 */
extern const struct ph_arena_pages ph_pages;

#endif
