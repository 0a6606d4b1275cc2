/* SPDX-License-Identifier: MIT */
#include "mime/build.h"

#include "base/i18n.h"
#include "mime/codec.h"
#include "mime/names.h"
#include "base/banned.h"

enum { HEADER_MAX = 1 << 20, CHUNK_MAX = 64 << 10, OUT_MAX = 512 << 10, LINE_MAX_BYTES = 998 };
enum { BOUNDARY_MAX = 60, TYPE_MAX = 200 };

/* The message under way. out holds what has not gone to the sink yet. */
struct builder {
    const struct mime_outline *m;
    mime_sink_fn *sink;
    void *arg;
    struct buf out, chunk;
    bool after_cr;
};

static int flush(struct builder *b, struct error *err)
{
    if (buf_check(&b->out, err) != 0)
        return -1;
    if (b->out.len == 0)
        return 0;
    int rc = b->sink(b->arg, buf_str(&b->out), err);
    buf_clear(&b->out);
    return rc;
}

/* Fields that stand in the outline, or that say how the message is made; Bcc is never written. */
static bool is_taken(struct str name)
{
    static const char *const taken[] = { "Date",       "From",     "To",          "Cc",
                                         "Bcc",        "Subject",  "Message-ID",  "In-Reply-To",
                                         "References", "Reply-To", "MIME-Version" };
    for (size_t i = 0; i < COUNT(taken); i++)
        if (str_ieqc(name, taken[i]))
            return true;
    return str_istarts(name, "Content-");
}

static int put_extra(struct buf *out, const struct mime_field *f, struct error *err)
{
    char name[80];
    if (f->name.n >= sizeof name || !str_is_line(f->name) || is_taken(f->name))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("the header field %.*s cannot be added"),
                         STR_ARG(str_head(f->name, sizeof name)));
    memcpy(name, f->name.p, f->name.n);
    name[f->name.n] = '\0';
    return mime_field_put(out, name, f->value, false, err);
}

static int put_header(struct buf *out, const struct mime_outline *m, struct error *err)
{
    const struct {
        const char *name;
        struct str value;
        bool addresses;
    } fields[] = {
        { "Date", m->date, false },
        { "From", m->from, true },
        { "Reply-To", m->reply_to, true },
        { "To", m->to, true },
        { "Cc", m->cc, true },
        { "Subject", m->subject, false },
        { "Message-ID", m->message_id, false },
        { "In-Reply-To", m->in_reply_to, false },
        { "References", m->references, false },
    };
    for (size_t i = 0; i < COUNT(fields); i++)
        if (mime_field_put(out, fields[i].name, fields[i].value, fields[i].addresses, err) != 0)
            return -1;
    for (size_t i = 0; i < m->extra_n; i++)
        if (put_extra(out, &m->extra[i], err) != 0)
            return -1;
    buf_adds(out, "MIME-Version: 1.0\r\n");
    return buf_check(out, err);
}

/* True for text that can go as it is: ASCII, lines that fit, no control characters but tabs and
 * form feeds. */
static bool is_7bit(struct str text)
{
    struct str line;
    while (str_line(&text, &line)) {
        if (line.n > LINE_MAX_BYTES)
            return false;
        for (size_t i = 0; i < line.n; i++) {
            unsigned char c = (unsigned char)line.p[i];
            if (c > 126 || (c < ' ' && c != '\t' && c != '\f'))
                return false;
        }
    }
    return true;
}

static bool body_is_7bit(const struct mime_outline *m)
{
    for (size_t i = 0; i < m->parts_n; i++)
        if (m->parts[i].uuencode && !is_7bit(m->parts[i].name))
            return false;
    return is_7bit(m->text);
}

static void put_text_header(const struct mime_outline *m, struct buf *out)
{
    buf_adds(out, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ");
    buf_adds(out, body_is_7bit(m) ? "7bit\r\n\r\n" : "quoted-printable\r\n\r\n");
}

static struct str source_type(const struct mime_source *s)
{
    if (s->message)
        return STR("message/rfc822");
    return s->type.n > 0 ? s->type : mime_type_of_name(s->name);
}

static int put_part_header(struct buf *out, const struct mime_source *s, struct error *err)
{
    struct str type = source_type(s);
    if (!str_is_line(type) || type.n > TYPE_MAX || str_find(type, '/') == type.n)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("\"%.*s\" is no content type"),
                         STR_ARG(str_head(type, TYPE_MAX)));
    buf_addf(out, "Content-Type: %.*s\r\n", STR_ARG(type));
    buf_adds(out, "Content-Disposition: attachment");
    if (s->name.n > 0 && mime_param_put(out, "filename", s->name, err) != 0)
        return -1;
    buf_addf(out, "\r\nContent-Transfer-Encoding: %s\r\n\r\n", s->message ? "8bit" : "base64");
    return buf_check(out, err);
}

/* Bytes with every LF as CRLF, across chunks. */
static int put_crlf(struct builder *b, struct str bytes, struct error *err)
{
    while (bytes.n > 0) {
        size_t n = str_find(bytes, '\n');
        bool before = n > 0 ? bytes.p[n - 1] == '\r' : b->after_cr;
        buf_add(&b->out, bytes.p, n);
        if (n < bytes.n)
            buf_adds(&b->out, before ? "\n" : "\r\n");
        b->after_cr = n == bytes.n && bytes.p[n - 1] == '\r';
        bytes = str_skip(bytes, n + 1);
        if (b->out.len > CHUNK_MAX && flush(b, err) != 0)
            return -1;
    }
    return buf_check(&b->out, err);
}

/* Text of the body in pieces, through quoted-printable where it needs it. NULL codec: as it is. */
static int put_body(struct builder *b, struct codec *qp, struct str bytes, bool last,
                    struct error *err)
{
    if (qp == NULL)
        return put_crlf(b, bytes, err);
    while (bytes.n > CODEC_BLOCK) {
        if (codec_encode(qp, str_head(bytes, CODEC_BLOCK), false, true, &b->out, err) != 0 ||
            flush(b, err) != 0)
            return -1;
        bytes = str_skip(bytes, CODEC_BLOCK);
    }
    return codec_encode(qp, bytes, last, true, &b->out, err) != 0 ? -1 : flush(b, err);
}

/* The next chunk of a source: 1, 0 at its end, -1. */
static int next_chunk(struct builder *b, const struct mime_source *s, struct error *err)
{
    buf_clear(&b->chunk);
    int rc = s->read(s->arg, &b->chunk, err);
    return rc > 0 && buf_check(&b->chunk, err) != 0 ? -1 : rc;
}

/* A file inside the text: its lines pass through what the text passes through. */
static int put_uuencoded(struct builder *b, struct codec *qp, const struct mime_source *s,
                         struct error *err)
{
    char name[256] = "attachment";
    struct str plain = str_head(s->name, sizeof name - 1);
    if (plain.n > 0) {
        memcpy(name, plain.p, plain.n);
        name[plain.n] = '\0';
    }
    struct codec *uu = codec_new(CODEC_UU, name);
    struct buf lines = BUF_INIT(OUT_MAX);
    int rc = put_body(b, qp, STR("\n"), false, err);
    for (int more = 1; rc == 0 && more > 0;) {
        more = next_chunk(b, s, err);
        buf_clear(&lines);
        rc = more < 0 ? -1 : codec_encode(uu, buf_str(&b->chunk), more == 0, false, &lines, err);
        if (rc == 0)
            rc = put_body(b, qp, buf_str(&lines), false, err);
    }
    buf_free(&lines);
    codec_free(&uu);
    return rc;
}

static int put_text(struct builder *b, struct error *err)
{
    const struct mime_outline *m = b->m;
    struct codec *qp = body_is_7bit(m) ? NULL : codec_new(CODEC_QP, NULL);
    bool ends = m->text.n == 0 || m->text.p[m->text.n - 1] == '\n';
    int rc = put_body(b, qp, m->text, false, err);
    if (rc == 0 && !ends)
        rc = put_body(b, qp, STR("\n"), false, err);
    for (size_t i = 0; rc == 0 && i < m->parts_n; i++)
        if (m->parts[i].uuencode)
            rc = put_uuencoded(b, qp, &m->parts[i], err);
    if (rc == 0)
        rc = put_body(b, qp, str_c(""), true, err);
    codec_free(&qp);
    return rc != 0 ? -1 : flush(b, err);
}

static int put_source(struct builder *b, const struct mime_source *s, struct error *err)
{
    struct codec *base64 = s->message ? NULL : codec_new(CODEC_BASE64, NULL);
    int rc = 0;
    b->after_cr = false;
    for (int more = 1; rc == 0 && more > 0;) {
        more = next_chunk(b, s, err);
        struct str bytes = buf_str(&b->chunk);
        if (more < 0)
            rc = -1;
        else if (base64 != NULL)
            rc = codec_encode(base64, bytes, more == 0, true, &b->out, err);
        else if (more > 0)
            rc = put_crlf(b, bytes, err);
        if (rc == 0)
            rc = flush(b, err);
    }
    codec_free(&base64);
    return rc;
}

/* RFC 2046 §5.1.1: a line break in front of a boundary belongs to it. */
static void put_boundary(struct builder *b, const char *tail)
{
    buf_addf(&b->out, "\r\n--%.*s%s\r\n", STR_ARG(b->m->boundary), tail);
}

static int put_parts(struct builder *b, struct error *err)
{
    buf_addf(&b->out, "--%.*s\r\n", STR_ARG(b->m->boundary));
    put_text_header(b->m, &b->out);
    if (flush(b, err) != 0 || put_text(b, err) != 0)
        return -1;
    for (size_t i = 0; i < b->m->parts_n; i++) {
        const struct mime_source *s = &b->m->parts[i];
        if (s->uuencode)
            continue;
        put_boundary(b, "");
        if (put_part_header(&b->out, s, err) != 0 || flush(b, err) != 0 ||
            put_source(b, s, err) != 0)
            return -1;
    }
    put_boundary(b, "--");
    return flush(b, err);
}

static size_t attached(const struct mime_outline *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->parts_n; i++)
        n += !m->parts[i].uuencode;
    return n;
}

/* RFC 2046 §5.1.1 bchars, without those that would need quotes */
static int check_boundary(struct str s, struct error *err)
{
    bool good = s.n > 0 && s.n <= BOUNDARY_MAX;
    for (size_t i = 0; good && i < s.n; i++)
        good = ascii_is_alnum(s.p[i]) || s.p[i] == '-' || s.p[i] == '_' || s.p[i] == '.';
    return good ? 0 : error_set(err, ERR_USAGE, RETRY_NEVER, _("a boundary cannot be used"));
}

/* All that can be refused is refused here, before the first byte goes out. */
static int check_sources(const struct mime_outline *m, struct error *err)
{
    struct buf scratch = BUF_INIT(HEADER_MAX);
    int rc = attached(m) > 0 ? check_boundary(m->boundary, err) : 0;
    for (size_t i = 0; rc == 0 && i < m->parts_n; i++)
        rc = put_part_header(&scratch, &m->parts[i], err);
    buf_free(&scratch);
    return rc;
}

int mime_build(const struct mime_outline *m, mime_sink_fn *sink, void *arg, struct error *err)
{
    struct builder b = { .m = m, .sink = sink, .arg = arg };
    buf_init(&b.out, HEADER_MAX);
    buf_init(&b.chunk, CHUNK_MAX);
    int rc = check_sources(m, err);
    if (rc == 0)
        rc = put_header(&b.out, m, err);
    if (rc == 0 && attached(m) > 0) {
        buf_addf(&b.out, "Content-Type: multipart/mixed;\r\n boundary=\"%.*s\"\r\n\r\n",
                 STR_ARG(m->boundary));
        rc = flush(&b, err) != 0 ? -1 : put_parts(&b, err);
    } else if (rc == 0) {
        put_text_header(m, &b.out);
        rc = flush(&b, err) != 0 ? -1 : put_text(&b, err);
    }
    buf_free(&b.out);
    buf_free(&b.chunk);
    return rc;
}
