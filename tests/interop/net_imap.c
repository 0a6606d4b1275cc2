/* SPDX-License-Identifier: MIT */
/* net_imap - the IMAP client against a real server:
 *   net_imap open TLS HOST PORT CA PASSWORD    says the error's code ("0" when it opened) and its words
 *   net_imap code tls|auth|config             the number of an error code
 *   net_imap work TLS HOST PORT CA PASSWORD    a session: APPEND, FETCH, STORE, IDLE, EXPUNGE
 *   net_imap packed ...                        the same under COMPRESS=DEFLATE
 *   net_imap notify ...                        hears of another mailbox by NOTIFY
 *   net_imap search ...                        finds by SEARCH and ESEARCH, with words of any bytes
 * TLS is direct, starttls, loopback or none; CA may be "-". */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/imap.h"
#include "base/banned.h"

enum { BIG = 3 << 20 };

struct seen {
    uint64_t bytes, wrong, exists, fetched;
    uint32_t uid_last;
    uint64_t sent_messages, inbox_messages; /* of STATUS */
    unsigned flags;
};

/* A message whose every byte is known from its place. */
static char message_byte(uint64_t at)
{
    static const char head[] = "Subject: big\r\n\r\n";
    if (at < sizeof head - 1)
        return head[at];
    uint64_t k = (at - (sizeof head - 1)) % 72;
    return k == 70 ? '\r' : k == 71 ? '\n' : (char)('a' + (at / 72) % 26);
}

static int message_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    uint64_t size = *(uint64_t *)arg;
    (void)err;
    for (; want > 0 && offset < size; want--)
        buf_addc(out, message_byte(offset++));
    return 0;
}

static int on_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct seen *s = arg;
    (void)err;
    if (r->kind == IMAP_EXISTS)
        s->exists = r->number;
    if (r->kind == IMAP_FETCH) {
        s->fetched++;
        s->uid_last = r->fetch.uid;
        s->flags = r->fetch.flags;
    }
    if (r->kind == IMAP_STATUS && (r->status.has & STATUS_MESSAGES))
        *(str_eqc(r->status.name, "Sent") ? &s->sent_messages : &s->inbox_messages) =
            r->status.messages;
    return 0;
}

static int on_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    struct seen *s = arg;
    (void)err;
    (void)seq;
    for (size_t k = 0; k < bytes.n; k++)
        s->wrong += bytes.p[k] != message_byte(s->bytes + k);
    s->bytes += bytes.n;
    (void)last;
    return 0;
}

static void must(bool claim, const char *what, const struct error *err)
{
    if (claim)
        return;
    fprintf(stderr, "FAIL: %s: %s\n", what, err->text);
    exit(1);
}

static struct imap *connect_to(char **argv, struct error *err)
{
    struct net_login login = { .user = "jane", .secret = str_c(argv[6]) };
    struct str tls = str_c(argv[2]);
    struct imap_options o = {
        .endpoint = { .proto = NET_IMAP,
                      .host = argv[3],
                      .port = (uint16_t)strtoul(argv[4], NULL, 10),
                      .tls = str_eqc(tls, "direct") ? TLS_DIRECT
                             : str_eqc(tls, "none") ? TLS_NONE
                                                    : TLS_STARTTLS,
                      .loopback_plain = str_eqc(tls, "loopback"),
                      .ca_file = str_eqc(str_c(argv[5]), "-") ? NULL : argv[5] },
        .login = &login,
        .connect_ms = 20000,
        .wait_ms = 20000,
    };
    return imap_open(&o, err);
}

static void work(struct imap *i, struct imap *other, struct error *err)
{
    struct seen s = { 0 }, unasked = { 0 };
    struct imap_handler h = { .resp = on_resp, .chunk = on_chunk, .arg = &s };
    uint64_t size = BIG, small = 100;
    imap_on_unsolicited(i, on_resp, &unasked);
    must(imap_command(i, STR("SELECT INBOX"), &h, err) == 0, "SELECT", err);
    uint64_t before = s.exists;
    imap_queue_append(i, STR("INBOX"), IMAP_SEEN, 1000000000, size, message_read, &size, NULL);
    for (int k = 0; k < 500; k++)
        imap_queue_append(i, STR("INBOX"), 0, 0, small, message_read, &small, NULL);
    must(imap_run(i, err) == 0, "APPEND", err);
    must(imap_command(i, STR("NOOP"), NULL, err) == 0, "NOOP", err);
    must(unasked.exists == before + 501, "all are there", err);

    imap_queuef(i, &h, "FETCH %llu (UID FLAGS BODY.PEEK[])", (unsigned long long)before + 1);
    must(imap_run(i, err) == 0 && s.bytes == BIG && s.wrong == 0, "the bytes come back", err);
    must(s.fetched == 1 && (s.flags & IMAP_SEEN), "flags", err);
    s.fetched = 0;
    for (uint64_t k = 2; k <= 501; k++)
        imap_queuef(i, &h, "FETCH %llu (UID FLAGS)", (unsigned long long)(before + k));
    must(imap_run(i, err) == 0 && s.fetched == 500, "500 pipelined", err);

    must(imap_idle(i, STDIN_FILENO, err) == 1, "IDLE ends by its descriptor", err);
    imap_queue_append(other, STR("INBOX"), 0, 0, small, message_read, &small, NULL);
    must(imap_run(other, err) == 0, "another's APPEND", err);
    must(imap_idle(i, -1, err) == 0 && unasked.exists == before + 502, "IDLE hears of it", err);
    must(imap_command(i, STR("STORE 1:* +FLAGS.SILENT (\\Deleted)"), NULL, err) == 0, "STORE", err);
    must(imap_command(i, STR("EXPUNGE"), NULL, err) == 0, "EXPUNGE", err);
    must(imap_command(i, STR("SELECT nowhere"), NULL, err) < 0 && err->code == ERR_REFUSED,
         "a refusal", err);
}

/* One more in box: STATUS says so, unasked. */
static void told_of(struct imap *i, struct imap *other, struct seen *unasked, const char *box,
                    struct error *err)
{
    uint64_t small = 100, before;
    struct seen *s = unasked;
    before = box[0] == 'S' ? s->sent_messages : s->inbox_messages;
    imap_queue_append(other, str_c(box), 0, 0, small, message_read, &small, NULL);
    must(imap_run(other, err) == 0, "APPEND", err);
    while ((box[0] == 'S' ? s->sent_messages : s->inbox_messages) == before)
        must(imap_listen(i, -1, 20000, err) == 0, "STATUS", err);
    must((box[0] == 'S' ? s->sent_messages : s->inbox_messages) == before + 1, "one more", err);
}

/* The server pushes: nothing is asked after NOTIFY. */
static void notify(struct imap *i, struct imap *other, struct error *err)
{
    struct seen unasked = { 0 };
    imap_on_unsolicited(i, on_resp, &unasked);
    must(imap_notify(i, NULL, err) == 0, "NOTIFY", err);
    must(imap_listen(i, STDIN_FILENO, 20000, err) == 1, "listening ends by its descriptor", err);
    told_of(i, other, &unasked, "Sent", err);
    told_of(i, other, &unasked, "INBOX", err);
    told_of(i, other, &unasked, "INBOX", err);
}

static void search(struct imap *i, struct error *err)
{
    struct str all = STR("SUBJECT big"),
               pieces[] = { STR("CHARSET UTF-8 TEXT "), STR("caf\xC3\xA9"), STR(" UNSEEN") };
    struct buf set = BUF_INIT(IMAP_FOUND_MAX);
    uint64_t small = 100;
    must(imap_command(i, STR("CREATE found"), NULL, err) == 0, "CREATE", err);
    for (int k = 0; k < 3; k++)
        imap_queue_append(i, STR("found"), 0, 0, small, message_read, &small, NULL);
    must(imap_command(i, STR("SELECT found"), NULL, err) == 0, "SELECT", err);
    must(imap_search(i, &all, 1, &set, err) == 0, "SEARCH", err);
    must(str_eqc(buf_str(&set), "1:3"), "all three", err);
    buf_clear(&set);
    must(imap_search(i, pieces, COUNT(pieces), &set, err) == 0, "SEARCH of UTF-8", err);
    must(set.len == 0, "none", err);
    imap_queue_unselect(i, STR("found"), NULL);
    must(imap_run(i, err) == 0, "UNSELECT", err);
    must(imap_command(i, STR("DELETE found"), NULL, err) == 0, "DELETE", err);
    buf_free(&set);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    if (argc == 3 && str_eqc(str_c(argv[1]), "code")) {
        struct str name = str_c(argv[2]);
        printf("%d\n", str_eqc(name, "tls")    ? ERR_TLS
                       : str_eqc(name, "auth") ? ERR_AUTH
                                               : ERR_CONFIG);
        return 0;
    }
    if (argc != 7)
        return 64;
    must(net_init(&err) == 0, "net_init", &err);
    struct imap *i = connect_to(argv, &err);
    if (str_eqc(str_c(argv[1]), "open"))
        printf("%d %d %s\n", i == NULL ? (int)err.code : 0, i != NULL && imap_secure(i), err.text);
    else {
        must(i != NULL, "open", &err);
        struct imap *other = connect_to(argv, &err);
        must(other != NULL, "open another", &err);
        bool packed = str_eqc(str_c(argv[1]), "packed");
        if (packed)
            must(imap_compress(i, &err) == 0 && imap_compress(other, &err) == 0, "COMPRESS", &err);
        if (packed || str_eqc(str_c(argv[1]), "work"))
            work(i, other, &err);
        else if (str_eqc(str_c(argv[1]), "notify"))
            notify(i, other, &err);
        else
            search(i, &err);
        imap_close(&other);
    }
    imap_close(&i);
    net_cleanup();
    return 0;
}
