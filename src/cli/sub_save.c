/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "cli/message.h"
#include "cli/out.h"
#include "decode/part.h"
#include "mime/names.h"
#include "base/banned.h"

enum { VARIANTS_MAX = 1000, NAME_BYTES = 1024 };

struct save {
    const char *dir, *part;
    int dir_fd;
    bool json;
};

struct file {
    int fd;
    uint64_t size;
    const char *name;
};

static int read_options(struct save *s, int argc, char **argv)
{
    static const struct option options[] = { { "part", required_argument, NULL, 'p' },
                                             { "json", no_argument, NULL, 'j' },
                                             { NULL, 0, NULL, 0 } };
    int o;
    while ((o = getopt_long(argc, argv, "d:", options, NULL)) != -1) {
        if (o == 'd')
            s->dir = optarg;
        else if (o == 'p')
            s->part = optarg;
        else if (o == 'j')
            s->json = true;
        else
            return -1;
    }
    return optind == argc - 1 ? 0 : -1;
}

/* A new file for a sender's name: never an old one, never through a link, never outside the folder.
 */
static int create(const struct save *s, const struct mime_part_info *part, struct buf *name,
                  struct error *err)
{
    struct buf safe = BUF_INIT(NAME_BYTES);
    int fd = -1;
    mime_name_safe(part->name, part->type, &safe);
    for (unsigned n = 1; fd < 0 && n < VARIANTS_MAX; n++) {
        buf_clear(name);
        if (n == 1)
            buf_add_str(name, buf_str(&safe));
        else
            mime_name_variant(buf_str(&safe), n, name);
        fd = openat(s->dir_fd, buf_c(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0) {
        error_sys(err, _("cannot create %s/%s"), s->dir, buf_c(name));
        err->code = ERR_SYS;
    }
    buf_free(&safe);
    return fd;
}

static int write_bytes(void *arg, struct str bytes, struct error *err)
{
    struct file *f = arg;
    f->size += bytes.n;
    return file_write_fd(f->fd, bytes, f->name, err);
}

static void tell(const struct save *s, const char *name, uint64_t size, bool damaged)
{
    char *path = xasprintf("%s/%s", s->dir, name);
    if (s->json) {
        json_t *o = json_object();
        json_object_set_new(o, "file", out_json_text(str_c(path)));
        json_object_set_new(o, "size", json_integer((json_int_t)size));
        json_object_set_new(o, "damaged", json_boolean(damaged));
        out_json_line(o);
    } else {
        out_text(str_c(path), false);
        printf("%s\n", damaged ? _(" (damaged)") : "");
    }
    free(path);
}

static int save_part(const struct save *s, const struct cli_text *t,
                     const struct mime_part_info *part, struct error *err)
{
    struct buf name = BUF_INIT(NAME_BYTES);
    struct file f = { .fd = create(s, part, &name, err) };
    int rc = -1;
    if (f.fd >= 0) {
        f.name = buf_c(&name);
        rc = decode_part_bytes(t->raw, part, write_bytes, &f, err);
        if (close(f.fd) != 0 && rc >= 0)
            rc = error_sys(err, _("cannot write %s"), f.name);
        if (rc < 0) /* half a file is worse than none */
            unlinkat(s->dir_fd, f.name, 0);
        else
            tell(s, f.name, f.size, rc == 1 || (part->flags & MIME_PART_DAMAGED));
    }
    buf_free(&name);
    return rc < 0 ? -1 : 0;
}

static int save_all(const struct save *s, const struct cli_text *t, struct error *err)
{
    size_t n = 0;
    int rc = 0;
    if (s->part != NULL) {
        const struct mime_part_info *part = cli_text_part(t, s->part);
        if (part == NULL || (part->flags & MIME_PART_CONTAINER))
            return error_set(err, ERR_NOINPUT, RETRY_NEVER, _("the message has no such part"));
        return save_part(s, t, part, err);
    }
    for (size_t i = 0; rc == 0 && i < t->summary.parts_n; i++)
        if (mime_part_is_attachment(&t->summary.parts[i])) {
            rc = save_part(s, t, &t->summary.parts[i], err);
            n++;
        }
    return rc != 0 ? -1 : n > 0 ? 0 : 1;
}

int sub_save(struct cli *c, int argc, char **argv)
{
    struct save s = { .dir = "." };
    struct cli_text t;
    struct error err;
    if (read_options(&s, argc, argv) != 0)
        return cli_usage(cli_find(STR("save")));
    s.dir_fd = open(s.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s.dir_fd < 0) {
        error_sys(&err, _("cannot open the folder %s"), s.dir);
        (void)cli_fail(&err);
        return EX_CANTCREAT;
    }
    int rc = cli_text_open(c, argv[optind], &t, &err);
    if (rc == 0)
        rc = save_all(&s, &t, &err);
    cli_text_clear(&t);
    close(s.dir_fd);
    if (rc == 1) {
        error_set(&err, ERR_NOINPUT, RETRY_NEVER,
                  _("there is no message %s, or nothing in it to save"), argv[optind]);
        (void)cli_fail(&err);
        return CLI_NOTHING;
    }
    if (rc == 0)
        return out_end();
    int code = cli_fail(&err);
    return err.code == ERR_SYS ? EX_CANTCREAT : code;
}
