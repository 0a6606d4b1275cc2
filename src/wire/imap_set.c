/* SPDX-License-Identifier: MIT */
#include "wire/imap_set.h"

#include "base/banned.h"

/* RFC 3501 §9 seq-number: nz-number or "*" */
static int number_next(struct str *in, uint32_t star, uint32_t *n)
{
    if (str_lit(in, "*") == 0) {
        *n = star;
        return 0;
    }
    struct str rest = *in;
    if (str_u32(&rest, n) != 0 || *n == 0)
        return -1;
    *in = rest;
    return 0;
}

int imap_set_next(struct str *set, uint32_t star, uint32_t *first, uint32_t *last)
{
    struct str in = *set;
    uint32_t a, b;
    if (in.n == 0)
        return 1;
    if (number_next(&in, star, &a) != 0)
        return -1;
    b = a;
    if (str_lit(&in, ":") == 0 && number_next(&in, star, &b) != 0)
        return -1;
    if (in.n > 0 && (str_lit(&in, ",") != 0 || in.n == 0))
        return -1;
    *first = a < b ? a : b;
    *last = a < b ? b : a;
    *set = in;
    return 0;
}

bool imap_set_valid(struct str set)
{
    uint32_t first, last;
    int r = set.n > 0 ? 0 : -1;
    while (r == 0)
        r = imap_set_next(&set, UINT32_MAX, &first, &last);
    return r == 1;
}

uint64_t imap_set_count(struct str set, uint32_t star)
{
    uint64_t n = 0;
    uint32_t first, last;
    int r = set.n > 0 ? 0 : -1;
    while (r == 0 && (r = imap_set_next(&set, star, &first, &last)) == 0)
        n += (uint64_t)last - first + 1;
    return r == 1 ? n : UINT64_MAX;
}

bool imap_set_has(struct str set, uint32_t star, uint32_t n)
{
    uint32_t first, last;
    while (imap_set_next(&set, star, &first, &last) == 0)
        if (n >= first && n <= last)
            return true;
    return false;
}

void imap_set_put(struct buf *out, const uint32_t *numbers, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && numbers[end] == numbers[end - 1] + 1; end++)
            ;
        buf_addf(out, "%s%u", i > 0 ? "," : "", numbers[i]);
        if (end - i > 1)
            buf_addf(out, ":%u", numbers[end - 1]);
    }
}
