/* SPDX-License-Identifier: MIT */
#include "mime/addr.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "base/banned.h"

/* RFC 5321 §4.5.3.1.1 and .2 */
enum { LOCAL_MAX = 64, DOMAIN_MAX = 255 };

/* One pass over a field. phrase collects the words as a person reads them, spec the same bytes as
 * written (quotes kept, comments left out, no blanks around '.' and '@'), comment the text of the
 * last comment: at the end of each element one of them turns out to be the name, and one the
 * address. */
struct reader {
    struct arena *arena;
    struct str in;
    struct mime_addr *out;
    size_t n, max, junk;
    struct buf phrase, spec, comment;
    bool in_group, angle, blank;
    struct mime_addr current;
};

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

static char take(struct reader *r)
{
    char c = r->in.p[0];
    r->in = str_skip(r->in, 1);
    return c;
}

/* A blank between two words, kept only where it separates something. */
static void put_gap(struct reader *r, char next)
{
    if (!r->blank)
        return;
    r->blank = false;
    if (r->phrase.len > 0)
        buf_addc(&r->phrase, ' ');
    char last = r->spec.len > 0 ? r->spec.data[r->spec.len - 1] : '.';
    if (last != '.' && last != '@' && next != '.' && next != '@')
        buf_addc(&r->spec, ' ');
}

/* RFC 5322 §3.2.2 comment, nested: counted, not recursed into. */
static void take_comment(struct reader *r)
{
    size_t depth = 1;
    buf_clear(&r->comment);
    while (r->in.n > 0) {
        char c = take(r);
        if (c == '\\' && r->in.n > 0)
            c = take(r);
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            break;
        buf_addc(&r->comment, is_blank(c) ? ' ' : c);
    }
    r->blank = true;
}

/* RFC 5322 §3.2.4 quoted-string; one that is never closed ends with the field. */
static void take_quoted(struct reader *r)
{
    put_gap(r, '"');
    buf_addc(&r->spec, '"');
    while (r->in.n > 0) {
        char c = take(r);
        if (c == '"')
            break;
        if (c == '\\' && r->in.n > 0)
            c = take(r);
        if (is_blank(c))
            c = ' ';
        if (c == '"' || c == '\\')
            buf_addc(&r->spec, '\\');
        buf_addc(&r->spec, c);
        buf_addc(&r->phrase, c);
    }
    buf_addc(&r->spec, '"');
}

/* RFC 5322 §3.4.1 domain-literal */
static void take_literal(struct reader *r)
{
    put_gap(r, '[');
    char c = '[';
    for (;;) {
        buf_addc(&r->spec, c);
        buf_addc(&r->phrase, c);
        if (c == ']' || r->in.n == 0)
            return;
        c = take(r);
        if (is_blank(c))
            c = ' ';
    }
}

/* Offset of the last '@' that no quotes hold; spec.n when there is none. Quotes in spec are
 * balanced. */
static size_t find_at(struct str spec)
{
    size_t at = spec.n;
    bool quoted = false;
    for (size_t i = 0; i < spec.n; i++) {
        if (quoted && spec.p[i] == '\\')
            i++;
        else if (spec.p[i] == '"')
            quoted = !quoted;
        else if (!quoted && spec.p[i] == '@')
            at = i;
    }
    return at;
}

/* RFC 5322 §3.4.1 local-part without its quotes */
static struct str unquote(struct arena *a, struct str s)
{
    struct buf b = BUF_INIT(s.n);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            continue;
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        buf_addc(&b, s.p[i]);
    }
    struct str copy = arena_str(a, buf_str(&b));
    buf_free(&b);
    return copy;
}

/* True for what can be written as a domain and read again: no specials, or a whole literal
 * (RFC 5322 §3.4.1). */
static bool domain_is_whole(struct str d)
{
    if (d.n > 0 && d.p[0] == '[')
        return str_find(d, ']') == d.n - 1;
    for (size_t i = 0; i < d.n; i++)
        if (d.p[i] == ' ' || strchr("()<>[]:;@\\,\"", d.p[i]) != NULL)
            return false;
    return true;
}

/* Splits an addr-spec; one without '@' is a local part alone. False when it can be neither. */
static bool split_spec(struct reader *r, struct str spec)
{
    spec = str_trim(spec);
    size_t at = find_at(spec);
    struct str domain = str_trim(str_skip(spec, at + 1));
    struct str local = str_trim(str_head(spec, at));
    bool quoted = local.n > 1 && local.p[0] == '"' && local.p[local.n - 1] == '"';
    if (local.n == 0 || (at < spec.n && domain.n == 0))
        return false;
    if (!quoted && (str_find(local, ' ') < local.n || find_at(local) < local.n))
        return false;
    if (!domain_is_whole(domain))
        return false;
    r->current.local = unquote(r->arena, local);
    r->current.domain = arena_str(r->arena, domain);
    return true;
}

/* RFC 5322 §3.4 angle-addr, with the route of RFC 822 left out ("<@a,@b:jane@x.org>"). */
static void take_angle(struct reader *r)
{
    struct str name = arena_str(r->arena, str_trim(buf_str(&r->phrase)));
    buf_clear(&r->spec);
    r->blank = false;
    while (r->in.n > 0 && r->in.p[0] != '>') {
        char c = take(r);
        if (c == '"')
            take_quoted(r);
        else if (c == '(')
            take_comment(r);
        else if (c == '[')
            take_literal(r);
        else if (c == ':')
            buf_clear(&r->spec);
        else if (is_blank(c))
            r->blank = true;
        else {
            put_gap(r, c);
            buf_addc(&r->spec, c);
        }
    }
    if (r->in.n > 0)
        take(r);
    r->blank = false;
    if (split_spec(r, buf_str(&r->spec))) {
        r->current.name = name;
        r->angle = true;
    } else {
        r->junk++;
    }
    buf_clear(&r->phrase);
    buf_clear(&r->spec);
}

static void emit(struct reader *r, struct mime_addr addr)
{
    if (r->n < r->max)
        r->out[r->n++] = addr;
    else
        r->junk++;
}

/* An element without angle brackets: "jane@x.org", "jane@x.org (Jane)", "Jane Roe jane@x.org",
 * "root". */
static bool take_bare(struct reader *r)
{
    struct str spec = str_trim(buf_str(&r->spec));
    if (split_spec(r, spec)) {
        r->current.name = arena_str(r->arena, str_trim(buf_str(&r->comment)));
        return true;
    }
    size_t gap = str_rfind(spec, ' ');
    struct str last = str_skip(spec, gap + 1);
    if (gap >= spec.n || find_at(last) >= last.n || !split_spec(r, last))
        return false;
    r->current.name = str_trim(unquote(r->arena, str_head(spec, gap)));
    if (str_find(r->current.name, '@') < r->current.name.n)
        r->junk++;
    return true;
}

static void end_element(struct reader *r)
{
    bool something = r->phrase.len > 0 || r->spec.len > 0;
    if (r->angle || (something && take_bare(r)))
        emit(r, r->current);
    if (something && (r->angle || r->current.local.n == 0))
        r->junk++;
    r->current = (struct mime_addr){ 0 };
    r->angle = r->blank = false;
    buf_clear(&r->phrase);
    buf_clear(&r->spec);
    buf_clear(&r->comment);
}

/* RFC 5322 §3.4 group; they do not nest, so a colon inside one only ends an element that cannot be
 * read. */
static void start_group(struct reader *r)
{
    if (r->in_group || r->angle) {
        buf_clear(&r->phrase);
        buf_clear(&r->spec);
        r->junk++;
        return;
    }
    struct mime_addr group = { .group_start = true };
    group.name = arena_str(r->arena, str_trim(buf_str(&r->phrase)));
    emit(r, group);
    r->in_group = true;
    buf_clear(&r->phrase);
    buf_clear(&r->spec);
}

static void end_group(struct reader *r)
{
    end_element(r);
    if (r->in_group)
        emit(r, (struct mime_addr){ .group_end = true });
    r->in_group = false;
}

/* Length of the encoded word at the front (RFC 2047 §2), or 0: one atom, also where a program left a
 * comma in it, which §5 (3) forbids. */
static size_t encoded_word(struct str s)
{
    struct str in = s, charset, encoding, text;
    if (str_lit(&in, "=?") || str_until(&in, '?', &charset) || str_until(&in, '?', &encoding) ||
        encoding.n != 1 || str_until(&in, '?', &text) || str_lit(&in, "="))
        return 0;
    for (const char *p = s.p; p < in.p; p++)
        if (is_blank(*p) || strchr("()<>[]@\\\"", *p) != NULL)
            return 0;
    return s.n - in.n;
}

static void take_word(struct reader *r, size_t n)
{
    put_gap(r, '=');
    buf_add(&r->phrase, r->in.p, n);
    buf_add(&r->spec, r->in.p, n);
    r->in = str_skip(r->in, n);
}

static void take_token(struct reader *r)
{
    size_t word = encoded_word(r->in);
    if (word > 0) {
        take_word(r, word);
        return;
    }
    char c = take(r);
    switch (c) {
    case '(':
        take_comment(r);
        break;
    case '"':
        take_quoted(r);
        break;
    case '[':
        take_literal(r);
        break;
    case '<':
        take_angle(r);
        break;
    case ',':
        end_element(r);
        break;
    case ':':
        start_group(r);
        break;
    case ';':
        end_group(r);
        break;
    case '>': /* closes nothing: a part of a name at most */
        put_gap(r, c);
        buf_addc(&r->phrase, c);
        break;
    default:
        if (is_blank(c)) {
            r->blank = true;
            break;
        }
        put_gap(r, c);
        buf_addc(&r->phrase, c);
        buf_addc(&r->spec, c);
    }
}

/* Returns the count; *junk counts what could not be read or had no room. */
static size_t read_list(struct arena *a, struct str field, struct mime_addr *out, size_t max,
                        size_t *junk)
{
    size_t ceiling = 2 * field.n + 16; /* quoting can at most double the text */
    struct reader r = { .arena = a, .in = field, .out = out, .max = max };
    buf_init(&r.phrase, ceiling);
    buf_init(&r.spec, ceiling);
    buf_init(&r.comment, ceiling);
    while (r.in.n > 0)
        take_token(&r);
    end_group(&r);
    buf_free(&r.phrase);
    buf_free(&r.spec);
    buf_free(&r.comment);
    *junk = r.junk;
    return r.n;
}

size_t mime_addr_list(struct arena *a, struct str field, struct mime_addr *out, size_t max)
{
    size_t junk = 0;
    return read_list(a, field, out, max < MIME_ADDR_MAX ? max : MIME_ADDR_MAX, &junk);
}

static bool has_control(struct str s)
{
    for (uint32_t cp = 0; utf8_next(&s, &cp);)
        if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
            return true;
    return false;
}

/* RFC 5321 §4.1.2 Domain and address-literal, UTF-8 allowed (RFC 6531 §3.3) */
static bool domain_is_sane(struct str d)
{
    if (d.n == 0 || d.n > DOMAIN_MAX)
        return false;
    if (d.p[0] == '[')
        return d.n > 2 && d.p[d.n - 1] == ']';
    char before = '.';
    for (size_t i = 0; i < d.n; i++) {
        char c = d.p[i];
        bool in_label = ascii_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80 ||
                        (c == '-' && before != '.');
        if (!in_label && !(c == '.' && before != '.' && before != '-'))
            return false;
        before = c;
    }
    return before != '.' && before != '-';
}

int mime_addr_one(struct arena *a, struct str text, struct str default_domain,
                  struct mime_addr *out, struct error *err)
{
    struct mime_addr found[2] = { 0 };
    size_t junk = 0;
    struct str shown = str_head(text, utf8_cut(text, 100));
    if (!utf8_valid(text) || has_control(text))
        return error_set(err, ERR_ADDRESS, RETRY_NEVER,
                         _("an address holds a control character or is not UTF-8"));
    size_t n = read_list(a, text, found, COUNT(found), &junk);
    if (n == 0 && junk == 0)
        return error_set(err, ERR_ADDRESS, RETRY_NEVER, _("an address is empty"));
    if (n > 1 && !found[0].group_start)
        return error_set(err, ERR_ADDRESS, RETRY_NEVER,
                         _("\"%.*s\" is more than one address: give them one by one"),
                         STR_ARG(shown));
    if (n != 1 || junk > 0)
        return error_set(err, ERR_ADDRESS, RETRY_NEVER,
                         _("\"%.*s\" is not an address like jane@example.org"), STR_ARG(shown));
    if (found[0].domain.n == 0)
        found[0].domain = default_domain;
    if (found[0].domain.n == 0)
        return error_set(err, ERR_ADDRESS, RETRY_NEVER,
                         _("\"%.*s\" has no @: an address is like jane@example.org"),
                         STR_ARG(shown));
    if (found[0].local.n == 0 || found[0].local.n > LOCAL_MAX || !domain_is_sane(found[0].domain))
        return error_set(err, ERR_ADDRESS, RETRY_NEVER,
                         _("\"%.*s\" is not an address that mail can be sent to"), STR_ARG(shown));
    *out = found[0];
    return 0;
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* RFC 5322 §3.2.3 dot-atom, UTF-8 allowed (RFC 6532 §3.2) */
static bool is_dot_atom(struct str s)
{
    char before = '.';
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '.' ? before == '.' : is_blank(c) || is_one_of(c, "()<>[]:;@\\,\""))
            return false;
        before = c;
    }
    return before != '.';
}

/* Text that stands in a phrase without quotes: words of atoms, one blank between them. */
static bool is_plain_phrase(struct str s)
{
    char before = ' ';
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if ((c == ' ' && before == ' ') || is_one_of(c, "()<>[]:;@\\,.\""))
            return false;
        before = c;
    }
    return before != ' ';
}

static void put_quoted(struct str s, struct buf *out)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

void mime_addr_spec(const struct mime_addr *addr, struct buf *out)
{
    if (is_dot_atom(addr->local))
        buf_add_str(out, addr->local);
    else
        put_quoted(addr->local, out);
    if (addr->domain.n == 0)
        return;
    buf_addc(out, '@');
    buf_add_str(out, addr->domain);
}

static void put_phrase(struct str name, struct buf *out)
{
    if (is_plain_phrase(name))
        buf_add_str(out, name);
    else
        put_quoted(name, out);
}

void mime_addr_show(const struct mime_addr *addr, struct buf *out)
{
    if (addr->group_end) {
        buf_addc(out, ';');
        return;
    }
    if (addr->name.n > 0)
        put_phrase(addr->name, out);
    if (addr->group_start) {
        buf_addc(out, ':');
        return;
    }
    if (addr->name.n > 0)
        buf_adds(out, " <");
    mime_addr_spec(addr, out);
    if (addr->name.n > 0)
        buf_addc(out, '>');
}

bool mime_addr_same(const struct mime_addr *a, const struct mime_addr *b)
{
    return str_eq(a->local, b->local) && str_ieq(a->domain, b->domain);
}
