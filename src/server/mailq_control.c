/* SPDX-License-Identifier: MIT */
/* What is asked of the queue through the control socket. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "server/limits.h"
#include "server/mailq_in.h"
#include "base/banned.h"

/* ---- the list ---- */

static const char *state_name(enum spool_state s)
{
    return s == SPOOL_WAITING ? "waiting" : s == SPOOL_DONE ? "done" : "failed";
}

static void put_plain(const struct mailq_entry *e, struct buf *out)
{
    char next[CLOCK_RFC3339_MAX];
    clock_rfc3339(e->env.next_at, next);
    buf_addf(out, "%s  %" PRIu64 " bytes  from <%s>  tries %u  %s%s\n", e->env.id, e->env.size,
             e->env.sender, e->env.tries, e->running > 0 ? "now" : "next ",
             e->running > 0 ? "" : next);
    for (size_t i = 0; i < e->env.rcpts_n; i++) {
        const struct spool_rcpt *r = &e->env.rcpts[i];
        if (r->state != SPOOL_WAITING)
            continue;
        buf_addf(out, "    <%s>", r->address);
        if (r->code != 0)
            buf_addf(out, "  %u", r->code);
        buf_addf(out, "%s%s\n", r->why != NULL ? "  " : "", r->why != NULL ? r->why : "");
    }
}

static void set_time(json_t *o, const char *name, int64_t when)
{
    char text[CLOCK_RFC3339_MAX];
    clock_rfc3339(when, text);
    json_object_set_new(o, name, json_string(text));
}

/* What is no UTF-8 has no place in JSON. */
static json_t *text_of(const char *s)
{
    json_t *t = s != NULL ? json_string(s) : json_null();
    return t != NULL ? t : json_string("?");
}

static json_t *rcpt_json(const struct spool_rcpt *r)
{
    json_t *o = json_object();
    json_object_set_new(o, "address", text_of(r->address));
    json_object_set_new(o, "account", text_of(r->account));
    json_object_set_new(o, "state", json_string(state_name(r->state)));
    json_object_set_new(o, "code", json_integer(r->code));
    json_object_set_new(o, "status", text_of(r->enhanced));
    json_object_set_new(o, "host", text_of(r->host));
    json_object_set_new(o, "reason", text_of(r->why));
    return o;
}

static void put_json(const struct mailq_entry *e, struct buf *out)
{
    json_t *o = json_object();
    json_t *rcpts = json_array();
    json_object_set_new(o, "id", json_string(e->env.id));
    json_object_set_new(o, "sender", text_of(e->env.sender));
    json_object_set_new(o, "size", json_integer((json_int_t)e->env.size));
    set_time(o, "arrived", e->env.arrived_at);
    set_time(o, "next", e->env.next_at);
    json_object_set_new(o, "tries", json_integer(e->env.tries));
    json_object_set_new(o, "under_way", json_boolean(e->running > 0));
    json_object_set_new(o, "warned", json_boolean(e->env.warned));
    for (size_t i = 0; i < e->env.rcpts_n; i++)
        json_array_append_new(rcpts, rcpt_json(&e->env.rcpts[i]));
    json_object_set_new(o, "recipients", rcpts);
    char *text = json_dumps(o, JSON_COMPACT);
    buf_adds(out, text != NULL ? text : "{}");
    buf_addc(out, '\n');
    free(text);
    json_decref(o);
}

static int by_arrival(const void *a, const void *b)
{
    const struct mailq_entry *x = *(const struct mailq_entry *const *)a;
    const struct mailq_entry *y = *(const struct mailq_entry *const *)b;
    return x->env.arrived_at != y->env.arrived_at ? (x->env.arrived_at < y->env.arrived_at ? -1 : 1)
           : x->turn != y->turn                   ? (x->turn < y->turn ? -1 : 1)
                                                  : 0;
}

void mailq_list(const struct mailq *q, bool json, struct buf *out)
{
    struct mailq_entry **sorted = xcalloc(q->n + 1, sizeof(struct mailq_entry *));
    for (size_t i = 0; i < q->n; i++)
        sorted[i] = q->entries[i];
    qsort(sorted, q->n, sizeof(struct mailq_entry *), by_arrival);
    for (size_t i = 0; i < q->n; i++)
        (json ? put_json : put_plain)(sorted[i], out);
    free(sorted);
}

/* ---- requests, on the threads of the control socket ---- */

static void job_drop(struct msg *m)
{
    struct mailq_job *j = (struct mailq_job *)m;
    free(j->id);
    buf_free(&j->out);
    free(j);
}

static struct mailq_job *job_new(enum mailq_job_kind kind)
{
    struct mailq_job *j = xcalloc(1, sizeof *j);
    j->m.kind = (int)kind;
    j->m.drop = job_drop;
    buf_init(&j->out, SERVER_OUT_MAX);
    return j;
}

/* Takes j. */
static int ask(struct mailq *q, struct mailq_job *j, struct buf *out, struct error *err)
{
    struct queue *answers = queue_new(1, err);
    j->answer = answers;
    if (answers == NULL || queue_put(q->jobs, &j->m) != 0) {
        if (answers != NULL)
            error_set(err, ERR_CANCELLED, RETRY_LATER, _("the server is stopping"));
        queue_free(&answers);
        return -1;
    }
    queue_take(answers, -1);
    int rc = j->rc;
    if (rc != 0)
        *err = j->err;
    buf_add_str(out, buf_str(&j->out));
    job_drop(&j->m);
    queue_free(&answers);
    return rc;
}

static int run_list(void *arg, const struct str *words, size_t n, struct buf *out,
                    struct error *err)
{
    struct mailq_job *j = job_new(MAILQ_LIST);
    j->json = n > 0 && str_eqc(words[0], "--json");
    return ask(arg, j, out, err);
}

static int run_flush(void *arg, const struct str *words, size_t n, struct buf *out,
                     struct error *err)
{
    struct mailq_job *j = job_new(MAILQ_FLUSH);
    j->id = n > 0 ? xmemdup0(words[0].p, words[0].n) : NULL;
    return ask(arg, j, out, err);
}

static int run_remove(void *arg, const struct str *words, size_t n, struct buf *out,
                      struct error *err)
{
    if (n != 1)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("which message? See queue list"));
    struct mailq_job *j = job_new(MAILQ_REMOVE);
    j->id = xmemdup0(words[0].p, words[0].n);
    return ask(arg, j, out, err);
}

static int run_now(void *arg, const struct str *words, size_t n, struct buf *out, struct error *err)
{
    char text[CLOCK_RFC3339_MAX];
    const struct mailq *q = arg;
    (void)words;
    (void)n;
    (void)err;
    clock_rfc3339(vclock_now(q->setup.clock), text);
    buf_addf(out, "%s\n", text);
    return 0;
}

static int run_advance(void *arg, const struct str *words, size_t n, struct buf *out,
                       struct error *err)
{
    int64_t by = 0;
    char *text = n == 1 ? xmemdup0(words[0].p, words[0].n) : xstrdup("");
    int rc = options_duration(text, &by, err);
    free(text);
    if (rc != 0)
        return -1;
    struct mailq_job *j = job_new(MAILQ_ADVANCE);
    j->until = by;
    if (ask(arg, j, out, err) != 0)
        return -1;
    return run_now(arg, NULL, 0, out, err);
}

const struct control_command mailq_commands[] = {
    { "queue list", run_list }, { "queue flush", run_flush },     { "queue remove", run_remove },
    { "clock now", run_now },   { "clock advance", run_advance }, { NULL, NULL },
};
