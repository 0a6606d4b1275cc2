/* SPDX-License-Identifier: MIT */
/* Attachment names: safe for a folder whatever they were, and what we write into a header comes
 * back as it was. */
#include "fuzz.h"

#include "base/utf8.h"
#include "decode/parse.h"
#include "mime/field.h"
#include "mime/names.h"
#include "base/banned.h"

enum { NAME_BYTES = 500 };

static void holds(struct str s)
{
    struct str rest = s;
    FUZZ_CHECK(s.n > 0 && s.n <= MIME_NAME_MAX && utf8_valid(s));
    FUZZ_CHECK(s.p[0] != '.' && s.p[0] != '-' && str_find(s, '/') == s.n && str_is_line(s));
    FUZZ_CHECK(s.p[s.n - 1] != '.' && s.p[s.n - 1] != ' ');
    for (uint32_t cp; utf8_next(&rest, &cp);)
        FUZZ_CHECK(cp >= 0x20 && (cp < 0x7f || cp >= 0xa0) && (cp < 0x202a || cp > 0x202e));
}

static void safe(struct str name)
{
    struct buf out = BUF_INIT(4096), twice = BUF_INIT(4096);
    mime_name_safe(name, STR("application/pdf"), &out);
    holds(buf_str(&out));
    mime_name_safe(buf_str(&out), STR("application/pdf"), &twice);
    fuzz_same(buf_str(&out), buf_str(&twice));
    buf_clear(&twice);
    mime_name_variant(buf_str(&out), 12, &twice);
    holds(buf_str(&twice));
    (void)mime_type_of_name(name);
    buf_free(&out);
    buf_free(&twice);
}

static void comes_back(struct str name)
{
    static struct parse *parse;
    struct buf out = BUF_INIT(1 << 16);
    struct arena *a = arena_new(4096);
    struct mime_summary s;
    struct error err;
    if (parse == NULL)
        parse = parse_new();
    buf_adds(&out, "Content-Type: application/pdf");
    if (mime_param_put(&out, "name", name, &err) == 0) {
        buf_adds(&out, "\r\n\r\nx\r\n");
        parse_feed(parse, a, buf_str(&out), true, &s);
        fuzz_same(s.parts[0].name, name);
    }
    arena_free(&a);
    buf_free(&out);
}

/* Text without control characters, blanks at its ends and what looks like an encoded word. */
static bool is_plain(struct str s)
{
    struct str rest = s;
    if (s.n > NAME_BYTES || !utf8_valid(s) || !str_eq(s, str_trim(s)) ||
        str_search(s, STR("=?")) < s.n)
        return false;
    for (uint32_t cp; utf8_next(&rest, &cp);)
        if (cp < 0x20 || cp == 0x7f)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    safe(in);
    if (is_plain(in))
        comes_back(in);
    return 0;
}
