/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "base/child.h"
#include "base/i18n.h"
#include "base/banned.h"

/* A key agent may ask the person: they get two minutes. */
enum { SECRET_MAX = 64 << 10, SECRET_WAIT_MS = 120000 };

static int run_command(const struct config_account *a, struct buf *out, int err_fd,
                       struct error *err)
{
    struct arena *arena = arena_new(0);
    struct buf answer = BUF_INIT(SECRET_MAX);
    char **argv;
    int rc = child_split(arena, str_c(a->password_command), &argv, err);
    if (rc == 0)
        rc = child_run(argv, STR(""), &answer, err_fd, SECRET_WAIT_MS, err);
    struct str all = buf_str(&answer), line = STR("");
    if (rc == 0 && (!str_line(&all, &line) || line.n == 0))
        rc = error_set(err, ERR_AUTH, RETRY_NEVER, _("it printed nothing"));
    if (rc == 0)
        buf_add_str(out, line);
    else {
        error_prefix(err, _("account %s: password-command: "), a->name);
        err->code = ERR_AUTH;
    }
    buf_wipe(&answer);
    arena_free(&arena);
    return rc;
}

int config_secret(const struct config_account *a, struct buf *out, int tty_err_fd,
                  struct error *err)
{
    if (a->password_command != NULL)
        return run_command(a, out, tty_err_fd, err);
    if (a->password == NULL)
        return 1;
    buf_adds(out, a->password);
    return 0;
}
