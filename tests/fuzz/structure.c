/* SPDX-License-Identifier: MIT */
/* BODYSTRUCTURE, ENVELOPE and sections of any bytes: what the client gets can be read, and every part
 * that the structure has can be fetched. */
#include "fuzz.h"

#include "server/bodystructure.h"
#include "server/envelope.h"
#include "server/limits.h"
#include "wire/imap_token.h"
#include "base/banned.h"

/* The answer is one list to our own reader. */
static void reads(struct str answer)
{
    struct error err;
    const struct wire_node *line = NULL;
    struct wire_imap_limits limits = { .line_max = SERVER_OUT_MAX,
                                       .depth_max = 3 * IMAP_PART_DEPTH,
                                       .nodes_max = SERVER_OUT_MAX,
                                       .memory_max = SERVER_OUT_MAX,
                                       .literal_keep = SERVER_OUT_MAX,
                                       .literal_max = SERVER_OUT_MAX };
    struct wire_imap *w = wire_imap_new(WIRE_CLIENT, &limits);
    struct buf b = BUF_INIT(SERVER_OUT_MAX);
    buf_adds(&b, "* 1 FETCH (X ");
    buf_add_str(&b, answer);
    buf_adds(&b, ")\r\n");
    struct str in = buf_str(&b);
    FUZZ_CHECK(wire_imap_next(w, &in, &line, &err) == WIRE_OK && in.n == 0);
    const struct wire_node *list = wire_nth(line, 3);
    FUZZ_CHECK(list != NULL && wire_count(list->child) == 2);
    FUZZ_CHECK(list->child->next->kind == WIRE_LIST);
    wire_imap_free(&w);
    buf_free(&b);
}

static bool within(struct str raw, struct str s)
{
    return s.n == 0 || (s.p >= raw.p && s.p + s.n <= raw.p + raw.n);
}

static void sections_hold(struct section_src *src)
{
    static const char *const rows[] = { "BODY[1]",          "BODY[2.1]",    "BODY[1.MIME]",
                                        "BODY[1.1.HEADER]", "BODY[2.TEXT]", "BODY[1.HEADER]",
                                        "BODY[1.2.1]",      "BODY[TEXT]",   "BODY[HEADER]" };
    static const char *const made_rows[] = { "BINARY[1]", "BINARY.SIZE[2]", "BODY[1.1.MIME]",
                                             "BODY[HEADER.FIELDS (Subject \"X\")]",
                                             "BODY[1.HEADER.FIELDS.NOT (A)]" };
    struct section s;
    struct str bytes;
    struct buf made = BUF_INIT(SERVER_OUT_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        FUZZ_CHECK(section_read(str_c(rows[i]), &s) == 0);
        if (section_find(&s, src, &made, &bytes) == 0 && made.len == 0)
            FUZZ_CHECK(within(src->message, bytes));
        buf_clear(&made);
    }
    for (size_t i = 0; i < COUNT(made_rows); i++) {
        FUZZ_CHECK(section_read(str_c(made_rows[i]), &s) == 0);
        if (section_find(&s, src, &made, &bytes) != 1)
            FUZZ_CHECK(bytes.n <= 2 * src->message.n + 4);
        buf_clear(&made);
    }
    buf_free(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct section_src src;
    struct section item;
    struct str header;
    struct str text;
    struct buf out = BUF_INIT(SERVER_OUT_MAX);
    struct str in = { (const char *)data, size };
    section_src_init(&src, in);
    for (unsigned how = 0; how <= (STRUCTURE_EXTENDED | STRUCTURE_GLOBAL); how++) {
        bodystructure_put(&src, how, &out);
        reads(buf_str(&out));
        buf_clear(&out);
    }
    section_split(in, &header, &text);
    FUZZ_CHECK(header.n + text.n == in.n);
    envelope_put(header, &out);
    reads(buf_str(&out));
    sections_hold(&src);
    if (section_read(str_head(in, 200), &item) == 0)
        FUZZ_CHECK(within(in, item.name) && item.path_n <= SECTION_PATH);
    section_src_clear(&src);
    buf_free(&out);
    return 0;
}
