/* SPDX-License-Identifier: MIT */
/* The users and aliases files and the rules of faults: whatever they hold, names and addresses that
 * come out can be used, and a changed users file is one again. Three texts with NUL between. */
#include "fuzz.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "server/accounts.h"
#include "server/faults.h"
#include "server/names.h"
#include "base/banned.h"

static void targets_hold(const struct rcpt_list *list)
{
    FUZZ_CHECK(list->n > 0 && list->n <= ACCOUNTS_TARGETS_MAX);
    for (size_t i = 0; i < list->n; i++) {
        struct str account = str_c(list->targets[i].account);
        struct str address = str_c(list->targets[i].address);
        FUZZ_CHECK((account.n > 0) != (address.n > 0));
        FUZZ_CHECK(account.n == 0 || name_level_ok(account));
        FUZZ_CHECK(address.n == 0 ||
                   (str_is_line(address) && address.p[0] != '-' &&
                    str_find(address, '|') == address.n && str_find(address, ' ') == address.n));
    }
}

/* Each name that the aliases have, and some others. */
static void ask(const struct accounts *a, struct str aliases)
{
    struct str line;
    struct user_secret secret;
    while (str_line(&aliases, &line)) {
        struct rcpt_list list = { 0 };
        struct str name = str_trim(str_head(line, str_find(line, ':')));
        size_t at = str_find(name, '@');
        enum rcpt_kind kind = accounts_rcpt(a, str_head(name, at), str_skip(name, at + 1), &list);
        if (kind == RCPT_LOCAL)
            targets_hold(&list);
        else
            FUZZ_CHECK(list.n == 0 || kind == RCPT_UNKNOWN);
        rcpt_list_clear(&list);
        accounts_secret(a, name, &secret);
        FUZZ_CHECK(secret.account[0] == '\0' || name_level_ok(str_c(secret.account)));
        FUZZ_CHECK(secret.scram.iterations > 0 && secret.scram.salt_n > 0);
    }
}

static void change(struct server_options *o, struct str users)
{
    struct user_secret secret = { .known = true, .crypt = "x" };
    struct buf out = BUF_INIT(1 << 20);
    struct error err;
    secret.scram = (struct secret_scram){ .iterations = 4096, .salt_n = 1 };
    if (accounts_change(users, ACCOUNTS_ADD, STR("new"), &secret, &out, &err) == 0) {
        struct accounts *a = accounts_read(o, buf_str(&out), STR(""), &err);
        FUZZ_CHECK(a != NULL);
        accounts_secret(a, STR("new"), &secret);
        FUZZ_CHECK(secret.known);
        accounts_free(&a);
    }
    buf_free(&out);
}

static void rule(struct str spec)
{
    struct faults_rule r;
    struct faults_hits hits;
    struct error err;
    struct faults *f = faults_new();
    if (faults_rule_read(spec, &r, &err) == 0) {
        struct faults_question q = { .point = r.point, .line = spec, .said = STR(" x ") };
        FUZZ_CHECK(str_eq(str_c(r.spec), spec));
        FUZZ_CHECK(faults_add(f, spec, &err) == 0);
        for (int i = 0; i < 5; i++)
            faults_ask(f, &q, &hits);
    }
    faults_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct server_options o;
    struct error err;
    struct str users;
    struct str aliases;
    char *argv[] = { "tmaild", "--domain", "a.nl", "--accept-any", NULL };
    int argc = (fuzz_choice(&in) & 1) != 0 ? 4 : 3;
    if (str_until(&in, '\0', &users) != 0 || str_until(&in, '\0', &aliases) != 0)
        return 0;
    FUZZ_CHECK(options_read(&o, argc, argv, &err) == 0);
    struct accounts *a = accounts_read(&o, users, aliases, &err);
    FUZZ_CHECK(a != NULL || err.code == ERR_CONFIG || err.code == ERR_LIMIT);
    if (a != NULL) {
        ask(a, aliases);
        change(&o, users);
    }
    accounts_free(&a);
    rule(in);
    options_free(&o);
    return 0;
}
