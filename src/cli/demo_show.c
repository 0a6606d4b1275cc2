/* SPDX-License-Identifier: MIT */
#include "cli/demo_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/outbox.h"
#include "cli/engine.h"
#include "compose/draft.h"
#include "base/banned.h"

static int command(struct cli *c, const char *a, const char *b)
{
    char *argv[] = { (char *)a, (char *)b, NULL };
    int code = cli_main(c, b != NULL ? 2 : 1, argv);
    fflush(stdout);
    return code;
}

/* Sends a note to the demo's own address: its Message-ID in *mid. */
static int send_note(struct cli *c, struct arena *a, struct str *mid, struct error *err)
{
    struct draft *d = draft_new(&c->config, NULL);
    struct outbox_entry e;
    struct bus_event done;
    int64_t id;
    draft_set(&d->to, str_c(c->config.accounts[0].address));
    draft_set(&d->subject, str_c(_("A note from the demo")));
    draft_set(&d->text, str_c(_("Written, queued, sent through tmaild, fetched and shown.\n")));
    int rc = draft_queue(&d, c->cache, &c->config, clock_wall_ms() / 1000, &id, err);
    draft_free(&d);
    if (rc == 0)
        rc = cache_outbox_get(c->cache, a, id, &e, err);
    if (rc != 0)
        return -1;
    struct engine_link link;
    *mid = e.message_id;
    rc = engine_open(c, false, &link, err);
    if (rc == 0)
        rc = engine_ask(&link, &(struct bus_hint){ .kind = HINT_SEND, .id = id }, NULL, NULL, &done,
                        err);
    if (rc == 0 && done.code != 0) {
        engine_error(&done, err);
        rc = -1;
    }
    engine_close(&link);
    return rc;
}

int demo_show(struct cli *c)
{
    struct arena *a = arena_new(4096);
    struct str mid = STR("");
    struct error err;
    int code = command(c, "sync", NULL);
    if (code == EX_OK)
        code = command(c, "list", NULL);
    int rc = code == EX_OK ? cli_need_cache(c, CACHE_WRITE, &err) : 0;
    if (rc == 0 && code == EX_OK)
        rc = send_note(c, a, &mid, &err);
    if (rc == 0 && code == EX_OK)
        code = command(c, "sync", NULL);
    if (rc == 0 && code == EX_OK)
        code = command(c, "show", arena_fmt(a, "mid:%.*s", STR_ARG(mid)));
    if (rc != 0)
        code = cli_fail(&err);
    arena_free(&a);
    return code;
}
