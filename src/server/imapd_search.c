/* SPDX-License-Identifier: MIT */
/* SEARCH (RFC 3501 §6.4.4), on the message as it stands: encoded words and bodies are not decoded.
 */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>

#include "server/limits.h"
#include "server/section.h"
#include "wire/imap_resp.h"
#include "wire/imap_set.h"
#include "base/banned.h"

enum key_kind {
    KEY_ALL,
    KEY_NONE,
    KEY_FLAG, /* flags set */
    KEY_NOT_FLAG,
    KEY_KEYWORD,
    KEY_NOT_KEYWORD,
    KEY_SEQUENCE,
    KEY_UID,
    KEY_BEFORE,
    KEY_ON,
    KEY_SINCE,
    KEY_SENT_BEFORE,
    KEY_SENT_ON,
    KEY_SENT_SINCE,
    KEY_LARGER,
    KEY_SMALLER,
    KEY_HEADER,
    KEY_TEXT,
    KEY_BODY,
    KEY_AND, /* of child and all that hang on it */
    KEY_OR,
    KEY_NOT
};
struct key {
    enum key_kind kind;
    unsigned flags;
    const char *field;
    struct str name, text;
    int64_t day; /* seconds */
    uint64_t number;
    struct key *child, *other, *next;
};

static const struct {
    const char *name;
    enum key_kind kind;
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
static const struct {
    const char *name;
    enum key_kind kind;
    const char *field;
} argument_keys[] = {
    { "KEYWORD", KEY_KEYWORD, NULL },
    { "UNKEYWORD", KEY_NOT_KEYWORD, NULL },
    { "UID", KEY_UID, NULL },
    { "BEFORE", KEY_BEFORE, NULL },
    { "ON", KEY_ON, NULL },
    { "SINCE", KEY_SINCE, NULL },
    { "SENTBEFORE", KEY_SENT_BEFORE, NULL },
    { "SENTON", KEY_SENT_ON, NULL },
    { "SENTSINCE", KEY_SENT_SINCE, NULL },
    { "LARGER", KEY_LARGER, NULL },
    { "SMALLER", KEY_SMALLER, NULL },
    { "TEXT", KEY_TEXT, NULL },
    { "BODY", KEY_BODY, NULL },
    { "SUBJECT", KEY_HEADER, "Subject" },
    { "FROM", KEY_HEADER, "From" },
    { "TO", KEY_HEADER, "To" },
    { "CC", KEY_HEADER, "Cc" },
    { "BCC", KEY_HEADER, "Bcc" },
};

/* "1-Feb-1994" as the first second of the day. */
static int day_read(struct str s, int64_t *day)
{
    struct buf text = BUF_INIT(64);
    bool one_digit = s.n > 1 && s.p[1] == '-';
    buf_addf(&text, "%s%.*s 00:00:00 +0000", one_digit ? " " : "", STR_ARG(s));
    int rc = text.over ? -1 : wire_imap_date(buf_str(&text), day);
    buf_free(&text);
    return rc;
}

static int argument_read(struct key *k, const struct wire_node *arg)
{
    if (!imapd_text(arg, &k->text))
        return -1;
    if (k->kind >= KEY_BEFORE && k->kind <= KEY_SENT_SINCE)
        return day_read(k->text, &k->day);
    if (k->kind == KEY_LARGER || k->kind == KEY_SMALLER)
        return wire_u64(arg, &k->number);
    return k->kind == KEY_UID && !imap_set_valid(k->text) ? -1 : 0;
}

static struct key *keys_read(struct arena *a, const struct wire_node **n, size_t most,
                             unsigned depth);

static bool plain_read(struct key *k, const struct wire_node *at)
{
    for (size_t i = 0; i < COUNT(plain_keys); i++)
        if (wire_is(at, plain_keys[i].name)) {
            k->kind = plain_keys[i].kind;
            k->flags = plain_keys[i].flags;
            return true;
        }
    return false;
}

/* Keys with one argument, HEADER with two. 0; 1 when it is none of them; -1. */
static int with_argument_read(struct key *k, const struct wire_node *at, const struct wire_node **n)
{
    if (wire_is(at, "HEADER")) {
        k->kind = KEY_HEADER;
        if (!imapd_text(*n, &k->name) || !imapd_text((*n)->next, &k->text))
            return -1;
        *n = (*n)->next->next;
        return 0;
    }
    for (size_t i = 0; i < COUNT(argument_keys); i++) {
        if (!wire_is(at, argument_keys[i].name))
            continue;
        k->kind = argument_keys[i].kind;
        k->field = argument_keys[i].field;
        if (argument_read(k, *n) != 0)
            return -1;
        *n = (*n)->next;
        return 0;
    }
    return 1;
}

static struct key *key_read(struct arena *a, const struct wire_node **n, unsigned depth);

/* NOT, OR and lists in brackets. 0; 1 when it is none of them; -1. */
static int compound_read(struct arena *a, struct key *k, const struct wire_node *at,
                         const struct wire_node **n, unsigned depth)
{
    if (at->kind == WIRE_LIST) {
        const struct wire_node *inner = at->child;
        k->kind = KEY_AND;
        k->child = keys_read(a, &inner, SIZE_MAX, depth - 1);
        return k->child != NULL ? 0 : -1;
    }
    if (!wire_is(at, "NOT") && !wire_is(at, "OR"))
        return 1;
    k->kind = wire_is(at, "NOT") ? KEY_NOT : KEY_OR;
    k->child = key_read(a, n, depth - 1);
    k->other = k->kind == KEY_OR && k->child != NULL ? key_read(a, n, depth - 1) : k->child;
    return k->other != NULL ? 0 : -1;
}

/* One key, with what belongs to it; *n moves past it. NULL for what is none. */
static struct key *key_read(struct arena *a, const struct wire_node **n, unsigned depth)
{
    const struct wire_node *at = *n;
    struct key *k = arena_alloc(a, sizeof *k);
    if (at == NULL || depth == 0)
        return NULL;
    *n = at->next;
    int rc = compound_read(a, k, at, n, depth);
    if (rc == 1 && plain_read(k, at))
        rc = 0;
    if (rc == 1)
        rc = with_argument_read(k, at, n);
    if (rc <= 0)
        return rc == 0 ? k : NULL;
    k->kind = KEY_SEQUENCE;
    k->text = at->s;
    return at->kind == WIRE_ATOM && imap_set_valid(at->s) ? k : NULL;
}

static struct key *keys_read(struct arena *a, const struct wire_node **n, size_t most,
                             unsigned depth)
{
    struct key *first = NULL;
    struct key **tail = &first;
    for (; *n != NULL && most > 0; most--) {
        *tail = key_read(a, n, depth);
        if (*tail == NULL)
            return NULL;
        tail = &(*tail)->next;
    }
    return first;
}

/* ---- looking ---- */

struct look {
    struct imapd *i;
    size_t row;
    int failed; /* 1: the message is gone */
    struct error *err;
};

static bool has_keyword(const struct mailbox_row *r, struct str word)
{
    struct str list = str_c(r->keywords);
    struct str w;
    while (str_word(&list, &w))
        if (str_ieq(w, word))
            return true;
    return false;
}

static bool contains(struct str where, struct str what)
{
    return what.n == 0 || str_isearch(where, what) < where.n;
}

static bool field_contains(struct str header, const char *name, struct str text)
{
    struct buf value = BUF_INIT(1 << 20);
    bool hit = section_field(header, name, &value) && contains(buf_str(&value), text);
    buf_free(&value);
    return hit;
}

/* "Tue, 24 Nov 2026 ..." as the first second of that day, whatever the zone. */
static bool sent_day(struct str header, int64_t *day)
{
    struct buf value = BUF_INIT(1 << 20);
    struct buf text = BUF_INIT(64);
    struct str part[3];
    size_t n = 0;
    section_field(header, "Date", &value);
    struct str rest = buf_str(&value);
    if (str_find(rest, ',') < rest.n)
        rest = str_skip(rest, str_find(rest, ',') + 1);
    while (n < COUNT(part) && str_word(&rest, &part[n]))
        n++;
    bool ok = n == COUNT(part);
    if (ok) {
        buf_addf(&text, "%.*s-%.*s-%.*s", STR_ARG(part[0]), STR_ARG(part[1]), STR_ARG(part[2]));
        ok = !text.over && day_read(buf_str(&text), day) == 0;
    }
    buf_free(&text);
    buf_free(&value);
    return ok;
}

static bool bytes_match(struct look *l, const struct key *k)
{
    struct str header;
    struct str text;
    int64_t day;
    if (l->failed == 0)
        l->failed = imapd_read(l->i, l->row, l->err);
    if (l->failed != 0)
        return false;
    section_split(buf_str(&l->i->cached), &header, &text);
    switch (k->kind) {
    case KEY_HEADER:
        if (k->field != NULL)
            return field_contains(header, k->field, k->text);
        char *name = xmemdup0(k->name.p, k->name.n);
        bool hit = field_contains(header, name, k->text);
        free(name);
        return hit;
    case KEY_SENT_BEFORE:
        return sent_day(header, &day) && day < k->day;
    case KEY_SENT_ON:
        return sent_day(header, &day) && day == k->day;
    case KEY_SENT_SINCE:
        return sent_day(header, &day) && day >= k->day;
    case KEY_BODY:
        return contains(text, k->text);
    default:
        return contains(buf_str(&l->i->cached), k->text);
    }
}

static bool key_matches(struct look *l, const struct key *k)
{
    enum { DAY = 86400 };
    const struct view *v = &l->i->view;
    const struct mailbox_row *r = view_row(v, l->row);
    switch (k->kind) {
    case KEY_ALL:
        return true;
    case KEY_NONE:
        return false;
    case KEY_FLAG:
        return (r->flags & k->flags) != 0;
    case KEY_NOT_FLAG:
        return (r->flags & k->flags) == 0;
    case KEY_KEYWORD:
        return has_keyword(r, k->text);
    case KEY_NOT_KEYWORD:
        return !has_keyword(r, k->text);
    case KEY_SEQUENCE:
        return imap_set_has(k->text, (uint32_t)view_n(v), (uint32_t)l->row + 1);
    case KEY_UID:
        return imap_set_has(k->text, view_row(v, view_n(v) - 1)->uid, r->uid);
    case KEY_BEFORE:
        return r->date < k->day;
    case KEY_ON:
        return r->date >= k->day && r->date < k->day + DAY;
    case KEY_SINCE:
        return r->date >= k->day;
    case KEY_LARGER:
        return r->size > k->number;
    case KEY_SMALLER:
        return r->size < k->number;
    case KEY_AND:
        for (const struct key *c = k->child; c != NULL; c = c->next)
            if (!key_matches(l, c))
                return false;
        return true;
    case KEY_OR:
        return key_matches(l, k->child) || key_matches(l, k->other);
    case KEY_NOT:
        return !key_matches(l, k->child);
    default:
        return bytes_match(l, k);
    }
}

static int search_run(struct imapd *i, const struct key *keys, struct error *err)
{
    struct key all = { .kind = KEY_AND, .child = (struct key *)(uintptr_t)keys };
    buf_adds(i->out, "* SEARCH");
    for (size_t row = 0; row < i->view.told; row++) {
        struct look l = { .i = i, .row = row, .err = err };
        bool hit = !view_is_gone(&i->view, row) && key_matches(&l, &all);
        if (l.failed < 0)
            return -1;
        if (hit && l.failed == 0)
            buf_addf(i->out, " %" PRIu32,
                     i->by_uid ? view_row(&i->view, row)->uid : (uint32_t)row + 1);
    }
    return 0;
}

void imapd_search(struct imapd *i, const struct wire_node *args)
{
    struct error err;
    struct str charset;
    struct arena *a = arena_new(4096);
    if (wire_is(args, "CHARSET") && args->next != NULL) {
        if (!imapd_text(args->next, &charset) ||
            (!str_ieqc(charset, "UTF-8") && !str_ieqc(charset, "US-ASCII"))) {
            imapd_no(i, "[BADCHARSET (UTF-8 US-ASCII)] this charset is not known");
            arena_free(&a);
            return;
        }
        args = args->next->next;
    }
    const struct key *keys = keys_read(a, &args, SIZE_MAX, IMAP_SEARCH_DEPTH);
    if (keys == NULL)
        imapd_bad(i, "cannot read what is searched for");
    else {
        view_drain(&i->view, i->events);
        int rc = search_run(i, keys, &err);
        buf_adds(i->out, "\r\n");
        imapd_tell(i, i->by_uid);
        if (rc < 0)
            imapd_fail(i, &err);
        else
            imapd_ok(i, "Done");
    }
    arena_free(&a);
}
