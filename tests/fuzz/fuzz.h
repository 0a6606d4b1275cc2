/* SPDX-License-Identifier: MIT */
/* fuzz.h - what every fuzz target is and uses. A target is one file with LLVMFuzzerTestOneInput;
 * main.c drives it in a check, clang's libFuzzer for real exploration (run.sh). A claim that does
 * not hold ends the process, as a finding of a sanitizer does.
 * Must not know: who drives it. */
#ifndef TMAIL_TESTS_FUZZ_H
#define TMAIL_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says which claim it was, and aborts. */
void fuzz_broken(const char *file, int line, const char *claim);
#define FUZZ_CHECK(claim)                                                                          \
    do {                                                                                           \
        if (!(claim))                                                                              \
            fuzz_broken(__FILE__, __LINE__, #claim);                                               \
    } while (0)
/* Aborts with both when they differ. */
void fuzz_same(struct str a, struct str b);

/* The first byte of an input chooses how the rest is taken; letters, so that a corpus is text. */
unsigned fuzz_choice(struct str *in);

/* How an input is cut into pieces; every piece is a copy of its own, so that a sanitizer sees each
 * byte read too far. The cuts of FUZZ_CUT come from the bytes themselves: one input, one split. */
enum fuzz_split { FUZZ_WHOLE, FUZZ_CUT, FUZZ_BYTES };
typedef void fuzz_piece_fn(void *arg, struct str piece);
void fuzz_feed(struct str in, enum fuzz_split split, fuzz_piece_fn *piece, void *arg);
/* A number below n that the bytes of in and salt decide. */
size_t fuzz_pick(struct str in, uint32_t salt, size_t n);
/* A terminated copy whose end is the end of its memory; freed with free(). */
char *fuzz_copy(struct str in);

/* Folder of this process for targets that need files; whoever drives removes it. */
const char *fuzz_folder(void);

#endif
