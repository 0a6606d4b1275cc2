/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include "bus/event.h"
#include "bus/progress.h"

static void events_come_back_as_they_were(void **state)
{
    (void)state;
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        const struct bus_event ev = {
            .kind = (enum bus_event_kind)kind,
            .id = INT64_MAX,
            .done = 1,
            .total = -2,
            .code = 7,
            .later = kind % 2 == 0,
            .account = STR("w\"ork\n"),
            .folder = STR("a/\xC3\xA9"),
            .state = STR("idle"),
            .text = STR("x\0y"),
            .rate = 8,
            .left = 9,
            .more = 10,
            .fetched = 3,
            .sent = 4,
            .version = 5,
            .schema = 6,
            .config = STR("/c"),
        };
        struct buf out = BUF_INIT(4096);
        struct arena *a = arena_new(256);
        struct bus_event back;
        struct error err;
        bus_event_write(&ev, &out);
        assert_int_equal(str_find(buf_str(&out), '\n'), out.len - 1); /* one line */
        assert_int_equal(bus_event_read(a, buf_str(&out), &back, &err), 0);
        assert_int_equal(back.kind, kind);
        assert_true(back.id == INT64_MAX && back.done == 1 && back.total == -2 && back.code == 7);
        assert_int_equal(back.later, ev.later);
        assert_true(back.rate == 8 && back.left == 9 && back.more == 10);
        assert_true(back.fetched == 3 && back.sent == 4 && back.version == 5 && back.schema == 6);
        assert_true(str_eq(back.account, ev.account) && str_eq(back.folder, ev.folder));
        assert_true(str_eq(back.state, ev.state) && str_eq(back.text, ev.text));
        assert_str(back.config, "/c");
        arena_free(&a);
        buf_free(&out);
    }
}

static void progress_is_said_as_far_as_it_is_known(void **state)
{
    static const struct {
        int64_t rate, left;
        const char *words;
        int64_t more;
    } rows[] = { { 0, 0, "INBOX 5/90", 0 },
                 { 0, 0, "INBOX 5/90, 170 MB left", 170000000 },
                 { 2500, 0, "INBOX 5/90, 2.5 kB/s, 9.0 kB left", 9000 },
                 { 999, 59, "INBOX 5/90, 999 B/s, 59 s left", 9 },
                 { 3140000, 60, "INBOX 5/90, 3.1 MB/s, 1 min left", 0 },
                 { 25500, 5000, "INBOX 5/90, 26 kB/s, 83 min left", 0 },
                 { INT64_MAX, 86400, "INBOX 5/90, 9223372037 GB/s, 24 h left", 0 } };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(200);
        bus_progress_words(&(struct bus_event){ .kind = EVENT_PROGRESS,
                                                .folder = STR("INBOX"),
                                                .done = 5,
                                                .total = 90,
                                                .rate = rows[i].rate,
                                                .left = rows[i].left,
                                                .more = rows[i].more },
                           &out);
        assert_string_equal(buf_c(&out), rows[i].words);
        buf_free(&out);
    }
}

static void hints_come_back_as_they_were(void **state)
{
    (void)state;
    for (int kind = 0; kind < HINT_KINDS; kind++) {
        const struct bus_hint h = { .kind = (enum bus_hint_kind)kind,
                                    .id = 9,
                                    .version = 1,
                                    .schema = 2,
                                    .account = STR("a"),
                                    .folder = STR("f"),
                                    .text = STR("p\"w"),
                                    .config = STR("c") };
        struct buf out = BUF_INIT(4096);
        struct arena *a = arena_new(256);
        struct bus_hint back;
        struct error err;
        bus_hint_write(&h, &out);
        assert_int_equal(bus_hint_read(a, buf_str(&out), &back, &err), 0);
        assert_int_equal(back.kind, kind);
        assert_true(back.id == 9 && back.version == 1 && back.schema == 2);
        assert_str(back.text, "p\"w");
        assert_true(str_eq(back.account, h.account) && str_eq(back.folder, h.folder) &&
                    str_eq(back.config, h.config));
        arena_free(&a);
        buf_free(&out);
    }
}

static void what_is_no_line_of_ours_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "\n",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        "{\"event\":7}",
        "{\"event\":\"nonsense\"}",
        "{\"hint\":\"nonsense\"}",
        "{\"event\":\"done\",\"event\":\"bye\"}",
        "\xFF",
        "{\"event\":\"done\"} x",
        "{\"event\":\"done\",\"text\":\"\xC3\"}",
        "{\"event\":\"done\",\"id\":99999999999999999999}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(256);
        struct bus_event ev;
        struct bus_hint h;
        struct error err = { 0 };
        assert_int_equal(bus_event_read(a, str_c(rows[i]), &ev, &err), -1);
        assert_int_equal(err.code, ERR_PARSE);
        assert_int_equal(bus_hint_read(a, str_c(rows[i]), &h, &err), -1);
        arena_free(&a);
    }
}

static void wrong_types_are_nothing_and_bad_bytes_are_mended(void **state)
{
    (void)state;
    struct arena *a = arena_new(256);
    struct bus_event ev;
    struct error err;
    struct buf out = BUF_INIT(1000);
    assert_int_equal(bus_event_read(a,
                                    STR("{\"event\":\"done\",\"id\":\"x\",\"text\":5,\"more\":{}}"),
                                    &ev, &err),
                     0);
    assert_true(ev.id == 0 && ev.text.n == 0);
    bus_event_write(&(struct bus_event){ .kind = EVENT_ERROR, .text = STR("a\xFF") }, &out);
    assert_int_equal(bus_event_read(a, buf_str(&out), &ev, &err), 0);
    assert_str(ev.text, "a\xEF\xBF\xBD");
    buf_free(&out);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_back_as_they_were),
        cmocka_unit_test(progress_is_said_as_far_as_it_is_known),
        cmocka_unit_test(hints_come_back_as_they_were),
        cmocka_unit_test(what_is_no_line_of_ours_is_refused),
        cmocka_unit_test(wrong_types_are_nothing_and_bad_bytes_are_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
