/* SPDX-License-Identifier: MIT */
/* What the sender is told of his mail, and how the report finds him. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/agent.h"
#include "server/bounce.h"
#include "server/deliver.h"
#include "server/limits.h"
#include "server/mailid.h"
#include "server/maillog.h"
#include "server/mailq_in.h"
#include "base/banned.h"

/* ---- whom ---- */

/* RFC 3461 §5.1: without NOTIFY the sender hears of failures, and of delays if we like. */
static bool wants(const struct spool_rcpt *r, enum bounce_kind kind)
{
    static const unsigned notify[] = { [BOUNCE_FAILED] = SMTP_NOTIFY_FAILURE,
                                       [BOUNCE_DELAYED] = SMTP_NOTIFY_DELAY,
                                       [BOUNCE_DELIVERED] = SMTP_NOTIFY_SUCCESS };
    return r->notify == 0 ? kind != BOUNCE_DELIVERED : (r->notify & notify[kind]) != 0;
}

static bool is_about(const struct spool_rcpt *r, enum bounce_kind kind)
{
    static const enum spool_state states[] = { [BOUNCE_FAILED] = SPOOL_FAILED,
                                               [BOUNCE_DELAYED] = SPOOL_WAITING,
                                               [BOUNCE_DELIVERED] = SPOOL_DONE };
    return r->state == states[kind] && !r->told && wants(r, kind);
}

/* ---- how ---- */

/* A report for one of our own accounts, into its mailbox. */
static int to_account(struct mailq *q, const char *id, struct spill *report, char *address,
                      char *account, struct error *err)
{
    struct deliver_rcpt rcpt = { .address = address, .account = account };
    struct deliver_mail mail = { .rcpts = &rcpt,
                                 .n = 1,
                                 .message = report,
                                 .path = bounce_path_bytes(),
                                 .by = "localhost",
                                 .now = vclock_now(q->setup.clock) };
    memcpy(mail.id, id, MAILID_MAX);
    return deliver_do(&q->desk, q->setup.options, q->setup.log, &mail, err);
}

/* RFC 6152 §3: a server without 8BITMIME takes no more than ASCII. */
static bool is_eight_bit(const struct spill *report)
{
    enum { PIECE = 32 << 10 };
    struct error err;
    struct buf piece = BUF_INIT(PIECE);
    bool found = false;
    for (uint64_t at = 0; at < spill_size(report) && !found; at += PIECE) {
        buf_clear(&piece);
        found = spill_read(report, at, PIECE, &piece, &err) != 0;
        for (size_t i = 0; i < piece.len && !found; i++)
            found = (unsigned char)piece.data[i] >= 128;
    }
    buf_free(&piece);
    return found;
}

/* For all of env's recipients; takes what is in env. */
static int to_queue(struct mailq *q, const char *id, struct spill *report, struct spool_env *env,
                    struct error *err)
{
    env->sender = xstrdup("");
    env->eight_bit = is_eight_bit(report);
    memcpy(env->id, id, MAILID_MAX);
    spill_hide(report, bounce_path_bytes());
    env->size = spill_size(report);
    maillog_accepted(q->setup.log, id, STR(""), "localhost", env->size, env->rcpts_n);
    int rc = mailq_add(q, env, report, err);
    spill_hide(report, 0);
    return rc;
}

/* Into the mailboxes of the list; the others are added to env. How many have it. */
static size_t to_accounts(struct mailq *q, const char *id, struct spill *report,
                          const struct spool_env *about, const struct rcpt_list *list,
                          struct spool_env *env, struct error *err)
{
    bool foreign = agent_is_foreign(q->setup.options->agent);
    size_t have = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct rcpt_target *t = &list->targets[i];
        if (t->account == NULL || foreign)
            spool_env_add(env, t->account == NULL ? t->address : about->sender, t->account, NULL,
                          0);
        else if (to_account(q, id, report, about->sender, t->account, err) == 0)
            have++;
        else
            log_line(q->setup.log, LOG_ERROR, "mail %s: %s", id, err->text);
    }
    return have;
}

/* 0 when it is on its way, or when there is nobody to tell; -1 when nobody has it: of several behind
 * an alias one is enough, or the others would be told again and again. */
static int send_report(struct mailq *q, const char *id, struct spill *report,
                       const struct spool_env *about, struct error *err)
{
    struct spool_env env = { .utf8 = about->utf8 };
    struct str local = str_c(about->sender);
    struct str domain = { "", 0 };
    struct rcpt_list list = { 0 };
    size_t at = str_rfind(local, '@');
    if (at < local.n) {
        domain = str_skip(local, at + 1);
        local = str_head(local, at);
    }
    enum rcpt_kind kind = desk_rcpt(&q->desk, local, domain, &list);
    if (kind == RCPT_ELSEWHERE)
        spool_env_add(&env, about->sender, NULL, NULL, 0);
    else if (kind != RCPT_LOCAL)
        log_line(q->setup.log, LOG_ERROR, "mail %s: its sender <%s> does not exist here", about->id,
                 about->sender);
    size_t have = to_accounts(q, id, report, about, &list, &env, err);
    bool wanted = list.n > 0 || env.rcpts_n > 0;
    if (env.rcpts_n > 0 && to_queue(q, id, report, &env, err) == 0)
        have++;
    rcpt_list_clear(&list);
    return wanted && have == 0 ? -1 : 0;
}

static int original_read(void *arg, uint64_t at, size_t want, struct buf *out, struct error *err)
{
    const int *fd = arg;
    return spool_read(*fd, at, want, out, err);
}

/* Of a mail whose file is gone, or none of ours, there is nothing to return: the report goes without. */
static int nothing_read(void *arg, uint64_t at, size_t want, struct buf *out, struct error *err)
{
    (void)arg;
    (void)at;
    (void)want;
    (void)out;
    (void)err;
    return 0;
}

static int make_and_send(struct mailq *q, const struct spool_env *env, enum bounce_kind kind,
                         const bool *about, int64_t now, struct error *err)
{
    char id[MAILID_MAX];
    char boundary[MAILID_MAX];
    struct spill report;
    int fd = spool_message(q->spool, env->id, err);
    if (fd < 0 && err->sys != ENOENT && err->sys != ELOOP && err->code != ERR_STORE)
        return -1;
    mailid_make(q->setup.clock, id);
    mailid_make(q->setup.clock, boundary);
    struct bounce b = { .kind = kind,
                        .env = env,
                        .about = about,
                        .host = q->setup.options->host,
                        .id = id,
                        .boundary = boundary,
                        .now = now,
                        .until = env->arrived_at + q->setup.options->give_up_s,
                        .read = fd >= 0 ? original_read : nothing_read,
                        .arg = &fd };
    spill_init(&report, q->desk.tmp_dir, SERVER_MESSAGE_MAX);
    int rc = bounce_put(&b, &report, err);
    if (rc == 0)
        rc = send_report(q, id, &report, env, err);
    if (rc == 0)
        maillog_reported(q->setup.log, env->id, id);
    spill_clear(&report);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* What became of the mail is on the disk before it is told: a crash between tells it twice and
 * sends nothing twice. */
static int report_one(struct mailq *q, struct mailq_entry *e, enum bounce_kind kind, int64_t now)
{
    struct error err = { 0 };
    struct spool_env *env = &e->env;
    bool *about = xcalloc(env->rcpts_n, sizeof *about);
    size_t n = 0;
    for (size_t i = 0; i < env->rcpts_n; i++)
        n += about[i] = is_about(&env->rcpts[i], kind);
    int rc = 0;
    if (n > 0 && env->sender[0] != '\0') {
        rc = spool_update(q->spool, env, &err);
        if (rc == 0)
            rc = make_and_send(q, env, kind, about, now, &err);
        if (rc != 0)
            log_line(q->setup.log, LOG_ERROR, "mail %s: its sender cannot be told now: %s", env->id,
                     err.text);
    } else if (n > 0 && kind == BOUNCE_FAILED)
        log_line(q->setup.log, LOG_ERROR, "mail %s: a report that nobody takes is dropped",
                 env->id);
    for (size_t i = 0; i < env->rcpts_n && rc == 0 && kind != BOUNCE_DELAYED; i++)
        env->rcpts[i].told = env->rcpts[i].told || about[i];
    free(about);
    return rc;
}

/* Those that nobody wants to hear of. */
static void tell_nobody(struct spool_env *env)
{
    for (size_t i = 0; i < env->rcpts_n; i++) {
        struct spool_rcpt *r = &env->rcpts[i];
        if ((r->state == SPOOL_FAILED && !wants(r, BOUNCE_FAILED)) ||
            (r->state == SPOOL_DONE && !wants(r, BOUNCE_DELIVERED)))
            r->told = true;
    }
}

int mailq_report(struct mailq *q, struct mailq_entry *e, int64_t now)
{
    int rc = report_one(q, e, BOUNCE_FAILED, now);
    if (report_one(q, e, BOUNCE_DELIVERED, now) != 0)
        rc = -1;
    if (!e->env.warned && now >= e->env.arrived_at + q->setup.options->warn_s) {
        if (report_one(q, e, BOUNCE_DELAYED, now) == 0)
            e->env.warned = true;
        else
            rc = -1;
    }
    tell_nobody(&e->env);
    return rc;
}
