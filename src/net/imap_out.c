/* SPDX-License-Identifier: MIT */
#include "net/imap_conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
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
    g->from = i->queued;
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

void imap_barrier(struct imap *i)
{
    segment_add(i, NULL, false)->barrier = true;
    i->behind = i->queued;
}

void imap_queue_read(struct imap *i, const struct command *owner, const struct imap_upload *u,
                     bool wait_plus)
{
    struct segment *g = segment_add(i, owner, wait_plus);
    g->read = u->read;
    g->read_arg = u->read_arg;
    g->left = u->size;
    i->queued += u->size;
    segment_add(i, owner, false);
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

/* Deflated bytes to the link, as many as it takes. */
static int packed_send(struct imap *i, struct error *err)
{
    size_t sent = 1;
    while (i->packed.len > 0 && sent > 0) {
        if (stream_send(i->stream, buf_str(&i->packed), &sent, err) < 0)
            return -1;
        buf_consume(&i->packed, sent);
    }
    return 0;
}

static int deflate_some(struct imap *i, struct str *bytes, bool flush, struct error *err)
{
    if (deflater_write(i->deflater, bytes, flush, &i->packed) < 0)
        return error_set(err, ERR_SYS, RETRY_LATER, _("cannot begin to compress"));
    i->unflushed = !flush;
    return 0;
}

/* As stream_send, deflated where that was agreed: then what was taken waits in packed. */
static int link_send(struct imap *i, struct str bytes, size_t *sent, struct error *err)
{
    struct str rest = bytes;
    *sent = 0;
    if (i->deflater == NULL)
        return stream_send(i->stream, bytes, sent, err);
    if (packed_send(i, err) < 0)
        return -1;
    if (i->packed.len > 0)
        return 0;
    if (deflate_some(i, &rest, false, err) < 0)
        return -1;
    *sent = bytes.n - rest.n;
    return 0;
}

/* True when what stands first must wait for something to come. */
static bool must_wait(struct imap *i, struct segment *g)
{
    if (g->barrier && i->commands != NULL && i->commands->start < g->from)
        return true;
    g->barrier = false;
    if (g->wait_plus && i->plus != PLUS_GOT) {
        i->plus = PLUS_WANTED;
        return true;
    }
    return false;
}

static void segment_next(struct imap *i)
{
    struct segment *g = i->segments;
    i->segments = g->next;
    if (i->segments == NULL)
        i->segments_end = &i->segments;
    segment_free(g);
}

static int segments_send(struct imap *i, bool *blocked, struct error *err)
{
    uint64_t until = i->sent + IMAP_TURN_MAX;
    for (struct segment *g; (g = i->segments) != NULL;) {
        size_t sent = 0;
        if (must_wait(i, g))
            return 0;
        g->wait_plus = false;
        g->begun = true;
        i->plus = PLUS_NONE;
        if (g->pos == g->bytes.len && g->left > 0 && segment_fill(g, err) < 0)
            return -1;
        if (link_send(i, str_skip(buf_str(&g->bytes), g->pos), &sent, err) < 0)
            return -1;
        g->pos += sent;
        i->sent += sent;
        bool over = g->pos == g->bytes.len && g->left == 0;
        *blocked = !over && ((sent == 0 && g->pos < g->bytes.len) || i->sent >= until);
        if (*blocked)
            return 0;
        if (over)
            segment_next(i);
    }
    return 0;
}

int imap_pump_out(struct imap *i, bool *blocked, struct error *err)
{
    *blocked = false;
    if (segments_send(i, blocked, err) < 0)
        return -1;
    if (i->deflater == NULL)
        return 0;
    struct str nothing = { "", 0 };
    if (i->unflushed && deflate_some(i, &nothing, true, err) < 0)
        return -1;
    if (packed_send(i, err) < 0)
        return -1;
    *blocked = *blocked || i->packed.len > 0;
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
