/* SPDX-License-Identifier: MIT */
/* pop3_conn.h - what the files of the POP3 client share: its state, and how commands are sent and
 * answered. pop3_run.c sends and dispatches, pop3_login.c has greeting, capabilities and login,
 * pop3.c what is done then.
 * Must not know: who uses the client. */
#ifndef TMAIL_NET_POP3_CONN_H
#define TMAIL_NET_POP3_CONN_H

#include "net/pop3.h"
#include "net/words.h"
#include "wire/pop3.h"

enum { POP3_STAMP_MAX = 256 };

struct pop3 {
    struct stream *stream;
    struct log *log;
    struct buf in, out;
    struct buf challenge; /* of a login, as it came */
    size_t out_pos;       /* of out: so much has been sent */
    unsigned caps;
    int wait_ms;
    bool secure, broken;
    bool has_capa;              /* CAPA was answered: what it does not name is not there */
    unsigned mechs;             /* of CAPA's SASL, enum net_mech */
    bool has_utf8, has_lang;    /* RFC 6856 */
    bool user_pass, has_sasl;   /* CAPA has USER, SASL with whatever */
    char stamp[POP3_STAMP_MAX]; /* of the greeting, for APOP; "": none, or none that is safe */
    struct arena *uids;
    struct pop3_entry *entries;
    size_t entries_n, entries_room;
    bool unsorted;
    struct net_facts *facts; /* while it is being opened; NULL */
    char host[256];
};

/* What comes behind the status line of an answer. */
enum pop3_follow { FOLLOW_NOTHING, FOLLOW_LINES, FOLLOW_BODY };

/* n commands. put appends the i-th, with its CRLF. reply gets its status line and tells what
 * follows; line or bytes get that. cost: the bytes of the answer as far as they are known, which
 * fill the window; may be NULL, as may line, bytes and enough where they cannot be needed. All of
 * them give -1 to break off. */
struct pop3_job {
    size_t n;
    void (*put)(void *arg, size_t i, struct buf *out);
    uint64_t (*cost)(void *arg, size_t i);
    int (*reply)(void *arg, size_t i, const struct wire_pop3_reply *r, enum pop3_follow *follow,
                 struct error *err);
    int (*line)(void *arg, size_t i, struct str line, struct error *err);
    int (*bytes)(void *arg, size_t i, struct str bytes, bool last, struct error *err);
    bool (*enough)(void *arg);
    void *arg;
    bool may_challenge; /* "+ " is an answer too (RFC 5034 §4) */
};
/* Sends them, as many at a time as the server and the window allow, and dispatches what is
 * answered. *done: so many were. -1: the connection is of no more use. */
int pop3_run(struct pop3 *p, const struct pop3_job *job, size_t *done, struct error *err);

/* A status line that is kept. */
struct pop3_answer {
    int kind; /* of wire_pop3_reply */
    enum { SAID_NOTHING, SAID_AUTH, SAID_LATER, SAID_NEVER } code;
    char words[NET_WORDS_MAX]; /* with the code in front */
};
void pop3_answer_keep(struct pop3_answer *a, const struct wire_pop3_reply *r);
/* One command (with its CRLF) that is answered by a status line alone. */
int pop3_command(struct pop3 *p, struct str line, struct pop3_answer *a, struct error *err);
/* ERR_REFUSED with the server's words. Returns -1; the connection holds. */
int pop3_refused(const struct pop3 *p, const struct pop3_answer *a, struct error *err);
/* ERR_PROTO; what goes to the log. Returns -1. */
int pop3_nonsense(struct pop3 *p, const char *what, struct error *err);

/* libcurl gave up: where the server said why it will not talk, *err is told with its words. */
void pop3_not_greeted(const struct pop3 *p, struct str said, struct error *err);
/* Reads the greeting (or takes it from said), learns the capabilities. */
int pop3_greet(struct pop3 *p, const struct pop3_options *o, struct str said, struct error *err);
/* Mail and words as UTF-8, words in the language of this program's sentences: what the server can of
 * that, before the login (RFC 6856 §2, §3). What it refuses changes nothing. */
int pop3_speak(struct pop3 *p, struct error *err);
/* Logs in and asks for the capabilities again (RFC 2449 §5). */
int pop3_log_in(struct pop3 *p, const struct net_login *l, const struct endpoint *ep,
                struct error *err);

#endif
