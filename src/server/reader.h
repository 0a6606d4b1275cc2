/* SPDX-License-Identifier: MIT */
/* reader.h - tmaild's tmail-decode: one process, and one thread that asks it for all sessions, for
 * what has a charset: encoded words and texts. Both are there from the first question on; the
 * process goes when nobody asked for a while. What cannot be decoded, or takes too long, is given as it
 * stands.
 * Must not know: mailboxes, protocols, what is searched for. */
#ifndef TMAIL_SERVER_READER_H
#define TMAIL_SERVER_READER_H

#include "base/buf.h"
#include "base/queue.h"

struct log;
struct reader;

/* Keeps log. NULL with *err. */
struct reader *reader_start(struct log *log, struct error *err);
/* Nobody may ask any more. */
void reader_stop(struct reader **r);

/* The value of a header field on one line in UTF-8, appended. Waits in answers, the caller's own; r
 * may be NULL: as it stands. */
void reader_header(struct reader *r, struct queue *answers, struct str raw, struct buf *out);
/* The same for the content of a text part, without its transfer encoding, of which at most DECODE_TEXT_MAX bytes are looked at. */
void reader_text(struct reader *r, struct queue *answers, struct str content, struct str charset,
                 struct buf *out);

#endif
