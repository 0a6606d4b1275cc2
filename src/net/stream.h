/* SPDX-License-Identifier: MIT */
/* stream.h - one connection on libcurl: DNS, proxy, TCP, TLS, verification and STARTTLS by it, bytes by us.
 * Belongs to the thread that opened it; stream_cancel alone may come from elsewhere. MODULES.md says how libcurl is used and why.
 * Must not know: IMAP, SMTP beyond what STARTTLS needs. */
#ifndef TMAIL_NET_STREAM_H
#define TMAIL_NET_STREAM_H

#include "base/buf.h"
#include "base/log.h"

enum net_tls { TLS_DIRECT, TLS_STARTTLS, TLS_NONE };
enum net_proto { NET_IMAP, NET_POP3, NET_SMTP, NET_LMTP };
/* loopback with TLS_STARTTLS and loopback_plain: STARTTLS where offered, in the clear otherwise (DESIGN §2). */
struct endpoint {
    enum net_proto proto;
    const char *host;
    uint16_t port;
    enum net_tls tls;
    bool loopback_plain;
    const char *ca_file;   /* NULL: the system's */
    const char *ehlo_name; /* SMTP */
};

/* Once in main, before the first thread. */
int net_init(struct error *err) MUST_CHECK;
void net_cleanup(void);

/* A flag that stops every wait of the streams that carry it. Thread-safe: net_cancel_set, and nothing else. */
struct net_cancel;
struct net_cancel *net_cancel_new(struct error *err);
void net_cancel_set(struct net_cancel *c);
bool net_cancel_is_set(const struct net_cancel *c);
void net_cancel_clear(struct net_cancel *c);
void net_cancel_free(struct net_cancel **c);

struct stream;
/* Connects and verifies within wait_ms. said: what the server said before we may speak when libcurl did STARTTLS (greeting, capabilities in the
 * clear: to be forgotten). *secure: the link is encrypted. ERR_NET, ERR_TLS (a sentence about the certificate), ERR_CANCELLED. cancel may be NULL. */
struct stream *stream_open(const struct endpoint *ep, int wait_ms, struct net_cancel *cancel,
                           struct log *log, struct buf *said, bool *secure, struct error *err);
/* Appends what arrived: 0, 1 on orderly close, 2 when wait_ms passed with nothing, -1. */
int stream_read(struct stream *s, struct buf *into, int wait_ms, struct error *err) MUST_CHECK;
/* Writes all of it. readable_ok: while it cannot write, what arrives is appended to into (avoids the deadlock of two full pipes). */
int stream_write(struct stream *s, struct str bytes, struct buf *into, int wait_ms,
                 struct error *err) MUST_CHECK;
/* For poll() beside other descriptors (IDLE); bytes may already wait inside TLS: read until 2 first. */
int stream_fd(const struct stream *s);
void stream_close(struct stream **s);

#endif
