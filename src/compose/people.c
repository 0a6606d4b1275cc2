/* SPDX-License-Identifier: MIT */
#include "compose/people.h"

#include "base/i18n.h"
#include "base/banned.h"

static struct mime_addr *room(struct arena *a, struct people *p)
{
    if (p->list == NULL)
        p->list = arena_array(a, PEOPLE_MAX, sizeof *p->list);
    return p->n < PEOPLE_MAX ? &p->list[p->n] : NULL;
}

bool people_has(const struct people *p, const struct mime_addr *addr)
{
    for (size_t i = 0; i < p->n; i++)
        if (mime_addr_same(&p->list[i], addr))
            return true;
    return false;
}

void people_drop(struct people *p, const struct mime_addr *addr)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!mime_addr_same(&p->list[i], addr))
            p->list[kept++] = p->list[i];
    p->n = kept;
}

/* Length of the quoted string, comment or <route> that begins at in, its end included. */
static size_t span_length(struct str in, char end)
{
    for (size_t i = 1; i < in.n; i++)
        if (in.p[i] == '\\')
            i++;
        else if (in.p[i] == end)
            return i + 1;
    return in.n;
}

/* Bytes up to the comma (or semicolon) that ends the first address of a typed list. */
static size_t piece_length(struct str in)
{
    static const char open[] = "\"(<", close[] = "\")>";
    size_t i = 0;
    while (i < in.n && in.p[i] != ',' && in.p[i] != ';') {
        const char *kind = in.p[i] != '\0' ? strchr(open, in.p[i]) : NULL;
        i += kind != NULL ? span_length(str_skip(in, i), close[kind - open]) : 1;
    }
    return i;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

int people_add_typed(struct arena *a, struct people *p, struct str field, struct error *err)
{
    while (field.n > 0) {
        size_t n = piece_length(field);
        struct str piece = str_trim(str_head(field, n));
        field = str_skip(field, n + 1);
        if (piece.n == 0)
            continue;
        struct mime_addr *addr = room(a, p);
        if (addr == NULL)
            return error_set(err, ERR_LIMIT, RETRY_NEVER, _("more than %d recipients"), PEOPLE_MAX);
        if (mime_addr_one(a, piece, STR(""), addr, err) != 0)
            return -1;
        if (!is_ascii(addr->local) || !is_ascii(addr->domain))
            return error_set(err, ERR_ADDRESS, RETRY_NEVER,
                             _("%.*s: only the letters of ASCII are possible in an address"),
                             STR_ARG(piece));
        if (!people_has(p, addr))
            p->n++;
    }
    return 0;
}

void people_add_field(struct arena *a, struct people *p, struct str field)
{
    struct mime_addr *found = arena_array(a, PEOPLE_MAX, sizeof *found);
    size_t n = mime_addr_list(a, field, found, PEOPLE_MAX);
    for (size_t i = 0; i < n; i++) {
        struct mime_addr *addr = room(a, p);
        if (addr == NULL)
            return;
        if (found[i].group_start || found[i].group_end || found[i].domain.n == 0 ||
            people_has(p, &found[i]))
            continue;
        *addr = found[i];
        p->n++;
    }
}

void people_show(const struct people *p, struct buf *out)
{
    for (size_t i = 0; i < p->n; i++) {
        if (i > 0)
            buf_adds(out, ", ");
        mime_addr_show(&p->list[i], out);
    }
}
