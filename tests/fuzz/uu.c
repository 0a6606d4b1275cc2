/* SPDX-License-Identifier: MIT */
/* uuencoded files found in text: they lie one behind the other, and one that is called whole
 * decodes without damage to as many bytes as were told. */
#include "fuzz.h"

#include "mime/codec.h"
#include "mime/uu.h"
#include "base/banned.h"

enum { FILES_MAX = 100 };

static void whole(struct str text, const struct uu_file *f)
{
    struct codec *c = codec_new(CODEC_UU, NULL);
    struct buf out = BUF_INIT(1 << 20);
    struct error err;
    int rc = codec_decode(c, str_head(str_skip(text, f->offset), f->length), true, &out, &err);
    FUZZ_CHECK(rc == 0 || (f->unended && rc == 1));
    FUZZ_CHECK(out.len == f->decoded);
    codec_free(&c);
    buf_free(&out);
}

static void on_file(void *arg, const struct uu_file *f)
{
    buf_addf(arg, "%d %zu %zu %zu %d %d ", f->kind, f->offset, f->length, f->decoded, f->damaged,
             f->unended);
    uu_file_name(f, arg);
}

static void piece(void *arg, struct str bytes)
{
    uu_reader_feed(arg, bytes, false);
}

/* In pieces it has the same files. */
static void pieces(struct str text)
{
    struct buf told[2] = { BUF_INIT(64 << 20), BUF_INIT(64 << 20) };
    for (enum fuzz_split split = FUZZ_WHOLE; split <= FUZZ_BYTES; split++) {
        struct buf *out = &told[split != FUZZ_WHOLE];
        struct uu_reader *r = uu_reader_new(on_file, out);
        buf_clear(out);
        if (split == FUZZ_WHOLE)
            uu_reader_feed(r, text, true);
        else {
            fuzz_feed(text, split, piece, r);
            uu_reader_feed(r, STR(""), true);
            fuzz_same(buf_str(&told[0]), buf_str(&told[1]));
        }
        uu_reader_free(&r);
    }
    buf_free(&told[0]);
    buf_free(&told[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct uu_file files[FILES_MAX];
    size_t n = uu_find(in, files, FILES_MAX), end = 0;
    FUZZ_CHECK(n <= FILES_MAX);
    for (size_t i = 0; i < n; i++) {
        FUZZ_CHECK(files[i].offset >= end && files[i].length <= in.n - files[i].offset);
        FUZZ_CHECK(files[i].name.p > in.p && files[i].name.p + files[i].name.n <= in.p + size);
        end = files[i].offset + files[i].length;
        if (!files[i].damaged && files[i].kind == UU_FILE)
            whole(in, &files[i]);
    }
    pieces(in);
    return 0;
}
