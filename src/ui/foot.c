/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <string.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "base/banned.h"

enum { FOOT_WIDTH = 14, FOOT_WIDEST = 20, FOOT_MAX = 64 };

/* What the foot shows where it has max places; Help has the last of them. */
static size_t foot_list(const struct ui *u, size_t max, const struct ui_command **out)
{
    size_t n = 0;
    for (size_t i = 0; i < ui_commands_n && n < max; i++) {
        const struct ui_command *c = &ui_commands[i];
        if ((c->views & ui_top(u)) && c->foot != NULL &&
            (n < max - 1 || strcmp(c->name, "help") == 0))
            out[n++] = c;
    }
    return n;
}

static unsigned foot_widest(const struct ui *u, const struct ui_command *const *list, size_t n)
{
    unsigned widest = 0;
    for (size_t i = 0; i < n; i++) {
        struct buf key = BUF_INIT(100);
        keymap_show_first(u->keys, ui_view_name(ui_top(u)), list[i]->name, &key);
        unsigned width = utf8_width(buf_str(&key)) + 1 + utf8_width(str_c(_(list[i]->foot)));
        widest = width > widest ? width : widest;
        buf_free(&key);
    }
    return widest;
}

/* As many as there is room for with their words whole, within reason. */
void ui_foot_draw(struct ui *u)
{
    const struct ui_command *list[FOOT_MAX];
    unsigned per_row = u->cols / FOOT_WIDTH > 0 ? u->cols / FOOT_WIDTH : 1;
    if (per_row > FOOT_MAX / 2)
        per_row = FOOT_MAX / 2;
    size_t n = foot_list(u, (size_t)2 * per_row, list);
    while (per_row > 1 && per_row > u->cols / FOOT_WIDEST &&
           foot_widest(u, list, n) >= u->cols / per_row)
        n = foot_list(u, (size_t)2 * --per_row, list);
    unsigned width = u->cols / per_row;
    for (unsigned i = 0; i < n; i++) {
        struct buf key = BUF_INIT(100);
        keymap_show_first(u->keys, ui_view_name(ui_top(u)), list[i]->name, &key);
        unsigned row = u->rows - 2 + i / per_row, col = i % per_row * width;
        unsigned used = grid_put(u->grid, row, col, buf_str(&key), THEME_KEY);
        grid_put_fit(u->grid, row, col + used + 1, width - used - 2 < width ? width - used - 2 : 0,
                     str_c(_(list[i]->foot)), THEME_DIM);
        buf_free(&key);
    }
}
