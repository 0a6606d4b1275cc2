/* SPDX-License-Identifier: MIT */
/* Whole sessions of tmaild's POP3 on a store of their own. */
#include "fuzz.h"
#include "store_session.h"

#include "server/popd.h"
#include "base/banned.h"

enum { SESSION_BYTES = 8192 }; /* a longer input is cut: each command may read files */

struct world {
    struct store_session s;
    struct popd *session;
    enum session_step step;
};

static void feed(void *arg, struct str piece)
{
    struct world *w = arg;
    buf_add_str(&w->s.kept, piece);
    do {
        struct str in = buf_str(&w->s.kept);
        if (w->step != SESSION_CLOSE)
            w->step = popd_feed(w->session, &in, &w->s.out);
        buf_consume(&w->s.kept, w->s.kept.len - in.n);
    } while (w->step == SESSION_WAIT);
    buf_clear(&w->s.out);
}

/* Two messages in joe's inbox, one of dots. */
static void furnish(struct store_session *s)
{
    static const char *const mails[] = { "Subject: one\r\n\r\nbody\r\n", "\r\n.\r\n..\r\n.x" };
    struct mailbox *box;
    struct error err;
    FUZZ_CHECK(desk_mailbox(&s->desk, STR("joe"), STR("INBOX"), true, &box, &err) == 0);
    struct mailbox_job *j = mailbox_job_new(MAILBOX_APPEND);
    j->items = xcalloc(COUNT(mails), sizeof *j->items);
    j->items_n = COUNT(mails);
    for (size_t i = 0; i < COUNT(mails); i++) {
        spill_init(&j->items[i].message, -1, 1 << 16);
        spill_add(&j->items[i].message, str_c(mails[i]));
    }
    FUZZ_CHECK(mailbox_call(box, s->desk.answers, &j, &err) == 0);
    mailbox_job_free(&j);
    desk_mailbox_done(&s->desk, &box);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    bool logged_in = (fuzz_choice(&in) & 1) == 0;
    struct world w = { 0 };
    store_session_start(&w.s);
    furnish(&w.s);
    struct popd_setup setup = { .options = &w.s.options,
                                .desk = &w.s.desk,
                                .peer = "127.0.0.1",
                                .host = "host",
                                .loopback = true,
                                .flush = store_session_flush };
    w.session = popd_new(&setup, &w.s.out);
    if (logged_in)
        fuzz_feed(STR("USER joe\r\nPASS x\r\n"), FUZZ_WHOLE, feed, &w);
    fuzz_feed(str_head(in, SESSION_BYTES), FUZZ_CUT, feed, &w);
    popd_free(&w.session);
    store_session_stop(&w.s);
    return 0;
}
