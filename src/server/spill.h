/* SPDX-License-Identifier: MIT */
/* spill.h - the bytes of one message on their way: in memory while they are few, beyond that in a
 * file without a name, so that no message costs more memory than SPILL_MEMORY and a crash leaves
 * nothing behind. Belongs to one thread at a time; a copy of the struct hands it on.
 * Must not know: what the bytes mean. */
#ifndef TMAIL_SERVER_SPILL_H
#define TMAIL_SERVER_SPILL_H

#include <stdint.h>

#include "base/buf.h"

struct spill {
    struct buf mem;  /* all of it, or the end that is not in the file yet */
    int dir, fd;     /* fd counts only if in_file is set */
    uint64_t n, max; /* bytes there are; that there may be */
    uint64_t hidden; /* of them at the start: left out of what is seen */
    bool in_file, over;
    int sys; /* errno of what failed; the bytes that came behind it are lost */
};

/* Fresh *s; dir is the folder for the file, kept open by the caller. A zeroed one is empty, takes
 * nothing and may be cleared. */
void spill_init(struct spill *s, int dir, uint64_t max);
/* Failures stick: adds after one do nothing, spill_check tells. */
void spill_add(struct spill *s, struct str bytes);
/* 0; -1 with ERR_LIMIT when there were more than max, ERR_SYS (sys: the number) when a write
 * failed. */
int spill_check(const struct spill *s, struct error *err) MUST_CHECK;
/* Leaves out the first n bytes (as many as there are) of what is seen from now on; 0 shows them
 * again: what a mailbox gets and a relay does not. */
void spill_hide(struct spill *s, uint64_t n);
uint64_t spill_size(const struct spill *s);
/* Appends what there is of want bytes from at on: fewer only at the end. */
int spill_read(const struct spill *s, uint64_t at, size_t want, struct buf *out,
               struct error *err) MUST_CHECK;
/* The bytes themselves while they are all in memory, valid until the next add; else nothing and
 * false. */
bool spill_view(const struct spill *s, struct str *out);
/* Gives up all that is held; empty again for the same folder and ceiling. */
void spill_clear(struct spill *s);

#endif
