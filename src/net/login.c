/* SPDX-License-Identifier: MIT */
#include "net/login.h"

#include <gsasl.h>

#include "base/i18n.h"
#include "base/banned.h"

int login_check(const struct net_login *l, struct error *err)
{
    /* \1 is what parts the pieces of a message with a token */
    bool parts = l->kind == LOGIN_TOKEN &&
                 (str_find(l->secret, '\1') < l->secret.n || strchr(l->user, '\1') != NULL);
    if (str_is_line(str_c(l->user)) && str_is_line(l->secret) && !parts)
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
