/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/str.h"
#include "cmd/opt.h"

#define PH_CMD(name) extern const struct ph_cmd ph_cmd_##name;
#include "cmd/commands.def"
#undef PH_CMD

static const struct ph_cmd *const commands[] = {
#define PH_CMD(name) &ph_cmd_##name,
#include "cmd/commands.def"
#undef PH_CMD
};

enum { N_COMMANDS = sizeof(commands) / sizeof(*commands), HELP_COLUMN = 26, WIDTH = 80 };

static const struct ph_opt table[PH_NOPTS] = {
	[PH_OPT_JSON] = { "--json", NULL, PH_WORDS_NONE,
	    "one JSON document on standard output" },
	[PH_OPT_DIALECT] = { "--dialect", "NAME", PH_WORDS_DIALECT,
	    "read the configuration as this language" },
	[PH_OPT_FOR] = { "--for", "DIALECT", PH_WORDS_DIALECT,
	    "write for this platform" },
	[PH_OPT_W] = { "-W", "ID", PH_WORDS_ID,
	    "show the warnings of this id, or with no-ID do not" },
	[PH_OPT_E] = { "-E", "ID", PH_WORDS_ID,
	    "make warnings of this id errors" },
	[PH_OPT_SITE] = { "--site", "FILE", PH_WORDS_FILE,
	    "clients, addresses and interfaces of the site" },
	[PH_OPT_CLIENTS] = { "--clients", "ADDRS", PH_WORDS_NONE,
	    "networks of the clients" },
	[PH_OPT_AT] = { "--at", "SERVICE.GROUP=ADDRS", PH_WORDS_SERVICE,
	    "addresses of a group of endpoints" },
	[PH_OPT_SET] = { "--set", "SERVICE.PARAM=RANGE", PH_WORDS_SERVICE,
	    "port range that a service leaves to the site" },
	[PH_OPT_INSIDE] = { "--inside", "IF", PH_WORDS_NONE,
	    "interface or zone of the clients" },
	[PH_OPT_OUTSIDE] = { "--outside", "IF", PH_WORDS_NONE,
	    "interface or zone of the endpoints" },
	[PH_OPT_HOST] = { "--host", NULL, PH_WORDS_NONE,
	    "the firewall itself is the client, or an end" },
	[PH_OPT_RESOLVE] = { "--resolve", "NAME=ADDRS", PH_WORDS_NONE,
	    "take these addresses for a name, ask nobody" },
	[PH_OPT_CATALOG] = { "--catalog", "DIR", PH_WORDS_DIR,
	    "more services; they override those built in" },
	[PH_OPT_IPSET] = { "--ipset", "FILE", PH_WORDS_FILE,
	    "output of ipset save that belongs to the configuration" },
	[PH_OPT_ADDR] = { "--addr", "IF=ADDRS", PH_WORDS_NONE,
	    "the firewall's own addresses on an interface" },
	[PH_OPT_UID] = { "--uid", "N", PH_WORDS_NONE,
	    "user id of the program, for rules that ask" },
	[PH_OPT_STATEFUL_ONLY] = { "--stateful-only", NULL, PH_WORDS_NONE,
	    "open only the direction in which a flow is started" },
	[PH_OPT_FROM] = { "--from", "ADDRS", PH_WORDS_NONE,
	    "who opens the flow: addresses, prefixes, ranges, any" },
	[PH_OPT_TO] = { "--to", "ADDRS", PH_WORDS_NONE,
	    "whom it is opened to" },
	[PH_OPT_UDP] = { "--udp", "PORTS", PH_WORDS_NONE,
	    "destination ports, UDP: numbers, names, ranges, any" },
	[PH_OPT_TCP] = { "--tcp", "PORTS", PH_WORDS_NONE,
	    "destination ports, TCP" },
	[PH_OPT_ICMP] = { "--icmp", "TYPE[/CODE]", PH_WORDS_NONE,
	    "ICMP, of IPv6 when an end has only IPv6 addresses" },
	[PH_OPT_SPORT] = { "--sport", "PORTS", PH_WORDS_NONE,
	    "source ports instead of 1024-65535" },
	[PH_OPT_IN] = { "--in", "IF", PH_WORDS_NONE,
	    "interface or zone on which it arrives" },
	[PH_OPT_OUT] = { "--out", "IF", PH_WORDS_NONE,
	    "interface or zone on which it leaves" },
	[PH_OPT_WRITE] = { "--write", "FILE", PH_WORDS_FILE,
	    "write the whole changed configuration, or nothing" },
	[PH_OPT_VIA] = { "--via", "HOST[:PORT]", PH_WORDS_NONE,
	    "the responder; port 443 unless given" },
	[PH_OPT_KEY] = { "--key", "FILE", PH_WORDS_FILE,
	    "our private key, as keygen writes it" },
	[PH_OPT_PEER_KEY] = { "--peer-key", "WORD", PH_WORDS_NONE,
	    "the responder's public key, as keygen prints it" },
	[PH_OPT_QUICK] = { "--quick", NULL, PH_WORDS_NONE,
	    "only what decides whether it works" },
	[PH_OPT_EXHAUSTIVE] = { "--exhaustive", NULL, PH_WORDS_NONE,
	    "every port of every UDP range, not a sample" },
	[PH_OPT_RATE] = { "--rate", "PPS", PH_WORDS_NONE,
	    "packets a second, at most, instead of 250" },
	[PH_OPT_TIMERS] = { "--timers", NULL, PH_WORDS_NONE,
	    "how long idle UDP is remembered; takes as long" },
	[PH_OPT_STOP_AT] = { "--stop-at", "SECONDS", PH_WORDS_NONE,
	    "timers: only whether they reach this" },
	[PH_OPT_CAP] = { "--cap", "SECONDS", PH_WORDS_NONE,
	    "timers: look no longer than this, instead of 330" },
	[PH_OPT_IPV4] = { "--ipv4", NULL, PH_WORDS_NONE, "only IPv4" },
	[PH_OPT_IPV6] = { "--ipv6", NULL, PH_WORDS_NONE, "only IPv6" },
	[PH_OPT_JSON_LINES] = { "--json-lines", NULL, PH_WORDS_NONE,
	    "a JSON document a flow when known, then the whole" },
	[PH_OPT_CONFIG] = { "--config", "FILE", PH_WORDS_FILE,
	    "what follows, from a file (YAML); options win" },
	[PH_OPT_CLIENT] = { "--client", "WORD", PH_WORDS_NONE,
	    "public key of somebody who may probe; may be repeated" },
	[PH_OPT_LISTEN] = { "--listen", "ADDR", PH_WORDS_NONE,
	    "address to serve on; may be repeated" },
	[PH_OPT_PORT] = { "--port", "PORT", PH_WORDS_NONE,
	    "of the control channel, instead of 443" },
	[PH_OPT_STUN] = { "--stun", "PORT", PH_WORDS_NONE,
	    "of STUN on UDP and TCP, instead of 3478; 0: none" },
	[PH_OPT_STUNS] = { "--stuns", "PORT", PH_WORDS_NONE,
	    "of STUN over TLS, instead of 5349; 0: none" },
	[PH_OPT_SCALE_TIME] = { "--scale-time", "N", PH_WORDS_NONE,
	    "let idle timers run N times as fast" },
	[PH_OPT_REQUEST] = { "--request", "FILE", PH_WORDS_FILE,
	    "write the request for the administrator to FILE" },
	[PH_OPT_LOAD] = { "--load", "FILE", PH_WORDS_FILE,
	    "run these nftables rules instead of the configuration" },
	[PH_OPT_TURN] = { "--turn", "HOST[:PORT]", PH_WORDS_NONE,
	    "also test this TURN relay, with or without --via" },
	[PH_OPT_TURN_USER] = { "--turn-user", "NAME", PH_WORDS_NONE,
	    "name at the relay; else $TURN_USER" },
	[PH_OPT_TURN_PASSWORD] = { "--turn-password", "FILE", PH_WORDS_FILE,
	    "file with the password; else $TURN_PASSWORD" },
	[PH_OPT_TURN_PORT] = { "--turn-port", "PORT", PH_WORDS_NONE,
	    "of the relay's UDP and TCP, instead of 3478" },
	[PH_OPT_CA_FILE] = { "--ca-file", "FILE", PH_WORDS_FILE,
	    "trust certificates of the relay that these sign" },
	[PH_OPT_RUNGS] = { "--rungs", "WORDS", PH_WORDS_NONE,
	    "only these: turn-udp, turn-tcp, turn-tls" },
	[PH_OPT_PROXY] = { "--proxy", "URL", PH_WORDS_NONE,
	    "HTTP proxy for TLS; else $https_proxy" },
	[PH_OPT_PROXY_ACCOUNT] = { "--proxy-account", "FILE", PH_WORDS_FILE,
	    "file with NAME:PASSWORD for the proxy" },
	[PH_OPT_SYSTEM] = { "--system", NULL, PH_WORDS_NONE,
	    "for all programs of this host, until it ends; root" },
	[PH_OPT_HELP] = { "--help", NULL, PH_WORDS_NONE, "say this" },
	[PH_OPT_VERSION] = { "--version", NULL, PH_WORDS_NONE,
	    "say the version" },
};

const struct ph_opt *
ph_opt_find(enum ph_opt_id id)
{
	return &table[id];
}

const struct ph_cmd *const *
ph_opt_commands(size_t *n)
{
	*n = N_COMMANDS;
	return commands;
}

const struct ph_cmd *
ph_opt_command(const char *name, FILE *err)
{
	const char *words[N_COMMANDS], *near;

	for (size_t i = 0; i < N_COMMANDS; i++) {
		words[i] = commands[i]->name;
		if (strcmp(name, words[i]) == 0)
			return commands[i];
	}
	near = ph_str_nearest(ph_str(name), words, N_COMMANDS);
	fprintf(err, "pinhole: unknown command '%s'", name);
	if (near != NULL)
		fprintf(err, "; did you mean '%s'?", near);
	fputs("\nTry 'pinhole help'.\n", err);
	return NULL;
}

/* Does ${word} begin with the option ${o} and a value of its own? */
static const char *
joined_value(const struct ph_opt *o, const char *word)
{
	size_t n = strlen(o->name);

	if (strncmp(word, o->name, n) != 0)
		return NULL;
	if (o->name[1] != '-')
		return word[n] != '\0' ? word + n : NULL;
	return word[n] == '=' ? word + n + 1 : NULL;
}

static void
unknown_option(const struct ph_cmd *cmd, const char *word, FILE *err)
{
	const char *words[PH_NOPTS], *near;
	size_t n = 0, len = strcspn(word, "=");

	for (const enum ph_opt_id *o = cmd->opts; *o != PH_OPT_END; o++)
		words[n++] = table[*o].name;
	near = ph_str_nearest((struct ph_str){ word, len }, words, n);
	fprintf(err, "pinhole %s: unknown option '%.*s'", cmd->name, (int)len, word);
	if (near != NULL)
		fprintf(err, "; did you mean '%s'?", near);
	fprintf(err, "\nTry 'pinhole help %s'.\n", cmd->name);
}

/* The option that ${word} is, with the value it may bring. */
static enum ph_opt_id
find_option(const struct ph_cmd *cmd, const char *word, const char **value)
{
	*value = NULL;
	for (const enum ph_opt_id *o = cmd->opts; *o != PH_OPT_END; o++) {
		if (strcmp(word, table[*o].name) == 0)
			return *o;
		*value = joined_value(&table[*o], word);
		if (*value != NULL)
			return *o;
	}
	return PH_OPT_END;
}

/* Take the option at *${argv}; move on to the last word it used. */
static bool
take_option(struct ph_arena *mem, const struct ph_cmd *cmd, const char *const **argv,
    FILE *err, struct ph_arg **out)
{
	const char *value;
	enum ph_opt_id id = find_option(cmd, **argv, &value);

	if (id == PH_OPT_END) {
		unknown_option(cmd, **argv, err);
		return false;
	}
	if (value != NULL && table[id].arg == NULL) {
		fprintf(err, "pinhole %s: %s takes no value\n", cmd->name, table[id].name);
		return false;
	}
	if (value == NULL && table[id].arg != NULL) {
		value = *++*argv;
		if (value == NULL) {
			fprintf(err, "pinhole %s: %s needs a value: %s %s\n", cmd->name,
			    table[id].name, table[id].name, table[id].arg);
			return false;
		}
	}
	*out = PH_NEW(mem, struct ph_arg);
	(*out)->id = id;
	(*out)->value = value;
	return true;
}

static bool
check_count(const struct ph_cmd *cmd, unsigned n, FILE *err)
{
	const char *what;

	if (n < cmd->min_args)
		what = "something is missing";
	else if (cmd->max_args != 0 && n > cmd->max_args)
		what = "too many arguments";
	else
		return true;
	fprintf(err, "pinhole %s: %s\nUsage: pinhole %s [OPTION]... %s\n"
	    "Try 'pinhole help %s'.\n", cmd->name, what, cmd->name, cmd->args, cmd->name);
	return false;
}

bool
ph_opt_parse(struct ph_arena *mem, const struct ph_cmd *cmd, const char *const *argv,
    FILE *err, struct ph_args *out)
{
	const struct ph_arg **tail = &out->opts;
	struct ph_arg *a;
	size_t n = 0, cap = 0, before = 0;
	bool words_only = false;

	*out = (struct ph_args){ 0 };
	for (; *argv != NULL; argv++) {
		if (words_only || **argv != '-' || (*argv)[1] == '\0') {
			*PH_PUSH(mem, out->pos, n, cap) = *argv;
			continue;
		}
		if (strcmp(*argv, "--") == 0) {
			words_only = true;
			before = n;
			continue;
		}
		if (!take_option(mem, cmd, &argv, err, &a))
			return false;
		*tail = a;
		tail = &a->next;
		if (a->id == PH_OPT_HELP || a->id == PH_OPT_VERSION)
			return true;
	}
	out->n_pos = (unsigned)n;
	out->n_before = (unsigned)(words_only ? before : n);
	return check_count(cmd, out->n_pos, err);
}

bool
ph_opt_given(const struct ph_args *a, enum ph_opt_id id)
{
	for (const struct ph_arg *o = a->opts; o != NULL; o = o->next)
		if (o->id == id)
			return true;
	return false;
}

const char *
ph_opt_last(const struct ph_args *a, enum ph_opt_id id)
{
	const char *value = NULL;

	for (const struct ph_arg *o = a->opts; o != NULL; o = o->next)
		if (o->id == id)
			value = o->value;
	return value;
}

size_t
ph_opt_all(struct ph_arena *mem, const struct ph_args *a, enum ph_opt_id id,
    const char *const **out)
{
	const char **v = NULL;
	size_t n = 0, cap = 0;

	for (const struct ph_arg *o = a->opts; o != NULL; o = o->next) {
		if (o->id != id)
			continue;
		for (const char *p = o->value, *end; *p != '\0'; p = end + (*end == ',')) {
			end = p + strcspn(p, ",");
			if (end > p)
				*PH_PUSH(mem, v, n, cap) =
				    ph_arena_dup(mem, p, (size_t)(end - p));
		}
	}
	*out = v;
	return n;
}

static void
help_option(const struct ph_opt *o, FILE *out)
{
	int n = fprintf(out, "  %s%s%s", o->name, o->arg != NULL ? " " : "",
	    o->arg != NULL ? o->arg : "");

	fprintf(out, "%*s%s\n", n < HELP_COLUMN - 1 ? HELP_COLUMN - n : 2, "", o->help);
}

/* Words of ${s} on lines of at most WIDTH columns. */
static void
wrap(const char *s, FILE *out)
{
	size_t col = 0;

	while (*s != '\0') {
		size_t n = strcspn(s, " ");

		if (col > 0 && col + 1 + n > WIDTH) {
			fputc('\n', out);
			col = 0;
		}
		col += (size_t)fprintf(out, "%s%.*s", col > 0 ? " " : "", (int)n, s);
		s += n + (s[n] == ' ');
	}
	fputc('\n', out);
}

void
ph_opt_help(const struct ph_cmd *cmd, FILE *out)
{
	fprintf(out, "Usage: pinhole %s%s%s%s\n\n", cmd->name,
	    cmd->opts[0] == PH_OPT_END ? "" : " [OPTION]...",
	    cmd->args[0] == '\0' ? "" : " ", cmd->args);
	wrap(cmd->about, out);
	fputc('\n', out);
	for (const enum ph_opt_id *o = cmd->opts; *o != PH_OPT_END; o++)
		help_option(&table[*o], out);
}
