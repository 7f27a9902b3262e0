/* SPDX-License-Identifier: ISC */
#include "wire/stun_attr.h"

static const struct {
	uint16_t number;
	const char *word;
} method[] = {
	{ PH_STUN_BINDING, "binding" },
	{ PH_STUN_ALLOCATE, "allocate" },
	{ PH_STUN_REFRESH, "refresh" },
	{ PH_STUN_SEND, "send" },
	{ PH_STUN_DATA_IND, "data" },
	{ PH_STUN_CREATE_PERMISSION, "create-permission" },
	{ PH_STUN_CHANNEL_BIND, "channel-bind" },
	{ PH_STUN_CONNECT, "connect" },
	{ PH_STUN_CONNECTION_BIND, "connection-bind" },
	{ PH_STUN_CONNECTION_ATTEMPT, "connection-attempt" },
},
/* RFC 8489 14.8, RFC 8656 19, RFC 6062 6.3, RFC 8445 16.2 */
reason[] = {
	{ 300, "Try Alternate" },
	{ 400, "Bad Request" },
	{ 401, "Unauthenticated" },
	{ 403, "Forbidden" },
	{ 420, "Unknown Attribute" },
	{ 437, "Allocation Mismatch" },
	{ 438, "Stale Nonce" },
	{ 440, "Address Family not Supported" },
	{ 441, "Wrong Credentials" },
	{ 442, "Unsupported Transport Protocol" },
	{ 443, "Peer Address Family Mismatch" },
	{ 446, "Connection Already Exists" },
	{ 447, "Connection Timeout or Failure" },
	{ 486, "Allocation Quota Reached" },
	{ 487, "Role Conflict" },
	{ 500, "Server Error" },
	{ 508, "Insufficient Capacity" },
};

const char *
ph_stun_method_name(uint16_t number)
{
	for (size_t i = 0; i < sizeof(method) / sizeof(method[0]); i++)
		if (method[i].number == number)
			return method[i].word;
	return NULL;
}

const char *
ph_stun_reason(uint16_t code)
{
	for (size_t i = 0; i < sizeof(reason) / sizeof(reason[0]); i++)
		if (reason[i].number == code)
			return reason[i].word;
	return "";
}

const char *
ph_stun_fault_name(enum ph_stun_fault fault)
{
	static const char *const name[] = {
		[PH_STUN_OK] = "a STUN message",
		[PH_STUN_NOT] = "not a STUN message",
		[PH_STUN_CUT] = "not as long as it says",
		[PH_STUN_ATTRS] = "attributes that do not add up",
		[PH_STUN_VALUE] = "an attribute whose value cannot be",
	};

	return name[fault];
}

static void
print_attr(struct ph_buf *b, const struct ph_stun_row *row, const void *field)
{
	ph_buf_printf(b, " %s", row->name);
	if (row->print != NULL) {
		ph_buf_putc(b, '=');
		row->print(b, field);
	}
}

static void
print_list(struct ph_buf *b, const struct ph_stun_row *row, const struct ph_stun_addrs *list)
{
	for (unsigned i = 0; i < list->n; i++)
		print_attr(b, row, &list->v[i]);
}

void
ph_stun_print(struct ph_buf *b, const struct ph_stun *m)
{
	static const char *const class[] = { "request", "indication", "success", "error" };
	const char *name = ph_stun_method_name(m->method);

	if (name != NULL)
		ph_buf_puts(b, name);
	else
		ph_buf_printf(b, "method-0x%03x", m->method);
	ph_buf_printf(b, " %s ", class[m->class & 3]);
	for (unsigned i = 0; i < sizeof(m->id); i++)
		ph_buf_printf(b, "%02x", m->id[i]);
	for (uint64_t left = m->has; left != 0; left &= left - 1) {
		const struct ph_stun_row *row = &ph_stun_attr_rows[__builtin_ctzll(left)];
		const void *field = (const uint8_t *)m + row->offset;

		if (row->list)
			print_list(b, row, field);
		else
			print_attr(b, row, field);
	}
}
