/* SPDX-License-Identifier: MIT */
#include "server/fixup.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "server/limits.h"
#include "base/banned.h"

enum { FIXUP_PIECE = 16 << 10, BODY_PIECE = 64 << 10 };

static const char *const known_names[] = {
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "sender",
    "in-reply-to",
    "references",
    "comments",
    "keywords",
    "received",
    "return-path",
    "precedence",
    "errors-to",
    "importance",
    "priority",
    "organization",
    "newsgroups",
    "user-agent",
    "delivered-to",
    "mime-version",
    "authentication-results",
    "autocrypt",
    "dkim-signature",
    "arc-seal",
    "auto-submitted",
    "expires",
};
static const char *const known_starts[] = { "x-", "content-", "resent-", "list-", "arc-" };

/* The name of a field at the start of a line; empty when it is none (RFC 5322 §2.2; blanks before
 * the colon as §4.5). */
static struct str field_name(struct str line)
{
    struct str name = str_head(line, str_find(line, ':'));
    const struct str none = { line.p, 0 };
    if (name.n == line.n)
        return none;
    while (name.n > 0 && (name.p[name.n - 1] == ' ' || name.p[name.n - 1] == '\t'))
        name.n--;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] < 33 || name.p[i] > 126)
            return none;
    return name;
}

static bool name_is_known(struct str name)
{
    for (size_t i = 0; i < COUNT(known_names); i++)
        if (str_ieqc(name, known_names[i]))
            return true;
    for (size_t i = 0; i < COUNT(known_starts); i++)
        if (str_istarts(name, known_starts[i]))
            return true;
    return false;
}

static bool is_folded(struct str line)
{
    return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* A header that ends in an empty line and has nothing but fields may have names that nobody knows,
 * but not only those: "Note: call me" and an empty line is what a person typed, not a header. */
static bool is_proper_header(struct str text)
{
    struct str line;
    bool known = false;
    bool any = false;
    while (str_line(&text, &line)) {
        if (line.n == 0)
            return known;
        struct str name = field_name(line);
        if (!(any && is_folded(line)) && name.n == 0)
            return false;
        any = true;
        known = known || name_is_known(name);
    }
    return false;
}

void fixup_split(struct str text, struct str *header, struct str *body)
{
    bool proper = is_proper_header(text);
    struct str rest = text;
    struct str line;
    struct str before = text;
    bool any = false;
    for (; str_line(&rest, &line); before = rest) {
        struct str name = field_name(line);
        bool field = name.n > 0 && (proper || name_is_known(name));
        if (line.n == 0 || (!field && !(any && is_folded(line))))
            break;
        any = true;
    }
    *header = str_head(text, text.n - before.n);
    if (any && str_lit(&before, "\r\n") != 0)
        str_lit(&before, "\n");
    *body = before;
}

static bool has_field(struct str header, const char *name)
{
    struct str line;
    while (str_line(&header, &line))
        if (!is_folded(line) && str_ieqc(field_name(line), name))
            return true;
    return false;
}

/* What there is to know of a header before its message is taken. */
static void header_look(struct fixup *f, struct str header)
{
    struct str line;
    while (str_line(&header, &line)) {
        struct str name = is_folded(line) ? STR("") : field_name(line);
        struct str value = str_trim(str_skip(line, str_find(line, ':') + 1));
        f->hops += str_ieqc(name, "Received");
        f->looped = f->looped || (f->env->forward.n > 0 && str_ieqc(name, "Delivered-To") &&
                                  str_ieq(value, f->env->forward));
    }
}

/* Comments and words from the other side, without what could end them. */
static void put_word(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n && i < 255; i++)
        buf_addc(out,
                 s.p[i] > 32 && s.p[i] < 127 && strchr("()\\\"<>;", s.p[i]) == NULL ? s.p[i] : '?');
}

static void put_trace(struct fixup *f, const char *date, struct buf *out)
{
    const struct fixup_env *e = f->env;
    buf_addf(out, "Return-Path: <%.*s>\r\n", STR_ARG(e->sender));
    f->path = out->len;
    if (e->forward.n > 0)
        buf_addf(out, "Delivered-To: %.*s\r\n", STR_ARG(e->forward));
    buf_adds(out, "Received: from ");
    put_word(out, e->helo.n > 0 ? e->helo : STR("unknown"));
    buf_addf(out, " ([%.*s])", STR_ARG(e->peer));
    if (e->tls.n > 0)
        buf_addf(out, "\r\n\t(using %.*s)", STR_ARG(e->tls));
    buf_addf(out, "\r\n\tby %.*s with %s id %.*s", STR_ARG(e->host), e->with, STR_ARG(e->id));
    if (e->rcpts_n == 1)
        buf_addf(out, "\r\n\tfor <%.*s>", STR_ARG(e->rcpt));
    buf_addf(out, "; %s\r\n", date);
}

/* The header as it came, but for the Return-Path of another delivery: bounces go to one place. */
static void put_header(struct str header, struct buf *out)
{
    struct str line;
    bool left_out = false;
    for (struct str rest = header; str_line(&rest, &line);) {
        left_out = is_folded(line) ? left_out : str_ieqc(field_name(line), "Return-Path");
        if (!left_out) {
            buf_add_str(out, line);
            buf_adds(out, "\r\n");
        }
    }
}

static bool is_8bit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

static void put_missing(const struct fixup_env *e, const char *date, struct str header,
                        struct buf *out)
{
    if (!has_field(header, "From")) {
        if (e->sender.n > 0)
            buf_addf(out, "From: %.*s\r\n", STR_ARG(e->sender));
        else
            buf_addf(out, "From: MAILER-DAEMON@%.*s\r\n", STR_ARG(e->host));
    }
    if (!has_field(header, "To") && !has_field(header, "Cc") && !has_field(header, "Bcc")) {
        if (e->rcpts_n == 1)
            buf_addf(out, "To: %.*s\r\n", STR_ARG(e->rcpt));
        else
            buf_adds(out, "To: undisclosed-recipients:;\r\n");
    }
    if (!has_field(header, "Subject"))
        buf_adds(out, "Subject: (no subject)\r\n");
    if (!has_field(header, "Date"))
        buf_addf(out, "Date: %s\r\n", date);
    if (!has_field(header, "Message-ID"))
        buf_addf(out, "Message-ID: <%.*s@%.*s>\r\n", STR_ARG(e->id), STR_ARG(e->host));
}

/* Typed by a person: a program that makes a Message-ID knows of MIME what it wants to know. */
static bool is_typed(struct str header)
{
    return !has_field(header, "Message-ID") && !has_field(header, "MIME-Version") &&
           !has_field(header, "Content-Type");
}

void fixup_init(struct fixup *f, const struct fixup_env *env, struct spill *out)
{
    *f = (struct fixup){ .env = env, .out = out };
    buf_init(&f->head, SERVER_HEADER_MAX + FIXUP_PIECE);
    spill_init(&f->body, out->dir, out->max);
}

/* True once a line is there that no header can have; what comes before it may be one, and where
 * exactly it ends fixup_split knows. */
static bool header_ended(struct fixup *f)
{
    struct str rest = str_skip(buf_str(&f->head), f->looked);
    struct str line;
    while (str_find(rest, '\n') < rest.n && str_line(&rest, &line)) {
        if (line.n == 0 || (!(f->looked > 0 && is_folded(line)) && field_name(line).n == 0))
            return true;
        f->looked = f->head.len - rest.n;
    }
    return false;
}

/* Header and trace, the empty line too unless the body has to say something. */
static void header_end(struct fixup *f)
{
    char date[CLOCK_RFC5322_MAX];
    struct buf top = BUF_INIT(2 * SERVER_HEADER_MAX);
    struct str header;
    struct str body;
    fixup_split(buf_str(&f->head), &header, &body);
    header_look(f, header);
    clock_rfc5322(f->env->now, date);
    put_trace(f, date, &top);
    put_header(header, &top);
    put_missing(f->env, date, header, &top);
    f->waits = is_typed(header);
    if (!f->waits)
        buf_adds(&top, "\r\n");
    spill_add(f->out, buf_str(&top));
    spill_add(f->waits ? &f->body : f->out, body);
    f->in_body = true;
    buf_free(&top);
    buf_free(&f->head);
}

void fixup_add(struct fixup *f, struct str bytes)
{
    while (bytes.n > 0 && !f->in_body && !f->head.over) {
        struct str piece = str_head(bytes, FIXUP_PIECE);
        buf_add_str(&f->head, piece);
        bytes = str_skip(bytes, piece.n);
        if (header_ended(f))
            header_end(f);
        else
            f->head.over = f->head.over || f->head.len > SERVER_HEADER_MAX;
    }
    if (f->in_body)
        spill_add(f->waits ? &f->body : f->out, bytes);
}

/* The next piece of the body, whole characters; empty at the end. */
static int body_next(struct fixup *f, uint64_t *at, struct buf *piece, struct error *err)
{
    buf_clear(piece);
    if (spill_read(&f->body, *at, BODY_PIECE, piece, err) != 0)
        return -1;
    if (*at + piece->len < spill_size(&f->body)) {
        size_t whole = utf8_cut(buf_str(piece), piece->len - 1);
        buf_truncate(piece, whole > 0 ? whole : piece->len);
    }
    *at += piece->len;
    return 0;
}

/* What a body that came without a word about itself is: RFC 2045 §5.2 would have it US-ASCII. */
static int body_describe(struct fixup *f, struct error *err)
{
    struct buf piece = BUF_INIT(BODY_PIECE);
    bool eight = false;
    bool utf8 = true;
    uint64_t at = 0;
    int rc;
    while ((rc = body_next(f, &at, &piece, err)) == 0 && piece.len > 0) {
        eight = eight || is_8bit(buf_str(&piece));
        utf8 = utf8 && utf8_valid(buf_str(&piece));
    }
    buf_free(&piece);
    if (eight) {
        spill_add(f->out, STR("MIME-Version: 1.0\r\nContent-Type: text/plain; charset="));
        spill_add(f->out, utf8 ? STR("utf-8") : STR("unknown-8bit"));
        spill_add(f->out, STR("\r\nContent-Transfer-Encoding: 8bit\r\n"));
    }
    spill_add(f->out, STR("\r\n"));
    return rc;
}

static int body_move(struct fixup *f, struct error *err)
{
    struct buf piece = BUF_INIT(BODY_PIECE);
    uint64_t at = 0;
    int rc = body_describe(f, err);
    while (rc == 0 && (rc = body_next(f, &at, &piece, err)) == 0 && piece.len > 0)
        spill_add(f->out, buf_str(&piece));
    buf_free(&piece);
    spill_clear(&f->body);
    return rc;
}

int fixup_end(struct fixup *f, struct error *err)
{
    if (buf_check(&f->head, err) != 0)
        return -1;
    if (!f->in_body)
        header_end(f);
    if (f->waits && body_move(f, err) != 0)
        return -1;
    return spill_check(f->out, err);
}

void fixup_clear(struct fixup *f)
{
    buf_free(&f->head);
    spill_clear(&f->body);
}
