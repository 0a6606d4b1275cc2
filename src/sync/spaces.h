/* SPDX-License-Identifier: MIT */
/* spaces.h - pure: the namespaces of a server (RFC 2342), and what a folder is called here and there
 * because of them. Where all of a person's folders must begin with a prefix ("INBOX.", "mail/"), it
 * is seen on the server alone.
 * Must not know: connections, the database. */
#ifndef TMAIL_SYNC_SPACES_H
#define TMAIL_SYNC_SPACES_H

#include "sync/roles.h"
#include "wire/imap_resp.h"

enum {
    SPACES_PREFIX_MAX = 200, /* a longer one is none */
    SPACES_FOREIGN_MAX = 500 /* of other people's and shared folders; more: only subscribed ones */
};

/* Prefixes with the separator at their end, in the form of imap.h. Start zeroed. */
struct spaces {
    bool known;                            /* the server told */
    char personal[SPACES_PREFIX_MAX], sep; /* sep 0: not told, or flat */
    char others[SPACES_PREFIX_MAX], shared[SPACES_PREFIX_MAX];
    bool rest_foreign; /* what is not personal is somebody else's (Cyrus: shared "") */
};
/* Takes a NAMESPACE response. */
void spaces_take(struct spaces *s, const struct imap_resp *r);
/* Fills in names (roles_name) and foreign. A name that without the prefix would be another folder's
 * keeps it. */
void spaces_names(const struct spaces *s, struct arena *a, struct sync_listed *rows, size_t n);
/* Leaves out foreign rows that nobody subscribed to, where there are too many. In place; how many
 * there are. */
size_t spaces_leave_out(struct sync_listed *rows, size_t n);
/* The server's name for a folder that is called so here: sep between levels (0: as s has it, else
 * '/'), the prefix where it belongs. ERR_REFUSED for what cannot be a name there. */
int spaces_wire(const struct spaces *s, struct str name, char sep, struct buf *out,
                struct error *err) MUST_CHECK;

#endif
