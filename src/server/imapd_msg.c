/* SPDX-License-Identifier: MIT */
/* The commands that change messages: STORE, COPY, MOVE, EXPUNGE, APPEND (RFC 3501 §6.4). */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "server/ahead.h"
#include "server/limits.h"
#include "server/section.h"
#include "server/vclock.h"
#include "wire/imap_cmd.h"
#include "wire/imap_resp.h"
#include "wire/imap_set.h"
#include "base/banned.h"

/* Those of the saved result that are still there (RFC 5182 §2.1). */
static void saved_rows(const struct imapd *i, size_t **rows, size_t *n)
{
    size_t told = i->view.told;
    size_t cap = 0;
    for (size_t k = 0; k < i->saved_n; k++)
        for (size_t at = view_lower(&i->view, i->saved[k].first);
             at < told && view_row(&i->view, at)->uid <= i->saved[k].last; at++) {
            if (*n == cap)
                *rows = xrealloc(*rows, cap = cap * 2 + 64, sizeof **rows);
            (*rows)[(*n)++] = at;
        }
}

bool imapd_rows(struct imapd *i, const struct wire_node *set, size_t **rows, size_t *n)
{
    *rows = NULL;
    *n = 0;
    if (set != NULL && set->kind == WIRE_ATOM && str_eqc(set->s, "$")) {
        saved_rows(i, rows, n);
        return true;
    }
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
        uids[k] = view_row(&i->view, rows[k])->uid;
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

/* What a STORE asks for. */
struct store {
    enum flags_mode mode;
    bool silent;
    unsigned flags;
    struct buf keywords;
    uint64_t unchanged_since;
};

static bool store_read(const struct wire_node *n, struct store *s)
{
    n = imapd_unchanged_read(n, &s->unchanged_since);
    return store_mode(n, &s->mode, &s->silent) && n->next != NULL &&
           imapd_flags(n->next, &s->flags, &s->keywords);
}

static bool is_modified(const struct mailbox_job *j, uint32_t uid, size_t *k)
{
    while (*k < j->modified_n && j->modified[*k] < uid)
        ++*k;
    return *k < j->modified_n && j->modified[*k] == uid;
}

/* Of its own change the client hears the result: all of it, or when it wants silence the MODSEQ
 * alone (RFC 7162 §3.1.3); of those left alone, what they are. */
static void store_tell(struct imapd *i, const struct store *s, const struct mailbox_job *j,
                       const size_t *rows, size_t n)
{
    size_t k = 0;
    if (s->silent)
        view_not_told(&i->view, rows, n);
    for (size_t r = 0; r < n; r++) {
        uint32_t uid = view_row(&i->view, rows[r])->uid;
        if (view_is_gone(&i->view, rows[r]))
            continue;
        if (!s->silent || is_modified(j, uid, &k))
            view_mark(&i->view, rows[r]);
        else if (i->view.with_modseq)
            imapd_put_modseq(i, rows[r]);
    }
}

static void store_run(struct imapd *i, struct store *s, const size_t *rows, size_t n)
{
    struct error err;
    struct buf code = BUF_INIT(SERVER_OUT_MAX);
    struct mailbox_job *j = mailbox_job_new(MAILBOX_STORE);
    j->uids = imapd_uids(i, rows, n);
    j->uids_n = n;
    j->mode = s->mode;
    j->flags = s->flags;
    j->keywords = xstrdup(buf_c(&s->keywords));
    j->unchanged_since = s->unchanged_since;
    /* What others changed before is told. */
    imapd_tell(i, false);
    if (s->unchanged_since != UINT64_MAX)
        imapd_condstore(i);
    int rc = mailbox_call(i->box, i->setup.desk->answers, &j, &err);
    view_drain(&i->view, i->events);
    if (rc == 0) {
        store_tell(i, s, j, rows, n);
        imapd_modified(i, j, &code);
    }
    imapd_tell(i, i->by_uid);
    buf_adds(&code, "Done");
    if (rc < 0)
        imapd_fail(i, &err);
    else
        imapd_ok(i, buf_c(&code));
    mailbox_job_free(&j);
    buf_free(&code);
}

void imapd_store(struct imapd *i, const struct wire_node *args)
{
    struct store s = { .keywords = BUF_INIT(MBOX_KEYWORDS_MAX) };
    size_t *rows = NULL;
    size_t n;
    if (!store_read(args->next, &s))
        imapd_bad(i, "cannot read that");
    else if (i->read_only)
        imapd_no(i, "[READ-ONLY] the folder was opened with EXAMINE");
    else if (imapd_rows(i, args, &rows, &n))
        store_run(i, &s, rows, n);
    free(rows);
    buf_free(&s.keywords);
}

/* ---- EXPUNGE ---- */

/* RFC 7162 §3.2.7: whoever has QRESYNC is told how far its knowledge goes now. */
static void expunge_done(struct imapd *i, uint64_t modseq_before, const struct mailbox_job *j)
{
    struct buf text = BUF_INIT(64);
    if ((i->enabled & IMAPD_QRESYNC) != 0 && j->modseq > modseq_before)
        buf_addf(&text, "[HIGHESTMODSEQ %" PRIu64 "] ", j->modseq);
    buf_adds(&text, "Done");
    imapd_ok(i, buf_c(&text));
    buf_free(&text);
}

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
    uint64_t before = i->view.modseq;
    int rc = mailbox_call(i->box, i->setup.desk->answers, &j, &err);
    imapd_tell(i, true);
    if (rc < 0)
        imapd_fail(i, &err);
    else
        expunge_done(i, before, j);
    mailbox_job_free(&j);
    free(rows);
}

/* ---- COPY, MOVE ---- */

/* What has been copied so far. */
struct transfer {
    struct imapd *i;
    struct mailbox *box;
    const size_t *rows;
    size_t n, at;
    struct ahead *from;
    size_t *taken; /* rows that were still there */
    uint32_t *to;  /* their UIDs in box */
    size_t done;
    uint32_t validity;
};

static void item_copy(struct transfer *t, struct mailbox_item *item, struct str bytes)
{
    const struct mailbox_row *r = view_row(&t->i->view, t->rows[t->at]);
    spill_init(&item->message, t->i->setup.desk->tmp_dir, SERVER_OUT_MAX);
    spill_add(&item->message, bytes);
    item->flags = r->flags;
    item->keywords = r->keywords != NULL ? xstrdup(r->keywords) : NULL;
    item->date = r->date;
}

/* The next messages that are still there, as items of an append: not more than is good in memory. */
static int items_collect(struct transfer *t, struct mailbox_job *j, struct error *err)
{
    uint64_t total = 0;
    j->items = xcalloc(IMAP_COPY_GROUP, sizeof *j->items);
    for (; t->at < t->n && j->items_n < IMAP_COPY_GROUP && total < IMAP_COPY_BYTES; t->at++) {
        struct str bytes;
        int rc = ahead_next(t->from, &bytes, err);
        if (rc < 0)
            return -1;
        if (rc > 0)
            continue;
        total += bytes.n;
        t->taken[t->done + j->items_n] = t->rows[t->at];
        item_copy(t, &j->items[j->items_n++], bytes);
    }
    return 0;
}

static int group_copy(struct transfer *t, struct error *err)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_APPEND);
    int rc = items_collect(t, j, err);
    if (rc == 0 && j->items_n > 0)
        rc = mailbox_call(t->box, t->i->setup.desk->answers, &j, err);
    if (rc == 0 && t->done > 0 && j->items_n > 0 && j->validity != t->validity)
        rc = error_set(err, ERR_STORE, RETRY_LATER, _("the mailbox is another one now"));
    if (rc == 0 && j->items_n > 0) {
        t->validity = j->validity;
        memcpy(t->to + t->done, j->uids, j->items_n * sizeof *t->to);
        t->done += j->items_n;
    }
    mailbox_job_free(&j);
    return rc;
}

static int expunge_uids(struct transfer *t, struct mailbox *box, const uint32_t *uids, size_t n,
                        struct error *err)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_EXPUNGE);
    j->uids = xcalloc(n + 1, sizeof *j->uids);
    memcpy(j->uids, uids, n * sizeof *uids);
    j->uids_n = n;
    j->forced = true;
    int rc = n > 0 ? mailbox_call(box, t->i->setup.desk->answers, &j, err) : 0;
    mailbox_job_free(&j);
    return rc;
}

/* RFC 3501 §6.4.7: all are copied or none. RFC 6851 §3.3: no message is left in both mailboxes. What
 * could not be taken out here is taken out there again; where that fails too it stays twice rather
 * than nowhere. */
static void copies_drop(struct transfer *t, bool moved, struct error *err)
{
    struct error ignored;
    uint32_t *uids = xcalloc(t->done + 1, sizeof *uids);
    size_t n = 0;
    view_drain(&t->i->view, t->i->events);
    for (size_t k = 0; k < t->done && !(moved && t->i->view.closed); k++)
        if (!moved || !view_is_gone(&t->i->view, t->taken[k]))
            uids[n++] = t->to[k];
    if (expunge_uids(t, t->box, uids, n, &ignored) < 0)
        error_prefix(err, "%s", _("some messages are in both folders now: "));
    free(uids);
}

/* "[COPYUID validity from to]" (RFC 4315 §3) */
static void copyuid(const struct transfer *t, struct buf *out)
{
    uint32_t *from = imapd_uids(t->i, t->taken, t->done);
    buf_addf(out, "[COPYUID %" PRIu32 " ", t->validity);
    imap_set_put(out, from, t->done);
    buf_addc(out, ' ');
    imap_set_put(out, t->to, t->done);
    buf_adds(out, "]");
    free(from);
}

static int remove_moved(struct transfer *t, struct buf *code, struct error *err)
{
    uint32_t *from = imapd_uids(t->i, t->taken, t->done);
    /* RFC 6851 §4.3: the numbers are told before the messages go. */
    buf_addf(t->i->out, "* OK %s Moved\r\n", buf_c(code));
    buf_clear(code);
    int rc = expunge_uids(t, t->i->box, from, t->done, err);
    if (rc < 0)
        copies_drop(t, true, err);
    else if ((t->i->enabled & IMAPD_QRESYNC) != 0) {
        view_drain(&t->i->view, t->i->events);
        buf_addf(code, "[HIGHESTMODSEQ %" PRIu64 "]", t->i->view.modseq);
    }
    free(from);
    return rc;
}

/* Puts the messages into box; for MOVE takes them out here afterwards. */
static int transfer(struct transfer *t, bool move, struct buf *code, struct error *err)
{
    int rc = 0;
    t->taken = xcalloc(t->n + 1, sizeof *t->taken);
    t->to = xcalloc(t->n + 1, sizeof *t->to);
    t->from = ahead_new(t->i->box, imapd_uids(t->i, t->rows, t->n), t->n, false, err);
    if (t->from == NULL)
        rc = -1;
    while (rc == 0 && t->at < t->n)
        rc = group_copy(t, err);
    ahead_free(&t->from);
    if (rc < 0)
        copies_drop(t, false, err);
    else if (t->done > 0) {
        copyuid(t, code);
        if (move)
            rc = remove_moved(t, code, err);
    }
    free(t->taken);
    free(t->to);
    return rc;
}

static uint64_t rows_size(const struct imapd *i, const size_t *rows, size_t n)
{
    uint64_t size = 0;
    for (size_t k = 0; k < n; k++)
        size += view_row(&i->view, rows[k])->size;
    return size;
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
    else if (!imapd_folder(i, args->next, &name))
        imapd_no(i, "[CANNOT] this is no folder name");
    else if (!imapd_rows(i, args, &rows, &n))
        ;
    else if ((rc = desk_mailbox(i->setup.desk, buf_str(&i->account), buf_str(&name), false, &box,
                                &err)) == 1)
        imapd_no(i, "[TRYCREATE] no such folder");
    else {
        if (rc == 0 && !move)
            rc = imapd_quota_room(i, rows_size(i, rows, n), &err);
        if (rc == 0)
            rc = transfer(&(struct transfer){ .i = i, .box = box, .rows = rows, .n = n }, move,
                          &code, &err);
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
static bool append_args_read(const struct imapd *i, const struct wire_node *args,
                             struct append_args *a)
{
    a->date = vclock_now(i->setup.desk->clock);
    if (!imapd_folder(i, args, &a->name))
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
    /* RFC 6855 §4 */
    if (imapd_utf8(i) && wire_is(args, "UTF8") && args->next != NULL &&
        args->next->kind == WIRE_LIST && args->next->next == NULL)
        args = args->next->child;
    return args != NULL && args->kind == WIRE_STREAMED && args->next == NULL;
}

/* A header that does not end is none. */
static bool append_fits(const struct imapd *i)
{
    const struct spill *m = &i->append.message;
    struct error ignored;
    struct buf start = BUF_INIT(SERVER_HEADER_MAX);
    bool fits = !m->over;
    if (fits && spill_size(m) > SERVER_HEADER_MAX &&
        spill_read(m, 0, SERVER_HEADER_MAX, &start, &ignored) == 0) {
        section_ceiling(&start);
        fits = start.max > SERVER_HEADER_MAX;
    }
    buf_free(&start);
    return fits;
}

static int append_run(struct imapd *i, struct append_args *a, struct buf *code, struct error *err)
{
    struct mailbox *box = NULL;
    int rc = desk_mailbox(i->setup.desk, buf_str(&i->account), buf_str(&a->name), false, &box, err);
    if (rc == 0)
        rc = imapd_quota_room(i, spill_size(&i->append.message), err);
    if (rc != 0) {
        desk_mailbox_done(i->setup.desk, &box);
        return rc;
    }
    struct mailbox_job *j = mailbox_job_new(MAILBOX_APPEND);
    j->items = xcalloc(1, sizeof *j->items);
    j->items_n = 1;
    j->items[0] =
        (struct mailbox_item){ .message = i->append.message,
                               .flags = a->flags,
                               .keywords = a->keywords.len > 0 ? buf_detach(&a->keywords) : NULL,
                               .date = a->date };
    spill_init(&i->append.message, i->setup.desk->tmp_dir, SERVER_MESSAGE_MAX);
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
    if (!append_args_read(i, args, &a))
        imapd_bad(i, "cannot read that");
    else if (i->append.too_large || !append_fits(i))
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
