/* SPDX-License-Identifier: MIT */
#include "tui/list.h"

#include "base/banned.h"

static void window_follow(struct list *l)
{
    if (l->cursor < l->top)
        l->top = l->cursor;
    if (l->cursor >= l->top + l->height)
        l->top = l->cursor - l->height + 1;
    if (l->n <= l->height)
        l->top = 0;
    else if (l->top > l->n - l->height)
        l->top = l->n - l->height;
}

void list_set(struct list *l, size_t n, size_t height)
{
    l->n = n;
    l->height = height > 0 ? height : 1;
    if (l->cursor >= n)
        l->cursor = n > 0 ? n - 1 : 0;
    window_follow(l);
}

void list_go(struct list *l, size_t row)
{
    l->cursor = row < l->n ? row : l->n > 0 ? l->n - 1 : 0;
    window_follow(l);
}

static size_t moved(size_t from, long by, size_t max)
{
    if (by < 0)
        return (size_t)-by > from ? 0 : from - (size_t)-by;
    return (size_t)by > max - from ? max : from + (size_t)by;
}

bool list_move(struct list *l, long rows)
{
    size_t was = l->cursor;
    if (l->n == 0)
        return false;
    list_go(l, moved(was, rows, l->n - 1));
    return l->cursor != was;
}

bool list_page(struct list *l, long rows)
{
    size_t top = l->top, cursor = l->cursor;
    if (l->n == 0)
        return false;
    l->top = moved(top, rows, l->n > l->height ? l->n - l->height : 0);
    l->cursor = moved(cursor, rows, l->n - 1);
    window_follow(l);
    return l->top != top || l->cursor != cursor;
}
