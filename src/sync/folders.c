/* SPDX-License-Identifier: MIT */
#include "sync/folders.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/folder_op.h"
#include "cache/message.h"
#include "sync/say.h"
#include "base/banned.h"

enum { EARLY_MS = 5000 /* so long the answer to what went with the login is good */ };

/* ------------------------------------------------------------------ STATUS */

struct folder_status {
    struct str wire;
    struct sync_there there;
    uint64_t size;
};

/* RFC 3501 §5.1: INBOX is called so in any case. */
static struct str inbox_or(struct str wire)
{
    return str_ieqc(wire, "INBOX") ? STR("INBOX") : wire;
}

static int status_cmp(const void *va, const void *vb)
{
    const struct folder_status *a = va, *b = vb;
    return str_cmp(a->wire, b->wire);
}

static void status_add(struct folders *f, const struct imap_resp *r)
{
    if (f->statuses_n == FOLDERS_MAX)
        return;
    if (f->statuses_n == f->statuses_cap) {
        f->statuses_cap = f->statuses_cap > 0 ? f->statuses_cap * 2 : 64;
        f->statuses = xrealloc(f->statuses, f->statuses_cap, sizeof *f->statuses);
    }
    f->statuses[f->statuses_n++] =
        (struct folder_status){ .wire = arena_str(f->arena, inbox_or(r->status.name)),
                                .there = { .has = r->status.has,
                                           .messages = r->status.messages,
                                           .unseen = r->status.unseen,
                                           .uidnext = r->status.uidnext,
                                           .uidvalidity = r->status.uidvalidity,
                                           .modseq = r->status.highestmodseq },
                                .size = (r->status.has & STATUS_SIZE) != 0 ? r->status.size : 0 };
}

static const struct folder_status *status_of(const struct folders *f, const struct cache_folder *of)
{
    struct folder_status key = { .wire = inbox_or(of->wire) };
    if (f->statuses_n == 0 || of->id == f->open)
        return NULL;
    return bsearch(&key, f->statuses, f->statuses_n, sizeof *f->statuses, status_cmp);
}

struct sync_there folders_there(const struct folders *f, const struct cache_folder *of)
{
    const struct folder_status *s = status_of(f, of);
    return s != NULL ? s->there : (struct sync_there){ 0 };
}

uint64_t folders_size(const struct folders *f, const struct cache_folder *of)
{
    const struct folder_status *s = status_of(f, of);
    return s != NULL && s->size <= INT64_MAX ? s->size : 0;
}

/* A server may answer the commands of a turn in another order than they were asked in: whatever comes
 * is taken for each of them. A folder whose name no command can carry (a line break) cannot be
 * opened: it would break off every pass. */
static int list_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct folders *f = arg;
    (void)err;
    if (r->kind == IMAP_STATUS)
        status_add(f, r);
    if (r->kind != IMAP_LIST || r->list.name.n == 0 || (r->list.flags & LIST_NONEXISTENT) != 0 ||
        !imap_name_goes(r->list.name))
        return 0;
    if (f->n == FOLDERS_LISTED_MAX) {
        f->excess++;
        return 0;
    }
    if (f->n == f->cap) {
        f->cap = f->cap > 0 ? f->cap * 2 : 64;
        f->rows = xrealloc(f->rows, f->cap, sizeof *f->rows);
    }
    struct sync_listed *row = &f->rows[f->n++];
    *row = (struct sync_listed){ .wire = arena_str(f->arena, r->list.name),
                                 .delim = r->list.delim,
                                 .flags = r->list.flags };
    return 0;
}

/* With what the server's namespaces are, wherever they were told. The INBOX has its place among those
 * that are kept. */
static void names_give(struct folders *f)
{
    spaces_names(&f->w->spaces, f->arena, f->rows, f->n);
    f->n = spaces_leave_out(f->rows, f->n);
    if (f->n <= FOLDERS_MAX)
        return;
    for (size_t i = FOLDERS_MAX; i < f->n; i++)
        if (str_eqc(f->rows[i].name, "INBOX"))
            f->rows[FOLDERS_MAX - 1] = f->rows[i];
    f->excess += f->n - FOLDERS_MAX;
    f->n = FOLDERS_MAX;
}

static const char *status_items(struct sync_account *w)
{
    return (imap_caps(w->imap) & (CAP_CONDSTORE | CAP_QRESYNC)) != 0
               ? "MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ"
               : "MESSAGES UIDNEXT UIDVALIDITY UNSEEN";
}

/* Of what the store has: what is new has to be looked at anyway. A folder that went away is refused,
 * which means nothing here. */
static int statuses_queue(struct sync_account *w, struct folders *f, struct error *err)
{
    struct cache_folder *have;
    size_t n;
    if (cache_folders(w->cache, f->arena, w->id, &have, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
        struct error ignored = { 0 };
        buf_adds(&cmd, "STATUS ");
        if (have[i].uidvalidity != 0 && (have[i].flags & (FOLDER_NOSELECT | FOLDER_GONE)) == 0 &&
            link_put_name(w, &cmd, have[i].wire, &ignored) == 0) {
            buf_addf(&cmd, " (%s)", status_items(w));
            imap_queue(w->imap, buf_str(&cmd),
                       &(struct imap_handler){ .resp = list_resp, .arg = f });
        }
        buf_free(&cmd);
    }
    return 0;
}

/* ------------------------------------------------------------------ LIST */

static void list_done(void *arg, const struct imap_resp *r)
{
    struct folders *f = arg;
    link_done(&f->answer, r);
}

/* RFC 8438: a server may have to look at every message for it, so that it is asked for all folders once,
 * when nothing of them is here. */
static bool wants_size(struct sync_account *w, struct folders *f)
{
    struct cache_folder *have;
    struct error unknown = { 0 };
    size_t n;
    if ((imap_caps(w->imap) & CAP_STATUS_SIZE) == 0 ||
        cache_folders(w->cache, f->arena, w->id, &have, &n, &unknown) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (have[i].uidvalidity != 0)
            return false;
    return true;
}

/* RFC 5258, 5819, 6154, 8438. plain: without any of it. */
static void list_queue(struct sync_account *w, struct folders *f, bool plain)
{
    uint64_t caps = plain ? 0 : imap_caps(w->imap);
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    link_spaces_queue(w);
    buf_adds(&cmd, "LIST \"\" \"*\"");
    if ((caps & CAP_LIST_EXTENDED) != 0) {
        buf_addf(&cmd, " RETURN (SUBSCRIBED%s",
                 (caps & CAP_SPECIAL_USE) != 0 ? " SPECIAL-USE" : "");
        if ((caps & CAP_LIST_STATUS) != 0)
            buf_addf(&cmd, " STATUS (%s%s)", status_items(w), wants_size(w, f) ? " SIZE" : "");
        buf_addc(&cmd, ')');
    }
    imap_queue(w->imap, buf_str(&cmd),
               &(struct imap_handler){ .resp = list_resp, .done = list_done, .arg = f });
    buf_free(&cmd);
}

/* Of the folder that is open STATUS may tell only what is known in it already, even when it is
 * another one by now (RFC 3501 §6.3.10), and a NOOP in the same turn comes too late for servers that
 * work on several commands at a time. CLOSE expunges nothing where the folder was opened to read
 * (§6.4.2); else it stays open, and what is said of it is not asked for. */
static void folder_leave(struct sync_account *w, struct folders *f)
{
    struct imap_handler h = { .resp = list_resp, .arg = f };
    bool unselect = (imap_caps(w->imap) & CAP_UNSELECT) != 0;
    f->open = w->box.folder;
    if (w->box.folder == 0 || (!unselect && w->box.writable))
        return;
    w->box = (struct sync_box){ 0 };
    f->open = 0;
    imap_queue(w->imap, unselect ? STR("UNSELECT") : STR("CLOSE"), &h);
}

static const struct sync_listed *listed(const struct folders *f, struct str name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->rows[i].name, name))
            return &f->rows[i];
    return NULL;
}

/* RFC 3501 §5.1: INBOX is always there; some servers list it only when they are asked for it. */
static int inbox_ask(struct sync_account *w, struct folders *f, struct error *err)
{
    if (f->n == 0 || f->answer.fate != LINK_OK || listed(f, STR("INBOX")) != NULL)
        return 0;
    imap_queue(w->imap, STR("LIST \"\" \"INBOX\""),
               &(struct imap_handler){ .resp = list_resp, .arg = f });
    if (imap_run(w->imap, err) != 0)
        return -1;
    names_give(f);
    return 0;
}

static int turn(struct sync_account *w, struct folders *f, bool plain, struct error *err)
{
    uint64_t need = CAP_LIST_EXTENDED | CAP_LIST_STATUS;
    link_answer_clear(&f->answer);
    f->answer = (struct link_answer){ 0 };
    f->n = f->excess = 0;
    folder_leave(w, f);
    list_queue(w, f, plain);
    if ((plain || (imap_caps(w->imap) & need) != need) && statuses_queue(w, f, err) != 0)
        return -1;
    if (imap_run(w->imap, err) != 0)
        return -1;
    names_give(f);
    if (inbox_ask(w, f, err) != 0)
        return -1;
    if (f->statuses_n > 0)
        qsort(f->statuses, f->statuses_n, sizeof *f->statuses, status_cmp);
    return 0;
}

void folders_clear(struct folders *f)
{
    arena_free(&f->arena);
    free(f->rows);
    free(f->statuses);
    link_answer_clear(&f->answer);
    *f = (struct folders){ 0 };
}

bool folders_can_open(const struct folders *f, struct str name)
{
    const struct sync_listed *l = listed(f, name);
    return l != NULL && (l->flags & LIST_NOSELECT) == 0;
}

static struct cache_folder *stored(struct cache_folder *have, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(have[i].name, name))
            return &have[i];
    return NULL;
}

static unsigned folder_flags(const struct sync_listed *l)
{
    return ((l->flags & LIST_NOSELECT) != 0 ? FOLDER_NOSELECT : 0u) |
           ((l->flags & LIST_SUBSCRIBED) != 0 ? FOLDER_SUBSCRIBED : 0u);
}

static int listed_put(struct sync_account *w, const struct sync_listed *l,
                      const struct cache_folder *old, bool *changed, struct error *err)
{
    struct cache_folder f = { .account = w->id,
                              .name = l->name,
                              .wire = l->wire,
                              .delim = l->delim,
                              .role = l->role,
                              .flags = folder_flags(l) };
    if (old != NULL && old->role == f.role && old->flags == f.flags && old->delim == f.delim &&
        str_eq(old->wire, f.wire))
        return 0;
    *changed = true;
    return cache_folder_put(w->cache, &f, err);
}

static bool role_listed(const struct folders *f, enum cache_role role)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->rows[i].role == role)
            return true;
    return false;
}

static bool is_ours(const struct cache_folder *f)
{
    return f->uidvalidity == 0 && (f->role == ROLE_TRASH || f->role == ROLE_SENT);
}

/* The server has it no more. One that it never had (made here, waiting for its first message)
 * stays; what the person did in it and the server does not know yet is not thrown away. */
static int vanished(struct sync_account *w, const struct folders *f, const struct cache_folder *old,
                    bool *changed, struct error *err)
{
    int64_t pending = 0, due = 0;
    if (is_ours(old) && !role_listed(f, old->role))
        return 0;
    if (cache_journal_pending(w->cache, w->id, &pending, &due, err) != 0)
        return -1;
    if (pending > 0 && (old->flags & FOLDER_GONE) != 0)
        return 0;
    *changed = true;
    if (pending == 0)
        return cache_folder_left(w->cache, old->id, clock_wall_ms(), err) != 0
                   ? -1
                   : cache_folder_drop(w->cache, old->id, err);
    struct cache_folder gone = *old;
    gone.flags |= FOLDER_GONE;
    return cache_folder_put(w->cache, &gone, err);
}

/* A Sent or Trash that was made here before anybody knew what the server calls its own, with what
 * waits in it. NULL: none. */
static struct cache_folder *made_here(const struct folders *f, struct cache_folder *have, size_t n,
                                      enum cache_role role)
{
    for (size_t i = 0; i < n; i++)
        if (have[i].role == role && is_ours(&have[i]) && listed(f, have[i].name) == NULL)
            return &have[i];
    return NULL;
}

/* One that is called otherwise here since the server's namespaces are known. */
static struct cache_folder *renamed(const struct folders *f, struct cache_folder *have, size_t n,
                                    const struct sync_listed *l)
{
    for (size_t i = 0; i < n; i++)
        if (have[i].uidvalidity != 0 && (have[i].flags & (FOLDER_NEW | FOLDER_GONE)) == 0 &&
            str_eq(have[i].wire, l->wire) && listed(f, have[i].name) == NULL)
            return &have[i];
    return NULL;
}

/* Unless the person renamed it a moment ago: 1. */
static int call(struct sync_account *w, struct cache_folder *f, struct str name, struct error *err)
{
    bool waits = false;
    if (cache_begin(w->cache, false, err) != 0)
        return -1;
    int rc = cache_folder_ops_open(w->cache, w->id, &waits, err);
    if (rc == 0 && !waits)
        rc = cache_folder_rename(w->cache, f->id, name, err);
    if (rc != 0 || cache_commit(w->cache, err) != 0) {
        cache_rollback(w->cache);
        return -1;
    }
    f->name = waits ? f->name : name;
    return waits;
}

/* 1: what the person does with folders goes first, the next list counts. */
static int folders_merge(struct sync_account *w, const struct folders *f, struct cache_folder *have,
                         size_t have_n, bool *changed, struct error *err)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct sync_listed *l = &f->rows[i];
        struct cache_folder *old = stored(have, have_n, l->name);
        if (old == NULL && ((old = renamed(f, have, have_n, l)) != NULL ||
                            (old = made_here(f, have, have_n, l->role)) != NULL)) {
            int rc = call(w, old, l->name, err);
            if (rc != 0)
                return rc;
        }
        if (listed_put(w, l, old, changed, err) != 0)
            return -1;
    }
    for (size_t i = 0; i < have_n && f->excess == 0; i++) /* it may be one of those left out */
        if (listed(f, have[i].name) == NULL && vanished(w, f, &have[i], changed, err) != 0)
            return -1;
    return 0;
}

/* Told once, not at each pass. */
static void excess_tell(struct sync_account *w, const struct folders *f)
{
    struct error why = { 0 };
    if (f->excess == 0 || w->crowded)
        return;
    w->crowded = true;
    (void)error_set(&why, ERR_LIMIT, RETRY_NEVER,
                    _("the server lists more than %d folders: %zu of them are left out"),
                    FOLDERS_MAX, f->excess);
    account_prefix(w, &why);
    account_error(w, &why);
}

static int folders_store(struct sync_account *w, struct folders *f, struct error *err)
{
    roles_assign(f->rows, f->n);
    if ((imap_caps(w->imap) & CAP_X_GM_EXT_1) != 0)
        roles_archive_all(f->rows, f->n);
    if (listed(f, STR("INBOX")) == NULL) /* RFC 3501 §5.1: it is always there */
        return error_set(err, ERR_PROTO, RETRY_LATER, _("the server lists no INBOX"));
    struct cache_folder *have, trash;
    size_t have_n;
    bool changed = false, waits = false;
    excess_tell(w, f);
    if (cache_folder_ops_open(w->cache, w->id, &waits, err) != 0)
        return -1;
    if (waits) /* what the person did with folders is not on the server yet */
        return 0;
    if (cache_folders(w->cache, f->arena, w->id, &have, &have_n, err) != 0)
        return -1;
    int rc = folders_merge(w, f, have, have_n, &changed, err);
    if (rc != 0)
        return rc == 1 ? 0 : -1;
    if (folders_need(w, f->arena, ROLE_TRASH, "Trash", &trash, err) != 0)
        return -1;
    if (changed)
        say_event(w->events,
                  &(struct bus_event){ .kind = EVENT_FOLDERS, .account = str_c(w->cfg->name) });
    return 0;
}

void folders_early(struct sync_account *w)
{
    uint64_t need = CAP_LIST_EXTENDED | CAP_LIST_STATUS;
    if ((imap_caps(w->imap) & need) != need || w->list != NULL)
        return;
    w->list = xcalloc(1, sizeof *w->list);
    *w->list = (struct folders){
        .w = w, .arena = arena_new(4096), .asked_at = clock_mono_ms(), .pushed = w->pushed
    };
    list_queue(w, w->list, false);
}

void folders_keep(struct sync_account *w, struct folders *f)
{
    folders_drop(&w->list);
    w->list = xcalloc(1, sizeof *w->list);
    *w->list = *f;
    *f = (struct folders){ 0 };
}

void folders_drop(struct folders **f)
{
    if (*f == NULL)
        return;
    folders_clear(*f);
    free(*f);
    *f = NULL;
}

/* The answer to folders_early, where it is good and nothing happened since. */
static bool early_take(struct sync_account *w, struct folders *f)
{
    struct folders *early = w->list;
    w->list = NULL;
    bool good = early != NULL && early->answer.fate == LINK_OK && early->pushed == w->pushed &&
                clock_mono_ms() - early->asked_at < EARLY_MS;
    if (!good) {
        folders_drop(&early);
        return false;
    }
    *f = *early;
    free(early);
    names_give(f);
    if (f->statuses_n > 0)
        qsort(f->statuses, f->statuses_n, sizeof *f->statuses, status_cmp);
    return true;
}

/* What the server can is remembered: the next time its folders are asked for with the login. */
static int caps_note(struct sync_account *w, struct error *err)
{
    uint64_t before = 0, now = imap_caps(w->imap);
    if (cache_account_caps(w->cache, w->id, &before, err) != 0)
        return -1;
    return before == now ? 0 : cache_account_caps_put(w->cache, w->id, now, err);
}

/* A server that does not understand what it says it does is asked plainly. */
int folders_get(struct sync_account *w, struct folders *f, struct error *err)
{
    int rc = 0;
    if (!early_take(w, f)) {
        *f = (struct folders){
            .w = w, .arena = arena_new(4096), .asked_at = clock_mono_ms(), .pushed = w->pushed
        };
        rc = turn(w, f, false, err);
    }
    if (rc == 0 && f->answer.fate == LINK_REFUSED)
        rc = turn(w, f, true, err);
    if (rc == 0)
        rc = link_check(&f->answer, err);
    if (rc == 0)
        rc = caps_note(w, err);
    return rc == 0 ? folders_store(w, f, err) : -1;
}

/* Where all folders lie below INBOX, a new one has to lie there too. */
static bool below_inbox(const struct cache_folder *have, size_t n, char *delim)
{
    bool below = false;
    for (size_t i = 0; i < n; i++) {
        *delim = have[i].delim;
        if (str_starts(have[i].name, "INBOX/"))
            below = true;
        else if (have[i].role != ROLE_INBOX && have[i].uidvalidity != 0)
            return false;
    }
    return below;
}

int folders_need(struct sync_account *w, struct arena *a, enum cache_role role, const char *name,
                 struct cache_folder *out, struct error *err)
{
    int rc = cache_folder_by_role(w->cache, a, w->id, role, out, err);
    if (rc != 1)
        return rc;
    struct cache_folder *have;
    size_t n;
    char delim = '/';
    if (cache_folders(w->cache, a, w->id, &have, &n, err) != 0)
        return -1;
    const struct spaces *s = &w->spaces;
    bool below = !s->known && below_inbox(have, n, &delim);
    delim = s->sep != 0 ? s->sep : delim;
    *out = (struct cache_folder){ .account = w->id, .delim = delim, .role = role };
    out->name = str_c(arena_fmt(a, "%s%s", below ? "INBOX/" : "", name));
    out->wire = str_c(below ? arena_fmt(a, "INBOX%c%s", delim, name)
                            : arena_fmt(a, "%s%s", s->personal, name));
    if (cache_folder_put(w->cache, out, err) != 0)
        return -1;
    say_event(w->events,
              &(struct bus_event){ .kind = EVENT_FOLDERS, .account = str_c(w->cfg->name) });
    return 0;
}
