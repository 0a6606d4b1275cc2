/* SPDX-License-Identifier: MIT */
/* view.h - what one IMAP session believes of its mailbox: message numbers stay as they are until
 * the client may hear of a change (RFC 3501 §5.5, §7.4.1).
 * Must not know: files, the grammar of commands. */
#ifndef TMAIL_SERVER_VIEW_H
#define TMAIL_SERVER_VIEW_H

#include "server/mailbox.h"

struct view_row {
    struct mailbox_row r;
    bool changed; /* flags the client has not heard of */
    bool gone;    /* expunged, but still has its number */
};
struct view {
    struct view_row *rows;
    size_t n, cap, gone_n, changed_n;
    size_t told; /* EXISTS the client has heard of */
    bool closed; /* the mailbox was deleted or renamed */
};

/* Takes the rows of an attach; they count as told. */
void view_init(struct view *v, struct mailbox_row *rows, size_t n);
void view_clear(struct view *v);
/* Takes what is in the event. */
void view_apply(struct view *v, struct mailbox_event *e);
/* Applies all that waits in events. */
void view_drain(struct view *v, struct queue *events);
/* Writes what the client has to hear: expunges only where they are allowed. */
void view_tell(struct view *v, bool expunges, struct buf *out);
/* "* 3 FETCH (UID 7 FLAGS (...))" */
void view_put_flags(const struct view *v, size_t row, struct buf *out);
/* First row whose UID is at least uid. */
size_t view_lower(const struct view *v, uint32_t uid);
/* Rows named by a set of UIDs or message numbers, ascending, freed with free(). -1 for what is no
 * set, or for a message number that there is not. */
int view_select(const struct view *v, struct str set, bool by_uid, size_t **rows, size_t *n);

#endif
