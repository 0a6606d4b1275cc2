/* SPDX-License-Identifier: MIT */
/* log.h - the log: one file, one line an event, and a ring of the newest lines for the screen. A
 * struct log is made by main and passed down; NULL is a log that says nothing. Thread-safe.
 * Control characters are shown as \xNN, so that what a server says cannot forge a line. Secrets
 * never get here: the protocol clients write "***" in their place.
 * Must not know: who reads it. */
#ifndef TMAIL_BASE_LOG_H
#define TMAIL_BASE_LOG_H

#include "base/buf.h"

enum log_level { LOG_ERROR, LOG_INFO, LOG_DEBUG };

struct log;

/* path may be NULL (ring only). Creates the file with mode 0600; rotates it to PATH.1 past 4 MiB.
 */
struct log *log_open(const char *path, const char *program, enum log_level level,
                     struct error *err);
/* The same on a descriptor that the caller keeps open (standard error of a server in the
 * foreground). */
struct log *log_open_fd(int fd, const char *program, enum log_level level);
void log_line(struct log *l, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Opens the file of that path again, for somebody has moved the old one away. Without effect when it
 * cannot. Thread-safe. */
void log_reopen(struct log *l);
/* Lines have the time of now from here on; NULL: that of the wall. Keeps arg. now is called by every
 * thread that logs. */
void log_clock(struct log *l, int64_t (*now)(const void *arg), const void *arg);
/* Before the first thread that logs. */
void log_set_level(struct log *l, enum log_level level);
bool log_wants(const struct log *l, enum log_level level);
/* Appends the newest lines, oldest of them first. */
void log_recent(struct log *l, struct buf *out);
void log_close(struct log **l);

#endif
