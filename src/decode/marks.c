/* SPDX-License-Identifier: MIT */
#include "decode/marks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/banned.h"

/* keys holds "\nkey\nkey\n": one search finds a whole line. */
struct marks {
    char *path;
    struct buf keys;
    size_t n;
};

static void keep(struct marks *m, struct str key)
{
    if (m->n >= MARKS_MAX || key.n == 0 || key.n > MARKS_KEY_MAX || marks_has(m, key))
        return;
    buf_add_str(&m->keys, key);
    buf_addc(&m->keys, '\n');
    m->n++;
}

struct marks *marks_open(const char *path, struct error *err)
{
    struct marks *m = xcalloc(1, sizeof *m);
    struct buf file = BUF_INIT((size_t)MARKS_MAX * (MARKS_KEY_MAX + 1));
    struct str line;
    buf_init(&m->keys, (size_t)MARKS_MAX * (MARKS_KEY_MAX + 1) + 1);
    buf_addc(&m->keys, '\n');
    if (path == NULL)
        return m;
    m->path = xstrdup(path);
    if (access(path, F_OK) == 0 && file_read(path, &file, err) != 0)
        marks_free(&m);
    struct str in = buf_str(&file);
    while (m != NULL && str_line(&in, &line))
        keep(m, line);
    buf_free(&file);
    return m;
}

bool marks_has(const struct marks *m, struct str key)
{
    if (m->n == 0 || key.n == 0 || key.n > MARKS_KEY_MAX || !str_is_line(key))
        return false;
    char line[MARKS_KEY_MAX + 2];
    line[0] = line[key.n + 1] = '\n';
    memcpy(line + 1, key.p, key.n);
    return str_search(buf_str(&m->keys), (struct str){ line, key.n + 2 }) < m->keys.len;
}

static int append(const char *path, struct str line, struct error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_sys(err, _("cannot write %s"), path);
    int rc = file_write_fd(fd, line, path, err);
    if (rc == 0 && fsync(fd) != 0)
        rc = error_sys(err, _("cannot write %s"), path);
    close(fd);
    return rc;
}

int marks_add(struct marks *m, struct str key, struct error *err)
{
    if (key.n == 0 || key.n > MARKS_KEY_MAX || !str_is_line(key) || marks_has(m, key))
        return 0;
    keep(m, key);
    if (m->path == NULL)
        return 0;
    struct buf line = BUF_INIT(MARKS_KEY_MAX + 1);
    buf_add_str(&line, key);
    buf_addc(&line, '\n');
    int rc = append(m->path, buf_str(&line), err);
    buf_free(&line);
    return rc;
}

void marks_free(struct marks **m)
{
    if (*m == NULL)
        return;
    buf_free(&(*m)->keys);
    free((*m)->path);
    free(*m);
    *m = NULL;
}
