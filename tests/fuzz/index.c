/* SPDX-License-Identifier: MIT */
/* The index beside a mailbox file: any bytes; and one that is well made and lies. Whatever it says,
 * the messages in the file stay as they are. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "server/index.h"
#include "server/spill.h"
#include "base/banned.h"

enum { MESSAGES = 4 };
static const char *const texts[MESSAGES] = {
    "a: 1\r\n\r\nfirst\r\n",
    "a: 2\r\n\r\nFrom me\r\nStatus: RO\r\nX-UID: 0000000002\r\n",
    "a: 3\r\n\r\nno line end",
    "\r\nFrom x@y Thu Jan  1 00:00:00 1970\r\nX-Tmaild: 000000000001 000000000001 000000000001 "
    "--\r\n",
};

static void box_fill(int dir)
{
    struct error err;
    uint32_t uid;
    struct mbox *m = mbox_open(dir, "INBOX", 77, NULL, &err);
    FUZZ_CHECK(m != NULL && mbox_begin(m, true, &err) >= 0);
    for (size_t i = 0; i < MESSAGES; i++) {
        struct spill message;
        struct mbox_new new = { .message = &message, .sender = STR("a@b"), .date = 1 };
        spill_init(&message, dir, 1 << 16);
        spill_add(&message, str_c(texts[i]));
        FUZZ_CHECK(mbox_append(m, &new, &uid, &err) == 0);
        spill_clear(&message);
    }
    mbox_end(m);
    mbox_close(&m);
}

static void index_put(const char *folder, struct str bytes)
{
    struct error err;
    char *path = xasprintf("%s/.INBOX.index", folder);
    FUZZ_CHECK(file_replace(path, bytes, 0600, &err) == 0);
    free(path);
}

static uint8_t next(struct str *in)
{
    uint8_t c = in->n > 0 ? (uint8_t)in->p[0] : 0;
    *in = str_skip(*in, 1);
    return c;
}

/* Small steps off the truth, of what the bytes choose. */
static void lie(struct mbox *m, struct str *in)
{
    if (m->n == 0)
        return;
    struct mbox_row *r = &m->rows[next(in) % m->n];
    uint8_t what = next(in) % 10;
    uint64_t by = next(in);
    by = next(in) % 2 != 0 ? by : -by;
    uint64_t *const wide[] = { &r->at, &r->stored, &r->size, &r->modseq, &m->end };
    uint16_t *const narrow[] = { &r->head_n, &r->dead_at, &r->flags_at, &r->keywords_width };
    if (what < COUNT(wide))
        *wide[what] += by;
    else if (what - COUNT(wide) < COUNT(narrow))
        *narrow[what - COUNT(wide)] = (uint16_t)(*narrow[what - COUNT(wide)] + by);
    else
        r->uid += (uint32_t)by;
}

static void index_lie(int dir, const char *folder, struct str in)
{
    struct error err;
    struct buf bytes = BUF_INIT(1 << 20);
    struct mbox *m = mbox_open(dir, "INBOX", 77, NULL, &err);
    FUZZ_CHECK(m != NULL);
    while (in.n > 0)
        lie(m, &in);
    m->seen.st_size = (off_t)m->end;
    index_encode(m, &bytes);
    m->unsaved = false;
    mbox_close(&m);
    index_put(folder, buf_str(&bytes));
    buf_free(&bytes);
}

/* All that writes, at every row. */
static void use(int dir)
{
    struct error err;
    struct buf out = BUF_INIT(1 << 20);
    struct mbox *m = mbox_open(dir, "INBOX", 77, NULL, &err);
    FUZZ_CHECK(m != NULL);
    for (size_t i = 0; i < MESSAGES; i++) {
        FUZZ_CHECK(mbox_begin(m, true, &err) >= 0);
        if (i < m->n && mbox_read(m, i, &out, &err) == 0)
            (void)(mbox_set(m, i, 3, "k1 k2", &err) == 0);
        mbox_end(m);
    }
    m->unsaved = false; /* what it believes does not matter any more */
    mbox_close(&m);
    buf_free(&out);
}

static void check_texts(int dir)
{
    struct error err;
    struct buf out = BUF_INIT(1 << 20);
    struct mbox *m = mbox_open(dir, "INBOX", 77, NULL, &err);
    FUZZ_CHECK(m != NULL && mbox_begin(m, false, &err) >= 0 && m->n == MESSAGES);
    for (size_t i = 0; i < MESSAGES; i++) {
        buf_clear(&out);
        FUZZ_CHECK(m->rows[i].uid == i + 1 && mbox_read(m, i, &out, &err) == 0);
        fuzz_same(buf_str(&out), str_c(texts[i]));
    }
    mbox_end(m);
    mbox_close(&m);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    char *folder = xasprintf("%s/box", fuzz_folder());
    struct error err;
    bool lies = fuzz_choice(&in) % 2 != 0;
    file_remove_tree(folder);
    FUZZ_CHECK(file_mkdirs(folder, &err) == 0);
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_CHECK(dir >= 0);
    box_fill(dir);
    if (lies)
        index_lie(dir, folder, in);
    else
        index_put(folder, in);
    use(dir);
    unlinkat(dir, ".INBOX.index", 0);
    check_texts(dir);
    close(dir);
    free(folder);
    return 0;
}
