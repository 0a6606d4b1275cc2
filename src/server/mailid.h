/* SPDX-License-Identifier: MIT */
/* mailid.h - the name that a message has with us: in the log, in its Received field, in the queue.
 * Must not know: what it is the name of. */
#ifndef TMAIL_SERVER_MAILID_H
#define TMAIL_SERVER_MAILID_H

#include <stdint.h>

enum { MAILID_MAX = 32 };
struct vclock;
/* Letters and digits: the time, then what nobody can guess (with a virtual clock: what comes next).
 * Returns that time. */
int64_t mailid_make(struct vclock *clock, char out[MAILID_MAX]);

#endif
