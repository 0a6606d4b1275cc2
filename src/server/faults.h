/* SPDX-License-Identifier: MIT */
/* faults.h - what tmaild does wrong on demand (--fault, --personality), as rules that are counted:
 * at which point, what, and when. Which server is known for what is in faults_known.c.
 * Must not know: sessions, sockets. */
#ifndef TMAIL_SERVER_FAULTS_H
#define TMAIL_SERVER_FAULTS_H

#include "base/buf.h"

enum {
    FAULTS_MAX = 200,
    FAULTS_TEXT_MAX = 200,
    FAULTS_WORD_MAX = 100,
    FAULTS_HITS = 8,
    FAULTS_GREY_MAX = 1000 /* recipients that were told to come again */
};
enum faults_do {
    FAULTS_SAY, /* an answer in place of the command */
    FAULTS_DELAY,
    FAULTS_CLOSE,
    FAULTS_CUT,
    FAULTS_SLOW,
    FAULTS_GREYLIST,
    FAULTS_DROP,
    FAULTS_DROPBEFORE,
    FAULTS_HIDE,
    FAULTS_UIDVALIDITY,
    FAULTS_UIDNEXT,
    FAULTS_LITERAL,
    FAULTS_SIZE,
    FAULTS_EXPUNGE,
    FAULTS_UNTAGGED,
    FAULTS_INJECT,
    FAULTS_NO_TLS,
    FAULTS_CERT_EXPIRED,
    FAULTS_CERT_NAME,
    FAULTS_DISK_FULL
};
struct faults_rule {
    char spec[FAULTS_TEXT_MAX * 2]; /* as it was given */
    char point[FAULTS_WORD_MAX];
    enum faults_do what;
    int64_t n;
    char text[FAULTS_TEXT_MAX];
    uint64_t every, first, after; /* 0: not given */
    char user[FAULTS_WORD_MAX], with[FAULTS_WORD_MAX], without[FAULTS_WORD_MAX],
        until[FAULTS_WORD_MAX];
    uint64_t seen;
};
/* POINT=ACTION[=ARGUMENT][:SELECTOR=VALUE]... -1 with ERR_USAGE. */
int faults_rule_read(struct str spec, struct faults_rule *out, struct error *err) MUST_CHECK;
/* All points, actions and selectors. */
void faults_usage(struct buf *out);
/* The rules of a server that is known for its quirks, one after the other, by i; NULL behind the
 * last and for an unknown name. */
const char *faults_personality(struct str name, size_t i);
void faults_personalities(struct buf *out);

/* The rules of one server with their counts; one thread's. */
struct faults;
struct faults *faults_new(void);
void faults_free(struct faults **f);
int faults_add(struct faults *f, struct str spec, struct error *err) MUST_CHECK;
void faults_clear(struct faults *f);
size_t faults_n(const struct faults *f);
/* A line each, and how often it was reached. */
void faults_list(const struct faults *f, struct buf *out);

struct faults_question {
    const char *point;        /* "smtp.rcpt" */
    struct str line;          /* the command */
    struct str account, peer; /* account: empty before the login */
    struct str said;          /* the commands of the session: " id select " */
};
struct faults_hit {
    enum faults_do what;
    int64_t n;
    uint64_t count; /* the how manieth time */
    char text[FAULTS_TEXT_MAX];
};
struct faults_hits {
    struct faults_hit hit[FAULTS_HITS];
    size_t n;
};
/* Counts, and tells what is to be done now. */
void faults_ask(struct faults *f, const struct faults_question *q, struct faults_hits *out);

#endif
