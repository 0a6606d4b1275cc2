/* SPDX-License-Identifier: MIT */
/* bounce.h - a delivery status notification as a message (RFC 3462, 3464; RFC 6533 where addresses
 * are UTF-8): a text for the person, the facts for programs, the mail itself or its header. Pure.
 * Must not know: when it is sent, and to whom else.  */
#ifndef TMAIL_SERVER_BOUNCE_H
#define TMAIL_SERVER_BOUNCE_H

#include "server/spool.h"

/* Larger ones are returned as their header alone, and so is every one of which nothing failed. */
enum { BOUNCE_RETURN_MAX = 1 << 20, BOUNCE_HEADER_MAX = 64 << 10 };

enum bounce_kind { BOUNCE_FAILED, BOUNCE_DELAYED, BOUNCE_DELIVERED };
struct bounce {
    enum bounce_kind kind;
    const struct spool_env *env;
    const bool *about; /* for each of its recipients */
    const char *host;  /* our name */
    const char *id;    /* of the report: letters and digits */
    const char *boundary;
    int64_t now, until; /* until: when it is given up */
    /* The mail: appends up to want bytes at offset; 0 bytes is the end. */
    int (*read)(void *arg, uint64_t at, size_t want, struct buf *out, struct error *err);
    void *arg;
};
/* Adds the whole message; it begins with the line "Return-Path: <>", which bounce_path_bytes counts.
 */
int bounce_put(const struct bounce *b, struct spill *out, struct error *err) MUST_CHECK;
uint64_t bounce_path_bytes(void);

#endif
