/* SPDX-License-Identifier: MIT */
/* message.h - one message of the store for a command: its row, its summary, its bytes, fetched
 * first if they are not here.
 * Must not know: what is printed of it. */
#ifndef TMAIL_CLI_MESSAGE_H
#define TMAIL_CLI_MESSAGE_H

#include "cli/cli.h"

struct cli_text {
    struct arena *arena;
    struct cache_row row;
    struct mime_summary summary;
    struct decode_src raw; /* reads from the store */
};

/* The bytes of a message whose body is here. Lives in a. */
struct decode_src cli_source(struct cli *c, struct arena *a, int64_t message);
/* Opens the message that a person named. 0; 1 when there is none; -1. cli_text_clear in any case.
 */
int cli_text_open(struct cli *c, const char *name, struct cli_text *t,
                  struct error *err) MUST_CHECK;
void cli_text_clear(struct cli_text *t);
/* The part of that number (counted from 1), or NULL. */
const struct mime_part_info *cli_text_part(const struct cli_text *t, const char *number);

#endif
