/* SPDX-License-Identifier: MIT */
/* What a client says to the server, and what is written for either: a string comes back as it was. */
#include "fuzz.h"
#include "imap_trace.h"

#include <stdlib.h>

#include "wire/imap_cmd.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

/* Reads "t x STRING" as a server does; every literal is kept. */
static void reads_back(struct str line, struct str want)
{
    struct wire_imap *p = wire_imap_new(WIRE_SERVER, NULL);
    const struct wire_node *node = NULL;
    struct error err;
    enum wire_result r;
    while ((r = wire_imap_next(p, &line, &node, &err)) == WIRE_ANNOUNCE)
        wire_imap_keep(p);
    FUZZ_CHECK(r == WIRE_OK);
    node = wire_nth(node, 2);
    FUZZ_CHECK(node != NULL && (wire_is_string(node) || node->kind == WIRE_ATOM));
    fuzz_same(node->s, want);
    wire_imap_free(&p);
}

static void strings(struct str s)
{
    struct buf out = BUF_INIT(1 << 20);
    buf_adds(&out, "t x ");
    if (wire_put_astring(&out, s, true)) {
        buf_adds(&out, "\r\n");
        reads_back(buf_str(&out), s);
    } else
        FUZZ_CHECK(out.len == 4);
    if (str_find(s, '\0') == s.n) {
        buf_clear(&out);
        buf_adds(&out, "t x ");
        wire_put_string(&out, s);
        buf_adds(&out, "\r\n");
        reads_back(buf_str(&out), s);
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    unsigned choice = fuzz_choice(&in);
    int64_t when;
    imap_trace_check(&(struct imap_trace){ .side = WIRE_SERVER,
                                           .small = (choice & 1) != 0,
                                           .choice = choice / 2 % 3 },
                     in);
    if (in.n < 60000)
        strings(in);
    (void)wire_imap_date(in, &when);
    return 0;
}
