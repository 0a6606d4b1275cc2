/* SPDX-License-Identifier: MIT */
#include "compose/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/banned.h"

char *edit_file_path(const struct draft *d, const struct cache *c)
{
    return xasprintf("%s-draft-%lld.eml", cache_path(c), (long long)d->id);
}

void edit_file_recover(struct draft *d, struct cache *c)
{
    struct buf text = BUF_INIT(DRAFT_TEXT_MAX);
    struct error err;
    char *path = edit_file_path(d, c);
    /* What cannot be read back stays: the next edit goes on with it. */
    if (file_read(path, &text, &err) == 0 && text.len > 0 &&
        draft_from_text(d, buf_str(&text), &err) == 0 && draft_save(d, c, &err) == 0)
        unlink(path);
    buf_free(&text);
    free(path);
}

/* An editor that cannot be run is as good as none. */
static bool can_run(const char *program)
{
    const char *path = getenv("PATH");
    struct str dirs = str_c(path != NULL ? path : "/usr/bin:/bin"), dir;
    bool found = false;
    if (strchr(program, '/') != NULL)
        return access(program, X_OK) == 0;
    while (!found && dirs.n > 0) {
        size_t n = str_find(dirs, ':');
        dir = str_head(dirs, n);
        dirs = str_skip(dirs, n + 1);
        char *full = xasprintf("%.*s/%s", STR_ARG(dir), program);
        found = access(full, X_OK) == 0;
        free(full);
    }
    return found;
}

char **draft_editor(struct arena *a, const struct config *cfg, struct error *err)
{
    const char *choices[] = { cfg->editor, getenv("VISUAL"), getenv("EDITOR") };
    for (size_t i = 0; i < COUNT(choices); i++) {
        char **argv;
        if (choices[i] == NULL || choices[i][0] == '\0')
            continue;
        if (child_split(a, str_c(choices[i]), &argv, err) == 0 && can_run(argv[0]))
            return argv;
    }
    error_set(err, ERR_NOINPUT, RETRY_NEVER, _("no editor is set: $VISUAL and $EDITOR are empty"));
    return NULL;
}

/* The draft for the editor; or what the last edit left, when that could not be read back: the
 * person corrects it. */
static int put_file(const char *path, struct str text, struct error *err)
{
    return access(path, F_OK) == 0 ? 0 : file_replace(path, text, 0600, err);
}

static bool file_is(const char *path, struct str text)
{
    struct buf now = BUF_INIT(DRAFT_TEXT_MAX);
    struct error err;
    bool same = file_read(path, &now, &err) == 0 && str_eq(buf_str(&now), text);
    buf_free(&now);
    return same;
}

/* argv with the file behind it. */
static char **with_file(struct arena *a, char **argv, char *path)
{
    size_t n = 0;
    while (argv[n] != NULL)
        n++;
    char **all = arena_array(a, n + 2, sizeof *all);
    memcpy(all, argv, n * sizeof *all);
    all[n] = path;
    return all;
}

/* Reads the edited file into the draft: 0, 1 when nothing changed, -1 when it cannot be taken over:
 * the file stays. */
static int read_back(struct draft *d, const char *path, struct str before, struct error *err)
{
    struct buf after = BUF_INIT(DRAFT_TEXT_MAX);
    int rc = file_read(path, &after, err);
    if (rc == 0 && str_eq(buf_str(&after), before))
        rc = 1;
    else if (rc == 0)
        rc = draft_from_text(d, buf_str(&after), err);
    if (rc < 0)
        error_prefix(err, _("edit it again, your text is kept: "));
    buf_free(&after);
    return rc;
}

int draft_edit(struct draft *d, struct cache *c, const struct config *cfg, draft_run_fn *run,
               void *arg, struct error *err)
{
    struct buf before = BUF_INIT(DRAFT_TEXT_MAX);
    struct arena *a = arena_new(0);
    char *path = NULL;
    char **argv = draft_editor(a, cfg, err);
    int rc = argv != NULL ? draft_save(d, c, err) : -1;
    if (rc != 0)
        goto out;
    path = edit_file_path(d, c);
    draft_to_text(d, &before);
    rc = buf_check(&before, err);
    if (rc == 0)
        rc = put_file(path, buf_str(&before), err);
    if (rc == 0)
        rc = run(arg, with_file(a, argv, path), err);
    if (rc == 0)
        rc = read_back(d, path, buf_str(&before), err);
    if (rc == 0)
        rc = draft_save(d, c, err);
    if (rc >= 0 || file_is(path, buf_str(&before)))
        unlink(path);
out:
    free(path);
    buf_free(&before);
    arena_free(&a);
    return rc;
}
