/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include "cache/sql.h"

enum { BIG = CACHE_FRAME * 2 + 1000 };

static char byte_at(size_t i)
{
    return (char)((i * 2654435761u) >> 13);
}

static int64_t count(struct fixture *f, const char *sql)
{
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(f->c->db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static int64_t body_make(struct fixture *f, size_t size, size_t chunk, int *known,
                         unsigned char identity[CACHE_IDENTITY])
{
    struct cache_body *b = cache_body_create(f->c, &f->err);
    char *bytes = xmalloc(size + 1);
    int64_t id = 0;
    assert_non_null(b);
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(i);
    for (size_t at = 0; at < size; at += chunk) {
        struct str part = { bytes + at, size - at < chunk ? size - at : chunk };
        OK(cache_body_append(b, part, &f->err));
    }
    OK(cache_body_finish(&b, &id, identity, known, &f->err));
    assert_null(b);
    free(bytes);
    return id;
}

static void reads(struct fixture *f, int64_t body, size_t size)
{
    static const struct {
        size_t from, n;
    } rows[] = { { 0, 1 },
                 { 0, BIG + 9 },
                 { CACHE_FRAME - 1, 2 },
                 { CACHE_FRAME, CACHE_FRAME },
                 { CACHE_FRAME / 2, CACHE_FRAME * 2 },
                 { BIG - 1, 5 },
                 { BIG, 5 },
                 { 5, 0 } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(BIG + 10);
        size_t left = rows[i].from < size ? size - rows[i].from : 0;
        OK(cache_body_read_id(f->c, body, rows[i].from, rows[i].n, &out, &f->err));
        assert_int_equal(out.len, rows[i].n < left ? rows[i].n : left);
        for (size_t j = 0; j < out.len; j++)
            if (out.data[j] != byte_at(rows[i].from + j))
                fail_msg("byte %zu of row %zu", j, i);
        buf_free(&out);
    }
}

static void any_size_comes_back_from_any_offset(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, CACHE_FRAME - 1, CACHE_FRAME, CACHE_FRAME + 1, BIG };
    struct fixture fx, *f = &fx;
    fixture_open(f);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        unsigned char identity[CACHE_IDENTITY];
        int known;
        uint64_t size = 1;
        int64_t body = body_make(f, sizes[i], 70001, &known, identity);
        OK(cache_body_size(f->c, body, &size, &f->err));
        assert_int_equal(size, sizes[i]);
        assert_false(known);
        reads(f, body, sizes[i]);
    }
    fixture_close(f);
}

static void equal_bytes_are_stored_once(void **state)
{
    (void)state;
    /* printf abc | sha256sum */
    static const unsigned char abc[4] = { 0xba, 0x78, 0x16, 0xbf };
    struct fixture fx, *f = &fx;
    unsigned char one[CACHE_IDENTITY], two[CACHE_IDENTITY];
    int known;
    fixture_open(f);
    int64_t a = body_make(f, BIG, 100000, &known, one);
    assert_int_equal(body_make(f, BIG, 4096, &known, two), a);
    assert_true(known);
    assert_memory_equal(one, two, CACHE_IDENTITY);
    assert_int_equal(count(f, "SELECT count(*) FROM body"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM frame"), 3);
    struct cache_body *b = cache_body_create(f->c, &f->err);
    OK(cache_body_append(b, STR("abc"), &f->err));
    OK(cache_body_finish(&b, &a, one, &known, &f->err));
    assert_memory_equal(one, abc, sizeof abc);
    fixture_close(f);
}

static void bodies_interleave_and_half_ones_wait_a_day(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    char *bytes = xcalloc(CACHE_FRAME, 1);
    struct cache_body *a = cache_body_create(f->c, &f->err), *b = cache_body_create(f->c, &f->err);
    unsigned char identity[CACHE_IDENTITY];
    int64_t body;
    int known;
    OK(cache_body_append(a, (struct str){ bytes, CACHE_FRAME }, &f->err));
    OK(cache_body_append(b, (struct str){ bytes, CACHE_FRAME }, &f->err));
    OK(cache_body_append(a, STR("tail"), &f->err));
    OK(cache_body_finish(&a, &body, identity, &known, &f->err));
    cache_body_drop(&b);
    assert_int_equal(count(f, "SELECT count(*) FROM body"), 2);
    fixture_reopen(f); /* another process may be at work on them */
    assert_int_equal(count(f, "SELECT count(*) FROM body"), 2);
    sqlite3_exec(f->c->db, "UPDATE body SET started = 1", NULL, NULL, NULL);
    fixture_reopen(f);
    assert_int_equal(count(f, "SELECT count(*) FROM body"), 0);
    assert_int_equal(count(f, "SELECT count(*) FROM frame"), 0);
    free(bytes);
    fixture_close(f);
}

static void a_body_lives_as_long_as_a_message_has_it(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX), other = folder_make(f, "B", ROLE_NONE);
    int64_t m = put(f, 1, inbox, 1, 0);
    assert_int_equal(put(f, 1, other, 1, 0), m);
    int64_t twin = put(f, 1, inbox, 2, 0); /* the same bytes twice in one folder */
    assert_int_not_equal(twin, m);
    assert_int_equal(count(f, "SELECT count(*) FROM body"), 1);
    struct buf out = BUF_INIT(100);
    OK(cache_body_read(f->c, twin, 8, 100, &out, &f->err));
    assert_str(buf_str(&out), "message 1");
    buf_free(&out);
    OK(cache_place_gone(f->c, inbox, 1, &f->err));
    OK(cache_place_gone(f->c, inbox, 2, &f->err));
    assert_int_equal(count(f, "SELECT count(*) FROM message"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM body"), 1);
    OK(cache_place_gone(f->c, other, 1, &f->err));
    assert_int_equal(count(f, "SELECT count(*) FROM message"), 0);
    assert_int_equal(count(f, "SELECT count(*) FROM body"), 0);
    assert_int_equal(count(f, "SELECT count(*) FROM frame"), 0);
    assert_int_equal(count(f, "SELECT count(*) FROM reference"), 0);
    assert_int_equal(count(f, "SELECT count(*) FROM summary"), 0);
    fixture_close(f);
}

/* Somebody may copy a header and its size: only what waits for its uid is found by it. */
static void a_header_alone_is_not_believed(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX), other = folder_make(f, "B", ROLE_NONE);
    int64_t real = put(f, 1, inbox, 1, 0), forged = 0, account = f->account;
    struct cache_message m = message_make(f, 1, "text of message 1");
    struct cache_placement w = { .folder = other, .uid = 5 };
    memcpy(m.identity, m.head, sizeof m.identity);
    m.body = 0;
    OK(cache_message_put(f->c, &m, &w, &forged, &f->err));
    assert_int_not_equal(forged, real);
    /* Its bytes complete it in place; another account's bytes are its own message. */
    m = message_make(f, 1, "other text");
    OK(cache_message_put(f->c, &m, &w, &real, &f->err));
    assert_int_equal(real, forged);
    OK(cache_account_id(f->c, STR("second"), &f->account, &f->err));
    assert_int_not_equal(put(f, 1, folder_make(f, "INBOX", ROLE_INBOX), 1, 0), real);
    assert_int_not_equal(f->account, account);
    struct buf out = BUF_INIT(100);
    OK(cache_body_read(f->c, forged, 0, 100, &out, &f->err));
    assert_str(buf_str(&out), "other text");
    buf_free(&out);
    fixture_close(f);
}

static void a_damaged_frame_is_an_error(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    unsigned char identity[CACHE_IDENTITY];
    int known;
    fixture_open(f);
    int64_t body = body_make(f, 1000, 1000, &known, identity);
    static const char *const harm[] = { "UPDATE frame SET data = zeroblob(50)",
                                        "UPDATE frame SET data = substr(data, 1, 20)",
                                        "UPDATE frame SET data = x''", "DELETE FROM frame" };
    for (size_t i = 0; i < COUNT(harm); i++) {
        struct buf out = BUF_INIT(2000);
        sqlite3_exec(f->c->db, harm[i], NULL, NULL, NULL);
        assert_int_equal(cache_body_read_id(f->c, body, 0, 1000, &out, &f->err), -1);
        assert_int_equal(f->err.code, ERR_STORE);
        buf_free(&out);
    }
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_size_comes_back_from_any_offset),
        cmocka_unit_test(equal_bytes_are_stored_once),
        cmocka_unit_test(bodies_interleave_and_half_ones_wait_a_day),
        cmocka_unit_test(a_body_lives_as_long_as_a_message_has_it),
        cmocka_unit_test(a_header_alone_is_not_believed),
        cmocka_unit_test(a_damaged_frame_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
