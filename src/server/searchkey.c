/* SPDX-License-Identifier: MIT */
#include "server/searchkey.h"

#include <iconv.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "server/limits.h"
#include "server/maildate.h"
#include "wire/imap_resp.h"
#include "wire/imap_set.h"
#include "base/banned.h"

struct reading {
    struct arena *a;
    const struct search_context *context;
    const struct wire_node *at; /* what is read next */
    unsigned depth;
};

static const struct {
    const char *name;
    enum search_kind kind;
    unsigned flags;
} plain_keys[] = {
    { "ALL", KEY_ALL, 0 },
    { "NEW", KEY_NONE, 0 },
    { "OLD", KEY_ALL, 0 },
    { "RECENT", KEY_NONE, 0 },
    { "ANSWERED", KEY_FLAG, IMAP_ANSWERED },
    { "DELETED", KEY_FLAG, IMAP_DELETED },
    { "DRAFT", KEY_FLAG, IMAP_DRAFT },
    { "FLAGGED", KEY_FLAG, IMAP_FLAGGED },
    { "SEEN", KEY_FLAG, IMAP_SEEN },
    { "UNANSWERED", KEY_NOT_FLAG, IMAP_ANSWERED },
    { "UNDELETED", KEY_NOT_FLAG, IMAP_DELETED },
    { "UNDRAFT", KEY_NOT_FLAG, IMAP_DRAFT },
    { "UNFLAGGED", KEY_NOT_FLAG, IMAP_FLAGGED },
    { "UNSEEN", KEY_NOT_FLAG, IMAP_SEEN },
};

/* ---- arguments ---- */

static bool text_is(const struct wire_node *n, struct str *s)
{
    if (n == NULL || !(wire_is_string(n) || n->kind == WIRE_ATOM) || str_find(n->s, '\0') < n->s.n)
        return false;
    *s = n->s;
    return true;
}

static bool text_take(struct reading *r, struct str *s)
{
    if (!text_is(r->at, s))
        return false;
    r->at = r->at->next;
    return true;
}

/* Those that one character of ours can be in, so that a table of the C library does it. */
static const char *const charsets[] = { "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-15",
                                        "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252",
                                        "KOI8-R" };

bool search_charset(struct str charset)
{
    for (size_t i = 0; i < COUNT(charsets); i++)
        if (str_ieqc(charset, charsets[i]))
            return true;
    return str_ieqc(charset, "UTF-8") || str_ieqc(charset, "US-ASCII");
}

static void to_utf8(struct str charset, struct str in, struct buf *out)
{
    for (size_t i = 0; i < COUNT(charsets); i++) {
        if (!str_ieqc(charset, charsets[i]))
            continue;
        iconv_t cd = iconv_open("UTF-8", charsets[i]);
        size_t left = 4 * in.n;
        char *to = buf_room(out, left);
        char *from = xmemdup0(in.p, in.n);
        char *p = from;
        size_t n = in.n;
        char *end = to;
        if (cd != (iconv_t)-1 && to != NULL && iconv(cd, &p, &n, &end, &left) != (size_t)-1)
            buf_grown(out, (size_t)(end - to));
        if (cd != (iconv_t)-1)
            iconv_close(cd);
        free(from);
        return;
    }
    buf_add_str(out, in);
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static bool needle_take(struct reading *r, struct search_key *k)
{
    struct str raw;
    struct buf utf8 = BUF_INIT(4 * IMAP_COMMAND_MAX);
    struct buf folded = BUF_INIT(4 * IMAP_COMMAND_MAX);
    if (!text_take(r, &raw))
        return false;
    to_utf8(r->context->charset, raw, &utf8);
    utf8_fold(&folded, buf_str(&utf8));
    k->text = arena_str(r->a, buf_str(&folded));
    k->ascii = is_ascii(k->text);
    buf_free(&utf8);
    buf_free(&folded);
    return true;
}

/* ---- sets ---- */

static int range_cmp(const void *a, const void *b)
{
    const struct search_range *x = a;
    const struct search_range *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static bool set_read(struct reading *r, struct str set, uint32_t last, struct search_key *k)
{
    struct search_range range;
    size_t n = 0;
    size_t kept = 0;
    int rc;
    if (str_eqc(set, "$")) { /* RFC 5182 §2.1 */
        k->kind = KEY_UID;
        k->ranges = r->context->saved;
        k->ranges_n = r->context->saved_n;
        return true;
    }
    if (!imap_set_valid(set))
        return false;
    struct search_range *ranges = arena_array(r->a, set.n, sizeof *ranges);
    while ((rc = imap_set_next(&set, last > 0 ? last : 1, &range.first, &range.last)) == 0)
        ranges[n++] = range;
    qsort(ranges, n, sizeof *ranges, range_cmp);
    for (size_t i = 1; i < n; i++)
        if (ranges[i].first > ranges[kept].last)
            ranges[++kept] = ranges[i];
        else if (ranges[i].last > ranges[kept].last)
            ranges[kept].last = ranges[i].last;
    k->ranges = ranges;
    k->ranges_n = kept + 1;
    return rc == 1;
}

bool search_ranges_have(const struct search_key *k, uint32_t n)
{
    size_t lo = 0;
    size_t hi = k->ranges_n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (k->ranges[mid].last < n)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < k->ranges_n && k->ranges[lo].first <= n;
}

/* ---- keys with arguments ---- */

typedef bool argument_fn(struct reading *r, struct search_key *k);

static bool read_keyword(struct reading *r, struct search_key *k)
{
    return text_take(r, &k->name);
}

static bool read_uids(struct reading *r, struct search_key *k)
{
    struct str set;
    return text_take(r, &set) && set_read(r, set, r->context->last_uid, k);
}

static bool read_day(struct reading *r, struct search_key *k)
{
    struct str s;
    return text_take(r, &s) && maildate_day(s, &k->day) == 0;
}

static bool read_number(struct reading *r, struct search_key *k)
{
    if (wire_u64(r->at, &k->number) != 0)
        return false;
    r->at = r->at->next;
    return true;
}

/* RFC 5032 §3: OLDER and YOUNGER than so many seconds. */
static bool read_age(struct reading *r, struct search_key *k)
{
    if (!read_number(r, k) || k->number == 0 || k->number > UINT32_MAX)
        return false;
    k->day = r->context->now - (int64_t)k->number;
    if (k->kind == KEY_BEFORE)
        k->day++; /* as old as that is old */
    return true;
}

/* RFC 7162 §3.1.5: the name and kind of an entry may stand in front; all have the one number. */
static bool read_modseq(struct reading *r, struct search_key *k)
{
    k->modseq = true;
    if (r->at != NULL && r->at->kind == WIRE_QUOTED && r->at->next != NULL)
        r->at = r->at->next->next;
    return read_number(r, k);
}

static bool read_header(struct reading *r, struct search_key *k)
{
    return text_take(r, &k->name) && needle_take(r, k);
}

static const struct {
    const char *name;
    enum search_kind kind;
    const char *field;
    argument_fn *read;
} argument_keys[] = {
    { "KEYWORD", KEY_KEYWORD, NULL, read_keyword },
    { "UNKEYWORD", KEY_NOT_KEYWORD, NULL, read_keyword },
    { "UID", KEY_UID, NULL, read_uids },
    { "BEFORE", KEY_BEFORE, NULL, read_day },
    { "ON", KEY_ON, NULL, read_day },
    { "SINCE", KEY_SINCE, NULL, read_day },
    { "SENTBEFORE", KEY_SENT_BEFORE, NULL, read_day },
    { "SENTON", KEY_SENT_ON, NULL, read_day },
    { "SENTSINCE", KEY_SENT_SINCE, NULL, read_day },
    { "OLDER", KEY_BEFORE, NULL, read_age },
    { "YOUNGER", KEY_SINCE, NULL, read_age },
    { "MODSEQ", KEY_MODSEQ, NULL, read_modseq },
    { "LARGER", KEY_LARGER, NULL, read_number },
    { "SMALLER", KEY_SMALLER, NULL, read_number },
    { "HEADER", KEY_HEADER, NULL, read_header },
    { "SUBJECT", KEY_HEADER, "Subject", needle_take },
    { "FROM", KEY_HEADER, "From", needle_take },
    { "TO", KEY_HEADER, "To", needle_take },
    { "CC", KEY_HEADER, "Cc", needle_take },
    { "BCC", KEY_HEADER, "Bcc", needle_take },
    { "BODY", KEY_BODY, NULL, needle_take },
    { "TEXT", KEY_TEXT, NULL, needle_take },
};

/* ---- the tree ---- */

static struct search_key *key_read(struct reading *r);

static void deepen(struct search_key *k, const struct search_key *by)
{
    if (by->depth > k->depth)
        k->depth = by->depth;
    k->modseq = k->modseq || by->modseq;
}

/* All that are left, those first that need the least reading. */
static bool keys_read(struct reading *r, struct search_key *parent)
{
    struct search_key *first[SEARCH_MESSAGE + 1] = { NULL };
    struct search_key **tail[SEARCH_MESSAGE + 1] = { &first[0], &first[1], &first[2] };
    parent->kind = KEY_AND;
    if (r->at == NULL)
        return false;
    while (r->at != NULL) {
        struct search_key *k = key_read(r);
        if (k == NULL)
            return false;
        *tail[k->depth] = k;
        tail[k->depth] = &k->next;
        deepen(parent, k);
    }
    *tail[SEARCH_HEADER] = first[SEARCH_MESSAGE];
    *tail[SEARCH_ROW] = first[SEARCH_HEADER] != NULL ? first[SEARCH_HEADER] : first[SEARCH_MESSAGE];
    parent->child = first[SEARCH_ROW];
    return true;
}

static bool list_read(struct reading *r, const struct wire_node *list, struct search_key *k)
{
    struct reading inner = *r;
    inner.at = list->child;
    return keys_read(&inner, k);
}

static bool pair_read(struct reading *r, struct search_key *k)
{
    if ((k->child = key_read(r)) == NULL)
        return false;
    if (k->kind == KEY_OR && (k->other = key_read(r)) == NULL)
        return false;
    deepen(k, k->child);
    if (k->other != NULL)
        deepen(k, k->other);
    if (k->other != NULL && k->other->depth < k->child->depth) {
        struct search_key *cheap = k->other;
        k->other = k->child;
        k->child = cheap;
    }
    return true;
}

static bool plain_read(const struct wire_node *word, struct search_key *k)
{
    for (size_t i = 0; i < COUNT(plain_keys); i++)
        if (wire_is(word, plain_keys[i].name)) {
            k->kind = plain_keys[i].kind;
            k->flags = plain_keys[i].flags;
            return true;
        }
    return false;
}

static bool word_read(struct reading *r, const struct wire_node *word, struct search_key *k)
{
    if (plain_read(word, k))
        return true;
    for (size_t i = 0; i < COUNT(argument_keys); i++) {
        if (!wire_is(word, argument_keys[i].name))
            continue;
        k->kind = argument_keys[i].kind;
        k->name = str_c(argument_keys[i].field);
        k->depth = k->kind >= KEY_BODY          ? SEARCH_MESSAGE
                   : k->kind >= KEY_SENT_BEFORE ? SEARCH_HEADER
                                                : SEARCH_ROW;
        return argument_keys[i].read(r, k);
    }
    k->kind = KEY_SEQUENCE;
    return word->kind == WIRE_ATOM && set_read(r, word->s, r->context->last_number, k);
}

static struct search_key *key_read(struct reading *r)
{
    const struct wire_node *word = r->at;
    struct search_key *k = arena_alloc(r->a, sizeof *k);
    if (word == NULL || r->depth == 0)
        return NULL;
    r->at = word->next;
    r->depth--;
    bool ok;
    if (word->kind == WIRE_LIST)
        ok = list_read(r, word, k);
    else if (wire_is(word, "NOT") || wire_is(word, "OR")) {
        k->kind = wire_is(word, "NOT") ? KEY_NOT : KEY_OR;
        ok = pair_read(r, k);
    } else
        ok = word_read(r, word, k);
    r->depth++;
    return ok ? k : NULL;
}

struct search_key *search_keys_read(struct arena *a, const struct wire_node *n,
                                    const struct search_context *context)
{
    struct reading r = { .a = a, .context = context, .at = n, .depth = IMAP_SEARCH_DEPTH };
    struct search_key *all = arena_alloc(a, sizeof *all);
    return keys_read(&r, all) ? all : NULL;
}
