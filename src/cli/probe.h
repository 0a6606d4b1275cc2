/* SPDX-License-Identifier: MIT */
/* probe.h - asks an engine that is started for one question (sync/probe.h), and takes its answers as they
 * come. Stopping it, or the end of this process, breaks it off.
 * Must not know: what is asked. */
#ifndef TMAIL_CLI_PROBE_H
#define TMAIL_CLI_PROBE_H

#include <jansson.h>

#include "base/buf.h"

struct cli_probe;
/* Starts the engine beside the running program, else the installed one, with one question:
 * {"probe": KIND, ...}; takes it. log: file for the engine's log, or NULL. NULL on failure. */
struct cli_probe *cli_probe_start(json_t *question, const char *log, struct error *err);
/* The next line of the engine, borrowed until the next call. 0; 1: the question is answered, the end's
 * error is in *err (ERR_NONE when all went well); 2 after wait_ms (-1: never); -1: the engine is gone. */
int cli_probe_next(struct cli_probe *p, const json_t **line, int wait_ms,
                   struct error *err) MUST_CHECK;
/* Answers a line that says "ask". */
void cli_probe_answer(struct cli_probe *p, const json_t *ask, struct str text);
/* All of it: see gets each line that is no question (may be NULL); questions are put to the person at tty
 * (-1: answered with nothing). 0, or -1 with the end's error, or with what happened here. */
int cli_probe_run(json_t *question, const char *log, int tty,
                  void (*see)(void *arg, const json_t *line), void *arg,
                  struct error *err) MUST_CHECK;
void cli_probe_stop(struct cli_probe **p);

#endif
