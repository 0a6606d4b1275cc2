/* SPDX-License-Identifier: MIT */
/* live.h - drive's line-by-line mode: one process that stands for a person at a tmail for as long as
 * its input lasts. Each line is answered with lines, the last of which is ".".
 *   sync                          one pass over everything: CODE FETCHED TEXT
 *   wake                          tells the engine that the journal has something
 *   ops [KIND ID FOLDER TARGET ADD DEL]...
 *                                 as one step of undo; KIND: enum cache_op_kind, TARGET may be -
 *   append FOLDER FLAGS SIZE MID  and SIZE bytes behind the line: a message made here: ID
 *   queue SIZE FROM TO            and SIZE bytes behind the line: into the outbox, due now: ID
 *   cancel ID                     an entry of the outbox: it arrived, or is not wanted any more
 *   retry ID                      and: it is to be sent again
 *   undo                          FOLDER ID of what was undone; nothing when there was nothing
 *   rows                          folder NAME TOTAL UNREAD, and for each of its rows
 *                                 ID UID FLAGS BODY MID
 *   sum ID                        SHA-256 of its bytes
 *   journal                       open operations
 *   failures                      what the server refused; forgets it
 * Must not know: what is right. */
#ifndef TMAIL_TESTS_LIVE_H
#define TMAIL_TESTS_LIVE_H

#include "bus/bus.h"
#include "cache/journal.h"

/* Until the end of the input: an exit code. */
int live_run(struct cache *c, const struct bus_where *where, int64_t account);

#endif
