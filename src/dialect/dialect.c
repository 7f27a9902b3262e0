/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/dialect.h"

#define PH_DIALECT(name) extern const struct ph_dialect ph_dialect_##name;
#include "dialect/dialects.def"
#undef PH_DIALECT

static const struct ph_dialect *const dialects[] = {
#define PH_DIALECT(name) &ph_dialect_##name,
#include "dialect/dialects.def"
#undef PH_DIALECT
};

enum { N_DIALECTS = sizeof(dialects) / sizeof(*dialects), LOOK_AT = 64 * 1024 };

const struct ph_dialect *const *
ph_dialects(size_t *n)
{
	*n = N_DIALECTS;
	return dialects;
}

const struct ph_dialect *
ph_dialect_find(const char *name)
{
	for (size_t i = 0; i < N_DIALECTS; i++)
		if (strcmp(dialects[i]->name, name) == 0)
			return dialects[i];
	return NULL;
}

const struct ph_dialect *
ph_dialect_recognise(struct ph_str text)
{
	const struct ph_dialect *best = NULL;
	int best_score = 0;
	bool tie = false;

	if (text.len > LOOK_AT)
		text.len = LOOK_AT;
	for (size_t i = 0; i < N_DIALECTS; i++) {
		int score = dialects[i]->recognise(text);

		tie = score == best_score ? tie || score > 0 : score > best_score ? false : tie;
		if (score > best_score) {
			best_score = score;
			best = dialects[i];
		}
	}
	return tie ? NULL : best;
}
