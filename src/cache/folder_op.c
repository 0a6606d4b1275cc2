/* SPDX-License-Identifier: MIT */
#include "cache/folder_op.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "cache/pending.h"
#include "cache/sql.h"
#include "base/banned.h"

static int check_name(struct str name, struct error *err)
{
    bool ok = name.n > 0 && name.n <= CACHE_FOLDER_NAME_MAX && utf8_valid(name) &&
              name.p[0] != '/' && name.p[name.n - 1] != '/';
    for (size_t i = 0; ok && i < name.n; i++)
        ok = (unsigned char)name.p[i] >= ' ' && name.p[i] != 127 && name.p[i] != '*' &&
             name.p[i] != '%' && (name.p[i] != '/' || name.p[i + 1] != '/');
    if (ok)
        return 0;
    return error_set(err, ERR_USAGE, RETRY_NEVER, _("this cannot be the name of a folder: %.*s"),
                     STR_ARG(str_head(name, 200)));
}

/* Hidden ones count: the server may still have them. */
static int check_free(struct cache *c, int64_t account, struct str name, struct error *err)
{
    int64_t taken = 0;
    if (check_name(name, err) < 0 ||
        sql_int(c,
                "SELECT count(*) FROM folder WHERE account = ?1 AND (name = ?2 OR"
                " (upper(name) = 'INBOX' AND upper(?2) = 'INBOX'))",
                SQL_ARGS(SQL_I(account), SQL_T(name)), &taken, err) < 0)
        return -1;
    if (taken == 0)
        return 0;
    return error_set(err, ERR_USAGE, RETRY_NEVER, _("there is a folder %.*s already"),
                     STR_ARG(name));
}

static int record(struct cache *c, enum cache_op_kind kind, int64_t folder, struct str name,
                  struct error *err)
{
    return sql_run(c,
                   "INSERT INTO journal(account, message, folder, target, kind, plus, minus, name)"
                   " SELECT account, 0, id, 0, ?, 0, 0, ? FROM folder WHERE id = ?",
                   SQL_ARGS(SQL_I(kind), SQL_T(name), SQL_I(folder)), err);
}

/* The folder that an operation is about; INBOX is only what it is. */
static int subject(struct cache *c, struct arena *a, int64_t folder, bool change,
                   struct cache_folder *f, struct error *err)
{
    int rc = cache_folder_get(c, a, folder, f, err);
    if (rc == 1)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("That folder is no longer here"));
    if (rc == 0 && change && f->role == ROLE_INBOX)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("INBOX can be neither renamed nor deleted"));
    return rc;
}

static int create(struct cache *c, int64_t account, struct str name, int64_t *folder,
                  struct error *err)
{
    int64_t delim = '/';
    struct cache_folder f = { .account = account,
                              .name = name,
                              .flags = FOLDER_NEW | FOLDER_SUBSCRIBED };
    if (check_free(c, account, name, err) < 0 ||
        sql_int(c, "SELECT delim FROM folder WHERE account = ? ORDER BY role <> 1, id LIMIT 1",
                SQL_ARGS(SQL_I(account)), &delim, err) < 0)
        return -1;
    f.delim = (char)delim;
    if (cache_folder_put(c, &f, err) < 0)
        return -1;
    *folder = f.id;
    return record(c, OP_FOLDER_CREATE, f.id, STR(""), err);
}

int cache_folder_create(struct cache *c, int64_t account, struct str name, int64_t *folder,
                        struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    return sql_end(c, create(c, account, name, folder, err), err);
}

/* The folder, and all below it: the same name with another beginning. */
static int rename_tree(struct cache *c, int64_t account, struct str from, struct str to,
                       struct error *err)
{
    return sql_run(c,
                   "UPDATE folder SET name = ?3 || substr(name, length(?2) + 1) WHERE account = ?1"
                   " AND (name = ?2 OR substr(name, 1, length(?2) + 1) = ?2 || '/')",
                   SQL_ARGS(SQL_I(account), SQL_T(from), SQL_T(to)), err);
}

static int move(struct cache *c, struct arena *a, int64_t folder, struct str name,
                struct error *err)
{
    struct cache_folder f;
    if (subject(c, a, folder, true, &f, err) < 0 || check_free(c, f.account, name, err) < 0)
        return -1;
    if (str_starts(name, arena_fmt(a, "%.*s/", STR_ARG(f.name))))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("a folder cannot lie below itself"));
    if (record(c, OP_FOLDER_RENAME, folder, f.name, err) < 0)
        return -1;
    return rename_tree(c, f.account, f.name, name, err);
}

int cache_folder_move(struct cache *c, int64_t folder, struct str name, struct error *err)
{
    struct arena *a = arena_new(512);
    int rc = cache_begin(c, true, err);
    if (rc == 0)
        rc = sql_end(c, move(c, a, folder, name, err), err);
    arena_free(&a);
    return rc;
}

static int flag_set(struct cache *c, int64_t folder, unsigned flag, bool on, struct error *err)
{
    return sql_run(c,
                   on ? "UPDATE folder SET flags = flags | ? WHERE id = ?"
                      : "UPDATE folder SET flags = flags & ~? WHERE id = ?",
                   SQL_ARGS(SQL_I(flag), SQL_I(folder)), err);
}

static int delete (struct cache *c, struct arena *a, int64_t folder, bool with_mail,
                   struct error *err)
{
    struct cache_folder f;
    int64_t below = 0;
    if (subject(c, a, folder, true, &f, err) < 0 ||
        sql_int(c,
                "SELECT count(*) FROM folder WHERE account = ?1 AND (flags & ?3) = 0"
                " AND substr(name, 1, length(?2) + 1) = ?2 || '/'",
                SQL_ARGS(SQL_I(f.account), SQL_T(f.name), SQL_I(FOLDER_REMOVED)), &below, err) < 0)
        return -1;
    if (below > 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("there are folders below %.*s: delete those before"), STR_ARG(f.name));
    if (f.total > 0 && !with_mail)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("there is mail in %.*s (%lld): --with-mail deletes it, too"),
                         STR_ARG(f.name), (long long)f.total);
    if (record(c, OP_FOLDER_DELETE, folder, STR(""), err) < 0 ||
        sql_run(c, "UPDATE journal SET plus = ? WHERE id = last_insert_rowid()",
                SQL_ARGS(SQL_I(with_mail)), err) < 0)
        return -1;
    return flag_set(c, folder, FOLDER_REMOVED, true, err);
}

int cache_folder_delete(struct cache *c, int64_t folder, bool with_mail, struct error *err)
{
    struct arena *a = arena_new(512);
    int rc = cache_begin(c, true, err);
    if (rc == 0)
        rc = sql_end(c, delete (c, a, folder, with_mail, err), err);
    arena_free(&a);
    return rc;
}

int cache_folder_subscribe(struct cache *c, int64_t folder, bool subscribed, struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    int rc =
        record(c, subscribed ? OP_FOLDER_SUBSCRIBE : OP_FOLDER_UNSUBSCRIBE, folder, STR(""), err);
    if (rc == 0)
        rc = flag_set(c, folder, FOLDER_SUBSCRIBED, subscribed, err);
    return sql_end(c, rc, err);
}

int cache_folder_ops_open(struct cache *c, int64_t account, bool *open, struct error *err)
{
    int64_t n = 0;
    if (sql_int(c, "SELECT count(*) FROM journal WHERE message = 0 AND account = ?",
                SQL_ARGS(SQL_I(account)), &n, err) < 0)
        return -1;
    *open = n > 0;
    return 0;
}

int cache_folder_wire(struct cache *c, int64_t folder, struct str wire, struct error *err)
{
    return sql_run(c, "UPDATE folder SET wire = ? WHERE id = ?",
                   SQL_ARGS(SQL_B(wire), SQL_I(folder)), err);
}

int cache_quota_put(struct cache *c, int64_t account, int64_t used, int64_t limit,
                    struct error *err)
{
    return sql_run(c,
                   "UPDATE account SET quota_used = ?2, quota_limit = ?3 WHERE id = ?1"
                   " AND (quota_used <> ?2 OR quota_limit <> ?3)",
                   SQL_ARGS(SQL_I(account), SQL_I(used), SQL_I(limit)), err);
}

int cache_quota_get(struct cache *c, int64_t account, int64_t *used, int64_t *limit,
                    struct error *err)
{
    *used = *limit = -1;
    if (sql_int(c, "SELECT quota_used FROM account WHERE id = ?", SQL_ARGS(SQL_I(account)), used,
                err) < 0)
        return -1;
    int rc = sql_int(c, "SELECT quota_limit FROM account WHERE id = ?", SQL_ARGS(SQL_I(account)),
                     limit, err);
    return rc < 0 ? -1 : 0;
}

int folder_op_done(struct cache *c, const struct cache_op *op, struct error *err)
{
    if (pending_op_delete(c, op->id, err) < 0)
        return -1;
    if (op->kind == OP_FOLDER_DELETE)
        return cache_folder_drop(c, op->folder, err);
    return op->kind == OP_FOLDER_CREATE ? flag_set(c, op->folder, FOLDER_NEW, false, err) : 0;
}

/* The name that it had is in the journal. */
static int name_back(struct cache *c, const struct cache_op *op, struct error *err)
{
    struct arena *a = arena_new(512);
    struct cache_folder f;
    struct str old = { 0 };
    sqlite3_stmt *s =
        sql_bind(c, "SELECT name FROM journal WHERE id = ?", SQL_ARGS(SQL_I(op->id)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 0) {
        old = sql_str(a, s, 0);
        sqlite3_reset(s);
        rc = cache_folder_get(c, a, op->folder, &f, err);
    }
    if (rc == 0)
        rc = rename_tree(c, f.account, f.name, old, err);
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

int folder_op_failed(struct cache *c, const struct cache_op *op, struct error *err)
{
    bool subscribed = op->kind == OP_FOLDER_UNSUBSCRIBE;
    if (op->kind == OP_FOLDER_RENAME && name_back(c, op, err) < 0)
        return -1;
    if (pending_op_delete(c, op->id, err) < 0)
        return -1;
    switch (op->kind) {
    case OP_FOLDER_CREATE:
        return cache_folder_drop(c, op->folder, err);
    case OP_FOLDER_DELETE:
        return flag_set(c, op->folder, FOLDER_REMOVED, false, err);
    case OP_FOLDER_SUBSCRIBE:
    case OP_FOLDER_UNSUBSCRIBE:
        return flag_set(c, op->folder, FOLDER_SUBSCRIBED, subscribed, err);
    default:
        return 0;
    }
}
