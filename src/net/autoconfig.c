/* SPDX-License-Identifier: MIT */
#include "net/autoconfig.h"

#include <curl/curl.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

enum { STATUS_OK = 200, STATUS_CLIENT = 400, STATUS_SERVER = 500 };

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct buf *out = arg;
    buf_add(out, p, size * n);
    return out->over ? 0 : size * n;
}

static void prepare(CURL *e, const struct autoconfig_ask *ask, struct curl_slist *routes,
                    struct buf *out)
{
    curl_easy_setopt(e, CURLOPT_URL, ask->url);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
    curl_easy_setopt(e, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS);
    curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(e, CURLOPT_MAXREDIRS, (long)AUTOCONFIG_REDIRECTS_MAX);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, ""); /* else the https_proxy of the environment */
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)ask->wait_ms);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, out);
    if (ask->ca_file != NULL)
        curl_easy_setopt(e, CURLOPT_CAINFO, ask->ca_file);
    if (routes != NULL)
        curl_easy_setopt(e, CURLOPT_CONNECT_TO, routes);
}

static bool is_done(CURLM *multi, CURLcode *rc)
{
    int left = 0;
    CURLMsg *m;
    while ((m = curl_multi_info_read(multi, &left)) != NULL)
        if (m->msg == CURLMSG_DONE) {
            *rc = m->data.result;
            return true;
        }
    return false;
}

static int run(CURLM *multi, const struct autoconfig_ask *ask, CURLcode *rc, struct error *err)
{
    struct curl_waitfd stop = { .fd = net_cancel_fd(ask->cancel), .events = CURL_WAIT_POLLIN };
    int64_t deadline = clock_mono_ms() + ask->wait_ms;
    int running;
    while (curl_multi_perform(multi, &running) == CURLM_OK && !is_done(multi, rc)) {
        if (ask->cancel != NULL && net_cancel_is_set(ask->cancel))
            return error_set(err, ERR_CANCELLED, RETRY_LATER, _("broken off"));
        int left = clock_left_ms(deadline);
        if (left == 0) {
            *rc = CURLE_OPERATION_TIMEDOUT;
            return 0;
        }
        curl_multi_poll(multi, &stop, ask->cancel != NULL ? 1 : 0, left, NULL);
    }
    return 0;
}

static int failed(const struct autoconfig_ask *ask, CURLcode rc, const struct buf *out,
                  struct error *err)
{
    enum error_code code = ERR_NET;
    if (out->over)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("%s: the document is too long"), ask->url);
    if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CONNECT_ERROR)
        code = ERR_TLS;
    else if (rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_TOO_MANY_REDIRECTS)
        code = ERR_PROTO;
    return error_set(err, code, RETRY_LATER, "%s: %s", ask->url, curl_easy_strerror(rc));
}

static int judge(CURL *e, const struct autoconfig_ask *ask, struct error *err)
{
    long status = 0;
    curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
    if (status == STATUS_OK)
        return 0;
    if (status >= STATUS_CLIENT && status < STATUS_SERVER)
        return 1;
    return error_set(err, ERR_PROTO, RETRY_LATER, _("%s: the server answers %ld"), ask->url,
                     status);
}

int autoconfig_fetch(const struct autoconfig_ask *ask, struct buf *out, struct error *err)
{
    CURL *e = curl_easy_init();
    CURLM *multi = curl_multi_init();
    struct curl_slist *routes = NULL;
    CURLcode code = CURLE_FAILED_INIT;
    int rc = -1;
    for (size_t i = 0; i < ask->routes_n && i < AUTOCONFIG_ROUTES_MAX; i++)
        routes = curl_slist_append(routes, ask->routes[i]);
    if (e == NULL || multi == NULL) {
        error_set(err, ERR_SYS, RETRY_LATER, _("libcurl cannot be started"));
    } else {
        prepare(e, ask, routes, out);
        curl_multi_add_handle(multi, e);
        rc = run(multi, ask, &code, err);
        if (rc == 0)
            rc = code == CURLE_OK ? judge(e, ask, err) : failed(ask, code, out, err);
        curl_multi_remove_handle(multi, e);
    }
    curl_easy_cleanup(e);
    curl_multi_cleanup(multi);
    curl_slist_free_all(routes);
    log_line(ask->log, LOG_DEBUG, "%s: %s", ask->url,
             rc < 0    ? err->text
             : rc == 0 ? "here"
                       : "none");
    return rc;
}
