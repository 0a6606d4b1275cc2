/* SPDX-License-Identifier: MIT */
#include "config/ini.h"

#include <iniparser.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/banned.h"

enum { NAME_COMPARED = 40 };

int ini_at_line(const char *path, unsigned line, struct error *err)
{
    err->code = ERR_CONFIG;
    return error_prefix(err, _("%s, line %u: "), path, line);
}

/* It would write to standard error, which may be somebody's screen. */
static int iniparser_says(const char *fmt, ...)
{
    (void)fmt;
    return 0;
}

/* iniparser reads the file too: where it understands a value otherwise than we do, nobody can know
 * what was meant. */
static int compare_with_iniparser(const char *path, const struct lex_item *items, size_t n,
                                  struct error *err)
{
    iniparser_set_error_callback(iniparser_says);
    dictionary *ini = iniparser_load(path);
    if (ini == NULL)
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("%s cannot be read as an INI file"), path);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        char *name = xasprintf("%.*s:%.*s", STR_ARG(items[i].section), STR_ARG(items[i].key));
        const char *value = iniparser_getstring(ini, name, NULL);
        if (value == NULL || !str_eqc(items[i].value, value)) {
            error_set(err, ERR_CONFIG, RETRY_NEVER, _("the value is doubtful: put it in quotes"));
            rc = ini_at_line(path, items[i].line, err);
        }
        free(name);
    }
    iniparser_freedict(ini);
    return rc;
}

int ini_read(struct arena *a, const char *path, struct buf *text, struct lex_item **items,
             size_t *n, struct error *err)
{
    if (file_read(path, text, err) != 0)
        return -1;
    if (lex_read(a, buf_str(text), items, n, err) != 0)
        return error_prefix(err, "%s, ", path);
    return compare_with_iniparser(path, *items, *n, err);
}

/* Levenshtein's distance of the first NAME_COMPARED bytes. */
unsigned ini_distance(struct str a, struct str b)
{
    unsigned row[NAME_COMPARED + 1];
    a = str_head(a, NAME_COMPARED);
    b = str_head(b, NAME_COMPARED);
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned change = diagonal + (a.p[i - 1] != b.p[j - 1]);
            unsigned best = row[j] < row[j - 1] ? row[j] : row[j - 1];
            diagonal = row[j];
            row[j] = best + 1 < change ? best + 1 : change;
        }
    }
    return row[b.n];
}
