/* SPDX-License-Identifier: MIT */
/* session.h - what a session answers to whoever drives it.
 * Must not know: which protocol it speaks. */
#ifndef TMAIL_SERVER_SESSION_H
#define TMAIL_SERVER_SESSION_H

enum session_step {
    SESSION_MORE, /* all of in is eaten, or is the start of a line */
    SESSION_WAIT, /* hold the replies back for its delay, then go on */
    SESSION_CLOSE
};
#endif
