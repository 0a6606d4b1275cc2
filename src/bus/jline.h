/* SPDX-License-Identifier: MIT */
/* jline.h - JSON objects as lines, for the conversations that need more than the flat values of
 * event.h: an engine that was started for one question (sync/probe.h) and who asks it.
 * Must not know: what the objects mean. */
#ifndef TMAIL_BUS_JLINE_H
#define TMAIL_BUS_JLINE_H

#include <jansson.h>

#include "base/buf.h"

/* The object of one line, the caller's to json_decref. NULL with ERR_PARSE. */
json_t *jline_read(struct str line, struct error *err);
/* Appends the object and a LF. What was in memory meanwhile is wiped: it may hold a secret. */
void jline_write(const json_t *o, struct buf *out);
/* Ends a line whose own texts may be secret; lists in it are left alone, others may hold them. */
void jline_wipe(json_t *o);
/* A string of any bytes; what is no UTF-8 is replaced. Empty ones are left out. */
void jline_put(json_t *o, const char *name, struct str value);
/* Zero is left out. */
void jline_put_number(json_t *o, const char *name, int64_t value);
/* False is left out. */
void jline_put_yes(json_t *o, const char *name, bool value);
/* Borrowed from o; empty where there is no such string. */
struct str jline_text(const json_t *o, const char *name);
/* 0 where there is no such number. */
int64_t jline_number(const json_t *o, const char *name);
bool jline_yes(const json_t *o, const char *name);

#endif
