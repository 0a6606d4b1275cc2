/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "compose/when.h"
#include "mime/names.h"
#include "base/banned.h"

enum { HELP_KEYS_WIDTH = 22, HELP_KEYS_NARROW = 11 };

static struct list *list_here(struct ui *u)
{
    return ui_list(u);
}

static void move_by(struct ui *u, long rows)
{
    struct list *l = list_here(u);
    if (ui_top(u) == VIEW_INDEX)
        ui_index_move(u, rows);
    else if (l != NULL)
        list_move(l, rows);
}

static void page_by(struct ui *u, long num, long den)
{
    long rows = (long)ui_body_rows(u) * num / den;
    struct list *l = list_here(u);
    if (ui_top(u) == VIEW_INDEX)
        ui_index_page(u, rows);
    else if (ui_top(u) == VIEW_READER)
        textview_scroll(&u->reader.view, rows > 1 ? rows - 1 : rows < -1 ? rows + 1 : rows);
    else if (ui_top(u) == VIEW_HELP)
        textview_scroll(&u->help, rows);
    else if (l != NULL)
        list_page(l, rows);
}

static void go_end(struct ui *u, bool last)
{
    struct list *l = list_here(u);
    struct textview *v = ui_top(u) == VIEW_READER ? &u->reader.view : &u->help;
    if (ui_top(u) == VIEW_INDEX)
        ui_index_end(u, last);
    else if (ui_top(u) & VIEW_TEXTS)
        textview_scroll(v, last ? (long)v->wrap.n : -(long)v->wrap.n);
    else if (l != NULL)
        list_go(l, last ? l->n : 0);
}

static void cmd_next(struct ui *u)
{
    move_by(u, 1);
}
static void cmd_prev(struct ui *u)
{
    move_by(u, -1);
}
static void cmd_page_down(struct ui *u)
{
    page_by(u, 1, 1);
}
static void cmd_page_up(struct ui *u)
{
    page_by(u, -1, 1);
}
static void cmd_half_down(struct ui *u)
{
    page_by(u, 1, 2);
}
static void cmd_half_up(struct ui *u)
{
    page_by(u, -1, 2);
}
static void cmd_first(struct ui *u)
{
    go_end(u, false);
}
static void cmd_last(struct ui *u)
{
    go_end(u, true);
}

static void cmd_next_message(struct ui *u)
{
    ui_reader_step(u, 1);
}
static void cmd_prev_message(struct ui *u)
{
    ui_reader_step(u, -1);
}

static void scroll(struct ui *u, long lines)
{
    textview_scroll(ui_top(u) == VIEW_READER ? &u->reader.view : &u->help, lines);
}
static void cmd_line_down(struct ui *u)
{
    scroll(u, 1);
}
static void cmd_line_up(struct ui *u)
{
    scroll(u, -1);
}

static void cmd_next_unread(struct ui *u)
{
    int64_t was = u->reader.at.row.id;
    ui_index_unread(u);
    struct ui_row *r = ui_index_row(u);
    if (ui_top(u) == VIEW_READER && r != NULL && r->row.id != was)
        ui_reader_open(u, r);
}

static void parts_view(struct ui *u)
{
    size_t part;
    if (ui_parts_chosen(u, &part) != 0)
        return;
    if (!str_starts(u->reader.sum.parts[part].type, "text/")) {
        ui_status(u, _("This is not text: s saves it"));
        return;
    }
    ui_pop(u);
    ui_reader_part(u, part);
}

static void cmd_open(struct ui *u)
{
    struct ui_row *r = ui_index_row(u);
    struct ask *a;
    switch (ui_top(u)) {
    case VIEW_INDEX:
        if (r != NULL)
            ui_reader_open(u, r);
        break;
    case VIEW_PARTS:
        parts_view(u);
        break;
    case VIEW_FOLDERS:
        if (u->folders.n > 0) {
            ui_index_open(u, &u->folders.rows[u->folders.list.cursor]);
            ui_pop(u);
        }
        break;
    case VIEW_DRAFTS:
        if (u->drafts.n > 0) {
            a = ask_new(ASK_LOAD);
            a->id = u->drafts.rows[u->drafts.list.cursor].id;
            ui_pop(u);
            ui_ask(u, a);
        }
        break;
    default:
        break;
    }
}

static void cmd_back(struct ui *u)
{
    if (ui_top(u) == VIEW_REVIEW)
        ui_review_keep(u);
    else
        ui_pop(u);
}

static void cmd_quit(struct ui *u)
{
    u->quit = !ui_search_leave(u);
}

static void cmd_delete(struct ui *u)
{
    struct ask *a;
    if (ui_top(u) != VIEW_DRAFTS) {
        ui_act_move(u, 0, ROLE_TRASH);
        return;
    }
    if (u->drafts.n == 0)
        return;
    a = ask_new(ASK_DROP);
    a->id = u->drafts.rows[u->drafts.list.cursor].id;
    ui_ask(u, a);
}

static void cmd_archive(struct ui *u)
{
    ui_act_move(u, 0, ROLE_ARCHIVE);
}

static void cmd_undo(struct ui *u)
{
    if (!ui_unsend(u))
        ui_ask(u, ask_new(ASK_UNDO));
}

static void toggle(struct ui *u, unsigned flag)
{
    struct ui_row *r = ui_message(u);
    if (r == NULL)
        return;
    bool on = r->row.flags & flag;
    ui_act_flags(u, r, on ? 0 : flag, on ? flag : 0, false);
}
static void cmd_flag(struct ui *u)
{
    toggle(u, CACHE_FLAGGED);
}
static void cmd_toggle_read(struct ui *u)
{
    toggle(u, CACHE_SEEN);
}

static void cmd_save(struct ui *u)
{
    if (ui_message(u) != NULL)
        ui_prompt_open(u, _("Move to folder: "), STR(""), COMPLETE_FOLDER, ui_act_save);
}

static void change_folder(struct ui *u, struct str name)
{
    if (name.n > 0 && ui_index_open_name(u, name) == 0)
        while (ui_top(u) != VIEW_INDEX)
            ui_pop(u);
}
static void cmd_change_folder(struct ui *u)
{
    ui_prompt_open(u, _("Open folder: "), STR(""), COMPLETE_FOLDER, change_folder);
}
static void cmd_folders(struct ui *u)
{
    ui_folders_open(u);
}
static void cmd_outbox(struct ui *u)
{
    ui_outbox_open(u);
}
static void cmd_recall(struct ui *u)
{
    ui_drafts_open(u);
}
static void cmd_parts(struct ui *u)
{
    ui_parts_open(u);
}
static void cmd_help(struct ui *u)
{
    ui_help_open(u);
}

static void cmd_sync(struct ui *u)
{
    ui_ask(u, ask_new(ASK_SYNC));
    ui_status(u, _("Looking for new mail"));
}

static void cmd_redraw(struct ui *u)
{
    grid_forget(u->grid);
}

static void cmd_suspend(struct ui *u)
{
    ui_suspend(u);
}

static void cmd_command(struct ui *u)
{
    ui_prompt_open(u, ":", STR(""), COMPLETE_COMMAND, ui_command_run);
}

static void compose_subject(struct ui *u, struct str subject)
{
    struct ask *a = ask_new(ASK_NEW);
    a->text = u->prompt.kept;
    u->prompt.kept = NULL;
    a->text2 = xmemdup0(subject.p, subject.n);
    ui_ask(u, a);
}
static void compose_to(struct ui *u, struct str to)
{
    free(u->prompt.kept);
    u->prompt.kept = xmemdup0(to.p, to.n);
    ui_prompt_open(u, _("Subject: "), STR(""), COMPLETE_NONE, compose_subject);
}
static void cmd_compose(struct ui *u)
{
    ui_prompt_open(u, _("To: "), STR(""), COMPLETE_NONE, compose_to);
}

static void reply(struct ui *u, enum reply_kind kind)
{
    struct ui_row *r = ui_message(u);
    struct ask *a;
    if (r == NULL)
        return;
    a = ask_new(ASK_REPLY);
    a->id = r->row.id;
    a->part = kind;
    ui_ask(u, a);
}
static void cmd_reply(struct ui *u)
{
    reply(u, REPLY_SENDER);
}
static void cmd_reply_all(struct ui *u)
{
    reply(u, REPLY_ALL);
}
static void cmd_reply_list(struct ui *u)
{
    reply(u, REPLY_LIST);
}

static void forward_to(struct ui *u, struct str to)
{
    struct ui_row *r = ui_message(u);
    struct ask *a;
    if (r == NULL)
        return;
    a = ask_new(ASK_FORWARD);
    a->id = r->row.id;
    a->text = xmemdup0(to.p, to.n);
    ui_ask(u, a);
}
static void cmd_forward(struct ui *u)
{
    if (ui_message(u) != NULL)
        ui_prompt_open(u, _("Forward to: "), STR(""), COMPLETE_NONE, forward_to);
}

/* The reader's ways of showing: each is switched on and off. */
static void reader_again(struct ui *u, bool raw, bool headers)
{
    struct ui_row row = u->reader.at;
    ui_reader_open(u, &row);
    u->reader.raw = raw;
    u->reader.headers = headers;
    if (raw || headers) {
        struct ask *a = ask_new(ASK_RAW);
        a->id = row.row.id;
        a->part = raw ? 1 : 0;
        ui_ask(u, a);
    }
}
static void cmd_headers(struct ui *u)
{
    reader_again(u, false, !u->reader.headers);
}
static void cmd_raw(struct ui *u)
{
    reader_again(u, !u->reader.raw, false);
}

static void cmd_hide_quotes(struct ui *u)
{
    u->reader.hide_quotes = !u->reader.hide_quotes;
    struct ui_row row = u->reader.at;
    ui_reader_open(u, &row);
}

static void part_save(struct ui *u, struct str path)
{
    struct ask *a;
    size_t part;
    if (ui_parts_chosen(u, &part) != 0 || path.n == 0)
        return;
    a = ask_new(ASK_SAVE);
    a->id = u->reader.at.row.id;
    a->part = part;
    a->text = xmemdup0(path.p, path.n);
    ui_ask(u, a);
}
static void cmd_part_save(struct ui *u)
{
    struct buf name = BUF_INIT(1024);
    size_t part;
    if (ui_parts_chosen(u, &part) != 0)
        return;
    const struct mime_part_info *p = &u->reader.sum.parts[part];
    if (p->flags & MIME_PART_CONTAINER && !mime_part_is_attachment(p)) {
        ui_status(u, _("This only holds other parts"));
        return;
    }
    mime_name_safe(p->name, p->type, &name);
    ui_prompt_open(u, _("Save as: "), buf_str(&name), COMPLETE_PATH, part_save);
    buf_free(&name);
}

static void outbox_ask(struct ui *u, enum ask_kind kind)
{
    struct ask *a;
    if (u->outbox.n == 0)
        return;
    a = ask_new(kind);
    a->id = u->outbox.rows[u->outbox.list.cursor].id;
    ui_ask(u, a);
}
static void cmd_outbox_cancel(struct ui *u)
{
    outbox_ask(u, ASK_CANCEL);
}
static void cmd_outbox_retry(struct ui *u)
{
    outbox_ask(u, ASK_RETRY);
}

static void cmd_send(struct ui *u)
{
    ui_review_send(u);
}
static void cmd_edit(struct ui *u)
{
    ui_review_edit(u);
}
static void cmd_detach(struct ui *u)
{
    ui_review_detach(u);
}
static void cmd_attach(struct ui *u)
{
    ui_prompt_open(u, _("Attach file: "), STR(""), COMPLETE_PATH, ui_review_attach);
}

static void field_set(struct ui *u, char **field, struct str text)
{
    if (u->review.draft == NULL)
        return;
    draft_set(field, text);
    ui_review_store(u);
}

static void field_ask(struct ui *u, const char *label, const char *now, ui_prompt_fn *done)
{
    ui_prompt_open(u, label, str_c(now), COMPLETE_NONE, done);
}

static void set_to(struct ui *u, struct str text)
{
    field_set(u, u->review.draft != NULL ? &u->review.draft->to : NULL, text);
}

static void cmd_to(struct ui *u)
{
    if (u->review.draft != NULL)
        field_ask(u, _("To: "), u->review.draft->to, set_to);
}

static void set_cc(struct ui *u, struct str text)
{
    field_set(u, u->review.draft != NULL ? &u->review.draft->cc : NULL, text);
}

static void cmd_cc(struct ui *u)
{
    if (u->review.draft != NULL)
        field_ask(u, _("Cc: "), u->review.draft->cc, set_cc);
}

static void set_bcc(struct ui *u, struct str text)
{
    field_set(u, u->review.draft != NULL ? &u->review.draft->bcc : NULL, text);
}

static void cmd_bcc(struct ui *u)
{
    if (u->review.draft != NULL)
        field_ask(u, _("Bcc: "), u->review.draft->bcc, set_bcc);
}

static void set_subject(struct ui *u, struct str text)
{
    field_set(u, u->review.draft != NULL ? &u->review.draft->subject : NULL, text);
}

static void cmd_subject(struct ui *u)
{
    if (u->review.draft != NULL)
        field_ask(u, _("Subject: "), u->review.draft->subject, set_subject);
}

static void order_set(struct ui *u, const char *name, struct str text)
{
    if (u->review.draft == NULL)
        return;
    draft_header_set(u->review.draft, name, text);
    ui_review_store(u);
}

static void set_send_at(struct ui *u, struct str text)
{
    struct error err;
    int64_t now = clock_wall_ms() / 1000, at;
    text = str_trim(text);
    if (text.n > 0 && when_read(text, now, &at, &err) != 0) {
        ui_error(u, &err);
        return;
    }
    order_set(u, "Send-At", text);
}

static void cmd_send_at(struct ui *u)
{
    if (u->review.draft == NULL)
        return;
    const char *now = draft_header(u->review.draft, "Send-At");
    field_ask(u, _("Send at (+2h, 18:30, 2026-12-01 08:00; empty: now): "), now != NULL ? now : "",
              set_send_at);
}

static void cmd_receipt(struct ui *u)
{
    const struct config_account *account;
    if (u->review.draft == NULL)
        return;
    account = config_account(u->start->config, str_c(u->review.draft->account));
    bool wanted = account != NULL && draft_receipt(u->review.draft, account);
    order_set(u, "Receipt", wanted ? STR("no") : STR("yes"));
}

#define MESSAGES (VIEW_INDEX | VIEW_READER)
/* clang-format off */
const struct ui_command ui_commands[] = {
    { "send", N_("send it"), VIEW_REVIEW, "y", N_("Send"), cmd_send },
    { "edit", N_("edit the text"), VIEW_REVIEW, "e", N_("Edit"), cmd_edit },
    { "edit-to", N_("change whom it goes to"), VIEW_REVIEW, "t", N_("To"), cmd_to },
    { "edit-cc", N_("change who gets a copy"), VIEW_REVIEW, "c", N_("Cc"), cmd_cc },
    { "edit-bcc", N_("change who gets a blind copy"), VIEW_REVIEW, "b", N_("Bcc"), cmd_bcc },
    { "edit-subject", N_("change the subject"), VIEW_REVIEW, "s", N_("Subject"), cmd_subject },
    { "send-at", N_("name a time at which it goes"), VIEW_REVIEW, "w", N_("When"), cmd_send_at },
    { "receipt", N_("ask to be told that it arrived, or do not"), VIEW_REVIEW, "R", N_("Receipt"), cmd_receipt },
    { "attach", N_("attach a file"), VIEW_REVIEW, "a", N_("Attach"), cmd_attach },
    { "detach", N_("take an attachment away"), VIEW_REVIEW, "D", N_("Detach"), cmd_detach },
    { "done", N_("end and look it over"), VIEW_EDITOR, "^X ^D", N_("Done"), NULL },
    { "abort", N_("leave; what is written is kept as a draft"), VIEW_EDITOR, "^C", N_("Keep draft"), NULL },
    { "cut-line", N_("cut the line"), VIEW_EDITOR, "^K", N_("Cut line"), NULL },
    { "put-line", N_("put back what was cut"), VIEW_EDITOR, "^Y", N_("Put back"), NULL },
    { "cancel-send", N_("take it back, or forget it"), VIEW_OUTBOX, "c", N_("Cancel"), cmd_outbox_cancel },
    { "retry-send", N_("try again now"), VIEW_OUTBOX, "r", N_("Retry"), cmd_outbox_retry },
    { "save-part", N_("save the part to a file"), VIEW_PARTS, "s", N_("Save"), cmd_part_save },
    { "quit", N_("leave tmail; first what was found"), VIEW_INDEX, "q x", N_("Quit"), cmd_quit },
    { "back", N_("back to what was before"), VIEW_ALL & ~VIEW_INDEX & ~VIEW_REVIEW, "q x <Left> <Esc> i", N_("Back"), cmd_back },
    { "keep", N_("keep it as a draft and leave"), VIEW_REVIEW, "q P", N_("Keep draft"), cmd_back },
    { "open", N_("open it"), VIEW_INDEX | VIEW_PARTS | VIEW_FOLDERS | VIEW_DRAFTS, "<Enter> <Right>", N_("Open"), cmd_open },
    { "compose", N_("write a new message"), MESSAGES, "m", N_("Write"), cmd_compose },
    { "reply", N_("answer the sender"), MESSAGES, "r", N_("Reply"), cmd_reply },
    { "reply-all", N_("answer all"), MESSAGES, "g", N_("All"), cmd_reply_all },
    { "reply-list", N_("answer the list"), MESSAGES, "L", NULL, cmd_reply_list },
    { "forward", N_("forward it"), MESSAGES, "f", N_("Forward"), cmd_forward },
    { "delete", N_("delete it; in Trash: remove it"), MESSAGES | VIEW_DRAFTS, "d <Del>", N_("Delete"), cmd_delete },
    { "undo", N_("undo the last change, or take back what is being sent"), MESSAGES | VIEW_OUTBOX | VIEW_FOLDERS, "u", N_("Undo"), cmd_undo },
    { "archive", N_("move it to the archive"), MESSAGES, "a", N_("Archive"), cmd_archive },
    { "move", N_("move it to another folder"), MESSAGES, "s", N_("Move"), cmd_save },
    { "flag", N_("flag it, or not"), MESSAGES, "F", NULL, cmd_flag },
    { "toggle-read", N_("mark it read, or unread"), MESSAGES, "N", NULL, cmd_toggle_read },
    { "folders", N_("list the folders"), MESSAGES, "y", N_("Folders"), cmd_folders },
    { "change-folder", N_("open a folder by name"), MESSAGES | VIEW_FOLDERS, "c", NULL, cmd_change_folder },
    { "search", N_("search all mail, on servers too"), MESSAGES, "/", NULL, ui_search_open },
    { "next-unread", N_("the next unread message"), MESSAGES, "<Tab>", N_("Unread"), cmd_next_unread },
    { "parts", N_("list attachments and parts"), MESSAGES, "v", N_("Parts"), cmd_parts },
    { "recall", N_("take up a draft"), VIEW_INDEX, "R", NULL, cmd_recall },
    { "outbox", N_("what waits to be sent"), MESSAGES | VIEW_FOLDERS, "O", NULL, cmd_outbox },
    { "sync", N_("look for new mail now"), MESSAGES | VIEW_FOLDERS | VIEW_OUTBOX, "$ G", NULL, cmd_sync },
    { "next-message", N_("the next message"), VIEW_READER, "j", N_("Next"), cmd_next_message },
    { "previous-message", N_("the message before"), VIEW_READER, "k", NULL, cmd_prev_message },
    { "headers", N_("all header lines, or the usual ones"), VIEW_READER, "h", NULL, cmd_headers },
    { "raw", N_("the message as it came, or as it is meant"), VIEW_READER, "E e", NULL, cmd_raw },
    { "hide-quotes", N_("hide what is quoted, or show it"), VIEW_READER, "T", NULL, cmd_hide_quotes },
    { "line-down", N_("a line down"), VIEW_TEXTS, "<Down> <Enter>", NULL, cmd_line_down },
    { "line-up", N_("a line up"), VIEW_TEXTS, "<Up> <Backspace>", NULL, cmd_line_up },
    { "next", N_("a row down"), VIEW_LISTS, "j <Down>", NULL, cmd_next },
    { "previous", N_("a row up"), VIEW_LISTS, "k <Up>", NULL, cmd_prev },
    { "page-down", N_("a page down"), VIEW_LISTS, "<PageDown> z", NULL, cmd_page_down },
    { "page-up", N_("a page up"), VIEW_LISTS, "<PageUp> Z", NULL, cmd_page_up },
    { "text-down", N_("a page down"), VIEW_TEXTS, "<Space> <PageDown> z", N_("More"), cmd_page_down },
    { "text-up", N_("a page up"), VIEW_TEXTS, "- <PageUp> Z", NULL, cmd_page_up },
    { "half-down", N_("half a page down"), VIEW_LISTS | VIEW_TEXTS, "]", NULL, cmd_half_down },
    { "half-up", N_("half a page up"), VIEW_LISTS | VIEW_TEXTS, "[", NULL, cmd_half_up },
    { "first", N_("the first one, or the top"), VIEW_LISTS | VIEW_TEXTS, "= <Home>", NULL, cmd_first },
    { "last", N_("the last one, or the end"), VIEW_LISTS | VIEW_TEXTS, "* <End>", NULL, cmd_last },
    { "help", N_("what the keys do here"), VIEW_ALL & ~VIEW_HELP, "? <F1>", N_("Help"), cmd_help },
    { "command", N_("a command by name; Tab completes it"), VIEW_ALL & ~VIEW_HELP, ": <F2>", NULL, cmd_command },
    { "redraw", N_("draw the screen anew"), VIEW_ALL, "^L", NULL, cmd_redraw },
    { "suspend", N_("stop tmail; fg brings it back"), VIEW_ALL, "^Z", NULL, cmd_suspend },
};
/* clang-format on */
const size_t ui_commands_n = COUNT(ui_commands);

static int bind_defaults(struct ui *u, enum ui_view view, struct error *err)
{
    for (size_t i = 0; i < ui_commands_n; i++)
        if (ui_commands[i].views & view &&
            keymap_bind(u->keys, ui_view_name(view), ui_commands[i].keys, ui_commands[i].name,
                        err) != 0)
            return -1;
    return 0;
}

/* A command that exists somewhere; its name as the table has it. */
static const char *command_known(const char *name)
{
    for (size_t i = 0; i < ui_commands_n; i++)
        if (strcmp(ui_commands[i].name, name) == 0)
            return ui_commands[i].name;
    return NULL;
}

static int bind_wanted(struct ui *u, const struct config_binding *b, struct error *err)
{
    const char *name = command_known(b->command);
    const char *view = NULL;
    for (unsigned v = VIEW_INDEX; v <= VIEW_HELP; v <<= 1)
        if (strcmp(ui_view_name((enum ui_view)v), b->view) == 0)
            view = ui_view_name((enum ui_view)v);
    if (name == NULL || view == NULL)
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("[keys %s]: there is no command “%s”"),
                         b->view, b->command);
    keymap_unbind(u->keys, view, name);
    return keymap_bind(u->keys, view, b->keys, name, err);
}

int ui_keys_init(struct ui *u, struct error *err)
{
    const struct config *cfg = u->start->config;
    u->keys = keymap_new();
    for (unsigned v = VIEW_INDEX; v <= VIEW_HELP; v <<= 1)
        if (bind_defaults(u, (enum ui_view)v, err) != 0)
            return -1;
    for (size_t i = 0; i < cfg->keys_n; i++)
        if (bind_wanted(u, &cfg->keys[i], err) != 0)
            return -1;
    return 0;
}

void ui_command_run(struct ui *u, struct str name)
{
    name = str_trim(name);
    if (name.n == 0)
        return;
    for (size_t i = 0; i < ui_commands_n; i++)
        if (ui_commands[i].views & ui_top(u) && str_eqc(name, ui_commands[i].name) &&
            ui_commands[i].run != NULL) {
            ui_commands[i].run(u);
            return;
        }
    ui_status(u, _("There is no command “%.*s” here: ? lists them"), STR_ARG(name));
}

void ui_help_open(struct ui *u)
{
    enum ui_view view = ui_top(u);
    struct buf keys = BUF_INIT(200);
    unsigned width = u->cols < 60 ? HELP_KEYS_NARROW : HELP_KEYS_WIDTH;
    textview_clear(&u->help);
    for (size_t i = 0; i < ui_commands_n; i++) {
        const struct ui_command *c = &ui_commands[i];
        if (!(c->views & view))
            continue;
        buf_clear(&keys);
        keymap_show(u->keys, ui_view_name(view), c->name, &keys);
        textview_add(&u->help, buf_str(&keys), THEME_KEY);
        for (unsigned pad = grid_width(buf_str(&keys)); pad < width; pad++)
            textview_add(&u->help, STR(" "), THEME_TEXT);
        textview_add(&u->help, STR(" "), THEME_TEXT);
        textview_add(&u->help, str_c(_(c->help)), THEME_TEXT);
        textview_add(&u->help, STR("  :"), THEME_DIM);
        textview_add(&u->help, str_c(c->name), THEME_DIM);
        textview_add(&u->help, STR("\n"), THEME_TEXT);
    }
    buf_free(&keys);
    ui_push(u, VIEW_HELP);
    textview_layout(&u->help, u->cols, ui_body_rows(u));
}
