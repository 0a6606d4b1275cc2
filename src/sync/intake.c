/* SPDX-License-Identifier: MIT */
#include "sync/intake.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "sync/columns.h"
#include "sync/head.h"
#include "base/banned.h"

/* How many messages may wait for their summary, and how many of their bytes. */
enum {
    UNDER_WAY_MAX = 64,
    UNDER_WAY_BYTES = 4 << 20,
    SALVAGE_MS = 1000 /* after a failure no summary is waited for longer */
};

/* A message whose summary is still being made. */
struct item {
    uint64_t tag, size;
    bool wanted;
    struct intake_facts facts;
    char *keywords, *objectid, *preview, *pop; /* facts' strings */
    struct head head;
    unsigned char known_by[32]; /* head, ended */
    struct item *next;
};

struct intake {
    struct sync_account *w;
    enum intake_what what;
    struct item *head, **tail; /* in the order of their decode_begin */
    size_t under_way;
    uint64_t under_way_bytes;
    struct item *open; /* its bytes are coming in; not in the list yet */
};

static void item_free(struct item **i)
{
    if (*i == NULL)
        return;
    free((*i)->keywords);
    free((*i)->objectid);
    free((*i)->preview);
    free((*i)->pop);
    head_drop(&(*i)->head);
    free(*i);
    *i = NULL;
}

/* ------------------------------------------------------------------ decoder → commit */

static void item_commit(struct intake *in, struct item *i, struct arena **a,
                        const struct mime_summary *s)
{
    bool whole = in->what == INTAKE_WHOLE;
    int64_t received = i->facts.received;
    struct cache_message m = {
        .account = in->w->id, .date = received, .received = received, .size = i->size
    };
    columns_fill(*a, s, &m);
    if (m.preview.n == 0)
        m.preview = columns_preview(*a, i->facts.preview);
    memcpy(m.head, i->known_by, sizeof m.head);
    memcpy(m.identity, i->known_by, sizeof m.identity); /* until the body's own takes its place */
    struct cache_placement where = i->facts.where;
    where.keywords = arena_str(*a, where.keywords);
    m.objectid = arena_str(*a, i->facts.objectid);
    commit_message(in->w->commit, whole ? i->tag : 0, a, &m, &where, arena_str(*a, i->facts.pop));
    in->w->fetched += whole;
}

/* Takes one summary if there is one within wait_ms. 0, 1 nothing yet, -1. */
static int summary_take(struct intake *in, int wait_ms, struct error *err)
{
    struct arena *a = arena_new(2048);
    struct mime_summary s;
    uint64_t tag;
    struct item *i = in->head;
    int rc = decode_take(in->w->decode, a, wait_ms, &tag, &s, err);
    if (rc == 0 || rc == 1) {
        in->head = i->next;
        if (in->head == NULL)
            in->tail = &in->head;
        in->under_way--;
        in->under_way_bytes -= i->head.size;
        if (i->wanted)
            item_commit(in, i, &a, &s);
        else if (in->what == INTAKE_WHOLE)
            commit_drop(in->w->commit, i->tag);
        item_free(&i);
        rc = 0;
    } else if (rc == 2) {
        rc = 1;
    }
    arena_free(&a);
    return rc;
}

/* Takes those that are there, and waits until no more than leave and bytes are under way. */
static int summaries_take(struct intake *in, size_t leave, uint64_t bytes, struct error *err)
{
    while (in->head != NULL) {
        bool wait = in->under_way > leave || in->under_way_bytes > bytes;
        int rc = summary_take(in, wait ? DECODE_WAIT_MS : 0, err);
        if (rc == 1 && wait)
            return error_set(err, ERR_SYS, RETRY_LATER, _("tmail-decode does not answer"));
        if (rc != 0)
            return rc < 0 ? -1 : 0;
    }
    return 0;
}

/* ------------------------------------------------------------------ connection → decoder */

static int item_begin(struct intake *in, struct error *err)
{
    in->open = xcalloc(1, sizeof *in->open);
    in->open->tag = ++in->w->tag;
    head_init(&in->open->head);
    return decode_begin(in->w->decode, in->open->tag, (struct str){ "", 0 }, err);
}

int intake_bytes(struct intake *in, struct str bytes, bool last, struct error *err)
{
    if (in->open == NULL && item_begin(in, err) != 0)
        return -1;
    head_add(&in->open->head, bytes);
    in->w->taken += bytes.n;
    if (in->what == INTAKE_WHOLE)
        commit_bytes(in->w->commit, in->open->tag, bytes);
    return decode_feed(in->w->decode, in->open->tag, bytes, last, err);
}

bool intake_is_open(const struct intake *in)
{
    return in->open != NULL;
}

static char *copied(struct str *s)
{
    char *copy = xmemdup0(s->p, s->n);
    s->p = copy;
    return copy;
}

int intake_end(struct intake *in, const struct intake_facts *facts, struct error *err)
{
    struct item *i = in->open;
    in->open = NULL;
    i->wanted = facts != NULL;
    if (i->wanted) {
        i->facts = *facts;
        i->keywords = copied(&i->facts.where.keywords);
        i->objectid = copied(&i->facts.objectid);
        i->preview = copied(&i->facts.preview);
        i->pop = copied(&i->facts.pop);
    }
    i->size = i->facts.size != 0 ? i->facts.size : i->head.size;
    head_end(&i->head, i->size, i->known_by);
    *in->tail = i;
    in->tail = &i->next;
    in->under_way++;
    in->under_way_bytes += i->head.size;
    return summaries_take(in, UNDER_WAY_MAX, UNDER_WAY_BYTES, err);
}

/* ------------------------------------------------------------------ a run of them */

struct intake *intake_new(struct sync_account *w, enum intake_what what, struct error *err)
{
    if (w->decode == NULL && (w->decode = decode_new(NULL, NULL, err)) == NULL)
        return NULL;
    struct intake *in = xcalloc(1, sizeof *in);
    in->w = w;
    in->what = what;
    in->tail = &in->head;
    return in;
}

/* After a failure: the messages that came whole before it. */
static void salvage(struct intake *in)
{
    struct error ignored = { 0 };
    while (in->head != NULL && in->w->decode != NULL)
        if (summary_take(in, SALVAGE_MS, &ignored) != 0)
            return;
}

int intake_finish(struct intake **in, int rc, struct error *err)
{
    if (rc != 0)
        salvage(*in);
    if (rc == 0)
        rc = summaries_take(*in, 0, 0, err);
    if (rc != 0) /* questions were left open: a fresh one cannot mix up their answers */
        decode_free(&(*in)->w->decode);
    for (struct item *i; (i = (*in)->head) != NULL;) {
        (*in)->head = i->next;
        item_free(&i);
    }
    item_free(&(*in)->open);
    free(*in);
    *in = NULL;
    return rc;
}
