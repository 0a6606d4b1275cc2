/* SPDX-License-Identifier: MIT */
/* grep.h - whether words stand in one message, as a person would read it.
 * Must not know: where messages come from, what is looked for and why. */
#ifndef TMAIL_DECODE_GREP_H
#define TMAIL_DECODE_GREP_H

#include "decode/client.h"

enum {
    GREP_PARTS_MAX = 50, /* texts of one message that are looked into */
    GREP_WORDS_MAX = 64 << 10
};
enum grep_where { GREP_ALL /* its people, its list, its texts */, GREP_TEXT, GREP_CC, GREP_LIST };

/* words: as utf8_fold gives them. raw: NULL when only the header is here. A part that cannot be read
 * has none. 0 with *has; 1: the text would tell, and is not here; -1: the worker cannot be had. */
int decode_grep(struct decode *d, const struct mime_summary *sum, const struct decode_src *raw,
                enum grep_where where, struct str words, bool *has, struct error *err) MUST_CHECK;

#endif
