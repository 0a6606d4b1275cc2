/* SPDX-License-Identifier: MIT */
#include "server/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "server/boxhead.h"
#include "server/limits.h"
#include "server/mboxscan.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

enum { FLAGS_ALL = IMAP_SEEN | IMAP_ANSWERED | IMAP_FLAGGED | IMAP_DELETED | IMAP_DRAFT };

/* Room is left above it: 63 bits are what RFC 7162 has. */
#define MODSEQ_MAX ((uint64_t)1 << 62)

/* In the byte order of the machine: on another one the magic is another one. No padding in it. */
static const uint64_t magic = 0x31786469616d7401u;

static const uint64_t mark_magic = 0x316b72616d74016du;

struct index_mark {
    uint64_t magic, modseq;
};
/* Rows, what went, words, and this behind them: so that the bytes that were read become the rows. */
struct index_head {
    uint64_t magic, checksum; /* of all, with 0 here */
    uint64_t rows_n, gone_n, words_n;
    uint64_t dev, ino, size;
    int64_t mtime, mtime_ns, ctime, ctime_ns;
    uint64_t end, dead, modseq, gone_since;
    uint32_t validity, uid_next;
};
struct index_row {
    uint64_t at, stored, size, modseq;
    int64_t date;
    uint32_t uid, words; /* place behind the first byte of the words; 0: none */
    uint32_t flags, newline_added;
    uint16_t head_n, dead_at, flags_at, keywords_width;
};
_Static_assert(sizeof(struct index_row) == sizeof(struct mbox_row), "rows are made in place");
struct index_gone {
    uint64_t modseq, uid;
};

/* Against torn and flipped bytes, not against people: those who can write here can write the mail. */
static uint64_t checksum(struct str s)
{
    uint64_t h = 0x9E3779B97F4A7C15u ^ s.n;
    uint64_t w;
    for (; s.n >= sizeof w; s = str_skip(s, sizeof w)) {
        memcpy(&w, s.p, sizeof w);
        h = (h ^ w) * 0xD6E8FEB86659FD93u;
        h ^= h >> 32;
    }
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 29;
}

/* body: all but the head. */
static uint64_t checksum_all(struct str body, struct index_head h)
{
    h.checksum = 0;
    return checksum(body) ^ (checksum((struct str){ (const char *)&h, sizeof h }) << 1);
}

/* ---- writing ---- */

static uint32_t words_put(struct buf *words, const char *before, const char *keywords,
                          uint32_t last)
{
    struct str s = str_c(keywords);
    if (s.n == 0)
        return 0;
    if (last != 0 && str_eq(str_c(before), s))
        return last;
    uint32_t at = (uint32_t)words->len + 1;
    buf_add(words, s.p, s.n + 1);
    return at;
}

static void rows_put(const struct mbox *m, struct buf *words, struct buf *out)
{
    const char *before = NULL;
    uint32_t last = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct mbox_row *r = &m->rows[i];
        uint32_t at = words_put(words, before, r->keywords, last);
        if (at != 0) {
            before = r->keywords;
            last = at;
        }
        struct index_row row = { .at = r->at,
                                 .stored = r->stored,
                                 .size = r->size,
                                 .modseq = r->modseq,
                                 .date = r->date,
                                 .uid = r->uid,
                                 .words = at,
                                 .flags = r->flags,
                                 .newline_added = r->newline_added,
                                 .head_n = r->head_n,
                                 .dead_at = r->dead_at,
                                 .flags_at = r->flags_at,
                                 .keywords_width = r->keywords_width };
        buf_add(out, &row, sizeof row);
    }
}

void index_encode(const struct mbox *m, struct buf *out)
{
    struct buf words = BUF_INIT(MBOX_INDEX_MAX);
    struct index_head h = { .magic = magic,
                            .rows_n = m->n,
                            .gone_n = m->gone_n,
                            .dev = m->seen.st_dev,
                            .ino = m->seen.st_ino,
                            .size = (uint64_t)m->seen.st_size,
                            .mtime = m->seen.st_mtim.tv_sec,
                            .mtime_ns = m->seen.st_mtim.tv_nsec,
                            .ctime = m->seen.st_ctim.tv_sec,
                            .ctime_ns = m->seen.st_ctim.tv_nsec,
                            .end = m->end,
                            .dead = m->dead,
                            .modseq = m->modseq,
                            .gone_since = m->gone_since,
                            .validity = m->validity,
                            .uid_next = m->uid_next };
    rows_put(m, &words, out);
    for (size_t i = 0; i < m->gone_n; i++) {
        struct index_gone g = { .modseq = m->gone[i].modseq, .uid = m->gone[i].uid };
        buf_add(out, &g, sizeof g);
    }
    buf_add_str(out, buf_str(&words));
    if (words.over)
        out->over = true;
    h.words_n = words.len;
    buf_free(&words);
    h.checksum = checksum_all(buf_str(out), h);
    buf_add(out, &h, sizeof h);
}

static char *index_name(const struct mbox *m)
{
    return xasprintf(".%s.index", m->leaf);
}

/* Neither it nor the folder is fsynced: after a power cut it is whole, or it is none. */
int index_write(const struct mbox *m, struct error *err)
{
    struct buf out = BUF_INIT(MBOX_INDEX_MAX);
    char *name = index_name(m);
    char *fresh = xasprintf("%s.new", name);
    index_encode(m, &out);
    unlinkat(m->dir, fresh, 0);
    int rc = buf_check(&out, err);
    int fd =
        rc != 0 || sys_fault(FAULT_OPEN, "index create") != 0
            ? -1
            : openat(m->dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (rc == 0)
        rc = fd < 0 ? error_sys(err, _("cannot write %s"), name)
                    : file_write_fd(fd, buf_str(&out), name, err);
    if (fd >= 0)
        close(fd);
    if (rc == 0 && (sys_fault(FAULT_RENAME, "index rename") != 0 ||
                    renameat(m->dir, fresh, m->dir, name) != 0))
        rc = error_sys(err, _("cannot write %s"), name);
    if (rc != 0 && fd >= 0)
        unlinkat(m->dir, fresh, 0);
    free(fresh);
    free(name);
    buf_free(&out);
    return rc;
}

void index_mark(const struct mbox *m, uint64_t modseq)
{
    struct index_mark mark = { .magic = mark_magic, .modseq = modseq };
    struct stat st;
    char *name = index_name(m);
    int fd =
        sys_fault(FAULT_OPEN, "index mark") != 0
            ? -1
            : openat(m->dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    /* What is no file of ours alone gives way: only the name is ours to change. */
    bool ours = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
    if (!ours || pwrite(fd, &mark, sizeof mark, 0) != sizeof mark ||
        ftruncate(fd, sizeof mark) != 0)
        unlinkat(m->dir, name, 0);
    if (fd >= 0)
        close(fd);
    free(name);
}

/* ---- reading ---- */

/* What the pieces of an index hold; views of its bytes. */
struct index_parts {
    struct index_head h;
    struct str rows, gone, words;
};

static bool parts_find(struct str bytes, struct index_parts *p)
{
    if (bytes.n < sizeof p->h)
        return false;
    struct str body = str_head(bytes, bytes.n - sizeof p->h);
    memcpy(&p->h, bytes.p + body.n, sizeof p->h);
    if (p->h.magic != magic || p->h.rows_n > body.n / sizeof(struct index_row))
        return false;
    p->rows = str_head(body, (size_t)p->h.rows_n * sizeof(struct index_row));
    struct str rest = str_skip(body, p->rows.n);
    if (p->h.gone_n > rest.n / sizeof(struct index_gone))
        return false;
    p->gone = str_head(rest, (size_t)p->h.gone_n * sizeof(struct index_gone));
    p->words = str_skip(rest, p->gone.n);
    return p->words.n == p->h.words_n && p->h.checksum == checksum_all(body, p->h) &&
           (p->words.n == 0 || p->words.p[p->words.n - 1] == '\0');
}

static bool head_is_sane(const struct index_head *h)
{
    return h->validity != 0 && h->uid_next != 0 && h->uid_next <= MBOX_UID_MAX + 1u &&
           h->end == h->size && h->end <= INT64_MAX && h->dead <= h->end && h->modseq != 0 &&
           h->modseq < MODSEQ_MAX && h->gone_since <= h->modseq && h->rows_n <= MBOX_MESSAGES_MAX &&
           h->gone_n <= MBOX_GONE_MAX;
}

static bool place_is_sane(const struct index_row *r, uint64_t before, uint64_t end)
{
    return r->at >= before && r->at < end && r->head_n <= BOXHEAD_MAX && r->stored < end &&
           r->head_n + r->stored + 1 <= end - r->at && r->dead_at < r->head_n &&
           r->flags_at < r->head_n && r->keywords_width < r->head_n &&
           r->size <= 2 * r->stored + 2 && r->newline_added <= 1;
}

/* before: the end of the message in front of it; last: its UID. */
static bool row_is_sane(const struct index_row *r, const struct index_parts *p, uint64_t before,
                        uint32_t last)
{
    return place_is_sane(r, before, p->h.end) && r->uid > last && r->uid < p->h.uid_next &&
           r->modseq != 0 && r->modseq <= p->h.modseq && (r->flags & ~(unsigned)FLAGS_ALL) == 0 &&
           r->words <= p->words.n && r->date >= 0;
}

/* The keywords of a row, or NULL; false when they cannot be any. */
static bool words_get(const struct index_row *r, const struct index_parts *p, char **out)
{
    struct str s = str_skip(p->words, r->words - 1);
    *out = NULL;
    if (r->words == 0)
        return true;
    s = str_head(s, str_find(s, '\0'));
    if (s.n == 0 || s.n > r->keywords_width || !str_is_line(s))
        return false;
    *out = xmemdup0(s.p, s.n);
    return true;
}

/* Makes rows of what stands in their place; *n of them are. */
static bool rows_get(const struct index_parts *p, struct mbox_row *rows, size_t *n)
{
    uint64_t before = 0;
    uint32_t last = 0;
    for (*n = 0; *n < p->h.rows_n; ++*n) {
        struct index_row r;
        char *keywords;
        memcpy(&r, p->rows.p + *n * sizeof r, sizeof r);
        if (!row_is_sane(&r, p, before, last) || !words_get(&r, p, &keywords))
            return false;
        rows[*n] = (struct mbox_row){ .uid = r.uid,
                                      .flags = (uint16_t)r.flags,
                                      .newline_added = (uint8_t)r.newline_added,
                                      .date = r.date,
                                      .size = r.size,
                                      .keywords = keywords,
                                      .modseq = r.modseq,
                                      .at = r.at,
                                      .stored = r.stored,
                                      .head_n = r.head_n,
                                      .dead_at = r.dead_at,
                                      .flags_at = r.flags_at,
                                      .keywords_width = r.keywords_width };
        before = r.at + r.head_n + r.stored + 1;
        last = r.uid;
    }
    return true;
}

static bool gone_get(const struct index_parts *p, struct mbox_gone *gone)
{
    uint64_t last = p->h.gone_since;
    for (size_t i = 0; i < p->h.gone_n; i++) {
        struct index_gone g;
        memcpy(&g, p->gone.p + i * sizeof g, sizeof g);
        if (g.modseq < last || g.modseq > p->h.modseq || g.uid == 0 || g.uid >= p->h.uid_next)
            return false;
        gone[i] = (struct mbox_gone){ .uid = (uint32_t)g.uid, .modseq = g.modseq };
        last = g.modseq;
    }
    return true;
}

static void head_take(struct mbox *m, const struct index_head *h)
{
    m->validity = h->validity;
    m->uid_next = h->uid_next;
    m->end = h->end;
    m->dead = h->dead;
    m->modseq = h->modseq;
    m->gone_since = h->gone_since;
    m->seen = (struct stat){ .st_dev = h->dev, .st_ino = h->ino, .st_size = (off_t)h->size };
    m->seen.st_mtim = (struct timespec){ .tv_sec = h->mtime, .tv_nsec = h->mtime_ns };
    m->seen.st_ctim = (struct timespec){ .tv_sec = h->ctime, .tv_nsec = h->ctime_ns };
}

static void mark_take(struct mbox *m, struct str bytes)
{
    struct index_mark mark;
    if (bytes.n != sizeof mark)
        return;
    memcpy(&mark, bytes.p, sizeof mark);
    if (mark.magic == mark_magic && mark.modseq < MODSEQ_MAX)
        m->modseq = mark.modseq;
}

bool index_decode(struct mbox *m, struct buf *bytes)
{
    struct index_parts p;
    size_t n = 0;
    mark_take(m, buf_str(bytes));
    if (!parts_find(buf_str(bytes), &p) || !head_is_sane(&p.h))
        return false;
    struct mbox_gone *gone = xcalloc((size_t)p.h.gone_n + 1, sizeof *gone);
    struct mbox_row *rows = (struct mbox_row *)(void *)bytes->data;
    if (!gone_get(&p, gone) || !rows_get(&p, rows, &n)) {
        while (n > 0)
            free(rows[--n].keywords);
        free(gone);
        return false;
    }
    mboxscan_rows_free(m->rows, m->n);
    free(m->gone);
    m->cap = bytes->cap / sizeof *rows;
    m->rows = (struct mbox_row *)(void *)buf_detach(bytes);
    m->n = n;
    m->gone = gone;
    m->gone_n = (size_t)p.h.gone_n;
    m->gone_cap = m->gone_n + 1;
    head_take(m, &p.h);
    return true;
}

static bool bytes_read(int fd, struct buf *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_size <= 0 ||
        st.st_size > MBOX_INDEX_MAX)
        return false;
    while (out->len < (size_t)st.st_size) {
        size_t want = (size_t)st.st_size - out->len;
        ssize_t n =
            sys_fault(FAULT_READ, "index read") != 0 ? -1 : read(fd, buf_room(out, want), want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        buf_grown(out, (size_t)n);
    }
    return true;
}

bool index_read(struct mbox *m)
{
    struct buf bytes = BUF_INIT(MBOX_INDEX_MAX + 1ul);
    char *name = index_name(m);
    int fd = sys_fault(FAULT_OPEN, "index open") != 0
                 ? -1
                 : openat(m->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ok = fd >= 0 && bytes_read(fd, &bytes) && index_decode(m, &bytes);
    if (fd >= 0)
        close(fd);
    free(name);
    buf_free(&bytes);
    return ok;
}
