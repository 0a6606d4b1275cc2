/* SPDX-License-Identifier: MIT */
#include "tui/editor.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "base/banned.h"

enum { CTRL_A = 1, CTRL_C = 3, CTRL_D = 4, CTRL_E = 5, CTRL_K = 11, CTRL_X = 24, CTRL_Y = 25 };

static void relayout(struct editor *e)
{
    wrap_text(&e->wrap, buf_str(&e->text), e->width, true);
    size_t line = wrap_line_of(&e->wrap, e->at);
    if (line < e->top)
        e->top = line;
    if (line >= e->top + e->height)
        e->top = line - e->height + 1;
}

int editor_init(struct editor *e, struct str text, struct error *err)
{
    *e = (struct editor){ .width = 80, .height = 20 };
    buf_init(&e->text, EDITOR_MAX);
    buf_init(&e->cut, EDITOR_MAX);
    buf_add_str(&e->text, text);
    if (buf_check(&e->text, err) != 0) {
        buf_free(&e->text);
        return error_prefix(err, _("too long for the built-in editor (set VISUAL): "));
    }
    relayout(e);
    return 0;
}

void editor_clear(struct editor *e)
{
    buf_free(&e->text);
    buf_free(&e->cut);
    wrap_free(&e->wrap);
}

void editor_layout(struct editor *e, unsigned width, unsigned height)
{
    e->width = width > 1 ? width : 2;
    e->height = height > 0 ? height : 1;
    relayout(e);
}

static void insert(struct editor *e, struct str s)
{
    size_t tail = e->text.len - e->at;
    if (s.n == 0 || buf_room(&e->text, s.n) == NULL) {
        e->text.over = false;
        return;
    }
    memmove(e->text.data + e->at + s.n, e->text.data + e->at, tail);
    memcpy(e->text.data + e->at, s.p, s.n);
    buf_grown(&e->text, s.n);
    e->at += s.n;
    e->changed = true;
}

static void cut(struct editor *e, size_t from, size_t to)
{
    if (from >= to)
        return;
    memmove(e->text.data + from, e->text.data + to, e->text.len - to);
    buf_truncate(&e->text, e->text.len - (to - from));
    e->at = from;
    e->changed = true;
}

static size_t before(const struct editor *e)
{
    size_t at = e->at;
    if (at == 0)
        return 0;
    do
        at--;
    while (at > 0 && ((unsigned char)e->text.data[at] & 0xC0) == 0x80);
    struct str one = { e->text.data + at, e->at - at };
    uint32_t cp = 0;
    utf8_next(&one, &cp);
    if (at > 0 && cp >= 0x300 && utf8_cp_width(cp) == 0) { /* combining: take its base along */
        struct editor base = { .text = e->text, .at = at };
        return before(&base);
    }
    return at;
}

static size_t behind(const struct editor *e)
{
    struct str rest = str_skip(buf_str(&e->text), e->at), cluster;
    unsigned w;
    return utf8_cluster(&rest, &cluster, &w) ? e->at + cluster.n : e->at;
}

static struct wrap_line line_now(const struct editor *e)
{
    return e->wrap.lines[wrap_line_of(&e->wrap, e->at)];
}

static unsigned column(const struct editor *e)
{
    struct wrap_line l = line_now(e);
    struct str s = { e->text.data + l.start, e->at - l.start };
    unsigned col = 0, w;
    while (s.n > 0 && wrap_step(&s, col, &w))
        col += w;
    return col;
}

static void move_lines(struct editor *e, long by)
{
    size_t line = wrap_line_of(&e->wrap, e->at);
    if (!e->goal_set)
        e->goal = column(e);
    if (by < 0)
        line = (size_t)-by > line ? 0 : line - (size_t)-by;
    else
        line = line + (size_t)by < e->wrap.n ? line + (size_t)by : e->wrap.n - 1;
    struct wrap_line l = e->wrap.lines[line];
    struct str s = { l.length > 0 ? e->text.data + l.start : "", l.length };
    unsigned col = 0, w;
    bool last = line + 1 == e->wrap.n || e->wrap.lines[line + 1].start > l.start + l.length;
    while (s.n > (last ? 0u : 1u)) {
        struct str ahead = s;
        wrap_step(&ahead, col, &w);
        if (col + w > e->goal)
            break;
        col += w;
        s = ahead;
    }
    e->at = l.start + l.length - s.n;
    e->goal_set = true;
}

/* ^K: the line with its end, as one types in nano and mutt's prompts alike. */
static void cut_line(struct editor *e)
{
    struct str all = buf_str(&e->text);
    size_t from = e->at, to = e->at + str_find(str_skip(all, e->at), '\n');
    while (from > 0 && all.p[from - 1] != '\n')
        from--;
    if (to < all.n)
        to++;
    buf_clear(&e->cut);
    buf_add_str(&e->cut, (struct str){ all.p + from, to - from });
    cut(e, from, to);
}

static void line_edges(struct editor *e, uint32_t key)
{
    struct wrap_line l = line_now(e);
    bool wrapped = l.start + l.length < e->text.len && e->text.data[l.start + l.length] != '\n';
    e->at = key == TERM_KEY_HOME || key == CTRL_A ? l.start
                                                  : l.start + l.length - (wrapped && l.length > 0);
}

static void move_key(struct editor *e, uint32_t key)
{
    if (key == TERM_KEY_LEFT)
        e->at = before(e);
    else if (key == TERM_KEY_RIGHT)
        e->at = behind(e);
    else if (key == TERM_KEY_HOME || key == CTRL_A || key == TERM_KEY_END || key == CTRL_E)
        line_edges(e, key);
    else if (key == TERM_KEY_BACKSPACE)
        cut(e, before(e), e->at);
    else if (key == TERM_KEY_DELETE)
        cut(e, e->at, behind(e));
    else if (key == CTRL_K)
        cut_line(e);
    else if (key == CTRL_Y)
        insert(e, buf_str(&e->cut));
}

static bool move_vertically(struct editor *e, uint32_t key)
{
    long page = e->height > 1 ? (long)e->height - 1 : 1;
    if (key == TERM_KEY_UP)
        move_lines(e, -1);
    else if (key == TERM_KEY_DOWN)
        move_lines(e, 1);
    else if (key == TERM_KEY_PGUP)
        move_lines(e, -page);
    else if (key == TERM_KEY_PGDN)
        move_lines(e, page);
    else
        return false;
    return true;
}

enum editor_result editor_key(struct editor *e, const struct term_input *in)
{
    struct buf typed = BUF_INIT(8);
    if (in->alt)
        return EDITOR_MORE;
    if (in->key == CTRL_C)
        return EDITOR_ABORT;
    if (in->key == CTRL_X || in->key == CTRL_D)
        return EDITOR_DONE;
    if (!move_vertically(e, in->key)) {
        e->goal_set = false;
        if (in->key == TERM_KEY_ENTER || in->key == TERM_KEY_TAB ||
            (in->key >= 0x20 && in->key < 0x110000)) {
            utf8_put(&typed, in->key == TERM_KEY_ENTER ? '\n' : in->key);
            insert(e, buf_str(&typed));
            buf_free(&typed);
        } else
            move_key(e, in->key);
    }
    relayout(e);
    return EDITOR_MORE;
}

void editor_paste(struct editor *e, struct str text)
{
    insert(e, text);
    e->goal_set = false;
    relayout(e);
}

void editor_draw(const struct editor *e, struct grid *g, unsigned row, unsigned col)
{
    for (size_t i = 0; i < e->height && e->top + i < e->wrap.n; i++) {
        struct wrap_line l = e->wrap.lines[e->top + i];
        struct str line = { l.length > 0 ? e->text.data + l.start : "", l.length };
        wrap_put(g, row + (unsigned)i, col, col, line, THEME_TEXT);
    }
    grid_cursor(g, row + (unsigned)(wrap_line_of(&e->wrap, e->at) - e->top), col + column(e));
}
