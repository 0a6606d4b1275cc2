/* SPDX-License-Identifier: MIT */
#include "cache/body.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/sql.h"
#include "base/banned.h"

/* Held means: a message or an outbox entry has it. What is not held is swept when it is a day old.
 */
enum body_state { BODY_WRITING, BODY_DONE, BODY_HELD };
enum { ZSTD_LEVEL = 1 };

struct cache_body {
    struct cache *cache;
    EVP_MD_CTX *digest;
    struct buf pending; /* less than a frame */
    struct buf last;    /* of a sealed one: its last frame, packed */
    bool sealed;
    unsigned char identity[CACHE_IDENTITY];
    int64_t id; /* 0 until the first frame is written */
    int64_t frames;
    uint64_t size;
};

/* What OpenSSL and zstd need is made once for each handle. */
static int tools_ready(struct cache *c, struct error *err)
{
    if (c->sha256 == NULL)
        c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (c->zip == NULL) {
        c->zip = ZSTD_createCCtx();
        buf_init(&c->packed, ZSTD_COMPRESSBOUND(CACHE_FRAME));
    }
    if (c->sha256 != NULL && c->zip != NULL)
        return 0;
    return error_set(err, ERR_SYS, RETRY_NEVER, _("SHA-256 or zstd is not available here"));
}

struct cache_body *cache_body_create(struct cache *c, struct error *err)
{
    if (tools_ready(c, err) < 0)
        return NULL;
    struct cache_body *b = xcalloc(1, sizeof *b);
    b->cache = c;
    b->digest = EVP_MD_CTX_new();
    buf_init(&b->pending, CACHE_FRAME);
    buf_init(&b->last, ZSTD_COMPRESSBOUND(CACHE_FRAME));
    if (b->digest != NULL && EVP_DigestInit_ex2(b->digest, c->sha256, NULL) == 1)
        return b;
    cache_body_drop(&b);
    error_set(err, ERR_SYS, RETRY_NEVER, _("SHA-256 or zstd is not available here"));
    return NULL;
}

void cache_body_drop(struct cache_body **b)
{
    if (*b == NULL)
        return;
    EVP_MD_CTX_free((*b)->digest);
    buf_free(&(*b)->pending);
    buf_free(&(*b)->last);
    free(*b);
    *b = NULL;
}

/* The body's row: made with its first frame, or at once as it will be when it is small. */
static int row_ready(struct cache_body *b, enum body_state state, struct str identity,
                     struct error *err)
{
    if (b->id != 0)
        return 0;
    if (sql_run(b->cache,
                "INSERT INTO body(identity, size, state, started) VALUES(nullif(?, x''), ?, ?, ?)",
                SQL_ARGS(SQL_B(identity), SQL_I(b->size), SQL_I(state),
                         SQL_I(clock_wall_ms() / 1000)),
                err) < 0)
        return -1;
    b->id = sqlite3_last_insert_rowid(b->cache->db);
    return 0;
}

/* What is pending as one frame, in the handle's room for that. */
static int frame_pack(struct cache_body *b, struct str *packed, struct error *err)
{
    struct cache *c = b->cache;
    size_t room = ZSTD_compressBound(b->pending.len);
    buf_clear(&c->packed);
    char *to = buf_room(&c->packed, room);
    size_t n = to == NULL ? 0
                          : ZSTD_compressCCtx(c->zip, to, room, b->pending.data, b->pending.len,
                                              ZSTD_LEVEL);
    if (to == NULL || ZSTD_isError(n))
        return error_set(err, ERR_SYS, RETRY_NEVER, _("A message could not be compressed"));
    buf_grown(&c->packed, n);
    *packed = buf_str(&c->packed);
    return 0;
}

static int frame_write(struct cache_body *b, struct str packed, struct error *err)
{
    if (b->frames >= CACHE_FRAMES_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("A message is too large for the store"));
    if (row_ready(b, BODY_WRITING, (struct str){ NULL, 0 }, err) < 0)
        return -1;
    int64_t id = b->id * CACHE_FRAMES_MAX + b->frames;
    if (sql_run(b->cache, "INSERT INTO frame VALUES(?, ?)", SQL_ARGS(SQL_I(id), SQL_B(packed)),
                err) < 0)
        return -1;
    b->frames++;
    return 0;
}

static int frame_flush(struct cache_body *b, struct error *err)
{
    struct str packed;
    if (frame_pack(b, &packed, err) < 0 || cache_begin(b->cache, false, err) < 0)
        return -1;
    buf_clear(&b->pending);
    return sql_end(b->cache, frame_write(b, packed, err), err);
}

int cache_body_append(struct cache_body *b, struct str bytes, struct error *err)
{
    if (EVP_DigestUpdate(b->digest, bytes.p, bytes.n) != 1)
        return error_set(err, ERR_SYS, RETRY_NEVER, _("SHA-256 or zstd is not available here"));
    b->size += bytes.n;
    while (bytes.n > 0) {
        struct str head = str_head(bytes, CACHE_FRAME - b->pending.len);
        buf_add_str(&b->pending, head);
        bytes = str_skip(bytes, head.n);
        if (b->pending.len == CACHE_FRAME && frame_flush(b, err) < 0)
            return -1;
    }
    return 0;
}

int cache_body_seal(struct cache_body *b, struct error *err)
{
    struct str packed;
    if (b->sealed)
        return 0;
    if (EVP_DigestFinal_ex(b->digest, b->identity, NULL) != 1)
        return error_set(err, ERR_SYS, RETRY_NEVER, _("SHA-256 or zstd is not available here"));
    if (b->pending.len > 0) {
        if (frame_pack(b, &packed, err) < 0)
            return -1;
        buf_add_str(&b->last, packed);
    }
    buf_free(&b->pending);
    b->sealed = true;
    return 0;
}

static int frames_forget(struct cache_body *b, struct error *err)
{
    int64_t first = b->id * CACHE_FRAMES_MAX;
    if (b->id == 0)
        return 0;
    if (sql_run(b->cache, "DELETE FROM frame WHERE id >= ? AND id < ?",
                SQL_ARGS(SQL_I(first), SQL_I(first + b->frames)), err) < 0)
        return -1;
    return sql_run(b->cache, "DELETE FROM body WHERE id = ?", SQL_ARGS(SQL_I(b->id)), err);
}

static int finish(struct cache_body *b, int64_t *body, int *known, struct error *err)
{
    struct str identity = { (const char *)b->identity, CACHE_IDENTITY };
    int rc = sql_int(b->cache, "SELECT id FROM body WHERE identity = ?", SQL_ARGS(SQL_B(identity)),
                     body, err);
    if (rc < 0)
        return -1;
    *known = rc == 0;
    if (*known)
        return frames_forget(b, err);
    bool small = b->id == 0;
    if (row_ready(b, BODY_DONE, identity, err) < 0 ||
        (b->last.len > 0 && frame_write(b, buf_str(&b->last), err) < 0))
        return -1;
    *body = b->id;
    if (small)
        return 0;
    return sql_run(b->cache, "UPDATE body SET identity = ?, size = ?, state = ? WHERE id = ?",
                   SQL_ARGS(SQL_B(identity), SQL_I(b->size), SQL_I(BODY_DONE), SQL_I(b->id)), err);
}

int cache_body_finish(struct cache_body **b, int64_t *body, unsigned char identity[CACHE_IDENTITY],
                      int *known, struct error *err)
{
    struct cache *c = (*b)->cache;
    int rc = cache_body_seal(*b, err);
    if (rc == 0)
        rc = cache_begin(c, false, err);
    if (rc == 0)
        rc = sql_end(c, finish(*b, body, known, err), err);
    memcpy(identity, (*b)->identity, CACHE_IDENTITY);
    cache_body_drop(b);
    return rc;
}

int body_hold(struct cache *c, int64_t body, struct error *err)
{
    if (sql_run(c, "UPDATE body SET state = ? WHERE id = ? AND state > 0",
                SQL_ARGS(SQL_I(BODY_HELD), SQL_I(body)), err) < 0)
        return -1;
    return sql_changes(c) == 1 ? 0 : 1;
}

static int frame_broken(struct cache *c, struct error *err)
{
    return sql_error(c, SQLITE_CORRUPT, err);
}

/* Appends bytes [from, from + n) of one unpacked frame; 1 when there were fewer. */
static int frame_read(struct cache *c, struct str packed, size_t from, size_t n, struct buf *out,
                      struct error *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(packed.p, packed.n);
    if (size > CACHE_FRAME)
        return frame_broken(c, err);
    if (c->unzip == NULL)
        c->unzip = ZSTD_createDCtx();
    char *plain = xmalloc(CACHE_FRAME);
    size_t got = c->unzip == NULL
                     ? 0
                     : ZSTD_decompressDCtx(c->unzip, plain, CACHE_FRAME, packed.p, packed.n);
    int rc = got == size ? 0 : frame_broken(c, err);
    if (rc == 0) {
        struct str part = str_head(str_skip((struct str){ plain, got }, from), n);
        buf_add_str(out, part);
        rc = part.n < n ? 1 : 0;
    }
    free(plain);
    return rc;
}

int cache_body_read_id(struct cache *c, int64_t body, uint64_t offset, size_t n, struct buf *out,
                       struct error *err)
{
    uint64_t size = 0;
    int rc = cache_body_size(c, body, &size, err);
    if (rc < 0)
        return -1;
    if (rc == 1)
        return error_set(err, ERR_NOINPUT, RETRY_NEVER, _("The message's text is not here yet"));
    if (offset >= size || n == 0)
        return 0;
    if (n > size - offset)
        n = (size_t)(size - offset);
    int64_t first = body * CACHE_FRAMES_MAX + (int64_t)(offset / CACHE_FRAME);
    int64_t last = body * CACHE_FRAMES_MAX + (int64_t)((offset + n - 1) / CACHE_FRAME);
    size_t from = (size_t)(offset % CACHE_FRAME);
    sqlite3_stmt *s = sql_bind(c, "SELECT data FROM frame WHERE id BETWEEN ? AND ? ORDER BY id",
                               SQL_ARGS(SQL_I(first), SQL_I(last)), err);
    if (s == NULL)
        return -1;
    for (; n > 0 && (rc = sql_step(c, s, err)) == 0; from = 0) {
        size_t want = n < CACHE_FRAME - from ? n : CACHE_FRAME - from;
        rc = frame_read(c, sql_col(s, 0), from, want, out, err);
        if (rc != 0)
            break;
        n -= want;
    }
    sqlite3_reset(s);
    if (rc < 0)
        return -1;
    return n > 0 ? frame_broken(c, err) : buf_check(out, err);
}

int cache_body_read(struct cache *c, int64_t message, uint64_t offset, size_t n, struct buf *out,
                    struct error *err)
{
    int64_t body = 0;
    if (sql_int(c, "SELECT body FROM message WHERE id = ?", SQL_ARGS(SQL_I(message)), &body, err) <
        0)
        return -1;
    return cache_body_read_id(c, body, offset, n, out, err);
}

int cache_body_size(struct cache *c, int64_t body, uint64_t *size, struct error *err)
{
    int64_t n = 0;
    int rc = sql_int(c, "SELECT size FROM body WHERE id = ? AND state > 0", SQL_ARGS(SQL_I(body)),
                     &n, err);
    if (rc == 0)
        *size = (uint64_t)n;
    return rc;
}
