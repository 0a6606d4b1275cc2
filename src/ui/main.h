/* SPDX-License-Identifier: MIT */
/* main.h - the reader in a terminal, from its first screen to its last key.
 * Must not know: how the command line was read. */
#ifndef TMAIL_UI_MAIN_H
#define TMAIL_UI_MAIN_H

#include "base/log.h"
#include "config/config.h"

struct ui_start {
    const struct config *config;
    const char *store; /* path of mail.db; it need not be there yet */
    const char *log_path;
    struct log *log; /* may be NULL */
    const char
        *folder; /* to open; NULL: the inbox, of all accounts as one where there are several */
    const char *compose; /* not NULL: start with a new message to these addresses (may be empty) */
    bool offline;        /* no engine */
    const char *version;
};
/* Runs until the person leaves. A sysexits code; what went wrong is in *err for the caller to
 * print. setlocale was called. */
int ui_main(const struct ui_start *start, struct error *err);

#endif
