/* SPDX-License-Identifier: MIT */
/* quota.h - how much mail an account may keep (--quota).
 * Must not know: protocols. */
#ifndef TMAIL_SERVER_QUOTA_H
#define TMAIL_SERVER_QUOTA_H

#include "server/store.h"

/* Bytes of all messages of an account, as they are served. */
int quota_used(struct desk *d, struct str account, uint64_t *used, struct error *err) MUST_CHECK;
/* 0 when so many bytes more are within limit (0: there is none), else -1 with EDQUOT. Who adds at
 * the same moment is not seen. */
int quota_room(struct desk *d, uint64_t limit, struct str account, uint64_t bytes,
               struct error *err) MUST_CHECK;

#endif
