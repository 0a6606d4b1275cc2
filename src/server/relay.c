/* SPDX-License-Identifier: MIT */
#include "server/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/i18n.h"
#include "net/dns.h"
#include "server/limits.h"
#include "server/relay_out.h"
#include "base/banned.h"

enum { RELAY_PORT = 25, RELAY_TLS_PORT = 465, MS = 1000, CA_FILE_MAX = 4 << 20 };

struct relay {
    const struct server_options *options;
    struct log *log;
    struct net_cancel *cancel;
    struct dns *dns;
    struct relay_host smart; /* host empty: none */
};

/* One attempt to send mails to one destination. why: what to tell those who end without a result;
 * a reason that may pass counts more than one that does not. */
struct attempt {
    struct relay *r;
    const char *destination;
    struct relay_mail *mails;
    size_t n;
    struct relay_rcpt why;
    bool has_why;
    size_t addresses; /* tried */
    struct error *err;
};
enum step { STEP_NEXT, STEP_DONE, STEP_LOOP, STEP_CANCELLED };

/* A server that may be tried. */
struct hop {
    const char *host;
    uint16_t port;
    enum net_tls tls;
    bool opportunistic;
};

/* "host", "host:port", "[::1]:port"; the colon stays with the port. */
static int host_split(struct str s, struct str *host, struct str *port)
{
    bool v6 = s.n > 0 && s.p[0] == '[';
    size_t end = v6 ? str_find(s, ']') : str_rfind(s, ':');
    *host = v6 ? str_skip(str_head(s, end), 1) : str_head(s, end);
    *port = str_skip(s, v6 ? end + 1 : end);
    return v6 && end == s.n ? -1 : 0;
}

static int host_and_port(struct str s, struct relay_host *out, uint16_t port)
{
    struct str host, rest;
    uint64_t n = port;
    if (host_split(s, &host, &rest) < 0 || host.n == 0 || host.n >= sizeof out->host)
        return -1;
    if (rest.n > 0 && (str_lit(&rest, ":") < 0 || str_u64(&rest, &n) < 0 || rest.n > 0))
        return -1;
    if (n == 0 || n > UINT16_MAX)
        return -1;
    snprintf(out->host, sizeof out->host, "%.*s", STR_ARG(host));
    out->port = (uint16_t)n;
    return 0;
}

static bool is_numeric(const char *host)
{
    struct in6_addr any;
    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

int relay_host_read(const char *spec, struct relay_host *out, struct error *err)
{
    struct str s = str_c(spec);
    uint16_t port = RELAY_PORT;
    *out = (struct relay_host){ .tls = TLS_STARTTLS, .opportunistic = true };
    if (str_ilit(&s, "smtps://") == 0) {
        out->tls = TLS_DIRECT;
        port = RELAY_TLS_PORT;
        out->opportunistic = false;
    } else if (str_ilit(&s, "smtp://") == 0)
        out->opportunistic = false;
    if (host_and_port(s, out, port) < 0 ||
        (!is_numeric(out->host) && !dns_name_ok(str_c(out->host))))
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("%s is no server: HOST:PORT, smtp://HOST:PORT or smtps://HOST:PORT"),
                         spec);
    return 0;
}

/* By number alone: a name may lead elsewhere tomorrow. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Now, and not when the first mail waits. */
static int ca_check(const struct server_options *o, struct error *err)
{
    struct buf text = BUF_INIT(CA_FILE_MAX);
    if (o->relay == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--relay-ca is for a --relay"));
    int rc = file_read(o->relay_ca, &text, err);
    if (rc == 0 && str_search(buf_str(&text), STR("CERTIFICATE-----")) == text.len)
        rc = error_set(err, ERR_NOINPUT, RETRY_NEVER, _("%s has no certificate in PEM"),
                       o->relay_ca);
    buf_free(&text);
    return rc;
}

int relay_check(const struct server_options *o, struct error *err)
{
    struct relay_host host;
    if (o->relay_ca != NULL && ca_check(o, err) != 0)
        return -1;
    if (o->relay_login.name == NULL)
        return 0;
    if (o->relay == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--relay-login is for a --relay"));
    if (relay_host_read(o->relay, &host, err) != 0)
        return -1;
    if (!host.opportunistic || is_loopback(host.host))
        return 0;
    return error_set(
        err, ERR_USAGE, RETRY_NEVER,
        _("--relay-login sends a password: --relay needs smtp:// or smtps:// in front, "
          "so that it goes to the right server and to nobody else"));
}

struct relay *relay_new(const struct server_options *o, struct log *log, struct net_cancel *cancel,
                        struct error *err)
{
    struct relay *r = xcalloc(1, sizeof *r);
    struct dns_setup setup = { .servers = o->dns,
                               .hosts = o->dns == NULL,
                               .wait_ms = (int)o->limits.dns_s * MS,
                               .cancel = cancel,
                               .log = log };
    r->options = o;
    r->log = log;
    r->cancel = cancel;
    if (o->relay == NULL || relay_host_read(o->relay, &r->smart, err) == 0)
        r->dns = dns_new(&setup, err);
    if (r->dns == NULL)
        relay_free(&r);
    return r;
}

void relay_free(struct relay **r)
{
    if (*r == NULL)
        return;
    dns_free(&(*r)->dns);
    free(*r);
    *r = NULL;
}

static void explain(struct attempt *a, enum relay_fate fate, unsigned code, const char *enhanced,
                    const char *host, const char *text)
{
    log_line(a->r->log, LOG_INFO, "relay %s: %s: %s", a->destination, host != NULL ? host : "-",
             text);
    if (a->has_why && fate == RELAY_REFUSED && a->why.fate != RELAY_REFUSED)
        return;
    relay_result(&a->why, fate, code, enhanced, host, text);
    a->has_why = true;
}

/* Why there was no connection. A host that greets with a 5xx is passed over like one that is down;
 * only 521 and 556 say that no mail will ever be taken there (RFC 7504). */
static void explain_open(struct attempt *a, const struct hop *h, const struct smtp_answer *refusal)
{
    bool never = refusal->code == 521 || refusal->code == 556;
    const char *text = refusal->code != 0 ? refusal->text : a->err->text;
    explain(a, never ? RELAY_REFUSED : RELAY_LATER, refusal->code,
            refusal->enhanced[0] != '\0' ? refusal->enhanced
            : never                      ? "5.3.2"
                                         : "4.4.1",
            h->host, text);
}

static struct smtp *hop_open(struct attempt *a, const struct hop *h, const char *address,
                             struct smtp_answer *refusal)
{
    struct relay *r = a->r;
    struct smtp_options o = { .endpoint = { .proto = NET_SMTP,
                                            .host = h->host,
                                            .port = h->port,
                                            .tls = h->tls,
                                            .opportunistic = h->opportunistic,
                                            .address = address,
                                            .ehlo_name = r->options->host,
                                            .ca_file = r->options->relay_ca,
                                            .greet_ms = (int)r->options->limits.reply_s * MS },
                              .cancel = r->cancel,
                              .log = r->options->trace ? r->log : NULL,
                              .connect_ms = (int)r->options->limits.connect_s * MS,
                              .wait_ms = (int)r->options->limits.reply_s * MS,
                              .dot_ms = (int)r->options->limits.dot_s * MS,
                              .total_ms = RELAY_TOTAL_S * MS,
                              .refusal = refusal };
    struct net_login login = { .user = r->options->relay_login.name,
                               .secret = str_c(r->options->relay_login.password) };
    o.login = login.user != NULL ? &login : NULL;
    struct smtp *s = smtp_open(&o, a->err);
    if (s != NULL || !h->opportunistic || a->err->code != ERR_TLS)
        return s;
    /* RFC 7435: what cannot be encrypted goes in the clear rather than not at all. */
    log_line(r->log, LOG_INFO, "relay %s: %s[%s]: %s: once more in the clear", a->destination,
             h->host, address, a->err->text);
    o.endpoint.tls = TLS_NONE;
    return smtp_open(&o, a->err);
}

/* RFC 5321 §5.1, §6.3: ourselves under another name. On another port of this host it is somebody
 * else. */
static bool peer_is_us(const struct relay *r, const struct smtp *s, const struct hop *h)
{
    int port = r->options->ports[PORT_SMTP];
    const char *name = smtp_peer_name(s);
    return r->smart.host[0] == '\0' && str_ieqc(str_c(name), r->options->host) &&
           !str_ieqc(str_c(name), "localhost") && (port <= 0 || port == h->port);
}

static enum step try_once(struct attempt *a, const struct hop *h, const char *address,
                          size_t *ended)
{
    struct smtp_answer refusal;
    struct smtp *s = hop_open(a, h, address, &refusal);
    *ended = 0;
    if (s == NULL && a->err->code == ERR_CANCELLED)
        return STEP_CANCELLED;
    if (s == NULL) {
        explain_open(a, h, &refusal);
        return STEP_NEXT;
    }
    enum step step = STEP_NEXT;
    if (peer_is_us(a->r, s, h))
        step = STEP_LOOP;
    else {
        struct relay_out out = { .smtp = s, .host = h->host };
        if (relay_out(&out, a->mails, a->n, ended, a->err) < 0)
            step = STEP_CANCELLED;
        else if (!relay_has_open(a->mails, a->n))
            step = STEP_DONE;
        else
            explain(a, RELAY_LATER, 0, "4.4.2", h->host, a->err->text);
    }
    smtp_close(&s);
    return step;
}

/* Some servers end a connection after so many messages: as long as some went through, it is worth
 * another. */
static enum step try_address(struct attempt *a, const struct hop *h, const char *address)
{
    enum step step = STEP_NEXT;
    size_t ended = 1;
    for (size_t i = 0; i < RELAY_AGAIN_MAX && step == STEP_NEXT && ended > 0; i++)
        step = try_once(a, h, address, &ended);
    return step;
}

static enum step try_hop(struct attempt *a, const struct hop *h)
{
    struct dns_addresses all;
    enum dns_result rc = dns_addresses(a->r->dns, h->host, &all, a->err);
    if (rc == DNS_FAILED && a->err->code == ERR_CANCELLED)
        return STEP_CANCELLED;
    /* A smart host that is not found is a mistake of ours, which is no reason to return mail. */
    bool later = rc == DNS_FAILED || a->r->smart.host[0] != '\0';
    if (rc != DNS_OK)
        explain(a, later ? RELAY_LATER : RELAY_REFUSED, 0, later ? "4.4.3" : "5.4.4", h->host,
                a->err->text);
    enum step step = STEP_NEXT;
    for (size_t i = 0; rc == DNS_OK && i < all.n && step == STEP_NEXT; i++)
        if (a->addresses++ < RELAY_ADDRESSES_MAX)
            step = try_address(a, h, all.text[i]);
    return step;
}

static enum step loops(struct attempt *a, const char *host)
{
    /* Better ones than ourselves were tried: that they are down is the reason. */
    if (!a->has_why)
        explain(a, RELAY_REFUSED, 0, "5.4.6", host,
                _("the mail for this domain leads back to this server, which does not keep it"));
    return STEP_DONE;
}

/* RFC 5321 §5.1: none that is not better than ourselves. */
static enum step try_mx(struct attempt *a, const struct dns_mx_list *list)
{
    enum step step = STEP_NEXT;
    for (size_t i = 0; i < list->n && step == STEP_NEXT; i++) {
        const struct dns_mx *mx = &list->mx[i];
        struct hop h = { .host = mx->host,
                         .port = (uint16_t)a->r->options->mx_port,
                         .tls = TLS_STARTTLS,
                         .opportunistic = true };
        bool us = false;
        for (size_t k = i; k < list->n && list->mx[k].preference == mx->preference; k++)
            us = us || str_ieqc(str_c(list->mx[k].host), a->r->options->host);
        step = us ? STEP_LOOP : try_hop(a, &h);
        if (step == STEP_LOOP)
            step = loops(a, mx->host);
    }
    return step;
}

static enum step try_domain(struct attempt *a)
{
    struct dns_mx_list list = { .n = 0 };
    char domain[DNS_NAME_MAX];
    if (dns_ascii(a->destination, domain, a->err) < 0) {
        explain(a, RELAY_REFUSED, 0, "5.1.2", NULL, a->err->text);
        return STEP_DONE;
    }
    enum dns_result rc = dns_mx(a->r->dns, domain, &list, a->err);
    if (rc == DNS_FAILED && a->err->code == ERR_CANCELLED)
        return STEP_CANCELLED;
    if (rc == DNS_FAILED || rc == DNS_NO_NAME) {
        explain(a, rc == DNS_FAILED ? RELAY_LATER : RELAY_REFUSED, 0,
                rc == DNS_FAILED ? "4.4.3" : "5.1.2", NULL, a->err->text);
        return STEP_DONE;
    }
    if (rc == DNS_NO_DATA) { /* RFC 5321 §5.1: the implicit MX */
        list.n = 1;
        snprintf(list.mx[0].host, sizeof list.mx[0].host, "%s", domain);
    } else if (list.mx[0].host[0] == '\0') {
        explain(a, RELAY_REFUSED, 0, "5.1.10", NULL,
                _("this domain takes no mail (null MX)")); /* RFC 7505 §4.1 */
        return STEP_DONE;
    }
    return try_mx(a, &list);
}

/* RFC 5321 §4.1.3 */
static enum step try_literal(struct attempt *a)
{
    struct str s = str_c(a->destination);
    char address[DNS_ADDRESS_MAX] = "";
    s = str_head(str_skip(s, 1), s.n - 2);
    str_ilit(&s, "IPv6:");
    if (s.n < sizeof address)
        snprintf(address, sizeof address, "%.*s", STR_ARG(s));
    if (!is_numeric(address)) {
        explain(a, RELAY_REFUSED, 0, "5.1.2", NULL, _("this is not the address of a host"));
        return STEP_DONE;
    }
    struct dns_mx_list list = { .n = 1 };
    snprintf(list.mx[0].host, sizeof list.mx[0].host, "%s", address);
    return try_mx(a, &list);
}

static enum step try_all(struct attempt *a)
{
    const struct relay_host *smart = &a->r->smart;
    struct str s = str_c(a->destination);
    if (smart->host[0] != '\0') {
        struct hop h = { smart->host, smart->port, smart->tls, smart->opportunistic };
        return try_hop(a, &h);
    }
    return s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']' ? try_literal(a) : try_domain(a);
}

int relay_send(struct relay *r, const char *destination, struct relay_mail *mails, size_t n,
               struct error *err)
{
    struct attempt a = { .r = r, .destination = destination, .mails = mails, .n = n, .err = err };
    relay_begin(mails, n);
    if (!relay_has_open(mails, n))
        return 0;
    enum step step = try_all(&a);
    if (step == STEP_CANCELLED || !a.has_why)
        relay_result(&a.why, RELAY_LATER, 0, NULL, NULL,
                     step == STEP_CANCELLED ? _("the attempt was broken off")
                                            : _("no server could be reached"));
    relay_close_open(mails, n, &a.why);
    return step == STEP_CANCELLED ? -1 : 0;
}
