/* SPDX-License-Identifier: MIT */
#include "decode/servers.h"

#include <libxml/parser.h>

#include "base/banned.h"

enum { LEVEL_ROOT = 1, LEVEL_PROVIDER, LEVEL_SERVER, LEVEL_FIELD };

struct reader {
    struct arena *arena;
    struct decode_servers *out;
    xmlParserCtxtPtr ctxt;
    unsigned depth, elements;
    bool bad, is_config, in_provider, in_server, in_field;
    bool broken; /* the server at hand has a value that no server has */
    struct decode_server server;
    struct buf text;
};

static void give_up(struct reader *r)
{
    r->bad = true;
    xmlStopParser(r->ctxt);
}

static bool is(const xmlChar *name, const char *what)
{
    return strcmp((const char *)name, what) == 0;
}

static const xmlChar *attribute(const xmlChar **atts, const char *name)
{
    for (; atts != NULL && atts[0] != NULL; atts += 2)
        if (is(atts[0], name))
            return atts[1];
    return NULL;
}

/* Other types (an "exchange", say) are none of ours. */
static void server_start(struct reader *r, const xmlChar *name, const xmlChar **atts)
{
    const xmlChar *type = attribute(atts, "type");
    bool incoming = is(name, "incomingServer"), outgoing = is(name, "outgoingServer");
    r->server = (struct decode_server){ 0 };
    r->broken = false;
    r->in_server = true;
    if (type != NULL && incoming && is(type, "imap"))
        r->server.proto = DECODE_IMAP;
    else if (type != NULL && incoming && is(type, "pop3"))
        r->server.proto = DECODE_POP3;
    else if (outgoing && (type == NULL || is(type, "smtp")))
        r->server.proto = DECODE_SMTP;
    else
        r->in_server = false;
}

static void on_start(void *arg, const xmlChar *name, const xmlChar **atts)
{
    struct reader *r = arg;
    if (++r->depth > SERVERS_DEPTH_MAX || ++r->elements > SERVERS_ELEMENTS_MAX) {
        give_up(r);
    } else if (r->depth == LEVEL_ROOT) {
        r->is_config = is(name, "clientConfig");
        if (!r->is_config)
            give_up(r);
    } else if (r->depth == LEVEL_PROVIDER)
        r->in_provider = is(name, "emailProvider");
    else if (r->depth == LEVEL_SERVER && r->in_provider) {
        server_start(r, name, atts);
        r->in_field = is(name, "displayName");
        buf_clear(&r->text);
    } else if (r->depth == LEVEL_FIELD && r->in_server) {
        r->in_field = true;
        buf_clear(&r->text);
    }
}

static void set_text(struct reader *r, struct str *to, struct str value)
{
    if (!str_is_line(value) || r->text.over)
        r->broken = true;
    else
        *to = arena_str(r->arena, value);
}

static void set_socket(struct reader *r, struct str value)
{
    if (str_ieqc(value, "SSL") || str_ieqc(value, "TLS"))
        r->server.tls = DECODE_TLS;
    else if (str_ieqc(value, "STARTTLS"))
        r->server.tls = DECODE_STARTTLS;
    else
        r->server.tls = DECODE_PLAIN;
}

static void set_login(struct reader *r, struct str value)
{
    if (str_ieqc(value, "OAuth2"))
        r->server.oauth = true;
    else if (str_istarts(value, "password-") || str_ieqc(value, "plain") ||
             str_ieqc(value, "secure"))
        r->server.password = true;
}

static void field_end(struct reader *r, const xmlChar *name)
{
    struct str value = str_trim(buf_str(&r->text)), rest = value;
    uint32_t port;
    if (is(name, "hostname"))
        set_text(r, &r->server.host, value);
    else if (is(name, "username"))
        set_text(r, &r->server.user, value);
    else if (is(name, "socketType"))
        set_socket(r, value);
    else if (is(name, "authentication"))
        set_login(r, value);
    else if (is(name, "port")) {
        bool ok = str_u32(&rest, &port) == 0 && rest.n == 0 && port > 0 && port <= UINT16_MAX;
        r->broken |= !ok;
        r->server.port = ok ? (uint16_t)port : 0;
    }
}

static void server_end(struct reader *r)
{
    if (r->broken || r->server.host.n == 0 || r->server.port == 0 ||
        r->out->n >= DECODE_SERVERS_MAX)
        return;
    r->out->servers[r->out->n++] = r->server;
}

static void on_end(void *arg, const xmlChar *name)
{
    struct reader *r = arg;
    if (r->depth == LEVEL_FIELD && r->in_field && r->in_server)
        field_end(r, name);
    else if (r->depth == LEVEL_SERVER && r->in_server)
        server_end(r);
    else if (r->depth == LEVEL_SERVER && r->in_field && !r->text.over &&
             str_is_line(str_trim(buf_str(&r->text))))
        r->out->name = arena_str(r->arena, str_trim(buf_str(&r->text)));
    if (r->depth <= LEVEL_FIELD)
        r->in_field = false;
    if (r->depth <= LEVEL_SERVER)
        r->in_server = false;
    if (r->depth <= LEVEL_PROVIDER)
        r->in_provider = false;
    r->depth--;
}

static void on_text(void *arg, const xmlChar *p, int n)
{
    struct reader *r = arg;
    if (r->in_field && n > 0)
        buf_add(&r->text, p, (size_t)n);
}

/* A document type has nothing that is needed, and room for all that is not wanted. */
static void on_doctype(void *arg, const xmlChar *name, const xmlChar *id, const xmlChar *uri)
{
    (void)name, (void)id, (void)uri;
    give_up(arg);
}

static void on_error(void *arg, const char *fmt, ...)
{
    (void)arg, (void)fmt;
}

int servers_read(struct arena *a, struct str xml, struct decode_servers *out)
{
    xmlSAXHandler sax = { .startElement = on_start,
                          .endElement = on_end,
                          .characters = on_text,
                          .cdataBlock = on_text,
                          .internalSubset = on_doctype,
                          .warning = on_error,
                          .error = on_error };
    struct reader r = { .arena = a, .out = out };
    *out = (struct decode_servers){ 0 };
    out->servers = arena_array(a, DECODE_SERVERS_MAX, sizeof *out->servers);
    buf_init(&r.text, SERVERS_FIELD_MAX);
    r.ctxt = xmlCreatePushParserCtxt(&sax, &r, NULL, 0, NULL);
    if (r.ctxt == NULL)
        return -1;
    xmlCtxtUseOptions(r.ctxt, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    int rc = xmlParseChunk(r.ctxt, xml.p, (int)xml.n, 1);
    bool ok = rc == 0 && r.ctxt->wellFormed && !r.bad && r.is_config;
    if (r.ctxt->myDoc != NULL)
        xmlFreeDoc(r.ctxt->myDoc);
    xmlFreeParserCtxt(r.ctxt);
    buf_free(&r.text);
    return ok ? 0 : -1;
}
