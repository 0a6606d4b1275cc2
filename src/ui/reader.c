/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/i18n.h"
#include "base/banned.h"

enum { LINKS_SHOWN_MAX = 200, PARTS_SHOWN_MAX = 50, TEXT_WIDTH_MAX = 100, PART_NAME_MAX = 4096 };

static unsigned text_width(const struct ui *u)
{
    return u->cols > TEXT_WIDTH_MAX ? TEXT_WIDTH_MAX : u->cols;
}

void ui_reader_clear(struct ui *u)
{
    struct ui_reader *r = &u->reader;
    if (r->text != NULL)
        msg_drop(&r->text->m);
    textview_clear(&r->view);
    arena_free(&r->arena);
    *r = (struct ui_reader){ 0 };
    textview_init(&r->view, UI_TEXT_MAX);
}

static void field_add(struct textview *v, const char *label, struct str value, unsigned role)
{
    if (value.n == 0)
        return;
    textview_add(v, str_c(label), THEME_LABEL);
    textview_add(v, STR(": "), THEME_LABEL);
    for (size_t i = 0; i < value.n; i++) /* one line, whatever is in it */
        textview_add(v, value.p[i] == '\n' ? STR(" ") : (struct str){ value.p + i, 1 }, role);
    textview_add(v, STR("\n"), role);
}

static void fields_add(struct ui *u)
{
    struct ui_reader *r = &u->reader;
    char date[64] = "";
    time_t t = (time_t)r->at.row.date;
    struct tm tm;
    if (localtime_r(&t, &tm) != NULL)
        strftime(date, sizeof date, "%a, %e %b %Y %H:%M %z", &tm);
    field_add(&r->view, _("From"), r->sum.from.n > 0 ? r->sum.from : r->at.row.from, THEME_VALUE);
    field_add(&r->view, _("To"), r->sum.to, THEME_TEXT);
    field_add(&r->view, _("Cc"), r->sum.cc, THEME_TEXT);
    field_add(&r->view, _("Reply-To"), r->sum.reply_to, THEME_TEXT);
    field_add(&r->view, _("Date"), str_c(date), THEME_TEXT);
    field_add(&r->view, _("Subject"), r->at.row.subject, THEME_VALUE);
}

static unsigned span_role(const struct decode_span *s)
{
    static const unsigned char roles[] = {
        [SPAN_SIGNATURE] = THEME_SIGNATURE, [SPAN_LINK] = THEME_LINK,
        [SPAN_EMPHASIS] = THEME_EMPHASIS,   [SPAN_STRONG] = THEME_STRONG,
        [SPAN_HEADING] = THEME_HEADING,     [SPAN_CODE] = THEME_CODE,
        [SPAN_NOTE] = THEME_NOTE,           [SPAN_DIFF_ADD] = THEME_ADDED,
        [SPAN_DIFF_DEL] = THEME_REMOVED,    [SPAN_DIFF_HUNK] = THEME_HUNK,
    };
    if (s->kind == SPAN_QUOTE)
        return THEME_QUOTE1 + (s->level > 0 ? (s->level - 1) % 3 : 0);
    return (size_t)s->kind < COUNT(roles) ? roles[s->kind] : THEME_TEXT;
}

static void hidden_add(struct textview *v, size_t hidden)
{
    char note[160];
    if (hidden == 0)
        return;
    snprintf(note, sizeof note,
             P_("[%zu quoted line hidden: T shows it]", "[%zu quoted lines hidden: T shows them]",
                hidden),
             hidden);
    textview_add(v, str_c(note), THEME_NOTE);
    textview_add(v, STR("\n"), THEME_NOTE);
}

/* The text without its quotes: what stands between them, and how many lines went. */
static void text_add_unquoted(struct textview *v, const struct decode_text *t)
{
    struct str rest = t->text, line;
    size_t span = 0, hidden = 0;
    while (str_line(&rest, &line)) {
        size_t at = (size_t)(line.p - t->text.p);
        while (span < t->spans_n && (t->spans[span].kind != SPAN_QUOTE ||
                                     t->spans[span].start + t->spans[span].length <= at))
            span++;
        bool quoted = span < t->spans_n && t->spans[span].start <= at;
        if (quoted) {
            hidden++;
            continue;
        }
        hidden_add(v, hidden);
        hidden = 0;
        textview_add(v, line, THEME_TEXT);
        textview_add(v, STR("\n"), THEME_TEXT);
    }
    hidden_add(v, hidden);
}

static void text_add(struct textview *v, const struct decode_text *t, bool hide_quotes)
{
    size_t start = v->text.len;
    if (hide_quotes) {
        text_add_unquoted(v, t);
        return;
    }
    textview_add(v, str_head(t->text, HAND_TEXT_SHOWN_MAX), THEME_TEXT);
    for (size_t i = 0; i < t->spans_n; i++)
        textview_paint(v, start + t->spans[i].start, t->spans[i].length, span_role(&t->spans[i]));
    if (t->text.n > HAND_TEXT_SHOWN_MAX)
        textview_add(v, str_c(_("\n[The text goes on: save the part to see all of it]\n")),
                     THEME_NOTE);
}

/* The text lists its links itself; what is said here is which of them are not what they seem. */
/* The text names its links itself; only what a person should not believe is said here. */
static void lies_add(struct textview *v, const struct decode_text *t)
{
    for (size_t i = 0; i < t->links_n && i < LINKS_SHOWN_MAX; i++) {
        char note[160];
        if (!t->links[i].lies)
            continue;
        snprintf(note, sizeof note, _("Link [%zu] leads to another place than its text says!\n"),
                 i + 1);
        textview_add(v, str_c(note), THEME_ERROR);
    }
}

static void damage_add(struct textview *v, unsigned damage)
{
    static const struct {
        unsigned bit;
        const char *text;
    } notes[] = {
        { MIME_DAMAGE_LIMIT, N_("Some of this message passed a limit and is left out.") },
        { MIME_DAMAGE_CHARSET, N_("Some characters do not exist in the charset it names.") },
        { MIME_DAMAGE_ENCODING, N_("Its encoding is damaged: what could be read is shown.") },
        { MIME_DAMAGE_BOUNDARY, N_("It ends too early: a part of it may be missing.") },
        { MIME_DAMAGE_OPAQUE, N_("It cannot be read safely: E shows it as it came.") },
    };
    for (size_t i = 0; i < COUNT(notes); i++)
        if (damage & notes[i].bit) {
            textview_add(v, STR("["), THEME_NOTE);
            textview_add(v, str_c(_(notes[i].text)), THEME_NOTE);
            textview_add(v, STR("]\n"), THEME_NOTE);
        }
}

static void attachments_add(struct ui *u)
{
    struct ui_reader *r = &u->reader;
    size_t shown = 0;
    for (size_t i = 0; i < r->sum.parts_n && shown < PARTS_SHOWN_MAX; i++) {
        const struct mime_part_info *p = &r->sum.parts[i];
        char size[40];
        if (!mime_part_is_attachment(p))
            continue;
        textview_add(&r->view, shown++ == 0 ? STR("\n+ ") : STR("+ "), THEME_MARK);
        textview_add(&r->view, p->name.n > 0 ? p->name : p->type, THEME_NOTE);
        snprintf(size, sizeof size, "  %llu kB", (unsigned long long)((p->decoded + 999) / 1000));
        textview_add(&r->view, str_c(size), THEME_DIM);
        const char *note = mime_part_note(p);
        textview_add(&r->view, str_c(note[0] != '\0' ? ", " : ""), THEME_ERROR);
        textview_add(&r->view, str_c(note), THEME_ERROR);
        textview_add(&r->view, STR("\n"), THEME_DIM);
    }
    if (shown > 0)
        textview_add(&r->view, str_c(_("v lists them, s there saves one\n")), THEME_DIM);
}

static void body_add(struct ui *u)
{
    struct ui_reader *r = &u->reader;
    textview_add(&r->view, STR("\n"), THEME_TEXT);
    if (r->problem[0] != '\0') {
        textview_add(&r->view, str_c(r->problem), THEME_ERROR);
        textview_add(&r->view, STR("\n"), THEME_ERROR);
    } else if (r->text != NULL && r->text->m.kind == SAY_TEXT) {
        damage_add(&r->view, r->sum.damage | r->text->text.damage);
        text_add(&r->view, &r->text->text, r->hide_quotes);
        lies_add(&r->view, &r->text->text);
    } else if (!(r->at.row.flags & CACHE_BODY_HERE)) {
        textview_add(&r->view,
                     str_c(u->start->offline ? _("This text is not on this computer yet.\n")
                                             : _("Fetching the text…\n")),
                     THEME_NOTE);
    } else if (!r->waiting) {
        textview_add(&r->view, str_c(_("There is no text in this message.\n")), THEME_NOTE);
    }
    if (!r->part_chosen)
        attachments_add(u);
}

/* Builds the view from what is there by now; the place in it stays. */
static void rebuild(struct ui *u)
{
    struct ui_reader *r = &u->reader;
    size_t top = r->view.top;
    textview_clear(&r->view);
    if (r->text != NULL && r->text->m.kind == SAY_RAW) {
        textview_add(&r->view, r->text->text.text, THEME_TEXT);
    } else {
        fields_add(u);
        body_add(u);
    }
    textview_layout(&r->view, u->cols, ui_body_rows(u));
    textview_scroll(&r->view, (long)top);
}

static void ask_text(struct ui *u)
{
    struct ui_reader *r = &u->reader;
    struct ask *a;
    if (!r->part_chosen)
        r->part = mime_summary_text_part(&r->sum);
    r->waiting = false;
    if (!(r->at.row.flags & CACHE_BODY_HERE)) {
        a = ask_new(ASK_BODY);
    } else if (r->raw || r->headers) {
        a = ask_new(ASK_RAW);
        a->part = r->raw ? 1 : 0;
    } else if (r->part < r->sum.parts_n) {
        a = ask_new(ASK_TEXT);
        a->part = r->part;
        a->width = text_width(u);
    } else {
        return;
    }
    r->waiting = true;
    a->id = r->at.row.id;
    ui_ask(u, a);
}

/* Row and summary anew from the store. False when the message is gone. */
static bool load(struct ui *u, int64_t message, int64_t folder)
{
    struct ui_reader *r = &u->reader;
    struct arena *a = arena_new(8 << 10);
    struct cache_row row;
    struct error err;
    struct str flat;
    if (u->cache == NULL || cache_row_get(u->cache, a, message, folder, &row, &err) != 0) {
        arena_free(&a);
        return false;
    }
    arena_free(&r->arena);
    r->arena = a;
    r->at = (struct ui_row){ .row = row, .who = row.from };
    r->sum = (struct mime_summary){ 0 };
    if (cache_summary(u->cache, a, message, &flat, &err) == 0 &&
        mime_summary_read(a, flat, &r->sum, &err) != 0)
        r->sum = (struct mime_summary){ 0 };
    size_t n = 1;
    ui_changes_apply(u, &r->at, &n);
    return true;
}

void ui_reader_open(struct ui *u, const struct ui_row *row)
{
    struct ui_reader *r = &u->reader;
    int64_t message = row->row.id, folder = row->row.folder;
    bool hide = r->hide_quotes;
    ui_reader_clear(u);
    r->hide_quotes = hide;
    if (!load(u, message, folder)) {
        ui_status(u, _("This message is not here any more"));
        return;
    }
    if (ui_top(u) != VIEW_READER)
        ui_push(u, VIEW_READER);
    ask_text(u);
    if (!(r->at.row.flags & CACHE_SEEN))
        ui_act_flags(u, &r->at, CACHE_SEEN, 0, true);
    rebuild(u);
}

void ui_reader_part(struct ui *u, size_t part)
{
    struct ui_reader *r = &u->reader;
    r->part = part;
    r->part_chosen = true;
    r->raw = r->headers = false;
    r->problem[0] = '\0';
    if (r->text != NULL)
        msg_drop(&r->text->m);
    r->text = NULL;
    r->view.top = 0;
    ask_text(u);
    rebuild(u);
}

/* Takes s. */
void ui_reader_said(struct ui *u, struct say *s)
{
    struct ui_reader *r = &u->reader;
    bool raw = r->raw || r->headers;
    if (r->arena == NULL || s->id != r->at.row.id || (s->m.kind == SAY_RAW) != raw ||
        (s->m.kind == SAY_TEXT && s->part != r->part)) {
        msg_drop(&s->m); /* of a message that was left meanwhile */
        return;
    }
    r->waiting = false;
    if (r->text != NULL)
        msg_drop(&r->text->m);
    r->text = NULL;
    r->problem[0] = '\0';
    if (s->rc == 0) {
        r->text = s;
    } else {
        snprintf(r->problem, sizeof r->problem, "%s", s->err.text);
        msg_drop(&s->m);
    }
    rebuild(u);
}

void ui_reader_body(struct ui *u, const struct bus_event *ev)
{
    struct ui_reader *r = &u->reader;
    if (r->arena == NULL || ev->id != r->at.row.id)
        return;
    if (ev->text.n > 0)
        snprintf(r->problem, sizeof r->problem, "%.*s", STR_ARG(ev->text));
    else if (load(u, r->at.row.id, r->at.row.folder))
        ask_text(u);
    rebuild(u);
}

void ui_reader_layout(struct ui *u)
{
    struct ui_reader *r = &u->reader;
    if (r->arena == NULL)
        return;
    textview_layout(&r->view, u->cols, ui_body_rows(u));
    if (r->text != NULL && r->text->m.kind == SAY_TEXT && r->text->width != text_width(u))
        ask_text(u); /* wrapped for another width */
}

/* The next or previous message; 0: the one that took the place of this. */
void ui_reader_step(struct ui *u, long by)
{
    struct ui_row *row;
    if (by != 0) {
        int64_t was = u->reader.at.row.id;
        ui_index_move(u, by);
        row = ui_index_row(u);
        if (row == NULL || row->row.id == was)
            return;
    } else {
        row = ui_index_row(u);
    }
    if (row == NULL) {
        while (ui_top(u) != VIEW_INDEX)
            ui_pop(u);
        return;
    }
    ui_reader_open(u, row);
}

void ui_reader_draw(struct ui *u)
{
    textview_draw(&u->reader.view, u->grid, 1, 0);
}

void ui_parts_open(struct ui *u)
{
    struct ui_row *row = ui_index_row(u);
    if (ui_top(u) == VIEW_INDEX) {
        if (row == NULL)
            return;
        ui_reader_open(u, row);
    }
    if (u->reader.sum.parts_n == 0) {
        ui_status(u, _("The parts of this message are not known yet"));
        return;
    }
    u->parts = (struct list){ 0 };
    list_set(&u->parts, u->reader.sum.parts_n, ui_body_rows(u));
    for (size_t i = 0; i < u->reader.sum.parts_n; i++)
        if (mime_part_is_attachment(&u->reader.sum.parts[i])) {
            list_go(&u->parts, i);
            break;
        }
    ui_push(u, VIEW_PARTS);
}

int ui_parts_chosen(struct ui *u, size_t *part)
{
    *part = u->parts.cursor;
    return u->parts.n > 0 && *part < u->reader.sum.parts_n ? 0 : -1;
}

/* What must be known of it comes first: a name may be long. */
static unsigned put_name(struct ui *u, unsigned row, unsigned col, unsigned width,
                         const struct mime_part_info *p, unsigned role)
{
    struct buf text = BUF_INIT(PART_NAME_MAX);
    const char *note = mime_part_note(p);
    if (note[0] != '\0')
        buf_addf(&text, "(%s) ", note);
    buf_add_str(&text, p->name.n > 0 ? p->name : STR("-"));
    unsigned used = grid_put_fit(u->grid, row, col, width, buf_str(&text), role);
    buf_free(&text);
    return used;
}

void ui_parts_draw(struct ui *u)
{
    const struct mime_summary *sum = &u->reader.sum;
    for (size_t i = 0; i < u->parts.height && u->parts.top + i < u->parts.n; i++) {
        size_t n = u->parts.top + i;
        const struct mime_part_info *p = &sum->parts[n];
        unsigned role = n == u->parts.cursor ? THEME_SELECTED : 0, row = 1 + (unsigned)i, col = 0;
        char size[48], number[24];
        bool holds = p->flags & MIME_PART_CONTAINER;
        snprintf(number, sizeof number, "%3zu%c ", n + 1, mime_part_is_attachment(p) ? '+' : ' ');
        snprintf(size, sizeof size, "%8llu", (unsigned long long)p->decoded);
        grid_put_fit(u->grid, row, 0, u->cols, STR(""), role);
        col = grid_put(u->grid, row, 0, str_c(number), role);
        col += p->depth < 8 ? p->depth : 8;
        unsigned name = u->cols > col + 36 ? u->cols - col - 36 : 8;
        col += put_name(u, row, col, name, p, role);
        col += grid_put_fit(u->grid, row, col, 26, p->type, role);
        grid_put(u->grid, row, col, holds ? STR("") : str_c(size), role);
    }
}
