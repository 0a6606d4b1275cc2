/* SPDX-License-Identifier: MIT */
/* buf.h - growable bytes with a ceiling. Always: data[len] == 0 once anything was added; len <=
 * max; NUL bytes allowed. After an add that would pass max, over is set and adds do nothing, so
 * that a caller appends forty times and checks once.
 * Must not know: files, charsets, protocols. If a caller needs one, it goes there. */
#ifndef TMAIL_BASE_BUF_H
#define TMAIL_BASE_BUF_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

struct buf {
    char *data;
    size_t len, cap, max;
    bool over;
};

#define BUF_INIT(limit)                                                                            \
    {                                                                                              \
        .max = (limit)                                                                             \
    }

/* The same as BUF_INIT at run time; forgets what was there. */
void buf_init(struct buf *b, size_t max);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, struct str s);
/* A C string without its NUL. */
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap);
/* Room for at least n more bytes, to be filled at the result and told with buf_grown; NULL if over.
 */
char *buf_room(struct buf *b, size_t n);
/* n bytes were written into what buf_room gave. */
void buf_grown(struct buf *b, size_t n);
/* Forgets the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* Cuts to n bytes (n <= len). */
void buf_truncate(struct buf *b, size_t n);
/* Empty again, over forgotten; the memory is kept. */
void buf_clear(struct buf *b);
/* View of the bytes, valid until the next add. */
struct str buf_str(const struct buf *b);
/* The bytes as a C string, never NULL; valid until the next add. */
const char *buf_c(const struct buf *b);
/* Gives the bytes away (terminated, freed with free()) and leaves an empty buffer. */
char *buf_detach(struct buf *b);
/* 0, or -1 with ERR_LIMIT if any add since the last clear was refused. */
int buf_check(const struct buf *b, struct error *err) MUST_CHECK;
void buf_free(struct buf *b);
/* For secrets: overwrites all that was held, then frees. */
void buf_wipe(struct buf *b);

#endif
