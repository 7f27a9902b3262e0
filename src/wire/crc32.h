/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_CRC32_H
#define PH_WIRE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/*
 * ph_crc32(crc, p, n): the CRC-32 of ITU-T V.42 and IEEE 802.3, continued from
 * ${crc}, which is 0 at the start.
 */
uint32_t ph_crc32(uint32_t, const void *, size_t);

#endif
