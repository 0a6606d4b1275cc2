/* SPDX-License-Identifier: MIT */
/* option.h - the master table of keys: parser, nearest-name help and manual speak of the same
 * rows.
 * Must not know: where a value was written. */
#ifndef TMAIL_CONFIG_OPTION_H
#define TMAIL_CONFIG_OPTION_H

#include "config/config.h"

enum option_scope {
    OPTION_GLOBAL /* [tmail] */,
    OPTION_ACCOUNT /* [account NAME] */,
    OPTION_FOLDER /* [folder PATTERN] */
};
struct option {
    enum option_scope scope;
    const char *name;
    /* Checks value and stores it; in OPTION_FOLDER for the last one of c. -1 with a sentence that lacks file and line. */
    int (*set)(struct config *c, struct config_account *account, struct str value,
               struct error *err);
};
extern const struct option options[];
extern const size_t options_n;

/* The row of that name in scope, or NULL. */
const struct option *option_find(enum option_scope scope, struct str name);
/* The name in scope that looks most like it; NULL when none does. */
const char *option_nearest(enum option_scope scope, struct str name);

/* For the rows' functions: the value as it stands (it may lie in the field itself), and one that can be
 * split into words. */
void option_set_text(char **field, struct str value);
int option_set_command(char **field, struct str value, struct error *err);

/* option_login.c: how an account connects and logs in. */
typedef int option_set_fn(struct config *c, struct config_account *a, struct str v,
                          struct error *err);
option_set_fn option_tls_pin, option_tls_cert, option_tls_key, option_proxy, option_tunnel,
    option_oauth_command, option_login;
/* option_oauth.c: how it signs in. */
option_set_fn option_oauth, option_oauth_id, option_oauth_secret, option_oauth_auth,
    option_oauth_token, option_oauth_device, option_oauth_scope, option_oauth_keep,
    option_oauth_load;

#endif
