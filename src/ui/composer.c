/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

enum { REMARKS_MAX = 8, FIELDS_ROWS = 5, STORE_MS = 3000 };

void ui_review_clear(struct ui *u)
{
    struct ui_review *v = &u->review;
    if (v->editing)
        editor_clear(&v->editor);
    v->editing = false;
    draft_free(&v->draft);
}

/* The draft goes to the hand with a question; it comes back in the answer. */
static void give(struct ui *u, struct ask *a)
{
    a->draft = u->review.draft;
    u->review.draft = NULL;
    ui_ask(u, a);
}

/* Takes d. */
void ui_review_open(struct ui *u, struct draft *d, bool edit)
{
    ui_review_clear(u);
    u->review.draft = d;
    list_set(&u->review.list, d->attachments_n, 4);
    while (ui_top(u) != VIEW_REVIEW && (u->stack[0] == VIEW_REVIEW || u->depth > 1)) {
        bool below = false;
        for (size_t i = 0; i + 1 < u->depth; i++)
            below = below || u->stack[i] == VIEW_REVIEW;
        if (!below)
            break;
        ui_pop(u);
    }
    if (ui_top(u) != VIEW_REVIEW)
        ui_push(u, VIEW_REVIEW);
    if (edit)
        ui_review_edit(u);
}

/* Where one goes on writing: above what is forwarded or the signature, below what is quoted. */
static size_t writing_place(struct str text)
{
    return text.n == 0 || text.p[0] == '\n' ? 0 : str_search(text, STR("\n-- \n"));
}

void ui_review_edit(struct ui *u)
{
    struct ui_review *v = &u->review;
    struct arena *a = arena_new(1024);
    struct error err;
    error_clear(&err);
    if (v->draft == NULL) {
        arena_free(&a);
        return;
    }
    char **editor = draft_editor(a, u->start->config, &err);
    if (editor != NULL) {
        give(u, ask_new(ASK_EDIT));
    } else if (editor_init(&v->editor, str_c(v->draft->text), &err) != 0) {
        ui_error(u, &err);
    } else {
        v->editing = true;
        v->editor.at = writing_place(buf_str(&v->editor.text));
        editor_layout(&v->editor, u->cols, ui_body_rows(u));
        ui_push(u, VIEW_EDITOR);
    }
    arena_free(&a);
}

void ui_review_store(struct ui *u)
{
    struct ui_review *v = &u->review;
    if (v->draft == NULL)
        return;
    struct ask *a = ask_new(ASK_STORE);
    a->draft = draft_copy(v->draft);
    if (v->editing) {
        draft_set(&a->draft->text, buf_str(&v->editor.text));
        v->editor.changed = false;
        v->unstored_ms = 0;
    }
    ui_ask(u, a);
}

void ui_review_tick(struct ui *u, bool idle)
{
    struct ui_review *v = &u->review;
    if (!v->editing || !v->editor.changed)
        return;
    if (v->unstored_ms == 0)
        v->unstored_ms = clock_mono_ms();
    if (idle || clock_mono_ms() - v->unstored_ms > STORE_MS)
        ui_review_store(u);
}

static void editor_end(struct ui *u, bool keep_as_draft)
{
    struct ui_review *v = &u->review;
    draft_set(&v->draft->text, buf_str(&v->editor.text));
    editor_clear(&v->editor);
    v->editing = false;
    v->unstored_ms = 0;
    ui_pop(u);
    ui_review_store(u);
    if (keep_as_draft)
        ui_review_keep(u);
}

void ui_editor_key(struct ui *u, const struct term_input *in)
{
    enum editor_result r = editor_key(&u->review.editor, in);
    if (r != EDITOR_MORE)
        editor_end(u, r == EDITOR_ABORT);
}

void ui_editor_draw(struct ui *u)
{
    editor_draw(&u->review.editor, u->grid, 1, 0);
}

void ui_review_keep(struct ui *u)
{
    if (u->review.draft != NULL)
        give(u, ask_new(ASK_KEEP));
    if (ui_top(u) == VIEW_REVIEW)
        ui_pop(u);
}

void ui_review_send(struct ui *u)
{
    struct ui_review *v = &u->review;
    struct draft_remark remarks[REMARKS_MAX];
    if (v->draft == NULL)
        return;
    size_t n = draft_review(v->draft, u->start->config, remarks, COUNT(remarks));
    for (size_t i = 0; i < n; i++)
        if (remarks[i].fatal) {
            struct error err;
            error_set(&err, ERR_ADDRESS, RETRY_NEVER, "%s", remarks[i].text);
            ui_error(u, &err);
            return;
        }
    struct ask *a = ask_new(ASK_QUEUE);
    a->when = clock_wall_ms() / 1000 + u->start->config->undo_send_s;
    give(u, a);
}

void ui_review_attach(struct ui *u, struct str path)
{
    struct ask *a;
    if (u->review.draft == NULL || str_trim(path).n == 0)
        return;
    a = ask_new(ASK_ATTACH);
    a->text = xmemdup0(path.p, path.n);
    give(u, a);
}

void ui_review_detach(struct ui *u)
{
    struct ui_review *v = &u->review;
    if (v->draft == NULL)
        return;
    if (v->draft->attachments_n == 0) {
        ui_status(u, _("There is no attachment: a adds one"));
        return;
    }
    draft_detach(v->draft, v->list.cursor);
    list_set(&v->list, v->draft->attachments_n, 4);
    ui_review_store(u);
}

bool ui_unsend(struct ui *u)
{
    if (u->sent_id == 0 || clock_wall_ms() / 1000 >= u->sent_until)
        return false;
    struct ask *a = ask_new(ASK_CANCEL);
    a->id = u->sent_id;
    u->sent_id = 0;
    ui_ask(u, a);
    return true;
}

static const char *header_or_none(const struct draft *d, const char *name)
{
    const char *value = draft_header(d, name);
    return value != NULL ? value : "";
}

/* The header as far as it is filled in; its labels are as wide as the widest in this language. */
static unsigned fields_draw(struct ui *u, unsigned row, const struct draft *d)
{
    const struct {
        const char *label, *value;
        bool always;
    } fields[] = { { _("From:"), d->from, true },
                   { _("To:"), d->to, true },
                   { _("Cc:"), d->cc, false },
                   { _("Bcc:"), d->bcc, false },
                   { _("Subject:"), d->subject, true },
                   { _("Send at:"), header_or_none(d, "Send-At"), false },
                   { _("Receipt:"), header_or_none(d, "Receipt"), false } };
    unsigned width = 0;
    for (size_t i = 0; i < COUNT(fields); i++)
        if (grid_width(str_c(fields[i].label)) + 2 > width)
            width = grid_width(str_c(fields[i].label)) + 2;
    for (size_t i = 0; i < COUNT(fields); i++) {
        if (!fields[i].always && fields[i].value[0] == '\0')
            continue;
        unsigned col = grid_put_fit(u->grid, row, 0, width, str_c(fields[i].label), THEME_LABEL);
        grid_put(u->grid, row++, col, str_c(fields[i].value), THEME_TEXT);
    }
    return row;
}

static unsigned attachments_draw(struct ui *u, unsigned row, unsigned end)
{
    const struct ui_review *v = &u->review;
    for (size_t i = v->list.top; i < v->draft->attachments_n && row < end && i < v->list.top + 4;
         i++) {
        const struct draft_attachment *a = &v->draft->attachments[i];
        unsigned role = THEME_NOTE | (i == v->list.cursor ? THEME_SELECTED : 0);
        unsigned col = grid_put(u->grid, row, 0, STR("+ "), THEME_MARK);
        col += grid_put(u->grid, row, col, str_c(a->name != NULL ? a->name : a->path), role);
        col += 2;
        grid_put(u->grid, row++, col, str_c(a->type), THEME_DIM);
    }
    return row;
}

/* In as many rows as it takes; the next row. */
static unsigned text_draw(struct ui *u, unsigned row, unsigned end, struct str text, unsigned role)
{
    struct wrap w = { 0 };
    wrap_text(&w, text, u->cols, false);
    for (size_t i = 0; i < w.n && row < end; i++)
        wrap_put(u->grid, row++, 0, 0, (struct str){ text.p + w.lines[i].start, w.lines[i].length },
                 role);
    wrap_free(&w);
    return row;
}

void ui_review_draw(struct ui *u)
{
    const struct draft *d = u->review.draft;
    struct draft_remark remarks[REMARKS_MAX];
    unsigned row = 1, end = 1 + ui_body_rows(u);
    if (d == NULL)
        return;
    row = fields_draw(u, row, d);
    row = attachments_draw(u, row, end);
    size_t n = draft_review(d, u->start->config, remarks, COUNT(remarks));
    for (size_t i = 0; i < n && row < end; i++)
        row = text_draw(u, row, end, str_c(remarks[i].text),
                        remarks[i].fatal ? THEME_ERROR : THEME_NOTE);
    row = text_draw(u, row + 1, end, str_head(str_c(d->text), 64 << 10), THEME_TEXT);
    /* What did not fit stays below the edge: the status line has its own row. */
    for (; row < end; row++)
        grid_put_fit(u->grid, row, 0, u->cols, STR(""), THEME_TEXT);
}
