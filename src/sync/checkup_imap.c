/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/imap.h"
#include "sync/account.h"
#include "sync/checkup_in.h"
#include "sync/spaces.h"
#include "wire/imap_name.h"
#include "base/banned.h"

/* What a server has, said of the first of these that it has; or that it has none of them. */
struct wanted {
    struct {
        uint64_t cap;
        const char *with; /* NULL: not worth a line */
    } rows[3];
    const char *without;
};
static const struct wanted wanted[] = {
    { { { CAP_NOTIFY, N_("the server says at once what is new in any folder (NOTIFY)") },
        { CAP_IDLE, N_("the server says at once what is new in the folder that tmail watches, as "
                       "a rule the inbox (IDLE)") } },
      N_("the server cannot say by itself that mail came (IDLE): tmail looks every few minutes") },
    { { { CAP_QRESYNC, N_("only what has changed is asked for (QRESYNC)") },
        { CAP_CONDSTORE, N_("only flags that have changed are asked for (CONDSTORE)") } },
      N_("the server keeps no record of changes (CONDSTORE): flags of all messages are compared, "
         "which takes longer") },
    { { { CAP_UIDPLUS, NULL }, { CAP_IMAP4REV2, NULL } },
      N_("the server does not tell where a message went (UIDPLUS): what was moved or saved is "
         "found again by its Message-ID") },
    { { { CAP_MOVE, N_("moving a message is one step (MOVE)") },
        { CAP_IMAP4REV2, N_("moving a message is one step (MOVE)") } },
      N_("the server cannot move (MOVE): messages are copied, then deleted") },
    { { { CAP_SPECIAL_USE, NULL }, { CAP_IMAP4REV2, NULL } },
      N_("the server does not say which folder is for what (SPECIAL-USE): they are told by their "
         "names") },
};

/* What the answers of one server tell. */
struct look_around {
    struct checkup *c;
    struct spaces spaces;
    struct sync_listed *rows;
    size_t rows_n;
    int64_t newest; /* the newest message's date on the server, seconds; 0: none */
    uint64_t exists;
    struct imap_quota quota;
};

static int on_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct look_around *l = arg;
    (void)err;
    if (r->kind == IMAP_LIST && r->list.name.n > 0 && r->list.name.n <= WIRE_NAME_MAX &&
        l->rows_n < CHECKUP_LISTED_MAX) {
        struct sync_listed *row = &l->rows[l->rows_n++];
        *row = (struct sync_listed){ .wire = arena_str(l->c->arena, r->list.name),
                                     .delim = r->list.delim,
                                     .flags = (unsigned)r->list.flags };
    } else if (r->kind == IMAP_EXISTS) {
        l->exists = r->number;
    } else if (r->kind == IMAP_FETCH && r->fetch.internal_date > l->newest) {
        l->newest = r->fetch.internal_date;
    } else if (r->kind == IMAP_NAMESPACE) {
        spaces_take(&l->spaces, r);
    } else if (r->kind == IMAP_QUOTA && r->quota.has_storage && r->quota.storage_limit > 0) {
        l->quota = r->quota;
    }
    return 0;
}

static void say_abilities(struct checkup *c, uint64_t caps)
{
    for (size_t i = 0; i < COUNT(wanted); i++) {
        const struct wanted *w = &wanted[i];
        size_t k = 0;
        while (k < COUNT(w->rows) && (caps & w->rows[k].cap) == 0)
            k++;
        if (k == COUNT(w->rows))
            checkup_say(c, "note", "%s", _(w->without));
        else if (w->rows[k].with != NULL)
            checkup_say(c, "ok", "%s", _(w->rows[k].with));
    }
}

static const struct sync_listed *with_role(const struct look_around *l, enum cache_role role)
{
    for (size_t i = 0; i < l->rows_n; i++)
        if (l->rows[i].role == role)
            return &l->rows[i];
    return NULL;
}

static void say_sent(const struct look_around *l, uint64_t caps)
{
    const struct sync_listed *sent = with_role(l, ROLE_SENT);
    struct checkup *c = l->c;
    if (sent == NULL)
        checkup_say(c, "note",
                    _("there is no folder for what was sent: tmail makes one called Sent with the "
                      "first message"));
    else if ((sent->flags & LIST_SENT) != 0)
        checkup_say(c, "ok", _("what was sent is kept in %.*s: the server says that it is for it"),
                    STR_ARG(sent->name));
    else
        checkup_say(c, "ok", _("what was sent is kept in %.*s, because of its name"),
                    STR_ARG(sent->name));
    if ((caps & CAP_X_GM_EXT_1) != 0)
        checkup_say(c, "ok",
                    _("Gmail keeps a copy of what is sent by itself: tmail looks for that one "
                      "before it adds another"));
}

static void say_trash(const struct look_around *l)
{
    const struct sync_listed *trash = with_role(l, ROLE_TRASH);
    if (trash != NULL)
        checkup_say(l->c, "ok", _("what is deleted goes to %.*s"), STR_ARG(trash->name));
    else
        checkup_say(l->c, "note",
                    _("there is no folder for what is deleted: tmail makes one called Trash"));
}

/* Mail that is stamped by the server cannot be younger than now. */
static void say_newest(const struct look_around *l)
{
    int64_t ahead = l->newest - clock_wall_ms() / 1000;
    struct error why;
    if (ahead <= CHECKUP_CLOCK_S)
        return;
    (void)error_set(
        &why, ERR_SYS, RETRY_NEVER,
        _("the newest mail is %lld minutes in the future: the clock of this machine, or "
          "that of the server, is wrong (timedatectl shows ours)"),
        (long long)(ahead / 60));
    checkup_wrong(l->c, &why);
}

static void say_quota(const struct look_around *l)
{
    const struct imap_quota *q = &l->quota;
    if (q->storage_limit == 0)
        return;
    double part = (double)q->storage * 100 / (double)q->storage_limit;
    unsigned percent = part < 1000 ? (unsigned)part : 1000; /* what a server says may be anything */
    if (percent >= CHECKUP_FULL)
        checkup_say(l->c, "note",
                    _("the mailbox is %u%% full: delete something before mail is turned away"),
                    percent);
    else
        checkup_say(l->c, "ok", _("the mailbox is %u%% full"), percent);
}

/* What may fail and is no reason to call the account broken. */
static void try_command(struct look_around *l, struct imap *i, struct str cmd)
{
    struct error why;
    if (imap_command(i, cmd, &(struct imap_handler){ .resp = on_resp, .arg = l }, &why) != 0)
        checkup_say(l->c, "note", "%s", why.text);
}

static void look_around(struct checkup *c, struct imap *i)
{
    uint64_t caps = imap_caps(i), special = CAP_SPECIAL_USE | CAP_LIST_EXTENDED;
    struct look_around l = { .c = c };
    struct imap_handler h = { .resp = on_resp, .arg = &l };
    struct error ignored;
    say_abilities(c, caps);
    l.rows = xcalloc(CHECKUP_LISTED_MAX, sizeof *l.rows);
    if ((caps & CAP_NAMESPACE) != 0)
        imap_queue(i, STR("NAMESPACE"), &h);
    try_command(&l, i,
                (caps & special) == special ? STR("LIST \"\" \"*\" RETURN (SPECIAL-USE)")
                                            : STR("LIST \"\" \"*\""));
    spaces_names(&l.spaces, c->arena, l.rows, l.rows_n);
    roles_assign(l.rows, l.rows_n);
    say_sent(&l, caps);
    say_trash(&l);
    free(l.rows);
    if (imap_command(i, STR("EXAMINE INBOX"), &h, &ignored) == 0 && l.exists > 0)
        (void)!imap_command(i, STR("FETCH * (INTERNALDATE)"), &h, &ignored);
    say_newest(&l);
    if ((caps & CAP_QUOTA) != 0)
        try_command(&l, i, STR("GETQUOTAROOT INBOX"));
    say_quota(&l);
}

/* RFC 3501 §7.1.4. Through a tunnel it is how it is meant: whoever may run its command is who it says. */
static void say_reached(struct checkup *c, const struct imap *i)
{
    const char *host = c->cfg->in.host;
    if (!imap_preauth(i))
        checkup_say(c, "ok", _("%s is reached, and the login works (%s)"), host, c->facts.login);
    else if (c->cfg->tunnel != NULL)
        checkup_say(c, "ok", _("%s is reached, and lets us in through the tunnel"), host);
    else
        checkup_say(c, "note",
                    _("%s lets everybody in without a login: is it the server of your mail, and "
                      "yours alone?"),
                    host);
    if (!imap_secure(i) && !c->cfg->in.loopback && c->cfg->tunnel == NULL)
        checkup_say(c, "note", _("%s is spoken to without TLS: whoever is between reads along"),
                    host);
}

int checkup_imap(struct checkup *c, struct error *err)
{
    struct net_login login;
    if (checkup_login(c, NET_IMAP, &login, err) < 0)
        return -1;
    probe_progress(c->p, _("asking %s ..."), c->cfg->in.host);
    struct imap *i =
        imap_open(&(struct imap_options){ .endpoint = account_endpoint(c->cfg, NET_IMAP),
                                          .login = &login,
                                          .cancel = probe_cancel(c->p),
                                          .log = probe_log(c->p),
                                          .connect_ms = CHECKUP_CONNECT_MS,
                                          .wait_ms = CHECKUP_SILENCE_MS,
                                          .facts = &c->facts },
                  err);
    checkup_connection(c, &c->cfg->in);
    if (i == NULL)
        return -1;
    say_reached(c, i);
    look_around(c, i);
    imap_close(&i);
    return 0;
}
