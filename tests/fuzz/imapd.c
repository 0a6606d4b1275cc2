/* SPDX-License-Identifier: MIT */
/* Whole sessions of tmaild's IMAP on a store of their own in memory. */
#include "fuzz.h"

#include <stdlib.h>

#include "base/file.h"
#include "server/imapd.h"
#include "server/store.h"
#include "base/banned.h"

enum { SESSION_BYTES = 8192 }; /* a longer input is cut: each command may write files */

struct world {
    struct server_options options;
    struct store *store;
    struct desk desk;
    struct imapd *session;
    struct buf kept, out;
    enum session_step step;
};

static int flush(void *arg, struct buf *out)
{
    (void)arg;
    buf_clear(out);
    return 0;
}

static void feed(void *arg, struct str piece)
{
    struct world *w = arg;
    buf_add_str(&w->kept, piece);
    do {
        struct str in = buf_str(&w->kept);
        if (w->step != SESSION_CLOSE)
            w->step = imapd_feed(w->session, &in, &w->out);
        buf_consume(&w->kept, w->kept.len - in.n);
    } while (w->step == SESSION_WAIT);
    if (w->step != SESSION_CLOSE)
        imapd_wake(w->session, &w->out);
    buf_clear(&w->out);
}

#define MAIL_1                                                                                     \
    "From: a@b\r\nSubject: one\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\r\nbody one\r\n"
#define MAIL_2                                                                                     \
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x\r\nContent-Type: "       \
    "message/rfc822\r\n\r\nSubject: in\r\n\r\nb\r\n--x--\r\n"

/* Somebody is logged in, has two messages, and one of them is open. */
static void furnish(struct world *w)
{
    static const char *const mails[] = { MAIL_1, MAIL_2 };
    struct buf b = BUF_INIT(4096);
    buf_adds(&b, "L LOGIN joe x\r\n");
    for (size_t i = 0; i < COUNT(mails); i++)
        buf_addf(&b, "P APPEND INBOX (\\Seen k) {%zu+}\r\n%s\r\n", strlen(mails[i]), mails[i]);
    buf_adds(&b, "C CREATE Sent\r\nS SELECT INBOX\r\n");
    fuzz_feed(buf_str(&b), FUZZ_WHOLE, feed, w);
    buf_free(&b);
}

static void start(struct world *w)
{
    char *argv[] = { "tmaild", "--accept-any", NULL };
    struct error err;
    FUZZ_CHECK(options_read(&w->options, 2, argv, &err) == 0);
    free(w->options.root);
    w->options.root = xasprintf("%s/store", fuzz_folder());
    file_remove_tree(w->options.root);
    w->store = store_start(&w->options, NULL, &err);
    FUZZ_CHECK(w->store != NULL);
    FUZZ_CHECK(desk_open(&w->desk, w->store, &err) == 0);
    struct imapd_setup setup = {
        .desk = &w->desk, .peer = "127.0.0.1", .host = "host", .loopback = true, .flush = flush
    };
    w->session = imapd_new(&setup, &w->out, &err);
    FUZZ_CHECK(w->session != NULL);
}

static void stop(struct world *w)
{
    imapd_free(&w->session);
    desk_close(&w->desk);
    store_stop(&w->store);
    options_free(&w->options);
    buf_free(&w->kept);
    buf_free(&w->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct world w = { .kept = BUF_INIT(1 << 20), .out = BUF_INIT(1 << 22) };
    bool furnished = (fuzz_choice(&in) & 1) == 0;
    start(&w);
    if (furnished)
        furnish(&w);
    fuzz_feed(str_head(in, SESSION_BYTES), FUZZ_CUT, feed, &w);
    stop(&w);
    return 0;
}
