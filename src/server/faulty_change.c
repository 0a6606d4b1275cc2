/* SPDX-License-Identifier: MIT */
#include "server/faulty_change.h"

#include <inttypes.h>
#include <stdlib.h>

#include "server/faults.h"
#include "base/banned.h"

/* The digits behind word become value(digits, n); all of them, or the first. */
void faulty_numbers(struct buf *out, size_t from, const char *word, int64_t plus, int64_t least)
{
    struct buf fresh = BUF_INIT(out->max);
    struct str rest = str_skip(buf_str(out), from);
    size_t at;
    while ((at = str_search(rest, str_c(word))) < rest.n) {
        uint64_t n;
        buf_add_str(&fresh, str_head(rest, at + strlen(word)));
        rest = str_skip(rest, at + strlen(word));
        if (str_u64(&rest, &n) != 0)
            continue;
        int64_t changed = (int64_t)(n & INT64_MAX >> 1) + plus;
        buf_addf(&fresh, "%" PRId64, changed < least ? least : changed);
    }
    buf_add_str(&fresh, rest);
    buf_truncate(out, from);
    buf_add_str(out, buf_str(&fresh));
    buf_free(&fresh);
}

/* The second number of each line of POP3's LIST. */
void faulty_list(struct buf *out, size_t from, int64_t plus)
{
    struct buf fresh = BUF_INIT(out->max);
    struct str rest = str_skip(buf_str(out), from);
    struct str line;
    while (str_line(&rest, &line)) {
        uint64_t number;
        uint64_t size;
        struct str l = line;
        bool single = str_lit(&l, "+OK ") == 0;
        if (str_u64(&l, &number) == 0 && str_lit(&l, " ") == 0 && str_u64(&l, &size) == 0 &&
            l.n == 0)
            buf_addf(&fresh, "%s%" PRIu64 " %" PRId64 "\r\n", single ? "+OK " : "", number,
                     (int64_t)size + plus > 0 ? (int64_t)size + plus : 0);
        else
            buf_addf(&fresh, "%.*s\r\n", STR_ARG(line));
    }
    buf_truncate(out, from);
    buf_add_str(out, buf_str(&fresh));
    buf_free(&fresh);
}

bool faulty_literal(struct buf *out, size_t from, int64_t plus)
{
    struct str all = buf_str(out);
    for (size_t i = from; i < all.n; i++) {
        struct str rest = str_skip(all, i);
        uint64_t n;
        if (str_lit(&rest, "{") != 0 || str_u64(&rest, &n) != 0 || !str_starts(rest, "}\r\n"))
            continue;
        char *behind = xmemdup0(rest.p, rest.n);
        size_t behind_n = rest.n;
        buf_truncate(out, i);
        buf_addf(out, "{%" PRId64, (int64_t)n + plus > 0 ? (int64_t)n + plus : 0);
        buf_add(out, behind, behind_n);
        free(behind);
        return true;
    }
    return false;
}

static bool is_hidden(struct str hide, struct str word)
{
    struct buf look = BUF_INIT(FAULTS_WORD_MAX + 4);
    buf_addf(&look, " %.*s ", STR_ARG(word));
    bool yes = word.n > 0 && str_isearch(hide, buf_str(&look)) < hide.n;
    buf_free(&look);
    return yes;
}

/* A line of capabilities without the words that are hidden; false when its subject is. */
static bool line_without(enum faulty_speaks speaks, struct str hide, struct str line,
                         struct buf *out)
{
    struct str head = speaks == SPEAKS_SMTP ? str_head(line, 4) : STR("");
    struct str rest = str_skip(line, head.n);
    struct str word;
    struct str first = rest;
    if (speaks != SPEAKS_IMAP && str_word(&first, &word) && is_hidden(hide, word))
        return false;
    buf_add_str(out, head);
    while (rest.n > 0) {
        size_t n = str_find(rest, ' ');
        word = str_head(rest, n);
        bool bracket = str_ends(word, "]");
        if (is_hidden(hide, str_head(word, word.n - bracket)))
            buf_adds(out, bracket ? "]" : "");
        else {
            if (rest.p != line.p + head.n)
                buf_addc(out, ' ');
            buf_add_str(out, word);
        }
        rest = str_skip(rest, n + 1);
    }
    buf_adds(out, "\r\n");
    return true;
}

static bool line_offers(enum faulty_speaks speaks, struct str line)
{
    if (speaks == SPEAKS_IMAP)
        return str_search(line, STR("CAPABILITY ")) < line.n;
    if (speaks == SPEAKS_SMTP)
        return str_starts(line, "250");
    return !str_starts(line, "+OK") && !str_starts(line, "-ERR");
}

/* Answers to EHLO, CAPA, CAPABILITY and logins. The last line of an SMTP answer stays the last. */
void faulty_offer(enum faulty_speaks speaks, struct str hide, struct buf *out, size_t from)
{
    struct buf fresh = BUF_INIT(out->max);
    struct str rest = str_skip(buf_str(out), from);
    struct str line;
    size_t last = 0;
    while (str_line(&rest, &line)) {
        size_t start = fresh.len;
        if (!line_offers(speaks, line))
            buf_addf(&fresh, "%.*s\r\n", STR_ARG(line));
        else if (!line_without(speaks, hide, line, &fresh))
            continue;
        last = start;
    }
    if (speaks == SPEAKS_SMTP && fresh.len > last + 3 && fresh.data[last + 3] == '-')
        fresh.data[last + 3] = ' ';
    buf_truncate(out, from);
    buf_add_str(out, buf_str(&fresh));
    buf_free(&fresh);
}

void faulty_prepend(struct buf *out, size_t from, const char *text)
{
    struct str tail = str_skip(buf_str(out), from);
    char *kept = xmemdup0(tail.p, tail.n);
    size_t n = tail.n;
    buf_truncate(out, from);
    buf_adds(out, text);
    buf_add(out, kept, n);
    free(kept);
}
