/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/roles.h"
#include "wire/imap_resp.h"

#include "base/banned.h"

static const struct {
    const char *wire, *name;
    char delim;
} names[] = {
    { "INBOX", "INBOX", '/' },
    { "inbox", "INBOX", '.' },
    { "Work/2026", "Work/2026", '/' },
    { "INBOX.Work.2026", "INBOX/Work/2026", '.' },
    { "Entw&APw-rfe", "Entw\xC3\xBCrfe", '/' },
    { "a/b.c",
      "a\xE2\x88\x95"
      "b/c",
      '.' },
    { "flat.name", "flat.name", 0 },
    { "&broken", "&broken", '/' },
    { "\xFFraw", "\xEF\xBF\xBDraw", '/' },
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct arena *a = arena_new(256);
        struct sync_listed f = { .wire = str_c(names[i].wire), .delim = names[i].delim };
        roles_name(a, &f);
        assert_str(f.name, names[i].name);
        arena_free(&a);
    }
}

struct want {
    const char *name;
    unsigned flags;
    enum cache_role role;
};
static const struct want special[] = {
    { "INBOX", 0, ROLE_INBOX },
    { "Sent", 0, ROLE_NONE },
    { "Gesendet", LIST_SENT, ROLE_SENT },
    { "Papierkorb", LIST_TRASH, ROLE_TRASH },
    { "Trash", 0, ROLE_NONE },
    { "Zweiter", LIST_TRASH, ROLE_NONE },
    { "All", LIST_ALL, ROLE_ALL },
};
static const struct want common[] = {
    { "INBOX", LIST_TRASH, ROLE_INBOX },
    { "Sent Items", 0, ROLE_NONE },
    { "INBOX/sent", 0, ROLE_SENT },
    { "Deleted Items", 0, ROLE_TRASH },
    { "Spam", 0, ROLE_JUNK },
    { "Archive", LIST_NOSELECT, ROLE_NONE },
    { "Lists/Archive", 0, ROLE_NONE },
    { "drafts", 0, ROLE_DRAFTS },
};
static const struct want languages[] = {
    { "Entw\xC3\xBCrfe", 0, ROLE_DRAFTS }, { "Envoy\xC3\xA9s", 0, ROLE_NONE },
    { "Gesendet", 0, ROLE_SENT },          { "Prullenbak", 0, ROLE_TRASH },
    { "Arkiv", 0, ROLE_ARCHIVE },          { "INBOX/Spamverdacht", 0, ROLE_JUNK },
};

static void check(const struct want *want, size_t n)
{
    struct sync_listed rows[8] = { 0 };
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct sync_listed){ .name = str_c(want[i].name), .flags = want[i].flags };
    roles_assign(rows, n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].role != want[i].role)
            fail_msg("%s: %d", want[i].name, rows[i].role);
}

static void test_roles(void **state)
{
    (void)state;
    check(special, COUNT(special));
    check(common, COUNT(common));
    check(languages, COUNT(languages));
}

static void all_mail_is_the_archive(void **state)
{
    struct sync_listed rows[] = { { .name = STR("Archive") },
                                  { .name = STR("All"), .flags = LIST_ALL },
                                  { .name = STR("INBOX") } };
    (void)state;
    roles_assign(rows, COUNT(rows));
    assert_true(rows[0].role == ROLE_ARCHIVE && rows[1].role == ROLE_ALL);
    roles_archive_all(rows, COUNT(rows));
    assert_true(rows[0].role == ROLE_NONE && rows[1].role == ROLE_ARCHIVE);
    rows[0].flags = LIST_ARCHIVE;
    roles_assign(rows, COUNT(rows));
    roles_archive_all(rows, COUNT(rows));
    assert_true(rows[0].role == ROLE_ARCHIVE && rows[1].role == ROLE_ALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(all_mail_is_the_archive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
