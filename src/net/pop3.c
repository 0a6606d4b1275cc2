/* SPDX-License-Identifier: MIT */
#include "net/pop3_conn.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "net/sasl.h"
#include "base/banned.h"

enum {
    POP3_IN_MAX = 512 << 10,
    POP3_OUT_MAX = 64 << 10,
    POP3_UIDS_MAX =
        96 << 20, /* bytes of all uids: a listing of the most entries with common ones */
    TOP_LINE_BYTES = 80,
    TOP_HEAD_BYTES = 4096
};

struct pop3 *pop3_open(const struct pop3_options *o, struct error *err)
{
    struct buf said = BUF_INIT(64 << 10);
    struct pop3 *p = xcalloc(1, sizeof *p);
    p->log = o->log;
    p->wait_ms = o->wait_ms;
    p->facts = o->facts;
    buf_init(&p->in, POP3_IN_MAX);
    buf_init(&p->out, POP3_OUT_MAX);
    buf_init(&p->challenge, NET_SASL_LINE_MAX);
    snprintf(p->host, sizeof p->host, "%s", o->endpoint.host);
    p->stream = stream_open(&o->endpoint, o->connect_ms, o->cancel, o->log, &said, &p->secure, err);
    if (p->stream != NULL && p->facts != NULL)
        p->facts->tls = *stream_facts(p->stream);
    if (p->stream == NULL)
        pop3_not_greeted(p, buf_str(&said), err);
    if (p->stream == NULL || pop3_greet(p, o, buf_str(&said), err) < 0 || pop3_speak(p, err) < 0 ||
        pop3_log_in(p, o->login, &o->endpoint, err) < 0)
        pop3_close(&p);
    else
        p->facts = NULL;
    buf_free(&said);
    return p;
}

struct speak {
    const char *lines[2];
    char lang[24];
};

static void speak_put(void *arg, size_t i, struct buf *out)
{
    const struct speak *s = arg;
    buf_adds(out, s->lines[i]);
}

static int speak_reply(void *arg, size_t i, const struct wire_pop3_reply *r,
                       enum pop3_follow *follow, struct error *err)
{
    (void)arg;
    (void)i;
    (void)r;
    (void)err;
    *follow = FOLLOW_NOTHING;
    return 0;
}

/* "nl_NL.UTF-8" asks for "nl"; none for the languages that servers speak anyway. */
static bool language(char *out, size_t n)
{
    const char *locale = setlocale(LC_MESSAGES, NULL);
    size_t len = 0;
    while (locale != NULL && ascii_is_alnum(locale[len]) && !ascii_is_digit(locale[len]))
        len++;
    if (len < 2 || len > 3 || str_istarts(str_c(locale), "en"))
        return false;
    snprintf(out, n, "LANG %.*s\r\n", (int)len, locale);
    return true;
}

int pop3_speak(struct pop3 *p, struct error *err)
{
    struct speak s;
    struct pop3_job job = { .put = speak_put, .reply = speak_reply, .arg = &s };
    size_t done;
    if (p->has_utf8)
        s.lines[job.n++] = "UTF8\r\n";
    if (p->has_lang && language(s.lang, sizeof s.lang))
        s.lines[job.n++] = s.lang;
    return job.n > 0 ? pop3_run(p, &job, &done, err) : 0;
}

unsigned pop3_caps(const struct pop3 *p)
{
    return p->caps;
}

bool pop3_secure(const struct pop3 *p)
{
    return p->secure;
}

enum { ASKS_LIST, ASKS_UIDL };

static int entry_order(const void *a, const void *b)
{
    const struct pop3_entry *x = a;
    const struct pop3_entry *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* Ascending, each number once. */
static void sort_entries(struct pop3 *p)
{
    size_t n = 0;
    if (!p->unsorted)
        return;
    qsort(p->entries, p->entries_n, sizeof *p->entries, entry_order);
    for (size_t i = 0; i < p->entries_n; i++)
        if (n == 0 || p->entries[n - 1].number != p->entries[i].number)
            p->entries[n++] = p->entries[i];
    p->entries_n = n;
    p->unsorted = false;
}

static int too_many(const struct pop3 *p, struct error *err)
{
    return error_set(err, ERR_LIMIT, RETRY_LATER,
                     _("%s has more messages in this mailbox than tmail can take"), p->host);
}

static int add_entry(struct pop3 *p, uint32_t number, uint64_t size, struct error *err)
{
    if (p->entries_n == POP3_ENTRIES_MAX)
        return too_many(p, err);
    if (p->entries_n == p->entries_room) {
        p->entries_room = p->entries_room ? 2 * p->entries_room : 256;
        p->entries = xrealloc(p->entries, p->entries_room, sizeof *p->entries);
    }
    if (p->entries_n > 0 && p->entries[p->entries_n - 1].number >= number)
        p->unsorted = true;
    p->entries[p->entries_n++] = (struct pop3_entry){ .number = number, .size = size };
    return 0;
}

/* A uid of what LIST has not named came with a message that arrived in between. */
static int add_uid(struct pop3 *p, uint32_t number, struct str uid, struct error *err)
{
    struct pop3_entry key = { .number = number };
    struct pop3_entry *e = bsearch(&key, p->entries, p->entries_n, sizeof *p->entries, entry_order);
    if (arena_used(p->uids) > POP3_UIDS_MAX)
        return too_many(p, err);
    if (e != NULL)
        e->uid = arena_str(p->uids, uid);
    return 0;
}

struct listing {
    struct pop3 *pop3;
    size_t lines; /* of UIDL */
};

static void list_put(void *arg, size_t i, struct buf *out)
{
    (void)arg;
    buf_adds(out, i == ASKS_LIST ? "LIST\r\n" : "UIDL\r\n");
}

/* UIDL may be missing where CAPA does not name it; where it does, messages without one would all
 * look new. */
static int list_reply(void *arg, size_t i, const struct wire_pop3_reply *r,
                      enum pop3_follow *follow, struct error *err)
{
    struct listing *l = arg;
    struct pop3 *p = l->pop3;
    struct pop3_answer a;
    sort_entries(p);
    *follow = r->kind == POP3_OK ? FOLLOW_LINES : FOLLOW_NOTHING;
    if (r->kind == POP3_OK) {
        p->caps |= i == ASKS_UIDL ? POP3_CAP_UIDL : 0;
        return 0;
    }
    pop3_answer_keep(&a, r);
    if (i == ASKS_LIST || (p->has_capa && (p->caps & POP3_CAP_UIDL)) || a.code != SAID_NOTHING)
        return pop3_refused(p, &a, err);
    p->caps &= ~(unsigned)POP3_CAP_UIDL;
    return 0;
}

static int list_line(void *arg, size_t i, struct str line, struct error *err)
{
    struct listing *l = arg;
    struct pop3 *p = l->pop3;
    uint32_t number;
    uint64_t size;
    struct str uid;
    if (i == ASKS_LIST)
        return wire_pop3_number_size(line, &number, &size) == 0 ? add_entry(p, number, size, err)
                                                                : pop3_nonsense(p, "LIST", err);
    if (++l->lines > POP3_ENTRIES_MAX)
        return too_many(p, err);
    return wire_pop3_number_uid(line, &number, &uid) == 0 ? add_uid(p, number, uid, err)
                                                          : pop3_nonsense(p, "UIDL", err);
}

int pop3_list(struct pop3 *p, const struct pop3_entry **entries, size_t *n, struct error *err)
{
    struct listing l = { .pop3 = p };
    struct pop3_job job = {
        .n = 2, .put = list_put, .reply = list_reply, .line = list_line, .arg = &l
    };
    size_t done;
    arena_free(&p->uids);
    p->uids = arena_new(64 << 10);
    p->entries_n = 0;
    if (pop3_run(p, &job, &done, err) < 0)
        return -1;
    sort_entries(p);
    *entries = p->entries;
    *n = p->entries_n;
    return 0;
}

struct fetch {
    const struct pop3_entry *entries;
    const struct pop3_handler *h;
    int lines;
};

static void fetch_put(void *arg, size_t i, struct buf *out)
{
    const struct fetch *f = arg;
    if (f->lines < 0)
        buf_addf(out, "RETR %u\r\n", f->entries[i].number);
    else
        buf_addf(out, "TOP %u %d\r\n", f->entries[i].number, f->lines);
}

static uint64_t fetch_cost(void *arg, size_t i)
{
    const struct fetch *f = arg;
    uint64_t whole = f->entries[i].size;
    if (f->lines < 0)
        return whole;
    uint64_t top = TOP_HEAD_BYTES + (uint64_t)f->lines * TOP_LINE_BYTES;
    return top < whole ? top : whole;
}

static int fetch_reply(void *arg, size_t i, const struct wire_pop3_reply *r,
                       enum pop3_follow *follow, struct error *err)
{
    const struct fetch *f = arg;
    struct pop3_answer a;
    *follow = r->kind == POP3_OK ? FOLLOW_BODY : FOLLOW_NOTHING;
    if (r->kind == POP3_OK)
        return 0;
    pop3_answer_keep(&a, r);
    return f->h->refused(f->h->arg, i, a.words, err);
}

static int fetch_bytes(void *arg, size_t i, struct str bytes, bool last, struct error *err)
{
    const struct fetch *f = arg;
    return f->h->chunk(f->h->arg, i, bytes, last, err);
}

static bool fetch_enough(void *arg)
{
    const struct fetch *f = arg;
    return f->h->enough != NULL && f->h->enough(f->h->arg);
}

int pop3_fetch(struct pop3 *p, const struct pop3_entry *entries, size_t n, int lines,
               const struct pop3_handler *h, size_t *done, struct error *err)
{
    struct fetch f = { entries, h, lines };
    struct pop3_job job = { .n = n,
                            .put = fetch_put,
                            .cost = fetch_cost,
                            .reply = fetch_reply,
                            .bytes = fetch_bytes,
                            .enough = fetch_enough,
                            .arg = &f };
    return pop3_run(p, &job, done, err);
}

struct dele {
    const struct pop3_entry *entries;
    bool *marked;
};

static void dele_put(void *arg, size_t i, struct buf *out)
{
    const struct dele *d = arg;
    buf_addf(out, "DELE %u\r\n", d->entries[i].number);
}

static int dele_reply(void *arg, size_t i, const struct wire_pop3_reply *r,
                      enum pop3_follow *follow, struct error *err)
{
    const struct dele *d = arg;
    (void)err;
    d->marked[i] = r->kind == POP3_OK;
    *follow = FOLLOW_NOTHING;
    return 0;
}

int pop3_dele(struct pop3 *p, const struct pop3_entry *entries, size_t n, bool *marked,
              struct error *err)
{
    struct dele d = { entries, marked };
    struct pop3_job job = { .n = n, .put = dele_put, .reply = dele_reply, .arg = &d };
    size_t done;
    memset(marked, 0, n * sizeof *marked);
    return pop3_run(p, &job, &done, err);
}

int pop3_quit(struct pop3 **p, struct error *err)
{
    struct pop3_answer a;
    int rc = pop3_command(*p, STR("QUIT\r\n"), &a, err);
    if (rc == 0 && a.kind != POP3_OK) /* RFC 1939 §6: some of what was marked may still be there */
        rc = pop3_refused(*p, &a, err);
    pop3_close(p);
    return rc;
}

void pop3_close(struct pop3 **p)
{
    if (*p == NULL)
        return;
    stream_close(&(*p)->stream);
    buf_free(&(*p)->in);
    buf_wipe(&(*p)->out);
    buf_wipe(&(*p)->challenge);
    free((*p)->entries);
    arena_free(&(*p)->uids);
    free(*p);
    *p = NULL;
}
