/* SPDX-License-Identifier: MIT */
#include "server/link.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "server/limits.h"
#include "server/tls.h"
#include "base/banned.h"

enum {
    READ_BYTES = 16 << 10, /* a record of TLS holds as many */
    RAW_BYTES = 4 << 10,   /* deflated bytes that wait */
    PACK_BYTES = 64 << 10, /* taken at a time, so that what waits is bounded */
    PACKED_MAX = 1 << 20,
    WINDOW_IN = -15, /* RFC 1951: raw, up to 32 kB, the client chooses */
    WINDOW_OUT = -13,
    MEMORY_OUT = 6
};

/* Deflate in both directions. */
struct pack {
    z_stream in, out;
    unsigned char raw[RAW_BYTES]; /* not inflated yet: in.next_in, in.avail_in */
    uint64_t raw_n, inflated_n;   /* ever */
    bool full;                    /* inflate may have more without more input */
    struct buf packed;            /* not sent yet */
};
struct link {
    int fd;
    short events;
    SSL *ssl; /* NULL: in the clear */
    bool broken;
    struct session_tls tls;
    struct pack *pack; /* NULL: not deflated */
};

struct link *link_new(int fd)
{
    struct link *l = xcalloc(1, sizeof *l);
    l->fd = fd;
    l->events = POLLIN;
    return l;
}

static void pack_free(struct pack **p)
{
    if (*p == NULL)
        return;
    inflateEnd(&(*p)->in);
    deflateEnd(&(*p)->out);
    buf_free(&(*p)->packed);
    free(*p);
    *p = NULL;
}

void link_free(struct link **l)
{
    if (*l == NULL)
        return;
    pack_free(&(*l)->pack);
    SSL_free((*l)->ssl);
    free(*l);
    *l = NULL;
}

short link_events(const struct link *l)
{
    return l->events;
}

bool link_pending(const struct link *l)
{
    return (l->pack != NULL && (l->pack->full || l->pack->in.avail_in > 0)) ||
           (l->ssl != NULL && SSL_has_pending(l->ssl) == 1);
}

/* ---- TLS ---- */

int link_secure(struct link *l, const struct tls *tls, struct error *err)
{
    l->ssl = tls_accept(tls, l->fd);
    return l->ssl != NULL ? 0 : error_set(err, ERR_TLS, RETRY_LATER, _("cannot begin TLS"));
}

/* What a call of OpenSSL's came to: 0 with events when it is to be repeated, else -1. */
static int ssl_result(struct link *l, int rc)
{
    int what = SSL_get_error(l->ssl, rc);
    if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
        l->events = what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
        return 0;
    }
    l->broken = what == SSL_ERROR_SYSCALL || what == SSL_ERROR_SSL;
    return -1;
}

int link_handshake(struct link *l, struct error *err)
{
    ERR_clear_error();
    int rc = SSL_accept(l->ssl);
    if (rc == 1) {
        l->tls = (struct session_tls){ SSL_get_version(l->ssl), SSL_get_cipher_name(l->ssl) };
        l->events = POLLIN;
        return 1;
    }
    if (ssl_result(l, rc) == 0)
        return 0;
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    return error_set(err, ERR_TLS, RETRY_NEVER, _("no TLS with this client: %s"),
                     why != NULL ? why : _("the connection was lost"));
}

const struct session_tls *link_tls(const struct link *l)
{
    return l->tls.version != NULL ? &l->tls : NULL;
}

/* ---- under deflate ---- */

/* Up to n bytes: how many; 0 nothing now; -1 */
static int raw_read(struct link *l, void *p, size_t n)
{
    l->events = POLLIN;
    if (l->ssl != NULL) {
        ERR_clear_error();
        int rc = SSL_read(l->ssl, p, (int)n);
        return rc > 0 ? rc : ssl_result(l, rc);
    }
    ssize_t got;
    do
        got = sys_fault(FAULT_RECV, "conn recv") != 0 ? -1 : recv(l->fd, p, n, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (int)got : got < 0 && errno == EAGAIN ? 0 : -1;
}

static int raw_write(struct link *l, struct str bytes)
{
    size_t n = bytes.n < INT_MAX ? bytes.n : INT_MAX;
    l->events = POLLIN;
    if (l->ssl != NULL) {
        ERR_clear_error();
        int rc = sys_fault(FAULT_SEND, "conn send") != 0 ? -1 : SSL_write(l->ssl, bytes.p, (int)n);
        return rc > 0 ? rc : ssl_result(l, rc);
    }
    ssize_t sent;
    do
        sent = sys_fault(FAULT_SEND, "conn send") != 0
                   ? -1
                   : send(l->fd, bytes.p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return (int)sent;
    l->events = POLLOUT;
    return errno == EAGAIN ? 0 : -1;
}

/* ---- deflate ---- */

int link_compress(struct link *l, struct error *err)
{
    struct pack *p = xcalloc(1, sizeof *p);
    buf_init(&p->packed, PACKED_MAX);
    if (inflateInit2(&p->in, WINDOW_IN) == Z_OK &&
        deflateInit2(&p->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_OUT, MEMORY_OUT,
                     Z_DEFAULT_STRATEGY) == Z_OK) {
        l->pack = p;
        return 0;
    }
    pack_free(&p);
    return error_set(err, ERR_SYS, RETRY_LATER, _("cannot begin to compress"));
}

/* As link_read; *got: how many bytes were made. */
static int inflate_some(struct pack *p, struct buf *in, size_t *got)
{
    char *room = buf_room(in, READ_BYTES);
    if (room == NULL)
        return -1;
    p->in.next_out = (Bytef *)room;
    p->in.avail_out = READ_BYTES;
    int rc = inflate(&p->in, Z_SYNC_FLUSH);
    *got = READ_BYTES - p->in.avail_out;
    p->full = p->in.avail_out == 0;
    p->inflated_n += *got;
    buf_grown(in, *got);
    if (p->inflated_n > LINK_INFLATE_FREE && p->inflated_n / LINK_INFLATE_RATIO > p->raw_n)
        return -1;
    return rc == Z_OK || rc == Z_BUF_ERROR ? 0 : -1;
}

static int unpacked_read(struct link *l, struct buf *in)
{
    struct pack *p = l->pack;
    size_t got = 0;
    while (got == 0) {
        if (p->in.avail_in == 0 && !p->full) {
            int n = raw_read(l, p->raw, sizeof p->raw);
            if (n <= 0)
                return n;
            p->in.next_in = p->raw;
            p->in.avail_in = (uInt)n;
            p->raw_n += (uint64_t)n;
        }
        if (inflate_some(p, in, &got) != 0)
            return -1;
    }
    return 1;
}

int link_read(struct link *l, struct buf *in)
{
    if (l->pack != NULL)
        return unpacked_read(l, in);
    char *room = buf_room(in, READ_BYTES);
    int n = room != NULL ? raw_read(l, room, READ_BYTES) : -1;
    if (n > 0)
        buf_grown(in, (size_t)n);
    return n > 0 ? 1 : n;
}

/* 1 when all went; else as link_write. */
static int plain_write(struct link *l, struct str *bytes)
{
    while (bytes->n > 0) {
        int n = raw_write(l, *bytes);
        if (n <= 0)
            return n;
        *bytes = str_skip(*bytes, (size_t)n);
    }
    return 1;
}

static int packed_write(struct link *l)
{
    struct buf *b = &l->pack->packed;
    struct str rest = buf_str(b);
    int rc = plain_write(l, &rest);
    buf_consume(b, b->len - rest.n);
    if (b->len == 0)
        buf_free(b);
    return rc;
}

static int pack_some(struct pack *p, struct str *bytes)
{
    struct str piece = str_head(*bytes, PACK_BYTES);
    *bytes = str_skip(*bytes, piece.n);
    p->out.next_in = (const Bytef *)piece.p;
    p->out.avail_in = (uInt)piece.n;
    do {
        char *room = buf_room(&p->packed, READ_BYTES);
        if (room == NULL)
            return -1;
        p->out.next_out = (Bytef *)room;
        p->out.avail_out = READ_BYTES;
        if (deflate(&p->out, bytes->n == 0 ? Z_SYNC_FLUSH : Z_NO_FLUSH) == Z_STREAM_ERROR)
            return -1;
        buf_grown(&p->packed, READ_BYTES - p->out.avail_out);
    } while (p->out.avail_out == 0);
    return 0;
}

int link_write(struct link *l, struct str *bytes)
{
    if (l->pack == NULL)
        return plain_write(l, bytes);
    int rc = packed_write(l);
    while (rc == 1 && bytes->n > 0) {
        if (pack_some(l->pack, bytes) != 0)
            return -1;
        rc = packed_write(l);
    }
    return rc;
}

void link_end(struct link *l)
{
    if (l->ssl != NULL && !l->broken && link_tls(l) != NULL) {
        ERR_clear_error();
        SSL_shutdown(l->ssl);
    }
    shutdown(l->fd, SHUT_WR);
}
