/* SPDX-License-Identifier: ISC */
#include "engine/turn_client.h"

static const struct {
	const char *word, *sentence;
	bool reached;
} outcomes[PH_TURN_N_OUTCOMES] = {
	[PH_TURN_BUSY] = { "busy", "no answer yet", false },
	[PH_TURN_READY] = { "ready", "the relay gave us an address", true },
	[PH_TURN_CLOSED] = { "closed", "the relay's address was given back", true },
	[PH_TURN_LOST] = { "lost",
	    "the relay stopped answering, or took its address back", true },
	[PH_TURN_SILENT] = { "silent", "the relay does not answer", false },
	[PH_TURN_CREDENTIALS] = { "credentials",
	    "the relay is reached, but it does not take this name and password", true },
	[PH_TURN_NO_CHALLENGE] = { "no-challenge",
	    "the relay asks for a password without saying for what", true },
	[PH_TURN_STALE] = { "stale", "the relay calls every nonce stale, even its newest", true },
	[PH_TURN_BID_DOWN] = { "bid-down",
	    "somebody on the way takes the stronger signatures out of the relay's answers", true },
	[PH_TURN_ALGORITHM] = { "algorithm", "the relay offers no way to sign that we know", true },
	[PH_TURN_UNSIGNED] = { "unsigned", "what answers does not know our password", true },
	[PH_TURN_ELSEWHERE] = { "elsewhere", "the relay sends its clients to another one", true },
	[PH_TURN_FORBIDDEN] = { "forbidden", "the relay's operator forbids it", true },
	[PH_TURN_MISMATCH] = { "mismatch",
	    "the relay thinks that this connection already has an address, or has none", true },
	[PH_TURN_FAMILY] = { "family", "the relay has no address of this family to give", true },
	[PH_TURN_TRANSPORT] = { "transport", "the relay does not relay UDP", true },
	[PH_TURN_QUOTA] = { "quota", "this name has as many addresses as it may have", true },
	[PH_TURN_CAPACITY] = { "capacity", "the relay is full", true },
	[PH_TURN_NO_TURN] = { "no-turn", "what answers is no relay", true },
	[PH_TURN_ERROR] = { "error", "the relay answers with an error", true },
	[PH_TURN_GARBLED] = { "garbled", "the relay says yes, but gives no address", true },
};

const char *
ph_turn_outcome_word(enum ph_turn_outcome o)
{
	return outcomes[o].word;
}

const char *
ph_turn_outcome_sentence(enum ph_turn_outcome o)
{
	return outcomes[o].sentence;
}

bool
ph_turn_reached(enum ph_turn_outcome o)
{
	return outcomes[o].reached;
}

enum ph_turn_outcome
ph_turn_outcome_of(uint16_t code)
{
	static const struct {
		uint16_t code;
		enum ph_turn_outcome outcome;
	} of[] = {
		{ 300, PH_TURN_ELSEWHERE }, { 400, PH_TURN_NO_TURN }, { 401, PH_TURN_CREDENTIALS },
		{ 403, PH_TURN_FORBIDDEN }, { 404, PH_TURN_NO_TURN }, { 405, PH_TURN_NO_TURN },
		{ 420, PH_TURN_NO_TURN }, { 437, PH_TURN_MISMATCH }, { 438, PH_TURN_STALE },
		{ 440, PH_TURN_FAMILY }, { 441, PH_TURN_CREDENTIALS }, { 442, PH_TURN_TRANSPORT },
		{ 486, PH_TURN_QUOTA }, { 508, PH_TURN_CAPACITY },
	};

	for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (of[i].code == code)
			return of[i].outcome;
	return PH_TURN_ERROR;
}
