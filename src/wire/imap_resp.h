/* SPDX-License-Identifier: MIT */
/* imap_resp.h - server responses as typed values (RFC 3501 §7, RFC 9051 §7, and of the extensions
 * RFC 2971, 4315, 4731, 5161, 5258, 5465, 5530, 6154, 7162, 7889, 8438, 8474, 8970, 9208 and
 * X-GM-EXT-1). Unknown ones are IMAP_OTHER, never an error.
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
    IMAP_ENABLED,
    IMAP_ESEARCH,
    IMAP_NAMESPACE,
    IMAP_ID,
    IMAP_QUOTA,
    IMAP_QUOTAROOT,
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
    CODE_MODIFIED, /* the messages in uids_from were not changed: their MODSEQ had moved */
    CODE_CLOSED,
    CODE_NOTIFICATIONOVERFLOW,
    CODE_BADEVENT,
    CODE_COMPRESSIONACTIVE,
    CODE_MAILBOXID, /* in id */
    CODE_TOOBIG,
    CODE_UIDREQUIRED,
    CODE_NOUPDATE,
    CODE_NOTSAVED,
    CODE_BADCHARSET,
    CODE_HASCHILDREN,
    CODE_INUSE,
    CODE_CANNOT,
    CODE_NOPERM,
    CODE_PRIVACYREQUIRED,
    CODE_CONTACTADMIN,
    CODE_EXPUNGEISSUED,
    CODE_CORRUPTION,
    CODE_SERVERBUG,
    CODE_CLIENTBUG,
    CODE_WEBALERT, /* of Gmail: text names a page where the person must sign in */
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
    LIST_TRASH = 2048,
    LIST_HASNOCHILDREN = 4096,
    LIST_MARKED = 8192,
    LIST_UNMARKED = 16384,
    LIST_REMOTE = 32768,
    LIST_IMPORTANT = 65536
};
/* Capabilities: bits of a uint64_t. */
#define CAP_IMAP4REV1 (UINT64_C(1) << 0)
#define CAP_IMAP4REV2 (UINT64_C(1) << 1)
#define CAP_STARTTLS (UINT64_C(1) << 2)
#define CAP_LOGINDISABLED (UINT64_C(1) << 3)
#define CAP_SASL_IR (UINT64_C(1) << 4)
#define CAP_LITERAL_PLUS (UINT64_C(1) << 5)
#define CAP_LITERAL_MINUS (UINT64_C(1) << 6)
#define CAP_UIDPLUS (UINT64_C(1) << 7)
#define CAP_MOVE (UINT64_C(1) << 8)
#define CAP_IDLE (UINT64_C(1) << 9)
#define CAP_SPECIAL_USE (UINT64_C(1) << 10)
#define CAP_LIST_EXTENDED (UINT64_C(1) << 11)
#define CAP_LIST_STATUS (UINT64_C(1) << 12)
#define CAP_CONDSTORE (UINT64_C(1) << 13)
#define CAP_QRESYNC (UINT64_C(1) << 14)
#define CAP_ENABLE (UINT64_C(1) << 15)
#define CAP_ESEARCH (UINT64_C(1) << 16)
#define CAP_COMPRESS (UINT64_C(1) << 17)
#define CAP_ID (UINT64_C(1) << 18)
#define CAP_UNSELECT (UINT64_C(1) << 19)
#define CAP_NAMESPACE (UINT64_C(1) << 20)
#define CAP_UTF8_ACCEPT (UINT64_C(1) << 21)
#define CAP_UTF8_ONLY (UINT64_C(1) << 22)
#define CAP_NOTIFY (UINT64_C(1) << 23)
#define CAP_SEARCHRES (UINT64_C(1) << 24)
#define CAP_STATUS_SIZE (UINT64_C(1) << 25)
#define CAP_APPENDLIMIT (UINT64_C(1) << 26)
#define CAP_OBJECTID (UINT64_C(1) << 28)
#define CAP_QUOTA (UINT64_C(1) << 30)
#define CAP_PREVIEW (UINT64_C(1) << 31)
#define CAP_X_GM_EXT_1 (UINT64_C(1) << 32)
#define CAP_CREATE_SPECIAL_USE (UINT64_C(1) << 33)
#define CAP_CHILDREN (UINT64_C(1) << 34)
#define CAP_AUTH_PLAIN (UINT64_C(1) << 48)
#define CAP_AUTH_LOGIN (UINT64_C(1) << 49)
#define CAP_AUTH_CRAM_MD5 (UINT64_C(1) << 50)
#define CAP_AUTH_SCRAM_SHA_1 (UINT64_C(1) << 51)
#define CAP_AUTH_SCRAM_SHA_1_PLUS (UINT64_C(1) << 52)
#define CAP_AUTH_SCRAM_SHA_256 (UINT64_C(1) << 53)
#define CAP_AUTH_SCRAM_SHA_256_PLUS (UINT64_C(1) << 54)
#define CAP_AUTH_XOAUTH2 (UINT64_C(1) << 55)
#define CAP_AUTH_OAUTHBEARER (UINT64_C(1) << 56)
#define CAP_AUTH_EXTERNAL (UINT64_C(1) << 57)
#define CAP_AUTH_GSSAPI (UINT64_C(1) << 58)

enum imap_fetch_has {
    FETCH_UID = 1,
    FETCH_FLAGS = 2,
    FETCH_SIZE = 4,
    FETCH_DATE = 8,
    FETCH_MODSEQ = 16,
    FETCH_BODY = 32,
    FETCH_HEADER = 64,
    FETCH_EMAILID = 128,
    FETCH_THREADID = 256,
    FETCH_PREVIEW = 1024,
    FETCH_GM_MSGID = 2048,
    FETCH_GM_THRID = 4096,
    FETCH_GM_LABELS = 8192
};
/* What is NIL (THREADID, PREVIEW) or cannot be read (dates, a MODSEQ beyond 63 bits) has
 * no bit. */
struct imap_fetch {
    uint32_t seq, uid;
    unsigned has, flags;              /* enum imap_flag */
    const struct wire_node *keywords; /* all flags as they stand, first node */
    uint64_t size, modseq;
    int64_t internal_date;        /* seconds */
    const struct wire_node *body; /* BODY[]: literal, string or streamed; NULL when absent or NIL */
    const struct wire_node *header; /* BODY[HEADER] */
    struct str emailid, threadid;   /* RFC 8474 */
    struct str preview;             /* RFC 8970, UTF-8 as the server has it */
    uint64_t gm_msgid, gm_thrid;
    const struct wire_node *gm_labels; /* first of them: any string; NULL for none */
};

enum imap_status_has {
    STATUS_MESSAGES = 1,
    STATUS_UNSEEN = 2,
    STATUS_UIDNEXT = 4,
    STATUS_UIDVALIDITY = 8,
    STATUS_HIGHESTMODSEQ = 16,
    STATUS_SIZE = 32,
    STATUS_DELETED = 64,
    STATUS_APPENDLIMIT = 128,
    STATUS_MAILBOXID = 256
};
enum imap_esearch_has {
    ESEARCH_MIN = 1,
    ESEARCH_MAX = 2,
    ESEARCH_COUNT = 4,
    ESEARCH_ALL = 8, /* in uids_from; absent when nothing was found */
    ESEARCH_MODSEQ = 16
};
/* The first personal, other users' and shared namespace (RFC 2342); prefix.p NULL: none. */
struct imap_namespace {
    struct str prefix;
    char delim; /* 0: NIL */
};
/* STORAGE in units of 1,024 bytes; a limit of 0 with has false: the resource is not limited. */
struct imap_quota {
    struct str root; /* QUOTA; QUOTAROOT: the mailbox */
    bool has_storage, has_messages;
    uint64_t storage, storage_limit, messages, messages_limit;
};

/* A MODSEQ has 63 bits (RFC 7162 §7); what is above, or 0, is none. */
#define IMAP_MODSEQ_MAX ((uint64_t)INT64_MAX)

/* Strings are views of the line. */
struct imap_resp {
    enum imap_kind kind;
    struct str tag;        /* empty for untagged */
    enum imap_code code;   /* OK NO BAD BYE PREAUTH */
    struct str text;       /* human text of a status response, or of "+" */
    uint64_t caps;         /* CAPABILITY, CODE_CAPABILITY, ENABLED: CAP_* */
    uint64_t append_limit; /* CAPABILITY: APPENDLIMIT=n; 0: not said there */
    /* The words in full: capabilities, flags of FLAGS and PERMANENTFLAGS, ID's pairs (NULL: NIL),
     * QUOTAROOT's roots, those of an unknown code. */
    const struct wire_node *words;
    /* EXISTS, RECENT, EXPUNGE, CODE_UIDNEXT, CODE_UIDVALIDITY, CODE_HIGHESTMODSEQ, the validity of
     * APPENDUID and COPYUID. */
    uint64_t number;
    unsigned flags; /* FLAGS, CODE_PERMANENTFLAGS */
    /* COPYUID's two sets (of equal count), APPENDUID's in uids_to, VANISHED's, MODIFIED's and
     * ESEARCH's ALL in uids_from: valid sets, read with imap_set_*. */
    struct str uids_from, uids_to;
    bool earlier; /* VANISHED (EARLIER) */
    struct {
        unsigned flags; /* enum imap_list_flag */
        char delim;     /* 0: NIL */
        struct str name;
        struct str old_name;      /* OLDNAME of RFC 5465 and 9051: it was renamed; p NULL: not */
        bool children_subscribed; /* CHILDINFO says SUBSCRIBED */
    } list;
    struct {
        struct str name;
        unsigned has; /* enum imap_status_has */
        uint64_t messages, unseen, uidnext, uidvalidity, highestmodseq, size, deleted;
        uint64_t append_limit; /* 0: nothing may be added */
        struct str mailboxid;
    } status;
    struct {
        struct str tag; /* whose answer it is; empty: not said */
        bool uid;
        unsigned has; /* enum imap_esearch_has */
        uint32_t min, max, count;
        uint64_t modseq;
    } esearch;
    struct imap_namespace personal, others, shared;
    struct imap_quota quota;
    struct str id;   /* CODE_MAILBOXID */
    uint64_t modseq; /* SEARCH (MODSEQ n), ESEARCH; 0: none */
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
