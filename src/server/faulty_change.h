/* SPDX-License-Identifier: MIT */
/* faulty_change.h - answers, changed: each works on what is in out behind its first bytes. Pure.
 * Must not know: sessions, why they are changed. */
#ifndef TMAIL_SERVER_FAULTY_CHANGE_H
#define TMAIL_SERVER_FAULTY_CHANGE_H

#include <stdint.h>

#include "base/buf.h"

enum faulty_speaks { SPEAKS_SMTP, SPEAKS_POP3, SPEAKS_IMAP };

/* The number behind each word ("UIDNEXT ") is plus larger, and no less than least. */
void faulty_numbers(struct buf *out, size_t from, const char *word, int64_t plus, int64_t least);
/* The sizes of POP3's LIST. */
void faulty_list(struct buf *out, size_t from, int64_t plus);
/* The first literal says another length; false when there is none. */
bool faulty_literal(struct buf *out, size_t from, int64_t plus);
/* Capabilities without the words of hide, which has blanks around each. */
void faulty_offer(enum faulty_speaks speaks, struct str hide, struct buf *out, size_t from);
/* text comes before the rest. */
void faulty_prepend(struct buf *out, size_t from, const char *text);

#endif
