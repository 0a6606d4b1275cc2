/* SPDX-License-Identifier: MIT */
/* The screens without a terminal: keys in, cells out. */
#include "unit/test.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tui/fixture.h"
#include "ui/app.h"
#include "ui/hand_in.h"

struct bench {
    char *dir, *store;
    struct config config;
    struct ui_start start;
    struct ui *u;
};

static int up(void **state)
{
    struct bench *b = xcalloc(1, sizeof *b);
    struct error err;
    b->dir = fixture_new();
    b->store = xasprintf("%s/mail.db", b->dir);
    char *rc = xasprintf("%s/tmailrc", b->dir);
    int loaded = config_load(&b->config, rc, &err);
    free(rc);
    b->start = (struct ui_start){
        .config = &b->config, .store = b->store, .offline = true, .version = "0"
    };
    b->u = ui_new(&b->start, 10, 60, &err);
    *state = b;
    /* Where what random keys save may lie. */
    return loaded == 0 && b->u != NULL && chdir(b->dir) == 0 ? 0 : -1;
}

static int down(void **state)
{
    struct bench *b = *state;
    ui_free(&b->u, 10000);
    config_free(&b->config);
    int away = chdir("/");
    fixture_drop(&b->dir);
    free(b->store);
    free(b);
    return away;
}

static void keys(struct bench *b, const char *bytes)
{
    for (; *bytes != '\0'; bytes++) {
        struct term_input in = { .key = *bytes == '\r' ? TERM_KEY_ENTER : (uint32_t)*bytes };
        ui_key(b->u, &in);
    }
}

static bool sees(struct bench *b, const char *text)
{
    struct buf out = BUF_INIT(1 << 20);
    ui_draw(b->u);
    grid_dump(b->u->grid, false, &out);
    bool found = strstr(buf_c(&out), text) != NULL;
    buf_free(&out);
    return found;
}

/* Takes what the hand says until it has said kind. */
static void until(struct bench *b, enum say_kind kind)
{
    for (;;) {
        struct say *s = hand_next(b->u->hand, 20000);
        assert_non_null(s);
        bool last = s->m.kind == (int)kind;
        ui_said(b->u, s);
        if (last)
            return;
    }
}

static void the_first_screen_needs_no_hand(void **state)
{
    struct bench *b = *state;
    struct buf out = BUF_INIT(1 << 20);
    ui_draw(b->u);
    grid_dump(b->u->grid, true, &out);
    static const char want[] =
        " INBOX  1/60  22 unread                             offline\n"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"
        "N   Nov 2023 evil@example.com   nasty \uFFFD[31m\uFFFD]0;owned\uFFFD    179\n"
        "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS\n"
        "N + Nov 2023 Wim de Vries       日本語 and a file        216\n"
        "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\n";
    assert_memory_equal(buf_c(&out), want, sizeof want - 1);
    buf_free(&out);
}

static void a_change_is_seen_before_it_is_stored(void **state)
{
    struct bench *b = *state;
    struct error err;
    assert_int_equal(ui_begin(b->u, &err), 0);
    keys(b, "jjjF");
    assert_int_equal(b->u->changes_n, 1);
    assert_true(sees(b, " !  Nov 2023"));
    keys(b, "d");
    assert_false(sees(b, "message number 57"));
    assert_true(sees(b, "4/59"));
    until(b, SAY_DONE);
    until(b, SAY_DONE);
    assert_int_equal(b->u->changes_n, 0);
    assert_false(sees(b, "message number 57"));
    keys(b, "u");
    until(b, SAY_UNDONE);
    assert_true(sees(b, "message number 57"));
    assert_true(sees(b, " !  Nov 2023"));
}

static void the_window_stays_small(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < FIXTURE_MESSAGES; i++) {
        keys(b, "j");
        assert_true(b->u->index.n <= 2 * ui_body_rows(b->u));
    }
    assert_true(sees(b, "60/60"));
    for (int i = 0; i < FIXTURE_MESSAGES; i++) {
        char want[32];
        snprintf(want, sizeof want, " %d/60 ", FIXTURE_MESSAGES - i);
        assert_true(sees(b, want));
        keys(b, i % 2 == 0 ? "k" : "k");
        assert_true(b->u->index.n <= 2 * ui_body_rows(b->u));
    }
    keys(b, "]]]][[z");
    assert_true(b->u->index.list.cursor < b->u->index.n);
}

static void every_command_of_a_view_is_in_its_help(void **state)
{
    struct bench *b = *state;
    static const enum ui_view views[] = { VIEW_INDEX,  VIEW_READER, VIEW_PARTS,  VIEW_FOLDERS,
                                          VIEW_OUTBOX, VIEW_DRAFTS, VIEW_REVIEW, VIEW_EDITOR };
    for (size_t v = 0; v < COUNT(views); v++) {
        ui_push(b->u, views[v]);
        ui_help_open(b->u);
        for (size_t i = 0; i < ui_commands_n; i++) {
            struct buf line = BUF_INIT(200);
            buf_addf(&line, "  :%s\n", ui_commands[i].name);
            bool there = strstr(buf_c(&b->u->help.text), buf_c(&line)) != NULL;
            assert_int_equal(there, (ui_commands[i].views & views[v]) != 0);
            buf_free(&line);
        }
        ui_pop(b->u);
        ui_pop(b->u);
    }
}

static struct say *event_of(struct bus_event ev)
{
    struct say *s = say_new(SAY_EVENT);
    s->event = ev;
    return s;
}

static void the_engine_asks_and_tells(void **state)
{
    struct bench *b = *state;
    ui_said(b->u,
            event_of((struct bus_event){ .kind = EVENT_ASK, .id = 5, .account = STR("jane") }));
    keys(b, "secret");
    assert_true(sees(b, "Password for account jane:"));
    assert_false(sees(b, "secret"));
    keys(b, "\r");
    assert_false(b->u->prompt.active);
    ui_said(b->u,
            event_of((struct bus_event){
                .kind = EVENT_PROGRESS, .folder = STR("Lists\033[2J"), .done = 3, .total = 9 }));
    b->start.offline = false;
    assert_true(sees(b, "Lists\uFFFD[2J 3/9"));
    ui_said(b->u, event_of((struct bus_event){ .kind = EVENT_OUTBOX,
                                               .id = 1,
                                               .state = STR("failed"),
                                               .text = STR("no such user") }));
    assert_true(sees(b, "no such user"));
    b->start.offline = true;
}

/* Any keys at all, at any size: nothing but what a person may do. */
static void a_long_sentence_is_seen_to_its_end(void **state)
{
    struct bench *b = *state;
    ui_status(b->u, "%s",
              "a sentence that is longer than the screen is wide goes on in a second row");
    assert_true(sees(b, "second row"));
    assert_true(sees(b, "a sentence that"));
    assert_true(sees(b, "Quit"));
}

static void an_answer_is_written_below_the_quotation(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "new" },
        { "\n-- \nsig\n", "new\n-- \nsig\n" },
        { "A wrote:\n> x\n", "A wrote:\n> x\nnew" },
        { "A wrote:\n> x\n\n-- \nsig\n", "A wrote:\n> x\nnew\n-- \nsig\n" },
        { "\n----- Forwarded", "new\n----- Forwarded" },
    };
    struct bench *b = *state;
    unsetenv("VISUAL");
    unsetenv("EDITOR");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct draft *d = draft_new(&b->config, NULL);
        draft_set(&d->text, str_c(rows[i].text));
        ui_review_open(b->u, d, true);
        keys(b, "new");
        assert_string_equal(buf_c(&b->u->review.editor.text), rows[i].want);
        ui_review_clear(b->u);
        b->u->depth = 1;
    }
}

/* Killed in the built-in editor: what was typed before the last pause is in the store. */
static void what_is_typed_is_stored_while_typing(void **state)
{
    struct bench *b = *state;
    struct error err;
    struct draft *d = NULL;
    assert_int_equal(ui_begin(b->u, &err), 0);
    unsetenv("VISUAL");
    unsetenv("EDITOR");
    keys(b, "mbob@example.org\rgreeting\r");
    until(b, SAY_DRAFT);
    int64_t id = b->u->review.draft->id;
    assert_int_not_equal(id, 0);
    keys(b, "my words");
    ui_review_tick(b->u, true);
    assert_false(b->u->review.editor.changed);
    keys(b, " and more");
    ui_review_tick(b->u, false);
    struct ask *a = ask_new(ASK_LOAD);
    a->id = id;
    ui_ask(b->u, a);
    while (d == NULL) {
        struct say *s = hand_next(b->u->hand, 20000);
        assert_non_null(s);
        if (s->m.kind == SAY_DRAFT) {
            d = s->draft;
            s->draft = NULL;
        }
        msg_drop(&s->m);
    }
    assert_string_equal(d->to, "bob@example.org");
    assert_string_equal(d->text, "my words");
    draft_free(&d);
}

static void an_answer_to_a_list_needs_a_list(void **state)
{
    struct bench *b = *state;
    struct error err;
    assert_int_equal(ui_begin(b->u, &err), 0);
    keys(b, "L");
    until(b, SAY_DRAFT);
    assert_true(b->u->status_bad);
    assert_null(b->u->review.draft);
    assert_int_equal(ui_top(b->u), VIEW_INDEX);
}

static void undoing_while_reading_keeps_the_place(void **state)
{
    struct bench *b = *state;
    struct error err;
    assert_int_equal(ui_begin(b->u, &err), 0);
    keys(b, "jjj\rdu");
    until(b, SAY_UNDONE);
    assert_int_equal(ui_top(b->u), VIEW_READER);
    assert_int_equal(ui_index_row(b->u)->row.id, b->u->reader.at.row.id);
    assert_true(sees(b, "5/60"));
}

static void until_searched(struct bench *b)
{
    while (b->u->search.here)
        until(b, SAY_FOUND);
}

static void what_is_here_is_found(void **state)
{
    struct bench *b = *state;
    struct error err;
    assert_int_equal(ui_begin(b->u, &err), 0);
    keys(b, "/(open\r");
    assert_true(sees(b, "parenthesis"));
    assert_true(sees(b, " INBOX  1/60"));
    keys(b, "jjj/wim subject:file\r");
    assert_true(sees(b, "Found: wim subject:file"));
    assert_true(sees(b, "searching"));
    until_searched(b);
    assert_true(sees(b, "Found: wim subject:file  1/1"));
    assert_true(sees(b, "and a file"));
    keys(b, "\r");
    until(b, SAY_TEXT);
    assert_int_equal(ui_top(b->u), VIEW_READER);
    keys(b, "/subject:MESSAGE -subject:\"number 57\"\r"); /* another search at once */
    until_searched(b);
    assert_true(sees(b, "1/57"));
    assert_false(sees(b, "message number 57"));
    keys(b, "jd");
    assert_false(sees(b, "message number 56"));
    until(b, SAY_DONE);
    assert_false(sees(b, "message number 56"));
    assert_true(sees(b, "message number 55"));
    keys(b, "*");
    assert_true(sees(b, "message number 1 "));
    keys(b, "q");
    assert_false(b->u->quit);
    assert_true(sees(b, " INBOX  4/59"));
    keys(b, "q");
    assert_true(b->u->quit);
}

static void where_nobody_could_search_is_told(void **state)
{
    struct bench *b = *state;
    struct error err;
    assert_int_equal(ui_begin(b->u, &err), 0);
    keys(b, "/nowhere in:Archive\r");
    until_searched(b);
    assert_true(sees(b, "Nothing was found"));
    keys(b, "/nowhere\r");
    until_searched(b);
    assert_true(sees(b, "offline: not searched on the server"));
    assert_true(sees(b, "INBOX"));
    keys(b, "c");
    keys(b, "INBOX\r");
    assert_true(sees(b, " INBOX  1/60"));
    assert_int_equal(b->u->search.id, 0);
}

/* What comes from servers slides in where its date belongs; the cursor stays on its message. */
static void what_servers_find_slides_in(void **state)
{
    struct bench *b = *state;
    struct error err;
    assert_int_equal(ui_begin(b->u, &err), 0);
    keys(b, "/subject:\"number 7\"\r");
    until_searched(b);
    assert_true(sees(b, "1/1"));
    keys(b, "k");
    int64_t id = b->u->index.rows[0].row.id, search = b->u->search.id;
    struct bus_event ev = {
        .kind = EVENT_FOUND, .id = search, .account = STR("home"), .state = STR("searching")
    };
    assert_true(ui_search_event(b->u, &ev));
    b->u->status[0] = '\0';
    assert_true(sees(b, "searching at home"));
    struct cache_hit more[] = { { { 1700000000 + 7 * 3600, id + 1 }, 1 },
                                { { 1700000000 + 6 * 3600, id }, 1 },
                                { { 1700000000 + 5 * 3600, id - 1 }, 1 } };
    struct say said = { .id = search, .hits = more, .hits_n = 3 };
    ui_search_said(b->u, &said);
    assert_true(sees(b, "2/3"));
    assert_int_equal(b->u->index.rows[b->u->index.list.cursor].row.id, id);
    ev = (struct bus_event){ .kind = EVENT_DONE, .id = search };
    assert_true(ui_search_event(b->u, &ev));
    assert_false(sees(b, "searching"));
    said.id = search - 1; /* an answer to another one */
    said.hits_n = 1;
    more[0].key.id = id + 2;
    ui_search_said(b->u, &said);
    assert_true(sees(b, "2/3"));
}

static void random_keys_do_no_harm(void **state)
{
    static const uint32_t some[] = { 'j',
                                     'k',
                                     'z',
                                     'Z',
                                     '=',
                                     '*',
                                     ']',
                                     '[',
                                     '\t',
                                     'd',
                                     'u',
                                     'F',
                                     'N',
                                     's',
                                     'a',
                                     'm',
                                     'r',
                                     'f',
                                     'R',
                                     'c',
                                     'y',
                                     'v',
                                     'h',
                                     'E',
                                     '?',
                                     ':',
                                     'O',
                                     'q',
                                     'T',
                                     ' ',
                                     '/',
                                     '-',
                                     'e',
                                     'D',
                                     'b',
                                     't',
                                     3,
                                     24,
                                     TERM_KEY_ENTER,
                                     TERM_KEY_DOWN,
                                     TERM_KEY_UP,
                                     TERM_KEY_ESC,
                                     TERM_KEY_BACKSPACE };
    struct bench *b = *state;
    struct error err;
    unsigned seed = 7;
    assert_int_equal(ui_begin(b->u, &err), 0);
    for (int i = 0; i < 3000; i++) {
        struct say *s;
        seed = seed * 1103515245 + 12345;
        struct term_input in = { .key = some[(seed >> 16) % COUNT(some)] };
        ui_key(b->u, &in);
        b->u->quit = false;
        if (i % 50 == 0)
            ui_resize(b->u, 1 + (seed >> 8) % 30, 1 + (seed >> 20) % 90);
        while ((s = hand_next(b->u->hand, 0)) != NULL) {
            if (s->m.kind == SAY_RUN)
                hand_answer(b->u->hand, 1);
            if (s->m.kind == SAY_RUN)
                msg_drop(&s->m);
            else
                ui_said(b->u, s);
        }
        ui_draw(b->u);
    }
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    setenv("TZ", "UTC", 1);
    setenv("VISUAL", "", 1);
    setenv("EDITOR", "", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_screen_needs_no_hand, up, down),
        cmocka_unit_test_setup_teardown(a_change_is_seen_before_it_is_stored, up, down),
        cmocka_unit_test_setup_teardown(the_window_stays_small, up, down),
        cmocka_unit_test_setup_teardown(every_command_of_a_view_is_in_its_help, up, down),
        cmocka_unit_test_setup_teardown(the_engine_asks_and_tells, up, down),
        cmocka_unit_test_setup_teardown(a_long_sentence_is_seen_to_its_end, up, down),
        cmocka_unit_test_setup_teardown(an_answer_is_written_below_the_quotation, up, down),
        cmocka_unit_test_setup_teardown(what_is_typed_is_stored_while_typing, up, down),
        cmocka_unit_test_setup_teardown(an_answer_to_a_list_needs_a_list, up, down),
        cmocka_unit_test_setup_teardown(undoing_while_reading_keeps_the_place, up, down),
        cmocka_unit_test_setup_teardown(what_is_here_is_found, up, down),
        cmocka_unit_test_setup_teardown(where_nobody_could_search_is_told, up, down),
        cmocka_unit_test_setup_teardown(what_servers_find_slides_in, up, down),
        cmocka_unit_test_setup_teardown(random_keys_do_no_harm, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
