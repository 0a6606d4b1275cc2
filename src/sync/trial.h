/* SPDX-License-Identifier: MIT */
/* trial.h - tries servers, the probe of kind "try". The question: "receive" and "send", lists of servers as
 * find.h gives them, best first; "pin", a key that is trusted (tls-pin); "reach". Without "secret" the first
 * server of each list that can be reached and trusted is asked what it offers:
 *   {"say": "server", "side": "receive" | "send", "index": N, "logins": [MECHANISM...], "password": true, "oauth": true}
 * (password and oauth: one can log in so), and each that cannot is told:
 *   {"say": "failed", "side", "index", "code", "text", "pin"}, with the pin of the key that it showed.
 * With "secret" (and "kind": "token" where it is one of OAuth2) the first of each list is logged in to, at
 * most twice: under its "user", and (where that is not "sure") under the local part of it, or the whole "address" where it is a local part:
 *   {"say": "logged-in", "side", "user", "folders": N, "sent", "drafts", "trash": NAMES}
 * A secret goes over a verified connection alone (or stays on this machine). The end has the error of the first
 * side that failed.
 * Must not know: where servers and secrets came from. */
#ifndef TMAIL_SYNC_TRIAL_H
#define TMAIL_SYNC_TRIAL_H

#include "sync/probe.h"

enum { TRIAL_KIND_MS = 90000, TRIAL_CONNECT_MS = 10000, TRIAL_SILENCE_MS = 20000 };

int trial_run(struct probe *p, const json_t *question, struct error *err) MUST_CHECK;

#endif
