/* SPDX-License-Identifier: MIT */
/* The sessions' side of a mailbox: jobs, and waiting for their answers. */
#include "server/mailbox.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "server/limits.h"
#include "base/banned.h"

static void job_drop(struct msg *m)
{
    struct mailbox_job *j = (struct mailbox_job *)m;
    for (size_t i = 0; i < j->items_n; i++) {
        spill_clear(&j->items[i].message);
        free(j->items[i].sender);
        free(j->items[i].keywords);
    }
    free(j->items);
    free(j->uids);
    free(j->keywords);
    rows_clear(&j->rows);
    buf_free(&j->bytes);
    free(j->spans);
    free(j->modified);
    free(j->gone);
    free(j);
}

struct mailbox_job *mailbox_job_new(enum mailbox_kind kind)
{
    struct mailbox_job *j = xcalloc(1, sizeof *j);
    j->m.kind = (int)kind;
    j->m.drop = job_drop;
    j->unchanged_since = UINT64_MAX;
    buf_init(&j->bytes, SERVER_OUT_MAX);
    return j;
}

void mailbox_job_free(struct mailbox_job **j)
{
    if (*j != NULL)
        job_drop(&(*j)->m);
    *j = NULL;
}

int mailbox_ask(struct mailbox *b, struct queue *answers, struct mailbox_job **j, struct error *err)
{
    struct mailbox_job *job = *j;
    *j = NULL;
    job->answer = answers;
    if (queue_put(mailbox_queue(b), &job->m) != 0)
        return error_set(err, ERR_STORE, RETRY_NEVER, _("the mailbox was deleted or renamed"));
    return 0;
}

int mailbox_answer(struct queue *answers, struct mailbox_job **j, struct error *err)
{
    *j = (struct mailbox_job *)queue_take(answers, -1);
    if (*j == NULL)
        return error_set(err, ERR_CANCELLED, RETRY_LATER, _("the server is stopping"));
    if ((*j)->rc < 0)
        *err = (*j)->err;
    return (*j)->rc;
}

int mailbox_call(struct mailbox *b, struct queue *answers, struct mailbox_job **j,
                 struct error *err)
{
    if (mailbox_ask(b, answers, j, err) != 0)
        return -1;
    return mailbox_answer(answers, j, err);
}
