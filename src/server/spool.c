/* SPDX-License-Identifier: MIT */
#include "server/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "server/beside.h"
#include "server/limits.h"
#include "base/banned.h"

enum { SPOOL_PIECE = 64 << 10 };
static const char magic[] = "tmaild-queue 1\n";

struct spool {
    int dir;
    struct log *log;
};

/* ---- envelopes ---- */

static void rcpt_clear(struct spool_rcpt *r)
{
    free(r->address);
    free(r->account);
    free(r->orcpt);
    free(r->enhanced);
    free(r->host);
    free(r->why);
}

void spool_env_clear(struct spool_env *env)
{
    for (size_t i = 0; i < env->rcpts_n; i++)
        rcpt_clear(&env->rcpts[i]);
    free(env->rcpts);
    free(env->sender);
    free(env->envid);
    *env = (struct spool_env){ 0 };
}

static char *copy_or_null(const char *s)
{
    return s != NULL ? xstrdup(s) : NULL;
}

struct spool_rcpt *spool_env_add(struct spool_env *env, const char *address, const char *account,
                                 const char *orcpt, unsigned notify)
{
    env->rcpts = xrealloc(env->rcpts, env->rcpts_n + 1, sizeof *env->rcpts);
    struct spool_rcpt *r = &env->rcpts[env->rcpts_n++];
    *r = (struct spool_rcpt){ .address = xstrdup(address),
                              .account = copy_or_null(account),
                              .orcpt = copy_or_null(orcpt),
                              .notify = notify };
    return r;
}

/* Values are one line each, whatever they came from. */
static void put_text(struct buf *out, const char *key, const char *value)
{
    if (value == NULL)
        return;
    buf_addf(out, "%s ", key);
    for (const char *c = value; *c != '\0'; c++)
        buf_addc(out, (unsigned char)*c < ' ' || *c == 127 ? ' ' : *c);
    buf_addc(out, '\n');
}

static void put_rcpt(const struct spool_rcpt *r, struct buf *out)
{
    put_text(out, "rcpt", r->address);
    put_text(out, "account", r->account);
    put_text(out, "orcpt", r->orcpt);
    buf_addf(out, "notify %u\nstate %u\ntold %u\ncode %u\n", r->notify, (unsigned)r->state, r->told,
             r->code);
    put_text(out, "enhanced", r->enhanced);
    put_text(out, "host", r->host);
    put_text(out, "why", r->why);
}

void spool_env_put(const struct spool_env *env, struct buf *out)
{
    buf_adds(out, magic);
    put_text(out, "id", env->id);
    put_text(out, "sender", env->sender);
    put_text(out, "envid", env->envid);
    buf_addf(out, "ret %u\nutf8 %u\neight-bit %u\nwarned %u\n", env->ret, env->utf8, env->eight_bit,
             env->warned);
    buf_addf(out, "arrived %" PRId64 "\nnext %" PRId64 "\ntries %u\nsize %" PRIu64 "\n",
             env->arrived_at, env->next_at, env->tries, env->size);
    for (size_t i = 0; i < env->rcpts_n; i++)
        put_rcpt(&env->rcpts[i], out);
    buf_adds(out, "end\n");
}

static int take_text(char **to, struct str value)
{
    if (*to != NULL || !str_is_line(value))
        return -1;
    *to = xmemdup0(value.p, value.n);
    return 0;
}

static int take_number(struct str value, uint64_t most, uint64_t *to)
{
    return str_u64(&value, to) == 0 && value.n == 0 && *to <= most ? 0 : -1;
}

static bool id_ok(struct str id)
{
    bool ok = id.n > 0 && id.n < SPOOL_ID_MAX;
    for (size_t i = 0; i < id.n && ok; i++)
        ok = (id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= 'A' && id.p[i] <= 'Z') ||
             (id.p[i] >= '0' && id.p[i] <= '9');
    return ok;
}

static int rcpt_text(struct spool_rcpt *r, struct str key, struct str value)
{
    char **to = str_eqc(key, "account")    ? &r->account
                : str_eqc(key, "orcpt")    ? &r->orcpt
                : str_eqc(key, "enhanced") ? &r->enhanced
                : str_eqc(key, "host")     ? &r->host
                : str_eqc(key, "why")      ? &r->why
                                           : NULL;
    return to != NULL ? take_text(to, value) : 1;
}

static int rcpt_line(struct spool_rcpt *r, struct str key, struct str value)
{
    uint64_t n;
    int rc = rcpt_text(r, key, value);
    if (rc <= 0)
        return rc;
    if (take_number(value, 10000, &n) != 0)
        return -1;
    if (str_eqc(key, "notify"))
        r->notify = (unsigned)n;
    else if (str_eqc(key, "state") && n <= SPOOL_FAILED)
        r->state = (enum spool_state)n;
    else if (str_eqc(key, "told"))
        r->told = n != 0;
    else if (str_eqc(key, "code"))
        r->code = (unsigned)n;
    else
        return -1;
    return 0;
}

static int id_line(struct spool_env *env, struct str value)
{
    if (!id_ok(value))
        return -1;
    memcpy(env->id, value.p, value.n);
    env->id[value.n] = '\0';
    return 0;
}

static int number_line(struct spool_env *env, struct str key, struct str value)
{
    uint64_t n;
    if (take_number(value, INT64_MAX / 4, &n) != 0)
        return -1;
    if (str_eqc(key, "ret"))
        env->ret = (unsigned)(n & 3);
    else if (str_eqc(key, "utf8"))
        env->utf8 = n != 0;
    else if (str_eqc(key, "eight-bit"))
        env->eight_bit = n != 0;
    else if (str_eqc(key, "warned"))
        env->warned = n != 0;
    else if (str_eqc(key, "arrived"))
        env->arrived_at = (int64_t)n;
    else if (str_eqc(key, "next"))
        env->next_at = (int64_t)n;
    else if (str_eqc(key, "tries"))
        env->tries = n < UINT32_MAX ? (unsigned)n : UINT32_MAX;
    else if (str_eqc(key, "size"))
        env->size = n;
    else
        return -1;
    return 0;
}

static int env_line(struct spool_env *env, struct str key, struct str value)
{
    if (str_eqc(key, "rcpt")) {
        if (!str_is_line(value) || value.n == 0)
            return -1;
        char *address = xmemdup0(value.p, value.n);
        spool_env_add(env, address, NULL, NULL, 0);
        free(address);
        return 0;
    }
    if (env->rcpts_n > 0)
        return rcpt_line(&env->rcpts[env->rcpts_n - 1], key, value);
    if (str_eqc(key, "id"))
        return id_line(env, value);
    if (str_eqc(key, "sender"))
        return take_text(&env->sender, value);
    if (str_eqc(key, "envid"))
        return take_text(&env->envid, value);
    return number_line(env, key, value);
}

int spool_env_read(struct str text, struct spool_env *env, struct error *err)
{
    struct str line;
    struct str key;
    int rc = str_lit(&text, magic);
    *env = (struct spool_env){ 0 };
    while (rc == 0 && (rc = str_until(&text, '\n', &line)) == 0) {
        if (str_eqc(line, "end") && text.n == 0 && env->id[0] != '\0' && env->sender != NULL &&
            env->rcpts_n > 0)
            return 0;
        rc = str_until(&line, ' ', &key);
        if (rc == 0)
            rc = env_line(env, key, line);
    }
    spool_env_clear(env);
    return error_set(err, ERR_STORE, RETRY_NEVER, _("the envelope is damaged"));
}

/* ---- files ---- */

struct spool *spool_open(int root, struct log *log, struct error *err)
{
    struct stat st;
    if (mkdirat(root, "queue", 0700) != 0 && errno != EEXIST) {
        error_sys(err, _("cannot make the folder of the queue"));
        return NULL;
    }
    int dir = openat(root, "queue", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0 || fstat(dir, &st) != 0 || st.st_uid != geteuid()) {
        error_sys(err, _("cannot open the folder of the queue"));
        if (dir >= 0)
            close(dir);
        return NULL;
    }
    struct spool *s = xcalloc(1, sizeof *s);
    *s = (struct spool){ .dir = dir, .log = log };
    return s;
}

void spool_close(struct spool **s)
{
    if (*s == NULL)
        return;
    close((*s)->dir);
    free(*s);
    *s = NULL;
}

static char *name_of(const char *id, const char *end)
{
    return xasprintf("%s.%s", id, end);
}

static int dir_sync(const struct spool *s, struct error *err)
{
    return sys_fault(FAULT_FSYNC, "queue folder fsync") != 0 || fsync(s->dir) != 0
               ? error_sys(err, _("cannot write the queue to the disk"))
               : 0;
}

static int message_copy(int fd, const struct spill *message, struct error *err)
{
    struct buf piece = BUF_INIT(SPOOL_PIECE);
    int rc = 0;
    for (uint64_t at = 0; at < spill_size(message) && rc == 0; at += SPOOL_PIECE) {
        buf_clear(&piece);
        rc = spill_read(message, at, SPOOL_PIECE, &piece, err);
        if (rc == 0)
            rc = file_write_fd(fd, buf_str(&piece), _("the queue"), err);
    }
    buf_free(&piece);
    if (rc == 0 && (sys_fault(FAULT_FSYNC, "queue message fsync") != 0 || fsync(fd) != 0))
        rc = error_sys(err, _("cannot write the queue to the disk"));
    return rc;
}

static int message_write(const struct spool *s, const char *id, const struct spill *message,
                         struct error *err)
{
    char *name = name_of(id, "msg");
    int fd = sys_fault(FAULT_OPEN, "queue message create") != 0
                 ? -1
                 : openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc =
        fd >= 0 ? message_copy(fd, message, err) : error_sys(err, _("cannot write into the queue"));
    if (fd >= 0 && close(fd) != 0 && rc == 0)
        rc = error_sys(err, _("cannot write into the queue"));
    if (fd >= 0 && rc != 0)
        unlinkat(s->dir, name, 0);
    free(name);
    return rc;
}

int spool_update(struct spool *s, const struct spool_env *env, struct error *err)
{
    struct buf text = BUF_INIT(SPOOL_ENV_MAX);
    char *name = name_of(env->id, "env");
    spool_env_put(env, &text);
    int rc = buf_check(&text, err);
    if (rc == 0)
        rc = beside_write(s->dir, name, buf_str(&text), err);
    if (rc == 0)
        rc = dir_sync(s, err);
    free(name);
    buf_free(&text);
    return rc;
}

static void message_drop(const struct spool *s, const char *id)
{
    char *name = name_of(id, "msg");
    unlinkat(s->dir, name, 0);
    free(name);
}

int spool_remove(struct spool *s, const char *id, struct error *err)
{
    char *name = name_of(id, "env");
    int rc = sys_fault(FAULT_RENAME, "queue remove") != 0 ? -1 : unlinkat(s->dir, name, 0);
    if (rc != 0 && errno != ENOENT)
        rc = error_sys(err, _("cannot remove from the queue"));
    else
        rc = dir_sync(s, err);
    free(name);
    if (rc == 0)
        message_drop(s, id);
    return rc;
}

int spool_add(struct spool *s, const struct spool_env *env, const struct spill *message,
              struct error *err)
{
    struct error ignored;
    if (!id_ok(str_c(env->id)))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this is no name for a message"));
    if (message_write(s, env->id, message, err) != 0)
        return -1;
    if (spool_update(s, env, err) == 0)
        return 0;
    if (spool_remove(s, env->id, &ignored) != 0)
        log_line(s->log, LOG_ERROR, "mail %s could not be queued and could not be taken back",
                 env->id);
    return -1;
}

int spool_message(const struct spool *s, const char *id, struct error *err)
{
    struct stat st;
    char *name = name_of(id, "msg");
    int fd = sys_fault(FAULT_OPEN, "queue message open") != 0
                 ? -1
                 : openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    free(name);
    if (fd < 0)
        return error_sys(err, _("cannot read a message of the queue"));
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid())
        return fd;
    close(fd);
    return error_set(err, ERR_STORE, RETRY_NEVER, _("a message of the queue is not a plain file"));
}

int spool_read(int message, uint64_t at, size_t want, struct buf *out, struct error *err)
{
    char *room = buf_room(out, want);
    ssize_t n = room != NULL ? pread(message, room, want, (off_t)at) : -1;
    if (n < 0)
        return error_sys(err, _("cannot read a message of the queue"));
    buf_grown(out, (size_t)n);
    return 0;
}

/* ---- what is there at the start ---- */

/* Splits "ID.env" and its like; false for names that are none of ours. */
static bool name_split(const char *name, struct str *id, struct str *end)
{
    *end = str_c(name);
    return str_until(end, '.', id) == 0 && id_ok(*id) &&
           (str_eqc(*end, "env") || str_eqc(*end, "msg") || str_eqc(*end, "env.new"));
}

static bool is_ours(const struct spool *s, const char *name)
{
    struct stat st;
    return fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_nlink == 1 && st.st_uid == geteuid();
}

static void env_found(struct spool *s, const char *name, struct str id, spool_found_fn *found,
                      void *arg)
{
    struct error err = { 0 };
    struct spool_env env;
    struct buf text = BUF_INIT(SPOOL_ENV_MAX);
    int rc = beside_read(s->dir, name, &text, &err);
    if (rc == 0)
        rc = spool_env_read(buf_str(&text), &env, &err);
    if (rc != 0)
        log_line(s->log, LOG_ERROR, "queue: %s is left alone: %s", name, err.text);
    else if (!str_eqc(id, env.id)) {
        log_line(s->log, LOG_ERROR, "queue: %s is left alone: it is the envelope of %s", name,
                 env.id);
        spool_env_clear(&env);
    } else
        found(arg, &env);
    buf_free(&text);
}

/* A half-written envelope, or a message that no envelope names. */
static bool is_left_over(const struct spool *s, struct str id, struct str end)
{
    char *env = xasprintf("%.*s.env", STR_ARG(id));
    bool left = str_eqc(end, "env.new") ||
                (str_eqc(end, "msg") && faccessat(s->dir, env, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
                 errno == ENOENT);
    free(env);
    return left;
}

static void name_take(struct spool *s, const char *name, spool_found_fn *found, void *arg)
{
    struct str id;
    struct str end;
    if (str_eqc(str_c(name), ".") || str_eqc(str_c(name), ".."))
        return;
    if (!name_split(name, &id, &end) || !is_ours(s, name))
        log_line(s->log, LOG_ERROR, "queue: %s is none of our files and is left alone", name);
    else if (str_eqc(end, "env"))
        env_found(s, name, id, found, arg);
    else if (is_left_over(s, id, end))
        unlinkat(s->dir, name, 0);
}

int spool_load(struct spool *s, spool_found_fn *found, void *arg, struct error *err)
{
    int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL) {
        if (fd >= 0)
            close(fd);
        return error_sys(err, _("cannot read the queue"));
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        name_take(s, e->d_name, found, arg);
    closedir(d);
    return 0;
}
