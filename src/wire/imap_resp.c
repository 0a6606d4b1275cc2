/* SPDX-License-Identifier: MIT */
#include "wire/imap_resp.h"

#include "base/banned.h"

struct word {
    const char *name;
    unsigned value;
};

/* The value of a name in a table that ends in NULL; other when it is not there. */
static unsigned word_value(const struct word *table, struct str s, unsigned other)
{
    for (; table->name != NULL; table++)
        if (str_ieqc(s, table->name))
            return table->value;
    return other;
}

static int resp_bad(struct error *err)
{
    return error_set(err, ERR_PROTO, RETRY_LATER, "the server's answer breaks the rules of IMAP");
}

unsigned wire_imap_flags(const struct wire_node *first)
{
    static const struct word flags[] = {
        { "\\Seen", IMAP_SEEN },
        { "\\Answered", IMAP_ANSWERED },
        { "\\Flagged", IMAP_FLAGGED },
        { "\\Deleted", IMAP_DELETED },
        { "\\Draft", IMAP_DRAFT },
        { "\\Recent", IMAP_RECENT_FLAG },
        { "\\*", IMAP_ANY },
        { "$Forwarded", IMAP_FORWARDED },
        { NULL, 0 },
    };
    unsigned bits = 0;
    for (; first != NULL; first = first->next)
        if (first->kind == WIRE_ATOM)
            bits |= word_value(flags, first->s, 0);
    return bits;
}

static unsigned list_flags(const struct wire_node *first)
{
    static const struct word flags[] = {
        { "\\Noselect", LIST_NOSELECT },
        { "\\NonExistent", LIST_NONEXISTENT | LIST_NOSELECT }, /* RFC 5258 §3.4 */
        { "\\Noinferiors", LIST_NOINFERIORS },
        { "\\HasChildren", LIST_HASCHILDREN },
        { "\\Subscribed", LIST_SUBSCRIBED },
        { "\\All", LIST_ALL },
        { "\\Archive", LIST_ARCHIVE },
        { "\\Drafts", LIST_DRAFTS },
        { "\\Flagged", LIST_FLAGGED },
        { "\\Junk", LIST_JUNK },
        { "\\Sent", LIST_SENT },
        { "\\Trash", LIST_TRASH },
        { NULL, 0 },
    };
    unsigned bits = 0;
    for (; first != NULL; first = first->next)
        if (first->kind == WIRE_ATOM)
            bits |= word_value(flags, first->s, 0);
    return bits;
}

static unsigned caps_read(const struct wire_node *first)
{
    static const struct word caps[] = {
        { "IMAP4rev1", CAP_IMAP4REV1 },
        { "IMAP4rev2", CAP_IMAP4REV2 },
        { "STARTTLS", CAP_STARTTLS },
        { "LOGINDISABLED", CAP_LOGINDISABLED },
        { "SASL-IR", CAP_SASL_IR },
        { "LITERAL+", CAP_LITERAL_PLUS },
        { "LITERAL-", CAP_LITERAL_MINUS },
        { "UIDPLUS", CAP_UIDPLUS },
        { "MOVE", CAP_MOVE },
        { "IDLE", CAP_IDLE },
        { "SPECIAL-USE", CAP_SPECIAL_USE },
        { "LIST-EXTENDED", CAP_LIST_EXTENDED },
        { "LIST-STATUS", CAP_LIST_STATUS },
        { "CONDSTORE", CAP_CONDSTORE },
        { "QRESYNC", CAP_QRESYNC | CAP_CONDSTORE }, /* RFC 7162 §3.2.3 */
        { "ENABLE", CAP_ENABLE },
        { "ESEARCH", CAP_ESEARCH },
        { "COMPRESS=DEFLATE", CAP_COMPRESS },
        { "ID", CAP_ID },
        { "UNSELECT", CAP_UNSELECT },
        { "NAMESPACE", CAP_NAMESPACE },
        { "UTF8=ACCEPT", CAP_UTF8_ACCEPT },
        { "AUTH=PLAIN", CAP_AUTH_PLAIN },
        { "AUTH=LOGIN", CAP_AUTH_LOGIN },
        { "AUTH=SCRAM-SHA-256", CAP_AUTH_SCRAM_SHA_256 },
        { NULL, 0 },
    };
    unsigned bits = 0;
    for (; first != NULL; first = first->next)
        if (first->kind == WIRE_ATOM)
            bits |= word_value(caps, first->s, 0);
    return bits;
}

static int two_digits(struct str *in, int *value)
{
    if (in->n < 2 || !ascii_is_digit(in->p[1]) || (in->p[0] != ' ' && !ascii_is_digit(in->p[0])))
        return -1;
    *value = (in->p[0] == ' ' ? 0 : in->p[0] - '0') * 10 + in->p[1] - '0';
    *in = str_skip(*in, 2);
    return 0;
}

static int month_read(struct str *in, int *month)
{
    static const char names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    for (int i = 0; i < 12; i++)
        if (str_ilit(in, names[i]) == 0) {
            *month = i;
            return 0;
        }
    return -1;
}

/* Days since 1970 of a date of the Gregorian calendar; the year begins in March so that a leap day
 * is its last. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month < 2 ? year - 1 : year;
    int64_t m = (month + 10) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

/* RFC 3501 §9 date-time, without its quotes */
int wire_imap_date(struct str s, int64_t *seconds)
{
    int day, month, year, hi, lo, h, m, sec, zh, zm;
    int64_t sign;
    if (s.n > 0 && s.p[0] != ' ' && s.n > 1 && s.p[1] == '-') /* "1-Jan": a day of one digit */
        day = s.p[0] - '0', s = str_skip(s, 1);
    else if (two_digits(&s, &day) != 0)
        return -1;
    if (str_lit(&s, "-") != 0 || month_read(&s, &month) != 0 || str_lit(&s, "-") != 0 ||
        two_digits(&s, &hi) != 0 || two_digits(&s, &lo) != 0 || str_lit(&s, " ") != 0 ||
        two_digits(&s, &h) != 0 || str_lit(&s, ":") != 0 || two_digits(&s, &m) != 0 ||
        str_lit(&s, ":") != 0 || two_digits(&s, &sec) != 0 || str_lit(&s, " ") != 0)
        return -1;
    year = hi * 100 + lo;
    sign = str_lit(&s, "-") == 0 ? -1 : str_lit(&s, "+") == 0 ? 1 : 0;
    if (sign == 0 || two_digits(&s, &zh) != 0 || two_digits(&s, &zm) != 0 || s.n > 0)
        return -1;
    if (day < 1 || day > 31 || h > 23 || m > 59 || sec > 60 || year < 1)
        return -1;
    *seconds = days_from_civil(year, month, day) * 86400 + h * 3600 + m * 60 + sec -
               sign * (zh * 3600 + zm * 60);
    return 0;
}

/* UIDVALIDITY and set of APPENDUID; UIDVALIDITY and both sets of COPYUID (RFC 4315 §3). */
static int code_uids(const struct wire_node *arg, bool copy, struct imap_resp *out)
{
    const struct wire_node *a = wire_nth(arg, 1), *b = wire_nth(arg, 2);
    if (wire_u64(arg, &out->number) != 0 || a == NULL || a->kind != WIRE_ATOM ||
        !imap_set_valid(a->s))
        return -1;
    if (!copy) {
        out->uids_to = a->s;
        return 0;
    }
    if (b == NULL || b->kind != WIRE_ATOM || !imap_set_valid(b->s) ||
        imap_set_count(a->s, 0) != imap_set_count(b->s, 0))
        return -1;
    out->uids_from = a->s;
    out->uids_to = b->s;
    return 0;
}

static int code_read(const struct wire_node *code, struct imap_resp *out)
{
    static const struct word codes[] = {
        { "ALERT", CODE_ALERT },
        { "CAPABILITY", CODE_CAPABILITY },
        { "PERMANENTFLAGS", CODE_PERMANENTFLAGS },
        { "READ-ONLY", CODE_READ_ONLY },
        { "READ-WRITE", CODE_READ_WRITE },
        { "TRYCREATE", CODE_TRYCREATE },
        { "UIDNEXT", CODE_UIDNEXT },
        { "UIDVALIDITY", CODE_UIDVALIDITY },
        { "UNSEEN", CODE_UNSEEN },
        { "APPENDUID", CODE_APPENDUID },
        { "COPYUID", CODE_COPYUID },
        { "UIDNOTSTICKY", CODE_UIDNOTSTICKY },
        { "HIGHESTMODSEQ", CODE_HIGHESTMODSEQ },
        { "NOMODSEQ", CODE_NOMODSEQ },
        { "AUTHENTICATIONFAILED", CODE_AUTHENTICATIONFAILED },
        { "AUTHORIZATIONFAILED", CODE_AUTHORIZATIONFAILED },
        { "UNAVAILABLE", CODE_UNAVAILABLE },
        { "OVERQUOTA", CODE_OVERQUOTA },
        { "ALREADYEXISTS", CODE_ALREADYEXISTS },
        { "NONEXISTENT", CODE_NONEXISTENT },
        { "LIMIT", CODE_LIMIT },
        { "EXPIRED", CODE_EXPIRED },
        { NULL, 0 },
    };
    const struct wire_node *name = code->child, *arg = name != NULL ? name->next : NULL;
    if (name == NULL || name->kind != WIRE_ATOM) {
        out->code = CODE_OTHER;
        return 0;
    }
    out->code = (enum imap_code)word_value(codes, name->s, CODE_OTHER);
    switch (out->code) {
    case CODE_CAPABILITY:
        out->caps = caps_read(arg);
        return 0;
    case CODE_PERMANENTFLAGS:
        out->flags = arg != NULL && arg->kind == WIRE_LIST ? wire_imap_flags(arg->child) : 0;
        return arg != NULL && arg->kind == WIRE_LIST ? 0 : -1;
    case CODE_UIDNEXT:
    case CODE_UIDVALIDITY:
    case CODE_UNSEEN:
    case CODE_HIGHESTMODSEQ:
        return wire_u64(arg, &out->number);
    case CODE_APPENDUID:
        return code_uids(arg, false, out);
    case CODE_COPYUID:
        return code_uids(arg, true, out);
    default:
        return 0;
    }
}

/* OK NO BAD BYE PREAUTH; the text may be missing (a bare "NO"). */
static int status_read(const struct wire_node *rest, struct imap_resp *out)
{
    if (rest != NULL && rest->kind == WIRE_CODE) {
        if (code_read(rest, out) != 0)
            return -1;
        rest = rest->next;
    }
    if (rest != NULL && rest->kind == WIRE_TEXT)
        out->text = rest->s;
    return 0;
}

/* RFC 3501 §7.2.2: flags, delimiter or NIL, name. */
static int list_read(const struct wire_node *flags, struct imap_resp *out)
{
    const struct wire_node *delim = wire_nth(flags, 1), *name = wire_nth(flags, 2);
    if (flags == NULL || flags->kind != WIRE_LIST || !wire_is_string(delim) ||
        !wire_is_string(name))
        return -1;
    out->list.flags = list_flags(flags->child);
    if (!wire_is_nil(delim)) {
        if (delim->s.n > 1)
            return -1;
        out->list.delim = delim->s.n == 1 ? delim->s.p[0] : '\0';
    }
    out->list.name = name->s;
    return 0;
}

static int status_items_read(const struct wire_node *name, struct imap_resp *out)
{
    static const struct word items[] = {
        { "MESSAGES", STATUS_MESSAGES },
        { "UNSEEN", STATUS_UNSEEN },
        { "UIDNEXT", STATUS_UIDNEXT },
        { "UIDVALIDITY", STATUS_UIDVALIDITY },
        { "HIGHESTMODSEQ", STATUS_HIGHESTMODSEQ },
        { NULL, 0 },
    };
    const struct wire_node *list = wire_nth(name, 1);
    if (!wire_is_string(name) || list == NULL || list->kind != WIRE_LIST)
        return -1;
    out->status.name = name->s;
    for (const struct wire_node *n = list->child; n != NULL; n = n->next->next) {
        uint64_t value;
        if (n->kind != WIRE_ATOM || n->next == NULL)
            return -1;
        unsigned item = word_value(items, n->s, 0);
        if (item == 0)
            continue;
        if (wire_u64(n->next, &value) != 0)
            return -1;
        out->status.has |= item;
        *(item == STATUS_MESSAGES      ? &out->status.messages
          : item == STATUS_UNSEEN      ? &out->status.unseen
          : item == STATUS_UIDNEXT     ? &out->status.uidnext
          : item == STATUS_UIDVALIDITY ? &out->status.uidvalidity
                                       : &out->status.highestmodseq) = value;
    }
    return 0;
}

enum fetch_item {
    ITEM_OTHER,
    ITEM_UID,
    ITEM_FLAGS,
    ITEM_SIZE,
    ITEM_DATE,
    ITEM_MODSEQ,
    ITEM_BODY,
    ITEM_HEADER
};

static bool is_bytes(const struct wire_node *n)
{
    return n->kind == WIRE_QUOTED || n->kind == WIRE_LITERAL || n->kind == WIRE_STREAMED;
}

/* One item of FETCH (RFC 3501 §7.4.2). An INTERNALDATE that cannot be read is left out: any server
 * text is no reason to stop. */
static int fetch_item_read(enum fetch_item item, const struct wire_node *v, struct imap_fetch *f)
{
    switch (item) {
    case ITEM_UID:
        f->has |= FETCH_UID;
        return wire_u32(v, &f->uid) != 0 || f->uid == 0 ? -1 : 0;
    case ITEM_FLAGS:
        f->has |= FETCH_FLAGS;
        f->keywords = v->child;
        f->flags = wire_imap_flags(v->child);
        return v->kind == WIRE_LIST ? 0 : -1;
    case ITEM_SIZE:
        f->has |= FETCH_SIZE;
        return wire_u64(v, &f->size);
    case ITEM_DATE:
        if (wire_is_string(v) && wire_imap_date(v->s, &f->internal_date) == 0)
            f->has |= FETCH_DATE;
        return 0;
    case ITEM_MODSEQ:
        f->has |= FETCH_MODSEQ;
        return v->kind == WIRE_LIST ? wire_u64(v->child, &f->modseq) : -1;
    case ITEM_BODY:
        f->has |= FETCH_BODY;
        f->body = is_bytes(v) ? v : NULL;
        return is_bytes(v) || wire_is_nil(v) ? 0 : -1;
    case ITEM_HEADER:
        f->has |= FETCH_HEADER;
        f->header = is_bytes(v) ? v : NULL;
        return is_bytes(v) || wire_is_nil(v) ? 0 : -1;
    default:
        return 0;
    }
}

static int fetch_read(const struct wire_node *list, struct imap_fetch *f)
{
    static const struct word items[] = {
        { "UID", ITEM_UID },
        { "FLAGS", ITEM_FLAGS },
        { "RFC822.SIZE", ITEM_SIZE },
        { "INTERNALDATE", ITEM_DATE },
        { "MODSEQ", ITEM_MODSEQ },
        { "BODY[]", ITEM_BODY },
        { "RFC822", ITEM_BODY },
        { "BODY[HEADER]", ITEM_HEADER },
        { "RFC822.HEADER", ITEM_HEADER },
        { NULL, 0 },
    };
    if (list == NULL || list->kind != WIRE_LIST)
        return -1;
    for (const struct wire_node *n = list->child; n != NULL; n = n->next->next) {
        if (n->kind != WIRE_ATOM || n->next == NULL)
            return -1;
        enum fetch_item item = (enum fetch_item)word_value(items, n->s, ITEM_OTHER);
        if (fetch_item_read(item, n->next, f) != 0)
            return -1;
    }
    return 0;
}

/* VANISHED [(EARLIER)] set (RFC 7162 §3.2.10) */
static int vanished_read(const struct wire_node *n, struct imap_resp *out)
{
    if (n != NULL && n->kind == WIRE_LIST) {
        out->earlier = wire_is(n->child, "EARLIER");
        n = n->next;
    }
    if (n == NULL || n->kind != WIRE_ATOM || !imap_set_valid(n->s))
        return -1;
    out->uids_from = n->s;
    return 0;
}

static int search_read(const struct wire_node *n, struct imap_resp *out)
{
    uint32_t ignored;
    out->numbers = n;
    for (; n != NULL && n->kind == WIRE_ATOM; n = n->next)
        if (wire_u32(n, &ignored) != 0)
            return -1;
    return n == NULL || n->kind == WIRE_LIST ? 0 : -1; /* (MODSEQ n) may follow */
}

/* "* 23 EXISTS" and its like: number is what stands in front. */
static int numbered_read(const struct wire_node *name, uint64_t number, struct imap_resp *out)
{
    static const struct word names[] = {
        { "EXISTS", IMAP_EXISTS },
        { "RECENT", IMAP_RECENT },
        { "EXPUNGE", IMAP_EXPUNGE },
        { "FETCH", IMAP_FETCH },
        { NULL, 0 },
    };
    if (name == NULL || name->kind != WIRE_ATOM)
        return -1;
    out->kind = (enum imap_kind)word_value(names, name->s, IMAP_OTHER);
    if (out->kind == IMAP_OTHER)
        return 0;
    out->number = number;
    if (number > UINT32_MAX || (number == 0 && out->kind >= IMAP_EXPUNGE))
        return -1;
    out->fetch.seq = (uint32_t)number;
    return out->kind == IMAP_FETCH ? fetch_read(name->next, &out->fetch) : 0;
}

static int named_read(enum imap_kind kind, const struct wire_node *rest, struct imap_resp *out)
{
    out->kind = kind;
    switch (kind) {
    case IMAP_OK:
    case IMAP_NO:
    case IMAP_BAD:
    case IMAP_BYE:
    case IMAP_PREAUTH:
        return status_read(rest, out);
    case IMAP_CAPABILITY:
        out->caps = caps_read(rest);
        return 0;
    case IMAP_LIST:
        return list_read(rest, out);
    case IMAP_STATUS:
        return status_items_read(rest, out);
    case IMAP_FLAGS:
        out->flags = rest != NULL ? wire_imap_flags(rest->child) : 0;
        return rest != NULL && rest->kind == WIRE_LIST ? 0 : -1;
    case IMAP_SEARCH:
        return search_read(rest, out);
    case IMAP_VANISHED:
        return vanished_read(rest, out);
    default:
        return 0;
    }
}

/* What stands behind the tag or "*". */
static int line_read(const struct wire_node *name, struct imap_resp *out)
{
    static const struct word names[] = {
        { "OK", IMAP_OK },
        { "NO", IMAP_NO },
        { "BAD", IMAP_BAD },
        { "BYE", IMAP_BYE },
        { "PREAUTH", IMAP_PREAUTH },
        { "CAPABILITY", IMAP_CAPABILITY },
        { "LIST", IMAP_LIST },
        { "LSUB", IMAP_LIST },
        { "STATUS", IMAP_STATUS },
        { "FLAGS", IMAP_FLAGS },
        { "SEARCH", IMAP_SEARCH },
        { "VANISHED", IMAP_VANISHED },
        { NULL, 0 },
    };
    uint64_t number;
    if (name == NULL || name->kind != WIRE_ATOM)
        return -1;
    if (out->tag.n == 0 && wire_u64(name, &number) == 0)
        return numbered_read(name->next, number, out);
    enum imap_kind kind = (enum imap_kind)word_value(names, name->s, IMAP_OTHER);
    /* RFC 3501 §7.1: only OK, NO and BAD may carry a tag. */
    if (out->tag.n > 0 && kind > IMAP_BAD)
        return -1;
    return named_read(kind, name->next, out);
}

int wire_imap_resp(const struct wire_node *line, struct imap_resp *out, struct error *err)
{
    *out = (struct imap_resp){ .kind = IMAP_OTHER };
    if (line == NULL || line->kind != WIRE_ATOM)
        return resp_bad(err);
    if (str_eqc(line->s, "+")) {
        out->kind = IMAP_CONTINUE;
        if (line->next != NULL)
            out->text = line->next->s;
        return 0;
    }
    if (!str_eqc(line->s, "*"))
        out->tag = line->s;
    return line_read(line->next, out) == 0 ? 0 : resp_bad(err);
}
