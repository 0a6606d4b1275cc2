/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "server/limits.h"
#include "server/maildate.h"
#include "server/searchmatch.h"
#include "wire/imap_resp.h"

#define DAY(n) ((int64_t)(n)*86400)
#define NOW DAY(20000)

static struct search_key *keys_of(struct wire_imap *w, struct arena *a, const char *command,
                                  const char *charset)
{
    static const struct search_range saved[] = { { 4, 6 }, { 9, 9 } };
    const struct search_context context = {
        .last_number = 7,
        .last_uid = 70,
        .saved = saved,
        .saved_n = COUNT(saved),
        .now = NOW,
        .charset = str_c(charset),
    };
    struct error err;
    const struct wire_node *line;
    struct buf in = BUF_INIT(1 << 20);
    buf_addf(&in, "SEARCH %s\r\n", command);
    struct str rest = buf_str(&in);
    enum wire_result r;
    while ((r = wire_imap_next(w, &rest, &line, &err)) == WIRE_ANNOUNCE)
        wire_imap_keep(w);
    assert_int_equal(r, WIRE_OK);
    struct search_key *k = search_keys_read(a, line->next, &context);
    buf_free(&in);
    return k;
}

#define MESSAGE                                                                                    \
    "Date: Mon, 1 Jan 2024 23:30:00 -0800\r\nSubject: Caf\xc3\x89 on\r\n the corner\r\n"           \
    "Received: one\r\nReceived: two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"          \
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n"                                           \
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nStra=C3=9Fe und =\r\nWeg\r\n"              \
    "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n"                     \
    "Content-Disposition: attachment; filename=list.txt\r\n\r\nSGVsbG8gV29ybGQ=\r\n"               \
    "--b\r\nContent-Type: image/png\r\n\r\npixels\r\n"                                             \
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--b--\r\n"

static void keys_judge(void **state)
{
    static const struct {
        const char *keys;
        enum search_verdict by_row, by_message;
    } rows[] = {
        { "ALL", SEARCH_YES, SEARCH_YES },
        { "NEW", SEARCH_NO, SEARCH_NO },
        { "SEEN", SEARCH_YES, SEARCH_YES },
        { "UNSEEN", SEARCH_NO, SEARCH_NO },
        { "KEYWORD Two UNKEYWORD three", SEARCH_YES, SEARCH_YES },
        { "3", SEARCH_NO, SEARCH_NO },
        { "1,5:9,2", SEARCH_YES, SEARCH_YES },
        { "*", SEARCH_YES, SEARCH_YES },
        { "UID 70", SEARCH_NO, SEARCH_NO },
        { "UID *,1:2", SEARCH_NO, SEARCH_NO },
        { "UID 3,5:5", SEARCH_YES, SEARCH_YES },
        { "$", SEARCH_YES, SEARCH_YES },
        { "UID $", SEARCH_YES, SEARCH_YES },
        { "ON 3-Oct-2024", SEARCH_YES, SEARCH_YES },
        { "BEFORE \"3-Oct-2024\"", SEARCH_NO, SEARCH_NO },
        { "SINCE 04-Oct-2024", SEARCH_NO, SEARCH_NO },
        { "YOUNGER 4", SEARCH_NO, SEARCH_NO },
        { "YOUNGER 5", SEARCH_YES, SEARCH_YES },
        { "OLDER 5", SEARCH_YES, SEARCH_YES },
        { "OLDER 6", SEARCH_NO, SEARCH_NO },
        { "LARGER 99 SMALLER 101", SEARCH_YES, SEARCH_YES },
        { "LARGER 100", SEARCH_NO, SEARCH_NO },
        { "MODSEQ 11", SEARCH_NO, SEARCH_NO },
        { "MODSEQ \"/flags/\\\\draft\" all 10", SEARCH_YES, SEARCH_YES },
        { "OR UNSEEN 7", SEARCH_YES, SEARCH_YES },
        { "NOT (SEEN NOT 7)", SEARCH_YES, SEARCH_YES },
        /* What the row decides, whatever the message has. */
        { "SUBJECT x UNSEEN", SEARCH_NO, SEARCH_NO },
        { "OR BODY x SEEN", SEARCH_YES, SEARCH_YES },
        { "SENTON 1-Jan-2024", SEARCH_UNKNOWN, SEARCH_YES },
        { "SENTBEFORE 1-Jan-2024", SEARCH_UNKNOWN, SEARCH_NO },
        { "SENTSINCE 2-Jan-2024", SEARCH_UNKNOWN, SEARCH_NO },
        { "SUBJECT \"on the\"", SEARCH_UNKNOWN, SEARCH_YES },
        { "SUBJECT {5}\r\ncaf\xc3\xa9", SEARCH_UNKNOWN, SEARCH_YES },
        { "SUBJECT inner", SEARCH_UNKNOWN, SEARCH_NO },
        { "HEADER received TWO", SEARCH_UNKNOWN, SEARCH_YES },
        { "HEADER Received \"\"", SEARCH_UNKNOWN, SEARCH_YES },
        { "HEADER X-None \"\"", SEARCH_UNKNOWN, SEARCH_NO },
        { "NOT HEADER X-None \"\"", SEARCH_UNKNOWN, SEARCH_YES },
        { "BODY {13}\r\nSTRA\xc3\x9f"
          "E UND W",
          SEARCH_UNKNOWN, SEARCH_YES },
        { "BODY \"hello world\"", SEARCH_UNKNOWN, SEARCH_YES },
        { "BODY SGVsbG8", SEARCH_UNKNOWN, SEARCH_NO },
        { "BODY pixels", SEARCH_UNKNOWN, SEARCH_NO },
        { "BODY INSIDE", SEARCH_UNKNOWN, SEARCH_YES },
        { "BODY inner", SEARCH_UNKNOWN, SEARCH_YES },
        { "BODY corner", SEARCH_UNKNOWN, SEARCH_NO },
        { "BODY list.txt", SEARCH_UNKNOWN, SEARCH_NO },
        { "TEXT list.txt", SEARCH_UNKNOWN, SEARCH_YES },
        { "TEXT \"subject: caf\"", SEARCH_UNKNOWN, SEARCH_YES },
        { "TEXT \"\"", SEARCH_UNKNOWN, SEARCH_YES },
        { "OR (BODY nothing) FROM x", SEARCH_UNKNOWN, SEARCH_NO },
    };
    struct wire_imap *w = wire_imap_new(WIRE_SERVER, NULL);
    struct search_message m;
    const struct mailbox_row row = { .uid = 5,
                                     .flags = IMAP_SEEN,
                                     .date = NOW - 5,
                                     .size = 100,
                                     .modseq = 10,
                                     .keywords = "one two" };
    (void)state;
    search_message_init(&m, NULL, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(1024);
        const struct search_key *k = keys_of(w, a, rows[i].keys, "UTF-8");
        assert_non_null(k);
        if (search_judge(k, &row, 7, NULL) != rows[i].by_row)
            fail_msg("by its row: %s", rows[i].keys);
        search_message_set(&m, STR(MESSAGE), k->depth);
        if (search_judge(k, &row, 7, &m) != rows[i].by_message)
            fail_msg("with its bytes: %s", rows[i].keys);
        /* The header alone never decides what is about more. */
        search_message_set(&m, STR(MESSAGE), SEARCH_HEADER);
        if (k->depth == SEARCH_MESSAGE && rows[i].by_row == SEARCH_UNKNOWN)
            assert_int_equal(search_judge(k, &row, 7, &m), SEARCH_UNKNOWN);
        arena_free(&a);
    }
    search_message_clear(&m);
    wire_imap_free(&w);
}

static void nonsense_is_refused(void **state)
{
    static const char *const rows[] = {
        "FOO",
        "SUBJECT",
        "HEADER x",
        "BEFORE 32-Jan-2024",
        "ON 29-Feb-2023",
        "ON 1-Foo-2024",
        "ON x",
        "NOT",
        "OR SEEN",
        "()",
        "LARGER -1",
        "LARGER x",
        "UID 0",
        "UID 1,",
        "1:x",
        "YOUNGER 0",
        "MODSEQ x",
        "MODSEQ \"x\" all",
        "$1",
        "KEYWORD",
        "SEEN ()",
        "NOT OR SEEN",
    };
    struct wire_imap *w = wire_imap_new(WIRE_SERVER, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(1024);
        if (keys_of(w, a, rows[i], "UTF-8") != NULL)
            fail_msg("taken: %s", rows[i]);
        arena_free(&a);
    }
    wire_imap_free(&w);
}

static void depth_is_bounded(void **state)
{
    struct wire_imap *w = wire_imap_new(WIRE_SERVER, NULL);
    struct buf in = BUF_INIT(4096);
    struct arena *a = arena_new(1024);
    (void)state;
    for (int i = 0; i < IMAP_SEARCH_DEPTH - 1; i++)
        buf_adds(&in, "NOT ");
    buf_adds(&in, "SEEN");
    assert_non_null(keys_of(w, a, buf_c(&in), "UTF-8"));
    buf_clear(&in);
    for (int i = 0; i < IMAP_SEARCH_DEPTH; i++)
        buf_adds(&in, "NOT ");
    buf_adds(&in, "SEEN");
    assert_null(keys_of(w, a, buf_c(&in), "UTF-8"));
    arena_free(&a);
    buf_free(&in);
    wire_imap_free(&w);
}

static void sets_are_sorted_once(void **state)
{
    struct wire_imap *w = wire_imap_new(WIRE_SERVER, NULL);
    struct arena *a = arena_new(1024);
    (void)state;
    const struct search_key *k = keys_of(w, a, "9:8,1,2:5,4:6,*,3", "UTF-8")->child;
    assert_int_equal(k->ranges_n, 4);
    for (uint32_t n = 0; n < 12; n++)
        assert_int_equal(search_ranges_have(k, n), n >= 1 && n <= 9);
    arena_free(&a);
    wire_imap_free(&w);
}

static void charsets_are_converted(void **state)
{
    struct wire_imap *w = wire_imap_new(WIRE_SERVER, NULL);
    struct arena *a = arena_new(1024);
    (void)state;
    assert_true(search_charset(STR("utf-8")) && search_charset(STR("koi8-r")));
    assert_false(search_charset(STR("UTF-7")) || search_charset(STR("")));
    assert_str(keys_of(w, a, "SUBJECT {4}\r\nCaf\xc9", "iso-8859-1")->child->text, "caf\xc3\xa9");
    assert_str(keys_of(w, a, "SUBJECT {1}\r\n\xc0", "KOI8-R")->child->text, "\xd1\x8e");
    arena_free(&a);
    wire_imap_free(&w);
}

static void dates_are_read(void **state)
{
    static const struct {
        const char *in;
        int64_t day, seconds; /* of 1 January 2024: 19723; seconds in the day, UTC */
    } rows[] = {
        { "Mon, 1 Jan 2024 10:20:30 +0100", DAY(19723), 9 * 3600 + 1230 },
        { "1 Jan 24 00:10 -0030", DAY(19723), 2400 },
        { "Monday, 01 January 2024 00:00:60 GMT", DAY(19723), 60 },
        { "1 (one) Jan (x) 2024 (y) 1:2:3 (z) EST", DAY(19723), 6 * 3600 + 123 },
        { "1-Jan-2024 12:00 +0000", DAY(19723), 12 * 3600 },
        { "1 Jan 2024", DAY(19723), 0 },
        { "1 Jan 2024 25:00:00 +0000", DAY(19723), 0 },
        { "1 Jan 2024 01:00:00 nonsense", DAY(19723), 3600 },
        { "1 Jan 124 00:00:00 Z", DAY(19723), 0 },
        { "29 Feb 2024 00:00:00 Z", DAY(19782), 0 },
        { "1 Jan 70 00:00 +0000", 0, 0 },
    };
    static const char *const none[] = {
        "",           "x",       "1",           "30 Feb 2024",    "1 Foo 2024",
        "0 Jan 2024", "1 Jan 2", "1 Jan 20240", "Mon, Jan 1 2024"
    };
    struct maildate d;
    int64_t day;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(maildate_read(str_c(rows[i].in), &d), 0);
        if (d.day != rows[i].day || d.seconds != rows[i].day + rows[i].seconds)
            fail_msg("%s", rows[i].in);
    }
    for (size_t i = 0; i < COUNT(none); i++)
        assert_int_equal(maildate_read(str_c(none[i]), &d), -1);
    assert_int_equal(maildate_day(STR("01-jan-2024"), &day), 0);
    assert_int_equal(day, DAY(19723));
    assert_int_equal(maildate_day(STR("1-Jan-24"), &day), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_judge),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(sets_are_sorted_once),
        cmocka_unit_test(charsets_are_converted),
        cmocka_unit_test(dates_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
