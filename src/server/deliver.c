/* SPDX-License-Identifier: MIT */
#include "server/deliver.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "server/limits.h"
#include "server/maillog.h"
#include "server/store.h"
#include "base/banned.h"

/* One delivery of a message. */
struct delivery {
    struct desk *desk;
    const struct server_options *options;
    struct log *log;
    struct deliver_mail *mail;
    uint32_t *uids; /* of each recipient's copy; 0: none */
};

/* The message goes to the owner of the mailbox and comes back with the answer: no copy of it. */
static int append(struct delivery *d, struct mailbox *box, uint32_t *uid, struct error *err)
{
    struct deliver_mail *mail = d->mail;
    int dir = mail->message->dir;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_APPEND);
    j->items = xcalloc(1, sizeof *j->items);
    j->items_n = 1;
    j->items[0].date = mail->now;
    j->items[0].sender = xmemdup0(mail->sender.p, mail->sender.n);
    j->items[0].message = *mail->message;
    *mail->message = (struct spill){ .dir = dir, .fd = -1, .sys = EIO };
    int rc = mailbox_call(box, d->desk->answers, &j, err);
    if (rc == 0)
        *uid = j->uids[0];
    if (j != NULL) {
        *mail->message = j->items[0].message;
        j->items[0].message = (struct spill){ .dir = dir, .fd = -1 };
    }
    mailbox_job_free(&j);
    return rc;
}

static int to_mailbox(struct delivery *d, const char *account, uint32_t *uid, struct error *err)
{
    struct mailbox *box = NULL;
    if (spill_check(d->mail->message, err) != 0 ||
        desk_mailbox(d->desk, str_c(account), STR("INBOX"), true, &box, err) != 0)
        return -1;
    int rc = append(d, box, uid, err);
    desk_mailbox_done(d->desk, &box);
    return rc;
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
}

static unsigned code_of(const struct error *err)
{
    return err->sys == ENOSPC || err->sys == EDQUOT || err->sys == EFBIG ? 452 : 451;
}

/* -1 at the first that fails, unless each stands for itself. */
static int to_mailboxes(struct delivery *d, struct error *err)
{
    for (size_t i = 0; i < d->mail->n; i++) {
        struct deliver_rcpt *r = &d->mail->rcpts[i];
        struct error why = { 0 };
        if (r->account == NULL)
            continue;
        r->code = to_mailbox(d, r->account, &d->uids[i], &why) == 0 ? 250 : code_of(&why);
        if (r->code == 250)
            continue;
        log_line(d->log, LOG_ERROR, "delivery to %s failed: %s", r->account, why.text);
        *err = why;
        if (!d->mail->each)
            return -1;
    }
    return 0;
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
    uint32_t uid;
    if (account == NULL || is_among(d->mail, account))
        return 0;
    if (to_mailbox(d, account, &uid, err) == 0)
        return 0;
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
    if (rc != 0)
        take_all_back(&d);
    else if (!any_has_it(mail))
        rc = -1;
    else
        log_all(&d);
    free(d.uids);
    return rc;
}
