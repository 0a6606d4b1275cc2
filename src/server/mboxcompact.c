/* SPDX-License-Identifier: MIT */
#include "server/mboxcompact.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "server/boxhead.h"
#include "server/limits.h"
#include "server/mboxrewrite.h"
#include "server/mboxscan.h"
#include "server/mboxseq.h"
#include "base/banned.h"

struct compaction {
    struct rewrite r;
    struct rewrite_from from; /* its descriptor is ours */
    struct mbox_row *rows;    /* copies; after the copy with their new places */
    size_t n;
    uint64_t modseq; /* what has a higher one changed since */
    unsigned generation;
    int rc; /* of the copy */
    struct error err;
};

struct compaction *compaction_begin(const struct mbox *m, struct error *err)
{
    struct compaction *c = xcalloc(1, sizeof *c);
    c->r.fd = -1;
    c->from =
        (struct rewrite_from){ fcntl(m->fd, F_DUPFD_CLOEXEC, 0), m->validity, m->uid_next - 1 };
    c->rows = xcalloc(m->n + 1, sizeof *c->rows);
    c->n = m->n;
    c->modseq = m->modseq;
    c->generation = m->generation;
    for (size_t i = 0; i < m->n; i++) {
        c->rows[i] = m->rows[i];
        if (m->rows[i].keywords != NULL)
            c->rows[i].keywords = xstrdup(m->rows[i].keywords);
    }
    if (c->from.fd < 0)
        error_sys(err, _("cannot read the mailbox"));
    if (c->from.fd >= 0 && rewrite_begin(&c->r, m, err) == 0)
        return c;
    compaction_free(&c, m);
    return NULL;
}

/* In small steps: who waits for the disk beside us waits for one of them. */
static int step_sync(struct compaction *c, uint64_t *synced, struct error *err)
{
    if (c->r.written - *synced < MBOX_COMPACT_STEP)
        return 0;
    *synced = c->r.written;
    if (rewrite_flush(&c->r, 0, err) != 0)
        return -1;
    return fdatasync(c->r.fd) != 0 ? error_sys(err, _("cannot write the mailbox anew")) : 0;
}

void compaction_copy(struct compaction *c, bool (*stop)(void *arg), void *arg)
{
    uint64_t synced = 0;
    c->rc = 0;
    for (size_t i = 0; i < c->n && c->rc == 0; i++) {
        if (stop != NULL && stop(arg))
            c->rc = error_set(&c->err, ERR_CANCELLED, RETRY_LATER, _("the server is stopping"));
        if (c->rc == 0)
            c->rc = rewrite_row(&c->r, &c->from, &c->rows[i], &c->err);
        if (c->rc == 0)
            c->rc = step_sync(c, &synced, &c->err);
    }
    if (c->rc == 0)
        c->rc = rewrite_flush(&c->r, 0, &c->err);
    if (c->rc == 0 && (sys_fault(FAULT_FSYNC, "compact fsync") != 0 || fsync(c->r.fd) != 0))
        c->rc = error_sys(&c->err, _("cannot write the mailbox anew"));
}

static int patch(const struct compaction *c, uint64_t at, struct str s, struct error *err)
{
    ssize_t n = sys_fault_write(c->r.fd, s.p, s.n, (int64_t)at, "compact patch") != 0
                    ? -1
                    : pwrite(c->r.fd, s.p, s.n, (off_t)at);
    return n == (ssize_t)s.n ? 0 : error_sys(err, _("cannot write the mailbox anew"));
}

/* Other flags than were copied. 0; 1 when the keywords have no room; -1. */
static int patch_flags(const struct compaction *c, const struct mbox_row *to,
                       const struct mbox_row *now, struct error *err)
{
    struct buf line = BUF_INIT(BOXHEAD_MAX);
    struct boxhead h = { .flags = now->flags,
                         .keywords = str_c(now->keywords),
                         .keywords_width = to->keywords_width };
    int rc = 1;
    if (boxhead_put_flags(&h, &line))
        rc = patch(c, to->at + to->flags_at, buf_str(&line), err);
    buf_free(&line);
    return rc;
}

/* X-IMAPbase of the first message: the highest UID ever given. */
static int patch_last_uid(const struct compaction *c, const struct mbox *m, struct error *err)
{
    char digits[16];
    if (c->n == 0 || c->from.last_uid == m->uid_next - 1)
        return 0;
    int n = snprintf(digits, sizeof digits, "%010" PRIu32, m->uid_next - 1);
    const struct boxhead first = { .dead_at = c->rows[0].dead_at };
    return patch(c, boxhead_last_uid_at(&first), (struct str){ digits, (size_t)n }, err);
}

/* What was copied and has changed or gone since. The rows of the copy that are still there move up:
 * *kept of them. */
static int catch_up(struct compaction *c, const struct mbox *m, size_t *kept, uint64_t *dead,
                    struct error *err)
{
    int rc = 0;
    for (size_t i = 0; i < c->n && rc == 0; i++) {
        struct mbox_row *to = &c->rows[i];
        const struct mbox_row *now = *kept < m->n ? &m->rows[*kept] : NULL;
        if (now == NULL || now->uid != to->uid) {
            rc = patch(c, to->at + to->dead_at, STR("x"), err);
            *dead += to->head_n + to->stored + 1;
            continue;
        }
        if (now->modseq > c->modseq)
            rc = patch_flags(c, to, now, err);
        struct mbox_row moved = *to;
        c->rows[i] = c->rows[*kept];
        c->rows[(*kept)++] = moved;
    }
    return rc;
}

/* What came since is copied too; then the rows of the mailbox get their new places. */
static int new_copy(struct compaction *c, struct mbox *m, size_t kept, struct error *err)
{
    const struct rewrite_from from = { m->fd, m->validity, m->uid_next - 1 };
    size_t n = m->n - kept;
    struct mbox_row *fresh = xcalloc(n + 1, sizeof *fresh);
    int rc = 0;
    if (n > 0) /* else there may be no rows at all */
        memcpy(fresh, m->rows + kept, n * sizeof *fresh);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = rewrite_row(&c->r, &from, &fresh[i], err);
    if (rc == 0 && c->r.written == 0)
        rc = mboxscan_note_write(m, err);
    mboxseq_unsaved(m);
    if (rc == 0)
        rc = rewrite_commit(&c->r, m, err);
    for (size_t i = 0; i < m->n && rc == 0; i++) {
        const struct mbox_row *to = i < kept ? &c->rows[i] : &fresh[i - kept];
        m->rows[i].at = to->at;
        m->rows[i].head_n = to->head_n;
        m->rows[i].dead_at = to->dead_at;
        m->rows[i].flags_at = to->flags_at;
        m->rows[i].keywords_width = to->keywords_width;
    }
    free(fresh);
    return rc;
}

int compaction_finish(struct compaction **compaction, struct mbox *m, struct error *err)
{
    struct compaction *c = *compaction;
    size_t kept = 0;
    uint64_t dead = 0;
    int rc = c->rc;
    if (rc != 0)
        *err = c->err;
    else if (c->generation != m->generation || m->stale)
        rc = 1;
    if (rc == 0)
        rc = patch_last_uid(c, m, err);
    if (rc == 0)
        rc = catch_up(c, m, &kept, &dead, err);
    if (rc == 0)
        rc = new_copy(c, m, kept, err);
    if (rc == 0) {
        m->end = c->r.written;
        m->dead = dead;
    }
    compaction_free(compaction, m);
    return rc;
}

void compaction_free(struct compaction **c, const struct mbox *m)
{
    if (*c == NULL)
        return;
    if ((*c)->r.name != NULL)
        rewrite_end(&(*c)->r, m);
    if ((*c)->from.fd >= 0)
        close((*c)->from.fd);
    mboxscan_rows_free((*c)->rows, (*c)->n);
    free(*c);
    *c = NULL;
}
