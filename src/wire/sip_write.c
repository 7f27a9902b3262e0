/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/sip.h"

/*
 * DOC: Requests that tell
 *
 * All that an ALG is after stands in them: the sender's own, unmapped address in Via,
 * Contact and SDP, ports of media that are to be opened.  From and the user names say
 * who asks, so that a log on the far end explains itself and nothing is taken for a
 * login attempt.  ${odd} writes the same with spacing, case and order that is valid
 * and that nobody uses: what reads and writes a message again betrays itself.
 */

static const char user_agent[] = "Pinhole (network test)";

static const char *const transports[] = {
	[PH_SIP_UDP] = "UDP", [PH_SIP_TCP] = "TCP", [PH_SIP_TLS] = "TLS",
};

static void put(struct ph_writer *, const char *, ...) __attribute__((format(printf, 2, 3)));

static void
put(struct ph_writer *w, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		w->bad = true;
	else
		ph_writer_bytes(w, line, (size_t)n);
}

static void
put_str(struct ph_writer *w, struct ph_str s)
{
	ph_writer_bytes(w, s.s, s.len);
}

/* host, IPv6 in brackets */
static const char *
host(ph_u128 a, char out[PH_ADDR_TEXT + 2])
{
	char text[PH_ADDR_TEXT];
	bool v4 = ph_addr_is_v4(a);

	snprintf(out, PH_ADDR_TEXT + 2, v4 ? "%s" : "[%s]", ph_addr_format(a, text));
	return out;
}

/* A scrambled id, so that branch, tag and Call-ID do not resemble each other. */
static uint64_t
mixed(uint64_t id, unsigned salt)
{
	id += 0x9e3779b97f4a7c15u * (salt + 1u);
	id = (id ^ id >> 30) * 0xbf58476d1ce4e5b9u;
	id = (id ^ id >> 27) * 0x94d049bb133111ebu;
	return id ^ id >> 31;
}

enum { TAG, BRANCH };

static uint64_t
branch_of(const struct ph_sip_call *c)
{
	return mixed(c->id ^ (uint64_t)c->cseq << 32, BRANCH);
}

static size_t
put_sdp(const struct ph_sip_call *c, char *out, size_t cap)
{
	char text[PH_ADDR_TEXT];
	char v = ph_addr_is_v4(c->local) ? '4' : '6';
	int n;

	if (c->media_port == 0)
		return 0;
	ph_addr_format(c->local, text);
	n = snprintf(out, cap,
	    "v=0\r\n"
	    "o=pinhole %" PRIu64 " 1 IN IP%c %s\r\n"
	    "s=-\r\n"
	    "c=IN IP%c %s\r\n"
	    "t=0 0\r\n"
	    "m=audio %u RTP/AVP 0\r\n"
	    "a=rtpmap:0 PCMU/8000\r\n"
	    "m=video %u RTP/AVP 96\r\n"
	    "a=rtpmap:96 H264/90000\r\n",
	    c->id >> 32, v, text, v, text, c->media_port, (c->media_port + 2) & 0xffff);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

static void
put_via(struct ph_writer *w, const struct ph_sip_call *c)
{
	char local[PH_ADDR_TEXT + 2];

	put(w, c->odd ? "via :  SIP / 2.0 / %s\r\n  %s:%u ; branch = z9hG4bK%016" PRIx64
	    " ;\trport\r\n" : "Via: SIP/2.0/%s %s:%u;branch=z9hG4bK%016" PRIx64 ";rport\r\n",
	    transports[c->transport], host(c->local, local), c->local_port, branch_of(c));
}

static void
put_parties(struct ph_writer *w, const struct ph_sip_call *c, bool to_self)
{
	char at[PH_ADDR_TEXT + 2];

	put(w, c->odd ? "f :\"Pinhole  \\\"test\\\"\"<sip:pinhole@%s>\t;tag=%016" PRIx64 "\r\n" :
	    "From: \"Pinhole test\" <sip:pinhole@%s>;tag=%016" PRIx64 "\r\n",
	    host(c->remote, at), mixed(c->id, TAG));
	put(w, c->odd ? "TO:  <sip:%s@%s>" : "To: <sip:%s@%s>", to_self ? "pinhole" :
	    "pinhole-test", at);
	if (c->to_tag.len > 0) {
		put(w, ";tag=");
		put_str(w, c->to_tag);
	}
	put(w, "\r\n");
}

static void
put_contact(struct ph_writer *w, const struct ph_sip_call *c)
{
	static const char *const param[] = {
		[PH_SIP_UDP] = "", [PH_SIP_TCP] = ";transport=tcp", [PH_SIP_TLS] = "",
	};
	char local[PH_ADDR_TEXT + 2];

	put(w, c->odd ? "m :  <%s:pinhole@%s:%u%s>\r\n" : "Contact: <%s:pinhole@%s:%u%s>\r\n",
	    c->transport == PH_SIP_TLS ? "sips" : "sip", host(c->local, local), c->local_port,
	    param[c->transport]);
}

static void
put_start(struct ph_writer *w, const struct ph_sip_call *c, enum ph_sip_method m)
{
	const char *scheme = c->transport == PH_SIP_TLS ? "sips" : "sip";
	char remote[PH_ADDR_TEXT + 2];

	host(c->remote, remote);
	if (m == PH_SIP_REGISTER)	/* a domain, without a user (10.2) */
		put(w, "REGISTER %s:%s:%u SIP/2.0\r\n", scheme, remote, c->remote_port);
	else
		put(w, "%s %s:pinhole-test@%s:%u SIP/2.0\r\n", ph_sip_method_word(m), scheme,
		    remote, c->remote_port);
}

void
ph_sip_request(struct ph_writer *w, const struct ph_sip_call *c, enum ph_sip_method m)
{
	bool setup = m != PH_SIP_ACK && m != PH_SIP_BYE && m != PH_SIP_CANCEL;
	char sdp[512], local[PH_ADDR_TEXT];
	size_t sdp_len = m == PH_SIP_INVITE ? put_sdp(c, sdp, sizeof(sdp)) : 0;

	put_start(w, c, m);
	if (c->odd)
		put(w, "max-forwards:\t0070\r\n");
	put_via(w, c);
	if (!c->odd)
		put(w, "Max-Forwards: 70\r\n");
	put_parties(w, c, m == PH_SIP_REGISTER);
	put(w, c->odd ? "i:%016" PRIx64 "@%s\r\n" : "Call-ID: %016" PRIx64 "@%s\r\n", c->id,
	    ph_addr_format(c->local, local));
	put(w, c->odd ? "CSEQ :%u   %s\r\n" : "CSeq: %u %s\r\n", c->cseq, ph_sip_method_word(m));
	if (setup)
		put_contact(w, c);
	if (m == PH_SIP_REGISTER)
		put(w, "Expires: 60\r\n");
	if (m == PH_SIP_OPTIONS)
		put(w, "Accept: application/sdp\r\n");
	put(w, "User-Agent: %s\r\n", user_agent);
	if (sdp_len > 0)
		put(w, c->odd ? "c :application/sdp\r\n" : "Content-Type: application/sdp\r\n");
	put(w, c->odd ? "l :  %zu\r\n\r\n" : "Content-Length: %zu\r\n\r\n", sdp_len);
	ph_writer_bytes(w, sdp, sdp_len);
}

static const struct {
	unsigned status;
	const char *phrase;
} phrases[] = {
	{ 100, "Trying" }, { 180, "Ringing" }, { 200, "OK" }, { 400, "Bad Request" },
	{ 401, "Unauthorized" }, { 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
	{ 415, "Unsupported Media Type" }, { 416, "Unsupported URI Scheme" },
	{ 420, "Bad Extension" }, { 481, "Call/Transaction Does Not Exist" },
	{ 486, "Busy Here" }, { 487, "Request Terminated" }, { 500, "Server Internal Error" },
	{ 501, "Not Implemented" }, { 503, "Service Unavailable" },
	{ 505, "Version Not Supported" }, { 603, "Decline" },
};

const char *
ph_sip_reason(unsigned status)
{
	static const char *const classes[] = {
		"", "Progress", "Success", "Redirection", "Client Error", "Server Error",
		"Global Failure",
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return status / 100 <= 6 ? classes[status / 100] : "";
}

/* The first Via, with what it does not tell: where the request really came from. */
static void
put_first_via(struct ph_writer *w, const struct ph_sip *m, const struct ph_sip_header *h,
    const struct ph_sip_answer *a)
{
	struct ph_str before = h->value, params = m->via.params, one, value;
	char text[PH_ADDR_TEXT];

	put(w, "Via: ");
	if (m->via.host.len == 0 || h->value.s > params.s ||
	    params.s + params.len > h->value.s + h->value.len) {
		put_str(w, h->value);
		put(w, "\r\n");
		return;
	}
	before.len = (size_t)(params.s - before.s);
	put_str(w, before);
	put(w, ";received=%s", ph_addr_format(a->from, text));
	if (m->via.has_rport)
		put(w, ";rport=%u", a->from_port);
	while (params.len > 0) {	/* theirs, but for the two that are ours to set */
		const char *next = memchr(params.s + 1, ';', params.len - 1);

		one = params;
		one.len = next != NULL ? (size_t)(next - params.s) : params.len;
		params.s += one.len;
		params.len -= one.len;
		if (!ph_sip_param(one, "rport", &value) && !ph_sip_param(one, "received", &value))
			put_str(w, one);
	}
	before.s = m->via.params.s + m->via.params.len;
	before.len = (size_t)(h->value.s + h->value.len - before.s);
	put_str(w, before);
	put(w, "\r\n");
}

void
ph_sip_response(struct ph_writer *w, const struct ph_sip *m, const struct ph_sip_answer *a)
{
	static const enum ph_sip_name repeated[] = {
		PH_SIP_FROM, PH_SIP_TO, PH_SIP_CALL_ID, PH_SIP_CSEQ,
	};
	const struct ph_sip_header *h;

	put(w, "SIP/2.0 %u %.200s\r\n", a->status, a->reason != NULL ? a->reason :
	    ph_sip_reason(a->status));
	for (size_t i = 0; (h = ph_sip_find(m, PH_SIP_VIA, i)) != NULL; i++) {
		if (i == 0) {
			put_first_via(w, m, h, a);
			continue;
		}
		put(w, "Via: ");
		put_str(w, h->value);
		put(w, "\r\n");
	}
	for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++) {
		h = ph_sip_find(m, repeated[i], 0);
		if (h == NULL) {
			w->bad = true;
			return;
		}
		put(w, "%s: ", ph_sip_header_word(h->id));
		put_str(w, h->value);
		if (h->id == PH_SIP_TO && m->to_tag.len == 0 && a->to_tag != NULL)
			put(w, ";tag=%s", a->to_tag);
		put(w, "\r\n");
	}
	put(w, "Server: %s\r\n%sContent-Length: 0\r\n\r\n", user_agent,
	    a->more != NULL ? a->more : "");
}

static bool
is_hex_of(struct ph_str s, const char *prefix, uint64_t want)
{
	char text[40];

	snprintf(text, sizeof(text), "%s%016" PRIx64, prefix, want);
	return ph_str_case_eq(s, text);
}

enum ph_sip_reply
ph_sip_reply(const struct ph_sip *m, const struct ph_sip_call *c, enum ph_sip_method method)
{
	static const enum ph_sip_reply by_class[] = {
		PH_SIP_NOT_OURS, PH_SIP_PROGRESS, PH_SIP_SUCCESS, PH_SIP_ELSEWHERE,
		PH_SIP_REFUSED, PH_SIP_TROUBLE, PH_SIP_REFUSED,
	};

	if (m->request || m->status == 0 || m->fault != PH_SIP_FINE || m->cseq != c->cseq ||
	    !ph_str_eq(m->cseq_method, ph_sip_method_word(method)) ||
	    !is_hex_of(m->via.branch, "z9hG4bK", branch_of(c)) ||
	    !is_hex_of(m->from_tag, "", mixed(c->id, TAG)))
		return PH_SIP_NOT_OURS;
	if (m->status == 401 || m->status == 407)
		return PH_SIP_WANTS_LOGIN;
	return by_class[m->status / 100];
}

const char *
ph_sip_reply_word(enum ph_sip_reply r)
{
	static const char *const words[PH_SIP_REPLIES] = {
		[PH_SIP_NOT_OURS] = "not-ours", [PH_SIP_PROGRESS] = "progress",
		[PH_SIP_SUCCESS] = "success", [PH_SIP_ELSEWHERE] = "elsewhere",
		[PH_SIP_WANTS_LOGIN] = "wants-login", [PH_SIP_REFUSED] = "refused",
		[PH_SIP_TROUBLE] = "trouble",
	};

	return words[r];
}

const char *
ph_sip_transport_word(enum ph_sip_transport t)
{
	return transports[t];
}

bool
ph_sip_mapped(const struct ph_sip *m, ph_u128 *addr, uint16_t *port)
{
	struct ph_str a = m->via.received.len > 0 ? m->via.received : m->via.host;

	if (m->request || m->via.rport == 0)
		return false;
	if (a.len > 2 && a.s[0] == '[')
		a = (struct ph_str){ a.s + 1, a.len - 2 };
	*port = m->via.rport;
	return ph_addr_parse(a, addr);
}
