/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/banned.h"

void fuzz_broken(const char *file, int line, const char *claim)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

static void show(const char *what, struct str s)
{
    fprintf(stderr, "%s %zu bytes: ", what, s.n);
    for (size_t i = 0; i < s.n && i < 2000; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\n' || (c >= ' ' && c < 127 && c != '\\'))
            fputc(c, stderr);
        else
            fprintf(stderr, "\\x%02x", c);
    }
    fputc('\n', stderr);
}

void fuzz_same(struct str a, struct str b)
{
    if (str_eq(a, b))
        return;
    size_t same = 0;
    while (same < a.n && same < b.n && a.p[same] == b.p[same])
        same++;
    fprintf(stderr, "they differ from byte %zu on\n", same);
    show("one", str_skip(a, same));
    show("other", str_skip(b, same));
    abort();
}

unsigned fuzz_choice(struct str *in)
{
    if (in->n == 0)
        return 0;
    unsigned char c = (unsigned char)in->p[0];
    *in = str_skip(*in, 1);
    return c & 31u;
}

/* FNV-1a, then the last step of murmur: any byte changes all of it. */
static uint32_t hash(struct str in, uint32_t salt)
{
    uint32_t h = 2166136261u ^ salt;
    for (size_t i = 0; i < in.n; i++)
        h = (h ^ (unsigned char)in.p[i]) * 16777619u;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    return h ^ h >> 13;
}

size_t fuzz_pick(struct str in, uint32_t salt, size_t n)
{
    return n == 0 ? 0 : hash(in, salt) % n;
}

/* Mostly small pieces, sometimes a large one. */
static size_t piece_size(uint32_t *state, size_t left)
{
    *state = *state * 1664525u + 1013904223u;
    size_t most = (*state >> 24) % 4 == 0 ? left : 16;
    size_t n = 1 + (*state >> 8 & 0xFFFF) % most;
    return n < left ? n : left;
}

void fuzz_feed(struct str in, enum fuzz_split split, fuzz_piece_fn *piece, void *arg)
{
    uint32_t state = hash(in, 1);
    while (in.n > 0) {
        size_t n = split == FUZZ_WHOLE ? in.n : split == FUZZ_BYTES ? 1 : piece_size(&state, in.n);
        char *copy = xmalloc(n);
        memcpy(copy, in.p, n);
        piece(arg, (struct str){ copy, n });
        free(copy);
        in = str_skip(in, n);
    }
}

char *fuzz_copy(struct str in)
{
    return xmemdup0(in.n > 0 ? in.p : "", in.n);
}

const char *fuzz_folder(void)
{
    static char *folder;
    struct error err;
    if (folder == NULL && (folder = file_temp_dir("fuzz", &err)) == NULL) {
        fprintf(stderr, "%s\n", err.text);
        _Exit(1);
    }
    return folder;
}
