/* SPDX-License-Identifier: MIT */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cache/body.h"
#include "cache/outbox.h"
#include "sync/columns.h"
#include "sync/head.h"
#include "base/banned.h"

enum { LINE = 64 << 10, WORDS = 6, WAIT_MS = 120000, ROWS = 20000, BODY = 16 << 20, HINT_ID = 78 };

struct live {
    struct cache *c;
    struct bus *bus;
    const struct bus_where *where;
    int64_t account;
    struct arena *a; /* of one line */
    struct str rest; /* of it, not read yet */
};

static void check(int rc, const struct error *err)
{
    if (rc == 0)
        return;
    printf("! %s\n.\n", rc < 0 ? err->text : "nothing there");
    fflush(stdout);
    exit(70);
}

static int64_t folder_id(struct live *l, const char *name)
{
    struct error err = { 0 };
    struct cache_folder f = { 0 };
    if (strcmp(name, "-") != 0)
        check(cache_folder_by_name(l->c, l->a, l->account, str_c(name), &f, &err), &err);
    return f.id;
}

/* The next word of the line; "" at its end. */
static const char *word(struct live *l)
{
    l->rest = str_trim(l->rest);
    size_t n = str_find(l->rest, ' ');
    struct str w = str_head(l->rest, n);
    l->rest = str_skip(l->rest, w.n);
    return arena_str(l->a, w).p;
}

static int64_t number(struct live *l)
{
    return strtoll(word(l), NULL, 10);
}

static void engine_ready(struct live *l)
{
    struct error err = { 0 };
    int started;
    if (l->bus == NULL && (l->bus = bus_open(l->where, &started, &err)) == NULL)
        check(-1, &err);
}

/* What the engine says is thrown away until it is done. */
static void sync_pass(struct live *l)
{
    struct error err = { 0 };
    struct bus_event ev;
    int64_t until = clock_mono_ms() + WAIT_MS;
    engine_ready(l);
    bus_hint(l->bus, &(struct bus_hint){ .kind = HINT_SYNC, .id = HINT_ID });
    for (;;) {
        int rc = bus_wait(l->bus, &ev, clock_left_ms(until), &err);
        if (rc == 1)
            (void)error_set(&err, ERR_NET, RETRY_NEVER, "the engine does not answer");
        check(rc == 0 ? 0 : -1, &err);
        if (ev.kind == EVENT_DONE && ev.id == HINT_ID)
            break;
    }
    printf("%d %lld %.*s\n", ev.code, (long long)ev.fetched, STR_ARG(ev.text));
}

static void wake(struct live *l)
{
    struct bus_event ev;
    struct error err = { 0 };
    engine_ready(l);
    bus_hint(l->bus, &(struct bus_hint){ .kind = HINT_WAKE });
    while (bus_next(l->bus, &ev, &err) == 0)
        continue;
}

static void ops(struct live *l)
{
    struct error err = { 0 };
    struct cache_op *v = arena_array(l->a, LINE / WORDS, sizeof *v);
    size_t n = 0;
    for (const char *kind; *(kind = word(l)) != '\0'; n++) {
        v[n] = (struct cache_op){ .kind = (enum cache_op_kind)strtol(kind, NULL, 10),
                                  .account = l->account };
        v[n].message = number(l);
        v[n].folder = folder_id(l, word(l));
        v[n].target = folder_id(l, word(l));
        v[n].add = (unsigned)number(l);
        v[n].del = (unsigned)number(l);
    }
    check(cache_journal_add_all(l->c, v, n, &err), &err);
}

static void body_store(struct live *l, struct str bytes, struct cache_message *m)
{
    struct error err = { 0 };
    struct head head;
    int known;
    struct cache_body *b = cache_body_create(l->c, &err);
    check(b == NULL ? -1 : cache_body_append(b, bytes, &err), &err);
    check(cache_body_finish(&b, &m->body, m->identity, &known, &err), &err);
    head_init(&head);
    head_add(&head, bytes);
    head_end(&head, 0, m->head);
    m->size = bytes.n;
}

/* As the engine does with the copy of what was sent. */
static void append(struct live *l)
{
    struct error err = { 0 };
    struct cache_placement where = { .folder = folder_id(l, word(l)) };
    where.flags = (unsigned)number(l);
    size_t n = (size_t)number(l);
    struct mime_summary s = { .message_id = str_c(word(l)) };
    s.subject = s.message_id;
    char *bytes = arena_alloc(l->a, n + 1);
    if (fread(bytes, 1, n, stdin) != n)
        exit(64);
    struct cache_message m = { .account = l->account, .date = clock_wall_ms() / 1000 };
    m.received = m.date;
    columns_fill(l->a, &s, &m);
    body_store(l, (struct str){ bytes, n }, &m);
    struct cache_op op = {
        .kind = OP_APPEND, .account = l->account, .target = where.folder, .add = where.flags
    };
    int64_t id;
    check(cache_begin(l->c, true, &err), &err);
    check(cache_message_put(l->c, &m, &where, &op.message, &err), &err);
    check(cache_journal_add(l->c, &op, &id, &err), &err);
    check(cache_commit(l->c, &err), &err);
    printf("%lld\n", (long long)op.message);
}

static void queue(struct live *l)
{
    struct error err = { 0 };
    size_t n = (size_t)number(l);
    struct outbox_rcpt to = { 0 };
    struct outbox_entry e = {
        .account = l->account, .save_sent = true, .rcpts = &to, .rcpts_n = 1
    };
    e.sender = str_c(word(l));
    to.address = str_c(word(l));
    char *bytes = arena_alloc(l->a, n + 1);
    if (fread(bytes, 1, n, stdin) != n)
        exit(64);
    struct cache_message m = { 0 };
    body_store(l, (struct str){ bytes, n }, &m);
    e.body = m.body;
    e.size = n;
    e.created = e.not_before = clock_wall_ms() / 1000;
    int64_t id;
    check(cache_outbox_add(l->c, &e, 0, &id, &err), &err);
    printf("%lld\n", (long long)id);
}

static void cancel(struct live *l)
{
    struct error err = { 0 };
    check(cache_outbox_cancel(l->c, number(l), &err), &err);
}

static void retry(struct live *l)
{
    struct error err = { 0 };
    check(cache_outbox_retry(l->c, number(l), clock_wall_ms() / 1000, &err), &err);
}

static void undo(struct live *l)
{
    struct error err = { 0 };
    int64_t folder = 0, message = 0;
    struct cache_folder f;
    int rc = cache_journal_undo(l->c, &folder, &message, &err);
    check(rc < 0 ? -1 : 0, &err);
    if (rc == 1)
        return;
    check(cache_folder_get(l->c, l->a, folder, &f, &err), &err);
    printf("%.*s %lld\n", STR_ARG(f.name), (long long)message);
}

static void sum(struct live *l)
{
    struct error err = { 0 };
    struct buf bytes = BUF_INIT(BODY);
    unsigned char out[32];
    check(cache_body_read(l->c, number(l), 0, bytes.max, &bytes, &err), &err);
    struct hash *h = hash_new();
    hash_add(h, buf_str(&bytes));
    hash_end(&h, out);
    for (size_t i = 0; i < sizeof out; i++)
        printf("%02x", out[i]);
    printf("\n");
    buf_free(&bytes);
}

static void rows(struct live *l)
{
    struct error err = { 0 };
    struct cache_folder *f;
    struct cache_row *r = arena_array(l->a, ROWS, sizeof *r);
    size_t folders_n, n;
    check(cache_folders(l->c, l->a, l->account, &f, &folders_n, &err), &err);
    for (size_t i = 0; i < folders_n; i++) {
        printf("folder %.*s %lld %lld\n", STR_ARG(f[i].name), (long long)f[i].total,
               (long long)f[i].unread);
        struct cache_query q = { .kind = LIST_FOLDER, .folder = f[i].id };
        n = ROWS;
        check(cache_list(l->c, l->a, &q, NULL, CACHE_NEXT, r, &n, &err), &err);
        for (size_t k = 0; k < n; k++)
            printf("%lld %u %u %d %.*s\n", (long long)r[k].id, r[k].uid,
                   r[k].flags & CACHE_SERVER_FLAGS, (r[k].flags & CACHE_BODY_HERE) != 0,
                   STR_ARG(r[k].message_id));
    }
}

static void journal(struct live *l)
{
    struct error err = { 0 };
    int64_t n, due;
    check(cache_journal_pending(l->c, l->account, &n, &due, &err), &err);
    printf("%lld\n", (long long)n);
}

static void failures(struct live *l)
{
    struct error err = { 0 };
    struct cache_failure *f;
    size_t n;
    check(cache_journal_failures(l->c, l->a, &f, &n, &err), &err);
    for (size_t i = 0; i < n; i++)
        printf("%d %lld %.*s\n", (int)f[i].kind, (long long)f[i].message, STR_ARG(f[i].text));
    if (n > 0)
        check(cache_journal_forget(l->c, 0, &err), &err);
}

static const struct {
    const char *name;
    void (*run)(struct live *l);
} commands[] = { { "sync", sync_pass }, { "wake", wake },       { "ops", ops },
                 { "append", append },  { "queue", queue },     { "cancel", cancel },
                 { "retry", retry },    { "undo", undo },       { "rows", rows },
                 { "sum", sum },        { "journal", journal }, { "failures", failures } };

static int line_do(struct live *l, const char *line)
{
    size_t i = 0;
    l->a = arena_new(1 << 16);
    l->rest = str_c(line);
    const char *name = word(l);
    while (i < COUNT(commands) && strcmp(commands[i].name, name) != 0)
        i++;
    if (i < COUNT(commands)) {
        commands[i].run(l);
        printf(".\n");
        fflush(stdout);
    }
    arena_free(&l->a);
    return i < COUNT(commands) ? 0 : 64;
}

int live_run(struct cache *c, const struct bus_where *where, int64_t account)
{
    struct live l = { .c = c, .where = where, .account = account };
    char *line = xmalloc(LINE);
    int rc = 0;
    while (rc == 0 && fgets(line, LINE, stdin) != NULL)
        rc = line_do(&l, line);
    free(line);
    if (l.bus != NULL)
        bus_hint(l.bus, &(struct bus_hint){ .kind = HINT_STOP });
    for (struct bus_event ev; l.bus != NULL;) {
        struct error err = { 0 };
        if (bus_wait(l.bus, &ev, WAIT_MS, &err) != 0)
            bus_close(&l.bus);
    }
    return rc;
}
