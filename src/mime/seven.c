/* SPDX-License-Identifier: MIT */
#include "mime/seven.h"

#include "base/utf8.h"
#include "mime/codec.h"
#include "mime/guard.h"
#include "base/banned.h"

struct seven {
    struct str raw;
    struct buf *out;
    size_t at;        /* so much of raw is in out */
    size_t untouched; /* up to there nothing is changed */
    struct error *err;
};

static bool has_eight(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

static struct str piece(const struct seven *s, size_t from, size_t to)
{
    return str_head(str_skip(s->raw, from), to - from);
}

static void copy_to(struct seven *s, size_t to)
{
    buf_add_str(s->out, piece(s, s->at, to));
    s->at = to;
}

static bool is_plain(struct str encoding)
{
    struct str e = str_trim(encoding);
    return e.n == 0 || str_ieqc(e, "7bit") || str_ieqc(e, "8bit") || str_ieqc(e, "binary");
}

/* A field with its folds off *in. */
static struct str field_next(struct str *in)
{
    struct str all = *in, line;
    do
        (void)str_line(in, &line);
    while (in->n > 0 && (in->p[0] == ' ' || in->p[0] == '\t'));
    return str_head(all, all.n - in->n);
}

/* What a part without a header of its own is, when it is the message: RFC 2045 §5.2 has no name for a
 * text that is not ASCII. */
static void put_kind(struct seven *s, const struct guard_part *p, struct str content)
{
    if (p->content_type.n > 0)
        return;
    buf_addf(s->out, "Content-Type: text/plain; charset=%s\r\n",
             utf8_valid(content) ? "utf-8" : "unknown-8bit");
}

/* The header with another encoding in it; first: it is the message's own. */
static void put_header(struct seven *s, const struct guard_part *p, bool first,
                       const char *encoding)
{
    struct str in = piece(s, p->header, p->offset);
    bool version = false;
    copy_to(s, p->header);
    while (in.n > 0 && !str_starts(in, "\r\n") && !str_starts(in, "\n")) {
        struct str field = field_next(&in);
        version |= str_istarts(field, "MIME-Version:");
        if (!str_istarts(field, "Content-Transfer-Encoding:"))
            buf_add_str(s->out, field);
    }
    if (first && !version)
        buf_adds(s->out, "MIME-Version: 1.0\r\n");
    if (p->kind == GUARD_LEAF)
        put_kind(s, p, piece(s, p->offset, p->end));
    buf_addf(s->out, "Content-Transfer-Encoding: %s\r\n", encoding);
    buf_add_str(s->out, in.n > 0 ? in : STR("\r\n"));
    s->at = p->offset;
}

static int put_leaf(struct seven *s, const struct guard_part *p, bool first)
{
    bool text = p->type.n == 0 || str_istarts(p->type, "text/");
    struct str content = piece(s, p->offset, p->end);
    put_header(s, p, first, text ? "quoted-printable" : "base64");
    struct codec *c = codec_new(text ? CODEC_QP : CODEC_BASE64, NULL);
    int rc = codec_encode(c, content, true, true, s->out, s->err);
    codec_free(&c);
    s->at = p->end;
    return rc < 0 ? -1 : 0;
}

static int part_do(struct seven *s, const struct guard_part *p, bool first)
{
    if (p->header < s->untouched || p->header < s->at)
        return 0;
    if (str_ieqc(p->type, "multipart/signed") || p->opaque) {
        s->untouched = p->end;
        return 0;
    }
    if (!is_plain(p->encoding) || !has_eight(piece(s, p->offset, p->end)))
        return 0;
    if (p->kind == GUARD_LEAF)
        return put_leaf(s, p, first);
    if (p->encoding.n > 0)
        put_header(s, p, first, "7bit");
    return 0;
}

int mime_seven(struct str raw, struct buf *out, bool *all, struct error *err)
{
    struct seven s = { .raw = raw, .out = out, .err = err };
    struct arena *a = arena_new(16 << 10);
    struct guard g;
    int rc = 0;
    guard_scan(a, raw, &guard_limits_default, &g);
    for (size_t i = 0; rc == 0 && i < g.parts_n; i++)
        rc = part_do(&s, &g.parts[i], i == 0);
    copy_to(&s, raw.n);
    arena_free(&a);
    if (rc == 0)
        rc = buf_check(out, err);
    *all = rc == 0 && !has_eight(buf_str(out));
    return rc;
}
