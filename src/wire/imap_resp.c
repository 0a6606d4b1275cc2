/* SPDX-License-Identifier: MIT */
#include "wire/imap_read.h"

#include "base/banned.h"

static int resp_bad(struct error *err)
{
    return error_set(err, ERR_PROTO, RETRY_LATER, "the server's answer breaks the rules of IMAP");
}

unsigned wire_imap_flags(const struct wire_node *first)
{
    static const struct imap_word flags[] = {
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
    return (unsigned)imap_word_bits(flags, first);
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

/* OK NO BAD BYE PREAUTH; the text may be missing (a bare "NO"). */
static int words_read(const struct wire_node *rest, struct imap_resp *out)
{
    if (rest != NULL && rest->kind == WIRE_CODE) {
        if (imap_code_read(rest, out) != 0)
            return -1;
        rest = rest->next;
    }
    if (rest != NULL && rest->kind == WIRE_TEXT)
        out->text = rest->s;
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
    if (n == NULL)
        return 0;
    if (wire_is(n->child, "MODSEQ")) /* RFC 7162 §3.1.5 */
        (void)imap_modseq_read(n->child->next, &out->modseq);
    return n->kind == WIRE_LIST ? 0 : -1;
}

/* "* 23 EXISTS" and its like: number is what stands in front. */
static int numbered_read(const struct wire_node *name, uint64_t number, struct imap_resp *out)
{
    static const struct imap_word names[] = {
        { "EXISTS", IMAP_EXISTS },
        { "RECENT", IMAP_RECENT },
        { "EXPUNGE", IMAP_EXPUNGE },
        { "FETCH", IMAP_FETCH },
        { NULL, 0 },
    };
    if (name == NULL || name->kind != WIRE_ATOM)
        return -1;
    out->kind = (enum imap_kind)imap_word_value(names, name->s, IMAP_OTHER);
    if (out->kind == IMAP_OTHER)
        return 0;
    out->number = number;
    if (number > UINT32_MAX || (number == 0 && out->kind >= IMAP_EXPUNGE))
        return -1;
    out->fetch.seq = (uint32_t)number;
    return out->kind == IMAP_FETCH ? imap_fetch_read(name->next, &out->fetch) : 0;
}

static int data_read(enum imap_kind kind, const struct wire_node *rest, struct imap_resp *out)
{
    switch (kind) {
    case IMAP_ESEARCH:
        return imap_esearch_read(rest, out);
    case IMAP_NAMESPACE:
        return imap_namespace_read(rest, out);
    case IMAP_ID:
        return imap_id_read(rest, out);
    case IMAP_QUOTA:
        return imap_quota_read(rest, out);
    case IMAP_QUOTAROOT:
        return imap_quotaroot_read(rest, out);
    default:
        return 0;
    }
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
        return words_read(rest, out);
    case IMAP_CAPABILITY:
        imap_caps_read(rest, out);
        return 0;
    case IMAP_LIST:
        return imap_list_read(rest, out);
    case IMAP_STATUS:
        return imap_status_read(rest, out);
    case IMAP_FLAGS:
        out->words = rest != NULL ? rest->child : NULL;
        out->flags = wire_imap_flags(out->words);
        return rest != NULL && rest->kind == WIRE_LIST ? 0 : -1;
    case IMAP_SEARCH:
        return search_read(rest, out);
    case IMAP_VANISHED:
        return vanished_read(rest, out);
    case IMAP_ENABLED:
        imap_enabled_read(rest, out);
        return 0;
    default:
        return data_read(kind, rest, out);
    }
}

/* What stands behind the tag or "*". */
static int line_read(const struct wire_node *name, struct imap_resp *out)
{
    static const struct imap_word names[] = {
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
        { "ENABLED", IMAP_ENABLED },
        { "ESEARCH", IMAP_ESEARCH },
        { "NAMESPACE", IMAP_NAMESPACE },
        { "ID", IMAP_ID },
        { "QUOTA", IMAP_QUOTA },
        { "QUOTAROOT", IMAP_QUOTAROOT },
        { NULL, 0 },
    };
    uint64_t number;
    if (name == NULL || name->kind != WIRE_ATOM)
        return -1;
    if (out->tag.n == 0 && wire_u64(name, &number) == 0)
        return numbered_read(name->next, number, out);
    enum imap_kind kind = (enum imap_kind)imap_word_value(names, name->s, IMAP_OTHER);
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
