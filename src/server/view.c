/* SPDX-License-Identifier: MIT */
#include "server/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "wire/imap_cmd.h"
#include "wire/imap_set.h"
#include "base/banned.h"

/* ---- lists of UIDs ---- */

static int uid_cmp(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Ascending, each once. */
static void uids_sort(struct view_uids *u)
{
    size_t kept = 0;
    if (!u->sorted && u->n > 0)
        qsort(u->p, u->n, sizeof *u->p, uid_cmp);
    for (size_t i = 0; i < u->n && !u->sorted; i++)
        if (kept == 0 || u->p[kept - 1] != u->p[i])
            u->p[kept++] = u->p[i];
    u->n = u->sorted ? u->n : kept;
    u->sorted = true;
}

/* What is heaped up for a client that never asks has no more entries than there are messages. */
static void uids_add(struct view_uids *u, uint32_t uid)
{
    if (u->n == u->cap)
        uids_sort(u);
    if (u->n + u->n / 4 >= u->cap) {
        u->cap = 2 * u->cap + 16;
        u->p = xrealloc(u->p, u->cap, sizeof *u->p);
    }
    u->sorted = u->n == 0 || (u->sorted && u->p[u->n - 1] < uid);
    u->p[u->n++] = uid;
}

static bool uids_has(const struct view_uids *u, uint32_t uid)
{
    return u->n > 0 && bsearch(&uid, u->p, u->n, sizeof *u->p, uid_cmp) != NULL;
}

static void uids_clear(struct view_uids *u)
{
    free(u->p);
    *u = (struct view_uids){ 0 };
}

/* ---- */

void view_init(struct view *v, struct mailbox_job *attached)
{
    *v = (struct view){ .rows = attached->rows,
                        .told = attached->rows.n,
                        .modseq = attached->modseq };
    attached->rows = (struct rows){ 0 };
}

void view_clear(struct view *v)
{
    rows_clear(&v->rows);
    rows_clear(&v->latest);
    uids_clear(&v->gone);
    uids_clear(&v->changed);
    *v = (struct view){ 0 };
}

size_t view_n(const struct view *v)
{
    return v->rows.n;
}

const struct mailbox_row *view_row(const struct view *v, size_t row)
{
    return rows_at(&v->rows, row);
}

bool view_is_gone(const struct view *v, size_t row)
{
    return v->gone.n > 0 && uids_has(&v->gone, rows_at(&v->rows, row)->uid);
}

size_t view_lower(const struct view *v, uint32_t uid)
{
    return rows_lower(&v->rows, uid);
}

/* One message's news, where expunged ones keep the rows from being the mailbox's own. */
static void apply_one(struct view *v, uint32_t uid, const struct rows *now)
{
    size_t at = rows_find(now, uid);
    size_t have = rows_find(&v->rows, uid);
    if (at == now->n)
        return;
    const struct mailbox_row *r = rows_at(now, at);
    if (have < v->rows.n)
        rows_set(&v->rows, have, r->flags, r->keywords, r->modseq);
    else if (v->rows.n == 0 || rows_at(&v->rows, v->rows.n - 1)->uid < uid)
        rows_push(&v->rows, r);
}

static void apply_gone(struct view *v, const struct mailbox_event *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (rows_find(&v->rows, e->uids[i]) < v->rows.n)
            uids_add(&v->gone, e->uids[i]);
    uids_sort(&v->gone);
}

void view_apply(struct view *v, struct mailbox_event *e)
{
    if (e->m.kind == EVENT_CLOSED)
        v->closed = true;
    else {
        if (e->m.kind == EVENT_GONE)
            apply_gone(v, e);
        for (size_t i = 0; i < e->n && e->m.kind == EVENT_FLAGS; i++)
            uids_add(&v->changed, e->uids[i]);
        for (size_t i = 0; i < e->n && v->gone.n > 0 && e->m.kind != EVENT_GONE; i++)
            apply_one(v, e->uids[i], &e->rows);
        struct rows *to = v->gone.n > 0 ? &v->latest : &v->rows;
        rows_clear(to);
        *to = e->rows;
        e->rows = (struct rows){ 0 };
        v->modseq = e->modseq;
    }
    msg_drop(&e->m);
}

void view_drain(struct view *v, struct queue *events)
{
    struct msg *m;
    while ((m = queue_take(events, 0)) != NULL)
        view_apply(v, (struct mailbox_event *)m);
    uids_sort(&v->changed);
}

void view_put_flags(const struct view *v, size_t row, struct buf *out)
{
    const struct mailbox_row *r = view_row(v, row);
    buf_addf(out, "* %zu FETCH (UID %" PRIu32 " FLAGS ", row + 1, r->uid);
    wire_put_flags(out, r->flags, str_c(r->keywords));
    if (v->with_modseq)
        buf_addf(out, " MODSEQ (%" PRIu64 ")", r->modseq);
    buf_adds(out, ")\r\n");
}

/* From the end, so that the numbers before stay what they are. What was never announced is not
 * taken back either. */
static void tell_expunges(struct view *v, struct buf *out)
{
    uint32_t *known = xcalloc(v->gone.n + 1, sizeof *known);
    size_t n = 0;
    for (size_t i = v->gone.n; i-- > 0;) {
        size_t row = rows_find(&v->rows, v->gone.p[i]);
        if (row >= v->told)
            continue;
        known[v->gone.n - ++n] = v->gone.p[i];
        if (!v->vanished)
            buf_addf(out, "* %zu EXPUNGE\r\n", row + 1);
    }
    if (v->vanished && n > 0) {
        buf_adds(out, "* VANISHED ");
        imap_set_put(out, known + v->gone.n - n, n);
        buf_adds(out, "\r\n");
    }
    free(known);
    v->told -= n;
    uids_clear(&v->gone);
    rows_clear(&v->rows);
    v->rows = v->latest;
    v->latest = (struct rows){ 0 };
}

void view_tell(struct view *v, bool expunges, struct buf *out)
{
    if (expunges && v->gone.n > 0)
        tell_expunges(v, out);
    if (v->told != v->rows.n) {
        buf_addf(out, "* %zu EXISTS\r\n", v->rows.n);
        v->told = v->rows.n;
    }
    uids_sort(&v->changed);
    for (size_t i = 0; i < v->changed.n; i++) {
        size_t row = rows_find(&v->rows, v->changed.p[i]);
        if (row < v->rows.n)
            view_put_flags(v, row, out);
    }
    uids_clear(&v->changed);
}

void view_mark(struct view *v, size_t row)
{
    uids_add(&v->changed, view_row(v, row)->uid);
}

void view_not_told(struct view *v, const size_t *rows, size_t n)
{
    size_t kept = 0;
    size_t k = 0;
    uids_sort(&v->changed);
    for (size_t i = 0; i < v->changed.n; i++) {
        while (k < n && view_row(v, rows[k])->uid < v->changed.p[i])
            k++;
        if (k == n || view_row(v, rows[k])->uid != v->changed.p[i])
            v->changed.p[kept++] = v->changed.p[i];
    }
    v->changed.n = kept;
}

/* Rows of one range of the set, as far as the client knows them: [*from, *to). -1 for a message
 * number that there is not. */
static int range_rows(const struct view *v, bool by_uid, const uint32_t range[2], size_t *from,
                      size_t *to)
{
    if (by_uid) {
        *from = view_lower(v, range[0]);
        *to = range[1] < UINT32_MAX ? view_lower(v, range[1] + 1) : v->rows.n;
    } else if (range[0] == 0 || range[1] > v->told)
        return -1;
    else {
        *from = range[0] - 1;
        *to = range[1];
    }
    *to = *to < v->told ? *to : v->told;
    *from = *from < *to ? *from : *to;
    return 0;
}

int view_select(const struct view *v, struct str set, bool by_uid, size_t **rows, size_t *n)
{
    uint32_t range[2];
    int rc;
    uint32_t star = by_uid ? (v->told > 0 ? view_row(v, v->told - 1)->uid : 0) : (uint32_t)v->told;
    int *edges =
        xcalloc(v->told + 1, sizeof *edges); /* ranges that begin here, less those that end */
    while ((rc = imap_set_next(&set, star, &range[0], &range[1])) == 0) {
        size_t from;
        size_t to;
        if (range_rows(v, by_uid, range, &from, &to) != 0) {
            rc = -1;
            break;
        }
        edges[from]++;
        edges[to]--;
    }
    *rows = xcalloc(v->told + 1, sizeof **rows);
    *n = 0;
    int within = 0;
    for (size_t i = 0; i < v->told && rc == 1; i++) {
        within += edges[i];
        if (within > 0)
            (*rows)[(*n)++] = i;
    }
    free(edges);
    return rc == 1 ? 0 : -1;
}
