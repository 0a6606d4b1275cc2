/* SPDX-License-Identifier: MIT */
/* pop3.h - the grammar of POP3, both directions: replies, listings, message bodies, and the
 * commands as a server reads them (RFC 1939, 2449, 2595, 5034).
 * Must not know: sockets, which command was answered. */
#ifndef TMAIL_WIRE_POP3_H
#define TMAIL_WIRE_POP3_H

#include "wire/imap_token.h"

enum {
    WIRE_POP3_LINE_MAX = 4096, /* of a reply or listing: RFC 2449 has 512, servers say more */
    WIRE_POP3_CMD_MAX = 16384, /* of a command: AUTH carries tokens (RFC 5034 §4) */
    WIRE_POP3_UID_MAX = 256    /* RFC 1939 §7 has 70; servers have more */
};

struct wire_pop3_reply {
    enum { POP3_OK, POP3_ERR, POP3_CONTINUE } kind; /* CONTINUE: "+ ", a SASL challenge */
    struct str code; /* RFC 2449 §8, without brackets ("IN-USE"); empty where there is none */
    struct str text;
};
/* One status line off *in: OK, MORE (nothing consumed: keep the bytes), BAD. LF alone ends it too.
 */
enum wire_result wire_pop3_reply_next(struct str *in, struct wire_pop3_reply *out);
/* One line of a listing (CAPA, LIST, UIDL), un-stuffed, without its end; *end: it was the final
 * dot. */
enum wire_result wire_pop3_line_next(struct str *in, struct str *line, bool *end);
/* "7 1024" (more may follow) or "7 abc": 0, -1 where it is neither. *uid is empty where there is
 * none. */
int wire_pop3_number_size(struct str line, uint32_t *number, uint64_t *size);
int wire_pop3_number_uid(struct str line, uint32_t *number, struct str *uid);

/* The lines of a message as they come in, any split. Each call gives a run of *in as *run, without
 * copying: MORE with the run, which may be empty (keep nothing), OK with an empty one when the final
 * dot was read (rest of *in untouched). The stuffed dots are left out, all else is given as it came,
 * bare CR and LF too. The first line tells what ends lines: where it was CRLF a bare LF is part of
 * its line, and a dot behind it as well, else LF ends lines too. Start zeroed. Call until *in is
 * empty or OK. */
struct wire_pop3_body {
    unsigned state;
};
enum wire_result wire_pop3_body_next(struct wire_pop3_body *b, struct str *in, struct str *run);

enum wire_pop3_verb {
    POP3_USER,
    POP3_PASS,
    POP3_AUTH,
    POP3_STAT,
    POP3_LIST,
    POP3_UIDL,
    POP3_RETR,
    POP3_TOP,
    POP3_DELE,
    POP3_NOOP,
    POP3_RSET,
    POP3_CAPA,
    POP3_STLS,
    POP3_APOP,
    POP3_QUIT,
    POP3_UNKNOWN
};
struct wire_pop3_cmd {
    enum wire_pop3_verb verb;
    struct str text;        /* all behind the verb, blanks at both ends left out (PASS: the one
                               blank in front only: a password may begin and end with blanks) */
    uint32_t number, lines; /* of LIST, UIDL, RETR, DELE, TOP; 0: not given */
    bool bad;               /* the arguments are not what the verb takes */
};
/* One line a client sent, without its end; verbs in any case. */
void wire_pop3_cmd_read(struct str line, struct wire_pop3_cmd *out);

#endif
