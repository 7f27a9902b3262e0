/* SPDX-License-Identifier: ISC */
#ifndef PH_BASE_ARENA_H
#define PH_BASE_ARENA_H

#include <stddef.h>

/*
 * Arena: memory with one owner and one end.
 *
 * Everything that lives as long as one compile or one audit is allocated
 * here and never freed on its own.  Pointers stay valid until
 * ph_arena_fini() or ph_arena_rewind() past them.  Not thread-safe.
 */
struct ph_arena {
	struct ph_arena_block *head;	/* newest block first */
	struct ph_arena_block *spare;	/* rewound past, kept for the next need */
	size_t used;			/* bytes handed out, for statistics */
	void (*oom)(void);		/* must not return; NULL means abort() */
	const struct ph_arena_pages *pages;	/* for large blocks; NULL: calloc() */
};

/* A better source of large zeroed blocks than the heap; get() may return NULL. */
struct ph_arena_pages {
	void *(*get)(size_t bytes);
	void (*put)(void *, size_t bytes);
};

/* A point to which ph_arena_rewind() can go back. */
struct ph_arena_mark {
	struct ph_arena_block *head;
	size_t block_used, used;	/* bytes */
};

/*
 * ph_arena_alloc(a, n):
 * Return ${n} zeroed bytes, aligned to 16.  Owner: ${a}.
 * Never returns NULL: on exhaustion ${a}->oom is called.
 */
void *ph_arena_alloc(struct ph_arena *, size_t);

/*
 * ph_arena_array(a, n, size):
 * Return room for ${n} zeroed objects of ${size} bytes.  A product that does
 * not fit size_t counts as exhaustion.
 */
void *ph_arena_array(struct ph_arena *, size_t, size_t);

/*
 * ph_arena_dup(a, s, n):
 * Copy the ${n} bytes at ${s}, add a NUL.  Owner: ${a}.
 */
char *ph_arena_dup(struct ph_arena *, const char *, size_t);

/*
 * ph_arena_printf(a, fmt, ...):
 * Format into new memory.  Owner: ${a}.
 */
char *ph_arena_printf(struct ph_arena *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * ph_arena_mark(a), ph_arena_rewind(a, m):
 * Release all that was allocated since ${m} was taken; for scratch work
 * inside a long run.
 */
struct ph_arena_mark ph_arena_mark(const struct ph_arena *);
void ph_arena_rewind(struct ph_arena *, struct ph_arena_mark);

/*
 * ph_arena_fini(a):
 * Release everything and leave ${a} ready for reuse.
 */
void ph_arena_fini(struct ph_arena *);

/* One zeroed object of a type. */
#define PH_NEW(a, type) ((type *)ph_arena_alloc((a), sizeof(type)))

/*
 * PH_PUSH(a, vec, n, cap): make room for one more element in the growing array
 * ${vec} and yield a pointer to the new, zeroed last element.  The old array
 * stays in the arena: at most twice the memory, no quadratic copying.
 */
#define PH_PUSH(a, vec, n, cap)						\
	((n) == (cap) ? (void)((vec) = ph_arena_grow((a), (vec), (n),	\
	    &(cap), sizeof(*(vec)))) : (void)0, &(vec)[(n)++])

/*
 * ph_arena_grow(a, old, n, cap, size):
 * Return a copy of the ${n} elements at ${old} with room for at least one
 * more; update *${cap}.  Used through PH_PUSH.
 */
void *ph_arena_grow(struct ph_arena *, const void *, size_t, size_t *, size_t);

#endif
