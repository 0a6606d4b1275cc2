/* SPDX-License-Identifier: MIT */
/* fixture.h - a small mailbox in a fresh store, for tests of the screens: 60 messages in INBOX, some of them nasty. */
#ifndef TMAIL_TESTS_TUI_FIXTURE_H
#define TMAIL_TESTS_TUI_FIXTURE_H

enum { FIXTURE_MESSAGES = 60 };

/* A new temporary folder with tmailrc and mail.db in it, as --profile takes it; freed with fixture_drop. */
char *fixture_new(void);
void fixture_drop(char **dir);

#endif
