/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_HTTP_GET_H
#define PH_WIRE_HTTP_GET_H

#include "base/str.h"

/*
 * The request of somebody who reads one page, RFC 9112 3: GET, a path, and fields that
 * nobody looks at.  Nothing is sent with it.
 */
enum ph_http_get {
	PH_HTTP_GET_MORE,		/* its head is not whole yet */
	PH_HTTP_GET_READY,
	PH_HTTP_GET_OTHER,		/* another method */
	PH_HTTP_GET_BAD,		/* no HTTP/1 */
};

/*
 * ph_http_get_read(p, n, path): *${path}, of READY, is within ${p} and without a query.  What
 * is BAD or OTHER is told as soon as its first line is there.
 */
enum ph_http_get ph_http_get_read(const void *, size_t, struct ph_str *path);

#endif
