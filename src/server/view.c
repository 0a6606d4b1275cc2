/* SPDX-License-Identifier: MIT */
#include "server/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "wire/imap_cmd.h"
#include "wire/imap_set.h"
#include "base/banned.h"

static void row_push(struct view *v, struct mailbox_row r)
{
    if (v->n == v->cap) {
        v->cap = v->cap + v->cap / 2 + 16;
        v->rows = xrealloc(v->rows, v->cap, sizeof *v->rows);
    }
    v->rows[v->n++] = (struct view_row){ .r = r };
}

void view_init(struct view *v, struct mailbox_row *rows, size_t n)
{
    *v = (struct view){ 0 };
    for (size_t i = 0; i < n; i++)
        row_push(v, rows[i]);
    free(rows);
    v->told = n;
}

void view_clear(struct view *v)
{
    for (size_t i = 0; i < v->n; i++)
        free(v->rows[i].r.keywords);
    free(v->rows);
    *v = (struct view){ 0 };
}

size_t view_lower(const struct view *v, uint32_t uid)
{
    size_t lo = 0;
    size_t hi = v->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v->rows[mid].r.uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct view_row *row_find(struct view *v, uint32_t uid)
{
    size_t i = view_lower(v, uid);
    return i < v->n && v->rows[i].r.uid == uid ? &v->rows[i] : NULL;
}

static void apply_one(struct view *v, int kind, struct mailbox_row *r)
{
    struct view_row *have = row_find(v, r->uid);
    if (kind == EVENT_NEW && have == NULL) {
        row_push(v, *r);
        r->keywords = NULL;
    } else if (kind == EVENT_GONE && have != NULL && !have->gone) {
        have->gone = true;
        v->gone_n++;
    } else if (kind == EVENT_FLAGS && have != NULL) {
        free(have->r.keywords);
        have->r.keywords = r->keywords;
        have->r.flags = r->flags;
        v->changed_n += !have->changed;
        have->changed = true;
        r->keywords = NULL;
    }
}

void view_apply(struct view *v, struct mailbox_event *e)
{
    if (e->m.kind == EVENT_CLOSED)
        v->closed = true;
    for (size_t i = 0; i < e->n; i++)
        apply_one(v, e->m.kind, &e->rows[i]);
    msg_drop(&e->m);
}

void view_drain(struct view *v, struct queue *events)
{
    struct msg *m;
    while ((m = queue_take(events, 0)) != NULL)
        view_apply(v, (struct mailbox_event *)m);
}

void view_put_flags(const struct view *v, size_t row, struct buf *out)
{
    const struct mailbox_row *r = &v->rows[row].r;
    buf_addf(out, "* %zu FETCH (UID %" PRIu32 " FLAGS ", row + 1, r->uid);
    wire_put_flags(out, r->flags, str_c(r->keywords));
    buf_adds(out, ")\r\n");
}

/* From the end, so that the numbers before stay what they are. */
static void tell_expunges(struct view *v, struct buf *out)
{
    for (size_t i = v->n; i-- > 0 && v->gone_n > 0;) {
        if (!v->rows[i].gone)
            continue;
        /* What was never announced is not taken back either. */
        if (i < v->told) {
            buf_addf(out, "* %zu EXPUNGE\r\n", i + 1);
            v->told--;
        }
        v->changed_n -= v->rows[i].changed;
        free(v->rows[i].r.keywords);
        memmove(&v->rows[i], &v->rows[i + 1], (v->n - i - 1) * sizeof *v->rows);
        v->n--;
        v->gone_n--;
    }
}

void view_tell(struct view *v, bool expunges, struct buf *out)
{
    if (expunges)
        tell_expunges(v, out);
    if (v->told != v->n) {
        buf_addf(out, "* %zu EXISTS\r\n", v->n);
        v->told = v->n;
    }
    for (size_t i = 0; i < v->n && v->changed_n > 0; i++)
        if (v->rows[i].changed) {
            view_put_flags(v, i, out);
            v->rows[i].changed = false;
            v->changed_n--;
        }
}

int view_select(const struct view *v, struct str set, bool by_uid, size_t **rows, size_t *n)
{
    size_t n_told = v->told; /* what came since then the client cannot mean */
    uint32_t first;
    uint32_t last;
    int rc;
    uint32_t star = by_uid ? (n_told > 0 ? v->rows[n_told - 1].r.uid : 0) : (uint32_t)n_told;
    bool *chosen = xcalloc(n_told + 1, sizeof *chosen);
    size_t count = 0;
    while ((rc = imap_set_next(&set, star, &first, &last)) == 0) {
        if (!by_uid && last > n_told) {
            rc = -1;
            break;
        }
        for (size_t i = by_uid ? view_lower(v, first) : (first > 0 ? first - 1 : 0); i < n_told;
             i++) {
            if ((by_uid ? v->rows[i].r.uid : (uint32_t)i + 1) > last)
                break;
            count += !chosen[i];
            chosen[i] = true;
        }
    }
    *rows = xcalloc(count + 1, sizeof **rows);
    *n = 0;
    for (size_t i = 0; i < n_told && rc == 1; i++)
        if (chosen[i])
            (*rows)[(*n)++] = i;
    free(chosen);
    return rc == 1 ? 0 : -1;
}
