/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "cache/message.h"
#include "sync/mdname.h"

#include "base/banned.h"

static void a_name_and_its_flags(void **state)
{
    static const struct {
        const char *file, *base;
        unsigned flags;
    } rows[] = {
        { "1.a.host", "1.a.host", 0 },
        { "1.a.host:2,", "1.a.host", 0 },
        { "1.a.host:2,S", "1.a.host", CACHE_SEEN },
        { "1.a.host,S=12:2,DFPRST", "1.a.host,S=12", CACHE_SERVER_FLAGS },
        { "1.a:2,:2,aSz", "1.a:2,", CACHE_SEEN },
        { "1.a:1,S", "1.a:1,S", 0 },
        { "1.a:2", "1.a:2", 0 },
        { ":2,S", "", CACHE_SEEN },
        { "", "", 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str file = str_c(rows[i].file);
        size_t n = mdname_base(file);
        assert_int_equal(n, strlen(rows[i].base));
        assert_memory_equal(file.p, rows[i].base, n);
        assert_int_equal(mdname_flags(str_skip(file, n)), rows[i].flags);
    }
}

static void what_others_wrote_stays(void **state)
{
    static const struct {
        const char *old;
        unsigned flags;
        const char *now;
    } rows[] = {
        { "", 0, ":2," },
        { "", CACHE_SEEN | CACHE_FLAGGED, ":2,FS" },
        { ":2,S", 0, ":2," },
        { ":2,zSaX", CACHE_DRAFT | CACHE_DELETED, ":2,DTXaz" },
        { ":2,SSS", CACHE_SEEN, ":2,S" },
        { ":2,a/b", CACHE_ANSWERED, ":2,Rab" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(MDNAME_MAX);
        mdname_rest(str_c(rows[i].old), rows[i].flags, &out);
        assert_string_equal(buf_c(&out), rows[i].now);
        buf_free(&out);
    }
}

static void times_and_hosts(void **state)
{
    (void)state;
    assert_int_equal(mdname_time(STR("1700000000.M1P2.host")), 1700000000);
    assert_int_equal(mdname_time(STR("1700000000")), 0);
    assert_int_equal(mdname_time(STR("x.y")), 0);
    assert_int_equal(mdname_time(STR("99999999999999999999.y")), 0);
    struct buf out = BUF_INIT(MDNAME_MAX);
    mdname_host(STR("a/b:c\n.org"), &out);
    assert_string_equal(buf_c(&out), "a_b_c_.org");
    buf_free(&out);
}

static void folders(void **state)
{
    static const struct {
        const char *name, *dir;
    } rows[] = {
        { "Sent", ".Sent" },
        { "Archive/2026", ".Archive.2026" },
        { "Entw\xC3\xBCrfe", ".Entw&APw-rfe" },
        { "a.b", NULL }, /* would be a/b */
        { "", NULL },
        { "a//b", NULL },
        { "/a", NULL },
        { "a/", NULL },
        { "../x", NULL },
        { "a\nb", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(MDNAME_MAX);
        assert_int_equal(mdname_folder(str_c(rows[i].name), &out), rows[i].dir != NULL ? 0 : -1);
        if (rows[i].dir != NULL)
            assert_string_equal(buf_c(&out), rows[i].dir);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_and_its_flags),
        cmocka_unit_test(what_others_wrote_stays),
        cmocka_unit_test(times_and_hosts),
        cmocka_unit_test(folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
