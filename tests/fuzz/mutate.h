/* SPDX-License-Identifier: MIT */
/* mutate.h - new inputs from old ones, without looking at the program: what comes out depends on
 * the seed and the number alone.
 * Must not know: the target. */
#ifndef TMAIL_TESTS_MUTATE_H
#define TMAIL_TESTS_MUTATE_H

#include "base/buf.h"

struct fuzz_words {
    struct str *words;
    size_t n;
};
void fuzz_words_add(struct fuzz_words *w, struct str word);
/* A dictionary as libFuzzer has it: name="word" or "word" a line, with \\ \" \xNN; a file that is
 * not there is empty. */
void fuzz_words_read(struct fuzz_words *w, const char *path);
void fuzz_words_free(struct fuzz_words *w);

/* The n-th input of seed, into out. */
void fuzz_mutate(const struct fuzz_words *corpus, const struct fuzz_words *dict, uint64_t seed,
                 uint64_t n, struct buf *out);

#endif
