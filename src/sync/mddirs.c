/* SPDX-License-Identifier: MIT */
#include "sync/md_in.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "sync/mdname.h"
#include "sync/spoolrows.h"
#include "base/banned.h"

enum { VISITS_MAX = 50000 };

/* ------------------------------------------------------------------ folders */

int md_dir_open(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool is_maildir(int dir)
{
    struct stat st;
    return fstatat(dir, "cur", &st, 0) == 0 && S_ISDIR(st.st_mode) &&
           fstatat(dir, "new", &st, 0) == 0 && S_ISDIR(st.st_mode);
}

struct walk {
    struct spoolrows found;
    size_t visits;
    const char *root;
    void (*each)(void *arg, const char *dir, const char *leaf); /* NULL, or told of each folder */
    void *each_arg;
};

static bool is_part(const char *name)
{
    static const char *const parts[] = { "cur", "new", "tmp", ".", ".." };
    for (size_t i = 0; i < COUNT(parts); i++)
        if (str_eqc(str_c(name), parts[i]))
            return true;
    return false;
}

static bool name_is_sound(const char *name)
{
    for (const char *p = name; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return false;
    return true;
}

static void walk_dir(struct walk *w, int dir, const char *path, int depth);

/* A folder in a folder: a Maildir, or one that has Maildirs in it. */
static void walk_one(struct walk *w, int at, const char *path, const char *name, int depth)
{
    const char *wire = path[0] != '\0' ? arena_fmt(w->found.a, "%s/%s", path, name) : name;
    int dir = md_dir_open(at, name);
    if (dir < 0) {
        if (errno != ENOTDIR && errno != ENOENT)
            (void)error_sys(w->found.said, _("the folder %s cannot be opened"), wire);
        return;
    }
    if (w->each != NULL) /* before it is looked at: what it lacks may come just then */
        w->each(w->each_arg, arena_fmt(w->found.a, "%s/%s", w->root, wire), NULL);
    bool dotted = depth == 0 && name[0] == '.';
    bool sound = is_maildir(dir);
    if (!sound && errno == EACCES)
        (void)error_sys(w->found.said, _("the folder %s cannot be opened"), wire);
    if (sound)
        spoolrows_add(&w->found, wire, dotted ? str_c(name + 1) : str_c(wire), dotted ? '.' : '/');
    if (!dotted && depth < SPOOL_DEPTH_MAX && ++w->visits < VISITS_MAX)
        walk_dir(w, dir, wire, depth + 1);
    close(dir);
}

static void walk_dir(struct walk *w, int dir, const char *path, int depth)
{
    int again = md_dir_open(dir, ".");
    DIR *d = again >= 0 ? fdopendir(again) : NULL;
    if (d == NULL)
        (void)error_sys(w->found.said, _("the folder %s cannot be opened"), path);
    if (d == NULL && again >= 0)
        close(again);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        bool maybe = e->d_type == DT_DIR || e->d_type == DT_LNK || e->d_type == DT_UNKNOWN;
        if (!maybe || is_part(e->d_name) || !name_is_sound(e->d_name) ||
            (depth > 0 && e->d_name[0] == '.'))
            continue;
        walk_one(w, dir, path, e->d_name, depth);
    }
    if (d != NULL)
        closedir(d);
}

/* -1: the root cannot be opened. */
static int walk_all(struct walk *w)
{
    int dir = md_dir_open(AT_FDCWD, w->root);
    if (dir < 0)
        return -1;
    bool inbox = is_maildir(dir);
    if (inbox)
        spoolrows_add(&w->found, ".", STR("INBOX"), '/');
    walk_dir(w, dir, "", 0);
    close(dir);
    return 0;
}

/* The account's own Maildir is its INBOX. Where PATH only has Maildirs in it, the one that is
 * called so. */
int md_folders(const struct spool_home *h, struct arena *a, struct sync_listed **out, size_t *n,
               struct error *said, struct error *err)
{
    struct walk w = { .found = { .a = a, .said = said }, .root = h->root };
    if (walk_all(&w) != 0)
        return error_sys(err, _("the Maildir %s cannot be opened"), h->root);
    spoolrows_end(&w.found, out, n);
    if (*n == 0)
        return error_set(err, ERR_SYS, RETRY_LATER,
                         _("%s is no Maildir: it has no folders cur and new in it"), h->root);
    return 0;
}

static int sub_make(int dir, const char *name)
{
    if (sys_fault(FAULT_OPEN, "maildir mkdir") != 0)
        return -1;
    return mkdirat(dir, name, 0700) == 0 || errno == EEXIST ? 0 : -1;
}

/* In the style that is there: Maildir++ unless there are only plain ones. */
static bool is_plain(const struct sync_listed *have, size_t n)
{
    bool plain = n > 0 && !str_eqc(have[0].wire, ".");
    for (size_t i = 0; i < n; i++) {
        if (have[i].wire.n > 1 && have[i].wire.p[0] == '.')
            return false;
        plain |= have[i].wire.p[0] != '.';
    }
    return plain;
}

static bool plain_name(struct str name, struct buf *out)
{
    buf_add_str(out, name);
    bool level = true;
    for (size_t i = 0; i < name.n; i++) {
        if (level && (name.p[i] == '.' || name.p[i] == '/'))
            return false;
        level = name.p[i] == '/';
    }
    return name.n > 0 && !level && utf8_valid(name) && name_is_sound(buf_c(out));
}

static int above_make(int root, struct str wire)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < wire.n; i++)
        if (wire.p[i] == '/') {
            char *above = xmemdup0(wire.p, i);
            rc = sub_make(root, above);
            free(above);
        }
    return rc;
}

static int dirs_make(int root, struct buf *wire, bool plain)
{
    static const char *const parts[] = { "tmp", "new", "cur" };
    if (above_make(root, buf_str(wire)) != 0 || sub_make(root, buf_c(wire)) != 0)
        return -1;
    int dir = md_dir_open(root, buf_c(wire));
    int rc = dir < 0 ? -1 : 0;
    for (size_t i = 0; rc == 0 && i < COUNT(parts); i++)
        rc = sub_make(dir, parts[i]);
    if (rc == 0 && !plain) {
        int mark = openat(dir, "maildirfolder", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (mark >= 0)
            close(mark);
    }
    if (rc == 0)
        rc = fsync(dir) != 0 || fsync(root) != 0 ? -1 : 0;
    if (dir >= 0)
        close(dir);
    return rc;
}

int md_make(const struct spool_home *h, struct arena *a, const struct sync_listed *have, size_t n,
            struct str name, struct str *wire, struct error *err)
{
    struct buf path = BUF_INIT(4096);
    bool plain = is_plain(have, n);
    bool fits = plain ? plain_name(name, &path) : mdname_folder(name, &path) == 0;
    int rc = 0;
    if (!fits)
        rc = error_set(err, ERR_REFUSED, RETRY_NEVER,
                       _("a Maildir cannot have a folder called %.*s"), STR_ARG(name));
    int dir = rc == 0 ? md_dir_open(AT_FDCWD, h->root) : -1;
    if (rc == 0 && (dir < 0 || dirs_make(dir, &path, plain) != 0))
        rc = error_sys(err, _("the folder %.*s cannot be made"), STR_ARG(name));
    if (dir >= 0)
        close(dir);
    *wire = arena_str(a, buf_str(&path));
    buf_free(&path);
    return rc;
}

/* ------------------------------------------------------------------ what is watched */

/* A folder that is no Maildir yet may be about to become one. */
void md_watched(const struct spool_home *h,
                void (*each)(void *arg, const char *dir, const char *leaf), void *arg)
{
    struct arena *a = arena_new(4096);
    struct error said = { 0 };
    struct sync_listed *rows;
    size_t n;
    struct walk w = {
        .found = { .a = a, .said = &said }, .root = h->root, .each = each, .each_arg = arg
    };
    each(arg, h->root, NULL);
    (void)walk_all(&w); /* the look at the account says what is wrong */
    spoolrows_end(&w.found, &rows, &n);
    for (size_t i = 0; i < n; i++) {
        each(arg, arena_fmt(a, "%s/%.*s/new", h->root, STR_ARG(rows[i].wire)), NULL);
        each(arg, arena_fmt(a, "%s/%.*s/cur", h->root, STR_ARG(rows[i].wire)), NULL);
    }
    arena_free(&a);
}
