/* SPDX-License-Identifier: MIT */
#include "server/rows.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/banned.h"

enum { BLOCK_ROWS = 128, BLOCK_FIRST = 4 };

/* Keywords with their count in front. */
struct words {
    _Atomic unsigned users;
    char text[];
};
struct rows_block {
    _Atomic unsigned users;
    size_t n, cap;
    struct mailbox_row row[];
};

static struct words *words_of(const char *keywords)
{
    return (struct words *)(void *)((char *)(uintptr_t)keywords - offsetof(struct words, text));
}

static const char *words_new(const char *text)
{
    struct str s = str_c(text);
    if (s.n == 0)
        return NULL;
    struct words *w = xmalloc(sizeof *w + s.n + 1);
    atomic_init(&w->users, 1);
    memcpy(w->text, s.p, s.n + 1);
    return w->text;
}

static void words_share(const char *keywords)
{
    if (keywords != NULL)
        atomic_fetch_add_explicit(&words_of(keywords)->users, 1, memory_order_relaxed);
}

static void words_drop(const char *keywords)
{
    if (keywords != NULL &&
        atomic_fetch_sub_explicit(&words_of(keywords)->users, 1, memory_order_acq_rel) == 1)
        free(words_of(keywords));
}

static struct rows_block *block_new(size_t cap)
{
    struct rows_block *b = xmalloc(sizeof *b + cap * sizeof b->row[0]);
    atomic_init(&b->users, 1);
    b->n = 0;
    b->cap = cap;
    return b;
}

static void block_drop(struct rows_block *b)
{
    if (atomic_fetch_sub_explicit(&b->users, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < b->n; i++)
        words_drop(b->row[i].keywords);
    free(b);
}

/* The block of a part for writing, with room for so many rows: ours alone. */
static struct rows_block *block_own(struct rows_part *p, size_t cap)
{
    struct rows_block *b = p->block;
    if (atomic_load_explicit(&b->users, memory_order_acquire) == 1 && b->cap >= cap)
        return b;
    struct rows_block *fresh = block_new(cap > b->n ? cap : b->n);
    memcpy(fresh->row, b->row, b->n * sizeof b->row[0]);
    fresh->n = b->n;
    for (size_t i = 0; i < b->n; i++)
        words_share(b->row[i].keywords);
    block_drop(b);
    p->block = fresh;
    return fresh;
}

/* The part that has row i. */
static struct rows_part *part_of(const struct rows *r, size_t i)
{
    size_t lo = 0;
    size_t hi = r->parts_n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->part[mid].start <= i)
            lo = mid;
        else
            hi = mid;
    }
    return &r->part[lo];
}

const struct mailbox_row *rows_at(const struct rows *r, size_t i)
{
    const struct rows_part *p = part_of(r, i);
    return &p->block->row[i - p->start];
}

size_t rows_lower(const struct rows *r, uint32_t uid)
{
    size_t lo = 0;
    size_t hi = r->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (rows_at(r, mid)->uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

size_t rows_find(const struct rows *r, uint32_t uid)
{
    size_t i = rows_lower(r, uid);
    return i < r->n && rows_at(r, i)->uid == uid ? i : r->n;
}

static struct rows_part *part_add(struct rows *r)
{
    if (r->parts_n == r->cap) {
        r->cap = r->cap + r->cap / 2 + 1;
        r->part = xrealloc(r->part, r->cap, sizeof *r->part);
    }
    struct rows_part *p = &r->part[r->parts_n++];
    *p = (struct rows_part){ .block = block_new(r->n == 0 ? BLOCK_FIRST : BLOCK_ROWS),
                             .start = r->n };
    return p;
}

/* Equal words of neighbours are kept once. */
static const char *words_take(const struct rows_block *b, const char *keywords)
{
    const char *before = b->n > 0 ? b->row[b->n - 1].keywords : NULL;
    if (before == NULL || !str_eq(str_c(before), str_c(keywords)))
        return words_new(keywords);
    words_share(before);
    return before;
}

void rows_push(struct rows *r, const struct mailbox_row *row)
{
    struct rows_part *p = r->parts_n > 0 ? &r->part[r->parts_n - 1] : NULL;
    if (p == NULL || p->block->n >= BLOCK_ROWS)
        p = part_add(r);
    struct rows_block *b = p->block;
    size_t cap = b->n < b->cap ? b->cap : 2 * b->cap;
    b = block_own(p, cap < BLOCK_ROWS ? cap : BLOCK_ROWS);
    b->row[b->n] = *row;
    b->row[b->n].keywords = words_take(b, row->keywords);
    b->n++;
    r->n++;
}

void rows_set(struct rows *r, size_t i, unsigned flags, const char *keywords, uint64_t modseq)
{
    struct rows_part *p = part_of(r, i);
    struct rows_block *b = block_own(p, p->block->n);
    struct mailbox_row *row = &b->row[i - p->start];
    const char *before = row->keywords;
    row->flags = flags;
    row->modseq = modseq;
    if (str_eq(str_c(before), str_c(keywords)))
        return;
    row->keywords = words_new(keywords);
    words_drop(before);
}

/* Takes out of a block what is named; *at moves over the UIDs up to its last. */
static void block_remove(struct rows_part *p, const uint32_t *uids, size_t n, size_t *at)
{
    struct rows_block *b = p->block;
    uint32_t last = b->row[b->n - 1].uid;
    size_t kept = 0;
    while (*at < n && uids[*at] < b->row[0].uid)
        ++*at;
    if (*at == n || uids[*at] > last)
        return;
    b = block_own(p, b->n);
    for (size_t i = 0; i < b->n; i++) {
        while (*at < n && uids[*at] < b->row[i].uid)
            ++*at;
        if (*at < n && uids[*at] == b->row[i].uid)
            words_drop(b->row[i].keywords);
        else
            b->row[kept++] = b->row[i];
    }
    b->n = kept;
}

void rows_remove(struct rows *r, const uint32_t *uids, size_t n)
{
    size_t at = 0;
    size_t parts = 0;
    r->n = 0;
    for (size_t k = 0; k < r->parts_n; k++) {
        struct rows_part p = r->part[k];
        block_remove(&p, uids, n, &at);
        if (p.block->n == 0) {
            block_drop(p.block);
            continue;
        }
        p.start = r->n;
        r->n += p.block->n;
        r->part[parts++] = p;
    }
    r->parts_n = parts;
}

void rows_share(struct rows *to, const struct rows *from)
{
    struct rows copy = { .parts_n = from->parts_n, .cap = from->parts_n, .n = from->n };
    if (copy.cap > 0) {
        copy.part = xcalloc(copy.cap, sizeof *copy.part);
        memcpy(copy.part, from->part, copy.cap * sizeof *copy.part);
    }
    for (size_t k = 0; k < copy.parts_n; k++)
        atomic_fetch_add_explicit(&copy.part[k].block->users, 1, memory_order_relaxed);
    rows_clear(to);
    *to = copy;
}

void rows_clear(struct rows *r)
{
    for (size_t k = 0; k < r->parts_n; k++)
        block_drop(r->part[k].block);
    free(r->part);
    *r = (struct rows){ 0 };
}
