/* SPDX-License-Identifier: MIT */
/* Mailbox names: what decodes is encoded to the same bytes, and the other way round. */
#include "fuzz.h"

#include "base/utf8.h"
#include "wire/imap_name.h"
#include "base/banned.h"

/* The encoding is unique: a name has one form, and only that decodes. */
static void decoded(struct str in)
{
    struct buf text = BUF_INIT(1 << 16), again = BUF_INIT(1 << 16);
    if (wire_name_decode(in, &text) == 0) {
        FUZZ_CHECK(text.len > 0 && text.len <= WIRE_NAME_MAX && utf8_valid(buf_str(&text)));
        /* C1 controls decode, but nobody encodes them. */
        if (wire_name_encode(buf_str(&text), &again) == 0)
            fuzz_same(buf_str(&again), in);
    } else
        FUZZ_CHECK(text.len == 0);
    buf_free(&text);
    buf_free(&again);
}

static void encoded(struct str in)
{
    struct buf name = BUF_INIT(1 << 16), text = BUF_INIT(1 << 16);
    if (wire_name_encode(in, &name) == 0) {
        FUZZ_CHECK(wire_name_decode(buf_str(&name), &text) == 0);
        fuzz_same(buf_str(&text), in);
    } else
        FUZZ_CHECK(name.len == 0);
    buf_free(&name);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    decoded(in);
    encoded(in);
    return 0;
}
