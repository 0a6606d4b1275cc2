/* SPDX-License-Identifier: MIT */
/* root.h - the folder in which a server lives, and that only one lives in it.
 * Must not know: what else is in it. */
#ifndef TMAIL_SERVER_ROOT_H
#define TMAIL_SERVER_ROOT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

struct root {
    int dir, lock; /* descriptors */
    bool made;     /* by us, just now */
};
/* Makes the folder if need be, opens and locks it; the lock goes with the process. -1: ERR_SYS with
 * EADDRINUSE in sys when another server has it. root_close it in either case. */
int root_open(struct root *r, const char *path, struct error *err) MUST_CHECK;
void root_close(struct root *r);
/* Waits until no server has the folder. -1: it cannot be known. */
int root_wait_free(const char *path, struct error *err) MUST_CHECK;

#endif
