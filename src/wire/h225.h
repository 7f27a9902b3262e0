/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_H225_H
#define PH_WIRE_H225_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"

/*
 * DOC: H.323 as a witness
 *
 * Two things of H.323 can be asked without making a call: a gatekeeper, over UDP, whether
 * it is one (RAS, gatekeeperRequest), and the call signalling port, over TCP, whether
 * it answers a Setup, which is followed by ReleaseComplete at once.  And both carry
 * addresses of the sender, which is what an H.323 ALG rewrites:
 *
 *	RAS over UDP	RasMessage in PER
 *			requestSeqNum  protocolIdentifier  rasAddress  endpointType
 *
 *	H.225 over TCP	TPKT     03 00 length(2)
 *			Q.931    08 02 call reference(2) message type, information elements
 *			UUIE     7e length(2) 05, H323-UserInformation in PER
 *			         protocolIdentifier  h245Address  conferenceID  ...
 *			         sourceCallSignalAddress  callIdentifier
 *
 * The subset is written and read by hand (wire/per.h); what comes back from others is
 * read as far as the subset goes and the rest of it is left alone.  Every part that was
 * understood is noted with its place, so that what was changed can be named.
 */
enum {
	PH_H225_MAX = 4096,		/* bytes of a message that is read or written */
	PH_H225_PARTS = 24,
};

/* A part of a message, named as the standard does. */
struct ph_h225_part {
	const char *name;
	size_t off, len;		/* bytes of the message */
};

struct ph_h225_parts {
	struct ph_h225_part v[PH_H225_PARTS];
	size_t n;
};

/* A TransportAddress. */
struct ph_h225_address {
	bool there;
	ph_u128 addr;
	uint16_t port;
};

/* Choices of RasMessage that matter here, by their index; 6 to 24 are others. */
enum ph_ras_type {
	PH_RAS_GRQ, PH_RAS_GCF, PH_RAS_GRJ, PH_RAS_RRQ, PH_RAS_RCF, PH_RAS_RRJ,
	PH_RAS_KNOWN, PH_RAS_TYPES = 25, PH_RAS_ADDITION = 25,
};

/* GatekeeperRejectReason, RegistrationRejectReason: some, by their index. */
enum {
	PH_RAS_GRJ_UNAVAILABLE, PH_RAS_GRJ_EXCLUDED, PH_RAS_GRJ_REVISION, PH_RAS_GRJ_UNDEFINED,
	PH_RAS_RRJ_DISCOVER = 0, PH_RAS_RRJ_UNDEFINED = 6,
};

struct ph_ras {
	enum ph_ras_type type;
	uint16_t seq;			/* requestSeqNum, 1-65535; 0: a type not read further */
	struct ph_h225_address ras;	/* GRQ, GCF; the first of RRQ */
	struct ph_h225_address signal;	/* the first callSignalAddress of RRQ, RCF */
	unsigned reason;		/* of GRJ, RRJ; 255: one of the additions */
	struct ph_h225_parts parts;
};

/*
 * ph_ras_decode(p, n, out):
 * Read a datagram.  False: not RAS, or cut short.
 */
bool ph_ras_decode(const void *, size_t, struct ph_ras *);

/* ph_ras_encode(w, m): write GRQ, GCF, GRJ or RRJ; others make the writer bad. */
void ph_ras_encode(struct ph_writer *, const struct ph_ras *);

/* Choices of h323-message-body, by their index. */
enum ph_h225_type {
	PH_H225_SETUP, PH_H225_CALL_PROCEEDING, PH_H225_CONNECT, PH_H225_ALERTING,
	PH_H225_INFORMATION, PH_H225_RELEASE_COMPLETE, PH_H225_FACILITY, PH_H225_ADDITION,
	PH_H225_TYPES,
};

struct ph_h225 {
	enum ph_h225_type type;
	uint16_t call_reference;	/* 15 bits */
	bool from_called;		/* the flag of the call reference */
	uint8_t q931;			/* message type */
	uint8_t cause;			/* of ReleaseComplete, Q.850; 0: none */
	struct ph_h225_address h245, source;	/* source: sourceCallSignalAddress */
	bool has_call_id;
	uint8_t call_id[16], conference_id[16];
	bool partly;			/* there is more in it that was not read */
	struct ph_h225_parts parts;
};

/*
 * ph_h225_frame(p, n):
 * Length of the TPKT that the ${n} bytes of a stream begin with.  0: not all of it is
 * there.  SIZE_MAX: none.
 */
size_t ph_h225_frame(const void *, size_t);

/* ph_h225_decode(p, n, out): read one whole TPKT.  False: not H.225, or cut short. */
bool ph_h225_decode(const void *, size_t, struct ph_h225 *);

/*
 * ph_h225_encode(w, m):
 * Write Setup (addresses when there), CallProceeding, Alerting or ReleaseComplete with
 * TPKT and Q.931; others make the writer bad.
 */
void ph_h225_encode(struct ph_writer *, const struct ph_h225 *);

/* ph_ras_word(t), ph_h225_word(t): "gatekeeperRequest", "setup" ... */
const char *ph_ras_word(enum ph_ras_type);
const char *ph_h225_word(enum ph_h225_type);

/* ph_h225_part(parts, name): that part, or NULL. */
const struct ph_h225_part *ph_h225_part(const struct ph_h225_parts *, const char *);

#endif
