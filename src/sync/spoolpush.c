/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "cache/body.h"
#include "cache/journal.h"
#include "cache/spool.h"
#include "mime/addr.h"
#include "sync/fate.h"
#include "sync/head.h"
#include "sync/spool.h"
#include "base/banned.h"

enum {
    PUSH_MOST = 100, /* operations at a time; each may have two folders open */
    READ_MOST = 256 << 10,
    SENDER_MAX = 1000,
    AGAIN_S = 30 /* a disk that is full, a mailbox that is locked */
};

/* A folder that is open for changes. */
struct open_box {
    int64_t folder;
    struct spool_box *box; /* NULL: it could not be opened, and why */
    struct error why;
};
/* What became of an operation. */
struct job {
    const struct cache_op *op;
    enum { JOB_DONE, JOB_GONE, JOB_FAILED, JOB_LATER } end;
    struct cache_spool row; /* in folder, before */
    struct spool_entry source, entry;
    struct open_box *from, *to; /* what it changes; NULL: none */
    bool remove;                /* from there, when it is in the other */
    struct error why;
};
struct push {
    struct sync_account *w;
    const struct spool_kind *kind;
    struct arena *a;
    struct open_box boxes[2 * PUSH_MOST];
    size_t boxes_n;
    struct job jobs[PUSH_MOST];
    size_t n;
};

static void job_failed(struct job *j, const struct error *why)
{
    j->end = why->code == ERR_REFUSED && why->retry == RETRY_NEVER ? JOB_FAILED : JOB_LATER;
    j->why = *why;
}

/* ------------------------------------------------------------------ folders */

static int folder_make(struct push *p, struct cache_folder *f, struct error *err)
{
    struct sync_listed *have;
    struct error said = { 0 };
    size_t n;
    const struct spool_home *h = &p->w->home;
    if (p->kind->folders(h, p->a, &have, &n, &said, err) != 0 ||
        p->kind->make(h, p->a, have, n, f->name, &f->wire, err) != 0)
        return -1;
    return cache_folder_put(p->w->cache, f, err);
}

static int box_open(struct push *p, struct cache_folder *f, bool make, struct spool_box **out,
                    struct error *err)
{
    int rc = p->kind->open(&p->w->home, f->wire, true, out, err);
    if (rc == 1 && make) {
        rc = folder_make(p, f, err);
        if (rc == 0)
            rc = p->kind->open(&p->w->home, f->wire, true, out, err);
    }
    return rc;
}

/* The folder, opened once for all that is done in it. 1: it is not there; with make it is made. */
static int box_of(struct push *p, int64_t folder, bool make, struct open_box **out,
                  struct error *err)
{
    struct cache_folder f;
    for (size_t i = 0; i < p->boxes_n; i++)
        if (p->boxes[i].folder == folder) {
            *out = &p->boxes[i];
            *err = p->boxes[i].why;
            return p->boxes[i].box != NULL ? 0 : -1;
        }
    int rc = cache_folder_get(p->w->cache, p->a, folder, &f, err);
    if (rc == 1)
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("the folder is gone"));
    struct open_box b = { .folder = folder };
    if (rc == 0)
        rc = box_open(p, &f, make, &b.box, err);
    if (rc == 1)
        return 1;
    if (rc < 0) {
        b.box = NULL;
        b.why = *err;
    }
    *out = &p->boxes[p->boxes_n++];
    **out = b;
    return rc;
}

struct reading {
    struct cache *cache;
    int64_t message;
    uint64_t at;
};

static int body_next(void *arg, struct buf *out, struct error *err)
{
    struct reading *r = arg;
    size_t before = out->len;
    if (cache_body_read(r->cache, r->message, r->at, READ_MOST, out, err) != 0)
        return -1;
    r->at += out->len - before;
    return out->len == before ? 1 : 0;
}

/* Messages of the target whose names the store has. */
struct names {
    struct cache_spool *rows;
    size_t n;
    struct cache *cache;
    struct arena *a;
    int64_t folder;
    bool read;
};

static int by_row_name(const void *key, const void *row)
{
    return str_cmp(*(const struct str *)key, ((const struct cache_spool *)row)->name);
}

/* What cannot be read is known: then at worst a message is there twice. */
static bool name_known(void *arg, struct str name)
{
    struct names *k = arg;
    struct error err = { 0 };
    if (!k->read && cache_spool_all(k->cache, k->a, k->folder, &k->rows, &k->n, &err) != 0)
        return true;
    k->read = true;
    return k->n > 0 && bsearch(&name, k->rows, k->n, sizeof *k->rows, by_row_name) != NULL;
}

static struct names names_of(struct push *p, int64_t folder)
{
    return (struct names){ .cache = p->w->cache, .a = p->a, .folder = folder };
}

static struct spool_again again(const struct job *j, struct names *known)
{
    return (struct spool_again){ .maybe = j->op->begun || j->op->attempts > 0,
                                 .known = name_known,
                                 .arg = known };
}

static struct str sender_of(struct push *p, const struct cache_row *row)
{
    struct mime_addr from;
    struct buf spec = BUF_INIT(SENDER_MAX);
    if (mime_addr_list(p->a, row->from, &from, 1) == 1)
        mime_addr_spec(&from, &spec);
    struct str s = arena_str(p->a, spec.over ? (struct str){ "", 0 } : buf_str(&spec));
    buf_free(&spec);
    return s;
}

static int append(struct push *p, struct job *j, struct error *err)
{
    const struct cache_op *op = j->op;
    struct cache_row row;
    unsigned char digest[32];
    int rc = cache_row_get(p->w->cache, p->a, op->message, op->target, &row, err);
    if (rc == 0 && row.uid != 0) /* another program has put it there */
        return 1;
    if (rc >= 0)
        rc = cache_row_get(p->w->cache, p->a, op->message, 0, &row, err);
    if (rc != 0)
        return rc;
    if ((row.flags & CACHE_BODY_HERE) == 0)
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("the text of the message is not here"));
    char *key = xasprintf("%s\n%lld\n%lld\n%.*s", p->w->cfg->name, (long long)op->id,
                          (long long)op->message, STR_ARG(row.message_id));
    struct hash *h = hash_new();
    hash_add(h, str_c(key));
    hash_end(&h, digest);
    free(key);
    struct reading r = { .cache = p->w->cache, .message = op->message };
    struct names known = names_of(p, op->target);
    struct spool_new m = { .key = { (const char *)digest, 16 },
                           .received = row.date,
                           .flags =
                               op->kind == OP_APPEND ? op->add : row.flags & CACHE_SERVER_FLAGS,
                           .sender = sender_of(p, &row),
                           .again = again(j, &known),
                           .next = body_next,
                           .arg = &r };
    return p->kind->append(j->to->box, p->a, &m, &j->entry, err);
}

/* The message as it lies in its folder by what the store knows. 1: it has no row. */
static int source(struct push *p, struct job *j, struct error *err)
{
    int rc = cache_spool_by_uid(p->w->cache, p->a, j->op->folder, j->op->uid, &j->row, err);
    j->entry = (struct spool_entry){ .name = j->row.name, .place = j->row.place };
    j->entry.flags = p->kind->flags_of(&j->entry);
    j->source = j->entry;
    return rc == 0 ? box_of(p, j->op->folder, false, &j->from, err) : rc;
}

static int flags_do(struct push *p, struct job *j, struct error *err)
{
    int rc = source(p, j, err);
    if (rc != 0)
        return rc;
    return p->kind->flags(j->from->box, p->a, &j->entry,
                          (j->entry.flags | j->op->add) & ~j->op->del, err);
}

/* A look at the target between two attempts has found there what the first one brought. 1: it has
 * not. */
static int moved_before(struct push *p, struct job *j, struct error *err)
{
    struct cache_row row;
    struct cache_spool there;
    int rc = cache_row_get(p->w->cache, p->a, j->op->message, j->op->target, &row, err);
    if (rc != 0 || row.uid == 0)
        return rc < 0 ? -1 : 1;
    rc = cache_spool_by_uid(p->w->cache, p->a, j->op->target, row.uid, &there, err);
    if (rc != 0)
        return rc;
    j->entry = (struct spool_entry){ .name = there.name, .place = there.place };
    j->entry.flags = p->kind->flags_of(&j->entry);
    return 0;
}

static int move_do(struct push *p, struct job *j, struct error *err)
{
    struct names known = names_of(p, j->op->target);
    struct spool_again before = again(j, &known);
    int rc = source(p, j, err);
    j->remove = rc == 0 && p->kind->move_copies;
    if (j->remove && before.maybe) {
        rc = moved_before(p, j, err);
        if (rc <= 0)
            return rc;
        rc = 0;
    }
    if (rc == 0)
        rc = box_of(p, j->op->target, true, &j->to, err);
    return rc == 0 ? p->kind->move(j->from->box, j->to->box, p->a, &before, &j->entry, err) : rc;
}

static int append_do(struct push *p, struct job *j, struct error *err)
{
    int rc = box_of(p, j->op->target, true, &j->to, err);
    return rc == 0 ? append(p, j, err) : rc;
}

static int expunge_do(struct push *p, struct job *j, struct error *err)
{
    int rc = source(p, j, err);
    return rc == 0 ? p->kind->remove(j->from->box, &j->entry, err) : rc;
}

typedef int op_fn(struct push *p, struct job *j, struct error *err);
static op_fn *const op_table[] = { [OP_FLAGS] = flags_do,
                                   [OP_MOVE] = move_do,
                                   [OP_COPY] = append_do,
                                   [OP_EXPUNGE] = expunge_do,
                                   [OP_APPEND] = append_do };

/* cli makes no such operation for these accounts. */
static int folder_do(struct error *err)
{
    return error_set(err, ERR_REFUSED, RETRY_NEVER,
                     _("the folders of this account are made in its own folder"));
}

static void job_do(struct push *p, struct job *j)
{
    struct error err = { 0 };
    int rc = j->op->message == 0 ? folder_do(&err) : op_table[j->op->kind](p, j, &err);
    j->end = rc == 0 ? JOB_DONE : JOB_GONE;
    if (rc < 0)
        job_failed(j, &err);
}

/* What was to change in that folder, or to go from it, has not. */
static void changes_failed(struct push *p, const struct open_box *b, const struct error *why)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->jobs[i].end == JOB_DONE && p->jobs[i].from == b)
            job_failed(&p->jobs[i], why);
}

/* All that is added stands in its file before anything goes from another: stopped between the two it
 * is there twice, and not nowhere. */
static void boxes_settle(struct push *p)
{
    for (size_t i = 0; i < p->boxes_n; i++) {
        struct error err = { 0 };
        struct open_box *b = &p->boxes[i];
        if (b->box != NULL && p->kind->settle != NULL && p->kind->settle(b->box, &err) != 0)
            for (size_t k = 0; k < p->n; k++)
                if (p->jobs[k].end == JOB_DONE && p->jobs[k].to == b)
                    job_failed(&p->jobs[k], &err);
    }
    (void)sys_fault(FAULT_EXIT, "spool push settled");
    for (size_t i = 0; i < p->n; i++) {
        struct error err = { 0 };
        struct job *j = &p->jobs[i];
        if (j->end == JOB_DONE && j->remove && p->kind->remove(j->from->box, &j->source, &err) < 0)
            job_failed(j, &err);
    }
}

/* That a disk could not say that it has a rename for good undoes none: to do it once more would
 * double it. */
static void boxes_close(struct push *p)
{
    for (size_t i = p->boxes_n; i > 0; i--) {
        struct error err = { 0 };
        struct open_box *b = &p->boxes[i - 1];
        if (b->box == NULL || p->kind->close(&b->box, &err) == 0)
            continue;
        log_line(p->w->log, LOG_ERROR, "%s: %s", p->w->cfg->name, err.text);
        if (p->kind->move_copies)
            changes_failed(p, b, &err);
    }
    p->boxes_n = 0;
}

/* ------------------------------------------------------------------ how they end */

static int row_end(struct push *p, const struct job *j, uint32_t *uid, struct error *err)
{
    const struct cache_op *op = j->op;
    struct cache *c = p->w->cache;
    if ((op->kind == OP_MOVE || op->kind == OP_EXPUNGE) &&
        cache_spool_forget(c, op->folder, op->uid, err) != 0)
        return -1;
    if (op->kind == OP_EXPUNGE)
        return 0;
    return cache_spool_put(c, op->kind == OP_FLAGS ? op->folder : op->target, j->entry.name,
                           j->entry.place, uid, err);
}

/* Another program may have changed its flags at the same time. What the store does not have after
 * all comes in with the next look. */
static int place_end(struct push *p, const struct job *j, uint32_t uid, struct error *err)
{
    struct cache *c = p->w->cache;
    int64_t folder = j->op->kind == OP_FLAGS ? j->op->folder : j->op->target;
    struct str none = { "", 0 };
    int rc = cache_place_flags(c, folder, uid, j->entry.flags, none, 0, err);
    return rc == 1 ? cache_spool_put(c, folder, j->entry.name, none, &uid, err) : rc;
}

static int done_end(struct push *p, const struct job *j, struct error *err)
{
    uint32_t uid = 0;
    struct error none = { 0 };
    int rc = cache_begin(p->w->cache, false, err);
    if (rc == 0)
        rc = row_end(p, j, &uid, err);
    if (rc == 0)
        rc = cache_journal_close(p->w->cache, j->op->id, FATE_DONE,
                                 j->op->kind == OP_FLAGS ? 0 : uid, 0, &none, err);
    if (rc == 0 && j->op->kind != OP_EXPUNGE)
        rc = place_end(p, j, uid, err);
    if (rc == 0)
        return cache_commit(p->w->cache, err);
    cache_rollback(p->w->cache);
    return -1;
}

/* Somebody else has taken the message away: a change of flags has nothing left to do, and what was
 * to go elsewhere comes there from the store (doc/journal.md). */
static int gone_end(struct push *p, const struct job *j, struct error *err)
{
    const struct cache_op *op = j->op;
    if (op->kind != OP_APPEND && op->kind != OP_COPY && op->uid != 0 &&
        cache_spool_gone(p->w->cache, op->folder, &op->uid, 1, clock_wall_ms() / 1000, err) != 0)
        return -1;
    return op->kind == OP_MOVE ? fate_later(p->w, op, 1, 0, err)
                               : cache_journal_close(p->w->cache, op->id, FATE_DONE, 0, 0,
                                                     &(struct error){ 0 }, err);
}

static int job_end(struct push *p, const struct job *j, struct error *err)
{
    switch (j->end) {
    case JOB_DONE:
        return done_end(p, j, err);
    case JOB_GONE:
        return gone_end(p, j, err);
    case JOB_FAILED:
        return fate_failed(p->w, j->op, 1, &j->why, err);
    case JOB_LATER:
        break;
    }
    log_line(p->w->log, LOG_ERROR, "%s: %s", p->w->cfg->name, j->why.text);
    return fate_later(p->w, j->op, 1, AGAIN_S, err);
}

static int batch_end(struct push *p, struct error *err)
{
    int rc = cache_begin(p->w->cache, false, err);
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        rc = job_end(p, &p->jobs[i], err);
    if (rc == 0)
        return cache_commit(p->w->cache, err);
    cache_rollback(p->w->cache);
    return -1;
}

static int batch_do(struct push *p, const struct cache_op *ops, size_t n, struct error *err)
{
    int64_t ids[PUSH_MOST] = { 0 };
    for (size_t i = 0; i < n; i++)
        ids[i] = ops[i].id;
    int rc = cache_journal_begin(p->w->cache, ids, n, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    (void)sys_fault(FAULT_EXIT, "spool push begun");
    p->n = n;
    for (size_t i = 0; i < n; i++) {
        p->jobs[i] = (struct job){ .op = &ops[i] };
        job_do(p, &p->jobs[i]);
    }
    boxes_settle(p);
    boxes_close(p);
    (void)sys_fault(FAULT_EXIT, "spool push written");
    return batch_end(p, err);
}

/* What somebody has taken away is brought to its target from the store. It may be that program that
 * has put it there: so the target is looked at before. */
static int targets_look(struct sync_account *w, const struct cache_op *ops, size_t n,
                        struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        bool seen = ops[i].kind != OP_APPEND;
        for (size_t k = 0; k < i && !seen; k++)
            seen = ops[k].kind == OP_APPEND && ops[k].target == ops[i].target;
        if (!seen && spool_look(w, ops[i].target, err) != 0)
            return -1;
    }
    return 0;
}

int spool_push(struct sync_account *w, struct error *err)
{
    if (w->looking)
        return 0;
    struct push *p = xcalloc(1, sizeof *p);
    struct cache_op *ops = xcalloc(PUSH_MOST, sizeof *ops);
    size_t n;
    int rc;
    p->w = w;
    p->kind = w->kind;
    do {
        n = PUSH_MOST;
        p->a = arena_new(1 << 14);
        rc = cache_journal_due(w->cache, w->id, clock_wall_ms() / 1000, ops, &n, err);
        if (rc == 0)
            rc = targets_look(w, ops, n, err);
        if (rc == 0 && n > 0)
            rc = batch_do(p, ops, n, err);
        arena_free(&p->a);
    } while (rc == 0 && n > 0);
    free(ops);
    free(p);
    return rc < 0 ? -1 : 0;
}
