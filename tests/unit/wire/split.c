/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include <stdlib.h>
#include "unit/wire/split.h"

static void dump_one(const struct wire_node *n, struct buf *out)
{
    static const char open[] = { [WIRE_QUOTED] = '"', [WIRE_LITERAL] = '{', [WIRE_TEXT] = '<' };
    static const char close[] = { [WIRE_QUOTED] = '"', [WIRE_LITERAL] = '}', [WIRE_TEXT] = '>' };
    if (n->kind == WIRE_LIST || n->kind == WIRE_CODE) {
        buf_addc(out, n->kind == WIRE_LIST ? '(' : '[');
        split_dump(n->child, out);
        buf_addc(out, n->kind == WIRE_LIST ? ')' : ']');
    } else if (n->kind == WIRE_STREAMED)
        buf_addf(out, "~%llu~", (unsigned long long)n->size);
    else if (n->kind == WIRE_ATOM)
        buf_add_str(out, n->s);
    else {
        buf_addc(out, open[n->kind]);
        buf_add_str(out, n->s);
        buf_addc(out, close[n->kind]);
    }
}

void split_dump(const struct wire_node *n, struct buf *out)
{
    for (const struct wire_node *first = n; n != NULL; n = n->next) {
        if (n != first)
            buf_addc(out, ' ');
        dump_one(n, out);
    }
}

static void announced(const struct split *s, struct wire_imap *p, struct buf *out)
{
    const struct wire_literal *l = wire_imap_literal(p);
    buf_addf(out, "announce %llu%s%s\n", (unsigned long long)l->size, l->sync ? "" : "+",
             l->binary ? "~" : "");
    if (s->choice == SPLIT_KEEP)
        wire_imap_keep(p);
    else if (s->choice == SPLIT_REFUSE)
        wire_imap_refuse(p);
}

/* Bytes of chunks are joined, so that a cut inside of one does not show. */
static void chunk_traced(struct wire_imap *p, struct buf *out)
{
    bool last;
    buf_add_str(out, wire_imap_chunk(p, &last));
    if (last)
        buf_adds(out, " end\n");
}

static void drain(const struct split *s, struct wire_imap *p, struct str in, struct buf *out)
{
    const struct wire_node *line;
    struct error err = { 0 };
    enum wire_result r;
    while ((r = wire_imap_next(p, &in, &line, &err)) != WIRE_MORE) {
        if (r == WIRE_OK) {
            split_dump(line, out);
            buf_addc(out, '\n');
        } else if (r == WIRE_BAD)
            buf_addf(out, "bad%s\n", err.code == ERR_LIMIT ? " limit" : "");
        else if (r == WIRE_ANNOUNCE)
            announced(s, p, out);
        else
            chunk_traced(p, out);
    }
    assert_int_equal(in.n, 0);
}

/* A copy of its own for each piece, so that a sanitizer sees every byte read too far. */
static void feed(const struct split *s, struct wire_imap *p, struct str piece, struct buf *out)
{
    char *copy = xmalloc(piece.n > 0 ? piece.n : 1);
    memcpy(copy, piece.p, piece.n);
    drain(s, p, (struct str){ copy, piece.n }, out);
    free(copy);
}

void split_trace(const struct split *s, struct str in, size_t cut, size_t step, struct buf *out)
{
    struct wire_imap *p = wire_imap_new(s->side, s->limits);
    feed(s, p, str_head(in, cut), out);
    for (in = str_skip(in, cut); in.n > 0; in = str_skip(in, step))
        feed(s, p, str_head(in, step), out);
    wire_imap_free(&p);
}

void split_check(const struct split *s, struct str in, const char *want)
{
    struct buf out = BUF_INIT(1 << 20);
    for (size_t cut = 0; cut <= in.n; cut++) {
        buf_clear(&out);
        split_trace(s, in, cut, in.n + 1, &out);
        assert_string_equal(buf_c(&out), want);
    }
    buf_clear(&out);
    split_trace(s, in, 0, 1, &out);
    assert_string_equal(buf_c(&out), want);
    buf_free(&out);
}
