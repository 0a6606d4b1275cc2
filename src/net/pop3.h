/* SPDX-License-Identifier: MIT */
/* pop3.h - the POP3 client: log in, list, fetch with as many bytes under way as the line holds,
 * delete, quit (RFC 1939, 2449, 2595, 5034). Without PIPELINING it asks one by one.
 * Must not know: what has been fetched before, what may be deleted. */
#ifndef TMAIL_NET_POP3_H
#define TMAIL_NET_POP3_H

#include "net/facts.h"
#include "net/login.h"
#include "net/stream.h"

struct pop3_options {
    struct endpoint endpoint;
    const struct net_login *login; /* used by pop3_open alone */
    struct net_cancel *cancel;     /* may be NULL */
    struct log *log;
    int connect_ms, wait_ms; /* to be connected; longest silence while answers are due */
    struct net_facts *facts; /* NULL: nobody asks */
};
struct pop3;
/* Connects, checks the greeting, asks for CAPA, logs in (AUTH PLAIN where announced, else USER and
 * PASS; never APOP). Keeps cancel and log. NULL with ERR_NET, ERR_TLS, ERR_AUTH (with the server's
 * reason; RETRY_LATER where it says [IN-USE], [LOGIN-DELAY] or [SYS/TEMP]), ERR_PROTO, ERR_REFUSED.
 */
struct pop3 *pop3_open(const struct pop3_options *o, struct error *err);
enum pop3_cap { POP3_CAP_TOP = 1, POP3_CAP_UIDL = 2, POP3_CAP_PIPELINING = 4 };
unsigned pop3_caps(const struct pop3 *p);
bool pop3_secure(const struct pop3 *p);

/* What lies there. uid is borrowed from p; empty where the server has no UIDL. */
struct pop3_entry {
    uint32_t number;
    uint64_t size; /* as the server counts */
    struct str uid;
};
/* All of them, ascending by number; borrowed from p until it is asked again or closed. A uid that stands there
 * twice is given twice. At most POP3_ENTRIES_MAX: ERR_LIMIT. */
enum { POP3_ENTRIES_MAX = 1 << 20 };
int pop3_list(struct pop3 *p, const struct pop3_entry **entries, size_t *n,
              struct error *err) MUST_CHECK;

/* What came for one message. chunk: its bytes as they pass, dots un-stuffed, last with the last
 * (which may be empty). refused: -ERR, with the server's words; instead of chunk. Either gives -1
 * to break off. */
struct pop3_handler {
    int (*chunk)(void *arg, size_t i, struct str bytes, bool last, struct error *err);
    int (*refused)(void *arg, size_t i, const char *words, struct error *err);
    /* True: no more is asked for; what is under way still comes. May be NULL. */
    bool (*enough)(void *arg);
    void *arg;
};
/* Fetches entries[0] ... entries[n-1] in this order; *done: so many were answered. lines < 0: whole
 * (RETR); else TOP with so many lines of the body. i counts in entries. */
int pop3_fetch(struct pop3 *p, const struct pop3_entry *entries, size_t n, int lines,
               const struct pop3_handler *h, size_t *done, struct error *err) MUST_CHECK;
/* DELE for each; marked[i] tells which the server took. They are gone only after pop3_quit. */
int pop3_dele(struct pop3 *p, const struct pop3_entry *entries, size_t n, bool *marked,
              struct error *err) MUST_CHECK;
/* QUIT, and waits for its answer: 0 when the server said that what was marked is gone; -1: it may
 * or may not be. Closes in any case. */
int pop3_quit(struct pop3 **p, struct error *err) MUST_CHECK;
/* Breaks off: what was marked stays (RFC 1939 §6). */
void pop3_close(struct pop3 **p);

#endif
