/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_CONTROL_H
#define PH_WIRE_CONTROL_H

#include "wire/cursor.h"

/*
 * DOC: What a probe and its responder tell each other
 *
 * Over one TLS connection, on which both have shown their keys, the client says
 * what it needs and the responder what it saw.  Frames:
 *
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|             type              |            length             |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|  body of that many bytes ...
 *
 * Every request is answered once, in order: HELLO by WELCOME, BIND and CONNECT by BOUND,
 * RELEASE and SEND by DONE, RECEIPTS by one or more RECEIPTS of which the last says so,
 * MIRROR by MIRRORED, EXPORTER by EXPORTED, STREAM by DONE, STREAM_END by STREAMED, PING
 * by PONG; any by ERROR.  BYE ends it.
 *
 * Datagrams of a probe are Binding Requests (wire/stun.h) under the session's user
 * name and key.  Their transaction id says what they belong to, see ph_control_id.
 */
enum { PH_CONTROL_VERSION = 1 };

enum ph_control_limits {
	PH_CONTROL_HEADER = 4,
	PH_CONTROL_BODY = 16384,	/* bytes of a body, at most */
	PH_CONTROL_RANGES = 512,	/* of a BIND, BOUND or SEND */
	PH_CONTROL_ITEMS = 256,		/* receipts of one frame */
	PH_CONTROL_BYTES = 8000,	/* of a MIRRORED message, each way */
	PH_CONTROL_TEXT = 160,
	PH_CONTROL_KEY = 32, PH_CONTROL_SALT = 4, PH_CONTROL_NAME = 24,
};

#define PH_CONTROL_ALPN "pinhole/1"

enum ph_control_type {
	PH_CONTROL_HELLO = 1, PH_CONTROL_WELCOME,
	PH_CONTROL_BIND, PH_CONTROL_BOUND,
	PH_CONTROL_RELEASE, PH_CONTROL_DONE,
	PH_CONTROL_RECEIPTS_GET, PH_CONTROL_RECEIPTS,
	PH_CONTROL_SEND,
	PH_CONTROL_MIRROR, PH_CONTROL_MIRRORED,
	PH_CONTROL_EXPORTER, PH_CONTROL_EXPORTED,
	PH_CONTROL_PING, PH_CONTROL_PONG,
	PH_CONTROL_BYE, PH_CONTROL_ERROR,
	PH_CONTROL_STREAM, PH_CONTROL_STREAM_END, PH_CONTROL_STREAMED,
	PH_CONTROL_CONNECT,
	PH_CONTROL_TYPES,
};

/* What ports are bound for. */
enum ph_control_proto {
	PH_CONTROL_UDP, PH_CONTROL_TCP, PH_CONTROL_TLS,
	PH_CONTROL_SIP_UDP, PH_CONTROL_SIP_TCP, PH_CONTROL_SIP_TLS,
	PH_CONTROL_RAS, PH_CONTROL_H225,
	PH_CONTROL_PROTOS,
};

struct ph_control_range { uint16_t lo, hi; };

struct ph_control_ranges {
	const struct ph_control_range *v;
	size_t n;
};

struct ph_control_welcome {
	uint16_t version;
	uint8_t name[PH_CONTROL_NAME];	/* user name of the session's datagrams, hex digits */
	uint8_t key[PH_CONTROL_KEY];
	uint8_t salt[PH_CONTROL_SALT];
	ph_u128 seen;			/* the client's address and port on this connection */
	uint16_t seen_port;
	ph_u128 other;			/* second address for RFC 5780, or 0 */
	uint16_t stun_port, other_port;	/* 0: no STUN service */
	uint32_t max_ports, max_pps, max_s;
};

struct ph_control_bound {
	uint8_t proto;
	struct ph_control_ranges failed;	/* could not be bound; the others are */
	uint16_t err;			/* errno of the first */
};

/* Send a datagram from each port of ${from} to the same port of ${to}, or all to its first. */
struct ph_control_send {
	struct ph_control_range from, to;
	uint8_t kind, tries;
	uint32_t pps;
};

/* Datagrams with one kind and number; bit n of ${tries}: that try arrived. */
struct ph_control_receipt {
	uint8_t kind, tos, ttl;
	uint16_t number, tries, port, len;	/* port: of the source; len: UDP payload */
	ph_u128 addr;			/* source, as it arrived */
	uint32_t ago_us;		/* the last one, before now */
};

struct ph_control_receipts {
	const struct ph_control_receipt *v;
	size_t n;
	bool more;			/* another frame follows */
};

struct ph_control_mirror { uint8_t proto; uint16_t port; };

/*
 * What passed on a leased port that speaks SIP or H.225.  UDP: the last datagram, and the
 * last answer to it; a stream: all since the last connection began.  Longer ones are cut.
 */
struct ph_control_mirrored {
	uint8_t proto;
	uint16_t port;
	ph_u128 from;
	uint16_t from_port;
	const uint8_t *bytes;		/* NULL: nothing came there */
	uint16_t len;
	const uint8_t *sent;		/* what was answered; NULL: nothing */
	uint16_t sent_len;
};

/*
 * A stream of RTP both ways (wire/rtp.h): the client's begins on its own; with its first
 * packet the far end's begins, from the leased UDP port to where that came from.
 */
struct ph_control_stream {
	uint16_t port;
	uint32_t ssrc_in, ssrc_out;	/* of the client's stream, of the far end's */
	uint32_t duration_ms;		/* of the far end's */
};

/* How the client's stream arrived, and how much of its own the far end has sent. */
struct ph_control_streamed {
	uint32_t sent;			/* by the far end */
	uint32_t expected, received, duplicated, reordered;
	uint32_t lost_ppm, jitter_us, mos_milli;	/* MOS: an estimate; 0: none */
};

/* Of the receipts those that changed since they were told last to who asked so; or all. */
struct ph_control_receipts_get { bool fresh; };

struct ph_control_error {
	uint16_t code;			/* errno */
	char text[PH_CONTROL_TEXT];
};

struct ph_control_msg {
	enum ph_control_type type;
	union {
		uint16_t version;			/* HELLO */
		struct ph_control_welcome welcome;
		/* BIND; CONNECT: to these ports of the client, and answer there */
		struct { uint8_t proto; struct ph_control_ranges ports; } bind;
		struct ph_control_bound bound;
		struct ph_control_receipts_get receipts_get;
		struct ph_control_receipts receipts;
		struct ph_control_send send;
		struct ph_control_mirror mirror;	/* EXPORTER, too */
		struct ph_control_mirrored mirrored;
		uint8_t exported[32];
		struct ph_control_stream stream;
		uint32_t stream_sent;			/* STREAM_END: packets of the client's */
		struct ph_control_streamed streamed;
		struct ph_control_error error;
	};
};

/* Room for what a decoded message refers to. */
struct ph_control_room {
	struct ph_control_range ranges[PH_CONTROL_RANGES];
	struct ph_control_receipt receipts[PH_CONTROL_ITEMS];
};

/*
 * ph_control_encode(m, out, cap): the frame; its bytes, or 0 when it does not fit or a
 * limit is exceeded.
 */
size_t ph_control_encode(const struct ph_control_msg *, uint8_t *, size_t);

/*
 * ph_control_frame(p, n): bytes of the frame that begins at ${p}: 0 when more than the
 * ${n} there are needed to tell or to have it whole, SIZE_MAX when it is too long.
 */
size_t ph_control_frame(const uint8_t *, size_t);

/*
 * ph_control_decode(m, room, p, n): read one frame of ${n} bytes.  Lists lie in ${room},
 * bytes in ${p}.  False: not a message, or not all of it.
 */
bool ph_control_decode(struct ph_control_msg *, struct ph_control_room *, const uint8_t *,
    size_t);

/* What a datagram belongs to. */
enum ph_control_kind {
	PH_CONTROL_CANARY, PH_CONTROL_SWEEP, PH_CONTROL_LADDER, PH_CONTROL_MTU,
	PH_CONTROL_FRAGMENT, PH_CONTROL_DSCP, PH_CONTROL_HOP,
	PH_CONTROL_INBOUND, PH_CONTROL_KINDS,
};

struct ph_control_id {
	enum ph_control_kind kind;
	uint8_t try;			/* 0-15 */
	uint16_t number;		/* port or flow */
};

/*
 * ph_control_id_put(id, salt, out), _get(p, salt, id): as the 12 bytes of a transaction id
 *
 *	kind (1)  try (1)  number (2)  salt (4)  zero (4)
 *
 * _get is false when the salt is not the session's: then it belongs to another.
 */
void ph_control_id_put(const struct ph_control_id *, const uint8_t *, uint8_t [12]);
bool ph_control_id_get(const uint8_t *, const uint8_t *, struct ph_control_id *);

#endif
