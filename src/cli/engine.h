/* SPDX-License-Identifier: MIT */
/* engine.h - asking the engine and waiting for its answer; passwords are asked for on a
 * terminal.
 * Must not know: what is asked. */
#ifndef TMAIL_CLI_ENGINE_H
#define TMAIL_CLI_ENGINE_H

#include <signal.h>

#include "cli/cli.h"

enum { CLI_ENGINE_MS = 600000 };

/* While it is open, SIGINT, SIGTERM and SIGHUP end the waiting, not the process: what was committed
 * is told. */
struct engine_link {
    struct bus *bus;
    int stop_fd;
    sigset_t before;
};

/* The engine of the store, started if need be. engine_close in any case. */
int engine_open(struct cli *c, bool outbox_only, struct engine_link *l,
                struct error *err) MUST_CHECK;
void engine_close(struct engine_link *l);
/* Tells it that something waits in the journal; that goes out later where no engine can be had, or
 * the person is offline. */
void engine_wake(struct cli *c);
/* The next event, borrowed until the next call. 0; -1: the engine is gone, ERR_NET after wait_ms
 * (-1: never), ERR_CANCELLED after a signal. */
int engine_next(struct engine_link *l, struct bus_event *ev, int wait_ms,
                struct error *err) MUST_CHECK;
/* Sends hint and waits for its EVENT_DONE (id must be set). see gets every event before (may be
 * NULL). 0 with *done, borrowed until the bus is used again; -1 as engine_next. */
int engine_ask(struct engine_link *l, const struct bus_hint *hint,
               void (*see)(void *arg, const struct bus_event *ev), void *arg,
               struct bus_event *done, struct error *err) MUST_CHECK;
/* Asks the person on the terminal what EVENT_ASK wants. Without one the answer is empty, and the engine
 * says that a login is needed. */
void engine_answer(struct engine_link *l, const struct bus_event *question);
/* The error that EVENT_DONE carries, as a value. */
void engine_error(const struct bus_event *done, struct error *err);

#endif
