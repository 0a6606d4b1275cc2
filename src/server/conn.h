/* SPDX-License-Identifier: MIT */
/* conn.h - one connection in a thread of its own: moves bytes between the socket and a session,
 * with deadlines.
 * Must not know: what the bytes mean. */
#ifndef TMAIL_SERVER_CONN_H
#define TMAIL_SERVER_CONN_H

#include "base/queue.h"
#include "server/options.h"

struct log;
struct store;
struct tls;

struct conn_setup {
    const struct server_options *options;
    struct store *store;
    struct log *log;
    struct tls *tls;    /* NULL: none */
    int stop_fd;        /* readable once all are to end */
    struct queue *news; /* what the connection tells: struct conn_news */
};

/* CONN_ENDED comes once, as the last; its drop closes fd, which until then means this connection.
 */
enum conn_news_kind { CONN_LOGGED_IN, CONN_ENDED };
struct conn_news {
    struct msg m; /* kind: enum conn_news_kind */
    int fd;
};
/* Takes fd, also on failure. Keeps what setup points to until CONN_ENDED is in news. */
int conn_start(const struct conn_setup *setup, int fd, enum server_port port, const char *peer,
               bool loopback, struct error *err) MUST_CHECK;

#endif
