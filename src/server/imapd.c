/* SPDX-License-Identifier: MIT */
#include "server/imapd_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "server/limits.h"
#include "server/sasl.h"
#include "server/section.h"
#include "wire/imap_name.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

static void tagged(struct imapd *i, const char *what, const char *text)
{
    buf_addf(i->out, "%s %s %s\r\n", i->tag.len > 0 ? buf_c(&i->tag) : "*", what, text);
}

void imapd_ok(struct imapd *i, const char *text)
{
    tagged(i, "OK", text);
}

void imapd_no(struct imapd *i, const char *text)
{
    tagged(i, "NO", text);
}

void imapd_bad(struct imapd *i, const char *text)
{
    tagged(i, "BAD", text);
    if (++i->errors <= IMAP_ERRORS_MAX)
        return;
    buf_adds(i->out, "* BYE too many errors\r\n");
    i->closing = true;
}

void imapd_fail(struct imapd *i, const struct error *err)
{
    const char *code = err->sys == ENOSPC || err->sys == EDQUOT ? "[OVERQUOTA] "
                       : err->code == ERR_LIMIT                 ? "[LIMIT] "
                       : err->retry == RETRY_LATER              ? "[UNAVAILABLE] "
                                                                : "";
    struct buf text = BUF_INIT(ERROR_TEXT_MAX * 2);
    buf_addf(&text, "%s%s", code, err->text);
    imapd_no(i, buf_c(&text));
    buf_free(&text);
}

void imapd_tell(struct imapd *i, bool expunges)
{
    if (i->box == NULL)
        return;
    view_drain(&i->view, i->events);
    view_tell(&i->view, expunges, i->out);
    if (!i->view.closed)
        return;
    buf_adds(i->out, "* BYE the mailbox was deleted or renamed\r\n");
    i->closing = true;
}

void imapd_leave(struct imapd *i)
{
    struct error ignored;
    if (i->box == NULL)
        return;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_DETACH);
    j->events = i->events;
    /* A mailbox that has been closed forgot us by itself. */
    if (mailbox_call(i->box, i->setup.desk->answers, &j, &ignored) == 0 || j != NULL)
        mailbox_job_free(&j);
    desk_mailbox_done(i->setup.desk, &i->box);
    queue_free(&i->events);
    view_clear(&i->view);
    imapd_saved_forget(i);
    imapd_fetch_forget(i);
    buf_clear(&i->folder);
}

int imapd_job(struct imapd *i, struct mailbox_job *j, struct error *err)
{
    int rc = mailbox_call(i->box, i->setup.desk->answers, &j, err);
    mailbox_job_free(&j);
    return rc;
}

bool imapd_text(const struct wire_node *n, struct str *s)
{
    if (n == NULL || !(wire_is_string(n) || n->kind == WIRE_ATOM) || !str_is_line(n->s))
        return false;
    *s = n->s;
    return true;
}

bool imapd_folder(const struct imapd *i, const struct wire_node *n, struct buf *out)
{
    struct str s;
    if (!imapd_text(n, &s) || s.n == 0 || s.n > WIRE_NAME_MAX)
        return false;
    if (!imapd_utf8(i))
        return wire_name_decode(s, out) == 0 && str_is_line(buf_str(out));
    buf_add_str(out, s);
    return utf8_valid(s);
}

static const struct {
    const char *name;
    unsigned flag;
} system_flags[] = { { "\\Seen", IMAP_SEEN },       { "\\Answered", IMAP_ANSWERED },
                     { "\\Flagged", IMAP_FLAGGED }, { "\\Deleted", IMAP_DELETED },
                     { "\\Draft", IMAP_DRAFT },     { "\\Recent", 0 } };

static bool flag_take(struct str s, unsigned *flags, struct buf *keywords)
{
    for (size_t k = 0; k < COUNT(system_flags); k++)
        if (str_ieqc(s, system_flags[k].name)) {
            *flags |= system_flags[k].flag;
            return true;
        }
    if (s.n == 0 || s.p[0] == '\\')
        return false;
    for (size_t k = 0; k < s.n; k++)
        if (s.p[k] <= ' ' || s.p[k] == 127 || strchr("(){%*\"\\]", s.p[k]) != NULL)
            return false;
    buf_addf(keywords, "%s%.*s", keywords->len > 0 ? " " : "", STR_ARG(s));
    return true;
}

bool imapd_flags(const struct wire_node *first, unsigned *flags, struct buf *keywords)
{
    *flags = 0;
    if (first != NULL && first->kind == WIRE_LIST)
        first = first->child;
    for (; first != NULL; first = first->next)
        if (first->kind != WIRE_ATOM || !flag_take(first->s, flags, keywords))
            return false;
    return !keywords->over;
}

/* ---- commands of every state ---- */

static void on_noop(struct imapd *i, const struct wire_node *args)
{
    (void)args;
    if (i->box != NULL) {
        /* Has the owner look at what other programs did. */
        struct error ignored;
        if (imapd_job(i, mailbox_job_new(MAILBOX_STATUS), &ignored) < 0)
            view_drain(&i->view, i->events);
    }
    imapd_tell(i, true);
    imapd_ok(i, "Done");
}

static void on_logout(struct imapd *i, const struct wire_node *args)
{
    (void)args;
    buf_adds(i->out, "* BYE tmaild closing connection\r\n");
    imapd_ok(i, "Done");
    i->closing = true;
}

static void on_id(struct imapd *i, const struct wire_node *args)
{
    (void)args;
    buf_adds(i->out, "* ID (\"name\" \"tmaild\")\r\n");
    imapd_ok(i, "Done");
}

static void on_idle(struct imapd *i, const struct wire_node *args)
{
    (void)args;
    i->idling = true;
    buf_adds(i->out, "+ idling\r\n");
    imapd_tell(i, true);
}

/* ---- dispatch ---- */

enum needs { ANY, NO_LOGIN, LOGIN, SELECTED };

static const struct {
    const char *name;
    enum needs needs;
    bool uid, args;
    imapd_fn *fn;
} commands[] = {
    { "CAPABILITY", ANY, false, false, imapd_capability },
    { "NOOP", ANY, false, false, on_noop },
    { "LOGOUT", ANY, false, false, on_logout },
    { "ID", ANY, false, true, on_id },
    { "LOGIN", NO_LOGIN, false, true, imapd_login },
    { "AUTHENTICATE", NO_LOGIN, false, true, imapd_authenticate },
    { "STARTTLS", NO_LOGIN, false, false, imapd_starttls },
    { "COMPRESS", LOGIN, false, true, imapd_compress },
    { "ENABLE", LOGIN, false, true, imapd_enable },
    { "SELECT", LOGIN, false, true, imapd_select },
    { "EXAMINE", LOGIN, false, true, imapd_examine },
    { "CREATE", LOGIN, false, true, imapd_create },
    { "DELETE", LOGIN, false, true, imapd_delete },
    { "RENAME", LOGIN, false, true, imapd_rename },
    { "SUBSCRIBE", LOGIN, false, true, imapd_subscribe },
    { "UNSUBSCRIBE", LOGIN, false, true, imapd_unsubscribe },
    { "LIST", LOGIN, false, true, imapd_list },
    { "LSUB", LOGIN, false, true, imapd_lsub },
    { "STATUS", LOGIN, false, true, imapd_status },
    { "NAMESPACE", LOGIN, false, false, imapd_namespace },
    { "APPEND", LOGIN, false, true, imapd_append_end },
    { "GETQUOTA", LOGIN, false, true, imapd_getquota },
    { "GETQUOTAROOT", LOGIN, false, true, imapd_getquotaroot },
    { "IDLE", LOGIN, false, false, on_idle },
    { "CHECK", SELECTED, false, false, on_noop },
    { "CLOSE", SELECTED, false, false, imapd_close },
    { "UNSELECT", SELECTED, false, false, imapd_unselect },
    { "EXPUNGE", SELECTED, true, false, imapd_expunge },
    { "FETCH", SELECTED, true, true, imapd_fetch },
    { "STORE", SELECTED, true, true, imapd_store },
    { "COPY", SELECTED, true, true, imapd_copy },
    { "MOVE", SELECTED, true, true, imapd_move },
    { "SEARCH", SELECTED, true, true, imapd_search },
    { "SORT", SELECTED, true, true, imapd_sort },
    { "THREAD", SELECTED, true, true, imapd_thread },
};

static bool state_allows(const struct imapd *i, enum needs needs)
{
    return needs == ANY || (needs == NO_LOGIN && !i->logged_in) ||
           (needs == LOGIN && i->logged_in) || (needs == SELECTED && i->box != NULL);
}

static bool is_tag(const struct wire_node *n)
{
    return n != NULL && n->kind == WIRE_ATOM && n->s.n > 0 && n->s.n < 200 &&
           str_find(n->s, '+') == n->s.n && str_find(n->s, '*') == n->s.n;
}

static void dispatch(struct imapd *i, const struct wire_node *line)
{
    buf_clear(&i->tag);
    if (line == NULL)
        return;
    if (!is_tag(line)) {
        imapd_bad(i, "a tag and a command, please");
        return;
    }
    buf_add_str(&i->tag, line->s);
    const struct wire_node *cmd = line->next;
    i->by_uid = wire_is(cmd, "UID");
    if (i->by_uid)
        cmd = cmd->next;
    for (size_t k = 0; k < COUNT(commands) && cmd != NULL; k++) {
        if (!wire_is(cmd, commands[k].name) || (i->by_uid && !commands[k].uid))
            continue;
        if (!state_allows(i, commands[k].needs))
            imapd_bad(i, "not now");
        else if (commands[k].args && cmd->next == NULL)
            imapd_bad(i, "arguments are missing");
        else {
            if (commands[k].fn != imapd_fetch)
                imapd_fetch_forget(i);
            commands[k].fn(i, cmd->next);
        }
        return;
    }
    imapd_bad(i, "command not known");
}

/* ---- bytes ---- */

struct imapd *imapd_new(const struct imapd_setup *setup, struct buf *out, struct error *err)
{
    static const struct wire_imap_limits limits = { .line_max = IMAP_LINE_MAX,
                                                    .depth_max = IMAP_SEARCH_DEPTH,
                                                    .nodes_max = IMAP_LINE_MAX,
                                                    .memory_max = IMAP_COMMAND_MAX,
                                                    .literal_keep = IMAP_LITERAL_MAX,
                                                    .literal_max = UINT64_MAX };
    (void)err;
    struct imapd *i = xcalloc(1, sizeof *i);
    struct sasl_setup sasl = desk_sasl(setup->desk, setup->options, setup->peer, "imap");
    i->setup = *setup;
    i->secure = setup->secure;
    i->sasl = sasl_new(&sasl);
    i->reader = wire_imap_new(WIRE_SERVER, &limits);
    buf_init(&i->tag, 256);
    buf_init(&i->account, 4096);
    buf_init(&i->folder, 4096);
    buf_init(&i->cached, SERVER_OUT_MAX);
    spill_init(&i->append.message, setup->desk->tmp_dir, SERVER_MESSAGE_MAX);
    i->out = out;
    buf_adds(out, "* OK [");
    imapd_capabilities(i);
    buf_addf(out, "] %s tmaild ready\r\n", setup->host);
    return i;
}

void imapd_free(struct imapd **i)
{
    if (*i == NULL)
        return;
    imapd_leave(*i);
    wire_imap_free(&(*i)->reader);
    sasl_free(&(*i)->sasl);
    buf_free(&(*i)->tag);
    buf_free(&(*i)->account);
    buf_free(&(*i)->folder);
    buf_free(&(*i)->cached);
    spill_clear(&(*i)->append.message);
    free(*i);
    *i = NULL;
}

int imapd_delay_ms(const struct imapd *i)
{
    return i->delay_ms;
}

bool imapd_logged_in(const struct imapd *i)
{
    return i->logged_in;
}

bool imapd_secret(const struct imapd *i, struct str line)
{
    return sasl_busy(i->sasl) || str_isearch(line, STR(" LOGIN ")) < line.n ||
           str_isearch(line, STR(" AUTHENTICATE ")) < line.n;
}

int imapd_event_fd(const struct imapd *i)
{
    return i->box != NULL ? queue_fd(i->events) : -1;
}

void imapd_wake(struct imapd *i, struct buf *out)
{
    i->out = out;
    if (i->idling)
        imapd_tell(i, true);
    else if (i->box != NULL)
        view_drain(&i->view, i->events); /* who never asks again has no events heaped up for him */
}

static void append_begin(struct imapd *i)
{
    i->append.active = true;
    i->append.too_large = false;
    spill_clear(&i->append.message);
}

/* A literal is announced: taken as an argument, as the message of APPEND, or refused before it is
 * sent. */
static void literal_choose(struct imapd *i, const struct wire_node *line)
{
    const struct wire_literal *lit = wire_imap_literal(i->reader);
    bool message =
        i->logged_in && is_tag(line) && wire_is(line->next, "APPEND") && wire_count(line) >= 3;
    uint64_t max = message        ? (uint64_t)SERVER_MESSAGE_MAX
                   : i->logged_in ? (uint64_t)IMAP_LITERAL_MAX
                                  : (uint64_t)IMAP_LITERAL_LOGIN_MAX;
    if (lit->size > max && lit->sync) {
        buf_clear(&i->tag);
        if (is_tag(line))
            buf_add_str(&i->tag, line->s);
        imapd_no(i, message ? "[TOOBIG] message too large" : "[LIMIT] literal too large");
        wire_imap_refuse(i->reader);
        return;
    }
    if (message)
        append_begin(i);
    else if (lit->size <= max)
        wire_imap_keep(i->reader);
    if (lit->size > max)
        i->append.too_large = true; /* it comes whatever we say: eaten, then refused */
    if (lit->sync)
        buf_adds(i->out, "+ go ahead\r\n");
}

static void chunk_take(struct imapd *i)
{
    bool last;
    struct str s = wire_imap_chunk(i->reader, &last);
    if (i->append.active && !i->append.too_large)
        spill_add(&i->append.message, s);
}

static void append_forget(struct imapd *i)
{
    i->append.active = i->append.too_large = false;
    spill_clear(&i->append.message);
}

/* A line that is none of the grammar's: DONE, or the answer to AUTHENTICATE. False when it is not
 * whole yet. */
static bool raw_line(struct imapd *i, struct str *in)
{
    struct str line;
    if (str_find(*in, '\n') == in->n) {
        if (in->n > IMAP_LINE_MAX) {
            buf_adds(i->out, "* BYE line too long\r\n");
            i->closing = true;
        }
        return false;
    }
    str_line(in, &line);
    if (i->idling) {
        i->idling = false;
        imapd_tell(i, true);
        if (str_ieqc(line, "DONE"))
            imapd_ok(i, "Done");
        else
            imapd_bad(i, "DONE was expected");
    } else {
        imapd_auth_line(i, line);
    }
    return true;
}

static bool step(struct imapd *i, struct str *in)
{
    struct error err;
    const struct wire_node *line = NULL;
    if (i->idling || sasl_busy(i->sasl))
        return raw_line(i, in);
    switch (wire_imap_next(i->reader, in, &line, &err)) {
    case WIRE_OK:
        if (i->append.too_large && !i->append.active) {
            buf_clear(&i->tag);
            if (is_tag(line))
                buf_add_str(&i->tag, line->s);
            imapd_no(i, "[LIMIT] literal too large");
        } else
            dispatch(i, line);
        append_forget(i);
        return true;
    case WIRE_ANNOUNCE:
        literal_choose(i, line);
        return true;
    case WIRE_CHUNK:
        chunk_take(i);
        return true;
    case WIRE_BAD:
        buf_clear(&i->tag);
        append_forget(i);
        imapd_bad(i, err.text);
        return true;
    case WIRE_MORE:
        break;
    }
    return false;
}

enum session_step imapd_feed(struct imapd *i, struct str *in, struct buf *out)
{
    i->out = out;
    i->delay_ms = 0;
    while (!i->closing && !i->starttls && !i->compress && i->delay_ms == 0 && step(i, in))
        if (out->len > SERVER_OUT_FLUSH && i->setup.flush(i->setup.arg, out) != 0)
            i->closing = true;
    if (out->over)
        i->closing = true;
    bool compress = i->compress;
    i->compress = false;
    return i->closing        ? SESSION_CLOSE
           : i->starttls     ? SESSION_STARTTLS
           : compress        ? SESSION_COMPRESS
           : i->delay_ms > 0 ? SESSION_WAIT
                             : SESSION_MORE;
}

/* ---- for whoever drives it ---- */

static enum session_step op_feed(void *s, struct str *in, struct buf *out)
{
    return imapd_feed(s, in, out);
}

static int op_delay_ms(const void *s)
{
    return imapd_delay_ms(s);
}

static bool op_logged_in(const void *s)
{
    return imapd_logged_in(s);
}

static struct str op_account(const void *s)
{
    const struct imapd *i = s;
    return buf_str(&i->account);
}

static bool op_secret(const void *s, struct str line)
{
    return imapd_secret(s, line);
}

static int op_event_fd(const void *s)
{
    return imapd_event_fd(s);
}

static void op_wake(void *s, struct buf *out)
{
    imapd_wake(s, out);
}

static void op_goodbye(void *s, struct buf *out)
{
    (void)s;
    buf_adds(out, "* BYE closing connection\r\n");
}

static void op_secured(void *s, const struct session_tls *tls)
{
    (void)tls;
    imapd_secured(s);
}

static void op_free(void **s)
{
    struct imapd *i = *s;
    imapd_free(&i);
    *s = NULL;
}

const struct session_ops imapd_ops = {
    .login_first = true,
    .idles = true,
    .feed = op_feed,
    .delay_ms = op_delay_ms,
    .logged_in = op_logged_in,
    .account = op_account,
    .secret = op_secret,
    .secured = op_secured,
    .event_fd = op_event_fd,
    .wake = op_wake,
    .goodbye = op_goodbye,
    .free = op_free,
};
