/* SPDX-License-Identifier: MIT */
/* facts.h - what was seen while a client came to be connected and logged in, for who has to tell it. What is not
 * reached stays empty, so that a login that failed tells of the TLS before it.
 * Must not know: what is thought of it. */
#ifndef TMAIL_NET_FACTS_H
#define TMAIL_NET_FACTS_H

#include "net/tls.h"

enum { FACTS_LOGIN_SIZE = 32 };

struct net_facts {
    struct tls_facts tls;
    unsigned mechs;               /* offered before the login: set of enum net_mech */
    char login[FACTS_LOGIN_SIZE]; /* how the login was tried: "SCRAM-SHA-256", "USER" */
    int64_t clock;                /* of the server, from its greeting, seconds; 0: it told none */
};
/* Pure: the time that a greeting of SMTP tells, as many do (RFC 5322 §3.3 with a zone in numbers); 0: none. */
int64_t facts_clock(struct str words);

#endif
