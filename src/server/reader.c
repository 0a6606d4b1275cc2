/* SPDX-License-Identifier: MIT */
#include "server/reader.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/utf8.h"
#include "decode/client.h"
#include "server/limits.h"
#include "base/banned.h"

enum { READER_QUEUE = 1000, READER_ARENA = 64 << 10, KEY_BYTES = 32, KEY_HEX = 2 * KEY_BYTES + 1 };

enum question_kind { READ_HEADER, READ_TEXT };
struct question {
    struct msg m; /* kind: enum question_kind */
    struct queue *answers;
    struct buf content, charset, answer;
    bool answered;
};
struct reader {
    struct queue *q;
    struct log *log;
    pthread_t thread;
    /* From here on the thread's alone. */
    struct decode *decode;
    bool complained;
    /* What the decoder took too long over since minute_at. */
    int64_t minute_at, slow_ms;
};

static void question_drop(struct msg *m)
{
    struct question *q = (struct question *)m;
    buf_free(&q->content);
    buf_free(&q->charset);
    buf_free(&q->answer);
    free(q);
}

/* ---- the thread ---- */

static void complain(struct reader *r, const struct error *err)
{
    if (!r->complained)
        log_line(r->log, LOG_ERROR, "cannot decode mail for SEARCH: %s", err->text);
    r->complained = true;
}

/* A name for the mark of what kills the decoder. */
static struct str key_of(struct str bytes, char hex[KEY_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(bytes.p, bytes.n, sum, &n, EVP_sha256(), NULL) != 1 || n != KEY_BYTES)
        return STR("");
    for (size_t i = 0; i < KEY_BYTES; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    return (struct str){ hex, 2 * (size_t)KEY_BYTES };
}

static int text_answer(struct reader *r, struct question *q, struct error *err)
{
    char hex[KEY_HEX];
    struct decode_text text;
    struct arena *a = arena_new(READER_ARENA);
    struct decode_src src = { .bytes = buf_str(&q->content),
                              .key = key_of(buf_str(&q->content), hex) };
    struct mime_part_info info = { .length = q->content.len,
                                   .type = STR("text/plain"),
                                   .charset = buf_str(&q->charset),
                                   .encoding = MIME_8BIT };
    int rc = decode_text(r->decode, a, src, &info, 0, &text, err);
    if (rc == 0)
        buf_add_str(&q->answer, text.text);
    arena_free(&a);
    return rc;
}

/* A mailbox full of mail over which the decoder hangs or dies must not take it from everybody. */
static bool is_worn_out(struct reader *r, int64_t now)
{
    if (now - r->minute_at >= READER_SLOW_WINDOW_MS) {
        r->minute_at = now;
        r->slow_ms = 0;
    }
    return r->slow_ms >= READER_SLOW_MS;
}

static void question_do(struct reader *r, struct question *q)
{
    struct error err;
    int64_t began = clock_mono_ms();
    int rc = 0;
    if (is_worn_out(r, began))
        return;
    if (r->decode == NULL) {
        r->decode = decode_new(NULL, NULL, &err);
        if (r->decode != NULL)
            decode_patience(r->decode, READER_WAIT_MS);
    }
    if (r->decode == NULL)
        rc = -1;
    else if (q->m.kind == READ_HEADER)
        rc = decode_header(r->decode, buf_str(&q->content), &q->answer, &err);
    else
        rc = text_answer(r, q, &err);
    if (rc < 0)
        complain(r, &err);
    q->answered = rc == 0;
    int64_t took = clock_mono_ms() - began;
    if (took > READER_SLOW_ONE_MS)
        r->slow_ms += took;
}

static void *reader_thread(void *arg)
{
    struct reader *r = arg;
    for (;;) {
        struct msg *m = queue_take(r->q, r->decode != NULL ? READER_IDLE_MS : -1);
        if (m == NULL) {
            decode_free(&r->decode);
            if (queue_closed(r->q))
                return NULL;
            continue;
        }
        struct question *q = (struct question *)m;
        question_do(r, q);
        queue_put_now(q->answers, m);
    }
}

struct reader *reader_start(struct log *log, struct error *err)
{
    struct reader *r = xcalloc(1, sizeof *r);
    r->log = log;
    r->q = queue_new(READER_QUEUE, err);
    if (r->q != NULL && pthread_create(&r->thread, NULL, reader_thread, r) == 0)
        return r;
    if (r->q != NULL)
        error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
    queue_free(&r->q);
    free(r);
    return NULL;
}

void reader_stop(struct reader **r)
{
    if (*r == NULL)
        return;
    queue_close((*r)->q);
    pthread_join((*r)->thread, NULL);
    queue_free(&(*r)->q);
    free(*r);
    *r = NULL;
}

/* ---- those who ask ---- */

static void ask(struct reader *r, struct queue *answers, enum question_kind kind,
                struct str content, struct str charset, struct buf *out)
{
    struct question *q = NULL;
    content = str_head(content, DECODE_TEXT_MAX);
    if (r != NULL) {
        q = xcalloc(1, sizeof *q);
        q->m.kind = (int)kind;
        q->m.drop = question_drop;
        q->answers = answers;
        buf_init(&q->content, DECODE_TEXT_MAX);
        buf_init(&q->charset, DECODE_TEXT_MAX);
        buf_init(&q->answer, SERVER_OUT_MAX);
        buf_add_str(&q->content, content);
        buf_add_str(&q->charset, charset);
        q = queue_put(r->q, &q->m) == 0 ? (struct question *)queue_take(answers, -1) : NULL;
    }
    if (q != NULL && q->answered)
        buf_add_str(out, buf_str(&q->answer));
    else
        utf8_clean(out, content);
    if (q != NULL)
        question_drop(&q->m);
}

void reader_header(struct reader *r, struct queue *answers, struct str raw, struct buf *out)
{
    ask(r, answers, READ_HEADER, raw, STR(""), out);
}

void reader_text(struct reader *r, struct queue *answers, struct str content, struct str charset,
                 struct buf *out)
{
    ask(r, answers, READ_TEXT, content, charset, out);
}
