/* SPDX-License-Identifier: MIT */
#include "server/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/i18n.h"
#include "net/dns.h"
#include "server/agent_in.h"
#include "server/limits.h"
#include "server/names.h"
#include "server/relay_out.h"
#include "base/banned.h"

enum { LMTP_PORT = 24, MS = 1000 };

static const char placeholder[] = "{account}";

static enum agent_kind kind_of(struct str *spec)
{
    if (spec->n == 0 || str_eqc(*spec, "mbox"))
        return AGENT_MBOX;
    if (str_lit(spec, "maildir:") == 0)
        return AGENT_MAILDIR;
    if (str_lit(spec, "command:") == 0)
        return AGENT_COMMAND;
    return str_lit(spec, "lmtp:") == 0 ? AGENT_LMTP : AGENT_MBOX;
}

static int spec_read(struct agent *a, const char *spec, struct error *err)
{
    struct str s = str_c(spec);
    a->kind = kind_of(&s);
    const char *rest = s.p;
    switch (a->kind) {
    case AGENT_MBOX:
        break;
    case AGENT_COMMAND:
        if (str_trim(s).n > 0)
            return child_split(a->arena, s, &a->argv, err);
        break;
    case AGENT_MAILDIR:
        a->path = rest;
        if (s.n > 0)
            return 0;
        break;
    case AGENT_LMTP:
        if (s.n > 0 && rest[0] == '/') {
            a->path = rest;
            snprintf(a->lmtp.host, sizeof a->lmtp.host, "localhost");
            a->lmtp.port = LMTP_PORT; /* of the URL */
            return 0;
        }
        if (str_find(s, '/') == s.n && relay_host_read(rest, &a->lmtp, err) == 0) {
            a->lmtp.port = str_find(s, ':') < s.n ? a->lmtp.port : LMTP_PORT;
            return 0;
        }
        break;
    }
    if (a->kind == AGENT_MBOX && (s.n == 0 || str_eqc(s, "mbox")))
        return 0;
    return error_set(err, ERR_USAGE, RETRY_NEVER,
                     _("--agent \"%s\": mbox, maildir:PATH, command:WORDS, lmtp:HOST:PORT and "
                       "lmtp:/PATH can be used"),
                     spec);
}

int agent_check(const char *spec, struct error *err)
{
    struct agent a = { .arena = arena_new(1024) };
    int rc = spec_read(&a, spec, err);
    if (rc != 0 && err->code != ERR_USAGE) {
        error_prefix(err, "--agent: ");
        err->code = ERR_USAGE;
    }
    arena_free(&a.arena);
    return rc;
}

bool agent_is_foreign(const char *spec)
{
    struct str s = str_c(spec);
    return kind_of(&s) != AGENT_MBOX;
}

struct agent *agent_new(const struct server_options *o, struct log *log, struct net_cancel *cancel,
                        struct error *err)
{
    struct agent *a = xcalloc(1, sizeof *a);
    struct dns_setup setup = { .servers = o->dns,
                               .hosts = o->dns == NULL,
                               .wait_ms = (int)o->limits.dns_s * MS,
                               .cancel = cancel,
                               .log = log };
    a->options = o;
    a->log = log;
    a->cancel = cancel;
    a->arena = arena_new(1024);
    int rc = spec_read(a, o->agent != NULL ? o->agent : "mbox", err);
    if (rc == 0 && a->kind == AGENT_LMTP && a->path == NULL) {
        a->dns = dns_new(&setup, err);
        rc = a->dns != NULL ? 0 : -1;
    }
    if (rc < 0)
        agent_free(&a);
    return a;
}

void agent_free(struct agent **a)
{
    if (*a == NULL)
        return;
    dns_free(&(*a)->dns);
    arena_free(&(*a)->arena);
    free(*a);
    *a = NULL;
}

int agent_fill(const char *text, const char *account, struct buf *out, struct error *err)
{
    struct str rest = str_c(text);
    size_t at;
    /* At the start of a word it could be read as an option. */
    if (!name_level_ok(str_c(account)) || (account[0] == '-' && str_starts(rest, placeholder)))
        return error_set(err, ERR_ADDRESS, RETRY_NEVER, _("%s is no name for an account"), account);
    while ((at = str_search(rest, str_c(placeholder))) < rest.n) {
        buf_add_str(out, str_head(rest, at));
        buf_adds(out, account);
        rest = str_skip(rest, at + sizeof placeholder - 1);
    }
    buf_add_str(out, rest);
    return buf_check(out, err);
}

static void add_lf(struct agent_text *t, struct str bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.n; i++) {
        if (t->cr && bytes.p[i] != '\n')
            buf_addc(out, '\r');
        t->cr = bytes.p[i] == '\r';
        if (!t->cr)
            buf_addc(out, bytes.p[i]);
    }
}

/* One piece of the message; false at its end. */
static bool text_piece(struct agent_text *t, struct buf *out, int *rc, struct error *err)
{
    struct buf raw = BUF_INIT(AGENT_PIECE);
    *rc = t->mail->read(t->mail->arg, t->at, AGENT_PIECE, &raw, err);
    bool more = *rc == 0 && raw.len > 0;
    t->at += raw.len;
    add_lf(t, buf_str(&raw), out);
    if (!more && t->cr)
        buf_addc(out, '\r');
    t->cr = t->cr && more;
    buf_free(&raw);
    return more;
}

int agent_text_read(struct agent_text *t, struct buf *out, struct error *err)
{
    size_t before = out->len;
    int rc = 0;
    if (!t->begun)
        buf_addf(out, "Return-Path: <%s>\n", t->mail->sender);
    t->begun = true;
    /* A piece may be a CR alone, of which nothing can be told yet: nothing at all is the end. */
    while (out->len == before && text_piece(t, out, &rc, err))
        ;
    return rc == 0 ? buf_check(out, err) : -1;
}

static struct smtp *lmtp_open(struct agent *a, const char *address, struct smtp_answer *refusal,
                              struct error *err)
{
    struct smtp_options o = { .endpoint = { .proto = NET_LMTP,
                                            .host = a->lmtp.host,
                                            .port = a->lmtp.port,
                                            .tls = TLS_NONE,
                                            .address = address,
                                            .path = a->path,
                                            .ehlo_name = a->options->host },
                              .cancel = a->cancel,
                              .log = a->options->trace ? a->log : NULL,
                              .connect_ms = (int)a->options->limits.connect_s * MS,
                              .wait_ms = (int)a->options->limits.reply_s * MS,
                              .dot_ms = (int)a->options->limits.dot_s * MS,
                              .total_ms = RELAY_TOTAL_S * MS,
                              .refusal = refusal };
    return smtp_open(&o, err);
}

/* Where it listens: a socket needs no address. */
static int lmtp_addresses(struct agent *a, struct dns_addresses *all, struct error *err)
{
    all->n = 1;
    if (a->path != NULL)
        return 0;
    return dns_addresses(a->dns, a->lmtp.host, all, err) == DNS_OK ? 0 : -1;
}

/* A server of our own that is not there is no reason to return mail: whatever it is, LATER. */
static void lmtp_once(struct agent *a, const char *address, struct relay_mail *mails, size_t n,
                      size_t *ended, struct error *err)
{
    struct smtp_answer refusal;
    struct smtp *s = lmtp_open(a, address, &refusal, err);
    *ended = 0;
    if (s == NULL)
        return;
    struct relay_out out = {
        .smtp = s, .host = a->lmtp.host, .lmtp = true, .lmtp_domain = a->options->host
    };
    if (relay_out(&out, mails, n, ended, err) < 0)
        *ended = 0;
    smtp_close(&s);
}

static int lmtp_deliver(struct agent *a, struct relay_mail *mails, size_t n, struct error *err)
{
    struct dns_addresses all;
    struct relay_rcpt why = { 0 };
    bool found = lmtp_addresses(a, &all, err) == 0;
    for (size_t i = 0; found && i < all.n && relay_has_open(mails, n); i++) {
        size_t ended = 1;
        for (size_t k = 0; k < RELAY_AGAIN_MAX && ended > 0 && relay_has_open(mails, n); k++)
            lmtp_once(a, a->path != NULL ? NULL : all.text[i], mails, n, &ended, err);
        if (err->code == ERR_CANCELLED)
            break;
    }
    if (!relay_has_open(mails, n))
        return 0;
    log_line(a->log, LOG_INFO, "lmtp %s: %s", a->path != NULL ? a->path : a->lmtp.host, err->text);
    relay_result(&why, RELAY_LATER, 0, "4.4.1", a->lmtp.host, err->text);
    relay_close_open(mails, n, &why);
    return err->code == ERR_CANCELLED ? -1 : 0;
}

static int deliver_one(struct agent *a, struct relay_mail *m, struct relay_rcpt *r,
                       struct error *err)
{
    if (a->kind == AGENT_COMMAND)
        return agent_command(a, m, r, err);
    if (net_cancel_is_set(a->cancel))
        return error_set(err, ERR_CANCELLED, RETRY_LATER, _("stopped"));
    agent_maildir(a, m, r);
    return 0;
}

int agent_deliver(struct agent *a, struct relay_mail *mails, size_t n, struct error *err)
{
    int rc = 0;
    error_clear(err);
    relay_begin(mails, n);
    if (a->kind == AGENT_LMTP)
        return relay_has_open(mails, n) ? lmtp_deliver(a, mails, n, err) : 0;
    for (size_t i = 0; i < n && rc == 0; i++)
        for (size_t k = 0; k < mails[i].n && rc == 0; k++)
            if (relay_is_open(&mails[i].rcpts[k]))
                rc = deliver_one(a, &mails[i], &mails[i].rcpts[k], err);
    struct relay_rcpt why = { 0 };
    relay_result(&why, RELAY_LATER, 0, NULL, NULL, _("the attempt was broken off"));
    relay_close_open(mails, n, &why);
    return rc;
}
