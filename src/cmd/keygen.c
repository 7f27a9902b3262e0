/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "cmd/run.h"
#include "os/tls.h"

static const enum ph_opt_id opts[] = { PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END };

static int
run_keygen(struct ph_run *run)
{
	const char *path = run->args.n_pos > 0 ? run->args.pos[0] : "pinhole.key";
	char word[PH_TLS_WORD + 1];
	uint8_t public[PH_TLS_KEY];
	struct ph_tls_key *key;
	int err = ph_tls_key_new(&key);

	if (err == 0)
		err = ph_tls_key_write(path, key);
	if (err < 0) {
		fprintf(run->err, "pinhole: %s: %s\n", path, strerror(-err));
		return PH_EXIT_NO_INPUT;
	}
	ph_tls_key_public(key, public);
	ph_tls_word(public, word);
	fprintf(run->out, "%s\n", word);
	ph_tls_key_free(key);
	return PH_EXIT_OK;
}

const struct ph_cmd ph_cmd_keygen = {
	.name = "keygen",
	.args = "[FILE]",
	.title = "make a key for probes and responders",
	.about = "Writes a new private key, which only its owner may read, and prints the word "
	    "by which others know it.",
	.opts = opts,
	.max_args = 1,
	.first = PH_WORDS_FILE, .rest = PH_WORDS_NONE,
	.run = run_keygen,
};
