/* SPDX-License-Identifier: MIT */
#include "tui/lineedit.h"

#include "base/utf8.h"
#include "base/banned.h"

enum {
    CTRL_A = 1,
    CTRL_B = 2,
    CTRL_C = 3,
    CTRL_D = 4,
    CTRL_E = 5,
    CTRL_F = 6,
    CTRL_G = 7,
    CTRL_K = 11,
    CTRL_U = 21,
    CTRL_W = 23
};

void lineedit_init(struct lineedit *l, struct str text, bool hidden)
{
    *l = (struct lineedit){ .hidden = hidden };
    buf_init(&l->text, LINEEDIT_MAX);
    lineedit_set(l, text);
}

void lineedit_set(struct lineedit *l, struct str text)
{
    buf_clear(&l->text);
    buf_add_str(&l->text, text);
    l->at = l->text.len;
}

void lineedit_clear(struct lineedit *l)
{
    buf_wipe(&l->text);
    l->at = 0;
}

static void insert(struct lineedit *l, struct str s)
{
    size_t tail = l->text.len - l->at;
    if (buf_room(&l->text, s.n) == NULL) {
        l->text.over = false; /* what does not fit is not typed */
        return;
    }
    memmove(l->text.data + l->at + s.n, l->text.data + l->at, tail);
    memcpy(l->text.data + l->at, s.p, s.n);
    buf_grown(&l->text, s.n);
    l->at += s.n;
}

static void cut(struct lineedit *l, size_t from, size_t to)
{
    memmove(l->text.data + from, l->text.data + to, l->text.len - to);
    buf_truncate(&l->text, l->text.len - (to - from));
    l->at = from;
}

static size_t before(const struct lineedit *l)
{
    size_t at = 0, last = 0;
    struct str rest = buf_str(&l->text), cluster;
    unsigned w;
    while (at < l->at && utf8_cluster(&rest, &cluster, &w)) {
        last = at;
        at += cluster.n;
    }
    return last;
}

static size_t behind(const struct lineedit *l)
{
    struct str rest = str_skip(buf_str(&l->text), l->at), cluster;
    unsigned w;
    return utf8_cluster(&rest, &cluster, &w) ? l->at + cluster.n : l->at;
}

static size_t word_start(const struct lineedit *l)
{
    size_t at = l->at;
    while (at > 0 && l->text.data[at - 1] == ' ')
        at--;
    while (at > 0 && l->text.data[at - 1] != ' ')
        at--;
    return at;
}

static bool edit_key(struct lineedit *l, uint32_t key)
{
    if (l->text.len == 0 && key != CTRL_A && key != CTRL_E)
        return false;
    if (key == TERM_KEY_BACKSPACE)
        cut(l, before(l), l->at);
    else if (key == TERM_KEY_DELETE || key == CTRL_D)
        cut(l, l->at, behind(l));
    else if (key == CTRL_K)
        cut(l, l->at, l->text.len);
    else if (key == CTRL_U)
        cut(l, 0, l->at);
    else if (key == CTRL_W)
        cut(l, word_start(l), l->at);
    else
        return false;
    return true;
}

static void move_key(struct lineedit *l, uint32_t key)
{
    if (key == TERM_KEY_LEFT || key == CTRL_B)
        l->at = before(l);
    else if (key == TERM_KEY_RIGHT || key == CTRL_F)
        l->at = behind(l);
    else if (key == TERM_KEY_HOME || key == CTRL_A)
        l->at = 0;
    else if (key == TERM_KEY_END || key == CTRL_E)
        l->at = l->text.len;
}

enum lineedit_result lineedit_key(struct lineedit *l, const struct term_input *in)
{
    struct buf typed = BUF_INIT(8);
    if (in->alt)
        return LINE_MORE;
    if (in->key == TERM_KEY_ENTER)
        return LINE_DONE;
    if (in->key == TERM_KEY_ESC || in->key == CTRL_C || in->key == CTRL_G)
        return LINE_CANCEL;
    if (in->key == TERM_KEY_TAB)
        return LINE_COMPLETE;
    if (in->key >= 0x20 && in->key < 0x110000) {
        utf8_put(&typed, in->key);
        insert(l, buf_str(&typed));
        buf_free(&typed);
    } else if (!edit_key(l, in->key))
        move_key(l, in->key);
    return LINE_MORE;
}

enum lineedit_result lineedit_paste(struct lineedit *l, struct str text)
{
    struct buf clean = BUF_INIT(TERM_PASTE_MAX);
    text = str_trim(text);
    for (size_t i = 0; i < text.n; i++)
        buf_addc(&clean, (unsigned char)text.p[i] < 0x20 ? ' ' : text.p[i]);
    if (clean.len > 0)
        insert(l, buf_str(&clean));
    buf_wipe(&clean);
    return LINE_MORE;
}

void lineedit_draw(const struct lineedit *l, struct grid *g, unsigned row, unsigned col,
                   unsigned width)
{
    struct str all = buf_str(&l->text), head = str_head(all, l->at);
    unsigned w, used = grid_width(head);
    if (width == 0)
        return;
    if (l->hidden) {
        grid_put_fit(g, row, col, width, STR(""), THEME_TEXT);
        grid_cursor(g, row, col);
        return;
    }
    while (used >= width && grid_step(&head, &w)) { /* what stands left of the window */
        used -= w;
        all = str_skip(all, all.n - (size_t)(l->text.data + l->text.len - head.p));
    }
    grid_put_fit(g, row, col, width, all, THEME_TEXT);
    grid_cursor(g, row, col + used);
}
