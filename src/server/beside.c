/* SPDX-License-Identifier: MIT */
#include "server/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/banned.h"

int beside_read(int dir, const char *name, struct buf *out, struct error *err)
{
    struct stat st;
    size_t before = out->len;
    int fd = sys_fault(FAULT_OPEN, "note open") != 0
                 ? -1
                 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ELOOP || errno == ENXIO
                   ? 0
                   : error_sys(err, _("cannot read %s"), name);
    int rc = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
        rc = file_read_fd(fd, out, err);
    close(fd);
    if (rc != 0)
        buf_truncate(out, before);
    return rc != 0 && err->code != ERR_LIMIT ? -1 : 0;
}

int beside_write(int dir, const char *name, struct str text, struct error *err)
{
    char *fresh = xasprintf("%s.new", name);
    unlinkat(dir, fresh, 0);
    int fd = sys_fault(FAULT_OPEN, "note create") != 0
                 ? -1
                 : openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc =
        fd >= 0 ? file_write_fd(fd, text, name, err) : error_sys(err, _("cannot write %s"), name);
    if (rc == 0 &&
        (sys_fault(FAULT_FSYNC, "note fsync") != 0 || fsync(fd) != 0 ||
         sys_fault(FAULT_RENAME, "note rename") != 0 || renameat(dir, fresh, dir, name) != 0))
        rc = error_sys(err, _("cannot write %s"), name);
    if (fd >= 0)
        close(fd);
    if (rc != 0)
        unlinkat(dir, fresh, 0);
    free(fresh);
    return rc;
}
