/* SPDX-License-Identifier: MIT */
/* provider.h - the big providers whose servers need no looking up, and what is peculiar to them.
 * Must not know: connections. */
#ifndef TMAIL_SYNC_PROVIDER_H
#define TMAIL_SYNC_PROVIDER_H

#include "net/stream.h"

enum provider_sign {
    SIGN_PASSWORD,
    SIGN_APP_PASSWORD, /* one made for the program on the provider's pages */
    SIGN_OAUTH,        /* nothing else */
    SIGN_OAUTH_OR_APP,
    SIGN_BRIDGE /* the password that a program on this machine shows */
};
enum { PROVIDER_SERVERS_MAX = 4 };
struct provider_server {
    enum net_proto proto;
    enum net_tls tls;
    uint16_t port;
    const char *host;
    const char *user; /* with %EMAILADDRESS% or %EMAILLOCALPART% */
};
struct provider {
    const char *name;
    const char *domains; /* of its addresses, blanks between */
    const char *mx;      /* its mail exchangers end so, blanks between */
    enum provider_sign sign;
    const char *oauth; /* whose sign-in it is: "google", "microsoft"; NULL: none */
    const char *hint;  /* a sentence for the person, to be translated; NULL */
    struct provider_server servers[PROVIDER_SERVERS_MAX]; /* the first without a host is the end */
};

/* Both in lower case, A-labels. NULL: none of them. */
const struct provider *provider_of_domain(struct str domain);
const struct provider *provider_of_mx(struct str host);
/* "password", "app-password", "oauth", "oauth-or-app", "bridge". */
const char *provider_sign_name(enum provider_sign sign);

#endif
