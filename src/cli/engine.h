/* SPDX-License-Identifier: MIT */
/* engine.h - asking the engine and waiting for its answer; passwords are asked for on a terminal.
 * Must not know: what is asked. */
#ifndef TMAIL_CLI_ENGINE_H
#define TMAIL_CLI_ENGINE_H

#include "cli/cli.h"

enum { CLI_ENGINE_MS = 600000 };

/* The engine of the store, started if need be. NULL with *err. */
struct bus *engine_open(struct cli *c, bool outbox_only, struct error *err);
/* Sends hint and waits for its EVENT_DONE (id must be set). see gets every event before (may be NULL). 0 with *done, borrowed until the bus is
 * used again; -1 when the engine is gone. */
int engine_ask(struct bus *b, const struct bus_hint *hint,
               void (*see)(void *arg, const struct bus_event *ev), void *arg,
               struct bus_event *done, struct error *err) MUST_CHECK;
/* The error that EVENT_DONE carries, as a value. */
void engine_error(const struct bus_event *done, struct error *err);

#endif
