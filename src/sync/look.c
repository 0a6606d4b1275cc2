/* SPDX-License-Identifier: MIT */
#include "sync/look.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

/* "AUTH=PLAIN AUTH=LOGIN LOGINDISABLED" of an IMAP line. */
static void imap_words(struct str line, struct look *out)
{
    struct str word;
    bool closed = false;
    while (str_word(&line, &word)) {
        if (str_ilit(&word, "AUTH=") == 0)
            out->mechs |= net_mech(word);
        closed |= str_ieqc(word, "LOGINDISABLED");
    }
    out->plain_login = !closed;
}

static void mech_words(struct str line, struct look *out)
{
    struct str word;
    while (str_word(&line, &word))
        out->mechs |= net_mech(word);
}

static void read_line(enum net_proto proto, struct str line, struct look *out)
{
    if (proto == NET_IMAP) {
        if (str_ilit(&line, "* CAPABILITY ") == 0)
            imap_words(line, out);
    } else if (proto == NET_POP3) {
        if (str_ilit(&line, "SASL ") == 0)
            mech_words(line, out);
        else if (str_ieqc(line, "USER"))
            out->plain_login = true;
    } else if ((str_lit(&line, "250-") == 0 || str_lit(&line, "250 ") == 0) &&
               (str_ilit(&line, "AUTH ") == 0 || str_ilit(&line, "AUTH=") == 0))
        mech_words(line, out);
}

void look_read(enum net_proto proto, struct str lines, struct look *out)
{
    struct str line;
    bool any = false;
    *out = (struct look){ 0 };
    while (str_line(&lines, &line)) {
        any |= str_istarts(line, "+OK");
        read_line(proto, line, out);
    }
    /* A POP3 server without CAPA is old, and has USER and PASS. */
    if (proto == NET_POP3 && !any)
        out->plain_login = true;
}

/* 0: it goes on; 1: this line is the last of an answer; -1: it is a refusal. */
static int imap_line(struct str line, bool greeting)
{
    if (greeting)
        return str_istarts(line, "* OK") || str_istarts(line, "* PREAUTH") ? 1 : -1;
    if (str_lit(&line, "a ") != 0)
        return 0;
    return str_istarts(line, "OK") ? 1 : -1;
}

static int pop3_line(struct str line, bool greeting)
{
    if (str_istarts(line, "-ERR"))
        return greeting ? -1 : 1;
    return str_istarts(line, "+OK") ? greeting : str_eqc(line, ".");
}

static int smtp_line(struct str line, bool greeting)
{
    if (line.n < 3 || !str_starts(line, greeting ? "220" : "250"))
        return -1;
    return line.n == 3 || line.p[3] == ' ';
}

static int line_means(enum net_proto proto, struct str line, bool greeting)
{
    return proto == NET_IMAP   ? imap_line(line, greeting)
           : proto == NET_POP3 ? pop3_line(line, greeting)
                               : smtp_line(line, greeting);
}

/* Reads until an answer is whole; it stays in said. */
static int read_answer(struct stream *s, const struct endpoint *ep, bool greeting, struct buf *said,
                       int wait_ms, struct error *err)
{
    int64_t deadline = clock_mono_ms() + wait_ms;
    for (;;) {
        struct str rest = buf_str(said), line;
        while (str_find(rest, '\n') < rest.n && str_line(&rest, &line)) {
            int means = line_means(ep->proto, line, greeting);
            if (means > 0)
                return 0;
            if (means < 0)
                return error_set(err, ERR_PROTO, RETRY_LATER, _("%s answers \"%.*s\""), ep->host,
                                 STR_ARG(str_head(line, 100)));
        }
        int left = clock_left_ms(deadline);
        int rc = stream_read(s, said, left, err);
        if (rc != 0)
            return stream_ended(s, rc, wait_ms, err);
    }
}

static int converse(struct stream *s, const struct endpoint *ep, int wait_ms, struct buf *said,
                    struct error *err)
{
    static const char *const asks[] = {
        [NET_IMAP] = "a CAPABILITY\r\n", [NET_POP3] = "CAPA\r\n", [NET_SMTP] = "EHLO localhost\r\n"
    };
    static const char *const byes[] = {
        [NET_IMAP] = "b LOGOUT\r\n", [NET_POP3] = "QUIT\r\n", [NET_SMTP] = "QUIT\r\n"
    };
    struct error ignored;
    struct buf rest = BUF_INIT(LOOK_ANSWER_MAX);
    if (ep->tls != TLS_STARTTLS && read_answer(s, ep, true, said, wait_ms, err) != 0)
        return -1;
    buf_clear(said);
    if (stream_write(s, str_c(asks[ep->proto]), said, wait_ms, err) != 0 ||
        read_answer(s, ep, false, said, wait_ms, err) != 0)
        return -1;
    (void)!stream_write(s, str_c(byes[ep->proto]), &rest, wait_ms, &ignored);
    buf_free(&rest);
    return 0;
}

int look_at(const struct endpoint *ep, int connect_ms, int wait_ms, struct net_cancel *cancel,
            struct log *log, struct look *out, struct error *err)
{
    struct buf said = BUF_INIT(LOOK_ANSWER_MAX);
    bool secure = false;
    struct stream *s = stream_open(ep, connect_ms, cancel, log, &said, &secure, err);
    int rc = s != NULL ? converse(s, ep, wait_ms, &said, err) : -1;
    if (rc == 0)
        look_read(ep->proto, buf_str(&said), out);
    stream_close(&s);
    buf_free(&said);
    return rc;
}
