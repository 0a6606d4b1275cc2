/* SPDX-License-Identifier: MIT */
#include "server/bounce.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "wire/smtp_dsn.h"
#include "base/banned.h"

enum { BOUNCE_PIECE = 32 << 10, BOUNCE_TEXT_MAX = 1 << 20 };
static const char return_path[] = "Return-Path: <>\r\n";

uint64_t bounce_path_bytes(void)
{
    return sizeof return_path - 1;
}

static void put_date(struct buf *out, const char *field, int64_t when)
{
    char date[CLOCK_RFC5322_MAX];
    clock_rfc5322(when, date);
    buf_addf(out, "%s: %s\r\n", field, date);
}

static const char *subject_of(const struct bounce *b)
{
    return b->kind == BOUNCE_FAILED    ? "Undelivered Mail Returned to Sender"
           : b->kind == BOUNCE_DELAYED ? "Delayed Mail (still being tried)"
                                       : "Mail Delivery Report";
}

static void put_header(const struct bounce *b, struct buf *out)
{
    buf_adds(out, return_path);
    buf_addf(out, "From: Mail Delivery System <MAILER-DAEMON@%s>\r\nTo: <%s>\r\nSubject: %s\r\n",
             b->host, b->env->sender, subject_of(b));
    put_date(out, "Date", b->now);
    buf_addf(out, "Message-ID: <%s@%s>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n",
             b->id, b->host);
    buf_addf(out,
             "Content-Type: multipart/report; report-type=%s;\r\n\tboundary=\"%s\"\r\n"
             "Content-Transfer-Encoding: 8bit\r\n\r\n",
             b->env->utf8 ? "global-delivery-status" : "delivery-status", b->boundary);
}

/* ---- for the person ---- */

static void put_lines(struct buf *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c == '\n')
            buf_adds(out, "\r\n");
        else
            buf_addc(out, *c);
}

/* "<a@b>: host said: 550 5.1.1 no such user" */
static void put_person_rcpt(const struct spool_rcpt *r, struct buf *out)
{
    buf_addf(out, "<%s>", r->address);
    if (r->host != NULL)
        buf_addf(out, _(": %s said"), r->host);
    if (r->why != NULL && r->code != 0)
        buf_addf(out, ": %u %s", r->code, r->why);
    else if (r->why != NULL)
        buf_addf(out, ": %s", r->why);
    buf_adds(out, "\r\n");
}

static void put_person(const struct bounce *b, struct buf *out)
{
    char until[CLOCK_RFC5322_MAX];
    buf_addf(out,
             "--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
             "Content-Transfer-Encoding: 8bit\r\n\r\n",
             b->boundary);
    if (b->kind == BOUNCE_FAILED)
        put_lines(out, _("Your message could not be delivered to the recipients below. It will\n"
                         "not be tried again. What you wrote is at the end of this report.\n\n"));
    else if (b->kind == BOUNCE_DELAYED) {
        put_lines(out, _("Your message could not be delivered yet to the recipients below. You\n"
                         "need not send it again: it is tried until\n"));
        clock_rfc5322(b->until, until);
        buf_addf(out, "%s.\r\n\r\n", until);
    } else
        put_lines(out, _("Your message was delivered to, or handed on for, the recipients\n"
                         "below.\n\n"));
    for (size_t i = 0; i < b->env->rcpts_n; i++)
        if (b->about[i])
            put_person_rcpt(&b->env->rcpts[i], out);
    buf_adds(out, "\r\n");
}

/* ---- for programs (RFC 3464 §2) ---- */

/* What is not ASCII has no place in message/delivery-status. */
static void put_ascii(const struct bounce *b, const char *text, struct buf *out)
{
    for (const char *c = text; *c != '\0'; c++)
        buf_addc(out, (unsigned char)*c < 128 || b->env->utf8 ? *c : '?');
}

static void put_xtext(const struct bounce *b, const char *field, const char *xtext, struct buf *out)
{
    struct buf plain = BUF_INIT(4096);
    if (xtext != NULL && wire_xtext_read(str_c(xtext), &plain) == 0) {
        buf_addf(out, "%s: ", field);
        put_ascii(b, buf_c(&plain), out);
        buf_adds(out, "\r\n");
    }
    buf_free(&plain);
}

static const char *action_of(const struct bounce *b, const struct spool_rcpt *r)
{
    return b->kind == BOUNCE_FAILED    ? "failed"
           : b->kind == BOUNCE_DELAYED ? "delayed"
           : r->account != NULL        ? "delivered"
                                       : "relayed";
}

static const char *status_of(const struct bounce *b, const struct spool_rcpt *r)
{
    return b->kind == BOUNCE_DELIVERED ? "2.0.0" : r->enhanced != NULL ? r->enhanced : "4.4.7";
}

static void put_program_rcpt(const struct bounce *b, const struct spool_rcpt *r, struct buf *out)
{
    buf_adds(out, "\r\n");
    put_xtext(b, "Original-Recipient", r->orcpt, out);
    buf_adds(out, b->env->utf8 ? "Final-Recipient: utf-8; " : "Final-Recipient: rfc822; ");
    put_ascii(b, r->address, out);
    buf_addf(out, "\r\nAction: %s\r\nStatus: %s\r\n", action_of(b, r), status_of(b, r));
    if (r->host != NULL) {
        buf_adds(out, "Remote-MTA: dns; ");
        put_ascii(b, r->host, out);
        buf_adds(out, "\r\n");
    }
    if (r->why != NULL && r->code != 0) {
        buf_addf(out, "Diagnostic-Code: smtp; %u ", r->code);
        put_ascii(b, r->why, out);
        buf_adds(out, "\r\n");
    }
    put_date(out, "Last-Attempt-Date", b->now);
    if (b->kind == BOUNCE_DELAYED)
        put_date(out, "Will-Retry-Until", b->until);
}

static void put_program(const struct bounce *b, struct buf *out)
{
    buf_addf(out, "--%s\r\nContent-Type: message/%s\r\n\r\nReporting-MTA: dns; %s\r\n", b->boundary,
             b->env->utf8 ? "global-delivery-status" : "delivery-status", b->host);
    put_xtext(b, "Original-Envelope-Id", b->env->envid, out);
    put_date(out, "Arrival-Date", b->env->arrived_at);
    for (size_t i = 0; i < b->env->rcpts_n; i++)
        if (b->about[i])
            put_program_rcpt(b, &b->env->rcpts[i], out);
    buf_adds(out, "\r\n");
}

/* ---- the mail ---- */

static bool returns_all(const struct bounce *b)
{
    return b->kind == BOUNCE_FAILED && b->env->ret != SMTP_RET_HDRS &&
           b->env->size <= BOUNCE_RETURN_MAX;
}

static void put_mail_head(const struct bounce *b, struct buf *out)
{
    const char *type = returns_all(b) ? (b->env->utf8 ? "message/global" : "message/rfc822")
                       : b->env->utf8 ? "message/global-headers"
                                      : "text/rfc822-headers";
    buf_addf(out, "--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
             b->boundary, type);
}

static int put_all(const struct bounce *b, struct spill *out, struct error *err)
{
    struct buf piece = BUF_INIT(BOUNCE_PIECE);
    uint64_t at = 0;
    int rc;
    do {
        buf_clear(&piece);
        rc = b->read(b->arg, at, BOUNCE_PIECE, &piece, err);
        spill_add(out, buf_str(&piece));
        at += piece.len;
    } while (rc == 0 && piece.len > 0);
    buf_free(&piece);
    return rc;
}

static int put_mail_header(const struct bounce *b, struct spill *out, struct error *err)
{
    struct buf head = BUF_INIT(BOUNCE_HEADER_MAX);
    int rc = b->read(b->arg, 0, BOUNCE_HEADER_MAX, &head, err);
    struct str s = buf_str(&head);
    size_t end = str_search(s, STR("\r\n\r\n"));
    if (end < s.n)
        s = str_head(s, end + 2);
    spill_add(out, s);
    buf_free(&head);
    return rc;
}

int bounce_put(const struct bounce *b, struct spill *out, struct error *err)
{
    struct buf text = BUF_INIT(BOUNCE_TEXT_MAX);
    put_header(b, &text);
    buf_adds(&text, "This is a report in MIME format.\r\n\r\n");
    put_person(b, &text);
    put_program(b, &text);
    put_mail_head(b, &text);
    int rc = buf_check(&text, err);
    spill_add(out, buf_str(&text));
    if (rc == 0)
        rc = returns_all(b) ? put_all(b, out, err) : put_mail_header(b, out, err);
    buf_clear(&text);
    buf_addf(&text, "\r\n--%s--\r\n", b->boundary);
    spill_add(out, buf_str(&text));
    buf_free(&text);
    return rc == 0 ? spill_check(out, err) : -1;
}
