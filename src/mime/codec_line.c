/* SPDX-License-Identifier: MIT */
#include "mime/codec_line.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "base/banned.h"

/* A line longer than PIECE is handled in pieces, where it was not given in one; what uuencode has
 * must be so short that the pieces of a line never matter. */
enum { PIECE = 2 * CODEC_UU_LINE_MAX, NAME_MAX_KEPT = 1000 };
/* So many blanks are not what a mail server padded a line with: they are text, wherever it ends. */
enum { BLANKS_MAX = PIECE / 2 };

struct codec_line {
    struct buf held; /* a line whose end has not come */
    size_t done;     /* of held, already handled */
    bool inside;     /* held goes on with a line of which a piece was handled */
    bool blank_text; /* that piece ended in blanks that are text */
    bool damaged;
    size_t column; /* quoted-printable out: how full the line is */
    enum { UU_SEEK, UU_BODY, UU_DONE } uu;
    bool table_ready;
    struct codec_pack_in table;
    struct buf name;
};

/* One line, or a piece of a very long one. */
struct line {
    struct str text;
    struct str end; /* LF, CRLF, or empty for a piece and for the last line */
    bool first;     /* begins a line */
    bool final;     /* ends one */
};

struct codec_line *codec_line_new(void)
{
    struct codec_line *c = xcalloc(1, sizeof *c);
    buf_init(&c->held, 4 * PIECE);
    buf_init(&c->name, NAME_MAX_KEPT);
    return c;
}

void codec_line_free(struct codec_line **c)
{
    if (*c == NULL)
        return;
    buf_free(&(*c)->held);
    buf_free(&(*c)->name);
    free(*c);
    *c = NULL;
}

struct str codec_line_name(const struct codec_line *c)
{
    return buf_str(&c->name);
}

static struct line whole_line(struct codec_line *c, struct str raw)
{
    struct line l = {
        .text = raw, .end = str_skip(raw, raw.n), .first = !c->inside, .final = true
    };
    if (raw.n > 0 && raw.p[raw.n - 1] == '\n') {
        size_t n = raw.n > 1 && raw.p[raw.n - 2] == '\r' ? 2 : 1;
        l.text = str_head(raw, raw.n - n);
        l.end = str_skip(raw, raw.n - n);
    }
    c->inside = false;
    return l;
}

/* The next line. Views live until the next call; of a piece the caller may leave bytes by lowering
 * c->done. False when more input is needed, or at the end. */
static bool next_line(struct codec_line *c, struct str *in, bool last, struct line *l)
{
    buf_consume(&c->held, c->done);
    c->done = 0;
    size_t lf = str_find(*in, '\n');
    size_t n = lf < in->n ? lf + 1 : in->n;
    if (c->held.len == 0 && lf < in->n) {
        *l = whole_line(c, str_head(*in, n));
        *in = str_skip(*in, n);
        return true;
    }
    if (n > PIECE)
        n = PIECE;
    buf_add(&c->held, in->p, n);
    *in = str_skip(*in, n);
    struct str raw = buf_str(&c->held);
    bool ended = raw.n > 0 && raw.p[raw.n - 1] == '\n';
    if (!ended && raw.n < PIECE && (!last || in->n > 0 || raw.n == 0))
        return in->n > 0 && next_line(c, in, last, l);
    c->done = raw.n;
    if (ended || (last && in->n == 0)) {
        *l = whole_line(c, raw);
        return true;
    }
    *l = (struct line){ .text = raw, .end = str_skip(raw, raw.n), .first = !c->inside };
    c->inside = true;
    return true;
}

static int hex_value(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2045 §6.7 (1): =XX; anything else stays as it is and is damage. */
static void qp_decode_run(struct codec_line *c, struct str text, struct buf *out)
{
    while (text.n > 0) {
        size_t eq = str_find(text, '=');
        buf_add(out, text.p, eq);
        text = str_skip(text, eq);
        if (text.n == 0)
            return;
        int high = text.n > 2 ? hex_value(text.p[1]) : -1;
        int low = text.n > 2 ? hex_value(text.p[2]) : -1;
        if (high < 0 || low < 0) {
            c->damaged = true;
            buf_addc(out, '=');
            text = str_skip(text, 1);
            continue;
        }
        buf_addc(out, (char)(high << 4 | low));
        text = str_skip(text, 3);
    }
}

static struct str without_blanks(struct str s)
{
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* RFC 2045 §6.7 (3): the line without what was put behind its end on the way. */
static struct str qp_without_padding(const struct codec_line *c, struct str text)
{
    struct str s = without_blanks(text);
    return text.n - s.n >= BLANKS_MAX || (c->blank_text && s.n == 0) ? text : s;
}

/* A piece ends before a '=' that may go on, before blanks that may turn out to end the line, and
 * before a CR that may belong to its end. */
static struct str qp_whole_piece(struct codec_line *c, struct str text)
{
    if (text.p[text.n - 1] == '\r')
        text.n--;
    struct str s = qp_without_padding(c, text);
    c->blank_text = s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t';
    for (size_t back = 1; back <= 2 && !c->blank_text; back++)
        if (s.p[s.n - back] == '=') {
            s.n -= back;
            break;
        }
    return s;
}

int codec_qp_decode(struct codec_line *c, struct str in, bool last, struct buf *out,
                    struct error *err)
{
    struct line l;
    while (next_line(c, &in, last, &l)) {
        if (!l.final) {
            struct str piece = qp_whole_piece(c, l.text);
            c->done = piece.n;
            qp_decode_run(c, piece, out);
            continue;
        }
        struct str text = qp_without_padding(c, l.text);
        bool soft = text.n > 0 && text.p[text.n - 1] == '=';
        c->blank_text = false;
        qp_decode_run(c, str_head(text, text.n - soft), out);
        if (!soft)
            buf_add_str(out, l.end);
    }
    return buf_check(out, err) != 0 ? -1 : c->damaged;
}

static const size_t QP_WIDTH = 76;

/* What must be written as =XX: RFC 2045 §6.7 (1) to (3), and a line that SMTP or mbox could take
 * for theirs. */
static bool qp_must_escape(const struct line *l, size_t i)
{
    unsigned char ch = (unsigned char)l->text.p[i];
    if (ch == ' ' || ch == '\t')
        return l->final && i + 1 == l->text.n;
    if (ch < 33 || ch > 126 || ch == '=')
        return true;
    if (i > 0 || !l->first)
        return false;
    return str_starts(l->text, "From ") || (ch == '.' && l->text.n == 1);
}

static void qp_put(struct buf *out, unsigned char ch, bool escape)
{
    static const char hex[] = "0123456789ABCDEF";
    if (!escape) {
        buf_addc(out, (char)ch);
        return;
    }
    char code[3] = { '=', hex[ch >> 4], hex[ch & 15] };
    buf_add(out, code, sizeof code);
}

/* column: how full the line of out is; a piece hands it on to the next. */
static size_t qp_encode_line(const struct line *l, size_t column, const char *eol, struct buf *out)
{
    for (size_t i = 0; i < l->text.n; i++) {
        bool escape = qp_must_escape(l, i);
        size_t width = escape ? 3 : 1;
        bool ends = l->final && i + 1 == l->text.n;
        if (column + width + !ends > QP_WIDTH) {
            buf_addc(out, '=');
            buf_adds(out, eol);
            column = 0;
        }
        qp_put(out, (unsigned char)l->text.p[i], escape);
        column += width;
    }
    return column;
}

int codec_qp_encode(struct codec_line *c, struct str in, bool last, bool crlf, struct buf *out,
                    struct error *err)
{
    const char *eol = crlf ? "\r\n" : "\n";
    struct line l;
    while (next_line(c, &in, last, &l)) {
        if (!l.final) /* the last character, and a CR that may belong to the line's end, wait for it */
            c->done = l.text.n -= 2;
        c->column = qp_encode_line(&l, l.first ? 0 : c->column, eol, out);
        if (l.end.n > 0)
            buf_adds(out, eol);
    }
    return buf_check(out, err);
}

bool codec_uu_begin(struct str line, struct str *name)
{
    /* POSIX uuencode: "begin", a mode of three or four octal digits, the name to the end of the
     * line */
    if (line.n > CODEC_UU_LINE_MAX || str_lit(&line, "begin ") != 0)
        return false;
    size_t digits = 0;
    while (digits < line.n && line.p[digits] >= '0' && line.p[digits] <= '7')
        digits++;
    if (digits < 3 || digits > 4 || digits >= line.n || line.p[digits] != ' ')
        return false;
    *name = str_trim(str_skip(line, digits));
    return name->n > 0;
}

static bool uu_in_alphabet(const struct codec_pack_in *t, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (t->place[3][(unsigned char)s.p[i]] >= CODEC_PACK_BAD)
            return false;
    return true;
}

/* True for what may stand behind the characters that the length byte asks for: blanks, or one check
 * character. */
static bool uu_tail_is_fine(struct str tail)
{
    return without_blanks(str_skip(tail, 1)).n == 0;
}

struct codec_uu_line codec_uu_look(const struct codec_pack_in *t, struct str line)
{
    struct codec_uu_line l = { .kind = CODEC_UU_BAD };
    if (line.n > CODEC_UU_LINE_MAX)
        return l;
    struct str trimmed = without_blanks(line);
    if (str_ieqc(trimmed, "end")) {
        l.kind = str_eqc(trimmed, "end") ? CODEC_UU_END : CODEC_UU_WRONG_END;
        return l;
    }
    if (trimmed.n == 0 || (trimmed.n == 1 && trimmed.p[0] == '`')) {
        l.kind = CODEC_UU_ZERO;
        return l;
    }
    unsigned char first = (unsigned char)line.p[0];
    if (t->place[3][first] >= CODEC_PACK_BAD)
        return l;
    l.bytes = t->place[3][first];
    size_t want = (l.bytes + 2) / 3 * 4;
    struct str chars = str_head(str_skip(line, 1), want);
    if (l.bytes == 0 || !uu_in_alphabet(t, chars) || !uu_tail_is_fine(str_skip(line, want + 1)))
        return l;
    l.kind = CODEC_UU_DATA;
    l.filled = want - chars.n;
    l.backquote = str_find(chars, '`') < chars.n;
    return l;
}

enum { UU_LINE_CHARS = 84, UU_LINE_BYTES = 63 };

/* What the length byte promises, from no more characters than there are. */
static void uu_put_data(const struct codec_line *c, struct codec_uu_line l, struct str line,
                        struct buf *out)
{
    unsigned char chars[UU_LINE_CHARS], bytes[UU_LINE_BYTES + 1];
    size_t groups = (l.bytes + 2) / 3;
    struct str have = str_head(str_skip(line, 1), groups * 4);
    memset(chars, ' ', sizeof chars);
    memcpy(chars, have.p, have.n);
    codec_pack_groups(&c->table, chars, groups, bytes);
    buf_add(out, bytes, l.bytes);
}

static void uu_take_line(struct codec_line *c, struct str line, struct buf *out)
{
    struct str name;
    if (line.n > 0 && line.p[line.n - 1] == '\r') /* of the last line, whose LF is not there */
        line.n--;
    if (c->uu == UU_DONE)
        return;
    if (c->uu == UU_SEEK) {
        if (!codec_uu_begin(line, &name))
            return;
        c->uu = UU_BODY;
        buf_add_str(&c->name, str_head(name, NAME_MAX_KEPT));
        return;
    }
    struct codec_uu_line l = codec_uu_look(&c->table, line);
    if (l.kind == CODEC_UU_END || l.kind == CODEC_UU_WRONG_END) {
        c->damaged |= l.kind == CODEC_UU_WRONG_END;
        c->uu = UU_DONE;
    } else if (l.kind == CODEC_UU_DATA) {
        uu_put_data(c, l, line, out);
    } else if (l.kind == CODEC_UU_BAD) {
        c->damaged = true;
    }
}

/* Full lines at the front of in whose end is where the length byte says, without looking for it.
 * Returns what was eaten. */
static size_t uu_fast_lines(struct codec_line *c, struct str in, struct buf *out)
{
    size_t eaten = 0;
    char *room = buf_room(out, CODEC_BLOCK + 4);
    if (room == NULL)
        return 0;
    unsigned char *to = (unsigned char *)room;
    unsigned char *stop = to + CODEC_BLOCK - UU_LINE_BYTES;
    while (in.n > 1 && to < stop) {
        const unsigned char *p = (const unsigned char *)in.p;
        size_t bytes = c->table.place[3][p[0]];
        size_t groups = (bytes + 2) / 3;
        if (bytes == 0 || bytes > UU_LINE_BYTES || groups * 4 + 2 > in.n)
            break;
        size_t end = groups * 4 + 1;
        end += p[end] == '\r' && end + 1 < in.n;
        if (p[end] != '\n' || codec_pack_groups(&c->table, p + 1, groups, to) != groups)
            break;
        to += bytes;
        in = str_skip(in, end + 1);
        eaten += end + 1;
    }
    buf_grown(out, (size_t)(to - (unsigned char *)room));
    return eaten;
}

int codec_uu_decode(struct codec_line *c, struct str in, bool last, struct buf *out,
                    struct error *err)
{
    struct line l;
    if (!c->table_ready)
        codec_pack_in_init(&c->table, CODEC_UU);
    c->table_ready = true;
    for (;;) {
        size_t fast = 0;
        do {
            bool at_start = c->uu == UU_BODY && !c->inside && c->held.len == c->done;
            fast = at_start ? uu_fast_lines(c, in, out) : 0;
            in = str_skip(in, fast);
        } while (fast > 0);
        if (!next_line(c, &in, last, &l))
            break;
        if (!l.first || !l.final)
            c->damaged |= c->uu == UU_BODY;
        else
            uu_take_line(c, l.text, out);
    }
    if (buf_check(out, err) != 0)
        return -1;
    if (last && c->uu == UU_SEEK)
        return error_set(err, ERR_PARSE, RETRY_NEVER, _("there is no uuencoded file in this text"));
    if (last && c->uu != UU_DONE)
        c->damaged = true;
    return c->damaged;
}
