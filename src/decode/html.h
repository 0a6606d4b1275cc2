/* SPDX-License-Identifier: MIT */
/* html.h - HTML as the lines that a person reads, laid out for a width, with its links numbered.
 * Nothing is fetched, run or believed: no network, no entities of its own, styles only to see
 * what they hide.
 * Must not know: messages, charsets. */
#ifndef TMAIL_DECODE_HTML_H
#define TMAIL_DECODE_HTML_H

#include "decode/client.h"

/* html is valid UTF-8. Everything in out lives in a; its damage is added to. Never fails. */
void html_text(struct arena *a, struct str html, unsigned width, struct decode_text *out);

#endif
