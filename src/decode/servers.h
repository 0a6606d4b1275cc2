/* SPDX-License-Identifier: MIT */
/* servers.h - the mail servers that an autoconfig document names (Mozilla's clientConfig, version 1.1).
 * Documents come from strangers: nothing is fetched for them, entities are not expanded, one with a
 * document type is refused.
 * Must not know: which server is used, whose address it is for. */
#ifndef TMAIL_DECODE_SERVERS_H
#define TMAIL_DECODE_SERVERS_H

#include "decode/client.h"

enum {
    SERVERS_DEPTH_MAX = 16,
    SERVERS_FIELD_MAX = 512, /* bytes of one value; a server with a longer one is left out */
    SERVERS_ELEMENTS_MAX = 4000
};

/* Strings and array live in a; at most DECODE_SERVERS_MAX. -1 for what is no such document. */
int servers_read(struct arena *a, struct str xml, struct decode_servers *out) MUST_CHECK;

#endif
