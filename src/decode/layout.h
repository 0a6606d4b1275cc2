/* SPDX-License-Identifier: MIT */
/* layout.h - lines of text at a width, with a prefix, and spans that end where lines end.
 * Must not know: HTML, mail. */
#ifndef TMAIL_DECODE_LAYOUT_H
#define TMAIL_DECODE_LAYOUT_H

#include "decode/client.h"

enum { LAYOUT_OPEN_MAX = 16, LAYOUT_TEXT_MAX = 32 << 20, LAYOUT_PREFIX_MAX = 200 };

struct layout_span {
    enum decode_span_kind kind;
    unsigned level;
    size_t start; /* SIZE_MAX: nothing written yet on this line */
};

/* Words are given one after the other; a line is broken only where a space was asked for. */
struct layout {
    struct buf out;
    unsigned width; /* 0: never broken */
    unsigned column;
    char prefix[LAYOUT_PREFIX_MAX]; /* before every line */
    char mark[16];  /* takes the place of the prefix's end on the next line: an item's number */
    unsigned quote; /* > 0: every line with something on it gets SPAN_QUOTE of this level */
    size_t line_start;
    bool gap; /* an empty line is due before the next word */
    size_t gap_prefix;
    bool at_start;      /* nothing on this line yet, not even the prefix */
    bool space;         /* wanted before the next word */
    size_t blank_lines; /* empty lines at the end of out */
    struct layout_span open[LAYOUT_OPEN_MAX];
    size_t open_n, open_over; /* over: opened past the ceiling, not shown */
    struct decode_span *spans;
    size_t spans_n, spans_cap;
};

void layout_init(struct layout *l, unsigned width);
/* Text without blanks; a word wider than a line stands on one of its own. */
void layout_word(struct layout *l, struct str word);
void layout_space(struct layout *l);
/* Ends the line if there is something on it. */
void layout_line(struct layout *l);
/* Ends the line also when it is empty. */
void layout_break(struct layout *l);
/* Ends the line and leaves one empty line before what comes next, if anything stands above. */
void layout_gap(struct layout *l);
void layout_open(struct layout *l, enum decode_span_kind kind, unsigned level);
void layout_close(struct layout *l);
/* A span over what is there already. */
void layout_span(struct layout *l, enum decode_span_kind kind, unsigned level, size_t start,
                 size_t length);
/* Ends the last line and gives text and spans to out, copied into a. */
void layout_end(struct layout *l, struct arena *a, struct decode_text *out);

#endif
