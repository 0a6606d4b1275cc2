/* SPDX-License-Identifier: MIT */
#include "sync/spoolrows.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "sync/spoolkind.h"
#include "base/banned.h"

enum { ROWS_FIRST = 64 };

void spoolrows_add(struct spoolrows *r, const char *wire, struct str shown, char delim)
{
    if (r->n == SPOOL_FOLDERS_MAX) {
        (void)error_set(r->said, ERR_LIMIT, RETRY_NEVER, _("there are more than %d folders"),
                        SPOOL_FOLDERS_MAX);
        return;
    }
    struct sync_listed row = { .wire = shown, .delim = delim };
    roles_name(r->a, &row);
    row.wire = arena_cstr(r->a, wire);
    for (size_t i = 0; i < r->n; i++)
        if (str_eq(r->rows[i].name, row.name)) {
            (void)error_set(r->said, ERR_LIMIT, RETRY_NEVER,
                            _("two folders are called %.*s: the one at %s is passed over"),
                            STR_ARG(row.name), wire);
            return;
        }
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? ROWS_FIRST : 2 * r->cap;
        r->rows = xrealloc(r->rows, r->cap, sizeof *r->rows);
    }
    r->rows[r->n++] = row;
}

static int by_wire(const void *a, const void *b)
{
    return str_cmp(((const struct sync_listed *)a)->wire, ((const struct sync_listed *)b)->wire);
}

void spoolrows_end(struct spoolrows *r, struct sync_listed **out, size_t *n)
{
    *n = r->n;
    *out = arena_array(r->a, r->n + 1, sizeof **out);
    if (r->n > 0) {
        qsort(r->rows, r->n, sizeof *r->rows, by_wire);
        memcpy(*out, r->rows, r->n * sizeof **out);
    }
    free(r->rows);
    r->rows = NULL;
    r->n = r->cap = 0;
    roles_assign(*out, *n);
}
