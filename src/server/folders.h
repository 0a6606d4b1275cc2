/* SPDX-License-Identifier: MIT */
/* folders.h - the folders of one account on the disk. Names are checked (names.h) before
 * anything is opened, and no symbolic link is followed.
 * Must not know: threads, which folders are open. */
#ifndef TMAIL_SERVER_FOLDERS_H
#define TMAIL_SERVER_FOLDERS_H

#include "base/buf.h"

struct folder_name {
    char *name;
    bool selectable, children, subscribed;
};
struct folder_list {
    struct folder_name *p;
    size_t n, cap;
};

/* The account's own folder below the one of all mail; made when make is set. Descriptor, or -1. */
int folders_account(int mail_dir, struct str account, bool make, struct error *err);
/* Descriptor of the folder in which the file lies, the file's name appended to leaf. make: create
 * what is missing. */
int folders_parent(int account_dir, struct str folder, bool make, struct buf *leaf,
                   struct error *err);
/* 0, 1 when there is no such folder, -1. */
int folders_exists(int account_dir, struct str folder, struct error *err) MUST_CHECK;
int folders_delete(int account_dir, struct str folder, struct error *err) MUST_CHECK;
/* With all that is below. */
int folders_rename(int account_dir, struct str from, struct str to, struct error *err) MUST_CHECK;
/* All, sorted, INBOX first; those that are subscribed but gone as well (not selectable, no
 * children). */
int folders_list(int account_dir, struct folder_list *out, struct error *err) MUST_CHECK;
/* The accounts that have a folder below the one of all mail, sorted. */
int folders_accounts(int mail_dir, struct folder_list *out, struct error *err) MUST_CHECK;
void folders_list_free(struct folder_list *l);
int folders_subscribe(int account_dir, struct str folder, bool on, struct error *err) MUST_CHECK;

#endif
