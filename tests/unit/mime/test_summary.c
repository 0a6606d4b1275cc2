/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "mime/summary.h"

static struct mime_part_info parts[] = {
    { .type = { "multipart/mixed", 15 }, .length = 9000, .flags = MIME_PART_CONTAINER },
    { .header_offset = 300,
      .offset = 400,
      .length = 20,
      .decoded = 20,
      .type = { "text/html", 9 },
      .charset = { "utf-8", 5 },
      .depth = 1,
      .encoding = MIME_QP },
    { .offset = 500, .length = 30, .type = { "text/plain", 10 }, .depth = 1 },
    { .offset = 600,
      .length = UINT64_MAX,
      .decoded = 1,
      .type = { "application/pdf", 15 },
      .name = { "r\xC3\xA9sum\xC3\xA9.pdf", 12 },
      .id = { "x@y", 3 },
      .encoding = MIME_BASE64,
      .depth = 1,
      .flags = MIME_PART_ATTACHMENT },
};

static struct mime_summary sample(void)
{
    return (struct mime_summary){
        .subject = STR("a subject"),
        .from = STR("Jane <jane@example.org>"),
        .preview = STR("with a \0 in it"),
        .date = -5,
        .damage = MIME_DAMAGE_CHARSET,
        .parts = parts,
        .parts_n = COUNT(parts),
    };
}

static void it_comes_back(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct mime_summary s = sample(), got;
    struct buf flat = BUF_INIT(MIME_FLAT_MAX), again = BUF_INIT(MIME_FLAT_MAX);
    struct arena *a = arena_new(1024);
    mime_summary_flatten(&s, &flat);
    assert_int_equal(mime_summary_read(a, buf_str(&flat), &got, &err), 0);
    assert_str(got.subject, "a subject");
    assert_int_equal(got.preview.n, 14);
    assert_int_equal(got.date, -5);
    assert_int_equal(got.parts_n, COUNT(parts));
    assert_true(got.parts[3].length == UINT64_MAX);
    assert_int_equal(got.parts[3].encoding, MIME_BASE64);
    assert_str(got.parts[3].id, "x@y");
    mime_summary_flatten(&got, &again);
    assert_true(str_eq(buf_str(&flat), buf_str(&again)));
    buf_free(&flat);
    buf_free(&again);
    arena_free(&a);
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct mime_summary s = sample(), got;
    struct buf flat = BUF_INIT(MIME_FLAT_MAX);
    struct arena *a = arena_new(1024);
    mime_summary_flatten(&s, &flat);
    for (size_t n = 0; n < flat.len; n++) {
        assert_int_equal(mime_summary_read(a, str_head(buf_str(&flat), n), &got, &err), -1);
        assert_int_equal(err.code, ERR_PARSE);
        assert_int_equal(got.parts_n, 0);
    }
    buf_addc(&flat, 'x');
    assert_int_equal(mime_summary_read(a, buf_str(&flat), &got, &err), -1);
    buf_truncate(&flat, flat.len - 1);
    for (size_t i = 0; i < flat.len;
         i++) { /* every byte changed: no answer matters but that one comes */
        flat.data[i] = (char)~flat.data[i];
        (void)!mime_summary_read(a, buf_str(&flat), &got, &err);
        flat.data[i] = (char)~flat.data[i];
    }
    buf_free(&flat);
    arena_free(&a);
}

static void the_part_to_show(void **state)
{
    (void)state;
    struct mime_summary s = sample();
    assert_int_equal(mime_summary_text_part(&s), 2);
    s.parts_n = 2;
    assert_int_equal(mime_summary_text_part(&s), 1);
    s.parts_n = 1;
    assert_int_equal(mime_summary_text_part(&s), 1);
    struct mime_part_info mixed[] = {
        { .type = STR("text/plain"), .flags = MIME_PART_ATTACHMENT },
        { .type = STR("text/html") },
        { .type = STR("message/rfc822"), .depth = 1, .flags = MIME_PART_CONTAINER },
        { .type = STR("text/plain"), .depth = 2 },
    };
    struct mime_summary t = { .parts = mixed, .parts_n = COUNT(mixed) };
    assert_int_equal(mime_summary_text_part(&t), 1);
    assert_true(mime_summary_has_attachments(&t));
    t.parts_n = 0;
    assert_int_equal(mime_summary_text_part(&t), 0);
    assert_false(mime_summary_has_attachments(&t));
    struct mime_part_info uu = { .type = STR("application/octet-stream"), .flags = MIME_PART_UU };
    assert_true(mime_part_is_attachment(&uu));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(the_part_to_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
