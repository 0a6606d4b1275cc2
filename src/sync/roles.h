/* SPDX-License-Identifier: MIT */
/* roles.h - pure: what a server's LIST means for the store: names as people read them, and which
 * folder is Sent, Trash and so on.
 * Must not know: connections, the database. */
#ifndef TMAIL_SYNC_ROLES_H
#define TMAIL_SYNC_ROLES_H

#include "cache/folder.h"

struct sync_listed {
    struct str wire;      /* as the server calls it, in the form of imap.h */
    struct str name;      /* set by roles_name */
    char delim;           /* 0: flat */
    unsigned flags;       /* enum imap_list_flag */
    enum cache_role role; /* set by roles_assign */
    bool foreign;         /* another person's, or shared: it has no role */
};
/* Fills in name: UTF-8, '/' between levels, INBOX in capitals; a '/' inside a level becomes U+2215;
 * what is not modified UTF-7 is kept as it stands, made valid. */
void roles_name(struct arena *a, struct sync_listed *f);
/* By SPECIAL-USE (RFC 6154), else by common names; each role once. */
void roles_assign(struct sync_listed *rows, size_t n);
/* After it, where folders are labels and one has all mail (Gmail): that one is the archive, unless the
 * server names another. */
void roles_archive_all(struct sync_listed *rows, size_t n);

#endif
