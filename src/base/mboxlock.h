/* SPDX-License-Identifier: MIT */
/* mboxlock.h - the two locks of a mailbox file: the record lock of an open file description
 * (classic fcntl locks do not exclude threads), and NAME.lock beside it where the folder allows.
 * Must not know: what is in the file. */
#ifndef TMAIL_BASE_MBOXLOCK_H
#define TMAIL_BASE_MBOXLOCK_H

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

/* How long other programs are waited for: until stop(arg), where there is one, says that it is
 * enough. */
struct mboxlock_wait {
    int ms;
    bool (*stop)(void *arg);
    void *arg;
};

int mboxlock_file(int fd, bool write, const struct mboxlock_wait *wait,
                  struct error *err) MUST_CHECK;
void mboxlock_file_release(int fd);
/* 0; 1 where the folder does not allow one; -1. Left behind by a process that is gone, it is taken
 * over. */
int mboxlock_dot(int dir, const char *leaf, const struct mboxlock_wait *wait,
                 struct error *err) MUST_CHECK;
void mboxlock_dot_release(int dir, const char *leaf);

#endif
