/* SPDX-License-Identifier: MIT */
#include "sync/mdname.h"

#include "cache/message.h"
#include "wire/imap_name.h"
#include "base/banned.h"

static const struct {
    char letter;
    unsigned flag;
} letters[] = {
    { 'D', CACHE_DRAFT },    { 'F', CACHE_FLAGGED }, { 'P', CACHE_FORWARDED },
    { 'R', CACHE_ANSWERED }, { 'S', CACHE_SEEN },    { 'T', CACHE_DELETED },
};

size_t mdname_base(struct str file)
{
    size_t colon = str_rfind(file, ':');
    return str_starts(str_skip(file, colon), ":2,") ? colon : file.n;
}

static unsigned letter_flag(char c)
{
    for (size_t i = 0; i < COUNT(letters); i++)
        if (letters[i].letter == c)
            return letters[i].flag;
    return 0;
}

unsigned mdname_flags(struct str rest)
{
    unsigned flags = 0;
    if (str_lit(&rest, ":2,") != 0)
        return 0;
    for (size_t i = 0; i < rest.n; i++)
        flags |= letter_flag(rest.p[i]);
    return flags;
}

void mdname_rest(struct str old, unsigned flags, struct buf *out)
{
    bool have[256] = { false };
    bool flagged = str_lit(&old, ":2,") == 0;
    for (size_t i = 0; flagged && i < old.n; i++)
        have[(unsigned char)old.p[i]] = letter_flag(old.p[i]) == 0;
    for (size_t i = 0; i < COUNT(letters); i++)
        have[(unsigned char)letters[i].letter] = (flags & letters[i].flag) != 0;
    buf_adds(out, ":2,");
    for (unsigned c = 1; c < 256; c++)
        if (have[c] && c != '/')
            buf_addc(out, (char)c);
}

int64_t mdname_time(struct str base)
{
    uint64_t t = 0;
    return str_u64(&base, &t) == 0 && base.n > 0 && base.p[0] == '.' && t < UINT32_MAX ? (int64_t)t
                                                                                       : 0;
}

void mdname_host(struct str host, struct buf *out)
{
    for (size_t i = 0; i < host.n && i < 64; i++)
        buf_addc(out, ascii_is_alnum(host.p[i]) || host.p[i] == '-' || host.p[i] == '.' ? host.p[i]
                                                                                        : '_');
    if (host.n == 0)
        buf_adds(out, "localhost");
}

int mdname_folder(struct str name, struct buf *out)
{
    struct buf wire = BUF_INIT(WIRE_NAME_MAX);
    bool fits = str_find(name, '.') == name.n && wire_name_encode(name, &wire) == 0 && !wire.over &&
                wire.len < MDNAME_MAX;
    if (fits)
        buf_addc(out, '.');
    for (size_t i = 0; fits && i < wire.len; i++) {
        /* an empty level would be another folder's name */
        fits = wire.data[i] != '/' || (i > 0 && i + 1 < wire.len && wire.data[i - 1] != '/');
        buf_addc(out, wire.data[i] == '/' ? '.' : wire.data[i]);
    }
    buf_free(&wire);
    return fits ? 0 : -1;
}
