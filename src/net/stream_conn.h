/* SPDX-License-Identifier: MIT */
/* stream_conn.h - what the files of a stream share: its state. stream_setup.c tells libcurl what is
 * wanted, stream_starttls.c has IMAP's way to TLS, stream_fail.c says what went wrong, stream.c does
 * the rest.
 * Must not know: who uses the stream. */
#ifndef TMAIL_NET_STREAM_CONN_H
#define TMAIL_NET_STREAM_CONN_H

#include <curl/curl.h>

#include "net/stream.h"
#include "net/tunnel.h"

enum {
    /* A link that stalls is found out: the other end must confirm bytes within STREAM_UNHEARD_MS (RFC
     * 5482), and is asked whether it is there when nothing came for STREAM_PROBE_S. */
    STREAM_UNHEARD_MS = 20000,
    STREAM_PROBE_S = 30,
    STREAM_PROBE_EVERY_S = 5
};

struct stream {
    CURLM *multi;
    struct curl_slist *connect_to;
    CURL *easy; /* stays in multi: taken out, libcurl closes the connection */
    curl_socket_t fd;
    curl_socket_t handed; /* on its way from one handle to another */
    struct net_cancel *cancel;
    struct net_changes changes;
    int grace_ms;
    int64_t grace_until; /* monotonic; 0: no cancel seen since the grace was given */
    struct log *log;
    struct buf *said;
    bool smtp;
    struct tunnel *tunnel;
    struct tls_peer peer;
    struct tls_binding binding;
    struct tls_facts facts;
    bool upgraded; /* the TLS handshake was begun, what was said before it is forgotten */
    char host[256];
    unsigned port;
    char why[CURL_ERROR_SIZE];
};

/* Tells libcurl all of ep, and starts the tunnel. ERR_CONFIG, ERR_NET. */
int stream_setup(struct stream *s, const struct endpoint *ep, int wait_ms, struct error *err);
/* Connects, TLS_DIRECT and TLS_NONE; what is then said is nobody's yet. */
int stream_connect_begin(struct stream *s, const struct endpoint *ep, int wait_ms,
                         struct error *err);
/* Until the handle is connected, or the time is over. */
int stream_connect_loop(struct stream *s, const struct endpoint *ep, int wait_ms,
                        struct error *err);
/* Connects and begins TLS by STARTTLS, or stays in the clear where that will do. libcurl would ask for
 * the capabilities before and behind it; IMAP needs neither (RFC 3501 §6.2.1), which saves a round
 * trip, and leaves the second question to who asks further. */
int stream_starttls(struct stream *s, const struct endpoint *ep, int wait_ms, struct error *err);
/* True where a link in the clear will do. */
bool stream_may_be_clear(const struct endpoint *ep);

/* Sentences. All return -1. */
int stream_timed_out(const struct stream *s, int wait_ms, struct error *err);
/* Connected, and nobody greets: what a port does that waits for TLS. */
int stream_mute(const struct stream *s, const struct endpoint *ep, int wait_ms, struct error *err);
int stream_lost(const struct stream *s, CURLcode rc, struct error *err);
/* What the command of a tunnel says of its end. */
int stream_tunnel_ended(const struct stream *s, struct error *err);
/* What libcurl says went wrong while connecting. */
int stream_connect_failed(struct stream *s, CURLcode rc, const struct endpoint *ep, int wait_ms,
                          struct error *err);
/* The URL scheme that begins in the clear: "imap", "pop3", "smtp". */
const char *stream_clear_scheme(const struct endpoint *ep);

#endif
