/* SPDX-License-Identifier: MIT */
/* watch.h - which mail is new since somebody watches.
 * Must not know: who says that a folder changed. */
#ifndef TMAIL_CLI_WATCH_H
#define TMAIL_CLI_WATCH_H

#include "cli/cli.h"

struct watch {
    struct cli *cli; /* kept; its store is open */
    int64_t since;   /* messages up to this number are old */
    int64_t *told;   /* those that were printed, of the others */
    size_t told_n;
};
/* From now on. */
int watch_init(struct watch *w, struct cli *c, struct error *err) MUST_CHECK;
void watch_clear(struct watch *w);
/* Prints what is unread in the folder and was not here before, each message once, as `tmail list`
 * does, oldest first. */
int watch_folder(struct watch *w, int64_t folder, struct error *err) MUST_CHECK;

#endif
