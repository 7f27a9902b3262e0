/* SPDX-License-Identifier: ISC */
/*
 * Packets from a TUN device: whatever is read lies within the packet, and can be turned and
 * answered.
 *
 * seeds: tests/fuzz/seeds/ip
 */
#include <assert.h>
#include <string.h>

#include "net/names.h"
#include "tunnel/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t p[PH_IP_MAX], out[PH_IP_ERROR_MAX];
	struct ph_ip_way w = { .sport = 1, .dport = 2 };
	struct ph_ip ip;

	if (n > sizeof(p))
		return 0;
	memcpy(p, data, n);
	if (!ph_ip_read(&ip, p, n))
		return 0;
	assert(ip.len <= n && ip.l4 >= p && ip.l4 + ip.l4_len <= p + n);
	assert(ip.data == NULL || ip.data + ip.data_len <= p + n);
	w.src = ip.v6 ? 1 : PH_V4(1);
	w.dst = ip.v6 ? 2 : PH_V4(2);
	ph_ip_unreachable(&ip, PH_IP_NO_PORT, w.src, out, sizeof(out));
	if (ip.proto != PH_TCP)
		return 0;
	assert(ph_ip_reset(&ip, out, sizeof(out)) > 0);
	ph_ip_turn(&ip, &w);
	assert(ph_ip_read(&ip, p, n) && ip.src == w.src && ip.dport == 2);
	return 0;
}
