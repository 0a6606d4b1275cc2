/* SPDX-License-Identifier: MIT */
/* send.h - what script send and sendmail mode share once a message is in the outbox, and when it
 * cannot get there.
 * Must not know: how the message was made. */
#ifndef TMAIL_CLI_SEND_H
#define TMAIL_CLI_SEND_H

#include "cli/cli.h"

struct send_order {
    struct str body; /* what came on standard input */
    bool no_queue;
};
/* Has the engine send the entry now. Exit status; what cannot go now stays queued (0) unless
 * no_queue. */
int send_now(struct cli *c, const struct send_order *o, int64_t id);
/* sendmail [-t] [-i] [-f SENDER] [--] [ADDR]... < message. Exit status. */
int cli_sendmail(struct cli *c, int argc, char **argv);
/* True when the command line is sendmail's: that name, or -t. */
bool cli_is_sendmail(int argc, char **argv);

#endif
