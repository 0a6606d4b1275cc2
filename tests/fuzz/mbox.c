/* SPDX-License-Identifier: MIT */
/* A mailbox file that others wrote: opened, read, added to, flagged, expunged, compacted; and what
 * was added comes back as it was. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "mime/mbox.h"
#include "server/mbox.h"
#include "server/spill.h"
#include "base/banned.h"

enum { ROWS_READ = 20 };

static void grammar(struct str in)
{
    struct buf quoted = BUF_INIT(1 << 20);
    for (struct str line; str_line(&in, &line);) {
        (void)mbox_is_from_line(line);
        if (!mbox_needs_quote(line))
            continue;
        buf_clear(&quoted);
        buf_addc(&quoted, '>');
        buf_add_str(&quoted, line);
        FUZZ_CHECK(mbox_is_quoted(buf_str(&quoted)));
    }
    buf_free(&quoted);
}

static void read_all(struct mbox *m)
{
    struct buf out = BUF_INIT(4 << 20);
    struct error err;
    for (size_t i = 0; i < m->n && i < ROWS_READ; i++) {
        FUZZ_CHECK(i == 0 || m->rows[i].uid > m->rows[i - 1].uid);
        buf_clear(&out);
        if (mbox_read(m, i, &out, &err) == 0)
            FUZZ_CHECK(out.len == m->rows[i].size);
    }
    buf_free(&out);
}

/* Adds text, and demands it back with CRLF for each line end. */
static void add(struct mbox *m, struct str text)
{
    struct spill message;
    struct mbox_new new = { .message = &message, .sender = STR("a@b"), .date = 1000000000 };
    struct buf out = BUF_INIT(4 << 20), again = BUF_INIT(4 << 20);
    struct error err;
    uint32_t uid = 0;
    size_t done;
    spill_init(&message, m->dir, 4 << 20);
    spill_add(&message, text);
    if (mbox_append(m, &new, &uid, &err) == 0) {
        size_t row = mbox_find(m, uid);
        FUZZ_CHECK(row < m->n && mbox_read(m, row, &out, &err) == 0);
        FUZZ_CHECK(out.len == m->rows[row].size && out.len >= text.n);
        FUZZ_CHECK(mbox_set(m, row, 3, "k1 k2", &err) == 0);
        if (row > 0)
            FUZZ_CHECK(mbox_kill(m, (size_t[]){ row - 1 }, 1, &done, &err) == 0);
        FUZZ_CHECK(mbox_compact(m, &err) == 0);
        row = mbox_find(m, uid);
        FUZZ_CHECK(row < m->n && mbox_read(m, row, &again, &err) == 0);
        fuzz_same(buf_str(&out), buf_str(&again));
        FUZZ_CHECK(m->rows[row].flags == 3);
    }
    spill_clear(&message);
    buf_free(&out);
    buf_free(&again);
}

static void use(int dir, struct str text)
{
    struct error err;
    struct mbox *m = mbox_open(dir, "INBOX", 77, NULL, &err);
    if (m == NULL)
        return;
    if (mbox_begin(m, true, &err) >= 0) {
        read_all(m);
        add(m, text);
        mbox_end(m);
    }
    mbox_close(&m);
    m = mbox_open(dir, "INBOX", 77, NULL, &err); /* what we wrote is ours */
    FUZZ_CHECK(m != NULL && mbox_begin(m, false, &err) >= 0);
    read_all(m);
    mbox_end(m);
    mbox_close(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    char *folder = xasprintf("%s/box", fuzz_folder());
    char *path = xasprintf("%s/INBOX", folder);
    struct error err;
    grammar(in);
    file_remove_tree(folder);
    FUZZ_CHECK(file_mkdirs(folder, &err) == 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && dir >= 0 && file_write_fd(fd, in, "it", &err) == 0);
    close(fd);
    use(dir, str_skip(in, fuzz_pick(in, 2, in.n + 1)));
    close(dir);
    free(folder);
    free(path);
    return 0;
}
