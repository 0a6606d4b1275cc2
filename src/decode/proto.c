/* SPDX-License-Identifier: MIT */
#include "decode/proto.h"

#include "base/i18n.h"
#include "base/banned.h"

static void put_u32(struct buf *out, uint32_t v)
{
    unsigned char b[4] = { (unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16),
                           (unsigned char)(v >> 24) };
    buf_add(out, b, sizeof b);
}

static void put_str(struct buf *out, struct str s)
{
    put_u32(out, (uint32_t)s.n);
    buf_add_str(out, s);
}

static int get_u32(struct str *in, unsigned *v)
{
    if (in->n < 4)
        return -1;
    const unsigned char *b = (const unsigned char *)in->p;
    *v = (unsigned)b[0] | (unsigned)b[1] << 8 | (unsigned)b[2] << 16 | (unsigned)b[3] << 24;
    *in = str_skip(*in, 4);
    return 0;
}

static int get_str(struct str *in, struct str *s)
{
    unsigned n;
    if (get_u32(in, &n) != 0 || n > in->n)
        return -1;
    *s = str_head(*in, n);
    *in = str_skip(*in, n);
    return 0;
}

void proto_head(struct buf *out, enum proto_kind kind, size_t length)
{
    put_u32(out, kind);
    put_u32(out, (uint32_t)length);
}

int proto_frame(struct str *in, size_t max, unsigned *kind, struct str *payload)
{
    struct str rest = *in;
    unsigned n;
    if (get_u32(&rest, kind) != 0 || get_u32(&rest, &n) != 0)
        return 1;
    if (n > max)
        return -1;
    if (rest.n < n)
        return 1;
    *payload = str_head(rest, n);
    *in = str_skip(rest, n);
    return 0;
}

void proto_text_ask_put(struct buf *out, const struct proto_text_ask *ask)
{
    put_u32(out, ask->encoding);
    put_u32(out, ask->flags);
    put_u32(out, ask->width);
    put_str(out, ask->type);
    put_str(out, ask->charset);
}

int proto_text_ask_get(struct str in, struct proto_text_ask *ask)
{
    bool ok = get_u32(&in, &ask->encoding) == 0 && get_u32(&in, &ask->flags) == 0 &&
              get_u32(&in, &ask->width) == 0 && get_str(&in, &ask->type) == 0 &&
              get_str(&in, &ask->charset) == 0 && in.n == 0;
    return ok ? 0 : -1;
}

void proto_text_put(struct buf *out, const struct decode_text *text)
{
    size_t spans_n = text->spans_n < PROTO_SPANS_MAX ? text->spans_n : PROTO_SPANS_MAX;
    size_t links_n = text->links_n < PROTO_LINKS_MAX ? text->links_n : PROTO_LINKS_MAX;
    put_u32(out, text->damage);
    put_u32(out, text->trackers);
    put_u32(out, text->pictures);
    put_u32(out, (uint32_t)spans_n);
    put_u32(out, (uint32_t)links_n);
    for (size_t i = 0; i < spans_n; i++) {
        put_u32(out, (uint32_t)text->spans[i].start);
        put_u32(out, (uint32_t)text->spans[i].length);
        put_u32(out, text->spans[i].kind);
        put_u32(out, text->spans[i].level);
    }
    for (size_t i = 0; i < links_n; i++) {
        put_u32(out, text->links[i].lies);
        put_str(out, text->links[i].target);
        put_str(out, text->links[i].text);
    }
    put_str(out, text->text);
}

static int get_span(struct str *in, struct decode_span *span)
{
    unsigned start, length, kind;
    if (get_u32(in, &start) != 0 || get_u32(in, &length) != 0 || get_u32(in, &kind) != 0 ||
        get_u32(in, &span->level) != 0 || kind > SPAN_DIFF_HUNK)
        return -1;
    span->start = start;
    span->length = length;
    span->kind = kind;
    return 0;
}

static int get_link(struct str *in, struct decode_link *link)
{
    unsigned lies;
    if (get_u32(in, &lies) != 0 || get_str(in, &link->target) != 0 || get_str(in, &link->text) != 0)
        return -1;
    link->lies = lies != 0;
    return 0;
}

/* Every span inside the text, every link span inside the links. */
static bool text_holds(const struct decode_text *t)
{
    for (size_t i = 0; i < t->spans_n; i++) {
        const struct decode_span *s = &t->spans[i];
        if (s->start > t->text.n || s->length > t->text.n - s->start)
            return false;
        if (s->kind == SPAN_LINK && s->level >= t->links_n)
            return false;
    }
    return true;
}

static int text_get(struct arena *a, struct str in, struct decode_text *t)
{
    unsigned spans_n, links_n;
    if (get_u32(&in, &t->damage) != 0 || get_u32(&in, &t->trackers) != 0 ||
        get_u32(&in, &t->pictures) != 0 || get_u32(&in, &spans_n) != 0 ||
        get_u32(&in, &links_n) != 0 || spans_n > PROTO_SPANS_MAX || links_n > PROTO_LINKS_MAX)
        return -1;
    t->spans_n = spans_n;
    t->links_n = links_n;
    t->spans = arena_array(a, spans_n, sizeof *t->spans);
    t->links = arena_array(a, links_n, sizeof *t->links);
    for (size_t i = 0; i < spans_n; i++)
        if (get_span(&in, &t->spans[i]) != 0)
            return -1;
    for (size_t i = 0; i < links_n; i++)
        if (get_link(&in, &t->links[i]) != 0)
            return -1;
    return get_str(&in, &t->text) == 0 && in.n == 0 && text_holds(t) ? 0 : -1;
}

int proto_text_get(struct arena *a, struct str in, struct decode_text *text, struct error *err)
{
    *text = (struct decode_text){ 0 };
    if (text_get(a, in, text) == 0)
        return 0;
    *text = (struct decode_text){ 0 };
    return error_set(err, ERR_PARSE, RETRY_NEVER, _("the decoder's answer makes no sense"));
}

void proto_servers_put(struct buf *out, const struct decode_servers *servers)
{
    put_str(out, servers->name);
    put_u32(out, (uint32_t)servers->n);
    for (size_t i = 0; i < servers->n; i++) {
        const struct decode_server *s = &servers->servers[i];
        put_u32(out, s->proto);
        put_u32(out, s->tls);
        put_u32(out, s->port);
        put_u32(out, s->password);
        put_u32(out, s->oauth);
        put_str(out, s->host);
        put_str(out, s->user);
    }
}

static int get_server(struct str *in, struct decode_server *s)
{
    unsigned proto, tls, port, password, oauth;
    if (get_u32(in, &proto) != 0 || get_u32(in, &tls) != 0 || get_u32(in, &port) != 0 ||
        get_u32(in, &password) != 0 || get_u32(in, &oauth) != 0 || get_str(in, &s->host) != 0 ||
        get_str(in, &s->user) != 0 || proto > DECODE_SMTP || tls > DECODE_TLS || port == 0 ||
        port > UINT16_MAX || !str_is_line(s->host) || !str_is_line(s->user))
        return -1;
    s->proto = proto;
    s->tls = tls;
    s->port = (uint16_t)port;
    s->password = password != 0;
    s->oauth = oauth != 0;
    return 0;
}

int proto_servers_get(struct arena *a, struct str in, struct decode_servers *servers,
                      struct error *err)
{
    unsigned n = 0;
    bool ok = get_str(&in, &servers->name) == 0 && str_is_line(servers->name) &&
              get_u32(&in, &n) == 0 && n <= DECODE_SERVERS_MAX;
    servers->n = ok ? n : 0;
    servers->servers = arena_array(a, servers->n, sizeof *servers->servers);
    for (size_t i = 0; i < servers->n && ok; i++)
        ok = get_server(&in, &servers->servers[i]) == 0;
    if (ok && in.n == 0)
        return 0;
    *servers = (struct decode_servers){ 0 };
    return error_set(err, ERR_PARSE, RETRY_NEVER, _("the decoder's answer makes no sense"));
}
