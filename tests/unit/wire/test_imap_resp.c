/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include <stdlib.h>

#include "base/mem.h"
#include "wire/imap_resp.h"

struct parsed {
    struct wire_imap *p;
    struct imap_resp r;
    int result;
};

/* What the typed view has, pointers followed, so that two of them can be compared. */
static void view(const struct wire_node *line, struct buf *out)
{
    struct imap_resp r;
    struct error err;
    buf_addf(out, "%d ", wire_imap_resp(line, &r, &err));
    struct str strings[] = { r.tag,           r.text,        r.uids_from,       r.uids_to,
                             r.list.name,     r.status.name, r.list.old_name,   r.esearch.tag,
                             r.fetch.preview, r.quota.root,  r.personal.prefix, r.id };
    uint64_t numbers[] = { r.kind,          r.code,         r.caps,           r.number,
                           r.flags,         r.append_limit, r.list.flags,     r.status.has,
                           r.status.size,   r.fetch.has,    r.fetch.uid,      r.fetch.modseq,
                           r.esearch.count, r.modseq,       r.fetch.gm_msgid, r.quota.storage };
    for (size_t i = 0; i < COUNT(strings); i++)
        buf_addf(out, "%.*s|", STR_ARG(strings[i]));
    for (size_t i = 0; i < COUNT(numbers); i++)
        buf_addf(out, "%llu ", (unsigned long long)numbers[i]);
    if (r.fetch.body != NULL)
        buf_add_str(out, r.fetch.body->s);
}

/* The one line in two pieces, each in memory of its own. */
static void in_pieces(struct str text, size_t cut, struct buf *out)
{
    struct wire_imap *p = wire_imap_new(WIRE_CLIENT, NULL);
    const struct wire_node *line;
    struct error err = { 0 };
    struct str halves[2] = { str_head(text, cut), str_skip(text, cut) };
    enum wire_result rc = WIRE_MORE;
    for (size_t i = 0; i < 2 && rc == WIRE_MORE; i++) {
        char *copy = xmalloc(halves[i].n + 1);
        memcpy(copy, halves[i].p, halves[i].n);
        struct str in = { copy, halves[i].n };
        rc = wire_imap_next(p, &in, &line, &err);
        if (rc == WIRE_OK)
            view(line, out);
        free(copy);
    }
    assert_int_equal(rc, WIRE_OK);
    wire_imap_free(&p);
}

static void same_in_every_split(const char *text)
{
    struct buf whole = BUF_INIT(1 << 16), cut = BUF_INIT(1 << 16);
    struct str in = str_c(text);
    in_pieces(in, in.n, &whole);
    for (size_t at = 0; at < in.n; at++) {
        buf_clear(&cut);
        in_pieces(in, at, &cut);
        assert_string_equal(buf_c(&cut), buf_c(&whole));
    }
    buf_free(&whole);
    buf_free(&cut);
}

static struct parsed parse(const char *text)
{
    same_in_every_split(text);
    struct parsed x = { .p = wire_imap_new(WIRE_CLIENT, NULL) };
    struct str in = str_c(text);
    const struct wire_node *line;
    struct error err = { 0 };
    assert_int_equal(wire_imap_next(x.p, &in, &line, &err), WIRE_OK);
    x.result = wire_imap_resp(line, &x.r, &err);
    if (x.result != 0)
        assert_int_equal(err.code, ERR_PROTO);
    return x;
}

static void kinds_and_numbers(void **state)
{
    static const struct {
        const char *in;
        int result;
        enum imap_kind kind;
        enum imap_code code;
        uint64_t number;
        uint64_t bits; /* flags or caps */
    } rows[] = {
        { "a1 OK done\r\n", 0, IMAP_OK, CODE_NONE, 0, 0 },
        { "a1 NO\r\n", 0, IMAP_NO, CODE_NONE, 0, 0 },
        { "a1 bad\r\n", 0, IMAP_BAD, CODE_NONE, 0, 0 },
        { "a1 BYE x\r\n", -1, 0, 0, 0, 0 },
        { "a1 23 EXISTS\r\n", -1, 0, 0, 0, 0 },
        { "*\r\n", -1, 0, 0, 0, 0 },
        { "* BYE x\r\n", 0, IMAP_BYE, 0, 0, 0 },
        { "* PREAUTH x\r\n", 0, IMAP_PREAUTH, 0, 0, 0 },
        { "+ x\r\n", 0, IMAP_CONTINUE, 0, 0, 0 },
        { "* OK [UIDNEXT 7] x\r\n", 0, IMAP_OK, CODE_UIDNEXT, 7, 0 },
        { "* OK [UIDNEXT x] x\r\n", -1, 0, 0, 0, 0 },
        { "* OK [UIDVALIDITY 18446744073709551616]\r\n", -1, 0, 0, 0, 0 },
        { "* OK [HIGHESTMODSEQ 90]\r\n", 0, IMAP_OK, CODE_HIGHESTMODSEQ, 90, 0 },
        { "* OK [WHATEVER (a) b] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "* OK [PERMANENTFLAGS (\\Seen \\*)]\r\n", 0, IMAP_OK, CODE_PERMANENTFLAGS, 0,
          IMAP_SEEN | IMAP_ANY },
        { "* OK [PERMANENTFLAGS]\r\n", -1, 0, 0, 0, 0 },
        { "* OK [CAPABILITY IMAP4rev1 IDLE] x\r\n", 0, IMAP_OK, CODE_CAPABILITY, 0,
          CAP_IMAP4REV1 | CAP_IDLE },
        { "a NO [AUTHENTICATIONFAILED] x\r\n", 0, IMAP_NO, CODE_AUTHENTICATIONFAILED, 0, 0 },
        { "a OK [APPENDUID 3 7] x\r\n", 0, IMAP_OK, CODE_APPENDUID, 3, 0 },
        { "a OK [APPENDUID 3 7,] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 }, /* CVE-2021-32055 */
        { "a OK [APPENDUID 3] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "a OK [APPENDUID 0 7] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "a OK [APPENDUID 4294967296 7] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "a OK [APPENDUID 3 0] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "a OK [APPENDUID 3 7:9] x\r\n", 0, IMAP_OK, CODE_APPENDUID, 3, 0 },
        { "a OK [COPYUID 3 1:2 5:6] x\r\n", 0, IMAP_OK, CODE_COPYUID, 3, 0 },
        { "a OK [COPYUID 3 1:2 5:7] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "a OK [COPYUID 3  5:7] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "a OK [COPYUID] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "a OK [MODIFIED 7,9] x\r\n", 0, IMAP_OK, CODE_MODIFIED, 0, 0 },
        { "a OK [MODIFIED] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "* OK [HIGHESTMODSEQ 0] x\r\n", 0, IMAP_OK, CODE_NOMODSEQ, 0, 0 },
        { "* OK [HIGHESTMODSEQ 9223372036854775807]\r\n", 0, IMAP_OK, CODE_HIGHESTMODSEQ, INT64_MAX,
          0 },
        { "* OK [HIGHESTMODSEQ 9223372036854775808]\r\n", 0, IMAP_OK, CODE_NOMODSEQ, 0, 0 },
        { "* OK [HIGHESTMODSEQ 99999999999999999999]\r\n", 0, IMAP_OK, CODE_NOMODSEQ, 0, 0 },
        { "* OK [NOMODSEQ] x\r\n", 0, IMAP_OK, CODE_NOMODSEQ, 0, 0 },
        { "* OK [CLOSED] x\r\n", 0, IMAP_OK, CODE_CLOSED, 0, 0 },
        { "* OK [NOTIFICATIONOVERFLOW] x\r\n", 0, IMAP_OK, CODE_NOTIFICATIONOVERFLOW, 0, 0 },
        { "a NO [BADEVENT (FlagChange)] x\r\n", 0, IMAP_NO, CODE_BADEVENT, 0, 0 },
        { "a NO [COMPRESSIONACTIVE] x\r\n", 0, IMAP_NO, CODE_COMPRESSIONACTIVE, 0, 0 },
        { "a NO [TOOBIG] x\r\n", 0, IMAP_NO, CODE_TOOBIG, 0, 0 },
        { "a BAD [UIDREQUIRED] x\r\n", 0, IMAP_BAD, CODE_UIDREQUIRED, 0, 0 },
        { "a NO [INUSE] x\r\n", 0, IMAP_NO, CODE_INUSE, 0, 0 },
        { "a NO [CANNOT] x\r\n", 0, IMAP_NO, CODE_CANNOT, 0, 0 },
        { "a NO [WEBALERT https://x/] x\r\n", 0, IMAP_NO, CODE_WEBALERT, 0, 0 },
        { "a OK [MAILBOXID (F1)] x\r\n", 0, IMAP_OK, CODE_MAILBOXID, 0, 0 },
        { "a OK [MAILBOXID] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "* CAPABILITY IMAP4rev1 NOTIFY X-GM-EXT-1 AUTH=SCRAM-SHA-256-PLUS\r\n", 0,
          IMAP_CAPABILITY, 0, 0,
          CAP_IMAP4REV1 | CAP_NOTIFY | CAP_X_GM_EXT_1 | CAP_AUTH_SCRAM_SHA_256_PLUS },
        { "* ENABLED condstore qresync UNKNOWN\r\n", 0, IMAP_ENABLED, 0, 0,
          CAP_CONDSTORE | CAP_QRESYNC },
        { "* ENABLED\r\n", 0, IMAP_ENABLED, 0, 0, 0 },
        { "* CAPABILITY IMAP4rev1 LITERAL+ QRESYNC AUTH=PLAIN X\r\n", 0, IMAP_CAPABILITY, 0, 0,
          CAP_IMAP4REV1 | CAP_LITERAL_PLUS | CAP_QRESYNC | CAP_CONDSTORE | CAP_AUTH_PLAIN },
        { "* FLAGS (\\Answered $Forwarded x)\r\n", 0, IMAP_FLAGS, 0, 0,
          IMAP_ANSWERED | IMAP_FORWARDED },
        { "* FLAGS\r\n", -1, 0, 0, 0, 0 },
        { "* 23 EXISTS\r\n", 0, IMAP_EXISTS, 0, 23, 0 },
        { "* 0 EXISTS\r\n", 0, IMAP_EXISTS, 0, 0, 0 },
        { "* 4294967296 EXISTS\r\n", -1, 0, 0, 0, 0 },
        { "* 0 EXPUNGE\r\n", -1, 0, 0, 0, 0 },
        { "* 2 EXPUNGE\r\n", 0, IMAP_EXPUNGE, 0, 2, 0 },
        { "* 2 NEWTHING (x)\r\n", 0, IMAP_OTHER, 0, 0, 0 },
        { "* 2\r\n", -1, 0, 0, 0, 0 },
        { "* NEWTHING NIL\r\n", 0, IMAP_OTHER, 0, 0, 0 },
        { "* ID NIL\r\n", 0, IMAP_ID, 0, 0, 0 },
        { "* ID (\"name\" NIL \"x\" {1}\r\ny)\r\n", 0, IMAP_ID, 0, 0, 0 },
        { "* ID (\"name\")\r\n", -1, 0, 0, 0, 0 },
        { "* ID\r\n", -1, 0, 0, 0, 0 },
        { "* ESEARCH\r\n", 0, IMAP_ESEARCH, 0, 0, 0 },
        { "* ESEARCH (TAG \"a\") UID\r\n", 0, IMAP_ESEARCH, 0, 0, 0 },
        { "* ESEARCH UID ALL\r\n", -1, 0, 0, 0, 0 },
        { "* ESEARCH ALL 1,\r\n", -1, 0, 0, 0, 0 },
        { "* ESEARCH COUNT x\r\n", -1, 0, 0, 0, 0 },
        { "* ESEARCH ADDTO (0 1:2)\r\n", 0, IMAP_ESEARCH, 0, 0, 0 },
        { "* NAMESPACE NIL NIL NIL\r\n", 0, IMAP_NAMESPACE, 0, 0, 0 },
        { "* NAMESPACE (()) NIL NIL\r\n", -1, 0, 0, 0, 0 },
        { "* NAMESPACE ((\"\" \"/\"))\r\n", -1, 0, 0, 0, 0 },
        { "* QUOTA \"\" (STORAGE 1)\r\n", -1, 0, 0, 0, 0 },
        { "* QUOTA \"\" ()\r\n", 0, IMAP_QUOTA, 0, 0, 0 },
        { "* QUOTA x\r\n", -1, 0, 0, 0, 0 },
        { "* QUOTAROOT INBOX\r\n", 0, IMAP_QUOTAROOT, 0, 0, 0 },
        { "* QUOTAROOT\r\n", -1, 0, 0, 0, 0 },
        { "* VANISHED (EARLIER) 1:3,\r\n", -1, 0, 0, 0, 0 }, /* CVE-2021-32055 */
        { "* VANISHED (EARLIER) 1:3\r\n", 0, IMAP_VANISHED, 0, 0, 0 },
        { "* VANISHED\r\n", -1, 0, 0, 0, 0 },
        { "* SEARCH\r\n", 0, IMAP_SEARCH, 0, 0, 0 },
        { "* SEARCH 1 x\r\n", -1, 0, 0, 0, 0 },
        { "* SEARCH 1 2 (MODSEQ 9)\r\n", 0, IMAP_SEARCH, 0, 0, 0 },
        { "* LIST (\\Noselect) \"//\" x\r\n", -1, 0, 0, 0, 0 },
        { "* LIST x \"/\" x\r\n", -1, 0, 0, 0, 0 },
        { "* LIST () \"/\"\r\n", -1, 0, 0, 0, 0 },
        { "* LIST () \"/\" x (\"CHILDINFO\")\r\n", -1, 0, 0, 0, 0 },
        { "* STATUS x (MESSAGES)\r\n", -1, 0, 0, 0, 0 },
        { "* STATUS x (MESSAGES 99999999999999999999)\r\n", -1, 0, 0, 0, 0 },
        { "* 1 FETCH\r\n", -1, 0, 0, 0, 0 },
        { "* 1 FETCH (UID)\r\n", -1, 0, 0, 0, 0 },
        { "* 1 FETCH (UID 0)\r\n", 0, IMAP_FETCH, 0, 1, 0 },
        { "* 1 FETCH (FLAGS x)\r\n", -1, 0, 0, 0, 0 },
        { "* 1 FETCH (BODY[] (x))\r\n", -1, 0, 0, 0, 0 },
        /* CVE-2018-14358: digits without end */
        { "* 1 FETCH (RFC822.SIZE 999999999999999999999999999999)\r\n", -1, 0, 0, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parsed x = parse(rows[i].in);
        assert_int_equal(x.result, rows[i].result);
        if (x.result == 0) {
            assert_int_equal(x.r.kind, rows[i].kind);
            assert_int_equal(x.r.code, rows[i].code);
            assert_true(x.r.number == rows[i].number);
            assert_true((x.r.flags | x.r.caps) == rows[i].bits);
        }
        wire_imap_free(&x.p);
    }
}

static void fetch_has_its_items(void **state)
{
    (void)state;
    struct parsed x = parse("* 12 FETCH (UID 7 FLAGS (\\Seen foo) RFC822.SIZE 4294967300 "
                            "INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" MODSEQ (12) X-GM-MSGID 5 "
                            "BODY[] {5}\r\nhello BODY[HEADER] NIL)\r\n");
    const struct imap_fetch *f = &x.r.fetch;
    assert_int_equal(x.result, 0);
    assert_int_equal(f->seq, 12);
    assert_int_equal(f->uid, 7);
    assert_int_equal(f->flags, IMAP_SEEN);
    assert_str(f->keywords->next->s, "foo");
    assert_true(f->size == 4294967300u);
    assert_true(f->internal_date == 837596665);
    assert_true(f->modseq == 12);
    assert_str(f->body->s, "hello");
    assert_null(f->header);
    assert_int_equal(f->has, FETCH_UID | FETCH_FLAGS | FETCH_SIZE | FETCH_DATE | FETCH_MODSEQ |
                                 FETCH_BODY | FETCH_HEADER | FETCH_GM_MSGID);
    wire_imap_free(&x.p);
}

static void fetch_has_items_of_extensions(void **state)
{
    (void)state;
    struct parsed x = parse("* 12 FETCH (X-GM-LABELS (\\Inbox \"a b\" {1}\r\nc) EMAILID (M1) "
                            "THREADID (T1) SAVEDATE \"01-Jan-1970 00:00:01 +0000\" PREVIEW "
                            "{2}\r\nhi X-GM-MSGID 18446744073709551615 X-GM-THRID 6)\r\n");
    const struct imap_fetch *f = &x.r.fetch;
    assert_int_equal(x.result, 0);
    assert_str(f->emailid, "M1");
    assert_str(f->threadid, "T1");
    assert_str(f->preview, "hi");
    assert_true(f->gm_msgid == UINT64_MAX && f->gm_thrid == 6);
    assert_str(f->gm_labels->s, "\\Inbox");
    assert_str(f->gm_labels->next->s, "a b");
    assert_str(f->gm_labels->next->next->s, "c");
    assert_int_equal(f->has, FETCH_EMAILID | FETCH_THREADID | FETCH_PREVIEW | FETCH_GM_MSGID |
                                 FETCH_GM_THRID | FETCH_GM_LABELS);
    wire_imap_free(&x.p);
    x = parse("* 1 FETCH (THREADID NIL SAVEDATE NIL PREVIEW NIL EMAILID x X-GM-LABELS NIL "
              "MODSEQ (9223372036854775808) BINARY.SIZE[1] 3 UID 1)\r\n");
    assert_int_equal(x.result, 0);
    assert_int_equal(x.r.fetch.has, FETCH_UID);
    wire_imap_free(&x.p);
    x = parse("* 1 FETCH (X-GM-LABELS ())\r\n");
    assert_int_equal(x.r.fetch.has, FETCH_GM_LABELS);
    assert_null(x.r.fetch.gm_labels);
    wire_imap_free(&x.p);
}

static void the_answer_of_a_search_in_short(void **state)
{
    (void)state;
    struct parsed x =
        parse("* ESEARCH (TAG \"t7\") UID COUNT 4 ALL 1:3,9 MIN 1 MODSEQ 77 MAX 9\r\n");
    assert_int_equal(x.result, 0);
    assert_str(x.r.esearch.tag, "t7");
    assert_true(x.r.esearch.uid);
    assert_int_equal(x.r.esearch.has,
                     ESEARCH_MIN | ESEARCH_MAX | ESEARCH_COUNT | ESEARCH_ALL | ESEARCH_MODSEQ);
    assert_int_equal(x.r.esearch.min, 1);
    assert_int_equal(x.r.esearch.max, 9);
    assert_int_equal(x.r.esearch.count, 4);
    assert_str(x.r.uids_from, "1:3,9");
    assert_true(x.r.modseq == 77);
    wire_imap_free(&x.p);
    x = parse("* SEARCH 1 2 (MODSEQ 9)\r\n");
    assert_true(x.r.modseq == 9);
    wire_imap_free(&x.p);
}

static void what_a_server_says_of_itself(void **state)
{
    (void)state;
    struct parsed x = parse("* CAPABILITY APPENDLIMIT=35651584 IMAP4rev2\r\n");
    assert_true(x.r.append_limit == 35651584);
    assert_true((x.r.caps & CAP_APPENDLIMIT) != 0 && (x.r.caps & CAP_MOVE) != 0);
    assert_str(x.r.words->s, "APPENDLIMIT=35651584");
    wire_imap_free(&x.p);
    x = parse("* CAPABILITY APPENDLIMIT= IMAP4rev1 IMAP4rev2\r\n");
    assert_true(x.r.caps == (CAP_IMAP4REV1 | CAP_IMAP4REV2));
    wire_imap_free(&x.p);
    x = parse(
        "* NAMESPACE ((\"INBOX.\" \".\") (\"#mh/\" \"/\" \"X\" (\"a\"))) NIL ((\"\" NIL))\r\n");
    assert_str(x.r.personal.prefix, "INBOX.");
    assert_int_equal(x.r.personal.delim, '.');
    assert_null(x.r.others.prefix.p);
    assert_non_null(x.r.shared.prefix.p);
    assert_int_equal(x.r.shared.delim, 0);
    wire_imap_free(&x.p);
    x = parse("* QUOTA \"User quota\" (STORAGE 10 512 MESSAGE 3 0 X-NEW 1 2)\r\n");
    assert_str(x.r.quota.root, "User quota");
    assert_true(x.r.quota.has_storage && x.r.quota.has_messages);
    assert_true(x.r.quota.storage == 10 && x.r.quota.storage_limit == 512 &&
                x.r.quota.messages == 3 && x.r.quota.messages_limit == 0);
    wire_imap_free(&x.p);
    x = parse("* QUOTAROOT INBOX \"\" b\r\n");
    assert_str(x.r.words->next->s, "b");
    wire_imap_free(&x.p);
}

static void a_date_of_any_length_is_a_date_or_nothing(void **state)
{
    char text[3000]; /* CVE-2018-14350 */
    (void)state;
    memset(text, '1', sizeof text);
    memcpy(text, "* 1 FETCH (INTERNALDATE \"", 25);
    memcpy(text + sizeof text - 5, "\")\r\n", 5);
    struct parsed x = parse(text);
    assert_int_equal(x.result, 0);
    assert_int_equal(x.r.fetch.has, 0);
    wire_imap_free(&x.p);
}

static void lists_and_status(void **state)
{
    (void)state;
    struct parsed x = parse("* LIST (\\HasChildren \\Sent) \".\" {4}\r\nSent\r\n");
    assert_int_equal(x.r.list.flags, LIST_HASCHILDREN | LIST_SENT);
    assert_int_equal(x.r.list.delim, '.');
    assert_str(x.r.list.name, "Sent");
    wire_imap_free(&x.p);
    x = parse("* LIST (\\NonExistent) NIL x\r\n");
    assert_int_equal(x.r.list.flags, LIST_NONEXISTENT | LIST_NOSELECT);
    assert_int_equal(x.r.list.delim, 0);
    wire_imap_free(&x.p);
    x = parse("* LIST () \"\" x (\"OLDNAME\" (\"old\") X-Y z CHILDINFO (\"SUBSCRIBED\"))\r\n");
    assert_int_equal(x.r.list.delim, 0);
    assert_str(x.r.list.old_name, "old");
    assert_true(x.r.list.children_subscribed);
    wire_imap_free(&x.p);
    x = parse("* STATUS x (APPENDLIMIT NIL HIGHESTMODSEQ 0 MAILBOXID (F1) SIZE 5000000000 "
              "DELETED 2)\r\n");
    assert_int_equal(x.result, 0);
    assert_int_equal(x.r.status.has, STATUS_MAILBOXID | STATUS_SIZE | STATUS_DELETED);
    assert_str(x.r.status.mailboxid, "F1");
    assert_true(x.r.status.size == 5000000000 && x.r.status.deleted == 2);
    wire_imap_free(&x.p);
    x = parse("* STATUS x (APPENDLIMIT 0 HIGHESTMODSEQ 7)\r\n");
    assert_int_equal(x.r.status.has, STATUS_APPENDLIMIT | STATUS_HIGHESTMODSEQ);
    assert_true(x.r.status.highestmodseq == 7);
    wire_imap_free(&x.p);
    x = parse("* STATUS \"a b\" (MESSAGES 3 UNSEEN 1 UIDNEXT 9 NEW (x) UIDVALIDITY 2)\r\n");
    assert_str(x.r.status.name, "a b");
    assert_int_equal(x.r.status.has,
                     STATUS_MESSAGES | STATUS_UNSEEN | STATUS_UIDNEXT | STATUS_UIDVALIDITY);
    assert_true(x.r.status.messages == 3 && x.r.status.unseen == 1 && x.r.status.uidnext == 9 &&
                x.r.status.uidvalidity == 2);
    wire_imap_free(&x.p);
}

static void dates(void **state)
{
    static const struct {
        const char *in;
        int result;
        int64_t seconds;
    } rows[] = {
        { "01-Jan-1970 00:00:00 +0000", 0, 0 },
        { " 1-Jan-1970 00:00:00 +0000", 0, 0 },
        { "1-Jan-1970 00:00:00 +0000", 0, 0 },
        { "29-Feb-2024 12:00:00 +0130", 0, 1709202600 },
        { "31-Dec-1969 23:59:59 +0000", 0, -1 },
        { "17-Jul-1996 02:44:25 -0700", 0, 837596665 },
        { "17-Jul-1996 02:44:25", -1, 0 },
        { "17-Foo-1996 02:44:25 +0000", -1, 0 },
        { "00-Jan-1996 02:44:25 +0000", -1, 0 },
        { "17-Jan-1996 24:44:25 +0000", -1, 0 },
        { "17-Jan-1996 02:44:25 +0000x", -1, 0 },
        { "x-Jan-1996 02:44:25 +0000", -1, 0 },
        { "", -1, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t t = 0;
        assert_int_equal(wire_imap_date(str_c(rows[i].in), &t), rows[i].result);
        if (rows[i].result == 0)
            assert_true(t == rows[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_and_numbers),
        cmocka_unit_test(fetch_has_its_items),
        cmocka_unit_test(fetch_has_items_of_extensions),
        cmocka_unit_test(the_answer_of_a_search_in_short),
        cmocka_unit_test(what_a_server_says_of_itself),
        cmocka_unit_test(a_date_of_any_length_is_a_date_or_nothing),
        cmocka_unit_test(lists_and_status),
        cmocka_unit_test(dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
