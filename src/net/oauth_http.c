/* SPDX-License-Identifier: MIT */
#include "net/oauth_http.h"

#include <curl/curl.h>

#include "base/i18n.h"
#include "base/banned.h"

/* ------------------------------------------------------------------ forms */

static void add_coded(struct buf *form, const char *value)
{
    for (; *value != '\0'; value++) {
        if (ascii_is_alnum(*value) || strchr("-._~", *value) != NULL)
            buf_addc(form, *value);
        else
            buf_addf(form, "%%%02X", (unsigned)(unsigned char)*value);
    }
}

void oauth_form_add(struct buf *form, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    if (form->len > 0 && form->data[form->len - 1] != '?')
        buf_addc(form, '&');
    buf_adds(form, name);
    buf_addc(form, '=');
    add_coded(form, value);
}

static int hex(char c)
{
    c = ascii_lower(c);
    return ascii_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False for what no form has: a bare %, controls, bytes beyond ASCII. */
static bool decode(struct str in, struct buf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int high = i + 2 < in.n ? hex(in.p[i + 1]) : -1;
            int low = high >= 0 ? hex(in.p[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c < ' ' || c > '~')
            return false;
        buf_addc(out, c);
    }
    return !out->over;
}

bool oauth_form_get(struct str form, const char *name, struct buf *value)
{
    bool found = false;
    while (form.n > 0) {
        struct str pair = str_head(form, str_find(form, '&'));
        form = str_skip(form, pair.n + 1);
        size_t is = str_find(pair, '=');
        if (!str_eqc(str_head(pair, is), name))
            continue;
        if (found || !decode(str_skip(pair, is + 1), value))
            return false;
        found = true;
    }
    return found;
}

/* ------------------------------------------------------------------ posting */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct buf *out = arg;
    buf_add(out, p, size * n);
    return out->over ? 0 : size * n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct oauth_client *client = arg;
    (void)a, (void)b, (void)c, (void)d;
    return client->cancel != NULL && net_cancel_is_set(client->cancel);
}

static void prepare(CURL *e, const struct oauth_client *c, const char *url, struct str form,
                    struct buf *out)
{
    curl_easy_setopt(e, CURLOPT_URL, url);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https,http"); /* which of them: oauth_url_check */
#else
    curl_easy_setopt(e, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP));
#endif
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)form.n);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, form.p); /* not copied */
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, c->proxy != NULL ? c->proxy : "");
    curl_easy_setopt(e, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)OAUTH_REQUEST_MS);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(e, CURLOPT_XFERINFODATA, (void *)(uintptr_t)c);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    if (c->ca_file != NULL)
        curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
}

static int failed(CURLcode rc, const char *url, const struct buf *out, struct error *err)
{
    if (rc == CURLE_ABORTED_BY_CALLBACK)
        return error_set(err, ERR_CANCELLED, RETRY_LATER, _("broken off"));
    if (out->over)
        return error_set(err, ERR_LIMIT, RETRY_LATER, _("%s: the answer is too long"), url);
    bool tls = rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CONNECT_ERROR ||
               rc == CURLE_SSL_CACERT_BADFILE;
    return error_set(err, tls ? ERR_TLS : ERR_NET, RETRY_LATER, "%s: %s", url,
                     curl_easy_strerror(rc));
}

static json_t *read_answer(const char *url, const struct buf *out, long status, struct error *err)
{
    json_error_t why;
    json_t *o = json_loadb(buf_c(out), out->len, JSON_REJECT_DUPLICATES, &why);
    if (json_is_object(o))
        return o;
    json_decref(o);
    (void)error_set(err, ERR_PROTO, RETRY_LATER,
                    _("%s: the server answers %ld, and no JSON object"), url, status);
    return NULL;
}

json_t *oauth_post(const struct oauth_client *c, const char *url, struct str form, long *status,
                   struct error *err)
{
    struct buf out = BUF_INIT(OAUTH_ANSWER_MAX);
    struct curl_slist *routes = NULL;
    json_t *answer = NULL;
    if (oauth_url_check(url, err) != 0)
        return NULL;
    CURL *e = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    for (size_t i = 0; i < c->routes_n; i++)
        routes = curl_slist_append(routes, c->routes[i]);
    if (e == NULL) {
        (void)error_set(err, ERR_SYS, RETRY_LATER, _("libcurl cannot be started"));
    } else {
        prepare(e, c, url, form, &out);
        curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(e, CURLOPT_CONNECT_TO, routes);
        CURLcode rc = curl_easy_perform(e);
        if (rc == CURLE_OK) {
            curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, status);
            answer = read_answer(url, &out, *status, err);
        } else {
            failed(rc, url, &out, err);
        }
    }
    log_line(c->log, LOG_DEBUG, "%s: %s", url, answer != NULL ? "answered" : err->text);
    curl_slist_free_all(headers);
    curl_slist_free_all(routes);
    curl_easy_cleanup(e);
    buf_wipe(&out);
    return answer;
}

void oauth_answer_free(json_t **answer)
{
    const char *name;
    json_t *value;
    json_object_foreach(*answer, name, value) if (json_is_string(value))
        explicit_bzero((char *)(uintptr_t)json_string_value(value), json_string_length(value));
    json_decref(*answer);
    *answer = NULL;
}
