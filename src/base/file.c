/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "base/banned.h"

enum { READ_CHUNK = 64 << 10, REMOVE_FDS = 16 };

static int read_chunk(int fd, struct buf *out, ssize_t *got, struct error *err)
{
    size_t want = out->max - out->len < READ_CHUNK ? out->max - out->len : READ_CHUNK;
    char probe;
    char *room = want > 0 ? buf_room(out, want) : &probe;
    do
        *got = sys_fault(FAULT_READ, "file read") != 0 ? -1 : read(fd, room, want > 0 ? want : 1);
    while (*got < 0 && errno == EINTR);
    if (*got < 0)
        return error_sys(err, _("cannot read"));
    if (want == 0 && *got > 0) {
        out->over = true;
        return buf_check(out, err);
    }
    if (*got > 0)
        buf_grown(out, (size_t)*got);
    return 0;
}

int file_read_fd(int fd, struct buf *out, struct error *err)
{
    ssize_t got;
    do
        if (read_chunk(fd, out, &got, err) != 0)
            return -1;
    while (got > 0);
    return 0;
}

int file_read(const char *path, struct buf *out, struct error *err)
{
    int fd = sys_fault(FAULT_OPEN, "file open") != 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_sys(err, _("cannot read %s"), path);
        err->code = ERR_NOINPUT;
        return -1;
    }
    int rc = file_read_fd(fd, out, err);
    close(fd);
    if (rc != 0) {
        error_prefix(err, "%s: ", path);
        if (err->code == ERR_SYS)
            err->code = ERR_NOINPUT;
    }
    return rc;
}

int file_write_fd(int fd, struct str s, const char *name, struct error *err)
{
    while (s.n > 0) {
        ssize_t n = sys_fault_write(fd, s.p, s.n, -1, "file write") != 0 ? -1 : write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_sys(err, _("cannot write %s"), name);
        s = str_skip(s, (size_t)n);
    }
    return 0;
}

static int sync_parent(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash == NULL   ? xstrdup(".")
                : slash == path ? xstrdup("/")
                                : xmemdup0(path, (size_t)(slash - path));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd >= 0 && sys_fault(FAULT_FSYNC, "folder fsync") == 0 && fsync(fd) == 0
                 ? 0
                 : error_sys(err, _("cannot write %s to disk"), dir);
    if (fd >= 0)
        close(fd);
    free(dir);
    return rc;
}

static int write_new(const char *path, struct str content, mode_t mode, struct error *err)
{
    int fd = sys_fault(FAULT_OPEN, "file create") != 0
                 ? -1
                 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return error_sys(err, _("cannot write %s"), path);
    int rc = file_write_fd(fd, content, path, err);
    if (rc == 0 && (sys_fault(FAULT_FSYNC, "file fsync") != 0 || fsync(fd) != 0))
        rc = error_sys(err, _("cannot write %s to disk"), path);
    close(fd);
    return rc;
}

int file_replace(const char *path, struct str content, mode_t mode, struct error *err)
{
    char *fresh = xasprintf("%s.new%d", path, (int)getpid());
    unlink(fresh); /* left by a process of the same number that was killed */
    int rc = write_new(fresh, content, mode, err);
    if (rc == 0 && (sys_fault(FAULT_RENAME, "file rename") != 0 || rename(fresh, path) != 0))
        rc = error_sys(err, _("cannot replace %s"), path);
    if (rc == 0)
        rc = sync_parent(path, err);
    else
        unlink(fresh);
    free(fresh);
    return rc;
}

int file_mkdirs(const char *path, struct error *err)
{
    char *p = xstrdup(path);
    int rc = 0;
    for (char *s = p + 1; rc == 0 && *s != '\0'; s++) {
        if (*s != '/')
            continue;
        *s = '\0';
        if (mkdir(p, 0700) != 0 && errno != EEXIST)
            rc = error_sys(err, _("cannot create the folder %s"), p);
        *s = '/';
    }
    struct stat st;
    if (rc == 0 && mkdir(p, 0700) != 0 &&
        (errno != EEXIST || stat(p, &st) != 0 || !S_ISDIR(st.st_mode)))
        rc = error_sys(err, _("cannot create the folder %s"), p);
    free(p);
    return rc;
}

char *file_temp_dir(const char *prefix, struct error *err)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    if (base == NULL || base[0] != '/' || access(base, W_OK) != 0)
        base = getenv("TMPDIR");
    if (base == NULL || base[0] != '/')
        base = "/tmp";
    char *path = xasprintf("%s/%sXXXXXX", base, prefix);
    if (mkdtemp(path) == NULL) {
        error_sys(err, _("cannot create a temporary folder in %s"), base);
        free(path);
        return NULL;
    }
    return path;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    remove(path); /* best effort: what stays is swept at the next start */
    return 0;
}

void file_remove_tree(const char *path)
{
    nftw(path, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int file_pipe(int fds[2], struct error *err)
{
    return pipe2(fds, O_CLOEXEC) == 0 ? 0 : error_sys(err, _("cannot make a pipe"));
}
