/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <stdlib.h>

#include "base/child.h"
#include "base/i18n.h"
#include "base/banned.h"

/* A key agent may ask the person: they get two minutes. */
enum { SECRET_MAX = 64 << 10, SECRET_WAIT_MS = 120000 };

static int run_command(const struct config_account *a, const char *key, const char *command,
                       struct buf *out, int err_fd, struct error *err)
{
    struct arena *arena = arena_new(0);
    struct buf answer = BUF_INIT(SECRET_MAX);
    char **argv;
    int rc = child_split(arena, str_c(command), &argv, err);
    if (rc == 0)
        rc = child_run(argv, STR(""), &answer, err_fd, SECRET_WAIT_MS, err);
    struct str all = buf_str(&answer), line = STR("");
    if (rc == 0 && (!str_line(&all, &line) || line.n == 0))
        rc = error_set(err, ERR_AUTH, RETRY_NEVER, _("it printed nothing"));
    if (rc == 0)
        buf_add_str(out, line);
    else {
        error_prefix(err, _("account %s: %s: "), a->name, key);
        err->code = ERR_AUTH;
    }
    buf_wipe(&answer);
    arena_free(&arena);
    return rc;
}

/* $TMAIL_PASSWORD_WORK of account work; NULL or "": none. */
static const char *from_environment(const struct config_account *a)
{
    char *name = xasprintf("TMAIL_PASSWORD_%s", a->name);
    for (char *p = name; *p != '\0'; p++)
        *p = ascii_is_alnum(*p) ? ascii_upper(*p) : '_';
    const char *value = getenv(name);
    free(name);
    return value;
}

int config_secret(const struct config_account *a, struct buf *out, int tty_err_fd,
                  struct error *err)
{
    if (a->oauth_command != NULL)
        return run_command(a, "oauth-command", a->oauth_command, out, tty_err_fd, err);
    if (a->password != NULL) {
        buf_adds(out, a->password);
        return 0;
    }
    if (a->password_command != NULL)
        return run_command(a, "password-command", a->password_command, out, tty_err_fd, err);
    const char *value = from_environment(a);
    if (value == NULL || value[0] == '\0')
        return 1;
    buf_adds(out, value);
    return buf_check(out, err);
}
