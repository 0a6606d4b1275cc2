/* SPDX-License-Identifier: MIT */
/* find.h - finds the mail servers of an address, the probe of kind "find". The question: "address";
 * "directory": false leaves Thunderbird's directory out (it is told the domain); "reach" (reach.h). All
 * sources of rank.h are asked at the same time, for FIND_MS in all, and each is told as progress. Where
 * the DNS alone names a server outside of the mail domain, the person is asked once (RFC 6186 §6). The
 * finding:
 *   {"say": "found", "source": NAME, "provider": NAME, "sign-in": provider.h's name, "oauth": "google" |
 *    "microsoft", "hint": SENTENCE, "receive": [SERVER...], "send": [SERVER...]}, best first, where a SERVER is
 *   {"protocol": "imap" | "pop3" | "smtp", "host", "port", "tls": "direct" | "starttls" | "none", "user",
 *    "oauth": true, "sure": true}, the last where the source said which user
 * The end is ERR_NOINPUT when nothing was found, ERR_ADDRESS for what is no address.
 * Must not know: passwords. */
#ifndef TMAIL_SYNC_FIND_H
#define TMAIL_SYNC_FIND_H

#include "sync/probe.h"

enum { FIND_MS = 5000, FIND_KIND_MS = 20000 };

int find_run(struct probe *p, const json_t *question, struct error *err) MUST_CHECK;

#endif
