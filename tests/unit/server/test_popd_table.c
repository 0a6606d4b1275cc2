/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/file.h"
#include "server/limits.h"
#include "server/popd.h"
#include "server/store.h"

/* Every command in every state. */

struct world {
    struct server_options options;
    struct store *store;
    struct desk desk;
};

static int setup(void **state)
{
    struct error err;
    char user[] = "jane:secret";
    struct world *w = xcalloc(1, sizeof *w);
    char *argv[] = { "tmaild", "--user", user, NULL };
    assert_int_equal(options_read(&w->options, 3, argv, &err), 0);
    free(w->options.root);
    w->options.root = file_temp_dir("tmaild-test", &err);
    w->store = store_start(&w->options, NULL, &err);
    assert_non_null(w->store);
    assert_int_equal(desk_open(&w->desk, w->store, &err), 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    desk_close(&w->desk);
    store_stop(&w->store);
    file_remove_tree(w->options.root);
    options_free(&w->options);
    free(w);
    return 0;
}

static void furnish(struct world *w)
{
    struct error err;
    struct mailbox *box = NULL;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_APPEND);
    j->items = xcalloc(1, sizeof *j->items);
    j->items_n = 1;
    spill_init(&j->items[0].message, AT_FDCWD, SERVER_OUT_MAX);
    spill_add(&j->items[0].message, STR("Subject: x\r\n\r\ny\r\n"));
    assert_int_equal(desk_mailbox(&w->desk, STR("jane"), STR("INBOX"), true, &box, &err), 0);
    assert_int_equal(mailbox_call(box, w->desk.answers, &j, &err), 0);
    mailbox_job_free(&j);
    desk_mailbox_done(&w->desk, &box);
}

static int flush(void *arg, struct buf *out)
{
    buf_add_str(arg, buf_str(out));
    buf_clear(out);
    return 0;
}

enum state { FAR, NEAR, NAMED, ASKED, SECURE, SECURE_ASKED, IN, MARKED, SECURE_IN, STATES };
static const struct {
    bool loopback, secured;
    const char *before;
} states[STATES] = {
    [FAR] = { false, false, "" },
    [NEAR] = { true, false, "" },
    [NAMED] = { true, false, "USER jane\r\n" },
    [ASKED] = { true, false, "AUTH PLAIN\r\n" },
    [SECURE] = { false, true, "" },
    [SECURE_ASKED] = { false, true, "AUTH PLAIN\r\n" },
    [IN] = { true, false, "USER jane\r\nPASS secret\r\n" },
    [MARKED] = { true, false, "USER jane\r\nPASS secret\r\nDELE 1\r\n" },
    [SECURE_IN] = { false, true, "USER jane\r\nPASS secret\r\n" },
};

/* What comes: + is +OK, - is -ERR, C a challenge, T +OK and TLS begins, Q +OK and the end. In the
 * order of the states. @ is the digest for APOP. */
static const struct {
    const char *command, *want;
} rows[] = {
    { "USER jane", "-++-+----" },
    { "USER", "---------" },
    { "PASS secret", "--+------" },
    { "PASS", "---------" },
    { "APOP jane @", "-++------" }, /* from afar there was no stamp */
    { "APOP jane 0123456789abcdef0123456789abcdef", "---------" },
    { "APOP jane", "---------" },
    { "AUTH PLAIN AGphbmUAc2VjcmV0", "-++-+----" },
    { "AUTH PLAIN", "-CC-C----" },
    { "AUTH CRAM-MD5", "-CC-C----" },
    { "AUTH SCRAM-SHA-256", "-CC-C----" },
    { "AUTH NONSUCH", "---------" },
    { "AUTH", "---------" },
    { "AGphbmUAc2VjcmV0", "---+-+---" },
    { "*", "---------" },
    { "STLS", "TTT------" },
    { "STLS now", "---------" },
    { "CAPA", "+++-+-+++" },
    { "CAPA x", "---------" },
    { "STAT", "------+++" },
    { "LIST", "------+++" },
    { "LIST 1", "------+-+" },
    { "LIST 2", "---------" },
    { "LIST x", "---------" },
    { "UIDL", "------+++" },
    { "UIDL 1", "------+-+" },
    { "RETR 1", "------+-+" },
    { "RETR", "---------" },
    { "TOP 1 0", "------+-+" },
    { "TOP 1", "---------" },
    { "DELE 1", "------+-+" },
    { "DELE 0", "---------" },
    { "NOOP", "------+++" },
    { "RSET", "------+++" },
    { "QUIT", "QQQ-Q-QQQ" },
    { "QUIT now", "---------" },
    { "XYZZY", "---------" },
    { "", "--- - ---" },
};

static void md5(struct str a, const char *b, char out[33])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    struct buf text = BUF_INIT(4096);
    buf_add_str(&text, a);
    buf_adds(&text, b);
    assert_int_equal(EVP_Digest(text.data, text.len, sum, NULL, EVP_md5(), NULL), 1);
    for (size_t i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", sum[i]);
    buf_free(&text);
}

struct session {
    struct desk desk;
    struct popd *popd;
    struct buf out, all;
    char digest[33];
};

static enum session_step say(struct session *s, struct str in)
{
    enum session_step step = SESSION_MORE;
    buf_clear(&s->all);
    do {
        step = popd_feed(s->popd, &in, &s->out);
        flush(&s->all, &s->out);
    } while (step == SESSION_WAIT);
    return step;
}

static void session_open(struct world *w, struct session *s, enum state at)
{
    struct error err;
    *s = (struct session){ .out = BUF_INIT(1 << 20), .all = BUF_INIT(1 << 20) };
    assert_int_equal(desk_open(&s->desk, w->store, &err), 0);
    struct popd_setup setup_ = { .options = &w->options,
                                 .desk = &s->desk,
                                 .peer = "127.0.0.1",
                                 .host = "host",
                                 .loopback = states[at].loopback,
                                 .secure = false,
                                 .starttls = true,
                                 .flush = flush,
                                 .arg = &s->all };
    s->popd = popd_new(&setup_, &s->out);
    struct str stamp = str_trim(buf_str(&s->out));
    size_t from = str_find(stamp, '<');
    assert_int_equal(from < stamp.n, states[at].loopback);
    md5(str_skip(stamp, from), "secret", s->digest);
    buf_clear(&s->out);
    if (states[at].secured) {
        assert_int_equal(say(s, STR("STLS\r\n")), SESSION_STARTTLS);
        popd_secured(s->popd);
    }
    say(s, str_c(states[at].before));
}

static void session_end(struct session *s)
{
    popd_free(&s->popd);
    desk_close(&s->desk);
    buf_free(&s->out);
    buf_free(&s->all);
}

static char *line_of(const struct session *s, const char *command)
{
    struct buf out = BUF_INIT(4096);
    for (; *command != '\0'; command++)
        if (*command == '@')
            buf_adds(&out, s->digest);
        else
            buf_addc(&out, *command);
    buf_adds(&out, "\r\n");
    return buf_detach(&out);
}

static char judged(const struct session *s, enum session_step step)
{
    struct str all = buf_str(&s->all);
    bool ok = str_starts(all, "+OK");
    if (step == SESSION_STARTTLS)
        return ok ? 'T' : '!';
    if (step == SESSION_CLOSE)
        return ok ? 'Q' : '!';
    return ok ? '+' : str_starts(all, "-ERR") ? '-' : str_starts(all, "+ ") ? 'C' : '!';
}

static void every_command_in_every_state(void **state)
{
    struct world *w = *state;
    furnish(w);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int at = 0; at < STATES; at++) {
            struct session s;
            if (rows[i].want[at] == ' ') /* one more empty line of an exchange is its matter */
                continue;
            session_open(w, &s, (enum state)at);
            char *line = line_of(&s, rows[i].command);
            char got = judged(&s, say(&s, str_c(line)));
            if (got != rows[i].want[at])
                fail_msg("%s in state %d: %c for %c: %s", rows[i].command, at, got,
                         rows[i].want[at], buf_c(&s.all));
            session_end(&s);
            free(line);
            if (got == 'Q' && at == MARKED)
                furnish(w);
        }
}

static struct str capa(struct session *s)
{
    say(s, STR("CAPA\r\n"));
    return buf_str(&s->all);
}

static bool has(struct str all, const char *word)
{
    return str_search(all, str_c(word)) < all.n;
}

static void capabilities_are_those_of_the_state(void **state)
{
    static const struct {
        enum state at;
        bool stls, login;
    } want[] = { { FAR, true, false },    { NEAR, true, true }, { NAMED, true, true },
                 { SECURE, false, true }, { IN, false, true },  { SECURE_IN, false, true } };
    for (size_t i = 0; i < COUNT(want); i++) {
        struct session s;
        session_open(*state, &s, want[i].at);
        struct str all = capa(&s);
        assert_int_equal(has(all, "\r\nSTLS\r\n"), want[i].stls);
        assert_int_equal(has(all, "\r\nUSER\r\n"), want[i].login);
        assert_int_equal(has(all, "\r\nSASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256\r\n"),
                         want[i].login);
        session_end(&s);
    }
}

/* RFC 2595 §4: nothing that was said in the clear counts. */
static void stls_forgets(void **state)
{
    struct session s;
    session_open(*state, &s, NAMED);
    struct str in = STR("STLS\r\nPASS secret\r\n");
    assert_int_equal(popd_feed(s.popd, &in, &s.out), SESSION_STARTTLS);
    assert_int_equal(in.n, strlen("PASS secret\r\n")); /* for the connection to see */
    popd_secured(s.popd);
    say(&s, STR("PASS secret\r\n"));
    assert_string_equal(buf_c(&s.all) + strlen("+OK go ahead\r\n"), "-ERR USER first\r\n");
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_in_every_state),
        cmocka_unit_test(capabilities_are_those_of_the_state),
        cmocka_unit_test(stls_forgets),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
