/* SPDX-License-Identifier: MIT */
/* corpus.h - mail made up from a seed and a number: the same bytes for the same two, each by
 * itself.
 * Threads, names, subjects, sizes and dates are spread as in a working mailbox; text of several
 * scripts.
 * Must not know: where the mail goes. */
#ifndef TMAIL_BENCH_CORPUS_H
#define TMAIL_BENCH_CORPUS_H

#include "mime/summary.h"

enum {
    CORPUS_NEWEST = 1767225600, /* 2026-01-01, the date of the newest */
    CORPUS_MESSAGE_MAX = 64 << 10
};

struct corpus {
    uint64_t seed, n; /* n: how many there will be */
};
struct corpus_mail {
    struct buf raw;     /* the whole message, CRLF */
    struct buf text[7]; /* what summary points into */
    size_t header;      /* bytes of raw before the body */
    struct mime_part_info part;
    struct mime_summary summary;
    unsigned flags; /* enum cache_flag */
};
void corpus_mail_init(struct corpus_mail *m);
void corpus_mail_free(struct corpus_mail *m);
/* Message i of n, 0 the oldest. m is used again. */
void corpus_mail(const struct corpus *c, uint64_t i, struct corpus_mail *m);

#endif
