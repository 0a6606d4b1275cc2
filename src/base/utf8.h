/* SPDX-License-Identifier: MIT */
/* utf8.h - steps through UTF-8: validity, code points, grapheme clusters, columns. The width of
 * a cluster is what wcwidth of the C library says (the function that ncurses uses), so that what
 * we think is on a line is what the terminal library thinks.
 * Must not know: terminals, fonts, escape sequences. */
#ifndef TMAIL_BASE_UTF8_H
#define TMAIL_BASE_UTF8_H

#include "base/buf.h"
#include "base/str.h"

enum { UTF8_REPLACEMENT = 0xFFFD };

bool utf8_valid(struct str s);
/* Takes one code point off *in; a byte that starts none gives UTF8_REPLACEMENT and is skipped.
 * False at the end. */
bool utf8_next(struct str *in, uint32_t *cp);
void utf8_put(struct buf *out, uint32_t cp);
/* Appends s with everything invalid replaced by U+FFFD. */
void utf8_clean(struct buf *out, struct str s);
/* Appends s in the form in which letters of either case are equal (simple mappings of Unicode), the
 * invalid replaced as utf8_clean does. */
void utf8_fold(struct buf *out, struct str s);
/* Appends s in the form that i;unicode-casemap compares byte by byte (RFC 5051): in title case,
 * decomposed. */
void utf8_casemap(struct buf *out, struct str s);
/* Columns of one code point: 0 for combining and for control characters, 1 or 2. */
unsigned utf8_cp_width(uint32_t cp);
/* Takes one grapheme cluster (UAX #29) off *in and says how many columns it fills. False at the
 * end. */
bool utf8_cluster(struct str *in, struct str *cluster, unsigned *width);
/* Columns of the whole of s. */
unsigned utf8_width(struct str s);
/* The longest head of s, in whole clusters, that fits into width columns; *used says how many it
 * fills. */
struct str utf8_fit(struct str s, unsigned width, unsigned *used);
/* Length of the longest head that is at most n bytes and does not cut a code point. */
size_t utf8_cut(struct str s, size_t n);
/* Characters that change the direction or hide text: U+200E/F, 202A-202E, 2066-2069, 061C, 200B,
 * 2060, FEFF. */
bool utf8_is_bidi_control(uint32_t cp);

#endif
