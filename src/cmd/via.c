/* SPDX-License-Identifier: ISC */
#include "cmd/host.h"
#include "cmd/via.h"
#include "os/tls.h"

enum { CONTROL_PORT = 443 };

static int
read_keys(struct ph_run *run, struct ph_probe_opts *o, struct ph_tls_key **key)
{
	const char *path = ph_opt_last(&run->args, PH_OPT_KEY);
	const char *word = ph_opt_last(&run->args, PH_OPT_PEER_KEY);
	uint8_t *peer = ph_arena_alloc(&run->mem, PH_TLS_KEY);
	int err;

	if (path == NULL || word == NULL)
		return ph_run_usage(run, "%s: %s", path == NULL ? "--key FILE is missing" :
		    "--peer-key WORD is missing", path == NULL ?
		    "the key that 'pinhole keygen FILE' made, known to the responder" :
		    "the word that 'pinhole keygen' printed for the responder");
	err = ph_tls_key_read(path, key);
	if (err != 0)
		return ph_run_cannot_read(run, path, err);
	o->key = *key;
	if (!ph_tls_word_read(ph_str(word), peer))
		return ph_run_usage(run, "--peer-key: '%s' is no public key", word);
	o->peer = peer;
	return 0;
}

int
ph_via_read(struct ph_run *run, struct ph_probe_opts *o, struct ph_tls_key **key)
{
	const char *host;
	int err;

	o->via = ph_opt_last(&run->args, PH_OPT_VIA);
	if (!ph_host_split(run, "--via", o->via, CONTROL_PORT, &host, &o->port))
		return PH_EXIT_USAGE;
	err = read_keys(run, o, key);
	return err != 0 ? err : ph_host_find(run, host, &o->addrs);
}
