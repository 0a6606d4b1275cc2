/* SPDX-License-Identifier: MIT */
#include "sync/columns.h"

#include "base/utf8.h"
#include "base/banned.h"

void columns_fill(struct arena *a, const struct mime_summary *s, struct cache_message *m)
{
    struct buf flat = BUF_INIT(MIME_FLAT_MAX);
    mime_summary_flatten(s, &flat);
    if (s->date != 0)
        m->date = s->date;
    m->flags = mime_summary_has_attachments(s) ? CACHE_ATTACHMENT : 0;
    m->from = s->from;
    m->to = s->to;
    m->subject = s->subject;
    m->message_id = s->message_id;
    m->in_reply_to = s->in_reply_to;
    m->references = s->references;
    m->preview = s->preview;
    m->summary = arena_str(a, buf_str(&flat));
    buf_free(&flat);
}

struct str columns_preview(struct arena *a, struct str said)
{
    struct buf valid = BUF_INIT(8 * MIME_PREVIEW_MAX), out = BUF_INIT(8 * MIME_PREVIEW_MAX);
    struct str left, whole;
    uint32_t cp;
    bool blank = false;
    utf8_clean(&valid, str_head(said, 2 * MIME_PREVIEW_MAX));
    for (left = buf_str(&valid); utf8_next(&left, &cp);) {
        bool space = cp <= ' ' || (cp >= 0x7F && cp <= 0xA0) || cp == 0x2028 || cp == 0x2029;
        if (!space && blank && out.len > 0)
            buf_addc(&out, ' ');
        blank = space;
        if (!space)
            utf8_put(&out, cp);
    }
    whole = arena_str(a, str_head(buf_str(&out), utf8_cut(buf_str(&out), MIME_PREVIEW_MAX)));
    buf_free(&valid);
    buf_free(&out);
    return whole;
}
