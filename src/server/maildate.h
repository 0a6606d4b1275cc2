/* SPDX-License-Identifier: MIT */
/* maildate.h - the value of a Date field (RFC 5322 §3.3, §4.3) and days of the calendar. Pure.
 * Must not know: messages. */
#ifndef TMAIL_SERVER_MAILDATE_H
#define TMAIL_SERVER_MAILDATE_H

#include <stdint.h>

#include "base/str.h"

struct maildate {
    int64_t seconds; /* since 1970, UTC */
    int64_t day;     /* as it was where it was written: the first second of it as if in UTC */
};
/* A time that is missing is midnight, a zone that is missing or unknown UTC (RFC 5256 §2.2). -1 for
 * what has no day. */
int maildate_read(struct str value, struct maildate *out);
/* "1-Feb-1994" as IMAP has it, to the first second of the day. 0 or -1. */
int maildate_day(struct str s, int64_t *day);

#endif
