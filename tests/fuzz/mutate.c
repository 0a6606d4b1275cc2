/* SPDX-License-Identifier: MIT */
#include "mutate.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/banned.h"

enum { INPUT_MAX = 4096, LONG_MAX_BYTES = 64 << 10, LONG_EVERY = 256, STEPS_MAX = 6 };

void fuzz_words_add(struct fuzz_words *w, struct str word)
{
    w->words = xrealloc(w->words, w->n + 1, sizeof *w->words);
    w->words[w->n++] = (struct str){ xmemdup0(word.p, word.n), word.n };
}

static unsigned hex(char c)
{
    c = ascii_lower(c);
    return (unsigned)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10) & 15u;
}

static void word_read(struct str in, struct buf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        bool escaped = c == '\\' && i + 1 < in.n;
        if (escaped)
            c = in.p[++i];
        if (escaped && c == 'x' && i + 2 < in.n) {
            c = (char)(hex(in.p[i + 1]) << 4 | hex(in.p[i + 2]));
            i += 2;
        }
        buf_addc(out, c);
    }
}

void fuzz_words_read(struct fuzz_words *w, const char *path)
{
    struct buf file = BUF_INIT(1 << 20), word = BUF_INIT(1 << 12);
    struct error err;
    struct str line;
    if (file_read(path, &file, &err) == 0)
        for (struct str in = buf_str(&file); str_line(&in, &line);) {
            size_t open = str_find(line, '"'), close = str_rfind(line, '"');
            if (str_starts(line, "#") || close >= line.n || close <= open)
                continue;
            buf_clear(&word);
            word_read((struct str){ line.p + open + 1, close - open - 1 }, &word);
            fuzz_words_add(w, buf_str(&word));
        }
    buf_free(&file);
    buf_free(&word);
}

void fuzz_words_free(struct fuzz_words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free((char *)(uintptr_t)w->words[i].p);
    free(w->words);
    *w = (struct fuzz_words){ 0 };
}

/* splitmix64 */
static uint64_t next(uint64_t *s)
{
    uint64_t z = *s += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static size_t below(uint64_t *s, size_t n)
{
    return n == 0 ? 0 : (size_t)(next(s) % n);
}

static struct str any(const struct fuzz_words *w, uint64_t *s)
{
    return w->n > 0 ? w->words[below(s, w->n)] : (struct str){ "", 0 };
}

/* Puts word in the place of the n bytes at at. */
static void replace(struct buf *b, size_t at, size_t n, struct str word)
{
    struct str tail = { xmemdup0(b->data + at + n, b->len - at - n), b->len - at - n };
    buf_truncate(b, at);
    buf_add_str(b, word);
    buf_add_str(b, tail);
    free((char *)(uintptr_t)tail.p);
}

static void put_number(struct buf *b, size_t at, uint64_t *s)
{
    static const char *const numbers[] = {
        "0",          "-1",         "1",     "4294967295",           "4294967296",
        "2147483647", "2147483648", "65535", "18446744073709551615", "18446744073709551616",
        "007",        "1e9",        "4096",  "99999999999999999999", "255",
    };
    size_t digits = 0;
    while (at + digits < b->len && ascii_is_digit(b->data[at + digits]))
        digits++;
    replace(b, at, digits, str_c(numbers[below(s, COUNT(numbers))]));
}

static void put_bytes(struct buf *b, size_t at, uint64_t *s)
{
    static const char spice[] =
        "\r\n\0\"\\(){}[]<>+*~ \t-=?_&;:,.@'`09AMaz\x7F\x80\xBF\xC3\xE2\xF0\xFF";
    char word[8];
    size_t n = 1 + below(s, 3);
    for (size_t i = 0; i < n; i++)
        word[i] = spice[below(s, sizeof spice - 1)];
    size_t gone = below(s, 3);
    replace(b, at, gone < b->len - at ? gone : b->len - at, (struct str){ word, n });
}

/* One change. */
static void step(struct buf *b, const struct fuzz_words *corpus, const struct fuzz_words *dict,
                 uint64_t *s)
{
    size_t at = below(s, b->len + 1), left = b->len - at;
    size_t n = below(s, left < 64 ? left + 1 : 64);
    struct str other = any(corpus, s), word = any(dict, s);
    size_t from = below(s, other.n + 1);
    switch (below(s, 9)) {
    case 0:
        if (left > 0)
            b->data[at] = (char)(b->data[at] ^ (1 << below(s, 8)));
        break;
    case 1:
        put_bytes(b, at, s);
        break;
    case 2:
        replace(b, at, n, STR(""));
        break;
    case 3: /* the same once more */
        word = (struct str){ xmemdup0(b->data + at, n), n };
        replace(b, below(s, b->len + 1), 0, word);
        free((char *)(uintptr_t)word.p);
        break;
    case 4: /* the end of another one */
        replace(b, at, left, str_skip(other, from));
        break;
    case 5: /* a piece of another one */
        replace(b, at, 0, str_head(str_skip(other, from), below(s, 64)));
        break;
    case 6:
        put_number(b, at, s);
        break;
    case 7:
        replace(b, at, below(s, 2) == 0 ? 0 : n, word);
        break;
    default:
        buf_truncate(b, at);
    }
}

/* A piece again and again: what takes more than linear time shows. */
static void lengthen(struct buf *b, uint64_t *s)
{
    size_t at = below(s, b->len + 1), left = b->len - at;
    struct str tail = { xmemdup0(b->data + at, left), left };
    size_t n = 1 + below(s, left < 40 ? left : 40);
    size_t want = LONG_MAX_BYTES - left % LONG_MAX_BYTES;
    buf_truncate(b, at);
    while (n <= left && b->len + n <= want)
        buf_add(b, tail.p, n);
    buf_add_str(b, tail);
    free((char *)(uintptr_t)tail.p);
}

void fuzz_mutate(const struct fuzz_words *corpus, const struct fuzz_words *dict, uint64_t seed,
                 uint64_t n, struct buf *out)
{
    uint64_t s = seed ^ n * 0xD1342543DE82EF95u;
    buf_clear(out);
    buf_add_str(out, any(corpus, &s));
    buf_addc(out, 'x'); /* there is memory, even when that one was empty */
    buf_truncate(out, out->len - 1);
    for (size_t i = 1 + below(&s, STEPS_MAX); i > 0; i--)
        step(out, corpus, dict, &s);
    bool was_long = out->len > INPUT_MAX;
    if (n % LONG_EVERY == LONG_EVERY - 1)
        lengthen(out, &s);
    else if (was_long && below(&s, 4) != 0)
        buf_truncate(out, INPUT_MAX);
}
