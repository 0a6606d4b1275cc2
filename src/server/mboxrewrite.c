/* SPDX-License-Identifier: MIT */
#include "server/mboxrewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "server/boxhead.h"
#include "server/limits.h"
#include "server/mboxscan.h"
#include "base/banned.h"

int rewrite_begin(struct rewrite *r, const struct mbox *m, struct error *err)
{
    struct stat st;
    r->name = xasprintf(".%s.new", m->leaf);
    r->written = 0;
    buf_init(&r->out, SIZE_MAX / 2);
    unlinkat(m->dir, r->name, 0);
    r->fd = sys_fault(FAULT_OPEN, "rewrite create") != 0
                ? -1
                : openat(m->dir, r->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         fstat(m->fd, &st) == 0 ? st.st_mode & 0777 : 0600);
    return r->fd < 0 ? error_sys(err, _("cannot write the mailbox anew")) : 0;
}

int rewrite_flush(struct rewrite *r, size_t above, struct error *err)
{
    if (r->out.len <= above)
        return 0;
    int rc = file_write_fd(r->fd, buf_str(&r->out), r->name, err);
    buf_clear(&r->out);
    return rc;
}

static int copy_range(struct rewrite *r, int from, uint64_t at, uint64_t n, struct error *err)
{
    while (n > 0) {
        size_t want = n < MBOX_WINDOW_BYTES ? (size_t)n : MBOX_WINDOW_BYTES;
        ssize_t got = sys_fault(FAULT_READ, "rewrite read") != 0
                          ? -1
                          : pread(from, buf_room(&r->out, want), want, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_sys(err, _("cannot read the mailbox"));
        buf_grown(&r->out, (size_t)got);
        at += (uint64_t)got;
        n -= (uint64_t)got;
        if (rewrite_flush(r, 1 << 20, err) != 0)
            return -1;
    }
    return 0;
}

int rewrite_commit(struct rewrite *r, struct mbox *m, struct error *err)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (rewrite_flush(r, 0, err) != 0)
        return -1;
    if (sys_fault(FAULT_FSYNC, "rewrite fsync") != 0 || fsync(r->fd) != 0 ||
        fcntl(r->fd, F_OFD_SETLK, &lock) != 0 || sys_fault(FAULT_RENAME, "rewrite rename") != 0 ||
        renameat(m->dir, r->name, m->dir, m->leaf) != 0 ||
        sys_fault(FAULT_FSYNC, "rewrite folder fsync") != 0 || fsync(m->dir) != 0)
        return error_sys(err, _("cannot write the mailbox anew"));
    close(m->fd);
    m->fd = r->fd;
    m->generation++;
    r->fd = -1;
    return 0;
}

void rewrite_end(struct rewrite *r, const struct mbox *m)
{
    if (r->fd >= 0) {
        close(r->fd);
        unlinkat(m->dir, r->name, 0);
    }
    free(r->name);
    buf_free(&r->out);
}

struct str rewrite_sender(struct str line)
{
    struct str sender = { "", 0 };
    if (str_lit(&line, "From ") == 0)
        str_word(&line, &sender);
    return sender;
}

int rewrite_row(struct rewrite *r, const struct rewrite_from *from, struct mbox_row *row,
                struct error *err)
{
    char head[BOXHEAD_MAX];
    struct boxhead h;
    ssize_t n = sys_fault(FAULT_READ, "rewrite head") != 0
                    ? -1
                    : pread(from->fd, head, sizeof head, (off_t)row->at);
    if (n < 0)
        return error_sys(err, _("cannot read the mailbox"));
    struct str s = { head, (size_t)n };
    if (boxhead_read(s, &h) != 0)
        return error_set(err, ERR_STORE, RETRY_LATER, _("the mailbox changed under our hands"));
    h.uid = row->uid;
    h.first = r->written == 0;
    h.validity = from->validity;
    h.last_uid = from->last_uid;
    h.flags = row->flags;
    h.keywords = str_c(row->keywords);
    size_t before = r->out.len;
    boxhead_put(&h, rewrite_sender(str_head(s, str_find(s, '\n'))), &r->out);
    if (boxhead_read(str_skip(buf_str(&r->out), before), &h) != 0)
        return error_set(err, ERR_STORE, RETRY_NEVER, _("the message cannot be stored"));
    if (copy_range(r, from->fd, row->at + row->head_n, row->stored + 1, err) != 0)
        return -1;
    row->at = r->written;
    row->head_n = (uint16_t)h.n;
    row->dead_at = (uint16_t)h.dead_at;
    row->flags_at = (uint16_t)h.flags_at;
    row->keywords_width = (uint16_t)h.keywords_width;
    r->written += h.n + row->stored + 1;
    return 0;
}
