/* SPDX-License-Identifier: MIT */
#include "server/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/banned.h"

static const char lock_name[] = "lock";

int root_open(struct root *r, const char *path, struct error *err)
{
    struct stat st;
    *r = (struct root){ .dir = -1, .lock = -1, .made = stat(path, &st) != 0 };
    if (file_mkdirs(path, err) != 0)
        return -1;
    r->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->dir < 0)
        return error_sys(err, _("cannot open %s"), path);
    r->lock = openat(r->dir, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (r->lock < 0)
        return error_sys(err, _("cannot open %s/%s"), path, lock_name);
    if (flock(r->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return error_sys(err, _("cannot lock %s"), path);
    error_set(err, ERR_SYS, RETRY_LATER, _("another tmaild runs on %s"), path);
    err->sys = EADDRINUSE;
    return -1;
}

void root_close(struct root *r)
{
    if (r->dir >= 0)
        close(r->dir);
    if (r->lock >= 0)
        close(r->lock);
    r->dir = r->lock = -1;
}

int root_wait_free(const char *path, struct error *err)
{
    char *name = xasprintf("%s/%s", path, lock_name);
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int rc = fd >= 0 ? 0 : -1;
    while (rc == 0 && (rc = flock(fd, LOCK_SH)) != 0 && errno == EINTR)
        rc = 0;
    if (rc != 0)
        error_sys(err, _("cannot lock %s"), path);
    if (fd >= 0)
        close(fd);
    free(name);
    return rc;
}
