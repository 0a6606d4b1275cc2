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
    size_t unseen = 0;
    while (unseen < view_n(&i->view) && (view_row(&i->view, unseen)->flags & IMAP_SEEN) != 0)
        unseen++;
    buf_adds(i->out, "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n");
    buf_addf(i->out, "* OK [PERMANENTFLAGS (%s)] Limited\r\n",
             i->read_only ? "" : "\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*");
    buf_addf(i->out, "* %zu EXISTS\r\n* 0 RECENT\r\n", view_n(&i->view));
    if (unseen < view_n(&i->view))
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
    if (!imapd_folder(args, &name))
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
    if (!imapd_folder(args, &name) || (what == DESK_RENAME && !imapd_folder(args->next, &to))) {
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

/* ---- STATUS ---- */

static void put_name(struct imapd *i, struct str name)
{
    struct buf wire = BUF_INIT(WIRE_NAME_MAX * 4);
    struct str shown = wire_name_encode(name, &wire) == 0 ? buf_str(&wire) : name;
    if (!wire_put_astring(i->out, shown, false))
        wire_put_string(i->out, shown);
    buf_free(&wire);
}

static void put_status(struct imapd *i, const struct wire_node *items, struct str name,
                       const struct mailbox_job *j)
{
    const char *gap = "";
    buf_adds(i->out, "* STATUS ");
    put_name(i, name);
    buf_adds(i->out, " (");
    for (; items != NULL; items = items->next) {
        uint64_t value = wire_is(items, "MESSAGES")        ? j->status.messages
                         : wire_is(items, "UIDNEXT")       ? j->uid_next
                         : wire_is(items, "UIDVALIDITY")   ? j->validity
                         : wire_is(items, "UNSEEN")        ? j->status.unseen
                         : wire_is(items, "SIZE")          ? j->status.size
                         : wire_is(items, "HIGHESTMODSEQ") ? j->modseq
                                                           : 0;
        buf_addf(i->out, "%s%.*s %" PRIu64, gap, STR_ARG(items->s), value);
        gap = " ";
    }
    buf_adds(i->out, ")\r\n");
}

static bool status_items_ok(const struct wire_node *n)
{
    for (; n != NULL; n = n->next)
        if (!wire_is(n, "MESSAGES") && !wire_is(n, "RECENT") && !wire_is(n, "UIDNEXT") &&
            !wire_is(n, "UIDVALIDITY") && !wire_is(n, "UNSEEN") && !wire_is(n, "SIZE") &&
            !wire_is(n, "HIGHESTMODSEQ"))
            return false;
    return true;
}

/* 0; 1 no such folder; -1 */
static int status_of(struct imapd *i, const struct wire_node *items, struct str name,
                     struct error *err)
{
    struct mailbox *box = NULL;
    int rc = desk_mailbox(i->setup.desk, buf_str(&i->account), name, false, &box, err);
    if (rc != 0)
        return rc;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_STATUS);
    rc = mailbox_call(box, i->setup.desk->answers, &j, err);
    for (const struct wire_node *n = items; n != NULL; n = n->next)
        if (wire_is(n, "HIGHESTMODSEQ"))
            imapd_condstore(i);
    if (rc == 0)
        put_status(i, items, name, j);
    mailbox_job_free(&j);
    desk_mailbox_done(i->setup.desk, &box);
    return rc;
}

void imapd_status(struct imapd *i, const struct wire_node *args)
{
    struct error err;
    struct buf name = BUF_INIT(4096);
    const struct wire_node *items = args->next;
    if (items == NULL || items->kind != WIRE_LIST || !status_items_ok(items->child))
        imapd_bad(i, "STATUS needs a folder and a list of items");
    else if (!imapd_folder(args, &name))
        imapd_no(i, "[CANNOT] this is no folder name");
    else {
        int rc = status_of(i, items->child, buf_str(&name), &err);
        if (rc < 0)
            imapd_fail(i, &err);
        else if (rc > 0)
            imapd_no(i, "[NONEXISTENT] no such folder");
        else {
            imapd_tell(i, true);
            imapd_ok(i, "Done");
        }
    }
    buf_free(&name);
}

/* ---- LIST ---- */

struct listing {
    bool lsub, only_subscribed, only_special, show_subscribed;
    const struct wire_node *status; /* items, or NULL */
    struct str reference;
    const struct wire_node *patterns; /* a string, or a chain of them */
    bool one;
};

/* RFC 3501 §6.3.8: * is anything, % anything within a level. Goes back to the last * or % only:
 * never worse than the product of both lengths. */
static bool matches(struct str pattern, struct str name)
{
    size_t p = 0;
    size_t n = 0;
    size_t star = SIZE_MAX;
    size_t star_n = 0;
    size_t percent = SIZE_MAX;
    size_t percent_n = 0;
    while (n < name.n || p < pattern.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            star_n = n;
            percent = SIZE_MAX;
        } else if (p < pattern.n && pattern.p[p] == '%') {
            percent = p++;
            percent_n = n;
        } else if (p < pattern.n && n < name.n && pattern.p[p] == name.p[n]) {
            p++;
            n++;
        } else if (percent != SIZE_MAX && percent_n < name.n && name.p[percent_n] != '/') {
            p = percent + 1;
            n = ++percent_n;
        } else if (star != SIZE_MAX && star_n < name.n) {
            p = star + 1;
            n = ++star_n;
            percent = SIZE_MAX;
        } else
            return false;
    }
    return true;
}

static bool matches_any(const struct listing *l, struct str name)
{
    bool hit = false;
    for (const struct wire_node *n = l->patterns; n != NULL && !hit; n = l->one ? NULL : n->next) {
        struct buf pattern = BUF_INIT(WIRE_NAME_MAX * 4);
        struct str s;
        buf_add_str(&pattern, l->reference);
        if (imapd_text(n, &s) && (s.n == 0 || wire_name_decode(s, &pattern) == 0))
            hit = matches(buf_str(&pattern), name) ||
                  (name_is_inbox(name) && name_is_inbox(buf_str(&pattern)));
        buf_free(&pattern);
    }
    return hit;
}

/* RFC 6154: what a folder is for, by the names that people and programs give. */
static const char *special_use(struct str name)
{
    static const struct {
        const char *name, *attribute;
    } uses[] = { { "Sent", "\\Sent" },        { "Sent Mail", "\\Sent" }, { "Sent Items", "\\Sent" },
                 { "Drafts", "\\Drafts" },    { "Trash", "\\Trash" },    { "Archive", "\\Archive" },
                 { "Archives", "\\Archive" }, { "Junk", "\\Junk" },      { "Spam", "\\Junk" } };
    for (size_t k = 0; k < COUNT(uses); k++)
        if (str_ieqc(name, uses[k].name))
            return uses[k].attribute;
    return NULL;
}

static void put_entry(struct imapd *i, const struct listing *l, const struct folder_name *f)
{
    const char *use = special_use(str_c(f->name));
    buf_adds(i->out, l->lsub ? "* LSUB (" : "* LIST (");
    buf_adds(i->out, f->children ? "\\HasChildren" : "\\HasNoChildren");
    if (name_is_inbox(str_c(f->name)))
        buf_adds(i->out, " \\NoInferiors");
    if (!f->selectable)
        buf_adds(i->out, f->children ? " \\Noselect" : " \\NonExistent");
    if (f->subscribed && (l->only_subscribed || l->show_subscribed) && !l->lsub)
        buf_adds(i->out, " \\Subscribed");
    if (use != NULL && f->selectable)
        buf_addf(i->out, " %s", use);
    buf_adds(i->out, ") \"/\" ");
    put_name(i, str_c(f->name));
    buf_adds(i->out, "\r\n");
}

static void list_answer(struct imapd *i, const struct listing *l)
{
    struct error err;
    struct folder_list list = { 0 };
    if (desk_list(i->setup.desk, buf_str(&i->account), &list, &err) != 0) {
        folders_list_free(&list);
        imapd_fail(i, &err);
        return;
    }
    for (size_t k = 0; k < list.n; k++) {
        const struct folder_name *f = &list.p[k];
        struct str name = str_c(f->name);
        if ((l->only_subscribed ? !f->subscribed : !f->selectable && !f->children) ||
            (l->only_special && special_use(name) == NULL) || !matches_any(l, name))
            continue;
        put_entry(i, l, f);
        /* RFC 5819 §2: one that cannot be looked at has its LIST line alone. */
        if (l->status != NULL && f->selectable && status_of(i, l->status, name, &err) != 0)
            continue;
    }
    folders_list_free(&list);
    imapd_ok(i, "Done");
}

static bool selection_read(const struct wire_node *n, struct listing *l)
{
    for (; n != NULL; n = n->next) {
        if (wire_is(n, "SUBSCRIBED"))
            l->only_subscribed = true;
        else if (wire_is(n, "SPECIAL-USE"))
            l->only_special = true;
        else if (!wire_is(n, "REMOTE") && !wire_is(n, "RECURSIVEMATCH"))
            return false;
    }
    return true;
}

static bool return_read(const struct wire_node *n, struct listing *l)
{
    if (n == NULL)
        return true;
    if (!wire_is(n, "RETURN") || n->next == NULL || n->next->kind != WIRE_LIST)
        return false;
    for (n = n->next->child; n != NULL; n = n->next) {
        if (wire_is(n, "SUBSCRIBED"))
            l->show_subscribed = true;
        else if (wire_is(n, "STATUS") && n->next != NULL && n->next->kind == WIRE_LIST) {
            n = n->next;
            l->status = n->child;
        } else if (!wire_is(n, "CHILDREN") && !wire_is(n, "SPECIAL-USE"))
            return false;
    }
    return status_items_ok(l->status);
}

static void list_run(struct imapd *i, const struct wire_node *args, bool lsub)
{
    struct listing l = { .lsub = lsub, .only_subscribed = lsub };
    bool ok = true;
    if (!lsub && args->kind == WIRE_LIST) {
        ok = selection_read(args->child, &l);
        args = args->next;
    }
    const struct wire_node *pattern = args != NULL ? args->next : NULL;
    if (!ok || !imapd_text(args, &l.reference) || pattern == NULL ||
        !return_read(pattern->next, &l)) {
        imapd_bad(i, "cannot read that");
        return;
    }
    l.one = pattern->kind != WIRE_LIST;
    l.patterns = l.one ? pattern : pattern->child;
    if (l.one && pattern->s.n == 0) {
        buf_addf(i->out, "* %s (\\Noselect) \"/\" \"\"\r\n", lsub ? "LSUB" : "LIST");
        imapd_ok(i, "Done");
        return;
    }
    list_answer(i, &l);
}

void imapd_list(struct imapd *i, const struct wire_node *args)
{
    list_run(i, args, false);
}

void imapd_lsub(struct imapd *i, const struct wire_node *args)
{
    list_run(i, args, true);
}
