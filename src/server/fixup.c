/* SPDX-License-Identifier: MIT */
#include "server/fixup.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "base/banned.h"

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

bool fixup_has(struct str header, const char *name)
{
    struct str line;
    while (str_line(&header, &line))
        if (!is_folded(line) && str_ieqc(field_name(line), name))
            return true;
    return false;
}

size_t fixup_hops(struct str header)
{
    struct str line;
    size_t n = 0;
    while (str_line(&header, &line))
        n += !is_folded(line) && str_ieqc(field_name(line), "Received");
    return n;
}

/* Comments and words from the other side, without what could end them. */
static void put_word(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n && i < 255; i++)
        buf_addc(out,
                 s.p[i] > 32 && s.p[i] < 127 && strchr("()\\\"<>;", s.p[i]) == NULL ? s.p[i] : '?');
}

static void put_trace(const struct fixup_env *e, const char *date, struct buf *out)
{
    buf_addf(out, "Return-Path: <%.*s>\r\nReceived: from ", STR_ARG(e->sender));
    put_word(out, e->helo.n > 0 ? e->helo : STR("unknown"));
    buf_addf(out, " ([%.*s])\r\n\tby %.*s with %s id %.*s", STR_ARG(e->peer), STR_ARG(e->host),
             e->with, STR_ARG(e->id));
    if (e->rcpts_n == 1)
        buf_addf(out, "\r\n\tfor <%.*s>", STR_ARG(e->rcpt));
    buf_addf(out, "; %s\r\n", date);
}

static bool is_8bit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

static void put_missing(const struct fixup_env *e, const char *date, struct str header,
                        struct str body, struct buf *out)
{
    if (!fixup_has(header, "From")) {
        if (e->sender.n > 0)
            buf_addf(out, "From: %.*s\r\n", STR_ARG(e->sender));
        else
            buf_addf(out, "From: MAILER-DAEMON@%.*s\r\n", STR_ARG(e->host));
    }
    if (!fixup_has(header, "To") && !fixup_has(header, "Cc") && !fixup_has(header, "Bcc")) {
        if (e->rcpts_n == 1)
            buf_addf(out, "To: %.*s\r\n", STR_ARG(e->rcpt));
        else
            buf_adds(out, "To: undisclosed-recipients:;\r\n");
    }
    if (!fixup_has(header, "Subject"))
        buf_adds(out, "Subject: (no subject)\r\n");
    if (!fixup_has(header, "Date"))
        buf_addf(out, "Date: %s\r\n", date);
    if (!fixup_has(header, "Message-ID"))
        buf_addf(out, "Message-ID: <%.*s@%.*s>\r\n", STR_ARG(e->id), STR_ARG(e->host));
    /* Typed by a person: a program that makes a Message-ID knows of MIME what it wants to know. */
    if (!fixup_has(header, "Message-ID") && !fixup_has(header, "MIME-Version") &&
        !fixup_has(header, "Content-Type") && is_8bit(body))
        buf_addf(out,
                 "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=%s\r\n"
                 "Content-Transfer-Encoding: 8bit\r\n",
                 utf8_valid(body) ? "utf-8" : "unknown-8bit");
}

void fixup_message(const struct fixup_env *e, struct str text, struct buf *out)
{
    char date[CLOCK_RFC5322_MAX];
    struct str header;
    struct str body;
    fixup_split(text, &header, &body);
    clock_rfc5322(e->now, date);
    put_trace(e, date, out);
    buf_add_str(out, header);
    if (header.n > 0 && header.p[header.n - 1] != '\n')
        buf_adds(out, "\r\n");
    put_missing(e, date, header, body, out);
    buf_adds(out, "\r\n");
    buf_add_str(out, body);
}
