/* SPDX-License-Identifier: MIT */
/* FETCH (RFC 3501 §6.4.5). */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "server/ahead.h"
#include "server/envelope.h"
#include "server/limits.h"
#include "server/section.h"
#include "wire/imap_cmd.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

struct fetch {
    struct section items[IMAP_FETCH_ITEMS];
    size_t n;
};

static bool item_add(struct fetch *f, struct str item)
{
    return f->n < IMAP_FETCH_ITEMS && section_read(item, &f->items[f->n++]) == 0;
}

static bool items_read(const struct wire_node *n, struct fetch *f)
{
    static const char *const macros[][5] = {
        { "FAST", "FLAGS", "INTERNALDATE", "RFC822.SIZE", NULL },
        { "ALL", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE" },
    };
    bool ok = n != NULL;
    if (ok && n->kind == WIRE_LIST)
        n = n->child;
    for (size_t m = 0; m < COUNT(macros) && ok; m++)
        if (wire_is(n, macros[m][0])) {
            for (size_t k = 1; k < COUNT(macros[m]) && macros[m][k] != NULL; k++)
                ok = ok && item_add(f, str_c(macros[m][k]));
            return ok;
        }
    for (; n != NULL && ok; n = n->next)
        ok = n->kind == WIRE_ATOM && item_add(f, n->s);
    return ok;
}

static bool wants(const struct fetch *f, enum section_kind kind)
{
    for (size_t k = 0; k < f->n; k++)
        if (f->items[k].kind == kind)
            return true;
    return false;
}

static bool wants_bytes(const struct fetch *f)
{
    bool bytes = false;
    for (size_t k = 0; k < f->n; k++)
        bytes = bytes || f->items[k].kind >= SECTION_ENVELOPE;
    return bytes;
}

static void put_bytes(struct imapd *i, const struct section *s, struct str bytes)
{
    struct buf made = BUF_INIT(SERVER_OUT_MAX);
    if (s->kind != SECTION_ALL) {
        section_bytes(s, bytes, &made);
        bytes = buf_str(&made);
    }
    bytes = section_partial(s, bytes);
    buf_addf(i->out, s->body ? "BODY[%.*s]" : "%.*s", STR_ARG(s->name));
    if (s->partial)
        buf_addf(i->out, "<%" PRIu32 ">", s->offset);
    buf_addf(i->out, " {%zu}\r\n", bytes.n);
    buf_add_str(i->out, bytes);
    buf_free(&made);
}

static void put_item(struct imapd *i, const struct section *s, const struct mailbox_row *r,
                     struct str message)
{
    struct str header;
    struct str text;
    switch (s->kind) {
    case SECTION_FLAGS:
        buf_adds(i->out, "FLAGS ");
        wire_put_flags(i->out, r->flags, str_c(r->keywords));
        break;
    case SECTION_UID:
        buf_addf(i->out, "UID %" PRIu32, r->uid);
        break;
    case SECTION_DATE:
        buf_adds(i->out, "INTERNALDATE ");
        wire_put_date(i->out, r->date);
        break;
    case SECTION_SIZE:
        buf_addf(i->out, "RFC822.SIZE %" PRIu64, r->size);
        break;
    case SECTION_ENVELOPE:
        section_split(message, &header, &text);
        buf_adds(i->out, "ENVELOPE ");
        envelope_put(header, i->out);
        break;
    default:
        put_bytes(i, s, message);
        break;
    }
}

static int fetch_one(struct imapd *i, const struct fetch *f, size_t row, struct str message,
                     struct error *err)
{
    const struct mailbox_row *r = &i->view.rows[row].r;
    buf_addf(i->out, "* %zu FETCH (", row + 1);
    if (i->by_uid && !wants(f, SECTION_UID))
        buf_addf(i->out, "UID %" PRIu32 " ", r->uid);
    for (size_t k = 0; k < f->n; k++) {
        if (k > 0)
            buf_addc(i->out, ' ');
        put_item(i, &f->items[k], r, message);
    }
    buf_adds(i->out, ")\r\n");
    if (i->out->len > SERVER_OUT_FLUSH && i->setup.flush(i->setup.arg, i->out) != 0) {
        i->closing = true;
        return error_set(err, ERR_NET, RETRY_NEVER, _("the connection is gone"));
    }
    return 0;
}

/* RFC 3501 §6.4.5: BODY[...] without PEEK sets \Seen. */
static int set_seen(struct imapd *i, const struct fetch *f, const size_t *rows, size_t n,
                    struct error *err)
{
    bool peek = true;
    for (size_t k = 0; k < f->n; k++)
        peek = peek && f->items[k].peek;
    if (peek || i->read_only)
        return 0;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_STORE);
    j->uids = xcalloc(n + 1, sizeof *j->uids);
    for (size_t k = 0; k < n; k++)
        if ((i->view.rows[rows[k]].r.flags & IMAP_SEEN) == 0)
            j->uids[j->uids_n++] = i->view.rows[rows[k]].r.uid;
    j->mode = FLAGS_ADD;
    j->flags = IMAP_SEEN;
    if (j->uids_n > 0)
        return imapd_job(i, j, err);
    mailbox_job_free(&j);
    return 0;
}

/* Partial fetches come in a row, for the same message: it is kept. */
static bool wants_pieces(const struct fetch *f)
{
    bool pieces = false;
    for (size_t k = 0; k < f->n; k++)
        pieces = pieces || f->items[k].partial;
    return pieces;
}

/* 0; 1 when some of them are gone; -1. */
static int fetch_rows(struct imapd *i, const struct fetch *f, const size_t *rows, size_t n,
                      struct error *err)
{
    struct ahead *a = NULL;
    bool bytes = wants_bytes(f);
    bool one = bytes && n == 1 && wants_pieces(f);
    bool missing = false;
    int rc = 0;
    if (bytes && !one && n > 0 &&
        (a = ahead_new(i->box, imapd_uids(i, rows, n), n, false, err)) == NULL)
        return -1;
    for (size_t k = 0; k < n && rc >= 0; k++) {
        struct str message = { NULL, 0 };
        if (a != NULL)
            rc = ahead_next(a, &message, err);
        else if (one) {
            rc = imapd_read(i, rows[k], err);
            message = buf_str(&i->cached);
        }
        missing = missing || rc == 1;
        if (rc == 0)
            rc = fetch_one(i, f, rows[k], message, err);
    }
    ahead_free(&a);
    return rc < 0 ? -1 : missing;
}

void imapd_fetch(struct imapd *i, const struct wire_node *args)
{
    struct error err;
    size_t *rows;
    size_t n;
    struct fetch *f = xcalloc(1, sizeof *f);
    if (!items_read(args->next, f)) {
        imapd_bad(i, "cannot read what is wanted");
        free(f);
        return;
    }
    if (!imapd_rows(i, args, &rows, &n)) {
        free(f);
        return;
    }
    int rc = set_seen(i, f, rows, n, &err);
    view_drain(&i->view, i->events);
    if (rc >= 0)
        rc = fetch_rows(i, f, rows, n, &err);
    imapd_tell(i, i->by_uid);
    if (rc < 0)
        imapd_fail(i, &err);
    else if (rc > 0)
        imapd_no(i, "[EXPUNGEISSUED] some of the messages are gone");
    else
        imapd_ok(i, "Done");
    free(rows);
    free(f);
}
