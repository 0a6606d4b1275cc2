/* SPDX-License-Identifier: MIT */
/* checkup_in.h - what the files of the checkup share: checkup.c asks and says, checkup_imap.c looks at an IMAP
 * server, checkup_mail.c at the others, checkup_local.c at what lies on this machine.
 * Must not know: how it is shown. */
#ifndef TMAIL_SYNC_CHECKUP_IN_H
#define TMAIL_SYNC_CHECKUP_IN_H

#include "config/config.h"
#include "net/facts.h"
#include "net/login.h"
#include "sync/checkup.h"
#include "sync/signin.h"

struct checkup {
    struct probe *p;
    const struct config_account *cfg;
    const char *about; /* "receiving", "sending" */
    struct buf secret;
    struct signin signin;
    bool no_secret;         /* there was none to be had; why was told */
    bool refused;           /* a server refused the password: another try may lock the account */
    struct net_facts facts; /* of the server that is looked at */
    struct arena *arena;    /* of sentences and names */
};

/* One finding. */
void checkup_say(struct checkup *c, const char *level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void checkup_wrong(struct checkup *c, const struct error *why);
/* Who logs in, and with what; it is asked for once. 0; 1: this server wants no login; -1. */
int checkup_login(struct checkup *c, enum net_proto proto, struct net_login *login,
                  struct error *err) MUST_CHECK;
/* What the connection to host is like, as far as it came; s is its part of the configuration. */
void checkup_connection(struct checkup *c, const struct config_server *s);
/* The time that a server tells, seconds; 0: none. */
void checkup_clock(struct checkup *c, const char *host, int64_t told);

/* 0: looked at, whatever was found; -1: what is wrong stands in *err. */
int checkup_imap(struct checkup *c, struct error *err) MUST_CHECK;
int checkup_pop3(struct checkup *c, struct error *err) MUST_CHECK;
int checkup_smtp(struct checkup *c, enum net_proto proto, struct error *err) MUST_CHECK;
int checkup_spool(struct checkup *c, struct error *err) MUST_CHECK;
int checkup_command(struct checkup *c, struct error *err) MUST_CHECK;

#endif
