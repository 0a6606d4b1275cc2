/* SPDX-License-Identifier: MIT */
/* agent_in.h - what the files of the delivery agents share. agent.c reads --agent and hands over by
 * LMTP, agent_maildir.c writes files, agent_command.c runs programs.
 * Must not know: who asks for a delivery. */
#ifndef TMAIL_SERVER_AGENT_IN_H
#define TMAIL_SERVER_AGENT_IN_H

#include "server/agent.h"

enum agent_kind { AGENT_MBOX, AGENT_MAILDIR, AGENT_COMMAND, AGENT_LMTP };
struct agent {
    enum agent_kind kind;
    const struct server_options *options;
    struct log *log;
    struct net_cancel *cancel;
    struct arena *arena;
    const char *path; /* AGENT_MAILDIR; of LMTP's socket, else NULL */
    char **argv;      /* AGENT_COMMAND */
    struct relay_host lmtp;
    struct dns *dns;
    unsigned delivered; /* AGENT_MAILDIR: part of the names */
};

/* Appends text with the account's name for each {account}. -1 with ERR_ADDRESS for a name that
 * could be something else there. */
int agent_fill(const char *text, const char *account, struct buf *out,
               struct error *err) MUST_CHECK;
/* The message as the last delivery has it (RFC 5321 §4.4: Return-Path first), with LF for CRLF:
 * appends the next bytes; 0 are the end. Start with *at = 0. */
struct agent_text {
    const struct relay_mail *mail;
    uint64_t at;
    bool begun, cr;
};
int agent_text_read(struct agent_text *t, struct buf *out, struct error *err) MUST_CHECK;

/* One recipient. */
void agent_maildir(struct agent *a, const struct relay_mail *m, struct relay_rcpt *r);
/* -1 with ERR_CANCELLED. */
int agent_command(struct agent *a, const struct relay_mail *m, struct relay_rcpt *r,
                  struct error *err) MUST_CHECK;

#endif
