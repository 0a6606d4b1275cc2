/* SPDX-License-Identifier: MIT */
#include "base/i18n.h"
#include "server/store_in.h"
#include "base/banned.h"

/* ---- accounts ---- */

void desk_secret(struct desk *d, struct str name, struct user_secret *out)
{
    struct store_job *j = store_job_new(STORE_SECRET, STR(""), name, STR(""));
    j->secret = out;
    j = store_ask(d, j);
    store_job_drop(&j->m);
}

void desk_login_done(struct desk *d, struct str peer, bool ok, int *delay_ms)
{
    struct store_job *j = store_job_new(STORE_LOGIN, peer, STR(""), STR(""));
    j->make = ok;
    j = store_ask(d, j);
    *delay_ms = j->delay_ms;
    store_job_drop(&j->m);
}

enum rcpt_kind desk_rcpt(struct desk *d, struct str local, struct str domain, struct rcpt_list *out)
{
    struct store_job *j = store_job_new(STORE_RCPT, STR(""), local, domain);
    j->rcpts = out;
    j = store_ask(d, j);
    enum rcpt_kind kind = (enum rcpt_kind)j->rc;
    store_job_drop(&j->m);
    return kind;
}

static void sasl_secret(void *arg, struct str name, struct user_secret *out)
{
    desk_secret(arg, name, out);
}

static enum accounts_keeps sasl_keeps(void *arg)
{
    struct store_job *j = store_ask(arg, store_job_new(STORE_SECRET, STR(""), STR(""), STR("")));
    enum accounts_keeps keeps = (enum accounts_keeps)j->rc;
    store_job_drop(&j->m);
    return keeps;
}

/* yescrypt takes 16 MiB each time. */
static bool sasl_holds(void *arg, const struct user_secret *s, struct str password)
{
    struct desk *d = arg;
    struct msg *turn = queue_take(d->hashers, -1);
    bool holds = secret_holds(s, password);
    queue_put_now(d->hashers, turn);
    return holds;
}

static void sasl_done(void *arg, const char *peer, bool ok, int *delay_ms)
{
    desk_login_done(arg, str_c(peer), ok, delay_ms);
}

struct sasl_setup desk_sasl(struct desk *d, const struct server_options *options, const char *peer,
                            const char *service)
{
    return (struct sasl_setup){ .options = options,
                                .service = service,
                                .peer = peer,
                                .secret = sasl_secret,
                                .keeps = sasl_keeps,
                                .holds = sasl_holds,
                                .done = sasl_done,
                                .arg = d };
}

/* ---- faults ---- */

static int faults_have(struct faults *f, struct store_job *j)
{
    (void)j;
    return faults_n(f) > 0 ? 1 : 0;
}

static int faults_asked(struct faults *f, struct store_job *j)
{
    faults_ask(f, j->question, j->hits);
    return 0;
}

static int faults_added(struct faults *f, struct store_job *j)
{
    return faults_add(f, str_c(j->folder), &j->err);
}

static int faults_cleared(struct faults *f, struct store_job *j)
{
    (void)j;
    faults_clear(f);
    return 0;
}

static int faults_listed(struct faults *f, struct store_job *j)
{
    faults_list(f, j->text);
    return 0;
}

static struct store_job *faults_job(int (*run)(struct faults *f, struct store_job *j),
                                    struct str text)
{
    struct store_job *j = store_job_new(STORE_FAULTS, STR(""), text, STR(""));
    j->faults = run;
    return j;
}

bool desk_has_faults(struct desk *d)
{
    struct store_job *j = store_ask(d, faults_job(faults_have, STR("")));
    enum accounts_keeps keeps = (enum accounts_keeps)j->rc;
    store_job_drop(&j->m);
    return keeps;
}

void desk_faults(struct desk *d, const struct faults_question *q, struct faults_hits *out)
{
    struct store_job *j = faults_job(faults_asked, STR(""));
    j->question = q;
    j->hits = out;
    j = store_ask(d, j);
    store_job_drop(&j->m);
}

static int faults_control(struct store *s, struct store_job *j, struct buf *out, struct error *err)
{
    struct desk d;
    j->text = out;
    if (desk_open(&d, s, err) != 0) {
        store_job_drop(&j->m);
        return -1;
    }
    j = store_ask(&d, j);
    int rc = j->rc;
    if (rc < 0)
        *err = j->err;
    store_job_drop(&j->m);
    desk_close(&d);
    return rc;
}

static int fault_add_run(void *arg, const struct str *words, size_t n, struct buf *out,
                         struct error *err)
{
    if (n != 1)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("fault add takes POINT=ACTION"));
    return faults_control(arg, faults_job(faults_added, words[0]), out, err);
}

static int fault_clear_run(void *arg, const struct str *words, size_t n, struct buf *out,
                           struct error *err)
{
    (void)words;
    (void)n;
    return faults_control(arg, faults_job(faults_cleared, STR("")), out, err);
}

static int fault_list_run(void *arg, const struct str *words, size_t n, struct buf *out,
                          struct error *err)
{
    (void)words;
    (void)n;
    return faults_control(arg, faults_job(faults_listed, STR("")), out, err);
}

const struct control_command store_fault_commands[] = { { "fault add", fault_add_run },
                                                        { "fault clear", fault_clear_run },
                                                        { "fault list", fault_list_run },
                                                        { NULL, NULL } };
