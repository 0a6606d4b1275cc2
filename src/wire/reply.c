/* SPDX-License-Identifier: MIT */
#include "wire/reply.h"

#include "base/banned.h"

enum { REPLY_TEXT_MAX = 900 };

/* RFC 2034 §4: class "." subject "." detail, with the class of the code. */
static void enhanced_read(struct str *text, struct wire_reply *out)
{
    struct str in = *text;
    uint32_t class, subject, detail;
    if (str_u32(&in, &class) != 0 || str_lit(&in, ".") != 0 || str_u32(&in, &subject) != 0 ||
        str_lit(&in, ".") != 0 || str_u32(&in, &detail) != 0 || class != out->code / 100 ||
        subject > 999 || detail > 999 || (in.n > 0 && in.p[0] != ' '))
        return;
    out->enhanced[0] = class;
    out->enhanced[1] = subject;
    out->enhanced[2] = detail;
    *text = str_skip(in, 1);
}

/* RFC 5321 §4.2: three digits, "-" or blank, text. A bare "250" is known to happen. */
static int reply_read(struct str line, struct wire_reply *out)
{
    if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' || !ascii_is_digit(line.p[1]) ||
        !ascii_is_digit(line.p[2]))
        return -1;
    out->code = (unsigned)((line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0'));
    line = str_skip(line, 3);
    if (line.n > 0 && line.p[0] != ' ' && line.p[0] != '-')
        return -1;
    out->last = line.n == 0 || line.p[0] == ' ';
    out->text = str_skip(line, 1);
    if (out->code >= 200 && out->code / 100 != 3)
        enhanced_read(&out->text, out);
    return 0;
}

enum wire_result wire_reply_next(struct str *in, struct wire_reply *out)
{
    struct str line, rest = *in;
    *out = (struct wire_reply){ 0 };
    size_t n = str_find(rest, '\n');
    if (n == rest.n)
        return n > WIRE_REPLY_LINE_MAX ? WIRE_BAD : WIRE_MORE;
    if (n > WIRE_REPLY_LINE_MAX || !str_line(&rest, &line) || !str_is_line(line) ||
        reply_read(line, out) != 0)
        return WIRE_BAD;
    *in = rest;
    return WIRE_OK;
}

void wire_reply_put(struct buf *out, unsigned code, const char *enhanced, bool last,
                    const char *text)
{
    struct str s = str_head(str_c(text), REPLY_TEXT_MAX);
    buf_addf(out, "%03u%c", code, last ? ' ' : '-');
    if (enhanced != NULL)
        buf_addf(out, "%s ", enhanced);
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, s.p[i] == '\r' || s.p[i] == '\n' ? ' ' : s.p[i]);
    buf_adds(out, "\r\n");
}

/* Stuffing: where in a line the stream is. */
enum { STUFF_LINE_START, STUFF_IN_LINE, STUFF_AFTER_CR };

static void stuff_byte(struct wire_stuff *s, char c, struct buf *out)
{
    if (s->state == STUFF_AFTER_CR) {
        buf_adds(out, "\r\n");
        s->state = STUFF_LINE_START;
        if (c == '\n')
            return;
    }
    if (c == '\r') {
        s->state = STUFF_AFTER_CR;
        return;
    }
    if (c == '\n') {
        buf_adds(out, "\r\n");
        s->state = STUFF_LINE_START;
        return;
    }
    if (c == '.' && s->state == STUFF_LINE_START)
        buf_addc(out, '.');
    buf_addc(out, c);
    s->state = STUFF_IN_LINE;
}

/* Bytes at the head that need no thought: the inside of a line. */
static size_t plain_run(struct str in)
{
    size_t lf = str_find(in, '\n');
    return str_find(str_head(in, lf), '\r');
}

void wire_stuff_add(struct wire_stuff *s, struct str in, struct buf *out)
{
    while (in.n > 0) {
        size_t n = s->state == STUFF_IN_LINE ? plain_run(in) : 0;
        buf_add(out, in.p, n);
        in = str_skip(in, n);
        if (in.n == 0)
            return;
        stuff_byte(s, in.p[0], out);
        in = str_skip(in, 1);
    }
}

void wire_stuff_end(struct wire_stuff *s, struct buf *out)
{
    if (s->state != STUFF_LINE_START)
        buf_adds(out, "\r\n");
    buf_adds(out, ".\r\n");
    s->state = STUFF_LINE_START;
}

/* Un-stuffing: where in a line the stream is. */
enum { UN_LINE_START, UN_IN_LINE, UN_CR, UN_DOT, UN_DOT_CR };

static void line_break(struct wire_unstuff *u, struct buf *out)
{
    buf_adds(out, "\r\n");
    u->state = UN_LINE_START;
}

/* A bare LF ends a line only in a session that has never used anything else. Elsewhere it stays
 * inside its line, so that no dot behind it can end the data. */
static void bare_lf(struct wire_unstuff *u, struct buf *out)
{
    if (u->lenient) {
        line_break(u, out);
        return;
    }
    u->bare = true;
    buf_addc(out, '\n');
    u->state = UN_IN_LINE;
}

static void plain_byte(struct wire_unstuff *u, char c, struct buf *out)
{
    if (c == '\r')
        u->state = UN_CR;
    else if (c == '\n')
        bare_lf(u, out);
    else if (c == '.' && u->state == UN_LINE_START && !u->raw)
        u->state = UN_DOT;
    else {
        buf_addc(out, c);
        u->state = UN_IN_LINE;
    }
}

/* A CR that no LF followed: part of the line, and noted. c is what followed. */
static void bare_cr(struct wire_unstuff *u, char c, struct buf *out)
{
    u->bare = true;
    buf_addc(out, '\r');
    u->state = UN_IN_LINE;
    plain_byte(u, c, out);
}

/* True at the end of the data. */
static bool unstuff_byte(struct wire_unstuff *u, char c, struct buf *out)
{
    switch (u->state) {
    case UN_CR:
        if (c == '\n')
            line_break(u, out);
        else
            bare_cr(u, c, out);
        return false;
    case UN_DOT:
        if (c == '\n' && u->lenient)
            return true;
        u->state = UN_IN_LINE; /* the stuffed dot is dropped */
        if (c == '\r')
            u->state = UN_DOT_CR;
        else
            plain_byte(u, c, out);
        return false;
    case UN_DOT_CR:
        if (c == '\n')
            return true;
        bare_cr(u, c, out);
        return false;
    default:
        plain_byte(u, c, out);
        return false;
    }
}

enum wire_result wire_unstuff_next(struct wire_unstuff *u, struct str *in, struct buf *out)
{
    while (in->n > 0) {
        size_t n = u->state == UN_IN_LINE ? plain_run(*in) : 0;
        buf_add(out, in->p, n);
        *in = str_skip(*in, n);
        if (in->n == 0)
            break;
        char c = in->p[0];
        *in = str_skip(*in, 1);
        if (unstuff_byte(u, c, out)) {
            u->state = UN_LINE_START;
            return u->bare && !u->lenient ? WIRE_BAD : WIRE_OK;
        }
    }
    return WIRE_MORE;
}

void wire_unstuff_finish(struct wire_unstuff *u, struct buf *out)
{
    u->bare = u->bare || u->state == UN_CR;
    if (u->state != UN_LINE_START)
        line_break(u, out);
}
