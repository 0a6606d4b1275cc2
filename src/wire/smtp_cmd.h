/* SPDX-License-Identifier: MIT */
/* smtp_cmd.h - SMTP command lines read (RFC 5321 §4.1, and the forms a person types) and
 * written.
 * Must not know: what the server does with them. */
#ifndef TMAIL_WIRE_SMTP_CMD_H
#define TMAIL_WIRE_SMTP_CMD_H

#include "base/buf.h"

enum smtp_verb {
    SMTP_HELO,
    SMTP_EHLO,
    SMTP_LHLO,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_BDAT,
    SMTP_RSET,
    SMTP_NOOP,
    SMTP_QUIT,
    SMTP_HELP,
    SMTP_VRFY,
    SMTP_EXPN,
    SMTP_VERB,
    SMTP_AUTH,
    SMTP_STARTTLS,
    SMTP_UNKNOWN
};
/* RFC 3461 §4.1: a set; 0: the parameter was not given. */
enum smtp_notify {
    SMTP_NOTIFY_NEVER = 1,
    SMTP_NOTIFY_SUCCESS = 2,
    SMTP_NOTIFY_FAILURE = 4,
    SMTP_NOTIFY_DELAY = 8
};
/* RFC 3461 §4.3 */
enum smtp_ret { SMTP_RET_NONE, SMTP_RET_FULL, SMTP_RET_HDRS };
enum { SMTP_PATH_MAX = 320, SMTP_PARAMS_MAX = 16 };
struct smtp_param {
    struct str name, value;
};
struct smtp_cmd {
    enum smtp_verb verb;
    /* What follows the verb, trimmed; for MAIL and RCPT the path without brackets and source route.
     */
    struct str arg;
    /* Of the path, as they stand (a quoted local part keeps its quotes); both empty for <>. The
     * domain is empty for a bare local part ("rcpt to: postmaster"). */
    struct str local, domain;
    struct smtp_param params[SMTP_PARAMS_MAX];
    size_t params_n;
    uint64_t
        chunk; /* of BDAT: bytes that follow its line; of a bad one too, where they are clear */
    bool last; /* BDAT: nothing comes behind them */
};
/* Reads a line without its end: lower case, no angle brackets, "mail from:a@b", "mail from: a@b"
 * are all understood. -1 with the reply's code (500, 501, 553) in err->sys and its text in
 * err->text; out->verb is set as far as it was understood. Views of line. */
int wire_smtp_cmd(struct str line, struct smtp_cmd *out, struct error *err) MUST_CHECK;
/* True for an address that may go into MAIL FROM:<...> or RCPT TO:<...>: no control, no blank
 * outside quotes, no <>, lengths within RFC 5321 §4.5.3.1. utf8: RFC 6531 allowed. */
bool wire_smtp_addr_ok(struct str addr, bool utf8);

#endif
