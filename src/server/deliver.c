/* SPDX-License-Identifier: MIT */
#include "server/deliver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/i18n.h"
#include "server/agent.h"
#include "server/limits.h"
#include "server/mailq.h"
#include "server/maillog.h"
#include "server/quota.h"
#include "server/store.h"
#include "base/banned.h"

/* One delivery of a message. */
struct delivery {
    struct desk *desk;
    const struct server_options *options;
    struct log *log;
    struct deliver_mail *mail;
    uint32_t *uids; /* of each recipient's copy; 0: none */
    uint32_t copy;  /* of that for --copy-to */
};

/* An append that is under way. */
struct append {
    const char *account;
    struct mailbox *box;
    const struct mailbox_job *asked; /* to know the answer by; NULL: none is due */
    uint32_t uid;                    /* 0: it failed, err says why */
    struct error err;
};

/* One that is alone gives the message to the owner of the mailbox and gets it back with the answer;
 * several have copies, so that their disks write at the same time. */
static void message_give(struct delivery *d, bool alone, struct spill *to)
{
    struct spill *message = d->mail->message;
    struct str bytes;
    if (alone) {
        *to = *message;
        *message = (struct spill){ .dir = to->dir, .fd = -1, .sys = EIO };
    } else if (spill_view(message, &bytes)) {
        spill_init(to, message->dir, message->max);
        spill_add(to, bytes);
    }
}

static void append_ask(struct delivery *d, struct append *a, bool alone)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_APPEND);
    j->items = xcalloc(1, sizeof *j->items);
    j->items_n = 1;
    j->items[0].date = d->mail->now;
    j->items[0].sender = xmemdup0(d->mail->sender.p, d->mail->sender.n);
    message_give(d, alone, &j->items[0].message);
    a->asked = j;
    if (mailbox_ask(a->box, d->desk->answers, &j, &a->err) != 0)
        a->asked = NULL;
}

/* The answer to one of n, whichever comes first. */
static void append_answer(struct delivery *d, struct append *all, size_t n, bool alone)
{
    struct mailbox_job *j = NULL;
    struct error err = { 0 };
    int rc = mailbox_answer(d->desk->answers, &j, &err);
    for (size_t i = 0; i < n; i++) {
        if (j != NULL && all[i].asked != j)
            continue;
        all[i].asked = NULL;
        all[i].err = err;
        all[i].uid = rc == 0 ? j->uids[0] : 0;
    }
    if (j != NULL && alone) {
        *d->mail->message = j->items[0].message;
        j->items[0].message = (struct spill){ .fd = -1 };
    }
    mailbox_job_free(&j);
}

static bool any_due(const struct append *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].asked != NULL)
            return true;
    return false;
}

/* Appends to n mailboxes at the same time. */
static void append_all(struct delivery *d, struct append *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (spill_check(d->mail->message, &all[i].err) != 0 ||
            quota_room(d->desk, d->options->quota, str_c(all[i].account),
                       spill_size(d->mail->message), &all[i].err) != 0 ||
            desk_mailbox(d->desk, str_c(all[i].account), STR("INBOX"), true, &all[i].box,
                         &all[i].err) != 0)
            all[i].box = NULL;
    for (size_t i = 0; i < n; i++)
        if (all[i].box != NULL)
            append_ask(d, &all[i], n == 1);
    while (any_due(all, n))
        append_answer(d, all, n, n == 1);
    for (size_t i = 0; i < n; i++)
        desk_mailbox_done(d->desk, &all[i].box);
}

/* The sender will hear that nothing was delivered and come again: what one recipient already has
 * must go. The mark of an expunged message is a byte that is there already, so that this works on a
 * full disk too. */
static void take_back(struct delivery *d, const char *account, uint32_t uid)
{
    struct error err;
    struct mailbox *box = NULL;
    int rc = desk_mailbox(d->desk, str_c(account), STR("INBOX"), false, &box, &err);
    if (rc == 0) {
        struct mailbox_job *j = mailbox_job_new(MAILBOX_EXPUNGE);
        j->forced = true;
        j->uids = xcalloc(1, sizeof *j->uids);
        j->uids[0] = uid;
        j->uids_n = 1;
        rc = mailbox_call(box, d->desk->answers, &j, &err);
        mailbox_job_free(&j);
        desk_mailbox_done(d->desk, &box);
    }
    if (rc != 0)
        log_line(d->log, LOG_ERROR, "mail %u of %s cannot be taken back", uid, account);
}

static void take_all_back(struct delivery *d)
{
    for (size_t i = d->mail->n; i-- > 0;)
        if (d->uids[i] != 0) {
            take_back(d, d->mail->rcpts[i].account, d->uids[i]);
            d->uids[i] = 0;
        }
    if (d->copy != 0)
        take_back(d, d->options->copy_to, d->copy);
}

static unsigned code_of(const struct error *err)
{
    return err->sys == ENOSPC || err->sys == EDQUOT || err->sys == EFBIG ? 452 : 451;
}

/* Elsewhere, or ours by an agent that may fail: through the queue. */
static bool is_queued(const struct delivery *d, const struct deliver_rcpt *r)
{
    return r->account == NULL || agent_is_foreign(d->options->agent);
}

/* What became of one recipient's. */
static int result_take(struct delivery *d, size_t i, const struct append *a, struct error *err)
{
    struct deliver_rcpt *r = &d->mail->rcpts[i];
    d->uids[i] = a->uid;
    r->code = a->uid != 0 ? 250 : code_of(&a->err);
    if (a->uid != 0)
        return 0;
    log_line(d->log, LOG_ERROR, "delivery to %s failed: %s", r->account, a->err.text);
    *err = a->err;
    return d->mail->each ? 0 : -1;
}

/* As many as are done at a time: a message in a file has no copies. */
static size_t batch_size(const struct delivery *d)
{
    struct str ignored;
    return spill_view(d->mail->message, &ignored) ? DELIVER_AT_ONCE : 1;
}

/* -1 when one fails, unless each stands for itself. */
static int to_mailboxes(struct delivery *d, struct error *err)
{
    struct append all[DELIVER_AT_ONCE];
    size_t whose[DELIVER_AT_ONCE];
    size_t most = batch_size(d);
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; i <= d->mail->n && rc == 0; i++) {
        if (i < d->mail->n && !is_queued(d, &d->mail->rcpts[i])) {
            all[n] = (struct append){ .account = d->mail->rcpts[i].account };
            whose[n++] = i;
        }
        if (n < most && i < d->mail->n)
            continue;
        append_all(d, all, n);
        for (size_t k = 0; k < n; k++)
            rc = result_take(d, whose[k], &all[k], err) != 0 ? -1 : rc;
        n = 0;
    }
    return rc;
}

/* ---- the queue ---- */

static bool in_envelope(const struct delivery *d, const struct deliver_rcpt *r)
{
    return is_queued(d, r) || (r->code == 250 && (r->notify & SMTP_NOTIFY_SUCCESS) != 0);
}

/* Those that wait for somebody else, and those of whom the sender wants to hear that they have it. */
static void envelope_fill(const struct delivery *d, struct spool_env *env)
{
    const struct deliver_mail *m = d->mail;
    *env = (struct spool_env){ .sender = xmemdup0(m->sender.p, m->sender.n),
                               .envid = m->envid != NULL ? xstrdup(m->envid) : NULL,
                               .ret = m->ret,
                               .utf8 = m->utf8,
                               .eight_bit = m->eight_bit,
                               .size = spill_size(m->message) };
    memcpy(env->id, m->id, sizeof env->id);
    for (size_t i = 0; i < m->n; i++) {
        const struct deliver_rcpt *r = &m->rcpts[i];
        if (!in_envelope(d, r))
            continue;
        struct spool_rcpt *s = spool_env_add(env, r->address, r->account, r->orcpt, r->notify);
        s->state = is_queued(d, r) ? SPOOL_WAITING : SPOOL_DONE;
    }
}

static void queued_answer(struct delivery *d, unsigned code)
{
    for (size_t i = 0; i < d->mail->n; i++)
        if (is_queued(d, &d->mail->rcpts[i]))
            d->mail->rcpts[i].code = code;
}

/* Return-Path is for a mailbox alone (RFC 5321 §4.4). */
static int to_queue(struct delivery *d, struct error *err)
{
    struct spool_env env;
    struct deliver_mail *m = d->mail;
    int rc = 0;
    spill_hide(m->message, m->path);
    envelope_fill(d, &env);
    if (env.rcpts_n > 0) {
        rc = d->desk->mailq != NULL
                 ? mailq_accept(d->desk->mailq, d->desk->answers, &env, m->message, err)
                 : error_set(err, ERR_STORE, RETRY_LATER, _("there is no queue here"));
        queued_answer(d, rc == 0 ? 250 : code_of(err));
    }
    if (rc != 0)
        log_line(d->log, LOG_ERROR, "mail %s cannot be queued: %s", m->id, err->text);
    spool_env_clear(&env);
    spill_hide(m->message, 0);
    return m->each ? 0 : rc;
}

static bool is_among(const struct deliver_mail *mail, const char *account)
{
    for (size_t i = 0; i < mail->n; i++)
        if (mail->rcpts[i].account != NULL && str_eq(str_c(mail->rcpts[i].account), str_c(account)))
            return true;
    return false;
}

/* --copy-to: one more recipient, whom nobody is told of. */
static int copy_keep(struct delivery *d, struct error *err)
{
    const char *account = d->options->copy_to;
    struct append copy = { .account = account };
    if (account == NULL || is_among(d->mail, account))
        return 0;
    append_all(d, &copy, 1);
    d->copy = copy.uid;
    if (copy.uid != 0)
        return 0;
    *err = copy.err;
    log_line(d->log, LOG_ERROR, "delivery to %s failed: %s", account, err->text);
    return d->mail->each ? 0 : -1;
}

/* Said once nothing can be taken back any more. */
static void log_all(const struct delivery *d)
{
    const struct deliver_mail *mail = d->mail;
    maillog_accepted(d->log, mail->id, mail->sender, mail->by, spill_size(mail->message), mail->n);
    for (size_t i = 0; i < mail->n; i++)
        if (d->uids[i] != 0)
            maillog_delivered(d->log, mail->id, str_c(mail->rcpts[i].address),
                              mail->rcpts[i].account);
}

static bool any_is_queued(const struct delivery *d)
{
    for (size_t i = 0; i < d->mail->n; i++)
        if (is_queued(d, &d->mail->rcpts[i]))
            return true;
    return false;
}

static bool any_has_it(const struct deliver_mail *mail)
{
    for (size_t i = 0; i < mail->n; i++)
        if (mail->rcpts[i].code == 250)
            return true;
    return false;
}

int deliver_do(struct desk *desk, const struct server_options *options, struct log *log,
               struct deliver_mail *mail, struct error *err)
{
    struct delivery d = { .desk = desk, .options = options, .log = log, .mail = mail };
    d.uids = xcalloc(mail->n + 1, sizeof *d.uids);
    int rc = to_mailboxes(&d, err);
    if (rc == 0)
        rc = copy_keep(&d, err);
    if (rc == 0 && (any_has_it(mail) || any_is_queued(&d))) {
        log_all(&d);
        rc = to_queue(&d, err);
    }
    if (rc != 0)
        take_all_back(&d);
    else if (!any_has_it(mail))
        rc = -1;
    free(d.uids);
    return rc;
}
