/* SPDX-License-Identifier: MIT */
/* stream.h - one connection on libcurl: DNS, proxy, TCP, TLS and verification by it, and
 * STARTTLS but for IMAP's; bytes by us. Belongs to the thread that opened it; net_cancel_set alone may come from
 * elsewhere.
 * Must not know: IMAP, SMTP beyond what STARTTLS needs. */
#ifndef TMAIL_NET_STREAM_H
#define TMAIL_NET_STREAM_H

#include "base/buf.h"
#include "base/log.h"
#include "net/cancel.h"
#include "net/tls.h"

enum net_tls { TLS_DIRECT, TLS_STARTTLS, TLS_NONE };
enum net_proto { NET_IMAP, NET_POP3, NET_SMTP, NET_LMTP };
/* loopback_plain with TLS_STARTTLS and a loopback host: STARTTLS where offered, in the clear
 * otherwise (DESIGN §2). For any other host it means nothing: STARTTLS stays required. */
struct endpoint {
    enum net_proto proto;
    const char *host;
    uint16_t port;
    enum net_tls tls;
    bool loopback_plain;
    const char *ca_file;   /* trusted besides the system's; NULL: those alone */
    const char *pin;       /* "sha256//BASE64" of the server's public key, several with ";": it must
                              be one of them, and then needs no authority; NULL: none */
    const char *cert_file; /* PEM: ours, for servers that ask who we are; NULL: none */
    const char *key_file;  /* PEM: its key; NULL: in cert_file */
    const char *proxy;     /* socks5h://, socks5:// or http://; may hold a password; NULL: none */
    const char *tunnel;    /* command whose standard input and output are the connection (tunnel.h);
                              TLS_DIRECT is spoken inside of it; TLS_NONE: it is as safe as the
                              command makes it. NULL: a connection of our own */
    const char *ehlo_name; /* SMTP; NULL: "localhost" */
    /* For servers that talk to servers: */
    const char *address; /* numeric: connect there, host is its name; NULL: host is looked up */
    const char *path;    /* a Unix socket, in place of host and port; TLS_NONE alone */
    bool opportunistic; /* with TLS_STARTTLS: taken where it is offered, in the clear otherwise, and
                            nothing verified; ERR_TLS when it was offered and failed */
    int greet_ms; /* SMTP: for greeting and EHLO, once connected; 0: connecting and all of it share
                     the one time */
};

/* Once in main, before the first thread. */
int net_init(struct error *err) MUST_CHECK;
void net_cleanup(void);

struct stream;
/* Connects and verifies within wait_ms. *secure: the link is encrypted. said: empty where the
 * greeting is still to come (TLS_DIRECT, TLS_NONE); after TLS_STARTTLS what the server said since
 * the handshake (capabilities; what came before it is forgotten), or where loopback_plain led to a
 * link in the clear the greeting and capabilities; on failure what was said until then. ERR_NET, ERR_TLS (a sentence that says what to
 * do), ERR_PROTO, ERR_CANCELLED. cancel and log may be NULL. */
struct stream *stream_open(const struct endpoint *ep, int wait_ms, struct net_cancel *cancel,
                           struct log *log, struct buf *said, bool *secure, struct error *err);
/* What a login can be bound to; of kind TLS_BINDING_NONE in the clear. */
const struct tls_binding *stream_binding(const struct stream *s);
/* What TLS it is; the version is empty in the clear. */
const struct tls_facts *stream_facts(const struct stream *s);
/* Appends what arrived, at most 256 kB at a time: 0, 1 on orderly close, 2 when wait_ms passed with
 * nothing, -1 (ERR_LIMIT when into is full). */
int stream_read(struct stream *s, struct buf *into, int wait_ms, struct error *err) MUST_CHECK;
/* Hands over what the link takes without waiting; *sent may be 0. */
int stream_send(struct stream *s, struct str bytes, size_t *sent, struct error *err) MUST_CHECK;
/* Writes all of it; no silence of the link longer than wait_ms. While it cannot write, what arrives
 * is appended to into, which avoids the deadlock of two full pipes. */
int stream_write(struct stream *s, struct str bytes, struct buf *into, int wait_ms,
                 struct error *err) MUST_CHECK;
/* Waits until the link is readable (or writable too, where that is asked), for use after
 * stream_read gave 2: 0, 1 when wake_fd (-1: none) is readable, 2 when wait_ms passed, -1. */
int stream_wait(struct stream *s, bool writable, int wake_fd, int wait_ms,
                struct error *err) MUST_CHECK;
/* From now on a cancel ends the waits of this stream only so long after it was seen; 0: at once,
 * as from the start. */
void stream_grace(struct stream *s, int grace_ms);
/* What 1 and 2 of stream_read and stream_wait mean where an answer is due: ERR_NET. Leaves *err
 * alone for -1. Returns -1. */
int stream_ended(const struct stream *s, int rc, int wait_ms, struct error *err);
void stream_close(struct stream **s);

#endif
