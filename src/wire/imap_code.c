/* SPDX-License-Identifier: MIT */
#include "wire/imap_read.h"

#include "base/banned.h"

uint64_t imap_word_value(const struct imap_word *table, struct str s, uint64_t other)
{
    for (; table->name != NULL; table++)
        if (str_ieqc(s, table->name))
            return table->value;
    return other;
}

uint64_t imap_word_bits(const struct imap_word *table, const struct wire_node *first)
{
    uint64_t bits = 0;
    for (; first != NULL; first = first->next)
        if (first->kind == WIRE_ATOM)
            bits |= imap_word_value(table, first->s, 0);
    return bits;
}

/* Built into IMAP4rev2 (RFC 9051 appendix E); who offers IMAP4rev1 too lists what it has. */
#define REV2_HAS                                                                                   \
    (CAP_NAMESPACE | CAP_UNSELECT | CAP_UIDPLUS | CAP_ESEARCH | CAP_SEARCHRES | CAP_ENABLE |       \
     CAP_IDLE | CAP_SASL_IR | CAP_LIST_EXTENDED | CAP_LIST_STATUS | CAP_MOVE | CAP_LITERAL_MINUS | \
     CAP_SPECIAL_USE | CAP_STATUS_SIZE | CAP_CHILDREN)

static const struct imap_word capabilities[] = {
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
    { "UTF8=ONLY", CAP_UTF8_ONLY | CAP_UTF8_ACCEPT }, /* RFC 6855 §6 */
    { "NOTIFY", CAP_NOTIFY },
    { "SEARCHRES", CAP_SEARCHRES },
    { "STATUS=SIZE", CAP_STATUS_SIZE },
    { "APPENDLIMIT", CAP_APPENDLIMIT },
    { "OBJECTID", CAP_OBJECTID },
    { "QUOTA", CAP_QUOTA },
    { "PREVIEW", CAP_PREVIEW },
    { "X-GM-EXT-1", CAP_X_GM_EXT_1 },
    { "CREATE-SPECIAL-USE", CAP_CREATE_SPECIAL_USE },
    { "CHILDREN", CAP_CHILDREN },
    { "AUTH=PLAIN", CAP_AUTH_PLAIN },
    { "AUTH=LOGIN", CAP_AUTH_LOGIN },
    { "AUTH=CRAM-MD5", CAP_AUTH_CRAM_MD5 },
    { "AUTH=SCRAM-SHA-1", CAP_AUTH_SCRAM_SHA_1 },
    { "AUTH=SCRAM-SHA-1-PLUS", CAP_AUTH_SCRAM_SHA_1_PLUS },
    { "AUTH=SCRAM-SHA-256", CAP_AUTH_SCRAM_SHA_256 },
    { "AUTH=SCRAM-SHA-256-PLUS", CAP_AUTH_SCRAM_SHA_256_PLUS },
    { "AUTH=XOAUTH2", CAP_AUTH_XOAUTH2 },
    { "AUTH=OAUTHBEARER", CAP_AUTH_OAUTHBEARER },
    { "AUTH=EXTERNAL", CAP_AUTH_EXTERNAL },
    { "AUTH=GSSAPI", CAP_AUTH_GSSAPI },
    { NULL, 0 },
};

/* "APPENDLIMIT=35651584" (RFC 7889 §3) */
static void append_limit_read(const struct wire_node *n, struct imap_resp *out)
{
    struct str s = n->s;
    uint64_t limit;
    if (n->kind != WIRE_ATOM || str_ilit(&s, "APPENDLIMIT=") != 0 || str_u64(&s, &limit) != 0)
        return;
    out->caps |= CAP_APPENDLIMIT;
    out->append_limit = limit;
}

void imap_caps_read(const struct wire_node *first, struct imap_resp *out)
{
    out->words = first;
    out->caps = imap_word_bits(capabilities, first);
    for (const struct wire_node *n = first; n != NULL; n = n->next)
        append_limit_read(n, out);
    if ((out->caps & (CAP_IMAP4REV1 | CAP_IMAP4REV2)) == CAP_IMAP4REV2)
        out->caps |= REV2_HAS;
}

void imap_enabled_read(const struct wire_node *first, struct imap_resp *out)
{
    out->words = first;
    out->caps = imap_word_bits(capabilities, first);
}

bool imap_modseq_read(const struct wire_node *n, uint64_t *value)
{
    uint64_t v;
    if (wire_u64(n, &v) != 0 || v == 0 || v > IMAP_MODSEQ_MAX)
        return false;
    *value = v;
    return true;
}

static bool is_set(const struct wire_node *n)
{
    return n != NULL && n->kind == WIRE_ATOM && imap_set_valid(n->s);
}

/* UIDVALIDITY and set of APPENDUID; UIDVALIDITY and both sets of COPYUID (RFC 4315 §3). What makes
 * no sense is as good as not said: the command itself was carried out. */
static void uids_read(const struct wire_node *arg, struct imap_resp *out)
{
    const struct wire_node *a = wire_nth(arg, 1), *b = wire_nth(arg, 2);
    bool copy = out->code == CODE_COPYUID;
    uint64_t validity;
    if (wire_u64(arg, &validity) != 0 || validity == 0 || validity > UINT32_MAX || !is_set(a) ||
        (copy && (!is_set(b) || imap_set_count(a->s, 0) != imap_set_count(b->s, 0)))) {
        out->code = CODE_OTHER;
        return;
    }
    out->number = validity;
    out->uids_to = copy ? b->s : a->s;
    if (copy)
        out->uids_from = a->s;
}

static int permanent_read(const struct wire_node *arg, struct imap_resp *out)
{
    if (arg == NULL || arg->kind != WIRE_LIST)
        return -1;
    out->words = arg->child;
    out->flags = wire_imap_flags(arg->child);
    return 0;
}

static void highest_read(const struct wire_node *arg, struct imap_resp *out)
{
    if (!imap_modseq_read(arg, &out->number))
        out->code = CODE_NOMODSEQ;
}

static void modified_read(const struct wire_node *arg, struct imap_resp *out)
{
    if (is_set(arg))
        out->uids_from = arg->s;
    else
        out->code = CODE_OTHER;
}

static void mailboxid_read(const struct wire_node *arg, struct imap_resp *out)
{
    if (arg != NULL && arg->kind == WIRE_LIST && wire_is_string(arg->child))
        out->id = arg->child->s;
    else
        out->code = CODE_OTHER;
}

static const struct imap_word codes[] = {
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
    { "MODIFIED", CODE_MODIFIED },
    { "CLOSED", CODE_CLOSED },
    { "NOTIFICATIONOVERFLOW", CODE_NOTIFICATIONOVERFLOW },
    { "BADEVENT", CODE_BADEVENT },
    { "COMPRESSIONACTIVE", CODE_COMPRESSIONACTIVE },
    { "MAILBOXID", CODE_MAILBOXID },
    { "TOOBIG", CODE_TOOBIG },
    { "UIDREQUIRED", CODE_UIDREQUIRED },
    { "NOUPDATE", CODE_NOUPDATE },
    { "NOTSAVED", CODE_NOTSAVED },
    { "BADCHARSET", CODE_BADCHARSET },
    { "HASCHILDREN", CODE_HASCHILDREN },
    { "INUSE", CODE_INUSE },
    { "CANNOT", CODE_CANNOT },
    { "NOPERM", CODE_NOPERM },
    { "PRIVACYREQUIRED", CODE_PRIVACYREQUIRED },
    { "CONTACTADMIN", CODE_CONTACTADMIN },
    { "EXPUNGEISSUED", CODE_EXPUNGEISSUED },
    { "CORRUPTION", CODE_CORRUPTION },
    { "SERVERBUG", CODE_SERVERBUG },
    { "CLIENTBUG", CODE_CLIENTBUG },
    { "WEBALERT", CODE_WEBALERT },
    { NULL, 0 },
};

int imap_code_read(const struct wire_node *code, struct imap_resp *out)
{
    const struct wire_node *name = code->child, *arg = name != NULL ? name->next : NULL;
    if (name == NULL || name->kind != WIRE_ATOM) {
        out->code = CODE_OTHER;
        return 0;
    }
    out->code = (enum imap_code)imap_word_value(codes, name->s, CODE_OTHER);
    switch (out->code) {
    case CODE_CAPABILITY:
        imap_caps_read(arg, out);
        return 0;
    case CODE_PERMANENTFLAGS:
        return permanent_read(arg, out);
    case CODE_UIDNEXT:
    case CODE_UIDVALIDITY:
    case CODE_UNSEEN:
        return wire_u64(arg, &out->number);
    case CODE_HIGHESTMODSEQ:
        highest_read(arg, out);
        return 0;
    case CODE_APPENDUID:
    case CODE_COPYUID:
        uids_read(arg, out);
        return 0;
    case CODE_MODIFIED:
        modified_read(arg, out);
        return 0;
    case CODE_MAILBOXID:
        mailboxid_read(arg, out);
        return 0;
    case CODE_OTHER:
        out->words = name;
        return 0;
    default:
        return 0;
    }
}
