/* SPDX-License-Identifier: MIT */
#include "server/limits.h"
#include "server/sasl.h"
#include "server/smtpd_in.h"
#include "base/banned.h"

bool smtpd_may_login(const struct smtpd *s)
{
    return !s->setup.lmtp && (s->secure || s->setup.loopback) && s->ends == ENDS_CRLF;
}

static void auth_step(struct smtpd *s, enum sasl_step step, const char *challenge, struct buf *out)
{
    s->state = step == SASL_MORE ? STATE_AUTH : STATE_COMMAND;
    s->delay_ms = sasl_delay_ms(s->sasl);
    switch (step) {
    case SASL_MORE:
        wire_reply_put(out, 334, NULL, true, challenge);
        return;
    case SASL_OK:
        s->authenticated = true;
        buf_add_str(&s->account, sasl_account(s->sasl));
        smtpd_reply(s, out, 235, "2.7.0", "Authentication successful");
        return;
    case SASL_NO:
        smtpd_reply(s, out, 535, "5.7.8", "Authentication failed");
        s->closing = ++s->tries >= SERVER_LOGIN_TRIES;
        return;
    case SASL_BAD:
        smtpd_reply(s, out, 501, "5.5.2", "cannot read that");
        return;
    case SASL_CANCEL:
        smtpd_reply(s, out, 501, "5.7.0", "Authentication cancelled");
        return;
    case SASL_UNKNOWN:
        smtpd_reply(s, out, 504, "5.5.4", "this mechanism is not known");
        return;
    }
}

void smtpd_auth_line(struct smtpd *s, struct str line, struct buf *out)
{
    struct buf challenge = BUF_INIT(SASL_LINE_MAX);
    enum sasl_step step = sasl_line(s->sasl, line, &challenge);
    auth_step(s, step, buf_c(&challenge), out);
    buf_wipe(&challenge);
}

void smtpd_auth(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    struct buf challenge = BUF_INIT(SASL_LINE_MAX);
    struct str rest = c->arg;
    struct str mechanism = { "", 0 };
    str_word(&rest, &mechanism);
    struct str initial = str_trim(rest);
    if (s->setup.lmtp || s->ends != ENDS_CRLF)
        smtpd_reply(s, out, 503, "5.5.1", "no login here");
    else if (!smtpd_may_login(s))
        smtpd_reply(s, out, 538, "5.7.11", "Encryption required");
    else if (!s->esmtp || s->mail.begun || s->authenticated)
        smtpd_reply(s, out, 503, "5.5.1", "not now");
    else {
        enum sasl_step step =
            sasl_start(s->sasl, mechanism, initial.n > 0 ? &initial : NULL, &challenge);
        auth_step(s, step, buf_c(&challenge), out);
    }
    buf_wipe(&challenge);
}
