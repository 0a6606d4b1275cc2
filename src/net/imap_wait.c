/* SPDX-License-Identifier: MIT */
#include "net/imap_conn.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

enum { IMAP_IDLE_MS = 28 * 60000 }; /* RFC 2177: less than 29 minutes */

struct idle {
    bool done, refused, unknown; /* unknown: refused in a way that no later try would change */
};

static void idle_done(void *arg, const struct imap_resp *r)
{
    struct idle *d = arg;
    d->done = true;
    d->refused = r != NULL && r->kind != IMAP_OK;
    d->unknown = r != NULL && r->kind == IMAP_BAD;
}

/* Until something came or *done (0), wake_fd (1), or the time is up (2). */
static int wait_event(struct imap *i, const bool *done, int wake_fd, int wait_ms, struct error *err)
{
    int64_t deadline = clock_mono_ms() + wait_ms;
    while (!i->event && !*done) {
        int rc = imap_pump_in(i, err);
        if (rc < 0)
            return -1;
        int left = clock_left_ms(deadline); /* also for a server that never stops talking */
        if (left == 0)
            return 2;
        if (rc == 0)
            continue;
        rc = stream_wait(i->stream, false, wake_fd, left, err);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int idle_run(struct imap *i, struct idle *d, int wake_fd, struct error *err)
{
    while (i->segments != NULL && !d->done && i->plus != PLUS_GOT)
        if (imap_step(i, i->wait_ms, err) < 0)
            return -1;
    if (d->done && !d->refused) /* OK without a "+" before it: there is no IDLE */
        d->refused = d->unknown = true;
    int why = wait_event(i, &d->done, wake_fd, IMAP_IDLE_MS, err);
    if (why < 0)
        return -1;
    while (!d->done) /* DONE, and its answer */
        if (imap_step(i, i->wait_ms, err) < 0)
            return -1;
    return why;
}

int imap_idle(struct imap *i, int wake_fd, struct error *err)
{
    struct idle d = { 0 };
    struct imap_handler h = { .done = idle_done, .arg = &d };
    if (imap_usable(i, err) < 0)
        return imap_break_off(i);
    if (!(i->caps & CAP_IDLE))
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("%s has no IDLE"), i->host);
    i->event = false;
    imap_queue(i, STR("IDLE"), &h);
    const struct command *c = i->commands;
    while (c->next != NULL)
        c = c->next;
    imap_queue_waiting(i, c, STR("DONE\r\n"));
    int rc = idle_run(i, &d, wake_fd, err);
    if (rc < 0)
        return imap_break_off(i);
    if (!d.refused)
        return rc;
    if (d.unknown)
        imap_lie(i, CAP_IDLE);
    return error_set(err, ERR_REFUSED, RETRY_NEVER, _("%s refuses IDLE"), i->host);
}

/* RFC 5465 §5: MessageNew and MessageExpunge come together, FlagChange with both. */
#define NOTIFY_ALL "(personal (MessageNew MessageExpunge FlagChange MailboxName))"

int imap_notify(struct imap *i, const char *spec, struct error *err)
{
    struct buf line = BUF_INIT(64 << 10);
    if (!(i->caps & CAP_NOTIFY))
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("%s has no NOTIFY"), i->host);
    buf_addf(&line, "NOTIFY SET STATUS %s", spec != NULL ? spec : NOTIFY_ALL);
    i->noticing = true;
    int rc = imap_command(i, buf_str(&line), NULL, err);
    buf_free(&line);
    if (rc == 0 || i->broken)
        return rc;
    i->noticing = false;
    if (err->code == ERR_PROTO)
        imap_lie(i, CAP_NOTIFY);
    return -1;
}

int imap_listen(struct imap *i, int wake_fd, int wait_ms, struct error *err)
{
    bool never = false;
    if (imap_usable(i, err) < 0)
        return imap_break_off(i);
    i->event = false;
    int rc = wait_event(i, &never, wake_fd, wait_ms, err);
    return rc < 0 ? imap_break_off(i) : rc;
}
