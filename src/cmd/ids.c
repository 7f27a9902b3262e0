/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/str.h"
#include "cmd/ids.h"

static const char *const ids[] = {
#include "cmd/ids_list.h"
};

enum { N_IDS = sizeof(ids) / sizeof(*ids) };

bool
ph_ids_known(const char *id, const char **near)
{
	for (size_t i = 0; i < N_IDS; i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	*near = ph_str_nearest(ph_str(id), ids, N_IDS);
	return false;
}
