/* SPDX-License-Identifier: MIT */
#include "server/sort.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "mime/addr.h"
#include "base/banned.h"

enum { TEXT_MAX = 1000 /* bytes of a text that are compared */ };

/* ---- the order ---- */

int sort_order_read(const struct wire_node *list, struct sort_order *out)
{
    static const char *const names[] = {
        [SORT_ARRIVAL] = "ARRIVAL", [SORT_SIZE] = "SIZE", [SORT_DATE] = "DATE",
        [SORT_CC] = "CC",           [SORT_FROM] = "FROM", [SORT_SUBJECT] = "SUBJECT",
        [SORT_TO] = "TO",
    };
    bool reverse = false;
    *out = (struct sort_order){ 0 };
    if (list == NULL || list->kind != WIRE_LIST)
        return -1;
    for (const struct wire_node *n = list->child; n != NULL; n = n->next) {
        size_t k = 0;
        if (wire_is(n, "REVERSE") && !reverse) {
            reverse = true;
            continue;
        }
        while (k < COUNT(names) && !wire_is(n, names[k]))
            k++;
        if (k == COUNT(names) || out->n == SORT_KEYS_MAX)
            return -1;
        out->keys[out->n].by = (enum sort_by)k;
        out->keys[out->n++].reverse = reverse;
        reverse = false;
    }
    return out->n > 0 && !reverse ? 0 : -1;
}

bool sort_wants(const struct sort_order *order, enum sort_by by)
{
    for (size_t i = 0; i < order->n; i++)
        if (order->keys[i].by == by)
            return true;
    return false;
}

static int number_cmp(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_cmp(enum sort_by by, const struct sort_entry *a, const struct sort_entry *b)
{
    switch (by) {
    case SORT_ARRIVAL:
        return number_cmp(a->arrival, b->arrival);
    case SORT_SIZE:
        return a->size < b->size ? -1 : a->size > b->size;
    case SORT_DATE:
        return number_cmp(a->date, b->date);
    case SORT_CC:
        return str_cmp(a->cc, b->cc);
    case SORT_FROM:
        return str_cmp(a->from, b->from);
    case SORT_SUBJECT:
        return str_cmp(a->subject, b->subject);
    case SORT_TO:
        return str_cmp(a->to, b->to);
    }
    return 0;
}

static int entry_cmp(const void *x, const void *y, void *arg)
{
    const struct sort_order *order = arg;
    const struct sort_entry *a = x;
    const struct sort_entry *b = y;
    for (size_t i = 0; i < order->n; i++) {
        int c = by_cmp(order->keys[i].by, a, b);
        if (c != 0)
            return order->keys[i].reverse ? -c : c;
    }
    return a->row < b->row ? -1 : a->row > b->row;
}

void sort_run(const struct sort_order *order, struct sort_entry *entries, size_t n)
{
    struct sort_order copy = *order;
    if (n > 0)
        qsort_r(entries, n, sizeof *entries, entry_cmp, &copy);
}

/* ---- texts ---- */

struct str sort_text(struct arena *a, struct str utf8)
{
    struct buf text = BUF_INIT(4 * TEXT_MAX);
    utf8_casemap(&text, str_head(utf8, utf8_cut(utf8, TEXT_MAX)));
    struct str kept = arena_str(a, buf_str(&text));
    buf_free(&text);
    return kept;
}

struct str sort_mailbox(struct arena *a, struct str field)
{
    struct mime_addr first = { 0 };
    struct arena *scratch = arena_new(1024);
    /* The first address alone is read, of fields of any length. */
    size_t n = mime_addr_list(scratch, str_head(field, TEXT_MAX), &first, 1);
    struct str text = sort_text(a, n == 0 ? STR("") : first.group_start ? first.name : first.local);
    arena_free(&scratch);
    return text;
}

/* ---- base subjects ---- */

static bool trailer_cut(struct str *s, bool *reply)
{
    size_t before = s->n;
    while (s->n > 0 && s->p[s->n - 1] == ' ')
        s->n--;
    if (s->n >= 5 && str_ieqc(str_skip(*s, s->n - 5), "(fwd)")) {
        s->n -= 5;
        *reply = true;
    }
    return s->n != before;
}

/* subj-blob: "[" no brackets "]" and the blanks behind it. */
static bool blob_take(struct str *s)
{
    size_t i = 1;
    if (s->n == 0 || s->p[0] != '[')
        return false;
    while (i < s->n && s->p[i] != '[' && s->p[i] != ']')
        i++;
    if (i == s->n || s->p[i] != ']')
        return false;
    *s = str_skip(*s, i + 1);
    while (s->n > 0 && s->p[0] == ' ')
        *s = str_skip(*s, 1);
    return true;
}

/* subj-refwd: "re" or "fw" or "fwd", blanks, a blob, ":". */
static bool refwd_take(struct str *s)
{
    struct str rest = *s;
    if (str_ilit(&rest, "re") != 0 && str_ilit(&rest, "fwd") != 0 && str_ilit(&rest, "fw") != 0)
        return false;
    while (rest.n > 0 && rest.p[0] == ' ')
        rest = str_skip(rest, 1);
    blob_take(&rest);
    if (str_lit(&rest, ":") != 0)
        return false;
    *s = rest;
    return true;
}

/* subj-leader: blobs in front of a subj-refwd, or a blank. */
static bool leader_cut(struct str *s, bool *reply)
{
    struct str rest = *s;
    if (s->n > 0 && s->p[0] == ' ') {
        *s = str_skip(*s, 1);
        return true;
    }
    while (blob_take(&rest))
        ;
    if (!refwd_take(&rest))
        return false;
    *s = rest;
    *reply = true;
    return true;
}

static bool blob_cut(struct str *s)
{
    struct str rest = *s;
    if (!blob_take(&rest) || rest.n == 0)
        return false;
    *s = rest;
    return true;
}

/* Blobs in a row are passed over from each of them again: not in long subjects. */
enum { SUBJECT_MAX = 1000 };

struct str sort_base_subject(struct str decoded, struct buf *out, bool *reply)
{
    *reply = false;
    buf_clear(out);
    decoded = str_head(decoded, utf8_cut(decoded, SUBJECT_MAX));
    for (size_t i = 0; i < decoded.n; i++) {
        bool blank = decoded.p[i] == ' ' || decoded.p[i] == '\t';
        if (!blank || out->len == 0 || out->data[out->len - 1] != ' ')
            buf_addc(out, blank ? ' ' : decoded.p[i]);
    }
    struct str s = buf_str(out);
    for (;;) {
        while (trailer_cut(&s, reply))
            ;
        while (leader_cut(&s, reply) || blob_cut(&s))
            ;
        if (!str_istarts(s, "[fwd:") || !str_ends(s, "]"))
            return s;
        s = str_skip(str_head(s, s.n - 1), 5);
        *reply = true;
    }
}
