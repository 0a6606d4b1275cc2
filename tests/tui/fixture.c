/* SPDX-License-Identifier: MIT */
#include "tui/fixture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cache/body.h"
#include "cache/message.h"
#include "mime/summary.h"

static const char rc[] = "[account home]\n"
                         "address = \"Jane Roe <jane@example.org>\"\n"
                         "receive = \"imap://jane@127.0.0.1:1\"\n"
                         "send = \"smtp://jane@127.0.0.1:1\"\n"
                         "password = \"none\"\n";

static void must(int rc_, const struct error *err)
{
    if (rc_ == 0)
        return;
    fprintf(stderr, "fixture: %s\n", err->text);
    abort();
}

struct letter {
    const char *from, *subject, *text;
    unsigned flags;
    bool attached;
};

static const char nasty[] = "before \033]52;c;ZXZpbA==\a middle \033[2J \xC2\x9B"
                            "31m \xE2\x80\xAE"
                            "gpj \x01\x7F after\n";

static struct letter letter_of(int n)
{
    struct letter l = { "Anna Bloom <anna@example.net>", NULL,
                        "Hello Jane,\n\n> you wrote this\n\nthe last line\n",
                        n % 3 == 0 ? 0 : CACHE_SEEN, false };
    if (n == FIXTURE_MESSAGES - 1)
        l = (struct letter){ "\"paypal@bank.example\" <evil@example.com>",
                             "nasty \033[31m\033]0;owned\a \xC2\x9D"
                             "x \xE2\x80\xAE"
                             "subject",
                             nasty, 0, false };
    if (n == FIXTURE_MESSAGES - 2)
        l = (struct letter){ "Wim de Vries <wim@example.nl>", "日本語 and a file",
                             "See the file.\n", 0, true };
    return l;
}

static int64_t body_put(struct cache *c, const struct buf *raw, unsigned char identity[32])
{
    struct error err;
    int64_t id;
    int known;
    struct cache_body *b = cache_body_create(c, &err);
    must(b == NULL, &err);
    must(cache_body_append(b, buf_str(raw), &err), &err);
    must(cache_body_finish(&b, &id, identity, &known, &err), &err);
    return id;
}

static void parts_make(struct buf *raw, const struct letter *l, struct mime_part_info parts[3],
                       struct mime_summary *s)
{
    if (!l->attached) {
        parts[0] = (struct mime_part_info){ .offset = raw->len,
                                            .type = STR("text/plain"),
                                            .charset = STR("utf-8"),
                                            .encoding = MIME_8BIT };
        buf_adds(raw, l->text);
        parts[0].length = parts[0].decoded = raw->len - parts[0].offset;
        s->parts_n = 1;
        return;
    }
    parts[0] = (struct mime_part_info){ .offset = raw->len,
                                        .type = STR("multipart/mixed"),
                                        .flags = MIME_PART_CONTAINER };
    buf_adds(raw, "--b\nContent-Type: text/plain\n\n");
    parts[1] = (struct mime_part_info){
        .offset = raw->len, .type = STR("text/plain"), .charset = STR("utf-8"), .depth = 1
    };
    buf_adds(raw, l->text);
    parts[1].length = parts[1].decoded = raw->len - parts[1].offset;
    buf_adds(raw, "--b\nContent-Transfer-Encoding: base64\n\n");
    parts[2] = (struct mime_part_info){ .offset = raw->len,
                                        .type = STR("application/pdf"),
                                        .name = STR("../re\033port.pdf"),
                                        .depth = 1,
                                        .encoding = MIME_BASE64,
                                        .flags = MIME_PART_ATTACHMENT };
    buf_adds(raw, "c29tZSBieXRlcw==\n");
    parts[2].length = raw->len - parts[2].offset;
    parts[2].decoded = 10;
    buf_adds(raw, "--b--\n");
    s->parts_n = 3;
}

static void message_put(struct cache *c, int64_t account, int64_t folder, int n)
{
    struct letter l = letter_of(n);
    struct mime_part_info parts[3];
    struct buf raw = BUF_INIT(1 << 16), flat = BUF_INIT(1 << 16);
    struct error err;
    char subject[64], mid[64];
    int64_t id;
    snprintf(subject, sizeof subject, "message number %d", n + 1);
    snprintf(mid, sizeof mid, "<m%d@example.net>", n + 1);
    buf_addf(&raw, "From: %s\nTo: Jane Roe <jane@example.org>\nMessage-ID: %s\nSubject: x\n\n",
             l.from, mid);
    struct mime_summary s = { .subject = str_c(l.subject != NULL ? l.subject : subject),
                              .from = str_c(l.from),
                              .to = STR("Jane Roe <jane@example.org>"),
                              .message_id = str_c(mid),
                              .date = 1700000000 + n * 3600,
                              .parts = parts };
    parts_make(&raw, &l, parts, &s);
    mime_summary_flatten(&s, &flat);
    struct cache_message m = { .account = account,
                               .date = s.date,
                               .received = s.date,
                               .size = raw.len,
                               .flags = l.attached ? CACHE_ATTACHMENT : 0,
                               .from = s.from,
                               .to = s.to,
                               .subject = s.subject,
                               .message_id = s.message_id,
                               .summary = buf_str(&flat) };
    m.body = body_put(c, &raw, m.identity);
    struct cache_placement p = { .folder = folder, .uid = (uint32_t)n + 1, .flags = l.flags };
    must(cache_message_put(c, &m, &p, &id, &err), &err);
    buf_free(&raw);
    buf_free(&flat);
}

static int64_t folder_put(struct cache *c, int64_t account, const char *name, enum cache_role role)
{
    struct error err;
    struct cache_folder f = {
        .account = account, .name = str_c(name), .wire = str_c(name), .delim = '/', .role = role
    };
    must(cache_folder_put(c, &f, &err), &err);
    return f.id;
}

char *fixture_new(void)
{
    struct error err;
    char *dir = file_temp_dir("tmail-ui-", &err);
    must(dir == NULL, &err);
    char *path = xasprintf("%s/tmailrc", dir), *store = xasprintf("%s/mail.db", dir);
    int64_t account;
    must(file_replace(path, str_c(rc), 0600, &err), &err);
    struct cache *c = cache_open(store, CACHE_WRITE, &err);
    must(c == NULL, &err);
    must(cache_account_id(c, STR("home"), &account, &err), &err);
    must(cache_begin(c, false, &err), &err);
    int64_t inbox = folder_put(c, account, "INBOX", ROLE_INBOX);
    folder_put(c, account, "Trash", ROLE_TRASH);
    folder_put(c, account, "Archive", ROLE_ARCHIVE);
    folder_put(c, account, "Sent", ROLE_SENT);
    folder_put(c, account, "Lists/tmail", ROLE_NONE);
    for (int n = 0; n < FIXTURE_MESSAGES; n++)
        message_put(c, account, inbox, n);
    must(cache_commit(c, &err), &err);
    cache_close(&c);
    free(path);
    free(store);
    return dir;
}

void fixture_drop(char **dir)
{
    file_remove_tree(*dir);
    free(*dir);
    *dir = NULL;
}
