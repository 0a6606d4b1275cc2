/* SPDX-License-Identifier: MIT */
/* fixture.h - a store in a folder of its own, and short ways to fill it. */
#ifndef TMAIL_TESTS_UNIT_CACHE_FIXTURE_H
#define TMAIL_TESTS_UNIT_CACHE_FIXTURE_H

#include <stdlib.h>

#include "unit/test.h"

#include "base/file.h"
#include "cache/body.h"
#include "cache/journal.h"
#include "cache/outbox.h"

struct fixture {
    char *dir, *path;
    struct cache *c;
    struct arena *a;
    struct error err;
    int64_t account;
};

static inline void fixture_open(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->dir = file_temp_dir("tmail-test-cache", &f->err);
    assert_non_null(f->dir);
    f->path = xasprintf("%s/data/mail.db", f->dir);
    f->c = cache_open(f->path, CACHE_WRITE, &f->err);
    if (f->c == NULL)
        fail_msg("%s", f->err.text);
    f->a = arena_new(1 << 16);
    assert_int_equal(cache_account_id(f->c, STR("work"), &f->account, &f->err), 0);
}

static inline void fixture_close(struct fixture *f)
{
    cache_close(&f->c);
    arena_free(&f->a);
    file_remove_tree(f->dir);
    free(f->dir);
    free(f->path);
}

static inline void fixture_reopen(struct fixture *f)
{
    cache_close(&f->c);
    f->c = cache_open(f->path, CACHE_WRITE, &f->err);
    assert_non_null(f->c);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) < 0)                                                                            \
            fail_msg("%s:%d: %s", __FILE__, __LINE__, f->err.text);                                \
    } while (0)

static inline int64_t folder_make(struct fixture *f, const char *name, enum cache_role role)
{
    struct cache_folder folder = {
        .account = f->account, .name = str_c(name), .wire = str_c(name), .delim = '/', .role = role
    };
    OK(cache_folder_put(f->c, &folder, &f->err));
    return folder.id;
}

/* A message whose bytes are text; n sets the date and makes the Message-ID <n@t>. */
static inline struct cache_message message_make(struct fixture *f, int n, const char *text)
{
    struct cache_message m = { .account = f->account,
                               .date = 1000000 + n,
                               .received = 1000000 + n,
                               .size = strlen(text),
                               .from = STR("Jane <jane@t>"),
                               .to = STR("joe@t"),
                               .subject = STR("A subject"),
                               .summary = STR("flat") };
    int known = 0;
    struct cache_body *b = cache_body_create(f->c, &f->err);
    assert_non_null(b);
    OK(cache_body_append(b, str_c(text), &f->err));
    OK(cache_body_finish(&b, &m.body, m.identity, &known, &f->err));
    m.message_id = str_c(arena_fmt(f->a, "<%d@t>", n));
    m.head[0] = (unsigned char)(n + 1);
    m.head[1] = (unsigned char)((n + 1) >> 8);
    m.head[2] = 1;
    return m;
}

static inline int64_t put(struct fixture *f, int n, int64_t folder, uint32_t uid, unsigned flags)
{
    struct cache_message m = message_make(f, n, arena_fmt(f->a, "text of message %d", n));
    struct cache_placement w = { .folder = folder, .uid = uid, .flags = flags };
    int64_t id = 0;
    OK(cache_message_put(f->c, &m, &w, &id, &f->err));
    return id;
}

/* The placement's shown flags, or -1 when the message is not listed in folder. */
static inline int flags_in(struct fixture *f, int64_t message, int64_t folder)
{
    struct cache_row row;
    int rc = cache_row_get(f->c, f->a, message, folder, &row, &f->err);
    OK(rc);
    return rc == 1 ? -1 : (int)(row.flags & CACHE_SERVER_FLAGS);
}

static inline int64_t uid_in(struct fixture *f, int64_t message, int64_t folder)
{
    struct cache_row row;
    int rc = cache_row_get(f->c, f->a, message, folder, &row, &f->err);
    OK(rc);
    return rc == 1 ? -1 : (int64_t)row.uid;
}

static inline size_t known_n(struct fixture *f, int64_t folder)
{
    struct cache_known *known;
    size_t n;
    OK(cache_known(f->c, f->a, folder, &known, &n, &f->err));
    return n;
}

#endif
