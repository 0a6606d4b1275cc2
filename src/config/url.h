/* SPDX-License-Identifier: MIT */
/* url.h - the addresses of servers as tmailrc writes them: imaps://jane@imap.example.org:993
 * Must not know: how to reach them. */
#ifndef TMAIL_CONFIG_URL_H
#define TMAIL_CONFIG_URL_H

#include "config/config.h"

/* The value of `receive`. ERR_CONFIG with a sentence for what cannot be used. */
int config_url_receive(struct str url, enum config_receive *kind, struct config_server *out,
                       struct error *err) MUST_CHECK;
/* The value of `send`, a command included (sendmail:COMMAND). */
int config_url_send(struct str url, enum config_send *kind, struct config_server *out,
                    char **command, struct error *err) MUST_CHECK;

#endif
