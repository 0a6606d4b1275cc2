/* SPDX-License-Identifier: MIT */
#include "sync/boxes.h"

#include "base/fault.h"
#include "base/i18n.h"
#include "cache/folder_op.h"
#include "sync/fate.h"
#include "sync/link.h"
#include "sync/say.h"
#include "wire/imap_name.h"
#include "base/banned.h"

int boxes_wire(struct sync_account *w, const struct cache_folder *f, struct buf *out,
               struct error *err)
{
    if (w->imap != NULL && !w->spaces.known && !w->spaces_asked) {
        link_spaces_queue(w);
        if (imap_run(w->imap, err) != 0)
            return -1;
    }
    return spaces_wire(&w->spaces, f->name, f->delim, out, err);
}

/* The names of the folder and of all below it, as the server has them from now on. */
static int wires_note(struct sync_account *w, struct arena *a, const struct cache_folder *f,
                      struct error *err)
{
    struct cache_folder *all;
    size_t n;
    if (cache_folders(w->cache, a, w->id, &all, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct buf wire = BUF_INIT(4 * WIRE_NAME_MAX);
        struct error ignored = { 0 };
        bool below = str_starts(all[i].name, arena_fmt(a, "%.*s/", STR_ARG(f->name)));
        int rc = 0;
        if ((all[i].id == f->id || below) && boxes_wire(w, &all[i], &wire, &ignored) == 0)
            rc = cache_folder_wire(w->cache, all[i].id, buf_str(&wire), err);
        buf_free(&wire);
        if (rc != 0)
            return -1;
    }
    return 0;
}

static int done(struct sync_account *w, struct arena *a, const struct cache_op *op,
                const struct cache_folder *f, struct error *err)
{
    int rc = cache_begin(w->cache, false, err);
    if (rc == 0 && (op->kind == OP_FOLDER_CREATE || op->kind == OP_FOLDER_RENAME))
        rc = wires_note(w, a, f, err);
    if (rc == 0)
        rc = cache_journal_close(w->cache, op->id, FATE_DONE, 0, 0, NULL, err);
    if (rc == 0)
        rc = cache_commit(w->cache, err);
    if (rc != 0) {
        cache_rollback(w->cache);
        return -1;
    }
    w->pushed++;
    say_event(w->events,
              &(struct bus_event){ .kind = EVENT_FOLDERS, .account = str_c(w->cfg->name) });
    return 0;
}

/* ------------------------------------------------------------------ the server's side */

static int list_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    bool *there = arg;
    (void)err;
    if (r->kind == IMAP_LIST && (r->list.flags & LIST_NONEXISTENT) == 0)
        *there = true;
    return 0;
}

static int is_there(struct sync_account *w, struct str wire, bool *there, struct error *err)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    *there = false;
    buf_adds(&cmd, "LIST \"\" ");
    int rc = link_put_name(w, &cmd, wire, err);
    if (rc == 0) {
        imap_queue(w->imap, buf_str(&cmd),
                   &(struct imap_handler){ .resp = list_resp, .arg = there });
        rc = imap_run(w->imap, err);
    }
    buf_free(&cmd);
    return rc;
}

/* "VERB name", with a second name behind it where there is one. */
static int queue(struct sync_account *w, const char *verb, struct str wire, struct str second,
                 struct link_answer *answer, struct error *err)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    buf_adds(&cmd, verb);
    int rc = link_put_name(w, &cmd, wire, err);
    if (rc == 0 && second.n > 0) {
        buf_addc(&cmd, ' ');
        rc = link_put_name(w, &cmd, second, err);
    }
    if (rc == 0)
        imap_queue(w->imap, buf_str(&cmd),
                   &(struct imap_handler){ .done = link_done, .arg = answer });
    buf_free(&cmd);
    return rc;
}

struct change {
    struct sync_account *w;
    struct arena *a;
    const struct cache_op *op;
    struct cache_folder folder;
    struct str wire; /* as it is to be called */
};

/* All that one operation takes, in one write; the answer that counts is the first one's. */
static int commands_queue(struct change *c, struct link_answer *answer, struct link_answer *also,
                          struct error *err)
{
    struct str none = { "", 0 }, old = c->folder.wire;
    switch (c->op->kind) {
    case OP_FOLDER_CREATE:
        if (queue(c->w, "CREATE ", c->wire, none, answer, err) != 0)
            return -1;
        return queue(c->w, "SUBSCRIBE ", c->wire, none, also, err);
    case OP_FOLDER_RENAME: /* subscriptions go by name (RFC 3501 §6.3.9) */
        if (queue(c->w, "RENAME ", old, c->wire, answer, err) != 0)
            return -1;
        if ((c->folder.flags & FOLDER_SUBSCRIBED) == 0)
            return 0;
        return queue(c->w, "SUBSCRIBE ", c->wire, none, also, err);
    case OP_FOLDER_DELETE:
        return queue(c->w, "DELETE ", old, none, answer, err);
    default:
        return queue(c->w, c->op->kind == OP_FOLDER_SUBSCRIBE ? "SUBSCRIBE " : "UNSUBSCRIBE ", old,
                     none, answer, err);
    }
}

/* A refusal of what is so already: an earlier attempt, or somebody else, did it. */
static int already(struct change *c, bool *so, struct error *err)
{
    bool there = false, old = false;
    *so = false;
    if (c->op->kind == OP_FOLDER_DELETE) {
        if (is_there(c->w, c->folder.wire, &there, err) != 0)
            return -1;
        *so = !there;
    }
    if (c->op->kind != OP_FOLDER_CREATE && c->op->kind != OP_FOLDER_RENAME)
        return 0;
    if (is_there(c->w, c->wire, &there, err) != 0)
        return -1;
    if (c->op->kind == OP_FOLDER_RENAME && is_there(c->w, c->folder.wire, &old, err) != 0)
        return -1;
    *so = there && !old;
    return 0;
}

/* A folder that is deleted or renamed while it is open puts some servers in trouble. */
static int leave(struct change *c, struct error *err)
{
    struct sync_account *w = c->w;
    if (w->box.folder != c->folder.id || c->op->kind == OP_FOLDER_SUBSCRIBE ||
        c->op->kind == OP_FOLDER_UNSUBSCRIBE)
        return 0;
    w->box = (struct sync_box){ 0 };
    if ((imap_caps(w->imap) & (CAP_UNSELECT | CAP_IMAP4REV2)) == 0)
        return 0;
    struct link_answer answer = { 0 };
    int rc = link_command(w, STR("UNSELECT"), &answer, err);
    link_answer_clear(&answer);
    return rc;
}

static int mail_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    bool *mail = arg;
    (void)err;
    *mail |= r->kind == IMAP_STATUS && r->status.messages > 0;
    return 0;
}

/* Mail that the person has not seen, or that could not be moved out, may lie in a folder that they
 * deleted as an empty one: then it stays. 1: it does, and the person is told. */
static int stays(struct change *c, struct error *err)
{
    bool mail = c->folder.total > 0;
    struct error why = { 0 };
    if (c->op->kind != OP_FOLDER_DELETE || c->op->add != 0)
        return 0;
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    buf_adds(&cmd, "STATUS ");
    int rc = link_put_name(c->w, &cmd, c->folder.wire, err);
    buf_adds(&cmd, " (MESSAGES)");
    if (rc == 0) {
        imap_queue(c->w->imap, buf_str(&cmd),
                   &(struct imap_handler){ .resp = mail_resp, .arg = &mail });
        rc = imap_run(c->w->imap, err);
    }
    buf_free(&cmd);
    if (rc != 0 || !mail)
        return rc;
    (void)error_set(&why, ERR_REFUSED, RETRY_NEVER, _("there is mail in %.*s: it was not deleted"),
                    STR_ARG(c->folder.name));
    rc = fate_refused(c->w, c->op, 1, &why, err);
    say_event(c->w->events,
              &(struct bus_event){ .kind = EVENT_FOLDERS, .account = str_c(c->w->cfg->name) });
    return rc == 0 ? 1 : -1;
}

static int change_run(struct change *c, struct error *err)
{
    struct link_answer answer = { 0 }, also = { 0 };
    struct error why = { 0 };
    bool so = false;
    int rc = leave(c, err);
    if (rc == 0)
        rc = stays(c, err);
    if (rc == 0)
        rc = cache_journal_begin(c->w->cache, &c->op->id, 1, err);
    (void)sys_fault(FAULT_EXIT, "journal begun");
    if (rc == 1)
        return 0; /* it stays, or was taken back meanwhile */
    if (rc == 0)
        rc = commands_queue(c, &answer, &also, err);
    if (rc == 0)
        rc = imap_run(c->w->imap, err);
    bool refused = rc == 0 && link_check(&answer, &why) != 0;
    if (refused && why.retry == RETRY_NEVER)
        rc = already(c, &so, err);
    if (rc == 0 && refused && !so) {
        (void)error_prefix(&why, _("folder %.*s: "), STR_ARG(c->folder.name));
        rc = fate_refused(c->w, c->op, 1, &why, err);
        say_event(c->w->events,
                  &(struct bus_event){ .kind = EVENT_FOLDERS, .account = str_c(c->w->cfg->name) });
    } else if (rc == 0)
        rc = done(c->w, c->a, c->op, &c->folder, err);
    link_answer_clear(&answer);
    link_answer_clear(&also);
    return rc;
}

int boxes_push(struct sync_account *w, const struct cache_op *op, struct error *err)
{
    struct change c = { .w = w, .a = arena_new(4096), .op = op };
    struct buf wire = BUF_INIT(4 * WIRE_NAME_MAX);
    struct error why = { 0 };
    int rc = cache_folder_get(w->cache, c.a, op->folder, &c.folder, err);
    if (rc == 1) /* dropped, with its operations */
        rc = cache_journal_close(w->cache, op->id, FATE_DONE, 0, 0, NULL, err);
    else if (rc == 0 && boxes_wire(w, &c.folder, &wire, &why) != 0) {
        *err = why;
        rc = why.code == ERR_REFUSED ? fate_failed(w, op, 1, &why, err) : -1;
    } else if (rc == 0) {
        c.wire = buf_str(&wire);
        if (op->kind == OP_FOLDER_RENAME && str_eq(c.wire, c.folder.wire))
            rc = done(w, c.a, op, &c.folder, err);
        else
            rc = change_run(&c, err);
    }
    buf_free(&wire);
    arena_free(&c.a);
    return rc;
}

int boxes_local(struct sync_account *w, const struct cache_op *op, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct cache_folder f;
    int rc = cache_folder_get(w->cache, a, op->folder, &f, err);
    if (rc == 1)
        rc = cache_journal_close(w->cache, op->id, FATE_DONE, 0, 0, NULL, err);
    else if (rc == 0)
        rc = done(w, a, op, &f, err);
    arena_free(&a);
    return rc;
}

/* ------------------------------------------------------------------ quota */

struct quota {
    bool seen;
    int64_t used, limit;
};

/* Of several roots, the one that is nearest to its limit. */
static int quota_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct quota *q = arg;
    (void)err;
    if (r->kind != IMAP_QUOTA || !r->quota.has_storage || r->quota.storage_limit > INT32_MAX ||
        r->quota.storage > INT32_MAX || r->quota.storage_limit == 0)
        return 0;
    int64_t used = (int64_t)r->quota.storage, limit = (int64_t)r->quota.storage_limit;
    if (q->seen && used * q->limit <= q->used * limit)
        return 0;
    *q = (struct quota){ true, used, limit };
    return 0;
}

int boxes_quota(struct sync_account *w, struct error *err)
{
    struct quota q = { .used = -1, .limit = -1 };
    if ((imap_caps(w->imap) & CAP_QUOTA) == 0)
        return 0;
    imap_queue(w->imap, STR("GETQUOTAROOT INBOX"),
               &(struct imap_handler){ .resp = quota_resp, .arg = &q });
    if (imap_run(w->imap, err) != 0)
        return -1;
    return cache_quota_put(w->cache, w->id, q.used, q.limit, err);
}
