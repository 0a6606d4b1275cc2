/* SPDX-License-Identifier: MIT */
/* Whole sessions of tmaild's IMAP on a store of their own. */
#include "fuzz.h"
#include "store_session.h"

#include "server/imapd.h"
#include "base/banned.h"

enum { SESSION_BYTES = 8192 }; /* a longer input is cut: each command may write files */

struct world {
    struct store_session s;
    struct imapd *session;
    enum session_step step;
};

static void feed(void *arg, struct str piece)
{
    struct world *w = arg;
    buf_add_str(&w->s.kept, piece);
    do {
        struct str in = buf_str(&w->s.kept);
        if (w->step != SESSION_CLOSE)
            w->step = imapd_feed(w->session, &in, &w->s.out);
        buf_consume(&w->s.kept, w->s.kept.len - in.n);
    } while (w->step == SESSION_WAIT);
    if (w->step != SESSION_CLOSE)
        imapd_wake(w->session, &w->s.out);
    buf_clear(&w->s.out);
}

#define MAIL_1                                                                                     \
    "From: a@b\r\nSubject: one\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\r\nbody one\r\n"
#define MAIL_2                                                                                     \
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x\r\nContent-Type: "       \
    "message/rfc822\r\n\r\nSubject: in\r\n\r\nb\r\n--x--\r\n"

/* Somebody is logged in, has two messages, and their mailbox is open. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    bool furnished = (fuzz_choice(&in) & 1) == 0;
    struct world w = { 0 };
    struct error err;
    store_session_start(&w.s);
    struct imapd_setup setup = { .options = &w.s.options,
                                 .desk = &w.s.desk,
                                 .peer = "127.0.0.1",
                                 .host = "host",
                                 .loopback = true,
                                 .flush = store_session_flush };
    w.session = imapd_new(&setup, &w.s.out, &err);
    FUZZ_CHECK(w.session != NULL);
    if (furnished)
        furnish(&w);
    fuzz_feed(str_head(in, SESSION_BYTES), FUZZ_CUT, feed, &w);
    imapd_free(&w.session);
    store_session_stop(&w.s);
    return 0;
}
