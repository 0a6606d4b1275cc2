/* SPDX-License-Identifier: MIT */
#include "net/pop3_conn.h"

#include "base/i18n.h"
#include "net/trace.h"
#include "base/banned.h"

/* What may be under way: enough that no line runs empty, not so much that a broken link costs much
 * again. A refill waits until half of it has come, so that commands go in few writes. */
enum { WINDOW_BYTES = 1 << 20, WINDOW_COMMANDS = 500 };

struct run {
    struct pop3 *p;
    const struct pop3_job *job;
    size_t asked, answered;
    bool stop;          /* no more is asked for */
    uint64_t under_way; /* bytes, of all that is asked and has not come */
    uint64_t left;      /* of them, those of the answer that is being read */
    enum pop3_follow follow;
    struct wire_pop3_body body;
};

int pop3_nonsense(struct pop3 *p, const char *what, struct error *err)
{
    log_line(p->log, LOG_INFO, "%s: %s", p->host, what);
    return error_set(err, ERR_PROTO, RETRY_LATER,
                     _("%s does not speak POP3 as it should: the connection was closed"), p->host);
}

/* RFC 2449 §8: levels behind a slash say more, and are the same where they are not known. */
static bool code_is(struct str code, const char *name)
{
    return str_ilit(&code, name) == 0 && (code.n == 0 || code.p[0] == '/');
}

void pop3_answer_keep(struct pop3_answer *a, const struct wire_pop3_reply *r)
{
    struct buf words = BUF_INIT(2 * WIRE_POP3_LINE_MAX);
    a->kind = (int)r->kind;
    a->code = code_is(r->code, "AUTH")       ? SAID_AUTH
              : code_is(r->code, "SYS/PERM") ? SAID_NEVER
              : code_is(r->code, "SYS/TEMP") || code_is(r->code, "IN-USE") ||
                      code_is(r->code, "LOGIN-DELAY")
                  ? SAID_LATER
                  : SAID_NOTHING;
    if (r->code.n > 0)
        buf_addf(&words, "[%.*s] ", STR_ARG(r->code));
    buf_add_str(&words, r->text);
    net_words(a->words, sizeof a->words, buf_str(&words));
    buf_free(&words);
}

int pop3_refused(const struct pop3 *p, const struct pop3_answer *a, struct error *err)
{
    enum error_retry retry = a->code == SAID_NEVER ? RETRY_NEVER : RETRY_LATER;
    if (a->words[0] == '\0')
        return error_set(err, ERR_REFUSED, retry, _("%s refuses, and does not say why"), p->host);
    return error_set(err, ERR_REFUSED, retry, _("%s refuses: %s"), p->host, a->words);
}

static uint64_t cost(const struct run *r, size_t i)
{
    enum { COST_MAX = 1 << 30 }; /* so that no sum of a window of them overflows */
    uint64_t bytes = r->job->cost == NULL ? 0 : r->job->cost(r->job->arg, i);
    return bytes < COST_MAX ? bytes : COST_MAX;
}

static bool finished(const struct run *r)
{
    return r->answered == r->asked && (r->stop || r->asked == r->job->n);
}

static bool wants_refill(const struct run *r)
{
    const struct pop3 *p = r->p;
    if (r->stop || r->asked == r->job->n || p->out_pos < p->out.len)
        return false; /* TLS wants a write repeated with the same bytes: none may be added */
    if (r->asked == r->answered)
        return true;
    return (p->caps & POP3_CAP_PIPELINING) && r->under_way <= WINDOW_BYTES / 2 &&
           r->asked - r->answered <= WINDOW_COMMANDS / 2;
}

static int refill(struct run *r, struct error *err)
{
    struct pop3 *p = r->p;
    size_t most = (p->caps & POP3_CAP_PIPELINING) ? WINDOW_COMMANDS : 1;
    if (!wants_refill(r))
        return 0;
    buf_clear(&p->out);
    p->out_pos = 0;
    do {
        r->stop = r->job->enough != NULL && r->job->enough(r->job->arg);
        if (r->stop)
            break;
        r->under_way += cost(r, r->asked);
        r->job->put(r->job->arg, r->asked++, &p->out);
    } while (r->asked < r->job->n && r->asked - r->answered < most && r->under_way < WINDOW_BYTES);
    if (r->job->may_challenge) /* it may be a login */
        trace_verb(p->log, p->host, buf_str(&p->out));
    else
        trace_out(p->log, p->host, buf_str(&p->out));
    return buf_check(&p->out, err);
}

static void came(struct run *r, uint64_t bytes)
{
    uint64_t n = bytes < r->left ? bytes : r->left;
    r->left -= n;
    r->under_way -= n;
}

static void answer_done(struct run *r)
{
    came(r, r->left);
    r->follow = FOLLOW_NOTHING;
    r->answered++;
}

static void trace_reply(struct pop3 *p, const struct wire_pop3_reply *reply)
{
    struct buf line = BUF_INIT(2 * TRACE_LINE_MAX);
    buf_addf(&line, "%s %.*s",
             reply->kind == POP3_ERR        ? "-ERR"
             : reply->kind == POP3_CONTINUE ? "+"
                                            : "+OK",
             STR_ARG(str_head(reply->text, TRACE_LINE_MAX)));
    trace_in(p->log, p->host, buf_str(&line));
    buf_free(&line);
}

/* The steps: 0 went on, 1 more must come, -1. */
static int take_reply(struct run *r, struct str *in, struct error *err)
{
    struct wire_pop3_reply reply;
    enum wire_result got = wire_pop3_reply_next(in, &reply);
    if (got == WIRE_MORE)
        return 1;
    if (got != WIRE_OK || (reply.kind == POP3_CONTINUE && !r->job->may_challenge))
        return pop3_nonsense(r->p, "an answer that is none", err);
    trace_reply(r->p, &reply);
    if (reply.kind == POP3_ERR)
        log_line(r->p->log, LOG_INFO, "%s: -ERR [%.*s] %.*s", r->p->host, STR_ARG(reply.code),
                 STR_ARG(str_head(reply.text, 200)));
    r->left = cost(r, r->answered);
    r->body = (struct wire_pop3_body){ 0 };
    if (r->job->reply(r->job->arg, r->answered, &reply, &r->follow, err) < 0)
        return -1;
    if (r->follow == FOLLOW_NOTHING)
        answer_done(r);
    return 0;
}

static int take_line(struct run *r, struct str *in, struct error *err)
{
    struct str line;
    bool end = false;
    enum wire_result got = wire_pop3_line_next(in, &line, &end);
    if (got == WIRE_MORE)
        return 1;
    if (got != WIRE_OK)
        return pop3_nonsense(r->p, "a line that is none", err);
    if (!end)
        return r->job->line(r->job->arg, r->answered, line, err);
    answer_done(r);
    return 0;
}

static int take_bytes(struct run *r, struct str *in, struct error *err)
{
    struct str bytes;
    size_t before = in->n;
    bool last = wire_pop3_body_next(&r->body, in, &bytes) == WIRE_OK;
    came(r, before - in->n);
    if ((bytes.n > 0 || last) && r->job->bytes(r->job->arg, r->answered, bytes, last, err) < 0)
        return -1;
    if (last)
        answer_done(r);
    return 0;
}

static int dispatch(struct run *r, struct error *err)
{
    struct pop3 *p = r->p;
    struct str in = buf_str(&p->in);
    int rc = 0;
    while (rc == 0 && in.n > 0 && r->answered < r->asked)
        rc = r->follow == FOLLOW_BODY    ? take_bytes(r, &in, err)
             : r->follow == FOLLOW_LINES ? take_line(r, &in, err)
                                         : take_reply(r, &in, err);
    if (rc == 0 && in.n > 0 && !finished(r)) /* RFC 1939 §3: an answer follows its command */
        rc = pop3_nonsense(p, "an answer to what was not asked", err);
    buf_consume(&p->in, p->in.len - in.n);
    return rc < 0 ? -1 : 0;
}

/* Moves on in both directions, waiting where neither goes: two full pipes cannot wait for each
 * other. */
static int step(struct run *r, struct error *err)
{
    struct pop3 *p = r->p;
    struct str out = str_skip(buf_str(&p->out), p->out_pos);
    size_t sent = 0;
    if (stream_send(p->stream, out, &sent, err) < 0)
        return -1;
    p->out_pos += sent;
    int rc = stream_read(p->stream, &p->in, 0, err);
    if (rc == 0)
        return dispatch(r, err);
    if (rc == 2)
        rc = stream_wait(p->stream, sent < out.n, -1, p->wait_ms, err);
    return rc == 0 ? 0 : stream_ended(p->stream, rc, p->wait_ms, err);
}

/* Nothing may have come ahead of what we are about to say; a server that goes may say so. */
static int nothing_waits(struct pop3 *p, struct error *err)
{
    int got = p->in.len > 0 ? 0 : stream_read(p->stream, &p->in, 0, err);
    if (got == 2)
        return 0;
    struct str in = buf_str(&p->in);
    struct wire_pop3_reply r;
    struct pop3_answer a;
    if (got != 0)
        return stream_ended(p->stream, got, 0, err);
    if (wire_pop3_reply_next(&in, &r) != WIRE_OK || r.kind != POP3_ERR)
        return pop3_nonsense(p, "words that were not asked for", err);
    pop3_answer_keep(&a, &r);
    return error_set(err, ERR_NET, RETRY_LATER, _("%s closes the connection: %s"), p->host,
                     a.words);
}

static int check_usable(const struct pop3 *p, struct error *err)
{
    if (!p->broken)
        return 0;
    return error_set(err, ERR_NET, RETRY_NOW, _("the connection to %s is closed"), p->host);
}

int pop3_run(struct pop3 *p, const struct pop3_job *job, size_t *done, struct error *err)
{
    struct run r = { .p = p, .job = job };
    *done = 0;
    if (check_usable(p, err) < 0)
        return -1;
    int rc = job->n > 0 ? nothing_waits(p, err) : 0;
    while (rc == 0) {
        rc = refill(&r, err);
        if (rc != 0 || finished(&r))
            break;
        rc = step(&r, err);
    }
    *done = r.answered;
    p->broken = rc < 0;
    return rc;
}

struct single {
    struct str line;
    struct pop3_answer *answer;
    struct buf *challenge;
};

static void single_put(void *arg, size_t i, struct buf *out)
{
    const struct single *s = arg;
    (void)i;
    buf_add_str(out, s->line);
}

static int single_reply(void *arg, size_t i, const struct wire_pop3_reply *r,
                        enum pop3_follow *follow, struct error *err)
{
    const struct single *s = arg;
    (void)i;
    (void)err;
    pop3_answer_keep(s->answer, r);
    buf_clear(s->challenge);
    if (r->kind == POP3_CONTINUE)
        buf_add_str(s->challenge, r->text);
    *follow = FOLLOW_NOTHING;
    return 0;
}

int pop3_command(struct pop3 *p, struct str line, struct pop3_answer *a, struct error *err)
{
    struct single s = { line, a, &p->challenge };
    struct pop3_job job = {
        .n = 1, .put = single_put, .reply = single_reply, .arg = &s, .may_challenge = true
    };
    size_t done;
    return pop3_run(p, &job, &done, err);
}
