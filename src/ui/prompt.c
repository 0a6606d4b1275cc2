/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "base/banned.h"

enum { PATHS_MAX = 10000 };

/* What all that begins with what was typed have in common, and how many there are. */
struct match {
    struct str typed;
    struct buf common;
    size_t n;
};

static void match_add(struct match *m, struct str word)
{
    size_t same = 0;
    if (word.n < m->typed.n || !str_ieq(str_head(word, m->typed.n), m->typed))
        return;
    if (m->n++ == 0) {
        buf_add_str(&m->common, word);
        return;
    }
    while (same < word.n && same < m->common.len && word.p[same] == m->common.data[same])
        same++;
    same = utf8_cut(buf_str(&m->common), same);
    buf_truncate(&m->common, same);
}

static void match_folders(struct ui *u, struct match *m)
{
    struct arena *a = arena_new(4096);
    struct cache_folder *f;
    struct error err;
    size_t n = 0;
    if (u->cache != NULL && cache_folders(u->cache, a, 0, &f, &n, &err) == 0)
        for (size_t i = 0; i < n; i++)
            match_add(m, f[i].name);
    arena_free(&a);
}

static void match_commands(struct ui *u, struct match *m)
{
    for (size_t i = 0; i < ui_commands_n; i++)
        if (ui_commands[i].views & ui_top(u) && ui_commands[i].run != NULL)
            match_add(m, str_c(ui_commands[i].name));
}

static void match_paths(struct match *m)
{
    size_t slash = str_rfind(m->typed, '/');
    size_t dir_n = slash < m->typed.n ? slash + 1 : 0;
    const char *home = getenv("HOME");
    bool tilde = str_starts(m->typed, "~/") && home != NULL;
    char *dir = dir_n == 0 ? xstrdup(".")
                : tilde    ? xasprintf("%s/%.*s", home, (int)(dir_n - 2), m->typed.p + 2)
                           : xmemdup0(m->typed.p, dir_n);
    DIR *d = opendir(dir);
    struct dirent *e;
    for (size_t seen = 0; d != NULL && seen < PATHS_MAX && (e = readdir(d)) != NULL; seen++) {
        struct stat st;
        bool hidden = e->d_name[0] == '.' && (dir_n == m->typed.n || m->typed.p[dir_n] != '.');
        char *full = xasprintf("%s/%s", dir, e->d_name);
        char *word = xasprintf("%.*s%s%s", (int)dir_n, m->typed.p, e->d_name,
                               stat(full, &st) == 0 && S_ISDIR(st.st_mode) ? "/" : "");
        if (!hidden)
            match_add(m, str_c(word));
        free(word);
        free(full);
    }
    if (d != NULL)
        closedir(d);
    free(dir);
}

static void complete(struct ui *u)
{
    char *typed = xstrdup(buf_c(&u->prompt.line.text));
    struct match m = { .typed = str_c(typed), .common = BUF_INIT(LINEEDIT_MAX) };
    if (u->prompt.complete == COMPLETE_FOLDER)
        match_folders(u, &m);
    else if (u->prompt.complete == COMPLETE_COMMAND)
        match_commands(u, &m);
    else if (u->prompt.complete == COMPLETE_PATH)
        match_paths(&m);
    if (m.n > 0 && m.common.len >= m.typed.n)
        lineedit_set(&u->prompt.line, buf_str(&m.common));
    if (m.n != 1 && u->term != NULL)
        term_beep(u->term);
    buf_free(&m.common);
    free(typed);
}

void ui_prompt_open(struct ui *u, const char *label, struct str text, enum ui_complete how,
                    ui_prompt_fn *done)
{
    struct ui_prompt *p = &u->prompt;
    if (p->active)
        lineedit_clear(&p->line);
    p->active = true;
    snprintf(p->label, sizeof p->label, "%s", label);
    lineedit_init(&p->line, text, false);
    p->complete = how;
    p->done = done;
    p->question = 0;
}

void ui_prompt_close(struct ui *u)
{
    if (u->prompt.active)
        lineedit_clear(&u->prompt.line);
    u->prompt.active = false;
    u->prompt.question = 0;
}

static void finish(struct ui *u)
{
    char *text = xstrdup(buf_c(&u->prompt.line.text));
    ui_prompt_fn *done = u->prompt.done;
    int64_t question = u->prompt.question;
    ui_prompt_close(u);
    if (question != 0) {
        struct ask *a = ask_new(ASK_ANSWER);
        a->id = question;
        a->text = xstrdup(text);
        ui_ask(u, a);
    } else {
        done(u, str_c(text));
    }
    explicit_bzero(text, strlen(text));
    free(text);
}

/* Who asked is told that there is no answer. */
static void refuse(struct ui *u)
{
    if (u->prompt.question == 0)
        return;
    struct ask *a = ask_new(ASK_ANSWER);
    a->id = u->prompt.question;
    a->text = xstrdup("");
    ui_ask(u, a);
}

void ui_prompt_key(struct ui *u, const struct term_input *in)
{
    switch (lineedit_key(&u->prompt.line, in)) {
    case LINE_DONE:
        finish(u);
        break;
    case LINE_CANCEL:
        refuse(u);
        ui_prompt_close(u);
        ui_status(u, _("Left as it was"));
        break;
    case LINE_COMPLETE:
        complete(u);
        break;
    case LINE_MORE:
        break;
    }
}

void ui_prompt_draw(struct ui *u, unsigned row)
{
    unsigned max = u->cols * 2 / 3, used;
    struct str label = grid_fit(str_c(u->prompt.label), max, &used);
    unsigned col = grid_put(u->grid, row, 0, label, THEME_LABEL);
    lineedit_draw(&u->prompt.line, u->grid, row, col, u->cols > col ? u->cols - col : 1);
}
