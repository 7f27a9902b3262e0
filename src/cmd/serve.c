/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/run.h"
#include "os/confine.h"
#include "os/file.h"
#include "relay/relay.h"
#include "serve/config.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_CONFIG, PH_OPT_KEY, PH_OPT_CLIENT, PH_OPT_LISTEN, PH_OPT_PORT, PH_OPT_STUN,
	PH_OPT_STUNS, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

/* The words of an option that may be given several times. */
static bool
words(struct ph_run *run, enum ph_opt_id id, struct ph_serve_config *c,
    ph_serve_word_fn *take, const char *what)
{
	const char *const *v;
	size_t n = ph_opt_all(&run->mem, &run->args, id, &v);

	for (size_t i = 0; i < n; i++)
		if (!take(&run->mem, c, ph_str(v[i]))) {
			ph_run_usage(run, "%s: '%s' is not %s", ph_opt_find(id)->name, v[i], what);
			return false;
		}
	return true;
}

static bool
port(struct ph_run *run, enum ph_opt_id id, uint32_t *out)
{
	const char *s = ph_opt_last(&run->args, id);
	uint64_t v;

	if (s == NULL)
		return true;
	if (!ph_str_u64(ph_str(s), 10, 65535, &v)) {
		ph_run_usage(run, "%s: '%s' is not a port", ph_opt_find(id)->name, s);
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

/* The file first; options win. */
static int
configure(struct ph_run *run, struct ph_serve_config *c)
{
	const char *path = ph_opt_last(&run->args, PH_OPT_CONFIG);
	const char *key = ph_opt_last(&run->args, PH_OPT_KEY);
	struct ph_src *src;
	int err;

	ph_serve_config_init(c);
	if (path != NULL) {
		err = ph_file_read(&run->mem, path, &src);
		if (err < 0)
			return ph_run_cannot_read(run, path, err);
		if (!ph_serve_config_read(&run->mem, &run->diags, src, c))
			return PH_EXIT_DATA;
	}
	if (key != NULL)
		c->key = key;
	if (ph_opt_given(&run->args, PH_OPT_LISTEN))
		c->n_listen = 0;
	if (!words(run, PH_OPT_CLIENT, c, ph_serve_config_client,
	    "a key as 'pinhole keygen' prints it") ||
	    !words(run, PH_OPT_LISTEN, c, ph_serve_config_listen, "an address, or one too many") ||
	    !port(run, PH_OPT_PORT, &c->port) || !port(run, PH_OPT_STUN, &c->stun) ||
	    !port(run, PH_OPT_STUNS, &c->stuns))
		return PH_EXIT_USAGE;
	if (c->relay != NULL && c->relay->port == c->stun)
		c->stun = 0;		/* the relay answers Binding requests there */
	if (c->relay != NULL && c->relay->certificate != NULL && c->relay->tls == c->stuns)
		c->stuns = 0;
	if (c->key == NULL)
		return ph_run_usage(run, "--key FILE is needed; 'pinhole keygen FILE' makes one");
	if (c->n_listen == 0)
		return ph_run_usage(run, "--listen ADDR is needed: which addresses to serve on");
	return 0;
}

static int
read_key(struct ph_run *run, const char *path, struct ph_tls_key **key)
{
	int err = ph_tls_key_read(path, key);

	if (err == -EPERM) {
		fprintf(run->err, "pinhole: %s: others may read it: chmod 600 %s\n", path, path);
		return PH_EXIT_DATA;
	}
	if (err == -EBADMSG) {
		fprintf(run->err, "pinhole: %s: not a key as 'pinhole keygen' writes it\n", path);
		return PH_EXIT_DATA;
	}
	return err < 0 ? ph_run_cannot_read(run, path, err) : 0;
}

static int
cannot_serve(struct ph_run *run, const char *what, int err)
{
	fprintf(run->err, "pinhole: %s: %s\n", what, strerror(-err));
	if (err == -EACCES)
		fputs("Ports below 1024 need CAP_NET_BIND_SERVICE.\n", run->err);
	return err == -EACCES || err == -EPERM ? PH_EXIT_NO_PERMISSION : PH_EXIT_UNKNOWN;
}

/* The relay beside the responder, and what it was made of. */
struct beside {
	struct ph_run *run;
	struct ph_serve_door *door;	/* for control connections on the relay's ports */
	struct ph_relay *relay;
	struct ph_relay_loaded loaded;
	struct ph_tls_identity **old;	/* replaced, but perhaps still looked at */
	size_t n_old, cap_old;
};

/* Its files; without a part "relay" there are none.  0, or the exit code. */
static int
load_relay(struct beside *b, const struct ph_serve_config *c)
{
	struct ph_run *run = b->run;

	if (c->relay != NULL && !ph_relay_config_load(&run->mem, &run->diags, c->relay, c->listen,
	    c->n_listen, &b->loaded))
		return PH_EXIT_DATA;
	b->loaded.opts.log = run->err;
	return 0;
}

static void
enter(void *arg, int fd, const struct ph_turn_conn *c)
{
	struct beside *b = arg;

	ph_serve_door_enter(b->door, &(struct ph_serve_guest){
		.fd = fd, .from = c->client, .local = c->server, .from_port = c->client_port,
	});
}

static int
start_relay(struct beside *b, const struct ph_serve_config *c)
{
	struct ph_run *run = b->run;
	const char *why;
	int err;

	if (c->relay == NULL)
		return 0;
	b->door = ph_serve_door_new();
	if (b->door == NULL)
		return cannot_serve(run, "the relay", -ENOMEM);
	b->loaded.opts.control = enter;
	b->loaded.opts.control_arg = b;
	err = ph_relay_start(&b->loaded.opts, &b->relay, &why);
	return err < 0 ? cannot_serve(run, why, err) : 0;
}

/* The file again; when anything in it is wrong everything stays as it is. */
static void
reload(void *arg)
{
	struct beside *b = arg;
	struct ph_relay_loaded *next = PH_NEW(&b->run->mem, struct ph_relay_loaded);
	struct ph_serve_config c;

	if (b->relay == NULL)
		return;
	if (configure(b->run, &c) != 0 || c.relay == NULL || !ph_relay_config_load(&b->run->mem,
	    &b->run->diags, c.relay, c.listen, c.n_listen, next)) {
		ph_diags_end(&b->run->diags);
		fputs("not reloaded: the relay goes on as it was\n", b->run->err);
		return;
	}
	memcpy(next->opts.turn.nonce_key, b->loaded.opts.turn.nonce_key,
	    sizeof(next->opts.turn.nonce_key));
	ph_relay_reload(b->relay, &next->opts.turn, next->identity);
	*PH_PUSH(&b->run->mem, b->old, b->n_old, b->cap_old) = b->loaded.identity;
	b->loaded = *next;
	fputs("reloaded\n", b->run->err);
}

static void
drain(void *arg)
{
	struct beside *b = arg;

	if (b->relay == NULL)
		return;
	ph_relay_drain(b->relay);
	fputs("draining: no new allocations\n", b->run->err);
}

static bool
wants_fast(const struct ph_serve_config *c)
{
	return c->relay != NULL && c->relay->n_fast > 0;
}

/* Before there are threads: who we are.  0, or the exit code. */
static int
become(struct ph_run *run, const struct ph_serve_config *c)
{
	const char *why = ph_confine_user(c->user, wants_fast(c));

	if (why == NULL)
		return 0;
	fprintf(run->err, "pinhole: cannot become the user '%s': %s\n",
	    c->user != NULL ? c->user : "", why);
	return PH_EXIT_NO_PERMISSION;
}

/* And what is left to do, when all is started but what comes from outside. */
static void
confine(struct ph_run *run, const struct ph_serve_config *c)
{
	const char *why = c->confine != 0 ? "by the configuration" :
	    ph_confine_calls(wants_fast(c));

	if (why == NULL)
		fputs("confined: system calls are filtered\n", run->err);
	else
		fprintf(run->err, "not confined: system calls are not filtered: %s\n", why);
}

static int
run_serve(struct ph_run *run)
{
	struct beside b = { .run = run };
	struct ph_serve_opts o = { .log = run->err, .reload = reload, .drain = drain, .arg = &b };
	struct ph_serve_config c;
	struct ph_tls_key *key;
	const char *why;
	int err;

	if (run->args.n_pos > 0)
		return ph_run_usage(run, "'%s' is too much: all is said by options",
		    run->args.pos[0]);
	err = configure(run, &c);
	if (err == 0)
		err = read_key(run, c.key, &key);
	if (err != 0)
		return err;
	o.key = key;
	o.clients = (const uint8_t (*)[PH_TLS_KEY])c.clients;
	o.n_clients = c.n_clients;
	o.listen = c.listen;
	o.n_listen = c.n_listen;
	o.control_port = (uint16_t)c.port;
	o.stun_port = (uint16_t)c.stun;
	o.stuns_port = (uint16_t)c.stuns;
	err = load_relay(&b, &c);
	if (err == 0)
		err = become(run, &c);
	if (err == 0)
		err = start_relay(&b, &c);
	if (err == 0) {
		o.door = b.door;
		if (b.relay != NULL && b.loaded.opts.tls_port == c.port)
			o.control_port = 0;	/* the relay has it, and hands over what is ours */
		confine(run, &c);
		err = ph_serve_run(&o, &why);
		err = err < 0 ? cannot_serve(run, why, err) : PH_EXIT_OK;
	}
	ph_relay_stop(b.relay);
	ph_serve_door_free(b.door);
	ph_tls_identity_free(b.loaded.identity);
	for (size_t i = 0; i < b.n_old; i++)
		ph_tls_identity_free(b.old[i]);
	ph_tls_key_free(key);
	return err;
}

const struct ph_cmd ph_cmd_serve = {
	.name = "serve",
	.args = "",
	.title = "be the far end of probes, a STUN server, and a TURN relay",
	.about = "Answers probes of those whose keys are listed, on ports they ask for, for as "
	    "long as they are connected; to all others these ports are silent.  STUN is for "
	    "everybody; a TURN relay, when its file asks for one, for those it names.  "
	    "Runs until it is told to end.",
	.opts = opts,
	.first = PH_WORDS_NONE, .rest = PH_WORDS_NONE,
	.run = run_serve,
};
