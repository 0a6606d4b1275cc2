/* SPDX-License-Identifier: MIT */
#include "ui/main.h"

#include <sysexits.h>

#include "base/i18n.h"
#include "ui/app.h"
#include "base/banned.h"

enum { QUIT_WAIT_MS = 150, SAFE_WAIT_MS = 5000 };

static void first_frame(struct ui *u)
{
    unsigned rows, cols;
    term_size(u->term, &rows, &cols);
    if (rows != u->rows || cols != u->cols)
        ui_resize(u, rows, cols);
    ui_draw(u);
    grid_flush(u->grid, u->term);
}

static void compose_first(struct ui *u)
{
    if (u->start->compose == NULL)
        return;
    struct ask *a = ask_new(ASK_NEW);
    a->text = xstrdup(u->start->compose);
    a->text2 = xstrdup("");
    ui_ask(u, a);
}

static int exit_code(const struct error *err)
{
    return err->code == ERR_CONFIG ? EX_CONFIG : err->code == ERR_USAGE ? EX_USAGE : EX_OSERR;
}

int ui_main(const struct ui_start *start, struct error *err)
{
    struct term *term = term_open(err);
    unsigned rows, cols;
    if (term == NULL)
        return exit_code(err);
    term_size(term, &rows, &cols);
    struct ui *u = ui_new(start, rows, cols, err);
    if (u == NULL) {
        term_close(&term);
        return exit_code(err);
    }
    u->term = term;
    first_frame(u);
    int rc = EX_OK;
    if (ui_begin(u, err) == 0) {
        compose_first(u);
        ui_run(u);
    } else
        rc = exit_code(err);
    term_close(&term);
    u->term = NULL;
    /* What a person wrote, if it was open when the terminal went: kept as a draft. */
    if (u->review.editing)
        draft_set(&u->review.draft->text, buf_str(&u->review.editor.text));
    if (u->hand != NULL)
        ui_review_keep(u);
    ui_free(&u, u->open_asks > 0 ? SAFE_WAIT_MS : QUIT_WAIT_MS);
    return rc;
}
