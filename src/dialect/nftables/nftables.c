/* SPDX-License-Identifier: ISC */
#include "dialect/dialect.h"

static int
recognise(struct ph_str text)
{
	(void)text;
	return 0;
}

const struct ph_dialect ph_dialect_nftables = {
	.name = "nftables",
	.title = "nftables",
	.recognise = recognise,
};
