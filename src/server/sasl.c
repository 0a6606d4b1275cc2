/* SPDX-License-Identifier: MIT */
#include "server/sasl.h"

#include "mime/codec.h"
#include "base/banned.h"

int sasl_base64(struct str line, struct buf *out)
{
    struct error ignored;
    struct codec *c = codec_new(CODEC_BASE64, NULL);
    int rc = codec_decode(c, line, true, out, &ignored);
    codec_free(&c);
    return rc == 0 ? 0 : -1;
}

/* authorization NUL name NUL password */
int sasl_plain(struct str line, struct buf *text, struct str *name, struct str *password)
{
    struct str id;
    if (sasl_base64(line, text) != 0)
        return -1;
    struct str rest = buf_str(text);
    if (str_until(&rest, '\0', &id) != 0 || str_until(&rest, '\0', name) != 0)
        return -1;
    *password = rest;
    return str_is_line(*name) && str_is_line(*password) ? 0 : -1;
}
