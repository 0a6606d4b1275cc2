/* SPDX-License-Identifier: MIT */
#include "sync/link.h"

#include "base/i18n.h"
#include "cache/pop.h"
#include "sync/folders.h"
#include "sync/fetch.h"
#include "sync/flags.h"
#include "base/banned.h"

/* RFC 3501 §7.1: an ALERT must be shown to the person. */
static int on_unsolicited(void *arg, const struct imap_resp *r, struct error *err)
{
    struct sync_account *w = arg;
    struct error alert = { 0 };
    (void)err;
    if (r->code != CODE_ALERT)
        return 0;
    (void)error_set(&alert, ERR_NONE, RETRY_NEVER, _("the server says: %.*s"), STR_ARG(r->text));
    account_prefix(w, &alert);
    account_error(w, &alert);
    return 0;
}

/* What came by POP3 would be taken for mail that the server has lost, and go. */
static int nothing_of_pop3(struct sync_account *w, struct error *err)
{
    bool lies;
    if (cache_pop_lies(w->cache, w->id, &lies, err) != 0)
        return -1;
    if (!lies)
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("mail that was fetched by POP3 lies under this name, here alone: "
                       "give the IMAP account another name"));
}

/* Called while the link is being opened. */
static void early(void *arg, struct imap *i)
{
    struct sync_account *w = arg;
    w->imap = i;
    flags_early(w);
    if (w->pass_due && !flags_early_open(w))
        folders_early(w);
    w->imap = NULL;
}

/* The folders were asked for behind the changes. */
static int early_end(struct sync_account *w, struct error *err)
{
    uint64_t before = w->pushed;
    int rc = flags_early_end(w, err);
    if (w->list != NULL && w->list->pushed == before)
        w->list->pushed = w->pushed;
    return rc;
}

/* 0; -1; 1: the server refused the login. */
static int open_once(struct sync_account *w, struct error *err)
{
    struct net_login login;
    if (nothing_of_pop3(w, err) != 0 || account_login(w, NET_IMAP, &login, err) < 0)
        return -1;
    account_state(w, "connecting", "");
    w->spaces_asked = false;
    struct imap_options o = {
        .endpoint = account_endpoint(w->cfg, NET_IMAP),
        .login = &login,
        .cancel = w->cancel,
        .log = w->log,
        .connect_ms = LINK_CONNECT_MS,
        .wait_ms = LINK_SILENCE_MS,
        .enable = CAP_QRESYNC | CAP_UTF8_ACCEPT | CAP_IMAP4REV2,
        .lies = &w->lies,
        .early = early,
        .early_arg = w,
    };
    if (!w->late && cache_account_caps(w->cache, w->id, &o.expected, err) != 0)
        return -1;
    w->box = (struct sync_box){ 0 };
    w->selected = false;
    w->imap = imap_open(&o, err);
    if (w->imap == NULL) {
        w->late |= w->list != NULL || w->turn != NULL; /* it may be what the server did not like */
        folders_drop(&w->list);
        flags_drop(&w->turn);
        return err->code == ERR_AUTH && err->retry == RETRY_NEVER ? 1 : -1;
    }
    imap_on_unsolicited(w->imap, on_unsolicited, w);
    return early_end(w, err) == 0 ? 0 : -1;
}

int link_open(struct sync_account *w, struct error *err)
{
    if (w->imap != NULL)
        return 0;
    int rc = open_once(w, err);
    if (rc == 1 && account_token_again(w, err))
        rc = open_once(w, err);
    if (rc == 1)
        account_password_refuse(w);
    return rc == 0 ? 0 : -1;
}

void link_close(struct sync_account *w)
{
    w->selected = false;
    imap_close(&w->imap);
    folders_drop(&w->list);
    flags_drop(&w->turn);
    w->box = (struct sync_box){ 0 };
}

static void set_copy(struct buf *to, struct str set)
{
    to->max = LINK_COMMAND_MAX;
    if (to->len > 0 && set.n > 0)
        buf_addc(to, ',');
    buf_add_str(to, set);
}

static void sets_take(struct link_answer *a, const struct imap_resp *r)
{
    if (r->code != CODE_COPYUID && r->code != CODE_APPENDUID)
        return;
    set_copy(&a->from, r->uids_from);
    set_copy(&a->to, r->uids_to);
    a->validity = (uint32_t)r->number;
}

void link_done(void *answer, const struct imap_resp *r)
{
    struct link_answer *a = answer;
    if (r == NULL)
        return;
    a->fate = r->kind == IMAP_OK ? LINK_OK : LINK_REFUSED;
    a->code = r->code;
    struct str text = str_head(r->text, sizeof a->text - 1);
    memcpy(a->text, text.n > 0 ? text.p : "", text.n);
    a->text[text.n] = '\0';
    sets_take(a, r);
}

/* An untagged OK with COPYUID, as MOVE gives it (RFC 6851 §4.3), is taken too. */
static int command_resp(void *answer, const struct imap_resp *r, struct error *err)
{
    (void)err;
    if (r->kind == IMAP_OK)
        sets_take(answer, r);
    return 0;
}

void link_answer_clear(struct link_answer *a)
{
    buf_free(&a->from);
    buf_free(&a->to);
}

int link_check(const struct link_answer *a, struct error *err)
{
    if (a->fate == LINK_OK)
        return 0;
    if (a->fate == LINK_BROKEN)
        return error_set(err, ERR_NET, RETRY_LATER, _("the connection was lost"));
    bool passes = a->code == CODE_EXPUNGEISSUED || imap_passes(a->code, str_c(a->text), false);
    bool full = a->code == CODE_OVERQUOTA && !passes; /* Gmail has it for traffic, too */
    const char *says = full                     ? _("the mailbox on the server is full: %s")
                       : a->code == CODE_TOOBIG ? _("too large for the server: %s")
                                                : _("the server refused: %s");
    return error_set(err, ERR_REFUSED, passes ? RETRY_LATER : RETRY_NEVER, says,
                     a->text[0] != '\0' ? a->text : _("it gave no reason"));
}

/* A list that is longer than we keep counts as one that takes all. */
static void permanent_take(struct sync_box *box, const struct imap_resp *r)
{
    struct buf words = BUF_INIT(sizeof box->words - 1);
    box->permanent = r->flags;
    fetch_keywords(r->words, &words);
    if (words.over)
        box->permanent |= IMAP_ANY;
    else
        memcpy(box->words, buf_c(&words), words.len + 1);
    buf_free(&words);
}

static int select_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct link_select *s = arg;
    if (r->kind == IMAP_EXISTS) {
        s->box.exists = r->number;
        s->box.has_exists = true;
    } else if (r->kind == IMAP_OK && r->code == CODE_UIDVALIDITY)
        s->box.uidvalidity = (uint32_t)r->number;
    else if (r->kind == IMAP_OK && r->code == CODE_PERMANENTFLAGS)
        permanent_take(&s->box, r);
    else if (r->kind == IMAP_OK && r->code == CODE_UIDNEXT)
        s->box.uidnext = (uint32_t)r->number;
    else if (r->kind == IMAP_OK && r->code == CODE_HIGHESTMODSEQ)
        s->box.modseq = r->number <= IMAP_MODSEQ_MAX ? r->number : 0;
    else if (s->resp != NULL)
        return s->resp(s->arg, r, err);
    return 0;
}

static void select_done(void *arg, const struct imap_resp *r)
{
    struct link_select *s = arg;
    link_done(&s->answer, r);
    if (r != NULL && r->code == CODE_READ_ONLY)
        s->box.writable = false;
}

int link_put_name(struct sync_account *w, struct buf *out, struct str wire, struct error *err)
{
    return imap_put_name(w->imap, out, wire, err);
}

static int spaces_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct sync_account *w = arg;
    (void)err;
    if (r->kind == IMAP_NAMESPACE)
        spaces_take(&w->spaces, r);
    return 0;
}

void link_spaces_queue(struct sync_account *w)
{
    if (w->spaces_asked || (imap_caps(w->imap) & CAP_NAMESPACE) == 0)
        return;
    w->spaces_asked = true;
    imap_queue(w->imap, STR("NAMESPACE"), &(struct imap_handler){ .resp = spaces_resp, .arg = w });
}

int link_select_queue(struct sync_account *w, const struct cache_folder *f, bool writable,
                      struct link_select *s, struct error *err)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    buf_adds(&cmd, writable ? "SELECT " : "EXAMINE ");
    int rc = link_put_name(w, &cmd, f->wire, err);
    buf_adds(&cmd, s->with != NULL ? s->with : "");
    if (rc == 0) {
        s->box.folder = f->id;
        s->box.writable = writable;
        s->box.permanent = CACHE_SERVER_FLAGS | IMAP_ANY; /* where the server does not say */
        w->selected = true;
        w->box.folder = 0;
        imap_queue(w->imap, buf_str(&cmd),
                   &(struct imap_handler){ .resp = select_resp, .done = select_done, .arg = s });
    }
    buf_free(&cmd);
    return rc;
}

int link_select_end(struct sync_account *w, struct link_select *s, struct error *err)
{
    int rc = link_check(&s->answer, err);
    link_answer_clear(&s->answer);
    w->box = (struct sync_box){ 0 };
    if (rc != 0)
        return -1;
    if (s->box.uidvalidity == 0) /* RFC 3501 §2.3.1.1: it must be there; qq.com has none */
        s->box.uidvalidity = LINK_NO_VALIDITY;
    w->box = s->box;
    return 0;
}

int link_select(struct sync_account *w, const struct cache_folder *f, bool writable,
                struct error *err)
{
    if (w->box.folder == f->id && (w->box.writable || !writable))
        return 0;
    struct link_select s = { 0 };
    if (link_select_queue(w, f, writable, &s, err) != 0)
        return -1;
    if (imap_run(w->imap, err) != 0) {
        link_answer_clear(&s.answer);
        return -1;
    }
    return link_select_end(w, &s, err);
}

int link_command(struct sync_account *w, struct str cmd, struct link_answer *answer,
                 struct error *err)
{
    imap_queue(w->imap, cmd,
               &(struct imap_handler){ .resp = command_resp, .done = link_done, .arg = answer });
    return imap_run(w->imap, err);
}

static int limit_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    uint64_t *limit = arg;
    (void)err;
    if (r->kind == IMAP_STATUS && (r->status.has & STATUS_APPENDLIMIT) != 0)
        *limit = r->status.append_limit;
    return 0;
}

int link_append_limit(struct sync_account *w, struct str wire, uint64_t *limit, struct error *err)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    uint64_t all = imap_append_limit(w->imap);
    *limit = all != 0 ? all : UINT64_MAX;
    if (all != 0 || (imap_caps(w->imap) & CAP_APPENDLIMIT) == 0)
        return 0;
    buf_adds(&cmd, "STATUS ");
    int rc = link_put_name(w, &cmd, wire, err);
    buf_adds(&cmd, " (APPENDLIMIT)");
    if (rc == 0) {
        imap_queue(w->imap, buf_str(&cmd),
                   &(struct imap_handler){ .resp = limit_resp, .arg = limit });
        rc = imap_run(w->imap, err);
    }
    buf_free(&cmd);
    return rc;
}
