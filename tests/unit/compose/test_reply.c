/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "compose/draft.h"
#include "compose/people.h"

static struct config_account accounts[] = {
    { .name = (char *)"home", .address = (char *)"Me <me@home.example>" },
    { .name = (char *)"work", .address = (char *)"Jane Roe <jane@work.example>" },
};
static const struct config cfg = { .accounts = accounts, .accounts_n = 2 };

static void recipients_are_the_right_people(void **state)
{
    static const struct {
        enum reply_kind kind;
        const char *from, *reply_to, *to, *cc, *followup, *list_post;
        const char *want_to, *want_cc, *want_account;
    } rows[] = {
        { REPLY_SENDER, "Ann <ann@a.example>", "", "me@home.example", "", "", "",
          "Ann <ann@a.example>", "", "home" },
        { REPLY_SENDER, "ann@a.example", "other@a.example", "jane@WORK.example", "bob@b.example",
          "", "", "other@a.example", "", "work" },
        { REPLY_ALL, "ann@a.example", "", "jane@work.example, bob@b.example",
          "me@home.example, cy@c.example", "", "", "ann@a.example", "bob@b.example, cy@c.example",
          "work" },
        { REPLY_ALL, "ann@a.example", "", "list@l.example", "", "list@l.example", "",
          "list@l.example", "", "home" },
        { REPLY_LIST, "ann@a.example", "", "list@l.example", "", "",
          "<mailto:list@l.example?subject=x>", "list@l.example", "", "home" },
        { REPLY_LIST, "ann@a.example", "", "me@home.example", "", "", "", "ann@a.example", "",
          "home" },
        { REPLY_SENDER, "Me <me@home.example>", "", "bob@b.example", "cy@c.example", "", "",
          "bob@b.example", "", "home" },
        { REPLY_SENDER, "me@home.example", "", "me@home.example", "", "", "", "me@home.example", "",
          "home" },
        { REPLY_ALL, "a@x.example", "", "Team: b@x.example, c@x.example;", "", "", "",
          "a@x.example", "b@x.example, c@x.example", "home" },
        { REPLY_SENDER, "", "", "", "", "", "", "", "", "home" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mime_summary m = {
            .from = str_c(rows[i].from),
            .reply_to = str_c(rows[i].reply_to),
            .to = str_c(rows[i].to),
            .cc = str_c(rows[i].cc),
            .followup_to = str_c(rows[i].followup),
            .list_post = str_c(rows[i].list_post),
        };
        struct draft *d = draft_reply(&m, STR("hi\n"), 7, rows[i].kind, &cfg, &accounts[0]);
        assert_string_equal(d->to, rows[i].want_to);
        assert_string_equal(d->cc, rows[i].want_cc);
        assert_string_equal(d->account, rows[i].want_account);
        assert_int_equal(d->answers, 7);
        draft_free(&d);
    }
}

static void prefixes_are_not_piled_up(void **state)
{
    static const struct {
        const char *subject, *reply, *forward;
    } rows[] = {
        { "hello", "Re: hello", "Fwd: hello" },
        { "Re: hello", "Re: hello", "Fwd: hello" },
        { "RE[2]: Aw: Re : hello", "Re: hello", "Fwd: hello" },
        { "Fwd: hello", "Re: Fwd: hello", "Fwd: hello" },
        { "Research: x", "Re: Research: x", "Fwd: Research: x" },
        { "", "Re: ", "Fwd: " },
        { "Antw: Sv: hej", "Re: hej", "Fwd: hej" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mime_summary m = { .subject = str_c(rows[i].subject), .from = STR("a@b.example") };
        struct draft *r = draft_reply(&m, STR(""), 0, REPLY_SENDER, &cfg, &accounts[0]);
        struct draft *f = draft_forward(&m, STR(""), 0, &cfg, &accounts[0]);
        assert_string_equal(r->subject, rows[i].reply);
        assert_string_equal(f->subject, rows[i].forward);
        draft_free(&r);
        draft_free(&f);
    }
}

static void references_grow_and_are_bounded(void **state)
{
    (void)state;
    struct mime_summary m = { .from = STR("a@b.example"),
                              .message_id = STR("<3@x>"),
                              .references = STR("<1@x> <2@x>") };
    struct draft *d = draft_reply(&m, STR(""), 0, REPLY_SENDER, &cfg, &accounts[0]);
    assert_string_equal(d->references, "<1@x> <2@x> <3@x>");
    assert_string_equal(d->in_reply_to, "<3@x>");
    draft_free(&d);
    m.references = STR("");
    m.in_reply_to = STR("<0@x>");
    d = draft_reply(&m, STR(""), 0, REPLY_SENDER, &cfg, &accounts[0]);
    assert_string_equal(d->references, "<0@x> <3@x>");
    draft_free(&d);
    struct buf many = BUF_INIT(100000);
    for (int i = 0; i < 1000; i++)
        buf_addf(&many, "<%d@x> ", i);
    m.references = buf_str(&many);
    d = draft_reply(&m, STR(""), 0, REPLY_SENDER, &cfg, &accounts[0]);
    assert_true(str_starts(str_c(d->references), "<0@x> <981@x>"));
    assert_true(strlen(d->references) < 1000);
    draft_free(&d);
    buf_free(&many);
}

static void text_is_quoted_without_its_signature(void **state)
{
    (void)state;
    struct mime_summary m = { .from = STR("Ann <ann@a.example>"), .date = 1769860800 };
    struct draft *d = draft_reply(&m, STR("one\n> two\n\nthree\n-- \nAnn\n"), 0, REPLY_SENDER, &cfg,
                                  &accounts[0]);
    assert_string_equal(d->text, "On 2026-01-31 12:00, Ann wrote:\n> one\n>> two\n>\n> three\n");
    draft_free(&d);
}

static void typed_lists_are_whole_addresses(void **state)
{
    static const struct {
        const char *typed;
        int want;
        size_t n;
    } rows[] = {
        { "a@b.example", 0, 1 },
        { "a@b.example, , A Name <c@d.example>;", 0, 2 },
        { "\"Roe, Jane\" <jane@x.example>, b@x.example", 0, 2 },
        { "Jane (work, mostly) <jane@x.example>", 0, 1 },
        { "a@b.example, a@B.example", 0, 1 },
        { "", 0, 0 },
        { "nobody", -1, 0 },
        { "a@b.example c@d.example", -1, 0 },
        { "a@b.example\r\nBcc: c@d.example", -1, 0 },
        { "j\xC3\xB6rg@x.example", -1, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(0);
        struct people p = { 0 };
        struct error err;
        int rc = people_add_typed(a, &p, str_c(rows[i].typed), &err);
        if (rc != rows[i].want)
            fail_msg("row %zu: %d", i, rc);
        if (rc == 0)
            assert_int_equal(p.n, rows[i].n);
        else
            assert_int_equal(err.code, ERR_ADDRESS);
        arena_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipients_are_the_right_people),
        cmocka_unit_test(prefixes_are_not_piled_up),
        cmocka_unit_test(references_grow_and_are_bounded),
        cmocka_unit_test(text_is_quoted_without_its_signature),
        cmocka_unit_test(typed_lists_are_whole_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
