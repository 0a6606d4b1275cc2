/* SPDX-License-Identifier: MIT */
/* What a server says to the client: lines as trees, streamed literals, typed views. */
#include "fuzz.h"
#include "imap_trace.h"

#include "wire/imap_resp.h"
#include "base/banned.h"

static void sets(const struct imap_resp *r, struct buf *out)
{
    uint32_t first, last;
    struct str set = r->uids_from;
    FUZZ_CHECK(r->uids_from.n == 0 || imap_set_valid(r->uids_from));
    FUZZ_CHECK(r->uids_to.n == 0 || imap_set_valid(r->uids_to));
    if (r->code == CODE_COPYUID)
        FUZZ_CHECK(imap_set_count(r->uids_from, 0) == imap_set_count(r->uids_to, 0));
    while (imap_set_next(&set, UINT32_MAX, &first, &last) == 0)
        FUZZ_CHECK(first <= last && first > 0);
    buf_addf(out, " %.*s %.*s", STR_ARG(r->uids_from), STR_ARG(r->uids_to));
}

static void extensions(const struct imap_resp *r, struct buf *out)
{
    const struct imap_fetch *f = &r->fetch;
    struct str strings[] = {
        f->emailid,     f->threadid,        f->preview,       r->status.mailboxid, r->list.old_name,
        r->esearch.tag, r->personal.prefix, r->others.prefix, r->shared.prefix,    r->quota.root,
        r->id
    };
    for (size_t i = 0; i < COUNT(strings); i++)
        buf_add_str(out, strings[i]);
    FUZZ_CHECK(f->modseq <= IMAP_MODSEQ_MAX && r->modseq <= IMAP_MODSEQ_MAX &&
               r->status.highestmodseq <= IMAP_MODSEQ_MAX);
    buf_addf(out, " %llu %u %llu", (unsigned long long)f->gm_msgid, r->esearch.count,
             (unsigned long long)r->append_limit);
    if (f->gm_labels != NULL)
        imap_trace_dump(f->gm_labels, out);
    if (r->words != NULL)
        imap_trace_dump(r->words, out);
}

/* Every value of the view is looked at. */
static void view(const struct wire_node *line, struct buf *out)
{
    struct imap_resp r;
    struct error err;
    uint32_t number;
    if (line == NULL || wire_imap_resp(line, &r, &err) != 0) {
        buf_adds(out, "none\n");
        return;
    }
    buf_addf(out, "%d %d %llu %u %llu", (int)r.kind, (int)r.code, (unsigned long long)r.caps,
             r.flags, (unsigned long long)r.number);
    buf_add_str(out, r.tag);
    buf_add_str(out, r.text);
    buf_add_str(out, r.list.name);
    buf_add_str(out, r.status.name);
    buf_addf(out, " %u %u %llu %lld", r.fetch.seq, r.fetch.uid, (unsigned long long)r.fetch.size,
             (long long)r.fetch.internal_date);
    buf_addf(out, " %u", wire_imap_flags(r.fetch.keywords));
    if (r.fetch.body != NULL)
        imap_trace_dump(r.fetch.body, out);
    extensions(&r, out);
    for (const struct wire_node *n = r.numbers; n != NULL && n->kind == WIRE_ATOM; n = n->next)
        FUZZ_CHECK(wire_u32(n, &number) == 0);
    sets(&r, out);
    buf_addc(out, '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    unsigned choice = fuzz_choice(&in);
    imap_trace_check(&(struct imap_trace){ .side = WIRE_CLIENT,
                                           .small = (choice & 1) != 0,
                                           .choice = choice / 2 % 3,
                                           .view = view },
                     in);
    return 0;
}
