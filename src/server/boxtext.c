/* SPDX-License-Identifier: MIT */
#include "server/boxtext.h"

#include "mime/mbox.h"
#include "base/banned.h"

enum { FROM_N = 5, IN_LINE };
static const char from[] = "From ";

static void put(struct boxtext *t, const char *p, size_t n, struct buf *out)
{
    t->stored += n;
    t->served += n;
    if (out != NULL && n > 0)
        buf_add(out, p, n);
}

static void quote(struct boxtext *t, struct buf *out)
{
    put(t, ">", 1, out);
    t->served--;
}

static void line_end(struct boxtext *t, struct buf *out)
{
    put(t, "\n", 1, out);
    t->served++;
    t->matched = 0;
    t->begun = false;
}

/* The start of a line: held back as long as it may become one that is quoted. Where in a run of '>'
 * another one is put makes no difference. True when the byte was taken. */
static bool start_take(struct boxtext *t, char c, struct buf *out)
{
    if (t->matched == 0 && c == '>')
        put(t, ">", 1, out);
    else if (c == from[t->matched]) {
        if (++t->matched == FROM_N) {
            quote(t, out);
            put(t, from, FROM_N, out);
            t->matched = IN_LINE;
        }
    } else {
        put(t, from, t->matched, out);
        t->matched = IN_LINE;
        return false;
    }
    t->begun = true;
    return true;
}

/* The rest of a line, as far as it is there. Only a CR before a line end is dropped. */
static struct str line_take(struct boxtext *t, struct str s, struct buf *out)
{
    size_t n = str_find(s, '\n');
    bool cr = n > 0 && s.p[n - 1] == '\r';
    put(t, s.p, n - cr, out);
    if (n == s.n) {
        t->cr = cr;
        t->begun = true;
        return str_skip(s, n);
    }
    line_end(t, out);
    return str_skip(s, n + 1);
}

void boxtext_feed(struct boxtext *t, struct str s, struct buf *out)
{
    while (s.n > 0) {
        if (t->cr && s.p[0] != '\n')
            put(t, "\r", 1, out);
        t->cr = false;
        if (t->matched < FROM_N && start_take(t, s.p[0], out))
            s = str_skip(s, 1);
        else
            s = line_take(t, s, out);
    }
}

void boxtext_end(struct boxtext *t, struct buf *out)
{
    if (t->matched < FROM_N)
        put(t, from, t->matched, out);
    if (t->cr)
        put(t, "\r", 1, out);
    t->newline_added = t->begun || t->stored == 0;
    if (t->newline_added) {
        put(t, "\n", 1, out);
        t->served--;
    }
}

void boxtext_serve(struct str stored, bool newline_added, struct buf *out)
{
    while (stored.n > 0) {
        size_t n = str_find(stored, '\n');
        struct str line = str_head(stored, n);
        stored = str_skip(stored, n + 1);
        buf_add_str(out, str_skip(line, mbox_is_quoted(line) ? 1 : 0));
        if (stored.n > 0 || !newline_added)
            buf_adds(out, "\r\n");
    }
}

uint64_t boxtext_served_size(struct str stored, bool newline_added)
{
    uint64_t size = 0;
    while (stored.n > 0) {
        size_t n = str_find(stored, '\n');
        struct str line = str_head(stored, n);
        stored = str_skip(stored, n + 1);
        size += line.n - (mbox_is_quoted(line) ? 1 : 0);
        size += stored.n > 0 || !newline_added ? 2 : 0;
    }
    return size;
}
