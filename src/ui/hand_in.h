/* SPDX-License-Identifier: MIT */
/* hand_in.h - inside of the hand: what its files share. Nobody else includes it.
 * Must not know: the screen. */
#ifndef TMAIL_UI_HAND_IN_H
#define TMAIL_UI_HAND_IN_H

#include <pthread.h>

#include "cache/body.h"
#include "ui/hand.h"

enum { HAND_RAW_MAX = 1 << 20, HAND_HEADER_MAX = 128 << 10 };

struct hand {
    const struct ui_start *start;
    struct queue *asks, *says, *answers;
    pthread_t thread;
    struct cache *cache;
    struct decode *decode;
    struct bus *bus;
    int64_t bus_retry;            /* monotonic ms before which the engine is not looked for again */
    char bus_why[ERROR_TEXT_MAX]; /* why there is none, as it was told */
    unsigned umask;
    struct hand_search *search; /* under way, or the last one; NULL: none */
};
/* What a message's bytes are read with. */
struct hand_body {
    struct cache *cache;
    int64_t message;
    char key[32];
};

struct say *say_new(enum say_kind kind);
/* Takes s. */
void hand_say(struct hand *h, struct say *s);
/* note (freed here) or *err when rc is -1. */
void hand_note(struct hand *h, int rc, char *note, const struct error *err);
/* Tells the screen, as if the engine had said it. */
void hand_event(struct hand *h, const struct bus_event *ev);
void hand_hint(struct hand *h, enum bus_hint_kind kind, int64_t id, struct str text);
struct decode_src hand_source(struct hand *h, int64_t message, struct hand_body *b);
/* The summary of a message: 0; -1. */
int hand_summary(struct hand *h, struct arena *a, int64_t message, struct mime_summary *out,
                 struct error *err) MUST_CHECK;

/* hand_mail.c */
void hand_ops(struct hand *h, struct ask *a);
void hand_undo(struct hand *h);
void hand_text(struct hand *h, const struct ask *a);
void hand_raw(struct hand *h, const struct ask *a);
void hand_save(struct hand *h, const struct ask *a);
/* hand_search.c */
void hand_search(struct hand *h, const struct ask *a);
/* Looks on through the store for a moment. False: nothing is being looked for. */
bool hand_search_step(struct hand *h);
/* What a server found: true when ev was that. */
bool hand_search_found(struct hand *h, const struct bus_event *ev);
void hand_search_end(struct hand *h);
/* hand_draft.c */
void hand_new(struct hand *h, const struct ask *a);
void hand_reply(struct hand *h, const struct ask *a);
void hand_load(struct hand *h, int64_t id, const char *note);
void hand_keep(struct hand *h, struct ask *a);
void hand_store(struct hand *h, struct ask *a);
void hand_edit(struct hand *h, struct ask *a);
void hand_attach(struct hand *h, struct ask *a);
void hand_queue(struct hand *h, struct ask *a);
void hand_cancel(struct hand *h, const struct ask *a);
void hand_retry(struct hand *h, const struct ask *a);
void hand_drop(struct hand *h, const struct ask *a);

#endif
