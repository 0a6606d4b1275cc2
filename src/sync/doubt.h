/* SPDX-License-Identifier: MIT */
/* doubt.h - pure: messages that a server cannot send as it should (a size that is wrong, words in
 * between), so that the link ends each time. They are found, by asking for one at a time, and left
 * out, so that one of them does not keep all others away.
 * Must not know: connections, the database. */
#ifndef TMAIL_SYNC_DOUBT_H
#define TMAIL_SYNC_DOUBT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DOUBT_MOST = 64 /* messages; the oldest is tried again when there are more */ };
struct doubt_message {
    int64_t folder;
    uint32_t uidvalidity, uid;
    bool header; /* not even its header can be had */
};
/* Start zeroed. */
struct doubt {
    int64_t careful; /* folder whose messages are asked for one by one; 0: none */
    struct doubt_message list[DOUBT_MOST];
    size_t n, next;
};
/* A link ended because of what the server said, while at was due, with so many others asked for behind
 * it. True: it is at's fault, which is in the list now. */
bool doubt_broke(struct doubt *d, const struct doubt_message *at, size_t others);
/* All that was asked for in that folder came. */
void doubt_over(struct doubt *d, int64_t folder);
/* Those of uids that can be had; header: by their headers alone. In place; how many there are. */
size_t doubt_keep(const struct doubt *d, const struct doubt_message *of, uint32_t *uids, size_t n);
/* True when anything of that folder is in the list, or looked for. */
bool doubt_any(const struct doubt *d, int64_t folder);

#endif
