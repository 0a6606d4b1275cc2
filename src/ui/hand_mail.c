/* SPDX-License-Identifier: MIT */
#include "ui/hand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "decode/part.h"
#include "mime/names.h"
#include "base/banned.h"

enum { SAVE_VARIANTS_MAX = 999 };

/* The folder of that role, else the one of the usual name, else a new one of that name. */
static int role_folder(struct hand *h, int64_t account, enum cache_role role, int64_t *id,
                       struct error *err)
{
    struct arena *a = arena_new(512);
    struct cache_folder f = { 0 };
    struct str name = role == ROLE_TRASH ? STR("Trash") : STR("Archive");
    int rc = cache_folder_by_role(h->cache, a, account, role, &f, err);
    if (rc == 1)
        rc = cache_folder_by_name(h->cache, a, account, name, &f, err);
    if (rc == 1) {
        f = (struct cache_folder){
            .account = account, .name = name, .wire = name, .delim = '/', .role = role
        };
        rc = cache_folder_put(h->cache, &f, err);
    }
    *id = f.id;
    arena_free(&a);
    return rc;
}

void hand_ops(struct hand *h, struct ask *a)
{
    struct say *s = say_new(SAY_DONE);
    s->seq = a->seq;
    for (size_t i = 0; i < a->ops_n && s->rc == 0; i++)
        if (a->ops[i].kind == OP_MOVE && a->ops[i].target == 0)
            s->rc = role_folder(h, a->ops[i].account, a->role, &a->ops[i].target, &s->err);
    if (s->rc == 0)
        s->rc = cache_journal_add_all(h->cache, a->ops, a->ops_n, &s->err);
    if (s->rc == 0)
        hand_hint(h, HINT_WAKE, 0, STR(""));
    hand_say(h, s);
}

void hand_undo(struct hand *h)
{
    struct say *s = say_new(SAY_UNDONE);
    s->rc = cache_journal_undo(h->cache, &s->folder, &s->id, &s->err);
    if (s->rc == 0)
        hand_hint(h, HINT_WAKE, 0, STR(""));
    hand_say(h, s);
}

static int text_of(struct hand *h, const struct ask *a, struct say *s)
{
    struct mime_summary sum;
    struct hand_body body;
    if (h->decode == NULL)
        return error_set(&s->err, ERR_SYS, RETRY_NEVER, _("tmail-decode cannot be started"));
    if (hand_summary(h, s->arena, a->id, &sum, &s->err) != 0)
        return -1;
    if (a->part >= sum.parts_n)
        return error_set(&s->err, ERR_USAGE, RETRY_NEVER, _("there is no such part"));
    return decode_text(h->decode, s->arena, hand_source(h, a->id, &body), &sum.parts[a->part],
                       a->width, &s->text, &s->err);
}

void hand_text(struct hand *h, const struct ask *a)
{
    struct say *s = say_new(SAY_TEXT);
    s->id = a->id;
    s->part = a->part;
    s->width = a->width;
    s->arena = arena_new(16 << 10);
    s->rc = text_of(h, a, s);
    if (s->rc == 1)
        s->rc = error_set(&s->err, ERR_PARSE, RETRY_NEVER,
                          _("this part cannot be read safely; E shows it as it came"));
    hand_say(h, s);
}

void hand_raw(struct hand *h, const struct ask *a)
{
    struct say *s = say_new(SAY_RAW);
    struct buf raw = BUF_INIT(HAND_RAW_MAX + CACHE_FRAME);
    s->id = a->id;
    s->part = a->part;
    s->arena = arena_new(1024);
    s->rc = cache_body_read(h->cache, a->id, 0, a->part == 0 ? HAND_HEADER_MAX : HAND_RAW_MAX, &raw,
                            &s->err);
    struct str text = buf_str(&raw);
    if (a->part == 0) {
        size_t end = str_search(text, STR("\r\n\r\n"));
        size_t lf = str_search(text, STR("\n\n"));
        text = str_head(text, end < lf ? end : lf);
    }
    s->text.text = arena_str(s->arena, text);
    buf_free(&raw);
    hand_say(h, s);
}

static int save_sink(void *arg, struct str bytes, struct error *err)
{
    return file_write_fd(*(int *)arg, bytes, _("the file"), err);
}

/* A file that was not there before: never follows a link, never overwrites; its name goes into
 * path. */
static int open_fresh(struct buf *path, struct error *err)
{
    struct buf name = BUF_INIT(4096), dir = BUF_INIT(4096);
    struct str all = buf_str(path);
    size_t slash = str_rfind(all, '/');
    int fd = -1;
    buf_add_str(&dir, slash < all.n ? str_head(all, slash + 1) : STR(""));
    buf_add_str(&name, str_skip(all, dir.len));
    for (unsigned n = 1; n <= SAVE_VARIANTS_MAX; n++) {
        buf_clear(path);
        buf_add_str(path, buf_str(&dir));
        if (n == 1)
            buf_add_str(path, buf_str(&name));
        else
            mime_name_variant(buf_str(&name), n, path);
        fd = open(buf_c(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    if (fd < 0)
        error_sys(err, _("cannot write %s"), buf_c(path));
    buf_free(&name);
    buf_free(&dir);
    return fd;
}

/* What the person typed as a path: ~ is home, a folder gets the part's own name. */
static void save_path(const struct ask *a, const struct mime_part_info *part, struct buf *path)
{
    struct str typed = str_trim(str_c(a->text));
    struct stat st;
    const char *home = getenv("HOME");
    if (str_starts(typed, "~/") && home != NULL) {
        buf_adds(path, home);
        typed = str_skip(typed, 1);
    }
    buf_add_str(path, typed);
    if (path->len > 0 && (stat(buf_c(path), &st) != 0 || !S_ISDIR(st.st_mode)) &&
        path->data[path->len - 1] != '/')
        return;
    if (path->len > 0 && path->data[path->len - 1] != '/')
        buf_addc(path, '/');
    mime_name_safe(part->name, part->type, path);
}

void hand_save(struct hand *h, const struct ask *a)
{
    struct arena *arena = arena_new(4096);
    struct buf path = BUF_INIT(4096);
    struct mime_summary sum;
    struct hand_body body;
    struct error err;
    int fd = -1, rc = hand_summary(h, arena, a->id, &sum, &err);
    if (rc == 0 && a->part >= sum.parts_n)
        rc = error_set(&err, ERR_USAGE, RETRY_NEVER, _("there is no such part"));
    if (rc == 0) {
        save_path(a, &sum.parts[a->part], &path);
        fd = open_fresh(&path, &err);
        rc = fd < 0 ? -1
                    : decode_part_bytes(hand_source(h, a->id, &body), &sum.parts[a->part],
                                        save_sink, &fd, &err);
    }
    if (fd >= 0) {
        fchmod(fd, 0666 & ~(mode_t)h->umask);
        if (close(fd) != 0 && rc >= 0)
            rc = error_sys(&err, _("cannot write %s"), buf_c(&path));
        if (rc < 0)
            unlink(buf_c(&path));
    }
    hand_note(h, rc < 0 ? -1 : 0,
              rc < 0 ? NULL
                     : xasprintf(rc == 1 ? _("Saved as %s, but it came damaged") : _("Saved as %s"),
                                 buf_c(&path)),
              &err);
    buf_free(&path);
    arena_free(&arena);
}
