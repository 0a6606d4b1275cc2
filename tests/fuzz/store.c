/* SPDX-License-Identifier: MIT */
/* A store whose file was damaged: opened and listed, it gives rows or one sentence. The input is a
 * list of patches of a good store: place (4 bytes), length (1), the bytes; or, where it begins as a
 * database does, the file itself. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cache/body.h"
#include "cache/journal.h"
#include "cache/outbox.h"
#include "base/banned.h"

enum { ROWS = 40, BODIES = 2, BODY_MAX = 1 << 20, FILE_BYTES = 4 << 20 };

/* A body of more than one frame. */
static int64_t body_of(struct cache *c, int n)
{
    unsigned char identity[CACHE_IDENTITY];
    struct error err;
    int64_t body;
    int known;
    struct cache_body *b = cache_body_create(c, &err);
    char *text = xasprintf("Subject: %d\r\n\r\nbody\r\n", n);
    FUZZ_CHECK(b != NULL);
    for (int i = 0; i < 15000; i++)
        FUZZ_CHECK(cache_body_append(b, str_c(text), &err) == 0);
    FUZZ_CHECK(cache_body_finish(&b, &body, identity, &known, &err) == 0);
    free(text);
    return body;
}

static void message(struct cache *c, int64_t account, int64_t folder, int n)
{
    struct cache_placement where = { .folder = folder, .uid = (uint32_t)n + 1, .flags = 1 };
    struct cache_message m = { .account = account,
                               .date = 1000000 + n,
                               .size = 100,
                               .from = STR("Jane <jane@t>"),
                               .subject = STR("A subject"),
                               .summary = STR("flat") };
    struct error err;
    int64_t id;
    char *mid = xasprintf("<%d@t>", n);
    m.message_id = str_c(mid);
    m.identity[0] = (unsigned char)(n + 1);
    m.body = n >= ROWS - BODIES ? body_of(c, n) : 0; /* of the first on the list */
    FUZZ_CHECK(cache_message_put(c, &m, &where, &id, &err) == 0);
    free(mid);
}

/* One folder with a page and a half of messages. */
static void fill(const char *path)
{
    struct error err;
    struct cache *c = cache_open(path, CACHE_WRITE, &err);
    FUZZ_CHECK(c != NULL);
    struct cache_folder f = { .name = STR("INBOX"), .wire = STR("INBOX"), .delim = '/' };
    f.role = ROLE_INBOX;
    FUZZ_CHECK(cache_begin(c, false, &err) == 0);
    FUZZ_CHECK(cache_account_id(c, STR("work"), &f.account, &err) == 0);
    FUZZ_CHECK(cache_folder_put(c, &f, &err) == 0);
    for (int i = 0; i < ROWS; i++)
        message(c, f.account, f.id, i);
    FUZZ_CHECK(cache_commit(c, &err) == 0);
    cache_checkpoint(c);
    cache_close(&c);
}

static const struct buf *good(const char *path)
{
    static struct buf file;
    struct error err;
    if (file.len == 0) {
        buf_init(&file, FILE_BYTES);
        fill(path);
        FUZZ_CHECK(file_read(path, &file, &err) == 0);
    }
    return &file;
}

static uint32_t number(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void patch(struct buf *file, struct str in)
{
    while (in.n > 5) {
        size_t at = number(in) % file->len, n = (unsigned char)in.p[4];
        struct str bytes = str_head(str_skip(in, 5), n);
        if (bytes.n > file->len - at)
            bytes.n = file->len - at;
        memcpy(file->data + at, bytes.p, bytes.n);
        in = str_skip(in, 5 + n);
    }
}

static void body(struct cache *c, int64_t message)
{
    struct buf out = BUF_INIT(BODY_MAX);
    struct error err;
    (void)!cache_body_read(c, message, 0, BODY_MAX, &out, &err);
    buf_clear(&out);
    (void)!cache_body_read(c, message, 300000, 10, &out, &err);
    buf_free(&out);
}

static void list(struct cache *c, struct arena *a, int64_t folder)
{
    struct cache_query q = { .kind = LIST_FOLDER, .folder = folder };
    struct cache_row rows[25];
    struct error err;
    struct str flat;
    int64_t total, unread;
    for (int kind = LIST_FOLDER; kind <= LIST_DIFFERENT_THREADS; kind++) {
        size_t n = COUNT(rows);
        q.kind = (enum cache_list_kind)kind;
        if (cache_list(c, a, &q, NULL, CACHE_NEXT, rows, &n, &err) != 0)
            continue;
        FUZZ_CHECK(n <= COUNT(rows));
        for (size_t i = 0; i < n; i++) {
            q.thread = rows[i].thread;
            (void)!cache_summary(c, a, rows[i].id, &flat, &err);
            if (i < 2 && kind == LIST_FOLDER)
                body(c, rows[i].id);
        }
        if (n > 0 && cache_list(c, a, &q, &rows[n - 1].key, CACHE_NEXT, rows, &n, &err) == 0)
            FUZZ_CHECK(n <= COUNT(rows));
        (void)!cache_list_count(c, &q, &total, &unread, &err);
    }
}

static void use(const char *path, enum cache_mode mode)
{
    struct error err = { 0 };
    struct arena *a = arena_new(4096);
    struct cache_folder *folders;
    size_t n;
    struct cache *c = cache_open(path, mode, &err);
    if (c == NULL)
        FUZZ_CHECK(err.text[0] != '\0');
    else if (cache_folders(c, a, 0, &folders, &n, &err) == 0)
        for (size_t i = 0; i < n && i < 4; i++)
            list(c, a, folders[i].id);
    cache_close(&c);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct buf file = BUF_INIT(FILE_BYTES);
    struct error err;
    char *folder = xasprintf("%s/data", fuzz_folder()), *path = xasprintf("%s/mail.db", folder);
    const struct buf *whole = good(path);
    file_remove_tree(folder);
    FUZZ_CHECK(file_mkdirs(folder, &err) == 0);
    if (str_starts(in, "SQLite"))
        buf_add_str(&file, in);
    else {
        buf_add_str(&file, buf_str(whole));
        patch(&file, in);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && file_write_fd(fd, buf_str(&file), "it", &err) == 0);
    close(fd);
    use(path, CACHE_READ);
    use(path, CACHE_WRITE);
    buf_free(&file);
    free(folder);
    free(path);
    return 0;
}
