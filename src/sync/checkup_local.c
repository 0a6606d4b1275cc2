/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/i18n.h"
#include "base/mboxlock.h"
#include "sync/checkup_in.h"
#include "sync/mbox_in.h"
#include "base/banned.h"

enum { OTHERS_WRITE = 022, OTHERS_SEE = 077, PIECE = 4096 };

/* ------------------------------------------------------------------ a Maildir */

static int cannot(const char *what, const char *path, struct error *err)
{
    error_sys(err, what, path);
    err->retry = RETRY_NEVER;
    return -1;
}

/* How many messages lie in a folder of a Maildir. */
static int count(const char *path, size_t *n, struct error *err)
{
    DIR *d = opendir(path);
    if (d == NULL)
        return cannot(_("%s cannot be read"), path, err);
    for (struct dirent *e; *n < SPOOL_ENTRIES_MAX && (e = readdir(d)) != NULL;)
        *n += e->d_name[0] != '.';
    closedir(d);
    return 0;
}

static int check_part(struct checkup *c, const char *name, bool must, size_t *n, struct error *err)
{
    const char *path = arena_fmt(c->arena, "%s/%s", c->cfg->in.path, name);
    struct stat st;
    if (stat(path, &st) != 0 && errno == ENOENT && !must)
        return 0;
    if (access(path, R_OK | W_OK | X_OK) != 0)
        return cannot(_("%s cannot be read and changed"), path, err);
    return n != NULL ? count(path, n, err) : 0;
}

static bool is_maildir(const struct checkup *c)
{
    const char *path = arena_fmt(c->arena, "%s/cur", c->cfg->in.path);
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* PATH is the inbox, or has Maildirs in it. */
static int check_maildir(struct checkup *c, struct error *err)
{
    size_t seen = 0, fresh = 0;
    const char *path = c->cfg->in.path;
    if (access(path, R_OK | W_OK | X_OK) != 0)
        return cannot(_("%s cannot be read and changed"), path, err);
    if (!is_maildir(c)) {
        checkup_say(c, "note", _("%s is no Maildir itself: the Maildirs in it are the folders"),
                    path);
        return 0;
    }
    if (check_part(c, "cur", true, &seen, err) != 0 ||
        check_part(c, "new", true, &fresh, err) != 0 || check_part(c, "tmp", false, NULL, err) != 0)
        return -1;
    checkup_say(c, "ok",
                P_("%s can be read and changed; %zu message lies in it, %zu of them unseen in new",
                   "%s can be read and changed; %zu messages lie in it, %zu of them unseen in new",
                   seen + fresh),
                path, seen + fresh, fresh);
    checkup_say(c, "ok", _("a Maildir needs no lock: other programs may work in it too"));
    return 0;
}

static void say_mode(struct checkup *c, const struct stat *st)
{
    const char *path = c->cfg->in.path;
    struct error why;
    if (st->st_uid != geteuid())
        checkup_say(c, "note", _("%s belongs to another user (number %u)"), path,
                    (unsigned)st->st_uid);
    if ((st->st_mode & OTHERS_WRITE) != 0) {
        (void)error_set(&why, ERR_STORE, RETRY_NEVER,
                        _("others can change your mail: chmod 700 %s"), path);
        checkup_wrong(c, &why);
    } else if ((st->st_mode & OTHERS_SEE) != 0)
        checkup_say(c, "note", _("others can look into %s, if they get there: chmod 700 it"), path);
}

/* ------------------------------------------------------------------ mbox files */

static const char *folder_of(struct checkup *c, const char *path)
{
    struct str s = str_c(path);
    size_t slash = str_rfind(s, '/');
    return slash == 0 || slash >= s.n ? "/" : arena_fmt(c->arena, "%.*s", (int)slash, path);
}

/* Messages, as "From " behind an empty line counts them. */
static size_t count_mbox(FILE *f)
{
    char piece[PIECE];
    bool begins = true, empty = true;
    size_t n = 0;
    while (fgets(piece, sizeof piece, f) != NULL) {
        if (begins && empty && str_starts(str_c(piece), "From "))
            n++;
        if (begins)
            empty = str_eqc(str_c(piece), "\n") || str_eqc(str_c(piece), "\r\n");
        begins = strchr(piece, '\n') != NULL;
    }
    return n;
}

/* What other programs do with it now: whether it can be locked; and how much there is. */
static void say_content(struct checkup *c, const char *path, struct str name)
{
    struct mboxlock_wait now = { 0 };
    struct error ignored;
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return;
    if (mboxlock_file(fileno(f), false, &now, &ignored) != 0 ||
        access(arena_fmt(c->arena, "%s.lock", path), F_OK) == 0)
        checkup_say(c, "note", _("another program has locked %s just now"), path);
    if (str_eqc(name, "INBOX")) {
        size_t n = count_mbox(f);
        checkup_say(c, "ok", P_("%zu message lies in %s", "%zu messages lie in %s", n), n, path);
    }
    fclose(f); /* and with it goes the lock */
}

/* 0; 1: it is not there yet. */
static int check_mbox(struct checkup *c, const struct spool_home *h, const struct sync_listed *row,
                      struct error *err)
{
    char *found = mbox_path(h, row->wire);
    const char *path = arena_fmt(c->arena, "%s", found != NULL ? found : "");
    free(found);
    if (access(path, R_OK | W_OK) == 0) {
        if (access(folder_of(c, path), W_OK) != 0)
            checkup_say(c, "note",
                        _("%s.lock cannot be made: programs that know no other lock can write to "
                          "the mailbox while tmail does"),
                        path);
        say_content(c, path, row->name);
        return 0;
    }
    if (errno != ENOENT)
        return cannot(_("%s cannot be read and changed"), path, err);
    checkup_say(c, "note", _("%s is not there yet: the first mail makes it"), path);
    return 1;
}

static int check_mboxes(struct checkup *c, struct error *err)
{
    struct spool_home h = { .root = c->cfg->in.path, .inbox = c->cfg->in.inbox };
    struct sync_listed *rows;
    struct error said = { 0 };
    size_t n, there = 0;
    if (mbox_folders(&h, c->arena, &rows, &n, &said, err) != 0)
        return -1;
    if (said.code != ERR_NONE)
        checkup_wrong(c, &said);
    for (size_t i = 0; i < n; i++) {
        int rc = check_mbox(c, &h, &rows[i], err);
        if (rc < 0)
            return -1;
        there += rc == 0;
    }
    if (there > 0)
        checkup_say(c, "ok",
                    P_("%zu mailbox file can be read and changed",
                       "%zu mailbox files can be read and changed", there),
                    there);
    return 0;
}

int checkup_spool(struct checkup *c, struct error *err)
{
    struct stat st;
    if (c->cfg->receive == RECEIVE_MBOX)
        return check_mboxes(c, err);
    const char *path = c->cfg->in.path;
    if (stat(path, &st) != 0)
        return cannot(_("%s cannot be read"), path, err);
    if (!S_ISDIR(st.st_mode))
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("%s is no folder, so no Maildir"), path);
    say_mode(c, &st);
    int rc = check_maildir(c, err);
    if (rc == 0)
        checkup_say(c, "ok", _("what was sent is kept there too, in Sent"));
    return rc;
}

/* ------------------------------------------------------------------ a command that sends */

static bool is_program(const char *name)
{
    const char *path = getenv("PATH");
    struct str rest = str_c(path != NULL ? path : "/usr/local/bin:/usr/bin:/bin"), dir;
    bool found = strchr(name, '/') != NULL && access(name, X_OK) == 0;
    while (strchr(name, '/') == NULL && rest.n > 0 && !found) {
        dir = str_head(rest, str_find(rest, ':'));
        char *file = xasprintf("%.*s/%s", STR_ARG(dir), name);
        found = access(file, X_OK) == 0;
        free(file);
        rest = str_skip(rest, dir.n + 1);
    }
    return found;
}

int checkup_command(struct checkup *c, struct error *err)
{
    char **argv;
    if (child_split(c->arena, str_c(c->cfg->sendmail_command), &argv, err) != 0)
        return -1;
    if (!is_program(argv[0]))
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("there is no program %s, which send names: install it, or correct the "
                           "key"),
                         argv[0]);
    checkup_say(c, "ok", _("messages are handed to %s, which is there"), argv[0]);
    return 0;
}
