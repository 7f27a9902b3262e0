/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <sys/mman.h>

#include "os/pages.h"

#define HUGE	((size_t)2 << 20)	/* where large pages begin */

/* Aligned for large pages: map more and give back both ends. */
static void *
get(size_t bytes)
{
	size_t len = (bytes + HUGE - 1) & ~(HUGE - 1), head;
	char *p = mmap(NULL, len + HUGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)p & (HUGE - 1);
	if (head > 0)
		munmap(p, head);
	if (head < HUGE)
		munmap(p + head + len, HUGE - head);
#ifdef MADV_HUGEPAGE
	madvise(p + head, len, MADV_HUGEPAGE);
#endif
	return p + head;
}

static void
put(void *p, size_t bytes)
{
	munmap(p, (bytes + HUGE - 1) & ~(HUGE - 1));
}

const struct ph_arena_pages ph_pages = { .get = get, .put = put };
