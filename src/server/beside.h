/* SPDX-License-Identifier: MIT */
/* beside.h - small files of ours beside the mail: read and replaced whole. Whatever somebody
 * else may have put under their names (a link, a pipe, a second name of a file elsewhere) is
 * neither followed nor read nor written.
 * Must not know: what is in them. */
#ifndef TMAIL_SERVER_BESIDE_H
#define TMAIL_SERVER_BESIDE_H

#include "base/buf.h"

/* Appends the whole file; nothing when it is not there, not a plain file of ours, or too large for
 * out. -1 when it is there and cannot be read now. */
int beside_read(int dir, const char *name, struct buf *out, struct error *err) MUST_CHECK;
/* Written under another name first, fsynced, renamed. The folder is not fsynced. */
int beside_write(int dir, const char *name, struct str text, struct error *err) MUST_CHECK;

#endif
