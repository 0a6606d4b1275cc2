/* SPDX-License-Identifier: MIT */
#include "sync/letter.h"

#include "sync/head.h"
#include "base/banned.h"

enum { PIECE = 256 << 10 };

/* The header as it passes. */
struct scan {
    bool eight, over;
    size_t line; /* bytes of the line so far, without CR */
};

static void header_scan(struct scan *s, struct str bytes)
{
    for (size_t i = 0; i < bytes.n && !s->over; i++) {
        char c = bytes.p[i];
        s->eight |= (unsigned char)c >= 0x80;
        s->over = c == '\n' && s->line == 0;
        s->line = c == '\n' ? 0 : s->line + (c != '\r');
    }
}

int letter_bytes(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    const struct letter *l = arg;
    return cache_body_read(l->cache, l->message, offset, want, out, err);
}

int letter_read(struct letter *l, struct cache *c, int64_t message, struct error *err)
{
    struct buf piece = BUF_INIT(PIECE);
    struct scan s = { 0 };
    struct head head;
    int rc = 0;
    head_init(&head);
    *l = (struct letter){ .cache = c, .message = message };
    do {
        buf_clear(&piece);
        rc = letter_bytes(l, l->size, PIECE, &piece, err);
        l->size += piece.len;
        header_scan(&s, buf_str(&piece));
        head_add(&head, buf_str(&piece));
    } while (rc == 0 && piece.len > 0);
    head_end(&head, l->size, l->head);
    l->utf8 = s.eight;
    buf_free(&piece);
    return rc;
}
