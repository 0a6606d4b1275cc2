/* SPDX-License-Identifier: MIT */
/* sched.h - pure: when an account must act next, and how long to wait after failures. All times
 * are milliseconds of the wall clock; SCHED_NEVER is no time at all.
 * Must not know: the clock, randomness (a draw is passed in), threads. */
#ifndef TMAIL_SYNC_SCHED_H
#define TMAIL_SYNC_SCHED_H

#include "base/error.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

#define SCHED_NEVER INT64_MAX
enum { SCHED_FIRST_MS = 5000, SCHED_MOST_MS = 15 * 60 * 1000 };

struct sync_sched {
    bool woken; /* the person, the bus or the watcher asks: at once, whatever failed before */
    bool login_needed;   /* no attempt until somebody says so */
    unsigned failures;   /* in a row */
    unsigned draw;       /* 0..999: this round's jitter */
    int64_t failed_at;   /* of the last failure */
    int64_t pass_at;     /* last full pass ended or was cancelled; 0: none yet */
    int64_t interval_ms; /* between passes; 0: none unasked */
    int64_t work_due;    /* earliest of journal and outbox; SCHED_NEVER: nothing */
};

/* When to act; not after now means now. */
int64_t sync_sched_next(const struct sync_sched *s, int64_t now);
/* Wait after so many failures in a row: doubling from SCHED_FIRST_MS to SCHED_MOST_MS, four fifths
 * to six fifths of it by draw. */
int64_t sync_sched_backoff_ms(unsigned failures, unsigned draw);
/* Notes a failure: a cancel and a wrong question count as none, a refused login waits for the
 * person. */
void sync_sched_failed(struct sync_sched *s, const struct error *why, int64_t now, unsigned draw);
/* True for a login that was refused for good, not for one that the server cannot check now. */
bool sync_sched_needs_login(const struct error *why);
void sync_sched_worked(struct sync_sched *s);

#endif
