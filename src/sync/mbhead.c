/* SPDX-License-Identifier: MIT */
#include "sync/mbhead.h"

#include "cache/message.h"
#include "base/banned.h"

/* Content-Length and Lines are written by some programs together with the flags. */
static const char *const own[] = { "Status",         "X-Status", "X-Keywords",
                                   "X-UID",          "X-IMAP",   "X-IMAPbase",
                                   "Content-Length", "Lines",    "X-Tmaild" };
static const struct {
    const char *field;
    char letter;
    unsigned flag;
} letters[] = {
    { "Status", 'R', CACHE_SEEN },      { "X-Status", 'A', CACHE_ANSWERED },
    { "X-Status", 'F', CACHE_FLAGGED }, { "X-Status", 'D', CACHE_DELETED },
    { "X-Status", 'T', CACHE_DRAFT },
};
static const char forwarded[] = "$Forwarded";
enum { STATUS_WIDTH = 2, X_STATUS_WIDTH = 4 };

/* The value where the line is of that field. */
static bool is_field(struct str line, const char *name, struct str *value)
{
    struct str rest = line;
    if (str_ilit(&rest, name) != 0)
        return false;
    rest = str_trim(rest);
    if (rest.n == 0 || rest.p[0] != ':')
        return false;
    *value = str_trim(str_skip(rest, 1));
    return true;
}

bool mbhead_is_own(struct str line)
{
    struct str value;
    for (size_t i = 0; i < COUNT(own); i++)
        if (is_field(line, own[i], &value))
            return true;
    return false;
}

static bool has_word(struct str value, const char *wanted)
{
    struct str word;
    while (str_word(&value, &word))
        if (str_ieqc(word, wanted))
            return true;
    return false;
}

void mbhead_flags_add(struct str line, unsigned *flags)
{
    struct str value;
    for (size_t i = 0; i < COUNT(letters); i++)
        if (is_field(line, letters[i].field, &value) &&
            str_find(value, letters[i].letter) < value.n)
            *flags |= letters[i].flag;
    if (is_field(line, "X-Keywords", &value) && has_word(value, forwarded))
        *flags |= CACHE_FORWARDED;
}

/* Whoever has set a flag has seen the message, so that it is not new (O). */
static void letters_add(const char *field, unsigned flags, struct buf *out)
{
    for (size_t i = 0; i < COUNT(letters); i++)
        if (str_eqc(str_c(letters[i].field), field) && (flags & letters[i].flag) != 0)
            buf_addc(out, letters[i].letter);
    if (str_eqc(str_c(field), "Status"))
        buf_addc(out, 'O');
}

/* "NAME: LETTERS" in exactly n bytes, or at least in width ones. Letters that nobody knows stay. */
static bool status_line(const char *field, unsigned flags, struct str old, size_t n,
                        struct buf *out)
{
    struct buf line = BUF_INIT(1024);
    buf_addf(&line, "%s: ", field);
    letters_add(field, flags, &line);
    for (size_t i = 0; i < old.n; i++)
        if ((unsigned char)old.p[i] > ' ' && (unsigned char)old.p[i] < 0x7F &&
            str_find(STR("ROAFDT"), old.p[i]) == STR("ROAFDT").n)
            buf_addc(&line, old.p[i]);
    while (line.len < n)
        buf_addc(&line, ' ');
    bool fits = line.len <= n;
    buf_add_str(out, buf_str(&line));
    buf_free(&line);
    return fits;
}

static void keywords_line(struct str value, bool forward, struct buf *out)
{
    struct str word, rest = value;
    buf_adds(out, "X-Keywords:");
    while (str_word(&rest, &word))
        if (!str_ieqc(word, forwarded)) {
            buf_addc(out, ' ');
            buf_add_str(out, word);
        }
    if (forward) {
        buf_addc(out, ' ');
        buf_adds(out, forwarded);
    }
}

struct setting {
    unsigned flags;
    bool status, x_status, words; /* are there */
    bool longer;                  /* one did not fit */
};

static size_t line_end(struct str s)
{
    size_t lf = str_find(s, '\n');
    return lf < s.n ? lf + 1 : s.n;
}

static struct str without_end(struct str line)
{
    while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    return line;
}

static bool first(bool *seen)
{
    bool was = *seen;
    *seen = true;
    return !was;
}

/* One line in place. There must not be a second one of its kind. */
static void line_overwrite(struct setting *s, struct str line, struct buf *out)
{
    struct str text = without_end(line), value;
    size_t before = out->len;
    if (is_field(text, "Status", &value) && first(&s->status)) {
        s->longer |= !status_line("Status", s->flags, value, text.n, out);
    } else if (is_field(text, "X-Status", &value) && first(&s->x_status)) {
        s->longer |= !status_line("X-Status", s->flags, value, text.n, out);
    } else if (is_field(text, "X-Keywords", &value) && first(&s->words) &&
               has_word(value, forwarded) != ((s->flags & CACHE_FORWARDED) != 0)) {
        keywords_line(value, (s->flags & CACHE_FORWARDED) != 0, out);
        s->longer |= out->len - before > text.n;
        while (out->len - before < text.n)
            buf_addc(out, ' ');
    } else {
        s->longer |= is_field(text, "Status", &value) || is_field(text, "X-Status", &value);
        buf_add_str(out, text);
    }
    buf_add_str(out, str_skip(line, text.n));
}

/* True when it could be done without another length. */
static bool overwrite(struct str head, unsigned flags, struct buf *out)
{
    struct setting s = { .flags = flags };
    size_t before = out->len;
    for (struct str rest = head; rest.n > 0;) {
        size_t n = line_end(rest);
        line_overwrite(&s, str_head(rest, n), out);
        rest = str_skip(rest, n);
    }
    bool words = s.words || (flags & CACHE_FORWARDED) == 0;
    if (s.status && s.x_status && words && !s.longer && out->len - before == head.n)
        return true;
    buf_truncate(out, before);
    return false;
}

static bool is_blank(struct str line)
{
    return without_end(line).n == 0;
}

struct old {
    struct str status, x_status, words;
};

/* The other lines, and what stood in those that go. */
static size_t others_keep(struct str head, struct old *old, struct buf *out)
{
    bool dropped = false;
    size_t at = 0;
    while (at < head.n) {
        struct str line = str_skip(head, at);
        line = str_head(line, line_end(line));
        if (is_blank(line))
            break;
        bool folded = line.p[0] == ' ' || line.p[0] == '\t';
        if (!folded)
            dropped = is_field(line, "Status", &old->status) ||
                      is_field(line, "X-Status", &old->x_status) ||
                      is_field(line, "X-Keywords", &old->words);
        if (!dropped)
            buf_add_str(out, line);
        at += line.n;
    }
    return at;
}

void mbhead_set(struct str head, unsigned flags, struct buf *out)
{
    struct old old = { .status = { "", 0 }, .x_status = { "", 0 }, .words = { "", 0 } };
    if (overwrite(head, flags, out))
        return;
    bool crlf = head.n > 1 && head.p[line_end(head) - 1] == '\n' && line_end(head) > 1 &&
                head.p[line_end(head) - 2] == '\r';
    const char *end = crlf ? "\r\n" : "\n";
    size_t before = out->len, at = others_keep(head, &old, out);
    if (out->len > before && out->data[out->len - 1] != '\n')
        buf_adds(out, end);
    (void)status_line("Status", flags, old.status, sizeof "Status: " - 1 + STATUS_WIDTH, out);
    buf_adds(out, end);
    (void)status_line("X-Status", flags, old.x_status, sizeof "X-Status: " - 1 + X_STATUS_WIDTH,
                      out);
    buf_adds(out, end);
    if (old.words.n > 0 || (flags & CACHE_FORWARDED) != 0) {
        keywords_line(old.words, (flags & CACHE_FORWARDED) != 0, out);
        buf_adds(out, end);
    }
    buf_add_str(out, str_skip(head, at));
}
