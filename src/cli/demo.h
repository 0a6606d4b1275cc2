/* SPDX-License-Identifier: MIT */
/* demo.h - `tmail --demo`: tmaild on the loopback with a sample mailbox, in a temporary folder
 * that is gone at the end.
 * Must not know: what is shown of it. */
#ifndef TMAIL_CLI_DEMO_H
#define TMAIL_CLI_DEMO_H

#include "base/buf.h"

struct demo;
/* Makes the folder, fills the mailboxes with the shipped messages, starts tmaild and writes a
 * tmailrc. NULL with a sentence. */
struct demo *demo_start(struct error *err);
/* The profile folder with tmailrc in it, borrowed: what --profile would name. */
const char *demo_profile(const struct demo *d);
/* Ends the engine of the demo's store and tmaild, removes the folder. NULL inside is fine. */
void demo_stop(struct demo **d);

#endif
