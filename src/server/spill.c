/* SPDX-License-Identifier: MIT */
#include "server/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "server/limits.h"
#include "base/banned.h"

enum { NAME_TRIES = 10 };

void spill_init(struct spill *s, int dir, uint64_t max)
{
    *s = (struct spill){ .mem = BUF_INIT(SPILL_MEMORY), .dir = dir, .max = max };
}

/* Where the file system has no files without a name: one that has lost its name at once. */
static int open_unlinked(int dir)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        uint64_t noise;
        clock_random(&noise, sizeof noise);
        char *name = xasprintf("spill-%016llx", (unsigned long long)noise);
        int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        int why = errno;
        if (fd >= 0)
            unlinkat(dir, name, 0);
        free(name);
        if (fd >= 0 || why != EEXIST) {
            errno = why;
            return fd;
        }
    }
    return -1;
}

static int file_open(int dir)
{
    if (sys_fault(FAULT_OPEN, "spill open") != 0)
        return -1;
    int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL))
        fd = open_unlinked(dir);
    return fd;
}

/* The file takes all that is in memory. */
static void flush(struct spill *s)
{
    struct str rest = buf_str(&s->mem);
    if (!s->in_file) {
        s->fd = file_open(s->dir);
        s->in_file = s->fd >= 0;
        if (!s->in_file)
            s->sys = errno != 0 ? errno : EIO;
    }
    while (s->sys == 0 && rest.n > 0) {
        ssize_t n = sys_fault_write(s->fd, rest.p, rest.n, -1, "spill write") != 0
                        ? -1
                        : write(s->fd, rest.p, rest.n);
        if (n < 0 && errno != EINTR)
            s->sys = errno;
        else if (n > 0)
            rest = str_skip(rest, (size_t)n);
    }
    buf_clear(&s->mem);
}

void spill_add(struct spill *s, struct str bytes)
{
    s->over = s->over || bytes.n > s->max - s->n;
    while (bytes.n > 0 && !s->over && s->sys == 0) {
        size_t room = s->mem.max - s->mem.len;
        struct str piece = str_head(bytes, room);
        buf_add_str(&s->mem, piece);
        s->n += piece.n;
        bytes = str_skip(bytes, piece.n);
        if (bytes.n > 0)
            flush(s);
    }
}

int spill_check(const struct spill *s, struct error *err)
{
    if (s->over)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("the message is too large"));
    if (s->sys == 0)
        return 0;
    errno = s->sys;
    return error_sys(err, _("cannot keep the message"));
}

void spill_hide(struct spill *s, uint64_t n)
{
    s->hidden = n < s->n ? n : s->n;
}

uint64_t spill_size(const struct spill *s)
{
    return s->n - s->hidden;
}

static int file_read_at(const struct spill *s, uint64_t at, size_t want, struct buf *out,
                        struct error *err)
{
    while (want > 0) {
        char *room = buf_room(out, want);
        if (room == NULL)
            return buf_check(out, err);
        ssize_t n =
            sys_fault(FAULT_READ, "spill read") != 0 ? -1 : pread(s->fd, room, want, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_sys(err, _("cannot read the message"));
        if (n == 0)
            return error_set(err, ERR_SYS, RETRY_LATER, _("cannot read the message"));
        buf_grown(out, (size_t)n);
        at += (uint64_t)n;
        want -= (size_t)n;
    }
    return 0;
}

int spill_read(const struct spill *s, uint64_t at, size_t want, struct buf *out, struct error *err)
{
    uint64_t in_file = s->n - s->mem.len;
    if (spill_check(s, err) != 0)
        return -1;
    if (at >= spill_size(s))
        return 0;
    at += s->hidden;
    if (want > s->n - at)
        want = (size_t)(s->n - at);
    if (at < in_file) {
        size_t n = want < in_file - at ? want : (size_t)(in_file - at);
        if (file_read_at(s, at, n, out, err) != 0)
            return -1;
        at += n;
        want -= n;
    }
    if (want > 0)
        buf_add_str(out, str_head(str_skip(buf_str(&s->mem), (size_t)(at - in_file)), want));
    return buf_check(out, err);
}

bool spill_view(const struct spill *s, struct str *out)
{
    struct str none = { "", 0 };
    *out = s->in_file ? none : str_skip(buf_str(&s->mem), (size_t)s->hidden);
    return !s->in_file && !s->over && s->sys == 0;
}

void spill_clear(struct spill *s)
{
    if (s->in_file)
        close(s->fd);
    buf_free(&s->mem);
    spill_init(s, s->dir, s->max);
}
