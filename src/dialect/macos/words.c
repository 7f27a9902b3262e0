/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "dialect/macos/words.h"

static const struct ph_macos_option options[] = {
	{ "--getglobalstate", PH_MACOS_ASK, 0 },
	{ "--setglobalstate", PH_MACOS_SET, PH_MACOS_GLOBAL },
	{ "--getblockall", PH_MACOS_ASK, 0 },
	{ "--setblockall", PH_MACOS_SET, PH_MACOS_BLOCK_ALL },
	{ "--getallowsigned", PH_MACOS_ASK, 0 },
	{ "--setallowsigned", PH_MACOS_SET, PH_MACOS_SIGNED_BUILTIN },
	{ "--setallowsignedapp", PH_MACOS_SET, PH_MACOS_SIGNED_DOWNLOADED },
	{ "--getstealthmode", PH_MACOS_ASK, 0 },
	{ "--setstealthmode", PH_MACOS_SET, PH_MACOS_STEALTH },
	{ "--getloggingmode", PH_MACOS_ASK, 0 },
	{ "--setloggingmode", PH_MACOS_NOTE, 0 },
	{ "--getloggingopt", PH_MACOS_ASK, 0 },
	{ "--setloggingopt", PH_MACOS_NOTE, 0 },
	{ "--listapps", PH_MACOS_ASK, 0 },
	{ "-l", PH_MACOS_ASK, 0 },
	{ "--help", PH_MACOS_ASK, 0 },
	{ "-h", PH_MACOS_ASK, 0 },
	{ "--add", PH_MACOS_ADD, 0 },
	{ "--remove", PH_MACOS_REMOVE, 0 },
	{ "--unblockapp", PH_MACOS_ALLOW, 0 },
	{ "--blockapp", PH_MACOS_BLOCK, 0 },
	{ "--getappblocked", PH_MACOS_ASK_APP, 0 },
};

const struct ph_macos_option *
ph_macos_options(size_t *n)
{
	*n = sizeof(options) / sizeof(*options);
	return options;
}

static const struct ph_macos_sentence sentences[] = {
	{ "Firewall is set to block all non-essential incoming connections",
	  PH_MACOS_SAYS_SWITCH, PH_MACOS_BLOCK_ALL, NULL },
	{ "Firewall has block all state set to ",
	  PH_MACOS_SAYS_SWITCH, PH_MACOS_BLOCK_ALL, NULL },
	{ "Block all ", PH_MACOS_SAYS_SWITCH, PH_MACOS_BLOCK_ALL, NULL },
	{ "Automatically allow signed built-in software ",
	  PH_MACOS_SAYS_SWITCH, PH_MACOS_SIGNED_BUILTIN, NULL },
	{ "Automatically allow built-in signed software ",
	  PH_MACOS_SAYS_SWITCH, PH_MACOS_SIGNED_BUILTIN, NULL },
	{ "Automatically allow downloaded signed software ",
	  PH_MACOS_SAYS_SWITCH, PH_MACOS_SIGNED_DOWNLOADED, NULL },
	{ "Stealth mode ", PH_MACOS_SAYS_SWITCH, PH_MACOS_STEALTH, NULL },
	{ "Firewall stealth mode is ", PH_MACOS_SAYS_SWITCH, PH_MACOS_STEALTH, NULL },
	{ "Firewall is ", PH_MACOS_SAYS_STATE, 0, NULL },
	{ "ALF: total number of apps = ", PH_MACOS_SAYS_COUNT, 0, NULL },
	{ "Total number of apps = ", PH_MACOS_SAYS_COUNT, 0, NULL },
	{ "Log mode is ", PH_MACOS_SAYS_NOTHING, 0, NULL },
	{ "Log Option is ", PH_MACOS_SAYS_NOTHING, 0, NULL },
	{ "( Allow incoming connections )", PH_MACOS_SAYS_ALLOW, 0, NULL },
	{ "( Block incoming connections )", PH_MACOS_SAYS_BLOCK, 0, NULL },
	{ "(Allow incoming connections)", PH_MACOS_SAYS_ALLOW, 0, NULL },
	{ "(Block incoming connections)", PH_MACOS_SAYS_BLOCK, 0, NULL },
};

bool
ph_macos_sentence(struct ph_str line, struct ph_macos_sentence *out)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++) {
		size_t n = strlen(sentences[i].begin);

		if (line.len < n || strncasecmp(line.s, sentences[i].begin, n) != 0)
			continue;
		*out = sentences[i];
		out->rest = line.s + n;
		return true;
	}
	return false;
}

bool
ph_macos_on_off(struct ph_str word, enum ph_macos_say *out)
{
	static const struct {
		const char *word;
		enum ph_macos_say say;
	} words[] = {
		{ "on", PH_MACOS_ON }, { "off", PH_MACOS_OFF },
		{ "enabled", PH_MACOS_ON }, { "disabled", PH_MACOS_OFF },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ph_str_case_eq(word, words[i].word)) {
			*out = words[i].say;
			return true;
		}
	return false;
}
