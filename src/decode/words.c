/* SPDX-License-Identifier: MIT */
#include "decode/words.h"

#include "decode/charset.h"
#include "decode/preview.h"
#include "base/banned.h"

bool words_any(struct str line)
{
    return str_search(line, STR("=?")) < line.n;
}

/* RFC 2047 §2 allows 75 characters; programs are known that put a whole field into one word. The end
 * of one is not looked for any further. */
enum { WORD_MAX = 4096 };

struct word {
    struct str charset, text;
    bool base64;
};

/* =?charset*language?encoding?text?= (RFC 2047 §2, RFC 2231 §5); *in moves past it. */
static int word_read(struct str *in, struct word *w)
{
    struct str rest = *in, encoding;
    if (str_lit(&rest, "=?") != 0 || str_until(&rest, '?', &w->charset) != 0 ||
        str_until(&rest, '?', &encoding) != 0 || encoding.n != 1)
        return -1;
    w->charset = str_head(w->charset, str_find(w->charset, '*'));
    w->base64 = ascii_lower(encoding.p[0]) == 'b';
    if (w->charset.n == 0 || w->charset.n > 60 || (!w->base64 && ascii_lower(encoding.p[0]) != 'q'))
        return -1;
    struct str near = str_head(rest, WORD_MAX);
    size_t n = str_search(near, STR("?="));
    if (n == near.n)
        return -1;
    w->text = str_head(rest, n);
    *in = str_skip(rest, n + 2);
    return 0;
}

static int hex(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2047 §4.2 */
static void q_decode(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        int high = text.p[i] == '=' && i + 2 < text.n ? hex(text.p[i + 1]) : -1;
        int low = high >= 0 ? hex(text.p[i + 2]) : -1;
        if (low >= 0) {
            buf_addc(out, (char)(high * 16 + low));
            i += 2;
        } else
            buf_addc(out, text.p[i] == '_' ? ' ' : text.p[i]);
    }
}

static void word_bytes(const struct word *w, struct buf *out)
{
    if (w->base64)
        (void)part_decode(w->text, MIME_BASE64, out);
    else
        q_decode(w->text, out);
}

/* What was collected in one charset. */
static void flush(struct str charset, struct buf *bytes, struct buf *out)
{
    if (bytes->len > 0)
        (void)charset_to_utf8(charset, buf_str(bytes), out);
    buf_clear(bytes);
}

void words_decode(struct str line, struct buf *out)
{
    struct buf bytes = BUF_INIT(line.n + 16);
    struct str charset = { "", 0 }, in = line;
    bool after_word = false;
    while (in.n > 0) {
        struct word w;
        size_t blanks = 0;
        while (after_word && blanks < in.n && ascii_is_space(in.p[blanks]))
            blanks++;
        struct str at = str_skip(in, blanks);
        if (str_starts(at, "=?") && word_read(&at, &w) == 0) {
            if (!str_ieq(charset, w.charset))
                flush(charset, &bytes, out);
            charset = w.charset;
            word_bytes(&w, &bytes);
            after_word = true;
            in = at; /* blanks between two words are not shown (RFC 2047 §6.2) */
            continue;
        }
        flush(charset, &bytes, out);
        after_word = false;
        size_t n = str_search(str_skip(in, 1), STR("=?")) + 1;
        if (n < blanks) /* the "=?" that comes next was looked at already */
            n = blanks;
        buf_add_str(out, str_head(in, n));
        in = str_skip(in, n);
    }
    flush(charset, &bytes, out);
    buf_free(&bytes);
}
