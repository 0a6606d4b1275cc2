/* SPDX-License-Identifier: MIT */
/* clock.h - time and randomness from the system. Monotonic for waiting, wall-clock for showing.
 * Must not know: calendars of people, time zones other than the one asked for. */
#ifndef TMAIL_BASE_CLOCK_H
#define TMAIL_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { CLOCK_RFC3339_MAX = 32, CLOCK_RFC5322_MAX = 40 };

/* Milliseconds of a clock that never jumps; only differences mean something. */
int64_t clock_mono_ms(void);
/* Milliseconds since 1970, UTC. */
int64_t clock_wall_ms(void);
/* Waiting time in ms until a monotonic deadline: 0 when past, at most INT_MAX. deadline_ms < 0: -1,
 * for ever. */
int clock_left_ms(int64_t deadline_ms);
/* "2026-01-31T12:00:00Z"; a time that no calendar has gives 1970. */
void clock_rfc3339(int64_t seconds, char out[CLOCK_RFC3339_MAX]);
/* "Sat, 31 Jan 2026 13:00:00 +0100" in the local zone, English whatever the locale (RFC 5322 §3.3).
 */
void clock_rfc5322(int64_t seconds, char out[CLOCK_RFC5322_MAX]);
/* A number of this run of the system, another after its next start; 0: it does not tell. */
int64_t clock_boot(void);
/* Bytes that nobody can guess. */
void clock_random(void *out, size_t n);

#endif
