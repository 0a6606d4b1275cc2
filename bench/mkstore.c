/* SPDX-License-Identifier: MIT */
/* mkstore STORE N [SEED]: fills a new store with N made-up messages in the INBOX of the account
 * "bench". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/corpus.h"
#include "cache/body.h"
#include "cache/message.h"
#include "base/banned.h"

enum { BATCH = 2000, SEED = 1 };

struct maker {
    struct cache *cache;
    struct corpus corpus;
    struct corpus_mail mail;
    struct buf flat;
    int64_t account, inbox;
    struct error err;
};

static int body_put(struct maker *k, struct cache_message *m)
{
    int known = 0;
    struct cache_body *b = cache_body_create(k->cache, &k->err);
    if (b == NULL)
        return -1;
    if (cache_body_append(b, buf_str(&k->mail.raw), &k->err) == 0)
        return cache_body_finish(&b, &m->body, m->identity, &known, &k->err);
    cache_body_drop(&b);
    return -1;
}

static int message_put(struct maker *k, uint64_t i)
{
    const struct mime_summary *s = &k->mail.summary;
    int64_t id = 0;
    corpus_mail(&k->corpus, i, &k->mail);
    buf_clear(&k->flat);
    mime_summary_flatten(s, &k->flat);
    struct cache_message m = { .account = k->account,
                               .date = s->date,
                               .received = s->date,
                               .size = k->mail.raw.len,
                               .from = s->from,
                               .to = s->to,
                               .subject = s->subject,
                               .message_id = s->message_id,
                               .in_reply_to = s->in_reply_to,
                               .references = s->references,
                               .preview = s->preview,
                               .summary = buf_str(&k->flat) };
    struct cache_placement w = { .folder = k->inbox,
                                 .uid = (uint32_t)i + 1,
                                 .flags = k->mail.flags };
    if (body_put(k, &m) < 0)
        return -1;
    return cache_message_put(k->cache, &m, &w, &id, &k->err);
}

static int fill(struct maker *k)
{
    for (uint64_t i = 0; i < k->corpus.n;) {
        if (cache_begin(k->cache, false, &k->err) < 0)
            return -1;
        for (uint64_t end = i + BATCH; i < end && i < k->corpus.n; i++)
            if (message_put(k, i) < 0)
                return -1;
        if (cache_commit(k->cache, &k->err) < 0)
            return -1;
    }
    cache_checkpoint(k->cache);
    return 0;
}

static int folders_make(struct maker *k)
{
    static const struct {
        const char *name;
        enum cache_role role;
    } folders[] = { { "INBOX", ROLE_INBOX },
                    { "Drafts", ROLE_DRAFTS },
                    { "Sent", ROLE_SENT },
                    { "Archive", ROLE_ARCHIVE },
                    { "Trash", ROLE_TRASH } };
    if (cache_account_id(k->cache, STR("bench"), &k->account, &k->err) < 0)
        return -1;
    for (size_t i = 0; i < COUNT(folders); i++) {
        struct cache_folder f = { .account = k->account,
                                  .name = str_c(folders[i].name),
                                  .wire = str_c(folders[i].name),
                                  .delim = '/',
                                  .role = folders[i].role };
        if (cache_folder_put(k->cache, &f, &k->err) < 0)
            return -1;
        f.uidvalidity = 1;
        f.uidnext = (uint32_t)k->corpus.n + 1;
        f.synced_at = CORPUS_NEWEST;
        if (cache_folder_state(k->cache, &f, &k->err) < 0)
            return -1;
        if (folders[i].role == ROLE_INBOX)
            k->inbox = f.id;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct maker k = { .corpus = { .seed = SEED } };
    struct str n = str_c(argc > 2 ? argv[2] : ""), seed = str_c(argc > 3 ? argv[3] : "1");
    if (argc < 3 || str_u64(&n, &k.corpus.n) < 0 || str_u64(&seed, &k.corpus.seed) < 0) {
        fprintf(stderr, "usage: mkstore STORE N [SEED]\n");
        return 64;
    }
    int64_t start = clock_mono_ms();
    corpus_mail_init(&k.mail);
    buf_init(&k.flat, MIME_FLAT_MAX);
    k.cache = cache_open(argv[1], CACHE_WRITE, &k.err);
    bool ok = k.cache != NULL && folders_make(&k) == 0 && fill(&k) == 0;
    cache_close(&k.cache);
    corpus_mail_free(&k.mail);
    buf_free(&k.flat);
    if (!ok) {
        fprintf(stderr, "mkstore: %s\n", k.err.text);
        return 1;
    }
    int64_t took = clock_mono_ms() - start;
    printf("mkstore_%llu store_rate %.0f messages/s\n", (unsigned long long)k.corpus.n,
           (double)k.corpus.n * 1000 / (double)(took > 0 ? took : 1));
    return 0;
}
