/* SPDX-License-Identifier: MIT */
#include "sync/flags.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "sync/batch.h"
#include "sync/fate.h"
#include "sync/flagcut.h"
#include "sync/link.h"
#include "wire/imap_cmd.h"
#include "base/banned.h"

enum {
    TURN_FOLDERS = 32, /* in one write */
    EARLY_MOST = 4000, /* operations that may go out with the login */
    SPLIT_MOST = 64,   /* commands more that a refused set may take */
    CLOSE_MOST = 200   /* operations that one transaction closes */
};

/* One STORE. */
struct store {
    struct flagcut cut;
    bool sent;
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
    bool over;              /* it could not be opened */
    struct link_select select;
    struct sync_box box;
    struct store *stores;
    size_t stores_n;
    struct before *rows;
    size_t rows_n;
    bool *ended;
};

/* ------------------------------------------------------------------ what is sent */

static void store_queue(struct part *p, struct store *s)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    flagcut_put(&s->cut, p->ops, p->n, &cmd);
    imap_queue(p->w->imap, buf_str(&cmd),
               &(struct imap_handler){ .done = link_done, .arg = &s->answer });
    s->sent = true;
    buf_free(&cmd);
}

/* Which commands it takes; they are written by stores_queue, when none of them moves any more. */
static void stores_cut(struct part *p)
{
    struct flagcut *cuts;
    flagcut_make(p->ops, p->n, &cuts, &p->stores_n);
    p->stores = xcalloc(p->stores_n + 1, sizeof *p->stores);
    for (size_t i = 0; i < p->stores_n; i++)
        p->stores[i].cut = cuts[i];
    free(cuts);
}

static void stores_queue(struct part *p)
{
    for (size_t i = 0; i < p->stores_n; i++)
        if (!p->stores[i].sent)
            store_queue(p, &p->stores[i]);
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
    size_t n = flagcut_uids(p->ops, p->n, uids);
    p->rows = xcalloc(p->n, sizeof *p->rows);
    for (size_t i = 0, k; i < n; i += k) {
        k = flagcut_fill(&set, uids + i, n - i);
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

/* Those of the part's operations that are not ended and that s (NULL: all) is about, in a new
 * array; they count as ended from now on. */
static struct cache_op *ops_take(struct part *p, const struct store *s, size_t *n)
{
    struct cache_op *taken = xcalloc(p->n, sizeof *taken);
    *n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!p->ended[i] && (s == NULL || flagcut_has(&s->cut, &p->ops[i]))) {
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
static void flag_restore(struct part *p, const struct flagcut *s, unsigned flag)
{
    uint32_t *uids = xcalloc(p->n, sizeof *uids);
    struct buf set = BUF_INIT(LINK_COMMAND_MAX);
    size_t n = 0;
    for (size_t i = 0; i < p->rows_n; i++)
        if (p->rows[i].uid >= s->first && p->rows[i].uid <= s->last &&
            ((p->rows[i].flags & flag) != 0) != s->add)
            uids[n++] = p->rows[i].uid;
    flagcut_sort(uids, n);
    for (size_t i = 0, k; i < n; i += k) {
        k = flagcut_fill(&set, uids + i, n - i);
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
            if ((flagcut_flags(p->stores[i].cut.like, p->stores[i].cut.add) & flag) != 0)
                flag_restore(p, &p->stores[i].cut, flag);
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
    struct str words = str_c(flagcut_words(s->cut.like, s->cut.add)), word;
    if ((flagcut_flags(s->cut.like, s->cut.add) & lost) != 0)
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

/* False where the refusal is none of a single message's. */
static bool may_halve(const struct part *p, const struct store *s)
{
    static const enum imap_code whole[] = { CODE_NOPERM,      CODE_OVERQUOTA, CODE_LIMIT,
                                            CODE_UNAVAILABLE, CODE_INUSE,     CODE_SERVERBUG,
                                            CODE_CONTACTADMIN };
    for (size_t i = 0; i < COUNT(whole); i++)
        if (s->answer.code == whole[i])
            return false;
    return s->answer.fate == LINK_REFUSED && !is_fleeting(p, s);
}

/* Halves of what was refused, at most so many; how many there are to be sent. */
static size_t stores_halve(struct part *p, size_t most)
{
    size_t n = p->stores_n, more = 0;
    p->stores = xrealloc(p->stores, 2 * n + 1, sizeof *p->stores);
    for (size_t i = 0; i < n && more + 2 <= most; i++) {
        struct store *s = &p->stores[i];
        struct flagcut low, high;
        if (!may_halve(p, s) || !flagcut_halve(&s->cut, p->ops, p->n, &low, &high))
            continue;
        link_answer_clear(&s->answer);
        *s = (struct store){ .cut = low };
        p->stores[p->stores_n++] = (struct store){ .cut = high };
        more += 2;
    }
    return more;
}

/* A server may refuse a whole set for one message in it, which another client has removed, say
 * (RFC 2180 §4.2): that one alone is to fail. 0; 1: all is ended, unless it was renumbered. */
static int stores_split(struct part *p, struct error *err)
{
    size_t left = SPLIT_MOST;
    for (size_t more; (more = stores_halve(p, left)) > 0; left -= more) {
        struct error why = { 0 };
        int rc = part_opened(p, link_select(p->w, &p->folder, true, &why), &why, err);
        p->blind = p->blind && !p->renumbered; /* what was changed was meant */
        if (rc != 0)
            return rc;
        imap_queue(p->w->imap, STR("NOOP"), NULL); /* what is gone may be told now */
        stores_queue(p);
        if (imap_run(p->w->imap, err) != 0)
            return -1;
    }
    return 0;
}

/* 1: it was renumbered meanwhile. */
static int stores_end(struct part *p, struct error *err)
{
    int rc = stores_split(p, err);
    if (rc != 0)
        return rc < 0 ? -1 : p->renumbered;
    for (size_t i = 0; i < p->stores_n; i++) {
        struct error why = { 0 };
        if (link_check(&p->stores[i].answer, &why) != 0 &&
            part_refused(p, &p->stores[i], &why, err) != 0)
            return -1;
    }
    return fleeting_refuse(p, err) != 0 ? -1 : part_done(p, err);
}

static int part_end(struct part *p, struct error *err)
{
    int rc = p->renumbered ? 1 : stores_end(p, err);
    return rc == 1 ? part_renumbered(p, err) : rc;
}

/* 1: nothing more is to be done about it. */
static int blind_opened(struct part *p, struct error *err)
{
    struct error why = { 0 };
    int rc = part_opened(p, link_select_end(p->w, &p->select, &why), &why, err);
    return rc == 1 && p->renumbered ? 0 : rc;
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
    return part_end(p, err);
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
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = blind_opened(&parts[i], err);
        parts[i].over = rc == 1;
        rc = rc < 0 ? -1 : 0;
    }
    for (size_t i = 0; rc == 0 && i < n; i++) /* it may open another folder */
        rc = parts[i].over ? 0 : part_end(&parts[i], err);
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

/* The operations of the first folder as a part. 1: the folder is gone. */
static int part_init(struct sync_account *w, struct arena *a, const struct cache_op *ops, size_t n,
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
    return rc;
}

/* The same; 1: they are ended, too. */
static int part_make(struct sync_account *w, struct arena *a, const struct cache_op *ops, size_t n,
                     struct part *p, struct error *err)
{
    int rc = part_init(w, a, ops, n, p, err);
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

/* ------------------------------------------------------------------ with the login */

struct flags_turn {
    struct arena *a;
    struct cache_op *ops;
    struct part parts[TURN_FOLDERS];
    size_t n;
    bool closed; /* UNSELECT went behind them */
};

void flags_drop(struct flags_turn **t)
{
    if (*t == NULL)
        return;
    for (size_t i = 0; i < (*t)->n; i++)
        part_clear(&(*t)->parts[i]);
    arena_free(&(*t)->a);
    free((*t)->ops);
    free(*t);
    *t = NULL;
}

/* Of the operations that are due the parts that can go out blindly. */
static int turn_fill(struct sync_account *w, struct flags_turn *t, struct error *err)
{
    size_t n = EARLY_MOST, most = has_unselect(w) ? TURN_FOLDERS : 1;
    int rc = cache_journal_due(w->cache, w->id, clock_wall_ms() / 1000, t->ops, &n, err);
    if (rc == 0)
        batch_sort(t->ops, n);
    for (size_t i = 0; rc == 0 && i < n && t->n < most && t->ops[i].kind == OP_FLAGS;) {
        struct part *p = &t->parts[t->n];
        size_t left = 0;
        while (i + left < n && t->ops[i + left].kind == OP_FLAGS && t->ops[i + left].uid != 0)
            left++;
        if (left == 0)
            break;
        rc = part_init(w, t->a, t->ops + i, left, p, err);
        i += p->n;
        if (rc == 0 && !goes_slowly(p))
            t->n++;
        else
            part_clear(p);
        rc = rc < 0 ? -1 : 0;
    }
    return rc;
}

/* Those that cannot be written are left. */
static void turn_queue(struct sync_account *w, struct flags_turn *t)
{
    struct error ignored = { 0 };
    size_t n = 0;
    while (n < t->n && blind_queue(&t->parts[n], &ignored) == 0)
        n++;
    while (t->n > n)
        part_clear(&t->parts[--t->n]);
    t->closed = w->selected && has_unselect(w);
    if (t->closed)
        imap_queue(w->imap, STR("UNSELECT"), NULL);
}

void flags_early(struct sync_account *w)
{
    struct error ignored = { 0 };
    struct flags_turn *t = xcalloc(1, sizeof *t);
    t->a = arena_new(4096);
    t->ops = xcalloc(EARLY_MOST, sizeof *t->ops);
    if (turn_fill(w, t, &ignored) == 0 && t->n > 0 && begin(t->parts, t->n, &ignored) == 0) {
        turn_queue(w, t);
        w->turn = t;
    } else
        flags_drop(&t);
}

bool flags_early_open(const struct sync_account *w)
{
    return w->turn != NULL && !w->turn->closed;
}

/* A server that refuses any of it may have been asked too early: what is not done is still due. */
static int early_end(struct part *p, struct error *err)
{
    struct error refusal = { 0 };
    bool done = !p->renumbered && p->box.writable;
    for (size_t i = 0; i < p->stores_n; i++)
        done = done && link_check(&p->stores[i].answer, &refusal) == 0 &&
               !is_fleeting(p, &p->stores[i]);
    if (p->over || (!done && !p->renumbered))
        return 0;
    return p->renumbered ? part_renumbered(p, err) : part_done(p, err);
}

int flags_early_end(struct sync_account *w, struct error *err)
{
    struct flags_turn *t = w->turn;
    struct error refusal = { 0 };
    int rc = 0;
    if (t == NULL)
        return 0;
    w->turn = NULL;
    (void)sys_fault(FAULT_EXIT, "journal answered");
    for (size_t i = 0; i < t->n; i++) {
        struct part *p = &t->parts[i];
        p->over = link_select_end(w, &p->select, &refusal) != 0;
        p->box = w->box;
        p->renumbered = !p->over && p->box.uidvalidity != p->folder.uidvalidity;
    }
    if (t->closed)
        w->box = (struct sync_box){ 0 };
    for (size_t i = 0; rc == 0 && i < t->n; i++)
        rc = early_end(&t->parts[i], err);
    flags_drop(&t);
    return rc;
}
