/* SPDX-License-Identifier: MIT */
/* roam.h - notices that the computer came to another network or woke up, so that nobody waits for
 * connections that cannot live, nor for the end of a pause that has lost its reason. Addresses and
 * default routes are told by the kernel (rtnetlink(7)); a sleep is what CLOCK_BOOTTIME has more than
 * CLOCK_MONOTONIC. Belongs to one thread.
 * Must not know: connections, accounts. */
#ifndef TMAIL_SYNC_ROAM_H
#define TMAIL_SYNC_ROAM_H

#include "base/str.h"
#include "net/cancel.h"

enum { ROAM_SLEPT_MS = 30000 /* after so long a sleep no server still waits for us */ };

struct roam;
/* Where the kernel tells us nothing, sleeps alone are noticed. NULL: nothing is. */
struct roam *roam_new(void);
/* Readable when addresses or routes may have changed; -1: nobody tells. */
int roam_fd(const struct roam *r);
/* True when something happened since the last call; *what: the worst of it. Never waits. */
bool roam_look(struct roam *r, enum net_change *what);
void roam_free(struct roam **r);

/* Pure: whether one of these netlink messages is about an address that leads somewhere or about a
 * default route. */
bool roam_matters(struct str messages);
/* Pure: what a sleep of so many milliseconds means; false: none. */
bool roam_slept(int64_t ms, enum net_change *what);

#endif
