/* SPDX-License-Identifier: MIT */
#include "decode/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/file.h"
#include "decode/header.h"
#include "decode/parse.h"
#include "decode/proto.h"
#include "decode/servers.h"
#include "decode/text.h"
#include "base/banned.h"

enum {
    READ_SIZE = 256 << 10,
    FLUSH_AT = 64 << 10,
    CPU_SECONDS =
        15, /* of one question: less than DECODE_WAIT_MS, and it holds when nobody waits any more */
    MEMORY_MAX = 1 << 30,
    EXIT_PROTOCOL = 76
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMIT_MEMORY = 0 }; /* the shadow alone is terabytes */
#else
enum { LIMIT_MEMORY = 1 };
#endif

struct worker {
    int fd;
    struct parse *parse;
    struct buf in, out;
    enum proto_kind asked; /* PROTO_LAST: for a summary */
    struct buf args;
    struct arena *arena; /* of the question at hand; NULL before its first bytes */
    struct buf body;     /* its bytes, when they came in several frames and are not for a summary */
};

void worker_limits(void)
{
    struct rlimit none = { 0, 0 }, memory = { MEMORY_MAX, MEMORY_MAX };
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    if (LIMIT_MEMORY)
        setrlimit(RLIMIT_AS, &memory);
}

/* Processor time of this process alone; SIGVTALRM's default ends it. 0 seconds: no limit. */
static void watch(int seconds)
{
    struct itimerval timer = { { 0, 0 }, { seconds, 0 } };
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

static int flush(struct worker *w)
{
    struct error err;
    int rc = file_write_fd(w->fd, buf_str(&w->out), "client", &err);
    buf_clear(&w->out);
    return rc;
}

static void answer_put(struct worker *w, enum proto_kind kind, struct str payload)
{
    proto_head(&w->out, kind, payload.n);
    buf_add_str(&w->out, payload);
}

static void answer_summary(struct worker *w, const struct mime_summary *made)
{
    struct mime_summary summary = *made;
    struct buf flat = BUF_INIT(MIME_FLAT_MAX);
    mime_summary_flatten(&summary, &flat);
    /* Too many parts with too long names: the fields alone are still worth having. */
    if (flat.over && summary.parts_n > 1) {
        summary.parts_n = 1;
        summary.damage |= MIME_DAMAGE_LIMIT;
        buf_clear(&flat);
        mime_summary_flatten(&summary, &flat);
    }
    answer_put(w, flat.over ? PROTO_REFUSED : PROTO_ANSWER, buf_str(&flat));
    buf_free(&flat);
}

static void answer_text(struct worker *w, struct arena *a, struct str bytes)
{
    struct proto_text_ask ask;
    struct decode_text text;
    struct buf packed = BUF_INIT(PROTO_ANSWER_MAX);
    if (proto_text_ask_get(buf_str(&w->args), &ask) != 0) {
        answer_put(w, PROTO_REFUSED, STR(""));
        return;
    }
    text_make(a, bytes, &ask, &text);
    buf_free(&w->body); /* before its text is copied */
    proto_text_put(&packed, &text);
    answer_put(w, packed.over ? PROTO_REFUSED : PROTO_ANSWER, buf_str(&packed));
    buf_free(&packed);
}

static void answer_servers(struct worker *w, struct arena *a, struct str xml)
{
    struct decode_servers servers;
    struct buf packed = BUF_INIT(PROTO_ANSWER_MAX);
    int rc = xml.n <= DECODE_XML_MAX ? servers_read(a, xml, &servers) : -1;
    if (rc == 0)
        proto_servers_put(&packed, &servers);
    answer_put(w, rc == 0 ? PROTO_ANSWER : PROTO_REFUSED, buf_str(&packed));
    buf_free(&packed);
}

static void answer_begin(struct worker *w)
{
    if (w->arena != NULL)
        return;
    w->arena = arena_new(16 << 10);
    watch(CPU_SECONDS);
}

static void answer_end(struct worker *w)
{
    watch(0);
    arena_free(&w->arena);
    if (w->body.cap > READ_SIZE)
        buf_free(&w->body);
    buf_clear(&w->body);
    w->asked = PROTO_LAST;
}

/* The last bytes of a question that is not for a summary, which for a small one are all of them. */
static void answer(struct worker *w, struct str last)
{
    struct str bytes = last;
    if (w->body.len > 0) {
        buf_add_str(&w->body, str_head(last, w->body.max - w->body.len));
        bytes = buf_str(&w->body);
    }
    if (w->asked == PROTO_ASK_TEXT)
        answer_text(w, w->arena, bytes);
    else if (w->asked == PROTO_ASK_HEADER)
        answer_put(w, PROTO_ANSWER, header_text(w->arena, bytes));
    else
        answer_servers(w, w->arena, bytes);
}

static void bytes_take(struct worker *w, struct str bytes, bool last)
{
    struct mime_summary summary;
    answer_begin(w);
    if (w->asked == PROTO_LAST) {
        parse_feed(w->parse, w->arena, bytes, last, &summary);
        if (last)
            answer_summary(w, &summary);
    } else if (last)
        answer(w, bytes);
    else
        buf_add_str(&w->body, str_head(bytes, w->body.max - w->body.len));
    if (last)
        answer_end(w);
}

static int frame_take(struct worker *w, unsigned kind, struct str payload)
{
    switch (kind) {
    case PROTO_ASK_TEXT:
    case PROTO_ASK_HEADER:
    case PROTO_ASK_SERVERS:
        if (w->arena != NULL) /* within another question */
            return -1;
        w->asked = kind;
        buf_clear(&w->args);
        buf_add_str(&w->args, payload);
        return 0;
    case PROTO_DATA:
        bytes_take(w, payload, false);
        return 0;
    case PROTO_LAST:
        bytes_take(w, payload, true);
        return w->out.len >= FLUSH_AT ? flush(w) : 0;
    default:
        return -1;
    }
}

/* All frames that are here. */
static int frames_take(struct worker *w)
{
    struct str in = buf_str(&w->in), payload;
    unsigned kind;
    int rc;
    while ((rc = proto_frame(&in, PROTO_DATA_MAX, &kind, &payload)) == 0)
        if (frame_take(w, kind, payload) != 0)
            return -1;
    buf_consume(&w->in, w->in.len - in.n);
    return rc < 0 ? -1 : flush(w);
}

static int serve(struct worker *w)
{
    for (;;) {
        char *room = buf_room(&w->in, READ_SIZE);
        ssize_t n = room != NULL ? read(w->fd, room, READ_SIZE) : -1;
        if (n < 0 && room != NULL && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? 0 : EXIT_PROTOCOL;
        buf_grown(&w->in, (size_t)n);
        if (frames_take(w) != 0)
            return EXIT_PROTOCOL;
    }
}

int worker_run(int fd)
{
    struct worker w = { .fd = fd, .asked = PROTO_LAST };
    buf_init(&w.in, (size_t)READ_SIZE + PROTO_DATA_MAX + PROTO_HEAD);
    buf_init(&w.out, (size_t)PROTO_ANSWER_MAX + FLUSH_AT + PROTO_HEAD);
    buf_init(&w.body, DECODE_TEXT_MAX);
    buf_init(&w.args, PROTO_DATA_MAX);
    w.parse = parse_new();
    answer_put(&w, PROTO_HELLO, STR("1"));
    int code = flush(&w) == 0 ? serve(&w) : EXIT_PROTOCOL;
    parse_free(&w.parse);
    arena_free(&w.arena);
    buf_free(&w.in);
    buf_free(&w.out);
    buf_free(&w.body);
    buf_free(&w.args);
    return code;
}
