/* SPDX-License-Identifier: MIT */
/* marks.h - the keys of messages that killed a worker: a file of lines, appended to durably.
 * Must not know: workers, messages. */
#ifndef TMAIL_DECODE_MARKS_H
#define TMAIL_DECODE_MARKS_H

#include "base/buf.h"

enum { MARKS_MAX = 10000, MARKS_KEY_MAX = 200 };

struct marks;
/* Reads what is there; path NULL keeps them in memory only. A file that does not exist yet is
 * empty. */
struct marks *marks_open(const char *path, struct error *err);
bool marks_has(const struct marks *m, struct str key);
/* After 0 the mark survives a crash. A key that is empty, too long or no line is not kept: 0. */
int marks_add(struct marks *m, struct str key, struct error *err) MUST_CHECK;
void marks_free(struct marks **m);

#endif
