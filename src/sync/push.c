/* SPDX-License-Identifier: MIT */
#include "sync/push.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "cache/body.h"
#include "cache/folder_op.h"
#include "cache/journal.h"
#include "sync/batch.h"
#include "sync/boxes.h"
#include "sync/fate.h"
#include "sync/flags.h"
#include "sync/letter.h"
#include "sync/link.h"
#include "sync/seek.h"
#include "wire/imap_cmd.h"
#include "wire/imap_set.h"
#include "base/banned.h"

enum {
    PUSH_MOST = 4000,      /* operations taken from the journal at a time */
    COMMAND_MOST = 500,    /* that one command carries */
    UID_ATTEMPTS = 20,     /* so often an operation waits for its message to get a uid */
    APPEND_AGAIN_S = 3600, /* a copy that the server refuses is offered again */
    PIECE = 256 << 10
};

/* A run of operations that one command carries, and the folders it is about. */
struct push {
    struct sync_account *w;
    struct arena *a;
    const struct cache_op *ops;
    size_t n;
    struct cache_folder folder, target;
    struct buf set; /* the uids */
};

/* ------------------------------------------------------------------ ends of operations */

static int64_t now_s(void)
{
    return clock_wall_ms() / 1000;
}

static int close_later(struct push *p, int64_t wait_s, struct error *err)
{
    return fate_later(p->w, p->ops, p->n, wait_s, err);
}

static int close_failed(struct push *p, const struct error *why, struct error *err)
{
    return fate_failed(p->w, p->ops, p->n, why, err);
}

static int close_refused(struct push *p, const struct error *why, struct error *err)
{
    return fate_refused(p->w, p->ops, p->n, why, err);
}

/* The server had it no more when it was to move or copy it: another client was faster. The person's
 * copy is brought to the target from here (DESIGN §6: on a conflict both survive). */
static int close_vanished(struct push *p, const struct cache_op *op, struct error *err)
{
    log_line(p->w->log, LOG_INFO, "%s: uid %u was gone before it could be moved", p->w->cfg->name,
             op->uid);
    if (cache_place_gone(p->w->cache, op->folder, op->uid, err) != 0)
        return -1;
    return cache_journal_close(p->w->cache, op->id, FATE_LATER, 0, now_s(), NULL, err);
}

/* RFC 4315 §3: COPYUID names every message that was copied. Where there is none at all, a message
 * is only taken for gone that can be looked for in the target before it is brought there. */
static bool is_vanished(struct push *p, const struct cache_op *op, const struct link_answer *moved)
{
    struct str mid;
    struct error ignored = { 0 };
    if (moved == NULL || moved->fate != LINK_OK || (imap_caps(p->w->imap) & CAP_UIDPLUS) == 0 ||
        batch_new_uid(buf_str(&moved->from), buf_str(&moved->to), op->uid) != 0)
        return false;
    return moved->validity != 0 ||
           (seek_message_id(p->w, p->a, op->message, &mid, &ignored) == 0 && mid.n > 0);
}

/* True when the uids that the answer names are the store's. A target that no pass has seen yet gets
 * its UIDVALIDITY from there, so that what follows on these uids need not wait for a pass. */
static int is_numbered(struct push *p, const struct link_answer *answer, bool *numbered,
                       struct error *err)
{
    *numbered = answer != NULL && answer->validity != 0;
    if (!*numbered || p->target.uidvalidity == answer->validity)
        return 0;
    *numbered = p->target.uidvalidity == 0;
    if (!*numbered)
        return 0;
    p->target.uidvalidity = answer->validity;
    return cache_folder_state(p->w->cache, &p->target, err);
}

static int op_done(struct push *p, const struct cache_op *op, const struct link_answer *moved,
                   struct error *err)
{
    bool numbered;
    if (is_vanished(p, op, moved))
        return close_vanished(p, op, err);
    if (is_numbered(p, moved, &numbered, err) != 0)
        return -1;
    p->w->pushed++;
    uint32_t uid =
        numbered ? batch_new_uid(buf_str(&moved->from), buf_str(&moved->to), op->uid) : 0;
    return cache_journal_close(p->w->cache, op->id, FATE_DONE, uid, 0, NULL, err);
}

/* moved: the answer to COPY or MOVE, NULL if there was none. */
static int close_done(struct push *p, const struct link_answer *moved, struct error *err)
{
    (void)sys_fault(FAULT_EXIT, "journal answered");
    int rc = cache_begin(p->w->cache, false, err);
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        rc = op_done(p, &p->ops[i], moved, err);
    if (rc == 0)
        rc = cache_commit(p->w->cache, err);
    if (rc != 0)
        cache_rollback(p->w->cache);
    return rc;
}

/* ------------------------------------------------------------------ commands */

/* Runs a command of the form that fmt gives, with the set and the target's name behind it where
 * asked. */
static int command(struct push *p, const char *before, const char *after, bool target,
                   struct link_answer *answer, struct error *err)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    int rc = 0;
    buf_adds(&cmd, before);
    buf_add_str(&cmd, buf_str(&p->set));
    buf_adds(&cmd, after);
    if (target)
        rc = link_put_name(p->w, &cmd, p->target.wire, err);
    if (rc == 0)
        rc = buf_check(&cmd, err);
    if (rc == 0)
        rc = link_command(p->w, buf_str(&cmd), answer, err);
    buf_free(&cmd);
    return rc;
}

static int plain_command(struct push *p, const char *before, const char *after, struct error *why,
                         struct error *err)
{
    struct link_answer answer = { 0 };
    int rc = command(p, before, after, false, &answer, err);
    if (rc == 0)
        rc = link_check(&answer, why) != 0;
    link_answer_clear(&answer);
    return rc;
}

/* What the server is told that it is for (RFC 6154 §3), where it can be. */
static const char *use_of(const struct push *p)
{
    static const char *const uses[] = { [ROLE_DRAFTS] = " (USE (\\Drafts))",
                                        [ROLE_SENT] = " (USE (\\Sent))",
                                        [ROLE_TRASH] = " (USE (\\Trash))",
                                        [ROLE_ARCHIVE] = " (USE (\\Archive))",
                                        [ROLE_JUNK] = " (USE (\\Junk))" };
    bool can = (imap_caps(p->w->imap) & CAP_CREATE_SPECIAL_USE) != 0;
    size_t role = (size_t)p->target.role;
    return can && role < COUNT(uses) && uses[role] != NULL ? uses[role] : "";
}

static int target_command(struct push *p, const char *verb, const char *after, bool *done,
                          struct error *err)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    struct link_answer answer = { 0 };
    buf_adds(&cmd, verb);
    int rc = link_put_name(p->w, &cmd, p->target.wire, err);
    buf_adds(&cmd, after);
    if (rc == 0)
        rc = link_command(p->w, buf_str(&cmd), &answer, err);
    *done = answer.fate == LINK_OK;
    buf_free(&cmd);
    link_answer_clear(&answer);
    return rc;
}

static int target_create(struct push *p, struct error *err)
{
    const char *use = use_of(p);
    bool made = false, subscribed;
    if (use[0] != '\0' && target_command(p, "CREATE ", use, &made, err) != 0)
        return -1;
    if (!made && target_command(p, "CREATE ", "", &made, err) != 0)
        return -1;
    return target_command(p, "SUBSCRIBE ", "", &subscribed, err);
}

/* Copies or moves to the target, which is made if the server says it is missing (RFC 3501 §6.4.7,
 * TRYCREATE). */
static int transfer(struct push *p, const char *verb, struct link_answer *answer, struct error *err)
{
    if (command(p, verb, " ", true, answer, err) != 0)
        return -1;
    if (answer->fate != LINK_REFUSED ||
        (answer->code != CODE_TRYCREATE && answer->code != CODE_NONEXISTENT))
        return 0;
    link_answer_clear(answer);
    *answer = (struct link_answer){ 0 };
    if (target_create(p, err) != 0)
        return -1;
    return command(p, verb, " ", true, answer, err);
}

/* Removes the marked messages for good. Without UIDPLUS only when nobody else has marked any:
 * EXPUNGE takes all of them (DESIGN §6). */
static int expunge(struct push *p, struct error *why, struct error *err)
{
    if ((imap_caps(p->w->imap) & CAP_UIDPLUS) != 0)
        return plain_command(p, "UID EXPUNGE ", "", why, err);
    struct seek f = { 0 };
    int rc = seek_uids(p->w, STR("UID SEARCH DELETED"), &f, err);
    bool ours = rc == 0 && f.answer.fate == LINK_OK && f.answered &&
                batch_covers(p->ops, p->n, f.uids, f.n);
    seek_clear(&f);
    if (ours) {
        struct link_answer answer = { 0 };
        rc = link_command(p->w, STR("EXPUNGE"), &answer, err);
        link_answer_clear(&answer);
    }
    return rc;
}

static int remove_marked(struct push *p, struct error *why, struct error *err)
{
    int rc = plain_command(p, "UID STORE ", " +FLAGS.SILENT (\\Deleted)", why, err);
    return rc != 0 ? rc : expunge(p, why, err);
}

/* ------------------------------------------------------------------ the kinds of operations */

/* Copies what the target does not have yet: with begun set an earlier attempt may have done so. One
 * message at a time then. */
static int copy_again(struct push *p, bool *copied, struct error *err)
{
    struct str mid;
    uint32_t uid;
    *copied = false;
    if (!p->ops[0].begun || p->n > 1)
        return 0;
    if (seek_message_id(p->w, p->a, p->ops[0].message, &mid, err) != 0 ||
        seek_equal(p->w, p->a, &p->target, &(struct seek_message){ p->ops[0].message, mid, NULL },
                   &uid, err) != 0)
        return -1;
    *copied = uid != 0;
    return link_select(p->w, &p->folder, true, err);
}

/* Those of p whose source is there stay in p, the others are closed. What may have been done by an
 * earlier attempt and cannot be looked for in the target stays too. */
static int sources_keep(struct push *p, const struct seek *f, struct error *err)
{
    struct cache_op *kept = arena_array(p->a, p->n, sizeof *kept);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct cache_op *op = &p->ops[i];
        struct str mid = { "", 0 };
        bool there = seek_has(f, op->uid);
        if (!there && op->begun && seek_message_id(p->w, p->a, op->message, &mid, err) != 0)
            return -1;
        if (there || (op->begun && mid.n == 0))
            kept[n++] = *op;
        else if (close_vanished(p, op, err) != 0)
            return -1;
    }
    p->ops = kept;
    p->n = n;
    buf_clear(&p->set);
    batch_uids(kept, n, &p->set);
    return 0;
}

/* A server without UIDPLUS answers OK to a COPY of what is not there, and does not say what it
 * copied (RFC 3501 §6.4.8): it is asked before. */
static int sources_check(struct push *p, struct error *err)
{
    struct seek f = { 0 };
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    if ((imap_caps(p->w->imap) & CAP_UIDPLUS) != 0)
        return 0;
    buf_adds(&cmd, "UID SEARCH UID ");
    buf_add_str(&cmd, buf_str(&p->set));
    int rc = buf_check(&cmd, err);
    if (rc == 0)
        rc = seek_uids(p->w, buf_str(&cmd), &f, err);
    if (rc == 0 && f.answer.fate == LINK_OK)
        rc = sources_keep(p, &f, err);
    buf_free(&cmd);
    seek_clear(&f);
    return rc;
}

/* 1: refused, *why says so. */
static int copy_do(struct push *p, bool moves, struct link_answer *answer, struct error *why,
                   struct error *err)
{
    int rc = transfer(p, moves ? "UID MOVE " : "UID COPY ", answer, err);
    return rc == 0 && link_check(answer, why) != 0 ? 1 : rc;
}

/* What the target has now is not copied again, whatever becomes of the rest. Those that were gone
 * before they could be copied are closed; the others stay in p. */
static int copied_note(struct push *p, const struct link_answer *answer, struct error *err)
{
    struct cache_op *kept = arena_array(p->a, p->n, sizeof *kept);
    int64_t ids[COMMAND_MOST];
    uint32_t uids[COMMAND_MOST];
    size_t n = 0;
    bool numbered;
    if (is_numbered(p, answer, &numbered, err) != 0)
        return -1;
    for (size_t i = 0; i < p->n; i++) {
        const struct cache_op *op = &p->ops[i];
        if (is_vanished(p, op, answer)) {
            if (close_vanished(p, op, err) != 0)
                return -1;
            continue;
        }
        ids[n] = op->id;
        uids[n] =
            numbered ? batch_new_uid(buf_str(&answer->from), buf_str(&answer->to), op->uid) : 0;
        kept[n++] = *op;
    }
    p->ops = kept;
    p->n = n;
    buf_clear(&p->set);
    batch_uids(kept, n, &p->set);
    int rc = cache_journal_copied(p->w->cache, ids, uids, n, err);
    (void)sys_fault(FAULT_EXIT, "journal copied");
    return rc;
}

/* The second half of a move on a server without that command. 1: refused. */
static int sources_remove(struct push *p, struct error *why, struct error *err)
{
    int rc = p->n > 0 ? remove_marked(p, why, err) : 0;
    if (rc == 1)
        (void)error_prefix(why, _("copied to %.*s, but not removed from %.*s: "),
                           STR_ARG(p->target.name), STR_ARG(p->folder.name));
    return rc;
}

/* copied: the target has it. 0; 1: refused, *why says so. */
static int transfer_do(struct push *p, bool copied, bool remove, struct link_answer *answer,
                       struct error *why, struct error *err)
{
    bool moves = !copied && remove && (imap_caps(p->w->imap) & CAP_MOVE) != 0;
    int rc = copied ? 0 : copy_do(p, moves, answer, why, err);
    if (rc != 0 || !remove || moves)
        return rc;
    if (!p->ops[0].copied) {
        rc = copied_note(p, copied ? NULL : answer, err);
        link_answer_clear(answer);
        *answer = (struct link_answer){ 0 };
    }
    return rc == 0 ? sources_remove(p, why, err) : rc;
}

static int push_copy(struct push *p, bool then_remove, struct error *err)
{
    struct link_answer answer = { 0 };
    struct error why = { 0 };
    bool copied = p->ops[0].copied;
    int rc = copied ? 0 : copy_again(p, &copied, err);
    if (rc == 0 && !copied)
        rc = sources_check(p, err);
    if (rc != 0 || p->n == 0)
        return rc;
    rc = transfer_do(p, copied, then_remove, &answer, &why, err);
    if (rc == 1)
        rc = close_refused(p, &why, err);
    else if (rc == 0)
        rc = close_done(p, answer.fate == LINK_OK ? &answer : NULL, err);
    link_answer_clear(&answer);
    return rc;
}

static int push_expunge(struct push *p, struct error *err)
{
    struct error why = { 0 };
    int rc = remove_marked(p, &why, err);
    if (rc < 0)
        return -1;
    return rc == 1 ? close_refused(p, &why, err) : close_done(p, NULL, err);
}

static int append_run(struct push *p, struct letter *l, struct link_answer *answer,
                      struct error *err)
{
    struct imap_upload upload = { .flags = p->ops[0].add & CACHE_SERVER_FLAGS,
                                  .keywords = str_c(p->ops[0].words_add),
                                  .date = now_s(),
                                  .size = l->size,
                                  .utf8 = l->utf8,
                                  .read = letter_bytes,
                                  .read_arg = l };
    imap_queue_upload(p->w->imap, p->target.wire, &upload,
                      &(struct imap_handler){ .done = link_done, .arg = answer });
    return imap_run(p->w->imap, err);
}

static int append_done(struct push *p, uint32_t uid, struct error *err)
{
    p->w->pushed++;
    return cache_journal_close(p->w->cache, p->ops[0].id, FATE_DONE, uid, 0, NULL, err);
}

/* A copy of the person's own mail is never undone here because the server does not want it now: it
 * is offered again. */
static int append_refused(struct push *p, struct error *why, struct error *err)
{
    (void)error_prefix(why, _("a copy for %.*s: "), STR_ARG(p->target.name));
    account_prefix(p->w, why);
    if (p->ops[0].attempts == 0)
        account_error(p->w, why);
    return close_later(p, APPEND_AGAIN_S, err);
}

/* Into a folder that is made when the server says it is missing. */
static int append_send(struct push *p, struct letter *l, struct link_answer *answer,
                       struct error *err)
{
    int rc = append_run(p, l, answer, err);
    if (rc != 0 || answer->fate != LINK_REFUSED ||
        (answer->code != CODE_TRYCREATE && answer->code != CODE_NONEXISTENT))
        return rc;
    link_answer_clear(answer);
    *answer = (struct link_answer){ 0 };
    return target_create(p, err) != 0 ? -1 : append_run(p, l, answer, err);
}

/* 1: it is larger than the server says it takes (RFC 7889), and closed so: it stays here. */
static int append_measure(struct push *p, const struct letter *l, struct error *err)
{
    uint64_t limit;
    if (link_append_limit(p->w, p->target.wire, &limit, err) != 0)
        return -1;
    if (l->size <= limit)
        return 0;
    struct error why = { 0 };
    (void)error_set(&why, ERR_REFUSED, RETRY_NEVER,
                    _("a copy for %.*s is too large for the server, which takes %llu bytes: it "
                      "stays here alone"),
                    STR_ARG(p->target.name), (unsigned long long)limit);
    if (p->ops[0].attempts > 0)
        return close_later(p, CACHE_APPEND_AGAIN, err) != 0 ? -1 : 1;
    return close_failed(p, &why, err) != 0 ? -1 : 1;
}

/* Whether it is there: by an earlier attempt, or another client's doing. A server that keeps what is
 * sent by itself may have changed it; elsewhere only the same bytes are the same message. */
static int append_seek(struct push *p, const struct letter *l, uint32_t *uid, struct error *err)
{
    struct seek_message what = { .message = p->ops[0].message,
                                 .head = p->target.role == ROLE_SENT ? NULL : l->head };
    if (seek_message_id(p->w, p->a, what.message, &what.id, err) != 0)
        return -1;
    return seek_equal(p->w, p->a, &p->target, &what, uid, err);
}

static int push_append(struct push *p, struct error *err)
{
    struct link_answer answer = { 0 };
    struct error why = { 0 };
    struct letter letter;
    uint32_t uid;
    bool numbered;
    if (letter_read(&letter, p->w->cache, p->ops[0].message, err) != 0 ||
        append_seek(p, &letter, &uid, err) != 0)
        return -1;
    if (uid != 0)
        return append_done(p, uid, err);
    int rc = append_measure(p, &letter, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    rc = append_send(p, &letter, &answer, err);
    if (rc == 0 && link_check(&answer, &why) != 0)
        rc = append_refused(p, &why, err);
    else if (rc == 0 && (rc = is_numbered(p, &answer, &numbered, err)) == 0)
        rc = append_done(p, numbered ? batch_new_uid(STR("1"), buf_str(&answer.to), 1) : 0, err);
    link_answer_clear(&answer);
    return rc;
}

/* ------------------------------------------------------------------ all that is due */

/* 0, 1: the folder is gone from the store. */
static int folder_get(struct push *p, int64_t id, struct cache_folder *out, struct error *err)
{
    if (id == 0)
        return 0;
    int rc = cache_folder_get(p->w->cache, p->a, id, out, err);
    if (rc == 1)
        (void)error_set(err, ERR_REFUSED, RETRY_NEVER, _("the folder is gone"));
    return rc;
}

/* One that was made here, and the server never listed, goes where its folders go. */
static int target_get(struct push *p, int64_t id, struct error *err)
{
    struct cache_folder *t = &p->target;
    int rc = folder_get(p, id, t, err);
    if (rc != 0 || t->uidvalidity != 0 || t->role == ROLE_NONE || t->role == ROLE_INBOX)
        return rc;
    struct buf wire = BUF_INIT(LINK_COMMAND_MAX);
    rc = boxes_wire(p->w, t, &wire, err);
    if (rc == 0 && !str_eq(t->wire, buf_str(&wire))) {
        t->wire = arena_str(p->a, buf_str(&wire));
        rc = cache_folder_wire(p->w->cache, t->id, t->wire, err);
    }
    buf_free(&wire);
    return rc;
}

/* Opens the source. 0; 1 closed already: its numbers are not the store's any more, or it cannot be
 * written. */
static int source_open(struct push *p, struct error *err)
{
    struct error why = { 0 };
    int rc = link_select(p->w, &p->folder, true, &why);
    if (rc != 0 && why.code != ERR_REFUSED) {
        *err = why;
        return -1;
    }
    if (rc != 0)
        return close_refused(p, &why, err) != 0 ? -1 : 1;
    if (p->w->box.uidvalidity != p->folder.uidvalidity)
        return close_later(p, FATE_SETTLE_S, err) != 0 ? -1 : 1;
    if (!p->w->box.writable) {
        (void)error_set(&why, ERR_REFUSED, RETRY_NEVER, _("the folder %.*s is read-only"),
                        STR_ARG(p->folder.name));
        return close_failed(p, &why, err) != 0 ? -1 : 1;
    }
    return 0;
}

static int without_uid(struct push *p, struct error *err)
{
    struct error why = { 0 };
    if (p->ops[0].attempts < UID_ATTEMPTS)
        return close_later(p, FATE_SETTLE_S, err);
    (void)error_set(&why, ERR_REFUSED, RETRY_NEVER, _("the message is no longer on the server"));
    return close_failed(p, &why, err);
}

/* Before anything that changes the server goes out: from now on an undo is an operation of its own,
 * and a repeat looks first. 1: one of them was taken back just now; the rest is still due. */
static int mark_begun(struct push *p, struct error *err)
{
    if (p->ops[0].begun)
        return 0;
    int64_t ids[COMMAND_MOST];
    for (size_t i = 0; i < p->n; i++)
        ids[i] = p->ops[i].id;
    int rc = cache_journal_begin(p->w->cache, ids, p->n, err);
    (void)sys_fault(FAULT_EXIT, "journal begun");
    return rc;
}

/* The source is opened first: a link that died in its sleep is found out before anything has begun.
 */
static int push_run(struct push *p, struct error *err)
{
    bool append = p->ops[0].kind == OP_APPEND;
    if (!append && p->ops[0].uid == 0)
        return without_uid(p, err);
    batch_uids(p->ops, p->n, &p->set);
    int rc = append ? 0 : source_open(p, err);
    if (rc == 0)
        rc = mark_begun(p, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    switch (p->ops[0].kind) {
    case OP_MOVE:
        return push_copy(p, true, err);
    case OP_COPY:
        return push_copy(p, false, err);
    case OP_EXPUNGE:
        return push_expunge(p, err);
    case OP_APPEND:
        return push_append(p, err);
    default: /* head_push has sent them elsewhere */
        return 0;
    }
}

/* How many one command carries. A begun copy or move may have been carried out, or half of it
 * before the server fell (RFC 6851 §3.3): each is looked for alone, unless nothing came to the
 * target that could be it. */
static int head_find(struct sync_account *w, const struct cache_op *ops, size_t n, size_t *head,
                     struct error *err)
{
    bool news = false;
    *head = ops[0].uid == 0 ? 1 : batch_head(ops, n, COMMAND_MOST);
    if (*head > 1 && ops[0].begun && !ops[0].copied &&
        (ops[0].kind == OP_COPY || ops[0].kind == OP_MOVE) &&
        seek_news(w, ops[0].target, &news, err) != 0)
        return -1;
    if (news)
        *head = 1;
    return 0;
}

static int group_push(struct sync_account *w, const struct cache_op *ops, size_t n,
                      struct error *err)
{
    struct push p = { .w = w, .a = arena_new(1024), .ops = ops, .n = n };
    struct error gone = { 0 };
    p.set.max = LINK_COMMAND_MAX;
    int rc = folder_get(&p, ops[0].folder, &p.folder, &gone);
    if (rc == 0)
        rc = target_get(&p, ops[0].target, &gone);
    if (rc == 1)
        rc = close_failed(&p, &gone, err);
    else if (rc < 0)
        *err = gone;
    else
        rc = push_run(&p, err);
    buf_free(&p.set);
    arena_free(&p.a);
    return rc;
}

/* The first run of ops that goes out together; *k: how many they were. */
static int head_push(struct sync_account *w, const struct cache_op *ops, size_t n, size_t *k,
                     bool *again, struct error *err)
{
    for (*k = 0; *k < n && ops[*k].kind == OP_FLAGS && ops[*k].uid != 0;)
        ++*k;
    if (*k > 0)
        return flags_push(w, ops, *k, again, err);
    if (ops[0].message == 0) {
        *k = 1;
        return boxes_push(w, ops, err);
    }
    int rc = head_find(w, ops, n, k, err);
    return rc != 0 ? rc : group_push(w, ops, *k, err);
}

int push_all(struct sync_account *w, struct error *err)
{
    struct cache_op *ops = xcalloc(PUSH_MOST, sizeof *ops);
    size_t n = PUSH_MOST;
    int rc;
    while ((rc = cache_journal_due(w->cache, w->id, now_s(), ops, &n, err)) == 0 && n > 0) {
        bool again = false;
        batch_sort(ops, n);
        for (size_t i = 0, k; rc == 0 && !again && i < n; i += k) {
            rc = head_push(w, ops + i, n - i, &k, &again, err);
            (void)sys_fault(FAULT_EXIT, "journal closed");
        }
        if (rc != 0)
            break;
        n = PUSH_MOST;
    }
    free(ops);
    return rc;
}
