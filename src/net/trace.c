/* SPDX-License-Identifier: MIT */
#include "net/trace.h"

#include <inttypes.h>

#include "base/banned.h"

enum { VERB_MAX = 12, DEPTH_MAX = 8 };

static void say(struct log *log, const char *host, char way, struct str line)
{
    struct str head = str_head(line, TRACE_LINE_MAX);
    log_line(log, LOG_DEBUG, "%s %c %.*s%s", host, way, STR_ARG(head),
             head.n < line.n ? " ..." : "");
}

static struct str without_cr(struct str line)
{
    return line.n > 0 && line.p[line.n - 1] == '\r' ? str_head(line, line.n - 1) : line;
}

void trace_out(struct log *log, const char *host, struct str lines)
{
    if (!log_wants(log, LOG_DEBUG))
        return;
    while (lines.n > 0) {
        size_t n = str_find(lines, '\n');
        say(log, host, '>', without_cr(str_head(lines, n)));
        lines = str_skip(lines, n < lines.n ? n + 1 : n);
    }
}

void trace_verb(struct log *log, const char *host, struct str line)
{
    size_t n = 0;
    while (n < line.n && n < VERB_MAX && line.p[n] >= 'A' && line.p[n] <= 'Z')
        n++;
    /* without an argument it may as well be a secret in base64: "QVBQTEVT" */
    bool more = n > 0 && n < VERB_MAX && n < line.n && line.p[n] == ' ', word = more;
    if (log_wants(log, LOG_DEBUG))
        log_line(log, LOG_DEBUG, "%s > %.*s%s", host, (int)(word ? n : 0), line.p,
                 more   ? " ***"
                 : word ? ""
                        : "***");
}

void trace_in(struct log *log, const char *host, struct str line)
{
    if (log_wants(log, LOG_DEBUG))
        say(log, host, '<', without_cr(line));
}

static void put_nodes(const struct wire_node *n, unsigned depth, struct buf *out);

static void put_node(const struct wire_node *n, unsigned depth, struct buf *out)
{
    switch (n->kind) {
    case WIRE_LITERAL:
        buf_addf(out, "{%zu}", n->s.n);
        return;
    case WIRE_STREAMED:
        buf_addf(out, "{%" PRIu64 "}", n->size);
        return;
    case WIRE_QUOTED:
        buf_addf(out, "\"%.*s\"", STR_ARG(str_head(n->s, TRACE_LINE_MAX)));
        return;
    case WIRE_LIST:
    case WIRE_CODE:
        buf_addc(out, n->kind == WIRE_LIST ? '(' : '[');
        if (depth < DEPTH_MAX)
            put_nodes(n->child, depth + 1, out);
        buf_addc(out, n->kind == WIRE_LIST ? ')' : ']');
        return;
    case WIRE_ATOM:
    case WIRE_TEXT:
        buf_add_str(out, str_head(n->s, TRACE_LINE_MAX));
    }
}

static void put_nodes(const struct wire_node *n, unsigned depth, struct buf *out)
{
    for (bool first = true; n != NULL && out->len <= TRACE_LINE_MAX; n = n->next, first = false) {
        if (!first)
            buf_addc(out, ' ');
        put_node(n, depth, out);
    }
}

void trace_in_imap(struct log *log, const char *host, const struct wire_node *line)
{
    if (!log_wants(log, LOG_DEBUG))
        return;
    struct buf out = BUF_INIT((DEPTH_MAX + 2) * TRACE_LINE_MAX);
    put_nodes(line, 0, &out);
    say(log, host, '<', buf_str(&out));
    buf_free(&out);
}
