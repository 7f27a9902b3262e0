/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_SIP_H
#define PH_WIRE_SIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "wire/cursor.h"

/*
 * DOC: SIP as a witness
 *
 * Pinhole speaks SIP to learn what the way does to it, not to make calls.  So the
 * decoder keeps every byte where it was: all text is borrowed from the message, each
 * header knows its lines, and comparing what was sent with what arrived needs no
 * second reading (engine/alg.h).
 *
 * It reads what RFC 3261 allows: compact names, folded lines, white space around
 * separators, several values in one header or in several, CRLF as well as bare LF.  What
 * is wrong is kept as ${fault}, the first one found, and does not stop the reading: an
 * answerer needs the headers that are there to say 400.  What does not even begin like
 * SIP is not SIP, and never answered.
 *
 * Libre, which would be at hand, is not used.  Its decoder copies each header into a node
 * of its own on the heap, accepts most of the broken messages of RFC 4475 without a
 * word, and leaves the framing of streams to its transports, which are bound to its own
 * event loop; its transactions answer from that loop's sockets and timers.  What remains
 * to be used would be less than what is here, for strangers' bytes on an open port.
 */
enum {
	PH_SIP_MAX = 16384,		/* bytes of a message that is read or written */
	PH_SIP_HEADERS = 128,		/* header fields of a message */
};

enum ph_sip_transport { PH_SIP_UDP, PH_SIP_TCP, PH_SIP_TLS };

enum ph_sip_method {
	PH_SIP_OTHER_METHOD, PH_SIP_ACK, PH_SIP_BYE, PH_SIP_CANCEL, PH_SIP_INVITE,
	PH_SIP_OPTIONS, PH_SIP_REGISTER, PH_SIP_METHODS,
};

enum ph_sip_name {
	PH_SIP_OTHER, PH_SIP_ACCEPT, PH_SIP_CALL_ID, PH_SIP_CONTACT, PH_SIP_CONTENT_LENGTH,
	PH_SIP_CONTENT_TYPE, PH_SIP_CSEQ, PH_SIP_DATE, PH_SIP_EXPIRES, PH_SIP_FROM,
	PH_SIP_MAX_FORWARDS, PH_SIP_PROXY_REQUIRE, PH_SIP_RECORD_ROUTE, PH_SIP_REQUIRE,
	PH_SIP_ROUTE, PH_SIP_TO, PH_SIP_VIA, PH_SIP_NAMES,
};

/* What is wrong with a message; the words are in ph_sip_fault_word(). */
enum ph_sip_fault {
	PH_SIP_FINE, PH_SIP_BAD_START, PH_SIP_BAD_VERSION, PH_SIP_BAD_STATUS, PH_SIP_BAD_URI,
	PH_SIP_BAD_LINE, PH_SIP_BAD_VALUE, PH_SIP_MISSING, PH_SIP_REPEATED, PH_SIP_BAD_LENGTH,
	PH_SIP_OTHER_CSEQ, PH_SIP_BAD_BRANCH, PH_SIP_TOO_LARGE, PH_SIP_FAULTS,
};

struct ph_sip_header {
	enum ph_sip_name id;
	struct ph_str name;		/* as written */
	struct ph_str value;		/* without white space around; folds are in it */
	struct ph_str lines;		/* all of it, line ends included */
};

/* The first value of the first Via. */
struct ph_sip_via {
	struct ph_str transport, host, params, branch, received;
	uint16_t port;			/* 0: none */
	bool has_rport;
	uint16_t rport;			/* 0: none */
};

struct ph_sip {
	struct ph_str text;		/* the message, without what follows it */
	struct ph_str start;		/* its first line, without the line end */
	bool request;
	enum ph_sip_method method;	/* of a request */
	struct ph_str method_word, uri;
	unsigned status;		/* of a response: 100-699 */
	struct ph_str reason;
	struct ph_sip_header header[PH_SIP_HEADERS];
	size_t n_headers;
	struct ph_sip_via via;
	struct ph_str from, to, from_tag, to_tag, call_id, content_type;
	uint32_t cseq;
	struct ph_str cseq_method;
	uint32_t max_forwards;		/* 70 when there is none */
	struct ph_str body;
	enum ph_sip_fault fault;
	enum ph_sip_name fault_in;	/* the header that has it, or PH_SIP_OTHER */
	bool answerable;		/* a request with all that an answer repeats */
};

/*
 * ph_sip_decode(p, n, out):
 * Read a datagram, or one message of a stream.  False: not SIP at all.  True does not
 * mean well-formed: see ${out}->fault.  All text points into ${p}.
 */
bool ph_sip_decode(const void *, size_t, struct ph_sip *);

/*
 * ph_sip_frame(p, n, skip):
 * What stands first in the ${n} bytes of a stream: *${skip} bytes of empty lines
 * (keep-alives, RFC 5626 3.5.1), then a message of the returned length.  0: not all
 * of it is there yet.  SIZE_MAX: no message can be made of this, close the stream; over
 * a stream a message without Content-Length is one of these (RFC 3261 20.14).
 */
size_t ph_sip_frame(const void *, size_t, size_t *skip);

/* ph_sip_find(m, id, i): the ${i}th header of that name from 0, or NULL. */
const struct ph_sip_header *ph_sip_find(const struct ph_sip *, enum ph_sip_name, size_t);

/*
 * ph_sip_param(params, name, out):
 * Look for a parameter in ";a=b;c"; *${out} is its value, quotes included, empty when
 * it has none.
 */
bool ph_sip_param(struct ph_str, const char *, struct ph_str *);

/*
 * ph_sip_item(list, out):
 * Take the next word off a comma-separated *${list}; false when there is none.
 */
bool ph_sip_item(struct ph_str *, struct ph_str *);

/* ph_sip_header_word(id): the full name, "Call-ID"; "" for PH_SIP_OTHER. */
const char *ph_sip_header_word(enum ph_sip_name);

/* ph_sip_header_name(h): its full name when it is a known one, else as written. */
struct ph_str ph_sip_header_name(const struct ph_sip_header *);

/* ph_sip_method_word(m), ph_sip_transport_word(t): "INVITE"; "UDP". */
const char *ph_sip_method_word(enum ph_sip_method);
const char *ph_sip_transport_word(enum ph_sip_transport);

/* ph_sip_fault_word(f): a few words for the reason of a 400. */
const char *ph_sip_fault_word(enum ph_sip_fault);

/* One of our own requests; the same ${id} and ${cseq} make the same bytes. */
struct ph_sip_call {
	enum ph_sip_transport transport;
	ph_u128 local, remote;
	uint16_t local_port, remote_port;
	uint64_t id;			/* Call-ID, tag and branch are made of it */
	uint32_t cseq;
	uint16_t media_port;		/* of audio in SDP, video two higher; 0: no SDP */
	struct ph_str to_tag;		/* of the answer, in ACK and BYE; or empty */
	bool odd;			/* unusual but valid spacing, case and order */
};

/*
 * ph_sip_request(w, call, method):
 * Write a request with what RFC 3261 8.1.1 and RFC 3581 want.  ACK repeats the branch of
 * its INVITE, as the ACK of a refusal does (17.1.1.3), and CANCEL too.
 */
void ph_sip_request(struct ph_writer *, const struct ph_sip_call *, enum ph_sip_method);

/* How to answer. */
struct ph_sip_answer {
	unsigned status;
	const char *reason;		/* NULL: the usual one */
	const char *to_tag;		/* added when the request has none; NULL: never */
	ph_u128 from;			/* where the request came from */
	uint16_t from_port;
	const char *more;		/* whole header lines with CRLF, or NULL */
};

/*
 * ph_sip_response(w, request, answer):
 * Write the answer to an answerable ${request} (RFC 3261 8.2.6): all its Vias, the
 * first with received and rport (18.2.1, RFC 3581 4), From, To, Call-ID, CSeq.
 */
void ph_sip_response(struct ph_writer *, const struct ph_sip *, const struct ph_sip_answer *);

/* ph_sip_reason(status): the usual phrase, or that of the class. */
const char *ph_sip_reason(unsigned);

/* What an answer to one of our requests tells.  Any of them: the way is open. */
enum ph_sip_reply {
	PH_SIP_NOT_OURS,		/* not a response, or to another request */
	PH_SIP_PROGRESS,		/* 1xx */
	PH_SIP_SUCCESS,			/* 2xx */
	PH_SIP_ELSEWHERE,		/* 3xx */
	PH_SIP_WANTS_LOGIN,		/* 401, 407 */
	PH_SIP_REFUSED,			/* other 4xx, 6xx */
	PH_SIP_TROUBLE,			/* 5xx */
	PH_SIP_REPLIES,
};

/*
 * ph_sip_reply(m, call, method):
 * Sort ${m} as an answer to the request of ${call} and ${method}, by branch, Call-ID,
 * CSeq and From tag.
 */
enum ph_sip_reply ph_sip_reply(const struct ph_sip *, const struct ph_sip_call *,
    enum ph_sip_method);

/* ph_sip_reply_word(r): "progress", "wants-login" ... */
const char *ph_sip_reply_word(enum ph_sip_reply);

/*
 * ph_sip_mapped(m, addr, port):
 * Where the other side saw our request come from: received and rport of an answer.
 * False when it does not say.
 */
bool ph_sip_mapped(const struct ph_sip *, ph_u128 *, uint16_t *);

#endif
