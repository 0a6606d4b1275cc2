/* SPDX-License-Identifier: MIT */
#include "wire/imap_read.h"

#include "base/banned.h"

static unsigned list_flags(const struct wire_node *first)
{
    static const struct imap_word flags[] = {
        { "\\Noselect", LIST_NOSELECT },
        { "\\NonExistent", LIST_NONEXISTENT | LIST_NOSELECT }, /* RFC 5258 §3.4 */
        { "\\Noinferiors", LIST_NOINFERIORS },
        { "\\HasChildren", LIST_HASCHILDREN },
        { "\\HasNoChildren", LIST_HASNOCHILDREN },
        { "\\Marked", LIST_MARKED },
        { "\\Unmarked", LIST_UNMARKED },
        { "\\Subscribed", LIST_SUBSCRIBED },
        { "\\Remote", LIST_REMOTE },
        { "\\All", LIST_ALL },
        { "\\Archive", LIST_ARCHIVE },
        { "\\Drafts", LIST_DRAFTS },
        { "\\Flagged", LIST_FLAGGED },
        { "\\Important", LIST_IMPORTANT },
        { "\\Junk", LIST_JUNK },
        { "\\Sent", LIST_SENT },
        { "\\Trash", LIST_TRASH },
        { NULL, 0 },
    };
    return (unsigned)imap_word_bits(flags, first);
}

/* RFC 5258 §6 mbox-list-extended: pairs of a name and anything. */
static int list_extended_read(const struct wire_node *n, struct imap_resp *out)
{
    for (; n != NULL; n = n->next->next) {
        const struct wire_node *v = n->next;
        if (!wire_is_string(n) || v == NULL)
            return -1;
        if (v->kind != WIRE_LIST)
            continue;
        if (str_ieqc(n->s, "OLDNAME") && wire_is_string(v->child))
            out->list.old_name = v->child->s;
        if (str_ieqc(n->s, "CHILDINFO"))
            for (const struct wire_node *w = v->child; w != NULL; w = w->next)
                if (wire_is_string(w) && str_ieqc(w->s, "SUBSCRIBED"))
                    out->list.children_subscribed = true;
    }
    return 0;
}

/* NIL or one character in quotes. An empty one, which some send for NIL, is NIL. */
static int delim_read(const struct wire_node *n, char *delim)
{
    *delim = '\0';
    if (wire_is_nil(n))
        return 0;
    if (!wire_is_string(n) || n->s.n > 1)
        return -1;
    if (n->s.n == 1)
        *delim = n->s.p[0];
    return 0;
}

/* RFC 3501 §7.2.2, RFC 9051 §7.3.1: flags, delimiter or NIL, name, extended data. */
int imap_list_read(const struct wire_node *flags, struct imap_resp *out)
{
    const struct wire_node *name = wire_nth(flags, 2), *more = wire_nth(flags, 3);
    if (flags == NULL || flags->kind != WIRE_LIST ||
        delim_read(wire_nth(flags, 1), &out->list.delim) != 0 || !wire_is_string(name))
        return -1;
    out->list.flags = list_flags(flags->child);
    out->list.name = name->s;
    return more != NULL && more->kind == WIRE_LIST ? list_extended_read(more->child, out) : 0;
}

static uint64_t *status_number(struct imap_resp *out, unsigned item)
{
    switch (item) {
    case STATUS_MESSAGES:
        return &out->status.messages;
    case STATUS_UNSEEN:
        return &out->status.unseen;
    case STATUS_UIDNEXT:
        return &out->status.uidnext;
    case STATUS_UIDVALIDITY:
        return &out->status.uidvalidity;
    case STATUS_SIZE:
        return &out->status.size;
    case STATUS_DELETED:
        return &out->status.deleted;
    default:
        return NULL;
    }
}

/* What is no number of its kind where that is allowed is as good as not said. */
static int status_item_read(unsigned item, const struct wire_node *v, struct imap_resp *out)
{
    uint64_t *number = status_number(out, item), value;
    if (item == STATUS_HIGHESTMODSEQ)
        out->status.has |= imap_modseq_read(v, &out->status.highestmodseq) ? item : 0;
    else if (item == STATUS_APPENDLIMIT)
        out->status.has |= wire_u64(v, &out->status.append_limit) == 0 ? item : 0;
    else if (item == STATUS_MAILBOXID && v->kind == WIRE_LIST && wire_is_string(v->child)) {
        out->status.mailboxid = v->child->s;
        out->status.has |= item;
    } else if (number != NULL) {
        if (wire_u64(v, &value) != 0)
            return -1;
        *number = value;
        out->status.has |= item == STATUS_UIDVALIDITY && value == 0 ? 0 : item;
    }
    return 0;
}

int imap_status_read(const struct wire_node *name, struct imap_resp *out)
{
    static const struct imap_word items[] = {
        { "MESSAGES", STATUS_MESSAGES },
        { "UNSEEN", STATUS_UNSEEN },
        { "UIDNEXT", STATUS_UIDNEXT },
        { "UIDVALIDITY", STATUS_UIDVALIDITY },
        { "HIGHESTMODSEQ", STATUS_HIGHESTMODSEQ },
        { "SIZE", STATUS_SIZE },
        { "DELETED", STATUS_DELETED },
        { "APPENDLIMIT", STATUS_APPENDLIMIT },
        { "MAILBOXID", STATUS_MAILBOXID },
        { NULL, 0 },
    };
    const struct wire_node *list = wire_nth(name, 1);
    if (!wire_is_string(name) || list == NULL || list->kind != WIRE_LIST)
        return -1;
    out->status.name = name->s;
    for (const struct wire_node *n = list->child; n != NULL; n = n->next->next) {
        if (n->kind != WIRE_ATOM || n->next == NULL ||
            status_item_read((unsigned)imap_word_value(items, n->s, 0), n->next, out) != 0)
            return -1;
    }
    return 0;
}

static bool is_bytes(const struct wire_node *n)
{
    return n->kind == WIRE_QUOTED || n->kind == WIRE_LITERAL || n->kind == WIRE_STREAMED;
}

static int bytes_read(const struct wire_node *v, const struct wire_node **out)
{
    *out = is_bytes(v) ? v : NULL;
    return is_bytes(v) || wire_is_nil(v) ? 0 : -1;
}

/* "(M6d99ac3275bb4e)", RFC 8474 §7 */
static bool objectid_read(const struct wire_node *v, struct str *out)
{
    if (v->kind != WIRE_LIST || !wire_is_string(v->child))
        return false;
    *out = v->child->s;
    return true;
}

/* The items of the extensions: what cannot be read has no bit. */
static bool extended_read(unsigned item, const struct wire_node *v, struct imap_fetch *f)
{
    switch (item) {
    case FETCH_EMAILID:
        return objectid_read(v, &f->emailid);
    case FETCH_THREADID:
        return objectid_read(v, &f->threadid);
    case FETCH_PREVIEW:
        f->preview = is_bytes(v) ? v->s : (struct str){ 0 };
        return is_bytes(v);
    case FETCH_GM_MSGID:
        return wire_u64(v, &f->gm_msgid) == 0;
    case FETCH_GM_THRID:
        return wire_u64(v, &f->gm_thrid) == 0;
    case FETCH_GM_LABELS:
        f->gm_labels = v->child;
        return v->kind == WIRE_LIST;
    default:
        return false;
    }
}

static int flags_read(const struct wire_node *v, struct imap_fetch *f)
{
    f->keywords = v->child;
    f->flags = wire_imap_flags(v->child);
    return v->kind == WIRE_LIST ? 0 : -1;
}

/* One item of FETCH (RFC 3501 §7.4.2). An INTERNALDATE that cannot be read is left out: any server
 * text is no reason to stop. */
static int fetch_item_read(unsigned item, const struct wire_node *v, struct imap_fetch *f)
{
    switch (item) {
    case FETCH_UID:
        if (wire_u32(v, &f->uid) != 0)
            return -1;
        f->has |= f->uid > 0 ? FETCH_UID : 0; /* 0 is none (Exchange, DavMail) */
        return 0;
    case FETCH_FLAGS:
        f->has |= FETCH_FLAGS;
        return flags_read(v, f);
    case FETCH_SIZE:
        f->has |= FETCH_SIZE;
        return wire_u64(v, &f->size);
    case FETCH_DATE:
        if (wire_is_string(v) && wire_imap_date(v->s, &f->internal_date) == 0)
            f->has |= FETCH_DATE;
        return 0;
    case FETCH_MODSEQ:
        f->has |= v->kind == WIRE_LIST && imap_modseq_read(v->child, &f->modseq) ? item : 0;
        return v->kind == WIRE_LIST ? 0 : -1;
    case FETCH_BODY:
        f->has |= FETCH_BODY;
        return bytes_read(v, &f->body);
    case FETCH_HEADER:
        f->has |= FETCH_HEADER;
        return bytes_read(v, &f->header);
    default:
        f->has |= extended_read(item, v, f) ? item : 0;
        return 0;
    }
}

int imap_fetch_read(const struct wire_node *list, struct imap_fetch *f)
{
    static const struct imap_word items[] = {
        { "UID", FETCH_UID },
        { "FLAGS", FETCH_FLAGS },
        { "RFC822.SIZE", FETCH_SIZE },
        { "INTERNALDATE", FETCH_DATE },
        { "MODSEQ", FETCH_MODSEQ },
        { "BODY[]", FETCH_BODY },
        { "RFC822", FETCH_BODY },
        { "BODY[HEADER]", FETCH_HEADER },
        { "RFC822.HEADER", FETCH_HEADER },
        { "EMAILID", FETCH_EMAILID },
        { "THREADID", FETCH_THREADID },
        { "PREVIEW", FETCH_PREVIEW },
        { "X-GM-MSGID", FETCH_GM_MSGID },
        { "X-GM-THRID", FETCH_GM_THRID },
        { "X-GM-LABELS", FETCH_GM_LABELS },
        { NULL, 0 },
    };
    if (list == NULL || list->kind != WIRE_LIST)
        return -1;
    for (const struct wire_node *n = list->child; n != NULL; n = n->next->next) {
        if (n->kind != WIRE_ATOM || n->next == NULL)
            return -1;
        if (fetch_item_read((unsigned)imap_word_value(items, n->s, 0), n->next, f) != 0)
            return -1;
    }
    return 0;
}

static int esearch_item_read(unsigned item, const struct wire_node *v, struct imap_resp *out)
{
    switch (item) {
    case ESEARCH_MIN:
        return wire_u32(v, &out->esearch.min);
    case ESEARCH_MAX:
        return wire_u32(v, &out->esearch.max);
    case ESEARCH_COUNT:
        return wire_u32(v, &out->esearch.count);
    case ESEARCH_ALL:
        if (v->kind != WIRE_ATOM || !imap_set_valid(v->s))
            return -1;
        out->uids_from = v->s;
        return 0;
    default:
        return 0;
    }
}

/* RFC 4731 §4, RFC 9051 §7.3.4: [(TAG "t")] [UID] *(name value) */
int imap_esearch_read(const struct wire_node *n, struct imap_resp *out)
{
    static const struct imap_word items[] = {
        { "MIN", ESEARCH_MIN }, { "MAX", ESEARCH_MAX },       { "COUNT", ESEARCH_COUNT },
        { "ALL", ESEARCH_ALL }, { "MODSEQ", ESEARCH_MODSEQ }, { NULL, 0 },
    };
    if (n != NULL && n->kind == WIRE_LIST) {
        const struct wire_node *tag = wire_nth(n->child, 1);
        if (wire_is(n->child, "TAG") && wire_is_string(tag))
            out->esearch.tag = tag->s;
        n = n->next;
    }
    if (wire_is(n, "UID")) {
        out->esearch.uid = true;
        n = n->next;
    }
    for (; n != NULL; n = n->next->next) {
        if (n->kind != WIRE_ATOM || n->next == NULL)
            return -1;
        unsigned item = (unsigned)imap_word_value(items, n->s, 0);
        if (esearch_item_read(item, n->next, out) != 0)
            return -1;
        if (item != ESEARCH_MODSEQ || imap_modseq_read(n->next, &out->modseq))
            out->esearch.has |= item;
    }
    return 0;
}

/* NIL or a list of (prefix delimiter ...), of which the first counts (RFC 2342 §5). */
static int namespace_read(const struct wire_node *n, struct imap_namespace *out)
{
    if (wire_is_nil(n))
        return 0;
    if (n == NULL || n->kind != WIRE_LIST || n->child == NULL || n->child->kind != WIRE_LIST)
        return -1;
    const struct wire_node *prefix = n->child->child;
    if (!wire_is_string(prefix) || delim_read(prefix->next, &out->delim) != 0)
        return -1;
    out->prefix = prefix->s;
    return 0;
}

int imap_namespace_read(const struct wire_node *n, struct imap_resp *out)
{
    return namespace_read(n, &out->personal) == 0 &&
                   namespace_read(wire_nth(n, 1), &out->others) == 0 &&
                   namespace_read(wire_nth(n, 2), &out->shared) == 0
               ? 0
               : -1;
}

/* NIL or pairs of strings (RFC 2971 §4) */
int imap_id_read(const struct wire_node *n, struct imap_resp *out)
{
    if (wire_is_nil(n))
        return 0;
    if (n == NULL || n->kind != WIRE_LIST)
        return -1;
    for (const struct wire_node *w = n->child; w != NULL; w = w->next->next)
        if (!wire_is_string(w) || w->next == NULL || !wire_is_string(w->next))
            return -1;
    out->words = n->child;
    return 0;
}

/* RFC 9208 §5.1: root, then a list of resource, usage, limit. */
int imap_quota_read(const struct wire_node *root, struct imap_resp *out)
{
    const struct wire_node *list = wire_nth(root, 1);
    if (!wire_is_string(root) || list == NULL || list->kind != WIRE_LIST)
        return -1;
    out->quota.root = root->s;
    for (const struct wire_node *n = list->child; n != NULL; n = wire_nth(n, 3)) {
        uint64_t usage, limit;
        if (!wire_is_string(n) || wire_u64(n->next, &usage) != 0 ||
            wire_u64(wire_nth(n, 2), &limit) != 0)
            return -1;
        if (str_ieqc(n->s, "STORAGE")) {
            out->quota.has_storage = true;
            out->quota.storage = usage;
            out->quota.storage_limit = limit;
        } else if (str_ieqc(n->s, "MESSAGE")) {
            out->quota.has_messages = true;
            out->quota.messages = usage;
            out->quota.messages_limit = limit;
        }
    }
    return 0;
}

int imap_quotaroot_read(const struct wire_node *mailbox, struct imap_resp *out)
{
    if (!wire_is_string(mailbox))
        return -1;
    out->quota.root = mailbox->s;
    out->words = mailbox->next;
    return 0;
}
