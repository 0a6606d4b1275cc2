/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include <stdio.h>

#include "base/clock.h"
#include "cache/sql.h"

/* Random operations on the store and on a server that we play ourselves; after each the store must
 * hold its own rules, and when all is settled it must show what the server has. TMAIL_TEST_SEED
 * repeats a run. */
enum { FOLDERS = 3, MAILS = 40, OPERATIONS = 1000, SERVER_MAX = 4000 };

struct server_mail {
    bool there;
    int64_t folder;
    uint32_t uid;
    unsigned flags;
    int n; /* which bytes */
};
struct model {
    struct fixture f;
    uint64_t random;
    int64_t folders[FOLDERS];
    uint32_t next_uid[FOLDERS];
    struct server_mail server[SERVER_MAX];
    size_t server_n;
};

static unsigned pick(struct model *m, unsigned n)
{
    m->random = m->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(m->random >> 33) % n;
}

static int64_t number(struct fixture *f, const char *sql)
{
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(f->c->db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(f->c->db));
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* Each counts what breaks a rule. */
static void rules_hold(struct fixture *f)
{
    static const char *const rules[] = {
        "SELECT count(*) FROM folder f WHERE total <> (SELECT count(*) FROM placement WHERE folder"
        " = f.id) OR unread <> (SELECT count(*) FROM placement WHERE folder = f.id AND flags & 1 ="
        " 0)",
        "SELECT count(*) FROM folder f WHERE threads <> (SELECT count(DISTINCT thread) FROM"
        " placement WHERE folder = f.id) OR threads_unread <> (SELECT count(DISTINCT thread) FROM"
        " placement WHERE folder = f.id AND flags & 1 = 0)",
        "SELECT count(*) FROM (SELECT folder, max(date), thread, count(*), sum(flags & 1 = 0) FROM"
        " placement GROUP BY folder, thread EXCEPT SELECT * FROM folder_thread)",
        "SELECT count(*) FROM (SELECT * FROM folder_thread EXCEPT SELECT folder, max(date), thread,"
        " count(*), sum(flags & 1 = 0) FROM placement GROUP BY folder, thread)",
        "SELECT count(*) FROM placement p JOIN message m ON m.id = p.message WHERE p.thread <>"
        " m.thread OR p.date <> m.date",
        "SELECT count(*) FROM placement WHERE message NOT IN (SELECT id FROM message)",
        "SELECT count(*) FROM ghost WHERE op NOT IN (SELECT id FROM journal)",
        "SELECT count(*) FROM journal WHERE kind IN (1, 3) AND id NOT IN (SELECT op FROM ghost)",
        "SELECT count(*) FROM message WHERE id NOT IN (SELECT message FROM placement UNION SELECT"
        " message FROM ghost UNION SELECT message FROM journal)",
        "SELECT count(*) FROM message WHERE body NOT IN (SELECT id FROM body)",
        "SELECT count(*) FROM body WHERE state = 2 AND id NOT IN (SELECT body FROM message)",
    };
    for (size_t i = 0; i < COUNT(rules); i++)
        if (number(f, rules[i]) != 0)
            fail_msg("rule %zu is broken", i);
}

static size_t folder_index(const struct model *m, int64_t folder)
{
    size_t i = 0;
    while (m->folders[i] != folder)
        i++;
    return i;
}

static struct server_mail *server_put(struct model *m, int64_t folder, int n, unsigned flags)
{
    assert_true(m->server_n < SERVER_MAX);
    struct server_mail *s = &m->server[m->server_n++];
    *s = (struct server_mail){ true, folder, m->next_uid[folder_index(m, folder)]++, flags, n };
    return s;
}

static struct server_mail *server_find(struct model *m, int64_t folder, uint32_t uid)
{
    for (size_t i = 0; i < m->server_n; i++)
        if (m->server[i].there && m->server[i].folder == folder && m->server[i].uid == uid)
            return &m->server[i];
    return NULL;
}

/* Which bytes a message is: its date says. */
static int bytes_of(struct fixture *f, int64_t message)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT date - 1000000 FROM message WHERE id = %lld",
             (long long)message);
    return (int)number(f, sql);
}

/* One pass over a folder, as the engine makes it. */
static void pull(struct model *m, int64_t folder)
{
    struct fixture *f = &m->f;
    struct cache_known *known;
    size_t n;
    OK(cache_known(f->c, f->a, folder, &known, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        struct server_mail *s = server_find(m, folder, known[i].uid);
        if (s == NULL)
            OK(cache_place_gone(f->c, folder, known[i].uid, &f->err));
        else if (s->flags != known[i].flags)
            OK(cache_place_flags(f->c, folder, s->uid, s->flags, STR(""), 0, &f->err));
    }
    for (size_t i = 0; i < m->server_n; i++) {
        struct server_mail *s = &m->server[i];
        bool have = false;
        for (size_t j = 0; j < n; j++)
            have |= known[j].uid == s->uid;
        if (s->there && s->folder == folder && !have)
            put(f, s->n, folder, s->uid, s->flags);
    }
    OK(cache_folder_settled(f->c, folder, &f->err));
}

/* What the server does with an operation; gives the uid in the target. */
static uint32_t serve(struct model *m, const struct cache_op *op)
{
    struct server_mail *s = server_find(m, op->folder, op->uid), *made = NULL;
    if (op->kind == OP_APPEND)
        made = server_put(m, op->target, bytes_of(&m->f, op->message), op->add);
    if (s == NULL)
        return made == NULL ? 0 : made->uid;
    if (op->kind == OP_FLAGS)
        s->flags = (s->flags & ~op->del) | op->add;
    if ((op->kind == OP_MOVE && !op->copied) || op->kind == OP_COPY)
        made = server_put(m, op->target, s->n, s->flags);
    if (op->kind == OP_MOVE || op->kind == OP_EXPUNGE)
        s->there = false;
    return made == NULL ? 0 : made->uid;
}

/* The first half of a move on a server without that command; it may tell the uid or not. */
static void copy_ahead(struct model *m, struct cache_op *op)
{
    struct fixture *f = &m->f;
    struct server_mail *s = server_find(m, op->folder, op->uid);
    if (op->kind != OP_MOVE || op->copied || s == NULL || pick(m, 3) != 0)
        return;
    uint32_t uid = server_put(m, op->target, s->n, s->flags)->uid;
    if (pick(m, 2) == 0)
        pull(m, op->target); /* before the answer is taken in */
    if (pick(m, 2) == 0)
        uid = 0;
    OK(cache_journal_copied(f->c, &op->id, &uid, 1, &f->err));
    op->copied = true;
}

/* Sends what is due. Without trouble all is done; else some fail, some come later, some answers are
 * lost. */
static size_t push(struct model *m, bool trouble)
{
    struct fixture *f = &m->f;
    struct cache_op ops[8];
    size_t n = COUNT(ops);
    OK(cache_journal_due(f->c, f->account, INT64_MAX, ops, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        unsigned luck = trouble ? pick(m, 10) : 9;
        int begun = cache_journal_begin(f->c, &ops[i].id, 1, &f->err);
        OK(begun);
        if (begun == 1) /* a pass over its folder took it away */
            continue;
        if (trouble)
            copy_ahead(m, &ops[i]);
        enum cache_fate fate = luck == 0 ? FATE_FAILED : luck == 1 ? FATE_LATER : FATE_DONE;
        uint32_t uid = fate == FATE_DONE ? serve(m, &ops[i]) : 0;
        if (luck == 2)
            pull(m, m->folders[pick(m, FOLDERS)]); /* before the answer is taken in */
        if (luck == 3)
            uid = 0; /* a server without UIDPLUS */
        OK(cache_journal_close(f->c, ops[i].id, fate, uid, 0, NULL, &f->err));
    }
    return n;
}

static void person(struct model *m)
{
    struct fixture *f = &m->f;
    struct cache_query q = { .kind = LIST_FOLDER, .folder = m->folders[pick(m, FOLDERS)] };
    struct cache_row rows[MAILS];
    size_t n = MAILS;
    int64_t id;
    OK(cache_list(f->c, f->a, &q, NULL, CACHE_NEXT, rows, &n, &f->err));
    if (n == 0)
        return;
    struct cache_op op = { .kind = (enum cache_op_kind)pick(m, 4),
                           .message = rows[pick(m, (unsigned)n)].id,
                           .folder = q.folder,
                           .target = m->folders[pick(m, FOLDERS)],
                           .add = pick(m, 4) << pick(m, 2),
                           .del = pick(m, 8) };
    OK(cache_journal_add(f->c, &op, &id, &f->err));
}

static void others(struct model *m)
{
    if (m->server_n == 0)
        return;
    struct server_mail *s = &m->server[pick(m, (unsigned)m->server_n)];
    if (pick(m, 3) == 0)
        s->there = false;
    else
        s->flags ^= 1u << pick(m, 3);
}

static void step(struct model *m)
{
    struct fixture *f = &m->f;
    int64_t folder, message;
    switch (pick(m, 12)) {
    case 0:
    case 1:
        if (m->server_n < SERVER_MAX / 2)
            server_put(m, m->folders[pick(m, FOLDERS)], (int)pick(m, MAILS), pick(m, 8));
        break;
    case 2:
        others(m);
        break;
    case 3:
        OK(cache_journal_undo(f->c, &folder, &message, &f->err));
        break;
    case 4:
    case 5:
        pull(m, m->folders[pick(m, FOLDERS)]);
        break;
    case 6:
    case 7:
        push(m, true);
        break;
    default:
        person(m);
    }
}

static void shows_what_the_server_has(struct model *m)
{
    struct fixture *f = &m->f;
    size_t there = 0;
    for (size_t i = 0; i < m->server_n; i++) {
        struct server_mail *s = &m->server[i];
        char sql[200];
        if (!s->there)
            continue;
        there++;
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM placement p JOIN message m ON m.id = p.message WHERE folder"
                 " = %lld AND uid = %u AND p.flags = %u AND m.date = %d",
                 (long long)s->folder, s->uid, s->flags, 1000000 + s->n);
        if (number(f, sql) != 1)
            fail_msg("folder %d uid %u is not as on the server", (int)s->folder, s->uid);
    }
    assert_int_equal(number(f, "SELECT count(*) FROM placement"), there);
}

static void the_store_and_the_server_come_together(void **state)
{
    (void)state;
    const char *given = getenv("TMAIL_TEST_SEED");
    struct model *m = xcalloc(1, sizeof *m);
    struct fixture *f = &m->f;
    m->random = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_ms();
    printf("TMAIL_TEST_SEED=%llu\n", (unsigned long long)m->random);
    fixture_open(f);
    sqlite3_exec(f->c->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    for (int i = 0; i < FOLDERS; i++) {
        m->folders[i] = folder_make(f, (const char *[]){ "INBOX", "Archive", "Trash" }[i], 0);
        m->next_uid[i] = 1;
    }
    for (int i = 0; i < OPERATIONS; i++) {
        step(m);
        if (i % 10 == 0)
            rules_hold(f);
    }
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < FOLDERS; i++)
            pull(m, m->folders[i]);
        while (push(m, false) > 0)
            ;
    }
    int64_t n, next;
    OK(cache_journal_pending(f->c, 0, &n, &next, &f->err));
    assert_int_equal(n, 0);
    for (int i = 0; i < FOLDERS; i++)
        pull(m, m->folders[i]);
    rules_hold(f);
    shows_what_the_server_has(m);
    fixture_close(f);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_store_and_the_server_come_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
