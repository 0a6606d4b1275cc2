/* SPDX-License-Identifier: MIT */
/* view.h - what one IMAP session believes of its mailbox: message numbers stay as they are until
 * the client may hear of a change (RFC 3501 §5.5, §7.4.1). Shares its rows with the mailbox and
 * the other sessions for as long as it may have the newest.
 * Must not know: files, the grammar of commands. */
#ifndef TMAIL_SERVER_VIEW_H
#define TMAIL_SERVER_VIEW_H

#include "server/mailbox.h"

/* A list of UIDs; sorted when it says so. */
struct view_uids {
    uint32_t *p;
    size_t n, cap;
    bool sorted;
};
struct view {
    struct rows rows;   /* with the expunged ones that still have their number */
    struct rows latest; /* without them; counts while there are some */
    struct view_uids gone, changed;
    size_t told;      /* EXISTS the client has heard of */
    bool closed;      /* the mailbox was deleted or renamed */
    uint64_t modseq;  /* the highest of the mailbox */
    bool with_modseq; /* the client knows CONDSTORE: FETCH lines have MODSEQ */
    bool vanished;    /* it knows QRESYNC: VANISHED in place of EXPUNGE */
};

/* Takes the rows of an attach; they count as told. */
void view_init(struct view *v, struct mailbox_job *attached);
void view_clear(struct view *v);
/* Messages there are, with those that the client has not been told of. */
size_t view_n(const struct view *v);
/* row < view_n; valid until the next event is applied or told. */
const struct mailbox_row *view_row(const struct view *v, size_t row);
/* True for one that is expunged and still has its number. */
bool view_is_gone(const struct view *v, size_t row);
/* Takes what is in the event. */
void view_apply(struct view *v, struct mailbox_event *e);
/* Applies all that waits in events. */
void view_drain(struct view *v, struct queue *events);
/* Writes what the client has to hear: expunges only where they are allowed. */
void view_tell(struct view *v, bool expunges, struct buf *out);
/* The client is to hear of the flags of this row. */
void view_mark(struct view *v, size_t row);
/* The client knows the flags of these rows already. */
void view_not_told(struct view *v, const size_t *rows, size_t n);
/* "* 3 FETCH (UID 7 FLAGS (...))" */
void view_put_flags(const struct view *v, size_t row, struct buf *out);
/* First row whose UID is at least uid. */
size_t view_lower(const struct view *v, uint32_t uid);
/* Rows named by a set of UIDs or message numbers, ascending, freed with free(). -1 for what is no
 * set, or for a message number that there is not. */
int view_select(const struct view *v, struct str set, bool by_uid, size_t **rows, size_t *n);

#endif
