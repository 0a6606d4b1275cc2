/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "cache/journal.h"
#include "sync/attempt.h"
#include "sync/columns.h"
#include "sync/folders.h"
#include "sync/head.h"
#include "base/banned.h"

enum { PIECE = 256 << 10 };

/* What the store knows the message by: SHA-256 of its bytes, and of its header block with its size.
 */
static int identity_fill(struct attempt *t, struct error *err)
{
    struct buf piece = BUF_INIT(PIECE);
    struct hash *hash = hash_new();
    struct head head;
    int rc;
    head_init(&head);
    do {
        buf_clear(&piece);
        rc = attempt_read(t, head.size, PIECE, &piece, err);
        hash_add(hash, buf_str(&piece));
        head_add(&head, buf_str(&piece));
    } while (rc == 0 && piece.len > 0);
    hash_end(&hash, t->identity);
    head_end(&head, 0, t->head);
    buf_free(&piece);
    return rc;
}

/* The copy matters more than its columns: without a summary it has subject and Message-ID. */
void attempt_copy_prepare(struct attempt *t)
{
    struct sync_account *w = t->round->w;
    struct decode_src src = { .read = attempt_read, .arg = t, .key = t->entry.message_id };
    struct error ignored = { 0 };
    if (t->summarised || !t->entry.save_sent)
        return;
    t->summarised = true;
    if (w->decode == NULL || decode_summary(w->decode, t->a, src, &t->summary, &ignored) < 0)
        t->summary =
            (struct mime_summary){ .subject = t->entry.subject, .message_id = t->entry.message_id };
    t->copy_ready = identity_fill(t, &ignored) == 0;
}

int attempt_copy_store(struct attempt *t, struct error *err)
{
    struct sync_account *w = t->round->w;
    struct cache_folder sent;
    struct cache_message m = { .account = w->id,
                               .body = t->entry.body,
                               .date = clock_wall_ms() / 1000,
                               .received = clock_wall_ms() / 1000,
                               .size = t->entry.size };
    int64_t message, op;
    if (!t->copy_ready && identity_fill(t, err) != 0)
        return -1;
    if (folders_need(w, t->a, ROLE_SENT, "Sent", &sent, err) != 0)
        return -1;
    columns_fill(t->a, &t->summary, &m);
    memcpy(m.identity, t->identity, sizeof m.identity);
    memcpy(m.head, t->head, sizeof m.head);
    struct cache_placement where = { .folder = sent.id, .flags = CACHE_SEEN };
    if (cache_message_put(w->cache, &m, &where, &message, err) != 0)
        return -1;
    account_folder_changed(w, sent.id);
    if (w->cfg->receive == RECEIVE_NONE)
        return 0;
    return cache_journal_add(w->cache,
                             &(struct cache_op){ .kind = OP_APPEND,
                                                 .account = w->id,
                                                 .message = message,
                                                 .target = sent.id,
                                                 .add = CACHE_SEEN },
                             &op, err);
}
