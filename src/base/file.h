/* SPDX-License-Identifier: MIT */
/* file.h - files: read whole, write whole, replace atomically, private folders.
 * Must not know: what is in them. */
#ifndef TMAIL_BASE_FILE_H
#define TMAIL_BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

/* Appends the whole file, up to out's ceiling. ERR_NOINPUT when it cannot be read. */
int file_read(const char *path, struct buf *out, struct error *err) MUST_CHECK;
/* Reads a descriptor to its end. */
int file_read_fd(int fd, struct buf *out, struct error *err) MUST_CHECK;
/* Writes all of s, through short writes and signals. name is for the sentence only. */
int file_write_fd(int fd, struct str s, const char *name, struct error *err) MUST_CHECK;
/* New content beside the old, fsynced, renamed over it, folder fsynced: after 0 it survives a
 * crash. */
int file_replace(const char *path, struct str content, mode_t mode, struct error *err) MUST_CHECK;
/* Creates a folder and all above it with mode 0700; an existing one is fine. */
int file_mkdirs(const char *path, struct error *err) MUST_CHECK;
/* mkdtemp in $XDG_RUNTIME_DIR, else $TMPDIR, else /tmp: 0700. The path is freed with free(); NULL
 * on failure. */
char *file_temp_dir(const char *prefix, struct error *err);
/* Removes a folder of our own making with all in it; follows no symbolic link, crosses to no other
 * file system. */
void file_remove_tree(const char *path);
/* A pipe with O_CLOEXEC on both ends. */
int file_pipe(int fds[2], struct error *err) MUST_CHECK;

#endif
