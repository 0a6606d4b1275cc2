/* SPDX-License-Identifier: MIT */
/* edit.h - the private file in which an editor has a draft, kept beside the store so that a
 * draft outlives a tmail that is killed while the editor is open.
 * Must not know: which editor. */
#ifndef TMAIL_COMPOSE_EDIT_H
#define TMAIL_COMPOSE_EDIT_H

#include "compose/draft.h"

/* Path of the draft's file, freed with free(). The draft must have been saved once. */
char *edit_file_path(const struct draft *d, const struct cache *c);
/* Takes over and saves what an editor left behind for this draft when tmail was killed. What cannot
 * be read back stays for the next edit. */
void edit_file_recover(struct draft *d, struct cache *c);

/* Shared by the files of this folder. */
#define DRAFT_SEND_AT "Send-At"
#define DRAFT_RECEIPT "Receipt"
#define DRAFT_NOT_SENT "Not-Sent" /* why it came back from the outbox */
struct draft_attachment *draft_attachment_add(struct draft *d);
void draft_header_add(struct draft *d, struct str line);

#endif
