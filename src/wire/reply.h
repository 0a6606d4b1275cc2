/* SPDX-License-Identifier: MIT */
/* reply.h - SMTP reply lines (RFC 5321 §4.2, enhanced codes RFC 2034) and dot-stuffing (RFC 5321
 * §4.5.2), both directions.
 * Must not know: sockets, which command was answered. */
#ifndef TMAIL_WIRE_REPLY_H
#define TMAIL_WIRE_REPLY_H

#include "wire/imap_token.h"

enum { WIRE_REPLY_LINE_MAX = 4096, WIRE_REPLY_LINES_MAX = 200 };

struct wire_reply {
    unsigned code, enhanced[3]; /* enhanced all 0 when there is none */
    bool last;                  /* "250 ", not "250-" */
    struct str text;            /* without code and enhanced code */
};
/* One reply line off *in: OK, MORE (nothing consumed: keep the bytes), BAD. */
enum wire_result wire_reply_next(struct str *in, struct wire_reply *out);
/* "250-2.1.0 text\r\n": enhanced may be NULL; CR, LF and NUL of text become blanks; cut at 900
 * bytes. */
void wire_reply_put(struct buf *out, unsigned code, const char *enhanced, bool last,
                    const char *text);

/* Dot-stuffing of a stream of CRLF or LF lines, any split; bare LF and bare CR become CRLF. Start
 * zeroed. */
struct wire_stuff {
    unsigned state;
};
void wire_stuff_add(struct wire_stuff *s, struct str in, struct buf *out);
/* Ends the data: CRLF if the last line lacks it, then ".\r\n". */
void wire_stuff_end(struct wire_stuff *s, struct buf *out);

/* Un-stuffing on the receiving side (SECURITY.md §2, smuggling). lenient: the session has only ever
 * used bare LF, so LF ends lines and "\n.\n" the data. Otherwise only CRLF.CRLF ends it, and a bare
 * CR or LF gives WIRE_BAD (reported at the end of the data). Output always has CRLF. WIRE_OK at the
 * end (rest of *in untouched), WIRE_MORE. Start zeroed but for lenient and raw. raw: dots mean
 * nothing and the end comes from elsewhere (BDAT): always WIRE_MORE, wire_unstuff_finish closes the
 * last line, and bare tells. */
struct wire_unstuff {
    unsigned state;
    bool lenient, bare, raw;
};
enum wire_result wire_unstuff_next(struct wire_unstuff *u, struct str *in, struct buf *out);
void wire_unstuff_finish(struct wire_unstuff *u, struct buf *out);

#endif
