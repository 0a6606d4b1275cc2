/* SPDX-License-Identifier: MIT */
#include <curl/curl.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/login.h"
#include "net/oauth_http.h"
#include "base/banned.h"

static bool is_here(const char *host)
{
    struct str h = str_c(host);
    return str_eqc(h, "127.0.0.1") || str_eqc(h, "[::1]") || str_ieqc(h, "localhost");
}

static bool url_is_good(CURLU *u)
{
    char *scheme = NULL, *host = NULL, *user = NULL;
    bool good =
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_USER, &user, 0) != CURLUE_OK &&
        (str_eqc(str_c(scheme), "https") || (str_eqc(str_c(scheme), "http") && is_here(host)));
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    return good;
}

int oauth_url_check(const char *url, struct error *err)
{
    CURLU *u = curl_url();
    bool good = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK && url_is_good(u);
    curl_url_cleanup(u);
    if (good)
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("%s is no address to sign in at: https://HOST/..., or http:// on this "
                       "machine"),
                     url);
}

/* base64url without padding (RFC 7636 appendix A). */
static void add_base64url(struct buf *out, const void *bytes, size_t n)
{
    struct buf text = BUF_INIT(OAUTH_WORDS_MAX);
    login_base64((struct str){ bytes, n }, &text);
    for (size_t i = 0; i < text.len && text.data[i] != '='; i++)
        buf_addc(out, text.data[i] == '+' ? '-' : text.data[i] == '/' ? '_' : text.data[i]);
    buf_wipe(&text);
}

static void random_word(char out[OAUTH_VERIFIER + 1])
{
    unsigned char bytes[32];
    struct buf text = BUF_INIT(OAUTH_WORDS_MAX);
    clock_random(bytes, sizeof bytes);
    add_base64url(&text, bytes, sizeof bytes);
    snprintf(out, OAUTH_VERIFIER + 1, "%s", buf_c(&text));
    explicit_bzero(bytes, sizeof bytes);
    buf_wipe(&text);
}

void oauth_flow_init(struct oauth_flow *f, uint16_t port)
{
    random_word(f->verifier);
    random_word(f->state);
    snprintf(f->redirect, sizeof f->redirect, "http://127.0.0.1:%u", (unsigned)port);
}

void oauth_challenge(const char *verifier, struct buf *out)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(verifier, strlen(verifier), sum, &n, EVP_sha256(), NULL) == 1)
        add_base64url(out, sum, n);
    else
        out->over = true;
}

int oauth_auth_url(const struct oauth_client *c, const struct oauth_flow *f, const char *hint,
                   struct buf *out, struct error *err)
{
    struct buf challenge = BUF_INIT(OAUTH_WORDS_MAX);
    if (oauth_url_check(c->auth_url, err) != 0)
        return -1;
    oauth_challenge(f->verifier, &challenge);
    buf_adds(out, c->auth_url);
    if (strchr(c->auth_url, '?') == NULL)
        buf_addc(out, '?');
    oauth_form_add(out, "response_type", "code");
    oauth_form_add(out, "client_id", c->id);
    oauth_form_add(out, "redirect_uri", f->redirect);
    oauth_form_add(out, "scope", c->scope);
    oauth_form_add(out, "state", f->state);
    oauth_form_add(out, "code_challenge", buf_c(&challenge));
    oauth_form_add(out, "code_challenge_method", "S256");
    oauth_form_add(out, "login_hint", hint);
    /* Google gives a refresh token only so */
    if (str_eqc(str_c(c->provider), "google")) {
        oauth_form_add(out, "access_type", "offline");
        oauth_form_add(out, "prompt", "consent");
    }
    int rc = challenge.over ? error_set(err, ERR_SYS, RETRY_NEVER, _("no SHA-256 here"))
                            : buf_check(out, err);
    buf_free(&challenge);
    return rc;
}
