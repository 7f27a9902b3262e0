/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/h225_asn1.h"

enum {
	TPKT_HEADER = 4,
	Q931 = 0x08, IE_BEARER = 0x04, IE_CAUSE = 0x08, IE_USER = 0x7e, X208 = 0x05,
};

/* Q.931 message types (table 4-2), by h323-message-body. */
static const uint8_t q931_types[] = {
	[PH_H225_SETUP] = 0x05, [PH_H225_CALL_PROCEEDING] = 0x02, [PH_H225_CONNECT] = 0x07,
	[PH_H225_ALERTING] = 0x01, [PH_H225_INFORMATION] = 0x7b,
	[PH_H225_RELEASE_COMPLETE] = 0x5a, [PH_H225_FACILITY] = 0x62,
};

static const char *const words[PH_H225_TYPES] = {
	[PH_H225_SETUP] = "setup", [PH_H225_CALL_PROCEEDING] = "callProceeding",
	[PH_H225_CONNECT] = "connect", [PH_H225_ALERTING] = "alerting",
	[PH_H225_INFORMATION] = "information", [PH_H225_RELEASE_COMPLETE] = "releaseComplete",
	[PH_H225_FACILITY] = "facility", [PH_H225_ADDITION] = "another message",
};

size_t
ph_h225_frame(const void *p, size_t n)
{
	const uint8_t *b = p;
	size_t len;

	if ((n > 0 && b[0] != 3) || (n > 1 && b[1] != 0))
		return SIZE_MAX;
	if (n < TPKT_HEADER)
		return 0;
	len = ph_be16(b + 2);
	if (len < TPKT_HEADER || len > PH_H225_MAX)
		return SIZE_MAX;
	return len <= n ? len : 0;
}

/* The parts of PER, as each body has them. */

static void
read_octets16(struct ph_asn1 *a, const char *name, uint8_t out[16])
{
	const uint8_t *p = ph_per_get_octets(&a->per, 16);

	if (p == NULL)
		return;
	memcpy(out, p, 16);
	ph_asn1_note(a, name, ph_per_byte(&a->per) - 16);
}

/* CallIdentifier ::= SEQUENCE { guid OCTET STRING (SIZE(16)), ... }, in an open type */
static void
read_call_id(struct ph_asn1 *a, struct ph_h225 *m)
{
	struct ph_asn1 part = { .parts = a->parts };

	part.per = ph_per_get_open(&a->per);
	if (part.per.bad)
		return;
	part.base = a->base + ph_per_byte(&a->per) - ph_per_left(&part.per);
	ph_per_get(&part.per, 1);
	read_octets16(&part, "callIdentifier", m->call_id);
	m->has_call_id = !part.per.bad;
	a->per.bad |= part.per.bad;
}

static void
read_source(struct ph_asn1 *a, struct ph_h225 *m)
{
	struct ph_asn1 part = { .parts = a->parts };

	part.per = ph_per_get_open(&a->per);
	if (part.per.bad)
		return;
	part.base = a->base + ph_per_byte(&a->per) - ph_per_left(&part.per);
	ph_asn1_address(&part, "sourceCallSignalAddress", &m->source);
	a->per.bad |= part.per.bad;
}

/* Additions of a body: the ${call_id}th is callIdentifier, the ${source}th the address. */
static void
read_additions(struct ph_asn1 *a, struct ph_h225 *m, unsigned call_id, unsigned source)
{
	uint64_t map;
	unsigned n = ph_per_get_additions(&a->per, &map);

	for (unsigned i = 0; i < n && !a->per.bad; i++) {
		if ((map >> (n - 1 - i) & 1) == 0)
			continue;
		if (i == call_id)
			read_call_id(a, m);
		else if (i == source)
			read_source(a, m);
		else
			ph_per_get_open(&a->per);
	}
}

enum { NO_SOURCE = 64 };

/*
 * Setup-UUIE ::= SEQUENCE { protocolIdentifier, h245Address O, sourceAddress O, sourceInfo,
 *	destinationAddress O, destCallSignalAddress O, destExtraCallInfo O, destExtraCRV O,
 *	activeMC, conferenceID, conferenceGoal, callServices O, callType, ...,
 *	sourceCallSignalAddress, remoteExtensionAddress, callIdentifier, ... }
 * Names of people (aliases) are not read, nor what is behind them.
 */
enum { H245 = 64, SOURCE_ADDRESS = 32, DESTINATIONS = 16 | 4 | 2, DEST_SIGNAL = 8, SERVICES = 1 };

static void
read_setup(struct ph_asn1 *a, struct ph_h225 *m)
{
	bool more = ph_per_get(&a->per, 1), ext;
	uint32_t has = ph_per_get(&a->per, 7);
	struct ph_h225_address destination = { 0 };

	ph_asn1_protocol(a);
	if ((has & H245) != 0)
		ph_asn1_address(a, "h245Address", &m->h245);
	if ((has & SOURCE_ADDRESS) != 0)
		a->partly = true;
	if (!a->partly)
		ph_asn1_endpoint_type(a);
	if ((has & DESTINATIONS) != 0)
		a->partly = true;
	if (!a->partly && (has & DEST_SIGNAL) != 0)
		ph_asn1_address(a, "destCallSignalAddress", &destination);
	if (a->partly)
		return;
	ph_per_get(&a->per, 1);			/* activeMC */
	read_octets16(a, "conferenceID", m->conference_id);
	ph_per_get_choice(&a->per, 2, &ext);	/* conferenceGoal */
	if (ext)
		ph_per_get_open(&a->per);
	a->partly = (has & SERVICES) != 0;
	if (a->partly)
		return;
	ph_per_get_choice(&a->per, 2, &ext);	/* callType */
	if (ext)
		ph_per_get_open(&a->per);
	if (more)
		read_additions(a, m, 2, 0);
}

/* { protocolIdentifier, destinationInfo, h245Address O, ..., callIdentifier, ... } */
static void
read_progress(struct ph_asn1 *a, struct ph_h225 *m)
{
	bool more = ph_per_get(&a->per, 1), h245 = ph_per_get(&a->per, 1);

	ph_asn1_protocol(a);
	ph_asn1_endpoint_type(a);
	if (!a->partly && h245)
		ph_asn1_address(a, "h245Address", &m->h245);
	if (!a->partly && more)
		read_additions(a, m, 0, NO_SOURCE);
}

/* { protocolIdentifier, h245Address O, destinationInfo, conferenceID, ..., callIdentifier } */
static void
read_connect(struct ph_asn1 *a, struct ph_h225 *m)
{
	bool more = ph_per_get(&a->per, 1), h245 = ph_per_get(&a->per, 1);

	ph_asn1_protocol(a);
	if (h245)
		ph_asn1_address(a, "h245Address", &m->h245);
	if (!a->partly)
		ph_asn1_endpoint_type(a);
	if (a->partly)
		return;
	read_octets16(a, "conferenceID", m->conference_id);
	if (more)
		read_additions(a, m, 0, NO_SOURCE);
}

/* { protocolIdentifier, reason O, ..., callIdentifier, ... } */
static void
read_release(struct ph_asn1 *a, struct ph_h225 *m)
{
	bool more = ph_per_get(&a->per, 1), reason = ph_per_get(&a->per, 1), ext = false;

	ph_asn1_protocol(a);
	if (reason)
		ph_per_get_choice(&a->per, 4, &ext);
	if (ext)
		ph_per_get_open(&a->per);
	if (more)
		read_additions(a, m, 0, NO_SOURCE);
}

static void
read_other(struct ph_asn1 *a, struct ph_h225 *m)
{
	(void)m;
	a->partly = true;
}

static void (*const bodies[PH_H225_TYPES])(struct ph_asn1 *, struct ph_h225 *) = {
	[PH_H225_SETUP] = read_setup, [PH_H225_CALL_PROCEEDING] = read_progress,
	[PH_H225_CONNECT] = read_connect, [PH_H225_ALERTING] = read_progress,
	[PH_H225_INFORMATION] = read_other, [PH_H225_RELEASE_COMPLETE] = read_release,
	[PH_H225_FACILITY] = read_other, [PH_H225_ADDITION] = read_other,
};

/*
 * H323-UserInformation ::= SEQUENCE { h323-uu-pdu { h323-message-body CHOICE (7),
 *	nonStandardData O, ... }, user-data O, ... }
 */
static bool
read_user_information(const uint8_t *p, size_t n, size_t base, struct ph_h225 *m)
{
	struct ph_asn1 a = { .per = ph_per_reader(p, n), .base = base, .parts = &m->parts };
	uint32_t which;
	bool ext;

	ph_per_get(&a.per, 4);	/* four preambles; all that they tell of comes later */
	which = ph_per_get_choice(&a.per, 3, &ext);
	m->type = ext || which >= PH_H225_ADDITION ? PH_H225_ADDITION : (enum ph_h225_type)which;
	if (!a.per.bad)
		bodies[m->type](&a, m);
	m->partly = a.partly;
	return !a.per.bad && n > 0;
}

static void
note(struct ph_h225 *m, const char *name, size_t off, size_t len)
{
	if (m->parts.n < PH_H225_PARTS)
		m->parts.v[m->parts.n++] = (struct ph_h225_part){ name, off, len };
}

/* Information elements up to the user's, which has a longer length. */
static bool
read_elements(struct ph_reader *r, const uint8_t *start, struct ph_h225 *m)
{
	while (ph_reader_left(r) > 0) {
		uint8_t id = ph_reader_u8(r);
		struct ph_reader ie;
		size_t off, len;

		if (id >= 0x80)		/* one byte is all of it */
			continue;
		len = id == IE_USER ? ph_reader_u16(r) : ph_reader_u8(r);
		ie = ph_reader_sub(r, len);
		if (ie.bad)
			return false;
		off = (size_t)(ie.p - start);
		if (id == IE_CAUSE && len >= 2)
			m->cause = ie.p[len - 1] & 0x7f;
		if (id != IE_USER) {
			note(m, id == IE_BEARER ? "bearer capability" : id == IE_CAUSE ? "cause" :
			    "information element", off, len);
			continue;
		}
		return ph_reader_u8(&ie) == X208 &&
		    read_user_information(ie.p, ph_reader_left(&ie), off + 1, m);
	}
	return false;
}

bool
ph_h225_decode(const void *p, size_t n, struct ph_h225 *m)
{
	struct ph_reader r = ph_reader(p, n);
	uint16_t crv;

	*m = (struct ph_h225){ 0 };
	if (n == 0 || ph_h225_frame(p, n) != n)
		return false;
	ph_reader_skip(&r, TPKT_HEADER);
	note(m, "TPKT length", 2, 2);
	if (ph_reader_u16(&r) != (Q931 << 8 | 2))
		return false;
	crv = ph_reader_u16(&r);
	note(m, "call reference", 6, 2);
	m->call_reference = crv & 0x7fff;
	m->from_called = crv >> 15;
	m->q931 = ph_reader_u8(&r);
	note(m, "message type", 8, 1);
	return !r.bad && read_elements(&r, p, m);
}

static void
put_call_id(struct ph_per *w, const struct ph_h225 *m)
{
	ph_per_put_length(w, 17);
	ph_per_put(w, 1, 0);
	ph_per_put_octets(w, m->call_id, 16);
}

static void
put_flag(struct ph_per *w)
{
	ph_per_put_length(w, 1);
	ph_per_put(w, 8, 0);
}

static void
put_setup(struct ph_per *w, const struct ph_h225 *m)
{
	uint8_t b[24];
	struct ph_per source = ph_per_writer(b, sizeof(b));

	ph_per_put(w, 8, 0x80 | (m->h245.there ? H245 : 0));
	ph_asn1_put_protocol(w);
	if (m->h245.there)
		ph_asn1_put_address(w, &m->h245);
	ph_asn1_put_endpoint_type(w);
	ph_per_put(w, 1, 0);
	ph_per_put_octets(w, m->conference_id, 16);
	ph_per_put(w, 3, 0);		/* conferenceGoal create */
	ph_per_put(w, 3, 0);		/* callType pointToPoint */
	/* callIdentifier, mediaWaitForConnect, canOverlapSend, multipleCalls, maintainConnection */
	ph_per_put_additions(w, 12, 0x21b | (m->source.there ? 0x800 : 0));
	if (m->source.there) {
		ph_asn1_put_address(&source, &m->source);
		ph_per_put_length(w, ph_per_byte(&source));
		ph_per_put_octets(w, b, ph_per_byte(&source));
	}
	put_call_id(w, m);
	for (int i = 0; i < 4; i++)
		put_flag(w);
	ph_per_put_additions(w, 2, 1);	/* of the PDU: h245Tunneling */
	put_flag(w);
}

static void
put_progress(struct ph_per *w, const struct ph_h225 *m)
{
	ph_per_put(w, 2, 2);
	ph_asn1_put_protocol(w);
	ph_asn1_put_endpoint_type(w);
	ph_per_put_additions(w, 1, 1);
	put_call_id(w, m);
}

static void
put_release(struct ph_per *w, const struct ph_h225 *m)
{
	ph_per_put(w, 2, 2);
	ph_asn1_put_protocol(w);
	ph_per_put_additions(w, 1, 1);
	put_call_id(w, m);
}

static void
put_user_information(struct ph_writer *w, const struct ph_h225 *m)
{
	uint8_t b[160];
	struct ph_per per = ph_per_writer(b, sizeof(b));
	bool setup = m->type == PH_H225_SETUP;

	ph_per_put(&per, 4, setup ? 2 : 0);	/* the PDU of a Setup has an addition */
	ph_per_put(&per, 4, m->type);
	if (setup)
		put_setup(&per, m);
	else if (m->type == PH_H225_RELEASE_COMPLETE)
		put_release(&per, m);
	else
		put_progress(&per, m);
	ph_per_align(&per);
	w->bad |= per.bad;
	ph_writer_bytes(w, b, ph_per_byte(&per));
}

void
ph_h225_encode(struct ph_writer *w, const struct ph_h225 *m)
{
	static const uint8_t bearer[] = { IE_BEARER, 3, 0x88, 0x93, 0xa5 };
	size_t from = w->len;
	struct ph_scope user;

	if (m->type == PH_H225_CONNECT || m->type == PH_H225_INFORMATION ||
	    m->type >= PH_H225_FACILITY) {
		w->bad = true;
		return;
	}
	ph_writer_u16(w, 0x0300);
	ph_writer_u16(w, 0);
	ph_writer_u16(w, Q931 << 8 | 2);
	ph_writer_u16(w, (uint16_t)(m->call_reference | m->from_called << 15));
	ph_writer_u8(w, q931_types[m->type]);
	if (m->type == PH_H225_SETUP)
		ph_writer_bytes(w, bearer, sizeof(bearer));
	if (m->type == PH_H225_RELEASE_COMPLETE)
		ph_writer_bytes(w, (uint8_t[]){ IE_CAUSE, 2, 0x80, 0x80 | m->cause }, 4);
	ph_writer_u8(w, IE_USER);
	user = ph_writer_open(w, 2);
	ph_writer_u8(w, X208);
	put_user_information(w, m);
	ph_writer_close(w, user);
	if (!w->bad)
		ph_put16(w->base + from + 2, (uint16_t)(w->len - from));
}

const char *
ph_h225_word(enum ph_h225_type t)
{
	return words[t < PH_H225_TYPES ? t : PH_H225_ADDITION];
}

const struct ph_h225_part *
ph_h225_part(const struct ph_h225_parts *parts, const char *name)
{
	for (size_t i = 0; i < parts->n; i++)
		if (strcmp(parts->v[i].name, name) == 0)
			return &parts->v[i];
	return NULL;
}
