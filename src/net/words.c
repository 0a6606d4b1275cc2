/* SPDX-License-Identifier: MIT */
#include "net/words.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "base/banned.h"

void net_words(char *out, size_t size, struct str said)
{
    struct buf b = BUF_INIT(size - 1);
    uint32_t cp = 0;
    said = str_trim(said);
    while (!b.over && utf8_next(&said, &cp)) {
        if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || utf8_is_bidi_control(cp))
            cp = ' ';
        utf8_put(&b, cp);
    }
    memcpy(out, buf_c(&b), b.len);
    out[b.len] = '\0';
    buf_free(&b);
}
