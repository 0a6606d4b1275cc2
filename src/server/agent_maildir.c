/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "server/agent_in.h"
#include "server/limits.h"
#include "base/banned.h"

/* https://cr.yp.to/proto/maildir.html: time, what is unique on this host, and the host, in which a
 * slash and a colon must not stand. */
static void unique_name(struct agent *a, struct buf *out)
{
    int64_t now = clock_wall_ms();
    uint32_t random;
    clock_random(&random, sizeof random);
    buf_addf(out, "%lld.M%03dP%ldQ%uR%08x.", (long long)(now / 1000), (int)(now % 1000),
             (long)getpid(), ++a->delivered, (unsigned)random);
    for (const char *c = a->options->host; *c != '\0'; c++) {
        if (*c == '/')
            buf_adds(out, "\\057");
        else if (*c == ':')
            buf_adds(out, "\\072");
        else
            buf_addc(out, *c);
    }
}

static int sync_fd(int fd, const char *point, struct error *err)
{
    if (sys_fault(FAULT_FSYNC, point) != 0 || fsync(fd) != 0)
        return error_sys(err, _("cannot write a message"));
    return 0;
}

/* A folder that was just made must outlive a crash as the message in it does. */
static int folder_open(int dir, const char *name, struct error *err)
{
    int made = mkdirat(dir, name, 0700);
    if (made < 0 && errno != EEXIST)
        return error_sys(err, _("cannot make the folder %s"), name);
    if (made == 0 && sync_fd(dir, "maildir parent fsync", err) != 0)
        return -1;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? error_sys(err, _("cannot open the folder %s"), name) : fd;
}

static int maildir_open(const char *path, struct error *err)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0)
        return dir;
    if (file_mkdirs(path, err) != 0)
        return -1;
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int above = dir < 0 ? -1 : openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = above < 0 ? -1 : sync_fd(above, "maildir parent fsync", err);
    if (above < 0)
        error_sys(err, _("cannot open the folder %s"), path);
    else
        close(above);
    if (rc != 0 && dir >= 0)
        close(dir);
    return rc == 0 ? dir : -1;
}

static int copy(struct agent_text *t, int fd, const char *name, struct error *err)
{
    struct buf piece = BUF_INIT(2 * AGENT_PIECE);
    int rc = 0;
    do {
        buf_clear(&piece);
        rc = agent_text_read(t, &piece, err);
        if (rc == 0)
            rc = file_write_fd(fd, buf_str(&piece), name, err);
    } while (rc == 0 && piece.len > 0);
    buf_free(&piece);
    return rc;
}

/* In new only if it is sure to be there: otherwise it comes again. */
static int publish(int tmp, int new, const char *name, struct error *err)
{
    if (sys_fault(FAULT_RENAME, "maildir rename") != 0 || renameat(tmp, name, new, name) != 0)
        return error_sys(err, _("cannot write a message"));
    if (sync_fd(new, "maildir folder fsync", err) == 0)
        return 0;
    unlinkat(new, name, 0);
    return -1;
}

/* Whole and on disk in tmp, then seen in new. */
static int store(const struct relay_mail *m, int tmp, int new, const char *name, struct error *err)
{
    struct agent_text t = { .mail = m };
    int fd = sys_fault(FAULT_OPEN, "maildir open") != 0
                 ? -1
                 : openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_sys(err, _("cannot write a message"));
    int rc = copy(&t, fd, name, err);
    if (rc == 0)
        rc = sync_fd(fd, "maildir fsync", err);
    if (close(fd) != 0 && rc == 0)
        rc = error_sys(err, _("cannot write a message"));
    if (rc == 0)
        rc = publish(tmp, new, name, err);
    if (rc != 0)
        unlinkat(tmp, name, 0);
    return rc;
}

static int deliver(struct agent *a, const struct relay_mail *m, const char *path, struct error *err)
{
    struct buf name = BUF_INIT(1000);
    int tmp = -1, new = -1, cur = -1, rc = -1;
    int dir = maildir_open(path, err);
    if (dir >= 0) {
        tmp = folder_open(dir, "tmp", err);
        new = folder_open(dir, "new", err);
        cur = folder_open(dir, "cur", err);
    }
    unique_name(a, &name);
    if (tmp >= 0 && new >= 0 && cur >= 0 && buf_check(&name, err) == 0)
        rc = store(m, tmp, new, buf_c(&name), err);
    for (size_t i = 0; i < 4; i++) {
        int fd = (int[]){ dir, tmp, new, cur }[i];
        if (fd >= 0)
            close(fd);
    }
    buf_free(&name);
    return rc;
}

void agent_maildir(struct agent *a, const struct relay_mail *m, struct relay_rcpt *r)
{
    struct buf path = BUF_INIT(4096);
    struct error err = { 0 };
    int rc = agent_fill(a->path, r->account, &path, &err);
    bool is_name = rc == 0;
    if (rc == 0)
        rc = deliver(a, m, buf_c(&path), &err);
    if (rc == 0)
        relay_result(r, RELAY_SENT, 0, "2.0.0", NULL, _("delivered to the Maildir"));
    else
        relay_result(r, is_name ? RELAY_LATER : RELAY_REFUSED, 0, is_name ? "4.3.0" : "5.1.3", NULL,
                     err.text);
    if (rc != 0)
        log_line(a->log, LOG_ERROR, "maildir %s: %s", buf_c(&path), err.text);
    buf_free(&path);
}
