/* SPDX-License-Identifier: ISC */
#ifndef PH_DIALECT_MACOS_WORDS_H
#define PH_DIALECT_MACOS_WORDS_H

#include "dialect/macos/firewall.h"

enum ph_macos_option_kind {
	PH_MACOS_ASK,			/* prints something; that is read by itself */
	PH_MACOS_SET,			/* on | off */
	PH_MACOS_NOTE,			/* one word, no matter here */
	PH_MACOS_ADD, PH_MACOS_REMOVE, PH_MACOS_ALLOW, PH_MACOS_BLOCK,	/* PATH */
	PH_MACOS_ASK_APP,		/* PATH; prints one sentence of no matter */
};

/* Options of socketfilterfw. */
struct ph_macos_option {
	const char *word;
	enum ph_macos_option_kind kind;
	enum ph_macos_switch which;	/* SET */
};

/* ph_macos_options(n): all of them. */
const struct ph_macos_option *ph_macos_options(size_t *);

enum ph_macos_sentence_kind {
	PH_MACOS_SAYS_SWITCH,		/* begins so and ends in a word for on or off */
	PH_MACOS_SAYS_STATE,		/* "... (State = N)" */
	PH_MACOS_SAYS_COUNT,		/* "... = N": programs that follow */
	PH_MACOS_SAYS_NOTHING,		/* of no matter here */
	PH_MACOS_SAYS_ALLOW, PH_MACOS_SAYS_BLOCK,	/* of the program above */
};

/* What socketfilterfw prints, releases 10.7 to 15. */
struct ph_macos_sentence {
	const char *begin;
	enum ph_macos_sentence_kind kind;
	enum ph_macos_switch which;	/* SWITCH */
	const char *rest;		/* what stood behind */
};

/*
 * ph_macos_sentence(line, out):
 * The sentence that ${line} is, with ${out}->rest the text behind its beginning
 * up to the end of ${line}.  Letters' case does not matter.
 */
bool ph_macos_sentence(struct ph_str, struct ph_macos_sentence *);

/* ph_macos_on_off(word, out): "on", "off", "enabled", "disabled". */
bool ph_macos_on_off(struct ph_str, enum ph_macos_say *);

#endif
