/* SPDX-License-Identifier: MIT */
/* The commands on whole mailboxes: SELECT, LIST, STATUS, CREATE ... (RFC 3501 §6.3). */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>

#include "server/limits.h"
#include "server/names.h"
#include "wire/imap_cmd.h"
#include "wire/imap_name.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

enum { EVENTS_MAX = 1 << 20 };

static void select_answer(struct imapd *i, const struct mailbox_job *j)
{
    bool rev2 = (i->enabled & IMAPD_REV2) != 0;
    size_t unseen = 0;
    while (unseen < view_n(&i->view) && (view_row(&i->view, unseen)->flags & IMAP_SEEN) != 0)
        unseen++;
    buf_adds(i->out, "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n");
    buf_addf(i->out, "* OK [PERMANENTFLAGS (%s)] Limited\r\n",
             i->read_only ? "" : "\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*");
    buf_addf(i->out, "* %zu EXISTS\r\n%s", view_n(&i->view), rev2 ? "" : "* 0 RECENT\r\n");
    if (!rev2 && unseen < view_n(&i->view))
        buf_addf(i->out, "* OK [UNSEEN %zu] First unseen\r\n", unseen + 1);
    buf_addf(i->out, "* OK [UIDVALIDITY %" PRIu32 "] UIDs valid\r\n", j->validity);
    buf_addf(i->out, "* OK [UIDNEXT %" PRIu32 "] Predicted next UID\r\n", j->uid_next);
    buf_addf(i->out, "* OK [HIGHESTMODSEQ %" PRIu64 "] Highest\r\n", j->modseq);
}

static int attach(struct imapd *i, uint64_t since, struct mailbox_job **job, struct error *err)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_ATTACH);
    i->events = queue_new(EVENTS_MAX, err);
    if (i->events == NULL) {
        mailbox_job_free(&j);
        return -1;
    }
    j->events = i->events;
    j->since = since;
    int rc = mailbox_call(i->box, i->setup.desk->answers, &j, err);
    if (rc == 0) {
        view_init(&i->view, j);
        imapd_enabled(i);
    }
    *job = j;
    return rc;
}

/* RFC 7162 §3.2.11 */
static void leave_for_another(struct imapd *i)
{
    if (i->box != NULL)
        buf_adds(i->out, "* OK [CLOSED] Previous folder closed\r\n");
    imapd_leave(i);
}

static void folder_enter(struct imapd *i, struct str name, const struct imapd_resync *r)
{
    struct error err;
    struct mailbox_job *j = NULL;
    if (r->condstore)
        i->enabled |= IMAPD_CONDSTORE;
    int rc = desk_mailbox(i->setup.desk, buf_str(&i->account), name, false, &i->box, &err);
    if (rc == 1)
        imapd_no(i, "[NONEXISTENT] no such folder");
    else if (rc < 0 || attach(i, r->given ? r->modseq : 0, &j, &err) != 0) {
        imapd_leave(i);
        imapd_fail(i, &err);
    } else {
        buf_add_str(&i->folder, name);
        select_answer(i, j);
        if ((i->enabled & IMAPD_REV2) != 0) {
            buf_adds(i->out, "* LIST () \"/\" ");
            imapd_put_name(i, name);
            buf_adds(i->out, "\r\n");
        }
        imapd_resync_put(i, r, j);
        imapd_ok(i, i->read_only ? "[READ-ONLY] Examining" : "[READ-WRITE] Selected");
    }
    mailbox_job_free(&j);
}

static void open_folder(struct imapd *i, const struct wire_node *args, bool read_only)
{
    struct imapd_resync resync;
    struct buf name = BUF_INIT(4096);
    if (!imapd_resync_read(i, args->next, &resync)) {
        imapd_bad(i, "cannot read these parameters");
        return;
    }
    leave_for_another(i);
    i->read_only = read_only;
    if (!imapd_folder(i, args, &name))
        imapd_no(i, "[CANNOT] this is no folder name");
    else
        folder_enter(i, buf_str(&name), &resync);
    buf_free(&name);
}

void imapd_select(struct imapd *i, const struct wire_node *args)
{
    open_folder(i, args, false);
}

void imapd_examine(struct imapd *i, const struct wire_node *args)
{
    open_folder(i, args, true);
}

void imapd_unselect(struct imapd *i, const struct wire_node *args)
{
    (void)args;
    imapd_leave(i);
    imapd_ok(i, "Done");
}

void imapd_close(struct imapd *i, const struct wire_node *args)
{
    struct error err;
    (void)args;
    int rc = i->read_only ? 0 : imapd_job(i, mailbox_job_new(MAILBOX_EXPUNGE), &err);
    imapd_leave(i);
    if (rc != 0)
        imapd_fail(i, &err);
    else
        imapd_ok(i, "Done");
}

static void change(struct imapd *i, const struct wire_node *args, enum desk_change what)
{
    static const char *const refusals[][3] = {
        [DESK_CREATE] = { NULL, "[ALREADYEXISTS] there is such a folder", NULL },
        [DESK_DELETE] = { NULL, "[NONEXISTENT] no such folder", NULL },
        [DESK_RENAME] = { NULL, "[NONEXISTENT] no such folder",
                          "[ALREADYEXISTS] there is such a folder" },
        [DESK_SUBSCRIBE] = { NULL, NULL, NULL },
        [DESK_UNSUBSCRIBE] = { NULL, NULL, NULL },
    };
    struct error err;
    struct buf name = BUF_INIT(4096);
    struct buf to = BUF_INIT(4096);
    if (wire_count(args) != (what == DESK_RENAME ? 2U : 1U)) {
        imapd_bad(i, what == DESK_RENAME ? "two names, please" : "one name, please");
    } else if (!imapd_folder(i, args, &name) ||
               (what == DESK_RENAME && !imapd_folder(i, args->next, &to))) {
        imapd_no(i, "[CANNOT] this is no folder name");
    } else {
        struct str folder = buf_str(&name);
        /* RFC 3501 §6.3.3: a trailing separator says that folders will be made below. */
        if (what == DESK_CREATE && folder.n > 1 && folder.p[folder.n - 1] == '/')
            folder.n--;
        int rc = desk_change(i->setup.desk, what, buf_str(&i->account), folder, buf_str(&to), &err);
        if (rc < 0)
            imapd_fail(i, &err);
        else if (rc > 0)
            imapd_no(i, refusals[what][rc]);
        else
            imapd_ok(i, "Done");
    }
    buf_free(&name);
    buf_free(&to);
}

void imapd_create(struct imapd *i, const struct wire_node *args)
{
    change(i, args, DESK_CREATE);
}

void imapd_delete(struct imapd *i, const struct wire_node *args)
{
    change(i, args, DESK_DELETE);
}

void imapd_rename(struct imapd *i, const struct wire_node *args)
{
    change(i, args, DESK_RENAME);
}

void imapd_subscribe(struct imapd *i, const struct wire_node *args)
{
    change(i, args, DESK_SUBSCRIBE);
}

void imapd_unsubscribe(struct imapd *i, const struct wire_node *args)
{
    change(i, args, DESK_UNSUBSCRIBE);
}

void imapd_namespace(struct imapd *i, const struct wire_node *args)
{
    (void)args;
    buf_adds(i->out, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
    imapd_ok(i, "Done");
}
