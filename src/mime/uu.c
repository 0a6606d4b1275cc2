/* SPDX-License-Identifier: MIT */
#include "mime/uu.h"

#include "mime/codec_line.h"
#include "base/banned.h"

/* What the lines behind a begin line say. Ends are counted from the begin line. */
struct lines {
    size_t good_end; /* of the last line before the first one that is wrong */
    size_t end;      /* of the end line; 0 when there is none */
    size_t bytes, data, bad;
    size_t first_bytes, last_bytes;
    bool zero, filled, backquote, misspelt;
};

static void note_data(struct lines *l, struct codec_uu_line line)
{
    if (l->data++ == 0)
        l->first_bytes = line.bytes;
    l->last_bytes = line.bytes;
    l->bytes += line.bytes;
    l->filled |= line.filled > 0;
    l->backquote |= line.backquote;
}

/* Reads on until an end line, another begin line or the end of the text. Without an end the file
 * ends before the first line that is wrong: what follows that is not of it. */
static struct lines scan(const struct codec_pack_in *table, struct str text)
{
    struct lines l = { 0 }, good = { 0 };
    struct str rest = text, line, name;
    str_line(&rest, &line);
    l.good_end = text.n - rest.n;
    while (str_line(&rest, &line) && !codec_uu_begin(line, &name)) {
        struct codec_uu_line look = codec_uu_look(table, line);
        if (look.kind == CODEC_UU_DATA)
            note_data(&l, look);
        else if (look.kind == CODEC_UU_ZERO)
            l.zero = true;
        else if (look.kind == CODEC_UU_BAD) {
            if (l.bad == 0)
                good = l;
            l.bad++;
        } else {
            l.misspelt = look.kind == CODEC_UU_WRONG_END;
            l.end = text.n - rest.n;
            break;
        }
        if (l.bad == 0 && (look.kind == CODEC_UU_DATA || l.data == 0))
            l.good_end = text.n - rest.n;
        if (l.bad > 0 && l.data == 0)
            break;
    }
    return l.end > 0 || l.bad == 0 ? l : good;
}

/* "begin 644 x" in prose is no file: its next line must look like one. */
static bool is_file(const struct lines *l)
{
    return l->data > 0 || (l->zero && l->end > 0 && l->bad == 0);
}

static void judge(const struct lines *l, struct uu_file *f)
{
    bool finished = l->end > 0 || l->zero || l->last_bytes < l->first_bytes;
    f->decoded = l->bytes;
    f->unended = l->end == 0 || l->misspelt;
    f->length = l->end > 0 ? l->end : l->good_end;
    /* blanks cannot have been cut where '`' stands for zero: such a line has lost something else */
    f->damaged = !finished || (l->filled && l->backquote) || (l->bad > 0 && l->end > 0);
}

size_t uu_find(struct str text, struct uu_file *out, size_t max)
{
    struct codec_pack_in table;
    struct str rest = text, line, name;
    size_t n = 0;
    bool ready = false;
    while (n < max && rest.n > 0) {
        struct str from = rest;
        str_line(&rest, &line);
        if (!codec_uu_begin(line, &name))
            continue;
        if (!ready)
            codec_pack_in_init(&table, CODEC_UU);
        ready = true;
        struct lines l = scan(&table, from);
        if (!is_file(&l))
            continue;
        struct uu_file *f = &out[n++];
        *f = (struct uu_file){ .offset = text.n - from.n, .name = name };
        judge(&l, f);
        rest = str_skip(from, f->length);
    }
    return n;
}
