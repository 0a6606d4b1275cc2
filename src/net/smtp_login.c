/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/i18n.h"
#include "net/sasl.h"
#include "net/smtp_conn.h"
#include "net/trace.h"
#include "base/banned.h"

enum {
    SMTP_AUTH_LINE_MAX = 12288, /* RFC 4954 §4: what a line with an initial response may have */
    SMTP_GO_ON = 334,
    SMTP_LOGGED_IN = 235
};

static void challenge_line(void *arg, size_t n, const struct wire_reply *r)
{
    struct buf *challenge = arg;
    if (n == 0) {
        buf_clear(challenge);
        buf_add_str(challenge, r->text);
    }
}

/* One secret line, and what it is answered. */
static int say_secret(struct smtp *s, struct str secret, struct smtp_answer *a,
                      struct buf *challenge, struct error *err)
{
    struct buf line = BUF_INIT(NET_SASL_LINE_MAX + 2);
    buf_add_str(&line, secret);
    buf_adds(&line, "\r\n");
    int rc = buf_check(&line, err);
    if (rc == 0)
        trace_verb(s->log, s->host, secret);
    if (rc == 0)
        rc = smtp_put(s, buf_str(&line), err);
    if (rc == 0)
        rc = smtp_answer_each(s, s->wait_ms, a, challenge_line, challenge, err);
    buf_wipe(&line);
    return rc;
}

static int auth_begin(struct smtp *s, struct net_sasl *sasl, bool at_once, struct smtp_answer *a,
                      struct buf *challenge, struct error *err)
{
    struct buf first = BUF_INIT(NET_SASL_LINE_MAX), line = BUF_INIT(NET_SASL_LINE_MAX + 100);
    int rc = at_once ? net_sasl_initial(sasl, &first, err) : 0;
    buf_addf(&line, "AUTH %s", net_sasl_name(sasl));
    if (rc == 0 && line.len + first.len + 3 <= SMTP_AUTH_LINE_MAX) {
        buf_adds(&line, first.len > 0 ? " " : "");
        buf_add_str(&line, buf_str(&first));
    } else
        net_sasl_again(sasl);
    if (rc == 0)
        rc = say_secret(s, buf_str(&line), a, challenge, err);
    buf_wipe(&line);
    buf_wipe(&first);
    return rc;
}

static int auth_answer(struct smtp *s, struct net_sasl *sasl, struct smtp_answer *a,
                       struct buf *challenge, struct error *err)
{
    struct buf line = BUF_INIT(NET_SASL_LINE_MAX);
    int rc = net_sasl_answer(sasl, buf_str(challenge), &line, err);
    if (rc == 0)
        rc = say_secret(s, buf_str(&line), a, challenge, err);
    buf_wipe(&line);
    return rc;
}

/* Of old servers that know no initial response (RFC 2554 had it, what was before had not). */
static bool not_understood(const struct smtp_answer *a)
{
    return a->code == 500 || a->code == 501;
}

static int by_sasl(struct smtp *s, struct net_sasl *sasl, struct smtp_answer *why,
                   struct error *err)
{
    struct buf challenge = BUF_INIT(NET_SASL_LINE_MAX);
    struct smtp_answer a = { 0 };
    bool at_once = true;
    int rc = 1;
    while (rc > 0) {
        bool begun = false;
        rc = auth_begin(s, sasl, at_once, &a, &challenge, err);
        for (; rc == 0 && a.code == SMTP_GO_ON; begun = true)
            rc = auth_answer(s, sasl, &a, &challenge, err);
        if (rc == 0 && at_once && !begun && not_understood(&a)) {
            at_once = false;
            net_sasl_again(sasl);
            rc = 1;
        } else if (rc == 0) {
            char words[NET_WORDS_MAX + 8];
            snprintf(words, sizeof words, "%u %s", a.code, a.text);
            *why = a;
            rc = net_sasl_end(sasl, a.code == SMTP_LOGGED_IN, a.code >= 400 && a.code < 500, words,
                              err);
        }
    }
    if (rc == 0)
        *why = (struct smtp_answer){ 0 };
    buf_wipe(&challenge);
    return rc;
}

int smtp_log_in(struct smtp *s, const struct net_login *l, const struct endpoint *ep,
                struct smtp_answer *why, struct error *err)
{
    struct net_sasl_setup setup = { .login = l,
                                    .host = s->host,
                                    .port = ep->port,
                                    .service = s->lmtp ? "lmtp" : "smtp",
                                    .offered = s->mechs,
                                    .secure = s->secure,
                                    .binding = stream_binding(s->stream),
                                    .log = s->log };
    struct net_sasl *sasl = net_sasl_new(&setup, err);
    int rc = sasl != NULL ? by_sasl(s, sasl, why, err) : -1;
    if (sasl != NULL && s->facts != NULL)
        snprintf(s->facts->login, sizeof s->facts->login, "%s", net_sasl_name(sasl));
    net_sasl_free(&sasl);
    return rc;
}
