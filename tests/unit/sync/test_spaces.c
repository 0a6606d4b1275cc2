/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "sync/spaces.h"

#include "base/banned.h"

/* Of dialects that are about: prefix and separator of each. NULL: NIL */
struct dialect {
    const char *personal, *others, *shared;
    char sep;
};
static const struct dialect plain = { "", NULL, NULL, '/' };
static const struct dialect courier = { "INBOX.", NULL, "shared.", '.' };
static const struct dialect cyrus = { "INBOX.", "user.", "", '.' };
static const struct dialect uw = { "mail/", "~", NULL, '/' };
static const struct dialect curt = { "INBOX", "Other Users", NULL, '/' };

static void spaces_of(struct spaces *s, const struct dialect *d)
{
    struct imap_resp r = { .kind = IMAP_NAMESPACE };
    r.personal = (struct imap_namespace){ str_c(d->personal), d->sep };
    if (d->others != NULL)
        r.others = (struct imap_namespace){ str_c(d->others), d->sep };
    if (d->shared != NULL)
        r.shared = (struct imap_namespace){ str_c(d->shared), d->sep };
    *s = (struct spaces){ 0 };
    spaces_take(s, &r);
}

struct row {
    const char *wire, *name;
    bool foreign;
};

static void check(const struct dialect *d, const struct row *want, size_t n)
{
    struct arena *a = arena_new(1000);
    struct sync_listed rows[10] = { 0 };
    struct spaces s = { 0 };
    if (d != NULL)
        spaces_of(&s, d);
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct sync_listed){ .wire = str_c(want[i].wire), .delim = d ? d->sep : '.' };
    spaces_names(&s, a, rows, n);
    for (size_t i = 0; i < n; i++) {
        struct buf wire = BUF_INIT(1000);
        struct error err;
        if (!str_eqc(rows[i].name, want[i].name) || rows[i].foreign != want[i].foreign)
            fail_msg("%s: %.*s %d", want[i].wire, STR_ARG(rows[i].name), rows[i].foreign);
        assert_str(rows[i].wire, want[i].wire);
        if (!rows[i].foreign || !s.rest_foreign) { /* what is listed is made under the same name */
            assert_int_equal(spaces_wire(&s, rows[i].name, '.', &wire, &err), 0);
            if (!str_eqc(rows[i].name, "INBOX") && !str_eqc(rows[i].name, "mail"))
                assert_string_equal(buf_c(&wire), want[i].wire);
        }
        buf_free(&wire);
    }
    arena_free(&a);
}

static void folders_are_shown_without_the_prefix(void **state)
{
    static const struct row none[] = { { "INBOX", "INBOX", 0 }, { "INBOX.Sent", "INBOX/Sent", 0 } };
    static const struct row flat[] = { { "INBOX", "INBOX", 0 },
                                       { "INBOX/x", "INBOX/x", 0 },
                                       { "Sent", "Sent", 0 } };
    static const struct row below[] = { { "INBOX", "INBOX", 0 },
                                        { "INBOX.Sent", "Sent", 0 },
                                        { "INBOX.a.b", "a/b", 0 },
                                        { "INBOX.Entw&APw-rfe", "Entw\xC3\xBCrfe", 0 },
                                        { "INBOX.INBOX", "INBOX/INBOX", 0 },
                                        { "shared.Sent", "shared/Sent", 1 },
                                        { "INBOX.shared.Sent", "INBOX/shared/Sent", 0 } };
    static const struct row rest[] = { { "INBOX", "INBOX", 0 },
                                       { "INBOX.Sent", "Sent", 0 },
                                       { "user.joe.Sent", "user/joe/Sent", 1 },
                                       { "bb.news", "bb/news", 1 } };
    static const struct row home[] = { { "INBOX", "INBOX", 0 },
                                       { "mail", "mail", 0 },
                                       { "mail/Sent", "Sent", 0 },
                                       { "~joe/x", "~joe/x", 0 } };
    static const struct row unended[] = { { "Inbox/Sent", "Sent", 0 },
                                          { "Other Users/joe", "Other Users/joe", 1 } };
    (void)state;
    check(NULL, none, COUNT(none));
    check(&plain, flat, COUNT(flat));
    check(&courier, below, COUNT(below));
    check(&cyrus, rest, COUNT(rest));
    check(&uw, home, 3);
    check(&curt, unended + 1, 1);
}

static void new_folders_lie_below_the_prefix(void **state)
{
    static const struct {
        const struct dialect *d;
        const char *name, *wire; /* NULL: it cannot be */
    } rows[] = {
        { NULL, "a/b", "a.b" },
        { &plain, "a/b", "a/b" },
        { &courier, "a/b", "INBOX.a.b" },
        { &courier, "INBOX/a", "INBOX.a" },
        { &courier, "inbox/a", "inbox.a" },
        { &courier, "a.b", NULL },
        { &courier, "shared/a", "shared.a" },
        { &courier, "caf\xC3\xA9", "INBOX.caf&AOk-" },
        { &cyrus, "user/joe", "user.joe" },
        { &uw, "a.b", "mail/a.b" },
        { &curt, "a", "INBOX/a" },
        { &plain, "a\nb", NULL },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct spaces s = { 0 };
        struct buf wire = BUF_INIT(1000);
        struct error err = { 0 };
        if (rows[k].d != NULL)
            spaces_of(&s, rows[k].d);
        int rc = spaces_wire(&s, str_c(rows[k].name), '.', &wire, &err);
        if (rc != (rows[k].wire != NULL ? 0 : -1))
            fail_msg("%s: %s", rows[k].name, err.text);
        if (rc == 0)
            assert_string_equal(buf_c(&wire), rows[k].wire);
        else
            assert_int_equal(err.code, ERR_REFUSED);
        buf_free(&wire);
    }
}

static void of_too_many_foreign_ones_the_subscribed_stay(void **state)
{
    enum { N = SPACES_FOREIGN_MAX + 2 };
    struct sync_listed *rows = xcalloc(N, sizeof *rows);
    (void)state;
    for (size_t i = 1; i < N; i++)
        rows[i] = (struct sync_listed){ .foreign = true, .flags = i == 7 ? LIST_SUBSCRIBED : 0 };
    assert_int_equal(spaces_leave_out(rows, N - 1), N - 1);
    assert_int_equal(spaces_leave_out(rows, N), 2);
    assert_true(!rows[0].foreign && (rows[1].flags & LIST_SUBSCRIBED) != 0);
    free(rows);
}

/* A prefix that is none does no harm. */
static void prefixes_are_bounded(void **state)
{
    char text[SPACES_PREFIX_MAX + 1];
    struct spaces s;
    struct imap_resp r = { .kind = IMAP_NAMESPACE };
    (void)state;
    memset(text, 'x', sizeof text);
    r.personal = (struct imap_namespace){ { text, sizeof text }, '.' };
    spaces_take(&s, &r);
    assert_true(s.known && s.personal[0] == '\0');
    r.personal = (struct imap_namespace){ STR("a\nb."), '.' };
    spaces_take(&s, &r);
    assert_true(s.personal[0] == '\0');
    r.personal = (struct imap_namespace){ STR("a"), 0 };
    spaces_take(&s, &r);
    assert_true(s.personal[0] == '\0' && s.sep == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_shown_without_the_prefix),
        cmocka_unit_test(new_folders_lie_below_the_prefix),
        cmocka_unit_test(of_too_many_foreign_ones_the_subscribed_stay),
        cmocka_unit_test(prefixes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
