/* SPDX-License-Identifier: MIT */
#include "cache/thread.h"

#include "base/i18n.h"
#include "cache/sql.h"
#include "base/banned.h"

struct refs {
    int64_t id[THREAD_REFS_MAX + 2];
    size_t n;
};

static int hash63(struct cache *c, struct str s, int64_t *out, struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (c->sha256 == NULL)
        c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (c->sha256 == NULL || EVP_Digest(s.p, s.n, digest, NULL, c->sha256, NULL) != 1)
        return error_set(err, ERR_SYS, RETRY_NEVER, _("SHA-256 or zstd is not available here"));
    uint64_t n = 0;
    for (size_t i = 0; i < 8; i++)
        n = n << 8 | digest[i];
    *out = (int64_t)(n >> 1);
    if (*out == 0)
        *out = 1;
    return 0;
}

int thread_reference(struct cache *c, struct str mid, int64_t *out, struct error *err)
{
    return hash63(c, str_trim(mid), out, err);
}

/* The next <id> of a References or In-Reply-To field; what stands between is skipped (RFC 5322
 * §3.6.4). */
static bool next_id(struct str *in, struct str *id)
{
    size_t open = str_find(*in, '<');
    *in = str_skip(*in, open);
    size_t close = str_find(*in, '>');
    if (close >= in->n)
        return false;
    *id = str_head(*in, close + 1);
    *in = str_skip(*in, close + 1);
    return true;
}

/* Adds the ids of a field; when there are too many the first stays, and of the others the newest.
 */
static int refs_add(struct cache *c, struct refs *r, struct str field, struct str *newest,
                    struct error *err)
{
    struct str id;
    while (next_id(&field, &id)) {
        *newest = id;
        if (r->n == THREAD_REFS_MAX) {
            memmove(&r->id[1], &r->id[2], (r->n - 2) * sizeof r->id[0]);
            r->n--;
        }
        if (hash63(c, id, &r->id[r->n], err) < 0)
            return -1;
        r->n++;
    }
    return 0;
}

/* "Re", "Fwd" and their like in a dozen languages; reply says which of them answer. */
static const struct {
    const char *word;
    bool reply;
} prefixes[] = {
    { "re", true },   { "aw", true },   { "sv", true },  { "antw", true }, { "vs", true },
    { "odp", true },  { "ref", true },  { "res", true }, { "rif", true },  { "ynt", true },
    { "fwd", false }, { "fw", false },  { "wg", false }, { "tr", false },  { "doorst", false },
    { "vl", false },  { "enc", false }, { "rv", false },
};

/* Takes one prefix with its colon off *s: "Re:", "RE[2]:", "Re(3) :". */
static bool prefix_take(struct str *s, bool *reply)
{
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        struct str rest = str_trim(*s);
        if (str_ilit(&rest, prefixes[i].word) < 0)
            continue;
        if (rest.n > 0 && (rest.p[0] == '[' || rest.p[0] == '(')) {
            uint32_t count;
            struct str in = str_skip(rest, 1);
            if (str_u32(&in, &count) == 0 && in.n > 0 && (in.p[0] == ']' || in.p[0] == ')'))
                rest = str_skip(in, 1);
        }
        rest = str_trim(rest);
        if (str_lit(&rest, ":") < 0)
            continue;
        *reply |= prefixes[i].reply;
        *s = str_trim(rest);
        return true;
    }
    return false;
}

int thread_topic(struct cache *c, struct str subject, struct thread_topic *out, struct error *err)
{
    struct buf plain = BUF_INIT(1 << 10);
    struct str word;
    *out = (struct thread_topic){ 0 };
    subject = str_trim(subject);
    while (prefix_take(&subject, &out->reply))
        ;
    while (str_word(&subject, &word)) {
        for (size_t i = 0; i < word.n; i++)
            buf_addc(&plain, ascii_lower(word.p[i]));
        buf_addc(&plain, ' ');
    }
    int rc = plain.len == 0 ? 0 : hash63(c, buf_str(&plain), &out->topic, err);
    buf_free(&plain);
    return rc;
}

/* Makes two threads one: the one with fewer messages is renumbered. */
static int thread_merge(struct cache *c, int64_t *into, int64_t other, struct error *err)
{
    static const char count[] =
        "SELECT count(*) FROM (SELECT 1 FROM message WHERE thread = ? LIMIT ?)";
    int64_t a = 0, b = 0, from = other;
    if (*into == other)
        return 0;
    if (sql_int(c, count, SQL_ARGS(SQL_I(*into), SQL_I(THREAD_COUNT_MAX)), &a, err) < 0 ||
        sql_int(c, count, SQL_ARGS(SQL_I(other), SQL_I(THREAD_COUNT_MAX)), &b, err) < 0)
        return -1;
    if (b > a) {
        from = *into;
        *into = other;
    }
    if (sql_run(c,
                "UPDATE placement SET thread = ? WHERE (message, folder) IN (SELECT p.message,"
                " p.folder FROM message m JOIN placement p ON p.message = m.id WHERE m.thread = ?)",
                SQL_ARGS(SQL_I(*into), SQL_I(from)), err) < 0 ||
        sql_run(c, "UPDATE message SET thread = ? WHERE thread = ?",
                SQL_ARGS(SQL_I(*into), SQL_I(from)), err) < 0)
        return -1;
    return sql_run(c, "UPDATE reference SET thread = ? WHERE thread = ?",
                   SQL_ARGS(SQL_I(*into), SQL_I(from)), err);
}

static int found(struct cache *c, int64_t *thread, int64_t other, struct error *err)
{
    if (*thread != 0)
        return thread_merge(c, thread, other, err);
    *thread = other;
    return 0;
}

static int join_refs(struct cache *c, const struct refs *r, int64_t *thread, struct error *err)
{
    for (size_t i = 0; i < r->n; i++) {
        int64_t other = 0;
        int rc = sql_int(c, "SELECT thread FROM reference WHERE id = ?", SQL_ARGS(SQL_I(r->id[i])),
                         &other, err);
        if (rc < 0 || (rc == 0 && found(c, thread, other, err) < 0))
            return -1;
    }
    return 0;
}

/* A reply that names nothing goes to the newest message of the same subject before it; and a
 * message takes the first such reply after it that has found nobody. */
static int join_topic(struct cache *c, int64_t date, const struct thread_place *p, int64_t *thread,
                      struct error *err)
{
    int64_t other = 0;
    int rc = 1;
    if (p->orphan)
        rc = sql_int(c,
                     "SELECT thread FROM message WHERE topic = ?1 AND topic > 0"
                     " AND date BETWEEN ?2 - ?3 AND ?2 ORDER BY date DESC LIMIT 1",
                     SQL_ARGS(SQL_I(p->topic), SQL_I(date), SQL_I(THREAD_TOPIC_SECONDS)), &other,
                     err);
    if (rc < 0 || (rc == 0 && found(c, thread, other, err) < 0))
        return -1;
    rc = sql_int(c,
                 "SELECT o.thread FROM (SELECT id, thread, date FROM message WHERE topic = ?1"
                 " AND orphan = 1 AND date BETWEEN ?2 AND ?2 + ?3 ORDER BY date LIMIT 1) o"
                 " WHERE NOT EXISTS (SELECT 1 FROM message b WHERE b.topic = ?1 AND b.topic > 0"
                 " AND b.date BETWEEN o.date - ?3 AND o.date AND b.id <> o.id)",
                 SQL_ARGS(SQL_I(p->topic), SQL_I(date), SQL_I(THREAD_TOPIC_SECONDS)), &other, err);
    return rc < 0 || (rc == 0 && found(c, thread, other, err) < 0) ? -1 : 0;
}

static int refs_store(struct cache *c, const struct refs *r, int64_t thread, struct error *err)
{
    for (size_t i = 0; i < r->n; i++)
        if (sql_run(c, "INSERT OR IGNORE INTO reference VALUES(?, ?)",
                    SQL_ARGS(SQL_I(r->id[i]), SQL_I(thread)), err) < 0)
            return -1;
    return 0;
}

int thread_join(struct cache *c, const struct cache_message *m, int64_t id,
                struct thread_place *out, struct error *err)
{
    struct refs r = { .n = 0 };
    struct str answered = { NULL, 0 };
    struct thread_topic topic;
    *out = (struct thread_place){ .thread = 0 };
    if (refs_add(c, &r, m->references, &out->parent, err) < 0 ||
        refs_add(c, &r, m->in_reply_to, &answered, err) < 0 ||
        thread_topic(c, m->subject, &topic, err) < 0)
        return -1;
    if (answered.n > 0 && out->parent.n == 0)
        out->parent = answered;
    out->topic = topic.topic;
    out->orphan = topic.reply && topic.topic != 0 && r.n == 0;
    if (m->message_id.n > 0 && thread_reference(c, m->message_id, &r.id[r.n++], err) < 0)
        return -1;
    if (join_refs(c, &r, &out->thread, err) < 0)
        return -1;
    if (topic.topic != 0 && join_topic(c, m->date, out, &out->thread, err) < 0)
        return -1;
    if (out->thread == 0)
        out->thread = id;
    return refs_store(c, &r, out->thread, err);
}

int cache_message_by_mid(struct cache *c, struct str message_id, int64_t *message,
                         struct error *err)
{
    int64_t reference = 0;
    struct str mid = str_trim(message_id);
    if (thread_reference(c, mid, &reference, err) < 0)
        return -1;
    return sql_int(c,
                   "SELECT m.id FROM message m WHERE m.thread = (SELECT thread FROM reference"
                   " WHERE id = ?) AND m.mid = ? LIMIT 1",
                   SQL_ARGS(SQL_I(reference), SQL_T(mid)), message, err);
}

int cache_message_newest(struct cache *c, int64_t *message, struct error *err)
{
    return sql_int(c, "SELECT coalesce(max(id), 0) FROM message", SQL_NONE, message, err);
}
