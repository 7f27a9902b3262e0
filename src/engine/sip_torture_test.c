/* SPDX-License-Identifier: ISC */
/*
 * Messages built after the descriptions of RFC 4475, one for each of its cases, with
 * the RFC's names.  What is valid has to be read, what is not has to be answered as the
 * RFC wants or not at all.  "\n" stands for CRLF, "@L" for the length of the body, "@0" for NUL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/sip_server.h"

#define SDP								\
	"v=0\no=mhandley 29739 7272939 IN IP4 192.0.2.3\ns=-\n"		\
	"c=IN IP4 192.0.2.4\nt=0 0\nm=audio 49217 RTP/AVP 0 12\n"
#define USUAL(method)							\
	"To: sip:user@example.com\nFrom: <sip:caller@example.net>;tag=323\n" \
	"Max-Forwards: 70\nCall-ID: case.1414@192.0.2.5\nCSeq: 60 " method "\n" \
	"Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKkdjuw\n"
#define L50 "long50_______________long50_______________long50__"
#define L150 L50 L50 L50
#define VIA10(n)							\
	"Via: SIP/2.0/TCP s" n "0.example.com\nVia: SIP/2.0/TCP s" n "1.example.com\n" \
	"Via: SIP/2.0/TCP s" n "2.example.com\nVia: SIP/2.0/TCP s" n "3.example.com\n" \
	"Via: SIP/2.0/TCP s" n "4.example.com\nv: SIP/2.0/TCP s" n "5.example.com\n" \
	"Via: SIP/2.0/TCP s" n "6.example.com\nv: SIP/2.0/TCP s" n "7.example.com\n" \
	"Via: SIP/2.0/TCP s" n "8.example.com\nv: SIP/2.0/TCP s" n "9.example.com\n"

enum { NOT_READ = -1, RESPONSE = -2 };

struct torture {
	const char *name;
	enum ph_sip_fault fault;
	int answer;			/* last status sent; 0: none */
	const char *text;
};

static const struct torture cases[] = {
	/* 3.1.1 valid */
	{ "wsinv", PH_SIP_FINE, 486,
	    "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\n"
	    "TO :\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\n"
	    "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\n  ;\n"
	    "  tag = 98asjd8\n"
	    "MaX-fOrWaRdS: 0068\nCall-ID: wsinv.ndaksdj@192.0.2.1\nContent-Length   : @L\n"
	    "cseq: 0009\n  INVITE\nVia  : SIP  /   2.0\n /UDP\n    192.0.2.2;branch=390skdjuw\n"
	    "s :\nNewFangledHeader:   newfangled value\n continued newfangled value\n"
	    "UnknownHeaderWithUnusualValue: ;;,,;;,;\nContent-Type: application/sdp\n"
	    "Route:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\n"
	    "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\n  branch  =   z9hG4bK9ikj8  ,\n"
	    " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK30239\n"
	    "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\n"
	    "      newvalue ;\n"
	    "  secondparam ; q = 0.33\n\n" SDP },
	{ "intmeth", PH_SIP_FINE, 501,
	    "!interesting-Method0123456789_*+`.%indeed'~ "
	    "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
	    ":&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\n"
	    "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\n"
	    "To: \"BEL:\\\x07 NUL:\\@0 DEL:\\\x7f\" "
	    "<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\n"
	    "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
	    ";fromParam''~+*_!.-%=\"\xd1\x80\xd0\xb0\xd0\xb1\";tag=_token~1'+`*%!-.\n"
	    "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\n"
	    "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\nMax-Forwards: 255\n"
	    "extensionHeader-!.%*+_`'~:\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb\n"
	    "Content-Length: 0\n\n" },
	{ "esc01", PH_SIP_FINE, 486,
	    "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\n"
	    "To: sip:%75se%72@example.com\nFrom: <sip:I%20have%20spaces@example.net>;tag=938\n"
	    "Max-Forwards: 87\ni: esc01.239409asdfakjkn23onasd0-3234\nCSeq: 234234 INVITE\n"
	    "Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw\nC: application/sdp\n"
	    "Contact:\n  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\n"
	    "Content-Length: @L\n\n" SDP },
	{ "escnull", PH_SIP_FINE, 200,
	    "REGISTER sip:example.com SIP/2.0\nTo: sip:null-%00-null@example.com\n"
	    "From: sip:null-%00-null@example.com;tag=839923423\nMax-Forwards: 70\n"
	    "Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd\nCSeq: 14398234 REGISTER\n"
	    "Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw\n"
	    "Contact: <sip:%00@host5.example.com>\nContact: <sip:%00%00@host5.example.com>\n"
	    "L:0\n\n" },
	{ "esc02", PH_SIP_FINE, 501,
	    "RE%47IST%45R sip:registrar.example.com SIP/2.0\n"
	    "To: \"%Z%45\" <sip:resource@example.com>\n"
	    "From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23\n"
	    "Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf\n"
	    "Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234\n"
	    "CSeq: 29344 RE%47IST%45R\nMax-Forwards: 70\n"
	    "Contact: <sip:alias1@host1.example.com>\nC%6Fntact: <sip:alias2@host2.example.com>\n"
	    "Contact: <sip:alias3@host3.example.com>\nl: 0\n\n" },
	{ "lwsdisp", PH_SIP_FINE, 200,
	    "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\n"
	    "From: caller<sip:caller@example.com>;tag=323\nMax-Forwards: 70\n"
	    "Call-ID: lwsdisp.1234abcd@funky.example.com\nCSeq: 60 OPTIONS\n"
	    "Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw\nl: 0\n\n" },
	{ "longreq", PH_SIP_FINE, 486,
	    "INVITE sip:user@example.com SIP/2.0\n"
	    "To: \"I have a user name of " L150 "\"<sip:user@example.com:6000;"
	    "unknownparam1=verylong" L150 ";longparam" L150 "=shortvalue;verylong" L150 ">\n"
	    "F: sip:amazinglylongcallername" L150 "@example.net;tag=12" L150 ";"
	    "unknownheaderparam" L150 "=unknownheadervalue" L150 "\n"
	    "Call-ID: longreq.one" L150 "\nCSeq: 3882340 INVITE\n"
	    "Unknown-" L150 "-Name: unknown-" L150 "-value; unknown-" L150 "-parameter\n"
	    "Via: SIP/2.0/TCP sip33.example.com\nV: SIP/2.0/TCP sip32.example.com;"
	    "branch=very" L150 "\n" VIA10("1") VIA10("2") VIA10("3")
	    "Max-Forwards: 70\nContact: <sip:amazinglylongcallername" L150
	    "@host5.example.net>\nContent-Type: application/sdp\nl: @L\n\n" SDP },
	{ "dblreq", PH_SIP_FINE, 200,
	    "REGISTER sip:example.com SIP/2.0\nTo: sip:j.user@example.com\n"
	    "From: sip:j.user@example.com;tag=43251j3j324\nMax-Forwards: 8\nI: dblreq.0ha0isnda\n"
	    "Contact: sip:j.user@host.example.com\nCSeq: 8 REGISTER\n"
	    "Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492\nContent-Length: 0\n\n"
	    "INVITE sip:joe@example.com SIP/2.0\nt: sip:joe@example.com\n" },
	{ "semiuri", PH_SIP_FINE, 200,
	    "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\n"
	    "To: sip:j_user@example.com\nFrom: sip:caller@example.org;tag=33242\nMax-Forwards: 3\n"
	    "Call-ID: semiuri.0ha0isndaksdj\nCSeq: 8 OPTIONS\nAccept: application/sdp, "
	    "application/pkcs7-mime,\n  multipart/mixed, message/sip, message/sipfrag\n"
	    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw\nl: 0\n\n" },
	{ "transports", PH_SIP_FINE, 200,
	    "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\n"
	    "From: <sip:caller@example.com>;tag=323\nMax-Forwards: 70\n"
	    "Call-ID:  transports.kijh4akdnaqjkwendsasfdj\nAccept: application/sdp\n"
	    "CSeq: 60 OPTIONS\nVia: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\n"
	    "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\n"
	    "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\n"
	    "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\n"
	    "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee\nl: 0\n\n" },
	{ "mpart01", PH_SIP_FINE, 501,
	    "MESSAGE sip:kumiko@example.org SIP/2.0\n" USUAL("MESSAGE")
	    "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\nContent-Length: @L\n\n"
	    "--7a9cbec02ceef655\nContent-Type: text/plain\n\nHello\n--7a9cbec02ceef655\n"
	    "Content-Type: application/pkcs7-mime\n\n\x30\x82\x01\x52\xff\xfe\n"
	    "--7a9cbec02ceef655--\n" },
	{ "unreason", PH_SIP_FINE, RESPONSE,
	    "SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xd1\x81\xd1\x82\xd0\xbe\n"
	    "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\n"
	    "Call-ID: unreason.1234ksdfak3j2erwedfsASdf\nCSeq: 35 INVITE\n"
	    "From: sip:user@example.com;tag=11141343\nTo: sip:user@example.edu;tag=2229\n"
	    "Content-Length: @L\nContent-Type: application/sdp\n"
	    "Contact: <sip:user@host198.example.com>\n\n" SDP },
	{ "noreason", PH_SIP_FINE, RESPONSE,
	    "SIP/2.0 100 \n" USUAL("INVITE") "Content-Length: 0\n\n" },
	/* 3.1.2 invalid */
	{ "badinv01", PH_SIP_BAD_VALUE, 400,
	    "INVITE sip:user@example.com SIP/2.0\nTo: sip:j.user@example.com\n"
	    "From: sip:caller@example.net;tag=134161461246\nMax-Forwards: 7\n"
	    "Call-ID: badinv01.0ha0isndaksdjasdf3234nas\nCSeq: 8 INVITE\n"
	    "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\n"
	    "Contact: \"Joe\" <sip:joe@example.org>;;;;\n"
	    "Content-Length: @L\nContent-Type: application/sdp\n\n" SDP },
	{ "clerr", PH_SIP_BAD_LENGTH, 400,
	    "INVITE sip:user@example.com SIP/2.0\n" USUAL("INVITE")
	    "Content-Type: application/sdp\nContent-Length: 9999\n\n" SDP },
	{ "ncl", PH_SIP_BAD_VALUE, 400,
	    "INVITE sip:user@example.com SIP/2.0\n" USUAL("INVITE")
	    "Content-Type: application/sdp\nContent-Length: -999\n\n" SDP },
	{ "scalar02", PH_SIP_BAD_VALUE, 400,
	    "REGISTER sip:example.com SIP/2.0\n"
	    "Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bK342sdfoi3\n"
	    "To: <sip:user@example.com>\nFrom: <sip:user@example.com>;tag=239232jh3\n"
	    "CSeq: 36893488147419103232 REGISTER\nCall-ID: scalar02.23o0pd9vanlq3wnrlnewofjas9\n"
	    "Max-Forwards: 300\nExpires: 10000000000000000000000000000000000000\n"
	    "Contact: <sip:user@host129.example.com>\n  ;expires=280297596632815\n"
	    "Content-Length: 0\n\n" },
	{ "scalarlg", PH_SIP_BAD_VALUE, RESPONSE,
	    "SIP/2.0 503 Service Unavailable\n"
	    "Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129\n"
	    "To: <sip:user@example.com>\nFrom: <sip:other@example.net>;tag=2easdjfejw\n"
	    "CSeq: 9292394834772304023312 OPTIONS\nCall-ID: scalarlg.noase0of0234hn2qofoaf023\n"
	    "Retry-After: 949302838503028349304023988\n"
	    "Warning: 1812 overture \"In Progress\"\nContent-Length: 0\n\n" },
	{ "quotbal", PH_SIP_BAD_VALUE, 400,
	    "INVITE sip:user@example.com SIP/2.0\nTo: \"Mr. J. User <sip:j.user@example.com>\n"
	    "From: sip:caller@example.net;tag=93334\nMax-Forwards: 10\n"
	    "Call-ID: quotbal.aksdj\nContact: <sip:caller@host59.example.net>\nCSeq: 8 INVITE\n"
	    "Via: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw39234\n"
	    "Content-Type: application/sdp\nContent-Length: @L\n\n" SDP },
	{ "ltgtruri", PH_SIP_BAD_URI, 400,
	    "INVITE <sip:user@example.com> SIP/2.0\n" USUAL("INVITE") "Content-Length: 0\n\n" },
	{ "lwsruri", PH_SIP_BAD_URI, 400,
	    "INVITE sip:user@example.com; lr SIP/2.0\n" USUAL("INVITE") "Content-Length: 0\n\n" },
	{ "lwsstart", PH_SIP_BAD_URI, 400,
	    "INVITE  sip:user@example.com  SIP/2.0\n" USUAL("INVITE") "Content-Length: 0\n\n" },
	{ "trws", PH_SIP_BAD_START, 400,
	    "OPTIONS sip:remote-target@example.com SIP/2.0  \n" USUAL("OPTIONS")
	    "Content-Length: 0\n\n" },
	{ "escruri", PH_SIP_BAD_URI, 400,
	    "INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0\n" USUAL("INVITE")
	    "Content-Length: 0\n\n" },
	{ "baddate", PH_SIP_BAD_VALUE, 400,
	    "INVITE sip:user@example.com SIP/2.0\n" USUAL("INVITE")
	    "Date: Fri, 01 Jan 2010 16:00:00 EST\nContent-Length: 0\n\n" },
	{ "regbadct", PH_SIP_BAD_VALUE, 400,
	    "REGISTER sip:example.com SIP/2.0\n" USUAL("REGISTER")
	    "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\nl: 0\n\n" },
	{ "badaspec", PH_SIP_BAD_VALUE, 400,
	    "OPTIONS sip:user@example.org SIP/2.0\n"
	    "Via: SIP/2.0/UDP host4.example.com:5060;branch=z9hG4bKkdju43234\nMax-Forwards: 70\n"
	    "From: \"Bell, Alexander\" <sip:a.g.bell@example.com>;tag=433423\n"
	    "To: \"Watson, Thomas\" < sip:t.watson@example.org >\n"
	    "Call-ID: badaspec.sdf0234n2nds0a099\nCSeq: 3923239 OPTIONS\nl: 0\n\n" },
	{ "baddn", PH_SIP_BAD_VALUE, 400,
	    "OPTIONS sip:t.watson@example.org SIP/2.0\n"
	    "Via:     SIP/2.0/UDP c.example.com:5060;branch=z9hG4bKkdjuw\nMax-Forwards:      70\n"
	    "From:    Bell, Alexander <sip:a.g.bell@example.com>;tag=43\n"
	    "To:      Watson, Thomas <sip:t.watson@example.org>\n"
	    "Call-ID: baddn.31415@c.example.com\nCSeq:    3923239 OPTIONS\nl: 0\n\n" },
	{ "badvers", PH_SIP_BAD_VERSION, 505,
	    "OPTIONS sip:t.watson@example.org SIP/7.0\n" USUAL("OPTIONS") "l: 0\n\n" },
	{ "mismatch01", PH_SIP_OTHER_CSEQ, 400,
	    "OPTIONS sip:user@example.com SIP/2.0\n" USUAL("INVITE") "l: 0\n\n" },
	{ "mismatch02", PH_SIP_OTHER_CSEQ, 400,
	    "NEWMETHOD sip:user@example.com SIP/2.0\n" USUAL("INVITE") "l: 0\n\n" },
	{ "bigcode", PH_SIP_BAD_STATUS, RESPONSE,
	    "SIP/2.0 4294967301 better not break the receiver\n" USUAL("INVITE") "l: 0\n\n" },
	/* 3.2, 3.3 */
	{ "badbranch", PH_SIP_BAD_BRANCH, 400,
	    "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\n"
	    "From: sip:caller@example.org;tag=33242\nMax-Forwards: 3\n"
	    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\nCall-ID: badbranch.sadonfo23i420\n"
	    "CSeq: 8 OPTIONS\nl: 0\n\n" },
	{ "insuf", PH_SIP_MISSING, 0,
	    "INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\n"
	    "Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\n"
	    "Content-Type: application/sdp\nl: @L\n\n" SDP },
	{ "unkscm", PH_SIP_FINE, 416,
	    "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\n" USUAL("OPTIONS")
	    "Content-Length: 0\n\n" },
	{ "novelsc", PH_SIP_FINE, 416,
	    "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\n" USUAL("OPTIONS")
	    "Content-Length: 0\n\n" },
	{ "unksm2", PH_SIP_FINE, 200,
	    "REGISTER sip:example.com SIP/2.0\nTo: isbn:2983792873\n"
	    "From: <http://www.example.com>;tag=3234233\nCall-ID: unksm2.daksdj@hyphenated-host\n"
	    "CSeq: 234902 REGISTER\nMax-Forwards: 70\n"
	    "Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKkdjuw\n"
	    "Contact: <name:John_Smith>\nl: 0\n\n" },
	{ "bext01", PH_SIP_FINE, 420,
	    "OPTIONS sip:user@example.com SIP/2.0\n" USUAL("OPTIONS")
	    "Require: nothingSupportsThis, nothingSupportsThisEither\n"
	    "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis\n"
	    "Content-Length: 0\n\n" },
	{ "invut", PH_SIP_FINE, 415,
	    "INVITE sip:user@example.com SIP/2.0\n" USUAL("INVITE")
	    "Contact: <sip:caller@host5.example.net>\nContent-Type: application/unknownformat\n"
	    "Content-Length: @L\n\n<audio>\n <pcmu port=\"443\"/>\n</audio>\n" },
	{ "regaut01", PH_SIP_FINE, 200,
	    "REGISTER sip:example.com SIP/2.0\n" USUAL("REGISTER")
	    "Authorization: NoOneKnowsThisScheme opaque-data=here\nContent-Length:0\n\n" },
	{ "multi01", PH_SIP_REPEATED, 400,
	    "INVITE sip:user@company.com SIP/2.0\nContact: <sip:caller@host25.example.net>\n"
	    "Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw\nMax-Forwards: 70\nCSeq: 5 INVITE\n"
	    "Call-ID: multi01.98asdh@192.0.2.1\nCSeq: 59 INVITE\n"
	    "Call-ID: multi01.98asdh@192.0.2.2\nFrom: sip:caller@example.com;tag=3413415\n"
	    "To: sip:user@example.com\nTo: sip:other@example.net\n"
	    "From: sip:caller@example.net;tag=2923420123\nContent-Type: application/sdp\nl: @L\n"
	    "Contact: <sip:caller@host36.example.net>\nMax-Forwards: 5\n\n" SDP },
	{ "mcl01", PH_SIP_REPEATED, 400,
	    "OPTIONS sip:user@example.com SIP/2.0\n" USUAL("OPTIONS")
	    "Content-Length: 13\nContent-Length: 5\nContent-Type: text/plain\n\n"
	    "There's no way to know how many octets are supposed to be here.\n" },
	{ "bcast", PH_SIP_FINE, RESPONSE,
	    "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\n"
	    "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\nCall-ID: bcast.0384\n"
	    "CSeq: 35 INVITE\nFrom: sip:user@example.com;tag=11141343\n"
	    "To: sip:user@example.edu;tag=2229\nContact: <sip:user@host28.example.com>\nl: 0\n\n" },
	{ "zeromf", PH_SIP_FINE, 200,
	    "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\n"
	    "From: sip:caller@example.net;tag=3ghsd41\nCall-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas\n"
	    "CSeq: 39234321 OPTIONS\nVia: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw2349i\n"
	    "Max-Forwards: 0\nContent-Length: 0\n\n" },
	{ "cparam01", PH_SIP_FINE, 200,
	    "REGISTER sip:example.com SIP/2.0\n" USUAL("REGISTER")
	    "Contact: sip:+19725552222@gw1.example.net;unknownparam\nl: 0\n\n" },
	{ "cparam02", PH_SIP_FINE, 200,
	    "REGISTER sip:example.com SIP/2.0\n" USUAL("REGISTER")
	    "Contact: <sip:+19725552222@gw1.example.net;unknownparam>\nl: 0\n\n" },
	{ "regescrt", PH_SIP_FINE, 200,
	    "REGISTER sip:example.com SIP/2.0\n" USUAL("REGISTER")
	    "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\nL:0\n\n" },
	{ "sdp01", PH_SIP_FINE, 406,
	    "INVITE sip:user@example.com SIP/2.0\n" USUAL("INVITE")
	    "Contact: <sip:caller@host5.example.net>\nAccept: text/nobodyKnowsThis\n"
	    "Content-Type: application/sdp\nl: @L\n\n" SDP },
	/* 3.4 */
	{ "inv2543", PH_SIP_FINE, 486,
	    "INVITE sip:UserB@example.com SIP/2.0\nVia: SIP/2.0/UDP iftgw.example.com\n"
	    "From: <sip:+13035551111@ift.client.example.net;user=phone>\n"
	    "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\n"
	    "To: sip:+16505552222@ss1.example.net;user=phone\n"
	    "Call-ID: inv2543.1717@ift.client.example.com\nCSeq: 56 INVITE\n"
	    "Content-Type: application/sdp\n\n" SDP },
	/* and what a torturer would think of next */
	{ "controls", PH_SIP_BAD_LINE, 400,
	    "OPTIONS sip:user@example.com SIP/2.0\n" USUAL("OPTIONS") "X: a\x01z\nl: 0\n\n" },
	{ "noname", PH_SIP_BAD_LINE, 400,
	    "OPTIONS sip:user@example.com SIP/2.0\n" USUAL("OPTIONS") ": a\nl: 0\n\n" },
	{ "cut", PH_SIP_BAD_LINE, 400,
	    "OPTIONS sip:user@example.com SIP/2.0\n" USUAL("OPTIONS") "Conte" },
	{ "ack", PH_SIP_FINE, 0,
	    "ACK sip:user@example.com SIP/2.0\n" USUAL("ACK") "l: 0\n\n" },
	{ "byeless", PH_SIP_FINE, 481,
	    "BYE sip:user@example.com SIP/2.0\n" USUAL("BYE") "l: 0\n\n" },
	{ "cancelnone", PH_SIP_FINE, 481,
	    "CANCEL sip:user@example.com SIP/2.0\n" USUAL("CANCEL") "l: 0\n\n" },
	{ "badport", PH_SIP_BAD_VALUE, 400,
	    "OPTIONS sip:u@example.com SIP/2.0\nVia: SIP/2.0/UDP [2001:db8::1]:65536\n"
	    "From: <sip:a@b>;tag=1\nTo: <sip:c@d>\ni: x\nCSeq: 1 OPTIONS\nl: 0\n\n" },
	{ "junk", PH_SIP_FINE, NOT_READ, "\x80\x01\x02\x03 junk \n\n" },
};

/* "\n" to CRLF, "@L" to what follows the first empty line. */
static size_t
expand(const char *text, char *out, size_t cap)
{
	const char *body = strstr(text, "\n\n"), *p;
	size_t n = 0, body_len = 0;

	for (p = body != NULL ? body + 2 : ""; *p != '\0'; p++)
		body_len += 1u + (*p == '\n');
	for (p = text; *p != '\0'; p++) {
		assert_true(n + 8 < cap);
		if (p[0] == '@' && p[1] == 'L') {
			n += (size_t)snprintf(out + n, cap - n, "%zu", body_len);
			p++;
			continue;
		}
		if (p[0] == '@' && p[1] == '0') {
			out[n++] = '\0';
			p++;
			continue;
		}
		if (*p == '\n')
			out[n++] = '\r';
		out[n++] = *p;
	}
	return n;
}

/* All that the server has to say; the status of the last. */
static int
converse(const char *text, size_t n)
{
	static struct ph_sip_server s;
	struct ph_sip_peer from = { PH_V4(0xc6336401), 40077 }, to;
	uint8_t out[PH_SIP_MAX];
	struct ph_sip m;
	int status = 0;
	size_t len;

	ph_sip_server_init(&s, &(struct ph_sip_server_config){ .transport = PH_SIP_UDP });
	assert_true(ph_sip_server_input(&s, 1000, text, n, &from));
	while ((len = ph_sip_server_output(&s, 1000, out, sizeof(out), &to)) > 0) {
		assert_true(ph_sip_decode(out, len, &m));
		assert_false(m.request);
		assert_true(to.addr == from.addr);
		status = (int)m.status;
	}
	return status;
}

static void
test_every_case_is_read_and_answered_as_it_should(void **state)
{
	static char b[PH_SIP_MAX];
	unsigned wrong = 0;
	struct ph_sip m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct torture *c = &cases[i];
		size_t n = expand(c->text, b, sizeof(b));
		int want = c->answer > 0 ? c->answer : 0, got = converse(b, n);
		bool read = ph_sip_decode(b, n, &m);

		if (read != (c->answer != NOT_READ) || (read && m.fault != c->fault) ||
		    got != want || (read && m.request == (c->answer == RESPONSE))) {
			print_error("%s: %s (%s), answered %d, not %d\n", c->name,
			    read ? ph_sip_fault_word(m.fault) : "not read",
			    read ? ph_sip_header_word(m.fault_in) : "", got, want);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void
test_the_short_tortuous_one_is_understood(void **state)
{
	static char b[PH_SIP_MAX];
	struct ph_str value;
	struct ph_sip m;

	(void)state;
	assert_true(ph_sip_decode(b, expand(cases[0].text, b, sizeof(b)), &m));
	assert_true(ph_str_eq(m.to_tag, "1918181833n"));
	assert_true(ph_str_eq(m.from_tag, "98asjd8"));
	assert_true(ph_str_eq(m.via.host, "192.0.2.2"));
	assert_true(ph_str_eq(m.via.branch, "390skdjuw"));
	assert_int_equal(m.max_forwards, 68);
	assert_int_equal(m.cseq, 9);
	assert_true(ph_str_eq(m.cseq_method, "INVITE"));
	assert_true(ph_str_starts(m.body, "v=0\r\n"));
	assert_non_null(ph_sip_find(&m, PH_SIP_VIA, 1));
	assert_null(ph_sip_find(&m, PH_SIP_VIA, 2));
	value = ph_sip_find(&m, PH_SIP_CONTACT, 0)->value;
	assert_true(ph_str_starts(value, "\"Quoted string \\\"\\\"\" <sip:jdrosen"));
}

/* Cut anywhere, with any one byte changed: nothing but an answer or silence. */
static void
test_no_damage_does_harm(void **state)
{
	static char b[PH_SIP_MAX], part[PH_SIP_MAX];
	size_t answers = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = expand(cases[i].text, b, sizeof(b));
		size_t step = n > 1500 ? 97 : 7;

		for (size_t k = i % step; k < n; k += step) {
			memcpy(part, b, n);
			part[k] = (char)(k * 37 + i);
			answers += converse(part, n) > 0;
			answers += converse(b, k) > 0;
		}
	}
	assert_true(answers > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_case_is_read_and_answered_as_it_should),
		cmocka_unit_test(test_the_short_tortuous_one_is_understood),
		cmocka_unit_test(test_no_damage_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
