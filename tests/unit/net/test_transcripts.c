/* SPDX-License-Identifier: MIT */
/* Plays every file of tests/interop/transcripts against the clients, each in several ways: in one go, byte by
 * byte, with a pause at many places, and cut at many places, where all that counts is that nothing hangs or breaks.
 * Besides the lines of script.h a file has
 *   client: smtp|lmtp|imap|pop3
 *   do: COMMAND     imap: run one after the other; "+COMMAND" is only queued. IDLE, NOTIFY, LISTEN (until something
 *                   comes), COMPRESS, "SEARCH keys" and "APPEND mailbox" are done by the client's functions.
 *   enable: QRESYNC imap
 *   body: TEXT      imap, pop3: what came in chunks
 *   heard: TEXT     imap: the responses that count, as heard_resp writes them
 *   lies: BITS      imap: capabilities found to be none (hexadecimal)
 *   expect: WORD    smtp, lmtp: sent rejected unsent doubt, a word for each message; imap: ok no (of the last command) broken; pop3: the number of
 *                   messages, or broken; all: refused (it does not open) */
#include "unit/test.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "net/imap.h"
#include "net/pop3.h"
#include "net/smtp.h"
#include "unit/net/script.h"

enum { PLACES = 12, PLACES_ALL = 1000, BYTES_MAX = 64 << 10 };

static const struct net_login jane = { .user = "jane", .secret = { "secret", 6 } };
static const struct str mail = { "Subject: x\r\n\r\n.hi\r\n", 19 };

/* The nth line that begins with name, without it; an empty view when there is none. */
static struct str directive(struct str text, const char *name, size_t nth)
{
    struct str line;
    while (str_line(&text, &line))
        if (str_lit(&line, name) == 0 && nth-- == 0)
            return str_trim(line);
    return (struct str){ 0 };
}

static int mail_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    (void)arg;
    (void)err;
    buf_add_str(out, str_head(str_skip(mail, (size_t)offset), want));
    return 0;
}

enum { MESSAGES_MAX = 4 };

/* As many messages as words are expected, each announced ahead while the one before is sent. */
static void play_smtp(const struct endpoint *ep, struct str expect, struct buf *said,
                      struct error *err)
{
    static const char *const words[] = { [SMTP_SENT] = "sent",
                                         [SMTP_REJECTED] = "rejected",
                                         [SMTP_UNSENT] = "unsent",
                                         [SMTP_IN_DOUBT] = "doubt" };
    struct smtp_options o = { .endpoint = *ep, .connect_ms = 5000, .wait_ms = 5000 };
    struct smtp_rcpt rcpts[MESSAGES_MAX][2];
    struct smtp_envelope env[MESSAGES_MAX];
    size_t n = 0;
    struct str word;
    while (str_word(&expect, &word) && n < MESSAGES_MAX) {
        rcpts[n][0] = (struct smtp_rcpt){ .address = "a@example.org" };
        rcpts[n][1] = (struct smtp_rcpt){ .address = "b@example.org" };
        env[n] = (struct smtp_envelope){
            .sender = "me@example.org", .rcpts = rcpts[n], .rcpts_n = 2, .size = mail.n
        };
        n++;
    }
    struct smtp *s = smtp_open(&o, err);
    if (s == NULL)
        buf_adds(said, "refused");
    for (size_t i = 0; i < n && s != NULL; i++) {
        struct smtp_body body = { .read = mail_read, .next = i + 1 < n ? &env[i + 1] : NULL };
        buf_addf(said, "%s%s", i > 0 ? " " : "", words[smtp_send(s, &env[i], &body, err)]);
    }
    smtp_close(&s);
}

/* What a session gave. */
struct played {
    const char *word;
    char count[24];
    struct buf body, heard, said;
    uint64_t lies;
};

static int add_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    struct played *p = arg;
    (void)seq;
    (void)last;
    (void)err;
    buf_add_str(&p->body, bytes);
    return 0;
}

static void heard_fetch(const struct imap_fetch *f, struct buf *out)
{
    buf_addf(out, "fetch %u", f->seq);
    if (f->has & FETCH_UID)
        buf_addf(out, " uid %u", f->uid);
    if (f->has & FETCH_FLAGS)
        buf_addf(out, " flags %u", f->flags);
    if (f->has & FETCH_SIZE)
        buf_addf(out, " size %llu", (unsigned long long)f->size);
    if (f->has & FETCH_MODSEQ)
        buf_addf(out, " modseq %llu", (unsigned long long)f->modseq);
    if (f->body != NULL && f->body->kind == WIRE_STREAMED)
        buf_adds(out, " body");
    if (f->gm_labels != NULL)
        buf_addf(out, " label %.*s", STR_ARG(f->gm_labels->s));
    buf_addc(out, ';');
}

static void heard_status(const struct imap_resp *r, struct buf *out)
{
    buf_addf(out, "status %.*s", STR_ARG(r->status.name));
    if (r->status.has & STATUS_MESSAGES)
        buf_addf(out, " %llu", (unsigned long long)r->status.messages);
    if (r->status.has & STATUS_UIDNEXT)
        buf_addf(out, " next %llu", (unsigned long long)r->status.uidnext);
    if (r->status.has & STATUS_HIGHESTMODSEQ)
        buf_addf(out, " modseq %llu", (unsigned long long)r->status.highestmodseq);
    buf_addc(out, ';');
}

static void heard_code(const struct imap_resp *r, struct buf *out)
{
    static const char *const names[] = { [CODE_ALERT] = "alert",
                                         [CODE_UIDNEXT] = "uidnext",
                                         [CODE_UIDVALIDITY] = "uidvalidity",
                                         [CODE_HIGHESTMODSEQ] = "highest",
                                         [CODE_NOMODSEQ] = "nomodseq",
                                         [CODE_APPENDUID] = "appenduid",
                                         [CODE_COPYUID] = "copyuid",
                                         [CODE_MODIFIED] = "modified",
                                         [CODE_CLOSED] = "closed",
                                         [CODE_NOTIFICATIONOVERFLOW] = "overflow",
                                         [CODE_TOOBIG] = "toobig",
                                         [CODE_OTHER] = "other" };
    if (r->code < COUNT(names) && names[r->code] != NULL)
        buf_addf(out, "%s %llu;", names[r->code], (unsigned long long)r->number);
}

static int heard_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct buf *out = &((struct played *)arg)->heard;
    (void)err;
    switch (r->kind) {
    case IMAP_EXISTS:
        buf_addf(out, "exists %u;", (unsigned)r->number);
        break;
    case IMAP_EXPUNGE:
        buf_addf(out, "expunge %u;", (unsigned)r->number);
        break;
    case IMAP_VANISHED:
        buf_addf(out, "vanished %.*s;", STR_ARG(r->uids_from));
        break;
    case IMAP_FETCH:
        heard_fetch(&r->fetch, out);
        break;
    case IMAP_STATUS:
        heard_status(r, out);
        break;
    case IMAP_LIST:
        buf_addf(out, "list %.*s %c;", STR_ARG(r->list.name), r->list.delim ? r->list.delim : '0');
        break;
    case IMAP_SEARCH:
    case IMAP_ESEARCH:
        buf_adds(out, "found;");
        break;
    default:
        heard_code(r, out);
    }
    return 0;
}

static void heard_done(void *arg, const struct imap_resp *r)
{
    struct played *p = arg;
    if (r != NULL)
        heard_code(r, &p->heard);
    p->word = r == NULL ? "broken" : r->kind == IMAP_OK ? "ok" : r->kind == IMAP_NO ? "no" : "bad";
}

static const char *word_of(int rc, const struct error *err)
{
    return rc >= 0 ? "ok" : err->code == ERR_REFUSED ? "no" : "broken";
}

static int do_search(struct imap *i, struct str keys, struct played *p, struct error *err)
{
    struct buf set = BUF_INIT(IMAP_FOUND_MAX);
    int rc = imap_search(i, &keys, 1, &set, err);
    buf_addf(&p->heard, "set %s;", buf_c(&set));
    buf_free(&set);
    return rc;
}

static void do_one(struct imap *i, struct str cmd, struct played *p, struct error *err)
{
    struct imap_handler h = {
        .resp = heard_resp, .chunk = add_chunk, .done = heard_done, .arg = p
    };
    if (str_lit(&cmd, "+") == 0)
        imap_queue(i, cmd, &h);
    else if (str_eqc(cmd, "IDLE"))
        p->word = word_of(imap_idle(i, -1, err), err);
    else if (str_eqc(cmd, "NOTIFY"))
        p->word = word_of(imap_notify(i, NULL, err), err);
    else if (str_eqc(cmd, "LISTEN"))
        p->word = word_of(imap_listen(i, -1, 5000, err), err);
    else if (str_eqc(cmd, "COMPRESS"))
        p->word = word_of(imap_compress(i, err), err);
    else if (str_lit(&cmd, "SEARCH ") == 0)
        p->word = word_of(do_search(i, cmd, p, err), err);
    else {
        if (str_lit(&cmd, "APPEND ") == 0)
            imap_queue_append(i, cmd, 0, 0, mail.n, mail_read, NULL, &h);
        else
            imap_queue(i, cmd, &h);
        if (imap_run(i, err) < 0)
            p->word = "broken";
    }
}

static void play_imap(const struct endpoint *ep, struct str text, struct played *p,
                      struct error *err)
{
    struct imap_options o = {
        .endpoint = *ep, .login = &jane, .connect_ms = 5000, .wait_ms = 5000, .lies = &p->lies
    };
    if (str_eqc(directive(text, "enable:", 0), "QRESYNC"))
        o.enable = CAP_QRESYNC | CAP_CONDSTORE;
    struct imap *i = imap_open(&o, err);
    p->word = i != NULL ? "ok" : "refused";
    if (i == NULL)
        return;
    imap_on_unsolicited(i, heard_resp, p);
    for (size_t n = 0; directive(text, "do:", n).n > 0; n++)
        do_one(i, directive(text, "do:", n), p, err);
    imap_close(&i);
}

static int add_pop3_chunk(void *arg, size_t k, struct str bytes, bool last, struct error *err)
{
    return add_chunk(arg, (uint32_t)k, bytes, last, err);
}

static int pop3_refused(void *arg, size_t k, const char *words, struct error *err)
{
    (void)k;
    (void)words;
    (void)err;
    buf_adds(&((struct played *)arg)->body, "(refused)");
    return 0;
}

/* All that is there, then QUIT. */
static void play_pop3(const struct endpoint *ep, struct played *p, struct error *err)
{
    struct pop3_options o = {
        .endpoint = *ep, .login = &jane, .connect_ms = 5000, .wait_ms = 5000
    };
    struct pop3_handler h = { .chunk = add_pop3_chunk, .refused = pop3_refused, .arg = p };
    const struct pop3_entry *entries = NULL;
    size_t n = 0, done = 0;
    struct pop3 *pop = pop3_open(&o, err);
    p->word = pop != NULL ? "broken" : "refused";
    if (pop == NULL)
        return;
    if (pop3_list(pop, &entries, &n, err) == 0 &&
        pop3_fetch(pop, entries, n, -1, &h, &done, err) == 0) {
        snprintf(p->count, sizeof p->count, "%zu", n);
        p->word = p->count;
    }
    if (p->word == p->count && pop3_quit(&pop, err) < 0)
        p->word = "broken";
    pop3_close(&pop);
}

/* One session; false where it was to be cut, or was as the file says it must be. */
static bool differs(struct str text, const struct script_way *way, struct played *p,
                    struct error *err)
{
    struct script *server = script_play(text, way);
    struct endpoint ep = {
        .host = "127.0.0.1", .port = script_port(server), .tls = TLS_NONE, .ehlo_name = "me.example"
    };
    struct str client = directive(text, "client:", 0), lies = directive(text, "lies:", 0);
    ep.proto = str_eqc(client, "smtp")   ? NET_SMTP
               : str_eqc(client, "lmtp") ? NET_LMTP
               : str_eqc(client, "pop3") ? NET_POP3
                                         : NET_IMAP;
    if (ep.proto == NET_SMTP || ep.proto == NET_LMTP) {
        play_smtp(&ep, directive(text, "expect:", 0), &p->said, err);
        p->word = buf_c(&p->said);
    } else if (ep.proto == NET_POP3)
        play_pop3(&ep, p, err);
    else
        play_imap(&ep, text, p, err);
    bool kept = script_end(&server);
    struct str heard = directive(text, "heard:", 0);
    if (way->cut < SIZE_MAX)
        return false;
    return !kept || !str_eqc(directive(text, "expect:", 0), p->word) ||
           !str_eq(str_trim(buf_str(&p->body)), directive(text, "body:", 0)) ||
           (heard.p != NULL && !str_eq(buf_str(&p->heard), heard)) ||
           (lies.n > 0 && strtoull(lies.p, NULL, 16) != p->lies);
}

/* 1 where it is not as the file says, and says so. */
static int play(const char *path, struct str text, const struct script_way *way)
{
    struct played p = { .body = BUF_INIT(1 << 20),
                        .heard = BUF_INIT(1 << 20),
                        .said = BUF_INIT(1000) };
    struct error err = { 0 };
    bool bad = differs(text, way, &p, &err);
    if (bad)
        fprintf(stderr, "%s (pause %zu, bytes %d): %s, body \"%s\", heard \"%s\", lies %llx, %s\n",
                path, way->pause, way->bytes, p.word, buf_c(&p.body), buf_c(&p.heard),
                (unsigned long long)p.lies, err.text);
    buf_free(&p.body);
    buf_free(&p.heard);
    buf_free(&p.said);
    return bad;
}

/* Where a file is to be cut and paused: at every byte of a short one, or where TRANSCRIPTS_ALL is set. */
static size_t step_of(size_t size)
{
    size_t places = getenv("TRANSCRIPTS_ALL") != NULL ? PLACES_ALL : PLACES;
    return size < places ? 1 : size / places;
}

static int play_all_ways(const char *path)
{
    int bad = 0;
    struct buf file = BUF_INIT(1 << 20);
    struct error err = { 0 };
    assert_int_equal(file_read(path, &file, &err), 0);
    struct str text = buf_str(&file);
    size_t size = script_sends(text);
    bad += play(path, text, &(struct script_way){ .cut = SIZE_MAX, .pause = SIZE_MAX });
    if (size <= BYTES_MAX)
        bad += play(path, text,
                    &(struct script_way){ .cut = SIZE_MAX, .pause = SIZE_MAX, .bytes = true });
    for (size_t at = 1; bad == 0 && at < size; at += step_of(size)) {
        bad += play(path, text, &(struct script_way){ .cut = SIZE_MAX, .pause = at });
        bad += play(path, text, &(struct script_way){ .cut = at, .pause = SIZE_MAX });
    }
    buf_free(&file);
    return bad;
}

static void every_transcript_holds(void **state)
{
    glob_t found;
    int bad = 0;
    (void)state;
    assert_int_equal(glob(TEST_SRCDIR "/tests/interop/transcripts/*.t", 0, NULL, &found), 0);
    for (size_t k = 0; k < found.gl_pathc; k++)
        bad += play_all_ways(found.gl_pathv[k]);
    assert_int_equal(bad, 0);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_transcript_holds) };
    struct error err;
    if (net_init(&err) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    net_cleanup();
    return failed;
}
