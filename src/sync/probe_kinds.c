/* SPDX-License-Identifier: MIT */
#include "sync/probe.h"

#include "bus/jline.h"
#include "config.h"
#include "sync/trial.h"
#include "sync/checkup.h"
#include "sync/find.h"
#include "sync/signin.h"
#include "base/banned.h"

enum { VERSION_MS = 1000 };

/* Which engine this is: a tmail and its engine belong together. */
static int version_run(struct probe *p, const json_t *question, struct error *err)
{
    (void)question, (void)err;
    json_t *o = json_object();
    jline_put(o, "say", STR("version"));
    jline_put(o, "text", STR(PACKAGE_VERSION));
    probe_say(p, o);
    return 0;
}

const struct probe_kind probe_kinds[] = {
    { "checkup", CHECKUP_KIND_MS, checkup_run },       { "find", FIND_KIND_MS, find_run },
    { "sign-in", SIGNIN_KIND_MS, signin_run },         { "try", TRIAL_KIND_MS, trial_run },
    { "tokens", SIGNIN_TOKENS_MS, signin_tokens_run }, { "version", VERSION_MS, version_run },
};
const size_t probe_kinds_n = COUNT(probe_kinds);
