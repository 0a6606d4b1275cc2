/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

void ui_lists_clear(struct ui *u)
{
    arena_free(&u->folders.arena);
    arena_free(&u->outbox.arena);
    arena_free(&u->drafts.arena);
}

static void failed(struct ui *u, struct arena **a, const struct error *err)
{
    if (u->cache != NULL)
        ui_error(u, err);
    arena_free(a);
}

void ui_folders_load(struct ui *u)
{
    struct ui_folders *v = &u->folders;
    struct arena *a = arena_new(8 << 10);
    struct cache_folder *rows;
    struct error err;
    size_t n;
    if (u->cache == NULL || cache_folders(u->cache, a, 0, &rows, &n, &err) != 0) {
        failed(u, &a, &err);
        return;
    }
    arena_free(&v->arena);
    v->arena = a;
    v->rows = rows;
    v->n = n;
    list_set(&v->list, n, ui_body_rows(u));
}

void ui_folders_open(struct ui *u)
{
    u->folders.list = (struct list){ 0 };
    ui_folders_load(u);
    for (size_t i = 0; i < u->folders.n; i++)
        if (u->folders.rows[i].id == u->index.folder.id)
            list_go(&u->folders.list, i);
    ui_push(u, VIEW_FOLDERS);
}

void ui_folders_draw(struct ui *u)
{
    struct ui_folders *v = &u->folders;
    for (size_t i = 0; i < v->list.height && v->list.top + i < v->n; i++) {
        const struct cache_folder *f = &v->rows[v->list.top + i];
        bool cursor = v->list.top + i == v->list.cursor;
        unsigned role = (f->unread > 0 ? THEME_STRONG : THEME_TEXT) | (cursor ? THEME_SELECTED : 0);
        unsigned row = 1 + (unsigned)i, col = 0;
        char counts[64];
        struct str account = { 0 };
        struct error err;
        snprintf(counts, sizeof counts, "%6lld %6lld ", (long long)f->unread, (long long)f->total);
        col += grid_put_fit(u->grid, row, 0, 15, str_c(counts), role);
        struct arena *a = arena_new(256);
        if (u->start->config->accounts_n > 1 &&
            cache_account_name(u->cache, a, f->account, &account, &err) == 0) {
            col += grid_put(u->grid, row, col, account, role);
            col += grid_put(u->grid, row, col, STR(": "), role);
        }
        arena_free(&a);
        grid_put_fit(u->grid, row, col, u->cols - (col < u->cols ? col : u->cols), f->name, role);
    }
}

void ui_outbox_load(struct ui *u)
{
    struct ui_outbox *v = &u->outbox;
    struct arena *a = arena_new(8 << 10);
    struct outbox_entry *rows;
    struct error err;
    size_t n;
    if (u->cache == NULL || cache_outbox_list(u->cache, a, &rows, &n, &err) != 0) {
        failed(u, &a, &err);
        return;
    }
    arena_free(&v->arena);
    v->arena = a;
    v->rows = rows;
    v->n = n;
    list_set(&v->list, n, ui_body_rows(u) / 2);
}

void ui_outbox_open(struct ui *u)
{
    u->outbox.list = (struct list){ 0 };
    ui_outbox_load(u);
    ui_push(u, VIEW_OUTBOX);
}

static const char *state_name(const struct outbox_entry *e)
{
    switch (e->state) {
    case OUTBOX_QUEUED:
        return e->not_before > clock_wall_ms() / 1000 ? _("waits") : _("due");
    case OUTBOX_SENDING:
        return _("on its way");
    case OUTBOX_DOUBT:
        return _("IN DOUBT");
    case OUTBOX_FAILED:
        return _("FAILED");
    case OUTBOX_SENT:
        return _("sent");
    }
    return "";
}

/* For what waits longer than to be taken back: the time. */
static const char *until(const struct outbox_entry *e, char when[CLOCK_RFC5322_MAX])
{
    bool waits = e->state == OUTBOX_QUEUED && e->not_before > clock_wall_ms() / 1000 + 60;
    if (!waits)
        return "";
    clock_rfc5322(e->not_before, when);
    return when;
}

void ui_outbox_draw(struct ui *u)
{
    char when[CLOCK_RFC5322_MAX];
    struct ui_outbox *v = &u->outbox;
    if (v->n == 0)
        grid_put(u->grid, 2, 2, str_c(_("Nothing waits to be sent")), THEME_DIM);
    for (size_t i = 0; i < v->list.height && v->list.top + i < v->n; i++) {
        const struct outbox_entry *e = &v->rows[v->list.top + i];
        bool cursor = v->list.top + i == v->list.cursor;
        unsigned sel = cursor ? THEME_SELECTED : 0, row = 1 + 2 * (unsigned)i, col = 0;
        bool bad = e->state == OUTBOX_DOUBT || e->state == OUTBOX_FAILED;
        col += grid_put_fit(u->grid, row, 0, 11, str_c(state_name(e)),
                            (bad ? THEME_ERROR : THEME_TEXT) | sel);
        col += grid_put_fit(u->grid, row, col, 1, STR(""), sel);
        col += grid_put_fit(u->grid, row, col, u->cols > 60 ? 24 : 12,
                            e->rcpts_n > 0 ? e->rcpts[0].address : STR(""), sel);
        col += grid_put_fit(u->grid, row, col, 1, STR(""), sel);
        grid_put_fit(u->grid, row, col, u->cols, e->subject, sel);
        grid_put(u->grid, row + 1, 4, e->reason.n > 0 ? e->reason : str_c(until(e, when)),
                 THEME_NOTE);
    }
}

void ui_drafts_load(struct ui *u)
{
    struct ui_drafts *v = &u->drafts;
    struct arena *a = arena_new(8 << 10);
    struct draft_row *rows;
    struct error err;
    size_t n;
    if (u->cache == NULL || cache_draft_list(u->cache, a, &rows, &n, &err) != 0) {
        failed(u, &a, &err);
        return;
    }
    arena_free(&v->arena);
    v->arena = a;
    v->rows = rows;
    v->n = n;
    list_set(&v->list, n, ui_body_rows(u));
}

void ui_drafts_open(struct ui *u)
{
    u->drafts.list = (struct list){ 0 };
    ui_drafts_load(u);
    if (u->drafts.n == 0)
        ui_status(u, _("There are no drafts"));
    else
        ui_push(u, VIEW_DRAFTS);
}

void ui_drafts_draw(struct ui *u)
{
    struct ui_drafts *v = &u->drafts;
    for (size_t i = 0; i < v->list.height && v->list.top + i < v->n; i++) {
        const struct draft_row *d = &v->rows[v->list.top + i];
        unsigned role = v->list.top + i == v->list.cursor ? THEME_SELECTED : 0;
        unsigned row = 1 + (unsigned)i, col = 0;
        col += grid_put_fit(u->grid, row, 0, u->cols > 60 ? 26 : 14,
                            d->to.n > 0 ? d->to : str_c(_("(nobody yet)")), role);
        col += grid_put_fit(u->grid, row, col, 1, STR(""), role);
        bool came_back = d->reason.n > 0;
        col += grid_put_fit(u->grid, row, col, came_back ? u->cols / 4 : u->cols,
                            d->subject.n > 0 ? d->subject : str_c(_("(no subject)")), role);
        if (came_back)
            grid_put_fit(u->grid, row, col, u->cols, d->reason, THEME_ERROR | role);
    }
}
