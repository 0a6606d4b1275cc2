/* SPDX-License-Identifier: MIT */
/* limits.h - every ceiling of tmaild by name (SECURITY: what foreign input may cost).
 * Must not know: who keeps to them. */
#ifndef TMAIL_SERVER_LIMITS_H
#define TMAIL_SERVER_LIMITS_H

enum {
    SERVER_CONNECTIONS_MAX = 1000,   /* unless --limit says otherwise */
    SERVER_CONNECTIONS_TOP = 50000,  /* that it may say */
    SERVER_CONNECTIONS_ENDING = 100, /* beside them: told to end to make room */
    SERVER_END_MS = 10000,           /* for sessions that are told to end with the server */
    SERVER_STACK_BYTES = 1 << 20,
    SERVER_LOGIN_S = 30,       /* until somebody is logged in (IMAP, POP3) */
    SERVER_COMMAND_S = 5 * 60, /* RFC 5321 §4.5.3.2.7 */
    SERVER_IDLE_S = 30 * 60,   /* RFC 3501 §5.4 */
    SERVER_WRITE_S = 60,
    SERVER_ADDRESS_CONNECTIONS_MAX = 50, /* of one address that is not the loopback */
    SERVER_ERRORS_MAX = 100,
    SERVER_LOGIN_TRIES = 5,
    SERVER_LOGIN_DELAY_MS = 1000, /* doubled at each failure of an address */
    SERVER_LOGIN_DELAY_MAX_MS = 4000,
    SERVER_LOGIN_ADDRESSES = 256,
    SERVER_HASHES = 4,           /* passwords that are hashed at once: each takes 16 MiB */
    LINK_INFLATE_FREE = 1 << 20, /* bytes, before the ratio of what was deflated counts */
    LINK_INFLATE_RATIO = 250,
    SERVER_MESSAGE_MAX = 128 << 20,
    SERVER_HEADER_MAX = 1 << 20, /* of a message that is taken in */
    SERVER_OUT_MAX = 1 << 28,    /* one reply before it is flushed */
    SERVER_OUT_FLUSH = 64 << 10, /* flushed from here on */
    SPILL_MEMORY = 256 << 10,    /* of a message, the rest is in a file */
    SMTP_LINE_MAX = 2048, /* RFC 5321 §4.5.3.1.4 asks for 512, AUTH for more (RFC 4954 §4) */
    SMTP_RCPT_MAX = 1000,
    SMTP_TARGETS_MAX = 10000, /* of one message, aliases told */
    SMTP_RECEIVED_MAX = 50,   /* RFC 5321 §6.3 */
    RELAY_CONNECT_S = 30,     /* for TCP; then, by RFC 5321 §4.5.3.2: */
    RELAY_REPLY_S = 5 * 60,   /* greeting, and each reply but the last */
    RELAY_DOT_S = 10 * 60,    /* the one to the final dot */
    RELAY_TOTAL_S = 60 * 60,  /* all that is done on one connection */
    RELAY_DNS_S = 30,         /* one question */
    RELAY_RCPT_MAX = 100,     /* of one transaction (RFC 5321 §4.5.3.1.8) */
    RELAY_ADDRESSES_MAX = 10, /* tried in one attempt */
    RELAY_AGAIN_MAX = 100,    /* connections to a server that ends each after some messages */
    AGENT_PIECE = 64 << 10,
    AGENT_COMMAND_S = 5 * 60, /* then the command is killed */
    AGENT_SAID_MAX = 1000,    /* bytes of a command's output that are looked at */
    IMAP_LINE_MAX = 64 << 10,
    IMAP_LITERAL_LOGIN_MAX = 8 << 10,
    IMAP_LITERAL_MAX = 64 << 10, /* of arguments; APPEND's message has SERVER_MESSAGE_MAX */
    IMAP_COMMAND_MAX = 1 << 20,
    IMAP_ERRORS_MAX = 100,
    IMAP_SEARCH_DEPTH = 50,
    IMAP_SEARCH_SIGN_MS = 10000, /* a client that waits hears that we are at it */
    IMAP_FETCH_ITEMS = 100,
    IMAP_LIST_PATTERNS = 100,
    IMAP_STREAM_MIN = 1 << 20, /* larger messages go out whole without being in memory */
    IMAP_PARTS = 4000,         /* of a message; the last of them is the rest */
    IMAP_PART_DEPTH = 50,
    IMAP_PART_FIELDS = 2000,
    IMAP_SORT_MEMORY = 64 << 20, /* texts that SORT and THREAD compare */
    IMAP_THREAD_IDS = 2000000,   /* that the messages of a THREAD name */
    IMAP_THREAD_REFS = 200,      /* of them by one message: the last */
    IMAP_THREAD_STEPS = 1 << 26, /* in looking for loops among them */
    READER_WAIT_MS = 5000,       /* for a sign of life of tmail-decode */
    /* Of a minute it may take so long over questions that take more than a second; until the
     * minute is over mail is compared as it stands. */
    READER_SLOW_WINDOW_MS = 60000,
    READER_SLOW_MS = 15000,
    READER_SLOW_ONE_MS = 1000,
    READER_IDLE_MS = 60000,       /* it goes when nobody has asked for so long */
    IMAP_STRUCTURE_MAX = 8 << 20, /* a BODYSTRUCTURE that is longer is that of one opaque part */
    IMAP_COPY_GROUP = 500,        /* messages that are copied in one go, */
    IMAP_COPY_BYTES = 4 << 20,    /* unless they have so many bytes */
    POP3_ERRORS_MAX = 100,
    POP3_BUSY_TRIES = 10, /* for the mailbox of a session whose connection has just broken */
    POP3_BUSY_MS = 100,
    MBOX_LOCK_WAIT_MS = 5000,
    MBOX_MESSAGES_MAX = 5000000,
    MBOX_UID_MAX =
        0x7FFFFFFF,         /* found above it they are given anew: none must come after the last */
    MBOX_PIECE = 256 << 10, /* read at a time, unless a line is longer */
    MBOX_HEAD_PIECE = 4 << 10,   /* the same for a header */
    MBOX_KEYWORDS_MAX = 1000,    /* bytes of one message's keywords */
    MBOX_GONE_MAX = 20000,       /* expunged UIDs whose modseq is remembered */
    MBOX_INDEX_MAX = 1 << 30,    /* bytes of an index that is read */
    MBOX_COMPACT_NOW = 1 << 20,  /* bytes that are copied at once, without a thread of their own */
    MBOX_COMPACT_STEP = 2 << 20, /* bytes between two fsyncs of the copy */
    MAILBOX_GROUP_MAX = 100,     /* appends that share one fsync */
    MAILBOX_QUIET_MS = 5000,     /* without a job, before the index is written */
    STORE_IDLE_BOXES = 64,       /* mailboxes kept open although nobody uses them */
    DELIVER_AT_ONCE = 16,        /* mailboxes that one message goes to at the same time */
    STORE_RESERVE = 1 << 20,     /* bytes of the disk that new mail leaves free */
    STORE_FOLDERS_MAX = 10000,
    QUEUE_RETRY_S = 15 * 60, /* RFC 5321 §4.5.4.1 */
    QUEUE_WARN_S = 4 * 3600,
    QUEUE_GIVE_UP_S = 5 * 86400,
    QUEUE_MAX = 100000,
    QUEUE_WORKERS = 20,
    QUEUE_DESTINATION = 2,
    MAILQ_BATCH = 20,                /* mails that one attempt takes along */
    MAILQ_TASKS_MAX = 1000,          /* that wait for a worker; the rest waits for them */
    MAILQ_DESTINATION_WAITING = 100, /* of them for one destination */
    MAILQ_CROWD_S = 5,               /* until one beyond that comes to its turn */
    MAILQ_STOP_MS = 5000,            /* for attempts under way when the server ends */
    NAME_LEVEL_MAX = 100,
    NAME_LEVELS = 10
};

#endif
