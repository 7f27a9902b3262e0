/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_CHANNEL_H
#define PH_WIRE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * ChannelData, RFC 8656 section 12.4:
 *
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	|         Channel Number        |            Length             |
 *	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *	/                       Application Data                        /
 *
 * Over a stream the message is padded to four bytes; the length does not count
 * the padding, and the padding is no data.  Over UDP it may be there or not.
 *
 * RFC 8656 keeps numbers from 0x5000 on for other uses; RFC 5766 gave clients all up to
 * 0x7fff, and some choose any of them still, as coturn 4.6's own client does: to refuse those
 * would be to refuse it.  We take what they choose, and choose from the first 4096 ourselves.
 */
enum { PH_CHANNEL_FIRST = 0x4000, PH_CHANNEL_LAST = 0x7fff, PH_CHANNEL_HEAD = 4 };

struct ph_channel {
	uint16_t number;
	const uint8_t *data;		/* borrowed */
	uint16_t len;
};

/*
 * ph_channel_decode(c, p, n): read what is all of ${p}; bytes after the data are passed over.
 * False: cut, or a number that is none of a channel.
 */
bool ph_channel_decode(struct ph_channel *, const void *, size_t);

/* ph_channel_head(out, number, len): the four bytes before ${len} bytes of data. */
void ph_channel_head(uint8_t *, uint16_t, uint16_t);

/*
 * ph_channel_encode(c, stream, out, cap): header, data and, for a stream, padding; bytes
 * written, or 0 when they do not fit.
 */
size_t ph_channel_encode(const struct ph_channel *, bool stream, void *, size_t);

#endif
