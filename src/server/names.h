/* SPDX-License-Identifier: MIT */
/* names.h - which names of accounts and folders are accepted, and where they lie below the
 * account's folder. Folder A is the file A.mbox, A/B is A/B.mbox, INBOX in any case is the file
 * INBOX.
 * Must not know: the file system. */
#ifndef TMAIL_SERVER_NAMES_H
#define TMAIL_SERVER_NAMES_H

#include "base/buf.h"

/* One level of a name: UTF-8, 1 to NAME_LEVEL_MAX bytes, no leading dot, no control character, no
 * slash. */
bool name_level_ok(struct str s);
bool name_is_inbox(struct str folder);
/* The path of folder (UTF-8, '/' between levels) relative to its account. -1 with ERR_USAGE and
 * nothing appended for a name that is refused. */
int name_folder_path(struct str folder, struct buf *path, struct error *err) MUST_CHECK;

#endif
