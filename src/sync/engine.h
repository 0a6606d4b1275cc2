/* SPDX-License-Identifier: MIT */
/* engine.h - the engine of one store: its accounts' workers, the commit thread, and what comes
 * over the bus, until nobody needs it (DESIGN §3, "the engine's life"). No screen, no questions
 * of its own.
 * Must not know: protocols, folders. */
#ifndef TMAIL_SYNC_ENGINE_H
#define TMAIL_SYNC_ENGINE_H

#include "base/log.h"
#include "bus/bus.h"
#include "config/config.h"

enum { ENGINE_STAY_MS = 30000, ENGINE_STOP_MS = 200 };

struct engine_options {
    const char *store;
    const char *config_path; /* read again when it has changed */
    struct config *cfg;      /* taken */
    struct bus_server *bus;
    struct log *log;
    int stop_fd; /* readable: end at once */
    bool outbox_only;
};
/* Runs until nobody listens and nothing is left to do, or until told to stop. 0; 1: ended, but a
 * thread did not within ENGINE_STOP_MS: the process must end without waiting for it; -1. */
int engine_run(const struct engine_options *o, struct error *err) MUST_CHECK;

#endif
