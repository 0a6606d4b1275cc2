/* SPDX-License-Identifier: MIT */
#include "sync/rank.h"

#include "base/banned.h"

bool find_is_inside(struct str host, struct str domain)
{
    if (str_ieq(host, domain))
        return true;
    return host.n > domain.n + 1 && host.p[host.n - domain.n - 1] == '.' &&
           str_ieq(str_skip(host, host.n - domain.n), domain);
}

bool find_is_here(struct str host)
{
    return str_eqc(host, "127.0.0.1") || str_eqc(host, "::1") || str_ieqc(host, "localhost");
}

static bool is_same(const struct find_server *a, const struct find_server *b)
{
    return a->proto == b->proto && a->port == b->port && str_ieq(a->host, b->host);
}

void find_offer_add(struct find_offer *o, const struct find_server *server)
{
    if (o->n >= FIND_SERVERS_MAX || (server->tls == TLS_NONE && !find_is_here(server->host)))
        return;
    for (size_t i = 0; i < o->n; i++)
        if (is_same(&o->servers[i], server))
            return;
    o->servers[o->n++] = *server;
}

static bool is_sending(const struct find_server *s)
{
    return s->proto == NET_SMTP;
}

static bool has(const struct find_offer *o, bool sending)
{
    for (size_t i = 0; i < o->n; i++)
        if (is_sending(&o->servers[i]) == sending)
            return true;
    return false;
}

/* Smaller is better. */
static int worth(const struct find_server *s)
{
    return (s->proto == NET_POP3 ? 4 : 0) + (int)s->tls;
}

static size_t take(const struct find_offer *o, bool sending, struct find_server *out)
{
    size_t n = 0;
    for (size_t i = 0; i < o->n; i++) {
        if (is_sending(&o->servers[i]) != sending)
            continue;
        size_t at = n++;
        for (; at > 0 && worth(&out[at - 1]) > worth(&o->servers[i]); at--)
            out[at] = out[at - 1];
        out[at] = o->servers[i];
    }
    return n;
}

static const struct find_offer *first_with(const struct find_offer *offers, bool sending)
{
    for (size_t i = 0; i < FIND_SOURCES; i++)
        if (has(&offers[i], sending))
            return &offers[i];
    return NULL;
}

static int choose(const struct find_offer *offers, const struct find_offer *receive,
                  const struct find_offer *send, struct find_choice *out)
{
    *out = (struct find_choice){ .offer = receive != NULL ? receive : send };
    if (out->offer == NULL)
        return -1;
    out->source = (enum find_source)(out->offer - offers);
    out->receive_n = receive != NULL ? take(receive, false, out->receive) : 0;
    out->send_n = send != NULL ? take(send, true, out->send) : 0;
    return 0;
}

int find_choose(const struct find_offer *offers, bool time_is_up, struct find_choice *out)
{
    bool waiting = false;
    for (size_t i = 0; i < FIND_SOURCES; i++) {
        waiting |= !offers[i].over; /* its own better servers may still come, too */
        if (has(&offers[i], false) && has(&offers[i], true) && (!waiting || time_is_up))
            return choose(offers, &offers[i], &offers[i], out);
    }
    if (waiting && !time_is_up)
        return 1;
    return choose(offers, first_with(offers, false), first_with(offers, true), out);
}

void find_fill(struct str text, struct str address, struct buf *out)
{
    size_t at = str_rfind(address, '@');
    while (text.n > 0) {
        if (str_lit(&text, "%EMAILADDRESS%") == 0)
            buf_add_str(out, address);
        else if (str_lit(&text, "%EMAILLOCALPART%") == 0)
            buf_add_str(out, str_head(address, at));
        else if (str_lit(&text, "%EMAILDOMAIN%") == 0)
            buf_add_str(out, str_skip(address, at + 1));
        else {
            buf_addc(out, text.p[0]);
            text = str_skip(text, 1);
        }
    }
}
