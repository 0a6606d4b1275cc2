/* SPDX-License-Identifier: MIT */
#include "base/mboxlock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/banned.h"

enum { LOCK_STEP_MS = 20, LOCK_OLD_S = 300 };

/* False: it was waited long enough. */
static bool step(const struct mboxlock_wait *wait, int64_t deadline)
{
    if (clock_left_ms(deadline) == 0 || (wait->stop != NULL && wait->stop(wait->arg)))
        return false;
    poll(NULL, 0, LOCK_STEP_MS);
    return true;
}

/* No wait that could not be ended: the blocking form of the lock would hold up a program that is
 * told to stop. */
int mboxlock_file(int fd, bool write, const struct mboxlock_wait *wait, struct error *err)
{
    struct flock lock = { .l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };
    int64_t deadline = clock_mono_ms() + wait->ms;
    while (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return error_sys(err, _("cannot lock the mailbox"));
        if (!step(wait, deadline))
            return error_set(err, ERR_STORE, RETRY_LATER,
                             _("the mailbox is locked by another program"));
    }
    return 0;
}

void mboxlock_file_release(int fd)
{
    struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };
    fcntl(fd, F_OFD_SETLK, &lock);
}

/* True if nobody holds the lock any more: its process is gone, it is ours (a process has one owner
 * for each mailbox, which asks only while it does not hold it), or it is older than anybody needs.
 */
static bool lock_is_left_over(int dir, const char *name)
{
    char text[32];
    struct stat st;
    uint32_t pid = 0;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text);
    bool old = fstat(fd, &st) == 0 && clock_wall_ms() / 1000 - st.st_mtime > LOCK_OLD_S;
    close(fd);
    struct str s = { text, n > 0 ? (size_t)n : 0 };
    if (old || str_u32(&s, &pid) != 0 || pid == 0 || pid > INT32_MAX)
        return old;
    return (pid_t)pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

/* Under another name first: whoever sees the lock sees whose it is, also after a crash between two
 * steps. */
static int lock_make(int dir, const char *name)
{
    char *fresh = xasprintf(".%s.%ld", name, (long)getpid());
    unlinkat(dir, fresh, 0);
    int fd = sys_fault(FAULT_OPEN, "lock create") != 0
                 ? -1
                 : openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = fd < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0 ? -1 : 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (rc == 0) {
        rc = sys_fault(FAULT_RENAME, "lock link") != 0 ? -1 : linkat(dir, fresh, dir, name, 0);
        why = errno;
    }
    if (fd >= 0)
        unlinkat(dir, fresh, 0);
    free(fresh);
    errno = why;
    return rc;
}

int mboxlock_dot(int dir, const char *leaf, const struct mboxlock_wait *wait, struct error *err)
{
    char *name = xasprintf("%s.lock", leaf);
    int64_t deadline = clock_mono_ms() + wait->ms;
    int rc = lock_make(dir, name);
    while (rc != 0 && errno == EEXIST) {
        if (lock_is_left_over(dir, name))
            unlinkat(dir, name, 0);
        else if (!step(wait, deadline))
            break;
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
    if (sys_fault(FAULT_RENAME, "lock release") == 0)
        unlinkat(dir, name, 0);
    free(name);
}
