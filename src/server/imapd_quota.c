/* SPDX-License-Identifier: MIT */
/* QUOTA=RES-STORAGE (RFC 9208): one root, "", for all of an account. */
#include "server/imapd_in.h"

#include <inttypes.h>

#include "server/options.h"
#include "server/quota.h"
#include "base/banned.h"

enum { UNIT = 1024 }; /* RFC 9208 §5.1 */

/* 0; -1 when it was answered. */
static int put_quota(struct imapd *i)
{
    struct error err;
    uint64_t used;
    if (quota_used(i->setup.desk, buf_str(&i->account), &used, &err) != 0) {
        imapd_fail(i, &err);
        return -1;
    }
    buf_addf(i->out, "* QUOTA \"\" (STORAGE %" PRIu64 " %" PRIu64 ")\r\n", (used + UNIT - 1) / UNIT,
             i->setup.options->quota / UNIT);
    return 0;
}

void imapd_getquota(struct imapd *i, const struct wire_node *args)
{
    struct str root;
    if (!imapd_text(args, &root) || args->next != NULL)
        imapd_bad(i, "GETQUOTA needs a root");
    else if (root.n > 0 || i->setup.options->quota == 0)
        imapd_no(i, "[NONEXISTENT] no such root");
    else if (put_quota(i) == 0)
        imapd_ok(i, "Done");
}

void imapd_getquotaroot(struct imapd *i, const struct wire_node *args)
{
    struct error err;
    struct buf name = BUF_INIT(4096);
    struct mailbox *box = NULL;
    int rc = -1;
    if (!imapd_folder(i, args, &name) || args->next != NULL)
        imapd_no(i, "[CANNOT] this is no folder name");
    else if ((rc = desk_mailbox(i->setup.desk, buf_str(&i->account), buf_str(&name), false, &box,
                                &err)) > 0)
        imapd_no(i, "[NONEXISTENT] no such folder");
    else if (rc < 0)
        imapd_fail(i, &err);
    else {
        desk_mailbox_done(i->setup.desk, &box);
        buf_adds(i->out, "* QUOTAROOT ");
        imapd_put_name(i, buf_str(&name));
        buf_adds(i->out, i->setup.options->quota > 0 ? " \"\"\r\n" : "\r\n");
        if (i->setup.options->quota == 0 || put_quota(i) == 0)
            imapd_ok(i, "Done");
    }
    buf_free(&name);
}

int imapd_quota_room(struct imapd *i, uint64_t bytes, struct error *err)
{
    return quota_room(i->setup.desk, i->setup.options->quota, buf_str(&i->account), bytes, err);
}
