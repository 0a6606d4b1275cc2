/* SPDX-License-Identifier: MIT */
#include "sync/spool.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "cache/spool.h"
#include "net/cancel.h"
#include "sync/fetch.h"
#include "sync/intake.h"
#include "sync/local.h"
#include "sync/say.h"
#include "sync/spoolscan.h"
#include "base/banned.h"

enum {
    BATCH_MOST = 256, /* messages that come in before their rows are written and others may come */
    LOOKS_MOST = 3    /* at a folder that changes under us */
};

struct look {
    struct sync_account *w;
    const struct spool_kind *kind;
    struct cache_folder f;
    struct arena *a;
    struct spool_box *box;
    struct spool_scan scan;
    int64_t since; /* when the pass began, seconds */
    bool missed;   /* something was not where the listing said */
    size_t unread; /* messages that could not be read */
    struct error why;
    struct spool_item *large; /* of a batch: of these only the headers come in */
    size_t large_n;
};

static bool is_stopped(void *arg)
{
    return net_cancel_is_set(arg);
}

const struct spool_kind *spool_kind(const struct config_account *cfg)
{
    return cfg->receive == RECEIVE_MAILDIR ? &maildir_kind
           : cfg->receive == RECEIVE_MBOX  ? &mbox_kind
                                           : NULL;
}

void spool_home_init(struct sync_account *w, const char *store)
{
    w->kind = spool_kind(w->cfg);
    w->home = (struct spool_home){ .root = w->cfg->in.path,
                                   .inbox = w->cfg->in.inbox,
                                   .aside = xasprintf("%s-mbox", store),
                                   .stop = is_stopped,
                                   .arg = w->cancel };
}

void spool_home_clear(struct sync_account *w)
{
    if (w->kind != NULL && w->kind->forget != NULL)
        w->kind->forget(&w->home);
    free(w->home.aside);
}

/* ------------------------------------------------------------------ folders */

static int folder_vanished(struct sync_account *w, const struct cache_folder *f, struct error *err)
{
    int rc = cache_begin(w->cache, false, err);
    if (rc == 0)
        rc = cache_folder_left(w->cache, f->id, clock_wall_ms() / 1000, err);
    if (rc == 0)
        rc = cache_folder_drop(w->cache, f->id, err);
    if (rc == 0)
        return cache_commit(w->cache, err);
    cache_rollback(w->cache);
    return -1;
}

static bool is_listed(const struct cache_folder *f, const struct sync_listed *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(rows[i].name, f->name))
            return true;
    return false;
}

/* What was made here and has no files yet is not missed. */
static int vanished_drop(struct sync_account *w, const struct cache_folder *have, size_t have_n,
                         const struct sync_listed *rows, size_t n, bool *changed, struct error *err)
{
    for (size_t i = 0; i < have_n; i++) {
        if (have[i].uidvalidity == 0 || have[i].role == ROLE_INBOX || is_listed(&have[i], rows, n))
            continue;
        *changed = true;
        if (folder_vanished(w, &have[i], err) != 0)
            return -1;
    }
    return 0;
}

/* complete: what is not listed is gone. */
static int folders_store(struct sync_account *w, struct arena *a, const struct sync_listed *rows,
                         size_t n, bool complete, struct error *err)
{
    struct cache_folder *have;
    size_t have_n;
    bool changed = false;
    if (cache_folders(w->cache, a, w->id, &have, &have_n, err) != 0)
        return -1;
    if (complete && vanished_drop(w, have, have_n, rows, n, &changed, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct cache_folder f = { .account = w->id,
                                  .name = rows[i].name,
                                  .wire = rows[i].wire,
                                  .delim = rows[i].delim,
                                  .role = rows[i].role };
        size_t k = 0;
        while (k < have_n && !str_eq(have[k].name, f.name))
            k++;
        if (k < have_n && have[k].role == f.role && str_eq(have[k].wire, f.wire))
            continue;
        changed = true;
        if (cache_folder_put(w->cache, &f, err) != 0)
            return -1;
    }
    if (changed)
        say_event(w->events,
                  &(struct bus_event){ .kind = EVENT_FOLDERS, .account = str_c(w->cfg->name) });
    return local_folders(w, err);
}

static void tell(struct sync_account *w, const struct error *why)
{
    struct error said = *why;
    account_prefix(w, &said);
    account_error(w, &said);
}

static int folders_read(struct sync_account *w, struct error *err)
{
    struct arena *a = arena_new(1 << 14);
    struct sync_listed *rows;
    struct error said = { 0 };
    size_t n;
    int rc = w->kind->folders(&w->home, a, &rows, &n, &said, err);
    if (rc == 0)
        rc = folders_store(w, a, rows, n, said.code == ERR_NONE, err);
    if (said.code != ERR_NONE)
        tell(w, &said);
    arena_free(&a);
    return rc;
}

int spool_folders(struct sync_account *w, struct error *err)
{
    struct arena *a = arena_new(1024);
    struct cache_folder f;
    int rc = cache_folder_by_role(w->cache, a, w->id, ROLE_INBOX, &f, err);
    arena_free(&a);
    return rc == 1 ? folders_read(w, err) : rc;
}

/* ------------------------------------------------------------------ what is new */

static int to_intake(void *arg, struct str bytes, bool last, struct error *err)
{
    return intake_bytes(arg, bytes, last, err);
}

static int message_take(struct look *l, struct intake *in, const struct spool_item *item,
                        struct spool_text *t, struct error *err)
{
    struct intake_facts facts = { .received = t->received,
                                  .size = t->text.headers_only ? (uint64_t)t->text.n : 0,
                                  .where = { .folder = l->f.id,
                                             .uid = item->uid,
                                             .flags = item->entry->flags & CACHE_SERVER_FLAGS } };
    if (spooltext_read(&t->text, to_intake, in, err) != 0)
        return -1;
    bool same = l->kind->same == NULL || l->kind->same(l->box);
    l->missed |= !same;
    return intake_end(in, same ? &facts : NULL, err);
}

/* That one message cannot be read keeps no other one back. */
static int message_read(struct look *l, struct intake *in, enum intake_what what,
                        const struct spool_item *item, struct error *err)
{
    struct spool_text t = { .text.fd = -1 };
    int rc = l->kind->text(l->box, item->entry, &t, err);
    if (rc == 1) {
        l->missed = true;
        return 0;
    }
    if (rc < 0) {
        l->unread++;
        l->why = *err;
        error_clear(err);
        return 0;
    }
    t.text.headers_only = what == INTAKE_HEADERS;
    if (what == INTAKE_WHOLE && (uint64_t)t.text.n > FETCH_MESSAGE_MAX) {
        struct error why = { 0 };
        (void)fetch_too_large((uint64_t)t.text.n, &why);
        tell(l->w, &why);
        l->large[l->large_n++] = *item;
    } else {
        rc = message_take(l, in, item, &t, err);
    }
    l->kind->text_close(l->box, &t);
    return rc;
}

static int batch_read(struct look *l, const struct spool_item *items, size_t n,
                      enum intake_what what, struct error *err)
{
    struct intake *in = intake_new(l->w, what, err);
    if (in == NULL)
        return -1;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = message_read(l, in, what, &items[i], err);
    return intake_finish(&in, rc, err);
}

static int rows_make(struct look *l, struct spool_item *items, struct cache_spool *rows, size_t n,
                     struct error *err)
{
    struct cache_spool *none = arena_array(l->a, n, sizeof *none);
    size_t none_n = 0;
    for (size_t i = 0; i < n; i++)
        if (items[i].uid == 0)
            none[none_n++].name = items[i].entry->name;
    if (none_n > 0 && cache_spool_new(l->w->cache, l->f.id, none, none_n, err) != 0)
        return -1;
    for (size_t i = 0, k = 0; i < n; i++) {
        if (items[i].uid == 0)
            items[i].uid = none[k++].uid;
        rows[i] = (struct cache_spool){ .name = items[i].entry->name,
                                        .place = items[i].entry->place,
                                        .uid = items[i].uid };
    }
    return 0;
}

/* Rows, messages, and then that they are here: stopped anywhere, it is done once more under the
 * same uids. */
static int batch_do(struct look *l, struct spool_item *items, size_t n, struct error *err)
{
    struct cache_spool *rows = arena_array(l->a, n, sizeof *rows);
    l->large = arena_array(l->a, n, sizeof *l->large);
    l->large_n = 0;
    if (rows_make(l, items, rows, n, err) != 0)
        return -1;
    (void)sys_fault(FAULT_EXIT, "spool rows made");
    if (batch_read(l, items, n, INTAKE_WHOLE, err) != 0)
        return -1;
    if (l->large_n > 0 && batch_read(l, l->large, l->large_n, INTAKE_HEADERS, err) != 0)
        return -1;
    if (commit_flush(l->w->commit, err) != 0)
        return -1;
    (void)sys_fault(FAULT_EXIT, "spool messages in");
    return cache_spool_here(l->w->cache, l->f.id, rows, n, err);
}

static int fresh_do(struct look *l, struct error *err)
{
    struct spool_scan *s = &l->scan;
    for (size_t i = 0; i < s->fresh_n;) {
        size_t n = s->fresh_n - i < BATCH_MOST ? s->fresh_n - i : BATCH_MOST;
        if (batch_do(l, s->fresh + i, n, err) != 0 || l->w->between(l->w->between_arg, err) != 0)
            return -1;
        i += n;
        int rc = i < s->fresh_n && l->kind->breathe != NULL ? l->kind->breathe(l->box, err) : 0;
        if (rc != 0) {
            l->missed = true;
            return rc < 0 ? -1 : 0;
        }
        account_progress(l->w, l->f.name, (int64_t)i, (int64_t)s->fresh_n, 0);
    }
    return 0;
}

/* ------------------------------------------------------------------ one folder */

static int changed_do(struct look *l, struct error *err)
{
    const struct spool_scan *s = &l->scan;
    int rc = cache_begin(l->w->cache, false, err);
    for (size_t i = 0; rc == 0 && i < s->changed_n; i++) {
        const struct spool_entry *e = s->changed[i].entry;
        uint32_t uid = s->changed[i].uid;
        rc = cache_spool_put(l->w->cache, l->f.id, e->name, e->place, &uid, err);
        if (rc == 0 && cache_place_flags(l->w->cache, l->f.id, uid, e->flags, (struct str){ "", 0 },
                                         0, err) < 0)
            rc = -1;
    }
    if (rc == 0)
        rc = cache_commit(l->w->cache, err);
    if (rc != 0)
        cache_rollback(l->w->cache);
    return rc;
}

static int gone_do(struct look *l, struct error *err)
{
    const struct spool_scan *s = &l->scan;
    uint32_t *uids = arena_array(l->a, s->gone_n, sizeof *uids);
    for (size_t i = 0; i < s->gone_n; i++)
        uids[i] = s->gone[i]->uid;
    return cache_spool_gone(l->w->cache, l->f.id, uids, s->gone_n, l->since, err);
}

/* What went comes before what came: a message that was given another name is known again. */
static int scan_do(struct look *l, struct error *err)
{
    struct spool_entry *entries;
    struct cache_spool *rows;
    size_t n, rows_n;
    if (l->kind->list(l->box, l->a, &entries, &n, err) != 0 ||
        cache_spool_all(l->w->cache, l->a, l->f.id, &rows, &rows_n, err) != 0)
        return -1;
    l->scan = spoolscan(l->a, entries, n, rows, rows_n);
    if (l->scan.gone_n > 0) {
        if (l->kind->list(l->box, l->a, &entries, &n, err) != 0)
            return -1;
        spoolscan_confirm(&l->scan, entries, n);
    }
    if (l->scan.gone_n > 0 && gone_do(l, err) != 0)
        return -1;
    if (l->scan.changed_n > 0 && changed_do(l, err) != 0)
        return -1;
    if (l->scan.gone_n + l->scan.changed_n > 0)
        account_folder_changed(l->w, l->f.id);
    return fresh_do(l, err);
}

static int look_once(struct look *l, enum pull_how how, struct error *err)
{
    struct sync_account *w = l->w;
    l->missed = false;
    int rc = l->kind->open(&w->home, l->f.wire, false, &l->box, err);
    if (rc != 0) /* a folder that is not there has nothing in it; the list of folders says it too */
        return rc == 1 ? 0 : -1;
    uint64_t print = l->kind->print(l->box) & INT64_MAX;
    bool look = how == PULL_ALL || print == 0 || print != l->f.highestmodseq;
    if (look)
        rc = scan_do(l, err);
    struct error end = { 0 };
    if (l->kind->close(&l->box, &end) != 0 && rc == 0) {
        *err = end;
        rc = -1;
    }
    if (l->missed || l->unread > 0)
        print = 0;
    if (rc == 0 && look && (print != l->f.highestmodseq || l->f.uidvalidity == 0))
        rc = cache_spool_seen(w->cache, l->f.id, print, clock_wall_ms() / 1000, err);
    return rc;
}

static void unread_tell(struct look *l)
{
    if (l->unread == 0)
        return;
    (void)error_prefix(
        &l->why,
        P_("%.*s: %zu message cannot be read: ", "%.*s: %zu messages cannot be read: ", l->unread),
        STR_ARG(l->f.name), l->unread);
    tell(l->w, &l->why);
}

/* That a folder cannot be read is told, and the others go on; a trouble with the store is not. */
static int look_at(struct sync_account *w, enum pull_how how, const struct cache_folder *f,
                   int64_t since, struct error *err)
{
    struct look l = { .w = w, .kind = w->kind, .f = *f, .since = since };
    int rc = 0;
    for (int i = 0; rc == 0 && i < LOOKS_MOST && (i == 0 || l.missed); i++) {
        l.a = arena_new(1 << 16);
        l.unread = 0;
        rc = look_once(&l, how, err);
        arena_free(&l.a);
    }
    unread_tell(&l);
    if (rc != 0 && (err->code == ERR_SYS || err->code == ERR_LIMIT || err->code == ERR_REFUSED)) {
        (void)error_prefix(err, "%.*s: ", STR_ARG(f->name));
        tell(w, err);
        error_clear(err);
        return 1;
    }
    return rc == 0 ? cache_folder_settled(w->cache, f->id, err) : -1;
}

/* ------------------------------------------------------------------ all of them */

static int limbo_end(struct sync_account *w, int64_t since, struct error *err)
{
    int rc;
    while ((rc = cache_limbo_sweep(w->cache, w->id, since, err)) == 0)
        ;
    return rc < 0 ? -1 : 0;
}

static int looks_do(struct sync_account *w, enum pull_how how, struct str only, int64_t since,
                    struct error *err)
{
    struct arena *a = arena_new(1 << 14);
    struct cache_folder *f;
    size_t n;
    bool found = only.n == 0, all = true;
    int rc = cache_folders(w->cache, a, w->id, &f, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (only.n > 0 && !str_eq(f[i].name, only))
            continue;
        found = true;
        rc = w->between(w->between_arg, err);
        int looked = rc == 0 ? look_at(w, how, &f[i], since, err) : 0;
        all &= looked == 0;
        if (looked < 0)
            rc = -1;
    }
    if (rc == 0 && !found)
        rc = error_set(err, ERR_USAGE, RETRY_NEVER, _("there is no folder %.*s"), STR_ARG(only));
    /* what left one folder may lie in one that could not be read */
    if (rc == 0 && only.n == 0 && all)
        rc = limbo_end(w, since, err);
    arena_free(&a);
    return rc;
}

int spool_look(struct sync_account *w, int64_t folder, struct error *err)
{
    struct arena *a = arena_new(1024);
    struct cache_folder f;
    int rc = cache_folder_get(w->cache, a, folder, &f, err);
    w->looking = true;
    if (rc == 0)
        rc = look_at(w, PULL_CHANGED, &f, clock_wall_ms() / 1000, err);
    w->looking = false;
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

int spool_pass(struct sync_account *w, enum pull_how how, struct str only, struct error *err)
{
    int64_t since = clock_wall_ms() / 1000;
    struct error also = { 0 };
    w->looking = true;
    int rc = folders_read(w, err);
    if (rc == 0)
        rc = looks_do(w, how, only, since, err);
    w->looking = false;
    if (rc < 0 && commit_flush(w->commit, &also) != 0)
        log_line(w->log, LOG_ERROR, "%s: %s", w->cfg->name, also.text);
    return rc < 0 ? -1 : 0;
}
