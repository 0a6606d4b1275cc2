/* SPDX-License-Identifier: MIT */
#include "server/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { AHEAD_UIDS = 1000 /* named in one job */ };

struct ahead {
    struct mailbox *box;
    struct queue *answers;
    uint32_t *uids;
    size_t n, asked; /* asked: begin of the first job that was not sent yet */
    bool headers, under_way;
    struct mailbox_job *now; /* the batch in use */
    size_t at;               /* its next span */
};

static int ask(struct ahead *a, struct error *err)
{
    size_t n = a->n - a->asked < AHEAD_UIDS ? a->n - a->asked : AHEAD_UIDS;
    if (n == 0)
        return 0;
    struct mailbox_job *j = mailbox_job_new(a->headers ? MAILBOX_HEADERS : MAILBOX_BATCH);
    j->uids = xcalloc(n, sizeof *j->uids);
    j->uids_n = n;
    memcpy(j->uids, a->uids + a->asked, n * sizeof *j->uids);
    int rc = mailbox_ask(a->box, a->answers, &j, err);
    a->under_way = rc == 0;
    return rc;
}

struct ahead *ahead_new(struct mailbox *box, uint32_t *uids, size_t n, bool headers,
                        struct error *err)
{
    struct ahead *a = xcalloc(1, sizeof *a);
    *a = (struct ahead){ .box = box, .uids = uids, .n = n, .headers = headers };
    a->answers = queue_new(2, err);
    if (a->answers == NULL || ask(a, err) != 0)
        ahead_free(&a);
    return a;
}

/* The batch that was asked for becomes the one in use, and the next is asked for. */
static int turn(struct ahead *a, struct error *err)
{
    mailbox_job_free(&a->now);
    a->at = 0;
    if (!a->under_way && ask(a, err) != 0)
        return -1;
    if (!a->under_way)
        return 1; /* not more than were named */
    a->under_way = false;
    if (mailbox_answer(a->answers, &a->now, err) != 0)
        return -1;
    a->asked += a->now->spans_n;
    /* Of messages that are large one is enough to have. */
    return a->now->bytes.len <= 2 * (size_t)MAILBOX_BATCH_BYTES ? ask(a, err) : 0;
}

int ahead_next(struct ahead *a, struct str *message, struct error *err)
{
    if (a->now == NULL || a->at == a->now->spans_n) {
        int rc = turn(a, err);
        if (rc != 0)
            return rc;
    }
    const struct mailbox_span *s = &a->now->spans[a->at];
    size_t begin = a->at > 0 ? s[-1].end : 0;
    *message = str_skip(str_head(buf_str(&a->now->bytes), s->end), begin);
    a->at++;
    return s->gone ? 1 : 0;
}

void ahead_free(struct ahead **a)
{
    if (*a == NULL)
        return;
    mailbox_job_free(&(*a)->now);
    struct error ignored;
    if ((*a)->under_way && mailbox_answer((*a)->answers, &(*a)->now, &ignored) == 0)
        (*a)->under_way = false;
    mailbox_job_free(&(*a)->now);
    queue_free(&(*a)->answers);
    free((*a)->uids);
    free(*a);
    *a = NULL;
}
