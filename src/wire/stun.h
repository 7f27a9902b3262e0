/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_STUN_H
#define PH_WIRE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "net/addr.h"
#include "wire/stun_auth.h"

/*
 * DOC: STUN messages
 *
 * RFC 8489 section 5, the header:
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|0 0|     STUN Message Type     |         Message Length        |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|                  Magic Cookie = 0x2112A442                    |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|                     Transaction ID (96 bits)                  |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * followed by attributes (section 14), each padded to four bytes; the length
 * counts everything after the header:
 *
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|         Type                  |            Length             |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|                         Value (variable)                ....  |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * A message is a struct with a field for each attribute we know and a bit in
 * ${has} that says whether it is there; a field without its bit has no meaning and
 * need not be set.  Every attribute is one row in stun_attr.c, which reads, writes
 * and prints it.  What was read borrows from the bytes it was read from.
 *
 * Of an attribute that comes more than once only the first counts (section 14), but
 * for XOR-PEER-ADDRESS and XOR-RELAYED-ADDRESS, which are lists.  What follows
 * MESSAGE-INTEGRITY is passed over, but for MESSAGE-INTEGRITY-SHA256 and
 * FINGERPRINT (14.5): nobody has vouched for it.
 */
enum {
	PH_STUN_COOKIE = 0x2112a442,
	PH_STUN_HEADER = 20,		/* bytes */
	PH_STUN_MAX = PH_STUN_HEADER + 65532,
	PH_STUN_MAX_LIST = 16,		/* addresses in one message */
	PH_STUN_MAX_UNKNOWN = 16,
	PH_STUN_MAX_ALGORITHMS = 8,
};

enum ph_stun_class { PH_STUN_REQUEST, PH_STUN_INDICATION, PH_STUN_SUCCESS, PH_STUN_ERROR };

enum ph_stun_method {
	PH_STUN_BINDING = 0x001,
	PH_STUN_ALLOCATE = 0x003,		/* RFC 8656 17 */
	PH_STUN_REFRESH = 0x004,
	PH_STUN_SEND = 0x006,
	PH_STUN_DATA_IND = 0x007,
	PH_STUN_CREATE_PERMISSION = 0x008,
	PH_STUN_CHANNEL_BIND = 0x009,
	PH_STUN_CONNECT = 0x00a,		/* RFC 6062 6.1 */
	PH_STUN_CONNECTION_BIND = 0x00b,
	PH_STUN_CONNECTION_ATTEMPT = 0x00c,
};

/* In the order of their numbers, which stand in stun_attr.c. */
enum ph_stun_attr {
	PH_STUN_MAPPED_ADDRESS,
	PH_STUN_CHANGE_REQUEST,			/* RFC 5780 7.2 */
	PH_STUN_SOURCE_ADDRESS,			/* RFC 3489 11.2.5 */
	PH_STUN_CHANGED_ADDRESS,		/* RFC 3489 11.2.3 */
	PH_STUN_USERNAME,
	PH_STUN_MESSAGE_INTEGRITY,
	PH_STUN_ERROR_CODE,
	PH_STUN_UNKNOWN_ATTRIBUTES,
	PH_STUN_CHANNEL_NUMBER,			/* RFC 8656 18 */
	PH_STUN_LIFETIME,
	PH_STUN_XOR_PEER_ADDRESS,
	PH_STUN_DATA,
	PH_STUN_REALM,
	PH_STUN_NONCE,
	PH_STUN_XOR_RELAYED_ADDRESS,
	PH_STUN_REQUESTED_ADDRESS_FAMILY,
	PH_STUN_EVEN_PORT,
	PH_STUN_REQUESTED_TRANSPORT,
	PH_STUN_DONT_FRAGMENT,
	PH_STUN_MESSAGE_INTEGRITY_SHA256,
	PH_STUN_PASSWORD_ALGORITHM,
	PH_STUN_USERHASH,
	PH_STUN_XOR_MAPPED_ADDRESS,
	PH_STUN_RESERVATION_TOKEN,
	PH_STUN_PRIORITY,			/* RFC 8445 16.1 */
	PH_STUN_USE_CANDIDATE,
	PH_STUN_PADDING,			/* RFC 5780 7.6 */
	PH_STUN_RESPONSE_PORT,			/* RFC 5780 7.5 */
	PH_STUN_CONNECTION_ID,			/* RFC 6062 6.2 */
	PH_STUN_ADDITIONAL_ADDRESS_FAMILY,
	PH_STUN_ADDRESS_ERROR_CODE,
	PH_STUN_PASSWORD_ALGORITHMS,
	PH_STUN_ALTERNATE_DOMAIN,
	PH_STUN_ICMP,
	PH_STUN_SOFTWARE,
	PH_STUN_ALTERNATE_SERVER,
	PH_STUN_FINGERPRINT,
	PH_STUN_ICE_CONTROLLED,
	PH_STUN_ICE_CONTROLLING,
	PH_STUN_RESPONSE_ORIGIN,		/* RFC 5780 7.3 */
	PH_STUN_OTHER_ADDRESS,			/* RFC 5780 7.4 */
	PH_STUN_PINHOLE_TEST,			/* below */
	PH_STUN_N_ATTRS
};

#define PH_STUN_BIT(attr)	((uint64_t)1 << (attr))

struct ph_stun_addr {
	ph_u128 addr;
	uint16_t port;
};

struct ph_stun_addrs {
	struct ph_stun_addr v[PH_STUN_MAX_LIST];
	uint8_t n;
	bool more;			/* there were more than fit */
};

struct ph_bytes {
	const uint8_t *p;
	size_t len;
};

struct ph_stun_error {
	uint16_t code;			/* 300-699 */
	uint8_t family;			/* ADDRESS-ERROR-CODE only */
	struct ph_str reason;
};

struct ph_stun_unknown {
	uint16_t v[PH_STUN_MAX_UNKNOWN];
	uint8_t n;
};

/* RFC 8489 14.12: 1 is MD5, 2 is SHA-256; both without parameters. */
struct ph_stun_algorithm {
	uint16_t number;
	struct ph_bytes params;
};

struct ph_stun_algorithms {
	struct ph_stun_algorithm v[PH_STUN_MAX_ALGORITHMS];
	uint8_t n;
};

struct ph_stun_icmp {			/* RFC 8656 18.13 */
	uint8_t type, code;
	uint32_t data;			/* the MTU of "fragmentation needed", else 0 */
};

enum { PH_STUN_CHANGE_IP = 4, PH_STUN_CHANGE_PORT = 2 };
enum { PH_STUN_IPV4 = 1, PH_STUN_IPV6 = 2 };	/* families on the wire */

/*
 * DOC: PINHOLE-TEST, 0xC0F0
 *
 * In a Binding Request of a probe it says what the responder is to do; a STUN
 * server that does not know it answers as ever, the number being one of those that
 * may be ignored.  In the response it says what arrived.
 *
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|     mode      |     flags     |             count             |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|                           delay, ms                           |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|      ToS      |      TTL      |             bytes             |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
enum ph_stun_test_mode {
	PH_STUN_TEST_NOW,		/* reply at once */
	PH_STUN_TEST_SILENT,		/* take note, do not reply */
	PH_STUN_TEST_AFTER,		/* reply after ${delay_ms}, once */
	PH_STUN_TEST_REPEAT,		/* reply ${count} times, every ${delay_ms} */
};

enum { PH_STUN_TEST_TOS = 1 };	/* flag: mark the reply with the ToS byte below */

struct ph_stun_test {
	uint8_t mode, flags;		/* as sent, in the response too */
	uint16_t count;			/* response: which of the replies, from 0 */
	uint32_t delay_ms;
	uint8_t tos, ttl;		/* response: of the request on arrival; else see above */
	uint16_t bytes;		/* request: UDP payload the reply is to have, by PADDING, but no */
				/* more than the request; 0: as short as it can be. */
				/* Response: UDP payload of the request */
};

struct ph_stun {
	uint16_t method;
	uint8_t class;			/* enum ph_stun_class */
	uint32_t cookie;		/* other than PH_STUN_COOKIE: RFC 3489 */
	uint8_t id[12];
	uint64_t has;			/* PH_STUN_BIT() of each attribute */

	struct ph_stun_addr mapped, source, changed, xor_mapped, alternate, origin, other;
	struct ph_stun_addrs peers, relayed;
	struct ph_str username, realm, nonce, software, domain;
	struct ph_stun_error error, address_error;
	struct ph_stun_unknown unknown;	/* what UNKNOWN-ATTRIBUTES lists */
	struct ph_stun_algorithm algorithm;
	struct ph_stun_algorithms algorithms;
	struct ph_bytes data;
	struct ph_stun_icmp icmp;
	struct ph_stun_test test;
	uint64_t tie_breaker;		/* ICE-CONTROLLED, ICE-CONTROLLING */
	uint32_t change;		/* PH_STUN_CHANGE_ */
	uint32_t lifetime;		/* seconds */
	uint32_t priority, connection;
	uint16_t channel, padding, response_port;	/* padding: its bytes */
	uint8_t family, more_family;	/* REQUESTED-, ADDITIONAL-; PH_STUN_IPV4 … or other */
	uint8_t transport;		/* protocol number: 17, 6 */
	bool even_reserve;		/* EVEN-PORT: reserve the next one too */
	uint8_t userhash[32], token[8];

	/* Set by ph_stun_decode(): */
	const uint8_t *bytes;		/* the message */
	size_t len;
	struct ph_stun_unknown strange;	/* unknown, comprehension-required, as many as fit */
	uint16_t bad_attr;		/* number of the first that could not be read, or 0 */
	uint16_t at_sha1, at_sha256, sha256_len;	/* places of the integrity attributes */
};

enum ph_stun_fault {
	PH_STUN_OK,
	PH_STUN_NOT,			/* no STUN message: bits, length, cookie, or FINGERPRINT */
	PH_STUN_CUT,			/* shorter than it says, or longer */
	PH_STUN_ATTRS,			/* attributes do not add up to the message */
	PH_STUN_VALUE,			/* ${bad_attr} cannot be what it says; the rest was read */
};

/* What ph_stun_encode() adds at the end. */
struct ph_stun_seal {
	struct ph_stun_auth *auth;	/* the key, when any integrity is asked for */
	bool sha1, sha256;		/* MESSAGE-INTEGRITY, -SHA256 */
	bool fingerprint;
};

/* ph_stun_init(m, method, class, id): a message without attributes; ${id} of 12 bytes. */
void ph_stun_init(struct ph_stun *, enum ph_stun_method, enum ph_stun_class, const void *);

/* ph_stun_reply(m, to, class): a reply without attributes to the request ${to}. */
void ph_stun_reply(struct ph_stun *, const struct ph_stun *, enum ph_stun_class);

/*
 * ph_stun_refuse(m, to, code): an error response with the reason that the RFCs
 * give ${code}; for 420 with what of ${to} was strange.
 */
void ph_stun_refuse(struct ph_stun *, const struct ph_stun *, uint16_t);

/*
 * ph_stun_encode(m, seal, out, cap): the message's bytes; how many, or 0 when they do
 * not fit ${cap} or a field does not fit its attribute.  ${seal} NULL: nothing at the end.
 */
size_t ph_stun_encode(const struct ph_stun *, const struct ph_stun_seal *, void *, size_t);

/*
 * ph_stun_decode(m, p, n): read the one message that is all of ${p}.  FINGERPRINT is checked
 * when it is there, integrity is not: ph_stun_verify().  A comprehension-optional
 * attribute that cannot be read is passed over like an unknown one.
 */
enum ph_stun_fault ph_stun_decode(struct ph_stun *, const void *, size_t);

/*
 * ph_stun_verify(m, auth): is the decoded message's integrity there, and right?  The
 * stronger attribute decides when both are there (RFC 8489 9.1.3).
 */
bool ph_stun_verify(const struct ph_stun *, struct ph_stun_auth *);

/* ph_stun_has(m, attr): is it there? */
static inline bool
ph_stun_has(const struct ph_stun *m, enum ph_stun_attr attr)
{
	return (m->has & PH_STUN_BIT(attr)) != 0;
}

/* ph_stun_set(m, attr): it is there; its field is the caller's to fill in. */
static inline void
ph_stun_set(struct ph_stun *m, enum ph_stun_attr attr)
{
	m->has |= PH_STUN_BIT(attr);
}

/* ph_stun_add(list, addr, port): one more address; ${more} when the list is full. */
void ph_stun_add(struct ph_stun_addrs *, ph_u128, uint16_t);

/*
 * ph_stun_strange(m, taken, out): the comprehension-required attributes of ${m} that
 * are unknown or not among the bits of ${taken}; their number.  Not 0: answer 420.
 */
unsigned ph_stun_strange(const struct ph_stun *, uint64_t, struct ph_stun_unknown *);

/* ph_stun_looks(p, n): could ${p} begin a STUN message with the magic cookie? */
bool ph_stun_looks(const uint8_t *, size_t);

/* ph_stun_attr_name(attr), ph_stun_attr_number(attr). */
const char *ph_stun_attr_name(enum ph_stun_attr);
uint16_t ph_stun_attr_number(enum ph_stun_attr);

/* ph_stun_method_name(method): "binding", or NULL. */
const char *ph_stun_method_name(uint16_t);

/* ph_stun_reason(code): the reason phrase of the RFCs, or "". */
const char *ph_stun_reason(uint16_t);

/* ph_stun_fault_name(fault): for people. */
const char *ph_stun_fault_name(enum ph_stun_fault);

/* ph_stun_print(b, m): the message in one line; quoted text cannot drive a terminal. */
void ph_stun_print(struct ph_buf *, const struct ph_stun *);

#endif
