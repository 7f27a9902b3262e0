/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/sip_client.h"

enum { T1_US = 500000, T2_US = 4000000 };

void
ph_sip_client_init(struct ph_sip_client *c, const struct ph_sip_call *call,
    enum ph_sip_method method, uint64_t give_up_us, uint64_t now)
{
	*c = (struct ph_sip_client){ .call = *call, .method = method, .next_us = now,
		.give_up_us = now + give_up_us, .interval_us = T1_US };
	c->call.to_tag = (struct ph_str){ c->to_tag, 0 };
}

static size_t
write_request(const struct ph_sip_client *c, enum ph_sip_method m, uint8_t *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap);

	ph_sip_request(&w, &c->call, m);
	return w.bad ? 0 : w.len;
}

/* The end: without a refusal, an INVITE that may ring is taken back. */
static void
give_up(struct ph_sip_client *c)
{
	bool rings = c->method == PH_SIP_INVITE && c->reply == PH_SIP_PROGRESS;

	c->cancel_due = rings && !c->cancelled;
	c->done = true;
}

size_t
ph_sip_client_output(struct ph_sip_client *c, uint64_t now, uint8_t *out, size_t cap)
{
	if (c->ack_due) {
		c->ack_due = false;
		return write_request(c, PH_SIP_ACK, out, cap);
	}
	if (!c->done && now >= c->give_up_us)
		give_up(c);
	if (c->cancel_due) {
		c->cancel_due = false;
		c->cancelled = true;
		return write_request(c, PH_SIP_CANCEL, out, cap);
	}
	if (c->done || now < c->next_us)
		return 0;
	c->sent_us = now;
	c->next_us = c->call.transport == PH_SIP_UDP ? now + c->interval_us : UINT64_MAX;
	c->interval_us = c->interval_us * 2 < T2_US ? c->interval_us * 2 : T2_US;
	c->sent++;
	return write_request(c, c->method, out, cap);
}

static void
keep_to_tag(struct ph_sip_client *c, const struct ph_sip *m)
{
	if (m->to_tag.len == 0 || m->to_tag.len > sizeof(c->to_tag))
		return;
	memcpy(c->to_tag, m->to_tag.s, m->to_tag.len);
	c->call.to_tag.len = m->to_tag.len;
}

bool
ph_sip_client_input(struct ph_sip_client *c, uint64_t now, const void *p, size_t n)
{
	enum ph_sip_reply reply;
	struct ph_sip m;

	if (c->sent == 0 || !ph_sip_decode(p, n, &m))
		return false;
	reply = ph_sip_reply(&m, &c->call, c->method);
	if (reply == PH_SIP_NOT_OURS)
		return false;
	if (c->status == 0 && c->sent == 1)
		c->rtt_us = now - c->sent_us;
	if (!c->mapped)
		c->mapped = ph_sip_mapped(&m, &c->mapped_addr, &c->mapped_port);
	if (reply == PH_SIP_PROGRESS) {
		if (c->method == PH_SIP_INVITE)	/* it has arrived: no more repeating */
			c->next_us = UINT64_MAX;
		if (c->status >= 200)
			return true;
	} else {
		keep_to_tag(c, &m);
		c->ack_due = c->method == PH_SIP_INVITE;
		c->done = true;
	}
	c->reply = reply;
	c->status = m.status;
	return true;
}

uint64_t
ph_sip_client_deadline(const struct ph_sip_client *c)
{
	if (c->ack_due || c->cancel_due)
		return 0;
	if (c->done)
		return UINT64_MAX;
	return c->next_us < c->give_up_us ? c->next_us : c->give_up_us;
}
