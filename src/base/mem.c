/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/banned.h"

static void die_no_memory(void)
{
    fputs("tmail: out of memory\n", stderr);
    abort();
}

static size_t checked_product(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        die_no_memory();
    return bytes;
}

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (p == NULL)
        die_no_memory();
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (p == NULL)
        die_no_memory();
    return p;
}

void *xrealloc(void *p, size_t n, size_t size)
{
    size_t bytes = checked_product(n, size);
    void *q = realloc(p, bytes ? bytes : 1);
    if (q == NULL)
        die_no_memory();
    return q;
}

char *xstrdup(const char *s)
{
    return xmemdup0(s, strlen(s));
}

char *xmemdup0(const void *p, size_t n)
{
    char *q = xmalloc(n + 1);
    if (n > 0)
        memcpy(q, p, n);
    q[n] = '\0';
    return q;
}

char *xasprintf(const char *fmt, ...)
{
    va_list ap;
    char *s = NULL;
    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        die_no_memory();
    va_end(ap);
    return s;
}

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct arena_block *head;
    size_t used;
};

static struct arena_block *block_new(size_t size)
{
    size_t total;
    if (__builtin_add_overflow(size, sizeof(struct arena_block), &total))
        die_no_memory();
    struct arena_block *b = xmalloc(total);
    b->next = NULL;
    b->used = 0;
    b->size = size;
    return b;
}

struct arena *arena_new(size_t first_block)
{
    struct arena *a = xcalloc(1, sizeof *a);
    a->head = block_new(first_block < 256 ? 256 : first_block);
    return a;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = _Alignof(max_align_t);
    if (n > SIZE_MAX / 2)
        die_no_memory();
    n = (n + align - 1) / align * align;
    struct arena_block *b = a->head;
    if (n > b->size - b->used) {
        size_t grown = b->size < (1u << 20) ? b->size * 2 : b->size;
        b = block_new(n > grown ? n : grown);
        b->next = a->head;
        a->head = b;
    }
    void *p = b->data + b->used;
    b->used += n;
    a->used += n;
    memset(p, 0, n);
    return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    return arena_alloc(a, checked_product(n, size));
}

struct str arena_str(struct arena *a, struct str s)
{
    if (s.n == 0)
        return STR(""); /* costs nothing: a field of commas has many */
    char *p = arena_alloc(a, s.n + 1);
    memcpy(p, s.p, s.n);
    return (struct str){ p, s.n };
}

struct str arena_cstr(struct arena *a, const char *s)
{
    return arena_str(a, str_c(s));
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        die_no_memory();
    char *p = arena_alloc(a, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

void arena_free(struct arena **a)
{
    if (*a == NULL)
        return;
    struct arena_block *b = (*a)->head;
    while (b != NULL) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
    free(*a);
    *a = NULL;
}
