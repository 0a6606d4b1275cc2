/* SPDX-License-Identifier: MIT */
/* What a session can and how it is protected: CAPABILITY, LOGIN, AUTHENTICATE, STARTTLS,
 * COMPRESS. */
#include "server/imapd_in.h"

#include "server/limits.h"
#include "server/sasl.h"
#include "base/banned.h"

/* What is offered beside what depends on the connection. */
static const char caps_before[] = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE";
static const char caps_after[] = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE"
                                 " IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN BINARY"
                                 " SPECIAL-USE LIST-EXTENDED LIST-STATUS STATUS=SIZE"
                                 " ESEARCH SEARCHRES WITHIN"
                                 " SORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES"
                                 " QUOTA QUOTA=RES-STORAGE CONDSTORE QRESYNC UTF8=ACCEPT";

/* Passwords, and what stands for one, go over the wire only where nobody else reads along. */
static bool may_login(const struct imapd *i)
{
    return i->secure || i->setup.loopback;
}

void imapd_capabilities(struct imapd *i)
{
    buf_adds(i->out, "CAPABILITY ");
    buf_adds(i->out, i->logged_in ? caps_after : caps_before);
    if (i->logged_in) {
        buf_adds(i->out, i->compressed ? "" : " COMPRESS=DEFLATE");
        return;
    }
    if (i->setup.starttls && !i->secure)
        buf_adds(i->out, " STARTTLS");
    if (may_login(i))
        sasl_mechanisms(i->sasl, " AUTH=", i->out);
    else
        buf_adds(i->out, " LOGINDISABLED");
}

void imapd_capability(struct imapd *i, const struct wire_node *args)
{
    (void)args;
    buf_adds(i->out, "* ");
    imapd_capabilities(i);
    buf_adds(i->out, "\r\n");
    imapd_ok(i, "Done");
}

static void login_refused(struct imapd *i)
{
    imapd_no(i, "[AUTHENTICATIONFAILED] wrong name or password");
    if (++i->tries < SERVER_LOGIN_TRIES)
        return;
    buf_adds(i->out, "* BYE too many tries\r\n");
    i->closing = true;
}

static void login_done(struct imapd *i)
{
    i->logged_in = true;
    buf_clear(&i->account);
    buf_add_str(&i->account, sasl_account(i->sasl));
    buf_addf(i->out, "%s OK [", buf_c(&i->tag));
    imapd_capabilities(i);
    buf_adds(i->out, "] Logged in\r\n");
}

/* How a login or a step of one came out; challenge is what the client has to answer then. */
static void login_step(struct imapd *i, enum sasl_step step, const struct buf *challenge)
{
    i->delay_ms = step == SASL_OK || step == SASL_NO ? sasl_delay_ms(i->sasl) : 0;
    switch (step) {
    case SASL_MORE:
        buf_addf(i->out, "+ %s\r\n", buf_c(challenge));
        break;
    case SASL_OK:
        login_done(i);
        break;
    case SASL_NO:
        login_refused(i);
        break;
    case SASL_CANCEL:
        imapd_bad(i, "cancelled");
        break;
    case SASL_UNKNOWN:
        imapd_no(i, "this mechanism is not known");
        break;
    case SASL_BAD:
        imapd_bad(i, "cannot read that");
        break;
    }
}

static bool login_allowed(struct imapd *i)
{
    if (!may_login(i))
        imapd_no(i, "[PRIVACYREQUIRED] no login in the clear");
    return may_login(i);
}

void imapd_login(struct imapd *i, const struct wire_node *args)
{
    struct str name;
    struct str password;
    if (!imapd_text(args, &name) || !imapd_text(wire_nth(args, 1), &password) ||
        wire_count(args) != 2)
        imapd_bad(i, "LOGIN needs a name and a password");
    else if (login_allowed(i))
        login_step(i, sasl_password(i->sasl, name, password), NULL);
}

void imapd_authenticate(struct imapd *i, const struct wire_node *args)
{
    struct str mechanism;
    struct str initial = { "", 0 };
    struct buf challenge = BUF_INIT(SASL_LINE_MAX);
    if (!imapd_text(args, &mechanism) || wire_count(args) > 2 ||
        (args->next != NULL && !imapd_text(args->next, &initial)))
        imapd_bad(i, "AUTHENTICATE needs a mechanism");
    else if (login_allowed(i))
        login_step(i,
                   sasl_start(i->sasl, mechanism, args->next != NULL ? &initial : NULL, &challenge),
                   &challenge);
    buf_free(&challenge);
}

void imapd_auth_line(struct imapd *i, struct str line)
{
    struct buf challenge = BUF_INIT(SASL_LINE_MAX);
    login_step(i, sasl_line(i->sasl, line, &challenge), &challenge);
    buf_free(&challenge);
}

/* RFC 3501 §6.2.1 */
void imapd_starttls(struct imapd *i, const struct wire_node *args)
{
    (void)args;
    if (i->secure)
        imapd_bad(i, "TLS is spoken already");
    else if (!i->setup.starttls)
        imapd_no(i, "no TLS here");
    else {
        imapd_ok(i, "Go ahead");
        i->starttls = true;
    }
}

void imapd_secured(struct imapd *i)
{
    sasl_reset(i->sasl);
    buf_clear(&i->tag);
    i->starttls = false;
    i->secure = true;
}

/* RFC 4978 */
void imapd_compress(struct imapd *i, const struct wire_node *args)
{
    if (wire_count(args) != 1 || args->kind != WIRE_ATOM)
        imapd_bad(i, "COMPRESS needs a mechanism");
    else if (!wire_is(args, "DEFLATE"))
        imapd_no(i, "[CANNOT] this is not known");
    else if (i->compressed)
        imapd_no(i, "[COMPRESSIONACTIVE] already");
    else {
        imapd_ok(i, "Go ahead");
        i->compressed = i->compress = true;
    }
}
