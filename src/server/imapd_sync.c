/* SPDX-License-Identifier: MIT */
/* ENABLE (RFC 5161), and what CONDSTORE and QRESYNC (RFC 7162) add to the other commands. */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "wire/imap_resp.h"
#include "wire/imap_set.h"
#include "base/banned.h"

static const struct {
    const char *name;
    unsigned enables;
} enable_names[] = {
    { "CONDSTORE", IMAPD_CONDSTORE },
    { "QRESYNC", IMAPD_CONDSTORE | IMAPD_QRESYNC },
    { "UTF8=ACCEPT", IMAPD_UTF8 },
    { "IMAP4rev2", IMAPD_REV2 },
};

static void modseq_code(struct imapd *i, uint64_t modseq)
{
    buf_addf(i->out, "* OK [HIGHESTMODSEQ %" PRIu64 "] Highest\r\n", modseq);
}

/* RFC 7162 §3.1: the first command of that kind has the number answered. */
void imapd_condstore(struct imapd *i)
{
    if ((i->enabled & IMAPD_CONDSTORE) == 0 && i->box != NULL)
        modseq_code(i, i->view.modseq);
    i->enabled |= IMAPD_CONDSTORE;
    imapd_enabled(i);
}

void imapd_enabled(struct imapd *i)
{
    i->view.with_modseq = (i->enabled & IMAPD_CONDSTORE) != 0;
    i->view.vanished = (i->enabled & IMAPD_QRESYNC) != 0;
}

bool imapd_utf8(const struct imapd *i)
{
    return (i->enabled & (IMAPD_UTF8 | IMAPD_REV2)) != 0;
}

/* RFC 5161 §3.1: what is not known is passed over. */
void imapd_enable(struct imapd *i, const struct wire_node *args)
{
    struct buf names = BUF_INIT(256);
    for (; args != NULL; args = args->next)
        for (size_t k = 0; k < COUNT(enable_names); k++)
            if (wire_is(args, enable_names[k].name) &&
                (i->enabled & enable_names[k].enables) != enable_names[k].enables) {
                buf_addf(&names, " %s", enable_names[k].name);
                if ((enable_names[k].enables & IMAPD_CONDSTORE) != 0)
                    imapd_condstore(i);
                i->enabled |= enable_names[k].enables;
            }
    imapd_enabled(i);
    buf_addf(i->out, "* ENABLED%s\r\n", buf_c(&names));
    imapd_ok(i, "Done");
    buf_free(&names);
}

/* ---- sets of UIDs as ranges ---- */

struct range {
    uint32_t first, last;
};
struct ranges {
    struct range *p;
    size_t n;
};

static int range_cmp(const void *a, const void *b)
{
    const struct range *x = a;
    const struct range *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Ascending and apart from each other; -1 for what is no set. */
static int ranges_read(struct str set, uint32_t star, struct ranges *out)
{
    size_t cap = 0;
    struct range r;
    int rc;
    *out = (struct ranges){ 0 };
    while ((rc = imap_set_next(&set, star, &r.first, &r.last)) == 0) {
        if (out->n == cap) {
            cap = 2 * cap + 8;
            out->p = xrealloc(out->p, cap, sizeof *out->p);
        }
        out->p[out->n++] = r;
    }
    if (out->n > 1)
        qsort(out->p, out->n, sizeof *out->p, range_cmp);
    size_t kept = 0;
    for (size_t k = 0; k < out->n; k++)
        if (kept > 0 && out->p[k].first <= out->p[kept - 1].last) {
            if (out->p[k].last > out->p[kept - 1].last)
                out->p[kept - 1].last = out->p[k].last;
        } else
            out->p[kept++] = out->p[k];
    out->n = kept;
    return rc == 1 ? 0 : -1;
}

static bool ranges_have(const struct ranges *r, uint32_t uid)
{
    size_t lo = 0;
    size_t hi = r->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->p[mid].last < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < r->n && r->p[lo].first <= uid;
}

/* ---- VANISHED (EARLIER) ---- */

/* What the client knows of: UIDs of known, above above, below next. */
struct earlier {
    struct ranges known;
    uint32_t above, next;
    struct buf set; /* of UIDs, for the answer */
};

static void set_add(struct buf *set, uint32_t first, uint32_t last)
{
    buf_addf(set, "%s%" PRIu32, set->len > 0 ? "," : "", first);
    if (last > first)
        buf_addf(set, ":%" PRIu32, last);
}

/* What went is not remembered: all that is not there any more. */
static void gaps_take(const struct view *v, struct earlier *e)
{
    for (size_t k = 0; k < e->known.n; k++) {
        uint32_t first = e->known.p[k].first > e->above ? e->known.p[k].first : e->above + 1;
        uint32_t last = e->known.p[k].last < e->next ? e->known.p[k].last : e->next - 1;
        for (size_t row = view_lower(v, first); first <= last && first > 0; row++) {
            uint32_t uid = row < view_n(v) ? view_row(v, row)->uid : UINT32_MAX;
            uint32_t end = uid <= last ? uid - 1 : last;
            if (first <= end)
                set_add(&e->set, first, end);
            if (uid > last)
                break;
            first = uid + 1;
        }
    }
}

static void gone_take(const struct view *v, const struct mailbox_job *j, struct earlier *e)
{
    uint32_t *uids = xcalloc(j->gone_n + 1, sizeof *uids);
    size_t n = 0;
    for (size_t k = 0; k < j->gone_n; k++) {
        uint32_t uid = j->gone[k];
        if (uid > e->above && ranges_have(&e->known, uid) && rows_find(&v->rows, uid) == v->rows.n)
            uids[n++] = uid;
    }
    imap_set_put(&e->set, uids, n);
    free(uids);
}

static void earlier_put(struct imapd *i, const struct mailbox_job *j, struct earlier *e)
{
    buf_init(&e->set, SIZE_MAX / 2);
    if (j->gone_known)
        gone_take(&i->view, j, e);
    else
        gaps_take(&i->view, e);
    if (e->set.len > 0)
        buf_addf(i->out, "* VANISHED (EARLIER) %s\r\n", buf_c(&e->set));
    buf_free(&e->set);
}

/* ---- SELECT (RFC 7162 §3.2.5) ---- */

/* validity modseq [known-uids] [(seqs uids)] */
static bool qresync_read(struct imapd *i, const struct wire_node *n, struct imapd_resync *out)
{
    if (n == NULL || n->kind != WIRE_LIST || (i->enabled & IMAPD_QRESYNC) == 0)
        return false;
    n = n->child;
    if (wire_u32(n, &out->validity) != 0 || wire_u64(n->next, &out->modseq) != 0)
        return false;
    n = n->next->next;
    if (n != NULL && n->kind == WIRE_ATOM) {
        out->known = n->s;
        if (!imap_set_valid(out->known) || str_find(out->known, '*') < out->known.n)
            return false;
        n = n->next;
    }
    if (n != NULL && n->kind == WIRE_LIST && wire_count(n->child) == 2) {
        out->seqs = n->child->s;
        out->uids = n->child->next->s;
        if (!imap_set_valid(out->seqs) || !imap_set_valid(out->uids))
            return false;
        n = n->next;
    }
    out->given = true;
    return n == NULL;
}

bool imapd_resync_read(struct imapd *i, const struct wire_node *n, struct imapd_resync *out)
{
    *out = (struct imapd_resync){ 0 };
    if (n == NULL)
        return true;
    if (n->kind != WIRE_LIST || n->next != NULL)
        return false;
    for (n = n->child; n != NULL; n = n->next) {
        if (wire_is(n, "CONDSTORE"))
            out->condstore = true;
        else if (wire_is(n, "QRESYNC") && !out->given && qresync_read(i, n->next, out))
            n = n->next;
        else
            return false;
    }
    return true;
}

/* The next number of a set, which is taken off it range by range. */
static bool number_next(struct str *set, struct range *r, uint32_t *out)
{
    if (r->first > r->last && imap_set_next(set, UINT32_MAX, &r->first, &r->last) != 0)
        return false;
    *out = r->first++;
    return *out != UINT32_MAX;
}

/* RFC 7162 §3.2.5.2: the highest UID up to which the client's numbers are ours. */
static uint32_t matched_uid(const struct view *v, struct str seqs, struct str uids)
{
    struct range s = { 1, 0 };
    struct range u = { 1, 0 };
    uint32_t seq;
    uint32_t uid;
    uint32_t matched = 0;
    while (number_next(&seqs, &s, &seq) && number_next(&uids, &u, &uid) && seq <= view_n(v) &&
           view_row(v, seq - 1)->uid == uid)
        matched = uid;
    return matched;
}

void imapd_resync_put(struct imapd *i, const struct imapd_resync *r, const struct mailbox_job *j)
{
    const struct view *v = &i->view;
    struct earlier e = { .next = j->uid_next };
    if (!r->given || r->validity != j->validity)
        return;
    if (ranges_read(r->known.n > 0 ? r->known : STR("1:*"), UINT32_MAX, &e.known) == 0) {
        e.above = matched_uid(v, r->seqs, r->uids);
        earlier_put(i, j, &e);
        for (size_t row = 0; row < view_n(v); row++)
            if (view_row(v, row)->modseq > r->modseq &&
                ranges_have(&e.known, view_row(v, row)->uid))
                view_put_flags(v, row, i->out);
    }
    free(e.known.p);
}

/* ---- FETCH (RFC 7162 §3.1.4, §3.2.6) ---- */

bool imapd_since_read(struct imapd *i, const struct wire_node *n, struct imapd_since *out)
{
    *out = (struct imapd_since){ 0 };
    if (n == NULL)
        return true;
    if (n->kind != WIRE_LIST || n->next != NULL)
        return false;
    for (n = n->child; n != NULL; n = n->next) {
        if (wire_is(n, "CHANGEDSINCE") && wire_u64(n->next, &out->modseq) == 0) {
            out->given = true;
            n = n->next;
        } else if (wire_is(n, "VANISHED"))
            out->vanished = true;
        else
            return false;
    }
    return out->given && (!out->vanished || (i->by_uid && (i->enabled & IMAPD_QRESYNC) != 0));
}

void imapd_since_take(struct imapd *i, const struct imapd_since *s, size_t *rows, size_t *n)
{
    size_t kept = 0;
    for (size_t k = 0; k < *n && s->given; k++)
        if (view_row(&i->view, rows[k])->modseq > s->modseq)
            rows[kept++] = rows[k];
    if (s->given)
        *n = kept;
}

int imapd_since_vanished(struct imapd *i, const struct imapd_since *s, struct str set,
                         struct error *err)
{
    struct earlier e = { 0 };
    if (!s->vanished)
        return 0;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_GONE);
    j->since = s->modseq;
    int rc = mailbox_call(i->box, i->setup.desk->answers, &j, err);
    if (rc == 0) {
        view_drain(&i->view, i->events);
        e.next = j->uid_next;
        /* "*" is the last message that there is, or was. */
        if (ranges_read(set, j->uid_next - 1, &e.known) == 0)
            earlier_put(i, j, &e);
        free(e.known.p);
    }
    mailbox_job_free(&j);
    return rc;
}

/* ---- STORE (RFC 7162 §3.1.3) ---- */

const struct wire_node *imapd_unchanged_read(const struct wire_node *n, uint64_t *modseq)
{
    *modseq = UINT64_MAX;
    if (n == NULL || n->kind != WIRE_LIST)
        return n;
    if (!wire_is(n->child, "UNCHANGEDSINCE") || wire_u64(n->child->next, modseq) != 0 ||
        n->child->next->next != NULL)
        return NULL;
    return n->next;
}

void imapd_put_modseq(struct imapd *i, size_t row)
{
    const struct mailbox_row *r = view_row(&i->view, row);
    buf_addf(i->out, "* %zu FETCH (UID %" PRIu32 " MODSEQ (%" PRIu64 "))\r\n", row + 1, r->uid,
             r->modseq);
}

void imapd_modified(const struct imapd *i, const struct mailbox_job *j, struct buf *code)
{
    uint32_t *numbers = xcalloc(j->modified_n + 1, sizeof *numbers);
    for (size_t k = 0; k < j->modified_n; k++)
        numbers[k] =
            i->by_uid ? j->modified[k] : (uint32_t)view_lower(&i->view, j->modified[k]) + 1;
    if (j->modified_n > 0) {
        buf_adds(code, "[MODIFIED ");
        imap_set_put(code, numbers, j->modified_n);
        buf_adds(code, "] ");
    }
    free(numbers);
}
