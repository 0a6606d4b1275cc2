/* SPDX-License-Identifier: MIT */
#include "cache/query.h"

#include <time.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "cache/message.h"
#include "base/banned.h"

struct parser {
    struct arena *arena;
    struct str in;
    unsigned depth, terms;
    struct error *err;
};

static struct query *either_parse(struct parser *p);

static struct query *fail(struct parser *p, const char *why, struct str what)
{
    (void)error_set(p->err, ERR_USAGE, RETRY_NEVER, why, STR_ARG(str_head(what, 100)));
    return NULL;
}

static struct query *fail_plainly(struct parser *p, const char *why)
{
    (void)error_set(p->err, ERR_USAGE, RETRY_NEVER, "%s", why);
    return NULL;
}

static struct query *node(struct parser *p, enum query_kind kind, struct query *a, struct query *b)
{
    struct query *q = arena_alloc(p->arena, sizeof *q);
    q->kind = kind;
    q->a = a;
    q->b = b;
    return q;
}

static void blanks_skip(struct parser *p)
{
    while (p->in.n > 0 && p->in.p[0] == ' ')
        p->in = str_skip(p->in, 1);
}

/* ------------------------------------------------------------------ values */

static struct str fold(struct parser *p, struct str text)
{
    struct buf out = BUF_INIT(8 * QUERY_MAX);
    utf8_fold(&out, text);
    struct str s = arena_str(p->arena, buf_str(&out));
    buf_free(&out);
    return s;
}

/* 2026, 2026-01, 2026-01-31: its first moment here. */
static int date_read(struct str s, int64_t *seconds)
{
    uint32_t part[3] = { 0, 1, 1 };
    size_t n = 0;
    do {
        if (n == COUNT(part) || str_u32(&s, &part[n]) != 0)
            return -1;
        n++;
    } while (str_lit(&s, "-") == 0);
    if (s.n > 0 || part[0] < 1970 || part[0] > 9999 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
        part[2] > 31)
        return -1;
    struct tm tm = { .tm_year = (int)part[0] - 1900,
                     .tm_mon = (int)part[1] - 1,
                     .tm_mday = (int)part[2],
                     .tm_isdst = -1 };
    *seconds = (int64_t)mktime(&tm);
    return tm.tm_mon == (int)part[1] - 1 ? 0 : -1;
}

/* 2000000, 500k, 2M, 1G. */
static int size_read(struct str s, int64_t *bytes)
{
    uint32_t n;
    int64_t unit = 1;
    if (str_u32(&s, &n) != 0 || s.n > 1)
        return -1;
    if (s.n == 1)
        unit = ascii_lower(s.p[0]) == 'k'   ? 1 << 10
               : ascii_lower(s.p[0]) == 'm' ? 1 << 20
               : ascii_lower(s.p[0]) == 'g' ? 1 << 30
                                            : 0;
    *bytes = n * unit;
    return unit > 0 && *bytes <= UINT32_MAX ? 0 : -1;
}

static int flag_read(struct str s, struct query *q)
{
    static const struct {
        const char *name;
        unsigned flag;
        bool on;
    } flags[] = {
        { "read", CACHE_SEEN, true },           { "seen", CACHE_SEEN, true },
        { "unread", CACHE_SEEN, false },        { "new", CACHE_SEEN, false },
        { "flagged", CACHE_FLAGGED, true },     { "answered", CACHE_ANSWERED, true },
        { "replied", CACHE_ANSWERED, true },    { "draft", CACHE_DRAFT, true },
        { "forwarded", CACHE_FORWARDED, true },
    };
    for (size_t i = 0; i < COUNT(flags); i++)
        if (str_ieqc(s, flags[i].name)) {
            q->flag = flags[i].flag;
            q->on = flags[i].on;
            return 0;
        }
    return -1;
}

/* The value of field into q. */
static struct query *value_read(struct parser *p, struct query *q)
{
    switch (q->field) {
    case QUERY_FLAG:
        if (flag_read(q->text, q) == 0)
            return q;
        return fail(p,
                    _("\"is:%.*s\" is nothing that can be looked for: it takes read, unread, "
                      "flagged, answered, draft or forwarded"),
                    q->text);
    case QUERY_ATTACHMENT:
        if (str_ieqc(q->text, "attachment"))
            return q;
        return fail(p, _("\"has:%.*s\" is nothing that can be looked for: it takes attachment"),
                    q->text);
    case QUERY_BEFORE:
    case QUERY_SINCE:
        if (date_read(q->text, &q->number) == 0)
            return q;
        return fail(p, _("\"%.*s\" is no date: it takes 2026, 2026-01 or 2026-01-31"), q->text);
    case QUERY_LARGER:
    case QUERY_SMALLER:
        if (size_read(q->text, &q->number) == 0)
            return q;
        return fail(p, _("\"%.*s\" is no size: it takes 20000, 500k or 2M"), q->text);
    default:
        q->folded = fold(p, q->text);
        return q;
    }
}

/* ------------------------------------------------------------------ terms */

/* from: and the like, taken off *in. A word in front of a colon that is no field is text
 * (12:30, re:plan). */
static enum query_field field_take(struct str *in)
{
    static const struct {
        const char *name;
        enum query_field field;
    } fields[] = {
        { "from:", QUERY_FROM },       { "to:", QUERY_TO },          { "cc:", QUERY_CC },
        { "subject:", QUERY_SUBJECT }, { "body:", QUERY_BODY },      { "list:", QUERY_LIST },
        { "in:", QUERY_IN },           { "folder:", QUERY_IN },      { "tag:", QUERY_TAG },
        { "is:", QUERY_FLAG },         { "has:", QUERY_ATTACHMENT }, { "before:", QUERY_BEFORE },
        { "since:", QUERY_SINCE },     { "after:", QUERY_SINCE },    { "larger:", QUERY_LARGER },
        { "smaller:", QUERY_SMALLER },
    };
    for (size_t i = 0; i < COUNT(fields); i++)
        if (str_ilit(in, fields[i].name) == 0)
            return fields[i].field;
    return QUERY_TEXT;
}

/* "several words", where a quote is written \", or one word. -1: the quote does not end. */
static int word_take(struct parser *p, struct str *out)
{
    size_t n = 0;
    if (p->in.n == 0 || p->in.p[0] != '"') {
        while (n < p->in.n && strchr(" ()\"", p->in.p[n]) == NULL)
            n++;
        *out = str_head(p->in, n);
        p->in = str_skip(p->in, n);
        return 0;
    }
    struct buf text = BUF_INIT(QUERY_MAX);
    struct str in = str_skip(p->in, 1);
    for (; n < in.n && in.p[n] != '"'; n++) {
        if (in.p[n] == '\\' && n + 1 < in.n)
            n++;
        buf_addc(&text, in.p[n]);
    }
    *out = arena_str(p->arena, buf_str(&text));
    buf_free(&text);
    p->in = str_skip(in, n + 1);
    return n < in.n ? 0 : -1;
}

static bool keyword_is_next(const struct parser *p, const char *word)
{
    size_t n = strlen(word);
    return str_starts(p->in, word) && (p->in.n == n || strchr(" (", p->in.p[n]) != NULL);
}

static struct query *term_parse(struct parser *p)
{
    struct query *q = node(p, QUERY_TERM, NULL, NULL);
    struct str all = p->in;
    if (++p->terms > QUERY_TERMS_MAX) {
        (void)error_set(p->err, ERR_LIMIT, RETRY_NEVER, _("more than %d things to look for"),
                        QUERY_TERMS_MAX);
        return NULL;
    }
    bool missing = keyword_is_next(p, "OR") || keyword_is_next(p, "AND");
    q->field = field_take(&p->in);
    if (!missing && word_take(p, &q->text) != 0)
        return fail(p, _("a quote does not end: %.*s"), all);
    q->text = str_trim(q->text);
    if (q->text.n == 0)
        return fail(p, _("something to look for is missing before \"%.*s\""), p->in);
    return value_read(p, q);
}

static struct query *part_parse(struct parser *p)
{
    struct query *q;
    if (p->depth == QUERY_DEPTH_MAX) {
        (void)error_set(p->err, ERR_LIMIT, RETRY_NEVER, _("parentheses are nested too deeply"));
        return NULL;
    }
    p->depth++;
    if (keyword_is_next(p, "NOT") || (p->in.n > 1 && p->in.p[0] == '-' && p->in.p[1] != ' ')) {
        p->in = str_skip(p->in, p->in.p[0] == '-' ? 1 : 3);
        blanks_skip(p);
        q = part_parse(p);
        q = q != NULL ? node(p, QUERY_NOT, q, NULL) : NULL;
    } else if (str_lit(&p->in, "(") == 0) {
        q = either_parse(p);
        if (q != NULL && str_lit(&p->in, ")") != 0)
            q = fail_plainly(p, _("a parenthesis does not end"));
    } else
        q = term_parse(p);
    p->depth--;
    return q;
}

/* Things that must all hold. */
static struct query *all_parse(struct parser *p)
{
    struct query *q = part_parse(p);
    for (blanks_skip(p); q != NULL; blanks_skip(p)) {
        if (p->in.n == 0 || p->in.p[0] == ')' || keyword_is_next(p, "OR"))
            break;
        if (keyword_is_next(p, "AND")) {
            p->in = str_skip(p->in, 3);
            blanks_skip(p);
        }
        struct query *b = part_parse(p);
        q = b != NULL ? node(p, QUERY_AND, q, b) : NULL;
    }
    return q;
}

static struct query *either_parse(struct parser *p)
{
    blanks_skip(p);
    struct query *q = all_parse(p);
    while (q != NULL && keyword_is_next(p, "OR")) {
        p->in = str_skip(p->in, 2);
        blanks_skip(p);
        struct query *b = all_parse(p);
        q = b != NULL ? node(p, QUERY_OR, q, b) : NULL;
    }
    return q;
}

/* What would end a line of a protocol, or hide in one, is in nobody's mail as text. */
static bool is_clean(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
            return false;
    return utf8_valid(s);
}

struct query *query_parse(struct arena *a, struct str text, struct error *err)
{
    struct parser p = { .arena = a, .err = err };
    if (text.n > QUERY_MAX) {
        (void)error_set(err, ERR_LIMIT, RETRY_NEVER, _("more than %d bytes to look for"),
                        QUERY_MAX);
        return NULL;
    }
    if (!is_clean(text))
        return fail_plainly(&p, _("what is looked for has control characters, or is not UTF-8"));
    p.in = str_trim(arena_str(a, text));
    if (p.in.n == 0)
        return fail_plainly(&p, _("there is nothing to look for"));
    struct query *q = either_parse(&p);
    if (q != NULL && p.in.n > 0)
        return fail(&p, _("a parenthesis too many: \"%.*s\""), p.in);
    return q;
}
