/* SPDX-License-Identifier: MIT */
#include "decode/links.h"

#include "base/mem.h"
#include "base/banned.h"

enum { LINK_MAX = 4096 };

static const char *const openers[] = { "https://", "http://", "ftp://", "mailto:", "www." };

static bool in_address(char c)
{
    return (unsigned char)c > 32 && c != 127 && c != '<' && c != '>' && c != '"';
}

static size_t count(struct str s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

/* Without what ends the sentence around it; a closing bracket stays when it was opened inside. */
static struct str trim_end(struct str s)
{
    while (s.n > 0) {
        char c = s.p[s.n - 1];
        bool stop = memchr(".,;:!?'*_|]}", c, 12) != NULL;
        if (!stop && !(c == ')' && count(s, ')') > count(s, '(')))
            break;
        s.n--;
    }
    return s;
}

/* The address at the front of text; empty when there is none. */
static struct str link_at(struct str text)
{
    for (size_t i = 0; i < COUNT(openers); i++) {
        size_t n = strlen(openers[i]);
        if (!str_istarts(text, openers[i]))
            continue;
        while (n < text.n && n < LINK_MAX && in_address(text.p[n]))
            n++;
        struct str found = trim_end(str_head(text, n));
        return str_head(found, found.n > strlen(openers[i]) + 2 ? found.n : 0);
    }
    return str_head(text, 0);
}

struct str link_find(struct str text)
{
    bool inside = false; /* a word cannot begin here */
    for (size_t at = 0; at < text.n; at++) {
        char c = text.p[at];
        if (!inside && memchr("hHfFmMwW", c, 8) != NULL) {
            struct str found = link_at(str_skip(text, at));
            if (found.n > 0)
                return found;
        }
        inside = ascii_is_alnum(c) || (unsigned char)c >= 0x80;
    }
    return str_skip(text, text.n);
}

struct str link_host(struct str target)
{
    struct str s = str_trim(target);
    if (str_istarts(s, "mailto:"))
        return str_skip(s, s.n);
    size_t scheme = str_search(s, STR("://"));
    if (scheme < s.n)
        s = str_skip(s, scheme + 3);
    else if (str_starts(s, "//"))
        s = str_skip(s, 2);
    size_t n = 0;
    while (n < s.n && memchr("/?#\\", s.p[n], 4) == NULL)
        n++;
    s = str_head(s, n);
    s = str_skip(s, str_rfind(s, '@') < s.n ? str_rfind(s, '@') + 1 : 0);
    s = str_head(s, str_find(s, ':'));
    return str_istarts(s, "www.") ? str_skip(s, 4) : s;
}

/* "example.org", "www.example.org/path": letters, digits, dots and dashes with a dot inside. */
static bool looks_like_host(struct str s)
{
    size_t dot = str_rfind(s, '.');
    if (dot == s.n || dot == 0 || s.n - dot < 3)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != '-')
            return false;
    for (size_t i = dot + 1; i < s.n; i++)
        if (ascii_is_digit(s.p[i]))
            return false;
    return true;
}

bool link_lies(struct str text, struct str target)
{
    struct str shown = str_trim(text), to = link_host(target);
    if (str_find(shown, ' ') < shown.n || str_find(shown, '@') < shown.n)
        return false;
    struct str host = link_host(shown);
    if (!looks_like_host(host) || to.n == 0 || str_ieq(host, to))
        return false;
    /* example.org for mail.example.org is no lie. */
    return !(to.n > host.n && to.p[to.n - host.n - 1] == '.' &&
             str_ieq(str_skip(to, to.n - host.n), host));
}
