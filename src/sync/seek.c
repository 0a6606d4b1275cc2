/* SPDX-License-Identifier: MIT */
#include "sync/seek.h"

#include <stdlib.h>

#include "cache/body.h"
#include "sync/head.h"
#include "sync/link.h"
#include "wire/imap_cmd.h"
#include "wire/imap_set.h"
#include "base/banned.h"

enum {
    FOUND_MAX = 1000, /* hits of a search that are looked at */
    COMPARED_MAX = 20 /* of those, whose headers are compared */
};

int seek_message_id(struct sync_account *w, struct arena *a, int64_t message, struct str *out,
                    struct error *err)
{
    struct str flat;
    struct mime_summary s;
    *out = (struct str){ "", 0 };
    int rc = cache_summary(w->cache, a, message, &flat, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (mime_summary_read(a, flat, &s, err) == 0)
        *out = s.message_id;
    return 0;
}

static void found_add(struct seek *f, uint32_t uid)
{
    if (f->n == FOUND_MAX)
        return;
    if (f->n == f->cap) {
        f->cap = f->cap > 0 ? f->cap * 2 : 16;
        f->uids = xrealloc(f->uids, f->cap, sizeof *f->uids);
    }
    f->uids[f->n++] = uid;
}

static int found_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct seek *f = arg;
    (void)err;
    uint32_t first, last, uid;
    if (r->kind == IMAP_SEARCH)
        for (const struct wire_node *n = r->numbers; n != NULL; n = n->next)
            if (wire_u32(n, &uid) == 0)
                found_add(f, uid);
    if (r->kind == IMAP_ESEARCH && r->esearch.uid) { /* RFC 9051 §6.4.4 */
        struct str set = r->uids_from;
        while (f->n < FOUND_MAX && imap_set_next(&set, 0, &first, &last) == 0)
            for (uint64_t u = first; u <= last && f->n < FOUND_MAX; u++)
                found_add(f, (uint32_t)u);
    }
    f->answered |= r->kind == IMAP_SEARCH || (r->kind == IMAP_ESEARCH && r->esearch.uid);
    return 0;
}

static void found_done(void *arg, const struct imap_resp *r)
{
    struct seek *f = arg;
    link_done(&f->answer, r);
}

void seek_clear(struct seek *f)
{
    free(f->uids);
    link_answer_clear(&f->answer);
}

int seek_uids(struct sync_account *w, struct str cmd, struct seek *f, struct error *err)
{
    imap_queue(w->imap, cmd,
               &(struct imap_handler){ .resp = found_resp, .done = found_done, .arg = f });
    return imap_run(w->imap, err);
}

bool seek_has(const struct seek *f, uint32_t uid)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->uids[i] == uid)
            return true;
    return false;
}

/* A Message-ID can be forged or come twice: uids that the store knows as other messages are not
 * this one. Keeps the others in f, and puts the newest of them into *newest, that which the store
 * knows as the message into *same; 0 when there is none. */
static int unknown_keep(struct sync_account *w, struct arena *a, struct seek *f,
                        const struct cache_folder *target, int64_t message, uint32_t *newest,
                        uint32_t *same, struct error *err)
{
    struct cache_known *known;
    size_t n = 0, kept = 0;
    *newest = *same = 0;
    if (f->n > 0 && cache_known(w->cache, a, target->id, &known, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < f->n; i++) {
        size_t k = 0;
        while (k < n && known[k].uid != f->uids[i])
            k++;
        if (k < n && known[k].message != message)
            continue;
        if (f->uids[i] > *newest)
            *newest = f->uids[i];
        if (k < n)
            *same = f->uids[i];
        f->uids[kept++] = f->uids[i];
    }
    f->n = kept;
    return 0;
}

/* 0; 1: there is no such folder, so that nothing is in it. */
static int target_open(struct sync_account *w, const struct cache_folder *f, struct error *err)
{
    struct error why = { 0 };
    if (link_select(w, f, false, &why) == 0)
        return 0;
    if (why.code == ERR_REFUSED)
        return 1;
    *err = why;
    return -1;
}

/* From the first number on that the last pass has not seen. */
static int news_find(struct sync_account *w, struct arena *a, const struct cache_folder *f,
                     bool *news, struct error *err)
{
    struct seek found = { 0 };
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    uint32_t uid = 0, same;
    buf_addf(&cmd, "UID SEARCH UID %u:*", f->uidnext > 0 ? f->uidnext : 1);
    int rc = seek_uids(w, buf_str(&cmd), &found, err);
    if (rc == 0)
        rc = unknown_keep(w, a, &found, f, 0, &uid, &same, err);
    *news = uid != 0 || found.n == FOUND_MAX || found.answer.fate != LINK_OK;
    buf_free(&cmd);
    seek_clear(&found);
    return rc;
}

int seek_news(struct sync_account *w, int64_t folder, bool *news, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct cache_folder f;
    *news = false;
    int rc = cache_folder_get(w->cache, a, folder, &f, err);
    if (rc == 0)
        rc = target_open(w, &f, err);
    if (rc == 0)
        rc = news_find(w, a, &f, news, err);
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

/* ------------------------------------------------------------------ which of them it is */

struct compare {
    const unsigned char *want;
    struct head head;
    bool open;
    uint32_t uid; /* the newest that is equal */
};

static void compare_add(struct compare *c, struct str bytes)
{
    if (!c->open)
        head_init(&c->head);
    c->open = true;
    head_add(&c->head, bytes);
}

static int compare_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    (void)seq;
    (void)last;
    (void)err;
    compare_add(arg, bytes);
    return 0;
}

static int compare_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct compare *c = arg;
    unsigned char is[CACHE_IDENTITY];
    (void)err;
    if (r->kind != IMAP_FETCH || r->fetch.header == NULL)
        return 0;
    if (r->fetch.header->kind != WIRE_STREAMED)
        compare_add(c, r->fetch.header->s);
    if (c->open)
        head_end(&c->head, r->fetch.size, is);
    if (c->open && (r->fetch.has & FETCH_UID) != 0 && r->fetch.uid > c->uid &&
        memcmp(is, c->want, sizeof is) == 0)
        c->uid = r->fetch.uid;
    c->open = false;
    return 0;
}

static int uids_cmp(const void *va, const void *vb)
{
    const uint32_t *a = va, *b = vb;
    return (*a > *b) - (*a < *b);
}

/* Of the newest that were found. */
static int newest_equal(struct sync_account *w, struct seek *f, const unsigned char *head,
                        uint32_t *uid, struct error *err)
{
    struct compare c = { .want = head };
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    size_t n = f->n < COMPARED_MAX ? f->n : COMPARED_MAX;
    qsort(f->uids, f->n, sizeof *f->uids, uids_cmp);
    buf_adds(&cmd, "UID FETCH ");
    imap_set_put(&cmd, f->uids + f->n - n, n);
    buf_adds(&cmd, " (UID RFC822.SIZE BODY.PEEK[HEADER])");
    imap_queue(w->imap, buf_str(&cmd),
               &(struct imap_handler){ .resp = compare_resp, .chunk = compare_chunk, .arg = &c });
    int rc = imap_run(w->imap, err);
    if (c.open)
        head_drop(&c.head);
    buf_free(&cmd);
    *uid = c.uid;
    return rc;
}

static int found_choose(struct sync_account *w, struct arena *a, struct seek *f,
                        const struct cache_folder *target, const struct seek_message *what,
                        uint32_t *uid, struct error *err)
{
    uint32_t same;
    if (unknown_keep(w, a, f, target, what->message, uid, &same, err) != 0)
        return -1;
    if (*uid == 0 || what->head == NULL)
        return 0;
    *uid = same;
    return same != 0 ? 0 : newest_equal(w, f, what->head, uid, err);
}

int seek_equal(struct sync_account *w, struct arena *a, const struct cache_folder *target,
               const struct seek_message *what, uint32_t *uid, struct error *err)
{
    *uid = 0;
    if (what->id.n == 0)
        return 0;
    int rc = target_open(w, target, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    struct seek f = { 0 };
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    buf_adds(&cmd, "UID SEARCH HEADER Message-ID ");
    if (wire_put_astring(&cmd, what->id, false))
        rc = seek_uids(w, buf_str(&cmd), &f, err);
    if (rc == 0)
        rc = found_choose(w, a, &f, target, what, uid, err);
    buf_free(&cmd);
    seek_clear(&f);
    return rc;
}
