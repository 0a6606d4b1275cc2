/* SPDX-License-Identifier: MIT */
#include "server/mboxlock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "server/limits.h"
#include "base/banned.h"

enum { LOCK_STEP_MS = 20 };

/* No wait that could not be ended: the blocking form of the lock would hold up a server that is told to stop. */
int mboxlock_file(int fd, bool write, struct error *err)
{
    struct flock lock = { .l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };
    int64_t deadline = clock_mono_ms() + MBOX_LOCK_WAIT_MS;
    while (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return error_sys(err, _("cannot lock the mailbox"));
        if (clock_left_ms(deadline) == 0)
            return error_set(err, ERR_STORE, RETRY_LATER,
                             _("the mailbox is locked by another program"));
        poll(NULL, 0, LOCK_STEP_MS);
    }
    return 0;
}

void mboxlock_file_release(int fd)
{
    struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };
    fcntl(fd, F_OFD_SETLK, &lock);
}

/* True if the lock names a process of this machine that is no more. */
static bool lock_is_left_over(int dir, const char *name)
{
    char text[32];
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    struct str s = { text, n > 0 ? (size_t)n : 0 };
    uint32_t pid;
    return str_u32(&s, &pid) == 0 && pid > 0 && pid <= INT32_MAX && kill((pid_t)pid, 0) != 0 &&
           errno == ESRCH;
}

static int lock_make(int dir, const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    dprintf(fd, "%ld\n", (long)getpid());
    close(fd);
    return 0;
}

int mboxlock_dot(int dir, const char *leaf, struct error *err)
{
    char *name = xasprintf("%s.lock", leaf);
    int64_t deadline = clock_mono_ms() + MBOX_LOCK_WAIT_MS;
    int rc = lock_make(dir, name);
    while (rc != 0 && errno == EEXIST) {
        if (lock_is_left_over(dir, name))
            unlinkat(dir, name, 0);
        else if (clock_left_ms(deadline) == 0)
            break;
        else
            poll(NULL, 0, LOCK_STEP_MS);
        rc = lock_make(dir, name);
    }
    int why = errno;
    free(name);
    if (rc == 0)
        return 0;
    if (why == EACCES || why == EROFS || why == EPERM)
        return 1;
    errno = why;
    if (why == EEXIST)
        return error_set(err, ERR_STORE, RETRY_LATER,
                         _("the mailbox is locked by another program"));
    return error_sys(err, _("cannot lock the mailbox"));
}

void mboxlock_dot_release(int dir, const char *leaf)
{
    char *name = xasprintf("%s.lock", leaf);
    unlinkat(dir, name, 0);
    free(name);
}
