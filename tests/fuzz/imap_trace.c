/* SPDX-License-Identifier: MIT */
#include "imap_trace.h"

#include "fuzz.h"
#include "base/banned.h"

static const struct wire_imap_limits small = { .line_max = 200,
                                               .depth_max = 4,
                                               .nodes_max = 30,
                                               .memory_max = 4000,
                                               .literal_keep = 8,
                                               .literal_max = 100 };
/* The defaults, with literals streamed that a fuzzer can still write. */
static const struct wire_imap_limits usual = { .line_max = WIRE_LINE_MAX,
                                               .depth_max = WIRE_DEPTH_MAX,
                                               .nodes_max = WIRE_NODES_MAX,
                                               .memory_max = WIRE_MEMORY_MAX,
                                               .literal_keep = 60,
                                               .literal_max = 256 << 20 };

struct tracer {
    const struct imap_trace *t;
    struct wire_imap *p;
    struct buf *out;
};

/* Depth first; lists are no deeper than depth_max. */
void imap_trace_dump(const struct wire_node *n, struct buf *out)
{
    for (; n != NULL; n = n->next) {
        buf_addf(out, " %d:%llu:", (int)n->kind, (unsigned long long)n->size);
        buf_add_str(out, n->s);
        if (n->child != NULL) {
            buf_addc(out, '(');
            imap_trace_dump(n->child, out);
            buf_addc(out, ')');
        }
    }
}

static void announced(struct tracer *t)
{
    const struct wire_literal *l = wire_imap_literal(t->p);
    buf_addf(t->out, "announce %llu %d %d\n", (unsigned long long)l->size, l->sync, l->binary);
    if (t->t->choice == 1)
        wire_imap_keep(t->p);
    else if (t->t->choice == 2)
        wire_imap_refuse(t->p);
}

/* Bytes of chunks are joined: how many there were may depend on the cuts. */
static void chunk(struct tracer *t)
{
    bool last;
    buf_add_str(t->out, wire_imap_chunk(t->p, &last));
    if (last)
        buf_adds(t->out, " end\n");
}

static void feed(void *arg, struct str in)
{
    struct tracer *t = arg;
    const struct wire_node *line;
    struct error err = { 0 };
    enum wire_result r;
    while ((r = wire_imap_next(t->p, &in, &line, &err)) != WIRE_MORE) {
        if (r == WIRE_ANNOUNCE)
            announced(t);
        else if (r == WIRE_CHUNK)
            chunk(t);
        else if (r == WIRE_BAD)
            buf_addf(t->out, "bad %d\n", (int)err.code);
        else {
            imap_trace_dump(line, t->out);
            buf_addc(t->out, '\n');
            if (t->t->view != NULL)
                t->t->view(line, t->out);
        }
    }
    FUZZ_CHECK(in.n == 0);
}

static void trace(const struct imap_trace *t, struct str in, enum fuzz_split split, struct buf *out)
{
    struct tracer tracer = { .t = t, .out = out };
    tracer.p = wire_imap_new(t->side, t->small ? &small : &usual);
    fuzz_feed(in, split, feed, &tracer);
    wire_imap_free(&tracer.p);
}

void imap_trace_check(const struct imap_trace *t, struct str in)
{
    struct buf whole = BUF_INIT(16 << 20), cut = BUF_INIT(16 << 20);
    trace(t, in, FUZZ_WHOLE, &whole);
    trace(t, in, FUZZ_CUT, &cut);
    fuzz_same(buf_str(&whole), buf_str(&cut));
    buf_clear(&cut);
    trace(t, in, FUZZ_BYTES, &cut);
    fuzz_same(buf_str(&whole), buf_str(&cut));
    buf_free(&whole);
    buf_free(&cut);
}
