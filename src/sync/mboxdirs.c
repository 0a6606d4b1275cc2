/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "sync/mbox_in.h"
#include "sync/spoolrows.h"
#include "base/banned.h"

enum { VISITS_MAX = 50000 };

/* ------------------------------------------------------------------ where files lie */

/* The folder that has the others in it: PATH, or where PATH is the INBOX one beside it. */
static char *dir_of(const struct spool_home *h)
{
    struct stat st;
    if (h->inbox != NULL || (stat(h->root, &st) == 0 && S_ISDIR(st.st_mode)))
        return xstrdup(h->root);
    return xasprintf("%s.folders", h->root);
}

/* The INBOX where it does not lie in that folder; NULL. */
static const char *inbox_of(const struct spool_home *h)
{
    struct stat st;
    if (h->inbox != NULL)
        return h->inbox;
    return stat(h->root, &st) == 0 && S_ISDIR(st.st_mode) ? NULL : h->root;
}

static bool name_is_sound(struct str name)
{
    bool level = true;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c < 0x20 || c == 0x7F || (level && (c == '.' || c == '/')))
            return false;
        level = c == '/';
    }
    return name.n > 0 && !level;
}

/* Locks, indexes and what is hidden are no mailboxes. */
bool mbox_counts(const char *leaf)
{
    struct str s = str_c(leaf);
    return name_is_sound(s) && !(s.n > 5 && str_eqc(str_skip(s, s.n - 5), ".lock"));
}

/* NULL: such a folder cannot be. */
char *mbox_path(const struct spool_home *h, struct str wire)
{
    const char *inbox = inbox_of(h);
    if (inbox != NULL && str_eqc(wire, "INBOX"))
        return xstrdup(inbox);
    if (!name_is_sound(wire))
        return NULL;
    char *dir = dir_of(h), *path = xasprintf("%s/%.*s", dir, STR_ARG(wire));
    free(dir);
    return path;
}

/* ------------------------------------------------------------------ folders */

struct walk {
    struct spoolrows found;
    size_t visits;
};

/* An empty file, or one that begins as a mailbox does. -1: it cannot be read. */
static int is_mbox(int fd)
{
    struct stat st;
    char start[5];
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    ssize_t n = pread(fd, start, sizeof start, 0);
    return n < 0 ? -1 : n == 0 || (n == sizeof start && memcmp(start, "From ", sizeof start) == 0);
}

/* The folders in which one lies: a link may lead back to one of them. */
struct above {
    const struct above *up;
    struct stat st;
    int depth;
};

static void walk_dir(struct walk *w, int dir, const char *path, const struct above *up);

static bool leads_back(const struct stat *st, const struct above *up)
{
    while (up != NULL && (up->st.st_ino != st->st_ino || up->st.st_dev != st->st_dev))
        up = up->up;
    return up != NULL;
}

static void walk_one(struct walk *w, int at, const char *path, const char *name,
                     const struct above *up)
{
    struct stat st;
    const char *wire = path[0] != '\0' ? arena_fmt(w->found.a, "%s/%s", path, name) : name;
    int fd = openat(at, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int is = fd >= 0 ? is_mbox(fd) : errno == ENOENT || errno == ELOOP || errno == ENXIO ? 0 : -1;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (up->depth < SPOOL_DEPTH_MAX && ++w->visits < VISITS_MAX && !leads_back(&st, up))
            walk_dir(w, fd, wire, up);
    } else if (is == 1) {
        spoolrows_add(&w->found, wire, str_c(wire), '/');
    } else if (is < 0) {
        (void)error_sys(w->found.said, _("the folder %s cannot be opened"), wire);
    }
    if (fd >= 0)
        close(fd);
}

static void walk_dir(struct walk *w, int dir, const char *path, const struct above *up)
{
    struct above here = { .up = up, .depth = up != NULL ? up->depth + 1 : 0 };
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again >= 0 ? fdopendir(again) : NULL;
    if (d == NULL || fstat(dir, &here.st) != 0)
        (void)error_sys(w->found.said, _("the folder %s cannot be opened"), path);
    if (d == NULL && again >= 0)
        close(again);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (mbox_counts(e->d_name))
            walk_one(w, dir, path, e->d_name, &here);
    if (d != NULL)
        closedir(d);
}

/* A mailbox that is not there is one to which nothing has come yet; where its folder is missing too
 * something is wrong. */
static int inbox_add(struct walk *w, const char *inbox, struct error *err)
{
    char *dir = xstrdup(inbox), *slash = strrchr(dir, '/');
    if (slash != NULL)
        slash[slash == dir] = '\0';
    int rc = access(inbox, F_OK) == 0 || access(dir, F_OK) == 0
                 ? 0
                 : error_sys(err, _("the mailbox %s cannot be opened"), inbox);
    free(dir);
    if (rc == 0)
        spoolrows_add(&w->found, "INBOX", STR("INBOX"), '/');
    return rc;
}

static int folders_walk(const struct spool_home *h, struct walk *w, struct error *err)
{
    const char *inbox = inbox_of(h);
    if (inbox != NULL && inbox_add(w, inbox, err) != 0)
        return -1;
    char *path = dir_of(h);
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;
    if (dir >= 0)
        walk_dir(w, dir, "", NULL);
    else if (inbox == NULL || errno != ENOENT)
        rc = error_sys(err, _("the folder %s cannot be opened"), path);
    if (rc == 0 && w->found.n == 0 && inbox == NULL)
        rc = error_set(err, ERR_SYS, RETRY_LATER, _("%s has no mbox files in it"), path);
    if (dir >= 0)
        close(dir);
    free(path);
    return rc;
}

int mbox_folders(const struct spool_home *h, struct arena *a, struct sync_listed **out, size_t *n,
                 struct error *said, struct error *err)
{
    struct walk w = { .found = { .a = a, .said = said } };
    int rc = folders_walk(h, &w, err);
    spoolrows_end(&w.found, out, n);
    return rc;
}

static int dirs_make(char *path)
{
    for (char *p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
        *p = '/';
        if (!made && errno != EACCES && errno != EROFS) /* it may be there all the same */
            return -1;
    }
    return 0;
}

int mbox_make(const struct spool_home *h, struct arena *a, const struct sync_listed *have, size_t n,
              struct str name, struct str *wire, struct error *err)
{
    (void)have;
    (void)n;
    char *path = utf8_valid(name) ? mbox_path(h, name) : NULL;
    if (path == NULL)
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("a folder cannot be called %.*s"),
                         STR_ARG(name));
    int fd = dirs_make(path) != 0 || sys_fault(FAULT_OPEN, "mbox create") != 0
                 ? -1
                 : open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
    int rc = 0;
    if (fd < 0) {
        rc = mbox_refused(_("the folder cannot be made"), err);
        (void)error_prefix(err, "%.*s: ", STR_ARG(name));
    }
    if (fd >= 0)
        close(fd);
    free(path);
    *wire = arena_str(a, name);
    return rc;
}

/* ------------------------------------------------------------------ what is watched */

/* The folder of a file, where it really is. */
static void watch_file(const char *path, void (*each)(void *arg, const char *dir, const char *leaf),
                       void *arg)
{
    char *real = realpath(path, NULL), *slash;
    if (real == NULL)
        real = xstrdup(path);
    slash = strrchr(real, '/');
    if (slash != NULL) {
        char *leaf = xstrdup(slash + 1);
        slash[slash == real] = '\0';
        each(arg, real, leaf);
        free(leaf);
    }
    free(real);
}

static void watch_dir(const char *path, int depth, size_t *visits,
                      void (*each)(void *arg, const char *dir, const char *leaf), void *arg)
{
    DIR *d = opendir(path);
    if (d == NULL)
        return;
    each(arg, path, NULL);
    for (struct dirent *e; depth < SPOOL_DEPTH_MAX && (e = readdir(d)) != NULL;) {
        if (!mbox_counts(e->d_name) || e->d_type == DT_REG || ++*visits > VISITS_MAX)
            continue;
        char *below = xasprintf("%s/%s", path, e->d_name);
        struct stat st;
        if (stat(below, &st) == 0 && S_ISDIR(st.st_mode))
            watch_dir(below, depth + 1, visits, each, arg);
        else if (e->d_type == DT_LNK)
            watch_file(below, each, arg);
        free(below);
    }
    closedir(d);
}

void mbox_watched(const struct spool_home *h,
                  void (*each)(void *arg, const char *dir, const char *leaf), void *arg)
{
    const char *inbox = inbox_of(h);
    size_t visits = 0;
    char *dir = dir_of(h);
    if (inbox != NULL)
        watch_file(inbox, each, arg);
    watch_dir(dir, 0, &visits, each, arg);
    free(dir);
}
