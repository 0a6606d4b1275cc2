/* SPDX-License-Identifier: MIT */
#include "server/quota.h"

#include <errno.h>

#include "base/i18n.h"
#include "base/banned.h"

static int add_folder(struct desk *d, struct str account, struct str folder, uint64_t *used,
                      struct error *err)
{
    struct mailbox *box = NULL;
    int rc = desk_mailbox(d, account, folder, false, &box, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0; /* it has just gone */
    struct mailbox_job *j = mailbox_job_new(MAILBOX_STATUS);
    rc = mailbox_call(box, d->answers, &j, err);
    if (rc == 0)
        *used += j->status.size;
    mailbox_job_free(&j);
    desk_mailbox_done(d, &box);
    return rc;
}

int quota_used(struct desk *d, struct str account, uint64_t *used, struct error *err)
{
    struct folder_list list = { 0 };
    int rc = desk_list(d, account, &list, err);
    *used = 0;
    for (size_t i = 0; i < list.n && rc == 0; i++)
        if (list.p[i].selectable)
            rc = add_folder(d, account, str_c(list.p[i].name), used, err);
    folders_list_free(&list);
    return rc;
}

int quota_room(struct desk *d, uint64_t limit, struct str account, uint64_t bytes,
               struct error *err)
{
    uint64_t used;
    if (limit == 0)
        return 0;
    if (quota_used(d, account, &used, err) != 0)
        return -1;
    if (used <= limit && bytes <= limit - used)
        return 0;
    error_set(err, ERR_LIMIT, RETRY_LATER, _("the account has as much mail as it may have"));
    err->sys = EDQUOT;
    return -1;
}
