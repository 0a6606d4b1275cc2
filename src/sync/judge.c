/* SPDX-License-Identifier: MIT */
#include "sync/judge.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "net/status.h"
#include "sync/sched.h"
#include "base/banned.h"

enum {
    REASON_MAX = 2000,
    EX_TEMPFAIL_CODE = 75, /* sysexits.h */
    EXIT_CODES = 128       /* above: it was a signal */
};

static bool is_taken(unsigned code)
{
    return code >= 200 && code < 300;
}

size_t judge_open(const struct outbox_entry *e, size_t *which)
{
    size_t n = 0;
    for (size_t i = 0; i < e->rcpts_n; i++)
        if (!is_taken(e->rcpts[i].code))
            which[n++] = i;
    return n;
}

/* The answers of this attempt, to the recipients that it was about. A 2xx counts only if the
 * message itself was taken. */
static void answers_note(struct arena *a, struct outbox_entry *e, const struct smtp_envelope *env,
                         const size_t *which, bool sent)
{
    for (size_t i = 0; i < env->rcpts_n; i++) {
        struct outbox_rcpt *r = &e->rcpts[which[i]];
        unsigned code = env->rcpts[i].code;
        r->code = is_taken(code) && !sent ? 0 : code;
        r->text = arena_cstr(a, is_taken(code) ? "" : env->rcpts[i].text);
    }
}

static size_t refused_count(const struct outbox_entry *e, unsigned from, unsigned to)
{
    size_t n = 0;
    for (size_t i = 0; i < e->rcpts_n; i++)
        n += e->rcpts[i].code >= from && e->rcpts[i].code < to;
    return n;
}

/* "refused for a@b: no such user; c@d: mailbox full" */
static struct str refusals(struct arena *a, const struct outbox_entry *e)
{
    struct buf out = BUF_INIT(REASON_MAX);
    for (size_t i = 0; i < e->rcpts_n; i++) {
        if (e->rcpts[i].code < 400)
            continue;
        buf_addf(&out,
                 out.len == 0 ? _("refused for %.*s: ") : "; %.*s: ", STR_ARG(e->rcpts[i].address));
        status_put(e->rcpts[i].code, e->rcpts[i].text, e->rcpts[i].text, &out);
    }
    struct str text = arena_str(a, buf_str(&out));
    buf_free(&out);
    return text;
}

static void again_later(struct outbox_entry *e, int64_t now)
{
    e->state = OUTBOX_QUEUED;
    e->not_before = now + sync_sched_backoff_ms(e->attempts, 500) / 1000;
}

static void judge_sent(struct arena *a, struct outbox_entry *e, int64_t now)
{
    e->reason = refusals(a, e);
    if (refused_count(e, 400, 500) + refused_count(e, 0, 1) > 0)
        again_later(e, now);
    else if (refused_count(e, 500, 1000) > 0)
        e->state = OUTBOX_FAILED;
    else
        e->state = OUTBOX_SENT;
}

bool judge_attempt(struct arena *a, struct outbox_entry *e, const struct smtp_envelope *env,
                   const size_t *which, enum smtp_outcome outcome, const struct error *why,
                   int64_t now)
{
    bool before = refused_count(e, 200, 300) > 0;
    answers_note(a, e, env, which, outcome == SMTP_SENT);
    e->dot_sent = false;
    e->reason = arena_cstr(a, why->text);
    switch (outcome) {
    case SMTP_SENT:
        judge_sent(a, e, now);
        return !before && refused_count(e, 200, 300) > 0;
    case SMTP_REJECTED:
        e->state = OUTBOX_FAILED;
        break;
    case SMTP_UNSENT:
        again_later(e, now);
        break;
    case SMTP_IN_DOUBT:
        e->state = OUTBOX_DOUBT;
        break;
    }
    return false;
}

enum smtp_outcome judge_command(const struct child_job *job)
{
    if (job->code < 0 || job->taken == 0)
        return SMTP_UNSENT;
    if (job->killed || job->code > EXIT_CODES || (job->code == 0 && job->taken < job->input.n))
        return SMTP_IN_DOUBT;
    if (job->code == 0)
        return SMTP_SENT;
    return job->code == EX_TEMPFAIL_CODE ? SMTP_UNSENT : SMTP_REJECTED;
}
