/* SPDX-License-Identifier: MIT */
#include "mime/field.h"

#include "base/i18n.h"
#include "base/idna.h"
#include "base/utf8.h"
#include "mime/addr.h"
#include "base/banned.h"

/* Widths of a line: RFC 5322 §2.1.1, RFC 2047 §2 (with an encoded word, and of the word itself). A
 * word without a blank that is longer than WORD_MAX is encoded, so that no line passes 998. */
enum {
    WIDTH = 78,
    WIDTH_ENCODED = 76,
    ENCODED_MAX = 75,
    WORD_MAX = 900,
    NAME_MAX_LEN = 70,
    DOMAIN_MAX = 2000
};
enum { ENCODED_FRAME = 12 }; /* =?utf-8?q??= */

/* A field under way: column is how full its last line is. */
struct writer {
    struct buf *out;
    size_t column;
};

static void put(struct writer *w, struct str s)
{
    buf_add_str(w->out, s);
    w->column += s.n;
}

static void fold(struct writer *w)
{
    buf_adds(w->out, "\r\n");
    w->column = 0;
}

static bool is_q_safe(char c)
{
    /* RFC 2047 §5 (3): what an encoded word in a phrase may hold, the narrowest of the three places
     */
    return ascii_is_alnum(c) || (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t q_width(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += is_q_safe(s.p[i]) || s.p[i] == ' ' ? 1 : 3;
    return n;
}

static size_t b_width(struct str s)
{
    return (s.n + 2) / 3 * 4;
}

static void put_q(struct str s, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        char code[3] = { '=', hex[c >> 4], hex[c & 15] };
        if (c == ' ')
            buf_addc(out, '_');
        else if (is_q_safe((char)c))
            buf_addc(out, (char)c);
        else
            buf_add(out, code, sizeof code);
    }
}

static void put_b(struct str s, struct buf *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        unsigned char in[3] = { 0 };
        size_t n = s.n - i < 3 ? s.n - i : 3;
        memcpy(in, s.p + i, n);
        char four[4] = { alphabet[in[0] >> 2], alphabet[(in[0] & 3) << 4 | in[1] >> 4],
                         n > 1 ? alphabet[(in[1] & 15) << 2 | in[2] >> 6] : '=',
                         n > 2 ? alphabet[in[2] & 63] : '=' };
        buf_add(out, four, sizeof four);
    }
}

/* The longest head of s, in whole characters, whose encoding fits into room. */
static struct str fitting(struct str s, bool q, size_t room)
{
    struct str rest = s, head = str_head(s, 0);
    for (uint32_t cp = 0; utf8_next(&rest, &cp);) {
        struct str longer = str_head(s, s.n - rest.n);
        if ((q ? q_width(longer) : b_width(longer)) > room || longer.n > ENCODED_MAX)
            return head;
        head = longer;
    }
    return head;
}

/* Encoded words, a new line between two of them (RFC 2047 §5 (3): no character is split). */
static void put_encoded(struct writer *w, struct str s)
{
    bool q = q_width(s) <= b_width(s);
    while (s.n > 0) {
        size_t room = w->column + ENCODED_FRAME < WIDTH_ENCODED
                          ? WIDTH_ENCODED - w->column - ENCODED_FRAME
                          : 0;
        if (room > ENCODED_MAX - ENCODED_FRAME)
            room = ENCODED_MAX - ENCODED_FRAME;
        struct str head = fitting(s, q, room);
        if (head.n == 0) {
            if (str_ends(buf_str(w->out), " ")) /* the fold brings its own */
                buf_truncate(w->out, w->out->len - 1);
            fold(w);
            put(w, STR(" "));
            continue;
        }
        size_t before = w->out->len;
        buf_adds(w->out, q ? "=?utf-8?q?" : "=?utf-8?b?");
        (q ? put_q : put_b)(head, w->out);
        buf_adds(w->out, "?=");
        w->column += q ? ENCODED_FRAME + q_width(head) : ENCODED_FRAME + b_width(head);
        if (w->out->over || w->out->len == before)
            return;
        s = str_skip(s, head.n);
    }
}

static bool is_printable_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\t' && ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] > 126))
            return false;
    return true;
}

static bool word_needs_encoding(struct str word)
{
    return !is_printable_ascii(word) || word.n > WORD_MAX || str_search(word, STR("=?")) < word.n;
}

/* Plain words, folded in front of the blanks between them, which stay as they are. */
static void put_plain(struct writer *w, struct str s)
{
    while (s.n > 0) {
        size_t n = 0;
        while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
            n++;
        while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t')
            n++;
        bool blank = s.p[0] == ' ' || s.p[0] == '\t';
        if (blank && w->column > 0 && w->column + n > WIDTH)
            fold(w);
        put(w, str_head(s, n));
        s = str_skip(s, n);
    }
}

/* From the first word that needs encoding to the last one all is encoded, because blanks between
 * two encoded words would be lost (RFC 2047 §6.2). */
static void put_text(struct writer *w, struct str s)
{
    struct str rest = s, word;
    size_t first = s.n, last = s.n;
    while (str_word(&rest, &word)) {
        if (!word_needs_encoding(word))
            continue;
        if (first == s.n)
            first = (size_t)(word.p - s.p);
        last = (size_t)(word.p - s.p) + word.n;
    }
    put_plain(w, str_head(s, first));
    if (first < s.n) {
        put_encoded(w, str_head(str_skip(s, first), last - first));
        put_plain(w, str_skip(s, last));
    }
}

/* One element of an address list, folded as a whole in front, with what separates it from the next.
 */
static void put_address(struct writer *w, const struct mime_addr *a, const char *tail)
{
    struct buf text = BUF_INIT(w->out->max);
    bool encode = a->name.n > 0 && (word_needs_encoding(a->name) || a->name.n > WIDTH - 2);
    struct mime_addr bare = *a;
    struct buf domain = BUF_INIT(DOMAIN_MAX);
    idna_mail_domain(a->local, a->domain, &domain);
    if (!domain.over)
        bare.domain = buf_str(&domain);
    if (encode) {
        bare.name = str_c("");
        if (w->column + ENCODED_FRAME + a->name.n > WIDTH_ENCODED)
            fold(w);
        put(w, STR(" "));
        put_encoded(w, a->name);
        if (!a->group_start)
            buf_adds(&text, " <");
    } else if (!a->group_end) {
        buf_addc(&text, ' ');
    }
    mime_addr_show(&bare, &text);
    buf_adds(&text, encode && !a->group_start ? ">" : "");
    buf_adds(&text, tail);
    bool blank = str_starts(buf_str(&text), " ");
    if (blank && w->column + text.len > (encode ? WIDTH_ENCODED : WIDTH))
        fold(w);
    put(w, buf_str(&text));
    buf_free(&text);
    buf_free(&domain);
}

static int put_addresses(struct writer *w, const char *name, struct str value, struct error *err)
{
    struct arena *arena = arena_new(MIME_ADDR_MAX * sizeof(struct mime_addr));
    struct mime_addr *list = arena_array(arena, MIME_ADDR_MAX, sizeof *list);
    size_t n = mime_addr_list(arena, value, list, MIME_ADDR_MAX);
    for (size_t i = 0; i < n; i++) {
        bool comma = i + 1 < n && !list[i].group_start && !list[i + 1].group_end;
        put_address(w, &list[i], comma ? "," : "");
    }
    arena_free(&arena);
    if (n == 0)
        return error_set(err, ERR_ADDRESS, RETRY_NEVER, _("%s: there is no address in it"), name);
    if (n == MIME_ADDR_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("%s: more than %d addresses"), name,
                         MIME_ADDR_MAX - 1);
    return 0;
}

static bool name_is_sane(struct str name)
{
    /* RFC 5322 §2.2 field-name */
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] <= ' ' || (unsigned char)name.p[i] > 126 || name.p[i] == ':')
            return false;
    return name.n > 0 && name.n <= NAME_MAX_LEN;
}

int mime_field_put(struct buf *out, const char *name, struct str value, bool addresses,
                   struct error *err)
{
    if (!name_is_sane(str_c(name)))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("\"%.70s\" is no name for a header field"),
                         name);
    if (!str_is_line(value))
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("%s: a header field cannot hold a line break or a NUL"), name);
    struct buf clean = BUF_INIT(3 * value.n + 1);
    utf8_clean(&clean, value);
    struct str text = str_trim(buf_str(&clean));
    struct writer w = { .out = out };
    int rc = 0;
    if (text.n > 0) {
        put(&w, str_c(name));
        put(&w, STR(":"));
        if (addresses) {
            rc = put_addresses(&w, name, text, err);
        } else {
            put(&w, STR(" "));
            put_text(&w, text);
        }
        buf_adds(out, "\r\n");
    }
    buf_free(&clean);
    return rc != 0 ? -1 : buf_check(out, err);
}

static bool is_attribute_char(char c)
{
    /* RFC 2231 §7 attribute-char */
    return ascii_is_alnum(c) || (c != '\0' && strchr("!#$&+-.^_`{|}~", c) != NULL);
}

static void put_percent(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_attribute_char(s.p[i]))
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "%%%02X", (unsigned)(unsigned char)s.p[i]);
    }
}

/* RFC 2231 §3 and §4: name*0*=utf-8''..., name*1*=...; one piece has no number. */
static void put_extended(struct buf *out, const char *name, struct str value)
{
    enum { PIECE = 16 }; /* bytes: at most 48 characters */
    for (size_t i = 0, piece = 0; i < value.n; piece++) {
        size_t n = utf8_cut(str_skip(value, i), PIECE);
        if (value.n <= PIECE)
            buf_addf(out, ";\r\n %s*=utf-8''", name);
        else
            buf_addf(out, ";\r\n %s*%zu*=%s", name, piece, piece == 0 ? "utf-8''" : "");
        put_percent(str_head(str_skip(value, i), n), out);
        i += n;
    }
}

int mime_param_put(struct buf *out, const char *name, struct str value, struct error *err)
{
    if (!str_is_line(value))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("%s: a name cannot hold a line break"),
                         name);
    if (!is_printable_ascii(value) || value.n > WORD_MAX) {
        struct buf clean = BUF_INIT(3 * value.n + 1);
        utf8_clean(&clean, value);
        put_extended(out, name, buf_str(&clean));
        buf_free(&clean);
        return buf_check(out, err);
    }
    buf_addf(out, ";\r\n %s=\"", name);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '"' || value.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, value.p[i]);
    }
    buf_addc(out, '"');
    return buf_check(out, err);
}
