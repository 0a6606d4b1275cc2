/* SPDX-License-Identifier: MIT */
#include "tui/theme.h"

#include "base/banned.h"

struct row {
    char letter;
    short fg256, fg16;
    unsigned attrs;      /* with colours */
    unsigned mono_attrs; /* without */
};

static const struct row table[THEME_ROLES] = {
    [THEME_TEXT] = { '.', -1, -1, 0, 0 },
    [THEME_BAR] = { 'b', -1, -1, THEME_REVERSE, THEME_REVERSE },
    [THEME_KEY] = { 'k', -1, -1, THEME_BOLD, THEME_BOLD },
    [THEME_DIM] = { 'd', 245, -1, 0, 0 },
    [THEME_STRONG] = { 's', -1, -1, THEME_BOLD, THEME_BOLD },
    [THEME_MARK] = { 'm', 208, 3, THEME_BOLD, THEME_BOLD },
    [THEME_LABEL] = { 'l', 67, 6, 0, THEME_BOLD },
    [THEME_VALUE] = { 'v', -1, -1, THEME_BOLD, THEME_BOLD },
    [THEME_QUOTE1] = { '1', 67, 6, 0, 0 },
    [THEME_QUOTE2] = { '2', 108, 2, 0, 0 },
    [THEME_QUOTE3] = { '3', 139, 5, 0, 0 },
    [THEME_SIGNATURE] = { 'g', 245, -1, 0, 0 },
    [THEME_LINK] = { 'u', 75, 4, THEME_UNDERLINE, THEME_UNDERLINE },
    [THEME_EMPHASIS] = { 'i', -1, -1, THEME_ITALIC, THEME_UNDERLINE },
    [THEME_HEADING] = { 'h', -1, -1, THEME_BOLD | THEME_UNDERLINE, THEME_BOLD },
    [THEME_CODE] = { 'c', 180, 3, 0, 0 },
    [THEME_NOTE] = { 'n', 179, 3, 0, THEME_BOLD },
    [THEME_ADDED] = { '+', 71, 2, 0, 0 },
    [THEME_REMOVED] = { '-', 167, 1, 0, 0 },
    [THEME_HUNK] = { '@', 73, 6, THEME_BOLD, THEME_BOLD },
    [THEME_ERROR] = { 'e', 203, 1, THEME_BOLD, THEME_BOLD | THEME_REVERSE },
};

struct theme_style theme_style(unsigned colours, unsigned role)
{
    const struct row *r = &table[(role & ~(unsigned)THEME_SELECTED) % THEME_ROLES];
    struct theme_style s = { -1, -1, colours < 8 ? r->mono_attrs : r->attrs };
    if (role & THEME_SELECTED)
        s.attrs |= THEME_REVERSE; /* in the terminal's own colours: readable on every background */
    else if (colours >= 256)
        s.fg = r->fg256;
    else if (colours >= 8)
        s.fg = r->fg16;
    return s;
}

char theme_letter(unsigned role)
{
    char c = table[(role & ~(unsigned)THEME_SELECTED) % THEME_ROLES].letter;
    if (role & THEME_SELECTED)
        return c == '.' ? '#' : c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    return c;
}
