/* SPDX-License-Identifier: ISC */
#include <nftables/libnftables.h>
#include <string.h>

#include "os/nft.h"

static const char *
copy(struct ph_arena *mem, const char *s)
{
	return s == NULL ? "" : ph_arena_dup(mem, s, strlen(s));
}

bool
ph_nft_run(struct ph_arena *mem, const char *text, const char *dir, const char **said)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	bool ok = false;

	*said = "libnftables cannot be used";
	if (nft == NULL)
		return false;
	if (dir != NULL)
		nft_ctx_add_include_path(nft, dir);
	if (nft_ctx_buffer_output(nft) == 0 && nft_ctx_buffer_error(nft) == 0) {
		ok = nft_run_cmd_from_buffer(nft, text) == 0;
		*said = copy(mem, ok ? nft_ctx_get_output_buffer(nft) :
		    nft_ctx_get_error_buffer(nft));
	}
	nft_ctx_free(nft);
	return ok;
}
