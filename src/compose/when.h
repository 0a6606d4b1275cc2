/* SPDX-License-Identifier: MIT */
/* when.h - the moment that a person names for sending: "+2h", "18:30", "2026-12-01 08:00".
 * Must not know: what is sent. */
#ifndef TMAIL_COMPOSE_WHEN_H
#define TMAIL_COMPOSE_WHEN_H

#include "base/buf.h"

enum { WHEN_MAX_DAYS = 3660 };
/* Seconds since 1970. "+N" with m, h, d or w; "HH:MM", the next one; "YYYY-MM-DD", as that day
 * begins; "YYYY-MM-DD HH:MM", also with T between; by the clock of this place. ERR_USAGE for anything
 * else, for a date that no calendar has, for what is past and for more than WHEN_MAX_DAYS. */
int when_read(struct str text, int64_t now, int64_t *at, struct error *err) MUST_CHECK;

#endif
