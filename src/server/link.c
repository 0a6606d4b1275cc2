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

#include "base/fault.h"
#include "base/i18n.h"
#include "net/deflate.h"
#include "server/limits.h"
#include "server/tls.h"
#include "base/banned.h"

enum {
    READ_BYTES = 16 << 10, /* a record of TLS holds as many */
    RAW_BYTES = 4 << 10,   /* deflated bytes that wait */
    PACKED_MAX = 1 << 20,
    WINDOW_OUT = 13, /* there is one for each connection: smaller than it could be */
    MEMORY_OUT = 6
};

/* Deflate in both directions. */
struct pack {
    struct deflater *deflater;
    char raw[RAW_BYTES];
    struct str waiting; /* of raw, not inflated yet */
    struct buf packed;  /* not sent yet */
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
    deflater_free(&(*p)->deflater);
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
    return (l->pack != NULL && (deflater_full(l->pack->deflater) || l->pack->waiting.n > 0)) ||
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
    static const struct deflate_options options = { .window_bits = WINDOW_OUT,
                                                    .memory = MEMORY_OUT,
                                                    .free = LINK_INFLATE_FREE,
                                                    .ratio = LINK_INFLATE_RATIO };
    struct pack *p = xcalloc(1, sizeof *p);
    buf_init(&p->packed, PACKED_MAX);
    p->deflater = deflater_new(&options, err);
    if (p->deflater == NULL)
        pack_free(&p);
    l->pack = p;
    return p != NULL ? 0 : -1;
}

static int unpacked_read(struct link *l, struct buf *in)
{
    struct pack *p = l->pack;
    size_t before = in->len;
    while (in->len == before) {
        if (p->waiting.n == 0 && !deflater_full(p->deflater)) {
            int n = raw_read(l, p->raw, sizeof p->raw);
            if (n <= 0)
                return n;
            p->waiting = (struct str){ p->raw, (size_t)n };
        }
        if (deflater_read(p->deflater, &p->waiting, in) != 0)
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

int link_write(struct link *l, struct str *bytes)
{
    if (l->pack == NULL)
        return plain_write(l, bytes);
    int rc = packed_write(l);
    while (rc == 1 && bytes->n > 0) {
        if (deflater_write(l->pack->deflater, bytes, true, &l->pack->packed) != 0)
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
