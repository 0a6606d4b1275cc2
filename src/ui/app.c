/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "bus/progress.h"
#include "base/banned.h"

enum {
    FRAME_ROWS = 4 /* bar, status, two lines of keys */,
    STATUS_ROWS_MAX = 4,
    CTRL_Z = 26,
    LATER_UNDO_S = 10 /* to take back at once what goes at a time of its own */
};

const char *ui_view_name(enum ui_view view)
{
    switch (view) {
    case VIEW_INDEX:
        return "index";
    case VIEW_READER:
        return "reader";
    case VIEW_PARTS:
        return "parts";
    case VIEW_FOLDERS:
        return "folders";
    case VIEW_OUTBOX:
        return "outbox";
    case VIEW_DRAFTS:
        return "drafts";
    case VIEW_REVIEW:
        return "review";
    case VIEW_EDITOR:
        return "editor";
    default:
        return "help";
    }
}

enum ui_view ui_top(const struct ui *u)
{
    return u->stack[u->depth - 1];
}

void ui_push(struct ui *u, enum ui_view view)
{
    if (u->depth == UI_STACK_MAX)
        u->depth--;
    u->stack[u->depth++] = view;
}

void ui_pop(struct ui *u)
{
    if (u->depth > 1)
        u->depth--;
}

unsigned ui_body_rows(const struct ui *u)
{
    return u->rows > FRAME_ROWS ? u->rows - FRAME_ROWS : 1;
}

void ui_status(struct ui *u, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(u->status, sizeof u->status, fmt, ap);
    va_end(ap);
    u->status_bad = false;
}

void ui_error(struct ui *u, const struct error *err)
{
    ui_status(u, "%s", err->text);
    u->status_bad = true;
    log_line(u->start->log, LOG_ERROR, "%s", err->text);
}

static bool is_durable(enum ask_kind kind)
{
    return kind == ASK_OPS || kind == ASK_KEEP || kind == ASK_QUEUE || kind == ASK_ATTACH ||
           kind == ASK_SAVE;
}

void ui_ask(struct ui *u, struct ask *a)
{
    if (u->hand == NULL) {
        msg_drop(&a->m);
        return;
    }
    if (is_durable((enum ask_kind)a->m.kind))
        u->open_asks++;
    hand_ask(u->hand, a);
}

struct list *ui_list(struct ui *u)
{
    switch (ui_top(u)) {
    case VIEW_INDEX:
        return &u->index.list;
    case VIEW_PARTS:
        return &u->parts;
    case VIEW_FOLDERS:
        return &u->folders.list;
    case VIEW_OUTBOX:
        return &u->outbox.list;
    case VIEW_DRAFTS:
        return &u->drafts.list;
    case VIEW_REVIEW:
        return &u->review.list;
    default:
        return NULL;
    }
}

static void first_folder(struct ui *u)
{
    struct str name = str_c(u->start->folder);
    if (ui_index_open_name(u, name) != 0 && name.n > 0)
        ui_index_open_name(u, STR(""));
}

struct ui *ui_new(const struct ui_start *start, unsigned rows, unsigned cols, struct error *err)
{
    struct ui *u = xcalloc(1, sizeof *u);
    struct error store;
    u->start = start;
    u->rows = rows;
    u->cols = cols;
    u->grid = grid_new(rows, cols);
    u->stack[u->depth++] = VIEW_INDEX;
    textview_init(&u->reader.view, UI_TEXT_MAX);
    textview_init(&u->help, UI_TEXT_MAX);
    if (ui_keys_init(u, err) != 0) {
        ui_free(&u, 0);
        return NULL;
    }
    u->cache = cache_open(start->store, CACHE_READ, &store);
    if (u->cache != NULL)
        first_folder(u);
    else if (store.code != ERR_NOINPUT)
        ui_error(u, &store); /* none yet: the hand makes one */
    return u;
}

int ui_begin(struct ui *u, struct error *err)
{
    u->hand = hand_start(u->start, err);
    return u->hand != NULL ? 0 : -1;
}

void ui_free(struct ui **u, int wait_ms)
{
    if (*u == NULL)
        return;
    /* A hand that does not come back keeps its own memory until the process ends. */
    hand_stop(&(*u)->hand, wait_ms);
    ui_prompt_close(*u);
    free((*u)->prompt.kept);
    ui_review_clear(*u);
    ui_reader_clear(*u);
    textview_clear(&(*u)->reader.view);
    textview_clear(&(*u)->help);
    ui_lists_clear(*u);
    ui_search_clear(*u);
    ui_index_clear(*u);
    keymap_free(&(*u)->keys);
    grid_free(&(*u)->grid);
    cache_close(&(*u)->cache);
    free(*u);
    *u = NULL;
}

void ui_resize(struct ui *u, unsigned rows, unsigned cols)
{
    u->rows = rows;
    u->cols = cols;
    grid_resize(u->grid, rows, cols);
    ui_index_resize(u);
    ui_reader_layout(u);
    textview_layout(&u->help, cols, ui_body_rows(u));
    list_set(&u->parts, u->parts.n, ui_body_rows(u));
    list_set(&u->folders.list, u->folders.n, ui_body_rows(u));
    list_set(&u->drafts.list, u->drafts.n, ui_body_rows(u));
    list_set(&u->outbox.list, u->outbox.n, ui_body_rows(u) / 2);
    if (u->review.editing)
        editor_layout(&u->review.editor, cols, ui_body_rows(u));
}

void ui_key(struct ui *u, const struct term_input *in)
{
    const char *command;
    bool typing = u->prompt.active || (ui_top(u) == VIEW_EDITOR && u->review.editing);
    u->index.fresh = false;
    if (typing && in->key == CTRL_Z && !in->alt) {
        ui_suspend(u);
        return;
    }
    if (u->prompt.active) {
        ui_prompt_key(u, in);
        return;
    }
    u->status[0] = '\0';
    if (ui_top(u) == VIEW_EDITOR && u->review.editing) {
        ui_editor_key(u, in);
        return;
    }
    enum keymap_result r = keymap_feed(u->keys, ui_view_name(ui_top(u)), in, &command);
    if (r == KEYMAP_FOUND)
        ui_command_run(u, str_c(command));
    else if (r == KEYMAP_NONE)
        ui_status(u, _("That key does nothing here: ? lists those that do"));
}

void ui_paste(struct ui *u, struct str text)
{
    if (u->prompt.active)
        lineedit_paste(&u->prompt.line, text);
    else if (ui_top(u) == VIEW_EDITOR && u->review.editing)
        editor_paste(&u->review.editor, text);
}

static void lists_reload(struct ui *u)
{
    ui_index_reload(u);
    if (u->folders.arena != NULL)
        ui_folders_load(u);
    if (u->outbox.arena != NULL)
        ui_outbox_load(u);
    if (u->drafts.arena != NULL)
        ui_drafts_load(u);
}

static void ask_person(struct ui *u, const struct bus_event *ev)
{
    char label[256];
    snprintf(label, sizeof label, _("Password for account %.*s: "), STR_ARG(ev->account));
    ui_prompt_open(u, label, STR(""), COMPLETE_NONE, NULL);
    u->prompt.line.hidden = true;
    u->prompt.question = ev->id;
}

/* The engine's word for a state, in the person's language. */
static struct str state_word(struct str state)
{
    static const char *const words[] = { N_("connecting"), N_("syncing"), N_("idle"), N_("offline"),
                                         N_("login-needed") };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eqc(state, words[i]))
            return str_c(_(words[i]));
    return state;
}

static void engine_says(struct ui *u, const struct bus_event *ev)
{
    if (ev->kind == EVENT_PROGRESS && ev->total > 0) {
        struct buf words = BUF_INIT(UI_STATUS_MAX);
        bus_progress_words(ev, &words);
        snprintf(u->engine, sizeof u->engine, "%s", buf_c(&words));
        buf_free(&words);
    } else if (ev->kind == EVENT_STATE)
        snprintf(u->engine, sizeof u->engine, "%.*s",
                 STR_ARG(ev->text.n > 0 ? ev->text : state_word(ev->state)));
    else if (ev->kind == EVENT_BYE)
        u->engine[0] = '\0';
}

static void outbox_says(struct ui *u, const struct bus_event *ev)
{
    if (str_eqc(ev->state, "sent"))
        ui_status(u, _("Sent"));
    if (str_eqc(ev->state, "failed") || str_eqc(ev->state, "doubt")) {
        ui_status(u, _("Not sent: %.*s (O shows it)"), STR_ARG(ev->text));
        u->status_bad = true;
    }
    if (ev->id == u->sent_id && !str_eqc(ev->state, "queued"))
        u->sent_id = 0;
    if (u->outbox.arena != NULL)
        ui_outbox_load(u);
}

static void event(struct ui *u, const struct bus_event *ev)
{
    int64_t unread = u->index.unread;
    if (ui_search_event(u, ev))
        return;
    switch (ev->kind) {
    case EVENT_FOLDER:
        ui_index_reload(u);
        if (u->folders.arena != NULL)
            ui_folders_load(u);
        if (u->index.unread > unread && u->status[0] == '\0')
            ui_status(u, _("New mail"));
        break;
    case EVENT_FOLDERS:
        ui_index_reload(u);
        if (u->index.query.kind != LIST_FOUND && u->index.query.folder == 0 && u->index.n == 0)
            first_folder(u);
        if (u->folders.arena != NULL)
            ui_folders_load(u);
        break;
    case EVENT_BODY:
        ui_reader_body(u, ev);
        break;
    case EVENT_OUTBOX:
        outbox_says(u, ev);
        break;
    case EVENT_ERROR:
        ui_status(u, "%.*s", STR_ARG(ev->text));
        u->status_bad = true;
        break;
    case EVENT_DONE:
        if (ev->text.n > 0)
            ui_status(u, "%.*s", STR_ARG(ev->text));
        else if (ev->sent == 0 || ev->fetched > 0)
            ui_status(u, P_("%lld new message", "%lld new messages", ev->fetched),
                      (long long)ev->fetched);
        lists_reload(u);
        break;
    case EVENT_ASK:
        ask_person(u, ev);
        break;
    default:
        break;
    }
    engine_says(u, ev);
}

static void said_undone(struct ui *u, const struct say *s)
{
    if (s->rc < 0)
        ui_error(u, &s->err);
    else if (s->rc == 1)
        ui_status(u, _("There is nothing to undo"));
    else
        ui_status(u, _("Undone"));
    u->changes_n = 0; /* all that was asked before has been answered */
    lists_reload(u);
    /* Who reads goes on reading: the cursor stays on that message. */
    if (s->rc == 0)
        ui_index_seek(u, ui_top(u) == VIEW_READER ? u->reader.at.row.id : s->id);
}

static void said_draft(struct ui *u, struct say *s)
{
    struct draft *d = s->draft;
    s->draft = NULL;
    if (s->rc < 0)
        ui_error(u, &s->err);
    else if (s->note != NULL)
        ui_status(u, "%s", s->note);
    if (d != NULL)
        ui_review_open(u, d, s->fresh);
}

static void said_queued(struct ui *u, const struct say *s)
{
    u->sent_id = s->id;
    u->sent_until = s->goes > s->when ? s->when + LATER_UNDO_S : s->when;
    u->sent_at = s->goes;
    while (u->depth > 1 && (ui_top(u) == VIEW_REVIEW || ui_top(u) == VIEW_EDITOR))
        ui_pop(u);
    lists_reload(u);
}

/* The terminal may have another size than when it was left. */
static void take_size(struct ui *u)
{
    unsigned rows, cols;
    term_size(u->term, &rows, &cols);
    ui_resize(u, rows, cols);
    grid_forget(u->grid);
}

void ui_suspend(struct ui *u)
{
    if (u->term == NULL)
        return;
    term_stop(u->term);
    take_size(u);
}

/* The editor has the terminal until it ends; the hand waits for how it ended. */
static void said_run(struct ui *u, const struct say *s)
{
    struct child_io io = { .in = 0, .out = 1, .err = 2 };
    struct error err;
    int rc = -1;
    if (u->term != NULL)
        term_leave(u->term);
    pid_t pid = child_start(s->argv, &io, &err);
    if (pid >= 0)
        rc = child_wait_job(pid);
    if (u->term != NULL) {
        term_return(u->term);
        take_size(u);
    }
    hand_answer(u->hand, rc);
}

static void said_ready(struct ui *u, const struct say *s)
{
    struct error err;
    if (s->rc < 0) {
        ui_error(u, &s->err);
        return;
    }
    if (u->cache != NULL)
        return;
    u->cache = cache_open(u->start->store, CACHE_READ, &err);
    if (u->cache == NULL)
        ui_error(u, &err);
    else
        first_folder(u);
}

void ui_said(struct ui *u, struct say *s)
{
    enum say_kind kind = (enum say_kind)s->m.kind;
    bool durable = kind == SAY_DONE || kind == SAY_NOTE || kind == SAY_DRAFT || kind == SAY_QUEUED;
    if (durable && u->open_asks > 0)
        u->open_asks--;
    switch (kind) {
    case SAY_READY:
        said_ready(u, s);
        break;
    case SAY_DONE:
        ui_changes_done(u, s->seq);
        if (s->rc < 0)
            ui_error(u, &s->err);
        ui_index_reload(u);
        break;
    case SAY_UNDONE:
        said_undone(u, s);
        break;
    case SAY_TEXT:
    case SAY_RAW:
        ui_reader_said(u, s);
        return;
    case SAY_NOTE:
        if (s->rc < 0)
            ui_error(u, &s->err);
        else if (s->note != NULL)
            ui_status(u, "%s", s->note);
        lists_reload(u);
        break;
    case SAY_DRAFT:
        said_draft(u, s);
        break;
    case SAY_QUEUED:
        said_queued(u, s);
        break;
    case SAY_FOUND:
        ui_search_said(u, s);
        break;
    case SAY_EVENT:
        event(u, &s->event);
        break;
    case SAY_RUN:
        said_run(u, s);
        break;
    case SAY_BYE:
        break;
    }
    msg_drop(&s->m);
}

static void bar_draw(struct ui *u)
{
    static const char *const titles[] = { N_("Message"), N_("Parts"),   N_("Folders"), N_("Outbox"),
                                          N_("Drafts"),  N_("To send"), N_("Editor"),  N_("Help") };
    struct ui_index *x = &u->index;
    char counts[96] = "";
    unsigned col = 0, bit = 0;
    grid_put_fit(u->grid, 0, 0, u->cols, STR(""), THEME_BAR);
    col += grid_put(u->grid, 0, 0, STR(" "), THEME_BAR);
    for (unsigned v = ui_top(u); v > VIEW_READER; v >>= 1)
        bit++;
    if (ui_top(u) & (VIEW_INDEX | VIEW_READER)) {
        size_t pos = x->n > 0 ? (size_t)x->base + x->list.cursor + 1 : 0;
        col += grid_put(u->grid, 0, col, str_c(x->title), THEME_BAR);
        if (x->query.kind == LIST_FOUND)
            snprintf(counts, sizeof counts, "  %zu/%lld", pos, (long long)x->total);
        else
            snprintf(counts, sizeof counts, _("  %zu/%lld  %lld unread"), pos, (long long)x->total,
                     (long long)x->unread);
    } else
        col += grid_put(u->grid, 0, col, str_c(_(titles[bit])), THEME_BAR);
    if (ui_top(u) == VIEW_READER)
        snprintf(counts, sizeof counts, "  %zu/%lld  %u%%", (size_t)x->base + x->list.cursor + 1,
                 (long long)x->total, textview_percent(&u->reader.view));
    if (ui_top(u) == VIEW_HELP)
        snprintf(counts, sizeof counts, "  %u%%", textview_percent(&u->help));
    col += grid_put(u->grid, 0, col, str_c(counts), THEME_BAR);
    struct str engine = str_c(u->start->offline ? _("offline") : u->engine);
    unsigned used;
    engine = grid_fit(engine, u->cols > col + 2 ? u->cols - col - 2 : 0, &used);
    grid_put(u->grid, 0, u->cols - used - (used > 0), engine, THEME_BAR);
}

/* A sentence may be longer than a row: then it grows upwards, over what is shown there. */
static void sentence_draw(struct ui *u, unsigned row, struct str text, unsigned role)
{
    struct wrap w = { 0 };
    wrap_text(&w, text, u->cols, false);
    size_t n = w.n < STATUS_ROWS_MAX ? w.n : STATUS_ROWS_MAX;
    if (n > row)
        n = row > 0 ? row : 1;
    for (size_t i = 0; i < n; i++) {
        struct str line = { text.p + w.lines[i].start, w.lines[i].length };
        unsigned at = row - (unsigned)(n - 1 - i);
        grid_put_fit(u->grid, at, 0, u->cols, STR(""), THEME_TEXT);
        grid_put(u->grid, at, 0, line, role);
    }
    wrap_free(&w);
}

/* What has a time of its own is in the outbox until then; here it is as any other. */
static void sending_words(const struct ui *u, int64_t left, char *out, size_t max)
{
    struct tm tm = { 0 };
    time_t t = (time_t)u->sent_at;
    char when[64] = "";
    if (u->sent_at > u->sent_until && localtime_r(&t, &tm) != NULL)
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    if (when[0] != '\0')
        snprintf(out, max, _("It goes on %s: u takes it back"), when);
    else
        snprintf(out, max, _("Sending in %lld s: u takes it back"), (long long)left);
}

static void status_draw(struct ui *u)
{
    unsigned row = u->rows > 3 ? u->rows - 3 : u->rows - 1;
    int64_t left = u->sent_until - clock_wall_ms() / 1000;
    char searching[UI_STATUS_MAX];
    bool undoes = ui_top(u) & (VIEW_INDEX | VIEW_READER | VIEW_FOLDERS | VIEW_OUTBOX);
    if (u->prompt.active) {
        ui_prompt_draw(u, row);
    } else if (u->status[0] != '\0') {
        sentence_draw(u, row, str_c(u->status), u->status_bad ? THEME_ERROR : THEME_STRONG);
    } else if (u->sent_id != 0 && left > 0 && undoes) {
        char text[UI_STATUS_MAX];
        sending_words(u, left, text, sizeof text);
        sentence_draw(u, row, str_c(text), THEME_STRONG);
    } else if (ui_top(u) == VIEW_INDEX && ui_search_words(u, searching, sizeof searching)) {
        sentence_draw(u, row, str_c(searching), THEME_DIM);
    }
}

void ui_draw(struct ui *u)
{
    grid_clear(u->grid);
    switch (ui_top(u)) {
    case VIEW_INDEX:
        ui_index_draw(u);
        break;
    case VIEW_READER:
        ui_reader_draw(u);
        break;
    case VIEW_PARTS:
        ui_parts_draw(u);
        break;
    case VIEW_FOLDERS:
        ui_folders_draw(u);
        break;
    case VIEW_OUTBOX:
        ui_outbox_draw(u);
        break;
    case VIEW_DRAFTS:
        ui_drafts_draw(u);
        break;
    case VIEW_REVIEW:
        ui_review_draw(u);
        break;
    case VIEW_EDITOR:
        ui_editor_draw(u);
        break;
    default:
        textview_draw(&u->help, u->grid, 1, 0);
        break;
    }
    bar_draw(u);
    if (u->rows > 3)
        ui_foot_draw(u);
    status_draw(u);
}

static void pump(struct ui *u)
{
    struct say *s;
    while (!u->quit && (s = hand_next(u->hand, 0)) != NULL)
        ui_said(u, s);
}

static void frame(struct ui *u)
{
    ui_draw(u);
    grid_flush(u->grid, u->term);
}

int ui_run(struct ui *u)
{
    struct term_input in;
    while (!u->quit) {
        bool counting = u->sent_id != 0 && u->sent_until > clock_wall_ms() / 1000;
        int fd = hand_fd(u->hand);
        int wait_ms = counting || u->review.unstored_ms != 0 ? 1000 : -1;
        enum term_event ev = term_wait(u->term, &fd, 1, wait_ms, &in);
        switch (ev) {
        case TERM_KEY:
            ui_key(u, &in);
            break;
        case TERM_PASTE:
            ui_paste(u, in.paste);
            break;
        case TERM_RESIZE:
            take_size(u);
            break;
        case TERM_SUSPEND:
            ui_suspend(u);
            break;
        case TERM_HANGUP:
            u->quit = true;
            break;
        case TERM_FD:
            pump(u);
            break;
        case TERM_NOTHING:
            break;
        }
        ui_review_tick(u, ev == TERM_NOTHING);
        frame(u);
    }
    return 0;
}
