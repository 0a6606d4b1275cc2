/* SPDX-License-Identifier: MIT */
#include "server/mailid.h"

#include "server/vclock.h"
#include "base/banned.h"

int64_t mailid_make(struct vclock *clock, char out[MAILID_MAX])
{
    static const char letters[] = "0123456789abcdefghijkmnpqrstuvwx";
    int64_t now = vclock_now(clock);
    uint64_t chance = vclock_chance(clock);
    unsigned n = 0;
    for (int shift = 30; shift >= 0; shift -= 5)
        out[n++] = letters[(now >> shift) & 31];
    for (int shift = 30; shift >= 0; shift -= 5)
        out[n++] = letters[(chance >> shift) & 31];
    out[n] = '\0';
    return now;
}
