/* SPDX-License-Identifier: MIT */
#include "sync/columns.h"

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
