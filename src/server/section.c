/* SPDX-License-Identifier: MIT */
#include "server/section.h"

#include "server/limits.h"
#include "base/banned.h"

static const struct {
    const char *name;
    enum section_kind kind;
    bool peek;
} plain_items[] = {
    { "FLAGS", SECTION_FLAGS, true },          { "UID", SECTION_UID, true },
    { "INTERNALDATE", SECTION_DATE, true },    { "RFC822.SIZE", SECTION_SIZE, true },
    { "ENVELOPE", SECTION_ENVELOPE, true },    { "RFC822", SECTION_ALL, false },
    { "RFC822.HEADER", SECTION_HEADER, true }, { "RFC822.TEXT", SECTION_TEXT, false },
};
static const struct {
    const char *name;
    enum section_kind kind;
} sections[] = {
    { "", SECTION_ALL },    { "HEADER", SECTION_HEADER }, { "TEXT", SECTION_TEXT },
    { "1", SECTION_FIRST }, { "1.MIME", SECTION_MIME },
};

static int fields_read(struct str in, struct section *out)
{
    if (str_ilit(&in, "HEADER.FIELDS.NOT") == 0)
        out->kind = SECTION_FIELDS_NOT;
    else if (str_ilit(&in, "HEADER.FIELDS") == 0)
        out->kind = SECTION_FIELDS;
    else
        return -1;
    in = str_trim(in);
    if (str_lit(&in, "(") != 0 || in.n == 0 || in.p[in.n - 1] != ')')
        return -1;
    out->fields = str_head(in, in.n - 1);
    return 0;
}

static int bracket_read(struct str in, struct section *out)
{
    for (size_t i = 0; i < COUNT(sections); i++)
        if (str_ieqc(in, sections[i].name)) {
            out->kind = sections[i].kind;
            return 0;
        }
    return fields_read(in, out);
}

static int partial_read(struct str in, struct section *out)
{
    if (in.n == 0)
        return 0;
    out->partial = true;
    return str_lit(&in, "<") || str_u32(&in, &out->offset) || str_lit(&in, ".") ||
                   str_u32(&in, &out->count) || str_lit(&in, ">") || in.n != 0 || out->count == 0
               ? -1
               : 0;
}

int section_read(struct str item, struct section *out)
{
    *out = (struct section){ .name = item };
    for (size_t i = 0; i < COUNT(plain_items); i++)
        if (str_ieqc(item, plain_items[i].name)) {
            out->kind = plain_items[i].kind;
            out->peek = plain_items[i].peek;
            return 0;
        }
    struct str in = item;
    struct str inner;
    out->peek = str_ilit(&in, "BODY.PEEK[") == 0;
    if (!out->peek && str_ilit(&in, "BODY[") != 0)
        return -1;
    out->body = true;
    out->name = in;
    if (str_until(&in, ']', &inner) != 0 || bracket_read(inner, out) != 0)
        return -1;
    out->name.n = inner.n;
    return partial_read(in, out);
}

void section_ceiling(struct buf *message)
{
    struct str s = buf_str(message);
    if (message->max == SERVER_HEADER_MAX && !message->over &&
        (str_starts(s, "\n") || str_starts(s, "\r\n") || str_search(s, STR("\n\n")) < s.n ||
         str_search(s, STR("\n\r\n")) < s.n))
        message->max = SERVER_MESSAGE_MAX;
}

void section_split(struct str message, struct str *header, struct str *text)
{
    struct str rest = message;
    struct str line;
    while (str_line(&rest, &line))
        if (line.n == 0)
            break;
    *header = str_head(message, message.n - rest.n);
    *text = rest;
}

static bool named(struct str fields, struct str line)
{
    struct str word;
    struct str name = str_trim(str_head(line, str_find(line, ':')));
    while (str_word(&fields, &word)) {
        if (word.n >= 2 && word.p[0] == '"')
            word = (struct str){ word.p + 1, word.n - 2 };
        if (str_ieq(word, name))
            return true;
    }
    return false;
}

static void add_fields(const struct section *s, struct str header, struct buf *out)
{
    struct str rest = header;
    struct str line;
    bool take = false;
    while (str_line(&rest, &line)) {
        if (line.n == 0)
            break;
        if (line.p[0] != ' ' && line.p[0] != '\t')
            take = named(s->fields, line) == (s->kind == SECTION_FIELDS);
        if (!take)
            continue;
        buf_add_str(out, line);
        buf_adds(out, "\r\n");
    }
    buf_adds(out, "\r\n");
}

void section_bytes(const struct section *s, struct str message, struct buf *out)
{
    static const char *const about_part[] = { "Content-Type Content-Transfer-Encoding "
                                              "Content-Disposition Content-ID "
                                              "Content-Description Content-Language" };
    struct section mime = { .kind = SECTION_FIELDS, .fields = str_c(about_part[0]) };
    struct str header;
    struct str text;
    section_split(message, &header, &text);
    switch (s->kind) {
    case SECTION_ALL:
        buf_add_str(out, message);
        break;
    case SECTION_HEADER:
        buf_add_str(out, header);
        break;
    case SECTION_FIELDS:
    case SECTION_FIELDS_NOT:
        add_fields(s, header, out);
        break;
    case SECTION_MIME:
        add_fields(&mime, header, out);
        break;
    default:
        buf_add_str(out, text);
        break;
    }
}

struct str section_partial(const struct section *s, struct str bytes)
{
    return s->partial ? str_head(str_skip(bytes, s->offset), s->count) : bytes;
}

bool section_field(struct str header, const char *name, struct buf *out)
{
    struct str line;
    bool found = false;
    while (str_line(&header, &line) && line.n > 0) {
        bool folded = line.p[0] == ' ' || line.p[0] == '\t';
        if (found && !folded)
            return true;
        size_t colon = str_find(line, ':');
        if (!folded && str_ieqc(str_trim(str_head(line, colon)), name)) {
            found = true;
            buf_add_str(out, str_trim(str_skip(line, colon + 1)));
        } else if (found) {
            buf_addc(out, ' ');
            buf_add_str(out, str_trim(line));
        }
    }
    return found;
}
