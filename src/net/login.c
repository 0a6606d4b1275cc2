/* SPDX-License-Identifier: MIT */
#include "net/login.h"

#include <gsasl.h>

#include "base/i18n.h"
#include "base/banned.h"

static int failed(int rc, struct error *err)
{
    return error_set(err, ERR_AUTH, RETRY_NEVER, _("cannot prepare the login: %s"),
                     gsasl_strerror(rc));
}

/* One step of the client side of PLAIN gives the whole of it. */
static int plain_step(Gsasl *ctx, const struct net_login *l, struct buf *out, struct error *err)
{
    Gsasl_session *session = NULL;
    char *response = NULL;
    int rc = gsasl_client_start(ctx, "PLAIN", &session);
    if (rc == GSASL_OK)
        rc = gsasl_property_set(session, GSASL_AUTHID, l->user);
    if (rc == GSASL_OK)
        rc = gsasl_property_set_raw(session, GSASL_PASSWORD, l->secret.n ? l->secret.p : "",
                                    l->secret.n);
    if (rc == GSASL_OK)
        rc = gsasl_step64(session, NULL, &response);
    if (response != NULL) {
        buf_adds(out, response);
        explicit_bzero(response, strlen(response));
        gsasl_free(response);
    }
    if (session != NULL)
        gsasl_finish(session);
    if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
        return failed(rc, err);
    return buf_check(out, err);
}

int login_plain(const struct net_login *l, struct buf *out, struct error *err)
{
    if (memchr(l->secret.n ? l->secret.p : "", '\0', l->secret.n) != NULL)
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("the password has a NUL character, which no login can carry"));
    Gsasl *ctx = NULL;
    int rc = gsasl_init(&ctx);
    if (rc != GSASL_OK)
        return failed(rc, err);
    rc = plain_step(ctx, l, out, err);
    gsasl_done(ctx);
    return rc;
}

int login_check(const struct net_login *l, struct error *err)
{
    if (str_is_line(str_c(l->user)) && str_is_line(l->secret))
        return 0;
    return error_set(err, ERR_AUTH, RETRY_NEVER,
                     _("the user's name or password has a character that no login can carry"));
}

int login_refused(const char *host, bool later, const char *words, struct error *err)
{
    return error_set(err, ERR_AUTH, later ? RETRY_LATER : RETRY_NEVER,
                     later ? _("%s cannot log you in now: %s")
                           : _("%s refuses the login: check user and password (%s)"),
                     host, words);
}

void login_base64(struct str s, struct buf *out)
{
    char *text = NULL;
    size_t n = 0;
    if (gsasl_base64_to(s.n ? s.p : "", s.n, &text, &n) != GSASL_OK) {
        out->over = true; /* it has one cause, no memory, and the caller checks out */
        return;
    }
    buf_add(out, text, n);
    explicit_bzero(text, n);
    gsasl_free(text);
}
