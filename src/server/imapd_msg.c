/* SPDX-License-Identifier: MIT */
/* The commands that change messages: STORE, COPY, MOVE, EXPUNGE, APPEND (RFC 3501 §6.4). */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "server/limits.h"
#include "wire/imap_cmd.h"
#include "wire/imap_resp.h"
#include "wire/imap_set.h"
#include "base/banned.h"

bool imapd_rows(struct imapd *i, const struct wire_node *set, size_t **rows, size_t *n)
{
    *rows = NULL;
    *n = 0;
    if (set != NULL && set->kind == WIRE_ATOM &&
        view_select(&i->view, set->s, i->by_uid, rows, n) == 0)
        return true;
    free(*rows);
    *rows = NULL;
    imapd_bad(i, "this is no set of messages");
    return false;
}

uint32_t *imapd_uids(const struct imapd *i, const size_t *rows, size_t n)
{
    uint32_t *uids = xcalloc(n + 1, sizeof *uids);
    for (size_t k = 0; k < n; k++)
        uids[k] = i->view.rows[rows[k]].r.uid;
    return uids;
}

/* ---- STORE ---- */

static bool store_mode(const struct wire_node *n, enum flags_mode *mode, bool *silent)
{
    if (n == NULL || n->kind != WIRE_ATOM)
        return false;
    struct str s = n->s;
    *mode = str_lit(&s, "+") == 0 ? FLAGS_ADD : str_lit(&s, "-") == 0 ? FLAGS_DEL : FLAGS_SET;
    if (str_ilit(&s, "FLAGS") != 0)
        return false;
    *silent = str_ilit(&s, ".SILENT") == 0;
    return s.n == 0;
}

static void not_told(struct view *v, const size_t *rows, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (v->rows[rows[k]].changed) {
            v->rows[rows[k]].changed = false;
            v->changed_n--;
        }
}

static int store_run(struct imapd *i, enum flags_mode mode, unsigned flags, struct buf *keywords,
                     const size_t *rows, size_t n, struct error *err)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_STORE);
    j->uids = imapd_uids(i, rows, n);
    j->uids_n = n;
    j->mode = mode;
    j->flags = flags;
    j->keywords = xstrdup(buf_c(keywords));
    return imapd_job(i, j, err);
}

void imapd_store(struct imapd *i, const struct wire_node *args)
{
    struct error err;
    struct buf keywords = BUF_INIT(MBOX_KEYWORDS_MAX);
    enum flags_mode mode;
    bool silent;
    unsigned flags;
    size_t *rows = NULL;
    size_t n;
    const struct wire_node *what = args->next;
    if (!store_mode(what, &mode, &silent) || what->next == NULL ||
        !imapd_flags(what->next, &flags, &keywords))
        imapd_bad(i, "cannot read that");
    else if (i->read_only)
        imapd_no(i, "[READ-ONLY] the folder was opened with EXAMINE");
    else if (imapd_rows(i, args, &rows, &n)) {
        /* What others changed before is told; of our own change the client knows. */
        imapd_tell(i, false);
        int rc = store_run(i, mode, flags, &keywords, rows, n, &err);
        view_drain(&i->view, i->events);
        if (silent)
            not_told(&i->view, rows, n);
        imapd_tell(i, i->by_uid);
        if (rc < 0)
            imapd_fail(i, &err);
        else
            imapd_ok(i, "Done");
    }
    free(rows);
    buf_free(&keywords);
}

/* ---- EXPUNGE ---- */

void imapd_expunge(struct imapd *i, const struct wire_node *args)
{
    struct error err;
    size_t *rows = NULL;
    size_t n;
    if (i->read_only) {
        imapd_no(i, "[READ-ONLY] the folder was opened with EXAMINE");
        return;
    }
    if (i->by_uid && !imapd_rows(i, args, &rows, &n))
        return;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_EXPUNGE);
    if (rows != NULL) {
        j->uids = imapd_uids(i, rows, n);
        j->uids_n = n;
    }
    int rc = imapd_job(i, j, &err);
    imapd_tell(i, true);
    if (rc < 0)
        imapd_fail(i, &err);
    else
        imapd_ok(i, "Done");
    free(rows);
}

/* ---- COPY, MOVE ---- */

static void item_copy(struct mailbox_item *item, struct str bytes, const struct mailbox_row *r)
{
    buf_init(&item->bytes, SERVER_OUT_MAX);
    buf_add_str(&item->bytes, bytes);
    item->flags = r->flags;
    item->keywords = r->keywords != NULL ? xstrdup(r->keywords) : NULL;
    item->date = r->date;
}

/* The messages that are still there, as items of an append; taken notes the rows. */
static int items_collect(struct imapd *i, const size_t *rows, size_t n, struct mailbox_job *j,
                         size_t *taken, struct error *err)
{
    uint64_t total = 0;
    j->items = xcalloc(n + 1, sizeof *j->items);
    for (size_t k = 0; k < n; k++) {
        int rc = imapd_read(i, rows[k], err);
        if (rc < 0)
            return -1;
        total += i->cached.len;
        if (total > SERVER_OUT_MAX)
            return error_set(err, ERR_LIMIT, RETRY_NEVER, _("too much at once"));
        if (rc > 0)
            continue;
        taken[j->items_n] = rows[k];
        item_copy(&j->items[j->items_n++], buf_str(&i->cached), &i->view.rows[rows[k]].r);
    }
    return 0;
}

/* "[COPYUID validity from to]" (RFC 4315 §3) */
static void copyuid(struct imapd *i, const struct mailbox_job *j, const size_t *taken,
                    struct buf *out)
{
    uint32_t *from = imapd_uids(i, taken, j->uids_n);
    buf_addf(out, "[COPYUID %" PRIu32 " ", j->validity);
    imap_set_put(out, from, j->uids_n);
    buf_addc(out, ' ');
    imap_set_put(out, j->uids, j->uids_n);
    buf_adds(out, "]");
    free(from);
}

static int remove_moved(struct imapd *i, const size_t *taken, size_t n, struct error *err)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_EXPUNGE);
    j->uids = imapd_uids(i, taken, n);
    j->uids_n = n;
    j->forced = true;
    return imapd_job(i, j, err);
}

/* RFC 6851 §3.3: no message is left in both mailboxes. What could not be taken out here is taken out
 * there again; where that fails too it stays twice rather than nowhere. */
static void copies_drop(struct imapd *i, struct mailbox *box, const struct mailbox_job *put,
                        const size_t *taken, struct error *err)
{
    struct error ignored;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_EXPUNGE);
    view_drain(&i->view, i->events);
    j->forced = true;
    j->uids = xcalloc(put->uids_n + 1, sizeof *j->uids);
    for (size_t k = 0; k < put->uids_n && !i->view.closed; k++)
        if (!i->view.rows[taken[k]].gone)
            j->uids[j->uids_n++] = put->uids[k];
    int rc = j->uids_n > 0 ? mailbox_call(box, i->setup.desk->answers, &j, &ignored) : 0;
    mailbox_job_free(&j);
    if (rc < 0)
        error_prefix(err, "%s", _("some messages are in both folders now: "));
}

/* Puts the messages into box; for MOVE takes them out here afterwards. */
static int transfer(struct imapd *i, struct mailbox *box, const size_t *rows, size_t n, bool move,
                    struct buf *code, struct error *err)
{
    size_t *taken = xcalloc(n + 1, sizeof *taken);
    struct mailbox_job *j = mailbox_job_new(MAILBOX_APPEND);
    int rc = items_collect(i, rows, n, j, taken, err);
    size_t count = j->items_n;
    if (rc == 0 && count > 0) {
        rc = mailbox_call(box, i->setup.desk->answers, &j, err);
        if (rc == 0)
            copyuid(i, j, taken, code);
        if (rc == 0 && move) {
            /* RFC 6851 §4.3: the numbers are told before the messages go. */
            buf_addf(i->out, "* OK %s Moved\r\n", buf_c(code));
            buf_clear(code);
            rc = remove_moved(i, taken, count, err);
            if (rc < 0)
                copies_drop(i, box, j, taken, err);
        }
    }
    mailbox_job_free(&j);
    free(taken);
    return rc;
}

static void copy_or_move(struct imapd *i, const struct wire_node *args, bool move)
{
    struct error err;
    struct buf name = BUF_INIT(4096);
    struct buf code = BUF_INIT(SERVER_OUT_MAX);
    struct mailbox *box = NULL;
    size_t *rows = NULL;
    size_t n;
    int rc = 0;
    if (move && i->read_only)
        imapd_no(i, "[READ-ONLY] the folder was opened with EXAMINE");
    else if (!imapd_folder(args->next, &name))
        imapd_no(i, "[CANNOT] this is no folder name");
    else if (!imapd_rows(i, args, &rows, &n))
        ;
    else if ((rc = desk_mailbox(i->setup.desk, buf_str(&i->account), buf_str(&name), false, &box,
                                &err)) == 1)
        imapd_no(i, "[TRYCREATE] no such folder");
    else {
        if (rc == 0)
            rc = transfer(i, box, rows, n, move, &code, &err);
        desk_mailbox_done(i->setup.desk, &box);
        imapd_tell(i, move || i->by_uid);
        buf_adds(&code, code.len > 0 ? " Done" : "Done");
        if (rc < 0)
            imapd_fail(i, &err);
        else
            imapd_ok(i, buf_c(&code));
    }
    free(rows);
    buf_free(&name);
    buf_free(&code);
}

void imapd_copy(struct imapd *i, const struct wire_node *args)
{
    copy_or_move(i, args, false);
}

void imapd_move(struct imapd *i, const struct wire_node *args)
{
    copy_or_move(i, args, true);
}

/* ---- APPEND ---- */

struct append_args {
    struct buf name, keywords;
    unsigned flags;
    int64_t date;
};

/* mailbox [flags] [date] literal (RFC 3501 §6.3.11); the literal has been taken already. */
static bool append_args_read(const struct wire_node *args, struct append_args *a)
{
    a->date = clock_wall_ms() / 1000;
    if (!imapd_folder(args, &a->name))
        return false;
    args = args->next;
    if (args != NULL && args->kind == WIRE_LIST) {
        if (!imapd_flags(args, &a->flags, &a->keywords))
            return false;
        args = args->next;
    }
    if (args != NULL && args->kind == WIRE_QUOTED) {
        if (wire_imap_date(args->s, &a->date) != 0)
            return false;
        args = args->next;
    }
    return args != NULL && args->kind == WIRE_STREAMED && args->next == NULL;
}

static int append_run(struct imapd *i, struct append_args *a, struct buf *code, struct error *err)
{
    struct mailbox *box = NULL;
    int rc = desk_mailbox(i->setup.desk, buf_str(&i->account), buf_str(&a->name), false, &box, err);
    if (rc != 0)
        return rc;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_APPEND);
    j->items = xcalloc(1, sizeof *j->items);
    j->items_n = 1;
    j->items[0] =
        (struct mailbox_item){ .bytes = i->append.bytes,
                               .flags = a->flags,
                               .keywords = a->keywords.len > 0 ? buf_detach(&a->keywords) : NULL,
                               .date = a->date };
    buf_init(&i->append.bytes, SERVER_HEADER_MAX);
    rc = mailbox_call(box, i->setup.desk->answers, &j, err);
    if (rc == 0)
        buf_addf(code, "[APPENDUID %" PRIu32 " %" PRIu32 "] Done", j->validity, j->uids[0]);
    mailbox_job_free(&j);
    desk_mailbox_done(i->setup.desk, &box);
    return rc;
}

void imapd_append_end(struct imapd *i, const struct wire_node *args)
{
    struct error err;
    struct append_args a = { .name = BUF_INIT(4096), .keywords = BUF_INIT(MBOX_KEYWORDS_MAX) };
    struct buf code = BUF_INIT(256);
    if (!append_args_read(args, &a))
        imapd_bad(i, "cannot read that");
    else if (i->append.too_large || i->append.bytes.over)
        imapd_no(i, "[TOOBIG] message too large");
    else {
        int rc = append_run(i, &a, &code, &err);
        imapd_tell(i, true);
        if (rc < 0)
            imapd_fail(i, &err);
        else if (rc > 0)
            imapd_no(i, "[TRYCREATE] no such folder");
        else
            imapd_ok(i, buf_c(&code));
    }
    buf_free(&a.name);
    buf_free(&a.keywords);
    buf_free(&code);
}
