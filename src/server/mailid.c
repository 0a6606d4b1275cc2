/* SPDX-License-Identifier: MIT */
#include "server/mailid.h"

#include "base/clock.h"
#include "base/banned.h"

void mailid_make(int64_t now, char out[MAILID_MAX])
{
    static const char letters[] = "0123456789abcdefghijkmnpqrstuvwx";
    unsigned char noise[6];
    unsigned n = 0;
    clock_random(noise, sizeof noise);
    for (int shift = 30; shift >= 0; shift -= 5)
        out[n++] = letters[(now >> shift) & 31];
    for (unsigned i = 0; i < sizeof noise; i++)
        out[n++] = letters[noise[i] & 31];
    out[n] = '\0';
}
