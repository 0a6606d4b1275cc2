/* SPDX-License-Identifier: MIT */
/* demo_show.h - the demo without a terminal: prints the index, sends a message through tmaild,
 * shows it.
 * Must not know: where the demo's mailbox came from. */
#ifndef TMAIL_CLI_DEMO_SHOW_H
#define TMAIL_CLI_DEMO_SHOW_H

#include "cli/cli.h"

/* Exit status: 0 when all of it worked. */
int demo_show(struct cli *c);

#endif
