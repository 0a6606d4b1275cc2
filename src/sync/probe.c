/* SPDX-License-Identifier: MIT */
#include "sync/probe.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/queue.h"
#include "bus/jline.h"
#include "base/banned.h"

enum { LINES_MAX = 256, CHUNK = 4096, QUESTION_MS = 30000 };

enum { SAY, SAY_ASK, SAY_END, ANSWER };
/* Between the two threads. */
struct line {
    struct msg msg;
    struct buf text;
    int64_t id;
};

struct probe {
    const struct probe_kind *kind;
    const json_t *question;
    struct queue *out, *answers;
    struct net_cancel *cancel;
    struct log *log;
    int64_t asked; /* the kind's thread */
};

/* ------------------------------------------------------------------ the kind's side */

static void line_drop(struct msg *m)
{
    struct line *l = (struct line *)m;
    buf_wipe(&l->text);
    free(l);
}

static struct line *line_new(int kind)
{
    struct line *l = xcalloc(1, sizeof *l);
    l->msg = (struct msg){ .kind = kind, .drop = line_drop };
    buf_init(&l->text, PROBE_LINE_MAX);
    return l;
}

static void put(struct probe *p, int kind, json_t *o)
{
    struct line *l = line_new(kind);
    jline_write(o, &l->text);
    jline_wipe(o);
    (void)queue_put(p->out, &l->msg);
}

void probe_say(struct probe *p, json_t *line)
{
    put(p, SAY, line);
}

static json_t *sentence(const char *say, struct str text)
{
    json_t *o = json_object();
    struct buf line = BUF_INIT(PROBE_LINE_MAX);
    for (size_t i = 0; i < text.n; i++) /* words of a server may be among it */
        buf_addc(&line, (unsigned char)text.p[i] < ' ' ? ' ' : text.p[i]);
    json_object_set_new(o, "say", json_string(say));
    jline_put(o, "text", buf_str(&line));
    buf_free(&line);
    return o;
}

void probe_progress(struct probe *p, const char *fmt, ...)
{
    struct buf text = BUF_INIT(ERROR_TEXT_MAX);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    put(p, SAY, sentence("progress", buf_str(&text)));
    buf_free(&text);
}

int probe_ask(struct probe *p, const char *what, const char *text, struct buf *answer,
              struct error *err)
{
    json_t *o = sentence("ask", str_c(text));
    jline_put_number(o, "id", ++p->asked);
    jline_put(o, "what", str_c(what));
    put(p, SAY_ASK, o);
    for (;;) {
        struct line *l = (struct line *)queue_take(p->answers, -1);
        if (l == NULL)
            return error_set(err, ERR_CANCELLED, RETRY_NEVER, _("broken off"));
        bool ours = l->id == p->asked;
        if (ours)
            buf_add_str(answer, buf_str(&l->text));
        msg_drop(&l->msg);
        if (ours)
            return buf_check(answer, err);
    }
}

struct net_cancel *probe_cancel(const struct probe *p)
{
    return p->cancel;
}

struct log *probe_log(const struct probe *p)
{
    return p->log;
}

static json_t *end_of(const struct error *err)
{
    json_t *end = sentence("end", str_c(err->text));
    jline_put_number(end, "code", err->code);
    jline_put_yes(end, "later", err->retry != RETRY_NEVER);
    return end;
}

static void *kind_thread(void *arg)
{
    struct probe *p = arg;
    struct error err = { 0 };
    if (p->kind->run(p, p->question, &err) == 0)
        error_clear(&err);
    put(p, SAY_END, end_of(&err));
    return NULL;
}

/* ------------------------------------------------------------------ the caller's side */

struct host {
    const struct probe_setup *setup;
    struct probe *p;
    struct buf in, out;
    bool in_closed, ended, broken_off;
    int64_t deadline, asked_at; /* asked_at: the person thinks since then, 0 if not */
};

static void break_off(struct host *h)
{
    if (!h->broken_off) {
        h->broken_off = true;
        h->deadline = clock_mono_ms() + PROBE_END_MS;
        h->asked_at = 0;
        net_cancel_set(h->p->cancel);
        queue_close(h->p->answers);
    }
}

static void take_answer(struct host *h, struct str text)
{
    struct error ignored;
    json_t *o = jline_read(text, &ignored);
    if (o == NULL || jline_number(o, "answer") == 0) {
        json_decref(o);
        break_off(h);
        return;
    }
    struct line *l = line_new(ANSWER);
    l->id = jline_number(o, "answer");
    buf_add_str(&l->text, jline_text(o, "text"));
    jline_wipe(o);
    if (h->asked_at != 0)
        h->deadline += clock_mono_ms() - h->asked_at;
    h->asked_at = 0;
    (void)queue_put_now(h->p->answers, &l->msg);
}

/* Reads what is there. -1 at the end of it, or past the ceiling of a line. */
static int read_some(int fd, struct buf *in)
{
    char *room = buf_room(in, CHUNK);
    ssize_t n = room != NULL ? read(fd, room, CHUNK) : 0;
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -1;
    buf_grown(in, (size_t)n);
    return n > 0 ? 0 : -1;
}

static void take_answers(struct host *h)
{
    struct str rest = buf_str(&h->in), line;
    while (str_until(&rest, '\n', &line) == 0)
        take_answer(h, line);
    explicit_bzero(h->in.data, h->in.len - rest.n);
    buf_consume(&h->in, h->in.len - rest.n);
}

static void take_input(struct host *h)
{
    if (read_some(h->setup->in, &h->in) == 0) {
        take_answers(h);
    } else {
        h->in_closed = true;
        break_off(h);
    }
}

static void take_lines(struct host *h)
{
    struct line *l;
    while (!h->ended && h->out.len < PROBE_LINE_MAX &&
           (l = (struct line *)queue_take(h->p->out, 0)) != NULL) {
        buf_add_str(&h->out, buf_str(&l->text));
        if (l->msg.kind == SAY_ASK && !h->broken_off)
            h->asked_at = clock_mono_ms();
        h->ended = l->msg.kind == SAY_END;
        msg_drop(&l->msg);
    }
}

/* At most as much as a pipe that says it has room takes without waiting. */
static void give_lines(struct host *h)
{
    ssize_t n = write(h->setup->out, h->out.data, h->out.len < CHUNK ? h->out.len : CHUNK);
    if (n > 0)
        buf_consume(&h->out, (size_t)n);
    else if (n < 0 && errno != EINTR && errno != EAGAIN) {
        buf_clear(&h->out); /* nobody listens any more */
        break_off(h);
    }
}

/* When something has to end: the person's thinking, the question, or at last the breaking off. */
static int64_t host_deadline(const struct host *h)
{
    return h->asked_at != 0 ? h->asked_at + PROBE_ASK_MS : h->deadline;
}

/* 0; -1 when the time to end in is over. */
static int host_turn(struct host *h)
{
    if (clock_mono_ms() >= host_deadline(h)) {
        if (h->broken_off)
            return -1;
        break_off(h);
    }
    struct pollfd fds[4] = {
        { h->in_closed ? -1 : h->setup->in, POLLIN, 0 },
        { h->out.len > 0 ? h->setup->out : -1, POLLOUT, 0 },
        { h->ended || h->out.len >= PROBE_LINE_MAX ? -1 : queue_fd(h->p->out), POLLIN, 0 },
        { h->broken_off ? -1 : h->setup->stop_fd, POLLIN, 0 },
    };
    poll(fds, COUNT(fds), clock_left_ms(host_deadline(h)));
    if (fds[3].revents != 0)
        break_off(h);
    if (fds[0].revents != 0)
        take_input(h);
    if (fds[1].revents != 0)
        give_lines(h);
    take_lines(h);
    return 0;
}

/* 0, or 1 when the thread is left behind. */
static int host_run(struct host *h, struct error *err)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, kind_thread, h->p);
    if (rc != 0) {
        errno = rc;
        return error_sys(err, _("cannot start a thread"));
    }
    if (h->in.len > 0)
        take_answers(h);
    while (!h->ended || h->out.len > 0)
        if (host_turn(h) != 0)
            return 1;
    pthread_join(thread, NULL);
    return 0;
}

static const struct probe_kind *kind_find(const struct probe_setup *s, struct str name)
{
    for (size_t i = 0; i < s->kinds_n; i++)
        if (str_eqc(name, s->kinds[i].name))
            return &s->kinds[i];
    return NULL;
}

static int host_start(struct host *h, struct error *err)
{
    struct probe *p = h->p;
    p->log = h->setup->log;
    p->kind = kind_find(h->setup, jline_text(p->question, "probe"));
    if (p->kind == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this engine does not know that question"));
    p->cancel = net_cancel_new(err);
    p->out = p->cancel != NULL ? queue_new(LINES_MAX, err) : NULL;
    p->answers = p->out != NULL ? queue_new(LINES_MAX, err) : NULL;
    h->deadline = clock_mono_ms() + p->kind->wait_ms;
    return p->answers != NULL ? host_run(h, err) : -1;
}

/* The first line, whole. */
static json_t *read_question(struct host *h, struct error *err)
{
    int64_t deadline = clock_mono_ms() + QUESTION_MS;
    struct pollfd fds[2] = { { h->setup->in, POLLIN, 0 }, { h->setup->stop_fd, POLLIN, 0 } };
    struct str rest = { 0 }, line;
    while (str_until(&rest, '\n', &line) != 0) {
        if (poll(fds, 2, clock_left_ms(deadline)) <= 0 || fds[1].revents != 0 ||
            read_some(h->setup->in, &h->in) != 0) {
            error_set(err, ERR_CANCELLED, RETRY_NEVER, _("nothing was asked"));
            return NULL;
        }
        rest = buf_str(&h->in);
    }
    json_t *question = jline_read(line, err);
    explicit_bzero(h->in.data, line.n);
    buf_consume(&h->in, line.n + 1);
    return question;
}

/* The question could not even be begun. */
static int say_why_not(int out, const struct error *why, struct error *err)
{
    struct buf line = BUF_INIT(PROBE_LINE_MAX);
    json_t *end = end_of(why);
    jline_write(end, &line);
    json_decref(end);
    int rc = file_write_fd(out, buf_str(&line), "stdout", err);
    buf_free(&line);
    return rc;
}

int probe_serve(const struct probe_setup *setup, struct error *err)
{
    struct probe p = { 0 };
    struct host h = { .setup = setup, .p = &p };
    struct error why = { 0 };
    buf_init(&h.in, PROBE_LINE_MAX + CHUNK);
    buf_init(&h.out, 3 * PROBE_LINE_MAX);
    json_object_seed(0); /* before there is a second thread */
    json_t *question = read_question(&h, err);
    p.question = question;
    int rc = question != NULL ? host_start(&h, &why) : -1;
    if (rc == 1)
        return 1;
    if (rc == -1 && question != NULL)
        rc = say_why_not(setup->out, &why, err);
    jline_wipe(question);
    queue_free(&p.out);
    queue_free(&p.answers);
    net_cancel_free(&p.cancel);
    buf_wipe(&h.in);
    buf_wipe(&h.out);
    return rc;
}
