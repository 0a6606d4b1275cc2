/* SPDX-License-Identifier: MIT */
/* imap_resp.h - server responses as typed values (RFC 3501 §7, 4315, 6154, 7162, 7888). Unknown
 * ones are IMAP_OTHER, never an error.
 * Must not know: which command asked. */
#ifndef TMAIL_WIRE_IMAP_RESP_H
#define TMAIL_WIRE_IMAP_RESP_H

#include "wire/imap_set.h"
#include "wire/imap_token.h"

enum imap_kind {
    IMAP_OK,
    IMAP_NO,
    IMAP_BAD,
    IMAP_BYE,
    IMAP_PREAUTH,
    IMAP_CONTINUE,
    IMAP_CAPABILITY,
    IMAP_LIST,
    IMAP_STATUS,
    IMAP_FLAGS,
    IMAP_SEARCH,
    IMAP_EXISTS,
    IMAP_RECENT,
    IMAP_EXPUNGE,
    IMAP_VANISHED,
    IMAP_FETCH,
    IMAP_OTHER
};
enum imap_code {
    CODE_NONE,
    CODE_ALERT,
    CODE_CAPABILITY,
    CODE_PERMANENTFLAGS,
    CODE_READ_ONLY,
    CODE_READ_WRITE,
    CODE_TRYCREATE,
    CODE_UIDNEXT,
    CODE_UIDVALIDITY,
    CODE_UNSEEN,
    CODE_APPENDUID,
    CODE_COPYUID,
    CODE_UIDNOTSTICKY,
    CODE_HIGHESTMODSEQ,
    CODE_NOMODSEQ,
    CODE_AUTHENTICATIONFAILED,
    CODE_AUTHORIZATIONFAILED,
    CODE_UNAVAILABLE,
    CODE_OVERQUOTA,
    CODE_ALREADYEXISTS,
    CODE_NONEXISTENT,
    CODE_LIMIT,
    CODE_EXPIRED,
    CODE_OTHER
};
enum imap_flag {
    IMAP_SEEN = 1,
    IMAP_ANSWERED = 2,
    IMAP_FLAGGED = 4,
    IMAP_DELETED = 8,
    IMAP_DRAFT = 16,
    IMAP_RECENT_FLAG = 32,
    IMAP_FORWARDED = 64, /* the $Forwarded keyword */
    IMAP_ANY = 128       /* \* in PERMANENTFLAGS: keywords may be made */
};
enum imap_list_flag {
    LIST_NOSELECT = 1,
    LIST_NOINFERIORS = 2,
    LIST_HASCHILDREN = 4,
    LIST_SUBSCRIBED = 8,
    LIST_NONEXISTENT = 16,
    LIST_ALL = 32,
    LIST_ARCHIVE = 64,
    LIST_DRAFTS = 128,
    LIST_FLAGGED = 256,
    LIST_JUNK = 512,
    LIST_SENT = 1024,
    LIST_TRASH = 2048
};
enum imap_cap {
    CAP_IMAP4REV1 = 1u << 0,
    CAP_IMAP4REV2 = 1u << 1,
    CAP_STARTTLS = 1u << 2,
    CAP_LOGINDISABLED = 1u << 3,
    CAP_SASL_IR = 1u << 4,
    CAP_LITERAL_PLUS = 1u << 5,
    CAP_LITERAL_MINUS = 1u << 6,
    CAP_UIDPLUS = 1u << 7,
    CAP_MOVE = 1u << 8,
    CAP_IDLE = 1u << 9,
    CAP_SPECIAL_USE = 1u << 10,
    CAP_LIST_EXTENDED = 1u << 11,
    CAP_LIST_STATUS = 1u << 12,
    CAP_CONDSTORE = 1u << 13,
    CAP_QRESYNC = 1u << 14,
    CAP_ENABLE = 1u << 15,
    CAP_ESEARCH = 1u << 16,
    CAP_COMPRESS = 1u << 17,
    CAP_ID = 1u << 18,
    CAP_UNSELECT = 1u << 19,
    CAP_NAMESPACE = 1u << 20,
    CAP_UTF8_ACCEPT = 1u << 21,
    CAP_AUTH_PLAIN = 1u << 24,
    CAP_AUTH_LOGIN = 1u << 25,
    CAP_AUTH_SCRAM_SHA_256 = 1u << 26
};

enum imap_fetch_has {
    FETCH_UID = 1,
    FETCH_FLAGS = 2,
    FETCH_SIZE = 4,
    FETCH_DATE = 8,
    FETCH_MODSEQ = 16,
    FETCH_BODY = 32,
    FETCH_HEADER = 64
};
struct imap_fetch {
    uint32_t seq, uid;
    unsigned has, flags;              /* enum imap_flag */
    const struct wire_node *keywords; /* all flags as they stand, first node */
    uint64_t size, modseq;
    int64_t internal_date;        /* seconds */
    const struct wire_node *body; /* BODY[]: literal, string or streamed; NULL when absent or NIL */
    const struct wire_node *header; /* BODY[HEADER] */
};

enum imap_status_has {
    STATUS_MESSAGES = 1,
    STATUS_UNSEEN = 2,
    STATUS_UIDNEXT = 4,
    STATUS_UIDVALIDITY = 8,
    STATUS_HIGHESTMODSEQ = 16
};

/* Strings are views of the line. */
struct imap_resp {
    enum imap_kind kind;
    struct str tag;      /* empty for untagged */
    enum imap_code code; /* OK NO BAD BYE PREAUTH */
    struct str text;     /* human text of a status response, or of "+" */
    unsigned caps;       /* CAPABILITY, CODE_CAPABILITY: enum imap_cap */
    /* EXISTS, RECENT, EXPUNGE, CODE_UIDNEXT, CODE_UIDVALIDITY, CODE_HIGHESTMODSEQ, the validity of
     * APPENDUID and COPYUID. */
    uint64_t number;
    unsigned flags; /* FLAGS, CODE_PERMANENTFLAGS */
    /* COPYUID's two sets (of equal count), APPENDUID's in uids_to, VANISHED's in uids_from: valid
     * sets, read with imap_set_*. */
    struct str uids_from, uids_to;
    bool earlier; /* VANISHED (EARLIER) */
    struct {
        unsigned flags; /* enum imap_list_flag */
        char delim;     /* 0: NIL */
        struct str name;
    } list;
    struct {
        struct str name;
        unsigned has; /* enum imap_status_has */
        uint64_t messages, unseen, uidnext, uidvalidity, highestmodseq;
    } status;
    struct imap_fetch fetch;
    const struct wire_node *numbers; /* SEARCH: first number */
};
/* Typed view of a line. 0, or -1 with ERR_PROTO for a line that breaks the grammar of a response we
 * know. */
int wire_imap_resp(const struct wire_node *line, struct imap_resp *out,
                   struct error *err) MUST_CHECK;
/* Flags of a list of nodes as bits; keywords other than $Forwarded are left out. */
unsigned wire_imap_flags(const struct wire_node *first);
/* "17-Jul-1996 02:44:25 -0700" → seconds. 0 or -1. */
int wire_imap_date(struct str s, int64_t *seconds);

#endif
