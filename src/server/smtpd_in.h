/* SPDX-License-Identifier: MIT */
/* smtpd_in.h - what the files of the SMTP session share: its state and its replies.
 * Must not know: anything that smtpd.h must not. */
#ifndef TMAIL_SERVER_SMTPD_IN_H
#define TMAIL_SERVER_SMTPD_IN_H

#include "server/fixup.h"
#include "server/smtpd.h"
#include "wire/reply.h"
#include "wire/smtp_cmd.h"

enum line_ends { ENDS_UNKNOWN, ENDS_LF, ENDS_CRLF };
enum smtpd_state { STATE_COMMAND, STATE_DATA, STATE_CHUNK, STATE_AUTH };

/* Which recipient an accepted RCPT stands for; an alias has several. */
struct smtpd_told {
    size_t rcpt, target;
};
/* RFC 5321 §4.1.4: what is between MAIL and the end of the message. */
struct smtpd_mail {
    bool begun;
    struct buf sender;
    char *envid;
    unsigned ret;
    bool utf8, eight_bit;
    struct deliver_rcpt *rcpts; /* each of them once */
    size_t rcpts_n;
    struct smtpd_told *told;
    size_t told_n, taken; /* taken: RCPTs that were answered with 250 */
    char *first_rcpt, *forward;
    /* the message */
    bool coming;
    char id[32], with[16];
    uint64_t size; /* bytes that came */
    struct spill spill;
    struct fixup_env env;
    struct fixup fixup;
    struct wire_unstuff unstuff;
    struct buf piece;
};
struct smtpd_refusal {
    unsigned code;
    const char *enhanced, *text;
};
struct smtpd {
    struct smtpd_setup setup;
    enum line_ends ends;
    enum smtpd_state state;
    struct buf helo, tls, account; /* account: who is logged in */
    struct sasl *sasl;
    bool esmtp, authenticated, secure, closing, skipping, skipped_cr, starttls;
    bool full; /* the replies are to be sent before there are more */
    struct smtpd_mail mail;
    uint64_t chunk_left; /* bytes of BDAT that are still to come */
    bool chunk_last;
    struct smtpd_refusal chunk_refused; /* code 0: it is taken */
    unsigned errors, tries;
    int delay_ms;
};

void smtpd_reply(struct smtpd *s, struct buf *out, unsigned code, const char *enhanced,
                 const char *text);
void smtpd_replyf(struct smtpd *s, struct buf *out, unsigned code, const char *enhanced,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Nothing is left of a transaction. */
void smtpd_mail_clear(struct smtpd *s);

/* smtpd_auth.c (RFC 4954) */
bool smtpd_may_login(const struct smtpd *s);
void smtpd_auth(struct smtpd *s, const struct smtp_cmd *c, struct buf *out);
void smtpd_auth_line(struct smtpd *s, struct str line, struct buf *out);

/* smtpd_mail.c */
void smtpd_mail(struct smtpd *s, const struct smtp_cmd *c, struct buf *out);
void smtpd_rcpt(struct smtpd *s, const struct smtp_cmd *c, struct buf *out);
void smtpd_vrfy(struct smtpd *s, const struct smtp_cmd *c, struct buf *out);
void smtpd_expn(struct smtpd *s, const struct smtp_cmd *c, struct buf *out);

/* smtpd_data.c */
void smtpd_data(struct smtpd *s, const struct smtp_cmd *c, struct buf *out);
/* refused: what else is wrong with the command; its bytes come all the same. */
void smtpd_bdat(struct smtpd *s, const struct smtp_cmd *c, const struct smtpd_refusal *refused,
                struct buf *out);
/* Eats message bytes. False when more are needed. */
bool smtpd_data_feed(struct smtpd *s, struct str *in, struct buf *out);

#endif
