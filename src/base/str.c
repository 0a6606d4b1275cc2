/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include "base/banned.h"

bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ascii_is_alnum(char c)
{
    return ascii_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ascii_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

struct str str_c(const char *s)
{
    return s != NULL ? (struct str){ s, strlen(s) } : (struct str){ "", 0 };
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_ieq(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    return true;
}

bool str_eqc(struct str a, const char *b)
{
    return str_eq(a, str_c(b));
}

bool str_ieqc(struct str a, const char *b)
{
    return str_ieq(a, str_c(b));
}

bool str_starts(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

bool str_istarts(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && str_ieq(str_head(s, n), (struct str){ prefix, n });
}

bool str_ends(struct str s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.n >= n && memcmp(s.p + s.n - n, suffix, n) == 0;
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

size_t str_find(struct str s, char c)
{
    const char *p = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
    return p != NULL ? (size_t)(p - s.p) : s.n;
}

size_t str_rfind(struct str s, char c)
{
    const char *p = s.n > 0 ? memrchr(s.p, c, s.n) : NULL;
    return p != NULL ? (size_t)(p - s.p) : s.n;
}

size_t str_search(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    const char *p = s.n > 0 ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return p != NULL ? (size_t)(p - s.p) : s.n;
}

/* Horspool's search: what stands under the needle's last byte says how far it may be moved. */
static size_t isearch_long(struct str s, struct str needle)
{
    size_t skip[256];
    for (size_t c = 0; c < 256; c++)
        skip[c] = needle.n;
    for (size_t i = 0; i + 1 < needle.n; i++)
        skip[(unsigned char)ascii_lower(needle.p[i])] =
            skip[(unsigned char)ascii_upper(needle.p[i])] = needle.n - 1 - i;
    char last = ascii_lower(needle.p[needle.n - 1]);
    for (size_t i = 0; i <= s.n - needle.n;) {
        char c = s.p[i + needle.n - 1];
        if (ascii_lower(c) == last && str_ieq((struct str){ s.p + i, needle.n }, needle))
            return i;
        i += skip[(unsigned char)c];
    }
    return s.n;
}

size_t str_isearch(struct str s, struct str needle)
{
    enum { WORTH_A_TABLE = 256 };
    if (needle.n > 1 && needle.n <= s.n && s.n - needle.n >= WORTH_A_TABLE)
        return isearch_long(s, needle);
    for (size_t i = 0; needle.n <= s.n && i <= s.n - needle.n; i++)
        if (str_ieq((struct str){ s.p + i, needle.n }, needle))
            return i;
    return s.n;
}

struct str str_skip(struct str s, size_t n)
{
    if (n >= s.n)
        return (struct str){ s.n > 0 ? s.p + s.n : s.p, 0 };
    return (struct str){ s.p + n, s.n - n };
}

struct str str_head(struct str s, size_t n)
{
    return (struct str){ s.p, n < s.n ? n : s.n };
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && ascii_is_space(s.p[0]))
        s = str_skip(s, 1);
    while (s.n > 0 && ascii_is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_is_line(struct str s)
{
    return str_find(s, '\r') == s.n && str_find(s, '\n') == s.n && str_find(s, '\0') == s.n;
}

int str_lit(struct str *in, const char *literal)
{
    if (!str_starts(*in, literal))
        return -1;
    *in = str_skip(*in, strlen(literal));
    return 0;
}

int str_ilit(struct str *in, const char *literal)
{
    if (!str_istarts(*in, literal))
        return -1;
    *in = str_skip(*in, strlen(literal));
    return 0;
}

int str_u64(struct str *in, uint64_t *value)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; i < in->n && ascii_is_digit(in->p[i]); i++)
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(in->p[i] - '0'), &v))
            return -1;
    if (i == 0)
        return -1;
    *value = v;
    *in = str_skip(*in, i);
    return 0;
}

int str_u32(struct str *in, uint32_t *value)
{
    struct str rest = *in;
    uint64_t v;
    if (str_u64(&rest, &v) != 0 || v > UINT32_MAX)
        return -1;
    *value = (uint32_t)v;
    *in = rest;
    return 0;
}

int str_until(struct str *in, char c, struct str *out)
{
    size_t i = str_find(*in, c);
    if (i == in->n)
        return -1;
    *out = str_head(*in, i);
    *in = str_skip(*in, i + 1);
    return 0;
}

bool str_line(struct str *in, struct str *line)
{
    if (in->n == 0)
        return false;
    size_t i = str_find(*in, '\n');
    *line = str_head(*in, i);
    *in = str_skip(*in, i + 1);
    if (line->n > 0 && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

bool str_word(struct str *in, struct str *word)
{
    struct str s = *in;
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_skip(s, 1);
    size_t i = 0;
    while (i < s.n && s.p[i] != ' ' && s.p[i] != '\t')
        i++;
    *word = str_head(s, i);
    *in = str_skip(s, i);
    return i > 0;
}
