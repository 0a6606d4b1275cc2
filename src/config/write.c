/* SPDX-License-Identifier: MIT */
#include "config/write.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "config/ini.h"
#include "base/banned.h"

enum { PRIVATE = 0600, OTHERS = 077, NAMES_MAX = 1000 };

bool write_value_fits(struct str value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < ' ' || value.p[i] == '"' || value.p[i] == '\\' ||
            value.p[i] == '\x7f')
            return false;
    return value.n <= WRITE_VALUE_MAX;
}

void write_section(struct buf *out, const char *name, const struct write_key *keys, size_t n,
                   bool hide)
{
    buf_addf(out, "[account %s]\n", name);
    for (size_t i = 0; i < n; i++) {
        struct str value = hide && keys[i].secret ? STR("***") : keys[i].value;
        if (keys[i].value.n > 0)
            buf_addf(out, "%s = \"%.*s\"\n", keys[i].key, STR_ARG(value));
    }
}

void write_url(struct buf *out, const char *scheme, struct str user, struct str host, uint16_t port,
               uint16_t standard_port)
{
    buf_addf(out, "%s://", scheme);
    for (size_t i = 0; i < user.n; i++) {
        char c = user.p[i];
        if (strchr("%/:\"\\ ;#?[]", c) != NULL)
            buf_addf(out, "%%%02X", (unsigned char)c);
        else
            buf_addc(out, c);
    }
    if (user.n > 0)
        buf_addc(out, '@');
    bool v6 = str_find(host, ':') < host.n;
    buf_addf(out, v6 ? "[%.*s]" : "%.*s", STR_ARG(host));
    if (port != standard_port)
        buf_addf(out, ":%u", port);
}

void write_name(const struct config *c, struct str wanted, struct buf *out)
{
    char name[WRITE_NAME_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < wanted.n && n < WRITE_NAME_MAX; i++)
        if (ascii_is_alnum(wanted.p[i]) || (wanted.p[i] == '-' && n > 0))
            name[n++] = ascii_lower(wanted.p[i]);
    struct str base = n > 0 ? (struct str){ name, n } : STR("mail");
    size_t start = out->len;
    buf_add_str(out, base);
    for (int i = 2;
         i < NAMES_MAX && c != NULL && config_account(c, str_skip(buf_str(out), start)) != NULL;
         i++) {
        buf_truncate(out, start);
        buf_addf(out, "%.*s-%d", STR_ARG(base), i);
    }
}

/* The file that a link leads to is the one that is written. */
static char *real_path(const char *path)
{
    char *real = realpath(path, NULL);
    return real != NULL ? real : xstrdup(path);
}

static int make_folder(const char *path, struct error *err)
{
    size_t slash = str_rfind(str_c(path), '/');
    char *dir = slash < strlen(path) && slash > 0 ? xmemdup0(path, slash) : NULL;
    int rc = dir != NULL ? file_mkdirs(dir, err) : 0;
    free(dir);
    return rc;
}

/* What is there: text and mode. 1: nothing. */
static int old_read(const char *path, struct buf *text, mode_t *mode, struct error *err)
{
    struct config c;
    struct stat st;
    if (stat(path, &st) != 0 && errno == ENOENT)
        return 1;
    if (config_load(&c, path, err) != 0)
        return -1;
    config_free(&c);
    if (stat(path, &st) == 0)
        *mode = st.st_mode & 0777;
    return file_read(path, text, err);
}

/* A copy beside it is read as tmail will: what cannot be read never takes the place of what can. */
static int check(const char *path, struct str text, struct error *err)
{
    struct config c;
    struct error why;
    char *copy = xasprintf("%s.check%d", path, (int)getpid());
    int rc = file_replace(copy, text, PRIVATE, &why);
    if (rc != 0) { /* the copy's name means nothing to anybody */
        errno = why.sys;
        (void)error_sys(err, _("cannot write %s"), path);
    } else
        rc = config_load(&c, copy, err);
    if (rc == 0)
        config_free(&c);
    unlink(copy);
    free(copy);
    return rc;
}

static bool has_secret(const struct write_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i].secret && keys[i].value.n > 0)
            return true;
    return false;
}

int write_account(const char *path, const char *name, const struct write_key *keys, size_t n,
                  struct error *err)
{
    struct buf text = BUF_INIT(INI_FILE_MAX);
    char *real = real_path(path);
    mode_t mode = PRIVATE;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++)
        if (!write_value_fits(keys[i].value))
            rc = error_set(err, ERR_CONFIG, RETRY_NEVER,
                           _("%s has a character that cannot stand in %s"), keys[i].key, path);
    if (rc == 0)
        rc = old_read(real, &text, &mode, err);
    if (rc == 1)
        rc = make_folder(real, err);
    if (rc == 0) {
        if (text.len > 0)
            buf_adds(&text, text.data[text.len - 1] == '\n' ? "\n" : "\n\n");
        write_section(&text, name, keys, n, false);
        rc = buf_check(&text, err);
    }
    if (rc == 0)
        rc = check(real, buf_str(&text), err);
    if (rc == 0)
        rc = file_replace(real, buf_str(&text), has_secret(keys, n) ? mode & ~(mode_t)OTHERS : mode,
                          err);
    buf_wipe(&text);
    free(real);
    return rc;
}
