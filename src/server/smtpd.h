/* SPDX-License-Identifier: MIT */
/* smtpd.h - one SMTP or LMTP session as a step function: bytes in, replies out (RFC 5321, RFC
 * 2033; and the dialogue as a person types it). A session whose every line ended in a bare LF is
 * served so; from the first CRLF on nothing but CRLF counts, so that no two servers can disagree
 * on where a message ends.
 * Must not know: sockets, threads, mailboxes. */
#ifndef TMAIL_SERVER_SMTPD_H
#define TMAIL_SERVER_SMTPD_H

#include "server/accounts.h"
#include "server/deliver.h"
#include "server/mailid.h"
#include "server/options.h"
#include "server/sasl.h"
#include "server/session.h"

struct smtpd;

struct smtpd_ops {
    /* Whose mail it is (desk_rcpt). */
    enum rcpt_kind (*rcpt)(void *arg, struct str local, struct str domain, struct rcpt_list *out);
    /* False when the client has sent as much as it may for now; else that is counted. */
    bool (*rate)(void *arg);
    /* As deliver_do. */
    int (*deliver)(void *arg, struct deliver_mail *mail, struct error *err);
    /* A recipient, or (to empty) the whole message id, was not taken. */
    void (*refused)(void *arg, const char *id, struct str sender, struct str to, unsigned code);
    /* False when a message of so many bytes would fill the disk. */
    bool (*room)(void *arg, uint64_t bytes);
    /* Names a message that begins; the time, in seconds since 1970. */
    int64_t (*name)(void *arg, char id[MAILID_MAX]);
    void *arg;
};
struct smtpd_setup {
    const struct server_options *options;
    const struct smtpd_ops *ops;
    struct sasl_setup sasl; /* how one logs in */
    const char *peer;       /* address */
    int tmp_dir;            /* where messages grow */
    bool submission, lmtp, loopback;
    bool secure;   /* TLS is spoken from the first byte on */
    bool starttls; /* STARTTLS is offered */
    bool trusted;  /* may relay without a login (--relay-from) */
    bool relays;   /* there is a queue for mail to elsewhere */
};

/* Keeps what setup points to; writes the greeting. */
struct smtpd *smtpd_new(const struct smtpd_setup *setup, struct buf *out);
void smtpd_free(struct smtpd **s);

/* Consumes from *in, appends replies to out. */
enum session_step smtpd_feed(struct smtpd *s, struct str *in, struct buf *out);
int smtpd_delay_ms(const struct smtpd *s);
bool smtpd_logged_in(const struct smtpd *s);
/* True for a line that holds a secret: not for the log. */
bool smtpd_secret(const struct smtpd *s, struct str line);
/* After SESSION_STARTTLS: TLS is spoken from here on, and what was said before is forgotten (RFC
 * 3207 §4.2). */
void smtpd_secured(struct smtpd *s, const struct session_tls *tls);
extern const struct session_ops smtpd_ops;

#endif
