/* SPDX-License-Identifier: MIT */
#include "decode/client.h"

#include <limits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "decode/marks.h"
#include "decode/proto.h"
#include "base/banned.h"

enum {
    FLUSH_AT = 64 << 10,    /* unwritten bytes that are worth a system call */
    BEHIND_MAX = 512 << 10, /* unwritten bytes that feeding may leave behind */
    READ_SIZE = 64 << 10,
    DEATHS_MAX = 3, /* deaths without an answer between them, after which the next is passed over */
    HAS_TO_GO = -2  /* the worker is alive and hangs, or does not keep to the protocol */
};

enum job_state {
    JOB_FEEDING, /* its last byte has not come yet */
    JOB_ASKED,
    JOB_DONE, /* rc and answer say how */
};

struct job {
    uint64_t tag;
    char *key;
    uint64_t start, end; /* where its frames lie in the stream to the worker; end: once asked */
    uint64_t size;       /* bytes of the message */
    enum job_state state;
    bool passed; /* never given to a worker, or no longer */
    bool spared; /* a worker was killed over it from outside */
    int rc;      /* of a done job: 0, 1 opaque, -1 refused */
    struct buf answer;
};

struct decode {
    char *worker;
    struct marks *marks;
    pid_t pid; /* 0: none runs */
    int fd;
    bool greeted;
    int patience_ms;
    unsigned deaths;
    int64_t progress_at; /* when the worker last took or gave a byte, or was first asked */
    /* The stream to the worker: out holds [base, base + out.len), all before written was written.
     */
    struct buf out;
    uint64_t base, written;
    struct buf in;
    struct job jobs[DECODE_AHEAD_MAX];
    size_t first, jobs_n;
};

static struct job *job_at(struct decode *d, size_t i)
{
    return &d->jobs[(d->first + i) % DECODE_AHEAD_MAX];
}

static void job_clear(struct job *j)
{
    free(j->key);
    buf_free(&j->answer);
    *j = (struct job){ 0 };
}

struct decode *decode_new(const char *worker_path, const char *marks_path, struct error *err)
{
    struct marks *marks = marks_open(marks_path, err);
    if (marks == NULL)
        return NULL;
    struct decode *d = xcalloc(1, sizeof *d);
    d->marks = marks;
    d->fd = -1;
    d->patience_ms = DECODE_WAIT_MS;
    d->worker = worker_path != NULL ? xstrdup(worker_path) : child_program("tmail-decode");
    buf_init(&d->out, (size_t)DECODE_KEEP_MAX + (4 << 20));
    buf_init(&d->in, (size_t)PROTO_ANSWER_MAX + READ_SIZE + PROTO_HEAD);
    return d;
}

void decode_patience(struct decode *d, int wait_ms)
{
    d->patience_ms = wait_ms;
}

/* Its exit code, or 128 + signal; 0 when none runs. */
static int worker_stop(struct decode *d)
{
    if (d->pid == 0)
        return 0;
    close(d->fd);
    kill(d->pid, SIGKILL); /* it holds nothing that could be lost */
    int code = child_wait(d->pid);
    d->fd = -1;
    d->pid = 0;
    d->greeted = false;
    buf_clear(&d->in);
    return code;
}

void decode_free(struct decode **dp)
{
    struct decode *d = *dp;
    if (d == NULL)
        return;
    (void)worker_stop(d);
    while (d->jobs_n > 0)
        job_clear(job_at(d, --d->jobs_n));
    marks_free(&d->marks);
    buf_free(&d->out);
    buf_free(&d->in);
    free(d->worker);
    free(d);
    *dp = NULL;
}

static int worker_start(struct decode *d, struct error *err)
{
    int pair[2], room = 1 << 20;
    char *argv[] = { d->worker, NULL };
    if (d->pid != 0)
        return 0;
    /* A socket and not pipes: writing to a dead worker is then an error of the call, not a signal.
     */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return error_sys(err, _("cannot start %s"), d->worker);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    /* A session of its own: ^C at the terminal is not meant for it. */
    struct child_io io = { .in = pair[1], .out = pair[1], .err = -1, .session = true };
    pid_t pid = child_start(argv, &io, err);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return -1;
    }
    d->pid = pid;
    d->fd = pair[0];
    d->progress_at = clock_mono_ms();
    return 0;
}

void decode_warm(struct decode *d)
{
    struct error err;
    (void)!worker_start(d, &err); /* the first question says what is wrong */
}

/* The first message that a worker still owes an answer for; jobs_n if none. */
static size_t front(struct decode *d)
{
    size_t i = 0;
    while (i < d->jobs_n && (job_at(d, i)->passed || job_at(d, i)->state == JOB_DONE))
        i++;
    return i;
}

static uint64_t stream_end(const struct decode *d)
{
    return d->base + d->out.len;
}

/* Forgets bytes that no new worker could need, or that are too many to keep. */
static void trim(struct decode *d)
{
    size_t i = front(d);
    uint64_t keep = i < d->jobs_n ? job_at(d, i)->start : stream_end(d);
    if (stream_end(d) - d->written + DECODE_KEEP_MAX < d->out.len || keep > d->written)
        keep = d->written;
    if (keep <= d->base)
        return;
    size_t gone = (size_t)(keep - d->base);
    if (gone < d->out.len && gone < d->out.len / 2 && d->out.len < DECODE_KEEP_MAX)
        return; /* moving is cheap only when little is left */
    buf_consume(&d->out, gone);
    d->base = keep;
}

static void job_pass(struct job *j)
{
    j->passed = true;
    if (j->state == JOB_ASKED) {
        j->state = JOB_DONE;
        j->rc = 1;
    }
}

/* Whether the front message is to blame for the death. These two signals, where they are not ours,
 * come from a person or from a system that shuts down or is short of memory: the first time they
 * say nothing about the message. */
static bool is_to_blame(struct job *j, bool ours, int code)
{
    bool outside = !ours && (code == 128 + SIGKILL || code == 128 + SIGTERM);
    bool spare = outside && !j->spared;
    j->spared = j->spared || spare;
    return !spare;
}

/* After a death: the message that killed the worker is marked, the others go to the next worker,
 * those of which there is no copy are passed over. ours: it was alive, and had to go. */
static int bury(struct decode *d, bool ours, struct error *err)
{
    bool greeted = d->greeted;
    int rc = 0, code = worker_stop(d);
    size_t i = front(d);
    d->deaths++;
    if (!greeted && d->deaths >= DEATHS_MAX) {
        d->deaths = 0;
        return error_set(err, ERR_SYS, RETRY_LATER, _("the decoder %s cannot be started"),
                         d->worker);
    }
    if (i < d->jobs_n && greeted) {
        struct job *j = job_at(d, i);
        /* It reads a message as the bytes come, so that any of them may have done it. */
        bool had_it = d->written > j->start && is_to_blame(j, ours, code);
        if (had_it)
            rc = marks_add(d->marks, str_c(j->key), err);
        if (had_it || d->deaths >= DEATHS_MAX)
            job_pass(j);
    }
    while ((i = front(d)) < d->jobs_n && job_at(d, i)->start < d->base)
        job_pass(job_at(d, i));
    d->written = i < d->jobs_n ? job_at(d, i)->start : stream_end(d);
    trim(d);
    return rc;
}

/* The answers that have come whole. -1: the worker does not keep to the protocol. */
static int answers(struct decode *d)
{
    struct str in = buf_str(&d->in), payload;
    unsigned kind;
    int rc;
    while ((rc = proto_frame(&in, PROTO_ANSWER_MAX, &kind, &payload)) == 0) {
        if (!d->greeted) {
            if (kind != PROTO_HELLO)
                return -1;
            d->greeted = true;
            continue;
        }
        size_t i = front(d);
        if (i == d->jobs_n || job_at(d, i)->state != JOB_ASKED ||
            (kind != PROTO_ANSWER && kind != PROTO_REFUSED))
            return -1;
        struct job *j = job_at(d, i);
        j->state = JOB_DONE;
        j->rc = kind == PROTO_ANSWER ? 0 : -1;
        buf_init(&j->answer, PROTO_ANSWER_MAX);
        buf_add_str(&j->answer, payload);
        d->deaths = 0;
    }
    buf_consume(&d->in, d->in.len - in.n);
    return rc < 0 ? -1 : 0;
}

/* 1: bytes came; 0: none for now; -1: the worker is gone; HAS_TO_GO. */
static int pump_in(struct decode *d)
{
    char *room = buf_room(&d->in, READ_SIZE);
    if (room == NULL)
        return HAS_TO_GO;
    ssize_t n = read(d->fd, room, READ_SIZE);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return -1;
    buf_grown(&d->in, (size_t)n);
    return answers(d) == 0 ? 1 : HAS_TO_GO;
}

static int pump_out(struct decode *d)
{
    size_t done = (size_t)(d->written - d->base);
    if (done == d->out.len)
        return 0;
    ssize_t n = send(d->fd, d->out.data + done, d->out.len - done, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    d->written += (uint64_t)n;
    trim(d);
    return n > 0;
}

/* True when it is the worker's turn: it has bytes to take or an answer to give. */
static bool owes(struct decode *d)
{
    size_t i = front(d);
    return d->written < stream_end(d) || (i < d->jobs_n && job_at(d, i)->state == JOB_ASKED);
}

/* 1: bytes moved; 0: none could; -1: the worker is gone; HAS_TO_GO. */
static int pump_both(struct decode *d)
{
    int in = pump_in(d);
    int out = in >= 0 ? pump_out(d) : in;
    return out < 0 ? out : in > 0 || out > 0;
}

/* Waits until bytes can move. HAS_TO_GO too when the worker has had its turn for too long. */
static int pump_wait(struct decode *d, int wait_ms)
{
    struct pollfd fd = { d->fd, POLLIN, 0 };
    if (d->written < stream_end(d))
        fd.events |= POLLOUT;
    bool turn = owes(d);
    int left = turn ? clock_left_ms(d->progress_at + d->patience_ms) : INT_MAX;
    int n = poll(&fd, 1, wait_ms < 0 || wait_ms > left ? left : wait_ms);
    if (n > 0)
        return pump_both(d);
    return n == 0 && turn && clock_left_ms(d->progress_at + d->patience_ms) == 0 ? HAS_TO_GO : 0;
}

/* Moves bytes both ways, waiting at most wait_ms for the chance. 1: something moved; 0: time is up;
 * -1: no worker can be had. A worker that dies is buried here, and the next call starts another. */
static int pump(struct decode *d, int wait_ms, struct error *err)
{
    if (worker_start(d, err) != 0)
        return -1;
    int moved = pump_both(d);
    if (moved == 0)
        moved = pump_wait(d, wait_ms);
    if (moved < 0)
        return bury(d, moved == HAS_TO_GO, err) == 0 ? 1 : -1;
    if (moved > 0)
        d->progress_at = clock_mono_ms();
    return moved;
}

static struct job *feeding(struct decode *d)
{
    struct job *j = d->jobs_n > 0 ? job_at(d, d->jobs_n - 1) : NULL;
    return j != NULL && j->state == JOB_FEEDING ? j : NULL;
}

int decode_begin(struct decode *d, uint64_t tag, struct str key, struct error *err)
{
    if (feeding(d) != NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("the message before is not whole yet"));
    if (d->jobs_n == DECODE_AHEAD_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NOW, _("too many messages are being decoded"));
    if (front(d) == d->jobs_n)
        d->progress_at = clock_mono_ms();
    struct job *j = job_at(d, d->jobs_n++);
    *j = (struct job){ .tag = tag, .start = stream_end(d) };
    j->key = key.n > 0 ? xmemdup0(key.p, key.n) : NULL;
    j->passed = marks_has(d->marks, key);
    return 0;
}

/* Lets the worker take bytes until no more than behind are left. */
static int drain(struct decode *d, size_t behind, struct error *err)
{
    while (stream_end(d) - d->written > behind)
        if (pump(d, -1, err) < 0)
            return -1;
    return 0;
}

static int frame_put(struct decode *d, enum proto_kind kind, struct str bytes, struct error *err)
{
    proto_head(&d->out, kind, bytes.n);
    buf_add_str(&d->out, bytes);
    if (stream_end(d) - d->written < FLUSH_AT)
        return 0;
    return pump(d, 0, err) < 0 ? -1 : drain(d, BEHIND_MAX, err);
}

int decode_feed(struct decode *d, uint64_t tag, struct str bytes, bool last, struct error *err)
{
    struct job *j = feeding(d);
    if (j == NULL || j->tag != tag)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("no such message is being decoded"));
    j->size += bytes.n;
    while (!j->passed && bytes.n > PROTO_DATA_MAX) {
        if (frame_put(d, PROTO_DATA, str_head(bytes, PROTO_DATA_MAX), err) != 0)
            return -1;
        bytes = str_skip(bytes, PROTO_DATA_MAX);
    }
    if (!j->passed && frame_put(d, last ? PROTO_LAST : PROTO_DATA, bytes, err) != 0)
        return -1;
    if (!last)
        return 0;
    j->state = j->passed ? JOB_DONE : JOB_ASKED;
    j->rc = j->passed ? 1 : 0;
    j->end = stream_end(d);
    return 0;
}

static void opaque(struct arena *a, uint64_t size, struct mime_summary *out)
{
    *out = (struct mime_summary){ .damage = MIME_DAMAGE_OPAQUE, .parts_n = 1 };
    out->parts = arena_array(a, 1, sizeof *out->parts);
    out->parts[0].type = STR("application/octet-stream");
    out->parts[0].length = out->parts[0].decoded = size;
    out->parts[0].encoding = MIME_8BIT;
    out->parts[0].flags = MIME_PART_DAMAGED;
}

static int job_summary(struct arena *a, const struct job *j, struct mime_summary *out,
                       struct error *err)
{
    if (j->rc == 0)
        return mime_summary_read(a, arena_str(a, buf_str(&j->answer)), out, err);
    if (j->rc < 0)
        return error_set(err, ERR_PARSE, RETRY_NEVER, _("the decoder refused the message"));
    opaque(a, j->size, out);
    return 1;
}

/* Waits for job i; 2: not done after wait_ms. */
static int job_wait(struct decode *d, size_t i, int wait_ms, struct error *err)
{
    int64_t until = wait_ms < 0 ? -1 : clock_mono_ms() + wait_ms;
    while (job_at(d, i)->state != JOB_DONE) {
        int moved = pump(d, clock_left_ms(until), err);
        if (moved < 0)
            return -1;
        if (moved == 0 && until >= 0 && clock_left_ms(until) == 0)
            return job_at(d, i)->state == JOB_DONE ? 0 : 2;
    }
    return 0;
}

int decode_take(struct decode *d, struct arena *a, int wait_ms, uint64_t *tag,
                struct mime_summary *out, struct error *err)
{
    if (d->jobs_n == 0)
        return 2;
    struct job *j = job_at(d, 0);
    /* Of a message still being fed nothing can be expected, however long one waits. */
    int rc = j->state == JOB_DONE ? 0 : j->state == JOB_FEEDING ? 2 : job_wait(d, 0, wait_ms, err);
    if (rc != 0)
        return rc;
    *tag = j->tag;
    rc = job_summary(a, j, out, err);
    job_clear(j);
    d->first = (d->first + 1) % DECODE_AHEAD_MAX;
    d->jobs_n--;
    trim(d);
    return rc;
}

/* Feeds [offset, offset + length) of src to the job that was begun last. */
static int feed_src(struct decode *d, struct decode_src src, uint64_t offset, uint64_t length,
                    struct error *err)
{
    struct buf chunk = BUF_INIT(PROTO_DATA_MAX);
    int rc = 0;
    if (src.read == NULL) {
        struct str s = str_skip(src.bytes, offset < SIZE_MAX ? (size_t)offset : SIZE_MAX);
        return decode_feed(d, 0, str_head(s, length < SIZE_MAX ? (size_t)length : SIZE_MAX), true,
                           err);
    }
    while (rc == 0 && length > 0) {
        buf_clear(&chunk);
        rc = src.read(src.arg, offset, length < PROTO_DATA_MAX ? (size_t)length : PROTO_DATA_MAX,
                      &chunk, err);
        if (rc != 0 || chunk.len == 0)
            break;
        rc = decode_feed(d, 0, buf_str(&chunk), false, err);
        offset += chunk.len;
        length -= chunk.len;
    }
    buf_free(&chunk);
    /* Ended also after a failed read: the worker must not wait for the rest of it. */
    struct error later;
    int end = decode_feed(d, 0, STR(""), true, rc == 0 ? err : &later);
    return rc != 0 ? rc : end;
}

struct question {
    enum proto_kind kind; /* PROTO_LAST: a summary */
    struct str args, key;
    struct decode_src src;
    uint64_t offset, length;
};

/* One question and its answer, behind what is under way. *done is cleared by the caller with
 * job_drop. */
static int ask(struct decode *d, const struct question *q, struct job **done, struct error *err)
{
    if (decode_begin(d, 0, q->key, err) != 0)
        return -1;
    size_t i = d->jobs_n - 1;
    int rc = 0;
    *done = job_at(d, i);
    if (q->kind != PROTO_LAST && !(*done)->passed)
        rc = frame_put(d, q->kind, q->args, err);
    if (rc == 0)
        rc = feed_src(d, q->src, q->offset, q->length, err);
    /* Waited for also after a failed read, so that no answer comes behind the question's back. */
    struct error later;
    if (job_at(d, i)->state != JOB_FEEDING)
        rc |= job_wait(d, i, -1, rc == 0 ? err : &later);
    return rc == 0 ? 0 : -1;
}

/* The last job goes. One without an answer is left only when no worker can be had: its bytes go
 * too. */
static void job_drop(struct decode *d)
{
    struct job *j = job_at(d, d->jobs_n - 1);
    if (j->state != JOB_DONE && !j->passed) {
        buf_truncate(&d->out, j->start > d->base ? (size_t)(j->start - d->base) : 0);
        if (d->written > stream_end(d))
            d->written = stream_end(d);
    }
    job_clear(j);
    d->jobs_n--;
    trim(d);
}

int decode_summary(struct decode *d, struct arena *a, struct decode_src raw,
                   struct mime_summary *out, struct error *err)
{
    struct question q = { .kind = PROTO_LAST, .key = raw.key, .src = raw, .length = UINT64_MAX };
    struct job *j = NULL;
    int rc = ask(d, &q, &j, err);
    if (rc == 0)
        rc = job_summary(a, j, out, err);
    if (j != NULL)
        job_drop(d);
    return rc;
}

static bool is_text(struct str type)
{
    return str_istarts(type, "text/") || str_ieqc(type, "message/delivery-status") ||
           str_ieqc(type, "message/disposition-notification");
}

static int job_text(struct arena *a, const struct job *j, struct decode_text *out,
                    struct error *err)
{
    *out = (struct decode_text){ .damage = MIME_DAMAGE_OPAQUE };
    if (j->rc < 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this part cannot be shown as text"));
    if (j->rc == 1)
        return 1;
    return proto_text_get(a, arena_str(a, buf_str(&j->answer)), out, err);
}

int decode_text(struct decode *d, struct arena *a, struct decode_src part,
                const struct mime_part_info *info, unsigned width, struct decode_text *out,
                struct error *err)
{
    if (!is_text(info->type) || (info->flags & (MIME_PART_CONTAINER | MIME_PART_UU)) != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this part is not text"));
    struct proto_text_ask args = { .type = info->type,
                                   .charset = info->charset,
                                   .encoding = info->encoding,
                                   .flags = info->flags,
                                   .width = width };
    struct buf packed = BUF_INIT(PROTO_DATA_MAX);
    bool cut = info->length > DECODE_TEXT_MAX;
    char key[MARKS_KEY_MAX];
    struct job *j = NULL;
    proto_text_ask_put(&packed, &args);
    int n = part.key.n == 0 ? 0
                            : snprintf(key, sizeof key, "%.*s/%llu", STR_ARG(part.key),
                                       (unsigned long long)info->offset);
    struct question q = { .kind = PROTO_ASK_TEXT,
                          .args = buf_str(&packed),
                          .key = { key, n > 0 && n < (int)sizeof key ? (size_t)n : 0 },
                          .src = part,
                          .offset = info->offset,
                          .length = cut ? DECODE_TEXT_MAX : info->length };
    int rc = buf_check(&packed, err);
    if (rc == 0)
        rc = ask(d, &q, &j, err);
    if (rc == 0)
        rc = job_text(a, j, out, err);
    if (rc == 0 && cut)
        out->damage |= MIME_DAMAGE_LIMIT;
    if (j != NULL)
        job_drop(d);
    buf_free(&packed);
    return rc;
}

int decode_header(struct decode *d, struct str raw, struct buf *out, struct error *err)
{
    struct question q = { .kind = PROTO_ASK_HEADER, .src = { .bytes = raw }, .length = raw.n };
    struct job *j = NULL;
    int rc = ask(d, &q, &j, err);
    if (rc == 0)
        rc = j->rc < 0 ? 1 : j->rc;
    if (rc == 0)
        buf_add_str(out, buf_str(&j->answer));
    if (j != NULL)
        job_drop(d);
    return rc == 0 ? buf_check(out, err) : rc;
}

int decode_servers(struct decode *d, struct arena *a, struct str xml, struct decode_servers *out,
                   struct error *err)
{
    struct question q = { .kind = PROTO_ASK_SERVERS, .src = { .bytes = xml }, .length = xml.n };
    struct job *j = NULL;
    *out = (struct decode_servers){ 0 };
    if (xml.n > DECODE_XML_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("the document is too long"));
    int rc = ask(d, &q, &j, err);
    if (rc == 0 && j->rc < 0)
        rc = error_set(err, ERR_PARSE, RETRY_NEVER, _("this is no autoconfig document"));
    else if (rc == 0)
        rc = j->rc;
    if (rc == 0)
        rc = proto_servers_get(a, arena_str(a, buf_str(&j->answer)), out, err);
    if (j != NULL)
        job_drop(d);
    return rc;
}
