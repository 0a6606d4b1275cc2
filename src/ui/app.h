/* SPDX-License-Identifier: MIT */
/* app.h - the screen's state and what its files share: a stack of views, one prompt line, one
 * status line. Runs on the screen thread alone: it reads the store through a handle that never
 * waits, and asks the hand for all else.
 * Must not know: sockets, codecs. */
#ifndef TMAIL_UI_APP_H
#define TMAIL_UI_APP_H

#include "cache/message.h"
#include "tui/editor.h"
#include "tui/keymap.h"
#include "tui/lineedit.h"
#include "tui/list.h"
#include "tui/textview.h"
#include "ui/hand.h"

enum {
    UI_STACK_MAX = 8,
    UI_OVERLAY_MAX = 256,
    UI_STATUS_MAX = 512,
    UI_FOLDERS_MAX = 10000,
    UI_TEXT_MAX = 5 << 20,
    HAND_TEXT_SHOWN_MAX = 4 << 20,
    UI_COMMAND_MAX = 4096
};
enum ui_view {
    VIEW_INDEX = 1,
    VIEW_READER = 2,
    VIEW_PARTS = 4,
    VIEW_FOLDERS = 8,
    VIEW_OUTBOX = 16,
    VIEW_DRAFTS = 32,
    VIEW_REVIEW = 64,
    VIEW_EDITOR = 128,
    VIEW_HELP = 256,
    VIEW_LISTS = VIEW_INDEX | VIEW_PARTS | VIEW_FOLDERS | VIEW_OUTBOX | VIEW_DRAFTS | VIEW_REVIEW,
    VIEW_TEXTS = VIEW_READER | VIEW_HELP,
    VIEW_ALL = VIEW_LISTS | VIEW_TEXTS
};

/* What the person did and the store does not have yet: laid over what is read from it. */
struct ui_change {
    int64_t seq, message, folder;
    unsigned add, del;
    bool gone;
};
struct ui_row {
    struct cache_row row;
    struct str who;
};
struct ui_index {
    struct cache_query query;
    struct cache_folder folder; /* its name lives in title; id 0: all inboxes */
    char title[256];
    struct arena *arena; /* the window's rows: two screens at most */
    struct ui_row *rows;
    size_t n;
    struct list list;
    int64_t base; /* position of rows[0] */
    int64_t total, unread;
    bool at_end;
    bool fresh; /* empty when it was opened, and no key since: the first sync fills it under the
                   cursor */
};
struct ui_search {
    int64_t id, last; /* of the one that is shown, 0: none; of the newest: below 0, unlike others */
    struct cache_hit *hits; /* newest first */
    size_t n;
    bool here, there;           /* the store, the servers are still searched */
    char at[256];               /* accounts whose servers were asked */
    int64_t back, back_message; /* the folder before it (0: all inboxes), the message there */
};
struct ui_reader {
    struct ui_row at; /* who and strings live in arena */
    struct arena *arena;
    struct mime_summary sum;
    struct say *text; /* the decoded text, once it is here */
    struct textview view;
    size_t part;
    bool part_chosen; /* from the list of parts */
    bool waiting, hide_quotes, raw, headers;
    char problem[ERROR_TEXT_MAX];
};
struct ui_folders {
    struct arena *arena;
    struct cache_folder *rows;
    size_t n;
    struct list list;
};
struct ui_outbox {
    struct arena *arena;
    struct outbox_entry *rows;
    size_t n;
    struct list list;
};
struct ui_drafts {
    struct arena *arena;
    struct draft_row *rows;
    size_t n;
    struct list list;
};
struct ui_review {
    struct draft *draft; /* NULL while the hand has it */
    struct list list;    /* attachments */
    struct editor editor;
    bool editing;
    int64_t unstored_ms; /* since when the editor has what the store has not; 0: never */
};
enum ui_complete { COMPLETE_NONE, COMPLETE_FOLDER, COMPLETE_PATH, COMPLETE_COMMAND };
struct ui;
typedef void ui_prompt_fn(struct ui *u, struct str text);
struct ui_prompt {
    bool active;
    char label[256];
    struct lineedit line;
    enum ui_complete complete;
    ui_prompt_fn *done;
    int64_t question; /* of EVENT_ASK */
    char *kept;       /* what an earlier prompt was told */
};
struct ui {
    const struct ui_start *start;
    struct cache *cache; /* NULL until there is a store */
    struct hand *hand;
    struct term *term; /* NULL in tests */
    struct grid *grid;
    struct keymap *keys;
    unsigned rows, cols;
    enum ui_view stack[UI_STACK_MAX];
    size_t depth;
    struct ui_index index;
    struct ui_search search;
    struct ui_reader reader;
    struct list parts;
    struct ui_folders folders;
    struct ui_outbox outbox;
    struct ui_drafts drafts;
    struct ui_review review;
    struct textview help;
    struct ui_prompt prompt;
    struct ui_change changes[UI_OVERLAY_MAX];
    size_t changes_n;
    int64_t seq;
    size_t open_asks; /* durable work under way in the hand */
    char status[UI_STATUS_MAX];
    bool status_bad;
    char engine[UI_STATUS_MAX];
    int64_t sent_id, sent_until; /* what u takes back, until (seconds) */
    int64_t sent_at;             /* and when it goes */
    bool quit;
};

/* app.c */
struct ui *ui_new(const struct ui_start *start, unsigned rows, unsigned cols, struct error *err);
/* wait_ms: for the hand to finish. */
void ui_free(struct ui **u, int wait_ms);
/* The hand begins; not before the first frame. */
int ui_begin(struct ui *u, struct error *err) MUST_CHECK;
void ui_resize(struct ui *u, unsigned rows, unsigned cols);
/* As ^Z does everywhere. */
void ui_suspend(struct ui *u);
void ui_key(struct ui *u, const struct term_input *in);
void ui_paste(struct ui *u, struct str text);
/* Takes s. */
void ui_said(struct ui *u, struct say *s);
void ui_draw(struct ui *u);
int ui_run(struct ui *u);
enum ui_view ui_top(const struct ui *u);
void ui_push(struct ui *u, enum ui_view view);
void ui_pop(struct ui *u);
void ui_status(struct ui *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ui_error(struct ui *u, const struct error *err);
const char *ui_view_name(enum ui_view view);
/* Rows between the bar and the status line. */
unsigned ui_body_rows(const struct ui *u);
void ui_ask(struct ui *u, struct ask *a);
/* The list of the view on top, NULL when it has none. */
struct list *ui_list(struct ui *u);

/* command.c */
struct ui_command {
    const char *name, *help;
    unsigned views;
    const char *keys;
    const char *foot;          /* in the lines at the foot, if there is room */
    void (*run)(struct ui *u); /* NULL: told of in the help only */
};
extern const struct ui_command ui_commands[];
extern const size_t ui_commands_n;
int ui_keys_init(struct ui *u, struct error *err) MUST_CHECK;
/* As if typed after ':'. */
void ui_command_run(struct ui *u, struct str name);
void ui_help_open(struct ui *u);

/* foot.c */
void ui_foot_draw(struct ui *u);

/* prompt.c */
void ui_prompt_open(struct ui *u, const char *label, struct str text, enum ui_complete complete,
                    ui_prompt_fn *done);
void ui_prompt_key(struct ui *u, const struct term_input *in);
void ui_prompt_close(struct ui *u);
void ui_prompt_draw(struct ui *u, unsigned row);

/* index.c */
void ui_index_open(struct ui *u, const struct cache_folder *folder);
/* What u->search has; text: what was looked for. */
void ui_index_open_found(struct ui *u, struct str text);
/* By the name a person typed, or the inbox for NULL. 0, or -1 with a status. */
int ui_index_open_name(struct ui *u, struct str name);
void ui_index_reload(struct ui *u);
void ui_index_resize(struct ui *u);
void ui_index_draw(struct ui *u);
void ui_index_move(struct ui *u, long rows);
void ui_index_page(struct ui *u, long rows);
void ui_index_end(struct ui *u, bool last);
void ui_index_unread(struct ui *u);
/* Puts the cursor on a message if it is in the folder. */
void ui_index_seek(struct ui *u, int64_t message);
struct ui_row *ui_index_row(struct ui *u);
void ui_index_clear(struct ui *u);
/* search.c */
void ui_search_open(struct ui *u);
/* Back from what was found to what was shown before it. False: nothing that was found is shown. */
bool ui_search_leave(struct ui *u);
/* Another folder is opened. */
void ui_search_left(struct ui *u);
void ui_search_said(struct ui *u, const struct say *s);
/* True when the event is told of entirely. */
bool ui_search_event(struct ui *u, const struct bus_event *ev);
/* Where is being searched; false: nowhere. */
bool ui_search_words(const struct ui *u, char *out, size_t max);
void ui_search_clear(struct ui *u);
/* action.c: what is done to the message under the cursor, or to the one that is open. */
struct ui_row *ui_message(struct ui *u);
void ui_act_flags(struct ui *u, struct ui_row *r, unsigned add, unsigned del, bool quiet);
void ui_act_move(struct ui *u, int64_t target, enum cache_role role);
void ui_act_save(struct ui *u, struct str folder);
void ui_changes_apply(struct ui *u, struct ui_row *rows, size_t *n);
void ui_changes_done(struct ui *u, int64_t seq);

/* reader.c, parts.c */
void ui_reader_open(struct ui *u, const struct ui_row *r);
void ui_reader_part(struct ui *u, size_t part);
void ui_reader_said(struct ui *u, struct say *s);
void ui_reader_body(struct ui *u, const struct bus_event *ev);
void ui_reader_layout(struct ui *u);
void ui_reader_draw(struct ui *u);
void ui_reader_step(struct ui *u, long by);
void ui_reader_clear(struct ui *u);
void ui_parts_open(struct ui *u);
void ui_parts_draw(struct ui *u);
/* The part under the cursor: 0, or -1 when there is none. */
int ui_parts_chosen(struct ui *u, size_t *part);

/* lists.c: folders, outbox, drafts */
void ui_folders_open(struct ui *u);
void ui_folders_load(struct ui *u);
void ui_folders_draw(struct ui *u);
void ui_outbox_open(struct ui *u);
void ui_outbox_load(struct ui *u);
void ui_outbox_draw(struct ui *u);
void ui_drafts_open(struct ui *u);
void ui_drafts_load(struct ui *u);
void ui_drafts_draw(struct ui *u);
void ui_lists_clear(struct ui *u);

/* composer.c */
void ui_review_open(struct ui *u, struct draft *d, bool edit);
void ui_review_edit(struct ui *u);
/* Has the store keep what is written by now, whatever becomes of us. */
void ui_review_store(struct ui *u);
/* After every event: stores when the person pauses (idle), and now and then. */
void ui_review_tick(struct ui *u, bool idle);
void ui_review_send(struct ui *u);
void ui_review_keep(struct ui *u);
void ui_review_draw(struct ui *u);
void ui_review_attach(struct ui *u, struct str path);
void ui_review_detach(struct ui *u);
void ui_editor_key(struct ui *u, const struct term_input *in);
void ui_editor_draw(struct ui *u);
void ui_review_clear(struct ui *u);
/* u within the undo time: true when it was for us. */
bool ui_unsend(struct ui *u);

#endif
