/* SPDX-License-Identifier: MIT */
#include "net/imap_conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/words.h"
#include "net/trace.h"
#include "base/banned.h"

enum {
    IMAP_IN_MAX = 512 << 10,
    IMAP_KEEP_MAX = 1 << 20, /* literals that nobody wants in chunks */
    IMAP_LOGIN_LINES = 1000, /* responses before we are logged in */
    IMAP_LOGOUT_MS = 500,
    IMAP_PACKED_MAX = 512 << 10,
    IMAP_INFLATE_FREE = 64 << 20, /* bytes, before the ratio counts */
    IMAP_INFLATE_RATIO = 250      /* inflated to deflated, over the whole link; else it is a bomb */
};

int imap_protocol_error(struct imap *i, const char *what, struct error *err)
{
    log_line(i->log, LOG_INFO, "%s: %s", i->host, what);
    i->garbled = true;
    return error_set(err, ERR_PROTO, RETRY_LATER,
                     _("%s does not speak IMAP as it should: the connection was closed"), i->host);
}

/* What the grammar refused, as a fault of the server. */
static int bad_words(struct imap *i, struct error *err)
{
    i->garbled = true;
    err->code = ERR_PROTO;
    err->retry = RETRY_LATER;
    return error_prefix(err, _("%s sends what tmail cannot read: "), i->host);
}

static int tell(const struct imap_handler *h, const struct imap_resp *r, struct error *err)
{
    return h->resp == NULL ? 0 : h->resp(h->arg, r, err);
}

static bool is_event(const struct imap *i, const struct imap_resp *r)
{
    return r->kind == IMAP_EXISTS || r->kind == IMAP_EXPUNGE || r->kind == IMAP_FETCH ||
           r->kind == IMAP_VANISHED ||
           (i->noticing && (r->kind == IMAP_STATUS || r->kind == IMAP_LIST ||
                            r->code == CODE_NOTIFICATIONOVERFLOW));
}

void imap_caps_set(struct imap *i, const struct imap_resp *r)
{
    i->caps = r->caps & ~(i->lies != NULL ? *i->lies : 0);
    i->append_limit = r->append_limit;
    i->caps_known = true;
}

void imap_lie(struct imap *i, uint64_t caps)
{
    i->caps &= ~caps;
    if (i->lies != NULL)
        *i->lies |= caps;
}

static int said_bye(struct imap *i, const struct imap_resp *r, struct error *err)
{
    char words[NET_WORDS_MAX];
    net_words(words, sizeof words, r->text);
    return error_set(err, ERR_NET, RETRY_LATER, _("%s closes the connection: %s"), i->host, words);
}

static int on_untagged(struct imap *i, const struct imap_resp *r, struct error *err)
{
    const struct imap_handler *h = i->commands ? &i->commands->h : &i->unsolicited;
    if (r->kind == IMAP_BYE && !i->closing)
        return said_bye(i, r, err);
    if (r->kind == IMAP_CONTINUE) {
        if (i->plus == PLUS_WANTED)
            i->plus = PLUS_GOT;
        else
            return tell(&i->challenge, r, err);
        return 0;
    }
    if (r->code == CODE_ALERT && h->resp != NULL && tell(&i->unsolicited, r, err) < 0)
        return -1;
    if (h->resp == NULL)
        h = &i->unsolicited;
    i->event = i->event || is_event(i, r);
    return tell(h, r, err);
}

/* The server offers caps and does not know them. What was to be done with them is done without on the
 * next link: not on this one, where a literal was perhaps taken for commands, and what comes next are
 * answers to what nobody said. */
static int not_known(struct imap *i, uint64_t caps, struct error *err)
{
    imap_lie(i, caps);
    return error_set(err, ERR_NET, RETRY_LATER, _("%s refused the rest of what was being sent"),
                     i->host);
}

/* What of the server's capabilities c was built on. */
static uint64_t needed(const struct imap *i, const struct command *c)
{
    return ((c->traits & TRAIT_LITERAL_PLUS) ? CAP_LITERAL_PLUS | CAP_LITERAL_MINUS : 0) |
           ((c->traits & TRAIT_MOVES) ? i->caps & CAP_MOVE : 0);
}

static int deflate_begin(struct imap *i, struct error *err)
{
    static const struct deflate_options options = {
        .window_bits = 15, .memory = 8, .free = IMAP_INFLATE_FREE, .ratio = IMAP_INFLATE_RATIO
    };
    i->deflater = deflater_new(&options, err);
    return i->deflater != NULL ? 0 : -1;
}

static int answered(struct imap *i, struct command *c, const struct imap_resp *r, struct error *err)
{
    int rc = imap_drop_unsent(i, c, err);
    imap_command_done(i, c, r);
    return rc == 0 && i->misnamed ? not_known(i, 0, err) : rc;
}

static int on_tagged(struct imap *i, const struct imap_resp *r, struct error *err)
{
    struct command *c = i->commands;
    while (c != NULL && !str_eqc(r->tag, c->tag))
        c = c->next;
    if (c == NULL || i->sent <= c->start)
        return imap_protocol_error(i, "an answer to what was not asked", err);
    if (r->kind != IMAP_OK && r->kind != IMAP_NO && r->kind != IMAP_BAD)
        return imap_protocol_error(i, "an answer that is none of OK, NO, BAD", err);
    if (r->kind != IMAP_OK)
        log_line(i->log, LOG_INFO, "%s: %s %s: %.*s", i->host, c->tag,
                 r->kind == IMAP_NO ? "NO" : "BAD", STR_ARG(str_head(r->text, 200)));
    if (r->kind == IMAP_BAD && needed(i, c) != 0)
        return not_known(i, needed(i, c), err);
    if (r->kind == IMAP_OK && (c->traits & TRAIT_COMPRESSES) && deflate_begin(i, err) < 0)
        return -1;
    return answered(i, c, r, err);
}

static int on_line(struct imap *i, const struct wire_node *line, struct error *err)
{
    struct imap_resp r;
    if (++i->lines > i->lines_max)
        return error_set(err, ERR_PROTO, RETRY_LATER, _("%s says more than tmail can take"),
                         i->host);
    if (line == NULL) /* some servers set one behind a literal */
        return 0;
    trace_in_imap(i->log, i->host, line);
    if (wire_imap_resp(line, &r, err) < 0)
        return bad_words(i, err);
    if (r.kind == IMAP_CAPABILITY || r.code == CODE_CAPABILITY)
        imap_caps_set(i, &r);
    if (r.kind == IMAP_ENABLED)
        i->enabled |= r.caps;
    imap_names_read(i, &r);
    return r.tag.n > 0 ? on_tagged(i, &r, err) : on_untagged(i, &r, err);
}

/* "* 12 FETCH (... BODY[]": who wants the bytes, and of which message. */
static bool wants_chunks(struct imap *i, const struct wire_node *line, uint64_t size)
{
    const struct wire_node *n = wire_nth(line, 3);
    uint32_t seq = 0;
    if (i->commands == NULL || i->commands->h.chunk == NULL || !wire_is(wire_nth(line, 0), "*") ||
        wire_u32(wire_nth(line, 1), &seq) < 0 || !wire_is(wire_nth(line, 2), "FETCH") ||
        n == NULL || n->kind != WIRE_LIST || n->child == NULL ||
        (i->commands->h.chunk_max > 0 && size > i->commands->h.chunk_max))
        return false;
    for (n = n->child; n->next != NULL;)
        n = n->next;
    if (n->kind != WIRE_ATOM || !str_istarts(n->s, "BODY["))
        return false;
    i->streaming = i->commands->h;
    i->streaming_seq = seq;
    return true;
}

static void on_announce(struct imap *i, const struct wire_node *line)
{
    uint64_t size = wire_imap_literal(i->parser)->size;
    i->streaming = (struct imap_handler){ 0 };
    if (!wants_chunks(i, line, size) && size <= IMAP_KEEP_MAX)
        wire_imap_keep(i->parser);
}

static int on_chunk(struct imap *i, struct error *err)
{
    bool last = false;
    struct str bytes = wire_imap_chunk(i->parser, &last);
    if (i->streaming.chunk == NULL)
        return 0;
    return i->streaming.chunk(i->streaming.arg, i->streaming_seq, bytes, last, err);
}

/* A line; what stands behind the answer to COMPRESS is deflated. */
static int on_whole(struct imap *i, const struct wire_node *line, struct str *rest,
                    struct error *err)
{
    bool before = i->deflater != NULL;
    int rc = on_line(i, line, err);
    if (!before && i->deflater != NULL) {
        buf_add_str(&i->raw, *rest);
        *rest = str_skip(*rest, rest->n);
    }
    return rc;
}

static int dispatch(struct imap *i, struct error *err)
{
    struct str in = buf_str(&i->in);
    const struct wire_node *line = NULL;
    int rc = 0;
    while (rc == 0) {
        switch (wire_imap_next(i->parser, &in, &line, err)) {
        case WIRE_OK:
            rc = on_whole(i, line, &in, err);
            break;
        case WIRE_ANNOUNCE:
            on_announce(i, line);
            break;
        case WIRE_CHUNK:
            rc = on_chunk(i, err);
            break;
        case WIRE_BAD:
            rc = bad_words(i, err);
            break;
        case WIRE_MORE:
            buf_clear(&i->in);
            return 0;
        }
    }
    buf_clear(&i->in);
    return -1;
}

/* Inflates what is there as far as it has room. 0, 2 when there was nothing, -1 */
static int inflate_in(struct imap *i, struct error *err)
{
    struct str raw = buf_str(&i->raw);
    if (raw.n == 0 && !deflater_full(i->deflater))
        return 2;
    do {
        if (deflater_read(i->deflater, &raw, &i->in) < 0) {
            imap_lie(i, CAP_COMPRESS);
            return imap_protocol_error(i, "what comes is not deflated as it should be", err);
        }
    } while ((raw.n > 0 || deflater_full(i->deflater)) && i->in.max - i->in.len >= DEFLATE_STEP);
    buf_consume(&i->raw, i->raw.len - raw.n);
    return 0;
}

int imap_pump_in(struct imap *i, struct error *err)
{
    int rc = i->deflater != NULL ? inflate_in(i, err) : 2;
    if (rc == 2) {
        rc = stream_read(i->stream, i->deflater != NULL ? &i->raw : &i->in, 0, err);
        if (rc == 1)
            return stream_ended(i->stream, rc, 0, err);
        if (rc == 0 && i->deflater != NULL)
            rc = inflate_in(i, err);
    }
    return rc == 0 ? dispatch(i, err) : rc;
}

int imap_step(struct imap *i, int wait_ms, struct error *err)
{
    bool blocked = false;
    if (imap_pump_out(i, &blocked, err) < 0)
        return -1;
    int rc = imap_pump_in(i, err);
    if (rc != 2)
        return rc;
    rc = stream_wait(i->stream, blocked, -1, wait_ms, err);
    return rc == 2 ? stream_ended(i->stream, rc, wait_ms, err) : rc;
}

int imap_usable(struct imap *i, struct error *err)
{
    if (i->unfit)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("a command has what no command may have"));
    if (i->broken)
        return error_set(err, ERR_NET, RETRY_NOW, _("the connection to %s is closed"), i->host);
    return 0;
}

int imap_run(struct imap *i, struct error *err)
{
    int rc = imap_usable(i, err);
    while (rc == 0 && i->commands != NULL)
        rc = imap_step(i, i->wait_ms, err);
    return rc < 0 ? imap_break_off(i) : 0;
}

struct once {
    struct imap *imap;
    const struct imap_handler *h;
    struct error *err;
    int rc;
};

static int once_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct once *o = arg;
    return tell(o->h, r, err);
}

static int once_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    struct once *o = arg;
    return o->h->chunk(o->h->arg, seq, bytes, last, err);
}

static int refused(const struct imap *i, const struct imap_resp *r, struct error *err)
{
    char words[NET_WORDS_MAX];
    net_words(words, sizeof words, r->text);
    if (r->kind == IMAP_BAD)
        return error_set(err, ERR_PROTO, RETRY_NEVER, _("%s does not understand: %s"), i->host,
                         words);
    bool later = r->code == CODE_OVERQUOTA || imap_passes(r->code, r->text, false);
    return error_set(err, ERR_REFUSED, later ? RETRY_LATER : RETRY_NEVER, _("%s refuses: %s"),
                     i->host, words);
}

static void once_done(void *arg, const struct imap_resp *r)
{
    struct once *o = arg;
    if (o->h != NULL && o->h->done != NULL)
        o->h->done(o->h->arg, r);
    if (r != NULL)
        o->rc = r->kind == IMAP_OK ? 0 : refused(o->imap, r, o->err);
}

int imap_command_pieces(struct imap *i, const struct str *pieces, size_t n,
                        const struct imap_handler *h, struct error *err)
{
    struct error refusal = { 0 };
    struct once o = { .imap = i, .h = h, .err = &refusal, .rc = -1 };
    struct imap_handler wrap = { .done = once_done, .arg = &o };
    if (h != NULL && h->resp != NULL)
        wrap.resp = once_resp;
    if (h != NULL && h->chunk != NULL) {
        wrap.chunk = once_chunk;
        wrap.chunk_max = h->chunk_max;
    }
    imap_queue_pieces(i, pieces, n, &wrap);
    if (imap_run(i, err) < 0)
        return -1;
    if (o.rc < 0)
        *err = refusal;
    return o.rc;
}

int imap_command(struct imap *i, struct str cmd, const struct imap_handler *h, struct error *err)
{
    return imap_command_pieces(i, &cmd, 1, h, err);
}

struct imap *imap_open(const struct imap_options *o, struct error *err)
{
    static const struct wire_imap_limits limits = {
        .line_max = WIRE_LINE_MAX,
        .depth_max = WIRE_DEPTH_MAX,
        .nodes_max = WIRE_NODES_MAX,
        .memory_max = WIRE_MEMORY_MAX,
        .literal_keep = 0,         /* all are announced: on_announce decides */
        .literal_max = UINT32_MAX, /* RFC 3501 §9, literal: a number of 32 bits */
    };
    struct buf said = BUF_INIT(64 << 10);
    struct imap *i = xcalloc(1, sizeof *i);
    i->commands_end = &i->commands;
    i->segments_end = &i->segments;
    i->log = o->log;
    i->wait_ms = o->wait_ms;
    i->enable = o->enable;
    i->lies = o->lies;
    i->expected = o->early != NULL ? o->expected : 0;
    i->early = o->early;
    i->early_arg = o->early_arg;
    i->facts = o->facts;
    i->lines_max = IMAP_LOGIN_LINES;
    buf_init(&i->in, IMAP_IN_MAX);
    buf_init(&i->raw, IMAP_IN_MAX);
    buf_init(&i->packed, IMAP_PACKED_MAX);
    for (size_t k = 0; k < COUNT(i->names); k++)
        buf_init(&i->names[k], IMAP_KEEP_MAX);
    snprintf(i->host, sizeof i->host, "%s", o->endpoint.host);
    i->parser = wire_imap_new(WIRE_CLIENT, &limits);
    i->stream = stream_open(&o->endpoint, o->connect_ms, o->cancel, o->log, &said, &i->secure, err);
    if (i->stream != NULL && i->facts != NULL)
        i->facts->tls = *stream_facts(i->stream);
    if (i->stream == NULL)
        imap_not_greeted(i, buf_str(&said), err);
    i->broken = i->stream == NULL || imap_greet(i, o, buf_str(&said), err) < 0;
    if (i->broken || (!i->preauth && imap_log_in(i, o->login, &o->endpoint, err) < 0) ||
        (!i->caps_known && imap_command(i, STR("CAPABILITY"), NULL, err) < 0))
        imap_close(&i);
    else {
        i->lines_max = IMAP_LINES_MAX;
        i->hello_due = !i->hello_said;
        i->facts = NULL;
    }
    buf_free(&said);
    return i;
}

bool imap_preauth(const struct imap *i)
{
    return i->preauth;
}

uint64_t imap_caps(const struct imap *i)
{
    return i->caps;
}

uint64_t imap_enabled(const struct imap *i)
{
    return i->enabled;
}

uint64_t imap_append_limit(const struct imap *i)
{
    return i->append_limit;
}

bool imap_compressed(const struct imap *i)
{
    return i->deflater != NULL;
}

bool imap_secure(const struct imap *i)
{
    return i->secure;
}

void imap_on_unsolicited(struct imap *i,
                         int (*resp)(void *arg, const struct imap_resp *r, struct error *err),
                         void *arg)
{
    i->unsolicited = (struct imap_handler){ .resp = resp, .arg = arg };
}

/* What LOGOUT is answered changes nothing; waiting for it lets the server close in peace. */
static void log_out(struct imap *i)
{
    int64_t deadline = clock_mono_ms() + IMAP_LOGOUT_MS;
    struct error err;
    i->closing = true;
    i->hello_due = false;
    imap_queue(i, STR("LOGOUT"), NULL);
    while (i->commands != NULL)
        if (clock_left_ms(deadline) == 0 || imap_step(i, clock_left_ms(deadline), &err) < 0)
            break;
}

void imap_close(struct imap **i)
{
    if (*i == NULL)
        return;
    if (!(*i)->broken && (*i)->commands == NULL)
        log_out(*i);
    imap_break_off(*i);
    if ((*i)->commands != NULL)
        imap_break_off(*i); /* what the handlers queued when they heard of the end */
    stream_close(&(*i)->stream);
    wire_imap_free(&(*i)->parser);
    deflater_free(&(*i)->deflater);
    buf_free(&(*i)->in);
    buf_free(&(*i)->raw);
    buf_free(&(*i)->packed);
    for (size_t k = 0; k < COUNT((*i)->names); k++)
        buf_free(&(*i)->names[k]);
    free(*i);
    *i = NULL;
}
