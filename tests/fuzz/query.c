/* SPDX-License-Identifier: MIT */
/* What a person types in a search: refused, or criteria that tmaild's grammar reads, whatever the
 * server can. */
#include "fuzz.h"

#include "cache/query.h"
#include "server/limits.h"
#include "server/searchkey.h"
#include "sync/searchkeys.h"
#include "base/banned.h"

/* As it goes over the wire. */
static void line_put(const struct str *pieces, size_t n, struct buf *line)
{
    FUZZ_CHECK(n % 2 == 1);
    for (size_t i = 0; i < n; i++) {
        FUZZ_CHECK(str_is_line(pieces[i]));
        for (size_t k = 0; i % 2 == 0 && k < pieces[i].n; k++)
            FUZZ_CHECK((unsigned char)pieces[i].p[k] < 0x80);
        if (i % 2 == 1)
            buf_addf(line, "{%zu+}\r\n", pieces[i].n);
        buf_add_str(line, pieces[i]);
    }
    buf_adds(line, "\r\n");
}

static void is_read(struct arena *a, struct str rest)
{
    const struct search_context context = { .last_number = 5, .last_uid = 9, .now = 1700000000 };
    struct wire_imap *w = wire_imap_new(WIRE_SERVER, NULL);
    const struct wire_node *node = NULL;
    struct error err;
    enum wire_result r;
    (void)str_lit(&rest, "CHARSET UTF-8 ");
    while ((r = wire_imap_next(w, &rest, &node, &err)) == WIRE_ANNOUNCE)
        wire_imap_keep(w);
    FUZZ_CHECK(r == WIRE_OK && search_keys_read(a, node, &context) != NULL);
    wire_imap_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum searchkeys_how hows[] = { SEARCHKEYS_CHARSET, SEARCHKEYS_UTF8,
                                                SEARCHKEYS_ASCII };
    struct arena *a = arena_new(4096);
    struct error err;
    const struct query *q = query_parse(a, (struct str){ (const char *)data, size }, &err);
    for (size_t i = 0; q != NULL && i < COUNT(hows); i++) {
        struct buf line = BUF_INIT(SERVER_OUT_MAX);
        struct str *pieces;
        bool wide = false;
        size_t n = 0;
        int rc = searchkeys(a, q, hows[i], &pieces, &n, &wide, &err);
        FUZZ_CHECK(rc == 0 || (rc == 1 && hows[i] == SEARCHKEYS_ASCII));
        FUZZ_CHECK(!wide || hows[i] != SEARCHKEYS_ASCII);
        line_put(pieces, n, &line);
        is_read(a, buf_str(&line));
        buf_free(&line);
    }
    arena_free(&a);
    return 0;
}
