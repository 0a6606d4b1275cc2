/* SPDX-License-Identifier: MIT */
/* Bytes of any charset become valid UTF-8. The charset's name is the first line of the input. */
#include "fuzz.h"

#include "base/utf8.h"
#include "decode/charset.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size }, name = { "", 0 };
    struct buf out = BUF_INIT(1 << 22);
    if (str_until(&in, '\n', &name) != 0)
        name = STR("");
    int rc = charset_to_utf8(name, in, &out);
    FUZZ_CHECK(rc == 0 || rc == 1);
    FUZZ_CHECK(utf8_valid(buf_str(&out)) && out.len <= 16 * in.n + 16);
    if (rc == 0 && str_ieqc(name, "utf-8") && utf8_valid(in))
        fuzz_same(buf_str(&out), in);
    buf_free(&out);
    return 0;
}
