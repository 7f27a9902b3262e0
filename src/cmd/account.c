/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "cmd/account.h"
#include "os/file.h"

/* The first line of a file, or what the environment says. */
static int
read_password(struct ph_run *run, struct ph_str *out)
{
	const char *path = ph_opt_last(&run->args, PH_OPT_TURN_PASSWORD);
	const char *env = getenv("TURN_PASSWORD");
	struct ph_src *src;
	int err;

	if (path == NULL) {
		*out = ph_str(env != NULL ? env : "");
		return env != NULL ? 0 : ph_run_usage(run, "the relay's password is missing: "
		    "--turn-password FILE, or $TURN_PASSWORD");
	}
	err = ph_file_read(&run->mem, path, &src);
	if (err != 0)
		return ph_run_cannot_read(run, path, err);
	*out = (struct ph_str){ src->text, strcspn(src->text, "\r\n") };
	return 0;
}

int
ph_account_read(struct ph_run *run, struct ph_str *user, struct ph_str *password)
{
	const char *name = ph_opt_last(&run->args, PH_OPT_TURN_USER);

	if (name == NULL)
		name = getenv("TURN_USER");
	if (name == NULL)
		return ph_run_usage(run, "the name at the relay is missing: --turn-user NAME, or "
		    "$TURN_USER");
	*user = ph_str(name);
	return read_password(run, password);
}
