/* SPDX-License-Identifier: MIT */
/* intake.h - messages on their way from a connection through the decoder to the commit thread, as
 * their bytes pass. The next one comes in while the summaries of those before it are still being
 * made, so that nothing here waits for a single message.
 * Must not know: the protocol, which messages are wanted and why. */
#ifndef TMAIL_SYNC_INTAKE_H
#define TMAIL_SYNC_INTAKE_H

#include "sync/account.h"

enum intake_what { INTAKE_WHOLE, INTAKE_HEADERS };
struct intake;
/* Keeps w, and starts its decoder where there is none. NULL on failure. */
struct intake *intake_new(struct sync_account *w, enum intake_what what, struct error *err);
/* More bytes of the message that comes in; last: its end. */
int intake_bytes(struct intake *in, struct str bytes, bool last, struct error *err) MUST_CHECK;
/* True between the first bytes of a message and intake_end. */
bool intake_is_open(const struct intake *in);

/* What the bytes of a message do not say. */
struct intake_facts {
    int64_t received;
    uint64_t size;                /* 0: that of the bytes which came */
    struct cache_placement where; /* of a POP3 message: the folder alone */
    struct str objectid;          /* what the server calls it; empty: nothing */
    struct str preview;           /* what the server says the text begins with; empty: nothing */
    struct str pop;               /* POP3: the row that it gets (cache/pop.h); else empty */
};
/* The message that came in is whole; facts are copied. NULL: it is not wanted. */
int intake_end(struct intake *in, const struct intake_facts *facts, struct error *err) MUST_CHECK;
/* The end of the run, which was rc so far: what came whole is handed to the commit thread, with 0
 * all of it, else what can be had soon. Gives rc, or -1. Takes *in. */
int intake_finish(struct intake **in, int rc, struct error *err) MUST_CHECK;

#endif
