/* SPDX-License-Identifier: MIT */
/* SORT and THREAD (RFC 5256): a search, and the headers of what it found. */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "server/ahead.h"
#include "server/limits.h"
#include "server/maildate.h"
#include "server/reader.h"
#include "server/section.h"
#include "server/sort.h"
#include "server/thread.h"
#include "base/banned.h"

/* Room to work on one header after the other. */
struct fields {
    struct imapd *i;
    struct buf raw, decoded, base;
};

static void fields_init(struct fields *f, struct imapd *i)
{
    *f = (struct fields){ .i = i };
    buf_init(&f->raw, SERVER_HEADER_MAX);
    buf_init(&f->decoded, SERVER_OUT_MAX);
    buf_init(&f->base, SERVER_HEADER_MAX);
}

static void fields_clear(struct fields *f)
{
    buf_free(&f->raw);
    buf_free(&f->decoded);
    buf_free(&f->base);
}

static struct str field(struct fields *f, struct str header, const char *name)
{
    buf_clear(&f->raw);
    section_field(header, name, &f->raw);
    return buf_str(&f->raw);
}

static int64_t sent_at(struct fields *f, struct str header, int64_t arrival)
{
    struct maildate date;
    return maildate_read(field(f, header, "Date"), &date) == 0 ? date.seconds : arrival;
}

/* In the form in which subjects are compared, in a. */
static struct str subject_of(struct fields *f, struct str header, struct arena *a, bool *reply)
{
    const struct desk *desk = f->i->setup.desk;
    struct str s = field(f, header, "Subject");
    if (str_search(s, STR("=?")) < s.n || !utf8_valid(s)) {
        buf_clear(&f->decoded);
        reader_header(desk->reader, desk->answers, s, &f->decoded);
        s = buf_str(&f->decoded);
    }
    return sort_text(a, sort_base_subject(s, &f->base, reply));
}

/* ---- SORT ---- */

static int too_much(const struct arena *a, struct error *err)
{
    if (arena_used(a) <= IMAP_SORT_MEMORY)
        return 0;
    return error_set(err, ERR_LIMIT, RETRY_NEVER, _("too many messages to sort"));
}

static void entry_fill(struct fields *f, const struct sort_order *order, struct str header,
                       struct arena *a, struct sort_entry *e)
{
    bool unused;
    if (sort_wants(order, SORT_DATE))
        e->date = sent_at(f, header, e->arrival);
    if (sort_wants(order, SORT_FROM))
        e->from = sort_mailbox(a, field(f, header, "From"));
    if (sort_wants(order, SORT_TO))
        e->to = sort_mailbox(a, field(f, header, "To"));
    if (sort_wants(order, SORT_CC))
        e->cc = sort_mailbox(a, field(f, header, "Cc"));
    if (sort_wants(order, SORT_SUBJECT))
        e->subject = subject_of(f, header, a, &unused);
}

static bool wants_headers(const struct sort_order *order)
{
    bool headers = false;
    for (size_t k = 0; k < order->n; k++)
        headers = headers || order->keys[k].by >= SORT_DATE;
    return headers;
}

/* A message that went meanwhile is left out: *n says how many there are. */
static int entries_fill(struct imapd *i, const struct sort_order *order,
                        const struct imapd_found *found, struct arena *a,
                        struct sort_entry *entries, size_t *n, struct error *err)
{
    struct fields f;
    struct ahead *ahead = NULL;
    int rc = 0;
    *n = 0;
    if (wants_headers(order) && found->n > 0 &&
        (ahead = ahead_new(i->box, imapd_uids(i, found->rows, found->n), found->n, true, err)) ==
            NULL)
        return -1;
    fields_init(&f, i);
    for (size_t k = 0; k < found->n && rc >= 0; k++) {
        struct str header = { NULL, 0 };
        const struct mailbox_row *row = view_row(&i->view, found->rows[k]);
        struct sort_entry *e = &entries[*n];
        *e = (struct sort_entry){ .row = found->rows[k], .arrival = row->date, .size = row->size };
        rc = ahead != NULL ? ahead_next(ahead, &header, err) : 0;
        if (rc != 0)
            continue;
        entry_fill(&f, order, header, a, e);
        rc = too_much(a, err);
        ++*n;
    }
    fields_clear(&f);
    ahead_free(&ahead);
    return rc < 0 ? -1 : 0;
}

static int sort_put(struct imapd *i, const struct sort_order *order,
                    const struct imapd_found *found, struct arena *a, struct error *err)
{
    size_t n;
    struct sort_entry *entries = xcalloc(found->n + 1, sizeof *entries);
    int rc = entries_fill(i, order, found, a, entries, &n, err);
    if (rc == 0) {
        sort_run(order, entries, n);
        buf_adds(i->out, "* SORT");
        for (size_t k = 0; k < n; k++)
            buf_addf(i->out, " %" PRIu32, imapd_name_of(i, entries[k].row));
        buf_adds(i->out, "\r\n");
    }
    free(entries);
    return rc;
}

/* ---- THREAD ---- */

static int thread_fill(struct imapd *i, struct thread *t, size_t row, struct str header,
                       struct fields *f, struct buf *ids, struct error *err)
{
    struct arena *a = arena_new(1024);
    const struct mailbox_row *r = view_row(&i->view, row);
    struct thread_message m = { .name = imapd_name_of(i, row),
                                .date = sent_at(f, header, r->date) };
    m.subject = subject_of(f, header, a, &m.reply);
    m.message_id = arena_str(a, field(f, header, "Message-ID"));
    m.in_reply_to = arena_str(a, field(f, header, "In-Reply-To"));
    buf_clear(ids);
    section_field(header, "References", ids);
    m.references = buf_str(ids);
    int rc = thread_add(t, &m, err);
    arena_free(&a);
    return rc;
}

static int thread_read(struct imapd *i, struct thread *t, const struct imapd_found *found,
                       struct error *err)
{
    struct fields f;
    struct str header;
    struct buf ids = BUF_INIT(SERVER_HEADER_MAX);
    int rc = 0;
    if (found->n == 0)
        return 0;
    struct ahead *ahead =
        ahead_new(i->box, imapd_uids(i, found->rows, found->n), found->n, true, err);
    if (ahead == NULL)
        return -1;
    fields_init(&f, i);
    for (size_t k = 0; k < found->n && rc >= 0; k++) {
        rc = ahead_next(ahead, &header, err);
        if (rc == 0)
            rc = thread_fill(i, t, found->rows[k], header, &f, &ids, err);
    }
    fields_clear(&f);
    buf_free(&ids);
    ahead_free(&ahead);
    return rc < 0 ? -1 : 0;
}

static int thread_put(struct imapd *i, bool references, const struct imapd_found *found,
                      struct error *err)
{
    struct thread *t = thread_new();
    int rc = thread_read(i, t, found, err);
    if (rc == 0) {
        buf_adds(i->out, "* THREAD");
        if (found->n > 0)
            buf_addc(i->out, ' ');
        if (references)
            thread_put_references(t, i->out);
        else
            thread_put_subjects(t, i->out);
        buf_adds(i->out, "\r\n");
    }
    thread_free(&t);
    return rc;
}

/* ---- the commands ---- */

/* Charset and keys behind the first argument; order NULL: THREAD. */
static void run(struct imapd *i, const struct wire_node *args, const struct sort_order *order,
                bool references)
{
    struct error err;
    struct str charset;
    struct imapd_found found = { 0 };
    struct arena *a = arena_new(4096);
    if (!imapd_text(args, &charset)) {
        imapd_bad(i, "cannot read the charset");
        arena_free(&a);
        return;
    }
    const struct search_key *keys = imapd_search_keys(i, a, args->next, charset);
    if (keys == NULL) {
        arena_free(&a);
        return;
    }
    int rc = imapd_search_run(i, keys, &found, &err);
    if (rc == 0)
        rc = order != NULL ? sort_put(i, order, &found, a, &err)
                           : thread_put(i, references, &found, &err);
    imapd_found_clear(&found);
    arena_free(&a);
    imapd_tell(i, i->by_uid);
    if (rc < 0)
        imapd_fail(i, &err);
    else
        imapd_ok(i, "Done");
}

void imapd_sort(struct imapd *i, const struct wire_node *args)
{
    struct sort_order order;
    if (sort_order_read(args, &order) != 0)
        imapd_bad(i, "cannot read the order");
    else
        run(i, args->next, &order, false);
}

void imapd_thread(struct imapd *i, const struct wire_node *args)
{
    bool references = wire_is(args, "REFERENCES");
    if (!references && !wire_is(args, "ORDEREDSUBJECT"))
        imapd_bad(i, "this way to make threads is not known");
    else
        run(i, args->next, NULL, references);
}
