/* SPDX-License-Identifier: MIT */
/* oauth_http.h - a form is posted, a JSON object comes back; forms and what stands in them.
 * Must not know: what is asked for. */
#ifndef TMAIL_NET_OAUTH_HTTP_H
#define TMAIL_NET_OAUTH_HTTP_H

#include <jansson.h>

#include "net/oauth.h"

enum { OAUTH_OK = 200, OAUTH_BAD = 400, OAUTH_SERVER_ERROR = 500 };

/* Appends "name=value", with & in front where something is there already (application/x-www-form-urlencoded,
 * RFC 6749 appendix B). A value NULL or empty is left out. */
void oauth_form_add(struct buf *form, const char *name, const char *value);
/* The value of name in a form, decoded and appended. False when it is not there, stands there twice, or is
 * coded wrongly. */
bool oauth_form_get(struct str form, const char *name, struct buf *value);
/* Posts it: *status and the object, for oauth_answer_free; NULL with ERR_NET, ERR_TLS, ERR_PROTO, ERR_LIMIT,
 * ERR_CANCELLED. */
json_t *oauth_post(const struct oauth_client *c, const char *url, struct str form, long *status,
                   struct error *err);
/* Overwrites its strings first. */
void oauth_answer_free(json_t **answer);

#endif
