/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/mboxlock.h"
#include "mime/mbox.h"
#include "sync/mbox_in.h"
#include "base/banned.h"

enum {
    SETTLED_NS = 2000000000, /* as in maildir.c */
    LOCK_WAIT_MS = 5000,
    BREATH_MS = 30,  /* longer than most wait between two tries */
    OPENS_MOST = 3,  /* of a file that is replaced under us */
    FROM_LINE = 1024 /* of which the date is read */
};

/* ------------------------------------------------------------------ one file */

int mbox_refused(const char *what, struct error *err)
{
    enum error_retry retry =
        errno == EACCES || errno == EPERM || errno == EROFS ? RETRY_NEVER : RETRY_LATER;
    (void)error_sys(err, "%s", what);
    err->code = ERR_REFUSED;
    err->retry = retry;
    return -1;
}

static void unlock(struct spool_box *b)
{
    if (b->locked)
        mboxlock_file_release(b->fd);
    if (b->dotlock)
        mboxlock_dot_release(b->dir, b->leaf);
    b->locked = b->dotlock = false;
}

static void box_free(struct spool_box **bp)
{
    struct spool_box *b = *bp;
    if (b->fd >= 0)
        unlock(b);
    mbchange_free(&b->adds);
    free(b->added);
    if (b->fd >= 0)
        close(b->fd);
    if (b->dir >= 0)
        close(b->dir);
    free(b->redo);
    free(b->leaf);
    free(b);
    *bp = NULL;
}

static int lock(struct spool_box *b, bool write, struct error *err)
{
    struct mboxlock_wait wait = { .ms = LOCK_WAIT_MS, .stop = b->home->stop, .arg = b->home->arg };
    int rc = write ? mboxlock_dot(b->dir, b->leaf, &wait, err) : 1;
    b->dotlock = rc == 0;
    if (rc >= 0)
        rc = mboxlock_file(b->fd, write, &wait, err);
    b->locked = rc == 0;
    if (rc != 0)
        unlock(b);
    if (rc != 0 && err->code == ERR_STORE) /* the other folders are looked at */
        err->code = ERR_SYS;
    return rc;
}

/* Programs that are told of new mail by the time of the last reading are not misled. */
static int file_open(const struct spool_box *b, bool write)
{
    int flags = (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd =
        sys_fault(FAULT_OPEN, "mbox open") != 0 ? -1 : openat(b->dir, b->leaf, flags | O_NOATIME);
    return fd < 0 && errno == EPERM ? openat(b->dir, b->leaf, flags) : fd;
}

/* 1: another file has its name by now. */
static int open_once(struct spool_box *b, bool write, struct error *err)
{
    struct stat named, *st = &b->opened;
    if (b->fd >= 0)
        close(b->fd);
    b->fd = file_open(b, write);
    if (b->fd < 0 || fstat(b->fd, st) != 0)
        return write ? mbox_refused(_("the mailbox cannot be written"), err)
                     : error_sys(err, _("cannot read the mailbox"));
    if (!S_ISREG(st->st_mode))
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("it is no file"));
    if (lock(b, write, err) != 0)
        return -1;
    if (fstat(b->fd, st) == 0 && fstatat(b->dir, b->leaf, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        named.st_ino == st->st_ino && named.st_dev == st->st_dev)
        return 0;
    unlock(b);
    return 1;
}

static int open_locked(struct spool_box *b, bool write, struct error *err)
{
    int rc = 1;
    for (int i = 0; rc == 1 && i < OPENS_MOST; i++)
        rc = open_once(b, write, err);
    return rc == 1 ? error_set(err, ERR_SYS, RETRY_LATER, _("the mailbox changed under our hands"))
                   : rc;
}

/* What a crash left half done is ended before anything is read. */
static int replay(struct spool_box *b, struct error *err)
{
    struct mbchange_lost lost;
    int rc = mbchange_replay(b->redo, b->fd, &lost, err);
    if (rc != 1)
        return rc;
    mbox_unknown(b);
    rc = mbox_rescue(b, &lost, err);
    mbchange_lost_drop(b->redo, &lost, rc == 0);
    return rc;
}

static int box_open(struct spool_box *b, struct error *err)
{
    bool due = access(b->redo, F_OK) == 0;
    int rc = open_locked(b, b->change || due, err);
    if (rc == 0 && (due || b->change))
        rc = replay(b, err);
    if (rc == 0 && due && !b->change) {
        unlock(b);
        rc = open_locked(b, false, err);
    }
    return rc;
}

static uint64_t mixed(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static struct mbseen *seen_of(struct spool_home *h, struct str wire)
{
    for (struct mbseen *s = h->seen; s != NULL; s = s->next)
        if (str_eqc(wire, s->wire))
            return s;
    struct mbseen *s = xcalloc(1, sizeof *s);
    s->wire = xmemdup0(wire.p, wire.n);
    s->next = h->seen;
    h->seen = s;
    return s;
}

/* Takes the real path. */
static struct spool_box *box_new(struct spool_home *h, struct str wire, char *real)
{
    struct spool_box *b = xcalloc(1, sizeof *b);
    char *slash = strrchr(real, '/');
    *b = (struct spool_box){ .home = h, .fd = -1, .seen = seen_of(h, wire) };
    b->redo = xasprintf("%s-%016llx", h->aside, (unsigned long long)mbscan_print(str_c(real)));
    b->leaf = xstrdup(slash + 1);
    slash[slash == real] = '\0';
    b->dir = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(real);
    return b;
}

static int mb_open(struct spool_home *h, struct str wire, bool change, struct spool_box **out,
                   struct error *err)
{
    char *path = mbox_path(h, wire), *real = path != NULL ? realpath(path, NULL) : NULL;
    int why = path != NULL ? errno : ENOENT;
    free(path);
    if (real == NULL) {
        errno = why;
        return why == ENOENT || why == ENOTDIR
                   ? 1
                   : error_sys(err, _("the folder %.*s cannot be opened"), STR_ARG(wire));
    }
    struct spool_box *b = box_new(h, wire, real);
    b->change = change;
    int rc = b->dir < 0 ? error_sys(err, _("the folder %.*s cannot be opened"), STR_ARG(wire))
                        : box_open(b, err);
    if (rc != 0)
        box_free(&b);
    *out = b;
    return rc;
}

static int64_t ns(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static bool settled(const struct stat *st)
{
    return ns(&st->st_ctim) <= clock_wall_ms() * 1000000 - SETTLED_NS;
}

static uint64_t mb_print(struct spool_box *b)
{
    struct stat st;
    if (fstat(b->fd, &st) != 0 || !settled(&st))
        return 0;
    uint64_t h = mixed(mixed(1, st.st_ino), st.st_dev);
    h = mixed(mixed(h, (uint64_t)ns(&st.st_mtim)), (uint64_t)ns(&st.st_ctim));
    return (mixed(h, (uint64_t)st.st_size) >> 1) | 1;
}

/* ------------------------------------------------------------------ its messages */

void mbox_unknown(struct spool_box *b)
{
    mbrows_clear(&b->seen->rows);
    b->seen->st = (struct stat){ 0 };
    b->read = false;
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           ns(&a->st_mtim) == ns(&b->st_mtim) && ns(&a->st_ctim) == ns(&b->st_ctim);
}

/* Where all headers stand as they did only what came behind them is new. The last message is read
 * once more: it may not have been whole. */
static uint64_t still_there(struct spool_box *b, const struct stat *st)
{
    struct mbrows *r = &b->seen->rows;
    if (r->n == 0 || st->st_ino != b->seen->st.st_ino || st->st_dev != b->seen->st.st_dev ||
        (uint64_t)st->st_size < r->rows[r->n - 1].next || !mbscan_same(b->fd, r->rows, r->n - 1)) {
        mbrows_clear(r);
        return 0;
    }
    return r->rows[--r->n].at;
}

int mbox_rows(struct spool_box *b, struct error *err)
{
    struct stat st;
    if (b->read)
        return 0;
    if (fstat(b->fd, &st) != 0)
        return error_sys(err, _("cannot read the mailbox"));
    if (!b->seen->settled || !same_stat(&st, &b->seen->st)) {
        uint64_t from = still_there(b, &st);
        if (mbscan(b->fd, from, (uint64_t)st.st_size, &b->seen->rows, err) != 0) {
            mbox_unknown(b);
            return -1;
        }
        mbscan_sort(&b->seen->rows);
    }
    b->seen->st = st;
    b->seen->settled = settled(&st);
    b->read = true;
    return 0;
}

struct str mbox_name(struct arena *a, const unsigned char id[MBSCAN_ID], uint32_t n)
{
    char hex[2 * MBSCAN_ID + 1];
    for (size_t i = 0; i < MBSCAN_ID; i++) {
        hex[2 * i] = "0123456789abcdef"[id[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[id[i] & 15];
    }
    hex[2 * MBSCAN_ID] = '\0';
    return str_c(n == 0 ? arena_fmt(a, "%s", hex) : arena_fmt(a, "%s.%u", hex, n));
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mbox_name_read(struct str name, unsigned char id[MBSCAN_ID], uint32_t *n)
{
    *n = 0;
    if (name.n < 2 * MBSCAN_ID)
        return -1;
    for (size_t i = 0; i < MBSCAN_ID; i++) {
        int high = digit(name.p[2 * i]), low = digit(name.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        id[i] = (unsigned char)(high << 4 | low);
    }
    struct str rest = str_skip(name, 2 * MBSCAN_ID);
    return rest.n == 0 || (str_lit(&rest, ".") == 0 && str_u32(&rest, n) == 0) ? 0 : -1;
}

struct mbrow *mbox_row(const struct spool_box *b, struct str name)
{
    unsigned char id[MBSCAN_ID];
    uint32_t n;
    return mbox_name_read(name, id, &n) == 0 ? mbscan_find(&b->seen->rows, id, n) : NULL;
}

struct str mbox_place(struct arena *a, unsigned flags)
{
    return str_c(arena_fmt(a, "f%02x", flags));
}

unsigned mbox_place_flags(const struct spool_entry *e)
{
    struct str s = e->place;
    unsigned flags = 0;
    if (str_lit(&s, "f") == 0)
        for (size_t i = 0; i < s.n && digit(s.p[i]) >= 0; i++)
            flags = flags << 4 | (unsigned)digit(s.p[i]);
    return flags;
}

/* Texts are read without the lock, which others want, when a change would be seen (mb_same). */
static void let_go(struct spool_box *b)
{
    if (!b->change && b->seen->settled)
        unlock(b);
}

static int mb_list(struct spool_box *b, struct arena *a, struct spool_entry **out, size_t *n,
                   struct error *err)
{
    if (mbox_rows(b, err) != 0)
        return -1;
    const struct mbrows *r = &b->seen->rows;
    let_go(b);
    *out = arena_array(a, r->n + 1, sizeof **out);
    *n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (!r->rows[i].internal)
            (*out)[(*n)++] =
                (struct spool_entry){ .name = mbox_name(a, r->rows[i].id, r->rows[i].n),
                                      .place = mbox_place(a, r->rows[i].flags),
                                      .flags = r->rows[i].flags,
                                      .order = (int64_t)r->rows[i].at };
    return 0;
}

static int mb_text(struct spool_box *b, const struct spool_entry *e, struct spool_text *out,
                   struct error *err)
{
    char line[FROM_LINE];
    const struct mbrow *r = mbox_row(b, e->name);
    if (r == NULL)
        return 1;
    size_t want = r->head - r->at < sizeof line ? (size_t)(r->head - r->at) : sizeof line;
    ssize_t n =
        sys_fault(FAULT_READ, "mbox from line") != 0 ? -1 : pread(b->fd, line, want, (off_t)r->at);
    if (n < 0)
        return error_sys(err, _("a message cannot be opened"));
    *out = (struct spool_text){ .text = { .fd = b->fd,
                                          .at = (int64_t)r->head,
                                          .n = (int64_t)(r->end - r->head),
                                          .mbox = true } };
    out->received =
        mbox_from_date(str_trim((struct str){ line, (size_t)n }), b->seen->st.st_mtim.tv_sec);
    return 0;
}

static void mb_text_close(struct spool_box *b, struct spool_text *t)
{
    (void)b;
    (void)t;
}

static bool mb_same(struct spool_box *b)
{
    struct stat st;
    return b->locked || (fstat(b->fd, &st) == 0 && same_stat(&st, &b->seen->st));
}

static int mb_breathe(struct spool_box *b, struct error *err)
{
    struct stat st;
    if (b->locked) {
        unlock(b);
        poll(NULL, 0, BREATH_MS);
        if (lock(b, false, err) != 0)
            return -1;
    }
    if (fstat(b->fd, &st) != 0 || !same_stat(&st, &b->seen->st))
        return 1;
    b->seen->settled = settled(&st);
    let_go(b);
    return 0;
}

/* Programs take a mailbox that was changed after it was read for one with new mail: it keeps what it
 * was in that. */
static void times_set(const struct spool_box *b)
{
    bool news = ns(&b->opened.st_mtim) > ns(&b->opened.st_atim);
    struct timespec times[2] = { { .tv_nsec = news ? UTIME_OMIT : UTIME_NOW },
                                 { .tv_nsec = UTIME_NOW } };
    if (b->written)
        futimens(b->fd, times);
}

static int mb_close(struct spool_box **b, struct error *err)
{
    int rc = 0;
    if ((*b)->change && (*b)->read)
        rc = mbox_edits(*b, err);
    times_set(*b);
    box_free(b);
    return rc;
}

static void mb_forget(struct spool_home *h)
{
    while (h->seen != NULL) {
        struct mbseen *s = h->seen;
        h->seen = s->next;
        mbrows_clear(&s->rows);
        free(s->wire);
        free(s);
    }
}

const struct spool_kind mbox_kind = {
    .folders = mbox_folders,
    .make = mbox_make,
    .open = mb_open,
    .print = mb_print,
    .list = mb_list,
    .flags_of = mbox_place_flags,
    .text = mb_text,
    .text_close = mb_text_close,
    .flags = mbox_flags,
    .remove = mbox_remove,
    .append = mbox_append,
    .move = mbox_move,
    .settle = mbox_settle,
    .breathe = mb_breathe,
    .same = mb_same,
    .close = mb_close,
    .watched = mbox_watched,
    .counts = mbox_counts,
    .forget = mb_forget,
    .move_copies = true,
};
