/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "base/banned.h"

struct ui_row *ui_message(struct ui *u)
{
    for (size_t i = u->depth; i-- > 0;)
        if (u->stack[i] == VIEW_READER)
            return &u->reader.at;
    return ui_index_row(u);
}

static void change_add(struct ui *u, const struct ui_row *r, unsigned add, unsigned del, bool gone)
{
    if (u->changes_n ==
        UI_OVERLAY_MAX) /* the hand is far behind: the oldest is in the store by now */
        memmove(u->changes, u->changes + 1, --u->changes_n * sizeof u->changes[0]);
    u->changes[u->changes_n++] =
        (struct ui_change){ u->seq, r->row.id, r->row.folder, add, del, gone };
}

void ui_changes_done(struct ui *u, int64_t seq)
{
    size_t kept = 0;
    for (size_t i = 0; i < u->changes_n; i++)
        if (u->changes[i].seq != seq)
            u->changes[kept++] = u->changes[i];
    u->changes_n = kept;
}

static bool row_change(const struct ui *u, struct cache_row *row)
{
    bool gone = false;
    for (size_t i = 0; i < u->changes_n; i++) {
        const struct ui_change *c = &u->changes[i];
        if (c->message != row->id || c->folder != row->folder)
            continue;
        row->flags = (row->flags | c->add) & ~c->del;
        gone = gone || c->gone;
    }
    return gone;
}

void ui_changes_apply(struct ui *u, struct ui_row *rows, size_t *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (!row_change(u, &rows[i].row))
            rows[kept++] = rows[i];
    *n = kept;
}

static void ops_ask(struct ui *u, struct cache_op op, enum cache_role role)
{
    struct ask *a = ask_new(ASK_OPS);
    a->seq = u->seq;
    a->role = role;
    a->ops = xcalloc(1, sizeof op);
    a->ops[0] = op;
    a->ops_n = 1;
    ui_ask(u, a);
}

void ui_act_flags(struct ui *u, struct ui_row *r, unsigned add, unsigned del, bool quiet)
{
    if (r == NULL || r->row.folder == 0)
        return;
    u->seq++;
    unsigned was = r->row.flags;
    change_add(u, r, add, del, false);
    row_change(u, &r->row);
    for (size_t i = 0; i < u->index.n; i++)
        row_change(u, &u->index.rows[i].row);
    if ((was ^ r->row.flags) & CACHE_SEEN)
        u->index.unread += r->row.flags & CACHE_SEEN ? -1 : 1;
    ops_ask(u,
            (struct cache_op){ .account = r->row.account,
                               .message = r->row.id,
                               .folder = r->row.folder,
                               .kind = OP_FLAGS,
                               .add = add,
                               .del = del,
                               .quiet = quiet },
            ROLE_NONE);
}

/* The row is off the screen before the hand has heard of it. */
static void row_take_away(struct ui *u, const struct ui_row *r)
{
    struct ui_index *x = &u->index;
    change_add(u, r, 0, 0, true);
    if (!(r->row.flags & CACHE_SEEN) && x->unread > 0)
        x->unread--;
    if (x->total > 0)
        x->total--;
    ui_changes_apply(u, x->rows, &x->n);
    list_set(&x->list, x->n, ui_body_rows(u));
    if (x->n < ui_body_rows(u) && (!x->at_end || x->base > 0))
        ui_index_reload(u);
}

void ui_act_move(struct ui *u, int64_t target, enum cache_role role)
{
    struct ui_row *r = ui_message(u);
    if (r == NULL || r->row.folder == 0)
        return;
    struct ui_row copy = *r;
    bool reading = r == &u->reader.at;
    bool remove = role == ROLE_TRASH && u->index.folder.role == ROLE_TRASH;
    if (target == r->row.folder || (role != ROLE_NONE && !remove && role == u->index.folder.role)) {
        ui_status(u, _("It is in that folder already"));
        return;
    }
    u->seq++;
    row_take_away(u, &copy);
    ops_ask(u,
            (struct cache_op){ .account = copy.row.account,
                               .message = copy.row.id,
                               .folder = copy.row.folder,
                               .target = target,
                               .kind = remove ? OP_EXPUNGE : OP_MOVE },
            role);
    if (role == ROLE_TRASH)
        ui_status(u, remove ? _("Removed") : _("Deleted: u brings it back"));
    else
        ui_status(u, _("Moved: u brings it back"));
    if (reading)
        ui_reader_step(u, 0);
}

void ui_act_save(struct ui *u, struct str folder)
{
    struct ui_row *r = ui_message(u);
    struct arena *a = arena_new(4096);
    struct cache_folder f;
    struct error err;
    folder = str_trim(folder);
    size_t colon = str_search(folder, STR(": "));
    if (colon < folder.n)
        folder = str_skip(folder, colon + 2);
    int rc = u->cache == NULL || r == NULL
                 ? 1
                 : cache_folder_by_name(u->cache, a, r->row.account, folder, &f, &err);
    if (rc == 0)
        ui_act_move(u, f.id, ROLE_NONE);
    else if (rc == 1)
        ui_status(u, _("There is no folder “%.*s”"), STR_ARG(folder));
    else
        ui_error(u, &err);
    arena_free(&a);
}
