/* SPDX-License-Identifier: MIT */
#include "server/store_in.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "server/limits.h"
#include "server/names.h"
#include "server/rate.h"
#include "server/reader.h"
#include "base/banned.h"

enum { STORE_QUEUE = 1000 };

/* A mailbox that is open, or that was and still has users. */
struct open_box {
    char *account, *folder;
    struct mailbox *box;
    size_t users;
    bool stopped; /* deleted or renamed: nobody gets it any more */
    uint64_t used;
};
struct failure {
    char peer[64];
    unsigned n;
    int64_t at_ms;
};
struct store {
    struct vclock *clock;
    struct mailq *mailq;
    const struct server_options *options;
    struct accounts *accounts;
    struct faults *faults;
    struct queue *hashers; /* as many messages as hashes may be made at once */
    struct log *log;
    struct queue *q;
    pthread_t thread;
    struct reader *reader;
    int root_dir, mail_dir, tmp_dir;
    struct open_box *boxes;
    size_t boxes_n;
    uint64_t tick;
    uint32_t last_validity;
    struct failure failures[SERVER_LOGIN_ADDRESSES];
    struct rate rate;
};

void store_job_drop(struct msg *m)
{
    struct store_job *j = (struct store_job *)m;
    free(j->account);
    free(j->folder);
    free(j->to);
    folders_list_free(&j->list);
    free(j);
}

struct store_job *store_job_new(enum store_kind kind, struct str account, struct str folder,
                                struct str to)
{
    struct store_job *j = xcalloc(1, sizeof *j);
    j->m.kind = (int)kind;
    j->m.drop = store_job_drop;
    j->account = xmemdup0(account.p, account.n);
    j->folder = xmemdup0(folder.p, folder.n);
    j->to = xmemdup0(to.p, to.n);
    return j;
}

struct store_job *store_ask(struct desk *d, struct store_job *j)
{
    j->answer = d->answers;
    queue_put(d->store->q, &j->m);
    return (struct store_job *)queue_take(d->answers, -1);
}

static struct open_box *box_find(struct store *s, const char *account, const char *folder)
{
    for (size_t i = 0; i < s->boxes_n; i++) {
        struct open_box *o = &s->boxes[i];
        if (!o->stopped && str_eq(str_c(o->account), str_c(account)) &&
            str_eq(str_c(o->folder), str_c(folder)))
            return o;
    }
    return NULL;
}

static void box_forget(struct store *s, size_t i)
{
    struct open_box *o = &s->boxes[i];
    mailbox_free(&o->box);
    free(o->account);
    free(o->folder);
    *o = s->boxes[--s->boxes_n];
}

/* Mailboxes without users stay open, as the next delivery will want them; the one longest unused
 * goes first. */
static void boxes_trim(struct store *s)
{
    size_t idle = 0;
    size_t oldest = s->boxes_n;
    for (size_t i = s->boxes_n; i-- > 0;) {
        if (s->boxes[i].users > 0)
            continue;
        if (s->boxes[i].stopped) {
            box_forget(s, i);
            boxes_trim(s);
            return;
        }
        idle++;
        if (oldest == s->boxes_n || s->boxes[i].used < s->boxes[oldest].used)
            oldest = i;
    }
    if (idle > STORE_IDLE_BOXES)
        box_forget(s, oldest);
}

/* Seconds, but never the same twice: a folder made anew in the same second is another folder. */
static uint32_t validity_next(struct store *s)
{
    uint32_t now = (uint32_t)(clock_wall_ms() / 1000);
    s->last_validity = now > s->last_validity ? now : s->last_validity + 1;
    return s->last_validity;
}

static struct mailbox *box_start(struct store *s, int account_dir, const char *folder, bool make,
                                 struct error *err)
{
    struct buf leaf = BUF_INIT(4096);
    struct mailbox *box = NULL;
    int dir = folders_parent(account_dir, str_c(folder), make, &leaf, err);
    if (dir >= 0) {
        box = mailbox_start(dir, buf_c(&leaf), validity_next(s), s->log, err);
        close(dir);
    }
    buf_free(&leaf);
    return box;
}

static int do_open(struct store *s, struct store_job *j)
{
    if (name_is_inbox(str_c(j->folder)))
        memcpy(j->folder, "INBOX", 5);
    struct open_box *o = box_find(s, j->account, j->folder);
    if (o == NULL) {
        int dir = folders_account(s->mail_dir, str_c(j->account), true, &j->err);
        int rc = dir >= 0 ? folders_exists(dir, str_c(j->folder), &j->err) : -1;
        struct mailbox *box = NULL;
        if (rc == 0 || (rc == 1 && j->make))
            box = box_start(s, dir, j->folder, j->make, &j->err);
        if (dir >= 0)
            close(dir);
        if (box == NULL)
            return rc == 1 && !j->make ? 1 : -1;
        s->boxes = xrealloc(s->boxes, s->boxes_n + 1, sizeof *s->boxes);
        o = &s->boxes[s->boxes_n++];
        *o = (struct open_box){ .account = xstrdup(j->account),
                                .folder = xstrdup(j->folder),
                                .box = box };
    }
    o->users++;
    o->used = ++s->tick;
    j->box = o->box;
    return 0;
}

static int do_done(struct store *s, struct store_job *j)
{
    for (size_t i = 0; i < s->boxes_n; i++)
        if (s->boxes[i].box == j->box)
            s->boxes[i].users--;
    boxes_trim(s);
    return 0;
}

/* Ends what is open of a folder (and of those below it): its file is about to go or to have another
 * name. */
static void boxes_stop(struct store *s, const char *account, const char *folder, bool below)
{
    for (size_t i = 0; i < s->boxes_n; i++) {
        struct open_box *o = &s->boxes[i];
        struct str rest = str_c(o->folder);
        if (o->stopped || !str_eq(str_c(o->account), str_c(account)) ||
            str_lit(&rest, folder) != 0 || !(rest.n == 0 || (below && rest.p[0] == '/')))
            continue;
        mailbox_stop(o->box);
        o->stopped = true;
    }
    boxes_trim(s);
}

static int do_create(struct store *s, struct store_job *j, int dir)
{
    int rc = folders_exists(dir, str_c(j->folder), &j->err);
    if (rc != 1)
        return rc == 0 ? 1 : -1;
    j->make = true;
    if (do_open(s, j) != 0)
        return -1;
    return do_done(s, j);
}

/* RFC 3501 §6.3.5: the mail of INBOX goes to a new folder, and INBOX is empty then. Its file goes,
 * and is made anew when it is wanted. */
static int inbox_ensure(struct store *s, struct store_job *j, int dir)
{
    struct stat st;
    memcpy(j->folder, "INBOX", 5);
    if (fstatat(dir, "INBOX", &st, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    j->make = true;
    return do_open(s, j) == 0 ? do_done(s, j) : -1;
}

static int do_rename(struct store *s, struct store_job *j, int dir)
{
    struct str below = str_c(j->to);
    bool inbox = name_is_inbox(str_c(j->folder));
    if (str_lit(&below, j->folder) == 0 && str_starts(below, "/"))
        return error_set(&j->err, ERR_USAGE, RETRY_NEVER, _("this folder cannot be renamed so"));
    int rc = folders_exists(dir, str_c(j->folder), &j->err);
    if (rc != 0)
        return rc;
    rc = folders_exists(dir, str_c(j->to), &j->err);
    if (rc != 1)
        return rc == 0 ? 2 : -1;
    if (inbox)
        rc = inbox_ensure(s, j, dir);
    if (rc < 0)
        return -1;
    boxes_stop(s, j->account, j->folder, !inbox);
    return folders_rename(dir, str_c(j->folder), str_c(j->to), &j->err);
}

static int do_delete(struct store *s, struct store_job *j, int dir)
{
    if (name_is_inbox(str_c(j->folder)))
        return error_set(&j->err, ERR_USAGE, RETRY_NEVER, _("INBOX cannot be deleted"));
    int rc = folders_exists(dir, str_c(j->folder), &j->err);
    if (rc != 0)
        return rc;
    boxes_stop(s, j->account, j->folder, false);
    return folders_delete(dir, str_c(j->folder), &j->err);
}

static int do_change(struct store *s, struct store_job *j)
{
    int dir = folders_account(s->mail_dir, str_c(j->account), true, &j->err);
    if (dir < 0)
        return -1;
    int rc = j->change == DESK_CREATE   ? do_create(s, j, dir)
             : j->change == DESK_DELETE ? do_delete(s, j, dir)
             : j->change == DESK_RENAME
                 ? do_rename(s, j, dir)
                 : folders_subscribe(dir, str_c(j->folder), j->change == DESK_SUBSCRIBE, &j->err);
    close(dir);
    return rc;
}

static int do_list(struct store *s, struct store_job *j)
{
    int dir = folders_account(s->mail_dir, str_c(j->account), true, &j->err);
    if (dir < 0)
        return -1;
    int rc = folders_list(dir, &j->list, &j->err);
    close(dir);
    return rc;
}

/* The place of an address among those that failed; the oldest makes room. */
static struct failure *failure_of(struct store *s, struct str peer)
{
    struct failure *oldest = &s->failures[0];
    for (size_t i = 0; i < COUNT(s->failures); i++) {
        if (s->failures[i].n > 0 && str_eqc(peer, s->failures[i].peer))
            return &s->failures[i];
        if (s->failures[i].at_ms < oldest->at_ms)
            oldest = &s->failures[i];
    }
    *oldest = (struct failure){ 0 };
    if (peer.n < sizeof oldest->peer)
        memcpy(oldest->peer, peer.p, peer.n);
    return oldest;
}

static int do_login(struct store *s, struct store_job *j)
{
    struct failure *f = failure_of(s, str_c(j->account));
    if (j->make) {
        *f = (struct failure){ 0 };
        return 0;
    }
    j->delay_ms = SERVER_LOGIN_DELAY_MS << (f->n < 2 ? f->n : 2);
    if (j->delay_ms > SERVER_LOGIN_DELAY_MAX_MS)
        j->delay_ms = SERVER_LOGIN_DELAY_MAX_MS;
    f->n++;
    f->at_ms = clock_mono_ms();
    return 1;
}

static int do_secret(struct store *s, struct store_job *j)
{
    if (j->secret != NULL)
        accounts_secret(s->accounts, str_c(j->folder), j->secret);
    return (int)accounts_keeps(s->accounts);
}

static int do_rcpt(struct store *s, struct store_job *j)
{
    return (int)accounts_rcpt(s->accounts, str_c(j->folder), str_c(j->to), j->rcpts);
}

static int do_faults(struct store *s, struct store_job *j)
{
    return j->faults(s->faults, j);
}

static struct faults *faults_given(const struct server_options *o, struct error *err)
{
    struct faults *f = faults_new();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < o->faults_n; i++)
        rc = faults_add(f, str_c(o->faults[i]), err);
    if (rc != 0)
        faults_free(&f);
    return f;
}

static int do_reload(struct store *s, struct store_job *j)
{
    struct accounts *fresh = accounts_load(j->options, s->root_dir, &j->err);
    struct faults *faults = fresh != NULL ? faults_given(j->options, &j->err) : NULL;
    if (faults == NULL) {
        accounts_free(&fresh);
        return -1;
    }
    accounts_free(&s->accounts);
    faults_free(&s->faults);
    s->faults = faults;
    s->accounts = fresh;
    s->options = j->options;
    return 0;
}

static int do_rate(struct store *s, struct store_job *j)
{
    return rate_take(&s->rate, str_c(j->account), j->per_minute, clock_mono_ms()) ? 0 : 1;
}

static int do_accounts(struct store *s, struct store_job *j)
{
    return folders_accounts(s->mail_dir, &j->list, &j->err);
}

static void *store_thread(void *arg)
{
    static int (*const table[])(struct store *, struct store_job *) = {
        [STORE_OPEN] = do_open,     [STORE_DONE] = do_done,         [STORE_LIST] = do_list,
        [STORE_CHANGE] = do_change, [STORE_SECRET] = do_secret,     [STORE_LOGIN] = do_login,
        [STORE_RCPT] = do_rcpt,     [STORE_RATE] = do_rate,         [STORE_RELOAD] = do_reload,
        [STORE_FAULTS] = do_faults, [STORE_ACCOUNTS] = do_accounts,
    };
    struct store *s = arg;
    struct msg *m;
    while ((m = queue_take(s->q, -1)) != NULL) {
        struct store_job *j = (struct store_job *)m;
        struct queue *answer = j->answer;
        j->rc = table[m->kind](s, j);
        if (answer != NULL)
            queue_put_now(answer, m);
        else
            msg_drop(m);
    }
    while (s->boxes_n > 0)
        box_forget(s, s->boxes_n - 1);
    return NULL;
}

/* A folder of the root, made when it is not there. */
static int root_dir_open(const struct server_options *o, const char *name, struct error *err)
{
    char *path = xasprintf("%s/%s", o->root, name);
    int fd = -1;
    if (file_mkdirs(path, err) == 0) {
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            error_sys(err, _("cannot open %s"), path);
    }
    free(path);
    return fd;
}

/* What a server that was killed left there. */
static void tmp_sweep(int dir)
{
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again >= 0 ? fdopendir(again) : NULL;
    struct dirent *e;
    if (d == NULL) {
        if (again >= 0)
            close(again);
        return;
    }
    while ((e = readdir(d)) != NULL)
        if (!str_eqc(str_c(e->d_name), ".") && !str_eqc(str_c(e->d_name), ".."))
            unlinkat(dir, e->d_name, 0);
    closedir(d);
}

static int dirs_open(struct store *s, struct error *err)
{
    s->root_dir = root_dir_open(s->options, ".", err);
    s->mail_dir = s->root_dir >= 0 ? root_dir_open(s->options, "mail", err) : -1;
    s->tmp_dir = s->mail_dir >= 0 ? root_dir_open(s->options, "tmp", err) : -1;
    if (s->tmp_dir < 0)
        return -1;
    tmp_sweep(s->tmp_dir);
    return 0;
}

static void store_drop(struct store **s)
{
    reader_stop(&(*s)->reader);
    queue_free(&(*s)->q);
    queue_free(&(*s)->hashers);
    accounts_free(&(*s)->accounts);
    faults_free(&(*s)->faults);
    if ((*s)->root_dir >= 0)
        close((*s)->root_dir);
    if ((*s)->mail_dir >= 0)
        close((*s)->mail_dir);
    if ((*s)->tmp_dir >= 0)
        close((*s)->tmp_dir);
    free((*s)->boxes);
    free(*s);
    *s = NULL;
}

static void hasher_drop(struct msg *m)
{
    free(m);
}

static int hashers_start(struct store *s, struct error *err)
{
    s->hashers = queue_new(SERVER_HASHES, err);
    for (int i = 0; s->hashers != NULL && i < SERVER_HASHES; i++) {
        struct msg *m = xcalloc(1, sizeof *m);
        m->drop = hasher_drop;
        queue_put_now(s->hashers, m);
    }
    return s->hashers != NULL ? 0 : -1;
}

static int store_prepare(struct store *s, struct error *err)
{
    if (dirs_open(s, err) != 0 || hashers_start(s, err) != 0)
        return -1;
    s->faults = faults_given(s->options, err);
    if (s->faults == NULL)
        return -1;
    s->accounts = accounts_load(s->options, s->root_dir, err);
    s->q = s->accounts != NULL ? queue_new(STORE_QUEUE, err) : NULL;
    s->reader = s->q != NULL ? reader_start(s->log, err) : NULL;
    return s->reader != NULL ? 0 : -1;
}

struct store *store_start(const struct server_options *options, struct log *log, struct error *err)
{
    struct store *s = xcalloc(1, sizeof *s);
    s->options = options;
    s->log = log;
    s->root_dir = s->mail_dir = s->tmp_dir = -1;
    int rc = store_prepare(s, err);
    if (rc == 0 && pthread_create(&s->thread, NULL, store_thread, s) == 0)
        return s;
    if (rc == 0)
        error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
    store_drop(&s);
    return NULL;
}

void store_stop(struct store **s)
{
    if (*s == NULL)
        return;
    queue_close((*s)->q);
    pthread_join((*s)->thread, NULL);
    store_drop(s);
}

void store_lend(struct store *s, struct vclock *clock, struct mailq *mailq)
{
    s->clock = clock;
    s->mailq = mailq;
}

int desk_open(struct desk *d, struct store *s, struct error *err)
{
    *d = (struct desk){ .store = s,
                        .hashers = s->hashers,
                        .clock = s->clock,
                        .mailq = s->mailq,
                        .answers = queue_new(1, err),
                        .reader = s->reader,
                        .tmp_dir = s->tmp_dir };
    return d->answers != NULL ? 0 : -1;
}

void desk_close(struct desk *d)
{
    queue_free(&d->answers);
}

/* What does not say how much there is has room: the write will tell. */
bool desk_room(const struct desk *d, uint64_t bytes)
{
    struct statvfs fs;
    if (fstatvfs(d->tmp_dir, &fs) != 0 || fs.f_frsize == 0)
        return true;
    uint64_t need = (bytes + STORE_RESERVE) / fs.f_frsize + 1;
    return fs.f_bavail >= need;
}

int store_reload(struct store *s, const struct server_options *options, struct error *err)
{
    struct desk d;
    if (desk_open(&d, s, err) != 0)
        return -1;
    struct store_job *j = store_job_new(STORE_RELOAD, STR(""), STR(""), STR(""));
    j->options = options;
    j = store_ask(&d, j);
    int rc = j->rc;
    if (rc < 0)
        *err = j->err;
    store_job_drop(&j->m);
    desk_close(&d);
    return rc;
}

int desk_mailbox(struct desk *d, struct str account, struct str folder, bool make,
                 struct mailbox **box, struct error *err)
{
    struct store_job *j = store_job_new(STORE_OPEN, account, folder, STR(""));
    j->make = make;
    j = store_ask(d, j);
    int rc = j->rc;
    if (rc == 0)
        *box = j->box;
    else if (rc < 0)
        *err = j->err;
    store_job_drop(&j->m);
    return rc;
}

bool desk_rate(struct desk *d, struct str peer, uint64_t per_minute)
{
    struct store_job *j = store_job_new(STORE_RATE, peer, STR(""), STR(""));
    j->per_minute = per_minute;
    j = store_ask(d, j);
    bool ok = j->rc == 0;
    store_job_drop(&j->m);
    return ok;
}

void desk_mailbox_done(struct desk *d, struct mailbox **box)
{
    if (*box == NULL)
        return;
    struct store_job *j = store_job_new(STORE_DONE, STR(""), STR(""), STR(""));
    j->box = *box;
    *box = NULL;
    queue_put(d->store->q, &j->m); /* nobody waits for it */
}

int desk_list(struct desk *d, struct str account, struct folder_list *out, struct error *err)
{
    struct store_job *j = store_ask(d, store_job_new(STORE_LIST, account, STR(""), STR("")));
    int rc = j->rc;
    if (rc < 0)
        *err = j->err;
    *out = j->list;
    j->list = (struct folder_list){ 0 };
    store_job_drop(&j->m);
    return rc;
}

int desk_accounts(struct desk *d, struct folder_list *out, struct error *err)
{
    struct store_job *j = store_ask(d, store_job_new(STORE_ACCOUNTS, STR(""), STR(""), STR("")));
    int rc = j->rc;
    if (rc < 0)
        *err = j->err;
    *out = j->list;
    j->list = (struct folder_list){ 0 };
    store_job_drop(&j->m);
    return rc;
}

int desk_change(struct desk *d, enum desk_change what, struct str account, struct str folder,
                struct str to, struct error *err)
{
    struct store_job *j = store_job_new(STORE_CHANGE, account, folder, to);
    j->change = what;
    j = store_ask(d, j);
    int rc = j->rc;
    if (rc < 0)
        *err = j->err;
    store_job_drop(&j->m);
    return rc;
}
