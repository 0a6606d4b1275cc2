/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "sync/mdname.h"
#include "sync/md_in.h"
#include "base/banned.h"

/* A folder's time of change that is younger than this says nothing: something may come within the
 * same tick of the file system's clock. */
enum { SETTLED_NS = 2000000000, LIST_FIRST = 64 };

/* A place is the rest of the file's name with the letter of its folder behind it. */
enum { CUR = 'c', NEW = 'n' };

struct spool_box {
    int dir, cur, new, tmp; /* descriptors; tmp may be -1 */
    bool change, changed, taken;
};

/* ------------------------------------------------------------------ one folder */

static void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void box_free(struct spool_box **b)
{
    fd_close(&(*b)->cur);
    fd_close(&(*b)->new);
    fd_close(&(*b)->tmp);
    fd_close(&(*b)->dir);
    free(*b);
    *b = NULL;
}

static int md_open(struct spool_home *h, struct str wire, bool change, struct spool_box **out,
                   struct error *err)
{
    struct spool_box *b = xcalloc(1, sizeof *b);
    char *path = xasprintf("%s/%.*s", h->root, STR_ARG(wire));
    b->change = change;
    b->dir = md_dir_open(AT_FDCWD, path);
    b->cur = b->dir >= 0 ? md_dir_open(b->dir, "cur") : -1;
    b->new = b->cur >= 0 ? md_dir_open(b->dir, "new") : -1;
    b->tmp = -1;
    free(path);
    if (b->new >= 0) {
        *out = b;
        return 0;
    }
    int why = errno;
    box_free(&b);
    errno = why;
    return why == ENOENT || why == ENOTDIR
               ? 1
               : error_sys(err, _("the folder %.*s cannot be opened"), STR_ARG(wire));
}

static uint64_t mixed(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static uint64_t md_print(struct spool_box *b)
{
    const int fds[] = { b->cur, b->new };
    int64_t now_ns = clock_wall_ms() * 1000000;
    uint64_t h = 1;
    for (size_t i = 0; i < COUNT(fds); i++) {
        struct stat st;
        if (fstat(fds[i], &st) != 0)
            return 0;
        int64_t at = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        if (at > now_ns - SETTLED_NS)
            return 0;
        h = mixed(mixed(mixed(h, (uint64_t)at), st.st_ino), st.st_dev);
    }
    return (h >> 1) | 1;
}

/* ------------------------------------------------------------------ its messages */

struct listing {
    struct arena *a;
    struct spool_entry *rows;
    size_t n, cap;
};

static struct spool_entry entry_of(struct arena *a, struct str file, char where)
{
    size_t base = mdname_base(file);
    struct str all = str_c(arena_fmt(a, "%.*s%c", STR_ARG(file), where));
    struct spool_entry e = { .name = str_head(all, base), .place = str_skip(all, base) };
    e.flags = mdname_flags(str_skip(file, base));
    e.order = mdname_time(e.name);
    return e;
}

static int list_dir(int fd, char where, struct listing *l, struct error *err)
{
    int again = md_dir_open(fd, ".");
    DIR *d = again >= 0 && sys_fault(FAULT_READ, "maildir list") == 0 ? fdopendir(again) : NULL;
    if (d == NULL) {
        (void)error_sys(err, _("the folder cannot be read"));
        fd_close(&again);
        return -1;
    }
    errno = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL && l->n < SPOOL_ENTRIES_MAX; errno = 0) {
        if (e->d_name[0] == '.' || e->d_name[0] == ':' ||
            (e->d_type != DT_REG && e->d_type != DT_UNKNOWN))
            continue;
        if (l->n == l->cap) {
            l->cap = l->cap == 0 ? LIST_FIRST : 2 * l->cap;
            l->rows = xrealloc(l->rows, l->cap, sizeof *l->rows);
        }
        l->rows[l->n++] = entry_of(l->a, str_c(e->d_name), where);
    }
    int rc = errno != 0 ? error_sys(err, _("the folder cannot be read")) : 0;
    closedir(d);
    if (rc == 0 && l->n >= SPOOL_ENTRIES_MAX)
        rc = error_set(err, ERR_LIMIT, RETRY_NEVER,
                       _("there are more messages in it than tmail can take"));
    return rc;
}

/* new first: what goes from there to cur meanwhile is seen twice, not never. */
static int md_list(struct spool_box *b, struct arena *a, struct spool_entry **out, size_t *n,
                   struct error *err)
{
    struct listing l = { .a = a };
    int rc = list_dir(b->new, NEW, &l, err);
    if (rc == 0)
        rc = list_dir(b->cur, CUR, &l, err);
    *n = l.n;
    *out = arena_array(a, l.n + 1, sizeof **out);
    if (l.n > 0)
        memcpy(*out, l.rows, l.n * sizeof **out);
    free(l.rows);
    return rc;
}

static unsigned md_flags_of(const struct spool_entry *e)
{
    return mdname_flags(str_head(e->place, e->place.n > 0 ? e->place.n - 1 : 0));
}

static char place_dir(struct str place)
{
    return place.n > 0 ? place.p[place.n - 1] : CUR;
}

static int entry_fd(const struct spool_box *b, const struct spool_entry *e)
{
    return place_dir(e->place) == NEW ? b->new : b->cur;
}

static char *entry_file(const struct spool_entry *e)
{
    size_t rest = e->place.n > 0 ? e->place.n - 1 : 0;
    return xasprintf("%.*s%.*s", STR_ARG(e->name), (int)rest, e->place.n > 0 ? e->place.p : "");
}

/* Where the entry lies now, when somebody has renamed it. 1: nowhere. */
static int entry_find(struct spool_box *b, struct arena *a, struct spool_entry *e,
                      struct error *err)
{
    struct spool_entry *rows;
    size_t n;
    if (md_list(b, a, &rows, &n, err) != 0)
        return -1;
    for (size_t i = n; i > 0; i--)
        if (str_eq(rows[i - 1].name, e->name)) {
            *e = rows[i - 1];
            return 0;
        }
    return 1;
}

static int md_text(struct spool_box *b, const struct spool_entry *e, struct spool_text *out,
                   struct error *err)
{
    struct stat st;
    char *file = entry_file(e);
    int fd = sys_fault(FAULT_OPEN, "maildir open") != 0
                 ? -1
                 : openat(entry_fd(b, e), file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    free(file);
    if (fd < 0)
        return errno == ENOENT ? 1 : error_sys(err, _("a message cannot be opened"));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("it is no file"));
    }
    *out = (struct spool_text){ .text = { .fd = fd, .n = st.st_size }, .received = st.st_mtime };
    return 0;
}

static void md_text_close(struct spool_box *b, struct spool_text *t)
{
    (void)b;
    fd_close(&t->text.fd);
}

/* ------------------------------------------------------------------ changes */

/* Never over something that is there. */
static int rename_new(int from, const char *a, int to, const char *b)
{
    if (sys_fault(FAULT_RENAME, "maildir rename") != 0)
        return -1;
    if (renameat2(from, a, to, b, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    struct stat old, new; /* a file system that cannot do it: a hard link has the same effect */
    if (linkat(from, a, to, b, 0) != 0 &&
        (errno != EEXIST || fstatat(from, a, &old, AT_SYMLINK_NOFOLLOW) != 0 ||
         fstatat(to, b, &new, AT_SYMLINK_NOFOLLOW) != 0 || old.st_ino != new.st_ino ||
         old.st_dev != new.st_dev)) {
        if (errno == 0)
            errno = EEXIST;
        return -1;
    }
    return unlinkat(from, a, 0);
}

static int change_failed(const char *what, struct error *err)
{
    enum error_retry retry =
        errno == EACCES || errno == EPERM || errno == EROFS ? RETRY_NEVER : RETRY_LATER;
    (void)error_sys(err, "%s", what);
    err->code = ERR_REFUSED;
    err->retry = retry;
    return -1;
}

/* One rename to where the flags say; 0, 1 it is not where it was, -1. */
static int flags_try(struct spool_box *b, struct arena *a, struct spool_entry *e, unsigned flags,
                     struct error *err)
{
    struct str old = str_head(e->place, e->place.n > 0 ? e->place.n - 1 : 0);
    struct buf rest = BUF_INIT(MDNAME_MAX);
    if (flags != 0 || old.n > 0 || place_dir(e->place) == CUR)
        mdname_rest(old, flags, &rest);
    struct spool_entry now = *e;
    now.place = str_c(arena_fmt(a, "%s%c", buf_c(&rest), rest.len > 0 ? CUR : NEW));
    now.flags = flags;
    bool over = rest.over || e->name.n + rest.len > MDNAME_MAX;
    buf_free(&rest);
    if (over)
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("the name of its file is too long"));
    char *from = entry_file(e), *to = entry_file(&now);
    int rc = str_eq(now.place, e->place)
                 ? faccessat(entry_fd(b, e), from, F_OK, AT_SYMLINK_NOFOLLOW)
                 : rename_new(entry_fd(b, e), from, entry_fd(b, &now), to);
    free(from);
    free(to);
    if (rc != 0)
        return errno == ENOENT ? 1 : change_failed(_("flags cannot be written"), err);
    b->changed = true;
    *e = now;
    return 0;
}

/* Another program may rename it at any time: it is looked for anew. What that one has changed
 * stands, but for what is changed here. */
static int md_flags(struct spool_box *b, struct arena *a, struct spool_entry *e, unsigned flags,
                    struct error *err)
{
    unsigned was = e->flags;
    int rc = flags_try(b, a, e, flags, err);
    for (int i = 0; rc == 1 && i < 3; i++) {
        rc = entry_find(b, a, e, err);
        if (rc == 0)
            rc = flags_try(b, a, e, (e->flags & ~(was & ~flags)) | (flags & ~was), err);
    }
    return rc;
}

static int md_remove(struct spool_box *b, const struct spool_entry *which, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct spool_entry e = *which;
    int rc = 0;
    for (int i = 0; i < 3 && rc == 0; i++) {
        char *file = entry_file(&e);
        int gone = sys_fault(FAULT_RENAME, "maildir unlink") != 0
                       ? -1
                       : unlinkat(entry_fd(b, &e), file, 0);
        free(file);
        if (gone == 0) {
            b->taken = true;
            break;
        }
        rc = errno == ENOENT ? entry_find(b, a, &e, err)
                             : change_failed(_("the message cannot be removed"), err);
    }
    arena_free(&a);
    return rc;
}

static int tmp_write(int fd, const struct spool_new *m, struct error *err)
{
    struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    int rc = 0;
    char held = 0; /* a CR whose LF may come */
    while (rc == 0 && (rc = m->next(m->arg, &in, err)) == 0) {
        for (size_t i = 0; i < in.len; i++) {
            if (held != 0 && in.data[i] != '\n')
                buf_addc(&out, held);
            held = in.data[i] == '\r' ? '\r' : 0;
            if (held == 0)
                buf_addc(&out, in.data[i]);
        }
        rc = file_write_fd(fd, buf_str(&out), _("the message"), err);
        buf_clear(&in);
        buf_clear(&out);
    }
    if (rc == 1)
        rc = held != 0 ? file_write_fd(fd, STR("\r"), _("the message"), err) : 0;
    buf_free(&in);
    buf_free(&out);
    return rc;
}

static void new_name(const struct spool_new *m, struct buf *out)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    buf_addf(out, "%lld.T", (long long)m->received);
    for (size_t i = 0; i < m->key.n; i++)
        buf_addf(out, "%02x", (unsigned)(unsigned char)m->key.p[i]);
    buf_addc(out, '.');
    mdname_host(str_c(host), out);
}

/* tmp, fsync, cur: it is there whole or not at all. */
static int message_make(struct spool_box *b, const struct spool_new *m, const char *base,
                        const char *file, struct error *err)
{
    if (b->tmp < 0 && (b->tmp = md_dir_open(b->dir, "tmp")) < 0)
        return change_failed(_("the message cannot be written"), err);
    unlinkat(b->tmp, base, 0); /* left by an attempt that broke off: nobody else uses this name */
    int fd = sys_fault(FAULT_OPEN, "maildir create") != 0
                 ? -1
                 : openat(b->tmp, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return change_failed(_("the message cannot be written"), err);
    struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = m->received } };
    int rc = tmp_write(fd, m, err);
    if (rc == 0 && (futimens(fd, times) != 0 || sys_fault(FAULT_FSYNC, "maildir fsync") != 0 ||
                    fsync(fd) != 0))
        rc = change_failed(_("the message cannot be written"), err);
    close(fd);
    if (rc == 0 && rename_new(b->tmp, base, b->cur, file) != 0)
        rc = change_failed(_("the message cannot be written"), err);
    if (rc != 0)
        unlinkat(b->tmp, base, 0);
    return rc;
}

static int md_append(struct spool_box *b, struct arena *a, const struct spool_new *m,
                     struct spool_entry *e, struct error *err)
{
    struct buf base = BUF_INIT(MDNAME_MAX), rest = BUF_INIT(MDNAME_MAX);
    new_name(m, &base);
    mdname_rest((struct str){ "", 0 }, m->flags, &rest);
    char *file = xasprintf("%s%s", buf_c(&base), buf_c(&rest));
    *e = entry_of(a, str_c(file), CUR);
    int rc = entry_find(b, a, e, err);
    if (rc == 1)
        rc = message_make(b, m, buf_c(&base), file, err);
    b->changed |= rc == 0;
    free(file);
    buf_free(&base);
    buf_free(&rest);
    return rc;
}

/* The same file in another folder; its name stays, and so do the letters that are not ours. What is
 * there under its name and here no more was moved before. */
static int md_move(struct spool_box *from, struct spool_box *to, struct arena *a,
                   const struct spool_again *again, struct spool_entry *e, struct error *err)
{
    (void)again; /* the name says it */
    for (int i = 0; i < 3; i++) {
        char *file = entry_file(e);
        int moved = rename_new(entry_fd(from, e), file, entry_fd(to, e), file);
        free(file);
        if (moved == 0) {
            from->taken = to->changed = true;
            return 0;
        }
        if (errno == EEXIST)
            return error_set(err, ERR_REFUSED, RETRY_NEVER,
                             _("another message of that name is in the folder"));
        if (errno != ENOENT)
            return change_failed(_("the message cannot be moved"), err);
        int found = entry_find(from, a, e, err);
        if (found != 0)
            return found == 1 ? entry_find(to, a, e, err) : -1;
    }
    return 1;
}

static int md_close(struct spool_box **b, struct error *err)
{
    struct spool_box *box = *b;
    int rc = 0;
    /* where something came to first: a crash between the two leaves it twice, not nowhere */
    if (box->changed || box->taken) {
        if (sys_fault(FAULT_FSYNC, "maildir fsync folder") != 0 || fsync(box->cur) != 0 ||
            fsync(box->new) != 0)
            rc = change_failed(_("the folder cannot be written"), err);
    }
    box_free(b);
    return rc;
}

const struct spool_kind maildir_kind = {
    .folders = md_folders,
    .make = md_make,
    .open = md_open,
    .print = md_print,
    .list = md_list,
    .flags_of = md_flags_of,
    .text = md_text,
    .text_close = md_text_close,
    .flags = md_flags,
    .remove = md_remove,
    .append = md_append,
    .move = md_move,
    .close = md_close,
    .watched = md_watched,
};
