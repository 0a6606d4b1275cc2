/* SPDX-License-Identifier: MIT */
/* lex.h - the raw lines of an INI file, read before iniparser sees it. Everything that iniparser
 * would silently misread is an error here: a value that it cuts at ; or #, a line that goes on
 * with a backslash, a repeated key or section, text behind a closing quote, a line that is too
 * long.
 * Must not know: which keys exist. */
#ifndef TMAIL_CONFIG_LEX_H
#define TMAIL_CONFIG_LEX_H

#include "base/buf.h"

enum { LEX_LINE_BYTES = 1000, LEX_ITEMS_MAX = 2000 };

/* One key with its value; section and key in lower case, as iniparser has them. */
struct lex_item {
    struct str section, key, value;
    unsigned line;
};

/* All keys of text, in order, in a. ERR_CONFIG: "line N: ..." in *err. */
int lex_read(struct arena *a, struct str text, struct lex_item **items, size_t *n,
             struct error *err) MUST_CHECK;

#endif
