/* SPDX-License-Identifier: MIT */
#include "server/limits.h"
#include "server/sasl.h"
#include "server/smtpd_in.h"
#include "base/banned.h"

bool smtpd_may_login(const struct smtpd *s)
{
    return s->setup.submission && (s->secure || s->setup.loopback) && s->ends == ENDS_CRLF;
}

static void login(struct smtpd *s, struct str name, struct str password, struct buf *out)
{
    s->state = STATE_COMMAND;
    if (s->setup.ops->login(s->setup.ops->arg, name, password, &s->delay_ms)) {
        s->authenticated = true;
        smtpd_reply(s, out, 235, "2.7.0", "Authentication successful");
        return;
    }
    smtpd_reply(s, out, 535, "5.7.8", "Authentication failed");
    s->closing = ++s->tries >= SERVER_LOGIN_TRIES;
}

static void login_plain(struct smtpd *s, struct str line, struct buf *out)
{
    struct buf text = BUF_INIT(SMTP_LINE_MAX);
    struct str name;
    struct str password;
    s->state = STATE_COMMAND;
    if (sasl_plain(line, &text, &name, &password) != 0)
        smtpd_reply(s, out, 501, "5.5.2", "cannot read that");
    else
        login(s, name, password, out);
    buf_wipe(&text);
}

void smtpd_auth_line(struct smtpd *s, struct str line, struct buf *out)
{
    struct buf text = BUF_INIT(SMTP_LINE_MAX);
    enum smtpd_state state = s->state;
    s->state = STATE_COMMAND;
    if (str_eqc(line, "*"))
        smtpd_reply(s, out, 501, "5.7.0", "Authentication cancelled");
    else if (state == STATE_AUTH_PLAIN)
        login_plain(s, line, out);
    else if (sasl_base64(line, &text) != 0 || str_find(buf_str(&text), '\0') < text.len)
        smtpd_reply(s, out, 501, "5.5.2", "cannot read that");
    else if (state == STATE_AUTH_USER) {
        buf_clear(&s->auth_user);
        buf_add_str(&s->auth_user, buf_str(&text));
        s->state = STATE_AUTH_PASS;
        smtpd_reply(s, out, 334, NULL, "UGFzc3dvcmQ6");
    } else
        login(s, buf_str(&s->auth_user), buf_str(&text), out);
    buf_wipe(&text);
}

void smtpd_auth(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    struct str rest = c->arg;
    struct str mechanism = { "", 0 };
    str_word(&rest, &mechanism);
    struct str initial = str_trim(rest);
    if (!s->setup.submission || s->ends != ENDS_CRLF)
        smtpd_reply(s, out, 503, "5.5.1", "no login here");
    else if (!s->secure && !s->setup.loopback)
        smtpd_reply(s, out, 538, "5.7.11", "Encryption required");
    else if (!s->esmtp || s->mail.begun || s->authenticated)
        smtpd_reply(s, out, 503, "5.5.1", "not now");
    else if (str_ieqc(mechanism, "PLAIN") && initial.n > 0)
        login_plain(s, initial, out);
    else if (str_ieqc(mechanism, "PLAIN")) {
        s->state = STATE_AUTH_PLAIN;
        wire_reply_put(out, 334, NULL, true, "");
    } else if (str_ieqc(mechanism, "LOGIN")) {
        s->state = STATE_AUTH_USER;
        if (initial.n > 0)
            smtpd_auth_line(s, initial, out);
        else
            wire_reply_put(out, 334, NULL, true, "VXNlcm5hbWU6");
    } else
        smtpd_reply(s, out, 504, "5.5.4", "this mechanism is not known");
}
