/* SPDX-License-Identifier: MIT */
#include "server/ask.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "base/banned.h"

enum { ASK_TEXT_MAX = 1 << 20 };

static void ask_drop(struct msg *m)
{
    struct ask *a = (struct ask *)m;
    buf_free(&a->text);
    free(a);
}

void ask_done(struct ask *a)
{
    queue_put_now(a->answers, &a->m);
}

int ask_do(struct queue *asks, enum ask_kind kind, struct buf *out, struct error *err)
{
    struct queue *answers = queue_new(1, err);
    if (answers == NULL)
        return -1;
    struct ask *a = xcalloc(1, sizeof *a);
    a->m.kind = (int)kind;
    a->m.drop = ask_drop;
    a->answers = answers;
    buf_init(&a->text, ASK_TEXT_MAX);
    int rc = -1;
    /* Whoever takes a question answers it: the wait has an end. */
    if (queue_put_now(asks, &a->m) == 0) {
        a = (struct ask *)queue_take(answers, -1);
        rc = a->rc;
        buf_add_str(out, buf_str(&a->text));
        if (rc != 0)
            *err = a->err;
        msg_drop(&a->m);
    } else
        error_set(err, ERR_CANCELLED, RETRY_LATER, _("this tmaild is about to end"));
    queue_free(&answers);
    return rc;
}
