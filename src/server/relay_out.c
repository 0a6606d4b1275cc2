/* SPDX-License-Identifier: MIT */
#include "server/relay_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "server/limits.h"
#include "base/banned.h"

enum relay_fate relay_fate(unsigned code)
{
    if (code >= 200 && code < 300)
        return RELAY_SENT;
    return code >= 500 && code < 600 ? RELAY_REFUSED : RELAY_LATER;
}

void relay_result(struct relay_rcpt *r, enum relay_fate fate, unsigned code, const char *enhanced,
                  const char *host, const char *text)
{
    static const char class[] = { [RELAY_LATER] = '4', [RELAY_SENT] = '2', [RELAY_REFUSED] = '5' };
    r->fate = fate;
    r->code = code;
    /* A class that contradicts the reply's code would turn a refusal into a success in the DSN. */
    if (enhanced != NULL && enhanced[0] == class[fate])
        snprintf(r->enhanced, sizeof r->enhanced, "%s", enhanced);
    else
        snprintf(r->enhanced, sizeof r->enhanced, "%c.0.0", class[fate]);
    snprintf(r->host, sizeof r->host, "%s", host != NULL ? host : "");
    net_words(r->text, sizeof r->text, text[0] != '\0' ? str_c(text) : STR("-"));
}

void relay_begin(struct relay_mail *mails, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < mails[i].n; k++) {
            struct relay_rcpt *r = &mails[i].rcpts[k];
            if (r->skip)
                continue;
            relay_result(r, RELAY_LATER, 0, NULL, NULL, "");
            r->text[0] = '\0';
            r->peer_has_dsn = false;
        }
}

bool relay_is_open(const struct relay_rcpt *r)
{
    return !r->skip && r->text[0] == '\0';
}

bool relay_has_open(const struct relay_mail *mails, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < mails[i].n; k++)
            if (relay_is_open(&mails[i].rcpts[k]))
                return true;
    return false;
}

void relay_close_open(struct relay_mail *mails, size_t n, const struct relay_rcpt *as)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < mails[i].n; k++)
            if (relay_is_open(&mails[i].rcpts[k]))
                relay_result(&mails[i].rcpts[k], as->fate, as->code, as->enhanced, as->host,
                             as->text);
}

/* One transaction: some of a mail's recipients. of[i] is whom rcpts[i] stands for. */
struct batch {
    const struct relay_out *out;
    struct relay_mail *mail;
    struct smtp_envelope env;
    struct smtp_rcpt rcpts[RELAY_RCPT_MAX];
    struct relay_rcpt *of[RELAY_RCPT_MAX];
    struct buf names; /* of LMTP, one behind the other */
    bool read_failed;
    struct error read_err;
};

static bool is_ascii(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s >= 0x80)
            return false;
    return true;
}

/* The account, at the domain under which its mail came. */
static void lmtp_name(struct batch *b, const struct relay_rcpt *r)
{
    struct str address = str_c(r->address);
    size_t at = str_rfind(address, '@');
    buf_adds(&b->names, r->account);
    if (strchr(r->account, '@') == NULL) {
        buf_addc(&b->names, '@');
        buf_add_str(&b->names,
                    at < address.n ? str_skip(address, at + 1) : str_c(b->out->lmtp_domain));
    }
    buf_addc(&b->names, '\0');
}

static void batch_addresses(struct batch *b)
{
    buf_clear(&b->names);
    for (size_t i = 0; i < b->env.rcpts_n && b->out->lmtp; i++)
        lmtp_name(b, b->of[i]);
    const char *name = buf_c(&b->names);
    for (size_t i = 0; i < b->env.rcpts_n; i++) {
        b->rcpts[i].address = b->out->lmtp ? name : b->of[i]->address;
        name += b->out->lmtp ? strlen(name) + 1 : 0;
    }
}

static void batch_fill(struct batch *b)
{
    const struct relay_mail *m = b->mail;
    b->env = (struct smtp_envelope){ .sender = m->sender,
                                     .rcpts = b->rcpts,
                                     .size = m->size,
                                     .eight_bit = m->eight_bit,
                                     .utf8 = m->utf8,
                                     .ret = m->ret,
                                     .envid = m->envid };
    for (size_t i = 0; i < m->n && b->env.rcpts_n < RELAY_RCPT_MAX; i++) {
        struct relay_rcpt *r = &m->rcpts[i];
        if (!relay_is_open(r))
            continue;
        b->of[b->env.rcpts_n] = r;
        b->rcpts[b->env.rcpts_n++] = (struct smtp_rcpt){ .notify = r->notify, .orcpt = r->orcpt };
    }
    batch_addresses(b);
}

static void batch_all(struct batch *b, enum relay_fate fate, unsigned code, const char *enhanced,
                      const char *text)
{
    for (size_t i = 0; i < b->env.rcpts_n; i++)
        relay_result(b->of[i], fate, code, enhanced, b->out->host, text);
}

/* What needs no asking. True: every recipient has its result. */
static bool batch_is_impossible(struct batch *b)
{
    unsigned offers = smtp_offers(b->out->smtp);
    uint64_t most = smtp_size_max(b->out->smtp);
    bool utf8 = b->env.utf8 || !is_ascii(b->env.sender);
    for (size_t i = 0; i < b->env.rcpts_n; i++)
        utf8 = utf8 || !is_ascii(b->rcpts[i].address);
    if (utf8 && !(offers & SMTP_EXT_SMTPUTF8)) /* RFC 6531 §3.5 */
        batch_all(b, RELAY_REFUSED, 0, "5.6.7",
                  _("the server does not take addresses or headers beyond ASCII (SMTPUTF8)"));
    else if (b->env.eight_bit && !(offers & SMTP_EXT_8BITMIME)) /* RFC 6152 §3 */
        batch_all(b, RELAY_REFUSED, 0, "5.6.3",
                  _("the server takes 7-bit messages alone, and this one is not (8BITMIME)"));
    else if (most > 0 && b->env.size > most) /* RFC 1870 §6.2 */
        batch_all(b, RELAY_REFUSED, 0, "5.3.4",
                  _("the message is larger than the server takes (SIZE)"));
    else
        return false;
    return true;
}

static int batch_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    struct batch *b = arg;
    if (b->mail->read(b->mail->arg, offset, want, out, err) == 0)
        return 0;
    b->read_failed = true;
    b->read_err = *err;
    return -1;
}

static void rcpt_result(const struct batch *b, size_t i, enum relay_fate fate)
{
    const struct smtp_rcpt *r = &b->rcpts[i];
    relay_result(b->of[i], fate, r->code, r->enhanced, b->out->host, r->text);
}

static void mail_result(const struct batch *b, size_t i)
{
    const struct smtp_envelope *env = &b->env;
    relay_result(b->of[i], relay_fate(env->reply_code), env->reply_code, env->reply_enhanced,
                 b->out->host, env->reply);
}

/* The message went through: who was taken has it, by LMTP as far as its own answer says so. */
static void batch_sent(struct batch *b)
{
    bool dsn = (smtp_offers(b->out->smtp) & SMTP_EXT_DSN) != 0;
    for (size_t i = 0; i < b->env.rcpts_n; i++) {
        if (b->rcpts[i].taken && !b->out->lmtp)
            mail_result(b, i);
        else
            rcpt_result(b, i, relay_fate(b->rcpts[i].code));
        b->of[i]->peer_has_dsn = dsn && b->of[i]->fate == RELAY_SENT;
    }
}

/* It did not. Where nobody was taken and there is an answer for the whole, MAIL itself was refused,
 * and what RCPT was answered then means nothing; otherwise a recipient's own refusal comes first. */
static void batch_refused(struct batch *b)
{
    bool any = false;
    for (size_t i = 0; i < b->env.rcpts_n; i++)
        any = any || b->rcpts[i].taken;
    for (size_t i = 0; i < b->env.rcpts_n; i++) {
        if (b->env.reply_code >= 400 && (!any || b->rcpts[i].taken))
            mail_result(b, i);
        else if (b->rcpts[i].code >= 400)
            rcpt_result(b, i, relay_fate(b->rcpts[i].code));
    }
}

/* Nobody knows: twice is better than never. */
static void batch_in_doubt(struct batch *b, const struct error *err)
{
    for (size_t i = 0; i < b->env.rcpts_n; i++) {
        bool said = b->out->lmtp ? b->rcpts[i].code != 0 : !b->rcpts[i].taken;
        if (said)
            rcpt_result(b, i, relay_fate(b->rcpts[i].code));
        else
            relay_result(b->of[i], RELAY_LATER, 0, "4.4.2", b->out->host, err->text);
    }
}

/* 421, or a link that broke, says nothing about the mail: those without a refusal of their own stay
 * open. A peer that takes the transaction but not the mail has refused it. */
static void batch_unsent(struct batch *b, const struct error *err)
{
    bool usable = smtp_usable(b->out->smtp);
    if (b->read_failed)
        batch_all(b, RELAY_LATER, 0, "4.3.0", b->read_err.text);
    else if (usable || (b->env.reply_code >= 400 && b->env.reply_code != 421))
        batch_refused(b);
    for (size_t i = 0; i < b->env.rcpts_n; i++) {
        if (!relay_is_open(b->of[i]))
            continue;
        if (usable) /* a sentence of the client's own */
            relay_result(b->of[i], RELAY_LATER, 0, NULL, b->out->host, err->text);
        else if (b->env.reply_code == 0 && b->rcpts[i].code >= 500)
            rcpt_result(b, i, RELAY_REFUSED);
    }
}

static int batch_send(struct batch *b, size_t *ended, struct error *err)
{
    struct smtp_body body = { .read = batch_read, .arg = b };
    b->read_failed = false;
    enum smtp_outcome outcome = smtp_send(b->out->smtp, &b->env, &body, err);
    switch (outcome) {
    case SMTP_SENT:
        batch_sent(b);
        break;
    case SMTP_REJECTED:
        batch_refused(b);
        for (size_t i = 0; i < b->env.rcpts_n; i++)
            if (relay_is_open(b->of[i])) /* refused without a word of the server */
                relay_result(b->of[i], RELAY_REFUSED, 0, NULL, b->out->host, err->text);
        break;
    case SMTP_IN_DOUBT:
        batch_in_doubt(b, err);
        break;
    case SMTP_UNSENT:
        batch_unsent(b, err);
        break;
    }
    *ended += outcome != SMTP_UNSENT || smtp_usable(b->out->smtp);
    return outcome != SMTP_SENT && err->code == ERR_CANCELLED ? -1 : 0;
}

static int mail_send(struct batch *b, size_t *ended, struct error *err)
{
    while (smtp_usable(b->out->smtp) && relay_has_open(b->mail, 1)) {
        batch_fill(b);
        if (!batch_is_impossible(b) && batch_send(b, ended, err) < 0)
            return -1;
    }
    return 0;
}

int relay_out(const struct relay_out *out, struct relay_mail *mails, size_t n, size_t *ended,
              struct error *err)
{
    struct batch *b = xcalloc(1, sizeof *b);
    int rc = 0;
    b->out = out;
    buf_init(&b->names, RELAY_RCPT_MAX * (SMTP_PATH_MAX + 1));
    for (size_t i = 0; i < n && rc == 0 && smtp_usable(out->smtp); i++) {
        b->mail = &mails[i];
        rc = mail_send(b, ended, err);
        if (mails[i].taken != NULL && i + 1 < n)
            mails[i].taken(mails[i].arg, &mails[i]);
    }
    buf_free(&b->names);
    free(b);
    return rc;
}
