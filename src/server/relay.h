/* SPDX-License-Identifier: MIT */
/* relay.h - one attempt to hand mail over to the world: the mail exchangers of a domain in their
 * order (RFC 5321 §5.1), or the smart host of --relay; TLS when it is offered, nothing of it
 * verified; several messages on one connection. Each recipient gets its own result. One struct
 * relay belongs to one worker thread; it waits for the network and can be cancelled.
 * Must not know: the queue, when to try again, what a bounce looks like. */
#ifndef TMAIL_SERVER_RELAY_H
#define TMAIL_SERVER_RELAY_H

#include "net/smtp.h"
#include "server/options.h"

/* LATER is also what becomes of a message whose fate nobody knows (the link broke after the final
 * dot): twice is better than never. */
enum relay_fate { RELAY_LATER, RELAY_SENT, RELAY_REFUSED };

enum { RELAY_ENHANCED_MAX = 12, RELAY_HOST_MAX = 256 };
struct relay_rcpt {
    const char *address;
    const char *account; /* agent.h alone: whose mailbox; NULL for the relay */
    const char *orcpt;   /* "rfc822;a@b" as it stands on the wire (xtext); NULL: not given */
    unsigned notify;     /* enum smtp_notify; 0: not given */
    bool skip;           /* not this one: results are left alone */
    /* Filled in: */
    enum relay_fate fate;
    unsigned code; /* what the peer answered; 0: none did */
    char enhanced
        [RELAY_ENHANCED_MAX];  /* "5.1.1", never empty after the call; ours if it gave none */
    char text[NET_WORDS_MAX];  /* one line for the log and the bounce */
    char host[RELAY_HOST_MAX]; /* who said so (Remote-MTA); "" for ourselves */
    bool peer_has_dsn; /* SENT to a server that takes over the duty of success reports (RFC 3461) */
};
struct relay_mail {
    const char *id;     /* for the log */
    const char *sender; /* "" for the null sender */
    const char *envid;  /* xtext; NULL: not given */
    unsigned ret;       /* enum smtp_ret */
    struct relay_rcpt *rcpts;
    size_t n;
    uint64_t size;
    bool eight_bit, utf8; /* utf8: header or addresses need SMTPUTF8 */
    /* Appends up to want bytes at offset; 0 bytes is the end. */
    int (*read)(void *arg, uint64_t at, size_t want, struct buf *out, struct error *err);
    /* Said as soon as a peer has taken this mail, while the others of the call are still to come; may
     * be NULL. What results there are by then hold. */
    void (*taken)(void *arg, const struct relay_mail *m);
    void *arg;
};

/* --relay: HOST:PORT with TLS where it is offered; smtp:// needs STARTTLS, smtps:// TLS from the
 * start, and both a certificate that holds. The port is 25, or 465, if it is not given. */
struct relay_host {
    char host[RELAY_HOST_MAX];
    uint16_t port;
    enum net_tls tls;
    bool opportunistic;
};
/* 0; -1 with ERR_USAGE. */
int relay_host_read(const char *spec, struct relay_host *out, struct error *err) MUST_CHECK;

/* ERR_USAGE for options that do not go together: a password goes to a smart host whose certificate
 * is verified, or on the loopback, and nowhere else. */
int relay_check(const struct server_options *o, struct error *err) MUST_CHECK;

struct relay;
/* Keeps options, log and cancel (each may be shared by all workers; cancel and log may be NULL).
 * NULL with *err. */
struct relay *relay_new(const struct server_options *o, struct log *log, struct net_cancel *cancel,
                        struct error *err);
void relay_free(struct relay **r);
/* Tries all mails for one destination, a domain or an address literal ("[192.0.2.1]"), over as few
 * connections as it takes. All recipients that are not skipped have their results then. 0; -1 with
 * ERR_CANCELLED when told to stop: what has no result by then is LATER with code 0. */
int relay_send(struct relay *r, const char *destination, struct relay_mail *mails, size_t n,
               struct error *err) MUST_CHECK;

/* A recipient's result in one go: enhanced NULL gives X.0.0 of the fate. */
void relay_result(struct relay_rcpt *r, enum relay_fate fate, unsigned code, const char *enhanced,
                  const char *host, const char *text);

#endif
