/* SPDX-License-Identifier: MIT */
/* progress.h - an EVENT_PROGRESS as words for people, the same on the screen and on a terminal.
 * Must not know: who shows them. */
#ifndef TMAIL_BUS_PROGRESS_H
#define TMAIL_BUS_PROGRESS_H

#include "bus/event.h"

/* Appends "INBOX 120/10000, 3.1 MB/s, 2 min left"; rate and rest only where they are known, the rest in
 * bytes ("INBOX 0/10000, 170 MB left") where the time is not. */
void bus_progress_words(const struct bus_event *ev, struct buf *out);

#endif
