/* SPDX-License-Identifier: MIT */
/* error.h - what went wrong: a code and a retry class for the program, one translated sentence
 * for a person. The native number (errno, a library's code) goes into sys, for the log only.
 * Never allocates.
 * Must not know: where the sentence will be shown. */
#ifndef TMAIL_BASE_ERROR_H
#define TMAIL_BASE_ERROR_H

#include <stddef.h>

enum error_code {
    ERR_NONE,
    ERR_SYS,       /* the operating system refused: files, processes, memory */
    ERR_LIMIT,     /* a named ceiling was passed */
    ERR_PARSE,     /* bytes that are not what they should be */
    ERR_NET,       /* could not connect, connection lost, time is up */
    ERR_TLS,       /* certificate or handshake */
    ERR_AUTH,      /* login refused or impossible */
    ERR_PROTO,     /* the other side does not follow its protocol */
    ERR_REFUSED,   /* the other side said no to this request */
    ERR_STORE,     /* the local store */
    ERR_CANCELLED, /* we were told to stop */
    ERR_USAGE,     /* what the person asked for makes no sense */
    ERR_CONFIG,    /* a mistake in the configuration */
    ERR_NOINPUT,   /* a file that was named cannot be read */
    ERR_ADDRESS,   /* an address that cannot be used, or that was refused for good */
    ERR_DOUBT      /* nobody can know whether it happened */
};

/* What may be done again: nothing, the same later, the same at once. */
enum error_retry { RETRY_NEVER, RETRY_LATER, RETRY_NOW };

enum { ERROR_TEXT_MAX = 400 };

struct error {
    enum error_code code;
    enum error_retry retry;
    int sys;
    char text[ERROR_TEXT_MAX];
};

/* Fills *err and returns -1, so that callers write: return error_set(err, ...).
 * Cuts what is too long, never inside a UTF-8 sequence. */
int error_set(struct error *err, enum error_code code, enum error_retry retry, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* ERR_SYS from errno: the sentence, then ": " and the system's reason. Returns -1. */
int error_sys(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts context in front of the text that is there ("account work: "). Returns -1. */
int error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Back to ERR_NONE. */
void error_clear(struct error *err);

#endif
