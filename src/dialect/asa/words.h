/* SPDX-License-Identifier: ISC */
#ifndef PH_ASA_WORDS_H
#define PH_ASA_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Cisco's own words for ports, protocols and ICMP types, from the command
 * reference ("Addresses, Protocols, and Ports"); numbers are understood too.
 */
bool ph_asa_port(struct ph_str, uint16_t *);
bool ph_asa_proto(struct ph_str, uint8_t *);
bool ph_asa_icmp_type(struct ph_str, bool v6, uint8_t *);

/* The word for a port, or NULL: for writing. */
const char *ph_asa_port_name(uint16_t);

/* Nearest word for a port or a protocol to a slip, or NULL. */
const char *ph_asa_port_near(struct ph_str);
const char *ph_asa_proto_near(struct ph_str);

#endif
