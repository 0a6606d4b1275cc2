/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "mime/addr.h"
#include "base/banned.h"

enum { WHO_ADDRESSES_MAX = 1, DATE_WIDTH = 8, DATE_NARROW = 6, BYTES_WIDTH = 5, MARKS_WIDTH = 4 };

/* The first person of a field. A name that holds an @ could be another's address: then the address
 * is shown. */
static struct str who_of(struct arena *a, struct str field)
{
    struct mime_addr addr[WHO_ADDRESSES_MAX];
    struct buf out = BUF_INIT(4096);
    if (mime_addr_list(a, field, addr, COUNT(addr)) == 0)
        return field;
    if (addr[0].name.n > 0 && str_find(addr[0].name, '@') == addr[0].name.n)
        return addr[0].name;
    mime_addr_spec(&addr[0], &out);
    struct str s = arena_str(a, buf_str(&out));
    buf_free(&out);
    return s.n > 0 ? s : field;
}

static size_t window_max(const struct ui *u)
{
    return 2 * (size_t)ui_body_rows(u);
}

/* A key before row in display order, so that a page that begins behind it begins with row. */
static struct cache_key key_before(const struct ui_row *r)
{
    struct cache_key k = r->row.key;
    k.id++;
    return k;
}

static void rows_fill(struct ui *u, struct arena *a, struct cache_row *raw, size_t n)
{
    struct ui_index *x = &u->index;
    bool own = x->folder.role == ROLE_SENT || x->folder.role == ROLE_DRAFTS;
    x->rows = arena_array(a, n + 1, sizeof *x->rows);
    for (size_t i = 0; i < n; i++) {
        struct str from = own ? raw[i].to : raw[i].from;
        x->rows[i].row = raw[i];
        x->rows[i].who = who_of(a, from);
        if (own)
            x->rows[i].who = str_c(arena_fmt(a, _("To %.*s"), STR_ARG(x->rows[i].who)));
    }
    x->n = n;
    ui_changes_apply(u, x->rows, &x->n);
}

static void counts_load(struct ui *u)
{
    struct ui_index *x = &u->index;
    struct error err;
    if (cache_list_count(u->cache, &x->query, &x->total, &x->unread, &err) != 0)
        ui_error(u, &err);
    x->base = 0;
    if (x->n > 0 && cache_list_position(u->cache, &x->query, &x->rows[0].row.key, &x->base, &err))
        x->base = 0;
}

/* Reads the window that begins behind key (NULL: at the first row); CACHE_PREV with NULL: the last
 * rows. */
static void window_load(struct ui *u, const struct cache_key *key, enum cache_dir dir)
{
    struct ui_index *x = &u->index;
    size_t n = window_max(u), max = n;
    struct error err;
    if (u->cache == NULL)
        return;
    struct arena *a = arena_new(32 << 10);
    struct cache_row *raw = arena_array(a, n, sizeof *raw);
    if (cache_list(u->cache, a, &x->query, key, dir, raw, &n, &err) != 0) {
        ui_error(u, &err);
        arena_free(&a);
        return;
    }
    struct arena *old = x->arena;
    x->arena = a;
    x->at_end = dir == CACHE_PREV || n < max;
    rows_fill(u, a, raw, n);
    arena_free(&old);
    counts_load(u);
    list_set(&x->list, x->n, ui_body_rows(u));
}

/* Cursor and first visible row as they were, as far as the rows are there. */
static void window_restore(struct ui *u, int64_t top, int64_t cursor)
{
    struct ui_index *x = &u->index;
    size_t top_row = x->list.top;
    for (size_t i = 0; i < x->n; i++) {
        if (x->rows[i].row.id == top)
            top_row = i;
        if (x->rows[i].row.id == cursor)
            x->list.cursor = i;
    }
    x->list.top = top_row;
    list_go(&x->list, x->list.cursor);
}

static int64_t id_at(const struct ui_index *x, size_t row)
{
    return row < x->n ? x->rows[row].row.id : 0;
}

/* Makes rows[top] the first of the window; or, for back, puts a screen of rows before it. */
static void window_shift(struct ui *u, bool back)
{
    struct ui_index *x = &u->index;
    struct error err;
    if (x->n == 0)
        return;
    int64_t top = id_at(x, x->list.top), cursor = id_at(x, x->list.cursor);
    struct cache_key key = key_before(&x->rows[x->list.top]);
    bool from_top = false;
    if (back) {
        size_t n = ui_body_rows(u);
        struct arena *a = arena_new(16 << 10);
        struct cache_row *raw = arena_array(a, n, sizeof *raw);
        from_top = cache_list(u->cache, a, &x->query, &x->rows[0].row.key, CACHE_PREV, raw, &n,
                              &err) != 0 ||
                   n < ui_body_rows(u);
        if (!from_top) {
            key = raw[0].key;
            key.id++;
        }
        arena_free(&a);
    }
    window_load(u, from_top ? NULL : &key, CACHE_NEXT);
    window_restore(u, top, cursor);
}

/* The cursor stays on its message whatever comes in: who is about to press d must not hit another.
 * A window that shows the newest goes on showing the newest. */
void ui_index_reload(struct ui *u)
{
    struct ui_index *x = &u->index;
    int64_t top = id_at(x, x->list.top), cursor = id_at(x, x->list.cursor);
    bool first = x->n == 0 || x->base == 0;
    bool newest = first && x->list.top == 0;
    struct cache_key key = { 0 };
    if (!first)
        key = key_before(&x->rows[0]);
    window_load(u, first ? NULL : &key, CACHE_NEXT);
    if (x->n < ui_body_rows(u) && !first)
        window_load(u, NULL, CACHE_PREV);
    if (newest)
        top = id_at(x, 0);
    window_restore(u, top, x->fresh ? top : cursor);
    if (!x->fresh && id_at(x, x->list.cursor) != cursor)
        ui_index_seek(u, cursor); /* more came than the window holds */
}

void ui_index_resize(struct ui *u)
{
    list_set(&u->index.list, u->index.n, ui_body_rows(u)); /* the cursor back into sight */
    if (u->index.n > 0)
        window_shift(u, false);
}

void ui_index_move(struct ui *u, long rows)
{
    struct ui_index *x = &u->index;
    if (rows > 0 && !x->at_end && x->list.cursor + (size_t)rows >= x->n)
        window_shift(u, false);
    if (rows < 0 && x->base > 0 && (size_t)-rows > x->list.cursor)
        window_shift(u, true);
    if (!list_move(&x->list, rows))
        ui_status(u, rows > 0 ? _("This is the last message") : _("This is the first message"));
}

void ui_index_page(struct ui *u, long rows)
{
    struct ui_index *x = &u->index;
    if (rows > 0 && !x->at_end && x->list.top + x->list.height + (size_t)rows > x->n)
        window_shift(u, false);
    if (rows < 0 && x->base > 0 && (size_t)-rows > x->list.top)
        window_shift(u, true);
    list_page(&x->list, rows);
}

void ui_index_end(struct ui *u, bool last)
{
    struct ui_index *x = &u->index;
    if (last ? !x->at_end : x->base > 0)
        window_load(u, NULL, last ? CACHE_PREV : CACHE_NEXT);
    list_go(&x->list, last ? x->n : 0);
}

static bool is_found(const struct cache_query *q, int64_t message)
{
    for (size_t i = 0; i < q->hits_n; i++)
        if (q->hits[i].key.id == message)
            return true;
    return false;
}

void ui_index_seek(struct ui *u, int64_t message)
{
    struct ui_index *x = &u->index;
    struct arena *a = arena_new(4096);
    struct cache_row row;
    struct error err;
    for (size_t i = 0; i < x->n; i++)
        if (x->rows[i].row.id == message) {
            list_go(&x->list, i);
            arena_free(&a);
            return;
        }
    if (x->query.kind == LIST_FOUND && !is_found(&x->query, message)) {
        arena_free(&a);
        return;
    }
    int64_t folder = x->query.kind == LIST_FOLDER ? x->query.folder : 0;
    if (u->cache != NULL && cache_row_get(u->cache, a, message, folder, &row, &err) == 0 &&
        (folder == 0 || row.folder == folder)) {
        struct cache_key key = row.key;
        key.id++;
        window_load(u, &key, CACHE_NEXT);
        list_go(&x->list, 0);
    }
    arena_free(&a);
}

void ui_index_unread(struct ui *u)
{
    struct ui_index *x = &u->index;
    struct arena *a = arena_new(4096);
    struct ui_row *r = ui_index_row(u);
    struct cache_row row;
    struct error err;
    int rc = 1;
    if (u->cache != NULL && r != NULL) {
        rc = cache_list_unread(u->cache, a, &x->query, &r->row.key, &row, &err);
        if (rc == 1)
            rc = cache_list_unread(u->cache, a, &x->query, NULL, &row, &err);
    }
    if (rc == 0)
        ui_index_seek(u, row.id);
    else if (rc == 1)
        ui_status(u, _("No unread mail here"));
    else
        ui_error(u, &err);
    arena_free(&a);
}

struct ui_row *ui_index_row(struct ui *u)
{
    return u->index.n > 0 ? &u->index.rows[u->index.list.cursor] : NULL;
}

void ui_index_clear(struct ui *u)
{
    arena_free(&u->index.arena);
}

static void list_open(struct ui *u)
{
    struct ui_index *x = &u->index;
    x->list = (struct list){ .height = ui_body_rows(u) };
    x->n = 0;
    x->base = 0;
    window_load(u, NULL, CACHE_NEXT);
    x->fresh = x->n == 0;
}

void ui_index_open_found(struct ui *u, struct str text)
{
    struct ui_index *x = &u->index;
    x->query = (struct cache_query){ .kind = LIST_FOUND };
    x->folder = (struct cache_folder){ 0 };
    snprintf(x->title, sizeof x->title, _("Found: %.*s"), STR_ARG(str_head(text, 200)));
    list_open(u);
}

void ui_index_open(struct ui *u, const struct cache_folder *folder)
{
    struct ui_index *x = &u->index;
    ui_search_left(u);
    x->query = (struct cache_query){ .kind = LIST_INBOXES };
    x->folder = (struct cache_folder){ 0 };
    snprintf(x->title, sizeof x->title, "%s", _("All inboxes"));
    if (folder != NULL) {
        x->query = (struct cache_query){ .kind = LIST_FOLDER, .folder = folder->id };
        snprintf(x->title, sizeof x->title, "%.*s", STR_ARG(folder->name));
        x->folder = *folder;
        x->folder.name = str_c(x->title);
    }
    list_open(u);
}

/* "INBOX", or "work: INBOX" where there are several accounts. */
static bool folder_is(struct ui *u, struct arena *a, const struct cache_folder *f, struct str typed)
{
    struct str account, rest = typed;
    struct error err;
    if (str_eq(f->name, typed) || (f->role == ROLE_INBOX && str_ieqc(typed, "inbox")))
        return true;
    return cache_account_name(u->cache, a, f->account, &account, &err) == 0 &&
           str_istarts(typed, account.p) && (rest = str_skip(typed, account.n)).n > 1 &&
           rest.p[0] == ':' && str_eq(str_trim(str_skip(rest, 1)), f->name);
}

int ui_index_open_name(struct ui *u, struct str name)
{
    struct arena *a = arena_new(4096);
    struct cache_folder *f;
    struct error err;
    size_t n = 0, found = 0;
    if (u->cache == NULL || cache_folders(u->cache, a, 0, &f, &n, &err) != 0) {
        arena_free(&a);
        return -1;
    }
    if (name.n == 0 && u->start->config->accounts_n > 1) {
        ui_index_open(u, NULL);
        arena_free(&a);
        return 0;
    }
    while (found < n && !folder_is(u, a, &f[found], name.n > 0 ? name : STR("INBOX")))
        found++;
    if (found < n)
        ui_index_open(u, &f[found]);
    else if (name.n > 0)
        ui_status(u, _("There is no folder “%.*s”"), STR_ARG(name));
    arena_free(&a);
    return found < n ? 0 : -1;
}

static void date_show(int64_t at, bool narrow, char *out, size_t max)
{
    time_t t = (time_t)at, now = (time_t)(clock_wall_ms() / 1000);
    struct tm tm, today;
    out[0] = '\0';
    if (localtime_r(&t, &tm) == NULL || localtime_r(&now, &today) == NULL)
        return;
    if (tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday)
        strftime(out, max, "%H:%M", &tm);
    else
        strftime(out, max, narrow || tm.tm_year == today.tm_year ? "%e %b" : "%b %Y", &tm);
}

static void size_show(uint64_t n, char *out, size_t max)
{
    if (n < 1000)
        snprintf(out, max, "%u", (unsigned)n);
    else if (n < 10000)
        snprintf(out, max, "%.1fk", (double)n / 1000);
    else if (n < 1000000)
        snprintf(out, max, "%uk", (unsigned)(n / 1000));
    else
        snprintf(out, max, "%.*fM", n < 10000000 ? 1 : 0, (double)n / 1e6);
}

static void row_draw(struct ui *u, unsigned at, const struct ui_row *r, bool cursor)
{
    unsigned flags = r->row.flags, col = 0, sel = cursor ? THEME_SELECTED : 0;
    unsigned role = (flags & CACHE_SEEN ? THEME_TEXT : THEME_STRONG) | sel;
    char date[40], size[24], marks[8], right[32];
    unsigned who = u->cols < 60 ? 9 : u->cols < 100 ? 18 : 26;
    date_show(r->row.date, u->cols < 60, date, sizeof date);
    size_show(r->row.size, size, sizeof size);
    snprintf(marks, sizeof marks, "%c%c%c ",
             !(flags & CACHE_SEEN)     ? 'N'
             : flags & CACHE_ANSWERED  ? 'r'
             : flags & CACHE_FORWARDED ? 'f'
                                       : ' ',
             flags & CACHE_FLAGGED ? '!' : ' ', flags & CACHE_ATTACHMENT ? '+' : ' ');
    col += grid_put_fit(u->grid, at, col, MARKS_WIDTH, str_c(marks),
                        (flags & CACHE_FLAGGED ? THEME_MARK | sel : role));
    col +=
        grid_put_fit(u->grid, at, col, u->cols < 60 ? DATE_NARROW : DATE_WIDTH, str_c(date), role);
    col += grid_put_fit(u->grid, at, col, 1, STR(""), role);
    col += grid_put_fit(u->grid, at, col, who, r->who, role);
    col += grid_put_fit(u->grid, at, col, 1, STR(""), role);
    unsigned size_width = u->cols >= 60 ? BYTES_WIDTH + 1 : 0;
    unsigned rest = u->cols > col + size_width ? u->cols - col - size_width : 0;
    struct str subject = r->row.subject.n > 0 ? r->row.subject : str_c(_("(no subject)"));
    col += grid_put_fit(u->grid, at, col, rest, subject, role);
    snprintf(right, sizeof right, "%*s", (int)size_width, size);
    grid_put_fit(u->grid, at, col, size_width, str_c(right), role);
}

void ui_index_draw(struct ui *u)
{
    struct ui_index *x = &u->index;
    for (size_t i = 0; i < x->list.height && x->list.top + i < x->n; i++)
        row_draw(u, 1 + (unsigned)i, &x->rows[x->list.top + i], x->list.top + i == x->list.cursor);
    if (x->n == 0)
        grid_put(u->grid, 2, 2,
                 str_c(x->query.kind == LIST_FOUND ? _("Nothing was found yet")
                       : x->query.folder == 0      ? _("No mail here yet")
                                                   : _("This folder is empty")),
                 THEME_DIM);
}
