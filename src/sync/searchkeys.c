/* SPDX-License-Identifier: MIT */
#include "sync/searchkeys.h"

#include <time.h>

#include "cache/message.h"
#include "wire/imap_cmd.h"
#include "base/banned.h"

/* DAY: the Date of a message counts without its zone (RFC 3501 §6.4.4): a day more on either side
 * loses nothing. WORD_LEAST: a shorter part of a word would find everything. */
enum { KEYS_MAX = 16 << 10, DAY = 86400, WORD_LEAST = 2 };

struct keys {
    struct arena *arena;
    enum searchkeys_how how;
    struct buf text; /* since the last string */
    struct str *pieces;
    size_t n;
    bool wide;
};

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* The longest run of ASCII. */
static struct str ascii_part(struct str s)
{
    struct str best = { "", 0 };
    for (size_t i = 0; i < s.n; i++) {
        size_t n = 0;
        while (i + n < s.n && (unsigned char)s.p[i + n] < 0x80)
            n++;
        struct str run = str_trim((struct str){ s.p + i, n });
        if (run.n > best.n)
            best = run;
        i += n;
    }
    return best;
}

/* What there is to say of q; ANYTHING: nothing that a server understands. NOT is only said of terms,
 * so that what is left out always lets more through. */
enum worth { ANYTHING, SOMETHING };

static enum worth term_worth(const struct keys *k, const struct query *q, bool turned)
{
    if (q->field == QUERY_IN)
        return ANYTHING;
    if (q->field == QUERY_TAG)
        return wire_is_atom(q->text) ? SOMETHING : ANYTHING;
    if (q->field > QUERY_LIST || k->how != SEARCHKEYS_ASCII || is_ascii(q->text))
        return SOMETHING;
    return !turned && ascii_part(q->text).n >= WORD_LEAST ? SOMETHING : ANYTHING;
}

/* turned: a NOT stands outside. NOT (a b) is (NOT a OR NOT b). */
static enum worth worth_of(const struct keys *k, const struct query *q, bool turned)
{
    if (q->kind == QUERY_TERM)
        return term_worth(k, q, turned);
    if (q->kind == QUERY_NOT)
        return worth_of(k, q->a, !turned);
    bool both = (q->kind == QUERY_AND) != turned;
    enum worth a = worth_of(k, q->a, turned), b = worth_of(k, q->b, turned);
    return both ? (a == SOMETHING || b == SOMETHING ? SOMETHING : ANYTHING)
                : (a == SOMETHING && b == SOMETHING ? SOMETHING : ANYTHING);
}

static void piece_put(struct keys *k, struct str s)
{
    k->pieces[k->n++] = arena_str(k->arena, s);
}

/* A quoted string, where it is one; else a literal. */
static void string_put(struct keys *k, struct str s)
{
    if (k->how == SEARCHKEYS_ASCII)
        s = is_ascii(s) ? s : ascii_part(s);
    if (!is_ascii(s)) {
        k->wide = true;
        piece_put(k, buf_str(&k->text));
        piece_put(k, s);
        buf_clear(&k->text);
        return;
    }
    buf_addc(&k->text, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(&k->text, '\\');
        buf_addc(&k->text, s.p[i]);
    }
    buf_addc(&k->text, '"');
}

static void word_put(struct keys *k, const char *key, struct str word)
{
    buf_adds(&k->text, key);
    string_put(k, word);
}

/* A message without a Date goes by its arrival here. */
static void date_put(struct keys *k, const char *word, int64_t seconds)
{
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t t = (time_t)seconds;
    struct tm tm = { 0 };
    (void)gmtime_r(&t, &tm);
    for (int sent = 1; sent >= 0; sent--)
        buf_addf(&k->text, "%s%s %d-%s-%d", sent ? "OR SENT" : " ", word, tm.tm_mday,
                 months[tm.tm_mon], tm.tm_year + 1900);
}

static const char *flag_word(unsigned flag, bool on)
{
    switch (flag) {
    case CACHE_SEEN:
        return on ? "SEEN" : "UNSEEN";
    case CACHE_FLAGGED:
        return on ? "FLAGGED" : "UNFLAGGED";
    case CACHE_ANSWERED:
        return on ? "ANSWERED" : "UNANSWERED";
    case CACHE_DRAFT:
        return on ? "DRAFT" : "UNDRAFT";
    default:
        return on ? "KEYWORD $Forwarded" : "UNKEYWORD $Forwarded";
    }
}

static void term_put(struct keys *k, const struct query *q, bool turned)
{
    static const char *const words[] = {
        [QUERY_TEXT] = "TEXT ",
        [QUERY_BODY] = "BODY ",
        [QUERY_FROM] = "FROM ",
        [QUERY_TO] = "TO ",
        [QUERY_CC] = "CC ",
        [QUERY_SUBJECT] = "SUBJECT ",
        [QUERY_LIST] = "HEADER List-Id ",
    };
    bool before = (q->field == QUERY_BEFORE) != turned;
    if (turned && (q->field <= QUERY_LIST || q->field == QUERY_ATTACHMENT))
        buf_adds(&k->text, "NOT ");
    switch (q->field) {
    case QUERY_IN:
        break;
    case QUERY_TAG:
        buf_addf(&k->text, "%s%.*s", turned ? "UNKEYWORD " : "KEYWORD ", STR_ARG(q->text));
        break;
    case QUERY_FLAG:
        buf_adds(&k->text, flag_word(q->flag, q->on != turned));
        break;
    case QUERY_ATTACHMENT: /* nothing closer can be asked */
        buf_adds(&k->text, "HEADER Content-Type \"multipart/mixed\"");
        break;
    case QUERY_BEFORE:
    case QUERY_SINCE:
        date_put(k, before ? "BEFORE" : "SINCE", before ? q->number + 2 * DAY : q->number - DAY);
        break;
    case QUERY_LARGER: /* NOT: the same size counts too */
    case QUERY_SMALLER:
        buf_addf(&k->text, "%s%s %lld", turned ? "NOT " : "",
                 q->field == QUERY_LARGER ? "LARGER" : "SMALLER", (long long)q->number);
        break;
    default:
        word_put(k, words[q->field], q->text);
    }
}

/* one: as an operand of OR, where several keys need parentheses. Without them nothing is nested that
 * need not be: servers have limits. */
static void keys_put(struct keys *k, const struct query *q, bool turned, bool one)
{
    if (q->kind == QUERY_TERM) {
        term_put(k, q, turned);
        return;
    }
    if (q->kind == QUERY_NOT) {
        keys_put(k, q->a, !turned, one);
        return;
    }
    bool both = (q->kind == QUERY_AND) != turned;
    bool a = worth_of(k, q->a, turned) == SOMETHING, b = worth_of(k, q->b, turned) == SOMETHING;
    bool two = a && b, apart = two ? !both : one;
    if (two && (!both || one))
        buf_adds(&k->text, both ? "(" : "OR ");
    if (a)
        keys_put(k, q->a, turned, apart);
    if (two)
        buf_addc(&k->text, ' ');
    if (b)
        keys_put(k, q->b, turned, apart);
    if (two && both && one)
        buf_addc(&k->text, ')');
}

int searchkeys(struct arena *a, const struct query *q, enum searchkeys_how how, struct str **pieces,
               size_t *n, bool *wide, struct error *err)
{
    struct keys k = { .arena = a, .how = how, .text = BUF_INIT(KEYS_MAX) };
    k.pieces = arena_array(a, 4 * QUERY_TERMS_MAX + 2, sizeof *k.pieces);
    bool all = worth_of(&k, q, false) == ANYTHING;
    if (all)
        buf_adds(&k.text, "ALL");
    else
        keys_put(&k, q, false, false);
    piece_put(&k, buf_str(&k.text));
    int rc = buf_check(&k.text, err);
    if (rc == 0 && k.wide && how == SEARCHKEYS_CHARSET)
        k.pieces[0] = str_c(arena_fmt(a, "CHARSET UTF-8 %.*s", STR_ARG(k.pieces[0])));
    if (rc == 0 && all && how == SEARCHKEYS_ASCII)
        rc = 1;
    buf_free(&k.text);
    *pieces = k.pieces;
    *n = k.n;
    *wide = k.wide;
    return rc;
}
