/* SPDX-License-Identifier: MIT */
/* sub_list.h - a row of the store as JSON or as a line, the same in every command.
 * Must not know: where the row came from. */
#ifndef TMAIL_CLI_SUB_LIST_H
#define TMAIL_CLI_SUB_LIST_H

#include <jansson.h>

#include "cli/cli.h"

/* The fields that tmail(1) promises of every message. */
json_t *sub_list_json(struct cli *c, struct arena *a, const struct cache_row *row);
/* A line on standard output, as `tmail list` has it. */
void sub_list_print(struct arena *a, const struct cache_row *row);

#endif
