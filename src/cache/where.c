/* SPDX-License-Identifier: MIT */
#include "cache/message.h"
#include "cache/sql.h"

#include "base/banned.h"

int cache_message_where(struct cache *c, int64_t message, struct cache_where *out, size_t *n,
                        struct error *err)
{
    size_t room = *n;
    sqlite3_stmt *s =
        sql_bind(c,
                 "SELECT f.account, p.folder, p.uid FROM placement p CROSS JOIN folder f"
                 " ON f.id = p.folder WHERE p.message = ?1 AND p.uid > 0"
                 " UNION ALL SELECT f.account, g.folder, g.uid FROM ghost g"
                 " CROSS JOIN folder f ON f.id = g.folder"
                 " WHERE g.message = ?1 AND g.uid > 0 AND g.gone = 0 LIMIT ?2",
                 SQL_ARGS(SQL_I(message), SQL_I(room)), err);
    int rc = s == NULL ? -1 : 0;
    *n = 0;
    while (rc == 0 && *n < room && (rc = sql_step(c, s, err)) == 0)
        out[(*n)++] = (struct cache_where){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
                                            (uint32_t)sqlite3_column_int64(s, 2) };
    if (s != NULL)
        sqlite3_reset(s);
    return rc < 0 ? -1 : 0;
}
