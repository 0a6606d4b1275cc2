/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/utf8.h"
#include "server/limits.h"
#include "server/smtpd_in.h"
#include "wire/smtp_dsn.h"
#include "base/banned.h"

static bool refuse(struct smtpd *s, struct buf *out, unsigned code, const char *enhanced,
                   const char *text)
{
    smtpd_reply(s, out, code, enhanced, text);
    return false;
}

/* ---- MAIL ---- */

/* RFC 1870 §6 */
static bool size_ok(struct smtpd *s, struct str value, struct buf *out)
{
    uint64_t size;
    if (str_u64(&value, &size) != 0 || value.n != 0)
        return refuse(s, out, 501, "5.5.4", "SIZE needs a number");
    if (size > s->setup.options->limits.message)
        return refuse(s, out, 552, "5.3.4", "message too large");
    if (!s->setup.ops->room(s->setup.ops->arg, size))
        return refuse(s, out, 452, "4.3.1", "no room on the disk, try again later");
    return true;
}

/* RFC 6152 §2. BINARYMIME is not offered. */
static bool body_ok(struct smtpd *s, struct str value, struct buf *out)
{
    if (str_ieqc(value, "8BITMIME"))
        s->mail.eight_bit = true;
    else if (!str_ieqc(value, "7BIT"))
        return refuse(s, out, 501, "5.5.4", "BODY is 7BIT or 8BITMIME");
    return true;
}

static bool envid_ok(struct smtpd *s, struct str value, struct buf *out)
{
    if (s->mail.envid != NULL || !wire_envid_ok(value))
        return refuse(s, out, 501, "5.5.4", "ENVID cannot be read");
    s->mail.envid = xmemdup0(value.p, value.n);
    return true;
}

static bool ret_ok(struct smtpd *s, struct str value, struct buf *out)
{
    if (s->mail.ret != SMTP_RET_NONE || wire_ret_read(value, &s->mail.ret) != 0)
        return refuse(s, out, 501, "5.5.4", "RET is FULL or HDRS");
    return true;
}

/* RFC 6531 §3.4: without a value */
static bool utf8_ok(struct smtpd *s, struct str value, struct buf *out)
{
    if (value.n > 0)
        return refuse(s, out, 501, "5.5.4", "SMTPUTF8 stands alone");
    s->mail.utf8 = true;
    return true;
}

/* RFC 4954 §5: who it is from as the client sees it; nobody asks. */
static bool auth_ok(struct smtpd *s, struct str value, struct buf *out)
{
    struct buf plain = BUF_INIT(SMTP_LINE_MAX);
    bool ok = value.n > 0 && wire_xtext_read(value, &plain) == 0;
    buf_free(&plain);
    return ok || refuse(s, out, 501, "5.5.4", "AUTH cannot be read");
}

static bool mail_params_ok(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    static const struct {
        const char *name;
        bool (*take)(struct smtpd *, struct str, struct buf *);
    } known[] = { { "SIZE", size_ok }, { "BODY", body_ok },   { "AUTH", auth_ok },
                  { "RET", ret_ok },   { "ENVID", envid_ok }, { "SMTPUTF8", utf8_ok } };
    for (size_t i = 0; i < c->params_n; i++) {
        size_t k = 0;
        while (k < COUNT(known) && !str_ieqc(c->params[i].name, known[k].name))
            k++;
        if (k == COUNT(known))
            return refuse(s, out, 555, "5.5.4", "parameter not known");
        if (!known[k].take(s, c->params[i].value, out))
            return false;
    }
    return true;
}

/* A name without a domain is one of ours, as people type it. */
static bool addr_ok(const struct smtp_cmd *c)
{
    struct buf whole = BUF_INIT(SMTP_LINE_MAX);
    buf_add_str(&whole, c->arg);
    if (c->domain.n == 0)
        buf_adds(&whole, "@localhost");
    bool ok = c->arg.n > 0 && !whole.over && wire_smtp_addr_ok(buf_str(&whole), true);
    buf_free(&whole);
    return ok;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* RFC 6409 §4.3: who submits says who he is; not who sits at the machine itself. */
static bool needs_login(const struct smtpd *s)
{
    return s->setup.submission && !s->authenticated && !s->setup.loopback && !s->setup.trusted &&
           !s->setup.options->accept_any;
}

static bool mail_ok(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    if (s->helo.len == 0)
        return refuse(s, out, 503, "5.5.1", "say HELO first");
    if (s->mail.begun)
        return refuse(s, out, 503, "5.5.1", "sender already given");
    if (needs_login(s))
        return refuse(s, out, 530, "5.7.0", "Authentication required");
    if (c->arg.n > 0 && !addr_ok(c))
        return refuse(s, out, 553, "5.1.7", "this sender address cannot be used");
    if (!mail_params_ok(s, c, out))
        return false;
    if (!s->mail.utf8 && !is_ascii(c->arg))
        return refuse(s, out, 553, "5.6.7", "this address needs SMTPUTF8");
    if (!s->setup.ops->room(s->setup.ops->arg, 0))
        return refuse(s, out, 452, "4.3.1", "no room on the disk, try again later");
    if (!s->setup.ops->rate(s->setup.ops->arg))
        return refuse(s, out, 450, "4.7.1", "too much mail in a minute, try again later");
    return true;
}

void smtpd_mail(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    if (mail_ok(s, c, out)) {
        s->mail.begun = true;
        buf_add_str(&s->mail.sender, c->arg);
        /* Others cannot answer to a name of ours. */
        if (c->arg.n > 0 && c->domain.n == 0)
            buf_addf(&s->mail.sender, "@%s", s->setup.options->host);
        smtpd_replyf(s, out, 250, "2.1.0", "%.*s... Sender ok", STR_ARG(c->arg));
    } else if (!s->mail.begun)
        smtpd_mail_clear(s);
}

/* ---- RCPT ---- */

/* RFC 3461 §4.1, §4.2 */
static bool rcpt_params_ok(struct smtpd *s, const struct smtp_cmd *c, struct deliver_rcpt *r,
                           struct buf *out)
{
    for (size_t i = 0; i < c->params_n; i++) {
        struct str name = c->params[i].name;
        struct str value = c->params[i].value;
        if (str_ieqc(name, "NOTIFY")) {
            if (r->notify != 0 || wire_notify_read(value, &r->notify) != 0)
                return refuse(s, out, 501, "5.5.4", "NOTIFY cannot be read");
        } else if (str_ieqc(name, "ORCPT")) {
            if (r->orcpt != NULL || !wire_orcpt_ok(value, s->mail.utf8))
                return refuse(s, out, 501, "5.5.4", "ORCPT cannot be read");
            r->orcpt = xmemdup0(value.p, value.n);
        } else
            return refuse(s, out, 555, "5.5.4", "parameter not known");
    }
    return true;
}

static bool is_same(const struct deliver_rcpt *a, const char *account, struct str address)
{
    return account != NULL ? a->account != NULL && str_eq(str_c(a->account), str_c(account))
                           : a->account == NULL && str_ieq(str_c(a->address), address);
}

/* One more target of the RCPT that is being answered. */
static void target_add(struct smtpd *s, const struct deliver_rcpt *like, const char *account,
                       struct str address)
{
    struct smtpd_mail *m = &s->mail;
    size_t i = 0;
    while (i < m->rcpts_n && !is_same(&m->rcpts[i], account, address))
        i++;
    if (i == m->rcpts_n) {
        m->rcpts = xrealloc(m->rcpts, m->rcpts_n + 1, sizeof *m->rcpts);
        m->rcpts[m->rcpts_n++] = (struct deliver_rcpt){
            .address = xmemdup0(address.p, address.n),
            .account = account != NULL ? xstrdup(account) : NULL,
            .orcpt = like->orcpt != NULL ? xstrdup(like->orcpt) : NULL,
            .notify = like->notify,
        };
    }
    m->told = xrealloc(m->told, m->told_n + 1, sizeof *m->told);
    m->told[m->told_n++] = (struct smtpd_told){ .rcpt = m->taken, .target = i };
}

/* Nobody else's mail is sent on for strangers, nor in a session whose line ends others may read
 * differently. */
static bool may_relay(const struct smtpd *s)
{
    return s->setup.relays && (s->authenticated || s->setup.trusted) && s->ends == ENDS_CRLF;
}

static void rcpt_take(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    s->mail.taken++;
    if (s->mail.first_rcpt == NULL)
        s->mail.first_rcpt = xmemdup0(c->arg.p, c->arg.n);
    smtpd_replyf(s, out, 250, "2.1.5", "%.*s... Recipient ok", STR_ARG(c->arg));
}

static bool targets_add(struct smtpd *s, const struct smtp_cmd *c, const struct deliver_rcpt *like,
                        const struct rcpt_list *list)
{
    if (list->n > SMTP_TARGETS_MAX - s->mail.told_n)
        return false;
    for (size_t i = 0; i < list->n; i++) {
        const struct rcpt_target *t = &list->targets[i];
        target_add(s, like, t->account, t->account != NULL ? c->arg : str_c(t->address));
        if (t->account == NULL && s->mail.forward == NULL)
            s->mail.forward = xmemdup0(c->arg.p, c->arg.n);
    }
    return true;
}

/* "a@b... User unknown" */
static void rcpt_refuse(struct smtpd *s, const struct smtp_cmd *c, unsigned code,
                        const char *enhanced, const char *text, struct buf *out)
{
    s->setup.ops->refused(s->setup.ops->arg, "-", buf_str(&s->mail.sender), c->arg, code);
    smtpd_replyf(s, out, code, enhanced, "%.*s... %s", STR_ARG(c->arg), text);
}

static void rcpt_answer(struct smtpd *s, const struct smtp_cmd *c, const struct deliver_rcpt *like,
                        struct buf *out)
{
    struct rcpt_list list = { 0 };
    switch (s->setup.ops->rcpt(s->setup.ops->arg, c->local, c->domain, &list)) {
    case RCPT_LOCAL:
        if (targets_add(s, c, like, &list))
            rcpt_take(s, c, out);
        else
            smtpd_reply(s, out, 452, "4.5.3", "too many recipients");
        break;
    case RCPT_UNKNOWN:
        rcpt_refuse(s, c, 550, "5.1.1", "User unknown", out);
        break;
    case RCPT_BAD_NAME:
        rcpt_refuse(s, c, 553, "5.1.3", "this name cannot be used", out);
        break;
    case RCPT_ELSEWHERE:
        if (may_relay(s)) {
            target_add(s, like, NULL, c->arg);
            rcpt_take(s, c, out);
        } else
            rcpt_refuse(s, c, 550, "5.7.1", "Relaying denied", out);
        break;
    }
    rcpt_list_clear(&list);
}

static bool rcpt_ok(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    if (!s->mail.begun)
        return refuse(s, out, 503, "5.5.1", "MAIL first");
    if (s->mail.coming)
        return refuse(s, out, 503, "5.5.1", "the message has begun");
    if (s->mail.taken >= s->setup.options->limits.recipients)
        return refuse(s, out, 452, "4.5.3", "too many recipients");
    if (!addr_ok(c))
        return refuse(s, out, 553, "5.1.3", "this address cannot be used");
    if (!s->mail.utf8 && !is_ascii(c->arg))
        return refuse(s, out, 553, "5.6.7", "this address needs SMTPUTF8");
    return true;
}

void smtpd_rcpt(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    struct deliver_rcpt like = { 0 };
    if (rcpt_ok(s, c, out) && rcpt_params_ok(s, c, &like, out))
        rcpt_answer(s, c, &like, out);
    free(like.orcpt);
}

/* ---- questions about names ---- */

/* VRFY and EXPN take what RCPT takes (RFC 5321 §3.5.1). */
static enum rcpt_kind ask(struct smtpd *s, const struct smtp_cmd *c, struct rcpt_list *list)
{
    struct buf line = BUF_INIT(2 * SMTP_LINE_MAX);
    struct smtp_cmd name;
    struct error ignored;
    enum rcpt_kind kind = RCPT_BAD_NAME;
    buf_adds(&line, "RCPT TO:");
    buf_add_str(&line, c->arg);
    if (wire_smtp_cmd(buf_str(&line), &name, &ignored) == 0 && addr_ok(&name))
        kind = s->setup.ops->rcpt(s->setup.ops->arg, name.local, name.domain, list);
    buf_free(&line);
    return kind;
}

void smtpd_vrfy(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    struct rcpt_list list = { 0 };
    if (c->arg.n == 0) {
        smtpd_reply(s, out, 501, "5.5.4", "whom?");
        return;
    }
    switch (s->setup.options->vrfy ? ask(s, c, &list) : RCPT_ELSEWHERE) {
    case RCPT_LOCAL:
        smtpd_replyf(s, out, 250, "2.1.5", "%.*s", STR_ARG(c->arg));
        break;
    case RCPT_UNKNOWN:
        smtpd_replyf(s, out, 550, "5.1.1", "%.*s... User unknown", STR_ARG(c->arg));
        break;
    case RCPT_BAD_NAME:
        smtpd_reply(s, out, 553, "5.1.3", "this address cannot be used");
        break;
    case RCPT_ELSEWHERE:
        smtpd_reply(s, out, 252, "2.5.2", "send some mail, I'll try my best");
        break;
    }
    rcpt_list_clear(&list);
}

static void say_targets(struct smtpd *s, const struct rcpt_list *list, struct buf *out)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct rcpt_target *t = &list->targets[i];
        char *line = t->account != NULL ? xasprintf("<%s@%s>", t->account, s->setup.options->host)
                                        : xasprintf("<%s>", t->address);
        wire_reply_put(out, 250, "2.1.5", i + 1 == list->n, line);
        free(line);
    }
}

void smtpd_expn(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    struct rcpt_list list = { 0 };
    if (c->arg.n == 0)
        smtpd_reply(s, out, 501, "5.5.4", "which list?");
    else if (!s->authenticated && !s->setup.loopback)
        smtpd_reply(s, out, 550, "5.7.1", "not for strangers");
    else if (ask(s, c, &list) == RCPT_LOCAL && list.n > 0)
        say_targets(s, &list, out);
    else
        smtpd_reply(s, out, 550, "5.1.1", "there is no list of this name");
    rcpt_list_clear(&list);
}
