/* SPDX-License-Identifier: MIT */
#include "sync/findjob.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

enum { GREETING_MAX = 4096 };

static struct dns *dns_open(const struct findjob *j)
{
    const struct findjob_world *w = j->world;
    struct error ignored;
    struct dns_setup setup = { .servers = w->reach->dns,
                               .wait_ms = clock_left_ms(w->deadline),
                               .seed = (unsigned)clock_mono_ms(),
                               .cancel = w->cancel,
                               .log = probe_log(w->probe) };
    return setup.wait_ms > 0 ? dns_new(&setup, &ignored) : NULL;
}

void findjob_mx(struct findjob *j)
{
    struct dns *d = dns_open(j);
    struct dns_mx_list *list = xcalloc(1, sizeof *list);
    struct error ignored;
    if (d != NULL && dns_mx(d, j->world->domain, list, &ignored) == DNS_OK)
        snprintf(j->mx, sizeof j->mx, "%s", list->mx[0].host);
    for (char *c = j->mx; *c != '\0'; c++)
        *c = ascii_lower(*c);
    free(list);
    dns_free(&d);
}

void findjob_srv(struct findjob *j)
{
    struct dns *d = dns_open(j);
    struct error ignored;
    j->srv = xcalloc(1, sizeof *j->srv);
    if (d == NULL || dns_srv(d, j->name, j->srv, &ignored) != DNS_OK)
        j->srv->n = 0;
    dns_free(&d);
}

void findjob_fetch(struct findjob *j)
{
    const struct findjob_world *w = j->world;
    struct error ignored;
    struct autoconfig_ask ask = { .url = j->url,
                                  .ca_file = w->reach->ca_file,
                                  .routes = w->reach->routes,
                                  .routes_n = w->reach->routes_n,
                                  .wait_ms = clock_left_ms(w->deadline),
                                  .cancel = w->cancel,
                                  .log = probe_log(w->probe) };
    buf_init(&j->document, DECODE_XML_MAX);
    j->fetched = ask.wait_ms > 0 && autoconfig_fetch(&ask, &j->document, &ignored) == 0;
}

/* The certificate was good; but does it speak the protocol? */
static bool greets(struct stream *s, enum net_proto proto, struct buf *said, int64_t deadline)
{
    static const char *const words[] = {
        [NET_IMAP] = "* OK", [NET_POP3] = "+OK", [NET_SMTP] = "220"
    };
    struct error ignored;
    while (str_find(buf_str(said), '\n') == said->len) {
        int left = clock_left_ms(deadline);
        if (left == 0 || stream_read(s, said, left, &ignored) != 0)
            return false;
    }
    return str_istarts(buf_str(said), words[proto]);
}

void findjob_guess(struct findjob *j)
{
    const struct findjob_world *w = j->world;
    struct arena *a = arena_new(256);
    struct buf said = BUF_INIT(GREETING_MAX);
    struct error err;
    bool secure = false;
    struct endpoint ep = { .proto = j->proto, .host = j->name, .port = j->port, .tls = j->tls };
    int left = clock_left_ms(w->deadline);
    struct stream *s = NULL;
    if (left > 0 && reach_endpoint(w->reach, a, &ep, &err) == 0)
        s = stream_open(&ep, left, w->cancel, probe_log(w->probe), &said, &secure, &err);
    if (s != NULL)
        j->answers = secure && (j->tls == TLS_STARTTLS || greets(s, j->proto, &said, w->deadline));
    stream_close(&s);
    buf_free(&said);
    arena_free(&a);
}

static void *job_thread(void *arg)
{
    struct findjob *j = arg;
    j->run(j);
    (void)queue_put_now(j->world->done, &j->msg);
    return NULL;
}

/* Jobs belong to who started them, wherever they are on their way. */
static void keep(struct msg *m)
{
    (void)m;
}

void findjob_start(struct findjob *j)
{
    j->msg.drop = keep;
    j->running = pthread_create(&j->thread, NULL, job_thread, j) == 0;
    if (!j->running)
        (void)queue_put_now(j->world->done, &j->msg);
}

void findjob_clear(struct findjob *j)
{
    if (j->running)
        pthread_join(j->thread, NULL);
    buf_free(&j->document);
    free(j->srv);
}
