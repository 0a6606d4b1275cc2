/* SPDX-License-Identifier: MIT */
/* FETCH (RFC 3501 §6.4.5). */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "server/ahead.h"
#include "server/bodystructure.h"
#include "server/envelope.h"
#include "server/limits.h"
#include "server/section.h"
#include "wire/imap_cmd.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

struct fetch {
    struct section items[IMAP_FETCH_ITEMS];
    size_t n;
    bool unknown_encoding; /* BINARY met one (RFC 3516 §4.3) */
};

static bool item_add(struct fetch *f, struct str item)
{
    return f->n < IMAP_FETCH_ITEMS && section_read(item, &f->items[f->n++]) == 0;
}

static bool items_read(const struct wire_node *n, struct fetch *f)
{
    static const char *const macros[][6] = {
        { "FAST", "FLAGS", "INTERNALDATE", "RFC822.SIZE", NULL, NULL },
        { "ALL", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", NULL },
        { "FULL", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY" },
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
    for (; n != NULL && n->kind != WIRE_LIST && ok; n = n->next)
        ok = n->kind == WIRE_ATOM && item_add(f, n->s);
    return ok;
}

/* The list behind what is wanted. */
static const struct wire_node *modifiers_of(const struct wire_node *n)
{
    if (n->kind == WIRE_LIST)
        return n->next;
    while (n != NULL && n->kind != WIRE_LIST)
        n = n->next;
    return n;
}

static bool wants(const struct fetch *f, enum section_kind kind)
{
    for (size_t k = 0; k < f->n; k++)
        if (f->items[k].kind == kind)
            return true;
    return false;
}

/* What of the messages is read: nothing, the headers, or all. */
enum depth { READ_NOTHING, READ_HEADER, READ_ALL };

static enum depth depth_of(const struct fetch *f)
{
    enum depth depth = READ_NOTHING;
    for (size_t k = 0; k < f->n; k++) {
        const struct section *s = &f->items[k];
        if (s->kind >= SECTION_ENVELOPE && depth == READ_NOTHING)
            depth = READ_HEADER;
        if (!section_is_header(s))
            depth = READ_ALL;
    }
    return depth;
}

/* Sends what has become much. */
static int pass_on(struct imapd *i, struct error *err)
{
    if (i->out->len <= SERVER_OUT_FLUSH || i->setup.flush(i->setup.arg, i->out) == 0)
        return 0;
    i->closing = true;
    return error_set(err, ERR_NET, RETRY_NEVER, _("the connection is gone"));
}

/* Appends bytes of any length: what is in out already goes first where it has become much. */
static int put_long(struct imapd *i, struct str bytes, struct error *err)
{
    while (bytes.n > 0) {
        struct str piece = str_head(bytes, SERVER_OUT_FLUSH);
        buf_add_str(i->out, piece);
        bytes = str_skip(bytes, piece.n);
        if (pass_on(i, err) != 0)
            return -1;
    }
    return 0;
}

static void put_name(struct imapd *i, const struct section *s)
{
    const char *what = s->kind == SECTION_BINARY        ? "BINARY"
                       : s->kind == SECTION_BINARY_SIZE ? "BINARY.SIZE"
                                                        : "BODY";
    if (s->body)
        buf_addf(i->out, "%s[%.*s]", what, STR_ARG(s->name));
    else
        buf_add_str(i->out, s->name);
    if (s->partial)
        buf_addf(i->out, "<%" PRIu32 ">", s->offset);
    buf_addc(i->out, ' ');
}

static int put_bytes(struct imapd *i, struct fetch *f, const struct section *s,
                     struct section_src *src, struct error *err)
{
    struct buf made = BUF_INIT(SERVER_OUT_MAX);
    struct str bytes = { NULL, 0 };
    int found = section_find(s, src, &made, &bytes);
    int rc = 0;
    f->unknown_encoding = f->unknown_encoding || found == 2;
    put_name(i, s);
    if (s->kind == SECTION_BINARY_SIZE)
        buf_addf(i->out, "%zu", found == 1 ? 0 : bytes.n);
    else if (found == 1)
        buf_adds(i->out, "NIL");
    else {
        bytes = section_partial(s, bytes);
        bool literal8 = s->kind == SECTION_BINARY && str_find(bytes, '\0') < bytes.n;
        buf_addf(i->out, "%s{%zu}\r\n", literal8 ? "~" : "", bytes.n);
        rc = put_long(i, bytes, err);
    }
    buf_free(&made);
    return rc;
}

static int put_item(struct imapd *i, struct fetch *f, const struct section *s,
                    const struct mailbox_row *r, struct section_src *src, struct error *err)
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
    case SECTION_MODSEQ:
        buf_addf(i->out, "MODSEQ (%" PRIu64 ")", r->modseq);
        break;
    case SECTION_ENVELOPE:
        section_split(src->message, &header, &text);
        buf_adds(i->out, "ENVELOPE ");
        envelope_put(header, i->out);
        break;
    case SECTION_BODY:
    case SECTION_BODYSTRUCTURE:
        put_name(i, s);
        bodystructure_put(src,
                          (s->kind == SECTION_BODYSTRUCTURE ? STRUCTURE_EXTENDED : 0) |
                              (imapd_utf8(i) ? STRUCTURE_GLOBAL : 0),
                          i->out);
        break;
    default:
        return put_bytes(i, f, s, src, err);
    }
    return 0;
}

static void row_begin(struct imapd *i, const struct fetch *f, size_t row)
{
    buf_addf(i->out, "* %zu FETCH (", row + 1);
    if (i->by_uid && !wants(f, SECTION_UID))
        buf_addf(i->out, "UID %" PRIu32 " ", view_row(&i->view, row)->uid);
}

static int fetch_one(struct imapd *i, struct fetch *f, size_t row, struct str message,
                     struct error *err)
{
    struct section_src src;
    int rc = 0;
    section_src_init(&src, message);
    row_begin(i, f, row);
    for (size_t k = 0; k < f->n && rc == 0; k++) {
        if (k > 0)
            buf_addc(i->out, ' ');
        rc = put_item(i, f, &f->items[k], view_row(&i->view, row), &src, err);
    }
    section_src_clear(&src);
    buf_adds(i->out, ")\r\n");
    return rc != 0 ? rc : pass_on(i, err);
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
        if ((view_row(&i->view, rows[k])->flags & IMAP_SEEN) == 0)
            j->uids[j->uids_n++] = view_row(&i->view, rows[k])->uid;
    j->mode = FLAGS_ADD;
    j->flags = IMAP_SEEN;
    if (j->uids_n > 0)
        return imapd_job(i, j, err);
    mailbox_job_free(&j);
    return 0;
}

/* ---- reading the messages ---- */

void imapd_fetch_forget(struct imapd *i)
{
    buf_free(&i->cached);
    buf_init(&i->cached, SERVER_OUT_MAX);
    i->cached_uid = 0;
}

/* A message into i->cached, where it may be already: 0, 1 when it is gone, -1. */
static int cached_read(struct imapd *i, uint32_t uid, struct error *err)
{
    if (i->cached_uid == uid)
        return 0;
    imapd_fetch_forget(i);
    struct mailbox_job *j = mailbox_job_new(MAILBOX_READ);
    j->uids = xcalloc(1, sizeof *j->uids);
    j->uids[0] = uid;
    j->uids_n = 1;
    int rc = mailbox_call(i->box, i->setup.desk->answers, &j, err);
    if (rc == 0) {
        i->cached = j->bytes;
        buf_init(&j->bytes, SERVER_OUT_MAX);
        i->cached_uid = uid;
    }
    mailbox_job_free(&j);
    return rc;
}

/* Partial fetches come in a row, for the same message: it is kept. */
static bool wants_pieces(const struct fetch *f)
{
    bool pieces = false;
    for (size_t k = 0; k < f->n; k++)
        pieces = pieces || f->items[k].partial;
    return pieces;
}

static bool is_whole(const struct section *s)
{
    return s->kind == SECTION_ALL && s->path_n == 0 && !s->partial;
}

/* True if large messages can go out as they are read. */
static bool wants_whole(const struct fetch *f)
{
    bool whole = true;
    for (size_t k = 0; k < f->n; k++)
        whole = whole && (f->items[k].kind < SECTION_ENVELOPE || is_whole(&f->items[k]));
    return whole;
}

/* The next piece of a message: 0, 1 when it is gone, -1. */
static int piece_read(struct imapd *i, uint32_t uid, uint64_t *from, struct buf *out,
                      struct error *err)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_PIECE);
    j->uids = xcalloc(1, sizeof *j->uids);
    j->uids[0] = uid;
    j->uids_n = 1;
    j->from = *from;
    int rc = mailbox_call(i->box, i->setup.desk->answers, &j, err);
    if (rc == 0) {
        *from = j->from;
        buf_clear(out);
        buf_add_str(out, buf_str(&j->bytes));
    }
    mailbox_job_free(&j);
    return rc;
}

/* Behind "{size}" so many bytes must follow. Where they do not, since another program changed the
 * file, nothing that we could say would be taken for what it is. */
static int put_streamed(struct imapd *i, const struct mailbox_row *r, struct buf *piece,
                        uint64_t from, struct error *err)
{
    uint64_t sent = 0;
    int rc = 0;
    buf_addf(i->out, "{%" PRIu64 "}\r\n", r->size);
    for (;;) {
        sent += piece->len;
        if (sent <= r->size)
            rc = put_long(i, buf_str(piece), err);
        if (rc != 0 || from == 0 || sent > r->size)
            break;
        rc = piece_read(i, r->uid, &from, piece, err);
    }
    if (rc == 0 && sent == r->size)
        return 0;
    if (rc >= 0)
        error_set(err, ERR_STORE, RETRY_NEVER, _("the message changed while it was read"));
    i->closing = true;
    return -1;
}

/* 0; 1 when it is gone; -1. */
static int fetch_streamed(struct imapd *i, struct fetch *f, size_t row, struct error *err)
{
    struct section_src none;
    struct buf piece = BUF_INIT(SERVER_OUT_MAX);
    uint64_t from = 0;
    const struct mailbox_row *r = view_row(&i->view, row);
    int rc = piece_read(i, r->uid, &from, &piece, err);
    bool fresh = true;
    if (rc == 0)
        row_begin(i, f, row);
    section_src_init(&none, STR(""));
    for (size_t k = 0; k < f->n && rc == 0; k++) {
        if (k > 0)
            buf_addc(i->out, ' ');
        if (!is_whole(&f->items[k])) {
            rc = put_item(i, f, &f->items[k], r, &none, err);
            continue;
        }
        if (!fresh) { /* asked for twice */
            from = 0;
            rc = piece_read(i, r->uid, &from, &piece, err);
        }
        fresh = false;
        put_name(i, &f->items[k]);
        rc = rc == 0 ? put_streamed(i, r, &piece, from, err) : -1;
    }
    buf_free(&piece);
    if (rc != 0)
        return rc;
    buf_adds(i->out, ")\r\n");
    return pass_on(i, err);
}

/* Rows in their order, and those among them that go out as they are read. */
struct reading {
    struct ahead *ahead; /* of the others; NULL: there are none, or nothing is read of them */
    bool one;            /* the message is kept */
    bool stream;
};

static bool is_streamed(const struct imapd *i, const struct reading *r, size_t row)
{
    return r->stream && view_row(&i->view, row)->size > IMAP_STREAM_MIN;
}

static int reading_begin(struct imapd *i, const struct fetch *f, const size_t *rows, size_t n,
                         struct reading *r, struct error *err)
{
    enum depth depth = depth_of(f);
    size_t others = 0;
    r->stream = depth == READ_ALL && wants_whole(f);
    r->one = depth == READ_ALL && n == 1 && wants_pieces(f);
    if (!r->one)
        imapd_fetch_forget(i);
    if (depth == READ_NOTHING || r->one)
        return 0;
    uint32_t *uids = xcalloc(n + 1, sizeof *uids);
    for (size_t k = 0; k < n; k++)
        if (!is_streamed(i, r, rows[k]))
            uids[others++] = view_row(&i->view, rows[k])->uid;
    if (others == 0) {
        free(uids);
        return 0;
    }
    r->ahead = ahead_new(i->box, uids, others, depth == READ_HEADER, err);
    return r->ahead != NULL ? 0 : -1;
}

/* 0; 1 when it is gone; -1. */
static int fetch_row(struct imapd *i, struct fetch *f, struct reading *r, size_t row,
                     struct error *err)
{
    struct str message = { NULL, 0 };
    int rc = 0;
    if (is_streamed(i, r, row))
        return fetch_streamed(i, f, row, err);
    if (r->ahead != NULL)
        rc = ahead_next(r->ahead, &message, err);
    else if (r->one) {
        rc = cached_read(i, view_row(&i->view, row)->uid, err);
        message = buf_str(&i->cached);
    }
    return rc == 0 ? fetch_one(i, f, row, message, err) : rc;
}

/* 0; 1 when some of them are gone; -1. */
static int fetch_rows(struct imapd *i, struct fetch *f, const size_t *rows, size_t n,
                      struct error *err)
{
    struct reading r = { 0 };
    bool missing = false;
    int rc = reading_begin(i, f, rows, n, &r, err);
    for (size_t k = 0; k < n && rc >= 0; k++) {
        rc = fetch_row(i, f, &r, rows[k], err);
        missing = missing || rc == 1;
    }
    ahead_free(&r.ahead);
    return rc < 0 ? -1 : missing;
}

/* What of the rows named is to be answered, and what went meanwhile (RFC 7162). */
static int changes_only(struct imapd *i, struct fetch *f, const struct wire_node *set,
                        const struct imapd_since *since, size_t *rows, size_t *n, struct error *err)
{
    if (since->given || wants(f, SECTION_MODSEQ))
        imapd_condstore(i);
    if (imapd_since_vanished(i, since, set->s, err) != 0)
        return -1;
    imapd_since_take(i, since, rows, n);
    return 0;
}

static void fetch_run(struct imapd *i, struct fetch *f, const struct wire_node *args,
                      const struct imapd_since *since)
{
    struct error err;
    size_t *rows;
    size_t n;
    if (!imapd_rows(i, args, &rows, &n))
        return;
    view_drain(&i->view, i->events);
    int rc = changes_only(i, f, args, since, rows, &n, &err);
    if (rc == 0)
        rc = set_seen(i, f, rows, n, &err);
    view_drain(&i->view, i->events);
    if (rc >= 0)
        rc = fetch_rows(i, f, rows, n, &err);
    imapd_tell(i, i->by_uid);
    if (rc < 0)
        imapd_fail(i, &err);
    else if (rc > 0)
        imapd_no(i, "[EXPUNGEISSUED] some of the messages are gone");
    else if (f->unknown_encoding)
        imapd_no(i, "[UNKNOWN-CTE] this transfer encoding is not known");
    else
        imapd_ok(i, "Done");
    free(rows);
}

void imapd_fetch(struct imapd *i, const struct wire_node *args)
{
    struct imapd_since since;
    struct fetch *f = xcalloc(1, sizeof *f);
    bool ok = items_read(args->next, f) && imapd_since_read(i, modifiers_of(args->next), &since);
    /* CHANGEDSINCE has MODSEQ answered without being asked for it. */
    if (ok && since.given && !wants(f, SECTION_MODSEQ))
        ok = item_add(f, STR("MODSEQ"));
    if (ok)
        fetch_run(i, f, args, &since);
    else
        imapd_bad(i, "cannot read what is wanted");
    free(f);
}
