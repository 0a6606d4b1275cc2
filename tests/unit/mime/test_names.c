/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "base/utf8.h"
#include "mime/names.h"

/* clang-format off */
static const struct { const char *in, *type, *want; } rows[] = {
    { "report.pdf", "", "report.pdf" },
    { "../../.bashrc", "", "bashrc" },
    { "/etc/passwd", "", "passwd" },
    { "C:\\dir\\a.doc", "", "a.doc" },
    { "..", "", "attachment" },
    { "", "image/png", "attachment.png" },
    { "dir/", "text/plain", "attachment.txt" },
    { "-rf", "", "rf" },
    { " . a . ", "", "a" },
    { "a\nb\x1B[31m.txt", "", "ab[31m.txt" },
    { "a\xC2\x85" "b", "", "ab" },
    { "\xE2\x80\xAE" "fdp.exe", "", "fdp.exe" },       /* right-to-left override */
    { "a:b*?.txt", "", "a_b__.txt" },
    { "\xD0\x9E\xD1\x82\xD1\x87\xD1\x91\xD1\x82.pdf", "", "\xD0\x9E\xD1\x82\xD1\x87\xD1\x91\xD1\x82.pdf" },
    { "bad\xFF.txt", "", "bad\xEF\xBF\xBD.txt" },
};
/* clang-format on */

static void names_are_made_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(MIME_NAME_MAX);
        mime_name_safe(str_c(rows[i].in), str_c(rows[i].type), &out);
        assert_string_equal(buf_c(&out), rows[i].want);
        buf_free(&out);
    }
}

static void long_names_keep_their_extension(void **state)
{
    (void)state;
    struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(MIME_NAME_MAX),
               next = BUF_INIT(MIME_NAME_MAX);
    for (size_t i = 0; i < 10000; i++)
        buf_adds(&in, "\xE2\x82\xAC");
    buf_adds(&in, ".tar.gz");
    mime_name_safe(buf_str(&in), str_c(""), &out);
    assert_true(out.len <= MIME_NAME_MAX && out.len > MIME_NAME_MAX - 4);
    assert_true(str_ends(buf_str(&out), ".tar.gz"));
    assert_true(utf8_valid(buf_str(&out)));
    mime_name_variant(buf_str(&out), 4294967295u, &next);
    assert_true(str_ends(buf_str(&next), "-4294967295.tar.gz"));
    assert_true(utf8_valid(buf_str(&next)) && !next.over);
    buf_free(&in);
    buf_free(&out);
    buf_free(&next);
}

static void cut_names_do_not_end_in_a_dot(void **state)
{
    (void)state;
    struct buf in = BUF_INIT(1000), out = BUF_INIT(MIME_NAME_MAX);
    for (size_t i = 0; i < MIME_NAME_MAX - 2; i++)
        buf_addc(&in, 'x');
    buf_adds(&in, " . this is no extension at all");
    mime_name_safe(buf_str(&in), str_c(""), &out);
    assert_int_equal(out.len, MIME_NAME_MAX - 2);
    buf_free(&in);
    buf_free(&out);
}

static void variants_and_types(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(MIME_NAME_MAX);
    mime_name_variant(STR("a.pdf"), 2, &out);
    assert_string_equal(buf_c(&out), "a-2.pdf");
    buf_clear(&out);
    mime_name_variant(STR("README"), 3, &out);
    assert_string_equal(buf_c(&out), "README-3");
    buf_free(&out);
    assert_str(mime_type_of_name(STR("a.PDF")), "application/pdf");
    assert_str(mime_type_of_name(STR("a.b.jpeg")), "image/jpeg");
    assert_str(mime_type_of_name(STR("README")), "application/octet-stream");
    assert_str(mime_type_of_name(STR("")), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_made_safe),
        cmocka_unit_test(long_names_keep_their_extension),
        cmocka_unit_test(cut_names_do_not_end_in_a_dot),
        cmocka_unit_test(variants_and_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
