/* SPDX-License-Identifier: MIT */
#include "sync/outbox.h"

#include <stdlib.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "cache/body.h"
#include "cache/journal.h"
#include "net/smtp.h"
#include "sync/columns.h"
#include "sync/folders.h"
#include "sync/head.h"
#include "sync/judge.h"
#include "sync/link.h"
#include "sync/say.h"
#include "base/banned.h"

enum {
    SENDMAIL_MS = 120000,
    SENDMAIL_SAYS_MAX = 64 << 10,
    MESSAGE_MAX = 256 << 20,
    PIECE = 256 << 10,
    EX_TEMPFAIL_CODE = 75 /* sysexits.h */
};

/* The round through the outbox: one connection for all of it. */
struct round {
    struct sync_account *w;
    struct smtp *smtp;
    struct error
        unreachable; /* ERR_NONE until a server could not be reached: the rest waits then */
};

/* One entry being sent. */
struct attempt {
    struct round *round;
    struct arena *a;
    struct outbox_entry *e;
    struct smtp_envelope env;
    size_t *which;
};

static int64_t now_s(void)
{
    return clock_wall_ms() / 1000;
}

static void entry_say(struct sync_account *w, const struct outbox_entry *e)
{
    static const char *const names[] = { [OUTBOX_QUEUED] = "queued",
                                         [OUTBOX_SENDING] = "sending",
                                         [OUTBOX_DOUBT] = "doubt",
                                         [OUTBOX_FAILED] = "failed",
                                         [OUTBOX_SENT] = "sent" };
    say_event(w->events, &(struct bus_event){ .kind = EVENT_OUTBOX,
                                              .id = e->id,
                                              .account = str_c(w->cfg->name),
                                              .state = str_c(names[e->state]),
                                              .text = e->reason });
}

/* ------------------------------------------------------------------ the bytes */

static int entry_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    struct attempt *t = arg;
    return cache_body_read_id(t->round->w->cache, t->e->body, offset, want, out, err);
}

/* ------------------------------------------------------------------ SMTP */

static int smtp_connect(struct round *r, struct error *err)
{
    struct sync_account *w = r->w;
    if (r->smtp != NULL && smtp_usable(r->smtp))
        return 0;
    smtp_close(&r->smtp);
    struct net_login login;
    int anonymous = account_login(w, NET_SMTP, &login, err);
    if (anonymous < 0)
        return -1;
    struct smtp_options o = {
        .endpoint = account_endpoint(w->cfg, NET_SMTP),
        .login = anonymous ? NULL : &login,
        .cancel = w->cancel,
        .log = w->log,
        .connect_ms = LINK_CONNECT_MS,
        .wait_ms = LINK_SILENCE_MS,
    };
    r->smtp = smtp_open(&o, err);
    if (r->smtp == NULL && err->code == ERR_AUTH && err->retry == RETRY_NEVER)
        account_password_refuse(w);
    return r->smtp != NULL ? 0 : -1;
}

static int before_dot(void *arg, struct error *err)
{
    struct attempt *t = arg;
    (void)sys_fault(FAULT_EXIT, "outbox before dot");
    return cache_outbox_dot(t->round->w->cache, t->e->id, err);
}

static enum smtp_outcome by_smtp(struct attempt *t, struct error *why)
{
    if (smtp_connect(t->round, why) != 0) {
        t->round->unreachable = *why;
        return SMTP_UNSENT;
    }
    struct smtp_body body = { .read = entry_read, .before_dot = before_dot, .arg = t };
    enum smtp_outcome outcome = smtp_send(t->round->smtp, &t->env, &body, why);
    if (outcome == SMTP_UNSENT && !smtp_usable(t->round->smtp))
        t->round->unreachable = *why;
    return outcome;
}

/* ------------------------------------------------------------------ the sendmail command */

/* The whole message with the line ends of this system, as such commands expect it. */
static int message_text(struct attempt *t, struct buf *out, struct error *err)
{
    struct buf piece = BUF_INIT(PIECE);
    uint64_t at = 0;
    int rc;
    do {
        buf_clear(&piece);
        rc = entry_read(t, at, PIECE, &piece, err);
        at += piece.len;
        for (size_t i = 0; i < piece.len; i++) {
            if (piece.data[i] == '\n' && out->len > 0 && out->data[out->len - 1] == '\r')
                buf_truncate(out, out->len - 1);
            buf_addc(out, piece.data[i]);
        }
    } while (rc == 0 && piece.len > 0);
    buf_free(&piece);
    return rc == 0 ? buf_check(out, err) : -1;
}

/* COMMAND -i -f SENDER -- RECIPIENT..., without a shell; the addresses come last and cannot be
 * taken for options. */
static int command_words(struct attempt *t, char ***argv, struct error *err)
{
    struct sync_account *w = t->round->w;
    char **words;
    size_t n = 0;
    if (child_split(t->a, str_c(w->cfg->sendmail_command), &words, err) != 0)
        return -1;
    while (words[n] != NULL)
        n++;
    char **all = arena_array(t->a, n + 5 + t->env.rcpts_n, sizeof *all);
    memcpy(all, words, n * sizeof *all);
    all[n++] = arena_fmt(t->a, "-i");
    all[n++] = arena_fmt(t->a, "-f");
    all[n++] = arena_fmt(t->a, "%s", t->env.sender);
    all[n++] = arena_fmt(t->a, "--");
    for (size_t i = 0; i < t->env.rcpts_n; i++)
        all[n++] = arena_fmt(t->a, "%s", t->env.rcpts[i].address);
    *argv = all;
    return 0;
}

static enum smtp_outcome command_run(struct attempt *t, char *const *argv, struct str text,
                                     struct error *why)
{
    struct buf says = BUF_INIT(SENDMAIL_SAYS_MAX);
    if (before_dot(t, why) != 0)
        return SMTP_UNSENT;
    why->sys = 0;
    int rc = child_run(argv, text, &says, -1, SENDMAIL_MS, why);
    buf_free(&says);
    for (size_t i = 0; rc == 0 && i < t->env.rcpts_n; i++)
        t->env.rcpts[i].code = 250;
    if (rc == 0)
        return SMTP_SENT;
    if (why->code == ERR_NET) /* time was up: it may have taken the message */
        return SMTP_IN_DOUBT;
    return why->sys == EX_TEMPFAIL_CODE || why->sys > 128 ? SMTP_UNSENT : SMTP_REJECTED;
}

static enum smtp_outcome by_command(struct attempt *t, struct error *why)
{
    struct buf text = BUF_INIT(MESSAGE_MAX);
    char **argv;
    enum smtp_outcome outcome = SMTP_UNSENT;
    if (message_text(t, &text, why) == 0 && command_words(t, &argv, why) == 0)
        outcome = command_run(t, argv, buf_str(&text), why);
    buf_free(&text);
    return outcome;
}

/* ------------------------------------------------------------------ the copy for Sent */

/* What the store knows the message by: SHA-256 of its bytes, and of its header block with its size.
 */
static int identity_fill(struct attempt *t, struct cache_message *m, struct error *err)
{
    struct buf piece = BUF_INIT(PIECE);
    struct hash *hash = hash_new();
    struct head head;
    int rc;
    head_init(&head);
    do {
        buf_clear(&piece);
        rc = entry_read(t, head.size, PIECE, &piece, err);
        hash_add(hash, buf_str(&piece));
        head_add(&head, buf_str(&piece));
    } while (rc == 0 && piece.len > 0);
    hash_end(&hash, m->identity);
    head_end(&head, 0, m->head);
    buf_free(&piece);
    return rc;
}

/* Into the local Sent at once; the journal brings it to the server. */
static int copy_store(struct attempt *t, const struct mime_summary *s, struct error *err)
{
    struct sync_account *w = t->round->w;
    struct cache_folder sent;
    struct cache_message m = { .account = w->id,
                               .body = t->e->body,
                               .date = now_s(),
                               .received = now_s(),
                               .size = t->e->size };
    int64_t message, op;
    if (folders_need(w, t->a, ROLE_SENT, "Sent", &sent, err) != 0)
        return -1;
    columns_fill(t->a, s, &m);
    if (identity_fill(t, &m, err) != 0)
        return -1;
    struct cache_placement where = { .folder = sent.id, .flags = CACHE_SEEN };
    if (cache_message_put(w->cache, &m, &where, &message, err) != 0)
        return -1;
    account_folder_changed(w, sent.id);
    if (w->cfg->receive == RECEIVE_NONE)
        return 0;
    return cache_journal_add(w->cache,
                             &(struct cache_op){ .kind = OP_APPEND,
                                                 .account = w->id,
                                                 .message = message,
                                                 .target = sent.id,
                                                 .add = CACHE_SEEN },
                             &op, err);
}

/* The end of the attempt and the copy in one transaction: after a crash there are both or none. */
static int entry_end(struct attempt *t, bool copy, struct error *err)
{
    struct sync_account *w = t->round->w;
    struct mime_summary s = { 0 };
    struct error ignored = { 0 };
    struct decode_src src = { .read = entry_read, .arg = t, .key = t->e->message_id };
    copy = copy && t->e->save_sent;
    if (copy && (w->decode == NULL || decode_summary(w->decode, t->a, src, &s, &ignored) < 0)) {
        s.subject = t->e->subject; /* the copy matters more than its columns */
        s.message_id = t->e->message_id;
    }
    int rc = cache_begin(w->cache, true, err);
    if (rc == 0)
        rc = cache_outbox_update(w->cache, t->e, err);
    if (rc == 0 && copy)
        rc = copy_store(t, &s, err);
    if (rc == 0 && t->e->state == OUTBOX_SENT)
        rc = cache_outbox_drop(w->cache, t->e->id, err);
    if (rc == 0)
        rc = cache_commit(w->cache, err);
    if (rc != 0)
        cache_rollback(w->cache);
    else
        entry_say(w, t->e);
    return rc;
}

/* ------------------------------------------------------------------ the round */

static void envelope_fill(struct attempt *t)
{
    struct outbox_entry *e = t->e;
    t->which = arena_array(t->a, e->rcpts_n + 1, sizeof *t->which);
    size_t n = judge_open(e, t->which);
    t->env = (struct smtp_envelope){
        .sender = arena_fmt(t->a, "%.*s", STR_ARG(e->sender)),
        .rcpts = arena_array(t->a, n + 1, sizeof *t->env.rcpts),
        .rcpts_n = n,
        .size = e->size,
        .eight_bit = e->eight_bit,
    };
    for (size_t i = 0; i < n; i++)
        t->env.rcpts[i].address = arena_fmt(t->a, "%.*s", STR_ARG(e->rcpts[t->which[i]].address));
}

/* The copy for Sent wants the decoder: it starts while the message goes out. */
static void decoder_warm(struct sync_account *w, const struct outbox_entry *e)
{
    struct error ignored = { 0 };
    if (e->save_sent && w->decode == NULL)
        w->decode = decode_new(NULL, NULL, &ignored);
    if (e->save_sent && w->decode != NULL)
        decode_warm(w->decode);
}

static enum smtp_outcome entry_send(struct attempt *t, struct error *why)
{
    if (t->env.rcpts_n == 0)
        return SMTP_SENT;
    if (t->round->unreachable.code != ERR_NONE) {
        *why = t->round->unreachable;
        return SMTP_UNSENT;
    }
    switch (t->round->w->cfg->send) {
    case SEND_SMTP:
        return by_smtp(t, why);
    case SEND_SENDMAIL:
        return by_command(t, why);
    case SEND_NONE:
        break;
    }
    (void)error_set(why, ERR_CONFIG, RETRY_NEVER, _("no server to send with is configured"));
    return SMTP_REJECTED;
}

static int entry_do(struct round *r, struct arena *a, struct outbox_entry *e, struct error *err)
{
    struct attempt t = { .round = r, .a = a, .e = e };
    struct error why = { 0 };
    envelope_fill(&t);
    entry_say(r->w, e);
    decoder_warm(r->w, e);
    (void)sys_fault(FAULT_EXIT, "outbox taken");
    enum smtp_outcome outcome = entry_send(&t, &why);
    (void)sys_fault(FAULT_EXIT, "outbox answered");
    bool copy = judge_attempt(a, e, &t.env, t.which, outcome, &why, now_s());
    r->w->sent += copy;
    if (why.code != ERR_NONE)
        log_line(r->w->log, LOG_ERROR, "%s: outbox %lld: %s", r->w->cfg->name, (long long)e->id,
                 why.text);
    r->w->unended = entry_end(&t, copy, err) != 0;
    return r->w->unended ? -1 : 0;
}

int outbox_all(struct sync_account *w, struct error *err)
{
    struct round r = { .w = w };
    int rc = w->unended ? cache_outbox_recover(w->cache, w->id, err) : 0;
    int64_t began = now_s();
    w->unended = rc != 0;
    while (rc == 0) {
        struct arena *a = arena_new(4096);
        struct outbox_entry e;
        rc = cache_outbox_take(w->cache, a, w->id, began, &e, err);
        if (rc == 0)
            rc = entry_do(&r, a, &e, err);
        arena_free(&a);
    }
    smtp_close(&r.smtp);
    if (rc == 1 && r.unreachable.code != ERR_NONE) {
        *err = r.unreachable;
        rc = -1;
    }
    return rc == 1 ? 0 : rc;
}

int outbox_hurry(struct sync_account *w, int64_t id, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct outbox_entry e;
    int rc = cache_outbox_get(w->cache, a, id, &e, err);
    if (rc == 0 && (e.account != w->id || e.state != OUTBOX_QUEUED))
        rc = 1;
    if (rc == 0 && e.not_before > now_s()) {
        e.not_before = now_s();
        rc = cache_outbox_update(w->cache, &e, err);
    }
    arena_free(&a);
    return rc;
}

static void state_error(const struct outbox_entry *e, struct error *state)
{
    switch (e->state) {
    case OUTBOX_SENT:
        break;
    case OUTBOX_QUEUED:
    case OUTBOX_SENDING:
        (void)error_set(state, ERR_NET, RETRY_LATER, "%.*s", STR_ARG(e->reason));
        break;
    case OUTBOX_DOUBT:
        (void)error_set(state, ERR_DOUBT, RETRY_NEVER, "%.*s", STR_ARG(e->reason));
        break;
    case OUTBOX_FAILED: {
        bool address = false;
        for (size_t i = 0; i < e->rcpts_n; i++)
            address |= e->rcpts[i].code >= 500;
        (void)error_set(state, address ? ERR_ADDRESS : ERR_REFUSED, RETRY_NEVER, "%.*s",
                        STR_ARG(e->reason));
        break;
    }
    }
}

int outbox_state(struct sync_account *w, int64_t id, struct error *state, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct outbox_entry e;
    error_clear(state);
    int rc = cache_outbox_get(w->cache, a, id, &e, err);
    if (rc == 0)
        state_error(&e, state);
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}
