/* SPDX-License-Identifier: MIT */
/* Plays every file of tests/interop/transcripts against the clients. Besides the lines of script.h
 * a file has client: smtp|imap do: COMMAND          imap: run one after the other body: TEXT imap:
 * what came in chunks expect: WORD         smtp: sent rejected unsent doubt; imap: ok no (of the
 * last command) broken; either: refused (it does not open) */
#include "unit/test.h"

#include <glob.h>
#include <stdio.h>

#include "base/file.h"
#include "net/imap.h"
#include "net/smtp.h"
#include "unit/net/script.h"

static const struct net_login jane = { .user = "jane", .secret = { "secret", 6 } };
static const struct str mail = { "Subject: x\r\n\r\n.hi\r\n", 19 };

/* The nth line that begins with name, without it; an empty view when there is none. */
static struct str directive(struct str text, const char *name, size_t nth)
{
    struct str line;
    while (str_line(&text, &line))
        if (str_lit(&line, name) == 0 && nth-- == 0)
            return str_trim(line);
    return (struct str){ 0 };
}

static int mail_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    (void)arg;
    (void)err;
    buf_add_str(out, str_head(str_skip(mail, (size_t)offset), want));
    return 0;
}

static const char *play_smtp(const struct endpoint *ep, struct error *err)
{
    static const char *const words[] = { [SMTP_SENT] = "sent",
                                         [SMTP_REJECTED] = "rejected",
                                         [SMTP_UNSENT] = "unsent",
                                         [SMTP_IN_DOUBT] = "doubt" };
    struct smtp_options o = { .endpoint = *ep, .connect_ms = 5000, .wait_ms = 5000 };
    struct smtp_rcpt rcpts[] = { { .address = "a@example.org" }, { .address = "b@example.org" } };
    struct smtp_envelope env = {
        .sender = "me@example.org", .rcpts = rcpts, .rcpts_n = 2, .size = mail.n
    };
    struct smtp_body body = { .read = mail_read };
    struct smtp *s = smtp_open(&o, err);
    if (s == NULL)
        return "refused";
    const char *word = words[smtp_send(s, &env, &body, err)];
    smtp_close(&s);
    return word;
}

static int add_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    (void)seq;
    (void)last;
    (void)err;
    buf_add_str(arg, bytes);
    return 0;
}

static const char *play_imap(const struct endpoint *ep, struct str text, struct buf *body,
                             struct error *err)
{
    struct imap_options o = {
        .endpoint = *ep, .login = &jane, .connect_ms = 5000, .wait_ms = 5000
    };
    struct imap_handler h = { .chunk = add_chunk, .arg = body };
    const char *word = "ok";
    struct imap *i = imap_open(&o, err);
    if (i == NULL)
        return "refused";
    for (size_t n = 0; directive(text, "do:", n).n > 0; n++) {
        int rc = imap_command(i, directive(text, "do:", n), &h, err);
        word = rc == 0 ? "ok" : err->code == ERR_REFUSED ? "no" : "broken";
    }
    imap_close(&i);
    return word;
}

static void play(const char *path)
{
    struct buf file = BUF_INIT(1 << 20), body = BUF_INIT(1 << 20);
    struct error err = { 0 };
    assert_int_equal(file_read(path, &file, &err), 0);
    struct str text = buf_str(&file);
    struct script *server = script_start(text, SIZE_MAX);
    struct endpoint ep = {
        .host = "127.0.0.1", .port = script_port(server), .tls = TLS_NONE, .ehlo_name = "me.example"
    };
    bool smtp = str_eqc(directive(text, "client:", 0), "smtp");
    ep.proto = smtp ? NET_SMTP : NET_IMAP;
    const char *word = smtp ? play_smtp(&ep, &err) : play_imap(&ep, text, &body, &err);
    bool kept = script_end(&server);
    struct str want = directive(text, "body:", 0);
    if (!kept || !str_eqc(directive(text, "expect:", 0), word) || !str_eq(buf_str(&body), want))
        fail_msg("%s: %s, body \"%s\", %s", path, word, buf_c(&body), err.text);
    buf_free(&file);
    buf_free(&body);
}

static void every_transcript_holds(void **state)
{
    glob_t found;
    (void)state;
    assert_int_equal(glob(TEST_SRCDIR "/tests/interop/transcripts/*.t", 0, NULL, &found), 0);
    for (size_t k = 0; k < found.gl_pathc; k++)
        play(found.gl_pathv[k]);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_transcript_holds) };
    struct error err;
    if (net_init(&err) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    net_cleanup();
    return failed;
}
