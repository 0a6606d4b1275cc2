/* SPDX-License-Identifier: MIT */
/* deliver.h - a message that was taken in goes where it belongs: into mailboxes of our own, by
 * their owners, or into the queue.
 * Must not know: which protocol it came by. */
#ifndef TMAIL_SERVER_DELIVER_H
#define TMAIL_SERVER_DELIVER_H

#include <stdint.h>

#include "server/options.h"
#include "server/spill.h"

struct desk;
struct log;

struct deliver_rcpt {
    char *address;
    char *account;   /* NULL: elsewhere */
    char *orcpt;     /* as it came, xtext (RFC 3461 §4.2); NULL: not given */
    unsigned notify; /* enum smtp_notify; 0: not given */
    unsigned code;   /* the answer for this one: 250, 451, 452 */
};
struct deliver_mail {
    char id[32];
    const char *by;    /* the client's address, for the log */
    struct str sender; /* empty: the null sender */
    struct deliver_rcpt *rcpts;
    size_t n;
    struct spill *message; /* with Return-Path, whose line is the first path bytes */
    uint64_t path;
    int64_t now;
    const char *envid;    /* xtext; NULL: not given */
    unsigned ret;         /* enum smtp_ret */
    bool utf8, eight_bit; /* addresses or header need SMTPUTF8; bytes over 127 */
    bool each;            /* who cannot have it does not keep it from the others (RFC 2033) */
};
/* 0 when every recipient has it, durably, and -1 when none has; with each, 0 when one has. The
 * codes are filled in. */
int deliver_do(struct desk *d, const struct server_options *options, struct log *log,
               struct deliver_mail *mail, struct error *err) MUST_CHECK;

#endif
