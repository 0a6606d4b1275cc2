/* SPDX-License-Identifier: MIT */
#include "decode/grep.h"

#include "base/utf8.h"
#include "base/banned.h"

/* Where lines are broken, and how many blanks there are, makes no difference. */
static void blanks_squeeze(struct buf *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->len; i++) {
        bool blank = ascii_is_space(text->data[i]);
        if (!blank)
            text->data[n++] = text->data[i];
        else if (n > 0 && text->data[n - 1] != ' ')
            text->data[n++] = ' ';
    }
    if (text->len > 0)
        buf_truncate(text, n);
}

static bool text_has(struct str text, struct str words)
{
    struct buf folded = BUF_INIT(4 * DECODE_TEXT_MAX);
    utf8_fold(&folded, text);
    blanks_squeeze(&folded);
    bool has = str_search(buf_str(&folded), words) < folded.len;
    buf_free(&folded);
    return has;
}

static int part_grep(struct decode *d, const struct decode_src *raw,
                     const struct mime_part_info *part, struct str words, bool *has,
                     struct error *err)
{
    struct arena *a = arena_new(16 << 10);
    struct decode_text text = { 0 };
    int rc = decode_text(d, a, *raw, part, 0, &text, err);
    if (rc == 0)
        *has = text_has(text.text, words);
    arena_free(&a);
    return rc < 0 && (err->code == ERR_SYS || err->code == ERR_STORE) ? -1 : 0;
}

static bool fields_have(const struct mime_summary *sum, enum grep_where where, struct str words)
{
    bool all = where == GREP_ALL;
    return ((all || where == GREP_CC) && text_has(sum->cc, words)) ||
           ((all || where == GREP_LIST) &&
            (text_has(sum->list_id, words) || text_has(sum->list_post, words))) ||
           (all && (text_has(sum->from, words) || text_has(sum->to, words) ||
                    text_has(sum->subject, words) || text_has(sum->reply_to, words)));
}

static int whole_grep(struct decode *d, const struct mime_summary *sum,
                      const struct decode_src *raw, enum grep_where where, struct str words,
                      bool *has, struct error *err)
{
    int rc = 0;
    *has = fields_have(sum, where, words);
    if (*has || where == GREP_CC || where == GREP_LIST)
        return 0;
    if (raw == NULL)
        return 1;
    for (size_t i = 0, texts = 0; rc == 0 && i < sum->parts_n && texts < GREP_PARTS_MAX; i++) {
        const struct mime_part_info *p = &sum->parts[i];
        if (*has || (p->flags & MIME_PART_CONTAINER) || !str_starts(p->type, "text/"))
            continue;
        texts++;
        rc = part_grep(d, raw, p, words, has, err);
    }
    return rc;
}

int decode_grep(struct decode *d, const struct mime_summary *sum, const struct decode_src *raw,
                enum grep_where where, struct str words, bool *has, struct error *err)
{
    struct buf squeezed = BUF_INIT(GREP_WORDS_MAX);
    buf_add_str(&squeezed, words);
    blanks_squeeze(&squeezed);
    int rc = whole_grep(d, sum, raw, where, buf_str(&squeezed), has, err);
    buf_free(&squeezed);
    return rc;
}
