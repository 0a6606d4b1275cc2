/* SPDX-License-Identifier: MIT */
#include "mime/flowed.h"

#include "base/banned.h"

/* RFC 3676 §4.5: '>' characters without blanks between them, then one stuffed blank, which goes. */
static unsigned take_marks(struct str *line)
{
    unsigned depth = 0;
    while (line->n > 0 && line->p[0] == '>') {
        depth++;
        *line = str_skip(*line, 1);
    }
    if (line->n > 0 && line->p[0] == ' ')
        *line = str_skip(*line, 1);
    return depth;
}

static void start_line(unsigned depth, struct buf *out)
{
    for (unsigned i = 0; i < depth && i < FLOWED_DEPTH_MAX; i++)
        buf_adds(out, "> ");
}

void flowed_unwrap(struct str text, bool delsp, struct buf *out)
{
    struct str line;
    unsigned open_depth = 0;
    bool open = false;
    while (str_line(&text, &line)) {
        unsigned depth = take_marks(&line);
        bool signature = str_eqc(line, "-- "); /* §4.3 */
        bool flows = !signature && str_ends(line, " ");
        if (open && (depth != open_depth || signature)) { /* §4.5: improperly flowed */
            buf_addc(out, '\n');
            open = false;
        }
        if (!open)
            start_line(depth, out);
        buf_add_str(out, str_head(line, line.n - (flows && delsp)));
        if (!flows)
            buf_addc(out, '\n');
        open = flows;
        open_depth = depth;
    }
    if (open)
        buf_addc(out, '\n');
}

unsigned flowed_depth(struct str line, struct str *rest)
{
    unsigned depth = 0;
    for (;;) {
        struct str s = line;
        if (depth > 0 && s.n > 1 && s.p[0] == ' ' && s.p[1] == '>')
            s = str_skip(s, 1);
        if (s.n == 0 || s.p[0] != '>')
            break;
        line = str_skip(s, 1);
        depth++;
    }
    *rest = depth > 0 && line.n > 0 && line.p[0] == ' ' ? str_skip(line, 1) : line;
    return depth;
}
