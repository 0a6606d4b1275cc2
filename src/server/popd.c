/* SPDX-License-Identifier: MIT */
#include "server/popd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/limits.h"
#include "server/sasl.h"
#include "server/store.h"
#include "wire/pop3.h"
#include "base/banned.h"

enum { POP3_STAMP_MAX = 300 };

struct popd_mail {
    uint32_t uid;
    bool deleted;
    uint64_t size;
};
struct popd {
    struct popd_setup setup;
    struct buf name;
    char stamp[POP3_STAMP_MAX]; /* of the greeting, for APOP; empty: none */
    struct sasl_setup sasl_setup;
    struct sasl *sasl;
    struct mailbox *box; /* NULL: nobody is logged in */
    uint32_t validity;
    struct popd_mail *mails;
    size_t n;
    bool secure, starttls, closing;
    unsigned tries, busy, errors; /* busy: how often another session had the mailbox */
    int delay_ms;
    struct buf *out;
};

/* ---- answers ---- */

static void ok(struct popd *p, const char *text)
{
    buf_addf(p->out, "+OK %s\r\n", text);
}

static void refuse(struct popd *p, const char *text)
{
    buf_addf(p->out, "-ERR %s\r\n", text);
}

static void bad(struct popd *p, const char *text)
{
    refuse(p, text);
    if (++p->errors > POP3_ERRORS_MAX)
        p->closing = true;
}

/* RFC 3206 §4: whether it is worth coming again. */
static void fail(struct popd *p, const struct error *err)
{
    bool later = err->retry == RETRY_LATER || err->sys == ENOSPC || err->sys == EDQUOT;
    buf_addf(p->out, "-ERR [SYS/%s] %s\r\n", later ? "TEMP" : "PERM", err->text);
}

/* Long answers do not wait in memory. False when nobody listens any more. */
static bool spill(struct popd *p)
{
    if (p->out->len > SERVER_OUT_FLUSH && p->setup.flush(p->setup.arg, p->out) != 0)
        p->closing = true;
    return !p->closing;
}

/* ---- the maildrop ---- */

static void mails_take(struct popd *p, const struct mailbox_job *j)
{
    p->validity = j->validity;
    p->mails = xcalloc(j->rows.n + 1, sizeof *p->mails);
    p->n = j->rows.n;
    for (size_t i = 0; i < p->n; i++) {
        const struct mailbox_row *r = rows_at(&j->rows, i);
        p->mails[i] = (struct popd_mail){ .uid = r->uid, .size = r->size };
    }
}

static int call(struct popd *p, struct mailbox_job **j, struct error *err)
{
    return mailbox_call(p->box, p->setup.desk->answers, j, err);
}

/* 0; 1 when another session has it; -1 */
static int drop_take(struct popd *p, struct error *err)
{
    struct mailbox_job *j = NULL;
    if (desk_mailbox(p->setup.desk, sasl_account(p->sasl), STR("INBOX"), true, &p->box, err) != 0)
        return -1;
    j = mailbox_job_new(MAILBOX_HOLD);
    int rc = call(p, &j, err);
    if (rc == 0)
        mails_take(p, j);
    else
        desk_mailbox_done(p->setup.desk, &p->box);
    mailbox_job_free(&j);
    return rc;
}

static void drop_leave(struct popd *p)
{
    struct error ignored;
    if (p->box == NULL)
        return;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_RELEASE);
    if (call(p, &j, &ignored) == 0 || j != NULL)
        mailbox_job_free(&j);
    desk_mailbox_done(p->setup.desk, &p->box);
    free(p->mails);
    p->mails = NULL;
    p->n = 0;
}

/* RFC 1939 §6: what was marked goes now. */
static int drop_update(struct popd *p, struct error *err)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_EXPUNGE);
    j->forced = true;
    j->validity = p->validity;
    j->uids = xcalloc(p->n + 1, sizeof *j->uids);
    for (size_t i = 0; i < p->n; i++)
        if (p->mails[i].deleted)
            j->uids[j->uids_n++] = p->mails[i].uid;
    int rc = j->uids_n > 0 ? call(p, &j, err) : 0;
    mailbox_job_free(&j);
    return rc;
}

static void totals(const struct popd *p, size_t *n, uint64_t *size)
{
    *n = 0;
    *size = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!p->mails[i].deleted) {
            *size += p->mails[i].size;
            ++*n;
        }
}

/* ---- logging in ---- */

/* A client that comes again at once is there before the end of its old connection is noticed: so
 * the answer waits a little. */
static void login_finish(struct popd *p)
{
    struct error err;
    size_t n;
    uint64_t size;
    int rc = drop_take(p, &err);
    if (rc == 1 && p->busy++ < POP3_BUSY_TRIES) {
        p->delay_ms = POP3_BUSY_MS;
        return;
    }
    p->busy = 0;
    if (rc == 1)
        refuse(p, "[IN-USE] another session has this mailbox");
    else if (rc < 0)
        fail(p, &err);
    else {
        totals(p, &n, &size);
        buf_addf(p->out, "+OK %zu messages (%" PRIu64 " octets)\r\n", n, size);
    }
}

/* Passwords, and what stands for one, go over the wire only where nobody else reads along. */
static bool may_login(const struct popd *p)
{
    return p->secure || p->setup.loopback;
}

/* How a login or a step of one came out; challenge is what the client has to answer then. */
static void login_step(struct popd *p, enum sasl_step step, const struct buf *challenge)
{
    p->delay_ms = step == SASL_OK || step == SASL_NO ? sasl_delay_ms(p->sasl) : 0;
    switch (step) {
    case SASL_MORE:
        buf_addf(p->out, "+ %s\r\n", buf_c(challenge));
        break;
    case SASL_OK:
        login_finish(p);
        break;
    case SASL_NO:
        refuse(p, "[AUTH] wrong name or password");
        if (++p->tries >= SERVER_LOGIN_TRIES)
            p->closing = true;
        break;
    case SASL_CANCEL:
        refuse(p, "cancelled");
        break;
    case SASL_UNKNOWN:
        refuse(p, "this mechanism is not known");
        break;
    case SASL_BAD:
        bad(p, "cannot read that");
        break;
    }
}

static void auth_line(struct popd *p, struct str line)
{
    struct buf challenge = BUF_INIT(SASL_LINE_MAX);
    login_step(p, sasl_line(p->sasl, line, &challenge), &challenge);
    buf_free(&challenge);
}

static void on_user(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    if (!may_login(p)) {
        refuse(p, "no login in the clear");
        return;
    }
    buf_clear(&p->name);
    buf_add_str(&p->name, cmd->text);
    ok(p, "PASS now"); /* whoever it is: who has an account is not told */
}

static void on_pass(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    if (p->name.len == 0)
        bad(p, "USER first");
    else
        login_step(p, sasl_password(p->sasl, buf_str(&p->name), cmd->text), NULL);
    buf_clear(&p->name);
}

/* RFC 1939 §7 */
static void on_apop(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    struct str digest = cmd->text;
    struct str name;
    if (p->stamp[0] == '\0' || !may_login(p))
        refuse(p, "no APOP here");
    else if (str_until(&digest, ' ', &name) != 0 || digest.n == 0)
        bad(p, "cannot read the arguments");
    else
        login_step(p, sasl_apop(p->sasl, name, str_c(p->stamp), digest), NULL);
}

static void on_auth(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    struct str initial = cmd->text;
    struct str mechanism;
    struct buf challenge = BUF_INIT(SASL_LINE_MAX);
    str_word(&initial, &mechanism);
    initial = str_trim(initial);
    if (!may_login(p))
        refuse(p, "no login in the clear");
    else
        login_step(p, sasl_start(p->sasl, mechanism, initial.n > 0 ? &initial : NULL, &challenge),
                   &challenge);
    buf_free(&challenge);
}

/* RFC 2595 §4 */
static void on_stls(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    (void)cmd;
    if (p->secure)
        bad(p, "TLS is spoken already");
    else if (!p->setup.starttls)
        refuse(p, "no TLS here");
    else {
        ok(p, "go ahead");
        p->starttls = true;
    }
}

void popd_secured(struct popd *p)
{
    buf_clear(&p->name);
    sasl_reset(p->sasl);
    p->starttls = false;
    p->secure = true;
}

/* ---- commands of both states ---- */

static void on_capa(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    (void)cmd;
    ok(p, "what there is");
    if (p->box == NULL && p->setup.starttls && !p->secure)
        buf_adds(p->out, "STLS\r\n");
    if (may_login(p)) {
        buf_adds(p->out, "USER\r\nSASL");
        sasl_mechanisms(p->sasl, " ", p->out);
        buf_adds(p->out, "\r\n");
    }
    buf_adds(p->out, "TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n"
                     "EXPIRE NEVER\r\nIMPLEMENTATION tmaild\r\n.\r\n");
}

static void on_quit(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    struct error err;
    (void)cmd;
    int rc = p->box != NULL ? drop_update(p, &err) : 0;
    drop_leave(p);
    if (rc != 0)
        fail(p, &err);
    else
        ok(p, "tmaild closing connection");
    p->closing = true;
}

/* ---- commands on messages ---- */

/* The message that a command names; NULL when it was answered. */
static struct popd_mail *mail_named(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    if (cmd->number >= 1 && cmd->number <= p->n && !p->mails[cmd->number - 1].deleted)
        return &p->mails[cmd->number - 1];
    refuse(p, "no such message");
    return NULL;
}

static void on_stat(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    size_t n;
    uint64_t size;
    (void)cmd;
    totals(p, &n, &size);
    buf_addf(p->out, "+OK %zu %" PRIu64 "\r\n", n, size);
}

typedef void put_fn(struct popd *p, size_t number, const struct popd_mail *mail);

static void put_size(struct popd *p, size_t number, const struct popd_mail *mail)
{
    buf_addf(p->out, "%zu %" PRIu64 "\r\n", number, mail->size);
}

/* RFC 1939 §7: the same for ever, and never another's: as UIDVALIDITY and UID promise. */
static void put_uid(struct popd *p, size_t number, const struct popd_mail *mail)
{
    buf_addf(p->out, "%zu %" PRIu32 "-%" PRIu32 "\r\n", number, p->validity, mail->uid);
}

static void put_list(struct popd *p, const struct wire_pop3_cmd *cmd, put_fn *put)
{
    if (cmd->number != 0) {
        const struct popd_mail *mail = mail_named(p, cmd);
        if (mail != NULL) {
            buf_adds(p->out, "+OK ");
            put(p, cmd->number, mail);
        }
        return;
    }
    ok(p, "here they are");
    for (size_t i = 0; i < p->n && spill(p); i++)
        if (!p->mails[i].deleted)
            put(p, i + 1, &p->mails[i]);
    buf_adds(p->out, ".\r\n");
}

static void on_list(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    put_list(p, cmd, put_size);
}

static void on_uidl(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    put_list(p, cmd, put_uid);
}

/* Bytes up to a line that begins with a dot. */
static size_t before_dot(struct str s)
{
    size_t i = 0;
    do {
        i += str_find(str_skip(s, i), '\n') + 1;
    } while (i < s.n && s.p[i] != '.');
    return i < s.n ? i : s.n;
}

/* A piece that begins with a line, dot-stuffed (RFC 1939 §3). Bare CRs stay what they are: IMAP
 * serves them so, and the size counts them so. */
static void put_stuffed(struct popd *p, struct str bytes)
{
    bool start = true;
    while (bytes.n > 0 && spill(p)) {
        if (start && bytes.p[0] == '.')
            buf_addc(p->out, '.');
        size_t n = before_dot(str_head(bytes, SERVER_OUT_FLUSH));
        buf_add(p->out, bytes.p, n);
        start = bytes.p[n - 1] == '\n';
        bytes = str_skip(bytes, n);
    }
}

/* What of a message is still wanted. */
struct wanted {
    bool all;  /* RETR */
    bool text; /* TOP: the header has been had */
    uint32_t lines;
};

static struct str wanted_of(struct wanted *w, struct str piece)
{
    struct str rest = piece;
    struct str line;
    if (w->all)
        return piece;
    while ((!w->text || w->lines > 0) && str_line(&rest, &line)) {
        w->lines -= w->text;
        w->text = w->text || line.n == 0;
    }
    return str_head(piece, piece.n - rest.n);
}

/* The pieces behind the first, and the end. Without one of them there is no answer any more that
 * would say so: the connection ends in the middle. */
static void put_pieces(struct popd *p, struct mailbox_job **j, struct wanted *w)
{
    struct error err;
    bool ended = true;
    for (;;) {
        struct str bytes = wanted_of(w, buf_str(&(*j)->bytes));
        ended = bytes.n > 0 ? str_ends(bytes, "\r\n") : ended;
        put_stuffed(p, bytes);
        if ((*j)->from == 0 || (!w->all && w->text && w->lines == 0) || p->closing)
            break;
        buf_clear(&(*j)->bytes);
        if (call(p, j, &err) != 0) {
            p->closing = true;
            return;
        }
    }
    buf_adds(p->out, ended ? ".\r\n" : "\r\n.\r\n");
}

static void put_mail(struct popd *p, const struct popd_mail *mail, struct wanted w)
{
    struct error err;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_PIECE);
    j->validity = p->validity;
    j->uids = xcalloc(1, sizeof *j->uids);
    j->uids[0] = mail->uid;
    j->uids_n = 1;
    int rc = call(p, &j, &err);
    if (rc < 0)
        fail(p, &err);
    else if (rc > 0)
        refuse(p, "this message is gone");
    else {
        if (w.all)
            buf_addf(p->out, "+OK %" PRIu64 " octets\r\n", mail->size);
        else
            ok(p, "here it begins");
        put_pieces(p, &j, &w);
    }
    mailbox_job_free(&j);
}

static void on_retr(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    const struct popd_mail *mail = mail_named(p, cmd);
    if (mail != NULL)
        put_mail(p, mail, (struct wanted){ .all = true });
}

static void on_top(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    const struct popd_mail *mail = mail_named(p, cmd);
    if (mail != NULL)
        put_mail(p, mail, (struct wanted){ .lines = cmd->lines });
}

static void on_dele(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    struct popd_mail *mail = mail_named(p, cmd);
    if (mail == NULL)
        return;
    mail->deleted = true;
    ok(p, "goes at QUIT");
}

static void on_noop(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    (void)cmd;
    ok(p, "");
}

static void on_rset(struct popd *p, const struct wire_pop3_cmd *cmd)
{
    (void)cmd;
    for (size_t i = 0; i < p->n; i++)
        p->mails[i].deleted = false;
    ok(p, "nothing goes");
}

/* ---- dispatch ---- */

static const struct {
    bool before, after; /* the login */
    void (*fn)(struct popd *p, const struct wire_pop3_cmd *cmd);
} commands[POP3_UNKNOWN + 1] = {
    [POP3_USER] = { true, false, on_user }, [POP3_PASS] = { true, false, on_pass },
    [POP3_AUTH] = { true, false, on_auth }, [POP3_STAT] = { false, true, on_stat },
    [POP3_LIST] = { false, true, on_list }, [POP3_UIDL] = { false, true, on_uidl },
    [POP3_RETR] = { false, true, on_retr }, [POP3_TOP] = { false, true, on_top },
    [POP3_DELE] = { false, true, on_dele }, [POP3_NOOP] = { false, true, on_noop },
    [POP3_APOP] = { true, false, on_apop }, [POP3_STLS] = { true, false, on_stls },
    [POP3_RSET] = { false, true, on_rset }, [POP3_CAPA] = { true, true, on_capa },
    [POP3_QUIT] = { true, true, on_quit },
};

static void dispatch(struct popd *p, struct str line)
{
    struct wire_pop3_cmd cmd;
    wire_pop3_cmd_read(line, &cmd);
    if (commands[cmd.verb].fn == NULL)
        bad(p, "command not known");
    else if (p->box != NULL ? !commands[cmd.verb].after : !commands[cmd.verb].before)
        bad(p, "not now");
    else if (cmd.bad)
        bad(p, "cannot read the arguments");
    else
        commands[cmd.verb].fn(p, &cmd);
}

static bool step(struct popd *p, struct str *in)
{
    struct str line;
    size_t n = str_find(*in, '\n');
    if (n > WIRE_POP3_CMD_MAX) {
        refuse(p, "line too long");
        p->closing = true;
        return false;
    }
    if (n == in->n)
        return false;
    str_line(in, &line);
    if (sasl_busy(p->sasl))
        auth_line(p, line);
    else if (!str_is_line(line))
        bad(p, "cannot read that");
    else
        dispatch(p, line);
    return true;
}

/* A msg-id that nobody has seen before (RFC 1939 §7), where every account can answer to it. */
static void stamp_make(struct popd *p)
{
    uint64_t random[2];
    struct sasl_setup *setup = &p->sasl_setup;
    if (!may_login(p) || p->setup.options->accept_any || setup->keeps(setup->arg) != KEEPS_ALL)
        return;
    clock_random(random, sizeof random);
    snprintf(p->stamp, sizeof p->stamp, "<%016" PRIx64 "%016" PRIx64 "@%.250s>", random[0],
             random[1], p->setup.host);
}

struct popd *popd_new(const struct popd_setup *setup, struct buf *out)
{
    struct popd *p = xcalloc(1, sizeof *p);
    p->setup = *setup;
    p->secure = setup->secure;
    p->sasl_setup = desk_sasl(setup->desk, setup->options, setup->peer, "pop");
    p->sasl = sasl_new(&p->sasl_setup);
    buf_init(&p->name, WIRE_POP3_CMD_MAX);
    stamp_make(p);
    buf_addf(out, "+OK %s tmaild ready%s%s\r\n", setup->host, p->stamp[0] != '\0' ? " " : "",
             p->stamp);
    return p;
}

void popd_free(struct popd **p)
{
    if (*p == NULL)
        return;
    drop_leave(*p);
    sasl_free(&(*p)->sasl);
    buf_free(&(*p)->name);
    free(*p);
    *p = NULL;
}

int popd_delay_ms(const struct popd *p)
{
    return p->delay_ms;
}

bool popd_logged_in(const struct popd *p)
{
    return p->box != NULL;
}

bool popd_secret(const struct popd *p, struct str line)
{
    line = str_trim(line);
    return sasl_busy(p->sasl) || str_istarts(line, "PASS") || str_istarts(line, "AUTH");
}

enum session_step popd_feed(struct popd *p, struct str *in, struct buf *out)
{
    p->out = out;
    p->delay_ms = 0;
    if (p->busy > 0)
        login_finish(p);
    while (!p->closing && !p->starttls && p->delay_ms == 0 && step(p, in))
        spill(p);
    if (out->over)
        p->closing = true;
    return p->closing        ? SESSION_CLOSE
           : p->starttls     ? SESSION_STARTTLS
           : p->delay_ms > 0 ? SESSION_WAIT
                             : SESSION_MORE;
}

/* ---- for whoever drives it ---- */

static enum session_step op_feed(void *s, struct str *in, struct buf *out)
{
    return popd_feed(s, in, out);
}

static int op_delay_ms(const void *s)
{
    return popd_delay_ms(s);
}

static bool op_logged_in(const void *s)
{
    return popd_logged_in(s);
}

static struct str op_account(const void *s)
{
    const struct popd *p = s;
    return sasl_account(p->sasl);
}

static bool op_secret(const void *s, struct str line)
{
    return popd_secret(s, line);
}

static void op_secured(void *s, const struct session_tls *tls)
{
    (void)tls;
    popd_secured(s);
}

static void op_free(void **s)
{
    struct popd *p = *s;
    popd_free(&p);
    *s = NULL;
}

/* It ends in silence: a line would be taken for the answer to a command (RFC 1939 §3). */
const struct session_ops popd_ops = {
    .login_first = true,
    .feed = op_feed,
    .delay_ms = op_delay_ms,
    .logged_in = op_logged_in,
    .account = op_account,
    .secret = op_secret,
    .secured = op_secured,
    .free = op_free,
};
