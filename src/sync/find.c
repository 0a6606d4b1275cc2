/* SPDX-License-Identifier: MIT */
#include "sync/find.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "bus/jline.h"
#include "sync/findjob.h"
#include "base/banned.h"

enum { JOBS_MAX = 32, ADDRESS_MAX = 320, SRV_EACH_MAX = 3, DECODE_MS = 5000 };

#define DIRECTORY "https://autoconfig.thunderbird.net/v1.1/"

struct find {
    struct probe *p;
    struct arena *arena;
    struct reach reach;
    struct str address;
    char domain[DNS_NAME_MAX];
    bool directory;
    struct find_offer offers[FIND_SOURCES];
    unsigned waiting[FIND_SOURCES]; /* jobs of each source that are not over */
    struct findjob_world world;
    struct findjob *jobs;
    size_t jobs_n;
    struct decode *decode;
};

/* ------------------------------------------------------------------ what is asked */

static struct findjob *job_add(struct find *f, enum find_source source,
                               void (*run)(struct findjob *j))
{
    struct findjob *j = &f->jobs[f->jobs_n++];
    j->world = &f->world;
    j->source = source;
    j->run = run;
    f->waiting[source]++;
    return j;
}

static void srv_start(struct find *f)
{
    static const struct {
        const char *service;
        enum net_proto proto;
        enum net_tls tls;
    } rows[] = {
        { "_imaps", NET_IMAP, TLS_DIRECT },       { "_imap", NET_IMAP, TLS_STARTTLS },
        { "_pop3s", NET_POP3, TLS_DIRECT },       { "_pop3", NET_POP3, TLS_STARTTLS },
        { "_submissions", NET_SMTP, TLS_DIRECT }, { "_submission", NET_SMTP, TLS_STARTTLS },
    };
    probe_progress(f->p, _("looking at what the DNS says about %s"), f->domain);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct findjob *j = job_add(f, FIND_SRV, findjob_srv);
        snprintf(j->name, sizeof j->name, "%s._tcp.%s", rows[i].service, f->domain);
        j->proto = rows[i].proto;
        j->tls = rows[i].tls;
        findjob_start(j);
    }
}

static void url_escape(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++)
        if (ascii_is_alnum(s.p[i]) || strchr("-._~", s.p[i]) != NULL)
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "%%%02X", (unsigned char)s.p[i]);
}

static void fetch_start(struct find *f, enum find_source source, const char *url)
{
    struct findjob *j = job_add(f, source, findjob_fetch);
    struct str shown = str_head(str_c(url), str_find(str_c(url), '?'));
    probe_progress(f->p, _("looking at %.*s"), STR_ARG(shown));
    snprintf(j->url, sizeof j->url, "%s", url);
    findjob_start(j);
}

static void documents_start(struct find *f)
{
    struct buf escaped = BUF_INIT(4 * ADDRESS_MAX);
    url_escape(f->address, &escaped);
    fetch_start(f, FIND_AUTOCONFIG,
                arena_fmt(f->arena, "https://autoconfig.%s/mail/config-v1.1.xml?emailaddress=%s",
                          f->domain, buf_c(&escaped)));
    fetch_start(f, FIND_WELL_KNOWN,
                arena_fmt(f->arena, "https://%s/.well-known/autoconfig/mail/config-v1.1.xml",
                          f->domain));
    if (f->directory)
        fetch_start(f, FIND_DIRECTORY, arena_fmt(f->arena, DIRECTORY "%s", f->domain));
    buf_free(&escaped);
}

static void guesses_start(struct find *f)
{
    static const struct {
        const char *host;
        enum net_proto proto;
        enum net_tls tls;
        uint16_t port;
    } rows[] = {
        { "imap", NET_IMAP, TLS_DIRECT, 993 },   { "mail", NET_IMAP, TLS_DIRECT, 993 },
        { "smtp", NET_SMTP, TLS_DIRECT, 465 },   { "mail", NET_SMTP, TLS_DIRECT, 465 },
        { "smtp", NET_SMTP, TLS_STARTTLS, 587 }, { "mail", NET_SMTP, TLS_STARTTLS, 587 },
        { "pop", NET_POP3, TLS_DIRECT, 995 },    { "mail", NET_POP3, TLS_DIRECT, 995 },
    };
    probe_progress(f->p, _("trying imap.%s, mail.%s and other usual names"), f->domain, f->domain);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct findjob *j = job_add(f, FIND_GUESS, findjob_guess);
        snprintf(j->name, sizeof j->name, "%s.%s", rows[i].host, f->domain);
        j->proto = rows[i].proto;
        j->tls = rows[i].tls;
        j->port = rows[i].port;
        findjob_start(j);
    }
}

static void directory_ask_about(struct find *f, struct str domain)
{
    if (str_find(domain, '.') < domain.n && !str_ieqc(domain, f->domain))
        fetch_start(f, FIND_DIRECTORY_MX, arena_fmt(f->arena, DIRECTORY "%.*s", STR_ARG(domain)));
}

/* The directory knows providers by the domain of their exchangers: mx1.mail.hoster.example is looked up
 * as mail.hoster.example and as hoster.example. */
static void directory_mx_start(struct find *f, const char *mx)
{
    struct str host = str_c(mx), above = str_skip(host, str_find(host, '.') + 1);
    size_t last = str_rfind(above, '.');
    struct str two = str_skip(above, str_rfind(str_head(above, last), '.') + 1);
    directory_ask_about(f, above);
    if (two.n > 0 && last < above.n && str_find(str_head(above, last), '.') < last)
        directory_ask_about(f, two);
}

/* ------------------------------------------------------------------ what came */

static void offer_provider(struct find *f, enum find_source source, const struct provider *provider)
{
    struct find_offer *o = &f->offers[source];
    if (provider == NULL)
        return;
    o->provider = provider;
    o->name = str_c(provider->name);
    for (size_t i = 0; i < PROVIDER_SERVERS_MAX && provider->servers[i].host != NULL; i++) {
        const struct provider_server *s = &provider->servers[i];
        struct buf user = BUF_INIT(ADDRESS_MAX);
        find_fill(str_c(s->user), f->address, &user);
        find_offer_add(o, &(struct find_server){ .proto = s->proto,
                                                 .tls = s->tls,
                                                 .port = s->port,
                                                 .oauth = provider->oauth != NULL,
                                                 .sure = true,
                                                 .host = str_c(s->host),
                                                 .user = arena_str(f->arena, buf_str(&user)) });
        buf_free(&user);
    }
}

static void took_mx(struct find *f, const struct findjob *j)
{
    offer_provider(f, FIND_MX, provider_of_mx(str_c(j->mx)));
    if (f->directory && j->mx[0] != '\0' && f->offers[FIND_MX].provider == NULL)
        directory_mx_start(f, j->mx);
}

/* A target of "." says that there is no such service. */
static void took_srv(struct find *f, const struct findjob *j)
{
    for (size_t i = 0; i < j->srv->n && i < SRV_EACH_MAX; i++) {
        struct str host = str_c(j->srv->srv[i].host);
        if (host.n == 0 || j->srv->srv[i].port == 0)
            continue;
        find_offer_add(&f->offers[FIND_SRV],
                       &(struct find_server){ .proto = j->proto,
                                              .tls = j->tls,
                                              .port = j->srv->srv[i].port,
                                              .outside = !find_is_inside(host, str_c(f->domain)),
                                              .host = arena_str(f->arena, host),
                                              .user = f->address });
    }
}

/* What a document calls a host becomes one that can be asked for; else it is none. */
static void offer_named(struct find *f, enum find_source source, const struct decode_server *s)
{
    static const enum net_proto protos[] = {
        [DECODE_IMAP] = NET_IMAP, [DECODE_POP3] = NET_POP3, [DECODE_SMTP] = NET_SMTP
    };
    static const enum net_tls tls[] = {
        [DECODE_PLAIN] = TLS_NONE, [DECODE_STARTTLS] = TLS_STARTTLS, [DECODE_TLS] = TLS_DIRECT
    };
    struct buf host = BUF_INIT(2 * ADDRESS_MAX), user = BUF_INIT(2 * ADDRESS_MAX);
    char ascii[DNS_NAME_MAX];
    struct error ignored;
    find_fill(s->host, f->address, &host);
    find_fill(s->user.n > 0 ? s->user : STR("%EMAILADDRESS%"), f->address, &user);
    if (!host.over && !user.over && dns_ascii(buf_c(&host), ascii, &ignored) == 0)
        find_offer_add(&f->offers[source],
                       &(struct find_server){ .proto = protos[s->proto],
                                              .tls = tls[s->tls],
                                              .port = s->port,
                                              .oauth = s->oauth,
                                              .sure = s->user.n > 0,
                                              .outside =
                                                  source == FIND_DIRECTORY_MX &&
                                                  !find_is_inside(str_c(ascii), str_c(f->domain)),
                                              .host = arena_cstr(f->arena, ascii),
                                              .user = arena_str(f->arena, buf_str(&user)) });
    buf_free(&host);
    buf_free(&user);
}

static void took_document(struct find *f, const struct findjob *j)
{
    struct decode_servers servers;
    struct error err;
    if (!j->fetched)
        return;
    if (f->decode == NULL && (f->decode = decode_new(NULL, NULL, &err)) == NULL)
        return;
    decode_patience(f->decode, DECODE_MS);
    int rc = decode_servers(f->decode, f->arena, buf_str(&j->document), &servers, &err);
    log_line(probe_log(f->p), LOG_INFO, "%s: %s, %zu servers", j->url,
             rc == 0 ? "read" : "unreadable", rc == 0 ? servers.n : 0);
    if (rc != 0)
        return;
    f->offers[j->source].name = servers.name;
    for (size_t i = 0; i < servers.n; i++)
        offer_named(f, j->source, &servers.servers[i]);
}

static void took_guess(struct find *f, const struct findjob *j)
{
    if (j->answers)
        find_offer_add(&f->offers[FIND_GUESS],
                       &(struct find_server){ .proto = j->proto,
                                              .tls = j->tls,
                                              .port = j->port,
                                              .host = arena_cstr(f->arena, j->name),
                                              .user = f->address });
}

static void took(struct find *f, struct findjob *j)
{
    if (j->run == findjob_mx)
        took_mx(f, j);
    else if (j->run == findjob_srv)
        took_srv(f, j);
    else if (j->run == findjob_fetch)
        took_document(f, j);
    else
        took_guess(f, j);
    f->waiting[j->source]--;
    for (size_t i = 0; i < FIND_SOURCES; i++)
        f->offers[i].over = f->waiting[i] == 0;
    /* Who the exchanger is has to be known before the directory can be asked about it. */
    f->offers[FIND_DIRECTORY_MX].over &= f->offers[FIND_MX].over;
}

/* ------------------------------------------------------------------ what is said */

static json_t *server_line(const struct find_server *s)
{
    static const char *const protos[] = { "imap", "pop3", "smtp", "lmtp" };
    static const char *const tls[] = { "direct", "starttls", "none" };
    json_t *o = json_object();
    jline_put(o, "protocol", str_c(protos[s->proto]));
    jline_put(o, "host", s->host);
    jline_put_number(o, "port", s->port);
    jline_put(o, "tls", str_c(tls[s->tls]));
    jline_put(o, "user", s->user);
    jline_put_yes(o, "oauth", s->oauth);
    jline_put_yes(o, "sure", s->sure);
    return o;
}

static json_t *server_lines(const struct find_server *servers, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, server_line(&servers[i]));
    return list;
}

static void say_found(struct find *f, const struct find_choice *c)
{
    static const char *const sources[] = { "table",      "mx",        "srv",          "autoconfig",
                                           "well-known", "directory", "directory-mx", "guess" };
    const struct provider *provider = c->offer->provider;
    json_t *o = json_object();
    jline_put(o, "say", STR("found"));
    jline_put(o, "source", str_c(sources[c->source]));
    jline_put(o, "provider", c->offer->name);
    jline_put(o, "sign-in",
              str_c(provider_sign_name(provider != NULL ? provider->sign : SIGN_PASSWORD)));
    if (provider != NULL && provider->oauth != NULL)
        jline_put(o, "oauth", str_c(provider->oauth));
    if (provider != NULL && provider->hint != NULL)
        jline_put(o, "hint", str_c(_(provider->hint)));
    json_object_set_new(o, "receive", server_lines(c->receive, c->receive_n));
    json_object_set_new(o, "send", server_lines(c->send, c->send_n));
    probe_say(f->p, o);
}

/* ------------------------------------------------------------------ the whole */

static void add_outside(const struct find_server *s, size_t n, struct buf *names)
{
    for (size_t i = 0; i < n; i++)
        if (s[i].outside && (i == 0 || !str_ieq(s[i].host, s[i - 1].host)))
            buf_addf(names, "%s%.*s", names->len > 0 ? ", " : "", STR_ARG(s[i].host));
}

/* 0: it is fine; 1: not wanted, choose again; -1. */
static int ask_outside(struct find *f, const struct find_choice *c, struct error *err)
{
    struct buf answer = BUF_INIT(64), names = BUF_INIT(2 * FIND_SERVERS_MAX * DNS_NAME_MAX);
    add_outside(c->receive, c->receive_n, &names);
    add_outside(c->send, c->send_n, &names);
    if (names.len == 0)
        return 0;
    const char *question = arena_fmt(f->arena,
                                     _("The DNS, where nobody signs for it, says that the mail of "
                                       "%s is at %s. Is that where it is?"),
                                     f->domain, buf_c(&names));
    buf_free(&names);
    int rc = probe_ask(f->p, "yes", question, &answer, err);
    if (rc == 0 && !str_eqc(buf_str(&answer), "yes")) {
        f->offers[FIND_SRV].n = f->offers[FIND_DIRECTORY_MX].n = 0;
        rc = 1;
    }
    buf_free(&answer);
    return rc;
}

/* Takes what came, waiting so long for it. */
static int wait_more(struct find *f, int wait_ms, struct error *err)
{
    struct pollfd fds[2] = { { queue_fd(f->world.done), POLLIN, 0 },
                             { net_cancel_fd(probe_cancel(f->p)), POLLIN, 0 } };
    struct msg *m;
    poll(fds, 2, wait_ms);
    if (net_cancel_is_set(probe_cancel(f->p)))
        return error_set(err, ERR_CANCELLED, RETRY_LATER, _("broken off"));
    while ((m = queue_take(f->world.done, 0)) != NULL)
        took(f, (struct findjob *)m);
    return 0;
}

static int nothing_found(const struct find *f, struct error *err)
{
    return error_set(err, ERR_NOINPUT, RETRY_NEVER,
                     f->world.reach->routes_n > 0 || net_is_connected()
                         ? _("nobody says where the mail of %.*s is")
                         : _("this machine is connected to no network, so nobody can say where "
                             "the mail of %.*s is"),
                     STR_ARG(f->address));
}

/* Until a choice can be made: 0 with *c, -1. */
static int wait_for_choice(struct find *f, struct find_choice *c, struct error *err)
{
    for (;;) {
        int left = clock_left_ms(f->world.deadline);
        int rc = find_choose(f->offers, left == 0, c);
        bool chosen = rc == 0;
        if (rc < 0)
            return nothing_found(f, err);
        if (chosen && (rc = ask_outside(f, c, err)) != 1)
            return rc;
        if (wait_more(f, chosen ? 0 : left, err) != 0)
            return -1;
    }
}

static int search(struct find *f, struct find_choice *c, struct error *err)
{
    offer_provider(f, FIND_TABLE, provider_of_domain(str_c(f->domain)));
    f->offers[FIND_TABLE].over = true;
    if (find_choose(f->offers, false, c) == 0)
        return 0;
    f->world = (struct findjob_world){ .probe = f->p,
                                       .reach = &f->reach,
                                       .cancel = net_cancel_new(err),
                                       .done = queue_new(JOBS_MAX, err),
                                       .domain = f->domain,
                                       .deadline = clock_mono_ms() + FIND_MS };
    if (f->world.cancel == NULL || f->world.done == NULL)
        return -1;
    f->jobs = xcalloc(JOBS_MAX, sizeof *f->jobs);
    findjob_start(job_add(f, FIND_MX, findjob_mx));
    srv_start(f);
    documents_start(f);
    guesses_start(f);
    int rc = wait_for_choice(f, c, err);
    net_cancel_set(f->world.cancel);
    return rc;
}

static int address_read(struct find *f, struct str address, struct error *err)
{
    size_t at = str_rfind(address, '@');
    struct str domain = str_skip(address, at + 1);
    bool plain = address.n <= ADDRESS_MAX && str_is_line(address) && at > 0 && domain.n > 0 &&
                 str_find(address, ' ') == address.n && str_find(address, '<') == address.n;
    if (!plain)
        return error_set(err, ERR_ADDRESS, RETRY_NEVER, _("%.*s is no e-mail address"),
                         STR_ARG(str_head(address, ADDRESS_MAX)));
    f->address = arena_str(f->arena, address);
    return dns_ascii(arena_str(f->arena, domain).p, f->domain, err);
}

int find_run(struct probe *p, const json_t *question, struct error *err)
{
    struct find *f = xcalloc(1, sizeof *f);
    struct find_choice *c = xcalloc(1, sizeof *c);
    f->p = p;
    f->arena = arena_new(4096);
    f->directory = !json_is_false(json_object_get(question, "directory"));
    reach_read(question, &f->reach);
    int rc = address_read(f, jline_text(question, "address"), err);
    if (rc == 0)
        rc = search(f, c, err);
    if (rc == 0)
        say_found(f, c);
    for (size_t i = 0; i < f->jobs_n; i++)
        findjob_clear(&f->jobs[i]);
    queue_free(&f->world.done);
    free(f->jobs);
    net_cancel_free(&f->world.cancel);
    decode_free(&f->decode);
    arena_free(&f->arena);
    free(f);
    free(c);
    return rc;
}
