/* SPDX-License-Identifier: MIT */
/* vclock.h - the time of tmaild for everything that mail is stamped with and for the queue: that of
 * the wall, or with --virtual-clock one that stands still until `tmaild clock advance` moves it.
 * Waiting for sockets is not its matter (base/clock.h).
 * Must not know: what happens when. */
#ifndef TMAIL_SERVER_VCLOCK_H
#define TMAIL_SERVER_VCLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* A virtual clock begins with 1 January 2026, so that what is logged is always the same. */
enum { VCLOCK_BEGIN = 1767225600 };

/* Two numbers, read by all threads: the exception to "threads share nothing but queues". */
struct vclock;
struct vclock *vclock_new(bool is_virtual);
void vclock_free(struct vclock **c);
bool vclock_is_virtual(const struct vclock *c);
/* Seconds since 1970. Thread-safe; a NULL clock is that of the wall. */
int64_t vclock_now(const struct vclock *c);
/* Of a virtual clock; it never goes back. Without effect on that of the wall. */
void vclock_move(struct vclock *c, int64_t to);
/* For names: what nobody can guess; of a virtual clock 1, 2, 3, so that all is the same again the
 * next time. Thread-safe. */
uint64_t vclock_chance(struct vclock *c);

#endif
