/* SPDX-License-Identifier: MIT */
#include "cache/words.h"

#include "base/banned.h"

void words_copy(char to[CACHE_WORDS_MAX], struct str words)
{
    if (words.n >= CACHE_WORDS_MAX)
        words.n = 0;
    memcpy(to, words.n > 0 ? words.p : "", words.n);
    to[words.n] = '\0';
}

/* RFC 3501 §9 atom; what begins with "\" is the server's. */
bool cache_word_ok(struct str word)
{
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] <= ' ' || word.p[i] > '~' || strchr("(){%*\"\\]", word.p[i]) != NULL)
            return false;
    return word.n > 0 && word.n <= CACHE_WORD_MAX;
}

bool words_has(struct str set, struct str word)
{
    struct str w;
    while (str_word(&set, &w))
        if (str_ieq(w, word))
            return true;
    return false;
}

static void put(struct buf *out, struct str word)
{
    if (out->len > 0)
        buf_addc(out, ' ');
    buf_add_str(out, word);
}

void words_filter(struct str set, struct str other, bool in, struct buf *out)
{
    struct str w;
    while (str_word(&set, &w))
        if (words_has(other, w) == in)
            put(out, w);
}

void words_lay(struct str set, struct str add, struct str del, struct buf *out)
{
    struct str w, all = set;
    words_filter(set, del, false, out);
    while (str_word(&add, &w))
        if (!words_has(all, w) || words_has(del, w))
            put(out, w);
}
