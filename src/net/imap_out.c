/* SPDX-License-Identifier: MIT */
#include "net/imap_conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "wire/imap_cmd.h"
#include "wire/imap_name.h"
#include "base/banned.h"

enum {
    IMAP_SEGMENT_MAX = 1 << 20,
    IMAP_READ_SIZE = 64 << 10,
    IMAP_TURN_MAX = 256 << 10 /* sent before we listen again */
};

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
    if (g == NULL || g->owner != owner || g->read != NULL || g->begun ||
        g->bytes.max - g->bytes.len < room)
        g = segment_add(i, owner, false);
    return g;
}

void imap_queue_bytes(struct imap *i, const struct command *owner, struct str bytes)
{
    struct segment *g = segment_tail(i, owner, bytes.n);
    buf_add_str(&g->bytes, bytes);
    i->unfit = i->unfit || g->bytes.over;
    i->queued += bytes.n;
}

void imap_queue_waiting(struct imap *i, const struct command *owner, struct str bytes)
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

struct command *imap_command_add(struct imap *i, const struct imap_handler *h)
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

void imap_command_done(struct imap *i, struct command *c, const struct imap_resp *r)
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

int imap_break_off(struct imap *i)
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
    struct command *c = imap_command_add(i, h);
    struct buf line = BUF_INIT(IMAP_SEGMENT_MAX);
    buf_addf(&line, "%s ", c->tag);
    buf_add_str(&line, cmd);
    buf_adds(&line, "\r\n");
    i->unfit = i->unfit || line.over || !str_is_line(cmd);
    log_line(i->log, LOG_DEBUG, "%s: %s %.*s", i->host, c->tag, STR_ARG(str_head(cmd, 200)));
    imap_queue_bytes(i, NULL, buf_str(&line));
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

bool imap_literal_plus(const struct imap *i, uint64_t size)
{
    return (i->caps & CAP_LITERAL_PLUS) || ((i->caps & CAP_LITERAL_MINUS) && size <= 4096);
}

void imap_queue_append(struct imap *i, struct str mailbox, unsigned flags, int64_t date,
                       uint64_t size,
                       int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out,
                                   struct error *err),
                       void *read_arg, const struct imap_handler *h)
{
    struct command *c = imap_command_add(i, h);
    struct buf line = BUF_INIT(IMAP_SEGMENT_MAX);
    struct error err;
    bool plus = imap_literal_plus(i, size);
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
    imap_queue_bytes(i, NULL, buf_str(&line));
    buf_free(&line);
    struct segment *g = segment_add(i, c, !plus);
    g->read = read;
    g->read_arg = read_arg;
    g->left = size;
    i->queued += size;
    segment_add(i, c, false);
    imap_queue_bytes(i, c, STR("\r\n"));
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

int imap_pump_out(struct imap *i, bool *blocked, struct error *err)
{
    uint64_t until = i->sent + IMAP_TURN_MAX;
    *blocked = false;
    for (struct segment *g; (g = i->segments) != NULL;) {
        size_t sent = 0;
        if (g->wait_plus && i->plus != PLUS_GOT) {
            i->plus = PLUS_WANTED;
            return 0;
        }
        g->wait_plus = false;
        g->begun = true;
        i->plus = PLUS_NONE;
        if (g->pos == g->bytes.len && g->left > 0 && segment_fill(g, err) < 0)
            return -1;
        if (stream_send(i->stream, str_skip(buf_str(&g->bytes), g->pos), &sent, err) < 0)
            return -1;
        g->pos += sent;
        i->sent += sent;
        if (g->pos < g->bytes.len) {
            *blocked = sent == 0 || i->sent >= until;
            if (*blocked)
                return 0;
        } else if (g->left > 0) {
            *blocked = i->sent >= until;
            if (*blocked)
                return 0;
        } else {
            i->segments = g->next;
            if (i->segments == NULL)
                i->segments_end = &i->segments;
            segment_free(g);
        }
    }
    return 0;
}

int imap_drop_unsent(struct imap *i, const struct command *c, struct error *err)
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
