/* SPDX-License-Identifier: MIT */
#include "sync/flags.h"

#include <stdlib.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "sync/fate.h"
#include "sync/link.h"
#include "wire/imap_cmd.h"
#include "wire/imap_set.h"
#include "base/banned.h"

enum {
    TURN_FOLDERS = 32, /* in one write */
    SET_BYTES = 7900,  /* of a set in a command: a server takes lines of 8,192 (RFC 7162 §4) */
    SET_UIDS = 700,    /* so many fit at their longest */
    CLOSE_MOST = 200   /* operations that one transaction closes */
};

/* One STORE: the uids from first to last of the operations whose half of that sign is like's. */
struct store {
    bool add;
    const struct cache_op *like;
    uint32_t first, last;
    struct link_answer answer;
};

/* What the server said of a message before it was changed. */
struct before {
    uint32_t uid;
    unsigned flags;
};

/* One folder's share of a turn. */
struct part {
    struct sync_account *w;
    const struct cache_op *ops;
    size_t n;
    struct cache_folder folder;
    bool blind; /* the STOREs went out before it was known that the uids are the store's */
    bool renumbered, words; /* words: keywords are changed, too */
    struct link_select select;
    struct sync_box box;
    struct store *stores;
    size_t stores_n;
    struct before *rows;
    size_t rows_n;
    bool *ended;
};

static unsigned half(const struct cache_op *op, bool add)
{
    return (add ? op->add : op->del) & CACHE_SERVER_FLAGS;
}

static const char *half_words(const struct cache_op *op, bool add)
{
    return add ? op->words_add : op->words_del;
}

static bool is_like(const struct cache_op *a, const struct cache_op *b, bool add)
{
    return half(a, add) == half(b, add) && strcmp(half_words(a, add), half_words(b, add)) == 0;
}

/* ------------------------------------------------------------------ what is sent */

static int uid_cmp(const void *va, const void *vb)
{
    uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;
    return (a > b) - (a < b);
}

/* The uids of all operations whose half is like's (NULL: of all), ascending. */
static size_t uids_collect(const struct part *p, bool add, const struct cache_op *like,
                           uint32_t *uids)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (like == NULL || is_like(&p->ops[i], like, add))
            uids[n++] = p->ops[i].uid;
    if (n > 1)
        qsort(uids, n, sizeof *uids, uid_cmp);
    return n;
}

/* How many of the first uids one command carries; their set is in set. */
static size_t set_fill(struct buf *set, const uint32_t *uids, size_t n)
{
    buf_clear(set);
    imap_set_put(set, uids, n);
    if (set->len <= SET_BYTES && !set->over)
        return n;
    n = n < SET_UIDS ? n : SET_UIDS;
    buf_clear(set);
    imap_set_put(set, uids, n);
    return n;
}

static void store_queue(struct part *p, struct store *s, struct str set)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    buf_adds(&cmd, "UID STORE ");
    buf_add_str(&cmd, set);
    buf_adds(&cmd, s->add ? " +FLAGS.SILENT " : " -FLAGS.SILENT ");
    wire_put_flags(&cmd, half(s->like, s->add), str_c(half_words(s->like, s->add)));
    imap_queue(p->w->imap, buf_str(&cmd),
               &(struct imap_handler){ .done = link_done, .arg = &s->answer });
    buf_free(&cmd);
}

static void kind_cut(struct part *p, bool add, const struct cache_op *like, uint32_t *uids)
{
    struct buf set = BUF_INIT(LINK_COMMAND_MAX);
    size_t n = uids_collect(p, add, like, uids);
    for (size_t i = 0, k; i < n; i += k) {
        k = set_fill(&set, uids + i, n - i);
        p->stores = xrealloc(p->stores, p->stores_n + 1, sizeof *p->stores);
        p->stores[p->stores_n++] =
            (struct store){ .add = add, .like = like, .first = uids[i], .last = uids[i + k - 1] };
    }
    buf_free(&set);
}

/* Something is to be done on that side, and no operation before it asks for the same. */
static bool is_first(const struct part *p, size_t i, bool add)
{
    size_t k = 0;
    while (k < i && !is_like(&p->ops[k], &p->ops[i], add))
        k++;
    return k == i && (half(&p->ops[i], add) != 0 || half_words(&p->ops[i], add)[0] != '\0');
}

/* Which commands it takes; they are written by stores_queue, when none of them moves any more. */
static void stores_cut(struct part *p)
{
    uint32_t *uids = xcalloc(p->n, sizeof *uids);
    for (int add = 1; add >= 0; add--)
        for (size_t i = 0; i < p->n; i++)
            if (is_first(p, i, add == 1))
                kind_cut(p, add == 1, &p->ops[i], uids);
    free(uids);
}

static void stores_queue(struct part *p)
{
    uint32_t *uids = xcalloc(p->n, sizeof *uids);
    struct buf set = BUF_INIT(LINK_COMMAND_MAX);
    for (size_t i = 0; i < p->stores_n; i++) {
        struct store *s = &p->stores[i];
        size_t n = uids_collect(p, s->add, s->like, uids), from = 0;
        while (uids[from] < s->first)
            from++;
        (void)set_fill(&set, uids + from, n - from);
        store_queue(p, s, buf_str(&set));
    }
    buf_free(&set);
    free(uids);
}

/* One of ours, told for the first time: others may come unasked. */
static bool is_news(const struct part *p, uint32_t uid)
{
    size_t i = 0;
    while (i < p->n && p->ops[i].uid != uid)
        i++;
    for (size_t k = 0; k < p->rows_n; k++)
        if (p->rows[k].uid == uid)
            return false;
    return i < p->n;
}

static int before_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct part *p = arg;
    (void)err;
    if (r->kind != IMAP_FETCH || (r->fetch.has & FETCH_UID) == 0 ||
        (r->fetch.has & FETCH_FLAGS) == 0 || p->rows_n == p->n || !is_news(p, r->fetch.uid))
        return 0;
    p->rows[p->rows_n++] = (struct before){ r->fetch.uid, r->fetch.flags };
    return 0;
}

/* What the flags are, so that they can be put back where the uids turn out to be other messages'.
 */
static void before_queue(struct part *p)
{
    uint32_t *uids = xcalloc(p->n, sizeof *uids);
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX), set = BUF_INIT(LINK_COMMAND_MAX);
    size_t n = uids_collect(p, true, NULL, uids);
    p->rows = xcalloc(p->n, sizeof *p->rows);
    for (size_t i = 0, k; i < n; i += k) {
        k = set_fill(&set, uids + i, n - i);
        buf_clear(&cmd);
        buf_adds(&cmd, "UID FETCH ");
        buf_add_str(&cmd, buf_str(&set));
        buf_adds(&cmd, " (UID FLAGS)");
        imap_queue(p->w->imap, buf_str(&cmd),
                   &(struct imap_handler){ .resp = before_resp, .arg = p });
    }
    buf_free(&cmd);
    buf_free(&set);
    free(uids);
}

/* SELECT and all that follows in one write. RFC 3501 §6.3.1: a SELECT that fails leaves nothing
 * open. That is not trusted: when something may be open, UNSELECT comes first. */
static int blind_queue(struct part *p, struct error *err)
{
    if (p->w->selected)
        imap_queue(p->w->imap, STR("UNSELECT"), NULL);
    if (link_select_queue(p->w, &p->folder, true, &p->select, err) != 0)
        return -1;
    p->blind = true;
    before_queue(p);
    stores_queue(p);
    return 0;
}

/* ------------------------------------------------------------------ what came of it */

static bool of_store(const struct store *s, const struct cache_op *op)
{
    return is_like(op, s->like, s->add) && op->uid >= s->first && op->uid <= s->last;
}

/* Those of the part's operations that are not ended and that s (NULL: all) is about, in a new
 * array; they count as ended from now on. */
static struct cache_op *ops_take(struct part *p, const struct store *s, size_t *n)
{
    struct cache_op *taken = xcalloc(p->n, sizeof *taken);
    *n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!p->ended[i] && (s == NULL || of_store(s, &p->ops[i]))) {
            p->ended[i] = true;
            taken[(*n)++] = p->ops[i];
        }
    return taken;
}

static int part_refused(struct part *p, const struct store *s, const struct error *why,
                        struct error *err)
{
    size_t n;
    struct cache_op *ops = ops_take(p, s, &n);
    int rc = n > 0 ? fate_refused(p->w, ops, n, why, err) : 0;
    free(ops);
    return rc;
}

static int some_done(struct part *p, const struct cache_op *ops, size_t n, struct error *err)
{
    int rc = cache_begin(p->w->cache, false, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = cache_journal_close(p->w->cache, ops[i].id, FATE_DONE, 0, 0, NULL, err);
    if (rc == 0)
        rc = cache_commit(p->w->cache, err);
    if (rc != 0)
        cache_rollback(p->w->cache);
    return rc;
}

static int part_done(struct part *p, struct error *err)
{
    size_t n;
    struct cache_op *ops = ops_take(p, NULL, &n);
    int rc = 0;
    p->w->pushed += n;
    for (size_t i = 0, k; rc == 0 && i < n; i += k) {
        k = n - i < CLOSE_MOST ? n - i : CLOSE_MOST;
        rc = some_done(p, ops + i, k, err);
    }
    free(ops);
    return rc;
}

/* Puts one flag back as it was, where s has changed it. */
static void flag_restore(struct part *p, const struct store *s, unsigned flag)
{
    uint32_t *uids = xcalloc(p->n, sizeof *uids);
    struct buf set = BUF_INIT(LINK_COMMAND_MAX);
    size_t n = 0;
    for (size_t i = 0; i < p->rows_n; i++)
        if (p->rows[i].uid >= s->first && p->rows[i].uid <= s->last &&
            ((p->rows[i].flags & flag) != 0) != s->add)
            uids[n++] = p->rows[i].uid;
    if (n > 1)
        qsort(uids, n, sizeof *uids, uid_cmp);
    for (size_t i = 0, k; i < n; i += k) {
        k = set_fill(&set, uids + i, n - i);
        struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
        buf_addf(&cmd, "UID STORE %s %sFLAGS.SILENT ", buf_c(&set), s->add ? "-" : "+");
        wire_put_flags(&cmd, flag, STR(""));
        imap_queue(p->w->imap, buf_str(&cmd), NULL);
        buf_free(&cmd);
    }
    buf_free(&set);
    free(uids);
}

/* The server has renumbered the folder since the last pass: what was changed there was not meant. */
static int part_restore(struct part *p, struct error *err)
{
    log_line(p->w->log, LOG_INFO, "%s: a folder was renumbered: %zu flags are put back",
             p->w->cfg->name, p->rows_n);
    if (link_select(p->w, &p->folder, true, err) != 0)
        return -1;
    for (size_t i = 0; i < p->stores_n; i++)
        for (unsigned flag = 1; flag <= CACHE_SERVER_FLAGS; flag <<= 1)
            if ((half(p->stores[i].like, p->stores[i].add) & flag) != 0)
                flag_restore(p, &p->stores[i], flag);
    return imap_run(p->w->imap, err);
}

static int part_renumbered(struct part *p, struct error *err)
{
    size_t n;
    if (p->blind && part_restore(p, err) != 0)
        return -1;
    struct cache_op *ops = ops_take(p, NULL, &n);
    int rc = fate_later(p->w, ops, n, FATE_SETTLE_S, err);
    free(ops);
    return rc;
}

/* True when the folder keeps what s changes no longer than the session (RFC 3501 §7.1,
 * PERMANENTFLAGS). That a message was forwarded is noted where it can be. */
static bool is_fleeting(const struct part *p, const struct store *s)
{
    unsigned all = CACHE_SERVER_FLAGS - CACHE_FORWARDED, lost = all & ~p->box.permanent;
    struct str words = str_c(half_words(s->like, s->add)), word;
    if ((half(s->like, s->add) & lost) != 0)
        return true;
    while ((p->box.permanent & IMAP_ANY) == 0 && str_word(&words, &word))
        if (!words_has(str_c(p->box.words), word))
            return true;
    return false;
}

static int fleeting_refuse(struct part *p, struct error *err)
{
    struct error why = { 0 };
    (void)error_set(&why, ERR_REFUSED, RETRY_NEVER, _("the folder %.*s does not keep this mark"),
                    STR_ARG(p->folder.name));
    for (size_t i = 0; i < p->stores_n; i++)
        if (is_fleeting(p, &p->stores[i]) && part_refused(p, &p->stores[i], &why, err) != 0)
            return -1;
    return 0;
}

static int stores_end(struct part *p, struct error *err)
{
    for (size_t i = 0; i < p->stores_n; i++) {
        struct error why = { 0 };
        if (link_check(&p->stores[i].answer, &why) != 0 &&
            part_refused(p, &p->stores[i], &why, err) != 0)
            return -1;
    }
    return fleeting_refuse(p, err) != 0 ? -1 : part_done(p, err);
}

/* 0: its uids are the store's and it can be written. 1: all is ended, unless it was renumbered. */
static int part_opened(struct part *p, int opened, struct error *why, struct error *err)
{
    if (opened != 0 && why->code != ERR_REFUSED) {
        *err = *why;
        return -1;
    }
    if (opened != 0)
        return part_refused(p, NULL, why, err) != 0 ? -1 : 1;
    p->box = p->w->box;
    p->renumbered = p->box.uidvalidity != p->folder.uidvalidity;
    if (p->renumbered)
        return 1;
    if (p->box.writable)
        return 0;
    (void)error_set(why, ERR_REFUSED, RETRY_NEVER, _("the folder %.*s is read-only"),
                    STR_ARG(p->folder.name));
    return part_refused(p, NULL, why, err) != 0 ? -1 : 1;
}

static int blind_end(struct part *p, struct error *err)
{
    struct error why = { 0 };
    int rc = part_opened(p, link_select_end(p->w, &p->select, &why), &why, err);
    return rc != 0 ? (rc < 0 ? -1 : 0) : stores_end(p, err);
}

/* ------------------------------------------------------------------ turns */

/* Durable before anything is sent. 1: one of them was taken back just now. */
static int begin(const struct part *parts, size_t n, struct error *err)
{
    size_t all = 0, fresh = 0;
    for (size_t i = 0; i < n; i++)
        all += parts[i].n;
    int64_t *ids = xcalloc(all, sizeof *ids);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < parts[i].n; k++)
            if (!parts[i].ops[k].begun)
                ids[fresh++] = parts[i].ops[k].id;
    int rc = fresh > 0 ? cache_journal_begin(parts[0].w->cache, ids, fresh, err) : 0;
    (void)sys_fault(FAULT_EXIT, "journal begun");
    free(ids);
    return rc;
}

static bool has_unselect(const struct sync_account *w)
{
    return (imap_caps(w->imap) & (CAP_UNSELECT | CAP_IMAP4REV2)) != 0;
}

/* Opened first, then changed: 0, 1: one was taken back, -1. */
static int part_slow(struct part *p, struct error *err)
{
    struct error why = { 0 };
    int rc = part_opened(p, link_select(p->w, &p->folder, true, &why), &why, err);
    if (rc != 0)
        return rc < 0 ? -1 : p->renumbered ? part_renumbered(p, err) : 0;
    rc = begin(p, 1, err);
    if (rc != 0)
        return rc;
    stores_queue(p);
    if (imap_run(p->w->imap, err) != 0)
        return -1;
    (void)sys_fault(FAULT_EXIT, "journal answered");
    return stores_end(p, err);
}

/* All parts in one write. The box of the last one that could be opened stays open. */
static int parts_blind(struct part *parts, size_t n, struct error *err)
{
    int rc = begin(parts, n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = blind_queue(&parts[i], err);
    if (rc == 0)
        rc = imap_run(parts[0].w->imap, err);
    (void)sys_fault(FAULT_EXIT, "journal answered");
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = blind_end(&parts[i], err);
    for (size_t i = 0; rc == 0 && i < n; i++) /* it may open another folder */
        if (parts[i].renumbered)
            rc = part_renumbered(&parts[i], err);
    return rc;
}

static void part_clear(struct part *p)
{
    for (size_t i = 0; i < p->stores_n; i++)
        link_answer_clear(&p->stores[i].answer);
    link_answer_clear(&p->select.answer);
    free(p->stores);
    free(p->rows);
    free(p->ended);
}

/* The operations of the first folder as a part. 1: they are ended, since the folder is gone. */
static int part_make(struct sync_account *w, struct arena *a, const struct cache_op *ops, size_t n,
                     struct part *p, struct error *err)
{
    *p = (struct part){ .w = w, .ops = ops };
    while (p->n < n && ops[p->n].folder == ops[0].folder)
        p->n++;
    p->ended = xcalloc(p->n, sizeof *p->ended);
    for (size_t i = 0; i < p->n; i++)
        p->words |= ops[i].begun || ((ops[i].add | ops[i].del) & CACHE_DELETED) != 0 ||
                    ops[i].words_add[0] != '\0' || ops[i].words_del[0] != '\0';
    int rc = cache_folder_get(w->cache, a, ops[0].folder, &p->folder, err);
    if (rc == 0)
        stores_cut(p);
    if (rc != 1)
        return rc;
    struct error why = { 0 };
    (void)error_set(&why, ERR_REFUSED, RETRY_NEVER, _("the folder is gone"));
    return part_refused(p, NULL, &why, err) != 0 ? -1 : 1;
}

/* Opened before anything is changed: what is open already; where keywords change, which nothing
 * could put back as they were; where the last mailbox cannot be closed. */
static bool goes_slowly(const struct part *p)
{
    const struct sync_account *w = p->w;
    return (w->box.folder == p->folder.id && w->box.writable) || p->words ||
           (w->selected && !has_unselect(w));
}

static int turn_run(struct part *parts, size_t n, struct error *err)
{
    int rc = 0;
    for (size_t i = 0, k; rc == 0 && i < n; i += k) {
        k = 1;
        if (goes_slowly(&parts[i])) {
            rc = part_slow(&parts[i], err);
            continue;
        }
        while (has_unselect(parts[i].w) && i + k < n && !goes_slowly(&parts[i + k]))
            k++;
        rc = parts_blind(&parts[i], k, err);
    }
    return rc;
}

int flags_push(struct sync_account *w, const struct cache_op *ops, size_t n, bool *again,
               struct error *err)
{
    struct part *parts = xcalloc(TURN_FOLDERS, sizeof *parts);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n;) {
        struct arena *a = arena_new(4096);
        size_t parts_n = 0;
        while (rc == 0 && i < n && parts_n < TURN_FOLDERS) {
            struct part *p = &parts[parts_n];
            rc = part_make(w, a, ops + i, n - i, p, err);
            i += p->n;
            if (rc == 0)
                parts_n++;
            else
                part_clear(p);
            rc = rc < 0 ? -1 : 0;
        }
        if (rc == 0 && parts_n > 0)
            rc = turn_run(parts, parts_n, err);
        for (size_t k = 0; k < parts_n; k++)
            part_clear(&parts[k]);
        arena_free(&a);
    }
    free(parts);
    *again = rc == 1;
    return rc < 0 ? -1 : 0;
}
