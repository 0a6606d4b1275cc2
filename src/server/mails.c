/* SPDX-License-Identifier: MIT */
#include "server/mails.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "server/ahead.h"
#include "server/limits.h"
#include "server/mailbox.h"
#include "server/names.h"
#include "server/store.h"
#include "base/banned.h"

struct mails {
    struct desk desk;
    enum mails_form form;
    bool any, whole; /* any: something was written */
    struct buf *out;
};

static void one_put(struct mails *m, const char *account, const char *folder,
                    const struct mailbox_row *row, struct str message)
{
    struct mails_one one = { .account = account,
                             .folder = folder,
                             .row = row,
                             .message = message,
                             .whole = m->whole,
                             .reader = m->desk.reader,
                             .answers = m->desk.answers };
    mails_put(&one, m->form, m->out);
    if (!m->whole)
        buf_addc(m->out, '\n');
    m->any = true;
}

/* uid 0: all of them. */
static int rows_put(struct mails *m, struct mailbox *box, const char *account, const char *folder,
                    const struct rows *rows, uint32_t uid, struct error *err)
{
    size_t first = uid > 0 ? rows_find(rows, uid) : 0;
    size_t n = uid == 0 ? rows->n : first < rows->n ? 1 : 0;
    struct str message;
    int rc = 0;
    if (n == 0)
        return 0;
    uint32_t *uids = xcalloc(n, sizeof *uids);
    for (size_t i = 0; i < n; i++)
        uids[i] = rows_at(rows, first + i)->uid;
    struct ahead *a = ahead_new(box, uids, n, !m->whole, err);
    for (size_t i = 0; a != NULL && rc >= 0 && i < n; i++)
        if ((rc = ahead_next(a, &message, err)) == 0)
            one_put(m, account, folder, rows_at(rows, first + i), message);
    if (a == NULL)
        rc = -1;
    ahead_free(&a);
    return rc < 0 ? -1 : 0;
}

/* The rows are those of a session that is gone at once. */
static int rows_get(struct mails *m, struct mailbox *box, struct rows *rows, struct error *err)
{
    struct queue *events = queue_new(SERVER_HASHES, err);
    struct mailbox_job *j = mailbox_job_new(MAILBOX_ATTACH);
    if (events == NULL) {
        mailbox_job_free(&j);
        return -1;
    }
    j->events = events;
    int rc = mailbox_call(box, m->desk.answers, &j, err);
    if (rc == 0)
        rows_share(rows, &j->rows);
    mailbox_job_free(&j);
    if (rc == 0) {
        j = mailbox_job_new(MAILBOX_DETACH);
        j->events = events;
        rc = mailbox_call(box, m->desk.answers, &j, err);
        mailbox_job_free(&j);
    }
    queue_free(&events);
    return rc;
}

/* 1: there is no such folder. */
static int folder_put(struct mails *m, const char *account, const char *folder, uint32_t uid,
                      struct error *err)
{
    struct mailbox *box = NULL;
    struct rows rows = { 0 };
    int rc = desk_mailbox(&m->desk, str_c(account), str_c(folder), false, &box, err);
    if (rc != 0)
        return rc;
    rc = rows_get(m, box, &rows, err);
    if (rc == 0)
        rc = rows_put(m, box, account, folder, &rows, uid, err);
    rows_clear(&rows);
    desk_mailbox_done(&m->desk, &box);
    return rc;
}

static int account_put(struct mails *m, const char *account, struct error *err)
{
    struct folder_list list;
    int rc = desk_list(&m->desk, str_c(account), &list, err);
    if (rc != 0)
        return rc;
    for (size_t i = 0; rc >= 0 && i < list.n; i++)
        if (list.p[i].selectable)
            rc = folder_put(m, account, list.p[i].name, 0, err);
    folders_list_free(&list);
    return rc < 0 ? -1 : 0;
}

static bool is_account(struct mails *m, const char *account, struct error *err)
{
    struct folder_list list;
    bool found = false;
    if (desk_accounts(&m->desk, &list, err) != 0)
        return false;
    for (size_t i = 0; i < list.n; i++)
        found = found || str_eqc(str_c(account), list.p[i].name);
    folders_list_free(&list);
    return found;
}

static int all_put(struct mails *m, struct error *err)
{
    struct folder_list list;
    int rc = desk_accounts(&m->desk, &list, err);
    for (size_t i = 0; rc == 0 && i < list.n; i++)
        rc = account_put(m, list.p[i].name, err);
    if (rc == 0 || list.p != NULL)
        folders_list_free(&list);
    return rc;
}

/* ACCOUNT[/FOLDER]; folder NULL: none was named. Both are for the caller to free. */
static void place_read(struct str s, char **account, char **folder)
{
    size_t slash = str_find(s, '/');
    *account = xmemdup0(s.p, slash);
    for (char *c = *account; *c != '\0'; c++)
        *c = ascii_lower(*c);
    struct str rest = str_skip(s, slash + 1);
    *folder = rest.n > 0 ? xmemdup0(rest.p, rest.n) : NULL;
}

static int place_put(struct mails *m, struct str place, uint32_t uid, struct error *err)
{
    char *account;
    char *folder;
    int rc;
    place_read(place, &account, &folder);
    if (!is_account(m, account, err))
        rc = uid > 0 ? 1 : 0; /* who never had mail has none */
    else if (folder != NULL || uid > 0)
        rc = folder_put(m, account, folder != NULL ? folder : "INBOX", uid, err);
    else
        rc = account_put(m, account, err);
    if (rc == 1 || (rc == 0 && uid > 0 && !m->any))
        rc = error_set(err, ERR_USAGE, RETRY_NEVER,
                       uid > 0 ? _("there is no such message") : _("there is no such folder"));
    free(account);
    free(folder);
    return rc;
}

/* The switches among the words; what is left counts. */
static size_t words_take(struct mails *m, const struct str *words, size_t n, struct str *left,
                         size_t max)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (str_eqc(words[i], "--json"))
            m->form = MAILS_JSON;
        else if (str_eqc(words[i], "--raw") && m->whole)
            m->form = MAILS_RAW;
        else if (kept < max)
            left[kept++] = words[i];
        else
            return max + 1;
    return kept;
}

static int list_run(void *store, const struct str *words, size_t n, struct buf *out,
                    struct error *err)
{
    struct mails m = { .form = MAILS_LINE, .out = out };
    struct str place[1] = { STR("") };
    size_t kept = words_take(&m, words, n, place, COUNT(place));
    if (kept > COUNT(place))
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("mail list takes [--json] [ACCOUNT[/FOLDER]]"));
    if (desk_open(&m.desk, store, err) != 0)
        return -1;
    int rc = kept == 1 ? place_put(&m, place[0], 0, err) : all_put(&m, err);
    desk_close(&m.desk);
    return rc == 0 ? buf_check(out, err) : rc;
}

static int show_run(void *store, const struct str *words, size_t n, struct buf *out,
                    struct error *err)
{
    struct mails m = { .form = MAILS_TEXT, .whole = true, .out = out };
    struct str left[2] = { STR(""), STR("") };
    uint32_t uid = 0;
    size_t kept = words_take(&m, words, n, left, COUNT(left));
    if (kept != 2 || str_u32(&left[1], &uid) != 0 || left[1].n > 0 || uid == 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("mail show takes [--json|--raw] ACCOUNT[/FOLDER] UID"));
    if (desk_open(&m.desk, store, err) != 0)
        return -1;
    int rc = place_put(&m, left[0], uid, err);
    if (m.form == MAILS_JSON)
        buf_addc(out, '\n');
    desk_close(&m.desk);
    return rc == 0 ? buf_check(out, err) : rc;
}

const struct control_command mails_commands[] = { { "mail list", list_run },
                                                  { "mail show", show_run },
                                                  { NULL, NULL } };
