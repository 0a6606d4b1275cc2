/* SPDX-License-Identifier: MIT */
#include "server/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "server/beside.h"
#include "server/limits.h"
#include "server/names.h"
#include "base/banned.h"

enum { SUBSCRIPTIONS_MAX = 1 << 20 };
static const char subscriptions_name[] = ".subscriptions";

static int dir_open(int at, const char *name, bool make, struct error *err)
{
    if (make &&
        (sys_fault(FAULT_RENAME, "mail folder make") != 0 || mkdirat(at, name, 0700) != 0) &&
        errno != EEXIST)
        return error_sys(err, _("cannot make a mail folder"));
    int fd = sys_fault(FAULT_OPEN, "mail folder open") != 0
                 ? -1
                 : openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? error_sys(err, _("cannot open the mail folder")) : fd;
}

int folders_account(int mail_dir, struct str account, bool make, struct error *err)
{
    if (!name_level_ok(account))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this account name cannot be used"));
    char *name = xmemdup0(account.p, account.n);
    int fd = dir_open(mail_dir, name, make, err);
    free(name);
    return fd;
}

int folders_parent(int account_dir, struct str folder, bool make, struct buf *leaf,
                   struct error *err)
{
    struct buf path = BUF_INIT(4096);
    struct str level;
    int fd = -1;
    if (name_folder_path(folder, &path, err) == 0)
        fd = fcntl(account_dir, F_DUPFD_CLOEXEC, 0);
    struct str rest = buf_str(&path);
    while (fd >= 0 && str_until(&rest, '/', &level) == 0) {
        char *name = xmemdup0(level.p, level.n);
        int next = dir_open(fd, name, make, err);
        free(name);
        close(fd);
        fd = next;
    }
    buf_add_str(leaf, rest);
    buf_free(&path);
    return fd;
}

int folders_exists(int account_dir, struct str folder, struct error *err)
{
    struct stat st;
    struct buf leaf = BUF_INIT(4096);
    if (name_is_inbox(folder))
        return 0;
    int fd = folders_parent(account_dir, folder, false, &leaf, err);
    int rc = fd >= 0 ? 0 : -1;
    if (rc == 0 && fstatat(fd, buf_c(&leaf), &st, AT_SYMLINK_NOFOLLOW) != 0)
        rc = errno == ENOENT ? 1 : error_sys(err, _("cannot open the mail folder"));
    if (fd >= 0)
        close(fd);
    else if (err->code == ERR_SYS && (err->sys == ENOENT || err->sys == ENOTDIR))
        rc = 1;
    buf_free(&leaf);
    return rc;
}

static void unlink_beside(int dir, const char *leaf, const char *end)
{
    char *name = xasprintf(".%s.%s", leaf, end);
    unlinkat(dir, name, 0);
    free(name);
}

int folders_delete(int account_dir, struct str folder, struct error *err)
{
    struct buf leaf = BUF_INIT(4096);
    int fd = folders_parent(account_dir, folder, false, &leaf, err);
    int rc = fd >= 0 ? 0 : -1;
    if (rc == 0 &&
        (sys_fault(FAULT_RENAME, "folder delete") != 0 || unlinkat(fd, buf_c(&leaf), 0) != 0 ||
         sys_fault(FAULT_FSYNC, "folder delete fsync") != 0 || fsync(fd) != 0))
        rc = error_sys(err, _("cannot delete the folder"));
    if (rc == 0) {
        unlink_beside(fd, buf_c(&leaf), "uid");
        unlink_beside(fd, buf_c(&leaf), "index");
        /* The folders above go when nothing is left in them. */
        for (size_t at = str_rfind(folder, '/'); at < folder.n; at = str_rfind(folder, '/')) {
            folder = str_head(folder, at);
            char *path = xmemdup0(folder.p, folder.n);
            int gone = unlinkat(account_dir, path, AT_REMOVEDIR);
            free(path);
            if (gone != 0)
                break;
        }
    }
    if (fd >= 0)
        close(fd);
    buf_free(&leaf);
    return rc;
}

static void rename_beside(int from_dir, const char *from, int to_dir, const char *to,
                          const char *end)
{
    char *a = xasprintf(".%s.%s", from, end);
    char *b = xasprintf(".%s.%s", to, end);
    if (sys_fault(FAULT_RENAME, "note move") == 0)
        renameat(from_dir, a, to_dir, b);
    free(a);
    free(b);
}

/* A/ with all that is in it, when there is one. */
static int rename_below(int account_dir, struct str from, struct str to, struct error *err)
{
    char *a = xmemdup0(from.p, from.n);
    char *b = xmemdup0(to.p, to.n);
    int rc = sys_fault(FAULT_RENAME, "folder rename below") != 0
                 ? -1
                 : renameat(account_dir, a, account_dir, b);
    if (rc != 0 && errno != ENOENT)
        rc = error_sys(err, _("cannot rename the folder"));
    else
        rc = 0;
    free(a);
    free(b);
    return rc;
}

int folders_rename(int account_dir, struct str from, struct str to, struct error *err)
{
    struct buf leaf_from = BUF_INIT(4096);
    struct buf leaf_to = BUF_INIT(4096);
    int dir_from = folders_parent(account_dir, from, false, &leaf_from, err);
    int dir_to = dir_from >= 0 ? folders_parent(account_dir, to, true, &leaf_to, err) : -1;
    int rc = dir_to >= 0 ? 0 : -1;
    if (rc == 0 && (sys_fault(FAULT_RENAME, "folder rename") != 0 ||
                    renameat(dir_from, buf_c(&leaf_from), dir_to, buf_c(&leaf_to)) != 0))
        rc = error_sys(err, _("cannot rename the folder"));
    if (rc == 0) {
        rename_beside(dir_from, buf_c(&leaf_from), dir_to, buf_c(&leaf_to), "uid");
        rename_beside(dir_from, buf_c(&leaf_from), dir_to, buf_c(&leaf_to), "index");
        rc = rename_below(account_dir, from, to, err);
        if (sys_fault(FAULT_FSYNC, "folder rename fsync") != 0 || fsync(dir_from) != 0 ||
            fsync(dir_to) != 0)
            rc = error_sys(err, _("cannot rename the folder"));
    }
    if (dir_from >= 0)
        close(dir_from);
    if (dir_to >= 0)
        close(dir_to);
    buf_free(&leaf_from);
    buf_free(&leaf_to);
    return rc;
}

static struct folder_name *list_find(struct folder_list *l, struct str name)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eqc(name, l->p[i].name))
            return &l->p[i];
    return NULL;
}

static struct folder_name *list_add(struct folder_list *l, struct str name)
{
    struct folder_name *f = list_find(l, name);
    if (f != NULL)
        return f;
    if (l->n == l->cap) {
        l->cap = l->cap * 2 + 16;
        l->p = xrealloc(l->p, l->cap, sizeof *l->p);
    }
    l->p[l->n] = (struct folder_name){ .name = xmemdup0(name.p, name.n) };
    return &l->p[l->n++];
}

static void scan(int dir, struct str above, unsigned levels, struct folder_list *out);

static void scan_entry(int dir, const char *name, struct str above, unsigned levels,
                       struct folder_list *out)
{
    struct stat st;
    struct buf full = BUF_INIT(4096);
    struct str s = str_c(name);
    if (name[0] == '.' || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    buf_add_str(&full, above);
    if (S_ISREG(st.st_mode) && s.n > 5 && str_ends(s, ".mbox") &&
        name_level_ok(str_head(s, s.n - 5))) {
        buf_add_str(&full, str_head(s, s.n - 5));
        list_add(out, buf_str(&full))->selectable = true;
    } else if (S_ISDIR(st.st_mode) && name_level_ok(s) && levels < NAME_LEVELS) {
        buf_add_str(&full, s);
        list_add(out, buf_str(&full))->children = true;
        buf_addc(&full, '/');
        int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub >= 0)
            scan(sub, buf_str(&full), levels + 1, out);
    }
    buf_free(&full);
}

/* Takes dir. */
static void scan(int dir, struct str above, unsigned levels, struct folder_list *out)
{
    DIR *d = fdopendir(dir);
    if (d == NULL) {
        close(dir);
        return;
    }
    for (struct dirent *e; out->n < STORE_FOLDERS_MAX && (e = readdir(d)) != NULL;)
        scan_entry(dir, e->d_name, above, levels, out);
    closedir(d);
}

static int by_name(const void *a, const void *b)
{
    const struct folder_name *x = a;
    const struct folder_name *y = b;
    bool x_inbox = name_is_inbox(str_c(x->name));
    bool y_inbox = name_is_inbox(str_c(y->name));
    return x_inbox != y_inbox ? (x_inbox ? -1 : 1) : str_cmp(str_c(x->name), str_c(y->name));
}

int folders_list(int account_dir, struct folder_list *out, struct error *err)
{
    struct buf subscribed = BUF_INIT(SUBSCRIPTIONS_MAX);
    struct str line;
    *out = (struct folder_list){ 0 };
    list_add(out, STR("INBOX"))->selectable = true;
    int fd = openat(account_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_sys(err, _("cannot open the mail folder"));
    scan(fd, STR(""), 1, out);
    int rc = beside_read(account_dir, subscriptions_name, &subscribed, err);
    for (struct str rest = buf_str(&subscribed); str_line(&rest, &line);)
        if (out->n < STORE_FOLDERS_MAX && line.n > 0)
            list_add(out, line)->subscribed = true;
    buf_free(&subscribed);
    qsort(out->p, out->n, sizeof *out->p, by_name);
    if (rc != 0)
        folders_list_free(out);
    return rc;
}

int folders_accounts(int mail_dir, struct folder_list *out, struct error *err)
{
    struct stat st;
    *out = (struct folder_list){ 0 };
    int fd = openat(mail_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL) {
        error_sys(err, _("cannot open the mail folder"));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    for (struct dirent *e; out->n < STORE_FOLDERS_MAX && (e = readdir(d)) != NULL;)
        if (name_level_ok(str_c(e->d_name)) &&
            fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
            list_add(out, str_c(e->d_name));
    closedir(d);
    if (out->n > 0)
        qsort(out->p, out->n, sizeof *out->p, by_name);
    return 0;
}

void folders_list_free(struct folder_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->p[i].name);
    free(l->p);
    *l = (struct folder_list){ 0 };
}

int folders_subscribe(int account_dir, struct str folder, bool on, struct error *err)
{
    struct buf path = BUF_INIT(4096);
    struct buf have = BUF_INIT(SUBSCRIPTIONS_MAX);
    struct buf want = BUF_INIT(SUBSCRIPTIONS_MAX);
    struct str line;
    if (name_is_inbox(folder))
        folder = STR("INBOX");
    int rc = name_folder_path(folder, &path, err);
    if (rc == 0) {
        rc = beside_read(account_dir, subscriptions_name, &have, err);
        for (struct str rest = buf_str(&have); str_line(&rest, &line);)
            if (!str_eq(line, folder))
                buf_addf(&want, "%.*s\n", STR_ARG(line));
        if (on)
            buf_addf(&want, "%.*s\n", STR_ARG(folder));
        rc = rc == 0 ? buf_check(&want, err) : rc;
    }
    if (rc == 0)
        rc = beside_write(account_dir, subscriptions_name, buf_str(&want), err);
    buf_free(&path);
    buf_free(&have);
    buf_free(&want);
    return rc;
}
