/* SPDX-License-Identifier: MIT */
/* drive - does to a store and its engine what a person does with tmail; for the tests of the engine.
 * What it is told:
 *   STORE CONFIG ENGINE sync [ACCOUNT [FOLDER]]   one pass; events as JSON lines; exits with its code
 *   STORE CONFIG ENGINE send ID | body ID | cancel | stop
 *   STORE list FOLDER                             id uid flags body subject, oldest first
 *   STORE folders | outbox | journal
 *   STORE flag ID|all FOLDER +N|-N|+WORD|-WORD    N: enum cache_flag; all of the folder as one step
 *   STORE tags FOLDER                             id and keywords, as they are shown
 *   STORE folder create|delete NAME | rename NAME NEW
 *   STORE failures                                what was refused, in words
 *   STORE move ID FROM TO | expunge ID FOLDER | undo
 *   STORE queue FILE DELAY FROM TO...
 *   STORE raw ID                                  the message's bytes
 *   STORE draft ID SUBJECT TEXT                   kept; ID 0: a new one
 *   STORE CONFIG ENGINE live                      line by line from its input; see live.h
 * The account is the first one. DRIVE_PASSWORD is the answer to a question, DRIVE_LOG the engine's
 * log. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "bus/bus.h"
#include "cache/body.h"
#include "cache/folder_op.h"
#include "cache/journal.h"
#include "cache/outbox.h"
#include "live.h"
#include "base/banned.h"

enum { ACCOUNT = 1, WAIT_MS = 120000, ROWS = 20000, HINT_ID = 77 };

static void check(int rc, const struct error *err)
{
    if (rc == 0)
        return;
    fprintf(stderr, "drive: %s\n", rc < 0 ? err->text : "nothing there");
    exit(rc < 0 ? 70 : 1);
}

static int64_t number(const char *s)
{
    return strtoll(s, NULL, 10);
}

static void show(const struct bus_event *ev)
{
    struct buf out = BUF_INIT(1 << 20);
    bus_event_write(ev, &out);
    fwrite(out.data, 1, out.len, stdout);
    fflush(stdout);
    buf_free(&out);
}

/* Prints what the engine says until the event that ends it. */
static int listen_until(struct bus *b, enum bus_event_kind kind, int64_t id)
{
    struct error err = { 0 };
    int64_t until = clock_mono_ms() + WAIT_MS;
    while (clock_mono_ms() < until) {
        struct bus_event ev;
        int rc = bus_wait(b, &ev, clock_left_ms(until), &err);
        if (rc < 0)
            return kind == EVENT_BYE ? 0 : 75;
        if (rc == 0)
            show(&ev);
        if (rc == 0 && ev.kind == EVENT_ASK)
            bus_hint(b, &(struct bus_hint){ .kind = HINT_ANSWER,
                                            .id = ev.id,
                                            .text = str_c(getenv("DRIVE_PASSWORD")) });
        if (rc == 0 && ev.kind == kind && (ev.id == id || kind == EVENT_BYE))
            return ev.code;
    }
    return 99;
}

static int live(const char *store, const struct bus_where *where)
{
    struct error err = { 0 };
    struct cache *c = cache_open(store, CACHE_WRITE, &err);
    check(c == NULL ? -1 : 0, &err);
    int rc = live_run(c, where, ACCOUNT);
    cache_close(&c);
    return rc;
}

static int engine(int argc, char **argv)
{
    struct error err = { 0 };
    int started;
    struct bus_where where = { .store = argv[1],
                               .config = argv[2],
                               .engine = argv[3],
                               .log = getenv("DRIVE_LOG"),
                               .outbox_only = strcmp(argv[4], "send") == 0,
                               .schema = CACHE_SCHEMA };
    if (strcmp(argv[4], "live") == 0)
        return live(argv[1], &where);
    struct bus *b = bus_open(&where, &started, &err);
    check(b == NULL ? -1 : 0, &err);
    struct bus_hint h = { .id = argc > 5 ? number(argv[5]) : 0 };
    enum bus_event_kind end = EVENT_DONE;
    if (strcmp(argv[4], "sync") == 0)
        h = (struct bus_hint){ .kind = HINT_SYNC,
                               .id = HINT_ID,
                               .account = str_c(argc > 5 ? argv[5] : NULL),
                               .folder = str_c(argc > 6 ? argv[6] : NULL) };
    else if (strcmp(argv[4], "send") == 0)
        h.kind = HINT_SEND;
    else if (strcmp(argv[4], "body") == 0) {
        h.kind = HINT_BODY;
        end = EVENT_BODY;
    } else if (strcmp(argv[4], "cancel") == 0) {
        h.kind = HINT_CANCEL;
        end = EVENT_STATE; /* what it did stops, and it says so */
    } else {
        h.kind = HINT_STOP;
        end = EVENT_BYE;
    }
    bus_hint(b, &h);
    int rc = listen_until(b, end, h.id);
    bus_close(&b);
    return rc;
}

static int64_t folder_id(struct cache *c, struct arena *a, const char *name)
{
    struct error err = { 0 };
    struct cache_folder f;
    check(cache_folder_by_name(c, a, ACCOUNT, str_c(name), &f, &err), &err);
    return f.id;
}

static void list(struct cache *c, struct arena *a, const char *folder)
{
    struct error err = { 0 };
    struct cache_query q = { .kind = LIST_FOLDER, .folder = folder_id(c, a, folder) };
    struct cache_row *rows = arena_array(a, ROWS, sizeof *rows);
    size_t n = ROWS;
    check(cache_list(c, a, &q, NULL, CACHE_NEXT, rows, &n, &err), &err);
    for (size_t i = n; i > 0; i--)
        printf("%lld %u %u %d %.*s\n", (long long)rows[i - 1].id, rows[i - 1].uid,
               rows[i - 1].flags & CACHE_SERVER_FLAGS, (rows[i - 1].flags & CACHE_BODY_HERE) != 0,
               STR_ARG(rows[i - 1].subject));
}

static void folders(struct cache *c, struct arena *a)
{
    struct error err = { 0 };
    struct cache_folder *f;
    size_t n;
    check(cache_folders(c, a, ACCOUNT, &f, &n, &err), &err);
    for (size_t i = 0; i < n; i++)
        printf("%lld %d %lld %lld %.*s\n", (long long)f[i].id, f[i].role, (long long)f[i].total,
               (long long)f[i].unread, STR_ARG(f[i].name));
}

static void outbox(struct cache *c, struct arena *a)
{
    struct error err = { 0 };
    struct outbox_entry *e;
    size_t n;
    check(cache_outbox_list(c, a, &e, &n, &err), &err);
    for (size_t i = 0; i < n; i++)
        printf("%lld %d %u %.*s\n", (long long)e[i].id, e[i].state, e[i].attempts,
               STR_ARG(e[i].reason));
}

static void journal(struct cache *c)
{
    struct error err = { 0 };
    int64_t n, due;
    check(cache_journal_pending(c, ACCOUNT, &n, &due, &err), &err);
    printf("%lld\n", (long long)n);
}

static void op(struct cache *c, const struct cache_op *o)
{
    struct error err = { 0 };
    int64_t id;
    check(cache_journal_add(c, o, &id, &err), &err);
}

static void flag(struct cache *c, struct arena *a, const char *id, const char *folder,
                 const char *change)
{
    struct error err = { 0 };
    struct cache_op o = { .kind = OP_FLAGS, .account = ACCOUNT, .message = number(id) };
    o.folder = folder_id(c, a, folder);
    if (change[1] >= '0' && change[1] <= '9')
        *(change[0] == '+' ? &o.add : &o.del) = (unsigned)number(change + 1);
    else
        words_copy(change[0] == '+' ? o.words_add : o.words_del, str_c(change + 1));
    if (strcmp(id, "all") != 0) {
        op(c, &o);
        return;
    }
    struct cache_query q = { .kind = LIST_FOLDER, .folder = o.folder };
    struct cache_row *rows = arena_array(a, ROWS, sizeof *rows);
    struct cache_op *ops = arena_array(a, ROWS, sizeof *ops);
    size_t n = ROWS;
    check(cache_list(c, a, &q, NULL, CACHE_NEXT, rows, &n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        ops[i] = o;
        ops[i].message = rows[i].id;
    }
    check(cache_journal_add_all(c, ops, n, &err), &err);
}

static void tags(struct cache *c, struct arena *a, const char *folder)
{
    struct error err = { 0 };
    struct cache_query q = { .kind = LIST_FOLDER, .folder = folder_id(c, a, folder) };
    struct cache_row *rows = arena_array(a, ROWS, sizeof *rows);
    size_t n = ROWS;
    check(cache_list(c, a, &q, NULL, CACHE_NEXT, rows, &n, &err), &err);
    for (size_t i = n; i > 0; i--)
        printf("%lld %.*s\n", (long long)rows[i - 1].id, STR_ARG(rows[i - 1].keywords));
}

static void failures(struct cache *c, struct arena *a)
{
    struct error err = { 0 };
    struct cache_failure *list;
    size_t n;
    check(cache_journal_failures(c, a, &list, &n, &err), &err);
    for (size_t i = 0; i < n; i++)
        printf("%.*s\n", STR_ARG(list[i].text));
}

static void folder(struct cache *c, struct arena *a, int argc, char **argv)
{
    struct error err = { 0 };
    int64_t id;
    if (strcmp(argv[3], "create") == 0)
        check(cache_folder_create(c, ACCOUNT, str_c(argv[4]), &id, &err), &err);
    else if (strcmp(argv[3], "delete") == 0)
        check(cache_folder_delete(c, folder_id(c, a, argv[4]), false, &err), &err);
    else
        check(cache_folder_move(c, folder_id(c, a, argv[4]), str_c(argv[argc - 1]), &err), &err);
}

static void undo(struct cache *c)
{
    struct error err = { 0 };
    int64_t folder, message;
    check(cache_journal_undo(c, &folder, &message, &err), &err);
}

static void queue(struct cache *c, struct arena *a, int argc, char **argv)
{
    struct error err = { 0 };
    struct buf bytes = BUF_INIT(64 << 20);
    struct outbox_entry e = { .account = ACCOUNT, .save_sent = true };
    int known;
    unsigned char identity[32];
    check(file_read(argv[3], &bytes, &err), &err);
    struct cache_body *b = cache_body_create(c, &err);
    check(b == NULL ? -1 : cache_body_append(b, buf_str(&bytes), &err), &err);
    check(cache_body_finish(&b, &e.body, identity, &known, &err), &err);
    e.size = bytes.len;
    e.created = clock_wall_ms() / 1000;
    e.not_before = e.created + number(argv[4]);
    e.sender = str_c(argv[5]);
    e.rcpts = arena_array(a, (size_t)argc, sizeof *e.rcpts);
    for (int i = 6; i < argc; i++)
        e.rcpts[e.rcpts_n++].address = str_c(argv[i]);
    int64_t id;
    check(cache_outbox_add(c, &e, 0, &id, &err), &err);
    printf("%lld\n", (long long)id);
    buf_free(&bytes);
}

static void draft(struct cache *c, int64_t id, const char *subject, const char *text)
{
    struct error err = { 0 };
    check(cache_draft_put(c, &id, ACCOUNT, str_c(subject), STR("bob@example.org"), str_c(text),
                          clock_wall_ms() / 1000, &err),
          &err);
    printf("%lld\n", (long long)id);
}

static void raw(struct cache *c, int64_t id)
{
    struct error err = { 0 };
    struct buf b = BUF_INIT(64 << 20);
    check(cache_body_read(c, id, 0, b.max, &b, &err), &err);
    fwrite(b.data, 1, b.len, stdout);
    buf_free(&b);
}

static int store(struct cache *c, struct arena *a, int argc, char **argv)
{
    const char *what = argv[2];
    if (strcmp(what, "folders") == 0)
        folders(c, a);
    else if (strcmp(what, "outbox") == 0)
        outbox(c, a);
    else if (strcmp(what, "journal") == 0)
        journal(c);
    else if (strcmp(what, "tags") == 0 && argc == 4)
        tags(c, a, argv[3]);
    else if (strcmp(what, "failures") == 0)
        failures(c, a);
    else if (strcmp(what, "folder") == 0 && argc >= 5)
        folder(c, a, argc, argv);
    else if (strcmp(what, "undo") == 0)
        undo(c);
    else if (strcmp(what, "list") == 0 && argc == 4)
        list(c, a, argv[3]);
    else if (strcmp(what, "raw") == 0 && argc == 4)
        raw(c, number(argv[3]));
    else if (strcmp(what, "draft") == 0 && argc == 6)
        draft(c, number(argv[3]), argv[4], argv[5]);
    else if (strcmp(what, "queue") == 0 && argc > 6)
        queue(c, a, argc, argv);
    else if (strcmp(what, "flag") == 0 && argc == 6)
        flag(c, a, argv[3], argv[4], argv[5]);
    else if (strcmp(what, "move") == 0 && argc == 6)
        op(c, &(struct cache_op){ .kind = OP_MOVE,
                                  .account = ACCOUNT,
                                  .message = number(argv[3]),
                                  .folder = folder_id(c, a, argv[4]),
                                  .target = folder_id(c, a, argv[5]) });
    else if (strcmp(what, "expunge") == 0 && argc == 5)
        op(c, &(struct cache_op){ .kind = OP_EXPUNGE,
                                  .account = ACCOUNT,
                                  .message = number(argv[3]),
                                  .folder = folder_id(c, a, argv[4]) });
    else
        return 64;
    return 0;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    if (argc < 3)
        return 64;
    if (argc > 4 && strstr(argv[3], "tmail-sync") != NULL)
        return engine(argc, argv);
    struct cache *c = cache_open(argv[1], CACHE_WRITE, &err);
    check(c == NULL ? -1 : 0, &err);
    struct arena *a = arena_new(4096);
    int rc = store(c, a, argc, argv);
    arena_free(&a);
    cache_close(&c);
    return rc;
}
