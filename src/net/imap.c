/* SPDX-License-Identifier: MIT */
#include "net/imap.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/words.h"
#include "wire/imap_cmd.h"
#include "wire/imap_name.h"
#include "base/banned.h"

enum {
    IMAP_IN_MAX = 512 << 10,
    IMAP_SEGMENT_MAX = 1 << 20,
    IMAP_READ_SIZE = 64 << 10,
    IMAP_KEEP_MAX = 1 << 20,   /* literals that nobody wants in chunks */
    IMAP_LOGIN_LINES = 1000,   /* responses before we are logged in */
    IMAP_LINES_MAX = 16 << 20, /* responses to one command */
    IMAP_IDLE_MS = 28 * 60000, /* RFC 2177: less than 29 minutes */
    IMAP_LOGOUT_MS = 500
};

struct command {
    struct command *next;
    char tag[16];
    uint64_t start; /* of the stream of bytes we send */
    struct imap_handler h;
};

/* A piece of what is to be sent: bytes, or what read gives. */
struct segment {
    struct segment *next;
    struct buf bytes;
    size_t pos;
    const struct command *owner; /* of a literal and what follows it; NULL: bytes of any commands */
    bool wait_plus;              /* only after a continuation request */
    uint64_t left, offset;       /* of read */
    int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err);
    void *read_arg;
};

enum plus_state { PLUS_NONE, PLUS_WANTED, PLUS_GOT };

struct imap {
    struct stream *stream;
    struct wire_imap *parser;
    struct log *log;
    struct buf in;
    struct command *commands, **commands_end; /* oldest first */
    struct segment *segments, **segments_end;
    uint64_t queued, sent; /* bytes, since the beginning */
    uint64_t lines, lines_max;
    unsigned next_tag, caps;
    enum plus_state plus;
    int wait_ms;
    bool secure, preauth, broken, closing, caps_known, event, unfit;
    struct imap_handler unsolicited;
    struct imap_handler streaming; /* who gets the chunks of the literal under way */
    uint32_t streaming_seq;
    char host[256];
};

static int protocol_error(struct imap *i, const char *what, struct error *err)
{
    log_line(i->log, LOG_INFO, "%s: %s", i->host, what);
    return error_set(err, ERR_PROTO, RETRY_LATER,
                     _("%s does not speak IMAP as it should: the connection was closed"), i->host);
}

/* ------------------------------------------------------------------ what is to be sent */

static struct segment *segment_add(struct imap *i, const struct command *owner, bool wait_plus)
{
    struct segment *g = xcalloc(1, sizeof *g);
    buf_init(&g->bytes, IMAP_SEGMENT_MAX);
    g->owner = owner;
    g->wait_plus = wait_plus;
    *i->segments_end = g;
    i->segments_end = &g->next;
    return g;
}

static void segment_free(struct segment *g)
{
    buf_wipe(&g->bytes); /* it may have carried the password */
    free(g);
}

/* The last piece, if bytes of owner may be added to it. */
static struct segment *segment_tail(struct imap *i, const struct command *owner, size_t room)
{
    struct segment *g = i->segments;
    while (g != NULL && g->next != NULL)
        g = g->next;
    if (g == NULL || g->owner != owner || g->read != NULL || g->bytes.max - g->bytes.len < room)
        g = segment_add(i, owner, false);
    return g;
}

static void queue_bytes(struct imap *i, const struct command *owner, struct str bytes)
{
    struct segment *g = segment_tail(i, owner, bytes.n);
    buf_add_str(&g->bytes, bytes);
    i->unfit = i->unfit || g->bytes.over;
    i->queued += bytes.n;
}

static void queue_waiting(struct imap *i, const struct command *owner, struct str bytes)
{
    struct segment *g = segment_add(i, owner, true);
    buf_add_str(&g->bytes, bytes);
    i->unfit = i->unfit || g->bytes.over;
    i->queued += bytes.n;
}

static void segments_drop(struct imap *i)
{
    while (i->segments != NULL) {
        struct segment *g = i->segments;
        i->segments = g->next;
        segment_free(g);
    }
    i->segments_end = &i->segments;
}

static struct command *command_add(struct imap *i, const struct imap_handler *h)
{
    struct command *c = xcalloc(1, sizeof *c);
    snprintf(c->tag, sizeof c->tag, "t%u", ++i->next_tag);
    c->start = i->queued;
    if (h != NULL)
        c->h = *h;
    *i->commands_end = c;
    i->commands_end = &c->next;
    return c;
}

/* Takes c out of the list and tells its owner. */
static void command_done(struct imap *i, struct command *c, const struct imap_resp *r)
{
    struct command **at = &i->commands;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (i->commands_end == &c->next)
        i->commands_end = at;
    i->lines = 0;
    if (c->h.done != NULL)
        c->h.done(c->h.arg, r);
    free(c);
}

/* The connection is over: everybody who waits is told, once. What they queue now waits for the next run, to fail there. */
static int break_off(struct imap *i)
{
    struct command *c = i->commands;
    i->broken = true;
    i->commands = NULL;
    i->commands_end = &i->commands;
    segments_drop(i);
    while (c != NULL) {
        struct command *next = c->next;
        if (c->h.done != NULL)
            c->h.done(c->h.arg, NULL);
        free(c);
        c = next;
    }
    return -1;
}

void imap_queue(struct imap *i, struct str cmd, const struct imap_handler *h)
{
    struct command *c = command_add(i, h);
    struct buf line = BUF_INIT(IMAP_SEGMENT_MAX);
    buf_addf(&line, "%s ", c->tag);
    buf_add_str(&line, cmd);
    buf_adds(&line, "\r\n");
    i->unfit = i->unfit || line.over || !str_is_line(cmd);
    log_line(i->log, LOG_DEBUG, "%s: %s %.*s", i->host, c->tag, STR_ARG(str_head(cmd, 200)));
    queue_bytes(i, NULL, buf_str(&line));
    buf_free(&line);
}

void imap_queuef(struct imap *i, const struct imap_handler *h, const char *fmt, ...)
{
    struct buf line = BUF_INIT(IMAP_SEGMENT_MAX);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&line, fmt, ap);
    va_end(ap);
    i->unfit = i->unfit || line.over;
    imap_queue(i, buf_str(&line), h);
    buf_free(&line);
}

int imap_put_mailbox(struct buf *out, struct str name, struct error *err)
{
    struct buf utf7 = BUF_INIT(4 * WIRE_NAME_MAX);
    bool ok = wire_name_encode(name, &utf7) == 0 && wire_put_astring(out, buf_str(&utf7), false);
    buf_free(&utf7);
    if (!ok)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("this cannot be the name of a folder: %.*s"),
                         STR_ARG(str_head(name, 200)));
    return 0;
}

/* RFC 7888: a literal that need not wait, where the server takes one of this size. */
static bool literal_plus(const struct imap *i, uint64_t size)
{
    return (i->caps & CAP_LITERAL_PLUS) || ((i->caps & CAP_LITERAL_MINUS) && size <= 4096);
}

void imap_queue_append(struct imap *i, struct str mailbox, unsigned flags, int64_t date,
                       uint64_t size,
                       int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out,
                                   struct error *err),
                       void *read_arg, const struct imap_handler *h)
{
    struct command *c = command_add(i, h);
    struct buf line = BUF_INIT(IMAP_SEGMENT_MAX);
    struct error err;
    bool plus = literal_plus(i, size);
    buf_addf(&line, "%s APPEND ", c->tag);
    if (imap_put_mailbox(&line, mailbox, &err) < 0)
        i->unfit = true;
    if (flags != 0) {
        buf_addc(&line, ' ');
        wire_put_flags(&line, flags, STR(""));
    }
    if (date != 0) {
        buf_addc(&line, ' ');
        wire_put_date(&line, date);
    }
    buf_addf(&line, " {%llu%s}\r\n", (unsigned long long)size, plus ? "+" : "");
    log_line(i->log, LOG_DEBUG, "%s: %.*s", i->host, STR_ARG(str_head(buf_str(&line), 200)));
    queue_bytes(i, NULL, buf_str(&line));
    buf_free(&line);
    struct segment *g = segment_add(i, c, !plus);
    g->read = read;
    g->read_arg = read_arg;
    g->left = size;
    i->queued += size;
    segment_add(i, c, false);
    queue_bytes(i, c, STR("\r\n"));
}

/* The next bytes of a piece that is read as it goes. */
static int segment_fill(struct segment *g, struct error *err)
{
    size_t want = g->left < IMAP_READ_SIZE ? (size_t)g->left : IMAP_READ_SIZE;
    buf_clear(&g->bytes);
    g->pos = 0;
    if (g->read(g->read_arg, g->offset, want, &g->bytes, err) < 0)
        return -1;
    if (g->bytes.len == 0 || g->bytes.len > want)
        return error_set(err, ERR_STORE, RETRY_LATER,
                         _("the message is not as long as it was said to be"));
    g->offset += g->bytes.len;
    g->left -= g->bytes.len;
    return 0;
}

/* Sends what the link takes. *blocked: there is more, and the link is what it waits for. */
static int pump_out(struct imap *i, bool *blocked, struct error *err)
{
    *blocked = false;
    for (struct segment *g; (g = i->segments) != NULL;) {
        size_t sent = 0;
        if (g->wait_plus && i->plus != PLUS_GOT) {
            i->plus = PLUS_WANTED;
            return 0;
        }
        g->wait_plus = false;
        i->plus = PLUS_NONE;
        if (g->pos == g->bytes.len && g->left > 0 && segment_fill(g, err) < 0)
            return -1;
        if (stream_send(i->stream, str_skip(buf_str(&g->bytes), g->pos), &sent, err) < 0)
            return -1;
        g->pos += sent;
        i->sent += sent;
        if (g->pos < g->bytes.len) {
            *blocked = sent == 0;
            if (*blocked)
                return 0;
        } else if (g->left == 0) {
            i->segments = g->next;
            if (i->segments == NULL)
                i->segments_end = &i->segments;
            segment_free(g);
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ what comes */

static int tell(const struct imap_handler *h, const struct imap_resp *r, struct error *err)
{
    return h->resp == NULL ? 0 : h->resp(h->arg, r, err);
}

static bool is_event(enum imap_kind kind)
{
    return kind == IMAP_EXISTS || kind == IMAP_EXPUNGE || kind == IMAP_FETCH ||
           kind == IMAP_VANISHED;
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
        return 0;
    }
    if (r->code == CODE_ALERT && h->resp != NULL && tell(&i->unsolicited, r, err) < 0)
        return -1;
    if (h->resp == NULL)
        h = &i->unsolicited;
    i->event = i->event || is_event(r->kind);
    return tell(h, r, err);
}

/* Takes away what the command had still to send: allowed where it was waiting to be asked for it. */
static int drop_unsent(struct imap *i, const struct command *c, struct error *err)
{
    struct segment **at = &i->segments;
    while (*at != NULL && (*at)->owner != c)
        at = &(*at)->next;
    if (*at == NULL)
        return 0;
    if (!(*at)->wait_plus)
        return error_set(err, ERR_NET, RETRY_LATER, _("%s refused the rest of what was being sent"),
                         i->host);
    while (*at != NULL && (*at)->owner == c) {
        struct segment *g = *at;
        *at = g->next;
        i->sent += g->left + g->bytes.len;
        segment_free(g);
    }
    for (i->segments_end = &i->segments; *i->segments_end != NULL;)
        i->segments_end = &(*i->segments_end)->next;
    i->plus = PLUS_NONE;
    return 0;
}

static int on_tagged(struct imap *i, const struct imap_resp *r, struct error *err)
{
    struct command *c = i->commands;
    while (c != NULL && !str_eqc(r->tag, c->tag))
        c = c->next;
    if (c == NULL || i->sent <= c->start)
        return protocol_error(i, "an answer to what was not asked", err);
    if (r->kind != IMAP_OK && r->kind != IMAP_NO && r->kind != IMAP_BAD)
        return protocol_error(i, "an answer that is none of OK, NO, BAD", err);
    if (r->kind != IMAP_OK)
        log_line(i->log, LOG_INFO, "%s: %s %s: %.*s", i->host, c->tag,
                 r->kind == IMAP_NO ? "NO" : "BAD", STR_ARG(str_head(r->text, 200)));
    int rc = drop_unsent(i, c, err);
    command_done(i, c, r);
    return rc;
}

static int on_line(struct imap *i, const struct wire_node *line, struct error *err)
{
    struct imap_resp r;
    if (wire_imap_resp(line, &r, err) < 0)
        return error_prefix(err, "%s: ", i->host);
    if (++i->lines > i->lines_max)
        return error_set(err, ERR_LIMIT, RETRY_LATER, _("%s says more than tmail can take"),
                         i->host);
    if (r.kind == IMAP_CAPABILITY || r.code == CODE_CAPABILITY) {
        i->caps = r.caps;
        i->caps_known = true;
    }
    return r.tag.n > 0 ? on_tagged(i, &r, err) : on_untagged(i, &r, err);
}

/* "* 12 FETCH (... BODY[]": who wants the bytes, and of which message. */
static bool wants_chunks(struct imap *i, const struct wire_node *line)
{
    const struct wire_node *n = wire_nth(line, 3);
    uint32_t seq = 0;
    if (i->commands == NULL || i->commands->h.chunk == NULL || !wire_is(wire_nth(line, 0), "*") ||
        wire_u32(wire_nth(line, 1), &seq) < 0 || !wire_is(wire_nth(line, 2), "FETCH") ||
        n == NULL || n->kind != WIRE_LIST || n->child == NULL)
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
    i->streaming = (struct imap_handler){ 0 };
    if (!wants_chunks(i, line) && wire_imap_literal(i->parser)->size <= IMAP_KEEP_MAX)
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

static int dispatch(struct imap *i, struct error *err)
{
    struct str in = buf_str(&i->in);
    const struct wire_node *line = NULL;
    int rc = 0;
    while (rc == 0) {
        switch (wire_imap_next(i->parser, &in, &line, err)) {
        case WIRE_OK:
            rc = on_line(i, line, err);
            break;
        case WIRE_ANNOUNCE:
            on_announce(i, line);
            break;
        case WIRE_CHUNK:
            rc = on_chunk(i, err);
            break;
        case WIRE_BAD:
            rc = error_prefix(err, "%s: ", i->host);
            break;
        case WIRE_MORE:
            buf_clear(&i->in);
            return 0;
        }
    }
    buf_clear(&i->in);
    return -1;
}

/* Reads and dispatches what is there: 0, 2 when there is nothing, -1. */
static int pump_in(struct imap *i, struct error *err)
{
    int rc = stream_read(i->stream, &i->in, 0, err);
    if (rc == 1)
        return error_set(err, ERR_NET, RETRY_LATER, _("%s closed the connection"), i->host);
    if (rc == 0)
        return dispatch(i, err);
    return rc;
}

/* Moves on in both directions, waiting where neither goes. */
static int step(struct imap *i, int wait_ms, struct error *err)
{
    bool blocked = false;
    if (pump_out(i, &blocked, err) < 0)
        return -1;
    int rc = pump_in(i, err);
    if (rc != 2)
        return rc;
    rc = stream_wait(i->stream, blocked, -1, wait_ms, err);
    if (rc == 2)
        return error_set(err, ERR_NET, RETRY_LATER, _("%s did not answer within %d seconds"),
                         i->host, (wait_ms + 999) / 1000);
    return rc;
}

static int check_usable(struct imap *i, struct error *err)
{
    if (i->unfit)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("a command has what no command may have"));
    if (i->broken)
        return error_set(err, ERR_NET, RETRY_NOW, _("the connection to %s is closed"), i->host);
    return 0;
}

int imap_run(struct imap *i, struct error *err)
{
    int rc = check_usable(i, err);
    while (rc == 0 && i->commands != NULL)
        rc = step(i, i->wait_ms, err);
    return rc < 0 ? break_off(i) : 0;
}

/* ------------------------------------------------------------------ one command, IDLE */

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
    bool later = r->code == CODE_UNAVAILABLE || r->code == CODE_OVERQUOTA || r->code == CODE_LIMIT;
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

int imap_command(struct imap *i, struct str cmd, const struct imap_handler *h, struct error *err)
{
    struct error refusal = { 0 };
    struct once o = { .imap = i, .h = h, .err = &refusal, .rc = -1 };
    struct imap_handler wrap = { .done = once_done, .arg = &o };
    if (h != NULL && h->resp != NULL)
        wrap.resp = once_resp;
    if (h != NULL && h->chunk != NULL)
        wrap.chunk = once_chunk;
    imap_queue(i, cmd, &wrap);
    if (imap_run(i, err) < 0)
        return -1;
    if (o.rc < 0)
        *err = refusal;
    return o.rc;
}

struct idle {
    bool done, refused;
};

static void idle_done(void *arg, const struct imap_resp *r)
{
    struct idle *d = arg;
    d->done = true;
    d->refused = r != NULL && r->kind != IMAP_OK;
}

/* From "+" on: until something came, wake_fd, or the time is up. */
static int idle_wait(struct imap *i, const struct idle *d, int wake_fd, struct error *err)
{
    int64_t deadline = clock_mono_ms() + IMAP_IDLE_MS;
    while (!i->event && !d->done) {
        int rc = pump_in(i, err);
        if (rc < 0)
            return -1;
        if (rc == 0)
            continue;
        rc = stream_wait(i->stream, false, wake_fd, clock_left_ms(deadline), err);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int idle_run(struct imap *i, struct idle *d, int wake_fd, struct error *err)
{
    while (i->segments != NULL && !d->done && i->plus != PLUS_GOT)
        if (step(i, i->wait_ms, err) < 0)
            return -1;
    int why = idle_wait(i, d, wake_fd, err);
    if (why < 0)
        return -1;
    while (!d->done) /* DONE, and its answer */
        if (step(i, i->wait_ms, err) < 0)
            return -1;
    return why;
}

int imap_idle(struct imap *i, int wake_fd, struct error *err)
{
    struct idle d = { 0 };
    struct imap_handler h = { .done = idle_done, .arg = &d };
    if (check_usable(i, err) < 0)
        return break_off(i);
    if (!(i->caps & CAP_IDLE))
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("%s has no IDLE"), i->host);
    i->event = false;
    imap_queue(i, STR("IDLE"), &h);
    queue_waiting(i, i->commands, STR("DONE\r\n"));
    int rc = idle_run(i, &d, wake_fd, err);
    if (rc < 0)
        return break_off(i);
    if (d.refused)
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("%s refuses IDLE"), i->host);
    return rc;
}

/* ------------------------------------------------------------------ greeting and login */

struct greeting {
    struct imap *imap;
    enum imap_kind kind;
    bool seen;
    char words[NET_WORDS_MAX];
};

static int greeting_line(struct greeting *g, const struct wire_node *line, struct error *err)
{
    struct imap_resp r;
    if (wire_imap_resp(line, &r, err) < 0)
        return -1;
    if (r.kind == IMAP_CAPABILITY || r.code == CODE_CAPABILITY) {
        g->imap->caps = r.caps;
        g->imap->caps_known = true;
    }
    if (!g->seen) {
        g->kind = r.tag.n > 0 ? IMAP_OTHER : r.kind;
        net_words(g->words, sizeof g->words, r.text);
    }
    g->seen = true;
    return 0;
}

/* Lines that libcurl read for us. */
static int greeting_said(struct greeting *g, struct str said, struct error *err)
{
    struct wire_imap *p = wire_imap_new(WIRE_CLIENT, NULL);
    const struct wire_node *line = NULL;
    enum wire_result rc = WIRE_OK;
    int bad = 0;
    while (bad == 0 && (rc = wire_imap_next(p, &said, &line, err)) == WIRE_OK)
        bad = greeting_line(g, line, err);
    wire_imap_free(&p);
    return bad < 0 || rc != WIRE_MORE ? protocol_error(g->imap, "greeting", err) : 0;
}

static int greeting_read(struct greeting *g, int wait_ms, struct error *err)
{
    struct imap *i = g->imap;
    int64_t deadline = clock_mono_ms() + wait_ms;
    const struct wire_node *line = NULL;
    for (;;) {
        int rc = stream_read(i->stream, &i->in, clock_left_ms(deadline), err);
        if (rc == 1)
            error_set(err, ERR_NET, RETRY_LATER, _("%s closed the connection"), i->host);
        if (rc == 2)
            error_set(err, ERR_NET, RETRY_LATER, _("%s did not answer within %d seconds"), i->host,
                      (wait_ms + 999) / 1000);
        if (rc != 0)
            return -1;
        struct str in = buf_str(&i->in);
        enum wire_result got = wire_imap_next(i->parser, &in, &line, err);
        if (got == WIRE_OK && in.n > 0)
            return protocol_error(i, "words behind the greeting", err);
        if (got == WIRE_OK && greeting_line(g, line, err) == 0) {
            buf_clear(&i->in);
            return 0;
        }
        if (got != WIRE_MORE)
            return protocol_error(i, "greeting", err);
        buf_clear(&i->in);
    }
}

static int greeting_check(const struct greeting *g, struct error *err)
{
    struct imap *i = g->imap;
    if (g->kind == IMAP_BYE)
        return error_set(err, ERR_REFUSED, RETRY_LATER, _("%s refuses the connection: %s"), i->host,
                         g->words);
    i->preauth = g->kind == IMAP_PREAUTH;
    if (g->kind != IMAP_OK && !i->preauth)
        return protocol_error(i, "no greeting", err);
    return 0;
}

static int greet(struct imap *i, const struct imap_options *o, struct str said, struct error *err)
{
    struct greeting g = { .imap = i, .kind = IMAP_OTHER };
    if (o->endpoint.tls == TLS_STARTTLS) {
        if (greeting_said(&g, said, err) < 0)
            return -1;
        if (!i->secure && greeting_check(&g, err) < 0)
            return -1; /* with TLS the greeting is forgotten; libcurl has refused PREAUTH */
    } else if (greeting_read(&g, o->connect_ms, err) < 0 || greeting_check(&g, err) < 0)
        return -1;
    return i->caps_known ? 0 : imap_command(i, STR("CAPABILITY"), NULL, err);
}

struct login {
    enum imap_kind kind;
    enum imap_code code;
    char words[NET_WORDS_MAX];
};

static void login_done(void *arg, const struct imap_resp *r)
{
    struct login *l = arg;
    if (r == NULL)
        return;
    l->kind = r->kind;
    l->code = r->code;
    net_words(l->words, sizeof l->words, r->text);
}

/* RFC 4616, with the initial response at once where SASL-IR (RFC 4959) is offered. */
static int queue_plain(struct imap *i, const struct net_login *l, const struct imap_handler *h,
                       struct error *err)
{
    struct buf secret = BUF_INIT(8192), line = BUF_INIT(9000);
    int rc = login_plain(l, &secret, err);
    struct command *c = command_add(i, h);
    buf_addf(&line, "%s AUTHENTICATE PLAIN", c->tag);
    if (i->caps & CAP_SASL_IR) {
        buf_addf(&line, " %s\r\n", buf_c(&secret));
        queue_bytes(i, NULL, buf_str(&line));
    } else {
        buf_adds(&line, "\r\n");
        queue_bytes(i, NULL, buf_str(&line));
        buf_clear(&line);
        buf_addf(&line, "%s\r\n", buf_c(&secret));
        queue_waiting(i, c, buf_str(&line));
    }
    if (rc == 0)
        rc = buf_check(&line, err);
    buf_wipe(&line);
    buf_wipe(&secret);
    return rc;
}

/* An argument in quotes or, where it has what quotes cannot hold, as a literal. */
static void queue_argument(struct imap *i, const struct command *c, struct str s)
{
    struct buf out = BUF_INIT(20000);
    buf_addc(&out, ' ');
    if (wire_put_astring(&out, s, literal_plus(i, s.n)))
        queue_bytes(i, c, buf_str(&out));
    else {
        buf_addf(&out, "{%zu}\r\n", s.n);
        queue_bytes(i, c, buf_str(&out));
        queue_waiting(i, c, s);
    }
    i->unfit = i->unfit || out.over;
    buf_wipe(&out);
}

static int queue_login(struct imap *i, const struct net_login *l, const struct imap_handler *h,
                       struct error *err)
{
    if (memchr(l->password.n ? l->password.p : "", '\0', l->password.n) != NULL)
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("the password has a NUL character, which no login can carry"));
    struct command *c = command_add(i, h);
    queue_bytes(i, c, str_c(c->tag));
    queue_bytes(i, c, STR(" LOGIN"));
    queue_argument(i, c, str_c(l->user));
    queue_argument(i, c, l->password);
    queue_bytes(i, c, STR("\r\n"));
    return 0;
}

static int login_refused(const struct imap *i, const struct login *l, struct error *err)
{
    bool later = l->code == CODE_UNAVAILABLE || l->code == CODE_LIMIT;
    return error_set(err, ERR_AUTH, later ? RETRY_LATER : RETRY_NEVER,
                     later ? _("%s cannot log you in now: %s")
                           : _("%s refuses the login: check user and password (%s)"),
                     i->host, l->words);
}

static int log_in(struct imap *i, const struct net_login *l, struct error *err)
{
    struct login answer = { .kind = IMAP_OTHER };
    struct imap_handler h = { .done = login_done, .arg = &answer };
    int rc;
    if (l == NULL)
        rc = error_set(err, ERR_AUTH, RETRY_NEVER, _("%s wants a login"), i->host);
    else if (i->caps & CAP_AUTH_PLAIN)
        rc = queue_plain(i, l, &h, err);
    else if (!(i->caps & CAP_LOGINDISABLED))
        rc = queue_login(i, l, &h, err);
    else
        rc = error_set(err, ERR_AUTH, RETRY_NEVER,
                       _("%s offers no login that tmail knows (PLAIN, LOGIN)"), i->host);
    i->caps_known = false;
    if (rc < 0)
        return break_off(i);
    if (imap_run(i, err) < 0)
        return -1;
    if (answer.kind == IMAP_OK)
        return 0;
    login_refused(i, &answer, err);
    return break_off(i); /* many servers let LOGOUT wait for its answer now */
}

struct imap *imap_open(const struct imap_options *o, struct error *err)
{
    static const struct wire_imap_limits limits = {
        .line_max = WIRE_LINE_MAX,
        .depth_max = WIRE_DEPTH_MAX,
        .nodes_max = WIRE_NODES_MAX,
        .memory_max = WIRE_MEMORY_MAX,
        .literal_keep = 0, /* all are announced: on_announce decides */
        .literal_max = 256 << 20,
    };
    struct buf said = BUF_INIT(64 << 10);
    struct imap *i = xcalloc(1, sizeof *i);
    i->commands_end = &i->commands;
    i->segments_end = &i->segments;
    i->log = o->log;
    i->wait_ms = o->wait_ms;
    i->lines_max = IMAP_LOGIN_LINES;
    buf_init(&i->in, IMAP_IN_MAX);
    snprintf(i->host, sizeof i->host, "%s", o->endpoint.host);
    i->parser = wire_imap_new(WIRE_CLIENT, &limits);
    i->stream = stream_open(&o->endpoint, o->connect_ms, o->cancel, o->log, &said, &i->secure, err);
    i->broken = i->stream == NULL || greet(i, o, buf_str(&said), err) < 0;
    if (i->broken || (!i->preauth && log_in(i, o->login, err) < 0) ||
        (!i->caps_known && imap_command(i, STR("CAPABILITY"), NULL, err) < 0))
        imap_close(&i);
    else
        i->lines_max = IMAP_LINES_MAX;
    buf_free(&said);
    return i;
}

unsigned imap_caps(const struct imap *i)
{
    return i->caps;
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
    imap_queue(i, STR("LOGOUT"), NULL);
    while (i->commands != NULL)
        if (clock_left_ms(deadline) == 0 || step(i, clock_left_ms(deadline), &err) < 0)
            break;
}

void imap_close(struct imap **i)
{
    if (*i == NULL)
        return;
    if (!(*i)->broken && (*i)->commands == NULL)
        log_out(*i);
    break_off(*i);
    if ((*i)->commands != NULL)
        break_off(*i); /* what the handlers queued when they heard of the end */
    stream_close(&(*i)->stream);
    wire_imap_free(&(*i)->parser);
    buf_free(&(*i)->in);
    free(*i);
    *i = NULL;
}
