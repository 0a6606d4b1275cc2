/* SPDX-License-Identifier: MIT */
#include "cli/letter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/banned.h"

enum { CHUNK = 64 << 10 };

/* The next bytes of standard input; 0 at its end. A file keeps its bytes itself, a terminal is not
 * asked. */
static size_t rest_read(char *chunk)
{
    struct stat st;
    ssize_t n;
    if (fstat(STDIN_FILENO, &st) != 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
        return 0;
    do
        n = read(STDIN_FILENO, chunk, CHUNK);
    while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

static int letter_write(const char *path, struct str body, char *chunk, size_t n)
{
    struct error err;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    int rc = file_write_fd(fd, body, path, &err);
    for (; rc == 0 && n > 0; n = rest_read(chunk))
        rc = file_write_fd(fd, (struct str){ chunk, n }, path, &err);
    if (rc == 0)
        rc = fsync(fd);
    close(fd);
    return rc;
}

void letter_save(struct str body)
{
    const char *home = getenv("HOME");
    char *path = xasprintf("%s/dead.letter", home != NULL && home[0] == '/' ? home : ".");
    char *chunk = xmalloc(CHUNK);
    size_t n = rest_read(chunk);
    if (body.n + n > 0 && letter_write(path, body, chunk, n) == 0)
        fprintf(stderr, _("tmail: what was to be sent is kept in %s\n"), path);
    else if (body.n + n > 0)
        fprintf(stderr, _("tmail: what was to be sent could not be kept in %s either\n"), path);
    free(chunk);
    free(path);
}
