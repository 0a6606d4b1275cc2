/* SPDX-License-Identifier: MIT */
#include "sync/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "bus/jline.h"
#include "net/oauth_http.h"
#include "base/banned.h"

enum { LOCK_EVERY_MS = 50 };

static struct str folder_of(const struct tokens *t)
{
    struct str store = str_c(t->store);
    size_t slash = str_rfind(store, '/');
    return slash < store.n ? str_head(store, slash) : STR(".");
}

/* What is no letter, digit, - or _ of the account's name is %XX: it is a file's name here. */
static char *path_of(const struct tokens *t, const char *end)
{
    struct buf out = BUF_INIT(OAUTH_URL_MAX);
    buf_addf(&out, "%.*s/oauth-", STR_ARG(folder_of(t)));
    for (const char *p = t->account; *p != '\0'; p++)
        buf_addf(&out, ascii_is_alnum(*p) || *p == '-' || *p == '_' ? "%c" : "%%%02X",
                 (unsigned char)*p);
    buf_adds(&out, end);
    return buf_detach(&out);
}

char *tokens_path(const struct tokens *t)
{
    return path_of(t, ".json");
}

/* ------------------------------------------------------------------ one at a time */

static int lock_wait(int fd, struct net_cancel *cancel, struct error *err)
{
    int64_t deadline = clock_mono_ms() + TOKENS_LOCK_MS;
    struct pollfd stop = { .fd = net_cancel_fd(cancel), .events = POLLIN };
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return error_sys(err, _("cannot lock the access token"));
        if (clock_mono_ms() >= deadline)
            return error_set(err, ERR_SYS, RETRY_LATER,
                             _("another tmail takes too long to renew the access token"));
        (void)poll(&stop, 1, LOCK_EVERY_MS);
        if (cancel != NULL && net_cancel_is_set(cancel))
            return error_set(err, ERR_CANCELLED, RETRY_LATER, _("broken off"));
    }
    return 0;
}

int tokens_lock(const struct tokens *t, struct net_cancel *cancel, struct error *err)
{
    char *folder = xmemdup0(folder_of(t).p, folder_of(t).n), *path = path_of(t, ".lock");
    int fd = -1;
    if (file_mkdirs(folder, err) == 0) {
        fd = sys_fault(FAULT_OPEN, "token lock") != 0
                 ? -1
                 : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            error_sys(err, _("cannot open %s"), path);
    }
    if (fd >= 0 && lock_wait(fd, cancel, err) != 0) {
        close(fd);
        fd = -1;
    }
    free(folder);
    free(path);
    return fd;
}

/* ------------------------------------------------------------------ loading */

static int check_file(int fd, const char *path, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_sys(err, _("cannot read %s"), path);
    if (S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 && st.st_uid == geteuid())
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("%s holds a token and can be read by others, or is not yours: chmod 600 it, "
                       "or remove it and sign in again"),
                     path);
}

static int from_file(const struct tokens *t, struct buf *text, struct error *err)
{
    char *path = tokens_path(t);
    int fd = sys_fault(FAULT_OPEN, "token open") != 0
                 ? -1
                 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int rc = fd >= 0 ? check_file(fd, path, err) : errno == ENOENT ? 1 : -1;
    if (fd < 0 && rc < 0)
        error_sys(err, _("cannot read %s"), path);
    if (rc == 0)
        rc = file_read_fd(fd, text, err);
    if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}

static int run(const struct tokens *t, const char *key, const char *command, struct str input,
               struct buf *out, struct error *err)
{
    struct arena *arena = arena_new(0);
    char **argv;
    int rc = child_split(arena, str_c(command), &argv, err);
    if (rc == 0)
        rc = child_run(argv, input, out, -1, TOKENS_COMMAND_MS, err);
    if (rc != 0)
        error_prefix(err, _("account %s: %s: "), t->account, key);
    arena_free(&arena);
    return rc;
}

/* A keyring's command fails, or prints nothing, where there is nothing. */
static int from_command(const struct tokens *t, struct buf *text, struct error *err)
{
    int rc = run(t, "oauth-load-command", t->load_command, STR(""), text, err);
    if (rc != 0)
        return -1;
    return str_trim(buf_str(text)).n > 0 ? 0 : 1;
}

static int read_text(struct str text, struct oauth_token *out, struct error *err)
{
    json_t *o = jline_read(str_trim(text), err);
    if (o == NULL)
        return error_set(err, ERR_PARSE, RETRY_NEVER,
                         _("what was kept is no token of tmail: sign in again"));
    oauth_token_wipe(out);
    buf_add_str(&out->access, jline_text(o, "access"));
    buf_add_str(&out->refresh, jline_text(o, "refresh"));
    out->until = jline_number(o, "until");
    oauth_answer_free(&o);
    return out->access.over || out->refresh.over ? buf_check(&out->refresh, err) : 0;
}

int tokens_load(const struct tokens *t, struct oauth_token *out, struct error *err)
{
    struct buf text = BUF_INIT(TOKENS_MAX);
    int rc = t->load_command != NULL ? from_command(t, &text, err) : from_file(t, &text, err);
    if (rc == 0)
        rc = read_text(buf_str(&text), out, err);
    buf_wipe(&text);
    return rc;
}

/* ------------------------------------------------------------------ keeping */

static int to_file(const struct tokens *t, struct str text, struct error *err)
{
    char *path = tokens_path(t);
    int rc = file_replace(path, text, 0600, err);
    free(path);
    return rc;
}

static int to_command(const struct tokens *t, struct str text, struct error *err)
{
    struct buf said = BUF_INIT(TOKENS_MAX);
    int rc = run(t, "oauth-keep-command", t->keep_command, text, &said, err);
    buf_wipe(&said);
    return rc;
}

int tokens_save(const struct tokens *t, const struct oauth_token *token, struct error *err)
{
    struct buf text = BUF_INIT(TOKENS_MAX);
    json_t *o = json_object();
    jline_put(o, "access", buf_str(&token->access));
    jline_put(o, "refresh", buf_str(&token->refresh));
    jline_put_number(o, "until", token->until);
    jline_write(o, &text);
    oauth_answer_free(&o);
    int rc = buf_check(&text, err);
    if (rc == 0)
        rc = t->keep_command != NULL ? to_command(t, buf_str(&text), err)
                                     : to_file(t, buf_str(&text), err);
    buf_wipe(&text);
    return rc;
}

void tokens_drop(const struct tokens *t)
{
    static const char *const ends[] = { ".json", ".lock" };
    for (size_t i = 0; i < COUNT(ends); i++) {
        char *path = path_of(t, ends[i]);
        (void)unlink(path);
        free(path);
    }
}
