/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "server/faults.h"

static void rules_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        bool ok;
        enum faults_do what;
        int64_t n;
        const char *text;
    } rows[] = {
        { "smtp.rcpt=450", true, FAULTS_SAY, 0, "450" },
        { "smtp.rcpt=450 4.2.1 a: b:every=3:first=2", true, FAULTS_SAY, 0, "450 4.2.1 a: b" },
        { "imap.select=NO [X] no:until=id", true, FAULTS_SAY, 0, "NO [X] no" },
        { "imap.noop=BAD", true, FAULTS_SAY, 0, "BAD" },
        { "imap.noop=BADLY", false, 0, 0, "" },
        { "pop3.retr=-ERR no", true, FAULTS_SAY, 0, "-ERR no" },
        { "pop3.retr=-ERR", true, FAULTS_SAY, 0, "-ERR" },
        { "*.connect=delay=100", true, FAULTS_DELAY, 100, "" },
        { "imap.fetch=literal=-3", true, FAULTS_LITERAL, -3, "" },
        { "imap.fetch=size=+7:user=x", true, FAULTS_SIZE, 7, "" },
        { "smtp.offer=hide=A,B=C", true, FAULTS_HIDE, 0, "A,B=C" },
        { "tls=none", true, FAULTS_NO_TLS, 0, "" },
        { "disk=full:after=2", true, FAULTS_DISK_FULL, 0, "" },
        { "smtp.dot=drop", true, FAULTS_DROP, 0, "" },
        { "imap.any=close:with=x:without=y", true, FAULTS_CLOSE, 0, "" },
        { "", false, 0, 0, "" },
        { "smtp.rcpt", false, 0, 0, "" },
        { "smtp.rcpt=", false, 0, 0, "" },
        { "smtp.=450", false, 0, 0, "" },
        { ".rcpt=450", false, 0, 0, "" },
        { "smtp.retr=450", false, 0, 0, "" },
        { "smtp.rcpt=45", false, 0, 0, "" },
        { "smtp.rcpt=650", false, 0, 0, "" },
        { "smtp.rcpt=450x", false, 0, 0, "" },
        { "*.connect=450", false, 0, 0, "" },
        { "imap.fetch=450", false, 0, 0, "" },
        { "pop3.retr=NO x", false, 0, 0, "" },
        { "smtp.rcpt=450:every=0", false, 0, 0, "" },
        { "smtp.rcpt=450:every=x", false, 0, 0, "" },
        { "smtp.rcpt=450:user=", false, 0, 0, "" },
        { "smtp.rcpt=delay", false, 0, 0, "" },
        { "smtp.rcpt=delay=-1", false, 0, 0, "" },
        { "smtp.rcpt=delay=99999999999", false, 0, 0, "" },
        { "smtp.rcpt=close=1", false, 0, 0, "" },
        { "smtp.rcpt=drop", false, 0, 0, "" },
        { "smtp.dot=greylist", false, 0, 0, "" },
        { "smtp.rcpt=hide=X", false, 0, 0, "" },
        { "smtp.offer=close", false, 0, 0, "" },
        { "pop3.retr=literal=1", false, 0, 0, "" },
        { "tls=full", false, 0, 0, "" },
        { "disk=none", false, 0, 0, "" },
        { "tls=450", false, 0, 0, "" },
        { "smtp.rcpt=450 a\nb", false, 0, 0, "" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct faults_rule r;
        struct error err;
        int rc = faults_rule_read(str_c(rows[i].spec), &r, &err);
        if (rc != (rows[i].ok ? 0 : -1))
            fail_msg("%s", rows[i].spec);
        if (rc != 0)
            continue;
        assert_int_equal(r.what, rows[i].what);
        assert_int_equal(r.n, rows[i].n);
        assert_string_equal(r.text, rows[i].text);
    }
}

/* The sentence names the part that is wrong. */
static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *want;
    } rows[] = {
        { "smtp.rcpt", "POINT=ACTION" },
        { "smtp.rcp=450", "\"smtp.rcp\"" },
        { "smtp.rcpt=450:evry=3", "\"450:evry=3\" is no action for smtp.rcpt" },
        { "smtp.rcpt=450:every=x", "\"every=x\" is no selector" },
        { "smtp.rcpt=drop", "\"drop\" is no action for smtp.rcpt" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct faults_rule r;
        struct error err;
        assert_int_equal(faults_rule_read(str_c(rows[i].spec), &r, &err), -1);
        if (strstr(err.text, rows[i].want) == NULL || strstr(err.text, "--fault help") == NULL)
            fail_msg("%s: %s", rows[i].spec, err.text);
    }
}

/* Which of the first ten times it hits. */
static void times_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *want;
    } rows[] = {
        { "smtp.rcpt=450", "++++++++++" },
        { "smtp.rcpt=450:every=3", "--+--+--+-" },
        { "smtp.rcpt=450:first=2", "++--------" },
        { "smtp.rcpt=450:after=7", "-------+++" },
        { "smtp.rcpt=450:after=2:first=3", "--+++-----" },
        { "smtp.rcpt=450:after=1:every=2:first=4", "--+-+-----" },
        { "smtp.any=450", "++++++++++" },
        { "*.rcpt=close", "" }, /* no protocol but SMTP has it: all are fine */
        { "smtp.mail=450", "----------" },
        { "imap.any=close", "----------" },
        { "smtp.rcpt=450:with=jane", "++++++++++" },
        { "smtp.rcpt=450:with=bob", "----------" },
        { "smtp.rcpt=450:without=JANE", "----------" },
        { "smtp.rcpt=450:user=me", "++++++++++" },
        { "smtp.rcpt=450:user=you", "----------" },
        { "smtp.rcpt=450:until=noop", "++++++++++" },
        { "smtp.rcpt=450:until=mail", "----------" },
        { "smtp.rcpt=greylist", "+---------" },
    };
    struct faults_question q = { .point = "smtp.rcpt",
                                 .line = STR("RCPT TO:<Jane@x>"),
                                 .account = STR("ME"),
                                 .peer = STR("192.0.2.1"),
                                 .said = STR(" ehlo mail rcpt ") };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct faults *f = faults_new();
        struct faults_hits hits;
        struct error err;
        char got[11] = "";
        assert_int_equal(faults_add(f, str_c(rows[i].spec), &err), 0);
        for (size_t k = 0; k < 10; k++) {
            faults_ask(f, &q, &hits);
            got[k] = hits.n > 0 ? '+' : '-';
        }
        if (rows[i].want[0] != '\0' && strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].spec, got);
        faults_free(&f);
    }
}

static void there_are_limits(void **state)
{
    (void)state;
    struct faults *f = faults_new();
    struct faults_question q = { .point = "smtp.rcpt" };
    struct faults_hits hits;
    struct error err;
    for (int i = 0; i < FAULTS_MAX; i++)
        assert_int_equal(faults_add(f, STR("smtp.rcpt=delay=1"), &err), 0);
    assert_int_equal(faults_add(f, STR("smtp.rcpt=delay=1"), &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    faults_ask(f, &q, &hits);
    assert_int_equal(hits.n, FAULTS_HITS);
    faults_clear(f);
    assert_int_equal(faults_n(f), 0);
    faults_free(&f);
}

static void every_personality_has_good_rules(void **state)
{
    (void)state;
    struct buf all = BUF_INIT(1 << 16);
    struct str rest;
    struct str line;
    size_t n = 0;
    faults_personalities(&all);
    rest = buf_str(&all);
    while (str_line(&rest, &line)) {
        struct str name;
        struct faults_rule r;
        struct error err;
        const char *rule;
        if (str_starts(line, "   "))
            continue;
        assert_true(str_word(&line, &name));
        for (size_t i = 0; (rule = faults_personality(name, i)) != NULL; i++, n++)
            if (faults_rule_read(str_c(rule), &r, &err) != 0)
                fail_msg("%.*s: %s", STR_ARG(name), rule);
    }
    assert_true(n > 12);
    assert_null(faults_personality(STR("nobody"), 0));
    buf_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(times_are_counted),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(every_personality_has_good_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
