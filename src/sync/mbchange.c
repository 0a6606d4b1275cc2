/* SPDX-License-Identifier: MIT */
#include "sync/mbchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "sync/mbscan.h"
#include "base/banned.h"

enum {
    SECTOR = 512, /* no disk writes less */
    PIECE = 256 << 10,
    BEFORE = 4096,   /* bytes in front of the change that must be the same */
    STRANGE_MOST = 2 /* sectors that are neither old nor new: where a write was broken off, and the
                        one in which the new end lies */
};

struct redo {
    char magic[8];
    uint64_t ino;     /* the number of the device may be another one after a crash */
    uint64_t at;      /* from here on, */
    uint64_t old_end; /* up to here, where the file ended, */
    uint64_t n;       /* so many other bytes */
    uint64_t before;  /* print of what stands in front of them */
    uint64_t behind;  /* the same of the old bytes from the new end on, up to where a sector ends */
    uint64_t check;   /* print of the fields above */
};
static const char magic[8] = "tmmbox1";

struct mbchange {
    char *path, *fresh;
    int fd, mailbox;
    struct redo redo;
    struct buf out;
    bool must; /* it takes the place of one that has begun */
};

static int written(int fd, struct str s, uint64_t at, const char *point)
{
    (void)point;
    while (s.n > 0) {
        ssize_t n = sys_fault_write(fd, s.p, s.n, (int64_t)at, point) != 0
                        ? -1
                        : pwrite(fd, s.p, s.n, (off_t)at);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            s = str_skip(s, (size_t)n);
            at += (uint64_t)n;
        }
    }
    return 0;
}

/* All n of them, or -1. */
static int bytes_read(int fd, void *to, size_t n, uint64_t at)
{
    char *p = to;
    while (n > 0) {
        ssize_t got =
            sys_fault(FAULT_READ, "mbox change read") != 0 ? -1 : pread(fd, p, n, (off_t)at);
        if (got == 0)
            errno = EIO;
        if (got <= 0 && errno != EINTR)
            return -1;
        if (got > 0) {
            p += got;
            n -= (size_t)got;
            at += (uint64_t)got;
        }
    }
    return 0;
}

static int failed(struct error *err)
{
    return error_sys(err, _("cannot write the mailbox"));
}

static int synced(int fd, const char *point)
{
    (void)point;
    return sys_fault(FAULT_FSYNC, point) != 0 ? -1 : fsync(fd);
}

static int before_print(int fd, uint64_t at, uint64_t *out)
{
    char bytes[BEFORE];
    size_t n = at < BEFORE ? (size_t)at : BEFORE;
    if (bytes_read(fd, bytes, n, at - n) != 0)
        return -1;
    *out = mbscan_print((struct str){ bytes, n });
    return 0;
}

static uint64_t redo_check(const struct redo *r)
{
    return mbscan_print((struct str){ (const char *)r, offsetof(struct redo, check) });
}

/* ------------------------------------------------------------------ what will be */

struct mbchange *mbchange_new(const char *redo, int fd, uint64_t at, struct error *err)
{
    struct stat st;
    struct mbchange *c = xcalloc(1, sizeof *c);
    c->path = xstrdup(redo);
    c->fresh = xasprintf("%s.new", redo);
    c->mailbox = fd;
    buf_init(&c->out, 2 * PIECE);
    unlink(c->fresh);
    c->fd = sys_fault(FAULT_OPEN, "mbox redo create") != 0
                ? -1
                : open(c->fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (c->fd >= 0 && fstat(fd, &st) == 0 && before_print(fd, at, &c->redo.before) == 0) {
        memcpy(c->redo.magic, magic, sizeof magic);
        c->redo.ino = st.st_ino;
        c->redo.at = at;
        c->redo.old_end = (uint64_t)st.st_size;
        return c;
    }
    (void)failed(err);
    mbchange_free(&c);
    return NULL;
}

static int flush(struct mbchange *c)
{
    uint64_t at = sizeof c->redo + c->redo.n - c->out.len;
    if (written(c->fd, buf_str(&c->out), at, "mbox redo write") != 0)
        return -1;
    buf_clear(&c->out);
    return 0;
}

int mbchange_put(struct mbchange *c, struct str bytes, struct error *err)
{
    while (bytes.n > 0) {
        struct str part = str_head(bytes, bytes.n < PIECE ? bytes.n : PIECE);
        buf_add_str(&c->out, part);
        c->redo.n += part.n;
        bytes = str_skip(bytes, part.n);
        if (c->out.len >= PIECE && flush(c) != 0)
            return failed(err);
    }
    return 0;
}

int mbchange_keep(struct mbchange *c, int fd, uint64_t from, uint64_t n, struct error *err)
{
    char *piece = xmalloc(PIECE);
    int rc = 0;
    while (rc == 0 && n > 0) {
        size_t want = n < PIECE ? (size_t)n : PIECE;
        rc = bytes_read(fd, piece, want, from) != 0
                 ? error_sys(err, _("cannot read the mailbox"))
                 : mbchange_put(c, (struct str){ piece, want }, err);
        from += want;
        n -= want;
    }
    free(piece);
    return rc;
}

uint64_t mbchange_length(const struct mbchange *c)
{
    return c->redo.n;
}

void mbchange_cut(struct mbchange *c, uint64_t n)
{
    uint64_t flushed = c->redo.n - c->out.len;
    buf_truncate(&c->out, n > flushed ? (size_t)(n - flushed) : 0);
    c->redo.n = n;
}

/* Where the sector ends that at lies in. */
static uint64_t sector_end(uint64_t at, uint64_t end)
{
    uint64_t next = (at / SECTOR + 1) * SECTOR;
    return next < end ? next : end;
}

/* The numbers of the old bytes, behind the new ones. */
static int sectors_put(struct mbchange *c)
{
    char bytes[SECTOR];
    uint64_t to = sizeof c->redo + c->redo.n;
    int rc = 0;
    for (uint64_t at = c->redo.at, end; rc == 0 && at < c->redo.old_end; at = end) {
        end = sector_end(at, c->redo.old_end);
        rc = bytes_read(c->mailbox, bytes, end - at, at);
        uint64_t print = mbscan_print((struct str){ bytes, end - at });
        buf_add(&c->out, &print, sizeof print);
        if (rc == 0 && (c->out.len >= PIECE || end == c->redo.old_end)) {
            rc = written(c->fd, buf_str(&c->out), to, "mbox redo sectors");
            to += c->out.len;
            buf_clear(&c->out);
        }
    }
    return rc;
}

static int range_print(int fd, uint64_t at, uint64_t end, uint64_t *out)
{
    char bytes[SECTOR];
    size_t n = at < end ? (size_t)(end - at) : 0;
    if (bytes_read(fd, bytes, n, at) != 0)
        return -1;
    *out = mbscan_print((struct str){ bytes, n });
    return 0;
}

static int behind_print(struct mbchange *c)
{
    uint64_t end = c->redo.at + c->redo.n;
    return range_print(c->mailbox, end, sector_end(end, c->redo.old_end), &c->redo.behind);
}

static int folder_sync(const char *path)
{
    char *dir = xstrdup(path), *slash = strrchr(dir, '/');
    if (slash != NULL)
        *slash = '\0';
    int fd = open(slash == dir ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : synced(fd, "mbox redo folder fsync");
    if (fd >= 0)
        close(fd);
    free(dir);
    return rc;
}

/* From the rename on it will happen. */
static int note(struct mbchange *c)
{
    struct str head = { (const char *)&c->redo, sizeof c->redo };
    if (behind_print(c) != 0)
        return -1;
    c->redo.check = redo_check(&c->redo);
    if (flush(c) != 0 || sectors_put(c) != 0 || written(c->fd, head, 0, "mbox redo head") != 0 ||
        synced(c->fd, "mbox redo fsync") != 0)
        return -1;
    if (sys_fault(FAULT_RENAME, "mbox redo rename") != 0 || rename(c->fresh, c->path) != 0)
        return -1;
    if (folder_sync(c->path) == 0)
        return 0;
    if (c->must)
        return -1;
    int why = errno;
    unlink(c->path);
    errno = why;
    return -1;
}

/* ------------------------------------------------------------------ and is */

static int copied(int from, uint64_t n, int to, uint64_t at)
{
    char *piece = xmalloc(PIECE);
    int rc = 0;
    for (uint64_t done = 0; rc == 0 && done < n;) {
        size_t want = n - done < PIECE ? (size_t)(n - done) : PIECE;
        rc = bytes_read(from, piece, want, sizeof(struct redo) + done);
        if (rc == 0)
            rc = written(to, (struct str){ piece, want }, at + done, "mbox write");
        done += want;
    }
    free(piece);
    return rc;
}

/* The room first: what others append behind it can be told from what is ours. */
static int extended(int fd, uint64_t size, uint64_t end)
{
    if (end <= size)
        return 0;
    if (sys_fault(FAULT_WRITE, "mbox extend") != 0)
        return -1;
    int why = posix_fallocate(fd, (off_t)size, (off_t)(end - size));
    errno = why;
    return why == 0 ? 0 : -1;
}

/* The bytes behind the end: ours that go, or those of others that lie where they will. */
static int applied(int fd, int from, const struct redo *r, bool cut)
{
    struct stat st;
    uint64_t end = r->at + r->n;
    if (fstat(fd, &st) != 0)
        return -1;
    if (copied(from, r->n, fd, r->at) != 0 || synced(fd, "mbox fsync") != 0)
        return -1;
    if (cut && (uint64_t)st.st_size > end &&
        (sys_fault(FAULT_RENAME, "mbox truncate") != 0 || ftruncate(fd, (off_t)end) != 0 ||
         synced(fd, "mbox cut fsync") != 0))
        return -1;
    return 0;
}

static int redo_forget(const char *path)
{
    return sys_fault(FAULT_RENAME, "mbox redo unlink") != 0 ? -1 : unlink(path);
}

int mbchange_commit(struct mbchange **cp, struct error *err)
{
    struct mbchange *c = *cp;
    const struct redo *r = &c->redo;
    int rc = note(c);
    if (rc == 0 && extended(c->mailbox, r->old_end, r->at + r->n) != 0) {
        int why = errno; /* a full disk: nothing else has happened, and the locks are ours */
        rc = !c->must && ftruncate(c->mailbox, (off_t)r->old_end) == 0 && redo_forget(c->path) == 0
                 ? -1
                 : 1;
        errno = why;
    } else if (rc == 0 && (applied(c->mailbox, c->fd, r, true) != 0 || redo_forget(c->path) != 0)) {
        rc = 1;
    }
    if (rc != 0)
        (void)failed(err);
    mbchange_free(cp);
    return rc;
}

void mbchange_free(struct mbchange **cp)
{
    struct mbchange *c = *cp;
    if (c == NULL)
        return;
    if (c->fd >= 0) {
        close(c->fd);
        unlink(c->fresh);
    }
    buf_free(&c->out);
    free(c->path);
    free(c->fresh);
    free(c);
    *cp = NULL;
}

/* ------------------------------------------------------------------ after a crash */

struct replay {
    int fd, redo_fd;
    struct redo redo;
    uint64_t size, end; /* of the mailbox: now, and as it will be */
};

/* How the sectors from at to end look. */
struct looks {
    bool all_old;
    unsigned strange; /* neither old nor new */
};

/* Whether the n bytes at that place are the new ones, as far as there are any. */
static int is_new(const struct replay *r, const char *bytes, size_t n, uint64_t at, bool *yes)
{
    char want[SECTOR];
    *yes = at + n <= r->end;
    if (!*yes)
        return 0;
    if (bytes_read(r->redo_fd, want, n, sizeof r->redo + at - r->redo.at) != 0)
        return -1;
    *yes = memcmp(want, bytes, n) == 0;
    return 0;
}

/* at is the change's beginning, or one of a sector. */
static int sectors_look(const struct replay *r, uint64_t at, uint64_t to, struct looks *l)
{
    char bytes[SECTOR];
    *l = (struct looks){ .all_old = true };
    for (uint64_t end; at < to; at = end) {
        uint64_t print, number = at / SECTOR - r->redo.at / SECTOR;
        bool new;
        end = sector_end(at, r->redo.old_end);
        if (bytes_read(r->fd, bytes, end - at, at) != 0 ||
            bytes_read(r->redo_fd, &print, sizeof print,
                       sizeof r->redo + r->redo.n + number * sizeof print) != 0 ||
            is_new(r, bytes, end - at, at, &new) != 0)
            return -1;
        bool old = print == mbscan_print((struct str){ bytes, end - at });
        l->all_old &= old;
        l->strange += !old && !new;
    }
    return 0;
}

/* 1 when all bytes of it, from the beginning to the end, are the new ones. */
static int all_new(const struct replay *r)
{
    char bytes[SECTOR];
    bool yes = true;
    for (uint64_t at = r->redo.at, end; yes && at < r->end; at = end) {
        end = sector_end(at, r->end);
        if (bytes_read(r->fd, bytes, end - at, at) != 0 ||
            is_new(r, bytes, end - at, at, &yes) != 0)
            return -1;
    }
    return yes;
}

/* How many bytes from at on are zero, and whether all are that or new, up to the new end. */
static int beyond_look(const struct replay *r, uint64_t at, uint64_t *zeros, bool *ours)
{
    char bytes[SECTOR], want[SECTOR];
    bool zero = true;
    *zeros = 0;
    *ours = r->size >= r->end;
    uint64_t to = r->size < r->end ? r->size : r->end;
    for (uint64_t end; at < to; at = end) {
        end = sector_end(at, to);
        if (bytes_read(r->fd, bytes, end - at, at) != 0 ||
            bytes_read(r->redo_fd, want, end - at, sizeof r->redo + at - r->redo.at) != 0)
            return -1;
        for (size_t i = 0; i < end - at; i++) {
            zero &= bytes[i] == 0;
            *zeros += zero;
            *ours &= bytes[i] == 0 || bytes[i] == want[i];
        }
    }
    return 0;
}

/* It became longer. Its new room is there, all of it or a part, before anything is written in it. */
static int others_behind_longer(const struct replay *r, uint64_t *others)
{
    struct looks l;
    uint64_t zeros;
    bool ours;
    if (r->size < r->redo.old_end)
        return 1;
    if (sectors_look(r, r->redo.at, r->redo.old_end, &l) != 0 ||
        beyond_look(r, r->redo.old_end, &zeros, &ours) != 0)
        return -1;
    *others = ours ? r->end : r->redo.old_end + zeros;
    return l.strange > STRANGE_MOST;
}

/* 1 when the old bytes behind the new end are still there: it was not cut. */
static int is_uncut(const struct replay *r)
{
    struct looks l;
    uint64_t print, first = sector_end(r->end, r->redo.old_end);
    if (r->size < r->redo.old_end)
        return 0;
    if (range_print(r->fd, r->end, first, &print) != 0 ||
        sectors_look(r, first, r->redo.old_end, &l) != 0)
        return -1;
    return print == r->redo.behind && l.all_old;
}

/* It became shorter: it is cut when all is written. */
static int others_behind_shorter(const struct replay *r, uint64_t *others)
{
    struct looks l;
    int rc = is_uncut(r);
    if (rc < 0)
        return -1;
    if (rc == 1) {
        *others = r->redo.old_end;
        return sectors_look(r, r->redo.at, r->redo.old_end, &l) != 0 ? -1
                                                                     : l.strange > STRANGE_MOST;
    }
    *others = r->end;
    if (r->size < r->end)
        return 1;
    rc = all_new(r);
    return rc < 0 ? -1 : rc == 0;
}

/* Where the bytes begin that others have appended. 1: others have done more than that. */
static int others_find(const struct replay *r, uint64_t *others)
{
    struct stat st;
    uint64_t before;
    if (fstat(r->fd, &st) != 0)
        return -1;
    if (st.st_ino != r->redo.ino || r->size < r->redo.at)
        return 1;
    if (before_print(r->fd, r->redo.at, &before) != 0)
        return -1;
    if (before != r->redo.before)
        return 1;
    return r->end >= r->redo.old_end ? others_behind_longer(r, others)
                                     : others_behind_shorter(r, others);
}

/* What others appended comes behind ours: by another change, in place of the first. */
static int others_bring(const struct replay *r, const char *path, uint64_t others,
                        struct error *err)
{
    struct mbchange *c = mbchange_new(path, r->fd, r->redo.at, err);
    if (c == NULL)
        return -1;
    c->must = true;
    if (mbchange_keep(c, r->redo_fd, sizeof r->redo, r->redo.n, err) != 0 ||
        mbchange_keep(c, r->fd, others, r->size - others, err) != 0) {
        mbchange_free(&c);
        return -1;
    }
    return mbchange_commit(&c, err) == 0 ? 0 : -1;
}

static int replayed(const struct replay *r, const char *path, struct error *err)
{
    uint64_t others = 0;
    int rc = others_find(r, &others);
    if (rc != 0)
        return rc < 0 ? error_sys(err, _("cannot read the mailbox")) : 1;
    if (others < r->size && others != r->end)
        return others_bring(r, path, others, err);
    if (extended(r->fd, r->size, r->end) != 0 ||
        applied(r->fd, r->redo_fd, &r->redo, others >= r->size) != 0 || redo_forget(path) != 0)
        return failed(err);
    return 0;
}

static bool redo_is_sound(const struct replay *r)
{
    struct stat st;
    const struct redo *d = &r->redo;
    return memcmp(d->magic, magic, sizeof magic) == 0 && d->check == redo_check(d) &&
           d->at <= d->old_end && fstat(r->redo_fd, &st) == 0 &&
           (uint64_t)st.st_size >= sizeof *d && d->n <= (uint64_t)st.st_size - sizeof *d;
}

int mbchange_replay(const char *redo, int fd, struct mbchange_lost *lost, struct error *err)
{
    struct stat st = { 0 };
    struct replay r = { .fd = fd, .redo_fd = open(redo, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) };
    if (r.redo_fd < 0)
        return errno == ENOENT ? 0 : error_sys(err, _("cannot read the mailbox"));
    int rc = fstat(fd, &st) != 0 || bytes_read(r.redo_fd, &r.redo, sizeof r.redo, 0) != 0
                 ? error_sys(err, _("cannot read the mailbox"))
                 : 0;
    r.size = (uint64_t)st.st_size;
    r.end = r.redo.at + r.redo.n;
    if (rc == 0 && !redo_is_sound(&r)) /* not one that was ended */
        rc = redo_forget(redo) != 0 ? failed(err) : 2;
    if (rc == 0)
        rc = replayed(&r, redo, err);
    if (rc == 1)
        *lost = (struct mbchange_lost){ r.redo_fd, sizeof r.redo, r.redo.n };
    else
        close(r.redo_fd);
    return rc == 2 ? 0 : rc;
}

void mbchange_lost_drop(const char *redo, struct mbchange_lost *lost, bool forget)
{
    close(lost->fd);
    if (forget)
        unlink(redo);
}
