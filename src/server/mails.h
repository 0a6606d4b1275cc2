/* SPDX-License-Identifier: MIT */
/* mails.h - `tmaild mail list|show`: the mail of all accounts as lines and as JSON, for tests of
 * programs that send. Reading it here changes no flag.
 * Must not know: sockets. */
#ifndef TMAIL_SERVER_MAILS_H
#define TMAIL_SERVER_MAILS_H

#include "server/control.h"
#include "server/reader.h"
#include "server/rows.h"

/* For control_add with the store. */
extern const struct control_command mails_commands[];

/* How one message is written (mails_put.c). */
enum mails_form {
    MAILS_LINE, /* tabs between: ACCOUNT/FOLDER UID DATE SIZE FLAGS FROM SUBJECT */
    MAILS_JSON, /* an object on one line */
    MAILS_TEXT, /* for a person: header fields that matter, an empty line, the text */
    MAILS_RAW   /* as it is; lines end in LF */
};
struct mails_one {
    const char *account, *folder;
    const struct mailbox_row *row;
    struct str message; /* its header alone where whole is false */
    bool whole;
    struct reader *reader;
    struct queue *answers;
};
void mails_put(const struct mails_one *one, enum mails_form form, struct buf *out);

#endif
