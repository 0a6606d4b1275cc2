/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <stdlib.h>

#include "base/banned.h"

/* XDG base directories: a variable that is not an absolute path counts as unset. */
static char *xdg(const char *variable, const char *below_home, const char *rest)
{
    const char *base = getenv(variable);
    const char *home = getenv("HOME");
    if (base != NULL && base[0] == '/')
        return xasprintf("%s/%s", base, rest);
    return xasprintf("%s/%s/%s", home != NULL && home[0] == '/' ? home : "", below_home, rest);
}

char *config_path_rc(const char *profile)
{
    return profile != NULL ? xasprintf("%s/tmailrc", profile)
                           : xdg("XDG_CONFIG_HOME", ".config", "tmail/tmailrc");
}

char *config_path_store(const char *profile)
{
    return profile != NULL ? xasprintf("%s/mail.db", profile)
                           : xdg("XDG_DATA_HOME", ".local/share", "tmail/mail.db");
}

char *config_path_log(const char *profile)
{
    return profile != NULL ? xasprintf("%s/tmail.log", profile)
                           : xdg("XDG_STATE_HOME", ".local/state", "tmail/tmail.log");
}
