/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "base/file.h"
#include "cache/body.h"
#include "sync/commit.h"
#include "sync/say.h"

#include "base/banned.h"

struct fix {
    char *dir, *path;
    struct cache *cache;
    struct queue *events;
    struct commit *commit;
    struct commit_port *port;
    int64_t account, folder;
};

static void fix_open(struct fix *f)
{
    struct error err = { 0 };
    f->dir = file_temp_dir("commit", &err);
    f->path = xasprintf("%s/mail.db", f->dir);
    f->cache = cache_open(f->path, CACHE_WRITE, &err);
    assert_non_null(f->cache);
    assert_int_equal(cache_account_id(f->cache, STR("work"), &f->account, &err), 0);
    struct cache_folder folder = {
        .account = f->account, .name = STR("INBOX"), .wire = STR("INBOX"), .role = ROLE_INBOX
    };
    assert_int_equal(cache_folder_put(f->cache, &folder, &err), 0);
    f->folder = folder.id;
    f->events = queue_new(1000, &err);
    f->commit = commit_start(f->path, 2, f->events, NULL, &err);
    assert_non_null(f->commit);
    f->port = commit_port_new(f->commit, 0, &err);
}

static void fix_close(struct fix *f)
{
    commit_stop(&f->commit);
    commit_port_free(&f->port);
    queue_free(&f->events);
    cache_close(&f->cache);
    file_remove_tree(f->dir);
    free(f->path);
    free(f->dir);
}

static void message_give(struct fix *f, uint64_t tag, int64_t folder, const char *subject)
{
    struct arena *a = arena_new(256);
    struct cache_message m = { .account = f->account, .date = 1000 + (int64_t)tag, .size = tag };
    struct cache_placement where = { .folder = folder, .uid = (uint32_t)tag };
    m.subject = arena_cstr(a, subject);
    memset(m.identity, (int)tag, sizeof m.identity);
    commit_message(f->port, tag, &a, &m, &where, (struct str){ "", 0 });
    assert_null(a);
}

static size_t known(struct fix *f, struct cache_known **rows, struct arena *a)
{
    struct error err = { 0 };
    size_t n;
    assert_int_equal(cache_known(f->cache, a, f->folder, rows, &n, &err), 0);
    return n;
}

/* Bodies that come in interleaved pieces end as what they were. */
static void test_pieces(void **state)
{
    struct fix f;
    struct error err = { 0 };
    (void)state;
    fix_open(&f);
    size_t n = 3 * COMMIT_PIECE + 17;
    char *bytes = xmalloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(i * 7 + i / 1000);
    commit_bytes(f.port, 1, (struct str){ bytes, n });
    commit_bytes(f.port, 2, STR("second "));
    commit_bytes(f.port, 3, STR("never ended"));
    commit_bytes(f.port, 2, STR("message"));
    message_give(&f, 2, f.folder, "two");
    message_give(&f, 1, f.folder, "one");
    commit_drop(f.port, 3);
    assert_int_equal(commit_flush(f.port, &err), 0);
    struct arena *a = arena_new(1024);
    struct cache_known *rows;
    assert_int_equal(known(&f, &rows, a), 2);
    assert_true(rows[0].body_here && rows[1].body_here);
    struct buf got = BUF_INIT(1 << 20);
    assert_int_equal(cache_body_read(f.cache, rows[0].message, 0, n + 1, &got, &err), 0);
    assert_int_equal(got.len, n);
    assert_memory_equal(got.data, bytes, n);
    buf_clear(&got);
    assert_int_equal(cache_body_read(f.cache, rows[1].message, 0, 100, &got, &err), 0);
    assert_str(buf_str(&got), "second message");
    struct say *s = (struct say *)queue_take(f.events, 0);
    assert_non_null(s);
    assert_int_equal(s->ev.kind, EVENT_FOLDER);
    assert_int_equal(s->ev.id, f.folder);
    msg_drop(&s->msg);
    buf_free(&got);
    arena_free(&a);
    free(bytes);
    fix_close(&f);
}

/* A message that cannot be stored is told at the flush, once; afterwards all goes on. */
static void test_failure(void **state)
{
    struct fix f;
    struct error err = { 0 };
    struct cache_known *rows;
    (void)state;
    fix_open(&f);
    struct arena *a = arena_new(1024);
    message_give(&f, 9, f.folder, "its body never began");
    commit_bytes(f.port, 2, STR("in the same batch"));
    message_give(&f, 2, f.folder, "two");
    assert_int_equal(commit_flush(f.port, &err), -1);
    assert_int_equal(err.code, ERR_STORE);
    error_clear(&err);
    assert_int_equal(known(&f, &rows, a), 0);
    commit_bytes(f.port, 2, STR("again"));
    message_give(&f, 2, f.folder, "two");
    assert_int_equal(commit_flush(f.port, &err), 0);
    assert_int_equal(known(&f, &rows, a), 1);
    arena_free(&a);
    fix_close(&f);
}

/* What was handed over before the stop is in the store after it. */
static void test_stop(void **state)
{
    struct fix f;
    struct cache_known *rows;
    (void)state;
    fix_open(&f);
    for (uint64_t i = 1; i <= 200; i++) {
        char text[32];
        struct buf b = BUF_INIT(sizeof text);
        buf_addf(&b, "message %u", (unsigned)i);
        commit_bytes(f.port, i, buf_str(&b));
        buf_free(&b);
        message_give(&f, i, f.folder, "many");
    }
    commit_stop(&f.commit);
    struct arena *a = arena_new(1024);
    assert_int_equal(known(&f, &rows, a), 200);
    arena_free(&a);
    fix_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
