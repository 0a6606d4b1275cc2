/* SPDX-License-Identifier: MIT */
/* ini.h - an INI file read twice: its raw lines by lex.h, then by iniparser. Where the two do not
 * agree nobody can know what was meant, which is an error with file and line.
 * Must not know: which keys exist. */
#ifndef TMAIL_CONFIG_INI_H
#define TMAIL_CONFIG_INI_H

#include "config/lex.h"

enum { INI_FILE_MAX = 256 << 10 };

/* All keys of the file at path, in order, in a. text is what they were read from, for the caller to
 * wipe. ERR_NOINPUT, ERR_CONFIG. */
int ini_read(struct arena *a, const char *path, struct buf *text, struct lex_item **items,
             size_t *n, struct error *err) MUST_CHECK;
/* Puts file and line in front of what is wrong with a value. Returns -1. */
int ini_at_line(const char *path, unsigned line, struct error *err);
/* How many letters differ, as far as it matters for "did you mean": INI_FAR and more is not near. */
enum { INI_FAR = 4 };
unsigned ini_distance(struct str a, struct str b);

#endif
