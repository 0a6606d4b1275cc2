/* SPDX-License-Identifier: MIT */
/* child.h - other programs, started without a shell. A command line is split into words with
 * quotes honoured and nothing expanded; who wants a shell writes sh -c '...'.
 * Must not know: what the programs do. */
#ifndef TMAIL_BASE_CHILD_H
#define TMAIL_BASE_CHILD_H

#include <sys/types.h>

#include "base/buf.h"

enum { CHILD_WORDS_MAX = 64 };

/* Splits a command into a NULL-terminated vector in a; ' and " quote, \ takes the next character
 * outside of '. ERR_CONFIG for an open quote, an empty command or too many words. */
int child_split(struct arena *a, struct str command, char ***argv, struct error *err) MUST_CHECK;

/* Descriptors for the child; -1 means /dev/null. session: a session of its own. */
struct child_io {
    int in, out, err;
    bool session;
    char *const *env; /* NULL: ours */
};
/* Starts argv[0] (looked up in PATH unless it has a slash) with signal masks and handlers reset,
 * all other descriptors closed. Returns the pid or -1; a program that cannot be executed is told
 * here, not by an exit code. */
pid_t child_start(char *const argv[], const struct child_io *io, struct error *err);
/* Waits; exit code, or 128 + signal. */
int child_wait(pid_t pid);
/* For at most wait_ms: 0 with *code, or 1 while it still runs. */
int child_wait_ms(pid_t pid, int wait_ms, int *code);
/* As child_wait for a child that shares our terminal: when it is stopped (^Z in an editor) we stop as
 * well, so that the shell is back, and both go on together. */
int child_wait_job(pid_t pid);
/* A command with something to read, and how it went. */
struct child_job {
    char *const *argv;
    struct str input; /* on its standard input */
    int err_fd;       /* its standard error */
    int wait_ms;      /* it is killed then */
    int code;         /* out: its exit code; 128 + signal; -1: it could not be started */
    bool killed;      /* out: it took too long, or said more than the buffer holds */
    size_t taken;     /* out: so much of the input was handed over */
};
/* Runs it, appends its standard output to out. 0; -1 when it could not run, exited non-zero
 * (err->sys is its code then) or was killed. */
int child_job(struct child_job *job, struct buf *out, struct error *err) MUST_CHECK;
/* The same, for those who need not know more. */
int child_run(char *const argv[], struct str input, struct buf *out, int err_fd, int wait_ms,
              struct error *err) MUST_CHECK;

/* Path of one of our own programs, freed with free(): beside the running one (a build tree), else
 * where it is installed, else its bare name for PATH. */
char *child_program(const char *name);

#endif
