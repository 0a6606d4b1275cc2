/* SPDX-License-Identifier: MIT */
/* rank.h - pure: which of the servers that were found for an address are used. The sources are asked at the
 * same time; the first of them, in the order of enum find_source, that names servers for both ways wins.
 * Must not know: how they were found. */
#ifndef TMAIL_SYNC_RANK_H
#define TMAIL_SYNC_RANK_H

#include "net/stream.h"
#include "sync/provider.h"

enum find_source {
    FIND_TABLE,        /* the domain is a big provider's */
    FIND_MX,           /* its mail is a big provider's */
    FIND_SRV,          /* RFC 6186, RFC 8314 */
    FIND_AUTOCONFIG,   /* https://autoconfig.DOMAIN/ */
    FIND_WELL_KNOWN,   /* https://DOMAIN/.well-known/autoconfig/ */
    FIND_DIRECTORY,    /* Thunderbird's, by domain */
    FIND_DIRECTORY_MX, /* the same by the domain of its mail exchanger */
    FIND_GUESS,        /* names that are usual, and answer with a good certificate */
    FIND_SOURCES
};
enum { FIND_SERVERS_MAX = 16 };
struct find_server {
    enum net_proto proto;
    enum net_tls tls;
    uint16_t port;
    bool outside; /* of the mail domain, and nobody signed for it */
    bool oauth;   /* the source says that one can sign in so */
    bool sure;    /* the source says which user that is */
    struct str host, user;
};
struct find_offer {
    bool over; /* nothing more comes of this source */
    struct str name;
    const struct provider *provider; /* of FIND_TABLE and FIND_MX; else NULL */
    struct find_server servers[FIND_SERVERS_MAX];
    size_t n;
};
/* Adds a server unless it cannot be used: one in the clear (but on this machine), one that is there already,
 * one too many. */
void find_offer_add(struct find_offer *o, const struct find_server *server);

struct find_choice {
    enum find_source
        source; /* of the receiving servers, of the sending ones where there are none */
    const struct find_offer *offer;
    /* Best first: IMAP before POP3, TLS from the start before STARTTLS, then as the source has them. */
    struct find_server receive[FIND_SERVERS_MAX], send[FIND_SERVERS_MAX];
    size_t receive_n, send_n;
};
/* offers: FIND_SOURCES of them. 0: this one; 1: wait, a better source may still answer; -1: nobody knows anything. When no source can
 * answer any more, or the time is up, the two ways may be taken from two sources, and one may be missing. */
int find_choose(const struct find_offer *offers, bool time_is_up,
                struct find_choice *out) MUST_CHECK;
/* Appends text with %EMAILADDRESS%, %EMAILLOCALPART% and %EMAILDOMAIN% replaced. */
void find_fill(struct str text, struct str address, struct buf *out);
/* The host is the domain or below it; case does not matter. */
bool find_is_inside(struct str host, struct str domain);
/* "127.0.0.1", "::1", "localhost". */
bool find_is_here(struct str host);

#endif
