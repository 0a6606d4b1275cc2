/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/stream_conn.h"
#include "net/trace.h"
#include "base/banned.h"

/* One exchange before TLS; all lines of the server stand in s->said. */
struct talk {
    struct stream *s;
    const struct endpoint *ep;
    int wait_ms;
    int64_t deadline;
    size_t at; /* in said: what was not looked at yet */
};

static int failed(struct talk *t, CURLcode rc, struct error *err)
{
    return stream_connect_failed(t->s, rc, t->ep, t->wait_ms, err);
}

/* The next line without its end. */
static int line_read(struct talk *t, struct str *line, struct error *err)
{
    struct stream *s = t->s;
    for (;;) {
        struct str rest = str_skip(buf_str(s->said), t->at);
        size_t n = str_find(rest, '\n');
        if (n < rest.n) {
            *line = str_trim(str_head(rest, n));
            t->at += n + 1;
            trace_in(s->log, s->host, *line);
            return 0;
        }
        int rc = stream_read(s, s->said, clock_left_ms(t->deadline), err);
        if (rc == 2)
            return s->said->len == 0 ? stream_mute(s, t->ep, t->wait_ms, err)
                                     : stream_timed_out(s, t->wait_ms, err);
        if (rc == 1)
            return failed(t, CURLE_GOT_NOTHING, err);
        if (rc < 0)
            return err->code == ERR_LIMIT ? failed(t, CURLE_WEIRD_SERVER_REPLY, err) : -1;
    }
}

/* Says tag and verb, and reads up to the answer. 0: OK; 1: refused; -1. */
static int ask(struct talk *t, const char *tag, const char *verb, struct error *err)
{
    struct buf cmd = BUF_INIT(100);
    struct str line, word;
    buf_addf(&cmd, "%s %s\r\n", tag, verb);
    trace_out(t->s->log, t->s->host, buf_str(&cmd));
    int rc = stream_write(t->s, buf_str(&cmd), t->s->said, clock_left_ms(t->deadline), err);
    buf_free(&cmd);
    do {
        if (rc < 0 || line_read(t, &line, err) < 0)
            return -1;
    } while (!str_word(&line, &word) || !str_ieqc(word, tag));
    if (!str_word(&line, &word))
        return failed(t, CURLE_WEIRD_SERVER_REPLY, err);
    return str_ieqc(word, "OK") ? 0 : 1;
}

static bool is_said(const struct stream *s, const char *word)
{
    struct str said = buf_str(s->said);
    return str_isearch(said, str_c(word)) < said.n;
}

/* 0: the greeting is one that allows of TLS; 1: it does not, and the link may stay in the clear. */
static int greeting_read(struct talk *t, struct error *err)
{
    struct str line, word;
    bool may_be_clear = stream_may_be_clear(t->ep);
    if (line_read(t, &line, err) < 0)
        return -1;
    if (!str_word(&line, &word) || !str_eqc(word, "*") || !str_word(&line, &word))
        return failed(t, CURLE_WEIRD_SERVER_REPLY, err);
    if (str_ieqc(word, "PREAUTH"))
        return may_be_clear ? 1 : failed(t, CURLE_USE_SSL_FAILED, err);
    if (!str_ieqc(word, "OK"))
        return failed(t, CURLE_WEIRD_SERVER_REPLY, err);
    if (!may_be_clear)
        return 0;
    if (!is_said(t->s, "[CAPABILITY ") && ask(t, "s1", "CAPABILITY", err) < 0)
        return -1;
    return is_said(t->s, "STARTTLS") ? 0 : 1;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct stream *s = arg;
    curl_socket_t fd = s->handed;
    (void)purpose;
    (void)address;
    s->handed = CURL_SOCKET_BAD;
    return fd;
}

static int on_socket_options(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    (void)arg;
    (void)fd;
    (void)purpose;
    return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* The same link in the hands of another handle, which begins with the handshake and has nothing to
 * look up. */
static int hand_over(struct talk *t, const struct endpoint *inner, struct error *err)
{
    struct stream *s = t->s;
    s->handed = dup(s->fd);
    if (s->handed == CURL_SOCKET_BAD)
        return error_sys(err, _("cannot go on with the connection"));
    s->fd = CURL_SOCKET_BAD;
    curl_multi_remove_handle(s->multi, s->easy);
    curl_easy_cleanup(s->easy);
    s->easy = curl_easy_init();
    curl_slist_free_all(s->connect_to);
    s->connect_to = NULL;
    if (s->easy == NULL)
        return error_set(err, ERR_SYS, RETRY_LATER, _("cannot start libcurl: %s"),
                         _("out of memory"));
    if (stream_setup(s, inner, clock_left_ms(t->deadline), err) < 0)
        return -1;
    curl_easy_setopt(s->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(s->easy, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_SOCKOPTFUNCTION, on_socket_options);
    return curl_multi_add_handle(s->multi, s->easy) == CURLM_OK
               ? 0
               : stream_lost(s, CURLE_FAILED_INIT, err);
}

static int handshake(struct talk *t, struct error *err)
{
    struct endpoint inner = *t->ep;
    inner.tls = TLS_DIRECT;
    inner.proxy = inner.tunnel = inner.path = NULL;
    inner.address = "127.0.0.1";
    t->s->upgraded = true;
    buf_clear(t->s->said); /* it may be anybody's (SECURITY.md §1c) */
    if (hand_over(t, &inner, err) < 0)
        return -1;
    return stream_connect_loop(t->s, &inner, clock_left_ms(t->deadline), err);
}

int stream_starttls(struct stream *s, const struct endpoint *ep, int wait_ms, struct error *err)
{
    struct talk t = { .s = s, .ep = ep, .wait_ms = wait_ms };
    struct endpoint clear = *ep;
    clear.tls = TLS_NONE;
    t.deadline = clock_mono_ms() + wait_ms;
    if (stream_connect_begin(s, &clear, wait_ms, err) < 0)
        return -1;
    int rc = greeting_read(&t, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    size_t before = s->said->len;
    rc = ask(&t, "s2", "STARTTLS", err);
    if (rc < 0)
        return -1;
    if (rc == 1 && stream_may_be_clear(ep)) {
        buf_truncate(s->said, before);
        return 0;
    }
    if (rc == 1)
        return failed(&t, CURLE_USE_SSL_FAILED, err);
    if (t.at < s->said->len)
        return failed(&t, CURLE_WEIRD_SERVER_REPLY, err);
    return handshake(&t, err);
}
