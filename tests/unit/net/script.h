/* SPDX-License-Identifier: MIT */
/* script.h - a server that plays a transcript on a loopback port, in a thread.
 * Lines of the transcript:
 *   S: text     sent with CRLF; \r \n \\ and \xNN are understood
 *   s: text     sent without
 *   C: text     the next line from the client must be this; a * at its end stands for anything
 *   E:          the client must close
 *   X:          close
 *   H:          stop talking until the client has closed
 *   N:          the next connection
 *   W: ms       silence for so long
 *   R: n text   the text n times, sent without CRLF
 * Any other line is a remark.
 * After the last line the connection is closed. */
#ifndef TMAIL_TESTS_UNIT_NET_SCRIPT_H
#define TMAIL_TESTS_UNIT_NET_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct script;
/* How the bytes go out. Nothing but the timing may depend on it. */
struct script_way {
    size_t cut;   /* after that many bytes sent the connection is closed; SIZE_MAX: never */
    size_t pause; /* after that many bytes sent there is silence for a moment; SIZE_MAX: never */
    bool bytes;   /* each byte by itself */
};
/* Keeps text. */
struct script *script_play(struct str text, const struct script_way *way);
/* The same in one go, cut after so many bytes. */
struct script *script_start(struct str text, size_t cut);
uint16_t script_port(const struct script *s);
/* Ends it; true if the client kept to the transcript (what differs is printed). Always true after a
 * cut. */
bool script_end(struct script **s);
/* All that it would send. */
size_t script_sends(struct str text);

#endif
