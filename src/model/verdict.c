/* SPDX-License-Identifier: ISC */
#include "model/verdict.h"

const char *
ph_verdict_name(enum ph_verdict v)
{
	static const char *const name[] = {
		"open", "partly", "blocked", "unknown", "not-tested",
	};

	return name[v];
}

const char *
ph_severity_name(enum ph_severity s)
{
	static const char *const name[] = { "info", "warning", "error" };

	return name[s];
}
