/* SPDX-License-Identifier: MIT */
/* checkup.h - looks at one account's servers, or where its mail lies on this machine, the probe of kind "checkup":
 * connects and logs in as the engine does, reads, and changes and sends nothing. A password that the server for
 * receiving refused is not shown to the one for sending as the same user's. The question: "config" and "store", paths, and "account". Each
 * finding:
 *   {"say": "line", "level": "ok" | "note" | "wrong", "about": "receiving" | "sending", "text": SENTENCE, "code":
 *    enum error_code (of what is wrong), "later": true}
 * Must not know: how it is shown. */
#ifndef TMAIL_SYNC_CHECKUP_H
#define TMAIL_SYNC_CHECKUP_H

#include "sync/probe.h"

enum {
    CHECKUP_KIND_MS = 120000,
    CHECKUP_CONNECT_MS = 15000,
    CHECKUP_SILENCE_MS = 30000,
    CHECKUP_LISTED_MAX = 10000,
    CHECKUP_CLOCK_S = 300, /* so far the clocks may be apart */
    CHECKUP_DAYS = 14,     /* a certificate that ends sooner is told */
    CHECKUP_FULL = 90      /* percent of a quota from where on it is told */
};

int checkup_run(struct probe *p, const json_t *question, struct error *err) MUST_CHECK;

#endif
