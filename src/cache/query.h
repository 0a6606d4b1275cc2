/* SPDX-License-Identifier: MIT */
/* query.h - what a person looks for, parsed once, for the store and for servers alike:
 * from:anna subject:"q3 plan" is:unread has:attachment before:2026-01 in:Archive -list:dev
 * (a OR b). Words are looked for anywhere in a message; case makes no difference.
 * Must not know: the database, IMAP. */
#ifndef TMAIL_CACHE_QUERY_H
#define TMAIL_CACHE_QUERY_H

#include "base/buf.h"

enum { QUERY_MAX = 4096 /* bytes */, QUERY_DEPTH_MAX = 32, QUERY_TERMS_MAX = 64 };

enum query_kind { QUERY_AND, QUERY_OR, QUERY_NOT, QUERY_TERM };
enum query_field {
    QUERY_TEXT, /* anywhere */
    QUERY_BODY,
    QUERY_FROM,
    QUERY_TO,
    QUERY_CC,
    QUERY_SUBJECT,
    QUERY_LIST,
    QUERY_IN,   /* folder */
    QUERY_TAG,  /* a keyword, whole */
    QUERY_FLAG, /* flag, is set where on */
    QUERY_ATTACHMENT,
    QUERY_BEFORE, /* number: seconds */
    QUERY_SINCE,
    QUERY_LARGER, /* number: bytes */
    QUERY_SMALLER
};
struct query {
    enum query_kind kind;
    struct query *a, *b; /* AND, OR; NOT has a alone */
    enum query_field field;
    struct str text;   /* as it was typed, one line of UTF-8, never empty */
    struct str folded; /* the same, as utf8_fold gives it */
    unsigned flag;     /* enum cache_flag */
    bool on;
    int64_t number;
};
/* Lives in a; dates are in the local zone. ERR_USAGE for what is no query (empty, not UTF-8,
 * control characters, an unknown is: or has:, a date that is none), ERR_LIMIT. NULL then. */
struct query *query_parse(struct arena *a, struct str text, struct error *err);

#endif
