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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct uu_file files[FILES_MAX];
    size_t n = uu_find(in, files, FILES_MAX), end = 0;
    FUZZ_CHECK(n <= FILES_MAX);
    for (size_t i = 0; i < n; i++) {
        FUZZ_CHECK(files[i].offset >= end && files[i].length <= in.n - files[i].offset);
        end = files[i].offset + files[i].length;
        if (!files[i].damaged)
            whole(in, &files[i]);
    }
    return 0;
}
