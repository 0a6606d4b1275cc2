/* SPDX-License-Identifier: MIT */
/* mem.h - memory that is there, and arenas for things with one common end. The x-family and
 * arenas abort the process when it has no memory left: every growth that mail, a server or a
 * person feeds has a ceiling of its own (buf.h) that ends in ERR_LIMIT long before.
 * Must not know: what the memory is for. */
#ifndef TMAIL_BASE_MEM_H
#define TMAIL_BASE_MEM_H

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MUST_CHECK __attribute__((warn_unused_result))

struct str;

/* Uninitialised, n bytes; freed with free(). */
void *xmalloc(size_t n) __attribute__((returns_nonnull, malloc));
/* n objects of size bytes each, zeroed; the product is checked. */
void *xcalloc(size_t n, size_t size) __attribute__((returns_nonnull));
/* Resizes p (or NULL) to n objects of size bytes; the product is checked. */
void *xrealloc(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((returns_nonnull));
/* Copy of n bytes with a NUL behind them. */
char *xmemdup0(const void *p, size_t n) __attribute__((returns_nonnull));
/* A formatted string; freed with free(). */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* Memory with one common end. */
struct arena;
/* first_block is a hint, bytes. */
struct arena *arena_new(size_t first_block) __attribute__((returns_nonnull));
/* Zeroed and aligned for any type; lives until arena_free. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
/* n objects of size bytes; the product is checked. */
void *arena_array(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));
/* Copies s into the arena with a NUL behind it; the view does not count the NUL. */
struct str arena_str(struct arena *a, struct str s);
/* The same for a C string; NULL gives an empty view. */
struct str arena_cstr(struct arena *a, const char *s);
/* A formatted, terminated string in the arena. */
char *arena_fmt(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
/* Bytes handed out so far; what a ceiling compares with. */
size_t arena_used(const struct arena *a);
/* Frees all, sets *a to NULL; NULL inside is fine. */
void arena_free(struct arena **a);

#endif
