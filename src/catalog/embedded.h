/* SPDX-License-Identifier: ISC */
#ifndef PH_CATALOG_EMBEDDED_H
#define PH_CATALOG_EMBEDDED_H

#include <stddef.h>

/* The files of catalog/, by tools/embed.c, in order of names. */
struct ph_embedded {
	const char *name;		/* of the service */
	const char *file;		/* for messages */
	const char *text;
	size_t len;			/* bytes */
};

extern const struct ph_embedded ph_embedded[];
extern const size_t ph_embedded_n;

#endif
