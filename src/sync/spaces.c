/* SPDX-License-Identifier: MIT */
#include "sync/spaces.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "net/imap.h"
#include "wire/imap_name.h"
#include "base/banned.h"

/* "INBOX" may be told without its separator. */
static void prefix_take(char to[SPACES_PREFIX_MAX], const struct imap_namespace *n)
{
    struct str p = n->prefix;
    bool ends = p.n > 0 && n->delim != 0 && p.p[p.n - 1] == n->delim;
    to[0] = '\0';
    if (p.n == 0 || n->delim == 0 || p.n + 2 > SPACES_PREFIX_MAX || !str_is_line(p))
        return;
    snprintf(to, SPACES_PREFIX_MAX, "%.*s", STR_ARG(p));
    if (!ends) {
        to[p.n] = n->delim;
        to[p.n + 1] = '\0';
    }
}

void spaces_take(struct spaces *s, const struct imap_resp *r)
{
    *s = (struct spaces){ .known = true, .sep = r->personal.delim };
    prefix_take(s->personal, &r->personal);
    prefix_take(s->others, &r->others);
    prefix_take(s->shared, &r->shared);
    s->rest_foreign =
        s->personal[0] != '\0' && ((r->shared.prefix.p != NULL && r->shared.prefix.n == 0) ||
                                   (r->others.prefix.p != NULL && r->others.prefix.n == 0));
}

/* RFC 3501 §5.1: INBOX is called so in any case, also where it is the first level. */
static bool is_below(struct str wire, const char *prefix)
{
    struct str p = str_c(prefix);
    if (p.n == 0 || wire.n <= p.n)
        return false;
    struct str head = str_head(wire, p.n);
    bool inbox = p.n == 6 && str_istarts(p, "INBOX");
    return inbox ? str_ieq(head, p) : str_eq(head, p);
}

static bool is_foreign(const struct spaces *s, struct str wire)
{
    bool personal = is_below(wire, s->personal);
    size_t than = personal ? strlen(s->personal) : 0;
    if ((is_below(wire, s->others) && strlen(s->others) > than) ||
        (is_below(wire, s->shared) && strlen(s->shared) > than))
        return true;
    return s->rest_foreign && !personal && !str_ieqc(wire, "INBOX");
}

static int name_cmp(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void name_set(struct arena *a, struct sync_listed *row, size_t skip)
{
    struct str whole = row->wire;
    row->wire = str_skip(whole, skip);
    roles_name(a, row);
    row->wire = whole;
}

void spaces_names(const struct spaces *s, struct arena *a, struct sync_listed *rows, size_t n)
{
    struct str *plain = xcalloc(n + 1, sizeof *plain);
    size_t plain_n = 0, skip = strlen(s->personal);
    for (size_t i = 0; i < n; i++) {
        rows[i].foreign = is_foreign(s, rows[i].wire);
        if (!rows[i].foreign && is_below(rows[i].wire, s->personal))
            continue;
        name_set(a, &rows[i], 0);
        plain[plain_n++] = rows[i].name;
    }
    qsort(plain, plain_n, sizeof *plain, name_cmp);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].foreign || !is_below(rows[i].wire, s->personal))
            continue;
        name_set(a, &rows[i], skip);
        if (str_eqc(rows[i].name, "INBOX") ||
            bsearch(&rows[i].name, plain, plain_n, sizeof *plain, name_cmp) != NULL)
            name_set(a, &rows[i], 0);
    }
    free(plain);
}

size_t spaces_leave_out(struct sync_listed *rows, size_t n)
{
    size_t foreign = 0, kept = 0;
    for (size_t i = 0; i < n; i++)
        foreign += rows[i].foreign;
    if (foreign <= SPACES_FOREIGN_MAX)
        return n;
    for (size_t i = 0; i < n; i++)
        if (!rows[i].foreign || (rows[i].flags & LIST_SUBSCRIBED) != 0)
            rows[kept++] = rows[i];
    return kept;
}

/* What is said with the prefix, or is somebody else's, is called so there. */
static bool has_place(const struct spaces *s, struct str wire)
{
    return s->personal[0] == '\0' || str_ieqc(wire, "INBOX") || is_below(wire, s->personal) ||
           is_below(wire, s->others) || is_below(wire, s->shared);
}

int spaces_wire(const struct spaces *s, struct str name, char sep, struct buf *out,
                struct error *err)
{
    struct buf levels = BUF_INIT(WIRE_NAME_MAX), wire = BUF_INIT(4 * WIRE_NAME_MAX);
    bool fits = true;
    sep = s->sep != 0 ? s->sep : sep;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        fits = fits && (sep == '/' || sep == '\0' || c != sep);
        buf_addc(&levels, c == '/' && sep != '\0' ? sep : c);
    }
    fits = fits && !levels.over && imap_name_make(buf_str(&levels), &wire, err) == 0;
    if (fits && !has_place(s, buf_str(&wire)))
        buf_adds(out, s->personal);
    buf_add_str(out, buf_str(&wire));
    buf_free(&levels);
    buf_free(&wire);
    if (fits && !out->over)
        return 0;
    return error_set(err, ERR_REFUSED, RETRY_NEVER, _("this cannot be the name of a folder: %.*s"),
                     STR_ARG(name));
}
