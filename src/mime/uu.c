/* SPDX-License-Identifier: MIT */
#include "mime/uu.h"

#include <stdlib.h>

#include "base/buf.h"
#include "mime/codec_line.h"
#include "base/banned.h"

/* What the lines behind a begin line say. Ends are counted from the begin line. */
struct lines {
    size_t good_end; /* of the last line before the first one that is wrong */
    size_t end;      /* of the end line; 0 when there is none */
    size_t bytes, data, bad;
    size_t first_bytes, last_bytes, last_filled;
    bool zero, filled, backquote, misspelt;
    bool uneven; /* not the lines that an encoder writes: all as long as the first, but the last */
};

struct uu_reader {
    void (*found)(void *arg, const struct uu_file *file);
    void *arg;
    bool table_ready;
    struct codec_pack_in table;
    size_t pos;           /* bytes of the text that were taken */
    size_t line;          /* where the line at hand begins */
    struct buf held;      /* its front, when it came in several pieces */
    bool inside;          /* in a line that is no begin line */
    bool in_file;         /* behind a begin line */
    struct uu_file file;  /* that one */
    struct buf name;      /* its name, when the begin line is gone */
    struct lines l, good; /* what its lines say; the same before the first wrong one */
};

/* What is longer than any line of uuencode with its end need not be kept whole to be seen as such. */
enum { HELD_MAX = CODEC_UU_LINE_MAX + 3 };

struct uu_reader *uu_reader_new(void (*found)(void *arg, const struct uu_file *file), void *arg)
{
    struct uu_reader *r = xcalloc(1, sizeof *r);
    r->found = found;
    r->arg = arg;
    buf_init(&r->held, HELD_MAX);
    buf_init(&r->name, HELD_MAX);
    return r;
}

void uu_reader_free(struct uu_reader **r)
{
    if (*r == NULL)
        return;
    buf_free(&(*r)->held);
    buf_free(&(*r)->name);
    free(*r);
    *r = NULL;
}

/* Length of a piece at which it may be chance that the line before lacks as much. */
enum { CHANCE = 2 };

/* A line that was wrapped looks like one that was cut, and its other half like a line of some length:
 * not of that of all lines, and it has what the one before lacks. */
static void note_data(struct lines *l, struct codec_uu_line line, size_t n)
{
    if (l->data++ == 0)
        l->first_bytes = line.bytes;
    else if (l->last_bytes != l->first_bytes || line.bytes > l->first_bytes ||
             (line.bytes != l->first_bytes && n > CHANCE && n == l->last_filled))
        l->uneven = true;
    l->last_bytes = line.bytes;
    l->last_filled = line.filled;
    l->bytes += line.bytes;
    l->filled |= line.filled > 0;
    l->backquote |= line.backquote;
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
    /* Blanks cannot have been cut where '`' stands for zero: such a line has lost something else. */
    f->damaged =
        !finished || (l->filled && (l->backquote || l->uneven)) || (l->bad > 0 && l->end > 0);
}

static void file_begin(struct uu_reader *r, enum uu_kind kind, struct str name)
{
    if (!r->table_ready)
        codec_pack_in_init(&r->table, CODEC_UU);
    r->table_ready = r->in_file = true;
    r->file = (struct uu_file){ .kind = kind, .offset = r->line, .name = name };
    r->l = r->good = (struct lines){ .good_end = r->pos - r->line };
    buf_clear(&r->name);
}

/* One that we do not decode ends before the line at hand, or with it. */
static void other_end(struct uu_reader *r, bool ended)
{
    struct uu_file *f = &r->file;
    r->in_file = false;
    f->length = f->decoded = (ended ? r->pos : r->line) - f->offset;
    f->damaged = f->unended = !ended;
    if (f->kind == UU_FILE_YENC || r->l.data > 0)
        r->found(r->arg, f);
}

/* Without an end the file ends before the first line that is wrong: what follows that is not of it. */
static void file_end(struct uu_reader *r)
{
    const struct lines *l = r->l.end > 0 || r->l.bad == 0 ? &r->l : &r->good;
    r->in_file = false;
    if (!is_file(l))
        return;
    judge(l, &r->file);
    r->found(r->arg, &r->file);
}

/* BinHex 4.0: between two colons; the first line has the name. */
static void binhex_line(struct uu_reader *r, struct str line)
{
    struct str s = str_trim(line);
    if (r->l.data == 0 && s.n == 0)
        return;
    if (r->l.data == 0 && s.p[0] != ':')
        r->in_file = false;
    else if (str_find(s, ' ') < s.n || s.n == 0)
        other_end(r, false);
    else {
        if (r->l.data++ == 0)
            r->file.name = s;
        if (s.n > 1 && s.p[s.n - 1] == ':')
            other_end(r, true);
    }
}

/* A file goes on until an end line, another begin line or the end of the text. */
static void file_line(struct uu_reader *r, struct str line)
{
    struct lines *l = &r->l;
    struct codec_uu_line look = codec_uu_look(&r->table, line);
    if (look.kind == CODEC_UU_DATA)
        note_data(l, look, line.n);
    else if (look.kind == CODEC_UU_ZERO)
        l->zero = true;
    else if (look.kind == CODEC_UU_BAD) {
        if (l->bad == 0)
            r->good = *l;
        l->bad++;
    } else {
        l->misspelt = look.kind == CODEC_UU_WRONG_END;
        l->end = r->pos - r->file.offset;
        file_end(r);
        return;
    }
    if (l->bad == 0 && (look.kind == CODEC_UU_DATA || l->data == 0))
        l->good_end = r->pos - r->file.offset;
    if (l->bad > 0 && l->data == 0)
        r->in_file = false;
}

/* What the lines of each kind begin with. */
static const char *const begins[] = { [UU_FILE] = "begin ",
                                      [UU_FILE_YENC] = "=ybegin ",
                                      [UU_FILE_BINHEX] =
                                          "(This file must be converted with BinHex" };

/* =ybegin [part=N] line=N size=N name=... to the end of the line */
static bool yenc_begin(struct str line, struct str *name)
{
    size_t n = str_search(line, STR(" name="));
    struct str before = str_head(line, n);
    *name = str_trim(str_skip(line, n + 6));
    return name->n > 0 && str_search(before, STR(" line=")) < before.n &&
           str_search(before, STR(" size=")) < before.n;
}

/* True if line begins a file. */
static bool begin_line(struct str line, enum uu_kind *kind, struct str *name)
{
    if (codec_uu_begin(line, name)) {
        *kind = UU_FILE;
        return true;
    }
    *name = str_head(line, 0);
    *kind = str_starts(line, begins[UU_FILE_YENC]) ? UU_FILE_YENC : UU_FILE_BINHEX;
    if (!str_starts(line, begins[*kind]) || line.n > CODEC_UU_LINE_MAX)
        return false;
    return *kind == UU_FILE_BINHEX || yenc_begin(line, name);
}

static void file_break(struct uu_reader *r)
{
    if (r->file.kind == UU_FILE)
        file_end(r);
    else
        other_end(r, false);
}

static void take_line(struct uu_reader *r, struct str line)
{
    struct str name;
    enum uu_kind kind;
    if (begin_line(line, &kind, &name)) {
        if (r->in_file)
            file_break(r);
        file_begin(r, kind, name);
    } else if (r->in_file && r->file.kind == UU_FILE)
        file_line(r, line);
    else if (r->in_file && r->file.kind == UU_FILE_BINHEX)
        binhex_line(r, line);
    else if (r->in_file && str_starts(line, "=yend "))
        other_end(r, true);
    r->line = r->pos;
}

/* True if s may be the front of a begin line. */
static bool may_begin(struct str s)
{
    for (size_t i = 0; i < COUNT(begins); i++) {
        size_t n = strlen(begins[i]);
        if (memcmp(s.p, begins[i], s.n < n ? s.n : n) == 0)
            return true;
    }
    return false;
}

static void pass(struct uu_reader *r, struct str *in, size_t n)
{
    r->pos += n;
    *in = str_skip(*in, n);
}

/* Outside of a file, passes over what has no begin line. */
static void to_begin(struct uu_reader *r, struct str *in)
{
    if (!r->inside && may_begin(*in))
        return;
    size_t n = 0;
    do
        n += str_find(str_skip(*in, n), '\n') + 1;
    while (n < in->n && !may_begin(str_skip(*in, n)));
    r->inside = n > in->n;
    pass(r, in, r->inside ? in->n : n);
    r->line = r->pos;
}

static struct str chomp(struct str line)
{
    if (line.n > 0 && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* The next line; false when not all of it is here. */
static bool next_line(struct uu_reader *r, struct str *in, bool last, struct str *line)
{
    size_t lf = str_find(*in, '\n');
    bool ended = lf < in->n;
    struct str piece = str_head(*in, lf + ended);
    pass(r, in, piece.n);
    if ((ended || last) && r->held.len == 0) {
        *line = chomp(piece);
        return true;
    }
    buf_add_str(&r->held, str_head(piece, HELD_MAX - r->held.len));
    *line = chomp(buf_str(&r->held));
    return ended || last;
}

/* The name points into bytes that go. */
static void name_own(struct uu_reader *r)
{
    if (!r->in_file || r->file.name.n == 0 || r->file.name.p == r->name.data)
        return;
    buf_clear(&r->name);
    buf_add_str(&r->name, r->file.name);
    r->file.name = buf_str(&r->name);
}

void uu_reader_feed(struct uu_reader *r, struct str bytes, bool last)
{
    struct str line;
    while (bytes.n > 0 || (last && r->held.len > 0)) {
        if (!r->in_file && r->held.len == 0)
            to_begin(r, &bytes);
        if (bytes.n == 0 && r->held.len == 0)
            break;
        if (!next_line(r, &bytes, last, &line))
            break;
        take_line(r, line);
        if (r->held.len > 0)
            name_own(r);
        buf_clear(&r->held);
    }
    if (!last) {
        name_own(r);
        return;
    }
    if (r->in_file)
        file_break(r);
    r->pos = r->line = 0;
    r->inside = false;
}

/* The six bits of a character of BinHex, 64 for any other. */
static unsigned binhex_bits(char c)
{
    static const char alphabet[] =
        "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (unsigned)(at - alphabet) : 64;
}

/* The name is the first of what is encoded, behind its length. */
static void binhex_name(struct str line, struct buf *out)
{
    unsigned bits = 0, have = 0, left = 0;
    bool first = true;
    for (size_t i = 1; i < line.n && (first || left > 0); i++) {
        unsigned six = binhex_bits(line.p[i]);
        if (six == 64)
            return;
        bits = bits << 6 | six;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        unsigned byte = bits >> have & 0xff;
        if (first)
            left = byte;
        else if (byte < ' ')
            return;
        else {
            buf_addc(out, (char)byte);
            left--;
        }
        first = false;
    }
}

void uu_file_name(const struct uu_file *file, struct buf *out)
{
    if (file->kind == UU_FILE_BINHEX)
        binhex_name(file->name, out);
    else
        buf_add_str(out, file->name);
}

struct finds {
    struct uu_file *out;
    size_t n, max;
};

static void find(void *arg, const struct uu_file *file)
{
    struct finds *f = arg;
    if (f->n < f->max)
        f->out[f->n++] = *file;
}

size_t uu_find(struct str text, struct uu_file *out, size_t max)
{
    struct finds f = { .out = out, .max = max };
    struct uu_reader *r = uu_reader_new(find, &f);
    uu_reader_feed(r, text, true);
    uu_reader_free(&r);
    return f.n;
}
