/* SPDX-License-Identifier: MIT */
#include "config/lex.h"

#include "base/i18n.h"
#include "base/banned.h"

struct lexer {
    struct arena *arena;
    struct lex_item *items;
    size_t n;
    struct str section;
    struct str *sections;
    size_t sections_n;
    unsigned line;
    struct error *err;
};

static int refuse(struct lexer *l, const char *why)
{
    return error_set(l->err, ERR_CONFIG, RETRY_NEVER, _("line %u: %s"), l->line, why);
}

static struct str lower(struct lexer *l, struct str s)
{
    struct str copy = arena_str(l->arena, s);
    char *p = (char *)copy.p;
    for (size_t i = 0; i < copy.n; i++)
        p[i] = ascii_lower(p[i]);
    return copy;
}

static bool is_comment_or_blank(struct str s)
{
    s = str_trim(s);
    return s.n == 0 || s.p[0] == '#' || s.p[0] == ';';
}

static int read_section(struct lexer *l, struct str line)
{
    size_t end = str_find(line, ']');
    if (end + 1 != line.n) /* not even a comment: iniparser takes it for a mistake */
        return refuse(l, _("a section is [name] on a line of its own"));
    struct str name = lower(l, str_trim(str_skip(str_head(line, end), 1)));
    for (size_t i = 0; i < l->sections_n; i++)
        if (str_eq(l->sections[i], name))
            return refuse(l, _("this section stands in the file twice"));
    if (l->sections_n >= LEX_ITEMS_MAX)
        return refuse(l, _("too many sections"));
    l->sections[l->sections_n++] = name;
    l->section = name;
    return 0;
}

static int read_quoted(struct lexer *l, struct str value, struct str *out)
{
    value = str_skip(value, 1);
    if (str_find(value, '\\') < value.n)
        return refuse(l,
                      _("a backslash is not possible in a value; use single quotes in a command"));
    if (str_until(&value, '"', out) != 0)
        return refuse(l, _("the quote is not closed"));
    if (!is_comment_or_blank(value))
        return refuse(l, _("text behind the closing quote"));
    return 0;
}

static int read_value(struct lexer *l, struct str value, struct str *out)
{
    value = str_trim(value);
    if (value.n > 0 && value.p[0] == '"')
        return read_quoted(l, value, out);
    if (str_find(value, '#') < value.n || str_find(value, ';') < value.n)
        return refuse(l, _("a value with # or ; in it: put it in quotes"));
    if (str_find(value, '"') < value.n || str_find(value, '\\') < value.n || str_starts(value, "'"))
        return refuse(l, _("a value with a quote or a backslash in it: put it in double quotes"));
    *out = value;
    return 0;
}

static bool key_is_sound(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (!ascii_is_alnum(key.p[i]) && key.p[i] != '-' && key.p[i] != '_')
            return false;
    return key.n > 0;
}

static int read_key(struct lexer *l, struct str line)
{
    struct lex_item item = { .section = l->section, .line = l->line };
    struct str key;
    if (str_until(&line, '=', &key) != 0)
        return refuse(l, _("this is neither a [section] nor key = value"));
    key = str_trim(key);
    if (!key_is_sound(key))
        return refuse(l, _("a key has letters, digits and - only"));
    item.key = lower(l, key);
    if (read_value(l, line, &item.value) != 0)
        return -1;
    item.value = arena_str(l->arena, item.value);
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->items[i].key, item.key) && str_eq(l->items[i].section, item.section))
            return refuse(l, _("this key stands in the section twice"));
    if (l->n >= LEX_ITEMS_MAX)
        return refuse(l, _("too many keys"));
    l->items[l->n++] = item;
    return 0;
}

static int read_line(struct lexer *l, struct str line)
{
    if (line.n > LEX_LINE_BYTES)
        return refuse(l, _("the line is too long"));
    if (str_find(line, '\0') < line.n || !str_is_line(line))
        return refuse(l, _("a control character"));
    line = str_trim(line);
    if (is_comment_or_blank(line))
        return str_ends(line, "\\") ? refuse(l, _("a comment ends in a backslash")) : 0;
    return line.p[0] == '[' ? read_section(l, line) : read_key(l, line);
}

int lex_read(struct arena *a, struct str text, struct lex_item **items, size_t *n,
             struct error *err)
{
    struct lexer l = { .arena = a, .section = STR(""), .err = err };
    struct str line;
    l.items = arena_array(a, LEX_ITEMS_MAX, sizeof *l.items);
    l.sections = arena_array(a, LEX_ITEMS_MAX, sizeof *l.sections);
    while (str_line(&text, &line)) {
        l.line++;
        if (read_line(&l, line) != 0)
            return -1;
    }
    *items = l.items;
    *n = l.n;
    return 0;
}
