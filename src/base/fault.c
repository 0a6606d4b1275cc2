/* SPDX-License-Identifier: MIT */
#include "base/fault.h"

#ifdef TMAIL_FAULTS
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/banned.h"

/* The kinds of the environment, and what each fails with. */
static const struct plan_kind {
    const char *name;
    enum fault_kind kind;
    int number;
} kinds[] = {
    { "exit", FAULT_EXIT, 0 },
    { "torn", FAULT_WRITE, 0 },
    { "open", FAULT_OPEN, EIO },
    { "read", FAULT_READ, EIO },
    { "write", FAULT_WRITE, EIO },
    { "full", FAULT_WRITE, ENOSPC },
    { "fsync", FAULT_FSYNC, EIO },
    { "rename", FAULT_RENAME, EIO },
    { "connect", FAULT_CONNECT, ECONNREFUSED },
    { "recv", FAULT_RECV, ECONNRESET },
    { "send", FAULT_SEND, ECONNRESET },
};

/* What this process was told, and how far it is. The one state of the program that belongs to
 * nobody: the points lie everywhere. */
static struct {
    pthread_once_t once;
    const struct plan_kind *kind; /* NULL: nothing */
    uint32_t n;
    bool forever;
    atomic_uint passed;
} plan = { .once = PTHREAD_ONCE_INIT };

static void plan_read(void)
{
    struct str s = str_c(getenv("TMAIL_FAULT")), program, kind;
    if (str_until(&s, ':', &program) != 0 || !str_eqc(program, program_invocation_short_name) ||
        str_until(&s, ':', &kind) != 0 || str_u32(&s, &plan.n) != 0)
        return;
    plan.forever = str_eqc(s, ":forever");
    const char *told = getenv("TMAIL_FAULT_HIT");
    bool happened = told != NULL && access(told, F_OK) == 0;
    if (happened)
        plan.n = 0;
    for (size_t i = 0; i < COUNT(kinds) && (plan.forever || !happened); i++)
        if (str_eqc(kind, kinds[i].name))
            plan.kind = &kinds[i];
}

static void hit_tell(const char *point)
{
    const char *path = getenv("TMAIL_FAULT_HIT");
    int fd = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    ssize_t ignored = write(fd, point, strlen(point));
    ignored = write(fd, "\n", 1);
    (void)ignored;
    close(fd);
}

static bool is_step(enum fault_kind kind)
{
    return kind == FAULT_EXIT || kind == FAULT_WRITE || kind == FAULT_FSYNC ||
           kind == FAULT_RENAME || kind == FAULT_SEND;
}

/* Whether the plan strikes at this point. */
static bool is_struck(enum fault_kind kind, const char *point)
{
    pthread_once(&plan.once, plan_read);
    if (plan.kind == NULL ||
        (plan.kind->kind == FAULT_EXIT ? !is_step(kind) : plan.kind->kind != kind))
        return false;
    unsigned n = atomic_fetch_add(&plan.passed, 1) + 1;
    if (n < plan.n || (n > plan.n && !plan.forever))
        return false;
    if (n == plan.n)
        hit_tell(point);
    return true;
}

void sys_fault_stop(void)
{
    kill(getpid(), SIGKILL); /* no handler, no atexit, no flush */
    pause();
}

int sys_fault(enum fault_kind kind, const char *point)
{
    if (!is_struck(kind, point))
        return 0;
    if (plan.kind->number == 0)
        sys_fault_stop();
    errno = plan.kind->number;
    return -1;
}

int sys_fault_half(const char *point)
{
    if (!is_struck(FAULT_WRITE, point))
        return 0;
    if (plan.kind->kind == FAULT_EXIT)
        sys_fault_stop();
    errno = plan.kind->number;
    return plan.kind->number == 0 ? 1 : plan.kind->number == ENOSPC ? 2 : -1;
}

int sys_fault_write(int fd, const void *p, size_t n, int64_t at, const char *point)
{
    int half = sys_fault_half(point);
    int number = errno;
    if (half > 0) {
        ssize_t ignored = at < 0 ? write(fd, p, n / 2) : pwrite(fd, p, n / 2, (off_t)at);
        (void)ignored;
    }
    if (half == 1)
        sys_fault_stop();
    errno = number;
    return half != 0 ? -1 : 0;
}
#endif
