/* SPDX-License-Identifier: MIT */
/* SEARCH (RFC 3501 §6.4.4) with RETURN (RFC 4731) and the saved result (RFC 5182), and the search
 * that SORT and THREAD begin with. */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "server/ahead.h"
#include "server/limits.h"
#include "server/searchmatch.h"
#include "server/vclock.h"
#include "wire/imap_cmd.h"
#include "wire/imap_set.h"
#include "base/banned.h"

/* ---- reading the command ---- */

struct search_key *imapd_search_keys(struct imapd *i, struct arena *a, const struct wire_node *args,
                                     struct str charset)
{
    size_t told = i->view.told;
    struct search_context context = {
        .last_number = (uint32_t)told,
        .last_uid = told > 0 ? view_row(&i->view, told - 1)->uid : 0,
        .saved = i->saved,
        .saved_n = i->saved_n,
        .now = vclock_now(i->setup.desk->clock),
        .charset = charset,
    };
    if (!search_charset(charset)) {
        imapd_no(i, "[BADCHARSET (US-ASCII UTF-8 ISO-8859-1 ISO-8859-2 ISO-8859-15 WINDOWS-1250 "
                    "WINDOWS-1251 WINDOWS-1252 KOI8-R)] this charset is not known");
        return NULL;
    }
    struct search_key *keys = search_keys_read(a, args, &context);
    if (keys == NULL)
        imapd_bad(i, "cannot read what is searched for");
    return keys;
}

/* What RETURN asks for. */
enum { RETURN_MIN = 1, RETURN_MAX = 2, RETURN_ALL = 4, RETURN_COUNT = 8, RETURN_SAVE = 16 };

static bool return_read(const struct wire_node *list, unsigned *want)
{
    static const char *const names[] = { "MIN", "MAX", "ALL", "COUNT", "SAVE" };
    if (list == NULL || list->kind != WIRE_LIST)
        return false;
    for (const struct wire_node *n = list->child; n != NULL; n = n->next) {
        size_t k = 0;
        while (k < COUNT(names) && !wire_is(n, names[k]))
            k++;
        if (k == COUNT(names))
            return false;
        *want |= 1u << k;
    }
    if (*want == 0)
        *want = RETURN_ALL;
    return true;
}

/* ---- running it ---- */

static void take(struct imapd_found *f, size_t row)
{
    if (f->n == f->cap) {
        f->cap = f->cap * 2 + 64;
        f->rows = xrealloc(f->rows, f->cap, sizeof *f->rows);
    }
    f->rows[f->n++] = row;
}

/* Those that their rows decide are found; the others are left in open. */
static void look_at_rows(struct imapd *i, const struct search_key *keys, struct imapd_found *found,
                         struct imapd_found *open)
{
    for (size_t row = 0; row < i->view.told; row++) {
        if (view_is_gone(&i->view, row))
            continue;
        enum search_verdict v =
            search_judge(keys, view_row(&i->view, row), (uint32_t)row + 1, NULL);
        if (v == SEARCH_YES)
            take(found, row);
        else if (v == SEARCH_UNKNOWN)
            take(open, row);
    }
}

/* A client that waits hears something now and then; one that went away is noticed. */
static int sign_of_life(struct imapd *i, int64_t *next_at, size_t done, size_t of,
                        struct error *err)
{
    int64_t now = clock_mono_ms();
    if (now < *next_at)
        return 0;
    *next_at = now + IMAP_SEARCH_SIGN_MS;
    buf_addf(i->out, "* OK searching, %zu of %zu\r\n", done, of);
    if (i->setup.flush(i->setup.arg, i->out) == 0)
        return 0;
    i->closing = true;
    return error_set(err, ERR_NET, RETRY_NEVER, _("the connection is gone"));
}

static int look_at_messages(struct imapd *i, const struct search_key *keys,
                            const struct imapd_found *open, struct imapd_found *found,
                            struct error *err)
{
    struct search_message m;
    struct str bytes;
    int64_t sign_at = clock_mono_ms() + IMAP_SEARCH_SIGN_MS;
    struct ahead *a = ahead_new(i->box, imapd_uids(i, open->rows, open->n), open->n,
                                keys->depth == SEARCH_HEADER, err);
    int rc = a != NULL ? 0 : -1;
    search_message_init(&m, i->setup.desk->reader, i->setup.desk->answers);
    for (size_t k = 0; k < open->n && rc >= 0; k++) {
        rc = ahead_next(a, &bytes, err);
        if (rc != 0)
            continue;
        search_message_set(&m, bytes, keys->depth);
        size_t row = open->rows[k];
        if (search_judge(keys, view_row(&i->view, row), (uint32_t)row + 1, &m) == SEARCH_YES)
            take(found, row);
        rc = sign_of_life(i, &sign_at, k, open->n, err);
    }
    search_message_clear(&m);
    ahead_free(&a);
    return rc < 0 ? -1 : 0;
}

static int row_cmp(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

int imapd_search_run(struct imapd *i, const struct search_key *keys, struct imapd_found *found,
                     struct error *err)
{
    struct imapd_found open = { 0 };
    *found = (struct imapd_found){ 0 };
    view_drain(&i->view, i->events);
    look_at_rows(i, keys, found, &open);
    size_t sure = found->n;
    int rc = open.n > 0 ? look_at_messages(i, keys, &open, found, err) : 0;
    if (sure > 0 && found->n > sure)
        qsort(found->rows, found->n, sizeof *found->rows, row_cmp);
    for (size_t k = 0; k < found->n; k++) {
        uint64_t modseq = view_row(&i->view, found->rows[k])->modseq;
        found->modseq = modseq > found->modseq ? modseq : found->modseq;
    }
    free(open.rows);
    return rc;
}

void imapd_found_clear(struct imapd_found *f)
{
    free(f->rows);
    *f = (struct imapd_found){ 0 };
}

uint32_t imapd_name_of(const struct imapd *i, size_t row)
{
    return i->by_uid ? view_row(&i->view, row)->uid : (uint32_t)row + 1;
}

/* ---- the saved result ---- */

void imapd_saved_forget(struct imapd *i)
{
    free(i->saved);
    i->saved = NULL;
    i->saved_n = 0;
}

static void save(struct imapd *i, const size_t *rows, size_t n)
{
    imapd_saved_forget(i);
    i->saved = xcalloc(n + 1, sizeof *i->saved);
    for (size_t k = 0; k < n; k++) {
        uint32_t uid = view_row(&i->view, rows[k])->uid;
        if (i->saved_n > 0 && i->saved[i->saved_n - 1].last + 1 == uid)
            i->saved[i->saved_n - 1].last = uid;
        else
            i->saved[i->saved_n++] = (struct search_range){ uid, uid };
    }
}

/* RFC 5182 §2.1: with MIN or MAX and neither ALL nor COUNT only those are saved. */
static void save_what_is_told(struct imapd *i, unsigned want, const struct imapd_found *f)
{
    size_t ends[2];
    size_t n = 0;
    if ((want & (RETURN_MIN | RETURN_MAX)) == 0 || (want & (RETURN_ALL | RETURN_COUNT)) != 0) {
        save(i, f->rows, f->n);
        return;
    }
    if ((want & RETURN_MIN) != 0 && f->n > 0)
        ends[n++] = f->rows[0];
    if ((want & RETURN_MAX) != 0 && f->n > 0 && (n == 0 || f->n > 1))
        ends[n++] = f->rows[f->n - 1];
    save(i, ends, n);
}

/* ---- the answers ---- */

static void put_set(struct imapd *i, const struct imapd_found *f)
{
    uint32_t *names = xcalloc(f->n + 1, sizeof *names);
    for (size_t k = 0; k < f->n; k++)
        names[k] = imapd_name_of(i, f->rows[k]);
    imap_set_put(i->out, names, f->n);
    free(names);
}

static void esearch_put(struct imapd *i, unsigned want, bool modseq, const struct imapd_found *f)
{
    buf_adds(i->out, "* ESEARCH (TAG ");
    wire_put_string(i->out, buf_str(&i->tag));
    buf_adds(i->out, i->by_uid ? ") UID" : ")");
    if ((want & RETURN_MIN) != 0 && f->n > 0)
        buf_addf(i->out, " MIN %" PRIu32, imapd_name_of(i, f->rows[0]));
    if ((want & RETURN_MAX) != 0 && f->n > 0)
        buf_addf(i->out, " MAX %" PRIu32, imapd_name_of(i, f->rows[f->n - 1]));
    if ((want & RETURN_COUNT) != 0)
        buf_addf(i->out, " COUNT %zu", f->n);
    if ((want & RETURN_ALL) != 0 && f->n > 0) {
        buf_adds(i->out, " ALL ");
        put_set(i, f);
    }
    if (modseq && f->n > 0)
        buf_addf(i->out, " MODSEQ %" PRIu64, f->modseq);
    buf_adds(i->out, "\r\n");
}

static void search_put(struct imapd *i, bool modseq, const struct imapd_found *f)
{
    buf_adds(i->out, "* SEARCH");
    for (size_t k = 0; k < f->n; k++)
        buf_addf(i->out, " %" PRIu32, imapd_name_of(i, f->rows[k]));
    if (modseq && f->n > 0) /* RFC 7162 §3.1.5 */
        buf_addf(i->out, " (MODSEQ %" PRIu64 ")", f->modseq);
    buf_adds(i->out, "\r\n");
}

static void search(struct imapd *i, struct arena *a, const struct wire_node *args, unsigned want,
                   struct str charset)
{
    struct error err;
    struct imapd_found found;
    if ((want & RETURN_SAVE) != 0 && !search_charset(charset))
        imapd_saved_forget(i); /* RFC 5182 §2.1: NO empties it, BAD does not */
    const struct search_key *keys = imapd_search_keys(i, a, args, charset);
    if (keys == NULL)
        return;
    if (keys->modseq)
        imapd_condstore(i);
    int rc = imapd_search_run(i, keys, &found, &err);
    if ((want & RETURN_SAVE) != 0)
        save_what_is_told(i, want, &found);
    if (rc == 0 && want == 0)
        search_put(i, keys->modseq, &found);
    else if (rc == 0 && want != RETURN_SAVE)
        esearch_put(i, want, keys->modseq, &found);
    imapd_found_clear(&found);
    imapd_tell(i, i->by_uid);
    if (rc < 0) {
        if ((want & RETURN_SAVE) != 0)
            imapd_saved_forget(i);
        imapd_fail(i, &err);
    } else
        imapd_ok(i, "Done");
}

void imapd_search(struct imapd *i, const struct wire_node *args)
{
    struct str charset = STR("UTF-8");
    unsigned want = 0;
    if (wire_is(args, "RETURN")) {
        if (!return_read(args->next, &want)) {
            imapd_bad(i, "cannot read what is to be returned");
            return;
        }
        args = args->next->next;
    } else if ((i->enabled & IMAPD_REV2) != 0)
        want = RETURN_ALL; /* RFC 9051 §6.4.4 */
    if (wire_is(args, "CHARSET")) {
        if (!imapd_text(args->next, &charset)) {
            imapd_bad(i, "cannot read the charset");
            return;
        }
        args = args->next->next;
    }
    if (want == 0 && (i->enabled & IMAPD_REV2) != 0)
        want = RETURN_ALL; /* RFC 9051 §6.4.4: the answer is ESEARCH always */
    struct arena *a = arena_new(4096);
    search(i, a, args, want, charset);
    arena_free(&a);
}
