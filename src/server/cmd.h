/* SPDX-License-Identifier: MIT */
/* cmd.h - the commands of tmaild: `tmaild queue list` and its like go to the server that runs,
 * `tmaild users ...` works on the files, so that it needs none.
 * Must not know: what the server makes of them. */
#ifndef TMAIL_SERVER_CMD_H
#define TMAIL_SERVER_CMD_H

#include <stdbool.h>

#include "base/buf.h"

/* How a person is asked for a password: appended to out, wiped by the caller. */
struct cmd_person {
    int (*password)(void *arg, struct buf *out, struct error *err);
    void *arg;
};
/* The first word that is not --root or --config is the name of a command. */
bool cmd_is(int argc, char **argv);
/* Does it; what there is to say is appended to out. ERR_USAGE, ERR_NET when no server runs, or what
 * the server said. */
int cmd_run(int argc, char **argv, const struct cmd_person *person, struct buf *out,
            struct error *err) MUST_CHECK;

#endif
